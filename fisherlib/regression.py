"""Fits from moments: θ_f, and the ordinary fit to energies that it is compared with."""

import numpy as np

from .losses import energy, fisher, ridge
from .moments import MomentRecord, Moments
from .potential import LinearPotential
from .solvers import solve


def fisher_fit(
    moments: Moments | MomentRecord, *, temperature: float | None = None, name: str = "θ_f"
) -> LinearPotential:
    """The potential that minimises the Fisher divergence, with the offset per atom that fits the energies best.

    Args:
        moments: of the training data.
        temperature: K; without it the trajectories' own.
        name: of the potential.
    """
    return LinearPotential.from_fit(solve(fisher(moments, temperature)), moments, name=name)


def energy_fit(moments: Moments | MomentRecord, *, strength: float = 1e-5, name: str = "energy fit") -> LinearPotential:
    """Ridge regression of total energies on D, with an offset per atom that is not penalised.

    Args:
        moments: of the training data.
        strength: λ, relative to the diagonal of the loss, so that it has no unit.
        name: of the potential.

    Returns:
        The potential that minimises the energy error.
    """
    loss = energy(moments)
    penalty = ridge(strength, loss.K, scale=np.diag(loss.A))
    return LinearPotential.from_fit(
        solve(loss + penalty), moments, name=name, provenance={"loss": "energy", "strength": strength}
    )
