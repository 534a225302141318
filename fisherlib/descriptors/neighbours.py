"""Pairs of atoms within a cutoff, by vesin."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import vesin
from ase import Atoms
from numpy.typing import NDArray

from ..dataset import Array


class Neighbours(NamedTuple):
    """Every atom with each of its neighbours and of their periodic images, in one order whatever they are computed with.

    Attributes:
        numbers: (N,) atomic numbers.
        i, j: (P,) the atom and its neighbour, i ascending; they are equal for an atom and its own image.
        vectors: (P, 3) x_j − x_i, Å.
        distances: (P,) Å.
    """

    numbers: NDArray[np.integer]
    i: NDArray[np.integer]
    j: NDArray[np.integer]
    vectors: Array
    distances: Array

    def kinds(self, species: Sequence[int]) -> NDArray[np.intp]:
        """(N,) the place of each atom's element among the species, in whatever order these are."""
        order = np.argsort(species)
        return order[np.searchsorted(species, self.numbers, sorter=order)]

    def within(self, cutoff: float) -> tuple["Neighbours", NDArray[np.intp]]:
        """Those pairs that are closer than a smaller cutoff, Å, and which of all they are."""
        near = np.flatnonzero(self.distances < cutoff)
        return Neighbours(self.numbers, self.i[near], self.j[near], self.vectors[near], self.distances[near]), near


def neighbours_of(atoms: Atoms, cutoff: float) -> Neighbours:
    """The pairs of one configuration that are closer than the cutoff, Å.

    >>> from ase.build import bulk
    >>> pairs = neighbours_of(bulk("Cu", a=3.6), 3.0)
    >>> pairs.i.tolist() == [0] * 12, pairs.distances.round(3).tolist() == [2.546] * 12
    (True, True)
    """
    positions = atoms.positions if atoms.pbc.any() else _nearer(atoms.positions, 2 * cutoff)
    search = vesin.NeighborList(cutoff=cutoff, full_list=True)
    i, j, shifts, vectors, distances = search.compute(
        points=positions, box=np.array(atoms.cell), periodic=atoms.pbc, quantities="ijSDd"
    )
    if positions is not atoms.positions:  # of which some have lost digits
        vectors = atoms.positions[j] - atoms.positions[i]
        distances = np.linalg.norm(vectors, axis=1)
    order = np.lexsort((shifts[:, 2], shifts[:, 1], shifts[:, 0], j, i))
    return Neighbours(atoms.numbers, i[order].astype(int), j[order].astype(int), vectors[order], distances[order])


def _nearer(positions: Array, gap: float) -> Array:
    """Positions in open space without wide empty layers, which vesin would fill with bins; near ones stay as they are."""
    if (np.ptp(positions, axis=0) < 100 * gap).all():
        return positions
    order = np.argsort(positions, axis=0)
    steps = np.diff(np.take_along_axis(positions, order, axis=0), axis=0, prepend=0.0)
    too_far = np.cumsum(np.maximum(steps - gap, 0.0) * (np.arange(len(steps)) > 0)[:, None], axis=0)
    return positions - np.take_along_axis(too_far, np.argsort(order, axis=0), axis=0)
