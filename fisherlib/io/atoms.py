"""Configurations of a program, ``ase.Atoms`` in memory, as an opened file has them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from ase import Atoms
from ase.io.extxyz import per_atom_properties

from ..arguments import each
from ..configurations import Configurations
from .formats.stacking import UNITS, Parsed, stack

#: What they are called in place of a file.
CALLED = "configurations"
#: Trajectories by key, one trajectory, or one configuration.
Given = Atoms | Sequence[Atoms] | Mapping[str, Sequence[Atoms]]
#: What a calculator is asked for.
_RESULTS = ("energy", "forces", "stress")


def are_atoms(given: object) -> TypeGuard[Given]:
    """Whether something is configurations and no path."""
    if isinstance(given, Mapping):
        return bool(given) and all(map(are_atoms, given.values()))
    return isinstance(given, Atoms) or (isinstance(given, Sequence) and any(isinstance(a, Atoms) for a in given))


def stored(given: Given) -> list[Configurations]:
    """A trajectory for each key, with all arrays, entries and results of the calculators.

    Raises:
        TypeError: something among them is no ``ase.Atoms``.
        ValueError: none, or arrays that differ in shape.
    """
    named = given if isinstance(given, Mapping) else {CALLED: [given] if isinstance(given, Atoms) else given}
    way = "fl.featurise(ase.io.read('md.xyz', ':'), …)"
    made = []
    for key, some in named.items():
        parts = [_parsed(atoms) for atoms in each("configurations", some, Atoms, way)]
        made.append(stack(str(key), str(key), parts, units={**UNITS, "energy": "eV"}))
    return made


def _parsed(atoms: Atoms) -> Parsed:
    found = _results(atoms)
    of_atoms = {name: np.asarray(value) for name, value in found.items() if name in per_atom_properties}
    of_all = {name: value for name, value in found.items() if name not in per_atom_properties}
    return Parsed(dict(atoms.arrays) | of_atoms, atoms.info | of_all, atoms.cell.array, atoms.pbc)


def _results(atoms: Atoms) -> dict[str, Any]:
    """What the calculator has computed for these positions; one that has computed nothing computes it."""
    if atoms.calc is None:
        return {}
    known = getattr(atoms.calc, "results", {}) if not atoms.calc.check_state(atoms) else {}
    wanted = [name for name in _RESULTS if name in atoms.calc.implemented_properties]
    found = {name: value for name, value in known.items() if value is not None}
    if not {"energy", "forces"} & {*found} and wanted:
        found |= {
            "energy": atoms.calc.get_property("energy", atoms),
            "forces": atoms.calc.get_property("forces", atoms),
        }
    return found
