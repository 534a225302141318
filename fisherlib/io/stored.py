"""One trajectory with everything its file holds, before any column is chosen."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What an ``ase.Atoms`` is in, by definition.
ASE_UNITS = {"positions": "Å", "cell": "Å"}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Stored:
    """The configurations of one trajectory as their file has them.

    Attributes:
        key: name of the trajectory.
        place: file and key, for sentences.
        n_atoms: (M,) atoms in each configuration.
        atoms: per-atom arrays by name, (ΣN, …); "numbers" and "positions" are there but in tables of descriptors.
        configurations: per-configuration arrays by name, (M, …).
        incomplete: entries that some configurations lack, with the first that does.
        temperature: K, or None.
        cell: (M, 3, 3) Å, or None for isolated systems (no periodic direction).
        pbc: (M, 3), or None.
        descriptor_names: of the descriptors among the columns, where the file has them.
        provenance: what the file says about where its descriptors come from.
        units: that the file or its format states, by column.
    """

    key: str
    place: str
    n_atoms: NDArray[np.integer]
    atoms: Mapping[str, NDArray]
    configurations: Mapping[str, NDArray]
    incomplete: Mapping[str, int] = dataclasses.field(default_factory=dict)
    temperature: float | None = None
    cell: NDArray[np.floating] | None = None
    pbc: NDArray[np.bool_] | None = None
    descriptor_names: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def take(self, key: str, rows: Sequence[int]) -> "Stored":
        """The configurations ``rows`` as a trajectory of their own."""
        ends = np.cumsum(self.n_atoms)
        atoms = np.concatenate([np.arange(ends[m] - self.n_atoms[m], ends[m]) for m in rows])
        return dataclasses.replace(
            self,
            key=key,
            n_atoms=self.n_atoms[rows],
            atoms={name: a[atoms] for name, a in self.atoms.items()},
            configurations={name: a[rows] for name, a in self.configurations.items()},
            cell=None if self.cell is None else self.cell[rows],
            pbc=None if self.pbc is None else self.pbc[rows],
        )


def stack_atoms(place: str, parts: Sequence[Mapping[str, NDArray]]) -> tuple[dict[str, NDArray], dict[str, int]]:
    """Per-atom arrays of all configurations, one after the other, and those that some configuration lacks.

    Args:
        place: of the trajectory, for the sentence.
        parts: of each configuration, arrays (N, …) by name, "numbers" among them.

    Raises:
        ValueError: an array has another shape in another configuration, or not one row for each atom.
    """
    incomplete = _incomplete(parts)
    columns = {}
    for name in (n for n in parts[0] if n not in incomplete):
        arrays = [p[name] for p in parts]
        wanted = arrays[0].shape[1:]
        for m, array in enumerate(arrays):
            if array.shape[1:] != wanted:
                raise ValueError(
                    f"column {name!r} of {place}: expected shape (N, {', '.join(map(str, wanted))}) as in "
                    f"configuration 0, got {array.shape} in configuration {m}; all configurations need the same descriptor"
                )
            if len(array) != len(parts[m]["numbers"]):
                raise ValueError(
                    f"column {name!r} of {place}: expected {len(parts[m]['numbers'])} rows, one for each atom, in "
                    f"configuration {m}, got {len(array)}"
                )
        columns[name] = np.concatenate(arrays)
    return columns, incomplete


def stack_entries(parts: Sequence[Mapping[str, Any]]) -> tuple[dict[str, NDArray], dict[str, int]]:
    """Numbers and words that belong to whole configurations, (M, …), and those that some configuration lacks.

    What is neither a number, a word nor an array of one shape everywhere is left out.
    """
    incomplete = _incomplete(parts)
    columns = {}
    for name in (n for n in parts[0] if n not in incomplete):
        values = [p[name] for p in parts]
        if not all(isinstance(v, bool | int | float | complex | bytes | str | np.generic | np.ndarray) for v in values):
            continue
        arrays = [np.asarray(v) for v in values]
        kinds, shapes = {a.dtype.kind for a in arrays}, {a.shape for a in arrays}
        if kinds <= set("biufUcS") and len(shapes) == 1:
            columns[name] = np.array([str(v) for v in values]) if "U" in kinds else np.stack(arrays)
    return columns, incomplete


def _incomplete(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    names = dict.fromkeys(name for part in parts for name in part)
    lacking = {name: next((m for m, part in enumerate(parts) if name not in part), None) for name in names}
    return {name: m for name, m in lacking.items() if m is not None}
