"""Hamiltonian Monte Carlo: chains that move far with each proposal, as their walkers fly along the forces."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import whole
from ..progress import Progress, silent
from ..systems import Target
from .chains import Chains, Place, checked, metropolis, place_of, started

#: Lengths of steps, relative to the one that is asked for. One length alone could bring a walker back to where it was.
JITTER = (0.8, 1.2)


def hmc(
    target: Target,
    x: ArrayLike,
    *,
    steps: int,
    step: float,
    leapfrog: int = 10,
    every: int = 1,
    seed: int = 0,
    progress: Progress = silent,
) -> Chains:
    """Hamiltonian Monte Carlo of many walkers at once: each proposal is a short trajectory with random momenta.

    A walker of mass 1 gets a Gaussian momentum and flies ``leapfrog`` steps of about ε under −∂u/∂x. The end is accepted with
    probability min(1, exp(−ΔH)), so that the chains sample exp(−u) exactly, whatever the step. About 0.8 should be accepted.
    It moves further for its forces than ``mala``, the more so in many dimensions, but crosses no barrier of many kT either.

    Args:
        target: to be sampled.
        x: (walkers, d) starts.
        steps: proposals of each walker.
        step: ε > 0, in the unit of x; each proposal takes one from 0.8 ε to 1.2 ε.
        leapfrog: steps of a trajectory, each of which costs forces.
        every: how many proposals between configurations that are kept.
        seed: of momenta and of their acceptance.
        progress: called with (steps done, steps).

    Raises:
        TypeError: no target.
        ValueError: starts of another shape or without a finite energy; other arguments that are not such numbers.

    Source: Duane, Kennedy, Pendleton, Roweth, Phys. Lett. B 195, 216 (1987); Neal, Handbook of MCMC (2011), chapter 5.

    Example:
        >>> import fisherlib as fl
        >>> dimer = fl.systems.Dimer(cell=False)
        >>> chains = hmc(dimer, dimer.starts(8, distance=1.0), steps=20, step=0.02, every=10)
        >>> chains.x.shape, chains.acceptance > 0.5
        ((2, 8, 76), True)
    """
    here = started(target, x)
    checked(steps, step, every, seed)
    rng, kept, accepted = np.random.default_rng(seed), [], 0
    for k in range(steps):
        here, moved = flight(target, here, leapfrog, step, rng)
        accepted += int(moved.sum())
        if (k + 1) % every == 0:
            kept.append((here.x, here.u))
        progress(k + 1, steps)
    xs, us = (np.stack(values) for values in zip(*kept, strict=True))
    return Chains(x=xs, reduced_energies=us, acceptance=accepted / (steps * len(here.x)))


def flight(
    target: Target, here: Place, leapfrog: int, step: float, rng: np.random.Generator
) -> tuple[Place, NDArray[np.bool_]]:
    """One proposal of each walker: where all are after it, and who moved (n,)."""
    whole("leapfrog", leapfrog, 1, "steps of a trajectory")
    momenta = rng.normal(size=here.x.shape)
    lengths = step * rng.uniform(*JITTER, size=(len(here.x), 1))
    x, p = here.x, momenta - 0.5 * lengths * here.du
    with np.errstate(invalid="ignore", over="ignore"):  # a flight into another particle ends at no number: refused
        for _ in range(leapfrog - 1):
            x = x + lengths * p
            p = p - lengths * target.energy_and_gradient(x)[1]
        there = place_of(target, x + lengths * p)
        p = p - 0.5 * lengths * there.du
        log_ratio = here.u - there.u + 0.5 * (momenta**2 - p**2).sum(axis=1)
    return metropolis(here, there, log_ratio, rng)
