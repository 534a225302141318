"""What each way of summing a database costs beside the serial one: overhead, start, speed-up, and a worker that is killed."""

import argparse
import functools
import logging
import multiprocessing
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from database import summed
from distributed import Client, LocalCluster
from rows import written
from scaling import Shared, pooled
from turns import Race, one_thread, race, seconds

import fisherlib as fl
from fisherlib import cluster
from fisherlib.cluster.leaves import leaves
from fisherlib.io.database import Database

K, SHARD_NUMBERS, REPEATS, EMPTY, PASSES = 200, 6_000_000, 3, 100, 2
WORKERS = 2


def local(workers: int) -> LocalCluster:
    """Dask on this machine, one thread to a process."""
    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR)


def by_pool(database: Database, workers: int) -> Shared:
    """All leaves by a pool of processes, which is started for it; a pool of one, too."""
    return pooled(database, leaves(database.shards(), database.K), workers)


def by_dask(database: Database, client: Client) -> fl.Moments:
    """The moments by Dask workers that are there already; they forget what nobody waits for any more."""
    return cluster.accumulate(database, client=client, keep=False, progress=ignored)


def by_parts(database: Database, folder: Path) -> fl.Moments:
    """Two parts one after the other, as on two machines, and merged."""
    paths = [folder / f"part-{number}.npz" for number in (1, 2)]
    for number, path in enumerate(paths, 1):
        cluster.write_part(database, number, 2, path, progress=ignored, keep=False)
    return cluster.merge(paths)


def ignored(done: int, total: int) -> None:
    """Progress that nobody looks at."""


def killed(
    database: Database, pids: Callable[[], list[int]], run: Callable[..., fl.Moments]
) -> tuple[float, fl.Moments]:
    """Seconds and moments of a run in which one worker is killed half way."""
    left: list[int] = [1]

    def progress(done: int, total: int) -> None:
        if left and done > total / 2:
            left.pop()
            os.kill(pids()[0], signal.SIGKILL)

    start = time.perf_counter()
    found = run(database, keep=False, progress=progress)
    return time.perf_counter() - start, found


def same(a: fl.Moments, b: fl.Moments) -> str:
    """Whether two sums agree to the last bit."""
    equal = all(
        np.array_equal(getattr(a[key], name), getattr(b[key], name))
        for key in a
        for name in ("PhiPhi", "PhiF", "scatter")
    )
    return "the same bits" if equal and list(a) == list(b) else "OTHER BITS"


def row(name: str, found: Race, task: int) -> None:
    """Prints one engine beside the first, the serial one."""
    ratios = found.ratios(task, 0)
    print(
        f"{name:34s}{found.best(task):8.2f} s{found.ratio(task, 0):8.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})", flush=True
    )


def empty_tasks(submit: Callable[[int], object]) -> float:
    """Median seconds of a task that does nothing, there and back."""
    submit(-1)
    return statistics.median(seconds(functools.partial(submit, n)) for n in range(EMPTY))


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the bytes, one turn")
    parser.add_argument("--gigabytes", type=float, default=0.6)
    return parser.parse_args()


def measured(folder: Path, gigabytes: float, repeats: int) -> None:
    """Prints everything."""
    database = written(folder / "db", K, gigabytes, shard_numbers=SHARD_NUMBERS)
    headers = database.shards()
    size = sum(h.size for h in headers)
    print(
        f"{len(headers)} shards, {size / 1e9:.2f} GB, K = {K}, page cache warm; seconds at best, ratio to the serial sum"
    )
    begin = time.perf_counter()
    with local(WORKERS) as ours, Client(ours) as client:
        dask_start = time.perf_counter() - begin
        tasks = [
            lambda: summed(database),
            lambda: by_pool(database, 1),
            lambda: by_pool(database, WORKERS),
            lambda: by_dask(database, client),
            lambda: by_parts(database, folder),
        ]
        found = race(tasks, repeats=repeats)
        for task, name in enumerate(("serial", "pool of 1, with its start", f"pool of {WORKERS}, with its start")):
            row(name, found, task)
        row(f"Dask, {WORKERS} × 1, started before", found, 3)
        row("2 parts one by one, and merged", found, 4)
        wanted = PASSES * leaves(headers, K)
        one, two = (pooled(database, wanted, workers) for workers in (1, WORKERS))
        print(f"speed-up of {WORKERS} workers over 1, once started: {one.steady / two.steady:.2f}")
        print(f"start: pool {two.start:.2f} s with its first leaf, Dask {dask_start:.2f} s")
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            there = empty_tasks(lambda n: pool.submit(int, n).result())
        back = empty_tasks(lambda n: client.submit(int, n, pure=False).result())
        print(f"empty task, there and back: pool {1e3 * there:.2f} ms, Dask {1e3 * back:.2f} ms")
        reference = summed(database)
        took, moments = killed(
            database,
            lambda: [p.pid for p in multiprocessing.active_children() if p.name.startswith("SpawnProcess")],
            functools.partial(cluster.accumulate, workers=WORKERS),
        )
        print(f"a worker killed half way: pool {took:.2f} s, {same(moments, reference)}", end="; ")
        took, moments = killed(
            database,
            lambda: list(client.run(os.getpid).values()),
            functools.partial(cluster.accumulate, client=client),
        )
        print(f"Dask {took:.2f} s, {same(moments, reference)}")


if __name__ == "__main__":
    one_thread()
    given = command_line()
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), *((given.gigabytes / 4, 1) if given.quick else (given.gigabytes, REPEATS)))
