"""A shard that is open for reading: every number is checked before it is handed out."""

import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np

from ...dataset import Trajectory
from .header import Block, Damaged, Header, damaged, length, unpack
from .write_shard import checksum_of_rest


class Shard:
    """One file of a database, open; ``with Shard(path) as shard``.

    Args:
        path: of the file.
        digest: of the header it must have, where it is known.

    Raises:
        Damaged: a file that is not what was written, or no shard at all.
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe of that name would wait for ever
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
        place = str(self.path)
        block = length(os.pread(self._file, 64, 0), place)
        header = unpack(os.pread(self._file, block, 0), place)
        if header.name != self.path.name:
            raise Damaged(f"{place}: expected the shard of that name, got {header.name}; rename it back")
        size = os.fstat(self._file).st_size
        if size != header.size:
            raise Damaged(f"{place}: expected {header.size} bytes, got {size}; the file was cut or grew; restore it")
        if checksum_of_rest(self._file, header, block) != header.rest:
            raise damaged(place, "HDF5 structure")
        if digest is not None and header.digest != digest:
            raise Damaged(f"{place}: expected the shard that was listed, got another one of that name; begin again")
        return header

    def __enter__(self) -> "Shard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def array(self, name: str) -> np.ndarray:
        """A whole array."""
        block = self.header.arrays[name]
        found = np.empty(block.shape, np.dtype(block.dtype))
        flat = found.reshape(-1).view(np.uint8)
        for number in range(len(block.crc)):
            self.read(name, number, flat[number * block.step : (number + 1) * block.step])
        return found

    def announce(self, name: str, number: int) -> None:
        """Tells the system that the bytes of one checksum will soon be read; those after the end are no matter."""
        if hasattr(os, "posix_fadvise"):  # macOS has none
            block = self.header.arrays[name]
            os.posix_fadvise(self._file, block.offset + number * block.step, block.step, os.POSIX_FADV_WILLNEED)

    def read(self, name: str, number: int, into: np.ndarray) -> None:
        """Reads the bytes that one checksum stands for into an array of as many bytes.

        Raises:
            Damaged: they are not those that were written.
        """
        block: Block = self.header.arrays[name]
        view, at, done = memoryview(into), block.offset + number * block.step, 0
        while done < len(view):
            count = os.preadv(self._file, [view[done:]], at + done)
            if count == 0:
                break
            done += count
        if done < len(view) or zlib.crc32(view) != block.crc[number]:
            raise damaged(str(self.path), f"block {number} of {name}")

    def trajectory(self, names: tuple[str, ...]) -> Trajectory:
        """All of it, in memory.

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
        for name, block in self.header.arrays.items():
            buffer = np.empty(min(block.step, block.size), np.uint8)
            for number, size in sizes(block):
                self.read(name, number, buffer[:size])


def sizes(block: Block) -> Iterator[tuple[int, int]]:
    """The number of each checksum of an array, with the bytes it stands for."""
    return ((n, min(block.step, block.size - n * block.step)) for n in range(len(block.crc)))
