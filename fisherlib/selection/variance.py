"""Greedy variance: each configuration is the one that those already labelled predict with the least certainty."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, is_whole, positive
from ..arguments import number as one


def by_variance(
    kernel: ArrayLike, number: int, *, noise: float, start: Sequence[int] | NDArray[np.integer] = ()
) -> NDArray[np.intp]:
    """The order in which to label configurations, so that each time the most uncertain one of a Gaussian process comes next.

    var(x) = k(x, x) − k(x, S) (K_SS + σ²)⁻¹ k(S, x), by a pivoted Cholesky factorisation that costs O(M) for each pair of
    labels. Labels do not enter: for a kernel that is fixed beforehand, the whole list can be made before the first
    calculation. With the linear kernel k = x·x' the variance is σ² times the leverage x(XᵀX + σ²)⁻¹xᵀ, and the order is that
    of greedy D-optimal design (Seeger, Williams & Lawrence, AISTATS 2003; Settles, Active Learning (2012)).

    Args:
        kernel: (M, M) similarities of the configurations of the pool, positive semidefinite.
        number: of configurations to label, those of ``start`` included.
        noise: σ², variance of a label, in units of the kernel. Remainders below the rounding errors of the kernel count as zero.
        start: indices of those that have labels already.

    Returns:
        (number,) indices, those of ``start`` first.

    Raises:
        ValueError: no square symmetric matrix, a negative variance, or indices and numbers out of range.

    Example:
        >>> x = np.array([0.0, 0.1, 1.0, 5.0])
        >>> by_variance(np.exp(-np.subtract.outer(x, x) ** 2), 3, noise=1e-6, start=[0]).tolist()
        [0, 3, 2]
    """
    K = _checked(kernel)
    first = [int(k) for k in start if is_whole(k) and 0 <= k < len(K)]
    if len(first) < len(start) or len(set(first)) < len(first):
        raise ValueError(f"start: expected different indices of {len(K)} configurations, got {list(start)!s:.60}")
    if not is_whole(number) or not max(1, len(first)) <= number <= len(K):
        raise ValueError(f"number: expected {max(1, len(first))} to {len(K)} configurations, got {number!r:.60}")
    sigma2 = positive("noise", noise)
    left, columns = np.diag(K).copy(), np.empty((int(number), len(K)))
    nothing = len(K) * np.finfo(float).eps * left.max()
    order: list[int] = []
    for k in range(int(number)):
        free = left.copy()
        free[order] = -np.inf
        j = first[k] if k < len(first) else int(np.argmax(free))
        column = np.zeros(len(K))
        if left[j] > nothing:  # what is left of the others is smaller still, or known as well
            column = (K[j] - columns[:k, j] @ columns[:k]) / np.sqrt(left[j] + sigma2)
        columns[k], left = column, left - column**2
        order.append(j)
    return np.array(order, dtype=np.intp)


def _checked(kernel: ArrayLike) -> NDArray[np.float64]:
    K = floats("kernel", kernel)
    if K.ndim != 2 or K.shape[0] != K.shape[1] or not K.size:
        raise ValueError(f"kernel: expected a square matrix of similarities, got shape {K.shape}")
    if not np.isfinite(K).all():
        raise ValueError("kernel: expected finite numbers, got NaN or infinity")
    scale = one("kernel", np.abs(K).max())
    if np.abs(K - K.T).max() > 1e-8 * scale or np.diag(K).min() < 0:
        raise ValueError("kernel: expected a symmetric matrix with a diagonal that is not negative, got another")
    return K
