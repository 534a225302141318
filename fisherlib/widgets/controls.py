"""Labelled controls that follow a trait of a state, and are followed by it."""

from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
import traitlets

from ..io import printable
from .states import State

#: The label takes the room it needs, and so does the control.
LABEL = {"description_width": "initial"}
#: Strengths and weights on a logarithmic scale, and none.
STRENGTHS = (0.0, *(float(f"{v:.1e}") for v in np.logspace(-12, 3, 61)))


def row(*controls: ipywidgets.Widget) -> ipywidgets.Box:
    """Controls side by side, in several lines where the page is narrow."""
    return ipywidgets.HBox(controls, layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 14px"})


class Choose(ipywidgets.Dropdown):
    """One of the options that a state offers for a trait; not shown when there is nothing to choose.

    Args:
        state: it follows.
        name: of the trait.
        label: beside it.
        tip: a sentence shown when the mouse rests on it; the label without it.
        shown: what an option is called in the list.
    """

    def __init__(
        self, state: State, name: str, label: str, *, tip: str = "", shown: Callable[[str], str] = printable
    ) -> None:
        self._state, self._name, self._shown, self._following = state, name, shown, False
        layout = {"width": "auto", "max_width": "100%"}
        super().__init__(description=label, style=LABEL, layout=layout, tooltip=tip or label)
        state.observe(self._follow, ["options", name])
        self.observe(self._choose, "value")
        self._follow()

    def _follow(self, change: object = None) -> None:
        offered = self._state.options.get(self._name, ())
        self._following = True  # changing the options of a dropdown makes it choose the first for a moment
        try:
            called = _called(offered, self._shown)
            if tuple(self.options) != called:
                self.options = called
            chosen = getattr(self._state, self._name)
            self.value = chosen if chosen in offered else None
        finally:
            self._following = False
        self.layout.display = "flex" if offered else "none"

    def _choose(self, change: dict) -> None:
        if not self._following and change["new"] is not None:
            self._state.set_trait(self._name, change["new"])


def _called(offered: Sequence[str], shown: Callable[[str], str]) -> tuple[str, ...] | tuple[tuple[str, str], ...]:
    """Options with what they are called, where that differs."""
    called = tuple((shown(option), option) for option in offered)
    return called if any(a != b for a, b in called) else tuple(offered)


class ChooseSeveral(ipywidgets.SelectMultiple):
    """Some of the options that a state offers for a trait."""

    def __init__(self, state: State, name: str, label: str, *, rows: int = 4) -> None:
        self._state, self._name, self._following = state, name, False
        super().__init__(description=label, style=LABEL, rows=rows, layout={"width": "auto"}, tooltip=label)
        state.observe(self._follow, ["options", name])
        self.observe(self._choose, "value")
        self._follow()

    def _follow(self, change: object = None) -> None:
        offered = self._state.options.get(self._name, ())
        self._following = True
        try:
            if tuple(self.options) != offered:
                self.options = offered
            self.value = getattr(self._state, self._name)
        finally:
            self._following = False

    def _choose(self, change: dict) -> None:
        if self._following:
            return
        if change["new"]:
            self._state.set_trait(self._name, tuple(change["new"]))
        else:
            self._follow()  # at least one stays chosen, and the list shows which


class Strength(ipywidgets.SelectionSlider):
    """A slider over none and powers of ten; a strength in between that is set from code becomes one of its steps."""

    def __init__(self, state: State, name: str, label: str) -> None:
        self._state, self._name, self._following = state, name, False
        options = _labelled(STRENGTHS)
        super().__init__(options=options, description=label, style=LABEL, layout={"width": "400px"}, tooltip=label)
        state.observe(self._follow, name)
        self.observe(self._choose, "value")
        self._follow()

    def _follow(self, change: object = None) -> None:
        value = getattr(self._state, self._name)
        known = [strength for _, strength in self.options]
        self._following = True  # new options make a slider choose the first for a moment
        try:
            if value not in known:
                self.options = _labelled(sorted([*known, value]))
            self.value = value
        finally:
            self._following = False

    def _choose(self, change: dict) -> None:
        if not self._following:
            self._state.set_trait(self._name, change["new"])


def _labelled(strengths: Sequence[float]) -> list[tuple[str, float]]:
    return [(f"{strength:.3g}" if strength else "none", strength) for strength in strengths]


def number(state: State, name: str, label: str, **options: object) -> ipywidgets.Widget:
    """A field for a number; it takes effect when it is left or Enter is pressed."""
    whole = isinstance(getattr(state, name), int)
    kind = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
    layout, (low, high) = {"width": "auto", "max_width": "150px"}, _limits(state, name)
    field = kind(description=label, style=LABEL, layout=layout, min=low, max=high, tooltip=label, **options)
    traitlets.link((state, name), (field, "value"))
    return field


def slider(state: State, name: str, label: str, **options: object) -> ipywidgets.Widget:
    """A slider over whole numbers that takes effect when it is let go; or over powers of ten with ``base``."""
    power, (low, high) = "base" in options, _limits(state, name)
    if power:
        low, high = np.log10([low, high]).tolist()
    kind = ipywidgets.FloatLogSlider if power else ipywidgets.IntSlider
    shown = {"description": label, "style": LABEL, "layout": {"width": "260px"}, "continuous_update": power}
    control = kind(min=low, max=high, tooltip=label, **shown, **options)
    traitlets.link((state, name), (control, "value"))
    return control


def _limits(state: State, name: str) -> tuple[float, float]:
    """The trait's own: with narrower ones a control would change what is chosen to what it can show."""
    trait = state.traits()[name]
    return trait.min, trait.max


def tick(state: State, name: str, label: str, *, tip: str = "") -> ipywidgets.Checkbox:
    """A box to tick."""
    box = ipywidgets.Checkbox(description=label, indent=False, layout={"width": "auto"}, tooltip=tip or label)
    traitlets.link((state, name), (box, "value"))
    return box


def text(state: State, name: str, label: str, **options: object) -> ipywidgets.Text:
    """A field for words; it takes effect when it is left or Enter is pressed."""
    layout = {"width": "auto", "min_width": "260px"}
    shown = {"description": label, "style": LABEL, "layout": layout, "tooltip": label, "continuous_update": False}
    field = ipywidgets.Text(**shown, **options)
    traitlets.link((state, name), (field, "value"))
    return field
