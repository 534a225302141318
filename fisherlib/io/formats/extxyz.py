"""Extended xyz files, through ASE, once their comment lines give each entry and each column once."""

import re
from pathlib import Path
from typing import TextIO

import ase.io
import numpy as np
from ase.io.extxyz import REV_PROPERTY_NAME_MAP, per_atom_properties

from ...configurations import Configurations
from .stacking import ASE_UNITS, Parsed, stack

# One letter, an escaped one, or all within quotes or brackets, which end with the line at the latest.
_PART = r"""\\.|"(?:\\.|[^"\\])*+(?:"|$)|'(?:\\.|[^'\\])*+(?:'|$)|\{(?:\\.|[^}\\])*+(?:\}|$)|\[(?:\\.|[^]\\])*+(?:\]|$)|[^\s=\\"'{\[]"""
_WORD = rf"(?:{_PART})++"
_ENTRY = re.compile(rf"(?P<key>{_WORD})(?P<told>\s*=\s*(?P<value>{_WORD})?)?(?:\s*=\s*(?:{_WORD})?)*")
_MARKS = re.compile(_PART)

#: Columns that ASE turns into floating-point numbers whatever type is stated; true and false would become 1 and 0.
_NUMBERS = {*per_atom_properties, "positions", "numbers", "momenta", "masses"}


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
                f"{path.name}: expected an extended xyz file, got one that cannot be read ({why}); repair it or leave that configuration out"
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
    """Refuses what ASE would read without end or silently drop: surplus columns, entries given twice, all after a blank line."""
    number = 0
    while (line := file.readline()).strip():
        number += 1
        N = int(line)
        if not 0 < N <= size:
            raise ValueError(f"line {number}: {N} atoms in a file of {size} bytes")
        try:
            columns = columns_told(file.readline())
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


def columns_told(comment: str) -> int | None:
    """Number of values in the line of an atom, if the comment says it.

    Raises:
        ValueError: an entry or a column is given twice (ASE would silently take the last), or a column of numbers has
            another type.
    """
    entries = _entries(comment)
    _once([key for key, _ in entries], "the entry")
    told = dict(entries).get("Properties")
    if told is None:
        return None
    fields = told.split(":")
    names = [REV_PROPERTY_NAME_MAP.get(name, name) for name in fields[::3]]
    _once(names, "the column")
    for name, letter in zip(names, fields[1::3], strict=False):
        if name in _NUMBERS and letter not in ("R", "I"):
            raise ValueError(f"the column {name!r} is to hold numbers, and Properties states the type {letter!r:.9}")
    return sum(int(count) for count in fields[2::3])


def _entries(comment: str) -> list[tuple[str, str]]:
    """Names and values in order, split as ASE splits them; words without a value are left out."""
    found = (entry for entry in _ENTRY.finditer(comment.strip()) if entry["told"])
    return [(_plain(entry["key"]), _plain(entry["value"] or "")) for entry in found]


def _plain(word: str) -> str:
    """A word without its quotes, brackets and backslashes."""
    return "".join(_inner(mark[0]) for mark in _MARKS.finditer(word))


def _inner(mark: str) -> str:
    if mark[0] in "\"'{[":
        mark = mark[1:].removesuffix({"{": "}", "[": "]"}.get(mark[0], mark[0]))
    return re.sub(r"\\(.)", r"\1", mark)


def _once(names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(f"{what} {twice!r:.40} is given twice; keep the one that counts")
