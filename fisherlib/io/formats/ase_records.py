"""An ``ase.Atoms`` as the inert reader leaves it: its arrays, what it was labelled with, and its box."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from .. import inert
from .stacking import ASE_UNITS, Parsed
from .stacking import stack as stacked
from .values import periodic, shaped

#: A file of n bytes may yield this many times n bytes of arrays, or ``_ALWAYS`` bytes: repeated objects are stored once
#: in the file and copied here.
_TIMES, _ALWAYS = 64, 2**28


def is_atoms(value: object) -> bool:
    """Whether this was an ``ase.Atoms``."""
    return isinstance(value, inert.Record) and value.name.endswith(".Atoms") and isinstance(value.state, Mapping)


def state_of(place: str, atoms: object) -> dict[str, Any]:
    """The attributes of an ``ase.Atoms``, with its arrays of numbers and words under "arrays".

    Raises:
        ValueError: something else, or arrays without one row for each atom.
    """
    state: Any = getattr(atoms, "state", None)
    # Only arrays of numbers and words: anything else may be nested so deeply that looking at it fills the memory.
    arrays = named(state.get("arrays")) if isinstance(state, Mapping) else {}
    arrays = {n: a for n, a in arrays.items() if isinstance(a, np.ndarray) and a.ndim and a.dtype.kind in "biufUcS"}
    if not {"numbers", "positions"} <= arrays.keys():
        raise ValueError(f"{place}: expected an ase.Atoms, got {type(atoms).__name__}")
    N = len(arrays["numbers"])
    if not N or arrays["numbers"].shape != (N,) or arrays["numbers"].dtype.kind not in "iu":
        raise ValueError(
            f"{place}: expected the atomic number of at least one atom, got numbers of shape {arrays['numbers'].shape} and type {arrays['numbers'].dtype}"
        )
    shaped(f"positions of {place}", arrays["positions"], (N, 3))
    return {**state, "arrays": arrays}


def named(content: object) -> dict[str, Any]:
    """The entries of a dict that have a word as their name."""
    return {n: v for n, v in content.items() if isinstance(n, str)} if isinstance(content, Mapping) else {}


def stack(path: Path, key: str, place: str, states: Sequence[Mapping[str, Any]]) -> Configurations:
    """The configurations of these states, from ``state_of``, as one trajectory.

    Raises:
        ValueError: arrays that do not fit one another, or far more of them than the file can hold.
    """
    labels = [_labels(s.get("info")) for s in states]
    words = max((len(v) for part in labels for v in part.values() if isinstance(v, str)), default=0)
    arrays = sum(a.nbytes for s in states for a in s["arrays"].values())
    bounded(path, place, arrays + 4 * words * len(states))
    boxes = _boxes(place, states)
    parts = [Parsed(s["arrays"], entries, *box) for s, entries, box in zip(states, labels, boxes, strict=True)]
    return stacked(key, place, parts, units=ASE_UNITS)


def bounded(path: Path, place: str, size: int) -> None:
    """Refuses arrays of ``size`` bytes in total if the file is far too small to hold them."""
    limit = max(_TIMES * path.stat().st_size, _ALWAYS)
    if size > limit:
        raise ValueError(
            f"{place}: expected at most {limit} bytes of arrays in a file of {path.stat().st_size} bytes, got {size}; "
            "it repeats the same objects; ask its author for .npz"
        )


def _labels(info: object) -> dict[str, Any]:
    """Numbers, words and small arrays of numbers; the rest is nothing that a column could hold."""
    large = {
        n
        for n, v in named(info).items()
        if isinstance(v, np.ndarray) and (v.dtype.kind not in "biufUcS" or v.size > 1024)
    }
    return {n: v for n, v in named(info).items() if n not in large}


def _boxes(place: str, states: Sequence[Mapping[str, Any]]) -> list[tuple[NDArray, NDArray] | tuple[()]]:
    """Cell and pbc of each configuration; of none if one of the cells is not 3 × 3 numbers."""
    cells = [getattr(c, "state", c) for c in (s.get("_cellobj", s.get("_cell")) for s in states)]
    cells = [c.get("array") if isinstance(c, Mapping) else c for c in cells]
    pbc = [periodic(place, s.get("_pbc", False)) for s in states]
    if not all(isinstance(c, np.ndarray) and c.shape == (3, 3) and c.dtype.kind in "iuf" for c in cells):
        return [()] * len(states)
    return [(c.astype(np.float64), p) for c, p in zip(cells, pbc, strict=True)]
