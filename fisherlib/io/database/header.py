"""The first bytes of a shard: what is where in the file, with a checksum of every other byte of it.

They fill HDF5's user block, which HDF5 leaves alone: any HDF5 program reads a shard, and this package reads it without
trusting a byte that it has not checked.
"""

import dataclasses
import json
import math
import struct
from typing import Any

import numpy as np

from .layout import fingerprint, said

MAGIC = b"FISHERL1"
_FIXED = struct.Struct("<8sQQ16s")  # magic, bytes of the user block, bytes of the text, its fingerprint
#: HDF5 wants a power of two, at least 512.
_SMALLEST, _LARGEST = 4096, 2**26


class Damaged(ValueError):
    """A file of a database is not what was written."""


@dataclasses.dataclass(frozen=True)
class Block:
    """Where an array lies: contiguous, little-endian, one checksum for every ``step`` bytes."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    step: int
    crc: tuple[int, ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """What a shard says about itself.

    Attributes:
        name: of its file.
        key: of the trajectory.
        first: number of its first configuration in the trajectory.
        configurations: M.
        atoms: ΣN.
        temperature: K, or None.
        meta: fingerprint of the database it belongs to.
        content: fingerprint of its data, whatever they are called.
        size: of the file, bytes.
        rest: checksum of what is neither header nor array.
        arrays: by name.
    """

    name: str
    key: str
    first: int
    configurations: int
    atoms: int
    temperature: float | None
    meta: str
    content: str
    size: int
    rest: int
    arrays: dict[str, Block]

    @property
    def last(self) -> int:
        """Number of its last configuration."""
        return self.first + self.configurations - 1

    @property
    def rows(self) -> int:
        """Force components."""
        return 3 * self.atoms

    @property
    def digest(self) -> str:
        """Fingerprint of the header, and so of every byte that it has a checksum of."""
        return fingerprint(self._text())

    def _text(self) -> bytes:
        return said(dataclasses.asdict(self))

    def pack(self, block: int) -> bytes:
        """The user block of ``block`` bytes."""
        text = self._text()
        if _FIXED.size + len(text) > block:
            raise ValueError(f"header: expected at most {block - _FIXED.size} bytes, got {len(text)}")
        return (_FIXED.pack(MAGIC, block, len(text), bytes.fromhex(self.digest)) + text).ljust(block, b"\0")


def room(key: str, checksums: int, arrays: int) -> int:
    """Bytes of a user block that has room for a header."""
    wanted = 2048 + 6 * len(key.encode()) + 16 * checksums + 256 * arrays
    return max(_SMALLEST, 2 ** math.ceil(math.log2(wanted)))


def length(start: bytes, place: str) -> int:
    """Bytes of the user block whose first bytes are given.

    Raises:
        Damaged: the file is no shard.
    """
    if len(start) < _FIXED.size or not start.startswith(MAGIC):
        raise Damaged(f"{place}: expected a shard of a descriptor database, got another or a damaged file")
    block = _FIXED.unpack(start[: _FIXED.size])[1]
    if not _SMALLEST <= block <= _LARGEST or block & (block - 1):
        raise damaged(place, "header")
    return block


def unpack(block: bytes, place: str) -> Header:
    """The header in a user block.

    Raises:
        Damaged: a byte is not what was written.
    """
    _, size, used, digest = _FIXED.unpack(block[: _FIXED.size])
    text, padding = block[_FIXED.size : _FIXED.size + used], block[_FIXED.size + used :]
    if size != len(block) or len(text) != used or padding.strip(b"\0") or bytes.fromhex(fingerprint(text)) != digest:
        raise damaged(place, "header")
    try:
        content: dict[str, Any] = json.loads(text)
        arrays = {
            name: Block(a["dtype"], tuple(a["shape"]), a["offset"], a["step"], tuple(a["crc"]))
            for name, a in content.pop("arrays").items()
        }
        header = Header(**content, arrays=arrays)
        if any(not _fits(a, header.size) for a in arrays.values()):
            raise ValueError("an array outside the file")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"{place}: expected the header of a shard, got another one ({error})") from None
    return header


def _fits(a: Block, size: int) -> bool:
    plain = np.dtype(a.dtype).kind in "biuf" and all(n >= 0 for n in a.shape) and a.step > 0
    return plain and 0 <= a.offset <= size - a.size and len(a.crc) == -(-a.size // a.step)


def damaged(place: str, section: str) -> Damaged:
    """The error of bytes that are not those that were written."""
    return Damaged(
        f"{place}, {section}: the checksum is not that of what was written; the file was damaged or changed since. "
        "Restore it from a copy, or write these configurations again; `python -m fisherlib.io.database verify` lists all "
        "that is damaged"
    )
