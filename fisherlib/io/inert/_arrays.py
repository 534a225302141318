"""Arrays, dtypes and scalars of numpy, made from their checked descriptions and never by numpy's own unpickling."""

import math
import re
from typing import Any, Literal, cast

import numpy as np

from ._parts import Allowance, Name, Refused

# Numbers, times, text and objects; no structured, void or string-object dtypes. "O" never meets raw bytes.
_DTYPE = re.compile(r"[<>=|]?([biufcSUMm][0-9]{1,9}|[?MmSU]|O8?|O4)", re.ASCII)
_UNITS = frozenset({"generic", "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "μs", "ns", "ps", "fs", "as"})
_MAX_NDIM = 32


class DType:
    """A dtype in the making."""

    __slots__ = ("value",)

    def __init__(self, text: object, *_: object) -> None:
        if type(text) is not str or not _DTYPE.fullmatch(text):
            kind = text.text if isinstance(text, Name) else ascii(text)[:40]
            raise Refused(f"has an array of type {kind}, which is not numbers, text, times or objects")
        self.value = np.dtype(text)

    def _build(self, state: object) -> None:
        # (version, byte order, subarray, names, fields, itemsize, alignment, flags[, metadata]): the flags and sizes
        # follow from the rest, and a false one is what lets raw bytes pass for object pointers.
        if type(state) is not tuple or not 8 <= len(state) <= 9 or state[2:5] != (None, None, None):
            raise Refused("has an array with named fields or a damaged type; save its columns as arrays of numbers")
        order, kind = state[1], self.value.kind
        if order not in ("<", ">", "|", "="):
            raise Refused(f"has an array of unknown byte order {ascii(order)[:20]}")
        if kind in "Mm" and len(state) == 9:
            self.value = np.dtype(f"{kind}8[{_time_unit(state[8])}]")
        if kind in "SU":
            self.value = np.dtype(f"{kind}{_count(state[5]) // (4 if kind == 'U' else 1)}")
        if order in "<>":
            self.value = self.value.newbyteorder(order)


def _time_unit(metadata: Any) -> str:
    unit, count, *_ = metadata[1]  # ({}, (unit, count, 1, 1))
    unit = unit.decode() if isinstance(unit, bytes) else unit
    if unit not in _UNITS or not 1 <= _count(count) < 10**6:
        raise Refused(f"has times in the unknown unit {ascii(unit)[:20]}")
    return unit if unit == "generic" else f"{count}{unit}"


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise Refused(f"has an array with {ascii(value)[:20]} where a size should be")
    return value


def _shape(shape: object) -> tuple[int, ...]:
    shape = (shape,) if type(shape) is int else shape
    if type(shape) is not tuple or len(shape) > _MAX_NDIM:
        raise Refused("has an array without a proper shape")
    return tuple(_count(n) for n in shape)


def view(
    allowance: Allowance, data: object, dtype: np.dtype, shape: tuple[int, ...], order: Literal["C", "F"]
) -> np.ndarray:
    """`data` as an array, without a copy where it is bytes: a file may name the same ones many times."""
    if isinstance(data, str | bytes) and (type(data) is str or dtype.kind in "bU"):  # copied, or looked through
        allowance.spend(len(data))
    data = data.encode("latin-1") if type(data) is str else data  # Python 2 kept bytes in text
    if type(data) is not bytes or dtype.kind == "O":
        raise Refused("has an array of objects given as raw memory, which is not part of a data file")
    count = math.prod(shape)
    expected = count * dtype.itemsize
    if len(data) != expected or (dtype.itemsize == 0 and count):
        raise Refused(f"has an array of shape {shape} that needs {expected} bytes and has {len(data)}")
    array: np.ndarray = np.ndarray(shape, dtype, buffer=data, order=order)
    if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise Refused("has an array of truth values that are neither 0 nor 1")
    code = np.dtype(np.uint32).newbyteorder(dtype.byteorder)
    if dtype.kind == "U" and array.size and np.frombuffer(data, code).max() > 0x10FFFF:
        raise Refused("has an array of text with characters that do not exist")
    return array


class Array:
    """An array in the making; one of objects stays a list until those objects are plain."""

    __slots__ = ("allowance", "items", "order", "shape", "value")

    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.value: np.ndarray | None = None
        self.items: list | None = None
        self.shape: tuple[int, ...] = ()
        self.order: Literal["C", "F"] = "C"

    def _build(self, state: object) -> None:
        if type(state) is not tuple or len(state) != 5 or type(state[2]) is not DType:
            raise Refused("has an array without shape, type or data")
        if self.value is not None or self.items is not None:
            raise Refused("gives the data of one array twice")
        _, shape, dtype, fortran, data = state
        self.shape, self.order = _shape(shape), "F" if fortran is True or fortran == 1 else "C"
        if dtype.value.kind != "O":
            self.value = view(self.allowance, data, dtype.value, self.shape, self.order)
        elif type(data) is not list or len(data) != math.prod(self.shape):
            raise Refused("has an array of objects given as raw memory or of the wrong length")
        else:
            self.items = data

    def of(self, items: list) -> np.ndarray:
        """The array of objects that holds `items`."""
        return np.fromiter(items, dtype=object, count=len(items)).reshape(self.shape, order=self.order)


def reconstruct(allowance: Allowance, kind: object, *_: object) -> Array:
    """`numpy.core.multiarray._reconstruct`: an empty array, to be filled by its state."""
    if type(kind) is not Name or kind.text != "numpy.ndarray":
        raise Refused(f"has an array of the class {getattr(kind, 'text', type(kind).__name__)}; save plain arrays")
    return Array(allowance)


def scalar(allowance: Allowance, dtype: object, data: object = None) -> np.generic:
    """`numpy.core.multiarray.scalar`: one number, text or time."""
    if type(dtype) is not DType:
        raise Refused("has a number without a type")
    allowance.spend(dtype.value.itemsize if dtype.value.kind in "SU" else 0)
    return cast(np.generic, view(allowance, data, dtype.value, (), "C")[()])


def frombuffer(
    allowance: Allowance, data: object, dtype: object, shape: object, order: object, axes: object = None
) -> np.ndarray:
    """`numpy.core.numeric._frombuffer`: an array of protocol 5, its bytes kept in the file."""
    if type(dtype) is not DType or order not in ("C", "F", "K"):
        raise Refused("has an array without type or order")
    array = view(allowance, data, dtype.value, _shape(shape), "F" if order == "F" else "C")
    if axes is None:
        return array
    if type(axes) is not tuple or sorted(_count(axis) for axis in axes) != list(range(array.ndim)):
        raise Refused("has an array whose axes are not in a proper order")
    return array.transpose(axes)
