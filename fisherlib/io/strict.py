"""What files must be before they are read: regular ones, JSON that has every key once, and a suffix of their format."""

import contextlib
import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

#: So many lists are read whatever is in them; of more, each has five letters at least, as an empty one takes 64 bytes.
_CONTAINERS = 10_000
#: Words about Python's objects, not about a file: "list index out of range".
_OF_PYTHON = re.compile(
    r"out of range|to unpack|NoneType|\bobjects?\b|attribute|local variable|reshape|broadcast|inhomogeneous|division"
)
_NO_NUMBER = re.compile(r"(could not convert string to \w+|invalid literal for int\(\) with base 10): (?P<word>.*)")


class Twice(ValueError):
    """A key that occurs twice among the entries of one object."""


def regular(path: Path) -> Path:
    """The path, unless it is of a pipe, whose opening would block, a device, which never ends, or a folder: a ValueError.

    One that is missing is left for its reader to say.
    """
    if os.path.lexists(path) and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe or a device" if path.exists() else "a link to nothing"
        raise ValueError(f"{path.name}: expected a file, got {what}; move it out of the folder")
    return path


def cause(error: Exception, most: int = 120) -> str:
    """What stopped a parser that is not ours, in words: its own where they speak of the file, not of Python's objects."""
    told = " ".join(str(error).split())
    if isinstance(error, KeyError):
        return f"{told:.40} is missing or not known"
    if found := _NO_NUMBER.fullmatch(told):
        return f"{found['word']:.40} is no number"
    if not told or _OF_PYTHON.search(told):
        return "something is missing that belongs there"
    return told if len(told) <= most else f"{told[:most]} …"


@contextlib.contextmanager
def intact(place: str, what: str) -> Iterator[None]:
    """Says in one sentence that a file is damaged, whatever that provokes in a library; sentences about memory and access stay."""
    try:
        yield
    except (MemoryError, PermissionError, FileNotFoundError):
        raise
    except Exception as error:
        raise ValueError(
            f"{place}: expected an intact {what}, got a damaged or another one ({cause(error, 300)}); copy it again from its source"
        ) from error


@contextlib.contextmanager
def in_memory(path: Path) -> Iterator[None]:
    """Says in words that what a file holds does not fit into the memory; sentences of ours stay as they are."""
    try:
        yield
    except MemoryError as error:
        if type(error) is MemoryError and error.args:
            raise
        wanted = f"{path.name}: its content does not fit into the memory that is free"
        raise MemoryError(f"{wanted}; close other programs, or split the file") from None


def ending(path: str | os.PathLike, *suffixes: str) -> Path:
    """A path to write to; a ValueError if its name has not the suffix of the format."""
    if Path(path).suffix not in suffixes:
        raise ValueError(f"path: expected a name ending in {' or '.join(suffixes)}, got {Path(path).name!r}")
    return Path(path)


def parse_json(text: str | bytes, place: str, layout: str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The content of JSON, in which no key may occur twice: Python's own reader silently takes the last one.

    Messages name the ``place`` of the text and the ``layout`` that is expected; ``parse_constant`` is for ``json.loads``.

    Raises:
        Twice: a key that occurs twice.
        ValueError: no JSON, lists within lists without end, or lists that hold next to nothing.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise Twice(f"{place}: expected each key once, got {twice!r:.40} twice; keep the one that counts")
        return made

    brackets = sum(map(text.count, "[{")) if isinstance(text, str) else sum(map(text.count, (b"[", b"{")))
    if brackets > len(text) // 6 + _CONTAINERS:
        raise ValueError(f"{place}: expected {layout}, got little but {brackets} brackets in {len(text)} letters")
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=parse_constant)
    except Twice:
        raise
    except RecursionError as error:
        raise ValueError(f"{place}: expected {layout}, got lists within lists without end") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        why = "bytes that are no text in UTF-8" if isinstance(error, UnicodeDecodeError) else error
        found = f"a file that is none or is truncated ({why})"
        raise ValueError(f"{place}: expected JSON, got {found}; copy it again from its source") from error
    except ValueError as error:  # of a number
        raise ValueError(f"{place}: expected finite numbers of usual length ({error})") from error
