"""The comment line of extended xyz: what it says, each entry and each column once, and spelt as ASE reads it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ase.io.extxyz import REV_PROPERTY_NAME_MAP, per_atom_properties, per_config_properties

from .values import is_number

# One letter, an escaped one, or all within quotes or brackets, which end with the line at the latest.
_PART = r"""\\.|"(?:\\.|[^"\\])*+(?:"|$)|'(?:\\.|[^'\\])*+(?:'|$)|\{(?:\\.|[^}\\])*+(?:\}|$)|\[(?:\\.|[^]\\])*+(?:\]|$)|[^\s=\\"'{\[]"""
_WORD = rf"(?:{_PART})+"  # never given back: all that follows may be missing
_ENTRY = re.compile(rf"(?P<key>{_WORD})(?P<told>\s*=\s*(?P<value>{_WORD})?)?(?:\s*=\s*(?:{_WORD})?)*")
_MARKS = re.compile(_PART)

#: Columns that ASE turns into floating-point numbers whatever type is stated; true and false would become 1 and 0.
_NUMBERS = {*per_atom_properties, "positions", "numbers", "momenta", "masses"}
#: Entries that ASE knows in one spelling only.
_SPELT = {name.lower(): name for name in ("Lattice", "Properties", "pbc")}
#: Entries that ASE takes for arrays of numbers, and stops at where they are none.
_ARRAYS = {*per_config_properties, "virial"} - {"energy", "free_energy", "magmom"}
_TENSORS = ("stress", "virial")
#: The place of each of nine numbers among six, xx yy zz yz xz xy.
_NINE_OF_SIX = (0, 5, 4, 5, 1, 3, 4, 3, 2)


class Entry(NamedTuple):
    """One entry: its name and value in plain words, and what of the line it takes."""

    name: str
    value: str
    text: str


class Column(NamedTuple):
    """Neighbouring values in the line of an atom: their name for ASE, type (S, R, I or L), and how many."""

    name: str
    letter: str
    width: int


def columns_of(comment: str) -> list[Column] | None:
    """The columns of the lines of atoms, if the comment says them.

    Raises:
        ValueError: an entry or a column is given twice (ASE would silently take the last), or a column of numbers has
            another type.
    """
    entries = [entry for entry in _entries(comment) if isinstance(entry, Entry)]
    _once([entry.name for entry in entries], "the entry")
    told = next((entry.value for entry in entries if entry.name == "Properties"), None)
    if told is None:
        return None
    fields = told.split(":")
    names = [REV_PROPERTY_NAME_MAP.get(name, name) for name in fields[::3]]
    _once(names, "the column")
    for name, letter in zip(names, fields[1::3], strict=False):
        if name in _NUMBERS and letter not in ("R", "I"):
            raise ValueError(f"the column {name!r} is to hold numbers, and Properties states the type {letter!r:.9}")
    return [Column(*column) for column in zip(names, fields[1::3], map(int, fields[2::3]), strict=False)]


def as_ase_reads(comment: str) -> str:
    """The comment with the names that ASE knows, nine numbers of a stress, and without what ASE would stop at.

    ``lattice``, ``properties`` and ``PBC`` in any case are what they are in ASE's; six numbers of a stress or virial are
    xx yy zz yz xz xy. Entries without a value, a stress of anything but numbers, and damaged JSON are left out: nobody
    may have asked for them.
    """
    return " ".join(_spelt(part) if isinstance(part, Entry) else part for part in _entries(comment))


def _spelt(entry: Entry) -> str:
    if not entry.value or (entry.value.startswith("_JSON ") and not _is_json(entry.value[6:])):
        return ""
    if entry.name in _ARRAYS and not _are_numbers(entry):
        return ""
    numbers = entry.value.replace(",", " ").split()
    if entry.name in _TENSORS and len(numbers) == 6:
        return f'{entry.name}="{" ".join(numbers[k] for k in _NINE_OF_SIX)}"'
    return f"{entry.name}={entry.text.partition('=')[2]}" if entry.name in _SPELT.values() else entry.text


def _are_numbers(entry: Entry) -> bool:
    numbers = entry.value.replace(",", " ").split()
    return all(map(is_number, numbers)) and (entry.name not in _TENSORS or len(numbers) in (6, 9))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _entries(comment: str) -> Iterator[Entry | str]:
    """Entries in order, split as ASE splits them, and words without a value as they are."""
    for found in _ENTRY.finditer(comment.strip()):
        name = _plain(found["key"])
        told = found["told"] is not None
        yield Entry(_SPELT.get(name.lower(), name), _plain(found["value"] or ""), found[0]) if told else found[0]


def _plain(word: str) -> str:
    """A word without its quotes, brackets and backslashes."""
    return "".join(_inner(mark[0]) for mark in _MARKS.finditer(word))


def _inner(mark: str) -> str:
    if mark[0] in "\"'{[":
        mark = mark[1:].removesuffix({"{": "}", "[": "]"}.get(mark[0], mark[0]))
    return re.sub(r"\\(.)", r"\1", mark)


def _once(names: list[str], what: str) -> None:
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise ValueError(f"{what} {twice!r:.40} is given twice; keep the one that counts")
