"""The losses that an atlas draws, as values."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ..dataset import Array
from ..losses import Quadratic, energy, fisher, kl
from ..moments import Moments
from ..progress import Progress
from . import previews
from .previews import Recipe


@dataclasses.dataclass(frozen=True, eq=False)
class Loss:
    """A loss that can be drawn on a plane.

    Attributes:
        name: what selectors and figures call it.
        unit: of its values; empty for a pure number.
        evaluate: (projection, x (n,), y (m,), progress) → (m, n), its values on a grid. The projection is a
            ``Pointwise``; for a loss without ``quadratic`` it may be a ``Projection`` too.
        quadratic: the loss as a quadratic form in the parameters of a linear potential; None if it is not one.
        recipe: of its preview, if it has one.
    """

    name: str
    unit: str
    _: dataclasses.KW_ONLY
    evaluate: Callable[[Any, Array, Array, Progress], Array]
    quadratic: Quadratic | None = None
    recipe: Recipe | None = None


#: Losses that are evaluated from projected residuals.
EVALUATED = (
    Loss("force MAE", "eV/Å", recipe=previews.FORCE_MAE, evaluate=lambda p, x, y, go: p.force_mae(x, y, progress=go)),
    Loss(
        "force Huber",
        "eV²/Å²",
        recipe=previews.FORCE_HUBER,
        evaluate=lambda p, x, y, go: p.force_huber(x, y, progress=go),
    ),
    Loss(
        "force log-cosh",
        "eV²/Å²",
        recipe=previews.FORCE_LOG_COSH,
        evaluate=lambda p, x, y, go: p.force_log_cosh(x, y, progress=go),
    ),
    Loss(
        "energy MAE",
        "eV/atom",
        recipe=previews.ENERGY_MAE,
        evaluate=lambda p, x, y, go: p.energy_mae(x, y, progress=go),
    ),
    Loss("KS of energies", "", recipe=previews.ENERGY_KS, evaluate=lambda p, x, y, go: p.energy_ks(x, y, progress=go)),
    Loss(
        "W1 of energies",
        "eV/atom",
        recipe=previews.ENERGY_W1,
        evaluate=lambda p, x, y, go: p.energy_wasserstein_1(x, y, progress=go),
    ),
)


def quadratics(moments: Moments, temperature: float | None) -> tuple[Loss, ...]:
    """The losses that are quadratic in the parameters of a linear potential, the Fisher divergence first."""
    J, E, KL = fisher(moments, temperature), energy(moments), kl(moments, temperature)
    return (
        Loss("Fisher divergence", "1/Å²", quadratic=J, evaluate=lambda p, x, y, go: p.fisher(x, y, progress=go)),
        Loss("energy (½ squared error)", "eV²", quadratic=E, evaluate=lambda p, x, y, go: p.energy(x, y, progress=go)),
        Loss("KL, second order", "nats", quadratic=KL, evaluate=lambda p, x, y, go: p.kl(x, y, progress=go)),
    )
