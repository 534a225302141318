"""Free energies −ln of ratios of weighted sums, with jackknife errors: exponential averaging from one side."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..dataset import Array
from .reliability import UNUSABLE, below_largest, effective_sample_size, pareto_k

#: Below so many effective draws neither an average nor its error bar is to be trusted.
FEWEST_EFFECTIVE = 50

Groups = NDArray[np.integer] | None


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FreeEnergy:
    """F = −ln⟨w⟩, in units of kT. Look at ``caveat`` first.

    Attributes:
        value, error: kT; a jackknife standard error, ∞ if one of the draws or trajectories has all of the weight, NaN if
            there is only one. Above a Pareto k of 0.5 it is too small: with 2000 draws by 1.4 at 0.6, and by 2 at 0.75.
        effective_sample_size, pareto_k: of the weights; the latter is NaN where their tail has no shape.

    Example:
        >>> found = free_energy(np.zeros(100) - 2.0)
        >>> found.value, found.error, found.caveat
        (2.0, 0.0, '')
    """

    value: float
    error: float
    effective_sample_size: float
    pareto_k: float

    @property
    def caveat(self) -> str:
        """Why value and error are not to be trusted; empty where nothing speaks against them."""
        few, heavy = self.effective_sample_size < FEWEST_EFFECTIVE, self.pareto_k > UNUSABLE
        why = [f"{self.effective_sample_size:.1f} effective draws are fewer than {FEWEST_EFFECTIVE}"] * few
        why += [f"Pareto k = {self.pareto_k:.2f} is above {UNUSABLE}"] * heavy
        return f"do not trust −ln⟨w⟩ or its error: {' and '.join(why)}" if why else ""


def free_energy(log_weights: ArrayLike, *, trajectory: ArrayLike | None = None) -> FreeEnergy:
    """Free energy −ln⟨w⟩ from the weights w = p̃(x)/q(x) of draws of q, in units of kT.

    With q normalised, as that of a flow, it is −ln Z of p̃ = exp(−u), Z = ∫ exp(−u) dx. Draws outside the support of p̃
    have w = 0 and count. What q never visits is missing from Z, and no number here can tell: see ``bar``.

    Args:
        log_weights: (M,) ln w, not normalised; −∞ outside the support.
        trajectory: (M,) labels of the independent parts, for draws of a chain; every draw is independent by default.

    Raises:
        ValueError: no weights, NaN or +∞ among them, all of them zero, or not one label for each.

    Source: Zwanzig, J. Chem. Phys. 22, 1420 (1954).

    Example:
        The Gaussian exp(−½x²) has Z = √(2π); here it is drawn from one that is twice as wide:

        >>> x = np.random.default_rng(0).normal(scale=2.0, size=4000)
        >>> log_q = -(x**2) / 8 - np.log(2 * np.sqrt(2 * np.pi))
        >>> found = free_energy(-(x**2) / 2 - log_q)
        >>> abs(found.value + np.log(np.sqrt(2 * np.pi))) < 4 * found.error < 0.1
        True
    """
    w = np.exp(below_largest(log_weights))
    value, error = minus_log_ratio(w, np.ones(len(w)), group_numbers(trajectory, len(w)))
    ess, k = effective_sample_size(log_weights), pareto_k(log_weights)
    return FreeEnergy(value=value - float(np.max(log_weights)), error=error, effective_sample_size=ess, pareto_k=k)


def group_numbers(trajectory: ArrayLike | None, M: int, *, name: str = "trajectory") -> Groups:
    """(M,) number of the trajectory of each configuration, from its labels; None without any.

    Raises:
        ValueError: not M labels, or missing ones.
    """
    if trajectory is None:
        return None
    labels = np.asarray(trajectory)
    if labels.shape != (M,):
        raise ValueError(f"{name}: expected {M} labels, one for each configuration, got shape {labels.shape}")
    if (labels != labels).any() or any(label is None for label in labels):
        raise ValueError(f"{name}: expected a label for each configuration, got NaN or None; name its trajectory")
    return np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)[1]


def minus_log_ratio(top: Array, bottom: Array, group: Groups) -> tuple[float, float]:
    """−ln(Σ top / Σ bottom) of (M,) weights ≥ 0, and its jackknife standard error over groups, or over all M without any.

    The error is ∞ if one group has all of a sum, and NaN if there is one group.
    """
    T, B = (each if group is None else np.bincount(group, each) for each in (top, bottom))
    value, n = float(np.log(B.sum()) - np.log(T.sum())), len(T)
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing is left without a group that has all
        without = np.log1p(-np.minimum(B / B.sum(), 1.0)) - np.log1p(-np.minimum(T / T.sum(), 1.0))
    if n < 2 or not np.isfinite(without).all():
        return value, float("nan" if n < 2 else "inf")
    return value, float(np.sqrt((n - 1) * without.var()))
