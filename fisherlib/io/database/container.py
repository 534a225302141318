"""The bytes of an uncompressed ``.npz`` around its arrays, which follow from names, types, shapes and checksums.

The writer writes these bytes and the reader compares them, so no byte of a file goes unchecked. Sizes and offsets always
take 64 bits (ZIP64), so a file may exceed 4 GB. Format: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

#: Arrays begin at multiples of so many bytes, so that other programs can map them into memory.
ALIGNMENT = 64
#: Signature, CRC-32, name and size of a first member called "header.json"; its text begins at the next multiple of 64.
FIRST, TEXT_OFFSET = struct.Struct("<4s10xL12x11s4xQ"), 128

_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4sQHHLLQQQQ 4sLQL 4s4HLLH")
_VERSION, _DAY, _IN_ZIP64 = 45, 0x21, 0xFFFFFFFF  # the first version with ZIP64; 1 January 1980; "look there"


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
