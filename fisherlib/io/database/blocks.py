"""Φ and F of shards, block by block: one block is read while another one is multiplied."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from ...dataset import Array
from .shard import Shard, sizes

#: One block is multiplied, one is ready, and one is read.
BUFFERS = 3
#: Blocks that the disk is asked for in advance: many systems read only 128 kB ahead by themselves.
ANNOUNCED = 16


def blocks(shards: Iterable[Shard], K: int) -> Iterator[tuple[Array, Array]]:
    """Rows of Φ (n, K) and of F (n,), float64, in the order of the shards. The next rows overwrite them.

    Args:
        shards: opened one by one, in the thread that reads; each is closed when its last block has been read.
        K: number of descriptors.

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
            for number, size in sizes(stored):
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
