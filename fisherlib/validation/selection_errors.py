"""Errors on held-out trajectories of fits to few descriptors, each time chosen without what is held out."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import is_whole
from ..dataset import Array
from ..moments import Moments
from ..regression import fisher_fit
from .fold_errors import Fit, Parts, pooled_rmse, refuse

_WAY = "selection_errors(accumulate(data), choose, split(tuple(data)), [1, 2, 4])"


class Chosen(Protocol):
    """Anything with indices, such as ``selection.Picks`` or ``regression.Subsets`` of one combination."""

    @property
    def indices(self) -> NDArray[np.intp]:
        """Of descriptors."""


#: What says, from the moments of the training data, in which order descriptors are taken.
Choose = Callable[[Moments], Chosen]


def selection_errors(
    moments: Moments, choose: Choose | ArrayLike, parts: Parts, numbers: Sequence[int], *, fit: Fit = fisher_fit
) -> Array:
    """Force RMSE on each fold of fits to the first n descriptors, which are chosen anew from the rest of the trajectories.

    A choice that has seen the fold would make its error too small (Ambroise & McLachlan, PNAS 99, 6562 (2002)).

    Args:
        moments: of the trajectories, each a record.
        choose: moments → descriptors in the order in which they are taken, such as ``selection.cur``, or
            ``functools.partial(selection.cur, mixing=0.5)``; or indices that are the same for all folds, as of a draw.
        parts: keys of the trajectories of each fold, as for ``fold_errors``.
        numbers: (m,) how many descriptors to fit.
        fit: moments → potential.

    Returns:
        (m, n) eV/Å, for ``over_folds`` and ``figures.learning_curves``.

    Raises:
        TypeError, ValueError, KeyError: as for ``fold_errors``; a number that is no number of descriptors; indices that are
            no different descriptors, or fewer than the largest number.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, tilt=0.02)
        >>> parts = fl.validation.split(tuple(data), 2)
        >>> selection_errors(fl.accumulate(data), fl.selection.forward, parts, [1, 2]).shape
        (2, 2)
    """
    refuse(moments, fit, parts, _WAY)
    wrong = [n for n in numbers if not is_whole(n) or not 1 <= n <= moments.K]
    if wrong or not len(numbers):
        raise ValueError(f"numbers: expected 1 to {moments.K} descriptors, got {wrong[:1] or 'none'}")
    found: list[list[float]] = []
    for part in parts:
        rest, held = moments.drop(part), moments.select(part)
        chosen: Any = choose(rest) if callable(choose) else choose
        order = _checked(getattr(chosen, "indices", chosen), moments.K, max(numbers))
        found.append([])
        for n in numbers:
            theta = fit(rest.columns(order[:n])).theta
            found[-1].append(pooled_rmse(held.columns(order[:n]), theta))
    return np.array(found).T


def _checked(order: ArrayLike, K: int, most: int) -> list[int]:
    """Indices of different descriptors, enough of them."""
    taken = np.asarray(order)
    taken = taken[0] if taken.ndim == 2 and len(taken) == 1 else taken  # of one combination
    if taken.ndim != 1 or taken.dtype.kind not in "iu" or len(set(taken.tolist())) < len(taken):
        raise ValueError(
            f"choose: expected a function that chooses different descriptors, or their indices, got {order!r:.60}"
        )
    if len(taken) < most or taken.min() < 0 or taken.max() >= K:
        raise ValueError(
            f"choose: expected at least {most} indices of {K} descriptors, as numbers ask for, got {len(taken)} "
            f"from {taken.min(initial=0)} to {taken.max(initial=0)}"
        )
    return taken.tolist()
