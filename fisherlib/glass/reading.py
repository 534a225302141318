"""Glasses from files: an ``.npz`` of configurations, or tables of one configuration each."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..arguments import flags, floats, number, numbers, whole
from ..dataset import Array
from ..io.archive import read_arrays
from ..io.compression import plain_name, read_bytes
from ..io.file_sets import Location, keys_of, located
from ..io.formats.lammps.text import table
from ..io.strict import in_memory
from .ensemble import Ensemble
from .particles import inside, lengths

#: Bytes of one table, at most: a hundred thousand particles with a hundred descriptors.
LIMIT = 2**27
_NEEDED, _HALVES = ("positions", "types", "box"), dict.fromkeys(("propensity_even", "propensity_odd")).keys()
_TAKEN = {*_NEEDED, *_HALVES, "propensity", "times", "names", "is_test", "runs", "inherent", "energies"}
#: Columns of a table before those of descriptors.
_COLUMNS = ("x", "y", "type", "propensity")


def read(path: Location) -> Ensemble:
    """The configurations of an ``.npz``, or of tables ``.xy`` of one configuration each.

    An ``.npz`` holds positions (C, N, d), types (C, N) or (N,) from 0, box, one length or d, and the propensity, (C, N) or
    (C, T, N): as ``propensity``, or as ``propensity_even`` and ``propensity_odd``, over every other run, from which the
    noise is known. It may hold times (T,), names (C,), is_test (C,), runs, inherent (C, N, d) and energies (C, N). A table has N and the length of
    a square box in its first line (or two lengths), and then N rows: x, y, type from 1, propensity, and any descriptors.
    Positions are put back into the box.

    Args:
        path: of the file; of tables also a list, or a pattern such as "Cnf*.xy".

    Raises:
        FileNotFoundError: no such file.
        ValueError: a damaged file, or other content; the sentence says what is wrong, and where.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "one.xy").write_text("2 5.0\\n0.5 1.0 1 0.3\\n2.5 6.0 2 0.4\\n")
        ...     glass = read(f"{folder}/one.xy")
        >>> glass.types.tolist(), glass.positions[0, 1].tolist()
        ([[0, 1]], [2.5, 1.0])
    """
    if isinstance(path, str | os.PathLike) and os.path.isdir(path):
        raise ValueError(f"path: expected one .npz, or tables .xy of a configuration each, got the folder {path}")
    found = located(path)
    files = found if isinstance(found, list) else [found]
    if len(files) == 1 and files[0].suffix.lower() == ".npz":
        with in_memory(files[0]):
            return _of_arrays(files[0])
    if wrong := next((file for file in files if Path(plain_name(file)).suffix.lower() != ".xy"), None):
        raise ValueError(f"{wrong.name}: expected one .npz, or tables .xy of a configuration each, got another file")
    return _of_tables(files)


def _of_arrays(path: Path) -> Ensemble:
    arrays = read_arrays(path, _TAKEN.__contains__)
    lacking = [name for name in _NEEDED if name not in arrays]
    if "propensity" not in arrays and not {*_HALVES} <= arrays.keys():
        lacking.append("propensity_even, propensity_odd or propensity")
    if lacking:
        raise ValueError(
            f"{path.name}: expected {', '.join(lacking)}, got {', '.join(sorted(arrays)) or 'none of them'}"
        )
    try:
        return _ensemble(path.stem, arrays)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _ensemble(stem: str, arrays: dict[str, NDArray]) -> Ensemble:
    x = floats("positions", arrays["positions"])
    if x.ndim != 3 or not x.size:
        raise ValueError(f"positions: expected (configurations, particles, 2 or 3) numbers, got shape {x.shape}")
    (C, _, d), types = x.shape, numbers("types", arrays["types"])
    if types.size and types.dtype.kind in "iu" and types.min() > 0:
        raise ValueError(f"types: expected whole numbers from 0, got none below {types.min()}; subtract it")
    box, runs = lengths(arrays["box"], d), number("runs", arrays.get("runs", 0))
    halves = [_timed(name, arrays[name]) for name in _HALVES if _HALVES <= arrays.keys()]
    if halves and halves[0].shape != halves[1].shape:
        raise ValueError(f"propensity_odd: expected shape {halves[0].shape} as of the even one, got {halves[1].shape}")
    whole("runs", int(runs) if runs.is_integer() else runs, 0, "runs")
    mean = _mean(arrays, halves, int(runs))
    names = arrays.get("names", np.array([f"{stem} {c}" for c in range(C)]))
    if names.ndim != 1 or names.dtype.kind not in "US":
        raise ValueError(f"names: expected {C} words, got {names.dtype} of shape {names.shape}")
    return Ensemble(
        names=(np.char.decode(names, "utf-8", "backslashreplace") if names.dtype.kind == "S" else names).tolist(),
        positions=_wrapped("positions", x, box),
        types=np.tile(types, (C, 1)) if types.ndim == 1 else types,
        box=box,
        times=np.atleast_1d(floats("times", arrays.get("times", np.full(mean.shape[1], np.nan)))),
        propensity=mean,
        halves=np.stack(halves) if halves else None,
        runs=int(runs),
        inherent=_wrapped("inherent", floats("inherent", arrays["inherent"]), box) if "inherent" in arrays else None,
        energies=arrays.get("energies"),
        test=flags("is_test", arrays["is_test"]) if "is_test" in arrays else None,
    )


def _mean(arrays: dict[str, NDArray], halves: list[Array], runs: int) -> Array:
    """Propensities over all runs, of which the even half has one more where their number is odd."""
    if "propensity" not in arrays:
        return np.average(halves, axis=0, weights=[(runs + 1) // 2, runs // 2] if runs > 1 else [1, 1])
    mean = _timed("propensity", arrays["propensity"])
    if halves and mean.shape == halves[0].shape:
        rounding = 1e-2 * np.abs(mean).max(initial=0.0)  # of a file in half precision
        if (np.abs(mean - np.mean(halves, axis=0)) > np.abs(halves[1] - halves[0]) / 2 + rounding).any():
            raise ValueError("propensity: expected numbers between those of the two halves of the runs, got others")
    return mean


def _timed(name: str, values: NDArray) -> Array:
    """Propensities (C, N) or (C, T, N) as the latter."""
    array = floats(name, values)
    if array.ndim not in (2, 3):
        raise ValueError(f"{name}: expected (configurations, times, particles) numbers, got shape {array.shape}")
    return array[:, None] if array.ndim == 2 else array


def _wrapped(name: str, x: Array, box: Array) -> Array:
    """Positions within [0, box)."""
    if x.ndim != 3 or x.shape[2:] != box.shape or not np.isfinite(x).all():
        raise ValueError(f"{name}: expected finite (configurations, particles, {len(box)}) numbers, got others")
    return inside(name, x, box)


def _of_tables(files: Sequence[Path]) -> Ensemble:
    boxes, tables = zip(*map(_table, files), strict=True)
    for file, box, rows in zip(files, boxes, tables, strict=True):
        if rows.shape != tables[0].shape or not np.array_equal(box, boxes[0]):
            (n, M), (first, K) = rows.shape, tables[0].shape
            raise ValueError(
                f"{file.name}: expected {first} rows of {K} columns in a box of {boxes[0].tolist()} as in {files[0].name}, got "
                f"{n} of {M} in {box.tolist()}; read files that differ one by one"
            )
    rows = np.stack(tables)
    k = len(_COLUMNS)
    return Ensemble(
        names=keys_of(files),
        positions=_wrapped("positions", rows[..., :2], boxes[0]),
        types=rows[..., 2].astype(np.int64) - 1,
        box=boxes[0],
        times=np.array([np.nan]),
        propensity=rows[:, None, :, 3],
        descriptors=rows[..., k:] if rows.shape[2] > k else None,
        descriptor_names=[f"D{m + 1}" for m in range(rows.shape[2] - k)],
    )


def _table(path: Path) -> tuple[Array, Array]:
    """Box (2,), and rows (N, 4 + M) of finite numbers."""
    try:
        text = read_bytes(path, LIMIT).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: expected a table in text, got bytes that are none; copy it again") from None
    lines = [(n, line) for n, line in enumerate(text, 1) if line.strip()]
    head = lines[0][1].lstrip("# ").split() if lines else []  # as np.savetxt(header=) writes it
    try:
        N, box = int(head[0]), lengths([number("box", float(word)) for word in head[1:]], 2)
    except (ValueError, IndexError):
        got = " ".join(head) or "an empty file"
        raise ValueError(
            f"{path.name}: expected 'N L' in the first line, particles and a length > 0, got {got!r:.40}"
        ) from None
    if N < 1 or N != len(lines) - 1:
        raise ValueError(f"{path.name}: expected {N} rows after the first line, which says so, got {len(lines) - 1}")
    columns = max(len(lines[1][1].split()), len(_COLUMNS))
    rows = table(path, lines[1:], columns=columns)
    wrong = ~np.isfinite(rows)
    wrong[:, 2] |= (rows[:, 2] < 1) | (rows[:, 2] != np.floor(rows[:, 2])) | (rows[:, 2] > 1000)
    if wrong.any():
        i, k = np.argwhere(wrong)[0]
        what = "a type, a whole number from 1 to 1000" if k == 2 else "a finite number"
        raise ValueError(f"{path.name}: expected {what} in line {lines[1 + i][0]}, column {k + 1}, got {rows[i, k]}")
    return box, rows
