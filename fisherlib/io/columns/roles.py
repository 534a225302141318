"""Energies and forces of a trajectory, taken from what its file holds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...configurations import Frames
from ..formats import npz
from ..stored import Stored
from . import choices
from .columns import ENERGIES, FORCES, Columns, describe, free, meant


def frames_of(stored: Stored, kind: str, file: str, *, forces: str | None, energies: str | None) -> Frames:
    """The configurations with the energies and forces named, or with those of a usual or the only likely name.

    Raises:
        ValueError: there are none of that name, or they are no energies or forces by their shape.
    """
    entries, atoms = stored.configurations, stored.atoms
    E = energies or choices.guess_energies(entries, kind)
    if E not in entries:
        raise _no_energies(stored, kind, file, energies)
    F = forces or choices.guess_forces(atoms)
    if F not in atoms:
        raise _no_forces(stored, kind, file, forces)
    return Frames(
        key=stored.key,
        n_atoms=stored.n_atoms,
        numbers=atoms.get("numbers"),
        positions=atoms.get("positions"),
        energies=_numbers("energies", E, entries[E], ()),
        forces=_numbers("forces", F, atoms[F], (3,)),
        temperature=temperature_of(stored),
        cell=stored.cell,
        pbc=stored.pbc,
        columns=free(atoms, F),
        descriptor_names=stored.descriptor_names,
        provenance={**stored.provenance, "columns": {"energies": E, "forces": F}},
    )


def temperature_of(stored: Stored) -> float | None:
    """The temperature that a file states for a trajectory, K: its own, or that of all its configurations alike."""
    return _of_entries(stored.configurations) if stored.temperature is None else stored.temperature


def temperatures_of(stored: Stored) -> set[float]:
    """All temperatures that a file states for a trajectory or for configurations of it, K."""
    found = _entries(stored.configurations) if stored.temperature is None else {stored.temperature}
    return {T for T in found if np.isfinite(T) and T > 0}


def _of_entries(entries: Columns) -> float | None:
    found = _entries(entries)
    T = found.pop() if len(found) == 1 else None
    return T if T is not None and np.isfinite(T) and T > 0 else None


def _entries(entries: Columns) -> set[float]:
    return {float(T) for name in ("temperature", "Temperature") if name in entries for T in _plain(entries[name])}


def _plain(column: NDArray) -> NDArray:
    return np.unique(column) if column.ndim == 1 and column.dtype.kind in "iuf" else np.array([])


def _numbers(what: str, name: str, column: NDArray, row: tuple[int, ...]) -> NDArray:
    if column.dtype.kind not in "iuf" or column.shape[1:] != row:
        wanted = "one number for each configuration" if what == "energies" else "three numbers for each atom"
        raise ValueError(
            f"{what}: expected a column of {wanted}, got {name!r} of shape {column.shape} and type {column.dtype}; "
            f"name another by {what}="
        )
    return column


def _no_energies(stored: Stored, kind: str, file: str, wanted: str | None) -> ValueError:
    found = list(stored.configurations)
    if kind == "npz" and wanted is None:
        return npz.missing(file, ["energies"], [*stored.atoms, *found])
    if (
        kind != "extxyz"
        and wanted is not None
        and set(choices.of_energies(stored.configurations, kind)) <= {"energies"}
    ):
        return no_such_choice("energies", wanted, file, found)
    has = f"{', '.join(found)}; name it by energies=" if found else "no entry at all; add one to the file"
    return ValueError(
        f"energies: no {_spoken(wanted, ENERGIES[kind], found)} in {_where(stored, kind, wanted, ENERGIES[kind])}; it has {has}"
    )


def _no_forces(stored: Stored, kind: str, file: str, wanted: str | None) -> ValueError:
    if kind == "npz" and wanted is None:
        return npz.missing(file, ["forces"], [*stored.atoms, *stored.configurations])
    if kind == "npz" and set(choices.of_forces(stored.atoms)) <= set(FORCES):
        return no_such_choice("forces", wanted, file, list(stored.atoms))
    usual = FORCES if kind == "extxyz" else FORCES[:1]
    return ValueError(
        f"forces: no column {_spoken(wanted, usual, list(stored.atoms))} in {_where(stored, kind, wanted, usual)}; it has "
        f"{describe(stored.atoms)}; name it by forces="
    )


def no_such_choice(what: str, value: str | None, file: str, found: Sequence[str] = ()) -> ValueError:
    """The error of naming a column where the format leaves nothing to choose."""
    near = meant([value] if value else [], found)
    return ValueError(f"{what}: expected none for {file}, whose format has no such choice, got {value!r}{near}")


def _spoken(wanted: str | None, usual: tuple[str, ...], found: Sequence[str]) -> str:
    names = [wanted] if wanted else usual
    return " or ".join(map(repr, names)) + meant(names, found)


def _where(stored: Stored, kind: str, wanted: str | None, usual: tuple[str, ...]) -> str:
    if kind != "extxyz":
        return stored.place
    first = max(stored.incomplete.get(name, 0) for name in ([wanted] if wanted else usual))
    return f"configuration {first} of {stored.place}"
