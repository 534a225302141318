"""Φ and F of shards, block by block: one is read while another is multiplied."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from ...dataset import Array
from .shard import Shard, sizes

#: One block is multiplied, one is ready, one is read.
BUFFERS = 3


def blocks(shards: Iterable[Shard], K: int) -> Iterator[tuple[Array, Array]]:
    """Rows of Φ (n, K) and of F (n,), float64, in the order of the shards; valid until the next are asked for.

    Args:
        shards: each is closed when its last block has been read.
        K: number of descriptors.

    Raises:
        Damaged: a block is not what was written.
    """
    buffers: list[np.ndarray] = [np.empty(0)] * BUFFERS
    raw = np.empty(0, np.uint8)

    def load(shard: Shard, number: int, size: int, slot: int) -> Array:
        nonlocal raw
        dtype = np.dtype(shard.header.arrays["force_descriptors"].dtype)
        n = size // (K * dtype.itemsize)
        if buffers[slot].size < n * K:
            buffers[slot] = np.empty(n * K)
        Phi = buffers[slot][: n * K]
        if dtype == np.float64:
            shard.read("force_descriptors", number, Phi.view(np.uint8))
        else:
            raw = raw if raw.size >= size else np.empty(size, np.uint8)
            shard.read("force_descriptors", number, raw[:size])
            np.copyto(Phi, raw[:size].view(dtype))
        return Phi.reshape(n, K)

    def in_order(reader: ThreadPoolExecutor) -> Iterator[tuple[Future[Array], Array]]:
        slot = 0
        for shard in shards:
            with shard:
                F, at = shard.array("forces"), 0
                block = shard.header.arrays["force_descriptors"]
                rows = block.step // (K * np.dtype(block.dtype).itemsize)
                waiting = []
                for number, size in sizes(block):
                    waiting.append(reader.submit(load, shard, number, size, slot % BUFFERS))
                    yield waiting[-1], F[at : at + rows]
                    at, slot = at + rows, slot + 1
                waiting[-1].exception()  # the file may be closed now

    with ThreadPoolExecutor(1, thread_name_prefix="read") as reader:
        ahead: deque[tuple[Future[Array], Array]] = deque()
        for job in in_order(reader):
            ahead.append(job)
            if len(ahead) == BUFFERS - 1:
                Phi, F = ahead.popleft()
                yield Phi.result(), F
        for Phi, F in ahead:
            yield Phi.result(), F
