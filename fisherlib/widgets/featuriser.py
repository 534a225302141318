"""The choice of a featuriser for files that have no descriptors, and what it will take before it is computed."""

import dataclasses
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from ..descriptors import KINDS, Descriptor, Limit, from_text
from ..io import printable
from .controls import LABEL, buttons, row
from .states import State

#: The first choice: the reader takes the default one for the elements of the file.
DEFAULT = "the default for these elements"


class Featuriser(ipywidgets.VBox):
    """A list of featurisers with the settings of the one that is chosen; nothing is computed before "Compute" is pressed.

    Args:
        state: whose trait ``descriptor`` is what is computed.
        told: what a descriptor will take, in a sentence; raises where it cannot be computed.

    Attributes:
        kind: which featuriser.
        fields: its settings by name.
        sentence: what it will take, or why it cannot be computed.
        button: computes it.
    """

    def __init__(self, state: State, told: Callable[[Descriptor | None], str]) -> None:
        self._state: Any = state
        self._told, self._following = told, False
        self.kind = ipywidgets.Dropdown(
            options=[(DEFAULT, ""), *((f"{name} – {_title(of)}", name) for name, of in KINDS.items())],
            description="Descriptors to compute",
            style=LABEL,
            layout={"width": "auto", "max_width": "100%"},
            tooltip="For a file that has none: any of these, with settings of your own.",
        )
        self.fields: dict[str, Any] = {}
        self.settings, self.sentence = row(), ipywidgets.HTML()
        tip = "Computes these descriptors for the file; nothing is computed before."
        self.button = ipywidgets.Button(description="Compute", icon="play", layout={"width": "auto"}, tooltip=tip)
        self.button.on_click(lambda _: self._compute())
        super().__init__([buttons(self.kind, self.button), self.settings, self.sentence])
        self.kind.observe(self._chosen, "value")
        state.observe(lambda change: self.follow(), "descriptor")
        self._show()

    @property
    def text(self) -> str:
        """What is chosen, in words as ``from_text`` takes them; empty for the default."""
        name = self.kind.value
        if not name:
            return ""
        changed = [f"{key}={field.value}" for key, field in self.fields.items() if field.value != _defaults(name)[key]]
        return f"{name}:{','.join(changed)}" if changed else name

    def follow(self) -> None:
        """Shows the descriptor of the state, and what it takes."""
        self._show()
        self.tell()

    def _show(self) -> None:
        self._following = True
        try:
            given = from_text(self._state.descriptor) if self._state.descriptor else None
        except (ValueError, ImportError):
            given = None  # told on reading
        try:
            self.kind.value = next((name for name, of in KINDS.items() if type(given) is of), "")
            self._offer({} if given is None else dict(vars(given)))
        finally:
            self._following = False

    def tell(self) -> None:
        """Says what the choice will take."""
        wrong, said = False, ""
        try:
            said = self._told(from_text(self.text) if self.text else None)
        except (ValueError, TypeError, ImportError, MemoryError, OSError) as error:
            wrong, said = True, str(error)
        kind = " class='fisherlib-error'" if wrong else ""
        self.sentence.value = f"<span{kind}>{escape(printable(said))}</span>" if said else ""
        self.button.disabled = wrong or self.text == self._state.descriptor

    def _chosen(self, change: object) -> None:
        if not self._following:
            self._offer({})
            self.tell()

    def _offer(self, values: dict[str, Any]) -> None:
        """A field for each setting of the featuriser that is a number."""
        name = self.kind.value
        before = _defaults(name) if name else {}
        limits: Any = KINDS[name].limits if name else {}
        self.fields = {key: _field(key, limits[key], values.get(key, value)) for key, value in before.items()}
        for field in self.fields.values():
            field.observe(lambda change: self.tell(), "value")
        self.settings.children = tuple(self.fields.values())

    def _compute(self) -> None:
        self._state.descriptor = self.text


def _title(of: type) -> str:
    """The first words of what a class says of itself."""
    first = (of.__doc__ or of.__name__).partition("\n")[0]
    return first.partition("(")[0].partition(",")[0].strip(" .")


def _defaults(name: str) -> dict[str, Any]:
    """The settings of a featuriser that are numbers with limits, and what they are where nobody chooses."""
    of: Any = KINDS[name]
    known = {field.name: field.default for field in dataclasses.fields(of)}
    return {key: known[key] for key in of.limits if isinstance(known.get(key), int | float)}


def _field(name: str, limit: Limit, value: float) -> ipywidgets.Widget:
    kind = ipywidgets.BoundedIntText if limit.whole else ipywidgets.BoundedFloatText
    bounds = {"min": limit.least, "max": limit.greatest}
    bounds = {key: int(bound) if limit.whole else bound for key, bound in bounds.items()}
    what = f"{limit.what[:1].upper()}{limit.what[1:]}, from {limit.least:g} to {limit.greatest:g}."
    unit = f", {limit.what.rpartition(' in ')[2]}" if " in " in limit.what else ""
    shown: dict[str, Any] = {"style": LABEL, "layout": {"width": "auto", "max_width": "190px"}, "tooltip": what}
    return kind(value=value, description=f"{name}{unit}", **bounds, **shown)
