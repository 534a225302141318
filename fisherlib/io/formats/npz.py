"""The package's own file: one ``.npz`` of flat arrays, with the array names of the desktop app and no pickle inside."""

import json
import os
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import each
from ...configurations import Configurations
from ..archive import Arrays, write_atomically
from ..strict import parse_json
from .stacking import UNITS

FORMAT = "fisherlib-1"
REQUIRED = ("keys", "configurations", "n_atoms", "numbers", "positions")
_WANTED, _WAY = (*REQUIRED, "energies", "forces"), "write such a file with fisherlib.io.write"
_STRUCTURE = {*REQUIRED, "format", "units", "provenance", "temperature", "cell", "pbc", "descriptor_names"}
_OF_ALL = ("energies", "virials", "strain_descriptors")  # per configuration even where every one has one atom
_UNITS = json.dumps({**UNITS, "temperature": "K"}, ensure_ascii=False)


def write_frames(frames: Sequence[Configurations], path: str | os.PathLike, **extra: Any) -> None:
    """Write configurations (and their columns) into one compressed ``.npz``.

    Args:
        frames: trajectories; either all or none have a cell, and all have the same columns.
        path: target.
        extra: further arrays to store beside them.

    Raises:
        ValueError: trajectories that cannot share a file, or a name of another format.

    >>> import tempfile
    >>> import fisherlib as fl
    >>> frames = fl.io.read_frames("data/cu55_1200K.npz")[:1]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fl.io.write_frames(frames, f"{folder}/one.npz")
    ...     len(fl.io.read_frames(f"{folder}/one.npz"))
    1
    """
    frames = each("frames", frames, Configurations, "io.write_frames(io.read_frames('md.xyz'), 'frames.npz')")
    if Path(path).suffix != ".npz":
        raise ValueError(
            f"path: expected a name that ends in .npz, got {Path(path).name!r}; io.write has other formats"
        )
    names = [tuple(sorted(f.columns)) + (f.cell is None,) for f in frames]
    if not frames or len(set(names)) > 1:
        raise ValueError("frames: expected at least one trajectory and the same columns and cells in all of them")
    arrays: dict[str, Any] = {
        "format": FORMAT,
        "units": _UNITS,
        "keys": np.array([f.key for f in frames]),
        "configurations": np.array([len(f.n_atoms) for f in frames]),
        "provenance": json.dumps(dict(frames[0].provenance), ensure_ascii=False),
        "temperature": np.array([np.nan if f.temperature is None else f.temperature for f in frames]),
    }
    fields = ["n_atoms", "numbers", "positions", "energies", "forces"]
    fields += [] if frames[0].cell is None else ["cell", "pbc"]
    if any(f.energies is None for f in frames):  # NaN where there are none, as in trajectories
        frames = [f if f.energies is not None else replace(f, energies=np.full(len(f.n_atoms), np.nan)) for f in frames]
    if "virials" not in extra and any(f.virials is not None for f in frames):
        virials = [np.full((len(f.n_atoms), 6), np.nan) if f.virials is None else f.virials for f in frames]
        arrays["virials"] = np.concatenate(virials)
    arrays |= {"descriptor_names": np.array(frames[0].descriptor_names)} if frames[0].descriptor_names else {}
    arrays |= {field: np.concatenate([getattr(f, field) for f in frames]) for field in fields}
    arrays |= {name: np.concatenate([f.columns[name] for f in frames]) for name in frames[0].columns}
    write_atomically(Path(path), lambda file: np.savez_compressed(file, **arrays, **extra))


def read(path: Path) -> list[Configurations]:
    """Trajectories of a file that ``write_frames`` wrote; arrays of other lengths than ΣN or M are ignored."""
    arrays = _taken(path)
    counts, n_atoms = (_counts(path, name, arrays[name]) for name in ("configurations", "n_atoms"))
    if counts.sum() != len(n_atoms) or arrays["keys"].shape != counts.shape:
        raise ValueError(
            f"{path.name}: expected {counts.sum()} entries of n_atoms, got {len(n_atoms)}; the file is inconsistent"
        )
    per_atom, per_configuration = _by_length(arrays, len(n_atoms), int(n_atoms.sum()))
    temperature = arrays.get("temperature", np.full(len(counts), np.nan))
    _check_shapes(path, arrays, len(n_atoms), int(n_atoms.sum()))
    provenance, units = (_entries(path, name, arrays) for name in ("provenance", "units"))
    made, ends, atom_ends = [], np.cumsum(counts), np.concatenate([[0], np.cumsum(n_atoms)])
    for k, (key, first, last) in enumerate(zip(arrays["keys"], ends - counts, ends, strict=True)):
        m, a = slice(first, last), slice(atom_ends[first], atom_ends[last])
        T = None if np.isnan(temperature[k]) else float(temperature[k])
        made.append(
            Configurations(
                key=str(key),
                place=f"{path.name}, key {str(key)!r}",
                n_atoms=n_atoms[m],
                numbers=arrays["numbers"][a],
                positions=arrays["positions"][a],
                columns={name: column[a] for name, column in per_atom.items()},
                entries={name: column[m] for name, column in per_configuration.items()},
                temperature=T,
                provenance=provenance,
                units=units,
                descriptor_names=tuple(arrays.get("descriptor_names", np.array([], dtype=str)).tolist()),
                cell=arrays["cell"][m] if "cell" in arrays else None,
                pbc=arrays["pbc"][m] if "pbc" in arrays else None,
            )
        )
    return made


def _taken(path: Path) -> dict[str, NDArray]:
    """The arrays of a dataset, and those with a row for each atom or each configuration; no other one is read."""
    with Arrays(path) as arrays:
        if lacking := [name for name in REQUIRED if name not in arrays]:
            raise missing(path.name, lacking, arrays)
        n_atoms = _counts(path, "n_atoms", arrays["n_atoms"])
        rows, always = ((len(n_atoms),), (int(n_atoms.sum()),)), {*_STRUCTURE, *_WANTED}
        return {name: arrays[name] for name in arrays if name in always or arrays.described(name)[0][:1] in rows}


def _counts(path: Path, name: str, array: NDArray) -> NDArray[np.integer]:
    if array.ndim != 1 or not array.size or array.dtype.kind not in "iu" or not 0 < array.min() <= array.max() < 2**40:
        raise ValueError(
            f"{name} of {path.name}: expected positive integers in a row, got shape {array.shape} of {array.dtype}"
        )
    return array.astype(np.int64)


def _check_shapes(path: Path, arrays: Mapping[str, NDArray], M: int, atoms: int) -> None:
    """Refuses arrays of fixed shape that have another shape; missing ones are dealt with elsewhere."""
    keys, names = arrays["configurations"].shape, (np.size(arrays.get("descriptor_names", ())),)
    wanted = {"numbers": ((atoms,), "iu"), "positions": ((atoms, 3), "iuf"), "cell": ((M, 3, 3), "iuf")}
    wanted |= {"pbc": ((M, 3), "biu"), "temperature": (keys, "iuf")}
    wanted |= {"keys": (keys, "U"), "descriptor_names": (names, "U")}
    for name, (shape, kinds) in wanted.items():
        array = arrays.get(name)
        if array is not None and (array.dtype.kind not in kinds or array.shape != shape):
            expected = f"{'words' if kinds == 'U' else 'numbers'} of shape {shape}"
            raise ValueError(f"{name} of {path.name}: expected {expected}, got {array.shape} of {array.dtype}")
    for name, rows in (("forces", atoms), ("energies", M)):
        if name in arrays and arrays[name].shape[:1] != (rows,):
            last = str(arrays["keys"][-1])
            raise ValueError(
                f"{name} of trajectory {last!r} in {path.name}: expected {rows} rows up to its end, got shape {arrays[name].shape}"
            )
    if ("cell" in arrays) != ("pbc" in arrays):
        raise ValueError(f"cell and pbc of {path.name}: expected both or neither, got one of them")


def _entries(path: Path, name: str, arrays: Mapping[str, NDArray]) -> dict[str, Any]:
    content = parse_json(str(arrays.get(name, "{}")), f"{name} of {path.name}", "named entries as JSON")
    if not isinstance(content, dict):
        raise ValueError(f"{name} of {path.name}: expected named entries as JSON, got {type(content).__name__}")
    return content


def _by_length(arrays: Mapping[str, NDArray], M: int, atoms: int) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Per-atom and per-configuration arrays, told apart by name or else by length.

    Arrays that cannot be used, such as complex forces, are kept as well, so that nothing else is used in their place.
    A plain list counts as per configuration if every configuration is one atom, so that both lengths are the same.
    """
    per_atom, per_configuration = {}, {}
    for name, a in arrays.items():
        if name in _STRUCTURE or a.ndim == 0 or a.dtype.kind in "OV":
            continue
        fits_both = len(a) == M == atoms and a.ndim == 1
        if name == "forces" or (len(a) == atoms and name not in _OF_ALL and not fits_both):
            per_atom[name] = a
        elif len(a) == M or name == "energies":
            per_configuration[name] = a
    return per_atom, per_configuration


def missing(
    file: str, names: Iterable[str], found: Iterable[str], wanted: Iterable[str] = _WANTED, way: str = _WAY
) -> ValueError:
    """The error of a file without arrays that a format always has, this one if no other is named."""
    expected, got, among = (", ".join(words) or "nothing" for words in (wanted, names, found))
    return ValueError(f"{file}: expected the arrays {expected}, got no {got} among {among}; {way}")


def names_of(path: Path) -> set[str]:
    """Names of the arrays of an ``.npz``, from the directory at its end."""
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}
