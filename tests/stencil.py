"""Gradients by finite differences, as an oracle for those of descriptors, and two structures to try them on."""

from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule

#: Of the 4th-order difference quotient: steps and their weights over 12.
STENCIL = {-2: 1, -1: -8, 1: 8, 2: -1}


def gradient_error(
    describe: Callable[[Atoms], tuple[np.ndarray, np.ndarray]], atoms: Atoms, *, h: float = 1e-3, least: float = 0.0
) -> float:
    """The largest difference between Φ and −∂(Σ_i D_i)/∂x, in parts of the largest Φ of each descriptor.

    Args:
        describe: one configuration → site descriptors and Φ.
        atoms: the configuration.
        h: step, Å.
        least: a descriptor's largest Φ counts as no smaller than this part of the largest of all.
    """
    Phi = describe(atoms)[1]
    found = np.zeros_like(Phi)
    for row in range(len(found)):
        for step, weight in STENCIL.items():
            moved = atoms.copy()
            moved.positions[np.divmod(row, 3)] += step * h
            found[row] -= weight * describe(moved)[0].sum(axis=0) / (12 * h)
    largest = np.maximum(np.abs(Phi).max(axis=0), least * np.abs(Phi).max())
    return float((np.abs(found - Phi).max(axis=0) / np.where(largest > 0, largest, 1)).max())


def ethanol() -> Atoms:
    atoms = molecule("CH3CH2OH")
    atoms.rattle(0.1, seed=1)
    return atoms


def salt() -> Atoms:
    atoms = bulk("NaCl", "rocksalt", a=5.6) * (2, 1, 1)
    atoms.rattle(0.1, seed=2)
    return atoms
