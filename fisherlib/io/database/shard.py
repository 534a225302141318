"""Shards that are open for reading, whole or block by block: every number is checked before it is returned."""

import contextlib
import os
import stat
import zlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ...dataset import Array, Trajectory
from .header import FIRST, HEADER, LARGEST, TEXT_OFFSET, Header, damaged, unpack
from .layout import Damaged

#: One block is multiplied, one is ready, and one is read.
BUFFERS = 3
#: Blocks that the disk is asked for in advance: many systems read only 128 kB ahead by themselves.
ANNOUNCED = 16


class Shard(contextlib.AbstractContextManager["Shard"]):
    """One file of a database, open; ``with Shard(path) as shard``. Its header must have the fingerprint ``digest``, if given.

    Raises:
        Damaged: a file that is not what was written, or no shard at all.
    """

    def __init__(self, path: Path, digest: str | None = None) -> None:
        self.path = path
        with contextlib.ExitStack() as closing:
            try:
                self._file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opening a FIFO would block
            except FileNotFoundError:
                raise Damaged(f"{path}: expected a shard, got no such file; restore it from a copy") from None
            closing.callback(os.close, self._file)
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise Damaged(f"{path}: expected a shard, got a folder or a device; move it out")
            self.header = self._checked(digest)
            closing.pop_all()  # it stays open

    def _checked(self, digest: str | None) -> Header:
        place, size = str(self.path), os.fstat(self._file).st_size
        signature, crc, name, length = FIRST.unpack(os.pread(self._file, FIRST.size, 0).ljust(FIRST.size))
        if (signature, name) != (b"PK\3\4", HEADER.encode()):
            raise Damaged(f"{place}: expected a shard of a descriptor database, got another or a damaged file")
        text = os.pread(self._file, min(length, LARGEST), TEXT_OFFSET)
        if len(text) != length or zlib.crc32(text) != crc:
            raise damaged(place, "header")
        header, pieces = unpack(text, place)
        if header.name != self.path.name:
            raise Damaged(f"{place}: expected the shard of that name, got {header.name}; rename it back")
        if size != header.size:
            raise Damaged(f"{place}: expected {header.size} bytes, got {size}; the file was cut or grew; restore it")
        if any(os.pread(self._file, len(piece), at) != piece for at, piece in pieces):
            raise damaged(place, "structure of the archive")
        if digest is not None and header.digest != digest:
            raise Damaged(f"{place}: expected the shard that was listed, got another one of that name; begin again")
        return header

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def array(self, name: str) -> np.ndarray:
        """A whole array."""
        array = self.header.arrays[name]
        found = np.empty(array.shape, np.dtype(array.dtype))
        flat = found.reshape(-1).view(np.uint8)
        for number, size in array.blocks:
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
        """Its configurations, in memory, with these names of their descriptors."""
        h = self.header
        arrays: dict[str, Any] = {name: self.array(name) for name in h.arrays if name != "fingerprints"}
        return Trajectory(key=h.key, temperature=h.temperature, descriptor_names=names, **arrays)

    def verify(self) -> None:
        """Reads everything as ``read`` does, and keeps nothing."""
        for name, array in self.header.arrays.items():
            buffer = np.empty(min(array.step, array.size), np.uint8)
            for number, size in array.blocks:
                self.read(name, number, buffer[:size])


def blocks(shards: Iterable[Shard], K: int) -> Iterator[tuple[Array, Array]]:
    """Rows of Φ (n, K) and of F (n,), float64, in the order of the shards. The next rows overwrite them.

    Shards are opened one by one, in the thread that reads; each is closed when its last block has been read.

    Raises:
        Damaged: a block is not what was written.
    """
    found = _read(shards, K)
    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        try:
            # One thread reads ahead, so the next shard is opened while blocks of the last one are still to be multiplied.
            ahead = deque(reader.submit(next, found, None) for _ in range(BUFFERS - 1))
            while (block := ahead.popleft().result()) is not None:
                ahead.append(reader.submit(next, found, None))
                yield block
        finally:
            # In the thread that reads, since it may still be reading, even after Ctrl-C.
            reader.submit(found.close)


def _read(shards: Iterable[Shard], K: int) -> Generator[tuple[Array, Array], None, None]:
    """The same; ``BUFFERS`` buffers are used in turn."""
    buffers = deque([np.empty(0)] * BUFFERS)
    raw = np.empty(0, np.uint8)
    for shard in shards:
        with shard:
            F, at = shard.array("forces"), 0
            stored = shard.header.arrays["force_descriptors"]
            dtype = np.dtype(stored.dtype)
            for number in range(ANNOUNCED):
                shard.announce("force_descriptors", number)
            for number, size in stored.blocks:
                shard.announce("force_descriptors", number + ANNOUNCED)
                n = size // (K * dtype.itemsize)
                buffers.rotate(-1)
                if buffers[0].size < n * K:
                    buffers[0] = np.empty(n * K)
                Phi = buffers[0][: n * K]
                if dtype == np.float64:
                    shard.read("force_descriptors", number, Phi.view(np.uint8))
                else:
                    raw = raw if raw.size >= size else np.empty(size, np.uint8)
                    shard.read("force_descriptors", number, raw[:size])
                    np.copyto(Phi, raw[:size].view(dtype))
                yield Phi.reshape(n, K), F[at : at + n]
                at += n
