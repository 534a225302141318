"""Fits from moments: θ_f, the ordinary fit to energies that it is compared with, and mixtures of losses."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array
from ..losses import Quadratic, energy, fisher, kl
from ..losses import ridge as ridge_penalty
from ..moments import MomentRecord, Moments
from ..potential import LinearPotential
from ..solvers import solve
from .ridge import parameters


def fisher_fit(
    moments: Moments | MomentRecord,
    *,
    temperature: float | None = None,
    name: str = "θ_f",
    provenance: Mapping[str, Any] | None = None,
) -> LinearPotential:
    """The potential that minimises the Fisher divergence, with the offset per atom that fits the energies best.

    Args:
        moments: of the training data.
        temperature: K; without it the trajectories' own.
        name, provenance: of the potential.
    """
    fit = solve(fisher(moments, temperature))
    return LinearPotential.from_fit(fit, moments, name=name, provenance=provenance)


def energy_fit(moments: Moments | MomentRecord, *, strength: float = 1e-5, name: str = "energy fit") -> LinearPotential:
    """Ridge regression of total energies on D, with an offset per atom that is not penalised.

    Args:
        moments: of the training data.
        strength: λ, relative to the diagonal of the loss, so that it has no unit.
        name: of the potential.

    Returns:
        The potential that minimises the energy error.

    Raises:
        ValueError: descriptors that do not vary, as of one configuration.
    """
    loss = energy(moments)
    if not np.diag(loss.A).any():
        number = (
            sum(r.configurations for r in moments.values()) if isinstance(moments, Moments) else moments.configurations
        )
        which = "one configuration" if number == 1 else f"{number} configurations whose descriptors do not vary"
        raise ValueError(f"moments: energies of {which} leave nothing to fit; add configurations")
    penalty = ridge_penalty(strength, loss.K, scale=np.diag(loss.A))
    return LinearPotential.from_fit(
        solve(loss + penalty), moments, name=name, provenance={"loss": "energy", "strength": strength}
    )


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Terms:
    """The losses that a fit weighs against one another; made once from moments, so that a change of weight costs no data.

    Attributes:
        fisher: 1/Å².
        kl: second order, nats.
        energy: half the mean squared error of total energies, eV².
    """

    fisher: Quadratic
    kl: Quadratic
    energy: Quadratic

    @classmethod
    def of(cls, moments: Moments | MomentRecord, temperature: float | None = None) -> "Terms":
        """The terms of some data; without a temperature their own is taken."""
        return cls(fisher=fisher(moments, temperature), kl=kl(moments, temperature), energy=energy(moments))

    def weighted(self, *, ridge: float = 0.0, kl: float = 0.0, energy: float = 0.0) -> Quadratic:
        """The Fisher divergence plus weighted terms; nothing is added for a weight of zero.

        Args:
            ridge: strength, relative to the diagonal of the sum, so that it has no unit.
            kl: weight of the second-order KL divergence, 1/Å².
            energy: weight of the energy loss, 1/(eV² Å²).
        """
        total = self.fisher
        for weight, term in ((kl, self.kl), (energy, self.energy)):
            total = total + weight * term if weight else total
        return total + ridge_penalty(ridge, total.K, scale=np.diag(total.A)) if ridge else total


def kl_path(moments: Moments | MomentRecord, weights: ArrayLike, *, temperature: float | None = None) -> Array:
    """Minima of J + κ KL, the second-order KL divergence added to the Fisher divergence, for several weights.

    Args:
        moments: of the training data.
        weights: (n,) κ ≥ 0, 1/Å².
        temperature: K; without it the trajectories' own.

    Returns:
        (n, K) parameters; θ_f where κ = 0.

    Raises:
        ValueError: no weights, or some that are negative or not finite.
    """
    given = np.atleast_1d(floats("weights", weights))
    if given.ndim != 1 or len(given) == 0:
        raise ValueError(f"weights: expected a list of numbers ≥ 0, got shape {given.shape}")
    wrong = ~(np.isfinite(given) & (given >= 0))
    if wrong.any():
        raise ValueError(
            f"weights: expected finite numbers ≥ 0, got {given[wrong][0]:g}; with a negative one the sum need not have a "
            "minimum, for θ_f give 0"
        )
    terms = Terms.of(moments, temperature)
    return np.array([solve(terms.weighted(kl=float(weight))).theta for weight in given])


def force_rmse(moments: Moments, theta: ArrayLike) -> Array:
    """(n,) root-mean-square force error of θ on each trajectory, eV/Å, from moments alone.

    Args:
        moments: of n trajectories.
        theta: (K,).

    Raises:
        ValueError: another number of parameters than descriptors, or some that are not finite.
    """
    theta = parameters("theta", theta, moments.K)
    squared = [(r.FF - 2 * theta @ r.PhiF + theta @ r.PhiPhi @ theta) / r.rows for r in moments.values()]
    return np.sqrt(np.maximum(squared, 0.0))
