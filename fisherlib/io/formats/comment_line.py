"""The comment line of extended xyz: its entries in order, each given once, and the columns that it announces."""

import re

from ase.io.extxyz import REV_PROPERTY_NAME_MAP, per_atom_properties

# One letter, an escaped one, or all within quotes or brackets, which end with the line at the latest.
_PART = r"""\\.|"(?:\\.|[^"\\])*+(?:"|$)|'(?:\\.|[^'\\])*+(?:'|$)|\{(?:\\.|[^}\\])*+(?:\}|$)|\[(?:\\.|[^]\\])*+(?:\]|$)|[^\s=\\"'{\[]"""
_WORD = rf"(?:{_PART})++"
_ENTRY = re.compile(rf"(?P<key>{_WORD})(?P<told>\s*=\s*(?P<value>{_WORD})?)?(?:\s*=\s*(?:{_WORD})?)*")
_MARKS = re.compile(_PART)

#: Columns that ASE turns into floating-point numbers whatever type is stated; true and false would become 1 and 0.
_NUMBERS = {*per_atom_properties, "positions", "numbers", "momenta", "masses"}


def columns(comment: str) -> int | None:
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
