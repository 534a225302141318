"""The frames of a LAMMPS dump, as text cut into its parts."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .text import Line, integer, lines, table, take


class Frame(NamedTuple):
    """One frame: its step, its box, and the lines of its atoms."""

    step: int
    cell: NDArray[np.float64]  # (3, 3) Å, rows a, b, c
    origin: NDArray[np.float64]  # (3,) Å, where the box begins
    pbc: tuple[bool, ...]  # (3,) which directions are periodic
    names: tuple[str, ...]  # of the columns
    rows: Sequence[Line]  # one for each atom
    units: str = "metal"  # LAMMPS's word for all of them


#: Units of LAMMPS in which there are energies and forces of atoms, as a dump may state them.
UNITS = ("metal", "real", "electron")


def frames(path: Path) -> Iterator[Frame]:
    """The frames of a dump, one after the other.

    Raises:
        ValueError: another layout, other units than ``UNITS``, or a truncated or damaged file.

    Source: LAMMPS documentation, dump command, styles atom and custom.
    """
    file = lines(path)
    found: dict[str, Any] = {}
    units = "metal"
    for number, line in file:
        words = line.split()
        if words[:2] == ["ITEM:", "ATOMS"]:
            yield _frame(path, number, found, tuple(words[2:]), file)._replace(units=units)
            found = {}
        elif words == ["ITEM:", "NUMBER", "OF", "ATOMS"]:
            found["atoms"] = integer(path, take(path, file, 1, "the number of atoms")[0], "the number of atoms")
        elif words[:3] == ["ITEM:", "BOX", "BOUNDS"]:
            found["box"] = _box(path, number, words[3:], take(path, file, 3, "the box"))
        elif words == ["ITEM:", "TIMESTEP"]:
            found["step"] = integer(path, take(path, file, 1, "the step")[0], "the step")
        elif words == ["ITEM:", "TIME"]:
            take(path, file, 1, "the time")
        elif words == ["ITEM:", "UNITS"]:
            units = take(path, file, 1, "the units")[0][1].strip()
            if units not in UNITS:
                raise ValueError(
                    f"{path.name}: expected units {', '.join(UNITS)}, got {units!r:.20} in line {number + 1}; run LAMMPS with units metal"
                )
        elif words:
            raise ValueError(
                f"{path.name}: expected a dump of atoms, of LAMMPS's style atom or custom, got {line.strip()!r:.60} in line {number}"
            )
    if found:
        raise ValueError(
            f"{path.name}: expected atoms of the last frame, got the end of the file; take that frame away"
        )


def _frame(path: Path, number: int, found: dict[str, Any], names: tuple[str, ...], file: Iterator[Line]) -> Frame:
    for part, title in (("step", "TIMESTEP"), ("atoms", "NUMBER OF ATOMS"), ("box", "BOX BOUNDS")):
        if part not in found:
            place = f"before the atoms in line {number}"
            raise ValueError(f"{path.name}: expected 'ITEM: {title}' {place}, got none; it is damaged")
    if found["atoms"] < 1 or not names:
        raise ValueError(
            f"{path.name}: expected at least one atom and the names of its columns in line {number}, got {found['atoms']} atoms and {len(names)} names"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"{path.name}: expected different names of columns in line {number}, got one of them twice")
    rows = take(path, file, found["atoms"], f"atoms of step {found['step']}")
    cell, origin, pbc = found["box"]
    return Frame(found["step"], cell, origin, pbc, names, rows)


def _box(path: Path, number: int, words: list[str], bounds: list[Line]) -> tuple[NDArray, NDArray, tuple[bool, ...]]:
    flags = [word for word in words if len(word) == 2 and set(word) <= set("pfsm")]
    style = [word for word in words if word not in flags]
    if style not in ([], ["xy", "xz", "yz"]) or len(flags) != 3:
        raise ValueError(
            f"{path.name}: expected 'ITEM: BOX BOUNDS' with xy xz yz for a tilted box and three flags such as pp pp pp in line "
            f"{number}, got {' '.join(words)!r:.40}; write it with 'dump_modify triclinic/general no' and a recent LAMMPS"
        )
    numbers = table(path, bounds, columns=3 if style else 2)
    xy, xz, yz = numbers[:, 2] if style else (0.0, 0.0, 0.0)
    with np.errstate(all="ignore"):
        # The bounds are those of the smallest upright box around the tilted one.
        low = numbers[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
        high = numbers[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
        cell = np.diag(high - low)
    cell[1, 0], cell[2, 0], cell[2, 1] = xy, xz, yz
    if not (np.isfinite(cell).all() and np.isfinite(low).all()):
        raise ValueError(
            f"{path.name}: expected a box of finite size after line {number}, got another; the simulation has blown up"
        )
    return cell, low, tuple(flag == "pp" for flag in flags)
