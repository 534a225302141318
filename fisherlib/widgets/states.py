"""The choices of each explorer, as traits without widgets or arrays; the help of a trait is what its control says of itself."""

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

    path = traitlets.Unicode(help="A data file at hand, or one that was given before.")
    theta = traitlets.Unicode(help="Parameters of your own, shown beside the fits.")  # path, or empty
    descriptor = traitlets.Unicode()  # computed where the file has none, as from_text takes it; empty for the default
    elements = traitlets.Unicode(help="Symbols of atom types 1, 2, … in this order, for files that only number them.")
    locals().update({name: _TRAITS[option.metadata["what"]]() for name, option in OPTIONS.items()})

    @property
    def choice(self) -> Choice:
        """How the file is read."""
        return Choice.among(self.trait_values())


class FitState(State):
    """Weights of the terms added to the Fisher divergence, and where the fit is saved."""

    ridge = traitlets.Float(0.0, min=0.0, help="Keeps parameters small: λ, relative to the diagonal of the loss.")
    kl = traitlets.Float(
        0.0, min=0.0, help="Adds the KL divergence, to second order in the energies, with this weight."
    )
    energy = traitlets.Float(
        0.0, min=0.0, help="Adds squared errors of energies, an offset left free, with this weight."
    )
    reference = Offered(help="The model that is drawn beside your fit.")
    name = traitlets.Unicode("my fit", help="What figures and files call your fit.")


class CompareState(State):
    """Which models on which trajectory, and which view."""

    saved = Offered(help="Puts the parameters of a file, such as one saved on page Fit, among the models.")
    models = SeveralOffered(help="Which models are drawn; at least one.")
    trajectory = Offered(help="The configurations that are compared: all, or those of one trajectory.")
    quantity = Offered(help="Total energies of configurations, or energies of the atoms of one of them.")
    view = Offered(help="Which figure is drawn.")
    aligned = traitlets.Bool(
        False,
        help="Shifts the energies of a model by a constant of its own in each trajectory, as forces leave it free.",
    )
    configuration = traitlets.Int(
        0, min=0, max=10**9, help="Its number in the trajectory, from 0."
    )  # for site energies


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

    model = Offered(help="The model in the middle of the plane.")
    loss = Offered(help="The height of the surface.")
    plane = Offered(help="How the two directions in the space of parameters are chosen.")
    to = Offered(help="The model at (1, 0) of the plane.")
    third = Offered(help="The model at (0, 1) of the plane.")
    first = Offered(help="The coefficient along x.")
    second = Offered(help="The coefficient along y.")
    seed = traitlets.Int(0, min=0, max=10**6, help="Another number gives other random directions.")
    half_width = traitlets.Float(
        1.0, min=0.01, max=100.0, help="How far the plane reaches, as a multiple of what suits its model."
    )
    n = traitlets.Int(61, min=21, max=201, help="Points along each axis.")
    log = traitlets.Bool(
        False, help="Colours by the logarithm of the loss, which shows small differences near a minimum."
    )
    marks = traitlets.Bool(True, help="Shows the models on the surface, and the straight path between two of them.")
    x = traitlets.Float(
        0.0, min=-1e6, max=1e6, help="Where the cross-section along y is cut; a click on the contours sets it."
    )
    y = traitlets.Float(
        0.0, min=-1e6, max=1e6, help="Where the cross-section along x is cut; a click on the contours sets it."
    )

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

    protocol = Offered(help="Which rows are kept out of a fit, to test it on them.")
    treatments = SeveralOffered(help="Ways to fit the same linear model; at least one.")
    number = traitlets.Int(15, min=1, max=60, help="How many random splits are averaged over.")
    ratio = traitlets.Float(0.1, min=0.01, max=0.5, help="The share of rows that each random split holds out.")
    tiles = traitlets.Int(4, min=2, max=8, help="Tiles along each axis, each of them held out once.")
    clipped = traitlets.Bool(True, help="Cuts off descriptors far from those of the training rows.")
    strength = traitlets.Float(100.0, min=1e-3, max=1e6, help="How much large coefficients cost in a fit.")  # λ̃
