"""A trajectory as one immutable shard."""

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ...dataset import Trajectory
from ...moments import fingerprint as fingerprint_of_data
from ...moments import fingerprints, rows_per_block
from .header import Header, npy_header, unpack
from .join import ROUNDED, Precision, arrays_of, refuse_precision
from .layout import UNITS, UNITS_OF_STRAINS, canonical, publish

#: Bytes between two checksums, in arrays other than Φ.
STEP = 2**22


def write_shard(path: Path, t: Trajectory, *, first: int, meta: str, precision: Precision) -> Header:
    """Writes configurations ``first``, ``first`` + 1 … of a trajectory into the database with the fingerprint ``meta``.

    Every byte is summed up once: the checksums of blocks run on, so that the last one is that of the archive.

    Raises:
        FileExistsError: another writer has written a shard of that name.
        ValueError: Φ has numbers that float32 cannot hold.
        OSError: no space left; nothing is left behind.
    """
    refuse_precision(t, precision)
    arrays = _arrays(t, precision)
    about: dict[str, Any] = {"name": path.name, "key": t.key, "first": first, "meta": meta}
    about |= {"units": UNITS | (UNITS_OF_STRAINS if "virials" in arrays else {})}
    about |= {"temperature": t.temperature, "configurations": len(t), "atoms": int(t.n_atoms.sum())}
    about |= {"content": fingerprint_of_data(t), "arrays": [_described(name, a) for name, a in arrays.items()]}
    header, pieces = unpack(canonical(about), str(path))
    publish(path, lambda file: _write(file, [piece for _, piece in pieces], arrays.values()), size=header.size)
    return header


def _write(file: BinaryIO, pieces: Sequence[bytes], arrays: Iterable[np.ndarray]) -> None:
    file.write(pieces[0])
    for piece, a in zip(pieces[1:-1], arrays, strict=True):
        file.write(piece)
        file.write(_bytes(a))
    file.write(pieces[-1])


def same_rows(header: Header, t: Trajectory, precision: Precision) -> bool:
    """Whether a shard holds the Φ of these configurations, which the fingerprint of its content does not tell."""
    name, there = "force_descriptors", header.arrays["force_descriptors"]
    ours = _described(name, _arrays(t, precision)[name])
    return (ours["shape"], ours["crc"]) == (there.shape, list(there.crc))


def _arrays(t: Trajectory, precision: Precision) -> dict[str, np.ndarray]:
    """What is stored, by name: contiguous, little-endian, and Φ at the end, so that all else lies together."""
    wanted = arrays_of(t) | {"fingerprints": fingerprints(t)}
    wanted["force_descriptors"] = wanted.pop("force_descriptors")
    kinds = {name: np.dtype(precision) if name in ROUNDED else a.dtype for name, a in wanted.items()}
    with np.errstate(under="ignore"):
        return {name: np.ascontiguousarray(a, kinds[name].newbyteorder("<")) for name, a in wanted.items()}


def _described(name: str, a: np.ndarray) -> dict[str, Any]:
    """What the header says of an array."""
    step = rows_per_block(a.shape[1]) * a.shape[1] * a.itemsize if name == "force_descriptors" else STEP
    crc = [zlib.crc32(npy_header(a.dtype.str, a.shape))]
    content = _bytes(a)
    for start in range(0, len(content), step):
        crc.append(zlib.crc32(content[start : start + step], crc[-1]))
    return {"name": name, "dtype": a.dtype.str, "shape": a.shape, "step": step, "crc": crc}


def _bytes(a: np.ndarray) -> memoryview:
    return a.reshape(-1).view(np.uint8).data
