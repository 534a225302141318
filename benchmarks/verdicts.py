"""Seconds of a fit and of its verdicts, side by side: the shipped copper, and random numbers of the sizes of one to three elements.

Both take turns; the ratio is the median of the turns.
"""

import argparse
import sys
from collections.abc import Callable

import numpy as np
from turns import one_thread, race

import fisherlib as fl
from fisherlib import trust
from fisherlib.progress import silent

#: K, trajectories, configurations of 20 atoms in each; the last two have 10 and 4 force components for each parameter.
SHAPES = ((105, 20, 50), (780, 30, 22), (780, 4, 165), (2565, 12, 40), (2565, 90, 2))
#: Verdicts may take so many times the fit.
GATE = 3.0


def random(K: int, trajectories: int, configurations: int, *, atoms: int = 20, seed: int = 0) -> fl.Dataset:
    """Descriptors without structure, with forces and energies of one θ and noise: only their sizes matter."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=K)

    def one(key: str) -> fl.Trajectory:
        Phi = rng.normal(size=(3 * atoms * configurations, K))
        D = rng.normal(size=(configurations, K))
        return fl.Trajectory(
            key=key,
            temperature=300.0,
            n_atoms=np.full(configurations, atoms),
            energies=D @ theta + rng.normal(size=configurations),
            forces=Phi @ theta + 0.1 * rng.normal(size=len(Phi)),
            descriptors=D,
            force_descriptors=Phi,
        )

    return fl.Dataset(one(f"t{number}") for number in range(trajectories))


def fit(data: fl.Dataset) -> Callable[[], object]:
    """Moments and θ_f."""
    return lambda: fl.solve(fl.fisher(fl.accumulate(data)))


def judged(data: fl.Dataset, *, thorough: bool) -> Callable[[], object]:
    """Verdicts alone."""
    moments = fl.accumulate(data)
    return lambda: trust.verdicts(data, moments=moments, thorough=thorough)


def measured(name: str, data: fl.Dataset, *, repeats: int, thorough: bool) -> bool:
    """Prints one row; whether the gate is met."""
    tasks = [fit(data), judged(data, thorough=False), *([judged(data, thorough=True)] if thorough else [])]
    times = race(tasks, repeats=repeats)
    ratio = times.ratio(1, 0)
    left = [v.name for v in trust.verdicts(data) if v.message.startswith("not computed")]
    print(
        f"{name:28s} {len(data):4d} trajectories {len(data.forces):7d} rows  K = {data.K:4d}  fit {times.best(0):7.2f} s  "
        f"verdicts {times.best(1):7.2f} s  ratio {ratio:5.2f}"
        + (f"  thorough {times.ratio(2, 0):6.2f}" if thorough else "")
        + (f"  left out: {', '.join(left)}" if left else ""),
        flush=True,
    )
    return ratio <= GATE


if __name__ == "__main__":
    one_thread()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without K = 2565")
    parser.add_argument("--thorough", action="store_true", help="beside verdicts that leave nothing out")
    given = parser.parse_args()
    met = [
        measured(
            "shipped copper", fl.io.read("data/cu55_1200K.npz", progress=silent), repeats=5, thorough=given.thorough
        )
    ]
    for K, trajectories, configurations in SHAPES:
        if K < 1000 or not given.quick:
            made = random(K, trajectories, configurations)
            met.append(measured("random numbers", made, repeats=3 if K < 1000 else 1, thorough=given.thorough))
    print(f"gate: verdicts at most {GATE:g} times the fit: {'met' if all(met) else 'NOT MET'}")
    sys.exit(not all(met))
