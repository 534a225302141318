"""Free energy of a target from weighted draws, −ln⟨w⟩, by exponential averaging from one side."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from .ratios import groups_or_none, minus_log_ratio
from .reliability import UNUSABLE, below_largest, effective_sample_size, pareto_k

#: Below so many effective draws neither an average nor its error bar is to be trusted.
FEWEST_EFFECTIVE = 50


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FreeEnergy:
    """F = −ln⟨w⟩, in units of kT. Look at ``caveat`` first.

    Attributes:
        value, error: kT; a jackknife standard error, ∞ if a single draw or trajectory has all of the weight.
        effective_sample_size: of the weights.
        pareto_k: of the same weights; NaN where their tail has no shape.

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
        why = []
        if self.effective_sample_size < FEWEST_EFFECTIVE:
            why.append(f"{self.effective_sample_size:.1f} effective draws are fewer than {FEWEST_EFFECTIVE}")
        if self.pareto_k > UNUSABLE:
            why.append(f"Pareto k = {self.pareto_k:.2f} is above {UNUSABLE}")
        return f"do not trust −ln⟨w⟩ or its error: {' and '.join(why)}" if why else ""


def free_energy(log_weights: ArrayLike, *, trajectory: ArrayLike | None = None) -> FreeEnergy:
    """Free energy −ln⟨w⟩ from the weights w = p̃(x)/q(x) of draws of q, in units of kT.

    With q normalised, as that of a flow, it is −ln Z of p̃ = exp(−u), Z = ∫ exp(−u) dx. With p̃ and q̃ both up to a
    constant it is F_p − F_q. Draws outside the support of p̃ have w = 0 and count in the average. What q never visits is
    missing from Z, and no number here can tell: see ``bar``.

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
    value, error = minus_log_ratio(w, np.ones(len(w)), groups_or_none(trajectory, len(w)))
    return FreeEnergy(
        value=value - float(np.max(log_weights)),
        error=error,
        effective_sample_size=effective_sample_size(log_weights),
        pareto_k=pareto_k(log_weights),
    )
