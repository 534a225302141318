"""Folders of DeePMD-kit: arrays of a system, cut into sets."""

from collections.abc import Sequence
from os.path import lexists
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from ..strict import regular
from .stacking import UNITS
from .values import npy, of_symbols

_TYPES, _SYMBOLS = "type.raw", "type_map.raw"
_WAY = "give elements=('Ta', …), one for each type from 0 on"
_ALL = {"coord": "positions", "force": "forces", "energy": "energies", "box": "cell", "virial": "virial"}


def holds(path: Path) -> bool:
    """Whether a folder is that of a system, or has such right in it."""
    return bool(_systems(path))


def _systems(path: Path) -> list[Path]:
    if (path / _TYPES).is_file():
        return [path]
    return sorted(p for p in path.iterdir() if p.is_dir() and (p / _TYPES).is_file())


def read(path: Path, *, elements: Sequence[str] | None = None) -> list[Configurations]:
    """Each system of a folder as a trajectory, its sets in order, in eV and Å.

    Boxes are periodic unless there is a file ``nopbc``. "virial" is −∂U/∂ε, eV; its nine numbers stay as they are.

    Args:
        path: a folder with ``type.raw``, or one of such folders.
        elements: symbols of types 0, 1, …, where there is no ``type_map.raw``.

    Raises:
        ValueError: no sets of arrays, no elements, or arrays that do not fit one another or are damaged.

    Source: DeePMD-kit's documentation, "Formats of a system".
    """
    systems = _systems(path)
    return [_system(one, one.name if len(systems) > 1 else path.resolve().name, elements) for one in systems]


def _system(folder: Path, key: str, elements: Sequence[str] | None) -> Configurations:
    sets = sorted(p for p in folder.glob("set.*") if p.is_dir())
    if not sets or (sets[0] / "real_atom_types.npy").exists():
        found = "sets of mixed types" if sets else "none"
        raise ValueError(
            f"{folder.name}: expected folders set.000 … of arrays, got {found}; write them with dpdata's to_deepmd_npy"
        )
    types = _words(folder / _TYPES)
    N = len(types)
    arrays = {name: [_array(one, name, N) for one in sets] for name in _ALL if lexists(sets[0] / f"{name}.npy")}
    whole = {_ALL[name]: np.concatenate(parts) for name, parts in arrays.items()}
    if "positions" not in whole or not {"forces", "energies"} & whole.keys():
        has = ", ".join(arrays) or "none"
        raise ValueError(f"{folder.name}: expected coord.npy and force.npy or energy.npy in {sets[0].name}, got {has}")
    M = len(whole["positions"])
    if any(len(a) != M for a in whole.values()):
        lengths = ", ".join(f"{name} {len(a)}" for name, a in whole.items())
        raise ValueError(
            f"{folder.name}: expected arrays of the same configurations, got {lengths}; the folder is damaged"
        )
    numbers = np.tile(_numbers(folder, types, elements), M)
    periodic = not _is_there(folder / "nopbc")
    if periodic and "cell" not in whole:
        way = "add it, or an empty file nopbc if nothing is periodic"
        raise ValueError(f"{folder.name}: expected box.npy in {sets[0].name}, got {', '.join(arrays)}; {way}")
    box: dict[str, Any] = {"cell": whole["cell"], "pbc": np.ones((M, 3), bool)} if periodic else {}
    return Configurations(
        key=key,
        place=f"{folder.name}",
        n_atoms=np.full(M, N),
        numbers=numbers,
        positions=whole["positions"].reshape(M * N, 3),
        columns={"forces": whole["forces"].reshape(M * N, 3)} if "forces" in whole else {},
        entries={name: whole[name] for name in ("energies", "virial") if name in whole},
        units={**UNITS, "virial": "eV"},
        **box,
    )


def _array(folder: Path, name: str, N: int) -> NDArray[np.float64]:
    """An array of a set, (m, …), as flat rows or not."""
    row = {"coord": (N, 3), "force": (N, 3), "energy": (), "box": (3, 3), "virial": (3, 3)}[name]
    file = folder / f"{name}.npy"
    if not lexists(file):
        raise ValueError(f"{folder.parent.name}: expected {name}.npy in {folder.name} as in the other sets, got none")
    array = npy(file)
    if array.dtype.kind not in "iuf" or not array.ndim or array.size != len(array) * int(np.prod(row)):
        raise ValueError(
            f"{folder.parent.name}, {folder.name}/{name}.npy: expected numbers (m, {np.prod(row):g}), got {array.shape} of {array.dtype}"
        )
    return np.asarray(array, dtype=np.float64).reshape(len(array), *row)


def _is_there(file: Path) -> bool:
    """Whether there is such a file; a pipe, a device or a link to nothing of that name is refused."""
    return regular(file).exists()


def _words(path: Path) -> list[str]:
    if path.stat().st_size > 1 << 26:
        raise ValueError(f"{path.name}: expected a list of types, got {path.stat().st_size} bytes")
    return path.read_text(encoding="utf-8", errors="replace").split()


def _numbers(folder: Path, types: Sequence[str], elements: Sequence[str] | None) -> NDArray[np.int64]:
    symbols = elements or (_words(folder / _SYMBOLS) if _is_there(folder / _SYMBOLS) else None)
    if symbols is None or isinstance(symbols, str):
        raise ValueError(
            f"elements: expected a list of symbols for {folder.name}, which has no {_SYMBOLS}, got {elements!r}; {_WAY}"
        )
    if not types or not all(word.isdecimal() and int(word) < len(symbols) for word in types):
        raise ValueError(
            f"elements: expected one for each type in {_TYPES} of {folder.name}, got {len(symbols)}; {_WAY}"
        )
    return of_symbols(f"{_TYPES} of {folder.name}", [symbols[int(word)] for word in types], _WAY)
