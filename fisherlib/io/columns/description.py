"""A column of a file in words: its shape, its unit as far as one can tell, and its first values."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from . import candidates
from .names import DESCRIPTORS, FORCE_DESCRIPTORS, Columns

_BY_NAME = {
    "atom": {"force": "eV/Å?", "energ": "eV?", "charge": "e?"},
    "configuration": {"temp": "K?", "energ": "eV?", "volume": "Å³?", "stress": "eV/Å³?"},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Column:
    """One array of a file.

    Attributes:
        name: in the file.
        shape: over the whole file, (ΣN, …) or (ΣM, …).
        dtype: as numpy calls it.
        per: what a row belongs to.
        unit: stated by the file or its format; with a question mark where guessed from name and shape; "" unknown.
        preview: the first values, as text.

    >>> import fisherlib as fl
    >>> [column.name for column in fl.io.open("data/cu55_1200K.npz").columns if column.per == "atom"]
    ['numbers', 'positions', 'forces']
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    per: Literal["atom", "configuration"]
    unit: str
    preview: str


def columns_of(stored: tuple[Configurations, ...]) -> tuple[Column, ...]:
    """The columns of a file, per atom and then per configuration; those that only some trajectories have are left out."""
    of_atoms, of_all = [s.of_atoms for s in stored], [s.entries for s in stored]
    atoms, entries = shared(of_atoms), shared(of_all)
    units = _descriptor_units(atoms) | dict(stored[0].units)
    made = [_column(name, [arrays[name] for arrays in of_atoms], "atom", units) for name in atoms]
    made += [_column(name, [arrays[name] for arrays in of_all], "configuration", units) for name in entries]
    for name in ("cell", "temperature"):
        values = [getattr(s, name) for s in stored]
        if name not in entries and all(v is not None for v in values):
            rows = [v if np.ndim(v) else np.full(len(s.n_atoms), v) for v, s in zip(values, stored, strict=True)]
            made.append(_column(name, rows, "configuration", units))
    return tuple(made)


def shared(parts: Sequence[Columns]) -> Columns:
    """The arrays of the first trajectory that all others have too, with the same shape of a row."""
    first = parts[0] if parts else {}
    return {
        name: a
        for name, a in first.items()
        if all(name in part and part[name].shape[1:] == a.shape[1:] for part in parts)
    }


def _column(name: str, arrays: list[NDArray], per: Literal["atom", "configuration"], units: dict[str, str]) -> Column:
    return Column(
        name=name,
        shape=(sum(len(a) for a in arrays), *arrays[0].shape[1:]),
        dtype=str(np.result_type(*arrays)),
        per=per,
        unit=units[name] if name in units else _guess(name, arrays[0], per),
        preview=_preview(arrays[0]),
    )


def _descriptor_units(atoms: Columns) -> dict[str, str]:
    columns = candidates.free(atoms, None)
    units = dict.fromkeys(candidates.of_descriptors(columns), "[D]?")
    units |= {name: "[D]/Å?" for name in candidates.of_force_descriptors(columns) if columns[name].ndim == 3}
    return units | {DESCRIPTORS: "[D]", FORCE_DESCRIPTORS: "[D]/Å"}


def _guess(name: str, column: NDArray, per: str) -> str:
    if column.dtype.kind not in "iuf":
        return ""
    unit = next((unit for part, unit in _BY_NAME[per].items() if part in name.lower()), "")
    return "" if unit == "eV/Å?" and column.shape[1:] != (3,) else unit


def _preview(column: NDArray, count: int = 3) -> str:
    values = column[:count].ravel()[:count]
    words = [f"{v:.4g}".replace("-", "−") if column.dtype.kind == "f" else f"{v!s:.24}" for v in values]
    return ", ".join(words + ["…"] * (column.size > len(values)))
