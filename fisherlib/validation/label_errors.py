"""Errors against the number of labels, when configurations are labelled in a given order."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import each, is_whole, positive
from ..dataset import Array, frozen
from ..moments import Moments
from ..moments.from_rows import checked_rows
from ..regression import intercept, log_evidence, ridge_path

#: Strengths of the ridge that are tried, in standard units.
TRIED = frozen(np.logspace(-9, 0, 37))
#: Relative difference below which two errors are the same: a mean of logarithms is not exact.
ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LabelErrors:
    """Errors on a test set of fits to the first n labels of an order.

    Attributes:
        numbers: (m,) n.
        rmse: (m,) root of the mean squared error, in the unit of the labels.
        largest: (m,) largest absolute error.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(60, 2))
        >>> found = label_errors(x, x @ [1.0, 2.0], np.arange(50), [5, 20], test=(x[50:], x[50:] @ [1.0, 2.0]))
        >>> found.numbers.tolist(), bool(found.rmse[1] < 1e-3)
        ([5, 20], True)
    """

    numbers: Array
    rmse: Array
    largest: Array


def label_errors(
    X: ArrayLike,
    y: ArrayLike,
    order: ArrayLike,
    numbers: Sequence[int],
    *,
    test: tuple[ArrayLike, ArrayLike],
    strengths: ArrayLike = TRIED,
) -> LabelErrors:
    """Errors of a ridge on a test set as labels come in, in the order in which some strategy asks for them.

    At each number the strength is the one of largest evidence for the labels that are known, as nothing else is known.

    Args:
        X: (M, K) descriptors of the pool.
        y: (M,) what its labels are, once they are asked for.
        order: (L,) different indices of the pool.
        numbers: (m,) labels to fit to, each 2 to L.
        test: X (t, K) and y (t,) of configurations that are never labelled, such as whole trajectories held out.
        strengths: (s,) λ of the ridge, without unit, as for ``regression.ridge_path``.

    Raises:
        ValueError: shapes that do not fit, an order or numbers out of range, or labels that are all the same.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(60, 2))
        >>> label_errors(x, x[:, 0], np.arange(50), [10], test=(x[50:], x[50:, 0])).rmse.shape
        (1,)
    """
    X, y, _ = checked_rows(X, y, None)
    Xt, yt, _ = checked_rows(*test, None)
    taken = np.asarray(order)
    if taken.ndim != 1 or taken.dtype.kind not in "iu" or len(set(taken.tolist())) < len(taken):
        raise ValueError(f"order: expected different indices of the pool, got {order!r:.60}")
    if len(taken) and not (taken.min() >= 0 and taken.max() < len(y)):
        raise ValueError(f"order: expected indices of {len(y)} configurations, got {taken.min()} to {taken.max()}")
    if Xt.shape[1] != X.shape[1]:
        raise ValueError(f"test: expected {X.shape[1]} descriptors as in the pool, got {Xt.shape[1]}")
    wrong = [n for n in numbers if not is_whole(n) or not 2 <= n <= len(taken)]
    if wrong or not len(numbers):
        raise ValueError(f"numbers: expected 2 to {len(taken)} labels, got {wrong[:1] or 'none'}")
    errors = [_fitted(X[taken[:n]], y[taken[:n]], Xt, np.asarray(strengths)) - yt for n in numbers]
    return LabelErrors(
        numbers=frozen(np.array(numbers)),
        rmse=frozen(np.array([np.sqrt(np.mean(e**2)) for e in errors])),
        largest=frozen(np.array([np.abs(e).max() for e in errors])),
    )


def _fitted(X: Array, y: Array, Xt: Array, strengths: Array) -> Array:
    """(t,) predictions of the ridge of largest evidence."""
    moments = Moments.from_rows(X, y)
    path = ridge_path(moments, strengths)
    theta = path.theta(float(path.strengths[np.argmax(log_evidence(path))]))
    return Xt @ theta + intercept(moments, theta)


def labels_needed(errors: Sequence[LabelErrors], goal: float) -> float:
    """How many labels a strategy needs for an error, by the geometric mean of its repetitions.

    Lines between the numbers tried are straight in logarithms. An error counts as reached where it, or a smaller one, first
    comes.

    Args:
        errors: of each repetition, all for the same numbers.
        goal: RMSE > 0, in the unit of the labels.

    Returns:
        Labels, not a whole number as a rule; ∞ where the largest number is not enough, and the smallest number tried where
        already that is.

    Raises:
        ValueError: none, repetitions for different numbers, or a goal that is no error.

    Example:
        >>> found = LabelErrors(numbers=np.array([10, 40]), rmse=np.array([4.0, 1.0]), largest=np.ones(2))
        >>> round(labels_needed([found], 2.0), 6), labels_needed([found], 0.5)
        (20.0, inf)
    """
    found = each("errors", errors, LabelErrors, "labels_needed([label_errors(…), …], 2.5)")
    if not found or any(not np.array_equal(e.numbers, found[0].numbers) for e in found):
        raise ValueError("errors: expected repetitions for the same numbers of labels, got none or different ones")
    order = np.argsort(found[0].numbers)
    known = np.mean([np.log(e.rmse[order]) for e in found], axis=0)
    wanted, falling = np.log(positive("goal", goal)), np.minimum.accumulate(known)
    if wanted < falling[-1] - ROUNDING:
        return float("inf")
    return float(np.exp(np.interp(-wanted, -falling, np.log(found[0].numbers[order]))))
