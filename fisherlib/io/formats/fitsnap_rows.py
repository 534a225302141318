"""The dense matrix of FitSNAP (rows of energies, forces and stresses) as trajectories."""

import itertools
import os
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...dataset import Trajectory
from .. import inert
from ..archive import read_arrays
from ..places import printable
from .fitsnap import natural
from .npz import missing, names_of
from .values import npy

#: Names that FitSNAP gives to the files that the section EXTRAS of its input asks for.
DESCRIPTORS, TRUTHS, TABLE = "Descriptors.npy", "Truth-Ref.npy", "FitSNAP.df"
_ARRAYS = ("A", "b", "row_type", "config_index", "config_names")
_Names = list[tuple[str, str]]  # of the trajectory and of the file, for each configuration
_LABELS = ("truths", "Groups", "Configs", "Row_Type", "Atom_I")


class _Rows(NamedTuple):
    """A (rows, columns), its targets b, and what each row is: its kind, its configuration and its atom."""

    A: NDArray
    b: NDArray
    kind: NDArray
    configuration: NDArray  # whole numbers
    atom: NDArray | None
    names: _Names


def holds(path: Path) -> bool:
    """Whether a path has the names of FitSNAP's rows: a folder or file ``FitSNAP.df``, or the arrays of such an ``.npz``."""
    if path.is_dir():
        return (path / TABLE).is_file()
    if path.suffix != ".npz":
        return path.suffix == Path(TABLE).suffix
    try:
        return set(_ARRAYS) <= names_of(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):  # damaged: the reader of .npz says so
        return False


def read_rows(path: str | os.PathLike, *, temperature: float | None = None) -> list[Trajectory]:
    """The energy and force rows that FitSNAP fits, a trajectory for each of its groups.

    An energy row is per atom, so row and target are multiplied by N; a force row is Φ = −∂D/∂x as it stands. A column
    that is 1 in every energy row and 0 in every force row belongs to the offset per atom and is left out, as
    ``LinearPotential`` has it of its own. Targets are the DFT values minus those of the reference potential; weights,
    and stress rows, whose bar need the volumes that are not there, are not used; a warning says both. Configurations kept for testing are a trajectory of their own.
    FitSNAP's rows follow the listing of a folder; here groups and files are in natural order, 2 before 10.

    Args:
        path: a folder with ``FitSNAP.df`` (and ``Descriptors.npy``, ``Truth-Ref.npy``, which then must agree with it), that
            table alone, or an ``.npz`` with the arrays A, b, row_type, config_index and config_names ("group/file").
        temperature: K, of all trajectories.

    Raises:
        FileNotFoundError: no such file, or no table in the folder.
        ValueError: another content, or a configuration without one energy row and three force rows for each atom.

    Source: FitSNAP, fitsnap3lib/calculators/lammps_snap.py.
    """
    path = Path(path)
    rows = _of_npz(path) if path.suffix == ".npz" else _of_folder(path) if path.is_dir() else _of_table(path)
    made = _trajectories(path.name, rows, temperature)
    used = np.isin(rows.kind, ("Energy", "Force"))
    warnings.warn(
        f"{path.name}: energies and forces are the DFT values minus those of the reference potential; {np.sum(~used)} of "
        f"{len(used)} rows ({', '.join(sorted(set(rows.kind[~used]))) or 'none'}) and all weights are left aside",
        stacklevel=2,
    )
    return made


def _of_npz(path: Path) -> _Rows:
    arrays = read_arrays(path, {*_ARRAYS, "atom_index"}.__contains__)
    if lacking := [name for name in _ARRAYS if name not in arrays]:
        raise missing(path.name, lacking, arrays, _ARRAYS, "data of fisherlib are read with fisherlib.io.read")
    names, index = arrays["config_names"], arrays["config_index"]
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise ValueError(f"config_names of {path.name}: expected words in a row, got {names.shape} of {names.dtype}")
    names = names.astype(str)
    if index.dtype.kind not in "iu" or index.size == 0 or not 0 <= index.min() <= index.max() < len(names):
        raise ValueError(f"config_index of {path.name}: expected whole numbers below the {len(names)} config_names")
    parts = [name.rpartition("/") for name in names.tolist()]
    labels = [(group or printable(path.stem), file) for group, _, file in parts]
    return _checked(path.name, arrays["A"], arrays["b"], arrays["row_type"], index, arrays.get("atom_index"), labels)


def _of_folder(folder: Path) -> _Rows:
    table = folder / TABLE
    if not table.is_file():
        raise FileNotFoundError(
            f"{folder}: expected {TABLE}, which says what each row is, got none; FitSNAP writes it with 'dump_dataframe = 1' in the section EXTRAS of its input"
        )
    rows = _of_table(table)
    for name, have in ((DESCRIPTORS, rows.A), (TRUTHS, rows.b)):
        if (folder / name).is_file() and not np.array_equal(npy(folder / name), have):
            raise ValueError(
                f"{folder / name}: expected the values of {TABLE} beside it, got others; they are of two runs"
            )
    return rows


def _of_table(path: Path) -> _Rows:
    table = inert.load(path)
    if not isinstance(table, Mapping) or not all(name in table for name in (0, *_LABELS)):
        found = ", ".join(map(str, list(table)[-9:])) if isinstance(table, Mapping) else type(table).__name__
        raise ValueError(f"{path.name}: expected a table with columns 0, 1, … and {', '.join(_LABELS)}, got {found}")
    columns = sorted(name for name in table if isinstance(name, int))
    M = np.size(table[0])
    if uneven := [name for name in (*columns, *_LABELS) if np.shape(table[name]) != (M,)]:
        raise ValueError(
            f"{path.name}: expected columns of {M} rows, got another length of {uneven[0]!r}; write it again"
        )
    A = np.stack([table[name] for name in columns], axis=1)
    groups, files = (np.array([str(v) for v in table[name]]) for name in ("Groups", "Configs"))
    testing = np.array([bool(v) for v in table.get("Testing", np.zeros(M, dtype=bool))])
    places: dict[tuple[str, str, bool], int] = {}
    labels = zip(groups.tolist(), files.tolist(), testing.tolist(), strict=True)
    index = np.array([places.setdefault(label, len(places)) for label in labels])
    names = [(f"{group} (testing)" if test else group, file) for group, file, test in places]
    return _checked(path.name, A, table["truths"], table["Row_Type"], index, table["Atom_I"], names)


def _checked(
    place: str, A: ArrayLike, b: ArrayLike, kind: ArrayLike, index: NDArray, atom: ArrayLike | None, names: _Names
) -> _Rows:
    if any(np.asarray(values).dtype.kind not in "biufO" for values in (A, b, index, 0 if atom is None else atom)):
        raise ValueError(f"{place}: expected rows and targets of numbers, got others (words, times or complex)")
    try:
        A, b = np.asarray(A, dtype=np.float64), np.asarray(b, dtype=np.float64)
        atom = None if atom is None else np.asarray(atom, dtype=np.float64).ravel()
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{place}: expected rows and targets of numbers, got others ({error})") from error
    if atom is not None and not (atom == np.floor(atom)).all():
        raise ValueError(f"{place}: expected whole numbers of atoms, got others")
    kind = np.array([str(v) for v in np.asarray(kind).ravel()])
    lengths = {len(A) if A.ndim else -1, b.size, len(kind), index.size} | (set() if atom is None else {atom.size})
    if A.ndim != 2 or A.shape[1] == 0 or len(lengths) > 1:
        raise ValueError(
            f"{place}: expected as many targets, kinds and configurations as rows, got {A.shape} rows and {sorted(lengths)}"
        )
    return _Rows(A, b.ravel(), kind, index.ravel(), atom, names)


def _trajectories(place: str, rows: _Rows, temperature: float | None) -> list[Trajectory]:
    found = list(_configurations(place, rows))
    kept = _kept(place, rows)
    made = []
    for key, members in itertools.groupby(found, lambda one: one[0]):
        energy, force = zip(*((E, F) for _, E, F in members), strict=True)
        n_atoms = np.array([len(rows_of_one) // 3 for rows_of_one in force])
        E, F = np.array(energy), np.concatenate(force)
        with np.errstate(over="ignore", invalid="ignore"):  # what is infinite is refused by its place
            energies, descriptors = rows.b[E] * n_atoms, rows.A[np.ix_(E, kept)] * n_atoms[:, None]
        made.append(
            Trajectory(
                key=key,
                temperature=temperature,
                n_atoms=n_atoms,
                energies=energies,
                descriptors=descriptors,
                forces=rows.b[F],
                force_descriptors=rows.A[np.ix_(F, kept)],
                descriptor_names=tuple(f"D{k}" for k in range(len(kept))),
            )
        )
    return made


def _kept(place: str, rows: _Rows) -> NDArray[np.integer]:
    """The columns that are descriptors: all but one that is 1 in energy rows and 0 in force rows."""
    energy, force = rows.A[rows.kind == "Energy"], rows.A[rows.kind == "Force"]
    forceless = (force == 0).all(axis=0) & (energy != 0).any(axis=0)
    constant = forceless & (energy == 1).all(axis=0)
    if constant.all():
        raise ValueError(f"{place}: expected at least one descriptor beside the constant column, got none")
    free = np.flatnonzero(forceless[~constant])
    if len(free):
        warnings.warn(
            f"{place}: descriptors {', '.join(f'D{k}' for k in free)} are zero in all force rows, as the numbers of atoms of each "
            "element are; forces leave their coefficients free",
            stacklevel=4,
        )
    return np.flatnonzero(~constant)


def _configurations(place: str, rows: _Rows) -> Iterator[tuple[str, int, NDArray[np.integer]]]:
    """The trajectory of each configuration, the place of its energy row and those of its force rows, in natural order."""
    order = np.argsort(rows.configuration, kind="stable")
    cuts = np.flatnonzero(np.diff(rows.configuration[order])) + 1
    parts = [(*rows.names[rows.configuration[part[0]]], part) for part in np.split(order, cuts)]
    for key, file, members in sorted(parts, key=lambda part: (natural(part[0]), natural(part[1]))):
        energy, force = (members[rows.kind[members] == kind] for kind in ("Energy", "Force"))
        if len(energy) != 1 or len(force) == 0 or len(force) % 3:
            raise ValueError(
                f"{place}, {key}/{file}: expected one energy row and three force rows for each atom, got {len(energy)} and "
                f"{len(force)}; run FitSNAP with energy = 1, force = 1, bikflag = 0"
            )
        if rows.atom is not None and (rows.atom[force] != np.arange(len(force)) // 3).any():
            raise ValueError(
                f"{place}, {key}/{file}: expected force rows atom by atom, x y z, got another order; sort them as FitSNAP writes them"
            )
        yield key, int(energy[0]), force
