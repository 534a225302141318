"""Boltzmann generators of the two planar targets by schedule of training, over seeds, against exact integrals.

    OMP_NUM_THREADS=1 python benchmarks/generators.py                       # both, five seeds each: about an hour
    OMP_NUM_THREADS=1 python benchmarks/generators.py mueller_brown --seeds 3 --schedules combined

Examples are two short runs, one in each state, half of them from either: their shares are wrong on purpose. Draws are fresh
ones, of another seed than those of training. Seconds are those of the processor in training alone. JAX compiles in the
first of each row, about 13 s, so the largest has that in it.
"""

import argparse
import time
from typing import NamedTuple

import jax
import numpy as np
from scipy.special import logsumexp
from turns import one_thread

import fisherlib as fl

#: Targets, with a start in each of their states and a step of MALA.
SYSTEMS = {
    "double_well": (fl.systems.TiltedDoubleWell(), [[-1.8, 0.0], [1.65, 0.0]], 0.3),
    "mueller_brown": (fl.systems.MuellerBrown(), [[-0.56, 1.44], [0.62, 0.03]], 0.1),
}
SCHEDULES = ("combined", "example", "energy")


class Result(NamedTuple):
    """Of one training."""

    seconds: float  # of the processor
    share: float  # effective sample size over draws
    difference: float  # error of F(minor state) − F(major state), kT
    bar: float  # its standard error
    log_z: float  # error of ln Z
    ks: float  # of reweighted energies, from the exact distribution


def examples(name: str, seed: int, *, walkers: int = 50, kept: int = 20) -> np.ndarray:
    """Short runs in both states."""
    target, starts, step = SYSTEMS[name]
    how = {"steps": 30 * kept, "every": 30, "step": step, "seed": seed}
    return fl.sampling.mala(target, np.repeat(starts, walkers, axis=0), **how).x.reshape(-1, 2)


def judged(name: str, schedule: str, seed: int, n: int) -> Result:
    """One training, and what its draws say."""
    target, given = SYSTEMS[name][0], examples(name, seed)
    start = time.process_time()
    flow = fl.flows.real_nvp(2, whitening=given, seed=seed)
    how = {"schedule": schedule, "seed": seed, "progress": fl.progress.silent}
    flow = fl.flows.train(flow, target, None if schedule == "energy" else given, **how)
    seconds = time.process_time() - start
    draws = fl.flows.draw(flow, target, n, seed=1000 + seed)
    minor, log_w = target.state(draws.x), draws.log_weights
    found, bar = fl.reweighting.state_difference(~minor, minor, log_w)
    x, log_weights = fl.systems.quadrature(target, target.bounds, points=1500)
    exact, there = logsumexp(log_weights), target.state(x)
    true = logsumexp(log_weights[~there]) - logsumexp(log_weights[there])
    u = target.energy_and_gradient(x)[0]
    weights = {"weights_a": np.exp(log_weights - exact), "weights_b": np.exp(log_w - log_w.max())}
    return Result(
        seconds,
        fl.reweighting.effective_sample_size(log_w) / n,
        found - true,
        bar,
        -fl.reweighting.free_energy(log_w).value - exact,
        float(fl.comparison.ks(u, draws.reduced_energies, **weights)),
    )


def band(values: np.ndarray, digits: int) -> str:
    """Median, smallest and largest of several seeds."""
    return f"{np.median(values):.{digits}f} ({values.min():.{digits}f} to {values.max():.{digits}f})"


def main() -> None:
    """Prints a row for each target and schedule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("systems", nargs="*", default=[*SYSTEMS], help=", ".join(SYSTEMS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--draws", type=int, default=200_000)
    parser.add_argument("--schedules", default=",".join(SCHEDULES))
    given = parser.parse_args()
    print(f"{given.seeds} seeds, {given.draws} fresh draws each: median (smallest to largest)")
    print("| target | training | ESS/N | error of ΔF, kT | within 2 bars | error of ln Z | KS of energies | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in given.systems:
        for schedule in given.schedules.split(","):
            found = [judged(name, schedule, seed, given.draws) for seed in range(given.seeds)]
            jax.clear_caches()
            seconds, share, difference, bar, log_z, ks = np.array(found).T
            held = f"{np.sum(np.abs(difference) < 2 * bar)} of {given.seeds}"
            cells = (
                band(share, 3),
                band(np.abs(difference), 3),
                held,
                band(np.abs(log_z), 4),
                band(ks, 4),
                band(seconds, 0),
            )
            print(f"| {name} | {schedule} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    one_thread()
    main()
