"""Numbers and chemical symbols from foreign files, as arrays."""

import numbers
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_numbers as _of_symbol
from numpy.typing import NDArray

from ..strict import regular

#: Words about Python's objects, not about a file: "list index out of range".
_OF_PYTHON = re.compile(
    r"out of range|to unpack|NoneType|\bobjects?\b|attribute|local variable|reshape|broadcast|inhomogeneous|division"
)
_NO_NUMBER = re.compile(r"(could not convert string to \w+|invalid literal for int\(\) with base 10): (?P<word>.*)")


def flat(what: str, value: object, *, booleans: bool = False) -> NDArray[np.float64]:
    """A number, a flat list of numbers or an array as a float64 array (n,); nesting is refused, so that it cannot blow up.

    ``booleans`` says whether yes and no are taken for 1 and 0; else they are no numbers.

    Raises:
        ValueError: anything else; the value itself is not repeated, since it may be huge.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in ("biuf" if booleans else "iuf"):
        return value.astype(np.float64).reshape(-1)
    items = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        items = value.tolist()
    if set(map(type, items)) <= {int, float}:  # nearly always; what follows takes twenty times as long
        return _float64(what, items)
    if not all(
        (isinstance(item, numbers.Real) and (booleans or not isinstance(item, bool)))
        or (isinstance(item, np.ndarray) and item.size == 1 and item.dtype.kind in "iuf")
        for item in items
    ):
        kinds = sorted({type(item).__name__ for item in items})
        raise ValueError(f"{what}: expected a flat list of numbers, got {type(value).__name__} of {', '.join(kinds)}")
    return _float64(what, [np.asarray(item).reshape(()) for item in items])


def _float64(what: str, items: Sequence[Any]) -> NDArray[np.float64]:
    try:
        return np.array(items, dtype=np.float64)
    except OverflowError:
        way = "got an integer of more than 308 digits"
        raise ValueError(f"{what}: expected numbers that fit into float64, {way}") from None


def shaped(what: str, value: object, *shapes: tuple[int, ...], lists: bool = True) -> NDArray[np.float64]:
    """A number, lists of numbers or an array as a float64 array of one of the shapes; one that is so already is not copied.

    ``lists`` says whether they are allowed; those of a pickle may be nested so deeply that they fill the memory.

    Raises:
        ValueError: another shape, or something else than numbers.
    """
    expected = f"{what}: expected numbers of shape {' or '.join(map(str, shapes))}, got"
    if not lists and not isinstance(value, int | float | np.generic | np.ndarray):
        raise ValueError(f"{expected} {type(value).__name__}")
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{expected} rows of different lengths") from None
    if array.dtype.kind not in "iuf" or array.shape not in shapes:
        found = type(value).__name__ if array.dtype.kind == "O" else f"shape {array.shape} of type {array.dtype}"
        raise ValueError(f"{expected} {found}")
    return array.astype(np.float64, copy=False)


def npy(path: Path) -> NDArray:
    """The array of a ``.npy``, left in the file until it is used.

    Raises:
        ValueError: another file, a damaged one, or objects in it.
    """
    regular(path)
    try:
        with np.errstate(over="ignore"), warnings.catch_warnings():  # of a damaged shape, or of odd letters in the head
            warnings.simplefilter("ignore")
            return np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # what numpy raises of a damaged head is anybody's guess (TokenError, OverflowError …)
        raise ValueError(
            f"{path.name}: expected an intact .npy of numbers, got a damaged or another file ({error}); copy it again from its source"
        ) from error


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


def of_symbols(place: str, symbols: Sequence[object], way: str) -> NDArray[np.int64]:
    """Atomic numbers of chemical symbols.

    Raises:
        ValueError: something else; the first that is wrong is named, with the way out.
    """
    found = [_of_symbol.get(symbol, -1) if isinstance(symbol, str) else -1 for symbol in symbols]
    if -1 in found:
        i = found.index(-1)
        raise ValueError(f"{place}: expected symbols of elements, got {symbols[i]!r:.20} for atom {i}; {way}")
    return np.array(found)


def atomic_numbers(what: str, values: NDArray) -> NDArray[np.int64]:
    """Atomic numbers from themselves, as any kind of number, or from chemical symbols, (n,).

    Raises:
        ValueError: something else; the first that is wrong is named.
    """
    if values.ndim == 1 and values.dtype.kind == "U":
        known = {str(s): _of_symbol.get(str(s), -1) for s in np.unique(values)}
        found = np.array([known[str(s)] for s in values], dtype=np.int64)
        good = found >= 0
    elif values.ndim == 1 and values.dtype.kind in "iuf":
        good = (values >= 0) & (values < 119) & (np.floor(values) == values)
        found = np.where(good, values, 0).astype(np.int64)
    else:
        raise ValueError(
            f"{what}: expected one element for each atom, got rows of shape {values.shape[1:]} and type {values.dtype}"
        )
    if not good.all():
        i = int(np.argmin(good))
        raise ValueError(
            f"{what}: expected chemical symbols or atomic numbers, got {values[i].item()!r:.20} at atom {i}"
        )
    return found
