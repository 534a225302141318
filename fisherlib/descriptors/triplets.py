"""Sums over an atom and two of its neighbours: of a function of the angle between them, and one of each distance."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..dataset import Array
from .neighbours import Neighbours

#: Numbers in a matrix of cosines, at most: it stays in the cache of a core, and a dense crystal takes no more memory.
BLOCK = 2**15

#: Functions of cos θ, one by one: their values and their derivatives by cos θ, of the shape of cos θ.
Angular = Callable[[Array], Iterator[tuple[Array, Array]]]


def cosine_cutoff(distances: Array, cutoff: float) -> tuple[Array, Array]:
    """f_c = ½ (cos(πr/r_c) + 1), which takes neighbours out smoothly, and its derivative by r.

    >>> cosine_cutoff(np.array([0.0, 2.0, 4.0]), 4.0)[0].round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    angle = np.pi * distances / cutoff
    return (np.cos(angle) + 1) / 2, -np.sin(angle) * np.pi / (2 * cutoff)


def angular_sums(
    pairs: Neighbours, channels: NDArray[np.integer], radial: Array, slopes: Array, angular: Angular
) -> tuple[Array, Array]:
    """Sums over the second neighbour k of a_r(r_ij) a_r(r_ik) A_m(cos θ_jik), for each first neighbour j.

    k is never j itself. As each pair of neighbours is met twice, D_i is half the sum of the values over j; the derivatives
    are whole, as both neighbours move.

    Args:
        pairs: of one configuration.
        channels: (P,) kinds of neighbours 0 … S − 1 that are summed apart, e.g. their elements.
        radial: (P, R) a_r of each neighbour.
        slopes: (P, R) their derivatives by the distance.
        angular: the M functions A_m.

    Returns:
        values (P, M, S, R), for each channel of k, and their derivatives (P, 3, M, S, R) by the vector to j.
    """
    (P, R), S = radial.shape, int(channels.max(initial=0)) + 1
    units = pairs.vectors / pairs.distances[:, None]
    apart = radial[:, None, :] * (channels[:, None] == np.arange(S))[..., None]
    weighted = np.concatenate([apart[:, None], units[..., None, None] * apart[:, None]], axis=1).reshape(P, 4, S * R)
    M = sum(1 for _ in angular(np.zeros(1)))
    sums = np.empty((P, 4, M, S, R))
    for index, there, rows in _blocks(pairs):
        others = (weighted[index] * there[..., None, None]).swapaxes(1, 2)  # (C, 4, n, SR)
        own = index[:, rows]
        cosines = units[own] @ units[index].swapaxes(1, 2)
        same = np.arange(cosines.shape[1])
        kept, summed = there[:, rows], np.empty((4, *own.shape, S * R))
        for m, (values, derivatives) in enumerate(angular(cosines)):
            for function in (values, derivatives):
                function[:, same, same + rows.start] = 0.0
            summed[0] = values @ others[:, 0]
            for axis in (1, 2, 3):
                summed[axis] = derivatives @ others[:, axis]
            sums[own[kept], :, m] = summed[:, kept].swapaxes(0, 1).reshape(-1, 4, S, R)
    a, slope, u, r = radial[:, None, None], slopes[:, None, None], units[:, :, None, None, None], pairs.distances
    V, W = sums[:, 0], sums[:, 1:]
    # ∂cos θ/∂r_j = (u_k − cos θ u_j)/r_j, so that only what is at right angles to u_j of Σ_k A' a_k u_k counts.
    along = np.einsum("px,pxmsr->pmsr", units, W)
    turning = a / r[:, None, None, None]
    return a * V, u * (slope * V - turning * along)[:, None] + turning[:, None] * W


def over_neighbours(pairs: Neighbours, values: Array) -> Array:
    """(N, K) sums of values (P, K) over the neighbours of each atom."""
    P = len(pairs.i)
    return csr_array((np.ones(P), (pairs.i, np.arange(P))), shape=(len(pairs.numbers), P)) @ values


def _blocks(pairs: Neighbours) -> Iterator[tuple[NDArray[np.integer], NDArray[np.bool], slice]]:
    """Centres with about as many neighbours: pairs (C, n) of each, which of them are there, and those rows j to compute."""
    counts = np.bincount(pairs.i, minlength=len(pairs.numbers))
    first, order = np.cumsum(counts) - counts, np.argsort(-counts, kind="stable")
    start, centres = 0, int(np.count_nonzero(counts))
    while start < centres:
        n = int(counts[order[start]])
        chosen = order[start : min(start + max(1, BLOCK // n**2), centres)]
        start += len(chosen)
        column = np.arange(n)
        there = column < counts[chosen][:, None]
        index = first[chosen][:, None] + np.where(there, column, 0)
        height = n if len(chosen) > 1 else max(1, min(n, BLOCK // n))
        for top in range(0, n, height):
            yield index, there, slice(top, min(top + height, n))
