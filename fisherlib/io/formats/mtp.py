"""Configurations of moment tensor potentials: the ``.cfg`` of MLIP."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from .lammps.text import Line, integer, lines, table, take
from .stacking import UNITS, Parsed, stack
from .values import of_symbols

#: How such files begin.
BEGINS = rb"\s*BEGIN_CFG\b"
_POSITIONS, _FORCES = ("cartes_x", "cartes_y", "cartes_z"), ("fx", "fy", "fz")
_VIRIAL = ("xx", "yy", "zz", "yz", "xz", "xy")
_WAY = "give elements=('Ta', …), one for each type from 0 on"


def read(path: Path, *, elements: Sequence[str] | None = None) -> list[Configurations]:
    """The configurations of a file as one trajectory, in eV and Å; "PlusStress" becomes the virial −∂U/∂ε, eV.

    Words after "Feature" become entries of that name. A configuration with three vectors in Supercell is periodic, one
    without is not.

    Args:
        path: text.
        elements: symbols of types 0, 1, …, which the file does not say.

    Raises:
        ValueError: no elements, another layout, or a damaged or truncated file.

    Source: MLIP-2 manual, "Configurations and their format".
    """
    if elements is None or isinstance(elements, str):
        raise ValueError(
            f"elements: expected a list of symbols for {path.name}, which only has types, got {elements!r}; {_WAY}"
        )
    file = lines(path)
    parsed: list[Parsed] = []
    for number, line in file:
        if line.split() == ["BEGIN_CFG"]:
            parsed.append(_configuration(path, f"{path.name}, configuration {len(parsed)}", file, tuple(elements)))
        elif line.split():
            raise ValueError(
                f"{path.name}: expected BEGIN_CFG in line {number}, got {line.strip()!r:.40}; it is damaged"
            )
    if not parsed:
        raise ValueError(f"{path.name}: expected at least one configuration, got none")
    stated = {**UNITS, "virial": "eV"}
    return [stack(path.stem, path.name, parsed, units=stated)]


def _configuration(path: Path, place: str, file: Iterator[Line], elements: tuple[str, ...]) -> Parsed:
    """One configuration, from the line after its beginning up to its end."""
    size = 0
    found: dict[str, Any] = {}
    entries: dict[str, Any] = {}
    pending: Line | None = None
    while (line := pending or next(file, None)) is not None:
        pending, (number, text) = None, line
        words = text.split()
        match words:
            case []:
                continue
            case ["END_CFG"]:
                return _parsed(place, found, entries)
            case ["Size"]:
                size = integer(path, take(path, file, 1, "the number of atoms")[0], "the number of atoms")
            case ["Supercell"]:
                rows, pending = _rows(file)
                found["cell"] = table(path, rows, columns=3)
            case ["AtomData:", *names]:
                if not 0 < size:
                    raise ValueError(f"{place}: expected the number of atoms (Size) before line {number}, got none")
                atoms = table(path, take(path, file, size, "atoms"), columns=len(names))
                found |= _atoms(place, names, atoms, elements)
            case ["Energy"]:
                entries["energies"] = float(table(path, take(path, file, 1, "the energy"), columns=1)[0, 0])
            case ["PlusStress:" | "Stress:", *names]:
                sign = 1.0 if words[0] == "PlusStress:" else -1.0
                six = dict(
                    zip(
                        names, sign * table(path, take(path, file, 1, "the stress"), columns=len(names))[0], strict=True
                    )
                )
                if set(six) == set(_VIRIAL):
                    entries["virial"] = np.array([six[name] for name in _VIRIAL])
            case ["Feature", name, *rest]:
                entries[name] = " ".join(rest)
            case _:
                raise ValueError(
                    f"{place}: expected a part of a configuration in line {number}, got {text.strip()!r:.40}"
                )
    raise ValueError(
        f"{place}: expected END_CFG, got the end of the file; it is truncated: take that configuration away"
    )


def _rows(file: Iterator[Line]) -> tuple[list[Line], Line | None]:
    """Up to three lines of numbers, and the line that is none."""
    rows: list[Line] = []
    for line in file:
        if not re.match(r"\s*[-+.\d]", line[1]):
            return rows, line
        rows.append(line)
    return rows, None


def _atoms(place: str, names: Sequence[str], atoms: NDArray, elements: tuple[str, ...]) -> dict[str, NDArray]:
    column = {name: atoms[:, k] for k, name in enumerate(names)}
    if not {"type", *_POSITIONS} <= column.keys():
        raise ValueError(
            f"{place}: expected columns type {' '.join(_POSITIONS)}, got {' '.join(names)[:80]}; write those"
        )
    types = column["type"]
    if not np.isin(types, np.arange(len(elements))).all():
        raise ValueError(
            f"elements: expected one for each type of {place}, got {len(elements)} and a type {types.max():g}; {_WAY}"
        )
    numbers = of_symbols(place, [elements[int(kind)] for kind in types], _WAY)
    made = {"numbers": numbers, "positions": np.stack([column[name] for name in _POSITIONS], axis=1)}
    return made | ({"forces": np.stack([column[n] for n in _FORCES], axis=1)} if {*_FORCES} <= column.keys() else {})


def _parsed(place: str, found: dict[str, Any], entries: dict[str, Any]) -> Parsed:
    cell = found.pop("cell", np.zeros((0, 3)))
    if "positions" not in found or cell.shape not in ((0, 3), (3, 3)):
        wanted = "AtomData and no or three vectors in Supercell"
        raise ValueError(f"{place}: expected {wanted}, got {', '.join(found) or 'no atoms'} and {len(cell)} vectors")
    return Parsed(found, entries, *((cell, (True, True, True)) if len(cell) else ()))
