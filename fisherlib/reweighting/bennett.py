"""Free-energy differences from samples of both distributions: the Bennett acceptance ratio, through pymbar."""

import contextlib
import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logsumexp

from ..dataset import Array
from .exponential import FreeEnergy, Groups, free_energy, group_numbers
from .multistate import DISJOINT, quiet
from .reliability import as_numbers

#: One-sided estimate and BAR further apart than so many errors, and than rounding: something is missing.
FAR_APART, ROUNDING = 3.0, 1e-9

#: Methods of pymbar and their most iterations. The first divides zero by zero where all weights are equal, the second
#: is slow where distributions hardly overlap. BAR's equation is solved to ``SOLVED``, relative to its sides.
METHODS = {"false-position": 500, "self-consistent-iteration": 5000}
SOLVED = 1e-6


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Bar:
    """F_b − F_a by the Bennett acceptance ratio, in units of kT. Look at ``caveat`` first.

    Attributes:
        value, error: kT; the error is Bennett's, or its jackknife over trajectories.
        overlap: of the two distributions, from 0 (they share nothing) to 1 (they are the same).
        one_sided: the same difference from the samples of a alone, −ln⟨w⟩.
        gap, gap_error: one-sided estimate minus BAR, kT; the error knows that both come from the same samples.

    Example:
        >>> found = bar([0.1, 0.2, 0.3], [0.3, 0.2, 0.4])
        >>> round(found.value, 2), found.caveat
        (-0.25, '')
    """

    value: float
    error: float
    overlap: float
    one_sided: FreeEnergy
    gap: float
    gap_error: float

    @property
    def caveat(self) -> str:
        """What it means if one-sided estimate and BAR are more than three errors apart; empty where they agree."""
        if not abs(self.gap) > FAR_APART * self.gap_error + ROUNDING:
            return ""
        return (
            f"samples or data miss part of the target: −ln⟨w⟩ = {self.one_sided.value:.3f} kT and BAR = {self.value:.3f} kT "
            f"are more than {FAR_APART:.0f} errors of {self.gap_error:.2g} kT apart"
        )


def bar(
    log_weights_a: ArrayLike,
    log_weights_b: ArrayLike,
    *,
    trajectory_a: ArrayLike | None = None,
    trajectory_b: ArrayLike | None = None,
) -> Bar:
    """Free-energy difference F_b − F_a = −ln(Z_b/Z_a) from samples of both, by the Bennett acceptance ratio, in units of kT.

    Both arrays hold the same ratio, ln p̃_b(x)/p̃_a(x): for the draws of a flow (a) and reference configurations (b) that
    is −u(x) − ln q(x), and F_a = 0. It solves Σ_a f = Σ_b (1 − f) with f = 1/(1 + (N_a/N_b) exp(−Δ) p̃_a/p̃_b), the
    probability that a configuration comes from b. Where domains differ, samples outside the other one count in N_a or
    N_b: the answer is that for the part both share, corrected by the fractions of either sample in it.

    Args:
        log_weights_a: (N_a,) ln p̃_b/p̃_a of samples of a; −∞ outside the domain of b.
        log_weights_b: (N_b,) ln p̃_b/p̃_a of samples of b, the same ratio; +∞ outside the domain of a.
        trajectory_a, trajectory_b: labels of the independent parts of either sample, for those of chains; every
            configuration is independent by default.

    Raises:
        ValueError: NaN, samples outside their own domain (+∞ in a, −∞ in b), no samples, or not one label for each.
        RuntimeError: no overlap.
        ImportError: pymbar is not installed.

    Source: Bennett, J. Comput. Phys. 22, 245 (1976); pymbar.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> a, b = rng.normal(0.0, 1.0, 3000), rng.normal(1.0, 1.0, 3000)  # p̃_b/p̃_a = exp(x − ½) e²
        >>> found = bar(a + 1.5, b + 1.5)
        >>> abs(found.value + 2.0) < 4 * found.error < 0.2
        True
    """
    r_a, r_b = _ratios("log_weights_a", log_weights_a, -np.inf), _ratios("log_weights_b", log_weights_b, np.inf)
    group_a = group_numbers(trajectory_a, len(r_a), name="trajectory_a")
    group_b = group_numbers(trajectory_b, len(r_b), name="trajectory_b")
    value = _solved(r_a, r_b)
    shift = value - np.log(len(r_a) / len(r_b))
    f, g = expit(r_a + shift), expit(-(r_b + shift))  # of b at samples of a, and of a at samples of b
    overlap = float((1 / len(r_a) + 1 / len(r_b)) * ((f * (1 - f)).sum() + (g * (1 - g)).sum()))
    if not overlap > DISJOINT or not abs(f.sum() - g.sum()) < SOLVED * f.sum():
        raise RuntimeError(
            "bar: expected samples that overlap, got two distributions that share no configuration; sample "
            "distributions between them, or train the flow further"
        )
    one_sided, variance_b = free_energy(r_a, trajectory=trajectory_a), _variance(g / g.mean(), group_b)
    w, f = np.exp(r_a + one_sided.value), f / f.mean()  # both of mean 1
    return Bar(
        value=value,
        error=float(np.sqrt(_variance(f, group_a) + variance_b)),
        overlap=overlap,
        one_sided=one_sided,
        gap=one_sided.value - value,
        gap_error=float(np.sqrt(_variance(w - f, group_a) + variance_b)),
    )


def _ratios(name: str, values: ArrayLike, outside: float) -> Array:
    """(N,) ln p̃_b/p̃_a, finite, or ``outside`` for samples outside the other domain."""
    r = as_numbers(name, values)
    if r.ndim != 1 or len(r) == 0:
        raise ValueError(f"{name}: expected shape (N,), one for each sample, got {r.shape}")
    if not (np.isfinite(r) | (r == outside)).all():
        own, sign = ("a", "−") if outside < 0 else ("b", "+")
        raise ValueError(
            f"{name}: expected ln p̃_b/p̃_a at samples of {own}, finite or {sign}∞, got {np.sum(np.isnan(r))} NaN and "
            f"{np.sum(r == -outside)} samples outside the domain of {own} itself; leave these out"
        )
    return r


def _solved(r_a: Array, r_b: Array) -> float:
    """BAR of the part both share, by the first of pymbar's methods that finds it, corrected; NaN if none does."""
    a, b = r_a[np.isfinite(r_a)], r_b[np.isfinite(r_b)]
    if not (len(a) and len(b)):
        return float("nan")
    # pymbar stops at a difference of zero, even when it meets it by chance, and converges relative to it: start near −1.
    start = 1.0 - float(logsumexp(a) - np.log(len(a)))
    fractions = float(np.log(len(b) / len(r_b)) - np.log(len(a) / len(r_a)))
    with quiet(), np.errstate():  # pymbar changes numpy's handling of overflow for good
        from pymbar import other_estimators  # slow to load

        for method, most in METHODS.items():
            settings = {"compute_uncertainty": False, "maximum_iterations": most, "method": method, "DeltaF": -1.0}
            with contextlib.suppress(other_estimators.BoundsError, other_estimators.ConvergenceError):
                found = float(other_estimators.bar(-a - start, b + start, **settings)["Delta_f"])
                if np.isfinite(found):
                    return found + start + fractions
    return float("nan")


def _variance(values: Array, group: Groups) -> float:
    """Variance of the mean of values, each an independent draw or in groups; NaN for a single group."""
    if group is None:
        return float(values.var() / len(values))
    sums = np.bincount(group, values - values.mean())
    n = len(sums)
    return float(n / (n - 1) * (sums @ sums) / len(values) ** 2) if n > 1 else float("nan")
