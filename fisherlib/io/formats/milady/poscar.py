"""Configurations in MiLaDy's .poscar: a POSCAR with energies, forces and stress."""

from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from . import fortran


class Poscar(NamedTuple):
    """One configuration."""

    given: str  # the EFS-tag, whether energy, forces and stress are given: "110"
    energies: NDArray[
        np.float64
    ]  # (3,) eV: E1 of the electronic structure code, E2, E3 relative to references of its owner
    numbers: NDArray[np.integer]  # (N,), by the names of the elements
    cell: NDArray[np.float64]  # (3, 3) Å
    positions: NDArray[np.float64]  # (N, 3) Å
    forces: NDArray[np.float64] | None  # (N, 3) eV/Å, where the tag says that there are some
    stress: NDArray[np.float64] | None  # (6,) xx, yy, zz, yz, xz, xy, eV/Å³


class _Lines:
    """The lines of a file, one after the other; ``place`` is where the last one stood."""

    def __init__(self, path: Path) -> None:
        self.name, self.place, self.left = path.name, path.name, deque(fortran.lines(path))

    def next(self, what: str) -> list[str]:
        if not self.left:
            raise ValueError(f"{self.name}: expected {what}, got the end of the file; copy it again from its source")
        number, tokens = self.left.popleft()
        self.place = f"{self.name}, line {number}"
        return tokens

    def numbers(self, count: int, what: str) -> NDArray[np.float64]:
        tokens = self.next(what)
        if len(tokens) != count:
            raise self.error(f"{what}, {count} number{'s' * (count > 1)}", tokens, f"{len(tokens)}: ")
        return np.array(fortran.numbers(f"{self.place}, {what}", tokens))

    def block(self, rows: int, what: str) -> NDArray[np.float64]:
        if len(self.left) < rows:
            raise ValueError(
                f"{self.name}: expected {rows} lines of {what}, got {len(self.left)} before the file ends; copy it again from its source"
            )
        return np.array([self.numbers(3, what) for _ in range(rows)])

    def error(self, expected: str, tokens: list[str], got: str = "") -> ValueError:
        return ValueError(f"{self.place}: expected {expected}, got {got}{' '.join(tokens)[:80]!r}")


def read(path: Path) -> Poscar:
    """The configuration of a ``.poscar``; what follows the stress (the spin) is not read.

    The first line is "EFS-tag, number of elements, each element with a number, E1 E2 E3". The number beside an element
    is called its mass and is one in no published file, so it is not read. A line of element names before the counts,
    which some files have, must say the same as the first.

    Raises:
        ValueError: another layout, or numbers that are none.

    Source: MiLaDy's documentation of its database, and the databases published with its examples.
    """
    file = _Lines(path)
    given, elements, energies = _head(file)
    if (scale := file.numbers(1, "the scale")[0]) != 1:
        raise ValueError(f"{file.place}: expected the scale 1, got {scale:g}; multiply cell and positions by it")
    cell = file.block(3, "cell vectors")
    counts = _counts(file, elements)
    style = file.next("'Cartesian'")
    if style[0][0] not in "CcKk":
        raise ValueError(
            f"{file.place}: expected 'Cartesian', got {' '.join(style)[:40]!r}; MiLaDy's files have positions in Å"
        )
    positions = file.block(sum(counts), "positions")
    forces = file.block(sum(counts), "forces") if given[1] == "1" else None
    has_stress = forces is not None and file.left and len(file.left[0][1]) == 6
    stress = file.numbers(6, "the stress") if has_stress else None
    numbers = np.repeat([atomic_numbers[e] for e in elements], counts)
    return Poscar(given, energies, numbers, cell, positions, forces, stress)


def _head(file: _Lines) -> tuple[str, list[str], NDArray[np.float64]]:
    """EFS-tag, elements and energies of the first line."""
    tokens = file.next("a first line")
    layout = (
        "'EFS-tag, number of elements, each with its name and a number, E1 E2 E3', such as '111 1 Fe 26 -15.7 0.8 0'"
    )
    n = int(tokens[1]) if len(tokens) > 1 and tokens[1].isdecimal() and len(tokens[1]) < 4 else 0
    if n < 1 or len(tokens) != 5 + 2 * n or len(tokens[0]) != 3 or not set(tokens[0]) <= {"0", "1"}:
        raise file.error(layout, tokens)
    elements = tokens[2 : 2 + 2 * n : 2]
    fortran.refuse_unknown(file.place, elements)
    return tokens[0], elements, np.array(fortran.numbers(f"{file.place}, energies", tokens[-3:]))


def _counts(file: _Lines, elements: list[str]) -> list[int]:
    """Atoms of each element."""
    tokens = file.next("the number of atoms")
    if any(word in atomic_numbers for word in tokens):
        if tokens != elements:
            raise file.error(f"{' '.join(elements)} as in the first line", tokens)
        tokens = file.next("counts")
    counts = [fortran.integer(f"{file.place}, atoms", token) for token in tokens]
    if len(counts) != len(elements) or min(counts) < 1:
        raise file.error(f"the number of atoms of each of {', '.join(elements)}", tokens)
    return counts
