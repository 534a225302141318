"""Vacancies of crystals."""

from typing import Any

import numpy as np
from ase import Atoms
from ase.optimize import BFGS

from ..arguments import number, whole
from .crystals import check_calculator, check_crystal


def vacancy(
    calculator: Any, crystal: Atoms, *, repeat: int = 2, fmax: float = 0.01, steps: int = 200
) -> dict[str, float]:
    """Formation energy of a vacancy, E(N − 1) − (N − 1)/N E(N), with its atoms relaxed in the cell of the perfect crystal.

    The cell is kept as given: relax it first, since a crystal under pressure has another energy. Images of the vacancy a few
    lattice constants away change it by some per cent.

    Args:
        calculator: of ASE.
        crystal: a cell of one element, at its equilibrium.
        repeat: copies of the cell in each direction.
        fmax: largest force that is left, eV/Å.
        steps: of the relaxation, at most.

    Returns:
        "vacancy energy, eV" and "vacancy energy, not relaxed, eV".

    Raises:
        TypeError: no calculator, or no crystal.
        ValueError: several elements, no crystal, a single atom in the repeated cell, or a relaxation that does not end.

    Example:
        >>> from ase.build import bulk
        >>> from ase.calculators.emt import EMT
        >>> found = vacancy(EMT(), bulk("Cu", a=3.59, cubic=True))
        >>> 1.2 < found["vacancy energy, eV"] < found["vacancy energy, not relaxed, eV"] < 1.3
        True
    """
    check_calculator(calculator)
    check_crystal(crystal, "vacancy(calculator, ase.build.bulk('Cu', cubic=True))")
    if len(set(crystal.numbers.tolist())) > 1:
        raise ValueError(f"crystal: expected one element, got {crystal.symbols}")
    whole("repeat", repeat, 1, "copies")
    whole("steps", steps, 1, "steps")
    if number("fmax", fmax) <= 0:
        raise ValueError(f"fmax: expected a positive number of eV/Å, got {fmax!r}")
    atoms = crystal * (repeat, repeat, repeat)
    N = len(atoms)
    if N < 2:
        raise ValueError("crystal: expected at least two atoms in the repeated cell, got one; give a larger repeat")
    left = calculator.get_potential_energy(atoms) * (N - 1) / N
    del atoms[0]
    atoms.calc = calculator
    first = atoms.get_potential_energy() - left
    if not BFGS(atoms, logfile=None).run(fmax=fmax, steps=steps):
        most = np.abs(atoms.get_forces()).max()
        raise ValueError(
            f"steps: expected a relaxation that ends, got a force of {most:.2g} eV/Å after {steps} of them; the potential may have no "
            "minimum near this crystal"
        )
    return {
        "vacancy energy, eV": float(atoms.get_potential_energy() - left),
        "vacancy energy, not relaxed, eV": float(first),
    }
