"""Chains of walkers: what they visited, and Metropolis-adjusted Langevin steps."""

import dataclasses
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, positive, whole
from ..arguments import seed as check_seed
from ..dataset import Array, frozen
from ..progress import Progress, silent
from ..systems import Target
from ..systems.target import dimension_of


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Chains:
    """What walkers visited, step by step.

    Attributes:
        x: (kept, walkers, d) configurations, the start left out; ``x.reshape(-1, d)`` is one sample of all.
        reduced_energies: (kept, walkers) their u, no unit.
        acceptance: share of proposals that were accepted, 0 to 1.

    Example:
        >>> import fisherlib as fl
        >>> chains = mala(fl.systems.TiltedDoubleWell(), [[-1.7, 0.0], [1.7, 0.0]], steps=20, step=0.3, every=5)
        >>> chains.x.shape, chains.reduced_energies.shape
        ((4, 2, 2), (4, 2))
    """

    x: Array
    reduced_energies: Array
    acceptance: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", frozen(self.x))
        object.__setattr__(self, "reduced_energies", frozen(self.reduced_energies))


class Place(NamedTuple):
    """Where all walkers are: x (n, d), u (n,), ∂u/∂x (n, d), and whether there (n,)."""

    x: Array
    u: Array
    du: Array
    inside: NDArray[np.bool_]


def mala(
    target: Target,
    x: ArrayLike,
    *,
    steps: int,
    step: float,
    every: int = 1,
    seed: int = 0,
    progress: Progress = silent,
) -> Chains:
    """Metropolis-adjusted Langevin chains of many walkers at once: x′ = x − ½ ε² ∂u/∂x + ε ξ, with ξ of a Gaussian.

    A proposal is accepted with probability min(1, p(x′) q(x|x′) / p(x) q(x′|x)), so that the chains sample exp(−u) exactly,
    whatever the step. They do not cross a barrier of many kT: start walkers in every state. About 0.6 of the proposals
    should be accepted. Proposals outside of the target, or without a finite energy, are refused.

    Args:
        target: to be sampled.
        x: (walkers, d) starts.
        steps: proposals of each walker.
        step: ε > 0, in the unit of x.
        every: how many steps between configurations that are kept.
        seed: of proposals and of their acceptance.
        progress: called with (steps done, steps).

    Raises:
        TypeError: no target.
        ValueError: starts of another shape or without a finite energy; other arguments that are not such numbers.

    Source: Roberts and Tweedie, Bernoulli 2, 341 (1996).

    Example:
        >>> import numpy as np
        >>> import fisherlib as fl
        >>> chains = mala(fl.systems.TiltedDoubleWell(), np.tile([-1.7, 0.0], (64, 1)), steps=400, step=0.3, every=4)
        >>> 0.7 < chains.acceptance < 0.95, bool(abs(chains.x[:, :, 1].std() - 1.0) < 0.1)
        (True, True)
    """
    here = started(target, x)
    checked(steps, step, every, seed)
    rng, kept, accepted = np.random.default_rng(seed), [], 0
    for k in range(steps):
        noise = rng.normal(size=here.x.shape)
        with np.errstate(invalid="ignore", over="ignore"):  # who is flung too far away for a number is refused
            there = place_of(target, here.x - 0.5 * step * step * here.du + step * noise)
            back = (here.x - there.x + 0.5 * step * step * there.du) / step
            log_ratio = here.u - there.u + 0.5 * (noise**2 - back**2).sum(axis=1)
        here, moved = metropolis(here, there, log_ratio, rng)
        accepted += int(moved.sum())
        if (k + 1) % every == 0:
            kept.append((here.x, here.u))
        progress(k + 1, steps)
    xs, us = (np.stack(values) for values in zip(*kept, strict=True))
    return Chains(x=xs, reduced_energies=us, acceptance=accepted / (steps * len(here.x)))


def place_of(target: Target, x: Array) -> Place:
    """Energies and gradients of walkers, and whether they are inside of the target."""
    u, du = target.energy_and_gradient(x)
    inside = target.inside(x) if hasattr(target, "inside") else np.ones(len(x), dtype=bool)
    return Place(x, u, du, inside)


def metropolis(
    here: Place, there: Place, log_ratio: Array, rng: np.random.Generator
) -> tuple[Place, NDArray[np.bool_]]:
    """Moves each walker with probability min(1, ratio), never out of the target; NaN and u = −∞ have a ratio of zero."""
    moved = (np.log(rng.random(len(log_ratio))) < log_ratio) & (there.inside | ~here.inside) & (there.u > -np.inf)
    chosen = (np.where(moved.reshape((-1,) + (1,) * (b.ndim - 1)), b, a) for a, b in zip(here, there, strict=True))
    return Place(*chosen), moved


def started(target: Target, x: ArrayLike) -> Place:
    """Starts of walkers that are fit for a chain."""
    d = dimension_of(target)
    starts = floats("x", x)
    if starts.ndim != 2 or starts.shape[1] != d or not len(starts):
        raise ValueError(f"x: expected starts of shape (walkers, {d}), got {starts.shape}; give a row for each walker")
    place = place_of(target, starts)
    n, shapes = len(starts), [np.shape(values) for values in place[1:]]  # numpy would broadcast some wrong ones
    if shapes != [(n,), (n, d), (n,)]:
        raise ValueError(f"target: expected energies ({n},), gradients ({n}, {d}), inside ({n},), got {shapes}")
    wrong = ~(np.isfinite(place.u) & np.isfinite(place.du).all(axis=1))
    if wrong.any():
        raise ValueError(
            f"x: expected starts of finite energy and forces, got walker {int(wrong.argmax())} at {starts[wrong][0]!s:.60}"
        )
    return place


def checked(steps: int, step: float, every: int, seed: int) -> None:
    """Refuses settings of a chain that make no sense."""
    whole("steps", steps, 1, "steps")
    whole("every", every, 1, "steps between configurations")
    positive("step", step)
    if every > steps:
        raise ValueError(f"every: expected at most the number of steps, {steps}, got {every}; nothing would be kept")
    check_seed(seed)
