"""−ln of a ratio of weighted sums, with its jackknife error."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..dataset import Array
from .reliability import as_numbers, below_largest

Groups = NDArray[np.integer] | None


def group_numbers(trajectory: ArrayLike, M: int, *, name: str = "trajectory") -> NDArray[np.integer]:
    """(M,) number of the trajectory of each configuration, from its labels.

    Raises:
        ValueError: not M labels, or missing ones.
    """
    labels = np.asarray(trajectory)
    if labels.shape != (M,):
        raise ValueError(f"{name}: expected {M} labels, one for each configuration, got shape {labels.shape}")
    if (labels != labels).any() or any(label is None for label in labels):
        raise ValueError(f"{name}: expected a label for each configuration, got NaN or None; name its trajectory")
    return np.unique(labels.astype(str) if labels.dtype == object else labels, return_inverse=True)[1]


def groups_or_none(trajectory: ArrayLike | None, M: int, *, name: str = "trajectory") -> Groups:
    """(M,) numbers of the trajectories, or None if each configuration is an independent draw."""
    return None if trajectory is None else group_numbers(trajectory, M, name=name)


def weights_or_equal(log_weights: ArrayLike | None, M: int) -> Array:
    """(M,) weights, the largest of them 1; all of them 1 by default.

    Raises:
        ValueError: not M weights, NaN or +∞ among them, or only weights of zero.
    """
    if log_weights is None:
        return np.ones(M)
    if (shape := as_numbers("log_weights", log_weights).shape) != (M,):
        raise ValueError(f"log_weights: expected {M}, one for each configuration, got shape {shape}")
    return np.exp(below_largest(log_weights))


def minus_log_ratio(top: Array, bottom: Array, group: Groups) -> tuple[float, float]:
    """−ln(Σ top / Σ bottom) of (M,) weights ≥ 0, and its jackknife standard error over groups, or over all M without any.

    The error is ∞ if one group has all of a sum, and NaN if there is one group.
    """
    T, B = (each if group is None else np.bincount(group, each) for each in (top, bottom))
    value = float(np.log(B.sum()) - np.log(T.sum()))
    if len(T) < 2:
        return value, float("nan")
    with np.errstate(divide="ignore"):  # nothing is left without a group that has all
        without = np.log1p(-np.minimum(B / B.sum(), 1.0)) - np.log1p(-np.minimum(T / T.sum(), 1.0))
    if not np.isfinite(without).all():
        return value, float("inf")
    return value, float(np.sqrt((len(T) - 1) * without.var()))
