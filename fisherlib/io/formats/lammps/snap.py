"""The global array of LAMMPS's ``compute snap`` as a trajectory."""

import itertools
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....arguments import floats, location
from ....dataset import Trajectory
from ....units import BAR
from ..values import npy, shaped
from .text import filled, table, take, warn_of_few_digits

_VIRIAL = 6


def read_snap(
    path: str | os.PathLike,
    *,
    n_atoms: int | Sequence[int],
    energies: ArrayLike | None = None,
    forces: ArrayLike | None = None,
    volumes: ArrayLike | None = None,
    temperature: float | None = None,
    key: str | None = None,
) -> Trajectory:
    """Descriptors, force descriptors, energies and forces of the configurations in the array of ``compute snap``.

    Its first row is D summed over the atoms (or one row for each atom, with bikflag 1), then follow 3N rows of
    Φ = −∂D/∂x by atom-ID, x y z, and 6 rows of the virial, the strain descriptors xx yy zz yz xz xy. The last column is the
    energy (eV), the forces (eV/Å) and the pressure (bar) of the pair_style. They are the truth if that drove the simulation.
    If it was only a reference such as zbl, give ``energies`` and ``forces``: it is subtracted from them. Units are those of
    ``units metal``.

    Args:
        path: the file of ``fix ave/time 1 1 … c_snap[*] … mode vector`` (one average over several steps would be no
            configuration), the text of one array, or a ``.npy`` of one array or of M arrays of one shape.
        n_atoms: N, of every configuration or of each.
        energies: (M,) eV; to be given together with ``forces``.
        forces: (ΣN, 3) or (3ΣN,), eV/Å, by atom-ID.
        volumes: (M,) Å³, or one, of periodic cells. The virials are the pressures times them; without them, or with
            ``forces`` given, the six rows are left aside.
        temperature: K.
        key: of the trajectory; the name of the file without it.

    Raises:
        ValueError: other rows than N leads to, a last column of zeros and no energies and forces given, or a damaged file.

    Source: LAMMPS documentation, compute sna/atom, "Output info".
    """
    location("path", path, "io.lammps.read_snap('snap.dat', n_atoms=54)")
    path = Path(path)
    arrays = _arrays(path)
    counts = np.broadcast_to(np.asarray(n_atoms), (len(arrays),)) if np.ndim(n_atoms) == 0 else np.asarray(n_atoms)
    if counts.shape != (len(arrays),) or counts.dtype.kind not in "iu" or counts.min() < 1:
        raise ValueError(
            f"n_atoms: expected one whole number, or one for each of the {len(arrays)} configurations of {path.name}, got {n_atoms!r:.60}"
        )
    heads = [_head(path, m, array, int(N)) for m, (array, N) in enumerate(zip(arrays, counts, strict=True))]
    sites = [a[:h, :-1] for a, h in zip(arrays, heads, strict=True)]
    rows = np.concatenate([a[h:-_VIRIAL] for a, h in zip(arrays, heads, strict=True)])
    E, F = _targets(path, np.array([a[0, -1] for a in arrays]), rows[:, -1], energies, forces)
    virials: dict[str, Any] = {} if volumes is None or forces is not None else _virials(arrays, volumes)
    if not virials:
        warnings.warn(
            f"{path.name}: {_VIRIAL * len(arrays)} rows of the virial are left aside: they need volumes=, and the pressure of "
            "the pair_style as the truth",
            stacklevel=2,
        )
    return Trajectory(
        key=path.stem if key is None else key,
        temperature=temperature,
        n_atoms=counts,
        energies=E,
        descriptors=np.array([D.sum(axis=0) for D in sites]),
        site_descriptors=np.concatenate(sites) if (np.array(heads) == counts).all() else None,
        forces=F,
        force_descriptors=rows[:, :-1],
        **virials,
    )


def _virials(arrays: Sequence[NDArray], volumes: ArrayLike) -> dict[str, Any]:
    """Virials, eV, of the pressures in the last column, and strain descriptors."""
    V = floats("volumes", volumes)
    if V.shape not in ((), (len(arrays),)) or not (np.isfinite(V) & (V > 0)).all():
        raise ValueError(
            f"volumes: expected one in Å³, or one for each of the {len(arrays)} configurations, got {volumes!r:.60}"
        )
    rows = np.array([a[-_VIRIAL:] for a in arrays])
    return {"virials": rows[..., -1] * np.atleast_1d(V / BAR)[:, None], "strain_descriptors": rows[..., :-1]}


def _head(path: Path, m: int, array: NDArray, N: int) -> int:
    """How many rows of descriptors there are before those of their derivatives: 1, or N with bikflag 1."""
    rows, columns = array.shape
    for head in (1, N):
        if rows == head + 3 * N + _VIRIAL and columns > 1:
            return head
    reason = "dgradflag is 1: run it with dgradflag 0" if rows == N + 3 * N * N + 1 else "n_atoms belongs to other data"
    raise ValueError(
        f"{path.name}, configuration {m}: expected 1 + 3N + 6 = {3 * N + 7} rows of K + 1 columns (or {4 * N + 6} with bikflag 1) "
        f"for N = {N} atoms, got {rows} of {columns}; {reason}"
    )


def _targets(
    path: Path, E: NDArray, F: NDArray, energies: ArrayLike | None, forces: ArrayLike | None
) -> tuple[NDArray, NDArray]:
    """Energies and forces to fit: those of the pair_style, or those given minus them."""
    if (energies is None) != (forces is None):
        raise ValueError("energies and forces: expected both or neither, got one of them; the pair_style gives both")
    zero = not (E.any() or F.any())
    if energies is None or forces is None:
        if zero:
            raise ValueError(
                f"{path.name}: expected energies and forces of the pair_style in the last column, got zeros, as of pair_style "
                "zero; give energies= and forces= of the system, or run the simulation's own pair_style"
            )
        return E, F
    given_E = shaped("energies", floats("energies", energies), E.shape)
    given_F = shaped("forces", floats("forces", forces), F.shape, (len(F) // 3, 3))
    if not zero:
        warnings.warn(
            f"{path.name}: the energies and forces in its last column are taken for those of a reference potential and subtracted from those given",
            stacklevel=3,
        )
    return given_E - E, given_F.ravel() - F


def _arrays(path: Path) -> list[NDArray[np.float64]]:
    if path.suffix == ".npy":
        array = npy(path)
        if array.ndim not in (2, 3) or array.dtype.kind not in "iuf" or array.size == 0:
            raise ValueError(f"{path.name}: expected one array (rows, K + 1) or M of them, got shape {array.shape}")
        array = array.astype(np.float64)
        return [array] if array.ndim == 2 else list(array)
    texts = _texts(path)
    warn_of_few_digits(path, [row for _, row in texts[0]], "'format \" %.16g\"' in fix ave/time", stacklevel=4)
    made = [table(path, rows, columns=len(rows[0][1].split())) for rows in texts]
    if len({array.shape[1] for array in made}) > 1:
        raise ValueError(f"{path.name}: expected the same columns in all configurations, got others")
    return made


def _texts(path: Path) -> list[list[tuple[int, str]]]:
    """Lines of each array of a text: after lines of a step and a number of rows where there are such, or else of one."""
    file = filled(path)
    if (first := next(file, None)) is None:
        raise ValueError(
            f"{path.name}: expected the array of compute snap, got no numbers; see fix ave/time, mode vector"
        )
    if not _heads_a_step(first[1]):
        return [[first, *file]]
    found = []
    for number, line in itertools.chain([first], file):
        if not _heads_a_step(line):
            raise ValueError(
                f"{path.name}: expected a step and a number of rows in line {number}, got {line.strip()!r:.40}; the file is damaged"
            )
        step, count = line.split()
        rows = take(path, file, int(count), f"step {step}")
        if [row.split()[0] for _, row in rows] != [str(i + 1) for i in range(len(rows))] or not rows:
            raise ValueError(f"{path.name}: expected rows 1 to {count} of step {step} after line {number}, got others")
        found.append([(n, row.split(maxsplit=1)[-1]) for n, row in rows])
    return found


def _heads_a_step(line: str) -> bool:
    return len(line.split()) == 2 and all(word.isdecimal() and len(word) < 19 for word in line.split())
