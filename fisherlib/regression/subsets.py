"""The best one, two or three descriptors of all: every combination is tried, from moments alone."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..arguments import is_whole, whole
from ..dataset import Array, frozen
from ..moments import MomentRecord, Moments
from .correlations import Correlations
from .normal import Target

#: What is left of the variance of a descriptor beside others, below which it is a copy of them.
COPY = 1e-10


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Subsets:
    """The best combinations of a few descriptors, of all there are.

    Attributes:
        indices: (n, size) of the descriptors, best first.
        explained: (n,) share of the variance of the target that each explains on the training data.
        names: of the descriptors, n tuples; numbers where they have no names.
        tried: number of combinations.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(400, 5))
        >>> best = best_subsets(fl.Moments.from_rows(x, x @ [1.0, 0.0, 2.0, 0.0, 0.5]), size=2)
        >>> best.names[0], best.tried
        (('D0', 'D2'), 10)
    """

    indices: NDArray[np.intp]
    explained: Array
    names: tuple[tuple[str, ...], ...]
    tried: int


def best_subsets(
    moments: Moments | MomentRecord,
    size: int = 3,
    *,
    number: int = 10,
    target: Target | None = None,
    temperature: float | None = None,
) -> Subsets:
    """The combinations of ``size`` descriptors that explain most of the target by least squares: no combination is left out.

    All triples of 300 descriptors, 4.5 million, take about a second. Which combination wins changes with the data where many
    explain nearly as much; look at several, and at other data.

    Args:
        moments: of the training data.
        size: 1, 2 or 3.
        number: of combinations to return.
        target, temperature: as for ``ridge_path``.

    Raises:
        TypeError: anything but moments.
        ValueError: another size, or more than there are descriptors.

    Example:
        >>> import fisherlib as fl
        >>> best_subsets(fl.accumulate(fl.systems.double_well(0.1, tilt=0.02)), size=1).indices.tolist()
        [[1], [0]]
    """
    known = Correlations.of(moments, target, temperature=temperature)
    whole("number", number, 1, "combinations")
    if not is_whole(size) or not 1 <= size <= min(3, known.K):
        raise ValueError(f"size: expected 1, 2 or 3 of {known.K} descriptors, got {size!r:.60}")
    names = Moments({"": moments}).descriptor_names if isinstance(moments, MomentRecord) else moments.descriptor_names
    best, found = np.empty(0), np.empty((0, size), dtype=np.intp)
    for explained, indices in _all_of(known.R, known.r, size):
        if len(best) == number:
            better = explained > best[-1]
            explained, indices = explained[better], indices[better]
        top = np.argsort(-np.r_[best, explained], kind="stable")[:number]
        best, found = np.r_[best, explained][top], np.concatenate([found, indices])[top]
    return Subsets(
        indices=found,
        explained=frozen(best),
        names=tuple(tuple(names[k] for k in row) for row in found),
        tried=math.comb(known.K, size),
    )


def _all_of(R: Array, r: Array, size: int) -> Iterator[tuple[Array, NDArray[np.intp]]]:
    """What each combination explains (m,), and its indices (m, size), some at a time: those that begin with one descriptor."""
    K = len(r)
    if size == 1:
        yield _gains(np.diag(R), r), np.arange(K)[:, None]
    for i in range(K - size + 1 if size > 1 else 0):
        after, rest, own = R[i + 1 :, i], r[i + 1 :], _gains(R[i, i], r[i])
        share = after / R[i, i] if R[i, i] > COPY else np.zeros_like(after)
        S, c = R[i + 1 :, i + 1 :] - np.outer(share, after), rest - share * r[i]
        if size == 2:
            yield own + _gains(np.diag(S), c), np.column_stack([np.full(K - i - 1, i), np.arange(i + 1, K)])
        else:
            j, k, more = _pairs(S, c)
            yield own + more, np.column_stack([np.full(len(j), i), i + 1 + j, i + 1 + k])


def _pairs(S: Array, c: Array) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """j < k of all pairs, and what each pair explains."""
    d = np.diag(S)
    share = np.divide(S, d[:, None], out=np.zeros_like(S), where=d[:, None] > COPY)
    both = _gains(d, c)[:, None] + _gains(d - share * S, c - share * c[:, None])
    j, k = np.triu_indices(len(c), 1)
    return j, k, both[j, k]


def _gains(left: Array, c: Array) -> Array:
    """What a descriptor explains whose variance ``left`` is not explained by others; nothing for a copy of them."""
    return np.divide(c * c, left, out=np.zeros(np.broadcast(left, c).shape), where=np.asarray(left) > COPY)
