"""Labelled controls, each bound to a trait of a state in both directions."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import numpy as np
import traitlets

from ..io import printable
from .states import State

#: Label and control are as wide as their text.
LABEL = {"description_width": "initial"}
#: Strengths and weights: 0, then a logarithmic scale.
STRENGTHS = (0.0, *(float(f"{v:.1e}") for v in np.logspace(-12, 3, 61)))


def row(*controls: ipywidgets.Widget) -> ipywidgets.Box:
    """Controls on the grid that all rows share."""
    box = ipywidgets.HBox(controls)
    box.add_class("fisherlib-row")
    return box


def buttons(*some: ipywidgets.Widget) -> ipywidgets.Box:
    """Buttons and sentences side by side; they wrap on a narrow page."""
    box = ipywidgets.HBox(some)
    box.add_class("fisherlib-buttons")
    return box


def told(state: State, name: str, label: str) -> str:
    """The sentence of help on a control: what the trait says of itself."""
    return state.traits()[name].help or label


class Linked:
    """A control that shows a trait of a state, and sets it when a person chooses; mixed into a widget with a value."""

    _following = False

    def _link(self: Any, state: State, name: str, *, also: Sequence[str] = ()) -> None:
        """Follow a trait from now on.

        Args:
            state: its owner.
            name: of the trait.
            also: traits that change how it is shown.
        """
        self._state, self._name = state, name
        state.observe(self._follow, [*also, name])
        self.observe(self._chosen, "value")
        self._follow()

    def _follow(self: Any, change: object = None) -> None:
        # A control with new options selects the first one for a moment. That is not the person's choice.
        self._following = True
        try:
            self._show(getattr(self._state, self._name))
        finally:
            self._following = False

    def _chosen(self: Any, change: dict[str, Any]) -> None:
        if not self._following:
            self._take(change["new"])

    def _take(self: Any, value: Any) -> None:
        """Set the trait to what a person chose."""
        self._state.set_trait(self._name, value)

    def _show(self: Any, value: Any) -> None:
        """Show the trait's value."""
        self.value = value


class Choose(Linked, ipywidgets.Dropdown):
    """One of the options that a state offers for a trait; hidden when there is nothing to choose.

    Args:
        state: the state that it follows.
        name: of the trait.
        label: shown beside it.
        tip: shown when the mouse rests on it; the help of the trait by default.
        shown: gives the text of an option in the list.
    """

    options: Any

    def __init__(
        self, state: State, name: str, label: str, *, tip: str = "", shown: Callable[[str], str] = printable
    ) -> None:
        self._shown = shown
        layout = {"width": "auto", "max_width": "100%"}
        super().__init__(description=label, style=LABEL, layout=layout, tooltip=tip or told(state, name, label))
        self._link(state, name, also=["options"])

    def _show(self, value: str) -> None:
        offered = self._state.options.get(self._name, ())
        called = _called(offered, self._shown)
        if tuple(self.options) != called:
            self.options = called
        self.value = value if value in offered else None
        self.layout.display = "flex" if offered else "none"

    def _take(self, value: str | None) -> None:
        if value is not None:
            super()._take(value)


def _called(offered: Sequence[str], shown: Callable[[str], str]) -> tuple[str, ...] | tuple[tuple[str, str], ...]:
    """Options, each with its text where that differs."""
    called = tuple((shown(option), option) for option in offered)
    return called if any(a != b for a, b in called) else tuple(offered)


class ChooseSeveral(Linked, ipywidgets.SelectMultiple):
    """Some of the options that a state offers for a trait."""

    options: Any

    def __init__(self, state: State, name: str, label: str, *, rows: int = 4) -> None:
        tip = told(state, name, label)
        super().__init__(description=label, style=LABEL, rows=rows, layout={"width": "auto"}, tooltip=tip)
        self._link(state, name, also=["options"])

    def _show(self, value: Sequence[str]) -> None:
        offered = self._state.options.get(self._name, ())
        if tuple(self.options) != offered:
            self.options = offered
        self.value = value

    def _take(self, value: Sequence[str]) -> None:
        if value:
            super()._take(tuple(value))
        else:
            self._follow()  # at least one stays chosen, and the list shows which


class Strength(Linked, ipywidgets.SelectionSlider):
    """A slider over "none" and powers of ten; a strength between them, set from code, becomes a step of its own."""

    options: Any

    def __init__(self, state: State, name: str, label: str) -> None:
        shown = {"description": label, "style": LABEL, "tooltip": told(state, name, label)}
        super().__init__(options=_labelled(STRENGTHS), layout={"width": "400px"}, **shown)
        self._link(state, name)

    def _show(self, value: float) -> None:
        known = [strength for _, strength in self.options]
        if value not in known:
            self.options = _labelled(sorted([*known, value]))
        self.value = value


def _labelled(strengths: Sequence[float]) -> list[tuple[str, float]]:
    return [(f"{strength:.3g}" if strength else "none", strength) for strength in strengths]


def number(state: State, name: str, label: str, **options: object) -> ipywidgets.Widget:
    """A field for a number; it takes effect when the person leaves it or presses Enter."""
    whole = isinstance(getattr(state, name), int)
    kind = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
    layout, (low, high) = {"width": "auto", "max_width": "150px"}, _limits(state, name)
    shown = {"description": label, "style": LABEL, "tooltip": told(state, name, label)}
    field = kind(layout=layout, min=low, max=high, **shown, **options)
    traitlets.link((state, name), (field, "value"))
    return field


def slider(state: State, name: str, label: str, **options: object) -> ipywidgets.Widget:
    """A slider over numbers, which takes effect on release; with ``base``, over powers of it."""
    power, (low, high) = "base" in options, _limits(state, name)
    if power:
        low, high = np.log10([low, high]).tolist()
    plain = ipywidgets.IntSlider if isinstance(low, int) else ipywidgets.FloatSlider
    kind = ipywidgets.FloatLogSlider if power else plain
    shown = {"description": label, "style": LABEL, "layout": {"width": "260px"}, "continuous_update": power}
    control = kind(min=low, max=high, tooltip=told(state, name, label), **shown, **options)
    traitlets.link((state, name), (control, "value"))
    return control


def _limits(state: State, name: str) -> tuple[float, float]:
    """The trait's own limits: a control with narrower ones would clip the value and write it back."""
    trait: Any = state.traits()[name]
    return trait.min, trait.max


def tick(state: State, name: str, label: str, *, tip: str = "") -> ipywidgets.Checkbox:
    """A tick box."""
    tip = tip or told(state, name, label)
    box = ipywidgets.Checkbox(description=label, indent=False, layout={"width": "auto"}, tooltip=tip)
    traitlets.link((state, name), (box, "value"))
    return box


def text(state: State, name: str, label: str, **options: object) -> ipywidgets.Text:
    """A text field; it takes effect when the person leaves it or presses Enter."""
    layout = {"width": "auto", "min_width": "260px"}
    shown = {"description": label, "style": LABEL, "layout": layout, "tooltip": told(state, name, label)}
    field = ipywidgets.Text(continuous_update=False, **shown, **options)
    traitlets.link((state, name), (field, "value"))
    return field
