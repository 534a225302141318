"""The columns of a file in their roles: energies, forces, temperature, descriptors and force descriptors of a trajectory."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ...arguments import numbers
from ...configurations import Configurations
from ...dataset import Trajectory
from ..formats import npz
from . import candidates
from .candidates import free, gradients, sites, usual_energies
from .choice import Choice
from .conversion import in_electronvolts
from .names import FORCES, KEYED, Columns, column_list, meant
from .sources import taken
from .stress import with_virials


def labelled(stored: Configurations, choice: Choice, *, kind: str, file: str) -> Configurations:
    """The configurations with the energies and forces chosen, or with those of a usual or the only likely name, in eV and Å.

    A file in which nothing may be an energy is read without. Energies that the forces may belong to instead stay among the entries; "taken" of the provenance names them by "other",
    and has sentences about what was done, "notes".

    Raises:
        ValueError: there are none of that name, names leave it open which belong together, they are no energies or forces
            by their shape, or their units are not known.
    """
    if not isinstance(choice.energies, str | None):
        found = f"{type(choice.energies).__name__}; only a LAMMPS dump, which has no energies, takes numbers"
        raise ValueError(f"energies: expected a name of what {file} holds, got {found}")
    entries, columns = stored.entries, stored.of_atoms
    chosen = taken(entries, columns, kind=kind, choice=choice)
    if chosen.question:
        raise ValueError(f"energies and forces of {stored.place}: {chosen.question}")
    E, F = chosen.energies, chosen.forces
    alone = E is None and kind != "npz" and not any("energ" in name.lower() for name in stored.incomplete)
    alone = alone and not candidates.of_energies(entries, kind)  # nothing in the file may be an energy
    if E not in entries and not alone:
        raise _none("energies", stored, kind, file, choice.energies)
    if F is None or F not in columns:
        raise _none("forces", stored, kind, file, choice.forces)
    notes = [chosen.note, "it holds no energies: fits run on forces alone, and energies are not compared" * alone]
    about = {"other": chosen.other, "notes": [*stored.provenance.get("notes", ()), *filter(None, notes)]}
    made = dataclasses.replace(
        stored,
        energies=None if E is None else _numbers("energies", E, entries[E], ()),
        forces=_numbers("forces", F, columns[F], (3,)),
        columns=free(columns, F),
        provenance={**stored.provenance, "columns": {"energies": E, "forces": F}, "taken": about},
    )
    # Virials are taken in the units of the file: they are converted as energies are.
    made = with_virials(made) if choice.stress else made
    return in_electronvolts(made, choice, also=chosen.other)


def refuse_different_columns(found: Sequence[Configurations]) -> None:
    """Refuses trajectories, labelled each by itself, whose energies and forces have different names."""
    if len({(c["energies"], c["forces"]) for c in (part.provenance["columns"] for part in found)}) > 1:
        each: dict[str, str] = {}
        for part in found:
            each.setdefault(" with ".join(map(repr, part.provenance["columns"].values())), part.place)
        told = "; ".join(f"{names} in {place}" for names, place in each.items())
        raise ValueError(
            f"energies and forces: expected the same columns in all files, got {told}; name some that all have by energies= and "
            "forces=, rename them, or read the files apart"
        )


def temperature_of(stored: Configurations | Trajectory) -> float | None:
    """The temperature that a file states for a trajectory, K: its own, or that of all its configurations alike."""
    if stored.temperature is not None or isinstance(stored, Trajectory):
        return stored.temperature
    found = _temperatures(stored)
    T = found.pop() if len(found) == 1 else np.nan
    return T if np.isfinite(T) and T > 0 else None


def temperatures_of(stored: Configurations | Trajectory) -> set[float]:
    """All temperatures that a file states for a trajectory or for configurations of it, K."""
    if stored.temperature is not None or isinstance(stored, Trajectory):
        return set() if stored.temperature is None else {stored.temperature}
    return {T for T in _temperatures(stored) if np.isfinite(T) and T > 0}


def _temperatures(stored: Configurations) -> set[float]:
    found = [stored.entries[name] for name in ("temperature", "Temperature") if name in stored.entries]
    return {float(T) for a in found if a.ndim == 1 and a.dtype.kind in "iuf" for T in np.unique(a)}


def at(labelled: Configurations, temperature: float | None) -> Configurations:
    """What was chosen of a file, at a temperature, K, or at the one that the file states."""
    T = temperature_of(labelled) if temperature is None else float(temperature)
    return dataclasses.replace(labelled, temperature=T, entries={}, incomplete={})


def pair(columns: Columns, choice: Choice) -> tuple[str, str]:
    """The columns chosen or guessed for descriptors and force descriptors; a ValueError for missing or ambiguous ones."""
    Phi = _pick("force_descriptors", choice.force_descriptors, columns, gradients(columns))
    return _pick("descriptors", choice.descriptors, columns, sites(columns, columns[Phi])), Phi


def trajectory(stored: Configurations, choice: Choice, strain: NDArray | None = None) -> Trajectory:
    """A trajectory from configurations with descriptors, and with those of the strain where there are virials.

    Raises:
        ValueError: a column is missing or does not fit.
    """
    names = pair(stored.columns, choice)
    D, Phi = (numbers(f"column {name!r}", stored.columns[name]) for name in names)
    if D.ndim != 2:
        wanted = f"column {names[0]!r} of shape (ΣN, K)"
        raise ValueError(f"descriptors: expected {wanted}, got {D.shape}; name another by descriptors=")
    Phi = _as_rows(names[1], Phi, D.shape[1])
    Psi = None if stored.virials is None else strain
    if choice.gradient:
        Phi, Psi = -Phi, None if Psi is None else -Psi
    return stored.with_descriptors(D, Phi, stored.descriptor_names, Psi=Psi)


def _pick(what: str, wanted: str | None, columns: Columns, fits: Sequence[str]) -> str:
    """The column to take for ``what``: the one named, or the only one that fits."""
    if wanted is not None:
        if wanted not in columns:
            near = meant([wanted], columns)
            raise ValueError(
                f"{what}: no column {wanted!r}{near}; the file has {column_list(columns)}; name one of them"
            )
        return wanted
    if len(fits) != 1:
        found = f"{len(fits)} that could be ({', '.join(map(repr, fits))})" if fits else "none that could be"
        has = f"the file has {column_list(columns)}"
        raise ValueError(f"{what}: expected one such column, found {found}; {has}; name it by {what}=")
    return fits[0]


def _as_rows(name: str, Phi: NDArray, K: int) -> NDArray:
    """(ΣN, 3, K), (ΣN, K, 3) or flattened (ΣN, 3K) as the rows (3ΣN, K); the order of axes is known from K."""
    n = len(Phi)
    if Phi.shape[1:] in ((3, K), (3 * K,)):
        return Phi.reshape(-1, K)
    if Phi.shape[1:] == (K, 3):
        return np.ascontiguousarray(Phi.transpose(0, 2, 1)).reshape(-1, K)
    wanted = f"column {name!r} of shape ({n}, 3, {K}) to go with K = {K} descriptors, got {Phi.shape}"
    raise ValueError(f"force_descriptors: expected {wanted}; the two columns must come from the same descriptor")


def _numbers(what: str, name: str, column: NDArray, row: tuple[int, ...]) -> NDArray:
    if column.dtype.kind not in "iuf" or column.shape[1:] != row:
        wanted = "one number for each configuration" if what == "energies" else "three numbers for each atom"
        found = f"{name!r} of shape {column.shape} and type {column.dtype}"
        raise ValueError(f"{what}: expected a column of {wanted}, got {found}; name another by {what}=")
    return column


def no_such_choice(what: str, value: object, file: str, found: Iterable[str] = ()) -> ValueError:
    """The error of naming a column where the format leaves nothing to choose."""
    near = meant([value], found) if isinstance(value, str) else ""
    return ValueError(f"{what}: expected none for {file}, whose format has no such choice, got {value!r}{near}")


def _none(what: str, stored: Configurations, kind: str, file: str, wanted: str | None) -> ValueError:
    """The error of energies or forces of which there are none, or none of the name wanted."""
    atoms, entries = stored.of_atoms, stored.entries
    if kind == "npz" and wanted is None:
        return npz.missing(file, [what], [*atoms, *entries])
    if what == "energies":
        found, usual, column, fit = entries, usual_energies(kind), "", candidates.of_energies(entries, kind)
        fixed = kind not in KEYED and set(fit) <= {"energies"}
        has = f"{', '.join(entries):.300}" or "no entry at all"
    else:
        usual = FORCES if kind in KEYED else FORCES[:1]
        found, column, fit = atoms, "column ", candidates.of_forces(atoms)
        fixed = kind == "npz" and set(fit) <= set(FORCES)
        has = f"{column_list(atoms):.300}"
    has += f"; name it by {what}=" if fit or wanted else f"; none of it can be {what}: add them to the file"
    if fixed and wanted is not None:
        return no_such_choice(what, wanted, file, found)
    names = [wanted] if wanted else usual
    lacking = f"configuration {max(stored.incomplete.get(name, 0) for name in names)} of " if kind in KEYED else ""
    spoken = " or ".join(map(repr, names)) + meant(names, found)
    return ValueError(f"{what}: no {column}{spoken} in {lacking}{stored.place}; it has {has}")
