"""Checks of arguments at the doors of the package: numbers, flags, whole numbers, text, elements, and kinds of objects."""

import os
from collections.abc import Callable, Iterable, Mapping
from numbers import Integral, Real
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Elements with a name; the largest atomic number.
ELEMENTS = 118

#: Kinds of arrays that numpy would silently turn into numbers, and what would be lost.
_NO_NUMBERS = {
    "b": "yes and no (booleans); count them yourself",
    "c": "complex numbers, whose imaginary part would be lost; take .real",
    "m": "durations; divide them by their unit",
    "M": "dates; name another column",
    "O": "objects; convert them to numbers first",
    "S": "words (bytes); convert them by .astype(float)",
    "T": "words; convert them by .astype(float)",
    "U": "words; convert them by .astype(float)",
    "V": "records; take one of their fields",
}


def numbers(place: str, values: Any) -> NDArray:
    """Values as an array of integers or floating-point numbers, with nothing lost.

    Args:
        place: what they are, for the error message.
        values: numbers of any shape.

    Raises:
        ValueError: masked, complex, dates, words, booleans or objects, or rows of different lengths.
    """
    if isinstance(values, Mapping):  # numpy would take its keys
        raise ValueError(f"{place}: expected numbers, got {type(values).__name__}")
    _refuse_lost(place, values)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: expected numbers, got {type(values).__name__} ({error})") from error
    if array.dtype.kind == "O" and not array.ndim and not isinstance(values, Real):
        way = "; take its .theta" if hasattr(values, "theta") else ""
        raise ValueError(f"{place}: expected numbers, got {_named(values)}{way}")
    if array.dtype.kind == "O" and all(isinstance(x, Real) and not isinstance(x, bool) for x in array.flat):
        return array.astype(np.float64)
    if array.dtype.kind in _NO_NUMBERS and array.size:
        raise ValueError(f"{place}: expected numbers, got {type(values).__name__} of {_NO_NUMBERS[array.dtype.kind]}")
    return array


def _refuse_lost(place: str, values: Any) -> None:
    """Refuses what numpy would silently drop or convert: masks (also of arrays in lists) and booleans among numbers."""
    if np.ma.is_masked(values):
        raise ValueError(
            f"{place}: expected numbers, got a masked array with {np.ma.count_masked(values)} of {np.size(values)} entries "
            "masked, whose mask would be lost; leave those configurations out"
        )
    if isinstance(values, list | tuple):
        for value in values:
            if isinstance(value, bool | np.bool_):
                raise ValueError(f"{place}: expected numbers, got {type(values).__name__} of {_NO_NUMBERS['b']}")
            if isinstance(value, list | tuple | np.ma.MaskedArray):
                _refuse_lost(place, value)


def floats(place: str, values: Any) -> NDArray[np.float64]:
    """As ``numbers``, in float64; an array that is float64 already is not copied."""
    return numbers(place, values).astype(np.float64, copy=False)


def number(name: str, value: Any) -> float:
    """A single finite number.

    Raises:
        ValueError: several numbers, none, NaN, infinity, or anything that ``numbers`` refuses.
    """
    array = floats(name, value)
    if array.ndim or not np.isfinite(array):
        raise ValueError(f"{name}: expected a finite number, got {value!r:.60}")
    return float(array)


def flags(place: str, values: Any) -> NDArray[np.bool_]:
    """Values as an array of booleans, from booleans or from 0 and 1.

    Raises:
        ValueError: masked values, or anything else.
    """
    if not np.ma.is_masked(values) and (array := np.asarray(values)).dtype == bool:
        return array
    array = numbers(place, values)
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{place}: expected True and False, or 1 and 0, got {array[~np.isin(array, (0, 1))][0]}")
    return array.astype(bool)


def flag(name: str, value: object) -> None:
    """Refuses anything but True and False: in Python the text "no" counts as true.

    Raises:
        ValueError: neither True nor False.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}: expected True or False, got {value!r:.60}")


def is_whole(number: object) -> bool:
    """Whether it is a whole number; True does not count as one, although Python takes it for 1."""
    return isinstance(number, Integral) and not isinstance(number, bool)


def whole(name: str, number: Any, least: int, of: str) -> None:
    """Refuses anything but a whole number that is large enough.

    Args:
        name: of the argument.
        number: that was given.
        least: smallest number allowed.
        of: what is counted, in the plural.

    Raises:
        ValueError: not a whole number, or below ``least``.
    """
    if not is_whole(number) or number < least:
        raise ValueError(f"{name}: expected a whole number of {of}, at least {least}, got {number!r:.60}")


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


def seed(value: Any) -> None:
    """Refuses anything but a seed of a random number generator.

    Raises:
        ValueError: not a whole number, or a negative one.
    """
    if not is_whole(value) or value < 0:
        raise ValueError(f"seed: expected a whole number, at least 0, got {value!r:.60}")


def elements(place: str, values: Any) -> NDArray[np.int64]:
    """Atomic numbers.

    Raises:
        ValueError: a number that belongs to no element.
    """
    Z = numbers(place, values)
    wrong = ~((Z >= 1) & (Z <= ELEMENTS) & (Z == np.floor(Z)))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{place}: expected atomic numbers, whole and from 1 to {ELEMENTS}, got {Z.ravel()[first]} for atom {first}; "
            "types that a program counts from 0 or 1 must be turned into elements first"
        )
    return Z.astype(np.int64)


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
        raise TypeError(f"{name}: expected {names}, got {_named(value)}; write {way}")


def _named(value: object) -> str:
    return "None" if value is None else type(value).__name__


def location(name: str, value: object, way: str) -> None:
    """Refuses anything but the path of a file or folder.

    Raises:
        TypeError: neither text nor a path.
    """
    kind(name, value, (str, os.PathLike), way)


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
