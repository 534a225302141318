"""Numbers in the text that LAMMPS writes: tables, total energies by step, and how many digits they have."""

import itertools
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....arguments import floats
from ...strict import regular
from ..values import is_number

#: Significant digits of LAMMPS's %g; an energy of −12345.6 eV is then known to 0.1 eV.
FEW = 6

_WAY = (
    "give energies= as an array, as a text of two columns (step and energy, as of 'fix ave/time 1 1 100 c_thermo_pe file …'), or "
    "as a column of energies per atom such as 'c_pe'; such a text beside the dump, named {}, is found without being given"
)

#: A line with its number in the file, from 1.
Line = tuple[int, str]


def lines(path: Path) -> Iterator[Line]:
    """Lines of a text file with their numbers; other files are refused."""
    try:
        with open(regular(path), encoding="utf-8") as file:
            yield from enumerate(file, 1)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name}: expected text in UTF-8, got byte {error.object[error.start]:#x}; LAMMPS's binary2txt turns its binary files into text"
        ) from error


def filled(path: Path) -> Iterator[Line]:
    """The lines that are neither blank nor comments."""
    return ((n, line) for n, line in lines(path) if line.strip() and not line.lstrip().startswith("#"))


def take(path: Path, file: Iterator[Line], count: int, what: str) -> list[Line]:
    """The next ``count`` lines; a file that ends before is refused."""
    found = list(itertools.islice(file, count))
    if len(found) < count:
        raise ValueError(
            f"{path.name}: expected {count} lines of {what}, got {len(found)} before the end of the file; it is truncated: "
            "take away what is incomplete at its end"
        )
    return found


def integer(path: Path, line: Line, what: str) -> int:
    """The whole number that a line holds."""
    number, text = line
    if not re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text, flags=re.ASCII):
        raise ValueError(f"{path.name}: expected {what}, a whole number, in line {number}, got {text.strip()!r:.40}")
    return int(text)


def table(
    path: Path, rows: Sequence[Line], *, columns: int, chosen: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """Numbers of ``rows``, (n, columns) or those of the columns ``chosen``.

    Raises:
        ValueError: a line with more or fewer words than ``columns``, or a word that is no number.
    """
    texts = [text for _, text in rows]
    even = chosen is None or all(len(text.split()) == columns for text in texts)  # loadtxt looks at those chosen only
    try:
        numbers = np.loadtxt(texts, comments=None, ndmin=2, usecols=chosen) if even else None
    except ValueError:
        numbers = None
    if numbers is None or numbers.shape != (len(rows), columns if chosen is None else len(chosen)):
        raise _damaged(path, rows, columns, range(columns) if chosen is None else chosen)
    return numbers


def _damaged(path: Path, rows: Sequence[Line], columns: int, chosen: Sequence[int]) -> ValueError:
    for number, text in rows:
        words = text.split()
        if len(words) != columns:
            return ValueError(
                f"{path.name}: expected {columns} columns in line {number}, got {len(words)}; the file is damaged or truncated"
            )
        for k in chosen:
            if not is_number(words[k]) or "_" in words[k]:  # which is Python's own liberty
                return ValueError(
                    f"{path.name}: expected a number in column {k + 1} of line {number}, got {words[k]!r:.20}; the file is damaged"
                )
    found = f"others from line {rows[0][0]} on" if rows else "no line"
    return ValueError(f"{path.name}: expected {columns} columns of numbers, got {found}; the file is damaged")


def totals(
    path: Path,
    energies: ArrayLike | os.PathLike | str | None,
    atoms: Mapping[str, NDArray],
    n_atoms: NDArray[np.integer],
    steps: NDArray[np.integer],
) -> NDArray[np.float64] | None:
    """Total energies, (M,) eV: the array given, or those of a text of two columns, or the sums of a column per atom.

    The values of a text are found by ``steps`` (M,); without ``energies`` that beside the dump is taken, or there are none.

    Raises:
        FileNotFoundError: no such text.
        ValueError: not one for each frame.
    """
    beside = path.with_name(f"{path.name}.energies")
    way = _WAY.format(beside.name)
    if energies is None and not beside.is_file():
        return None
    if isinstance(energies, str) and energies in atoms:
        column = atoms[energies]
        if column.ndim != 1 or column.dtype.kind != "f":
            raise ValueError(
                f"energies: expected a column of one number for each atom, got {energies!r} of shape {column.shape}; {way}"
            )
        return np.add.reduceat(column, np.cumsum(n_atoms) - n_atoms)
    if energies is None or isinstance(energies, str | os.PathLike):
        text = Path(beside if energies is None else energies)
        if not text.is_file():
            raise FileNotFoundError(f"energies: no such file or column of {path.name}: {text}; {way}")
        values = _series(text)
        if lacking := [step for step in steps.tolist() if step not in values]:
            raise ValueError(
                f"{text.name}: expected an energy for each of the {len(steps)} steps of {path.name}, got none for {len(lacking)}, "
                f"the first step {lacking[0]}; write both at the same steps"
            )
        return np.array([values[step] for step in steps.tolist()])
    array = floats("energies", energies)
    if array.shape != n_atoms.shape:
        raise ValueError(
            f"energies: expected one for each of the {len(n_atoms)} frames of {path.name}, got shape {array.shape}"
        )
    return array


def _series(path: Path) -> dict[int, float]:
    """Value by step, from a text of two columns such as that of ``fix ave/time``; lines that begin with # are skipped.

    Raises:
        ValueError: other columns, no line, or two values of one step.
    """
    if not (rows := list(filled(path))):
        raise ValueError(f"{path.name}: expected lines of two columns, step and value, got none")
    warn_of_few_digits(path, [text for _, text in rows], "'format \" %.16g\"' in fix ave/time", stacklevel=5)
    values: dict[int, float] = {}
    for (number, text), value in zip(rows, table(path, rows, columns=2)[:, 1].tolist(), strict=True):
        step = integer(path, (number, text.split()[0]), "the step")
        if values.setdefault(step, value) != value:
            raise ValueError(f"{path.name}: expected one value for step {step}, got {values[step]} and {value}")
    return values


def warn_of_few_digits(path: Path, rows: Sequence[str], remedy: str, *, stacklevel: int) -> None:
    """Warns if no number has more digits than LAMMPS writes by default."""
    words = [w for row in rows[:9] for w in row.split() if re.fullmatch(r"[+-]?\d*\.\d+([eE][+-]?\d+)?", w)]
    digits = [len(re.sub(r"[eE].*|\D", "", word).lstrip("0")) for word in words]
    if len(digits) > 2 and max(digits) <= FEW:
        warnings.warn(
            f"{path.name}: numbers have at most {FEW} digits, which is little for energies and for force descriptors; write them with {remedy}",
            stacklevel=stacklevel,
        )
