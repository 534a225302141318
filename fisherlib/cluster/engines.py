"""Who does the work: this process, a pool of processes, or Dask. Each does one task over items; results come in order."""

import contextlib
import ctypes
import math
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.reduction import ForkingPickler
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from distributed import Client

#: Items in flight for each worker: enough that none waits, few enough that finished results do not fill the memory.
AHEAD = 1.5
#: Workers that may die over one item before the run ends.
PATIENCE = 3
#: One process starts at a time.
_STARTING = threading.Lock()


class Item(Protocol):
    """What a task is done over: a small, picklable value."""

    @property
    def name(self) -> str:
        """A name that only this content has; results are kept under it."""

    @property
    def size(self) -> int:
        """How much work it is, in the unit of the progress."""


ItemT = TypeVar("ItemT", bound=Item)
Result = TypeVar("Result")


#: Does a picklable task over items and gives the results in the order of the items. A task may be done twice.
Engine = Callable[[Callable[[Any], Any], Sequence[Any]], Generator[Any, None, None]]


def serial(task: Callable[[ItemT], Result], items: Sequence[ItemT]) -> Generator[Result, None, None]:
    """One item after the other, in this process."""
    for item in items:
        yield task(item)


def processes(workers: int, ahead: float = AHEAD) -> Engine:
    """So many processes, each with one thread; where one dies, its item alone is done again, and the others go on."""

    def run(task: Callable[[ItemT], Result], items: Sequence[ItemT]) -> Generator[Result, None, None]:
        _give_back()
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of threads that it does not have
        idle: queue.SimpleQueue[ProcessPoolExecutor] = queue.SimpleQueue()
        every: list[ProcessPoolExecutor] = []

        def started() -> ProcessPoolExecutor:
            every.append(ProcessPoolExecutor(1, context, _begin, (os.getpid(),)))
            with _unseen_script(task):
                every[-1].submit(int)  # starts the process
            return every[-1]

        def do(item: ItemT) -> Result:
            worker = idle.get()
            try:
                for _ in range(PATIENCE):
                    try:
                        return worker.submit(task, item).result()
                    except BrokenProcessPool:
                        worker = started()
            finally:
                idle.put(worker)
            raise RuntimeError(
                f"workers died {PATIENCE} times over {item.name!r}: too little memory for {workers} at once? Take fewer "
                'workers; in a script, call under `if __name__ == "__main__":`'
            )

        for _ in range(workers):
            idle.put(started())
        threads = ThreadPoolExecutor(workers, "worker", _block_interrupts)
        try:
            yield from _in_order(lambda item: threads.submit(do, item), items, math.ceil(ahead * workers))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in every:
                worker.shutdown(wait=False, cancel_futures=True)

    return run


@contextlib.contextmanager
def _unseen_script(task: Callable) -> Iterator[None]:
    """A process that starts meanwhile does not run the script of its parent once more, unless the task comes from there."""
    with _STARTING:
        main = sys.modules["__main__"]
        if b"__main__" not in ForkingPickler.dumps(task):
            sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def dask(client: "Client", ahead: float = AHEAD) -> Engine:
    """The workers of a Dask client; Dask repeats the items of a worker that dies."""

    def run(task: Callable[[ItemT], Result], items: Sequence[ItemT]) -> Generator[Result, None, None]:
        from distributed import KilledWorker

        # Names of its own: a call that failed cancels its items, and the scheduler may hear of that only after the next
        # call has asked for the same ones.
        label = uuid.uuid4().hex
        width = math.ceil(ahead * max(1, sum(client.nthreads().values())))
        try:
            yield from _in_order(lambda i: client.submit(task, i, key=f"{label}-{i.name}", pure=False), items, width)
        except KilledWorker as error:
            raise RuntimeError(
                f"workers died again and again over {error.args[0]!r}: too little memory? Give them more, or take fewer "
                "threads"
            ) from error

    return run


@contextlib.contextmanager
def engine_for(workers: int, client: "Client | str | None", ahead: float = AHEAD) -> Iterator[Engine]:
    """The engine for the arguments of a caller.

    Args:
        workers: processes on this machine; 1 is this process itself.
        client: of Dask, or the address of its scheduler, in place of workers.
        ahead: items in flight for each worker, more where they take different times and their results are small.
    """
    if not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers: expected a whole number of processes, at least 1, got {workers!r}")
    if client is None:
        yield serial if workers == 1 else processes(workers, ahead)
    elif not isinstance(client, str):
        if not hasattr(client, "submit"):
            raise ValueError(f"client: expected a Dask client or the address of a scheduler, got {client!r:.60}")
        yield dask(client, ahead)
    else:
        try:
            from distributed import Client
        except ImportError as error:
            raise ImportError("client: Dask is not installed; pip install 'fisherlib[cluster]'") from error
        with Client(client) as ours:
            yield dask(ours, ahead)


def _in_order(submit: Callable[[ItemT], Any], items: Sequence[ItemT], width: int) -> Iterator[Any]:
    """Results of futures in the order of the items, of which so many are in flight."""
    flying = deque(submit(item) for item in items[:width])
    try:
        for item in [*items[width:], *[None] * len(flying)]:
            yield flying[0].result()
            flying.popleft()
            if item is not None:
                flying.append(submit(item))
    finally:
        for future in flying:
            future.cancel()


def _block_interrupts() -> None:
    """Processes started by this thread never see Ctrl-C, not even during start-up."""
    if hasattr(signal, "pthread_sigmask"):  # Windows has none
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _begin(parent: int) -> None:
    """A worker leaves Ctrl-C to its parent, does not outlive it, and has one thread for featomic."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["RAYON_NUM_THREADS"] = "1"
    _give_back()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _give_back() -> None:
    """Arrays of MBs go back to the system when they are freed, in place of filling the memory of this process."""
    with contextlib.suppress(AttributeError, TypeError, OSError):  # glibc alone has it
        ctypes.CDLL(None).mallopt(-3, 2**21)  # M_MMAP_THRESHOLD
