"""MiLaDy's design matrix: rows of summed descriptors and of force descriptors, with what they are to give."""

import collections
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ....arguments import location
from ....dataset import Trajectory
from . import fortran
from .folder import NAME, key_of, refuse, some

_ENERGY, _FORCE, _STRESS = 1, 2, 3
_SIZE = re.compile(r"#\s*nline\s+ncol\b.*?\s(?P<rows>[0-9]{1,12})\s+(?P<columns>[0-9]{1,12})\b")


class _Rows(NamedTuple):
    """What the .info says of each row."""

    tags: NDArray[np.integer]  # (R,) 1 energy, 2 force, 3 stress
    targets: NDArray[np.float64]  # (R,) eV, eV/Å, eV/Å³
    weights: NDArray[np.float64]  # (R,)
    starts: NDArray[np.integer]  # first row of each configuration
    sources: list[str]  # name of each configuration


def read_rows(path: Path, *, temperature: float | None = None) -> list[Trajectory]:
    """The energies and forces of a ``design_matrix.dat`` and the ``.info`` beside it, by class and system ("01_120").

    The row of an energy is N and the descriptors summed, the rows of forces are 0 and Φ = −∂D/∂x, atom by atom, x y z.
    There are neither positions nor site descriptors. Energies are those that MiLaDy fitted, after its references. Rows of
    stress and weights are not used, which a warning says.

    Args:
        path: the ``.dat``.
        temperature: K, of the ensemble that the configurations were drawn from; the files do not say.

    Raises:
        ValueError: rows that do not make whole configurations with energy and forces, or damaged files.

    Source: MiLaDy's documentation of ``write_design_matrix``, and what its program writes.
    """
    location("path", path, "io.milady.read_rows('design_matrix.dat')")
    path = Path(path)
    beside = path.with_suffix(".info")
    if not beside.is_file():
        raise ValueError(
            f"{path.name}: expected {beside.name} beside it, which says what each row is, got no such file"
        )
    matrix = fortran.table(path, row="the number of atoms and K values")
    _refuse_truncated(path, len(matrix), matrix.shape[1])
    info = _information(beside)
    _refuse_truncated(beside, len(info.tags), None)
    if len(matrix) != len(info.tags):
        raise ValueError(
            f"{path.name}: expected {len(info.tags)} rows as in {beside.name}, got {len(matrix)}; both must come from one run"
        )
    if matrix.shape[1] < 2:
        raise ValueError(f"{path.name}: expected N and K values in each row, got 1 column")
    _say_what_is_left_aside(path, info)
    n_atoms = _atoms_of_configurations(path, matrix, info)
    keys: dict[str, list[int]] = {}
    for m, source in enumerate(info.sources):
        keys.setdefault(key_of(source), []).append(m)
    owner = np.searchsorted(info.starts, np.arange(len(matrix)), side="right") - 1
    made = []
    for key, members in keys.items():
        of_key = np.isin(owner, members)
        energy, force = (np.flatnonzero(of_key & (info.tags == tag)) for tag in (_ENERGY, _FORCE))
        made.append(
            Trajectory(
                key=key,
                temperature=temperature,
                n_atoms=n_atoms[members],
                energies=info.targets[energy],
                descriptors=matrix[energy, 1:],
                forces=info.targets[force],
                force_descriptors=matrix[force, 1:],
            )
        )
    return made


def _information(path: Path) -> _Rows:
    rows: list[tuple[int, float, float]] = []
    names: list[str] = []
    for n, tokens in fortran.lines(path):
        place = f"{path.name}, line {n}"
        if len(tokens) != 4 or tokens[0] not in ("1", "2", "3") or not NAME.fullmatch(tokens[3]):
            raise ValueError(
                f"{place}: expected 1, 2 or 3, the target, its weight and a configuration such as 01_120_000001, got {' '.join(tokens)[:80]!r}"
            )
        target, weight = (fortran.number(f"{place}, {what}", tokens[k]) for k, what in ((1, "target"), (2, "weight")))
        rows.append((int(tokens[0]), target, weight))
        names.append(tokens[3])
    if not names:
        raise ValueError(f"{path.name}: expected a line for each row of the design matrix, got none")
    starts = [r for r, name in enumerate(names) if r == 0 or name != names[r - 1]]
    sources = [names[r] for r in starts]
    if apart := [name for name, runs in collections.Counter(sources).items() if runs > 1]:
        raise ValueError(
            f"{path.name}: expected all rows of a configuration together, got those of {some(apart)} apart"
        )
    tags, targets, weights = map(np.array, zip(*rows, strict=True))
    return _Rows(tags, targets, weights, np.array(starts), sources)


def _atoms_of_configurations(path: Path, matrix: NDArray, info: _Rows) -> NDArray[np.integer]:
    """(M,) atoms: the first entry of the energy's row, which the number of force rows must bear out."""
    energies, forces = (np.add.reduceat(info.tags == tag, info.starts, dtype=int) for tag in (_ENERGY, _FORCE))
    wrong = {name for name, e, f in zip(info.sources, energies, forces, strict=True) if e != 1 or f == 0}
    way = "write the matrix with E and F set to T for all classes in db_model.in, or without these"
    refuse(path, "one row of energy and 3N rows of forces of each configuration", "another number", wrong, way)
    N = matrix[info.tags == _ENERGY, 0]
    if not (3 * N == forces).all():
        m = int(np.flatnonzero(3 * N != forces)[0])
        raise ValueError(
            f"{path.name}: expected 3N = {3 * N[m]:g} rows of forces of {info.sources[m]}, as its row of energy begins with "
            f"N = {N[m]:g}, got {forces[m]}; weighted or truncated matrices cannot be used"
        )
    if matrix[info.tags == _FORCE, 0].any():
        raise ValueError(f"{path.name}: expected 0 at the beginning of each row of forces, got other numbers")
    return N.astype(np.int64)


def _refuse_truncated(path: Path, rows: int, columns: int | None) -> None:
    """Compares with what the head of the file says, where it does."""
    said = next(filter(None, map(_SIZE.match, fortran.head(path)[0])), None)
    if said and (int(said["rows"]) != rows or columns not in (None, int(said["columns"]))):
        raise ValueError(
            f"{path.name}: expected {said['rows']} rows of {said['columns']} as its head says, got {rows}"
            f"{'' if columns is None else f' of {columns}'}; the file is truncated or two were put together"
        )


def _say_what_is_left_aside(path: Path, info: _Rows) -> None:
    if stress := np.count_nonzero(info.tags == _STRESS):
        warnings.warn(f"{path.name}: {stress} rows of stress are left aside", stacklevel=3)
    weighted = info.weights[(info.weights != 1) & (info.tags != _STRESS)]
    if len(weighted):
        warnings.warn(
            f"{path.name}: {len(weighted)} rows of energy and forces have weights other than 1 ({weighted.min():g} to "
            f"{weighted.max():g}), which are not used: every force counts alike",
            stacklevel=3,
        )
