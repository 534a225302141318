"""What weights are worth: how many configurations they leave, and how heavy their tail is."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array

#: Pareto k above which the variance of the weights diverges, so that error bars are too small, and above which averages
#: are not to be trusted either (Vehtari et al., arXiv:1507.02646).
HEAVY, UNUSABLE = 0.5, 0.7

#: Values in the tail below which no shape is fitted.
FEWEST_IN_TAIL = 5

#: Prior of the Pareto shape: worth ten values of the tail at k = 0.5 (Vehtari et al., arXiv:1507.02646).
PRIOR_COUNT, PRIOR_SHAPE = 10, 0.5

#: A tail whose middle is e³⁰⁰ times below the largest weight is heavier than can be fitted in floating point.
VANISHING = -300.0


def as_numbers(name: str, values: ArrayLike) -> Array:
    """The values as floating-point numbers of any shape.

    Raises:
        ValueError: text, rows of different length, complex or masked values, or anything else that is no array of numbers.
    """
    try:
        given = values if isinstance(values, list | tuple) else np.asanyarray(values)
        if isinstance(given, np.ndarray) and given.dtype == bool:
            given = given.astype(np.int8)  # yes and no count as 1 and 0 in an average
        return floats(name, given)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: expected an array of numbers, got {values!r:.60}; give one number for each entry, and rows of "
            "equal length"
        ) from error


def below_largest(log_weights: ArrayLike) -> Array:
    """(M,) ln w_m less the largest of them, so that exp of it neither overflows nor vanishes altogether.

    Raises:
        ValueError: no weights, or NaN or +∞ among them, or nothing but zeros (−∞).
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
    """Effective sample size (Σw)² / Σw²: so many configurations of equal weight would average as well.

    Args:
        log_weights: (M,) ln w, up to any constant.

    Returns:
        A number from 1, when one configuration has all the weight, to M, when all have the same. It cannot see
        configurations that the model visits and the sample does not hold; ``pareto_k`` can warn of them.

    Raises:
        ValueError: no weights, NaN among them, or all of them zero.

    Source: Kish, Survey Sampling (Wiley, 1965).
    """
    w = np.exp(below_largest(log_weights))
    return float(w.sum() ** 2 / (w @ w))


def pareto_k(log_weights: ArrayLike) -> float:
    """Shape k of the generalised Pareto distribution of the largest weights: moments of order 1/k and above diverge.

    Up to 0.5 the variance of a weighted mean is finite; from 0.5 to 0.7 means still converge, slowly; above 0.7 weighted
    means and their error bars are not to be trusted. The largest min(M/5, 3√M) weights are fitted above the next one by
    maximum likelihood, and the shape is drawn towards 0.5 as if by ten more values.

    Args:
        log_weights: (M,) ln w, up to any constant.

    Returns:
        k; NaN with fewer than 21 configurations, whose tail has fewer than 5 values, or when most of the tail is of one
        size (all weights are, for a model that differs by a constant only); ∞ when most of the tail vanishes beside the
        largest weight. Below 0 the weights are bounded, and how far below is of no account.

    Raises:
        ValueError: no weights, NaN among them, or all of them zero.

    Source: Vehtari, Simpson, Gelman, Yao, Gabry, J. Mach. Learn. Res. 25, 72 (2024), arXiv:1507.02646; there the shape
    is fitted by the estimator of Zhang and Stephens (Technometrics 51, 316, 2009), which agrees within its scatter.
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
