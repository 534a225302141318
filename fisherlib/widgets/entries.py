"""Fields to type in: the path of a file, and a number or words that may be left out."""

from collections.abc import Callable, Sequence

import ipywidgets

from .controls import LABEL, Linked
from .states import State


class Place(Linked, ipywidgets.Text):
    """A field for the path of a file; it takes effect when it is left or Enter is pressed.

    Args:
        state: it follows.
        name: of the trait, a path.
        label: beside it.
        tip: as for ``Choose``.
        empty: shown while there is none.
        shown: what a path is called.
    """

    def __init__(
        self, state: State, name: str, label: str, *, tip: str, empty: str, shown: Callable[[str], str]
    ) -> None:
        self._shown = shown
        look = {"style": LABEL, "layout": {"width": "auto"}, "tooltip": tip, "placeholder": empty}
        super().__init__(description=label, continuous_update=False, **look)
        self._link(state, name)

    def _show(self, value: str) -> None:
        self.value = self._shown(value)

    def _take(self, value: str) -> None:
        known = {self._shown(path): path for path in self._state.options.get(self._name, ())}
        super()._take(known.get(value, value))


class Maybe(Linked, ipywidgets.Text):
    """A field for a number that may be left empty."""

    def __init__(
        self, state: State, name: str, label: str, *, empty: str, tip: str, failed: Callable[[Exception], None]
    ) -> None:
        self._failed = failed
        shown = {"placeholder": empty, "tooltip": tip, "layout": {"width": "270px", "max_width": "100%"}}
        super().__init__(description=label, style=LABEL, continuous_update=False, **shown)
        self._link(state, name)

    def _show(self, value: float | None) -> None:
        self.value = "" if value is None else f"{value:.10g}"  # fewer digits than the number taken

    def _take(self, value: str) -> None:
        given = value.strip()
        try:
            number = float(given) if given else None
        except ValueError:
            self._follow()  # the field shows what is taken
            self._failed(ValueError(f"{self._name}: expected a number, or nothing, got {given!r}"))
        else:
            super()._take(number)


class Words(Linked, ipywidgets.Combobox):
    """A field for words that may be left empty, with some to choose from.

    Args:
        state: it follows.
        name: of the trait, text or None.
        label: beside it.
        offered: words to choose from; others can be typed.
        empty: shown while there are none.
        tip: as for ``Choose``.
    """

    def __init__(self, state: State, name: str, label: str, *, offered: Sequence[str], empty: str, tip: str) -> None:
        shown = {"placeholder": empty, "tooltip": tip, "layout": {"width": "270px", "max_width": "100%"}}
        super().__init__(description=label, style=LABEL, continuous_update=False, options=tuple(offered), **shown)
        self._link(state, name)

    def _show(self, value: object) -> None:
        self.value = "" if value is None else str(value)

    def _take(self, value: str) -> None:
        super()._take(value.strip() or None)
