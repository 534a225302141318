"""Extended xyz files, through ASE."""

from pathlib import Path

import ase.io
import numpy as np

from .frames import Frames


def read_frames(
    path: Path, *, forces: str | None = None, energies: str | None = None, key: str | None = None
) -> list[Frames]:
    """Trajectories of an extended xyz file.

    Args:
        path: the file.
        forces: name of the forces column; "forces", "force" or "REF_forces" without it.
        energies: name of the energy in the comment line; "energy" or "REF_energy" without it.
        key: name of the comment-line entry that tells trajectories apart; one trajectory without it.

    Raises:
        ValueError: the file cannot be read, or has no energy or no forces.
    """
    try:
        configurations = ase.io.read(path, index=":", format="extxyz")
    except (ValueError, KeyError, IndexError, AssertionError, OSError, ase.io.formats.UnknownFileTypeError) as error:
        raise ValueError(
            f"{path.name}: expected an extended xyz file, got one that ASE cannot read ({error})"
        ) from error
    if not configurations:
        raise ValueError(f"{path.name}: expected at least one configuration, got none")
    groups: dict[str, list[ase.Atoms]] = {}
    for m, atoms in enumerate(configurations):
        groups.setdefault(path.stem if key is None else str(_entry(path, "key", m, atoms, (key,))), []).append(atoms)
    energy_names = (energies,) if energies else ("energy", "REF_energy")
    force_names = (forces,) if forces else ("forces", "force", "REF_forces")
    return [_frames(path, name, members, energy_names, force_names) for name, members in groups.items()]


def _entry(path: Path, argument: str, m: int, atoms: ase.Atoms, names: tuple[str, ...]) -> object:
    found = atoms.info | (atoms.calc.results if atoms.calc else {})
    for name in names:
        if name in found:
            return found[name]
    raise ValueError(
        f"{argument}: no {' or '.join(map(repr, names))} in configuration {m} of {path.name}; it has {', '.join(found)}; name it by {argument}="
    )


def _forces(path: Path, m: int, atoms: ase.Atoms, names: tuple[str, ...]) -> np.ndarray:
    found = atoms.arrays | (atoms.calc.results if atoms.calc else {})
    for name in names:
        if name in found:
            return np.asarray(found[name])
    columns = ", ".join(name for name, a in found.items() if np.ndim(a) == 2)
    raise ValueError(
        f"forces: no column {' or '.join(map(repr, names))} in configuration {m} of {path.name}; it has {columns}; name it by forces="
    )


def _frames(
    path: Path, name: str, members: list[ase.Atoms], energies: tuple[str, ...], forces: tuple[str, ...]
) -> Frames:
    periodic = any(atoms.pbc.any() for atoms in members)
    box = (
        {"cell": np.array([a.cell.array for a in members]), "pbc": np.array([a.pbc for a in members])}
        if periodic
        else {}
    )
    known = {"numbers", "positions", *forces}
    columns = [c for c in members[0].arrays if c not in known and all(c in a.arrays for a in members)]
    return Frames(
        key=name,
        n_atoms=np.array([len(a) for a in members]),
        numbers=np.concatenate([a.numbers for a in members]),
        positions=np.concatenate([a.positions for a in members]),
        energies=np.array([_entry(path, "energies", m, a, energies) for m, a in enumerate(members)], dtype=np.float64),
        forces=np.concatenate([_forces(path, m, a, forces) for m, a in enumerate(members)]),
        columns={c: np.concatenate([a.arrays[c] for a in members]) for c in columns},
        **box,
    )
