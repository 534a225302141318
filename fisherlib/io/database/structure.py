"""The HDF5 structure of a shard without its numbers, made in memory.

HDF5 brings the whole process down when the disk is full while it writes, so it never writes to a disk here.
"""

import io
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Structure(NamedTuple):
    """What HDF5 would have written besides the numbers.

    Attributes:
        pieces: (offset, bytes), to be written in this order.
        offsets: where each array begins, bytes.
        size: of the file, bytes.
    """

    pieces: list[tuple[int, bytes]]
    offsets: dict[str, int]
    size: int


class _Sparse(io.RawIOBase):
    """A file that keeps only what was written to it, however far apart."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, bytes]] = []
        self.size = self._at = 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        return self._at

    def write(self, content: Any) -> int:
        self.pieces.append((self._at, bytes(content)))
        self._at += len(content)
        self.size = max(self.size, self._at)
        return len(content)

    def readinto(self, into: Any) -> int:
        start, found = self._at, bytearray(max(0, min(len(into), self.size - self._at)))
        for at, piece in self.pieces:
            a, b = max(at, start), min(at + len(piece), start + len(found))
            if a < b:
                found[a - start : b - start] = piece[a - at : b - at]
        into[: len(found)] = found
        self._at += len(found)
        return len(found)

    def truncate(self, size: int | None = None) -> int:
        self.size = self._at if size is None else size
        return self.size


def structure(
    arrays: Mapping[str, np.ndarray], block: int, attributes: Mapping[str, Any], units: Mapping[str, str]
) -> Structure:
    """The structure of a file of contiguous arrays.

    Args:
        arrays: by name; only their shapes and types matter.
        block: bytes of the user block.
        attributes: of the file, for other programs.
        units: of arrays, by name.
    """
    import h5py  # not needed for reading, and slow to load

    sparse = _Sparse()
    with h5py.File(sparse, "w", userblock_size=block, libver="earliest") as file:
        file.attrs.update(attributes)
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)  # a place in the file now, although nothing is written to it
        plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        plan.set_obj_track_times(False)
        for name, a in arrays.items():
            kind, space = h5py.h5t.py_create(a.dtype), h5py.h5s.create_simple(a.shape)
            h5py.h5d.create(file.id, name.encode(), kind, space, plan)
            file[name].attrs["unit"] = units.get(name, "")
        offsets = {name: file[name].id.get_offset() for name in arrays}
    return Structure(sparse.pieces, offsets, sparse.size)
