"""A shard that is open for reading: every number is checked before it is returned."""

import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from ...dataset import Trajectory
from .container import FIRST, TEXT_OFFSET
from .header import HEADER, LARGEST, Header, StoredArray, damaged, unpack
from .layout import Damaged


class Shard:
    """One file of a database, open; ``with Shard(path) as shard``.

    Args:
        path: of the file.
        digest: fingerprint that its header must have, if it is known.

    Raises:
        Damaged: a file that is not what was written, or no shard at all.
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opening a FIFO would block
        except FileNotFoundError:
            raise Damaged(f"{path}: expected a shard, got no such file; restore it from a copy") from None
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            os.close(self._file)
            raise Damaged(f"{path}: expected a shard, got a folder or a device; move it out")
        try:
            self.header = self._checked(digest)
        except BaseException:
            os.close(self._file)
            raise

    def _checked(self, digest: str | None) -> Header:
        place, size = str(self.path), os.fstat(self._file).st_size
        header, pieces = unpack(self._text(place), place)
        if header.name != self.path.name:
            raise Damaged(f"{place}: expected the shard of that name, got {header.name}; rename it back")
        if size != header.size:
            raise Damaged(f"{place}: expected {header.size} bytes, got {size}; the file was cut or grew; restore it")
        if any(os.pread(self._file, len(piece), at) != piece for at, piece in pieces):
            raise damaged(place, "structure of the archive")
        if digest is not None and header.digest != digest:
            raise Damaged(f"{place}: expected the shard that was listed, got another one of that name; begin again")
        return header

    def _text(self, place: str) -> bytes:
        signature, crc, name, size = FIRST.unpack(os.pread(self._file, FIRST.size, 0).ljust(FIRST.size))
        if (signature, name) != (b"PK\3\4", HEADER.encode()):
            raise Damaged(f"{place}: expected a shard of a descriptor database, got another or a damaged file")
        text = os.pread(self._file, min(size, LARGEST), TEXT_OFFSET)
        if len(text) != size or zlib.crc32(text) != crc:
            raise damaged(place, "header")
        return text

    def __enter__(self) -> "Shard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def array(self, name: str) -> np.ndarray:
        """A whole array."""
        array = self.header.arrays[name]
        found = np.empty(array.shape, np.dtype(array.dtype))
        flat = found.reshape(-1).view(np.uint8)
        for number, size in sizes(array):
            self.read(name, number, flat[number * array.step :][:size])
        return found

    def announce(self, name: str, number: int) -> None:
        """Tells the system that a block will soon be read; numbers past the end are ignored."""
        if hasattr(os, "posix_fadvise"):  # macOS has none
            array = self.header.arrays[name]
            os.posix_fadvise(self._file, array.offset + number * array.step, array.step, os.POSIX_FADV_WILLNEED)

    def read(self, name: str, number: int, into: np.ndarray) -> None:
        """Reads one block, the bytes between two checksums, into an array of the same size.

        Raises:
            Damaged: they are not those that were written.
        """
        array = self.header.arrays[name]
        view, at, done = into.data, array.offset + number * array.step, 0
        while done < len(view):
            count = os.preadv(self._file, [view[done:]], at + done)
            if count == 0:
                break
            done += count
        if done < len(view) or zlib.crc32(view, array.crc[number]) != array.crc[number + 1]:
            raise damaged(str(self.path), f"block {number} of {name}")

    def trajectory(self, names: tuple[str, ...]) -> Trajectory:
        """Its configurations, in memory.

        Args:
            names: of the descriptors.
        """
        h = self.header
        arrays = {name: self.array(name) for name in h.arrays if name != "fingerprints"}
        return Trajectory(key=h.key, temperature=h.temperature, descriptor_names=names, **arrays)

    def verify(self) -> None:
        """Reads everything and keeps nothing.

        Raises:
            Damaged: a byte is not what was written.
        """
        for name, array in self.header.arrays.items():
            buffer = np.empty(min(array.step, array.size), np.uint8)
            for number, size in sizes(array):
                self.read(name, number, buffer[:size])


def sizes(array: StoredArray) -> Iterator[tuple[int, int]]:
    """Number and bytes of each block of an array."""
    return ((n, min(array.step, array.size - n * array.step)) for n in range(len(array.crc) - 1))
