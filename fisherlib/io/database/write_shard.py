"""A trajectory as one immutable shard."""

import dataclasses
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from ...dataset import Trajectory
from ...moments import fingerprint as fingerprint_of_data
from ...moments import fingerprints, rows_per_block
from .header import Block, Header, room
from .join import OPTIONAL
from .layout import SHARDS, UNITS, publish, shard_name
from .structure import Structure, structure

Precision = Literal["float32", "float64"]

#: Bytes that one checksum stands for, in arrays other than Φ.
STEP = 2**22
_UNITS = UNITS | {"force_descriptors": UNITS["Φ"], "descriptors": "[D]", "site_descriptors": "[D]"}


def write_shard(folder: Path, t: Trajectory, *, first: int, meta: str, precision: Precision) -> Header:
    """Writes configurations ``first``, ``first`` + 1 … of a trajectory.

    Raises:
        FileExistsError: another writer has written a shard of that name.
        ValueError: Φ has numbers that float32 cannot hold.
        OSError: no space left; nothing is left behind.
    """
    refuse_precision(t, precision)
    arrays = _arrays(t, precision)
    steps = dict.fromkeys(arrays, STEP)
    steps["force_descriptors"] = rows_per_block(t.K) * t.K * arrays["force_descriptors"].itemsize
    crc = {name: tuple(zlib.crc32(part) for part in _parts(a, steps[name])) for name, a in arrays.items()}
    block = room(t.key, sum(map(len, crc.values())), len(arrays))
    name = shard_name(t.key, first)
    attributes = {"key": t.key, "first": first} | ({} if t.temperature is None else {"temperature": t.temperature})
    made = structure(arrays, block, attributes, _UNITS)
    headers: list[Header] = []

    def write(file: BinaryIO) -> None:
        _write(file, made, arrays)
        blocks = {n: Block(a.dtype.str, a.shape, made.offsets[n], steps[n], crc[n]) for n, a in arrays.items()}
        header = Header(
            name=name,
            key=t.key,
            first=first,
            configurations=len(t),
            atoms=int(t.n_atoms.sum()),
            temperature=t.temperature,
            meta=meta,
            content=fingerprint_of_data(t),
            size=made.size,
            rest=0,
            arrays=blocks,
        )
        header = dataclasses.replace(header, rest=checksum_of_rest(file.fileno(), header, block))
        file.write(header.pack(block))
        headers.append(header)

    publish(folder / SHARDS / name, write, room=made.size)
    return headers[0]


def _arrays(t: Trajectory, precision: Precision) -> dict[str, np.ndarray]:
    arrays = {"n_atoms": t.n_atoms, "energies": t.energies, "descriptors": t.descriptors, "forces": t.forces}
    arrays["force_descriptors"] = _stored(t, "force_descriptors", precision)
    arrays["fingerprints"] = fingerprints(t)
    for name in OPTIONAL:
        if getattr(t, name) is not None:
            narrow = name == "site_descriptors"
            arrays[name] = _stored(t, name, precision) if narrow else getattr(t, name)
    little = {name: a.astype(a.dtype.newbyteorder("<"), copy=False) for name, a in arrays.items()}
    return {name: np.ascontiguousarray(a) for name, a in little.items()}


def same_rows(header: Header, t: Trajectory, precision: Precision) -> bool:
    """Whether a shard holds the Φ of these configurations, which the fingerprint of its content does not tell."""
    block = header.arrays["force_descriptors"]
    Phi = _arrays(t, precision)["force_descriptors"]
    return Phi.shape == block.shape and block.crc == tuple(zlib.crc32(part) for part in _parts(Phi, block.step))


def refuse_precision(t: Trajectory, precision: Precision) -> None:
    """Refuses configurations with descriptors that single precision cannot hold.

    Raises:
        ValueError: some are too large, or so small that nothing would be left of them.
    """
    for name in ("force_descriptors", "site_descriptors") if precision == "float32" else ():
        values = getattr(t, name)
        if values is None or values.dtype == np.float32:
            continue
        size = np.maximum(values.max(axis=0), -values.min(axis=0))
        limits = np.finfo(np.float32)
        lost = (size > limits.max) | ((size > 0) & (size < limits.tiny))
        if lost.any():
            raise ValueError(
                f"{name} of trajectory {t.key!r}: expected numbers that float32 holds, got {size[lost][0]:.2g} in descriptor "
                f"{t.descriptor_names[int(lost.argmax())]!r}; take precision='float64'"
            )


def _stored(t: Trajectory, name: str, precision: Precision) -> np.ndarray:
    with np.errstate(under="ignore"):
        return getattr(t, name).astype(precision, copy=False)


def _parts(a: np.ndarray, step: int) -> Iterator[memoryview]:
    view = memoryview(a.reshape(-1).view(np.uint8))
    return (view[start : start + step] for start in range(0, len(view), step))


def _write(file: BinaryIO, made: Structure, arrays: dict[str, np.ndarray]) -> None:
    for at, piece in made.pieces:
        file.seek(at)
        file.write(piece)
    for name, a in arrays.items():
        file.seek(made.offsets[name])
        file.write(memoryview(a.reshape(-1).view(np.uint8)))
    file.truncate(made.size)
    file.flush()
    file.seek(0)


def checksum_of_rest(file: int, header: Header, block: int) -> int:
    """CRC-32 of the bytes of a file that are neither header nor array."""
    edges = sorted((a.offset, a.offset + a.size) for a in header.arrays.values())
    crc, at = 0, block
    for start, end in [*edges, (header.size, header.size)]:
        while at < start:
            part = os.pread(file, min(start - at, STEP), at)
            if not part:
                return -1  # the file ends too early
            crc, at = zlib.crc32(part, crc), at + len(part)
        at = max(at, end)
    return crc
