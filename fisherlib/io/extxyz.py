"""Extended xyz files, through ASE."""

from pathlib import Path
from typing import Any

import ase.io
import numpy as np
from ase.io.extxyz import per_atom_properties

from .stored import ASE_UNITS, Stored, stack_atoms, stack_entries


def read(path: Path) -> list[Stored]:
    """All configurations of an extended xyz file as one trajectory; ``split`` tells several apart.

    Energies and forces that ASE takes for results of a calculator stand beside the other columns, under ASE's names.

    Raises:
        ValueError: the file cannot be read, holds nothing, or has a column of varying shape.
    """
    try:
        configurations = ase.io.read(path, index=":", format="extxyz")
    except (ValueError, KeyError, IndexError, AssertionError, OSError, ase.io.formats.UnknownFileTypeError) as error:
        raise ValueError(
            f"{path.name}: expected an extended xyz file, got one that ASE cannot read ({error})"
        ) from error
    if not configurations:
        raise ValueError(f"{path.name}: expected at least one configuration, got none")
    atoms, no_column = stack_atoms(path.name, [a.arrays | _results(a, per_atom=True) for a in configurations])
    entries, no_entry = stack_entries([a.info | _results(a, per_atom=False) for a in configurations])
    box = {}
    if any(a.pbc.any() for a in configurations):
        box = {
            "cell": np.array([a.cell.array for a in configurations]),
            "pbc": np.array([a.pbc for a in configurations]),
        }
    return [
        Stored(
            key=path.stem,
            place=path.name,
            n_atoms=np.array([len(a) for a in configurations]),
            atoms=atoms,
            configurations=entries,
            incomplete=no_entry | no_column,
            units=ASE_UNITS,
            **box,
        )
    ]


def _results(atoms: ase.Atoms, *, per_atom: bool) -> dict[str, Any]:
    results = atoms.calc.results if atoms.calc else {}
    found = {name: value for name, value in results.items() if (name in per_atom_properties) == per_atom}
    return {name: np.asarray(value) for name, value in found.items()} if per_atom else found


def split(stored: Stored, key: str) -> list[Stored]:
    """The trajectories that a comment-line entry tells apart, in the order they begin in the file.

    Raises:
        ValueError: a configuration has no such entry.
    """
    if key not in stored.configurations:
        found = ", ".join(stored.configurations)
        raise ValueError(
            f"key: no {key!r} in configuration {stored.incomplete.get(key, 0)} of {stored.place}; it has {found}; "
            "name it by key="
        )
    rows: dict[str, list[int]] = {}
    for m, value in enumerate(stored.configurations[key]):
        rows.setdefault(str(value), []).append(m)
    return [stored.take(name, members) for name, members in rows.items()]
