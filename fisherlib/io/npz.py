"""The package's own file: one ``.npz`` of flat arrays, with the array names of the desktop app and no pickle inside."""

import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from .frames import Frames

FORMAT = "fisherlib-1"
_REQUIRED = ("keys", "configurations", "n_atoms", "numbers", "positions", "energies", "forces")


def write_atomically(path: Path, write: object) -> None:
    """Calls ``write(open file)`` on a neighbour of ``path`` and moves it into place: no half-written file is left."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with open(partial, "wb") as file:
            write(file)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_frames(frames: Sequence[Frames], path: str | os.PathLike, **extra: ArrayLike) -> None:
    """Write configurations (and their columns) into one compressed ``.npz``.

    Args:
        frames: trajectories; either all or none have a cell, and all have the same columns.
        path: target.
        extra: further arrays to store beside them.

    Raises:
        ValueError: trajectories that cannot share a file.
    """
    names = [tuple(sorted(f.columns)) + (f.cell is None,) for f in frames]
    if not frames or len(set(names)) > 1:
        raise ValueError("frames: expected at least one trajectory and the same columns and cells in all of them")
    arrays: dict[str, ArrayLike] = {
        "format": FORMAT,
        "units": json.dumps(
            {"energies": "eV", "forces": "eV/Å", "positions": "Å", "temperature": "K"}, ensure_ascii=False
        ),
        "keys": np.array([f.key for f in frames]),
        "configurations": np.array([len(f.n_atoms) for f in frames]),
        "provenance": json.dumps(dict(frames[0].provenance), ensure_ascii=False),
        "temperature": np.array([np.nan if f.temperature is None else f.temperature for f in frames]),
    }
    fields = ["n_atoms", "numbers", "positions", "energies", "forces"] + (
        [] if frames[0].cell is None else ["cell", "pbc"]
    )
    arrays |= {"descriptor_names": np.array(frames[0].descriptor_names)} if frames[0].descriptor_names else {}
    arrays |= {field: np.concatenate([getattr(f, field) for f in frames]) for field in fields}
    arrays |= {name: np.concatenate([f.columns[name] for f in frames]) for name in frames[0].columns}
    write_atomically(Path(path), lambda file: np.savez_compressed(file, **arrays, **extra))


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz``; a file that is damaged, truncated or holds objects is refused in one sentence."""
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path.name}: expected an intact .npz of plain arrays, got no archive or a truncated one; copy it again from its source"
        )
    try:
        # Opened here, since numpy leaves a file that is no archive open. What a damaged archive raises is anybody's
        # guess (zlib.error, RuntimeError, NotImplementedError …), and all of it means the same.
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (MemoryError, PermissionError):
        raise
    except Exception as error:
        raise ValueError(
            f"{path.name}: expected an intact .npz of plain arrays, got an unreadable one ({error}); copy it again from "
            "its source"
        ) from error


def read_frames(path: Path) -> list[Frames]:
    """Trajectories of a file that ``write_frames`` wrote."""
    arrays = read_arrays(path)
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing:
        raise ValueError(
            f"{path.name}: expected the arrays {', '.join(_REQUIRED)}, got no {', '.join(missing)} among "
            f"{', '.join(arrays) or 'nothing'}; write such a file with fisherlib.io.write"
        )
    counts, n_atoms = arrays["configurations"], arrays["n_atoms"]
    if counts.sum() != len(n_atoms) or len(counts) != len(arrays["keys"]):
        raise ValueError(
            f"{path.name}: expected {counts.sum()} entries of n_atoms, got {len(n_atoms)}; the file is inconsistent"
        )
    atoms = int(n_atoms.sum())
    known = {*_REQUIRED, "format", "units", "provenance", "temperature", "cell", "pbc"}
    provenance = json.loads(str(arrays.get("provenance", "{}")))
    columns = {name: a for name, a in arrays.items() if name not in known and a.ndim > 1 and len(a) == atoms}
    temperature = arrays.get("temperature", np.full(len(counts), np.nan))
    frames, first = [], 0
    for k, count in enumerate(counts):
        m = slice(first, first + count)
        a = slice(int(n_atoms[: m.start].sum()), int(n_atoms[: m.stop].sum()))
        per_configuration = {n: arrays[n][m] for n in ("n_atoms", "energies", "cell", "pbc") if n in arrays}
        per_atom = {n: arrays[n][a] for n in ("numbers", "positions", "forces")}
        frames.append(
            Frames(
                key=str(arrays["keys"][k]),
                temperature=None if np.isnan(temperature[k]) else float(temperature[k]),
                provenance=provenance,
                descriptor_names=tuple(arrays.get("descriptor_names", np.array([], dtype=str)).tolist()),
                columns={name: column[a] for name, column in columns.items()},
                **per_configuration,
                **per_atom,
            )
        )
        first += count
    return frames
