"""The cells of one column of a table as arrays of one kind, or the row of the first cell that does not fit the others."""

import dataclasses
import functools
import numbers
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import inert
from ..ase_records import bounded, is_atoms
from ..values import flat

_DEPTH = 3  # (N, 3, K) as lists


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Cells:
    """One column.

    Attributes:
        name: of the column.
        place: the column and its file, for error messages.
        values: (M,) numbers or words, or the arrays in its cells one after the other, (Σn, …).
        lengths: (M,) rows of the array in each cell; None where cells hold one value.
        atoms: what were ``ase.Atoms``, or None.
        lacking: the first row without a value, or None; nothing else is known of such a column.
    """

    name: str
    place: str
    values: NDArray = dataclasses.field(default_factory=lambda: np.zeros(0))
    lengths: NDArray[np.int64] | None = None
    atoms: Sequence[object] | None = None
    lacking: int | None = None

    def stacked(self) -> NDArray:
        """(M, …), where all cells hold one value or arrays of one shape; a ValueError for arrays of several lengths."""
        if self.lengths is None:
            return self.values
        M, n = len(self.lengths), int(self.lengths[0])
        refuse_other_lengths(self.place, self.lengths, np.full(M, n), "numbers as in row 0")
        return self.values.reshape(M, n, *self.values.shape[1:])


def refuse_other_lengths(place: str, lengths: NDArray, wanted: NDArray, what: str) -> None:
    """A ValueError that names the first row whose length is not the one that is wanted of it."""
    if (lengths != wanted).any():
        row = int(np.argmax(lengths != wanted))
        raise ValueError(f"{place}: expected {wanted[row]} {what}, in row {row}, got {lengths[row]}")


def cells(path: Path, name: str, column: NDArray) -> Cells:
    """The column ``name`` (M,) of a table, of values, arrays, lists or ``ase.Atoms``; a ValueError for the first other cell."""
    place, kind = f"column {name!r} of {path.name}", column.dtype.kind
    made = functools.partial(Cells, name=name, place=place)
    if kind in "biufU":
        return made(values=column)
    if kind in "MmS":
        return made(values=np.char.decode(column, "latin-1") if kind == "S" else column.astype(str))
    items = column.tolist()  # complex numbers are refused as objects are
    if all(_number(item) for item in items):
        return made(values=_numbers(place, items))
    lacking = next((m for m, item in enumerate(items) if item is None or (_number(item) and item != item)), None)
    if lacking is not None:
        return made(lacking=lacking)
    if all(is_atoms(item) for item in items):
        return made(atoms=items)
    if all(isinstance(item, str) for item in items):
        return made(values=_words(place, path, items))
    if all(isinstance(item, inert.Record | Mapping) for item in items):  # neighbour lists and the like: no column
        return made(lacking=0)
    arrays = _arrays(path, place, items)
    return made(values=np.concatenate(arrays), lengths=np.array([len(a) for a in arrays], dtype=np.int64))


def _words(place: str, path: Path, items: Sequence[str]) -> NDArray:
    bounded(path, place, 4 * len(items) * max(map(len, items)))
    return np.array(items)


def _arrays(path: Path, place: str, items: list[object]) -> list[NDArray]:
    made: list[NDArray] = []
    for m, item in enumerate(items):
        array = _array(f"{place}, row {m}", path, item, _DEPTH)
        if array is None:
            found = f"{_kind(item)} in row {m}; drop the column, or make it one of these"
            raise ValueError(f"{place}: expected numbers, words or an array of them in every cell, got {found}")
        made.append(array)
        if array.shape[1:] != made[0].shape[1:] or (array.dtype.kind == "U") != (made[0].dtype.kind == "U"):
            wanted, found = (f"({', '.join(['n', *map(str, a.shape[1:])])}) of {a.dtype}" for a in (made[0], array))
            raise ValueError(f"{place}: expected an array {wanted} as in row 0, got {found} in row {m}")
    bounded(path, place, sum(a.nbytes for a in made))
    if made[0].dtype.kind == "U":
        bounded(path, place, sum(a.size for a in made) * max(a.itemsize for a in made))
    return made


def _array(place: str, path: Path, item: object, depth: int) -> NDArray | None:
    """An array of at least one axis, from a list of numbers, words or lists as well; None from anything else."""
    if isinstance(item, np.ndarray) and item.dtype.kind in "biufU":
        return item if item.ndim else None
    if isinstance(item, np.ndarray) and item.dtype.kind == "O" and item.ndim == 1:
        item = item.tolist()
    if not isinstance(item, list | tuple) or not item or not depth:
        return None
    if all(_number(part) for part in item):
        return _numbers(place, list(item))
    if all(isinstance(part, str) for part in item):
        return _words(place, path, item)
    rows: list[NDArray] = []
    for part in item:  # a short file can hold a long list in each of many rows: stop in time
        row = _array(place, path, part, depth - 1)
        if row is None or row.dtype.kind == "U" or (rows and row.shape != rows[0].shape):
            return None
        rows.append(row)
        bounded(path, place, row.nbytes * len(rows))
    return np.stack(rows)


def _number(item: object) -> bool:
    return isinstance(item, numbers.Real | np.bool_) or (
        isinstance(item, np.ndarray) and item.ndim == 0 and item.dtype.kind in "biuf"
    )


def _numbers(place: str, items: list) -> NDArray:
    """Whole numbers stay whole, as they may count atoms or tell trajectories apart."""
    values = flat(
        place, [item if isinstance(item, numbers.Real) else np.asarray(item).item() for item in items], booleans=True
    )
    whole = all(isinstance(item, int | np.integer) and abs(int(item)) < 2**53 for item in items)
    return values.astype(np.int64) if whole else values


def _kind(item: object) -> str:
    if isinstance(item, np.ndarray):
        return f"an array of shape {item.shape} and type {item.dtype}"
    return f"an empty or ragged {type(item).__name__}" if isinstance(item, list | tuple) else type(item).__name__
