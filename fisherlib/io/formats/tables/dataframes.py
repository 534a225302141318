"""Pandas data frames as trajectories: a row for each configuration, with arrays in its cells, or for each atom."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....configurations import Configurations
from ...columns.names import BOX, DESCRIPTORS, FORCE_DESCRIPTORS, FORCES, KEYS, N_ATOMS, NUMBERS, POSITIONS, SPECIES
from ...columns.names import first as first_of
from .. import ase_records
from ..values import atomic_numbers
from . import atom_rows
from .cells import Cells, cells, refuse_other_lengths

#: Columns whose arrays have one row for each atom, the surest first.
_PER_ATOM = (*NUMBERS, *SPECIES, *POSITIONS, *FORCES, DESCRIPTORS, FORCE_DESCRIPTORS)
#: Axes of those that could be rows of components as well, (3N,) and (3N, K).
_AXES = {**dict.fromkeys(FORCES, 2), FORCE_DESCRIPTORS: 3}
_PER_ROW = "rows, one for each atom"
_PER_CONFIGURATION = (*BOX, "stress", "virial", "virials", "virial_stress")


def read(path: Path, columns: Mapping[Any, NDArray]) -> list[Configurations]:
    """Trajectories of a data frame, given by its columns; its row index is not looked at.

    A row is a configuration where cells hold arrays, lists or ``ase.Atoms``: numbers (N,) or species, positions (N, 3),
    forces (N, 3), descriptors (N, K), force descriptors (N, 3, K), (N, K, 3) or (3N, K), cell (3, 3) … Otherwise a row is
    an atom or a component of its force; see ``atom_rows.read``. A column "key", "trajectory", "walker" or "group" of words
    or integers, some of them the same, tells trajectories apart. The size of the file bounds the memory used.

    Raises:
        ValueError: no such table; a cell that holds something else, by its row and column; shapes that do not fit.
    """
    lengths = {len(column) if column.ndim == 1 else -1 for column in columns.values()}
    if len(lengths) != 1 or min(lengths) < 1:
        found = ", ".join(f"{str(n):.20} {c.shape}" for n, c in list(columns.items())[:9])
        raise ValueError(f"{path.name}: expected a data frame with at least one row, got arrays of {found}")
    names = [str(label) for label in columns]
    if len(set(names)) != len(names):
        raise ValueError(f"{path.name}: expected columns of different names, got {names[:9]}; rename them")
    made = [cells(path, name, column) for name, column in zip(names, columns.values(), strict=True)]
    held = _of_rows(path, made) if all(c.lengths is None and c.atoms is None for c in made) else _of_cells(path, made)
    return _apart(Configurations(key=path.stem, place=path.name, **_named(path, held)), path)


def _of_rows(path: Path, columns: list[Cells]) -> dict[str, Any]:
    for c in columns:
        if c.lacking is not None:
            raise ValueError(f"{c.place}: expected a value in every row, got none in row {c.lacking}")
    return atom_rows.read(path, {c.name: c.values for c in columns})


def _of_cells(path: Path, columns: list[Cells]) -> dict[str, Any]:
    """n_atoms, atoms, entries, incomplete … of a trajectory, from a table with a row for each configuration."""
    held: dict[str, Any] = {"atoms": {}, "entries": {}, "incomplete": {}}
    records = [(c, _records(path, c.place, c.atoms)) for c in columns if c.atoms is not None]
    n_atoms = records[0][1].n_atoms if records else _n_atoms(path, columns)
    for c, made in records:
        refuse_other_lengths(c.place, made.n_atoms, n_atoms, _PER_ROW)
        for field, found in (("atoms", made.of_atoms), ("entries", made.entries), ("incomplete", made.incomplete)):
            taken = {other.name for other in columns} | held[field].keys()
            held[field] |= {f"{c.name}.{n}" if n in taken else n: v for n, v in found.items()}
        held |= {"units": made.units} | ({} if made.cell is None else {"cell": made.cell, "pbc": made.pbc})
    for c in (c for c in columns if c.atoms is None):
        if c.lacking is not None:
            held["incomplete"][c.name] = c.lacking
        elif c.lengths is None or c.name in _PER_CONFIGURATION:
            held["entries"][c.name] = c.stacked()
        elif np.array_equal(c.lengths, n_atoms):
            held["atoms"][c.name] = c.values
        elif np.array_equal(c.lengths, 3 * n_atoms):
            held["atoms"][c.name] = c.values.reshape(int(n_atoms.sum()), 3, *c.values.shape[1:])
        else:
            if len(set(c.lengths.tolist())) > 1:
                refuse_other_lengths(c.place, c.lengths, n_atoms, _PER_ROW)
            held["entries"][c.name] = c.stacked()
    return {"n_atoms": n_atoms, **held}


def _records(path: Path, place: str, cells: Sequence[object]) -> Configurations:
    states = [ase_records.state_of(f"{place}, row {m}", atoms) for m, atoms in enumerate(cells)]
    return ase_records.stack(path, path.stem, place, states)


def _n_atoms(path: Path, columns: list[Cells]) -> NDArray[np.int64]:
    """Atoms of each configuration: said by a column, or the lengths of the arrays that are surest to be per atom."""
    by_name = {c.name: c for c in columns if c.lacking is None}
    said = first_of(N_ATOMS, by_name)
    if said is not None and by_name[said].lengths is None:
        n_atoms = by_name[said].values
        if n_atoms.dtype.kind not in "iu" or n_atoms.min() < 1 or n_atoms.max() > path.stat().st_size:
            found = f"{n_atoms[:3].tolist()} …"
            raise ValueError(f"{by_name[said].place}: expected the number of atoms in each row, got {found}")
    else:
        arrays = {n: c for n, c in by_name.items() if n not in _PER_CONFIGURATION}
        lengths = {n: c.lengths for n, c in arrays.items() if c.lengths is not None}
        if not lengths:
            found = ", ".join(by_name)[:200]
            raise ValueError(f"{path.name}: expected a column of arrays with a row for each atom, got {found}")
        sure = first_of(_PER_ATOM, (n for n in lengths if arrays[n].values.ndim == _AXES.get(n, arrays[n].values.ndim)))
        n_atoms = lengths[sure] if sure else min(lengths.values(), key=np.sum)
    if n_atoms.min() < 1:
        row = int(n_atoms.argmin())
        raise ValueError(f"{path.name}: expected at least one atom in each row, got none in row {row}; drop that row")
    return n_atoms.astype(np.int64)


def _named(path: Path, held: dict[str, Any]) -> dict[str, Any]:
    """Fields of a ``Configurations``: what has a known name becomes numbers, positions, cell and pbc."""
    atoms, entries = held.pop("atoms"), held["entries"]
    known: dict[str, NDArray] = {}
    if name := first_of((*NUMBERS, *SPECIES), atoms):
        known["numbers"] = atomic_numbers(f"column {name!r} of {path.name}", atoms[name])
        atoms = {n: column for n, column in atoms.items() if n != name or n in SPECIES}
    if name := first_of(POSITIONS, atoms):
        known["positions"] = x = atoms.pop(name)
        if x.shape[1:] != (3,) or x.dtype.kind not in "iuf":
            found = f"(N, {', '.join(map(str, x.shape[1:]))}) of type {x.dtype}"
            raise ValueError(f"column {name!r} of {path.name}: expected arrays of numbers (N, 3), got {found}")
    cell = entries.get(first_of(BOX, entries) or "")
    if cell is not None and "cell" not in held and cell.shape[1:] == (3, 3) and cell.dtype.kind in "iuf":
        # A cell without an entry about periodicity is periodic, as everywhere in the field.
        pbc = entries.get("pbc", np.ones((len(cell), 3)))
        pbc = pbc[:, None] if pbc.ndim == 1 else pbc
        if pbc.dtype.kind not in "biuf" or pbc.ndim != 2 or pbc.shape[1] not in (1, 3):
            found = pbc.shape[1:]
            raise ValueError(f"column 'pbc' of {path.name}: expected one or three of true and false, got {found}")
        pbc = np.broadcast_to(pbc != 0, (len(cell), 3))
        held |= {"cell": cell.astype(np.float64), "pbc": pbc} if pbc.any() else {}
    return {"columns": atoms, **known, **held}


def _apart(made: Configurations, path: Path) -> list[Configurations]:
    name = first_of(KEYS, made.entries)
    if name is None or made.entries[name].ndim != 1 or made.entries[name].dtype.kind not in "Uiu":
        return [made]
    apart = made.by_entry(name)
    if len(apart) == len(made.n_atoms):  # names of configurations, not of trajectories
        return [made]
    return [dataclasses.replace(t, place=f"{path.name}, key {t.key!r}") for t in apart]
