"""Fits of the shapes of published problems: time, memory above the data and objective, beside other ways to solve them.

Every way runs in a process of its own on the same rows, which are made from a seed, with one BLAS thread. No way is
charged for the data; the moments are charged for checking them. The residual sum of squares is taken from the rows.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from memory import peak_above
from numpy.typing import NDArray
from rows import BLOCK, Rows, dataset, made


class Shape(NamedTuple):
    """A published problem: rows (whole atoms), descriptors, rows of one configuration, and whether the gate holds for it."""

    rows: int
    K: int
    rows_per_configuration: int
    gated: bool


#: FitSNAP's examples Ta_Linear_JCP2014, Ta_Quadratic_JCP2018, InP_JPCA2020 (367,900 rows there) and WBe_PRB2019.
SHAPES = {
    "Ta": Shape(15_213, 31, 42, False),
    "Ta quadratic": Shape(15_213, 1595, 42, False),
    "InP": Shape(367_899, 480, 194, True),
    "WBe": Shape(1_772_880, 110, 70, True),
}
FASTER, SMALLER, SAME = 5.0, 50.0, 1e-6  # gates against FULL
OURS, FULL = "moments", "scipy lstsq"
QUICK = 20
#: A way is run again until this many seconds or calls have passed; the shortest time counts.
ENOUGH_SECONDS, ENOUGH_CALLS = 0.5, 15


def moments(rows: Rows) -> NDArray:
    """Ours: checks, moments, solution."""
    import fisherlib as fl

    return fl.solve(fl.fisher(fl.accumulate(dataset(rows)))).theta


def plain_loop(rows: Rows) -> NDArray:
    """ΦᵀΦ and ΦᵀF configuration by configuration, and LU of their sum."""
    K = rows.Phi.shape[1]
    T, c, start = np.zeros((K, K)), np.zeros(K), 0
    for n in rows.n_atoms:
        G, f = rows.Phi[start : start + 3 * n], rows.F[start : start + 3 * n]
        T += G.T @ G
        c += G.T @ f
        start += 3 * n
    return np.linalg.solve(T, c)


def numpy_lstsq(rows: Rows) -> NDArray:
    """SVD of the whole matrix."""
    return np.linalg.lstsq(rows.Phi, rows.F, rcond=None)[0]


def sklearn_ridge(rows: Rows) -> NDArray:
    """Cholesky of the Gram matrix of the whole matrix, without a penalty, so that the objective is the same."""
    from sklearn.linear_model import Ridge

    return Ridge(alpha=0.0, solver="cholesky", fit_intercept=False).fit(rows.Phi, rows.F).coef_


def scipy_lstsq(rows: Rows) -> NDArray:
    """The call of FitSNAP's SVD solver. There the matrix is copied once more before, to weight its rows."""
    from scipy.linalg import lstsq

    return lstsq(rows.Phi, rows.F, cond=1e-13)[0]


WAYS: dict[str, Callable[[Rows], NDArray]] = {
    OURS: moments,
    "plain loop": plain_loop,
    "numpy lstsq": numpy_lstsq,
    "sklearn Ridge": sklearn_ridge,
    FULL: scipy_lstsq,
}


def residual_sum(rows: Rows, theta: NDArray) -> float:
    """|F − Φθ|², block by block and without loss in the sum over blocks."""
    blocks = (slice(start, start + BLOCK) for start in range(0, len(rows.F), BLOCK))
    return math.fsum(float(np.sum((rows.F[b] - rows.Phi[b] @ theta) ** 2)) for b in blocks)


def one(shape: Shape, way: str) -> dict[str, float]:
    """Seconds, bytes above the data and residual sum of one way; for a process of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        WAYS[way](made(300, 8))  # loads what is to be loaded
        rows = made(shape.rows, shape.K, rows_per_configuration=shape.rows_per_configuration)

        def timed() -> tuple[float, NDArray]:
            start = time.perf_counter()
            theta = WAYS[way](rows)
            return time.perf_counter() - start, theta

        (first, theta), held = peak_above(timed)
        times = [first]
        while sum(times) < ENOUGH_SECONDS and len(times) < ENOUGH_CALLS:
            times.append(timed()[0])
    return {"seconds": min(times), "bytes": held, "objective": residual_sum(rows, theta)}


def in_own_process(name: str, way: str, rows: int) -> dict[str, float]:
    """What ``one`` finds; nothing, and a sentence on stderr, when the process fails."""
    single = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    call = [sys.executable, __file__, "--shape", name, "--way", way, "--rows", str(rows)]
    done = subprocess.run(call, env=os.environ | single, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["killed, most likely for want of memory"])[-1]
        print(f"{name}, {way}: failed ({done.returncode}): {said}", file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def report(name: str, shape: Shape, rounds: int) -> str:
    """Prints a table of all ways, which take turns, and returns the sentence on the gate."""
    turns = [{way: in_own_process(name, way, shape.rows) for way in WAYS} for _ in range(rounds)]
    turns = [turn for turn in turns if all(turn.values())]
    if not turns:
        return f"gate {name}: not measured, see the failures"

    def ratio(way: str, other: str) -> float:
        return statistics.median(turn[way]["seconds"] / turn[other]["seconds"] for turn in turns)

    chosen = {"seconds": min, "bytes": max, "objective": min}
    best = {way: {key: of(turn[way][key] for turn in turns) for key, of in chosen.items()} for way in WAYS}
    least = min(found["objective"] for found in best.values())
    print(f"{name}: {shape.rows} × {shape.K}, {8e-6 * shape.rows * shape.K:.0f} MB, {len(turns)} turns")
    for way, found in best.items():
        print(
            f"  {way:14s}{found['seconds']:10.4f} s{ratio(way, OURS):9.2f} ×{found['bytes'] / 1e6:10.1f} MB"
            f"{found['objective'] / least - 1:10.0e}"
        )
    sys.stdout.flush()
    ours, full = best[OURS], best[FULL]
    faster, smaller = ratio(FULL, OURS), full["bytes"] / max(ours["bytes"], 1)
    differ = abs(ours["objective"] / full["objective"] - 1)
    met = faster >= FASTER and smaller > SMALLER and differ <= SAME
    said = "not all rows" if shape.rows < SHAPES[name].rows else "met" if met else "MISSED"
    return (
        f"gate {name}: {faster:.1f} × faster (≥ {FASTER:g}), 1/{smaller:.0f} of the extra memory (< 1/{SMALLER:g}), "
        f"objective differs by {differ:.0e} (≤ {SAME:g}): {said}"
    )


def command_line() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help=f"1/{QUICK} of the rows, at least twice as many as columns"
    )
    parser.add_argument("--rounds", type=int, default=1, help="turns of every way; ratios are medians over them")
    parser.add_argument("--shape", choices=SHAPES, help="this one only")
    parser.add_argument(
        "--way", choices=WAYS, help="this one only, printed as JSON; what the processes are started with"
    )
    parser.add_argument("--rows", type=int, help="another number of rows")
    return parser.parse_args()


if __name__ == "__main__":
    given = command_line()
    chosen = {name: SHAPES[name] for name in ([given.shape] if given.shape else SHAPES)}
    if given.quick:
        chosen = {name: s._replace(rows=max(s.rows // QUICK, 2 * s.K) // 3 * 3) for name, s in chosen.items()}
    if given.rows:
        chosen = {name: s._replace(rows=given.rows // 3 * 3) for name, s in chosen.items()}
    if given.way:
        print(json.dumps(one(chosen[given.shape], given.way)))
        sys.exit()
    print("time (best), median ratio to the moments, memory above the data, residual sum of squares above the least")
    sentences = [report(name, shape, given.rounds) for name, shape in chosen.items()]
    print("\n".join(s for s, shape in zip(sentences, chosen.values(), strict=True) if shape.gated))
