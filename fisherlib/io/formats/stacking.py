"""Configurations that a reader has parsed one by one, put together into one trajectory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations

#: What an ``ase.Atoms`` is in, by definition.
ASE_UNITS = {"positions": "Å", "cell": "Å"}
UNITS = {**ASE_UNITS, "energies": "eV", "forces": "eV/Å"}


class Parsed(NamedTuple):
    """One configuration."""

    atoms: Mapping[str, NDArray]  # (N, …) by name, "numbers" among them
    entries: Mapping[str, Any] = {}  # numbers, words and small arrays that belong to the whole configuration
    cell: NDArray | None = None  # (3, 3) Å
    pbc: Sequence[bool] = (False, False, False)


def stack(key: str, place: str, parts: Sequence[Parsed], **about: Any) -> Configurations:
    """The configurations as one trajectory; numbers that a few of them lack are NaN there, and told by ``incomplete``.

    Columns and entries that half of them lack, and words that one lacks, are left out.

    ``place`` names file and key in errors; ``about`` has further fields of the trajectory, such as ``units``.

    Raises:
        ValueError: an array has another shape in another configuration, or not one row for each atom.
    """
    columns, no_column = _columns(place, [part.atoms for part in parts])
    entries, no_entry = _entries([part.entries for part in parts])
    box: dict[str, Any] = {}
    if any(any(part.pbc) for part in parts):
        cells = [np.zeros((3, 3)) if part.cell is None else part.cell for part in parts]
        box = {"cell": np.array(cells), "pbc": np.array([part.pbc for part in parts])}
    return Configurations(
        key=key,
        place=place,
        n_atoms=np.array([len(part.atoms["numbers"]) for part in parts]),
        numbers=columns.pop("numbers"),
        positions=columns.pop("positions", None),
        columns=columns,
        entries=entries,
        incomplete=no_entry | no_column,
        **box,
        **about,
    )


def _columns(place: str, parts: Sequence[Mapping[str, NDArray]]) -> tuple[dict[str, NDArray], dict[str, int]]:
    """Per-atom arrays of all configurations, one after the other, and those that some configuration lacks."""
    incomplete = _incomplete(parts)
    columns = {}
    for name in _shared(parts, incomplete):
        like = next(p[name] for p in parts if name in p)
        if name in incomplete and like.dtype.kind != "f":
            continue
        arrays = [p[name] if name in p else np.full((len(p["numbers"]), *like.shape[1:]), np.nan) for p in parts]
        for m, array in enumerate(arrays):
            wanted = (len(parts[m]["numbers"]), *like.shape[1:])
            if array.shape != wanted:
                raise ValueError(
                    f"column {name!r} of {place}: expected shape {wanted}, a row for each atom and the rest as in configuration "
                    f"0, got {array.shape} in configuration {m}; all configurations need the same descriptor"
                )
        columns[name] = np.concatenate(arrays)
    return columns, incomplete


def _entries(parts: Sequence[Mapping[str, Any]]) -> tuple[dict[str, NDArray], dict[str, int]]:
    """Numbers and words of whole configurations, (M, …), and those that some configuration lacks.

    What is neither a number, a word nor an array of one shape everywhere is left out. A word among floating-point numbers,
    such as None or ****, is a number that is lacking.
    """
    incomplete = _incomplete(parts)
    columns = {}
    for name in _shared(parts, incomplete):
        values = [p.get(name) for p in parts]
        known = [v for v in values if isinstance(v, float | np.ndarray) and np.asarray(v).dtype.kind == "f"]
        if 2 * len(known) > len(values):
            numbers = [
                v if not isinstance(v, str | bool | None) else np.full(np.shape(known[0]), np.nan) for v in values
            ]
            words = [m for m, v in enumerate(values) if isinstance(v, str | bool | None)]
            values, incomplete = numbers, incomplete | ({name: words[0]} if words else {})
        if not all(isinstance(v, bool | int | float | complex | bytes | str | np.generic | np.ndarray) for v in values):
            continue
        arrays = [np.asarray(v) for v in values]
        kinds, shapes = {a.dtype.kind for a in arrays}, {a.shape for a in arrays}
        if kinds <= set("biufUcS") and len(shapes) == 1:
            columns[name] = np.array([str(v) for v in values]) if "U" in kinds else np.stack(arrays)
    return columns, incomplete


def _shared(parts: Sequence[Mapping[str, Any]], incomplete: Mapping[str, int]) -> list[str]:
    """Names that all parts have, or most; what fewer have is left out."""
    counts = Counter(name for part in parts for name in part)
    most = {n for n in incomplete if 2 * counts[n] > len(parts)}
    return [
        n for n in dict.fromkeys((*parts[0], *(n for n in incomplete if n in most))) if n not in incomplete or n in most
    ]


def _incomplete(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    names = dict.fromkeys(name for part in parts for name in part)
    lacking = {name: next((m for m, part in enumerate(parts) if name not in part), None) for name in names}
    return {name: m for name, m in lacking.items() if m is not None}
