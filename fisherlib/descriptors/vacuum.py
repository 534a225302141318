"""Slabs and wires with a vacuum in place of the directions that are not periodic, wide enough for no atom to see across."""

import numpy as np
from ase import Atoms


def with_vacuum(atoms: Atoms, cutoff: float) -> Atoms:
    """A slab or a wire as a crystal of the same descriptors: periodic in all directions, with a vacuum between images.

    A direction that is not periodic becomes one at right angles to those that are, longer than the configuration is there
    by twice the cutoff, so that no atom has neighbours across it. What is periodic in all directions or in none stays.

    Args:
        atoms: one configuration.
        cutoff: Å.

    >>> from ase.build import fcc100
    >>> slab = fcc100("Cu", (1, 1, 2), vacuum=None)  # T T F
    >>> with_vacuum(slab, 5.0).cell.lengths().round(3).tolist(), with_vacuum(slab, 5.0).pbc.all().item()
    ([2.553, 2.553, 11.805], True)
    """
    pbc = atoms.pbc
    if pbc.all() or not pbc.any():
        return atoms
    cell, periodic = np.array(atoms.cell), np.flatnonzero(pbc)
    # The last rows of Vᵀ span what is at right angles to the periodic vectors.
    across = np.linalg.svd(cell[periodic])[2][len(periodic) :] if np.isfinite(cell[periodic]).all() else cell[~pbc]
    extents = np.ptp(atoms.positions @ across.T, axis=0)
    cell[~pbc] = across * (extents + 2 * cutoff)[:, None]
    return Atoms(atoms.numbers, atoms.positions, cell=cell, pbc=True)
