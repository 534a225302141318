"""The losses that an atlas draws, as values."""

import dataclasses
from collections.abc import Callable

from ..dataset import Array
from ..losses import Quadratic, energy, fisher, kl
from ..moments import Moments
from ..regression import common_temperature
from . import previews
from .pointwise import Pointwise
from .previews import Recipe


@dataclasses.dataclass(frozen=True, eq=False)
class Loss:
    """A loss that can be drawn on a plane.

    Attributes:
        name: what selectors and figures call it.
        unit: of its values; empty for a pure number.
        evaluate: (``Pointwise``, x (n,), y (m,), progress=) → (m, n), its values on a grid, for any model.
        linear: what it is for a linear potential: a quadratic form in θ, or how it is evaluated.
    """

    name: str
    unit: str
    _: dataclasses.KW_ONLY
    evaluate: Callable[..., Array]
    linear: Quadratic | Recipe

    @property
    def quadratic(self) -> Quadratic | None:
        """The loss of a linear potential as a quadratic form in θ; None if it is not one."""
        return self.linear if isinstance(self.linear, Quadratic) else None


#: Losses that are quadratic in no model; those of forces first.
EVALUATED = (
    Loss("force MAE", "eV/Å", evaluate=Pointwise.force_mae, linear=previews.FORCE_MAE),
    Loss("force Huber", "eV²/Å²", evaluate=Pointwise.force_huber, linear=previews.FORCE_HUBER),
    Loss("force log-cosh", "eV²/Å²", evaluate=Pointwise.force_log_cosh, linear=previews.FORCE_LOG_COSH),
    Loss("energy MAE", "eV/atom", evaluate=Pointwise.energy_mae, linear=previews.ENERGY_MAE),
    Loss("KS of energies", "", evaluate=Pointwise.energy_ks, linear=previews.ENERGY_KS),
    Loss("W1 of energies", "eV/atom", evaluate=Pointwise.energy_wasserstein_1, linear=previews.ENERGY_W1),
)


def quadratics(moments: Moments, temperature: float | None) -> tuple[Loss, ...]:
    """The losses that are quadratic in the parameters of a linear potential, the Fisher divergence first."""
    T = common_temperature(moments, temperature)
    J, nats = ("1/Å²", "nats") if T == temperature else ("eV²/Å², times β²", "eV², times β²")
    divergence = Loss("Fisher divergence", J, evaluate=Pointwise.fisher, linear=fisher(moments, T))
    if not with_energies(moments):
        return (divergence,)
    return (
        divergence,
        Loss("energy (½ squared error)", "eV²", evaluate=Pointwise.energy, linear=energy(moments)),
        Loss("KL, second order", nats, evaluate=Pointwise.kl, linear=kl(moments, T)),
    )


def with_energies(moments: Moments) -> bool:
    """Whether losses of energies can be drawn."""
    return all(record.has_energies for record in moments.values())
