"""What comes before and after the sum: the import, the whole path of a ridge, and the answer to one move of a slider."""

import json
import os
import statistics
import subprocess
import sys
from itertools import cycle

import numpy as np
from rows import dataset, made
from scipy.linalg import solve as scipy_solve
from turns import one_thread, race, seconds

import fisherlib as fl
from fisherlib.regression import Terms, ridge_path

REPEATS = 7
#: Bars set by the programs that do the same: s, MB, s.
IMPORT_SECONDS, IMPORT_MEGABYTES, MOVE_SECONDS = 0.5, 100.0, 0.005
IMPORTS = {"nothing": "", "numpy, scipy.linalg": "import numpy, scipy.linalg", "fisherlib": "import fisherlib"}
PROBE = """
import json, time
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
with open("/proc/self/status") as file:
    held = next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM:"))
print(json.dumps([seconds, held]))
"""
STRENGTHS = np.logspace(-10, 0, 100)
GROUPS, MOVES = 20, 60


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def probed(statement: str) -> list[float]:
    """Seconds of a statement in a fresh interpreter, and the memory it has used then, MB."""
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    call = [sys.executable, "-c", PROBE.format(statement=statement)]
    return json.loads(subprocess.run(call, env=os.environ | single, capture_output=True, text=True, check=True).stdout)


def imports() -> None:
    """Time and memory of the import, which takes turns with that of the libraries it stands on."""
    turns = [[probed(statement) for statement in IMPORTS.values()] for _ in range(1 + REPEATS)][
        1:
    ]  # the first warms up
    for number, name in enumerate(IMPORTS):
        times, held = (sorted(turn[number][k] for turn in turns) for k in (0, 1))
        print(
            f"import {name:22s}{statistics.median(times):7.3f} s median, {times[0]:.3f} to {times[-1]:.3f} of {REPEATS};"
            f" {statistics.median(held):6.1f} MB"
        )
    ratio = statistics.median(turn[2][0] / turn[1][0] for turn in turns)
    took, held = (statistics.median(turn[2][k] for turn in turns) for k in (0, 1))
    met = verdict(took <= IMPORT_SECONDS and held <= IMPORT_MEGABYTES)
    bar = f"≤ {IMPORT_SECONDS:g} s and ≤ {IMPORT_MEGABYTES:g} MB"
    print(f"import fisherlib / import numpy, scipy.linalg: median {ratio:.2f}; bar {bar}: {met}")


def path(K: int) -> None:
    """All θ of 100 strengths from one factorisation, against 100 Cholesky solves, and against 100 calls of ours."""
    moments = fl.accumulate(dataset(made(20 * K, K)))
    loss = fl.fisher(moments)
    diagonal = np.diag(loss.A)

    def bare() -> list[np.ndarray]:
        return [scipy_solve(loss.A + np.diag(x * diagonal), loss.b, assume_a="pos") for x in STRENGTHS]

    def ours() -> list[np.ndarray]:
        return [fl.solve(loss + fl.ridge(x, K, scale=diagonal)).theta for x in STRENGTHS]

    found = race([lambda: ridge_path(moments, STRENGTHS).thetas, bare, ours], repeats=REPEATS)
    one, each = ridge_path(moments, STRENGTHS).thetas, np.array(bare())
    differ = (np.linalg.norm(one - each, axis=1) / np.linalg.norm(each, axis=1)).max()
    print(
        f"{len(STRENGTHS)} strengths, K {K:4d}: {1e3 * found.best(0):7.2f} ms; of as many Cholesky solves"
        f" {found.ratio(0, 1):.3f} (scipy), {found.ratio(0, 2):.3f} (fl.solve); θ differ by {differ:.0e} at most"
    )


def move(K: int) -> float:
    """One move of a slider: other weights of the terms, or of the groups of the data, and the solution again."""
    parts = [fl.accumulate(dataset(made(3000, K, seed=g))).total() for g in range(GROUPS)]
    terms = Terms.of(fl.Moments({str(g): record for g, record in enumerate(parts)}))
    losses = [fl.fisher(record) for record in parts]
    strengths = cycle(np.logspace(-8, 0, 17))

    def weights() -> object:
        x = next(strengths)
        return fl.solve(terms.weighted(ridge=x, kl=x, energy=x))

    def groups() -> object:
        x, loss = next(strengths), losses[0]
        for g, other in enumerate(losses[1:]):
            loss = loss + (x if g % 2 else 1.0) * other
        return fl.solve(loss)

    worst = 0.0
    for what, task in (("ridge, KL and energy", weights), (f"{GROUPS} groups", groups)):
        task()
        times = sorted(seconds(task) for _ in range(MOVES))
        median = statistics.median(times)
        worst = max(worst, median)
        print(
            f"a move of the weights of {what:21s} K {K:4d}: {1e3 * median:6.2f} ms median, {1e3 * times[-1]:.2f} worst"
        )
    return worst


if __name__ == "__main__":
    one_thread()
    imports()
    for K in (55, 110, 480):
        path(K)
    slowest = max(move(K) for K in (31, 55, 110))
    print(f"a move up to K = 110: bar ≤ {1e3 * MOVE_SECONDS:g} ms: {verdict(slowest <= MOVE_SECONDS)}")
