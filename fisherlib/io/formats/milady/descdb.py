"""A descriptor database of MiLaDy: configurations with their descriptors and force descriptors, by class and system."""

import dataclasses
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ....arguments import location
from ....configurations import Configurations
from ...archive import read_arrays
from ...columns.names import DESCRIPTORS, FORCE_DESCRIPTORS
from ...strict import regular
from ..stacking import UNITS, Parsed, stack
from ..values import npy
from . import folder, fortran, poscar
from .folder import Files, key_of, refuse, some
from .folder import holds as holds
from .poscar import Poscar

_UNITS = {**UNITS, **dict.fromkeys(("energy_1", "energy_2", "energy_3"), "eV"), "stress": "eV/Å³"}


_Content = tuple[NDArray, NDArray | None]


def read(path: Path) -> list[Configurations]:
    """The configurations of a descriptor database, one trajectory for each class and system ("01_120"), by number.

    Columns "milady-descriptors" (ΣN, K) and "milady-descriptors-forces" (ΣN, 3, K), which is Φ = −∂D/∂x, with "forces",
    "stress" where every configuration has it, and the three energies of a configuration, "energy_1" to "energy_3", of
    which "energies" is the second, MiLaDy's own choice. A shift by ``ref_energy_per_element`` is not in the files. Cells
    are periodic. MiLaDy writes a .fml in single precision unless it was compiled otherwise, and with ``activate_k2b`` it
    breaks its rows; they are put together.

    Args:
        path: the folder (``descDB``), or the one that holds it.

    Raises:
        ValueError: a file is missing, is damaged, or does not fit the others.

    Source: MiLaDy's documentation, and what its program writes.
    """
    location("path", path, "io.milady.read('descDB')")
    found = folder.files(path := Path(path))
    _refuse_without_forces(path, [f for f in found if f.force_descriptors is None and f.descriptors.suffix != ".npz"])
    poscars = {f.name: poscar.read(f.poscar) for f in found}
    if lacking := [name for name, p in poscars.items() if p.given[:2] != "11"]:
        raise ValueError(
            f"{path.name}: expected energy and forces in each configuration, but the EFS-tag of {some(lacking)} says that "
            "one is not given; move the descriptors of these away"
        )
    contents = {f.name: _descriptors(f, len(poscars[f.name].numbers)) for f in found}
    _refuse_without_forces(path, [f for f in found if f.force_descriptors is None and contents[f.name][1] is None])
    K, first = contents[found[0].name][0].shape[1], found[0].descriptors.name
    for f in found:
        if (have := contents[f.name][0].shape[1]) != K:
            raise ValueError(
                f"{f.descriptors.name}: expected K = {K} descriptors as in {first}, got {have}; all configurations need the same descriptor"
            )
    keys = itertools.groupby(found, lambda f: key_of(f.name))
    return [_trajectory(path, key, list(members), poscars, contents) for key, members in keys]


def _refuse_without_forces(path: Path, missing: list[Files]) -> None:
    way = "run MiLaDy again with desc_forces=.true., or move the descriptors of these away"
    refuse(path, "force descriptors (.fml) of each configuration", "none", [f.name for f in missing], way)


def _descriptors(f: Files, N: int) -> _Content:
    """(N, K) descriptors of one configuration, and (N, 3, K) force descriptors if the same file has them."""
    file = f.descriptors
    if file.suffix == ".npz":
        D, Phi = _packed(file)
    else:
        separator = "," if file.suffix == ".csv" else None
        D, Phi = fortran.table(file, separator=separator, row="as in the first line"), None
    if Phi is None:
        return _by_atom(file, D, N, f.poscar.name), None
    if f.force_descriptors is not None:
        raise ValueError(f"{f.name}: expected force descriptors in one place, got them in .npz and .fml; move one away")
    if Phi.shape != (N, 3, D.shape[1]) or len(D) != N:
        raise ValueError(
            f"{file.name}: expected N = {N} atoms as in {f.poscar.name}, and force descriptors of shape ({N}, 3, K), got {D.shape} and {Phi.shape}"
        )
    return D, Phi


def _packed(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Descriptors of an ``.npz``, (N, 1 + K), or (N, K) with force descriptors (N, 3, K).

    MiLaDy's own ``.npz`` is one plain array (N, 1 + K) without an archive around it, whose first column numbers the atoms;
    one array of this layout in an archive is read likewise. Arrays by the names "milady-descriptors" (N, K) and
    "milady-descriptors-forces" (N, 3, K) come without such a column; where only the former is there, the atoms are taken
    in the order of their configuration and numbered here.

    Raises:
        ValueError: damaged, objects inside, or other arrays.
    """
    arrays = _arrays(path)
    if DESCRIPTORS in arrays:
        D = _numbers(path, DESCRIPTORS, arrays[DESCRIPTORS], 2)
        if FORCE_DESCRIPTORS in arrays:
            return D, _numbers(path, FORCE_DESCRIPTORS, arrays[FORCE_DESCRIPTORS], 3)
        return np.column_stack([np.arange(1, len(D) + 1), D]), None
    if len(arrays) != 1:
        raise ValueError(
            f"{path.name}: expected one array (N, 1 + K), or {DESCRIPTORS!r} (N, K), got {', '.join(arrays) or 'nothing'}"
        )
    ((name, table),) = arrays.items()
    return _numbers(path, name, table, 2), None


def _arrays(path: Path) -> Mapping[str, NDArray]:
    with open(regular(path), "rb") as file:
        plain = file.read(6) == b"\x93NUMPY"
    return {"array": npy(path)} if plain else read_arrays(path)


def _numbers(path: Path, name: str, array: NDArray, dimensions: int) -> NDArray[np.float64]:
    if array.dtype.kind not in "iuf" or array.ndim != dimensions or 0 in array.shape or not np.isfinite(array).all():
        raise ValueError(
            f"{path.name}: expected finite numbers of {dimensions} dimensions in {name!r}, got {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.float64)


def _force_descriptors(f: Files, N: int, D: NDArray) -> NDArray:
    """(N, 3, K) of one .fml: for each atom all x, then all y, then all z."""
    file, K = cast(Path, f.force_descriptors), D.shape[1]
    row = (
        f"the atom's number and 3K values with K = {K} as in {f.descriptors.name}; write .eml and .fml in one run of MiLaDy, "
        "and with activate_k2b both must hold the pair descriptors"
    )
    table = fortran.table(file, columns=1 + 3 * K, row=row)
    return _by_atom(file, table, N, f.poscar.name).reshape(N, 3, K)


def _by_atom(file: Path, table: NDArray, N: int, poscar_name: str) -> NDArray:
    """The values of a table whose first column numbers the atoms 1 to N."""
    if table.shape[1] < 2:
        raise ValueError(f"{file.name}: expected the atom's number and K descriptors in each row, got one number")
    if len(table) != N or not np.array_equal(table[:, 0], np.arange(1, N + 1)):
        wrong = next((i for i, n in enumerate(table[:N, 0], 1) if n != i), min(N, len(table)) + 1)
        twice = len(table) > N and np.array_equal(table[N:, 0][:N], np.arange(1, N + 1)[: len(table) - N])
        why = (
            "the file holds them more than once, since MiLaDy appends to a file that is there; delete it and write it again"
            if twice
            else "the file is truncated, or was written with a mask on the atoms"
        )
        raise ValueError(
            f"{file.name}: expected the atoms 1 to {N} of {poscar_name} in this order, got {len(table)} rows of which row "
            f"{wrong} is the first that is not; {why}"
        )
    return table[:, 1:]


def _trajectory(
    path: Path, key: str, members: list[Files], poscars: dict[str, Poscar], contents: dict[str, _Content]
) -> Configurations:
    parts = [_parsed(f, poscars[f.name], contents[f.name][0]) for f in members]
    made = stack(key, f"{path.name}, key {key!r}", parts, units=_UNITS)
    K, start = made.columns[DESCRIPTORS].shape[1], 0
    Phi = np.empty((made.n_atoms.sum(), 3, K))  # filled in place: it is most of what there is
    for f, N in zip(members, made.n_atoms, strict=True):
        D, together = contents[f.name]
        Phi[start : start + N] = _force_descriptors(f, N, D) if together is None else together
        start += N
    provenance = {"descriptor": {"name": "from MiLaDy", "K": K}}
    return dataclasses.replace(made, columns={**made.columns, FORCE_DESCRIPTORS: Phi}, provenance=provenance)


def _parsed(f: Files, p: Poscar, D: NDArray) -> Parsed:
    energies = {f"energy_{i}": float(E) for i, E in enumerate(p.energies, 1)}
    stress = {} if p.stress is None else {"stress": p.stress}
    entries = {"energies": energies["energy_2"], **energies, **stress, "configuration": f.name}
    atoms: dict[str, Any] = {"numbers": p.numbers, "positions": p.positions, "forces": p.forces, DESCRIPTORS: D}
    return Parsed(atoms, entries, p.cell, (True, True, True))
