"""How much of the machine's own dsyrk rate the moments of data in memory reach, for few and for many descriptors."""

import argparse

import numpy as np
from rows import dataset, made
from scipy.linalg.blas import dsyrk
from turns import Race, one_thread, race

import fisherlib as fl

SIZES = (55, 105, 200, 480, 1000)
#: From this many descriptors on the moments are to reach this share of dsyrk.
GATE_FROM, GATE = 200, 0.85
MEGABYTES, REPEATS = 240, 11


def measured(*stored: fl.Dataset, repeats: int) -> Race:
    """Turns of dsyrk on all of Φ, and of the moments of each dataset, the first of which has it as float64."""
    parts = [t.force_descriptors for t in stored[0].values()]
    # Fortran order, as BLAS wants it: nothing is copied in the call that is timed
    transposed = (parts[0] if len(parts) == 1 else np.concatenate(parts)).T
    tasks = [lambda data=data: fl.accumulate(data) for data in stored]
    return race([lambda: dsyrk(1.0, transposed, trans=0, lower=1), *tasks], repeats=repeats)


def line(what: str, rows: int, K: int, found: Race) -> str:
    """Rates in rows · K² floating-point operations a second, and shares of that of dsyrk."""
    rates = [1e-9 * rows * K**2 / found.best(task) for task in range(len(found.seconds))]
    shares = found.ratios(0, 1)
    text = f"{what:14s}{rows:8d}{K:6d}{rates[0]:8.1f}{rates[1]:8.1f}"
    text += f"{found.ratio(0, 1):9.0%}  {shares[0]:4.0%} to {shares[-1]:4.0%}"
    return text + (f"{rates[2]:9.1f}{found.ratio(0, 2):8.0%}" if len(rates) > 2 else "")


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, fewer turns")
    quick = parser.parse_args().quick
    megabytes, repeats = (MEGABYTES / 10, 5) if quick else (MEGABYTES, REPEATS)
    print(f"Φ in memory, one trajectory; GFLOP/s at best, median share of dsyrk over {repeats} turns")
    print(f"{'':14s}{'rows':>8s}{'K':>6s}{'dsyrk':>8s}{'moments':>8s}{'share':>9s}{'':14s}{'float32':>9s}{'share':>8s}")
    reached = {}
    for K in SIZES:
        rows = made(int(1e6 * megabytes / (8 * K)), K)
        found = measured(dataset(rows), dataset(rows, precision=np.float32), repeats=repeats)
        reached[K] = found.ratio(0, 1)
        print(line("made", len(rows.F), K, found), flush=True)
    shipped = fl.io.read("data/cu55_1200K.npz", check=False)
    found = measured(shipped, repeats=repeats)
    print(line(f"shipped, {len(shipped)}", len(shipped.forces), shipped.K, found))
    low = min(share for K, share in reached.items() if K >= GATE_FROM)
    print(f"gate: from K = {GATE_FROM} on at least {GATE:.0%}: {low:.0%}, {'met' if low >= GATE else 'MISSED'}")
