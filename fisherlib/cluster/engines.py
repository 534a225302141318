"""Who sums the leaves: this process, a pool of processes, or Dask; records come in the order of the leaves from all."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from ..moments import MomentRecord
from .leaves import Leaf, record

if TYPE_CHECKING:
    import distributed

#: Leaves → their records, in order.
Engine = Callable[[Sequence[Leaf]], Iterator[MomentRecord]]

#: Tasks in flight for each worker: enough that none waits, few enough that finished records do not fill the memory.
AHEAD = 2
#: A pool may break so often without one leaf being finished in between.
PATIENCE = 3


def serial(path: Path, K: int) -> Engine:
    """One leaf after the other, here."""
    return lambda leaves: (record(path, leaf, K) for leaf in leaves)


def processes(path: Path, K: int, workers: int) -> Engine:
    """A pool of processes; what a killed one was doing is done again."""

    def run(leaves: Sequence[Leaf]) -> Iterator[MomentRecord]:
        done = broken = 0
        while done < len(leaves):
            try:
                for found in _pool(path, K, workers, leaves[done:]):
                    done, broken = done + 1, 0
                    yield found
            except BrokenProcessPool as error:
                broken += 1
                if broken == PATIENCE:
                    raise RuntimeError(
                        f"workers died {PATIENCE} times over {leaves[done].name!r}: too little memory for {workers} at "
                        'once? Take fewer workers; in a script, call under `if __name__ == "__main__":`'
                    ) from error

    return run


def _pool(path: Path, K: int, workers: int, leaves: Sequence[Leaf]) -> Iterator[MomentRecord]:
    context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads that it does not have
    pool = ProcessPoolExecutor(workers, context, _begin, (os.getpid(),))

    def submit(leaf: Leaf) -> "Future[MomentRecord]":
        with _unseen_by_children():
            return pool.submit(record, path, leaf, K)

    try:
        flying = deque(submit(leaf) for leaf in leaves[: AHEAD * workers])
        for leaf in [*leaves[AHEAD * workers :], *[None] * len(flying)]:
            yield flying.popleft().result()
            if leaf is not None:
                flying.append(submit(leaf))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextlib.contextmanager
def _unseen_by_children() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C, not even before they can say so themselves."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(parent: int) -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _result(future: "distributed.Future") -> MomentRecord:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as error:
        raise RuntimeError(
            f"workers died again and again over {future.key!r}: too little memory? Give them more, or take fewer threads"
        ) from error


def dask(path: Path, K: int, client: "distributed.Client") -> Engine:
    """Pure tasks on the workers of a Dask client; Dask repeats those of a worker that dies."""

    def run(leaves: Sequence[Leaf]) -> Iterator[MomentRecord]:
        width = AHEAD * max(1, sum(client.nthreads().values()))

        def submit(leaf: Leaf) -> object:
            return client.submit(record, path, leaf, K, key=f"moments-{leaf.name}", pure=True)

        flying = deque(submit(leaf) for leaf in leaves[:width])
        try:
            for leaf in [*leaves[width:], *[None] * len(flying)]:
                yield _result(flying[0])
                flying.popleft()
                if leaf is not None:
                    flying.append(submit(leaf))
        finally:
            for future in flying:
                future.cancel()

    return run
