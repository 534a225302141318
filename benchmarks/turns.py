"""Tasks that are compared take turns, so that a busy machine slows all of them."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

Task = Callable[[], object]


class Race(NamedTuple):
    """(repeats,) seconds of each task, turn by turn."""

    seconds: tuple[tuple[float, ...], ...]

    def best(self, task: int) -> float:
        """Shortest time of a task, s."""
        return min(self.seconds[task])

    def ratios(self, task: int, other: int) -> list[float]:
        """Time of a task over that of another, turn by turn, ascending."""
        return sorted(a / b for a, b in zip(self.seconds[task], self.seconds[other], strict=True))

    def ratio(self, task: int, other: int) -> float:
        """Median of those ratios."""
        return statistics.median(self.ratios(task, other))


def seconds(task: Task) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def race(tasks: Sequence[Task], *, repeats: int) -> Race:
    """Every task once for warming up, then ``repeats`` turns."""
    for task in tasks:
        task()
    turns = [[seconds(task) for task in tasks] for _ in range(repeats)]
    return Race(tuple(zip(*turns, strict=True)))


def one_thread() -> None:
    """Stops where BLAS may use several threads: with other work on the machine their times jump by tens of per cent."""
    if os.environ.get("OMP_NUM_THREADS") != "1":
        sys.exit(f"run it with one BLAS thread, as `make bench` does: OMP_NUM_THREADS=1 python {sys.argv[0]}")
