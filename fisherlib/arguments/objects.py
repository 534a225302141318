"""Checks of text and of the kinds of objects."""

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from types import NoneType
from typing import Any


def words(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Several pieces of text, as a tuple; a single one is refused, although Python takes it for its letters.

    Raises:
        ValueError: a single piece of text, or anything that is not text.
    """
    several = isinstance(values, Iterable) and not isinstance(values, str)
    found = tuple(values) if several else ()
    if not several or not all(isinstance(word, str) for word in found):
        raise ValueError(f"{name}: expected a list of words, got {values!r:.60}")
    return found


def keys(values: str | Iterable[str]) -> tuple[str, ...]:
    """The keys of one or several trajectories, as a tuple.

    Raises:
        ValueError: anything that is not text.
    """
    return (values,) if isinstance(values, str) else words("keys", values)


#: Bytes of a name and of a path, at most, on every system in use.
_NAME, _PATH = 255, 4095
#: Kinds whose Python names would tell a reader little.
_KINDS = {
    Callable: "a function",
    Iterable: "a list",
    Mapping: "a dictionary",
    Integral: "a whole number",
    NoneType: "None",
    Real: "a number",
    os.PathLike: "a path",
}


def kind(name: str, value: object, wanted: Any, way: str) -> None:
    """Refuses an object of another kind than a function takes.

    Args:
        name: of the argument.
        value: that was given.
        wanted: its class, or a tuple of several. Text is not taken for an iterable of its letters.
        way: how the call should read.

    Raises:
        TypeError: another kind.
    """
    kinds = wanted if isinstance(wanted, tuple) else (wanted,)
    if not isinstance(value, kinds) or (isinstance(value, str) and str not in kinds):
        names = " or ".join(_KINDS.get(k, k.__name__) for k in kinds)
        raise TypeError(f"{name}: expected {names}, got {named(value)}; write {way}")


def named(value: object) -> str:
    """The class of a value, in words."""
    return "None" if value is None else type(value).__name__


def location(name: str, value: object, way: str) -> None:
    """Refuses anything but the path of a file or folder.

    Raises:
        TypeError: neither text nor a path.
        ValueError: empty text, or what no system takes for a path: too long, or letters that no name can have.
    """
    kind(name, value, (str, os.PathLike), way)
    text = os.fspath(value)  # type: ignore[call-overload]
    try:
        parts = os.fsencode(text).split(b"/")
        wrong = "a NUL" if b"\0" in os.fsencode(text) else ""
    except UnicodeEncodeError:
        parts, wrong = [], "half of a letter"
    if max(map(len, parts), default=0) > _NAME or sum(map(len, parts)) + len(parts) > _PATH:
        wrong = f"{len(text)} letters"
    if not text or wrong:
        got = f"{ascii(text)[:40]}, which has {wrong}" if wrong else "empty text"
        raise ValueError(f"{name}: expected the path of a file or folder, got {got}; write {way}")


def choice(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuses anything but one of several names.

    Raises:
        ValueError: another name, or anything that is not text.
    """
    names = tuple(choices)
    if not isinstance(value, str) or value not in names:
        raise ValueError(f"{name}: expected one of {', '.join(map(repr, names))}, got {value!r:.60}")


def each(name: str, values: Iterable[Any], wanted: Any, way: str) -> tuple[Any, ...]:
    """Several objects of one kind, as a tuple.

    Args:
        name: of the argument.
        values: that were given, at least one.
        wanted: the class of each, or a tuple of several.
        way: how the call should read.

    Raises:
        TypeError: not an iterable, or one of other objects.
        ValueError: no object at all.
    """
    kind(name, values, Iterable, way)
    found = tuple(values)
    if not found:
        raise ValueError(f"{name}: expected at least one, got none; write {way}")
    for value in found:
        kind(name, value, wanted, way)
    return found
