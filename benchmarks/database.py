"""How near the moments of a database come to its disk and to dsyrk, in what memory, and what float32 storage changes."""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from accuracy import PUBLISHED, SETS
from memory import peak_above
from rows import READ, SHARD_NUMBERS, checksum_bandwidth, written
from scipy.linalg.blas import dsyrk
from turns import one_thread, seconds

import fisherlib as fl
from fisherlib import cluster
from fisherlib.io.database import Database, write_dataset

#: Descriptors, and the share of the gigabytes asked for.
SIZES = ((200, 1.0), (1000, 0.5), (55, 0.5))
GATE, FLOAT32_GATE = 0.80, 1e-6
DSYRK_NUMBERS, TURNS = 4_000_000, 5
STORED = ("Cu55, SOAP, shipped", "Mo, SNAP", "Ta, SNAP")


def files(database: Database) -> Iterator[int]:
    """Its shards, open for reading."""
    for path in sorted((database.path / "shards").iterdir()):
        file = os.open(path, os.O_RDONLY)
        try:
            yield file
        finally:
            os.close(file)


def forget(database: Database) -> None:
    """Takes its shards out of the page cache."""
    for file in files(database):
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    with contextlib.suppress(OSError), open("/proc/sys/vm/drop_caches", "w") as everything:
        everything.write("1")


def plain(database: Database) -> None:
    """Reads every byte and does nothing with it."""
    buffer = bytearray(READ)
    for file in files(database):
        at = 0
        while got := os.preadv(file, [buffer], at):
            at += got


def summed(database: Database) -> fl.Moments:
    """Its moments, of which nothing is kept."""
    return cluster.accumulate(database, keep=False, progress=lambda done, total: None)


class Turn(NamedTuple):
    """Seconds of the same database: plain reading and dsyrk; moments from a cold disk and again; and of the CPU."""

    disk: float
    dsyrk: float
    cold: float
    warm: float
    cpu: float

    @property
    def shares(self) -> tuple[float, float]:
        """Of the slower one of disk and dsyrk that a cold run reaches, and of dsyrk that a warm one does."""
        return max(self.disk, self.dsyrk) / self.cold, self.dsyrk / self.warm


def turns(database: Database, repeats: int) -> list[Turn]:
    """Disk, dsyrk and moments one after the other, again and again."""
    K, rows = database.K, sum(h.rows for h in database.shards())
    A, total = np.random.default_rng(0).normal(size=(DSYRK_NUMBERS // K, K)), np.zeros((K, K), order="F")
    times = max(1, rows // len(A))

    def multiply() -> None:
        for _ in range(times):
            dsyrk(1.0, A.T, beta=1.0, c=total, lower=1, overwrite_c=1)

    found = []
    for _ in range(repeats):
        forget(database)
        disk = seconds(lambda: plain(database))
        bare = seconds(multiply) * rows / (times * len(A))
        forget(database)
        start = time.process_time()
        cold = seconds(lambda: summed(database))
        cpu = time.process_time() - start
        found.append(Turn(disk, bare, cold, seconds(lambda: summed(database)), cpu))
    return found


def peak(database: Database) -> int:
    """Bytes held at most above the start, in a process of its own."""
    command = [sys.executable, __file__, "--peak", database.path]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def speed(folder: Path, gigabytes: float, repeats: int) -> None:
    """Prints shares and memory for few and for many descriptors, and whether the gate is met."""
    head = f"{'K':>5s}{'GB':>6s}{'disk':>11s}{'dsyrk':>11s}{'cold':>11s}{'warm':>11s}{'cpu, cold':>11s}{'of min(disk, dsyrk)':>26s}"
    print(f"{head}{'warm, of dsyrk':>22s}{'peak':>9s}{'bound':>9s}")
    reached = []
    for K, share in SIZES:
        numbers = min(SHARD_NUMBERS, int(1e9 * share * gigabytes / 4 / 8))
        database = written(folder / str(K), K, share * gigabytes, shard_numbers=numbers)
        headers = database.shards()
        size, largest = sum(h.size for h in headers), max(h.size for h in headers)
        found = turns(database, repeats)
        line = f"{K:5d}{size / 1e9:6.2f}"
        line += "".join(f"{min(column):9.2f} s" for column in zip(*found, strict=True))
        for (low, *_, high), middle in (
            (sorted(column), statistics.median(column)) for column in zip(*(t.shares for t in found), strict=True)
        ):
            line += f"{middle:10.0%} ({low:4.0%}–{high:4.0%})"
        held, bound = peak(database), 2 * 8 * (K + 1) ** 2 + 3 * largest
        print(f"{line}{held / 1e6:6.0f} MB{bound / 1e6:6.0f} MB{'' if held <= bound else '  TOO MUCH'}", flush=True)
        reached.append(statistics.median(t.shares[0] for t in found))
    verdict = "met" if min(reached) >= GATE else "MISSED"
    print(f"gate: from a cold disk at least {GATE:.0%} of min(disk, dsyrk): {min(reached):.0%}, {verdict}")


def float32(folder: Path) -> None:
    """Prints what storing Φ as float32 changes in θ_f and in the forces that it predicts."""
    print(f"\n{'Φ stored as float32':24s}{'K':>5s}{'θ_f':>12s}{'forces, rms':>14s}{'largest':>12s}   (of their size)")
    worst = 0.0
    for number, name in enumerate(STORED):
        if "shipped" not in name and not PUBLISHED.exists():
            continue
        data, theta = SETS[name](), {}
        for precision in ("float64", "float32"):
            database = write_dataset(data, folder / f"{number}{precision}", precision=precision)
            theta[precision] = fl.solve(fl.fisher(summed(database))).theta
        step = theta["float32"] - theta["float64"]
        forces, other = (
            np.concatenate([t.force_descriptors @ x for t in data.values()]) for x in (theta["float64"], step)
        )
        size = np.sqrt(np.mean(forces**2))
        rms, largest = np.sqrt(np.mean(other**2)) / size, np.abs(other).max() / size
        change = np.linalg.norm(step) / np.linalg.norm(theta["float64"])
        print(f"{name:24s}{data.K:5d}{change:12.1e}{rms:14.1e}{largest:12.1e}")
        worst = max(worst, rms)
    verdict = "met" if worst < FLOAT32_GATE else "MISSED"
    print(f"gate: predicted forces change by less than {FLOAT32_GATE:.0e} of their size: {worst:.1e}, {verdict}")


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the bytes, fewer turns")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="of the largest database")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; removed again")
    parser.add_argument("--cores", type=int, help="run on so many only")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    one_thread()
    given = command_line()
    if given.peak:
        print(peak_above(lambda: summed(Database.open(given.peak)))[1])
        sys.exit()
    if given.cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    gigabytes, repeats = (given.gigabytes / 10, 3) if given.quick else (given.gigabytes, TURNS)
    print(f"{len(os.sched_getaffinity(0))} cores; a checksum takes 1 s for {checksum_bandwidth() / 1e9:.1f} GB")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        speed(Path(folder), gigabytes, repeats)
        float32(Path(folder))
