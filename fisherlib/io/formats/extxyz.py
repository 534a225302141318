"""Extended xyz files, through ASE."""

from pathlib import Path
from typing import TextIO

import ase.io
import numpy as np
from ase.io.extxyz import per_atom_properties

from ...configurations import Configurations
from . import comment_line
from .stacking import ASE_UNITS, Parsed, stack


def read(path: Path) -> list[Configurations]:
    """All configurations of an extended xyz file as one trajectory; ``by_key`` separates several.

    Energies and forces that ASE regards as results of a calculator become columns and entries under ASE's names.

    Raises:
        ValueError: the file cannot be read, holds nothing, or has a column of varying shape.
    """
    with open(path, encoding="utf-8") as file:
        # ASE raises all kinds of errors for a damaged file (KeyError, AttributeError, RecursionError …).
        try:
            _check_lines(file, path.stat().st_size)
            configurations = ase.io.read(file, index=":", format="extxyz")
        except Exception as error:
            why = f"{type(error).__name__}: {error!s:.200}".removeprefix("ValueError: ").rstrip(": ")
            raise ValueError(
                f"{path.name}: expected an extended xyz file, got one that cannot be read ({why}); repair it or leave that "
                "configuration out"
            ) from error
    if not configurations:
        raise ValueError(f"{path.name}: expected at least one configuration, got none")
    return [stack(path.stem, path.name, [_parsed(a) for a in configurations], units=ASE_UNITS)]


def _parsed(atoms: ase.Atoms) -> Parsed:
    results = atoms.calc.results if atoms.calc else {}
    of_atoms = {name: np.asarray(value) for name, value in results.items() if name in per_atom_properties}
    of_all = {name: value for name, value in results.items() if name not in per_atom_properties}
    return Parsed(atoms.arrays | of_atoms, atoms.info | of_all, atoms.cell.array, atoms.pbc)


def _check_lines(file: TextIO, size: int) -> None:
    """Refuses what ASE would read without end or silently drop: surplus columns, entries given twice, all after a blank line.

    The ``size`` of the file, bytes, is more than its number of lines.
    """
    number = 0
    while (line := file.readline()).strip():
        number += 1
        N = int(line)
        if not 0 < N <= size:
            raise ValueError(f"line {number}: {N} atoms in a file of {size} bytes")
        try:
            columns = comment_line.columns(file.readline())
        except ValueError as error:
            raise ValueError(f"line {number + 1}: {error}") from error
        for i in range(N):
            found = len(file.readline().split())
            if columns is not None and found != columns:
                raise ValueError(f"line {number + 2 + i}: {found} values where Properties has {columns} columns")
        number += N + 1
        place = file.tell()
        while file.readline().lstrip().startswith("VEC"):
            place, number = file.tell(), number + 1
        file.seek(place)
    if line and file.read().strip():
        raise ValueError(f"line {number + 1} is blank, and configurations follow it")
    file.seek(0)


def by_key(stored: Configurations, key: str) -> list[Configurations]:
    """One trajectory for each value of a comment-line entry, in the order in which they begin in the file.

    Raises:
        ValueError: a configuration has no such entry.
    """
    if key not in stored.entries:
        found = ", ".join(stored.entries)
        raise ValueError(
            f"key: no {key!r} in configuration {stored.incomplete.get(key, 0)} of {stored.place}; it has {found}; name it by key="
        )
    return stored.by_entry(key)
