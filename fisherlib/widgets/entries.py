"""Fields to type in: the path of a file, and a number that may be left out."""

from collections.abc import Callable

import ipywidgets

from .controls import LABEL
from .states import State


class Place(ipywidgets.Text):
    """A field for the path of a file; it takes effect when it is left or Enter is pressed.

    Args:
        state: it follows.
        name: of the trait, a path.
        label: beside it.
        tip: as for ``Choose``.
        shown: what a path is called.
    """

    def __init__(self, state: State, name: str, label: str, *, tip: str, shown: Callable[[str], str]) -> None:
        self._state, self._name, self._shown, self._following = state, name, shown, False
        layout = {"width": "auto", "min_width": "260px"}
        super().__init__(description=label, style=LABEL, layout=layout, tooltip=tip, continuous_update=False)
        state.observe(self._follow, name)
        self.observe(self._enter, "value")
        self._follow()

    def _follow(self, change: object = None) -> None:
        self._following = True
        try:
            self.value = self._shown(getattr(self._state, self._name))
        finally:
            self._following = False

    def _enter(self, change: dict) -> None:
        if not self._following:
            known = {self._shown(path): path for path in self._state.options.get(self._name, ())}
            self._state.set_trait(self._name, known.get(change["new"], change["new"]))


class Maybe(ipywidgets.Text):
    """A field for a number that may be left empty."""

    def __init__(
        self, state: State, name: str, label: str, *, empty: str, tip: str, failed: Callable[[Exception], None]
    ) -> None:
        self._state, self._name, self._failed, self._following = state, name, failed, False
        shown = {"placeholder": empty, "tooltip": tip, "layout": {"width": "270px", "max_width": "100%"}}
        super().__init__(description=label, style=LABEL, continuous_update=False, **shown)
        state.observe(self._follow, name)
        self.observe(self._enter, "value")
        self._follow()

    def _follow(self, change: object = None) -> None:
        value = getattr(self._state, self._name)
        self._following = True  # what is shown has fewer digits, and is not to be chosen in its place
        try:
            self.value = "" if value is None else f"{value:.10g}"
        finally:
            self._following = False

    def _enter(self, change: dict) -> None:
        if self._following:
            return
        given = change["new"].strip()
        try:
            value = float(given) if given else None
        except ValueError:
            self._follow()  # the field shows what is taken
            self._failed(ValueError(f"{self._name}: expected a number, or nothing, got {given!r}"))
        else:
            self._state.set_trait(self._name, value)
