"""Checks of numbers: arrays of them, single ones, flags, whole numbers, seeds and elements."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .objects import named

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
        raise ValueError(f"{place}: expected numbers, got {named(values)}{way}")
    if array.dtype.kind == "O" and all(isinstance(x, Real) and not isinstance(x, bool) for x in array.flat):
        try:
            return array.astype(np.float64)
        except OverflowError:
            raise ValueError(f"{place}: expected numbers below 1.8e308, got one of more than 308 digits") from None
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
    if type(values) is np.ndarray and values.dtype == np.float64:  # the usual case, in loops too
        return values
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


def positive(name: str, value: Any) -> float:
    """A single number above zero.

    Raises:
        ValueError: zero, a negative number, or anything that ``number`` refuses.
    """
    if number(name, value) <= 0:
        raise ValueError(f"{name}: expected a number > 0, got {value!r:.60}")
    return float(value)


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
