"""The bytes of an uncompressed ``.npz`` around its arrays: they follow from names, types, shapes and checksums.

The writer writes these bytes and the reader compares them, so that no byte of a file goes unchecked. Sizes and offsets
always take 64 bits (ZIP64): a file may be larger than 4 GB. Format: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

#: Arrays begin at multiples of so many bytes, so that other programs can map them into memory.
ALIGNMENT = 64
_VERSION, _DAY, _IN_ZIP64 = 45, 0x21, 0xFFFFFFFF  # the first version with ZIP64; 1 January 1980; a size given elsewhere
_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_LOCAL_ZIP64, _CENTRAL_ZIP64, _PADDING = struct.Struct("<HHQQ"), struct.Struct("<HHQQQ"), struct.Struct("<HHH")
_END = struct.Struct("<4sQHHLLQQQQ4sLQL4s4HLLH")


class Member(NamedTuple):
    """One file of an archive.

    Attributes:
        name: its name.
        head: the bytes that it begins with.
        data: number of bytes that follow.
        crc: CRC-32 of both.
    """

    name: str
    head: bytes
    data: int
    crc: int


def npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    """What comes before the numbers of an array in row-major order in an ``.npy``, version 1.0."""
    text = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}"
    text += " " * _missing(10 + len(text) + 1) + "\n"
    return struct.pack("<8sH", b"\x93NUMPY\1\0", len(text)) + text.encode()


def pieces(members: Iterable[Member]) -> list[tuple[int, bytes]]:
    """Offset and bytes of what lies before the data of each member, and behind the last one."""
    found, directory, at = [], b"", 0
    for m in members:
        name, size = m.name.encode(), len(m.head) + m.data
        start = at + _LOCAL.size + len(name) + _LOCAL_ZIP64.size + _PADDING.size
        padding = _PADDING.pack(0xD935, 2 + _missing(start), ALIGNMENT) + bytes(_missing(start))
        about = (_VERSION, 0, 0, 0, _DAY, m.crc, _IN_ZIP64, _IN_ZIP64, len(name))
        local = _LOCAL.pack(b"PK\3\4", *about, _LOCAL_ZIP64.size + len(padding)) + name
        found.append((at, local + _LOCAL_ZIP64.pack(1, 16, size, size) + padding + m.head))
        directory += _CENTRAL.pack(b"PK\1\2", _VERSION, *about, _CENTRAL_ZIP64.size, 0, 0, 0, 0, _IN_ZIP64)
        directory += name + _CENTRAL_ZIP64.pack(1, 24, size, size, at)
        at += len(found[-1][1]) + m.data
    return [*found, (at, directory + _end(len(found), len(directory), at))]


def _end(number: int, size: int, at: int) -> bytes:
    """The end of an archive: ZIP64's record, where that lies, and the record of old that only refers to them."""
    zip64 = (b"PK\6\6", 44, _VERSION, _VERSION, 0, 0, number, number, size, at)
    return _END.pack(*zip64, b"PK\6\7", 0, at + size, 1, b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, _IN_ZIP64, _IN_ZIP64, 0)


def first(start: bytes, name: str) -> tuple[int, int, int] | None:
    """Offset, size and CRC-32 of the first member, which has a head only; None where the file begins otherwise.

    Args:
        start: the first 128 bytes of the file, or more.
        name: of the member.
    """
    end = _LOCAL.size + len(name)
    if (
        len(start) < end + _LOCAL_ZIP64.size
        or not start.startswith(b"PK\3\4")
        or start[_LOCAL.size : end] != name.encode()
    ):
        return None
    offset = end + _LOCAL_ZIP64.size + _PADDING.size
    return offset + _missing(offset), _LOCAL_ZIP64.unpack_from(start, end)[2], _LOCAL.unpack_from(start)[6]


def _missing(at: int) -> int:
    """Bytes from an offset to the next multiple of ``ALIGNMENT``."""
    return -at % ALIGNMENT
