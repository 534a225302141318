"""Extended xyz files, through ASE, once each frame has the form that ASE reads."""

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import ase.io
import numpy as np
from ase.io.extxyz import per_atom_properties

from ...configurations import Configurations
from ..strict import cause
from .comment_line import Column, as_ase_reads, columns_of
from .stacking import ASE_UNITS, Parsed, stack
from .values import is_number

#: A stress is in ASE's unit and order, whose file may say it in six numbers or nine.
_UNITS = {**ASE_UNITS, "stress": "eV/Å³? xx yy zz yz xz xy"}
#: Frames that ASE reads at once: its objects take far more memory than their arrays.
BATCH = 500
#: Letters of a comment line; ASE takes a second for some ten thousand entries.
_LONGEST = 2**17
_PLAIN = [Column("symbols", "S", 1), Column("positions", "R", 3)]


class _Frame(NamedTuple):
    """One configuration as text: the number of its first line, from 1, its lines, and the columns of its atoms."""

    line: int
    lines: list[str]
    columns: Sequence[Column]


def read(path: Path) -> list[Configurations]:
    """All configurations of an extended xyz file as one trajectory; ``by_key`` separates several.

    Energies and forces that ASE regards as results of a calculator become columns and entries under ASE's names. What should
    be a floating-point number of an atom and is none, such as ********, is NaN, and told by "unreadable" of the provenance.

    Raises:
        ValueError: the file cannot be read, holds nothing, or has a column of varying shape.
    """
    unreadable: list[tuple[str, int, str]] = []
    try:
        frames = _frames(_text(path), path.stat().st_size)
        parts = [part for first in range(0, len(frames), BATCH) for part in _read_some(frames, first, unreadable)]
    # ASE raises all kinds of errors for a damaged file (KeyError, AttributeError, RecursionError …).
    except Exception as error:
        raise ValueError(
            f"{path.name}: expected an extended xyz file, got one that cannot be read ({_why(error)}); repair it or leave that configuration out"
        ) from error
    if not parts:
        raise ValueError(f"{path.name}: expected at least one configuration, got none")
    made = stack(path.stem, path.name, parts, units=_UNITS)
    lacking = {name: m for name, m, _ in reversed(unreadable)}
    about = {"unreadable": "; ".join(list(dict.fromkeys(told for _, _, told in unreadable))[:3])} if unreadable else {}
    return [dataclasses.replace(made, incomplete={**made.incomplete, **lacking}, provenance=about)]


def _text(path: Path) -> str:
    """The content, without the mark of byte order that some programs write; what is no UTF-8 is Latin-1."""
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _why(error: Exception) -> str:
    if isinstance(error, KeyError):  # of ASE, which has no words for it
        return f"{error!s:.40} is neither an element nor a known column"
    return cause(error, 300)


def _frames(text: str, size: int) -> list[_Frame]:
    """The configurations as text for ASE.

    Refuses what ASE would read without end or silently drop: surplus columns, entries given twice, all after a blank line.
    """
    lines, number = text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 0
    frames: list[_Frame] = []
    while number < len(lines) and lines[number].strip():
        try:
            frame = _frame(lines, number, size)
        except ValueError as error:
            raise ValueError(f"{error} (frame {len(frames)}, counted from 0)") from error
        frames.append(frame)
        number += len(frame.lines)
    if any(line.strip() for line in lines[number:]):
        raise ValueError(f"line {number + 1} is blank, and configurations follow it")
    return frames


def _frame(lines: list[str], number: int, size: int) -> _Frame:
    """The configuration that begins in a line, by its number from 0."""
    first = lines[number].strip()
    if not first.lstrip("-+").isascii() or not first.lstrip("-+").isdigit():
        told = f"expected the number of atoms, with which each frame begins in a line of its own, got {first!r:.40}"
        raise ValueError(f"line {number + 1}: {told}")
    N = int(first[:20])
    if not 0 < N <= size:
        raise ValueError(f"line {number + 1}: {N} atoms in a file of {size} bytes")
    told = "".join(lines[number + 1 : number + 2])
    if len(told) > _LONGEST:
        raise ValueError(f"line {number + 2}: {len(told)} letters of comment, and at most {_LONGEST} are read")
    try:
        comment = as_ase_reads(told)
        columns = columns_of(comment)
    except ValueError as error:
        raise ValueError(f"line {number + 2}: {error}") from error
    atoms, wanted = lines[number + 2 : number + 2 + N], sum(column.width for column in columns or ())
    if len(atoms) < N:
        raise ValueError(f"line {number + 1}: {N} atoms, and the file ends after {len(atoms)}")
    for i, line in enumerate(atoms):
        if columns is not None and (found := len(line.split())) != wanted:
            raise ValueError(f"line {number + 3 + i}: {found} values where Properties has {wanted} columns")
    last = number + 2 + N
    while last < len(lines) and lines[last].lstrip().startswith("VEC"):
        last += 1
    return _Frame(number + 1, [first, comment, *atoms, *lines[number + 2 + N : last]], columns or _PLAIN)


def _read_some(frames: Sequence[_Frame], first: int, unreadable: list[tuple[str, int, str]]) -> list[Parsed]:
    """The configurations of some frames; where ASE stops, each frame by itself, with NaN for what is no number."""
    some = frames[first : first + BATCH]
    try:
        found = _ase_reads(some)
    except Exception:
        found = [_read_one(m, frame, unreadable) for m, frame in enumerate(some, first)]
    return [_parsed(atoms) for atoms in found]


def _read_one(m: int, frame: _Frame, unreadable: list[tuple[str, int, str]]) -> ase.Atoms:
    columns, lines = [column for column in frame.columns for _ in range(column.width)], list(frame.lines)
    for i, line in enumerate(lines[2:], 2):
        words = line.split()
        for k, (column, word) in enumerate(zip(columns, words, strict=False)):
            if column.letter == "R" and not is_number(word):
                words[k] = "nan"
                unreadable.append((column.name, m, f"{word!r:.20} in line {frame.line + i}"))
        lines[i] = " ".join(words)
    try:
        return _ase_reads([frame._replace(lines=lines)])[0]
    except Exception as error:
        raise ValueError(f"line {frame.line}: {_why(error)} (frame {m}, counted from 0)") from error


def _ase_reads(frames: Sequence[_Frame]) -> list[ase.Atoms]:
    text = "\n".join("\n".join(frame.lines) for frame in frames)
    return list(ase.io.read(io.StringIO(text + "\n"), index=":", format="extxyz"))


def _parsed(atoms: ase.Atoms) -> Parsed:
    results = atoms.calc.results if atoms.calc else {}
    of_atoms = {name: np.asarray(value) for name, value in results.items() if name in per_atom_properties}
    of_all = {name: value for name, value in results.items() if name not in per_atom_properties}
    return Parsed(atoms.arrays | of_atoms, atoms.info | of_all, atoms.cell.array, atoms.pbc)


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
