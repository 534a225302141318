"""Time of the moments of the shipped data (Φ in memory) over that of a bare dsyrk of the same shape."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg.blas import dsyrk

import fisherlib as fl

REPEATS = 15


def seconds(task: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


if __name__ == "__main__":
    data = fl.io.read("data/cu55_1200K.npz", check=False)
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    transposed = Phi.T  # Fortran order, as BLAS wants it: nothing is copied in the call that is timed

    def bare() -> object:
        return dsyrk(1.0, transposed, trans=0, lower=1)

    def moments() -> object:
        return fl.accumulate(data)

    for task in (bare, moments):
        task()
    pairs = [(seconds(moments), seconds(bare)) for _ in range(REPEATS)]
    ratios = sorted(a / b for a, b in pairs)
    print(f"rows {len(Phi)}, K {data.K}")
    print(
        f"dsyrk {1e3 * min(b for _, b in pairs):.1f} ms, moments {1e3 * min(a for a, _ in pairs):.1f} ms (best of {REPEATS})"
    )
    print(f"moments / dsyrk: median {statistics.median(ratios):.2f}, from {ratios[0]:.2f} to {ratios[-1]:.2f}")
