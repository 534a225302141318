"""Fits from moments: θ_f, the ordinary fit to energies to compare it with, and mixtures of losses."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number
from ..dataset import Array
from ..losses import energy, fisher
from ..losses import ridge as ridge_penalty
from ..moments import MomentRecord, Moments
from ..potential import LinearPotential
from ..solvers import solve
from .loss_terms import Terms
from .normal import common_temperature
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
        temperature: K; by default the trajectories' own. Where none states one, all force components count alike: θ_f of
            one temperature does not depend on it.
        name, provenance: of the potential.

    Raises:
        TypeError: anything but moments.
        ValueError: trajectories of which only some state a temperature, or nothing to fit.

    Example:
        >>> import fisherlib as fl
        >>> model = fisher_fit(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> model.theta.round(6), model.name
        (array([1., 2.]), 'θ_f')
    """
    fit = solve(fisher(moments, common_temperature(moments, temperature)))
    return LinearPotential.from_fit(fit, moments, name=name, provenance=provenance)


def ridge_fit(
    moments: Moments | MomentRecord, strength: float, *, temperature: float | None = None, name: str = ""
) -> LinearPotential:
    """θ_f with a ridge, as on a ``ridge_path`` around zero, with the offsets that fit the energies best.

    Args:
        moments: of the training data.
        strength: λ, relative to the diagonal of the loss, e.g. ``validation.choose_strength(moments).strength``.
        temperature: as for ``fisher_fit``.
        name: of the potential; "θ_f, strength 0.002" by default.

    Raises:
        TypeError: anything but moments.
        ValueError: a negative strength, or as for ``fisher_fit``.

    Example:
        >>> import fisherlib as fl
        >>> model = ridge_fit(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), 1e-9)
        >>> model.theta.round(6), model.name
        (array([1., 2.]), 'θ_f, strength 1e-09')
    """
    strength = number("strength", strength)
    return _weighted_fit(moments, temperature, name or f"θ_f, strength {strength:.2g}", ridge=strength)


def mixture_fit(
    moments: Moments | MomentRecord, weight: float, *, temperature: float | None = None, name: str = ""
) -> LinearPotential:
    """The minimum of J + κ KL, which ties the energies that forces leave free, with the offsets that fit them best.

    At one temperature β² is a factor of both terms, ½⟨|F − Φθ|²⟩ + ½ κ Var(U − U_θ), so θ does not depend on it.

    Args:
        moments: of the training data.
        weight: κ, 1/Å², e.g. ``validation.choose_mixture(moments).weight``.
        temperature: as for ``fisher_fit``.
        name: of the potential; "θ_f + 0.1 kl" by default.

    Raises:
        TypeError: anything but moments.
        ValueError: as for ``kl_path`` and ``fisher_fit``.

    Example:
        >>> import fisherlib as fl
        >>> model = mixture_fit(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), 0.1)
        >>> model.theta.round(6), model.name
        (array([1., 2.]), 'θ_f + 0.1 kl')
    """
    weight = float(_not_negative(number("weight", weight))[0])
    return _weighted_fit(moments, temperature, name or f"θ_f + {weight:.3g} kl", kl=weight)


def _weighted_fit(
    moments: Moments | MomentRecord, temperature: float | None, name: str, **weights: float
) -> LinearPotential:
    fit = solve(Terms.of(moments, temperature).weighted(**weights))
    provenance = {"loss": "Fisher divergence", **weights}
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
        TypeError: anything but moments.
        ValueError: descriptors that do not vary, as for one configuration, or a negative strength.

    Example:
        >>> import fisherlib as fl
        >>> energy_fit(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), strength=1e-9).theta.round(3)
        array([1., 2.])
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


def kl_path(moments: Moments | MomentRecord, weights: ArrayLike, *, temperature: float | None = None) -> Array:
    """Minima of J + κ KL, the second-order KL divergence added to the Fisher divergence, for several weights.

    Args:
        moments: of the training data.
        weights: (n,) κ ≥ 0, 1/Å².
        temperature: K; by default the trajectories' own.

    Returns:
        (n, K) parameters; θ_f for κ = 0.

    Raises:
        TypeError: anything but moments.
        ValueError: no weights, or some that are negative or not finite.

    Example:
        >>> import fisherlib as fl
        >>> kl_path(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), [0.0, 1.0]).round(6)
        array([[1., 2.],
               [1., 2.]])
    """
    terms = Terms.of(moments, temperature)
    return np.array([solve(terms.weighted(kl=float(weight))).theta for weight in _not_negative(weights)])


def _not_negative(weights: ArrayLike) -> Array:
    given = np.atleast_1d(floats("weights", weights))
    if given.ndim != 1 or len(given) == 0:
        raise ValueError(f"weights: expected a list of numbers ≥ 0, got shape {given.shape}")
    wrong = ~(np.isfinite(given) & (given >= 0))
    if wrong.any():
        raise ValueError(
            f"weights: expected finite numbers ≥ 0, got {given[wrong][0]:g}; with a negative weight there may be no minimum, "
            "and 0 gives θ_f"
        )
    return given


def force_rmse(moments: Moments, theta: ArrayLike) -> Array:
    """(n,) root-mean-square force error of θ on each trajectory, eV/Å, from moments alone.

    Args:
        moments: of n trajectories.
        theta: (K,).

    Raises:
        TypeError: anything but the moments of trajectories.
        ValueError: another number of parameters than descriptors, or some that are not finite.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> force_rmse(moments, [1.0, 2.5]).shape
        (4,)
    """
    kind("moments", moments, Moments, "force_rmse(accumulate(data), theta)")
    theta = parameters("theta", theta, moments.K)
    squared = [(r.FF - 2 * theta @ r.PhiF + theta @ r.PhiPhi @ theta) / r.rows for r in moments.values()]
    return np.sqrt(np.maximum(squared, 0.0))
