"""The bytes of a shard around its arrays: what it says about itself, with a checksum of every byte, and its archive.

The archive is an uncompressed ``.npz``, whose bytes follow from names, types, shapes and checksums. The writer writes them
and the reader compares them, so no byte of a file goes unchecked. Sizes and offsets always take 64 bits (ZIP64), so a file
may exceed 4 GB. Format: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import dataclasses
import math
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..strict import parse_json
from .layout import Damaged, fingerprint

#: Name of the first member, and the most bytes it may have: a damaged length must not ask for all the memory.
HEADER, LARGEST = "header.json", 2**26
#: Arrays begin at multiples of so many bytes, so that other programs can map them into memory.
ALIGNMENT = 64
#: Signature, CRC-32, name and size of a first member called "header.json"; its text begins at the next multiple of 64.
FIRST, TEXT_OFFSET = struct.Struct("<4s10xL12x11s4xQ"), 128

_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4sQHHLLQQQQ 4sLQL 4s4HLLH")
_VERSION, _DAY, _IN_ZIP64 = 45, 0x21, 0xFFFFFFFF  # the first version with ZIP64; 1 January 1980; "look there"


class StoredArray(NamedTuple):
    """An array in a file: contiguous, row-major, little-endian.

    Attributes:
        dtype: such as "<f4".
        shape: of the array.
        offset: of its numbers in the file, bytes.
        step: bytes of a block, of which each has a checksum.
        crc: running CRC-32 of its member of the archive, before the first block and after each; the last is the archive's.
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

    @property
    def blocks(self) -> Iterator[tuple[int, int]]:
        """Number and bytes of each."""
        return ((n, min(self.step, self.size - n * self.step)) for n in range(len(self.crc) - 1))


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


class Member(NamedTuple):
    """A file of the archive: its name, the bytes it begins with, the number of bytes that follow, the CRC-32 of both."""

    name: str
    head: bytes
    data: int
    crc: int


def npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """What an ``.npy`` of version 1.0 has before the numbers of a row-major array."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text += " " * (-(10 + len(text) + 1) % ALIGNMENT) + "\n"
    return struct.pack("<8sH", b"\x93NUMPY\1\0", len(text)) + text.encode()


def pieces(members: Iterable[Member]) -> list[tuple[int, bytes]]:
    """Offset and bytes of what lies before the data of each member, and at the end of the file."""
    found, directory, at = [], b"", 0
    for m in members:
        name, size = m.name.encode(), len(m.head) + m.data
        about = (_VERSION, 0, 0, 0, _DAY, m.crc, _IN_ZIP64, _IN_ZIP64, len(name))
        padding = -(at + _LOCAL.size + len(name) + 24) % ALIGNMENT
        extra = struct.pack("<HHQQHH", 1, 16, size, size, 0xD935, padding) + bytes(padding)
        found.append((at, _LOCAL.pack(b"PK\3\4", *about, len(extra)) + name + extra + m.head))
        directory += _CENTRAL.pack(b"PK\1\2", _VERSION, *about, 28, 0, 0, 0, 0, _IN_ZIP64)
        directory += name + struct.pack("<HHQQQ", 1, 24, size, size, at)
        at += len(found[-1][1]) + m.data
    n, size = len(found), len(directory)
    zip64 = (b"PK\6\6", 44, _VERSION, _VERSION, 0, 0, n, n, size, at, b"PK\6\7", 0, at + size, 1)
    end = _END.pack(*zip64, b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _IN_ZIP64, _IN_ZIP64, 0)
    return [*found, (at, directory + end)]


def unpack(text: bytes, place: str) -> tuple[Header, list[tuple[int, bytes]]]:
    """The header with this text; and offset and bytes of what lies before each array, and at the end of the file.

    Raises:
        Damaged: the text of something else.
    """
    try:
        about: dict[str, Any] = parse_json(text, HEADER, "a header")
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
