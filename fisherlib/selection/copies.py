"""Rows of numbers that are the same: found by sorting along one direction, whatever their number."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array

#: Distance of two rows, whose numbers are of order one, below which they are copies; and their distance along the direction.
_COPY, _NEAR = 1e-8, 1e-7
#: Share of a feature that must vary: below it, rounding would tell features apart that are the same.
_VARIES = 1e-6


def shapes(values: Array) -> tuple[Array, NDArray[np.bool_]]:
    """(K, n) features without their mean and of length one, and whether each varies at all.

    >>> shapes(np.array([[1.0, 3.0], [2.0, 2.0]]))[1].tolist()
    [True, False]
    """
    z = values - values.mean(axis=1, keepdims=True)
    length = np.linalg.norm(z, axis=1, keepdims=True)
    varies = length[:, 0] > _VARIES * np.linalg.norm(values, axis=1)
    z /= np.where(varies[:, None], length, 1.0)
    return z, varies


def without_copies(rows: Array, sizes: NDArray[np.intp], *, mirrored: bool = False) -> NDArray[np.bool_]:
    """Which rows to keep such that no two are the same: of copies the one of the smallest size, of these the first.

    Args:
        rows: (K, n) numbers of order one.
        sizes: (K,) of each.
        mirrored: whether a row and its negative are the same.

    >>> rows = np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [-2.0, -1.0]])
    >>> without_copies(rows, np.array([1, 0, 0, 0]), mirrored=True).tolist()
    [False, True, True, False]
    """
    key = rows @ np.random.default_rng(0).normal(size=rows.shape[1])  # any direction will do
    key = np.abs(key) if mirrored else key
    kept, order = np.zeros(len(rows), dtype=bool), np.argsort(sizes, kind="stable")
    rank = np.argsort(order, kind="stable")
    left = order[np.argsort(key[order], kind="stable")]
    while len(left):  # one of each group is kept, what equals it is gone, and the rest goes on
        group = np.cumsum(np.diff(key[left], prepend=key[left[0]]) > _NEAR)
        inside = np.lexsort([rank[left], group])
        first = left[inside][np.flatnonzero(np.diff(group[inside], prepend=-1))][group]
        kept[first] = True
        apart = _distance(rows, left, first, 1.0)
        apart = np.minimum(apart, _distance(rows, left, first, -1.0)) if mirrored else apart
        left = left[apart > _COPY]
    return kept


def _distance(rows: Array, a: NDArray[np.intp], b: NDArray[np.intp], sign: float) -> Array:
    """Largest difference of a number in rows a and ± rows b, some thousands at a time."""
    step = 10_000
    parts = [np.abs(rows[a[k : k + step]] - sign * rows[b[k : k + step]]) for k in range(0, len(a), step)]
    return np.concatenate([part.max(axis=1) for part in parts])
