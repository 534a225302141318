"""Models to tick, each with its colour and symbol."""

from collections.abc import Mapping, Sequence
from typing import Any

import traitlets

from ..figures.style import marks_of
from .controls import Linked, told
from .patient import Patient, script
from .states import State

#: Plotly's name of a symbol → a letter that looks like it.
LETTERS = {"circle": "●", "diamond": "◆", "square": "■", "cross": "✚", "x": "✖", "triangle-up": "▲"}


class ChooseModels(Linked, Patient):
    """Some of the models that a state offers for a trait, at least one; no key has to be held for several.

    Args:
        state: the state that it follows.
        name: of the trait.
        label: of all boxes together.
        marks: number of each model, as ``study.marks``.

    Attributes:
        options: names of the models.
        value: those that are ticked.
        marks: may be changed with the study.
    """

    _esm = script("checks.js")
    description = traitlets.Unicode().tag(sync=True)
    tooltip = traitlets.Unicode().tag(sync=True)
    options = traitlets.Tuple().tag(sync=True)
    value = traitlets.Tuple().tag(sync=True)
    signs: Any = traitlets.List().tag(sync=True)  # of each option, its colour and letter
    marks = traitlets.Dict()

    def __init__(self, state: State, name: str, label: str, *, marks: Mapping[str, int] | None = None) -> None:
        super().__init__(description=label, tooltip=told(state, name, label), marks=dict(marks or {}))
        self.add_class("fisherlib-wide")
        self._link(state, name, also=["options"])

    def _show(self, value: Sequence[str]) -> None:
        with self.hold_trait_notifications():
            self.options = tuple(self._state.options.get(self._name, ()))
            self.value = tuple(value)
        self._sign()

    @traitlets.observe("marks")
    def _sign(self, change: object = None) -> None:
        marks = marks_of(self.options, self.marks or None)
        self.signs = [[marks[name].color, LETTERS.get(marks[name].symbol, "●")] for name in self.options]

    def _take(self, value: Sequence[str]) -> None:
        if value:
            super()._take(tuple(name for name in self.options if name in value))
        else:
            self._follow()  # at least one stays chosen, and the boxes show which
            self.send_state("value")
