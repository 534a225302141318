"""The pages as steps, each with its state: done, open, or blocked and why."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import traitlets

from .patient import Patient, script


class Step(NamedTuple):
    """How far a page is.

    Attributes:
        state: of the page.
        why: a sentence on it.
    """

    state: Literal["done", "open", "blocked"]
    why: str


class Steps(Patient):
    """A button for each page, with its state as a mark, a word and a sentence; a page that is blocked can be opened all the same.

    Args:
        titles: of the pages, in order.

    Attributes:
        options: the titles.
        value: the page that is open.
        steps: title → its ``Step``.
    """

    _esm = script("steps.js")
    options = traitlets.Tuple().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    steps = traitlets.Dict().tag(sync=True)

    def __init__(self, titles: tuple[str, ...]) -> None:
        first = {title: Step("open", "") for title in titles}
        super().__init__(options=titles, value=titles[0], steps=first, _view_count=0)
        self.observe(self._displayed, "_view_count")

    def tell(self, steps: Mapping[str, Step]) -> None:
        """Show the states of some pages."""
        self.steps = {**self.steps, **steps}

    @traitlets.validate("value")
    def _known(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in self.options:
            raise traitlets.TraitError(f"value: expected one of {', '.join(self.options)}, got {proposal['value']!r}")
        return proposal["value"]

    def _displayed(self, change: Mapping[str, int | None]) -> None:
        # A page that is still loading misses updates, so send the state again.
        if (change["new"] or 0) > (change["old"] or 0):
            self.send_state()
