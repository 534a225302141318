"""Configurations in MiLaDy's .poscar: a POSCAR with energies, forces and stress."""

import dataclasses
from pathlib import Path

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from . import fortran

_Lines = list[tuple[int, list[str]]]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Poscar:
    """One configuration.

    Attributes:
        given: EFS-tag, whether energy, forces and stress are given: "110".
        energies: (3,) E1 as the electronic structure code has it, E2 and E3 relative to references of its owner; eV.
        numbers: (N,) atomic numbers, by the names of the elements.
        cell: (3, 3) Å.
        positions: (N, 3) Å.
        forces: (N, 3) eV/Å, or None if the tag says that there are none.
        stress: (6,) xx, yy, zz, yz, xz, xy, eV/Å³, or None.
    """

    given: str
    energies: NDArray[np.float64]
    numbers: NDArray[np.integer]
    cell: NDArray[np.float64]
    positions: NDArray[np.float64]
    forces: NDArray[np.float64] | None
    stress: NDArray[np.float64] | None


def read(path: Path) -> Poscar:
    """The configuration of a ``.poscar``; what follows the stress (the spin) is not read.

    The first line is "EFS-tag, number of elements, each element with a number, E1 E2 E3". The number beside an element
    is called its mass and is one in no published file, so it is not read. A line of element names before the counts,
    which some files have, must say the same as the first.

    Raises:
        ValueError: another layout, or numbers that are none.

    Source: MiLaDy's documentation of its database, and the databases published with its examples.
    """
    found = fortran.lines(path)
    given, elements, energies = _head(path, found)
    scale = _numbers(path, found, 1, 1, "the scale")[0]
    if scale != 1:
        raise ValueError(
            f"{path.name}, line {found[1][0]}: expected the scale 1, got {scale:g}; multiply cell and positions by it"
        )
    cell = _block(path, found, 2, 3, "cell vectors")
    at = 5
    if any(word in atomic_numbers for word in _line(path, found, at, "the number of atoms")):
        if found[at][1] != elements:
            raise ValueError(
                f"{path.name}, line {found[at][0]}: expected {' '.join(elements)} as in the first line, got "
                f"{' '.join(found[at][1])[:60]!r}"
            )
        at += 1
    counts = [fortran.integer(f"{path.name}, line {found[at][0]}, atoms", c) for c in _line(path, found, at, "counts")]
    if len(counts) != len(elements) or min(counts) < 1:
        raise ValueError(
            f"{path.name}, line {found[at][0]}: expected the number of atoms of each of {', '.join(elements)}, got "
            f"{' '.join(found[at][1])[:60]!r}"
        )
    style = _line(path, found, at + 1, "'Cartesian'")
    if style[0][0] not in "CcKk":
        raise ValueError(
            f"{path.name}, line {found[at + 1][0]}: expected 'Cartesian', got {' '.join(style)[:40]!r}; MiLaDy's files "
            "have positions in Å"
        )
    N, at = sum(counts), at + 2
    positions = _block(path, found, at, N, "positions")
    forces = _block(path, found, at + N, N, "forces") if given[1] == "1" else None
    end = at + 2 * N
    has_stress = forces is not None and len(found) > end and len(found[end][1]) == 6
    return Poscar(
        given=given,
        energies=energies,
        numbers=np.repeat([atomic_numbers[e] for e in elements], counts),
        cell=cell,
        positions=positions,
        forces=forces,
        stress=_numbers(path, found, end, 6, "the stress") if has_stress else None,
    )


def _head(path: Path, found: _Lines) -> tuple[str, list[str], NDArray[np.float64]]:
    """EFS-tag, elements and energies of the first line."""
    tokens = _line(path, found, 0, "a first line")
    layout = (
        "'EFS-tag, number of elements, each with its name and a number, E1 E2 E3', such as '111 1 Fe 26 -15.7 0.8 0'"
    )
    n = int(tokens[1]) if len(tokens) > 1 and tokens[1].isdecimal() and len(tokens[1]) < 4 else 0
    if n < 1 or len(tokens) != 5 + 2 * n or len(tokens[0]) != 3 or not set(tokens[0]) <= {"0", "1"}:
        raise ValueError(f"{path.name}, line {found[0][0]}: expected {layout}, got {' '.join(tokens)[:80]!r}")
    elements = tokens[2 : 2 + 2 * n : 2]
    for element in elements:
        if element not in atomic_numbers or element == "X":
            raise ValueError(f"{path.name}, line {found[0][0]}: expected names of elements, got {element[:20]!r}")
    place = f"{path.name}, line {found[0][0]}, energies"
    return tokens[0], elements, np.array([fortran.number(place, t) for t in tokens[-3:]])


def _line(path: Path, found: _Lines, at: int, what: str) -> list[str]:
    if at >= len(found):
        raise ValueError(f"{path.name}: expected {what}, got the end of the file; copy it again from its source")
    return found[at][1]


def _numbers(path: Path, found: _Lines, at: int, count: int, what: str) -> NDArray[np.float64]:
    tokens = _line(path, found, at, what)
    place = f"{path.name}, line {found[at][0]}"
    if len(tokens) != count:
        raise ValueError(
            f"{place}: expected {what}, {count} number{'s' * (count > 1)}, got {len(tokens)}: {' '.join(tokens)[:60]!r}"
        )
    return np.array(fortran.numbers(f"{place}, {what}", tokens))


def _block(path: Path, found: _Lines, at: int, rows: int, what: str) -> NDArray[np.float64]:
    if len(found) < at + rows:
        raise ValueError(
            f"{path.name}: expected {rows} lines of {what}, got {max(len(found) - at, 0)} before the file ends; copy it "
            "again from its source"
        )
    return np.array([_numbers(path, found, at + i, 3, what) for i in range(rows)])
