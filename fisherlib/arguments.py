"""What is asked of arguments at every door: numbers that are numbers, yes or no, whole numbers, elements, and kinds of objects."""

from collections.abc import Iterable
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Elements with a name; the largest atomic number.
ELEMENTS = 118

#: Kinds of arrays that would be turned into numbers without a word, and what would be lost.
_NO_NUMBERS = {
    "b": "yes and no (booleans); count them yourself",
    "c": "complex numbers, whose imaginary part would be lost; take .real",
    "m": "spans of time; divide them by their unit",
    "M": "dates; name another column",
    "O": "objects; convert them to numbers first",
    "S": "words (bytes); convert them by .astype(float)",
    "T": "words; convert them by .astype(float)",
    "U": "words; convert them by .astype(float)",
    "V": "records; take one of their fields",
}


def numbers(place: str, values: ArrayLike) -> NDArray:
    """Values as an array of whole or floating-point numbers, nothing of them lost.

    Args:
        place: what they are, for the sentence.
        values: numbers of any shape.

    Raises:
        ValueError: masked, complex, dates, words, booleans or objects, or rows of different lengths.
    """
    _refuse_lost(place, values)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: expected numbers, got {type(values).__name__} ({error})") from error
    if array.dtype.kind == "O" and all(isinstance(x, Real) and not isinstance(x, bool) for x in array.flat):
        return array.astype(np.float64)
    if array.dtype.kind in _NO_NUMBERS and array.size:
        raise ValueError(f"{place}: expected numbers, got {type(values).__name__} of {_NO_NUMBERS[array.dtype.kind]}")
    return array


def _refuse_lost(place: str, values: object) -> None:
    """Refuses what numpy would take without a word: masks, of arrays in lists too, and booleans among the numbers of a list."""
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


def floats(place: str, values: ArrayLike) -> NDArray[np.float64]:
    """As ``numbers``, in float64; not copied where they are so already."""
    return numbers(place, values).astype(np.float64, copy=False)


def number(name: str, value: object) -> float:
    """A single finite number.

    Raises:
        ValueError: several, none, NaN, infinite, or what ``numbers`` refuses.
    """
    array = floats(name, value)
    if array.ndim or not np.isfinite(array):
        raise ValueError(f"{name}: expected a finite number, got {value!r:.60}")
    return float(array)


def flags(place: str, values: ArrayLike) -> NDArray[np.bool_]:
    """Values as an array of booleans: these, or 0 and 1.

    Raises:
        ValueError: masked, or anything else.
    """
    if not np.ma.is_masked(values) and (array := np.asarray(values)).dtype == bool:
        return array
    array = numbers(place, values)
    if not np.isin(array, (0, 1)).all():
        raise ValueError(f"{place}: expected True and False, or 1 and 0, got {array[~np.isin(array, (0, 1))][0]}")
    return array.astype(bool)


def flag(name: str, value: object) -> None:
    """Refuses what is neither True nor False: the word "no" counts as yes in Python.

    Raises:
        ValueError: anything else.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}: expected True or False, got {value!r:.60}")


def is_whole(number: object) -> bool:
    """Whether it is a whole number; True is none, although Python takes it for 1."""
    return isinstance(number, Integral) and not isinstance(number, bool)


def whole(name: str, number: object, least: int, of: str) -> None:
    """Refuses what is no whole number, or one that is too small.

    Raises:
        ValueError: as said.
    """
    if not is_whole(number) or number < least:
        raise ValueError(f"{name}: expected a whole number of {of}, at least {least}, got {number!r}")


def words(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Words in a row; a single word is none, although Python takes it for its letters.

    Raises:
        ValueError: a single word, or something that is no word.
    """
    found = tuple(values)
    if isinstance(values, str) or not all(isinstance(word, str) for word in found):
        raise ValueError(f"{name}: expected a list of words, got {values!r:.60}")
    return found


def seed(value: object) -> None:
    """Refuses what is no seed of a random number generator.

    Raises:
        ValueError: no whole number, or a negative one.
    """
    if not is_whole(value) or value < 0:
        raise ValueError(f"seed: expected a whole number, at least 0, got {value!r:.60}")


def elements(place: str, values: ArrayLike) -> NDArray[np.int64]:
    """Atomic numbers.

    Raises:
        ValueError: one that no element has, or no whole number.
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


def kind(name: str, value: object, wanted: type | tuple[type, ...], way: str) -> None:
    """Refuses an object of another kind than a function takes.

    Args:
        name: of the argument.
        value: that was given.
        wanted: its kind, or one of several.
        way: how the call should read.

    Raises:
        TypeError: another kind.
    """
    if not isinstance(value, wanted):
        kinds = wanted if isinstance(wanted, tuple) else (wanted,)
        names = " or ".join(k.__name__ for k in kinds)
        raise TypeError(f"{name}: expected {names}, got {type(value).__name__}; write {way}")
