"""Free energies along a coordinate and between states, from the weights of configurations."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flags, floats
from ..dataset import Array, frozen
from .exponential import group_numbers, minus_log_ratio
from .reliability import as_numbers, below_largest


def state_difference(
    in_a: ArrayLike, in_b: ArrayLike, log_weights: ArrayLike | None = None, *, trajectory: ArrayLike | None = None
) -> tuple[float, float]:
    """Free-energy difference of two states, F_b − F_a = −ln(p_b/p_a), from their populations, in units of kT.

    Args:
        in_a, in_b: (M,) whether a configuration lies in state a, and in state b; never in both.
        log_weights: (M,) ln w; equal by default.
        trajectory: (M,) labels of the independent parts; every configuration is independent by default.

    Returns:
        F_b − F_a and its jackknife standard error, kT. The error knows nothing of transitions that a chain never made.

    Raises:
        ValueError: states that share configurations, a state without any weight, or arrays of different lengths.

    Example:
        >>> value, error = state_difference([1, 0, 0, 0], [0, 1, 1, 1])
        >>> round(value, 4), round(error, 2)  # −ln 3
        (-1.0986, inf)
    """
    a, b = flags("in_a", in_a), flags("in_b", in_b)
    if a.ndim != 1 or a.shape != b.shape or (a & b).any():
        both = f", {np.sum(a & b)} configurations in both" if a.shape == b.shape else ""
        raise ValueError(
            f"in_a and in_b: expected two states of M configurations, got shapes {a.shape}, {b.shape}{both}"
        )
    w = _weights(log_weights, len(a))
    for name, members in {"in_a": a, "in_b": b}.items():
        if not w[members].sum() > 0:
            raise ValueError(f"{name}: expected some weight in the state, got {members.sum()} configurations of none")
    return minus_log_ratio(w * b, w * a, group_numbers(trajectory, len(a)))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FreeEnergyProfile:
    """F(s) = −ln p(s) along a coordinate s, in units of kT, with p normalised over all configurations.

    Attributes:
        edges: (n + 1,) of the bins, in the unit of s.
        values: (n,) −ln of the mean density in each bin, kT; NaN where a bin has no weight.
        errors: (n,) jackknife standard errors, kT; ∞ where one configuration or trajectory has all of the weight, NaN
            if there is only one.
        counts: (n,) configurations of some weight in each bin.
        outside, outside_share: how many configurations of some weight lie beyond the edges, and their share of it.

    Example:
        >>> free_energy_profile([0.5, 0.5, 1.5, 7.0], edges=[0.0, 1.0, 2.0]).outside_share
        0.25
    """

    edges: Array
    values: Array
    errors: Array
    counts: NDArray[np.integer]
    outside: int
    outside_share: float

    def __post_init__(self) -> None:
        for name in ("edges", "values", "errors", "counts"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def centers(self) -> Array:
        """(n,) middles of the bins."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])


def free_energy_profile(
    coordinate: ArrayLike,
    log_weights: ArrayLike | None = None,
    *,
    edges: ArrayLike,
    trajectory: ArrayLike | None = None,
) -> FreeEnergyProfile:
    """Free energy along a coordinate, F(s) = −ln p(s), from a weighted histogram, in units of kT.

    Args:
        coordinate: (M,) s of each configuration.
        log_weights: (M,) ln w; equal by default. The points and weights of a quadrature give the exact profile, with
            errors that mean nothing.
        edges: (n + 1,) of the bins, ascending, in the unit of s; the last bin includes its right edge.
        trajectory: (M,) labels of the independent parts; every configuration is independent by default.

    Raises:
        ValueError: coordinates that are not finite, edges that do not ascend or hold nothing, arrays of different lengths.

    Example:
        >>> found = free_energy_profile([0.2, 0.5, 1.5, 1.6], [0.0, 0.0, 0.0, -np.inf], edges=[0, 1, 2, 3])
        >>> found.values.round(4).tolist(), found.counts.tolist()  # ln(3/2), ln 3
        ([0.4055, 1.0986, nan], [2, 1, 0])
    """
    s, at = floats("coordinate", coordinate), floats("edges", edges)
    if s.ndim != 1 or len(s) == 0 or not np.isfinite(s).all():
        raise ValueError(f"coordinate: expected a finite number for each configuration, (M,), got {s!s:.60}")
    if at.ndim != 1 or len(at) < 2 or not np.isfinite(at).all() or not (np.diff(at) > 0).all():
        raise ValueError(f"edges: expected at least 2 ascending edges of bins, got {at!s:.60}")
    w, group = _weights(log_weights, len(s)), group_numbers(trajectory, len(s))
    bins = np.searchsorted(at, s, side="right") - 1
    bins[s == at[-1]] = len(at) - 2
    within = (bins >= 0) & (bins < len(at) - 1)
    counts = np.bincount(bins[within & (w > 0)], minlength=len(at) - 1)
    if not counts.any():
        raise ValueError(
            f"edges: expected some weight between {at[0]:g} and {at[-1]:g}, got all of it beyond; widen them"
        )
    values, errors = np.full((2, len(counts)), np.nan)
    for k in np.flatnonzero(counts):
        values[k], errors[k] = minus_log_ratio(w * (bins == k), w, group)
    return FreeEnergyProfile(
        edges=at,
        values=values + np.log(np.diff(at)),
        errors=errors,
        counts=counts,
        outside=int((~within & (w > 0)).sum()),
        outside_share=float(w[~within].sum() / w.sum()),
    )


def _weights(log_weights: ArrayLike | None, M: int) -> Array:
    """(M,) weights, the largest of them 1; all of them 1 by default."""
    if log_weights is None:
        return np.ones(M)
    if (shape := as_numbers("log_weights", log_weights).shape) != (M,):
        raise ValueError(f"log_weights: expected {M}, one for each configuration, got shape {shape}")
    return np.exp(below_largest(log_weights))
