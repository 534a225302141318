"""Turns what the machine leaves into plain values: no stand-in remains, nothing is nested without end."""

from typing import Any

import numpy as np

from . import _tables
from ._arrays import Array, DType
from ._parts import Allowance, Name, Record, Refused

_SCALARS = frozenset({str, bytes, int, float, bool, complex, type(None)})
_MAX_DEPTH = 100  # an Atoms inside a calculator inside an Atoms inside a DataFrame is about 30 deep


class Plain:
    """One conversion; objects that the file shares stay shared."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._done: dict[int, tuple[object, object]] = {}  # with the original, whose id must stay taken
        self._open: set[int] = set()

    def __call__(self, value: object) -> Any:
        """`value`, with lists and dicts changed in place."""
        if type(value) in _SCALARS or isinstance(value, np.generic):
            return value
        if (known := self._done.get(id(value))) is not None:
            return known[1]
        if id(value) in self._open:
            raise Refused(f"has an object ({type(value).__name__}) that holds itself")
        if len(self._open) >= _MAX_DEPTH:
            raise Refused(f"is nested more than {_MAX_DEPTH} levels deep")
        self._open.add(id(value))
        result = self._convert(value)
        self._open.discard(id(value))
        self._done[id(value)] = (value, result)
        return result

    def _convert(self, value: object) -> object:
        match value:
            case list():
                value[:] = [item if type(item) in _SCALARS else self(item) for item in value]
            case tuple():
                return tuple([self(item) for item in value])
            case dict():
                for key, item in value.items():
                    value[key] = self(item)
            case Record():
                value.args, value.state = self(value.args), self(value.state)
                return _tables.simplify(value, self._allowance)
            case Array(items=None):
                if value.value is None:
                    raise Refused("has an array without data")
                return value.value
            case Array(items=list(items)):
                self._allowance.spend(8 * len(items))
                return value.of(self(items))
            case DType():
                return Record("numpy.dtype", (value.value.str,))
            case Name():
                return None if value.text in ("pandas.NA", "pandas._libs.missing.NA") else Record(value.text)
            case _:  # set, frozenset, ndarray: plain since they were made
                pass
        return value
