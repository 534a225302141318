"""Reliability of weights: effective sample size, and how heavy the tail is."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array

#: Above the first Pareto k the variance of the weights diverges and error bars are too small; above the second averages
#: are wrong too (Vehtari et al., arXiv:1507.02646).
HEAVY, UNUSABLE = 0.5, 0.7

#: Fewest values in the tail for a fit of its shape.
FEWEST_IN_TAIL = 5

#: Prior of the Pareto shape: ten more values of the tail at k = 0.5 (Vehtari et al., arXiv:1507.02646).
PRIOR_COUNT, PRIOR_SHAPE = 10, 0.5

#: A tail with a median e³⁰⁰ times below the largest weight is too heavy to be fitted in floating point.
VANISHING = -300.0


def as_numbers(name: str, values: ArrayLike) -> Array:
    """The values as floating-point numbers of any shape.

    Raises:
        ValueError: text, rows of different lengths, complex or masked values, or anything else than an array of numbers.
    """
    try:
        given = values if isinstance(values, list | tuple) else np.asanyarray(values)
        if isinstance(given, np.ndarray) and given.dtype == bool:
            given = given.astype(np.int8)  # True and False count as 1 and 0 in an average
        return floats(name, given)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected an array of numbers, got {values!r:.60}; give one number for each entry, and rows of "
            "equal length"
        ) from error


def below_largest(log_weights: ArrayLike) -> Array:
    """(M,) ln w_m minus the largest of them, so that the exponential neither overflows nor is zero everywhere.

    Raises:
        ValueError: no weights, NaN or +∞ among them, or only weights of zero (−∞).
    """
    log_w = as_numbers("log_weights", log_weights)
    if log_w.ndim != 1 or len(log_w) == 0:
        raise ValueError(f"log_weights: expected shape (M,), one for each configuration, got {log_w.shape}")
    largest = log_w.max()
    if not np.isfinite(largest):
        raise ValueError(
            f"log_weights: expected finite numbers, or −∞ for weights of zero, got {largest} as the largest; "
            "give logarithms of weights, not all of them zero"
        )
    return log_w - largest


def effective_sample_size(log_weights: ArrayLike) -> float:
    """Effective sample size (Σw)² / Σw²: averages are as good as over so many configurations of equal weight.

    Args:
        log_weights: (M,) ln w, up to any constant.

    Returns:
        From 1 (one configuration has all the weight) to M (all weights are equal). It cannot see configurations that
        the model visits but the sample lacks; ``pareto_k`` can warn of them.

    Raises:
        ValueError: no weights, NaN among them, or all of them zero.

    Source: Kish, Survey Sampling (Wiley, 1965).

    Example:
        >>> effective_sample_size([0.0, 0.0, -np.inf, -np.inf])
        2.0
    """
    w = np.exp(below_largest(log_weights))
    return float(w.sum() ** 2 / (w @ w))


def pareto_k(log_weights: ArrayLike) -> float:
    """Shape k of the generalised Pareto distribution of the largest weights: moments of order 1/k and above diverge.

    Up to 0.5 the variance of a weighted mean is finite. From 0.5 to 0.7 means still converge, but slowly. Above 0.7 do not
    trust weighted means or their error bars. The shape is fitted by maximum likelihood to the largest min(M/5, 3√M)
    weights, with a prior worth ten more values at 0.5.

    Args:
        log_weights: (M,) ln w, up to any constant.

    Returns:
        k; NaN for fewer than 21 configurations (fewer than 5 values in the tail), or if most of the tail has one value (as
        for a model that differs by a constant); ∞ if most of the tail vanishes beside the largest weight. Below 0 the
        weights are bounded; how far below does not matter.

    Raises:
        ValueError: no weights, NaN among them, or all of them zero.

    Source: Vehtari, Simpson, Gelman, Yao, Gabry, J. Mach. Learn. Res. 25, 72 (2024), arXiv:1507.02646. They fit the shape
    by the estimator of Zhang and Stephens (Technometrics 51, 316, 2009), which agrees within its scatter.

    Example:
        >>> light, heavy = np.linspace(0.0, 1.0, 200), np.linspace(0.0, 30.0, 200)
        >>> pareto_k(light) < HEAVY, pareto_k(heavy) > UNUSABLE
        (True, True)
    """
    log_w = np.sort(below_largest(log_weights))
    M = len(log_w)
    n = int(np.ceil(min(M / 5, 3 * np.sqrt(M))))
    if n < FEWEST_IN_TAIL:
        return float("nan")
    from scipy import stats  # slow to load

    tail = log_w[-n - 1 :]
    excess = np.exp(tail[1:]) - np.exp(tail[0])
    middle = np.median(excess)
    if not middle > np.exp(VANISHING):
        return float("inf") if tail[0] < VANISHING else float("nan")
    # The search ends early on a heavy tail unless it starts at its size: ⟨ln(1 + x)⟩ ≈ k where x = excess/median ≫ 1,
    # and the median of the distribution is σ(2ᵏ − 1)/k.
    x = excess / middle
    start = np.log1p(x).mean()
    k = stats.genpareto.fit(x, start, floc=0.0, scale=start / (2**start - 1))[0]
    return float((n * k + PRIOR_COUNT * PRIOR_SHAPE) / (n + PRIOR_COUNT))
