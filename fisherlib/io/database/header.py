"""What a shard says about itself: the first member of its archive, with a checksum of every byte of its arrays."""

import dataclasses
import json
import math
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np

from .container import Member, npy_header, pieces
from .layout import Damaged, fingerprint

#: Name of the member, and the most bytes it may have: a damaged length must not ask for all the memory.
HEADER, LARGEST = "header.json", 2**26


class StoredArray(NamedTuple):
    """An array in a file: contiguous, row-major, little-endian.

    Attributes:
        dtype: such as "<f4".
        shape: of the array.
        offset: of its numbers in the file, bytes.
        step: bytes of a block, of which each has a checksum.
        crc: running CRC-32 of its member of the archive, before the first block and after each. The last one is the
            archive's own.
    """

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
        arrays: by name, in the order of the file.
        size: of the file, bytes.
        digest: fingerprint of the header, and so of every byte that it has a checksum of.
    """

    name: str
    key: str
    first: int
    configurations: int
    atoms: int
    temperature: float | None
    meta: str
    content: str
    arrays: dict[str, StoredArray]
    size: int
    digest: str

    @property
    def last(self) -> int:
        """Number of its last configuration."""
        return self.first + self.configurations - 1

    @property
    def rows(self) -> int:
        """Force components."""
        return 3 * self.atoms


def unpack(text: bytes, place: str) -> tuple[Header, list[tuple[int, bytes]]]:
    """The header with this text; and offset and bytes of what lies before each array, and at the end of the file.

    Raises:
        Damaged: the text of something else.
    """
    try:
        about: dict[str, Any] = json.loads(text)
        listed = [(a["name"], a["dtype"], tuple(a["shape"]), a["step"], tuple(a["crc"])) for a in about.pop("arrays")]
        found = pieces([Member(HEADER, text, 0, zlib.crc32(text)), *(_member(*a) for a in listed)])
        offsets = [at + len(piece) for at, piece in found]
        arrays = {
            name: StoredArray(dtype, shape, offset, step, crc)
            for (name, dtype, shape, step, crc), offset in zip(listed, offsets[1:-1], strict=True)
        }
        del about["units"]
        return Header(**about, arrays=arrays, size=offsets[-1], digest=fingerprint(text)), found
    except (ValueError, KeyError, TypeError, RecursionError, struct.error) as error:
        raise Damaged(f"{place}: expected the header of a shard, got another one ({error})") from None


def _member(name: str, dtype: str, shape: tuple[int, ...], step: int, crc: tuple[int, ...]) -> Member:
    """The member of an array.

    Raises:
        ValueError: no array of numbers, or not as many checksums as it has blocks.
    """
    kind = np.dtype(dtype)
    size = math.prod(shape) * kind.itemsize
    if kind.kind not in "biuf" or min(shape, default=0) < 0 or step <= 0 or len(crc) != 1 - size // -step:
        raise ValueError(f"{name} does not fit its checksums")
    return Member(f"{name}.npy", npy_header(dtype, shape), size, crc[-1])


def damaged(place: str, section: str) -> Damaged:
    """The error of bytes that are not those that were written."""
    return Damaged(
        f"{place}, {section}: the checksum is not that of what was written; the file was damaged or changed since. "
        "Restore it from a copy, or write these configurations again; `python -m fisherlib.io.database verify` lists all "
        "that is damaged"
    )
