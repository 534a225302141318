"""The page of structures that is written beside the report, as the output of a cell."""

import base64
import lzma
from collections.abc import Mapping
from typing import Any

from ..figures import LinkedMap

#: Of a page that is to be written beside the report.
PAGE = "application/vnd.fisherlib.page"
#: What follows the name of the report in that of the page.
ENDING = "_structures.html"
_WORDS = (
    "<p>The page <a href='{name}'>{name}</a>, written beside this one, shows every configuration with its atoms, coloured "
    "by the error of their force. It opens offline; mail it along.</p>"
)


class Beside:
    """A page as the output of a cell: the report links it, and writes it beside its own page.

    Args:
        view: of ``figures.explorer``.
        report: name of the report's page, without its ending.
    """

    def __init__(self, view: LinkedMap, report: str) -> None:
        self.view, self.report = view, report

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        page = base64.b64encode(lzma.compress(self.view.page.encode())).decode()
        return {PAGE: page, "text/html": _WORDS.format(name=self.report + ENDING)}


def page_of(output: Mapping[str, Any]) -> str:
    """The text of the page in an output, which is taken out of it; empty without one.

    >>> output = {"data": Beside(LinkedMap("<p>atoms</p>", 200), "theta_f")._repr_mimebundle_()}
    >>> page_of(output), list(output["data"])
    ('<p>atoms</p>', ['text/html'])
    """
    packed = output.get("data", {}).pop(PAGE, "")
    return lzma.decompress(base64.b64decode(packed)).decode() if packed else ""
