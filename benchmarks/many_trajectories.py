"""Seconds of a fit, of its held-out errors and of its verdicts on 10,000 trajectories of two configurations each.

Beside them the ratio to one trajectory that holds the same configurations (for held-out errors: cut into ten blocks).
"""

import argparse
import dataclasses
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

import fisherlib as fl
from fisherlib import diagnostics, trust, validation
from fisherlib.regression import fisher_fit

THETA = np.array([1.0, 2.0, 0.5, 3.0])
#: Seconds that fit, held-out errors and verdicts may take together.
GATE = 10.0

Result = TypeVar("Result")


def noisy(trajectories: int, configurations: int) -> fl.Dataset:
    """Coupled oscillators, K = 4, whose forces and energies no θ explains exactly."""
    rng = np.random.default_rng(1)
    data = fl.systems.harmonic(THETA, trajectories=trajectories, configurations=configurations)
    return fl.Dataset(
        dataclasses.replace(
            t,
            forces=t.forces + 0.05 * rng.normal(size=len(t.forces)),
            energies=t.energies + 0.01 * rng.normal(size=len(t)),
        )
        for t in data.values()
    )


def stages(data: fl.Dataset) -> dict[str, float]:
    """Seconds of each stage; what cannot be held out as a whole is cut into ten blocks first."""
    seconds: dict[str, float] = {}

    def timed(stage: str, task: Callable[[], Result]) -> Result:
        start = time.perf_counter()
        result = task()
        seconds[stage] = time.perf_counter() - start
        return result

    moments = timed("accumulate", lambda: fl.accumulate(data))
    timed("fisher and solve", lambda: fl.solve(fl.fisher(moments)))
    parts = data if len(data) > 1 else data.blocks(10)
    of_parts = moments if len(data) > 1 else fl.accumulate(parts)
    timed("leave_one_trajectory_out", lambda: validation.leave_one_trajectory_out(of_parts, [1e-6]))
    timed("cross_validate, 5 folds", lambda: validation.cross_validate(parts, of_parts, fisher_fit))
    timed("diagnostics.health", lambda: diagnostics.health(data, moments=moments))
    timed("trust.verdicts", lambda: trust.verdicts(data, moments=moments))
    return seconds


def main() -> None:
    """Prints the table and whether the gate is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trajectories", type=int, default=10_000)
    number = parser.parse_args().trajectories
    many, one = stages(noisy(number, 2)), stages(noisy(1, 2 * number))
    print(f"{number} trajectories of 2 configurations, K = {len(THETA)}; one trajectory of {2 * number}")
    for stage, seconds in many.items():
        print(f"{stage:26s} {seconds:8.3f} s   {one[stage]:8.3f} s   ratio {seconds / one[stage]:8.1f}")
    total = sum(seconds for stage, seconds in many.items() if stage != "diagnostics.health")
    met = "met" if total <= GATE else "not met"
    print(f"gate: all but diagnostics.health, which trust.verdicts repeats, at most {GATE:g} s: {total:.1f} s, {met}")


if __name__ == "__main__":
    main()
