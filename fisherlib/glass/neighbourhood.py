"""Pairs of particles in a periodic box, and averages over them."""

from collections.abc import Iterator
from typing import NamedTuple

import freud
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..dataset import Array

#: Pairs that are held at a time, about.
PAIRS = 1_000_000
#: Reaches in a box, at most; beyond, positions in single precision tell too little of distances.
LONG = 1e4


class Pairs(NamedTuple):
    """Particles ``start`` to ``stop``, each with its neighbours.

    Attributes:
        start, stop: of the particles.
        points: (Q, 3) these particles and then all other neighbours, as freud wants them.
        i: (P,) the particle of each pair, counted from ``start``, ascending.
        near: (P,) its neighbour among ``points``.
        j: (P,) its neighbour among all particles.
        vectors: (P, d) x_j − x_i, of the nearest image.
        distances: (P,)
    """

    start: int
    stop: int
    points: NDArray[np.float32]
    i: NDArray[np.int64]
    near: NDArray[np.int64]
    j: NDArray[np.int64]
    vectors: Array
    distances: Array


def cube(box: Array) -> freud.box.Box:
    """The box as freud has it, two-dimensional where it has two lengths."""
    return freud.box.Box(*box, is2D=len(box) == 2)


def centred(positions: Array, box: Array) -> NDArray[np.float32]:
    """(N, 3) positions around the origin, as freud wants them, z = 0 in two dimensions."""
    x = np.zeros((len(positions), 3), np.float32)
    x[:, : len(box)] = positions - box * np.floor(positions / box) - box / 2
    return x


def pairs(positions: Array, box: Array, reach: float) -> Iterator[Pairs]:
    """The pairs closer than ``reach``, some particles at a time; freud finds them, distances are in float64.

    Raises:
        ValueError: a box shorter than twice the reach, in which a particle would see another one twice, or a far longer one.

    >>> x = np.array([[0.5, 0.5], [9.5, 0.5]])
    >>> [(part.j.tolist(), part.vectors[:, 0].tolist()) for part in pairs(x, np.array([10.0, 10.0]), 2.0)]
    [([1, 0], [-1.0, 1.0])]
    """
    if box.max() > LONG * reach:
        raise ValueError(
            f"box: expected lengths up to {LONG * reach:.4g}, {LONG:g} times the reach, got {box.max():.4g}"
        )
    wide = reach * (1 + 1e-5) + 3e-7 * float(box.max())  # freud rounds positions to single precision
    if box.min() <= 2 * wide:
        raise ValueError(
            f"box: expected lengths above {2 * wide:.4g}, twice the reach of the descriptors, got {box.min():.4g}; a larger "
            "system is needed"
        )
    d, N = len(box), len(positions)
    volume = np.pi * reach**2 if d == 2 else 4 / 3 * np.pi * reach**3
    each = float(N * volume / np.prod(box))  # neighbours of a particle, about
    step = max(int(PAIRS / max(each, 1.0)), 1)
    x = centred(positions, box)
    search = freud.locality.AABBQuery(cube(box), x)
    for start in range(0, N, step):
        stop = min(start + step, N)
        found = search.query(x[start:stop], {"r_max": wide}).toNeighborList()
        i, j = (np.asarray(index, np.int64) for index in (found.query_point_indices, found.point_indices))
        vectors = positions[j] - positions[start + i]
        vectors -= box * np.round(vectors / box)
        distances = np.sqrt(np.einsum("pk,pk->p", vectors, vectors))
        kept = np.flatnonzero((distances <= reach) & (j != start + i))
        i, j = i[kept], j[kept]
        own = np.arange(start, stop)
        points = np.append(own, np.setdiff1d(j, own))
        place = np.empty(N, np.int64)
        place[points] = np.arange(len(points))
        yield Pairs(start, stop, x[points], i, place[j], j, vectors[kept], distances[kept])


def smoothing(positions: Array, box: Array, reach: float) -> sparse.csr_array:
    """(N, N) weights of an average over neighbours and the particle itself, exp(−r/reach) up to ``reach``; rows sum to 1.

    Source: Boattini, Smallenburg and Filion, Phys. Rev. Lett. 127, 088007 (2021).

    >>> smoothing(np.array([[0.5, 0.5], [1.5, 0.5]]), np.array([10.0, 10.0]), 2.0).toarray().round(3).tolist()
    [[0.622, 0.378], [0.378, 0.622]]
    """
    parts = list(pairs(positions, box, reach))
    i, j, r = (np.concatenate(found) for found in zip(*((p.start + p.i, p.j, p.distances) for p in parts), strict=True))
    N = len(positions)
    i, j = np.append(i, np.arange(N)), np.append(j, np.arange(N))
    w = np.exp(-np.append(r, np.zeros(N)) / reach)
    return sparse.csr_array((w / np.bincount(i, w, N)[i], (i, j)), shape=(N, N))
