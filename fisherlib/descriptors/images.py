"""Atoms with the neighbours that a library needs, in open space: periodic images as atoms, and islands of one centre each."""

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..dataset import Array
from .neighbours import Neighbours


def images_of(atoms: Atoms, cutoff: float) -> tuple[Array, NDArray[np.intp]]:
    """The atoms of a configuration, in its cell, and behind them all periodic images that one of them sees.

    Args:
        atoms: periodic in all directions or in none.
        cutoff: Å.

    Returns:
        positions (n, 3), Å, and the atom that each is an image of (n,); the first N are the atoms themselves.

    >>> from ase.build import bulk
    >>> positions, home = images_of(bulk("Cu", a=3.6), 3.0)
    >>> positions.shape, home.tolist() == [0] * 13
    ((13, 3), True)
    """
    N = len(atoms)
    if not atoms.pbc.any():
        return atoms.positions.copy(), np.arange(N)
    cell = np.array(atoms.cell)
    fractions = atoms.cell.scaled_positions(atoms.positions)
    fractions -= np.floor(fractions)
    # The distance between two faces of the cell is one over the length of its reciprocal vector.
    reach = cutoff * np.linalg.norm(atoms.cell.reciprocal(), axis=1) + 1e-9
    most = np.ceil(reach).astype(int)
    shifts = np.stack(np.meshgrid(*(np.arange(-m, m + 1) for m in most), indexing="ij"), axis=-1).reshape(-1, 3)
    shifts = shifts[shifts.any(axis=1)]
    moved = fractions + shifts[:, None]
    which, home = np.nonzero(((moved >= -reach) & (moved <= 1 + reach)).all(axis=2))
    own, images = fractions @ cell, moved[which, home] @ cell
    seen = np.isfinite(cKDTree(own).query(images, distance_upper_bound=cutoff * (1 + 1e-9))[0])
    return np.concatenate([own, images[seen]]), np.concatenate([np.arange(N), home[seen]])


def islands_of(pairs: Neighbours, cutoff: float) -> tuple[Array, NDArray[np.intp]]:
    """Every atom alone with its neighbours, too far from all others to see them.

    Args:
        pairs: all within the cutoff.
        cutoff: Å.

    Returns:
        positions (N + P, 3), Å, of the atoms and behind them of the neighbour of each pair, and the atom that each is.

    >>> from ase.build import bulk
    >>> from fisherlib.descriptors.neighbours import neighbours_of
    >>> islands_of(neighbours_of(bulk("Cu", a=3.6), 3.0), 3.0)[0].shape
    (13, 3)
    """
    N = len(pairs.numbers)
    side = max(1, round(N ** (1 / 3) + 0.5))
    centres = np.stack(np.unravel_index(np.arange(N), (side, side, N // side**2 + 1)), axis=1) * (2 * cutoff + 1.0)
    return np.concatenate([centres, centres[pairs.i] + pairs.vectors]), np.concatenate([np.arange(N), pairs.j])
