"""Report notebooks as one offline HTML page and one JSON file, from checked parameters."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .parameters import ParameterError as ParameterError
from .parameters import ReportError as ReportError

if _TYPE_CHECKING:
    from .run import build as build


def __getattr__(name: str) -> object:
    # The libraries that run notebooks take two seconds to load; a wrong command line is reported without them.
    if name == "build":
        from .run import build

        return build
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
