"""The choices of each explorer, as traits without widgets or arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from ..io.columns.choice import OPTIONS, Choice

#: All trajectories of the data together.
ALL = "all trajectories"
#: No θ file.
NONE = "none"
#: No key: all configurations are one trajectory.
ONE_RUN = "none: one run"


class Offered(traitlets.Unicode):
    """A choice among the options in ``state.options[name]``; empty while nothing is chosen."""

    def validate(self, obj: "State", value: Any) -> str:
        """Refuse what is not among the options; the message lists them."""
        value = super().validate(obj, value)
        _among(self.name, [value] if value else [], obj)
        return value


class SeveralOffered(traitlets.Tuple):
    """Some of the options that the state offers, at least one."""

    def validate(self, obj: "State", value: Any) -> tuple[str, ...]:
        """Refuse an empty choice and what is not among the options."""
        value = super().validate(obj, value)
        options = obj.options.get(self.name or "")
        if options and not value:
            raise traitlets.TraitError(f"{self.name}: expected at least one of {', '.join(map(repr, options))}")
        _among(self.name, value, obj)
        return value


def _among(name: str | None, chosen: Sequence[str], state: "State") -> None:
    options = state.options.get(name or "")
    for value in chosen:
        if options and value not in options:
            raise traitlets.TraitError(f"{name}: expected one of {', '.join(map(repr, options))}, got {value!r}")


class State(traitlets.HasTraits):
    """Choices, and the options of those that have any."""

    options = traitlets.Dict(value_trait=traitlets.Tuple(), key_trait=traitlets.Unicode())

    def offer(self, **options: Sequence[str]) -> None:
        """Set options by trait.

        A choice that is no longer offered becomes the first option; of several choices those still offered stay.
        """
        before = {
            name: getattr(self, name) for name in options
        }  # read now: an empty choice is refused among new options
        with self.hold_trait_notifications():
            self.options = self.options | {name: tuple(offered) for name, offered in options.items()}
            for name, offered in options.items():
                chosen = before[name]
                if isinstance(chosen, tuple):
                    self.set_trait(name, tuple(c for c in chosen if c in offered) or tuple(offered))
                elif chosen not in offered:
                    self.set_trait(name, offered[0] if offered else "")


#: The trait of each kind of choice among the columns of a file.
_TRAITS: dict[str, Callable[[], traitlets.TraitType]] = {
    "column": Offered,
    "number": lambda: traitlets.Float(None, allow_none=True),
    "flag": traitlets.Bool,
    "units": lambda: traitlets.Unicode(None, allow_none=True),
}


class LoadState(State):
    """Which file, a θ, and a trait for each field of ``io.Choice``; what is empty is guessed."""

    path = traitlets.Unicode()
    theta = traitlets.Unicode()  # path, or empty
    descriptor = traitlets.Unicode()  # computed where the file has none, as from_text takes it; empty for the default
    locals().update({name: _TRAITS[option.metadata["what"]]() for name, option in OPTIONS.items()})

    @property
    def choice(self) -> Choice:
        """How the file is read."""
        return Choice.among(self.trait_values())


class FitState(State):
    """Weights of the terms added to the Fisher divergence, and where the fit is saved."""

    ridge = traitlets.Float(0.0, min=0.0)  # λ, relative to the diagonal of the loss
    kl = traitlets.Float(0.0, min=0.0)  # weight of the second-order KL divergence, 1/Å²
    energy = traitlets.Float(0.0, min=0.0)  # weight of the energy loss, 1/(eV² Å²)
    reference = Offered()  # the model it is compared with
    name = traitlets.Unicode("my fit")


class CompareState(State):
    """Which models on which trajectory, and which view."""

    saved = Offered()  # a θ file whose potential joins the models
    models = SeveralOffered()
    trajectory = Offered()
    quantity = Offered()
    view = Offered()
    aligned = traitlets.Bool(False)  # an energy offset for each trajectory
    configuration = traitlets.Int(0, min=0, max=10**9)  # of the trajectory, for site energies


class StructuresState(State):
    """Which model and figure of configurations, which of them is shown and how, and which are in the lasso."""

    model = Offered()
    x = Offered()
    y = Offered()
    colour = Offered()  # of atoms
    shape = Offered()  # of atoms
    order = Offered()  # of the list
    chosen = traitlets.Int(-1, min=-1)  # row of the configuration whose atoms are shown
    selected = traitlets.Tuple()  # rows of those in the lasso


class LandscapeState(State):
    """Which loss around which model on which plane, its half-width and resolution."""

    model = Offered()
    loss = Offered()
    plane = Offered()
    to = Offered()  # the model at (1, 0) of a plane through models
    third = Offered()  # the model at (0, 1) of a plane through three
    first = Offered()  # of two coefficients
    second = Offered()
    seed = traitlets.Int(0, min=0, max=10**6)  # of random directions
    half_width = traitlets.Float(1.0, min=0.01, max=100.0)  # relative to the plane's own
    n = traitlets.Int(61, min=21, max=201)  # points along each axis
    log = traitlets.Bool(False)  # colours by the logarithm of the loss
    marks = traitlets.Bool(True)  # the models and the path between them
    x = traitlets.Float(0.0, min=-1e6, max=1e6)  # of the cross-sections
    y = traitlets.Float(0.0, min=-1e6, max=1e6)

    def view(self) -> dict[str, Any]:
        """These choices as arguments of an ``Atlas``."""
        pair = (self.first, self.second) if self.first and self.second else ()
        names = {name: getattr(self, name) or None for name in ("to", "third")}
        return {
            "model": self.model,
            "loss": self.loss,
            "plane": self.plane or None,
            "coefficients": pair,
            "seed": self.seed,
            "half_width": self.half_width,
            "n": self.n,
            **names,
        }


class TreatmentsState(State):
    """How rows are held out, which treatments of the linear model are compared, and at which strength."""

    protocol = Offered()
    treatments = SeveralOffered()
    number = traitlets.Int(15, min=1, max=60)  # k of random splits
    ratio = traitlets.Float(0.1, min=0.01, max=0.5)  # r of random splits
    tiles = traitlets.Int(4, min=2, max=8)  # along each axis
    clipped = traitlets.Bool(True)  # descriptors at five standard deviations of the training rows
    strength = traitlets.Float(100.0, min=1e-3, max=1e6)  # λ̃
