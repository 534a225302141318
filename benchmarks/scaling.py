"""Cost of θ_f against rows, descriptors and workers, measured; and, from the same rates, a plan for data that no one machine holds."""

import argparse
import functools
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from plan import Machines, Rate, planned, printed
from plotly.subplots import make_subplots
from rows import READ, checksum_bandwidth, dataset, made, written
from scipy.linalg.blas import dsyrk
from turns import one_thread, race, seconds

import fisherlib as fl
from fisherlib.cluster.engines import processes
from fisherlib.cluster.leaves import Leaf, leaves, record
from fisherlib.figures.style import PALETTE, REFERENCE, framed
from fisherlib.io.database import Database

MANY_ROWS, ROWS_K = (3_000, 12_000, 48_000, 192_000, 768_000), 110
MANY_K, K_MEGABYTES = (31, 55, 110, 220, 480, 1000, 1595), 160
WORKERS_MEGABYTES, SHARDS, PASSES = 480, 12, 4
REPEATS = 5
PLANNED = (55, 110, 480, 1000, 1595, 5000)
DISK_MEGABYTES = 512


class Cost(NamedTuple):
    """Best times of one size, s: moments, bare dsyrk of the same rows, and the solution from the moments."""

    rows: int
    K: int
    moments: float
    dsyrk: float
    solution: float

    @property
    def rate(self) -> float:
        """Floating-point operations a second of the moments; one symmetric product of (rows, K) counts rows · K²."""
        return self.rows * self.K**2 / self.moments


def cost(data: fl.Dataset) -> Cost:
    """Times of one dataset of one trajectory."""
    (trajectory,) = data.values()
    transposed = trajectory.force_descriptors.T
    moments = fl.accumulate(data)
    tasks = (lambda: fl.accumulate(data), lambda: dsyrk(1.0, transposed, trans=0, lower=1))
    found = race(tasks, repeats=REPEATS)
    solution = min(seconds(lambda: fl.solve(fl.fisher(moments))) for _ in range(3))
    return Cost(len(trajectory.forces), data.K, found.best(0), found.best(1), solution)


def by_rows(share: float) -> list[Cost]:
    """The same descriptors, more and more rows of one trajectory."""
    whole = dataset(made(int(share * MANY_ROWS[-1]), ROWS_K))["made"]
    M = [max(2, len(whole) * rows // MANY_ROWS[-1]) for rows in MANY_ROWS]
    return [cost(fl.Dataset([whole.slice(0, m)])) for m in M]


def by_descriptors(share: float) -> list[Cost]:
    """As many megabytes of Φ, more and more descriptors."""
    rows = {K: max(int(1e6 * share * K_MEGABYTES / (8 * K)), 2 * K) for K in MANY_K}
    return [cost(dataset(made(n, K))) for K, n in rows.items()]


class Shared(NamedTuple):
    """Times of one database by so many worker processes, s: with their start, until the first leaf, and once started."""

    workers: int
    whole: float
    start: float
    steady: float


def pooled(database: Database, wanted: list[Leaf], workers: int) -> Shared:
    """The leaves by a pool; when the first is there, one of each worker is, and the rest shows the pace."""
    task = functools.partial(record, database.path, K=database.K)
    begin = time.perf_counter()
    there = [time.perf_counter() for _ in processes(workers)(task, wanted)]
    steady = (there[-1] - there[0]) * len(wanted) / (len(wanted) - workers)
    return Shared(workers, there[-1] - begin, there[0] - begin, steady)


def by_workers(share: float) -> list[Shared]:
    """The same leaves from the page cache, again and again, by more and more processes; the best of three, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = int(share * 1e6 * WORKERS_MEGABYTES / 4 / SHARDS)
        database = written(Path(folder) / "db", ROWS_K, share * WORKERS_MEGABYTES / 1e3, shard_numbers=numbers)
        wanted = PASSES * leaves(database.shards(), ROWS_K)
        counts = range(1, (os.cpu_count() or 1) + 1)
        found = [[pooled(database, wanted, n) for n in counts] for _ in range(3)]
        return [Shared(*map(min, zip(*turns, strict=True))) for turns in zip(*found, strict=True)]


def disk_bandwidth(folder: Path, megabytes: int) -> float:
    """Bytes a second of reading a new file that has left the page cache; the best of three."""
    block = np.random.default_rng(0).bytes(READ)
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(max(1, (megabytes << 20) // READ)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        times, buffer = [], bytearray(READ)
        for _ in range(3):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            start, offset = time.perf_counter(), 0
            while got := os.preadv(file.fileno(), [buffer], offset):
                offset += got
            times.append(time.perf_counter() - start)
    return offset / min(times)


def drawn(rows: list[Cost], descriptors: list[Cost], workers: list[Shared], on: Machines) -> go.Figure:
    """Time against rows, time of a row against descriptors with what reading it takes, and time against workers."""
    titles = (f"all rows, K = {ROWS_K}", "one row, any number of them", f"a database, K = {ROWS_K}")
    figure = make_subplots(cols=3, subplot_titles=titles, horizontal_spacing=0.09)
    rises = [(c.rows, 1e3 * c.moments, 1e3 * c.dsyrk) for c in rows]
    grows = [(c.K, 1e6 * c.moments / c.rows, 1e6 * c.dsyrk / c.rows) for c in descriptors]
    for column, values in ((1, rises), (2, grows)):
        x, ours, bare = zip(*values, strict=True)
        for name, y, shade in (("moments", ours, PALETTE[0]), ("bare dsyrk", bare, PALETTE[1])):
            trace = go.Scatter(x=x, y=y, name=name, legendgroup=name, showlegend=column == 1, line_color=shade)
            figure.add_trace(trace.update(mode="lines+markers"), row=1, col=column)
    K = [c.K for c in descriptors]
    for number, dash in ((8, "dash"), (4, "dot")):
        y, line = [1e6 * number * k / on.disk for k in K], {"color": REFERENCE, "dash": dash}
        name = f"reading it from disk as float{8 * number}"
        figure.add_trace(go.Scatter(x=K, y=y, name=name, mode="lines", line=line), row=1, col=2)
    n = [w.workers for w in workers]
    alone = workers[0].steady
    kinds = (
        ("workers, once started", [w.steady for w in workers], {"color": PALETTE[2]}),
        ("workers, with their start", [w.whole for w in workers], {"color": PALETTE[3]}),
        ("one worker's time, shared out", [alone / k for k in n], {"color": REFERENCE, "dash": "dash"}),
    )
    for name, y, line in kinds:
        figure.add_trace(go.Scatter(x=n, y=y, name=name, mode="lines+markers", line=line), row=1, col=3)
    figure.update_xaxes(tickvals=n, title_text="workers", col=3)
    figure.update_yaxes(rangemode="tozero", title_text="time, s", col=3)
    figure.update_xaxes(type="log", dtick=1, title_text="rows 3ΣN", col=1)
    figure.update_xaxes(type="log", tickvals=K, title_text="K", col=2)
    figure.update_yaxes(type="log", dtick=1, title_text="time, ms", col=1)
    figure.update_yaxes(type="log", dtick=1, title_text="time, µs", col=2)
    said = (
        f"one core, Φ in memory; the disk reads {on.disk / 1e9:.2g} GB/s, and is the slower one where its line is above"
    )
    return framed(figure, title="Cost of the moments", height=420, subtitle=said, above=20)


def table(costs: list[Cost]) -> None:
    """Prints measured costs."""
    print(f"{'rows':>9s}{'K':>6s}{'moments':>12s}{'dsyrk':>12s}{'solution':>12s}{'GFLOP/s':>9s}{'of dsyrk':>10s}")
    for c in costs:
        print(
            f"{c.rows:9d}{c.K:6d}{1e3 * c.moments:9.2f} ms{1e3 * c.dsyrk:9.2f} ms{1e3 * c.solution:9.2f} ms"
            f"{1e-9 * c.rate:9.1f}{c.dsyrk / c.moments:10.0%}"
        )


def shared(found: list[Shared]) -> None:
    """Prints measured costs against workers."""
    print(f"{'workers':>9s}{'whole':>10s}{'start':>10s}{'steady':>10s}{'speed-up once started':>24s}")
    for w in found:
        print(f"{w.workers:9d}{w.whole:8.2f} s{w.start:8.2f} s{w.steady:8.2f} s{found[0].steady / w.steady:24.2f}")


def checked(rows: list[Cost], costs: list[Cost], on: Machines) -> None:
    """Prints how well the arithmetic foretells a measured time that it was not made from."""
    largest = rows[-1]
    alone = on._replace(total=8.0 * largest.rows * largest.K, workers=1, number=8)
    foretold = planned(largest.K, rates(costs), alone).multiply
    print(
        f"the plan's multiplication of {largest.rows} × {largest.K}: {foretold / largest.moments:.2f} of the time measured"
    )


def rates(costs: list[Cost]) -> list[Rate]:
    """What the plan is made from."""
    return [Rate(c.K, c.rate, c.solution) for c in costs]


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--out", type=Path, default=Path("reports/scaling.html"), help="the figure")
    parser.add_argument("--disk", type=float, help="GB/s of a worker's disk; measured without it")
    parser.add_argument("--shared", type=float, default=100.0, help="GB/s of a file system for all workers")
    parser.add_argument("--network", type=float, default=1.0, help="GB/s of a link between workers")
    parser.add_argument("--terabytes", type=float, default=10.0)
    parser.add_argument("--plan-workers", type=int, default=1000)
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64, help="of a stored number of Φ")
    return parser.parse_args()


if __name__ == "__main__":
    one_thread()
    given = command_line()
    given.out.parent.mkdir(parents=True, exist_ok=True)
    share = 0.1 if given.quick else 1.0
    disk = 1e9 * given.disk if given.disk else disk_bandwidth(given.out.parent, int(share * DISK_MEGABYTES))
    rows, descriptors, workers = by_rows(share), by_descriptors(share), by_workers(share)
    on = Machines(
        total=1e12 * given.terabytes,
        workers=given.plan_workers,
        disk=disk,
        checksum=checksum_bandwidth(),
        shared=1e9 * given.shared,
        network=1e9 * given.network,
        latency=1e-3,
        number=given.bits // 8,
    )
    print(f"disk, cold: {disk / 1e9:.2f} GB/s ({'given' if given.disk else f'{given.out.parent}, best of three'})")
    table(rows + descriptors)
    shared(workers)
    checked(rows, descriptors, on)
    printed([planned(K, rates(descriptors), on) for K in PLANNED], on)
    drawn(rows, descriptors, workers, on).write_html(given.out, include_plotlyjs=True)
    print(f"figure: {given.out}")
