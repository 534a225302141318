"""Umbrella sampling: walkers held in windows along a coordinate, which exchange their places."""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, kind, whole
from ..dataset import Array, frozen
from ..progress import Progress, silent
from ..reweighting import mbar
from ..systems import Target
from ..systems.target import dimension_of
from .chains import checked, place_of, started
from .hamiltonian import flight

#: Configurations (n, d) → a coordinate s (n,) and its gradient ∂s/∂x (n, d).
Coordinate = Callable[[Array], tuple[Array, Array]]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Umbrella:
    """What ladders of walkers visited, a walker in each window.

    Attributes:
        x: (kept, ladders, windows, d) configurations.
        coordinate: (kept, ladders, windows) their s.
        centres: (windows,) c_k of the windows.
        stiffness: (windows,) κ_k of the biases ½ κ_k (s − c_k)², in kT.
        acceptance: share of proposals that were accepted, 0 to 1.
        exchanges: (windows − 1,) share of exchanges between neighbours that were accepted. Where it is near 0, put another
            window between them.

    Example:
        >>> import fisherlib as fl
        >>> well = fl.systems.TiltedDoubleWell()
        >>> first = lambda x: (x[:, 0], np.tile([1.0, 0.0], (len(x), 1)))
        >>> x = np.stack([np.linspace(-2, 2, 9), np.zeros(9)], axis=1)
        >>> run = umbrella(well, [x], coordinate=first, centres=x[:, 0], stiffness=10.0, steps=20, step=0.2, every=2)
        >>> run.coordinate.shape, run.log_weights().shape
        ((10, 1, 9), (10, 1, 9))
    """

    x: Array
    coordinate: Array
    centres: Array
    stiffness: Array
    acceptance: float
    exchanges: Array

    def __post_init__(self) -> None:
        for name in ("x", "coordinate", "centres", "stiffness", "exchanges"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def ladders(self, chosen: slice) -> "Umbrella":
        """The same of some of the ladders: they are independent, so that an error is the spread between them."""
        kind("chosen", chosen, slice, "run.ladders(slice(0, 2))")
        return dataclasses.replace(self, x=self.x[:, chosen], coordinate=self.coordinate[:, chosen])

    def after(self, kept: int) -> "Umbrella":
        """The same without the first configurations, in which the ladders forget how they began."""
        whole("kept", kept, 0, "configurations")
        return dataclasses.replace(self, x=self.x[kept:], coordinate=self.coordinate[kept:])

    def log_weights(self, reduced_energies: ArrayLike = 0.0) -> Array:
        """ln w (kept, ladders, windows) to exp(−u) without windows, Σ w = 1, by ``reweighting.mbar``.

        ``reduced_energies`` (kept, ladders, windows), in kT, are what the wanted target has on top of the one that was
        sampled, such as a bond.

        Raises:
            ValueError: energies of another shape, or that are not finite.
            RuntimeError: windows that do not overlap.
        """
        more = floats("reduced_energies", reduced_energies)
        if more.shape not in ((), self.coordinate.shape):
            raise ValueError(
                f"reduced_energies: expected one for each configuration, of shape {self.coordinate.shape}, got {more.shape}"
            )
        kept, ladders, windows = self.coordinate.shape
        biases = 0.5 * self.stiffness[:, None, None, None] * (self.coordinate - self.centres[:, None, None, None]) ** 2
        states = np.concatenate([biases, np.broadcast_to(more, (1, *self.coordinate.shape))])
        counts = [kept * ladders] * windows + [0]
        return mbar(states.reshape(windows + 1, -1), counts).log_weights[-1].reshape(self.coordinate.shape)


def umbrella(
    target: Target,
    x: ArrayLike,
    *,
    coordinate: Coordinate,
    centres: ArrayLike,
    stiffness: ArrayLike,
    steps: int,
    step: float,
    leapfrog: int = 10,
    every: int = 1,
    seed: int = 0,
    progress: Progress = silent,
) -> Umbrella:
    """Sample windows along a coordinate: walker k feels u + ½ κ_k (s − c_k)², and neighbours exchange their places.

    After each proposal of ``hmc`` walkers of neighbouring windows exchange their configurations with probability
    min(1, exp(−Δ)), where Δ is the change of all biases, so that a walker that is stuck in one window may leave it through
    another. Whole ladders of windows run side by side and know nothing of each other.

    Args:
        target: to be sampled.
        x: (ladders, windows, d) starts, each in its window.
        coordinate: configurations (n, d) → s (n,) and ∂s/∂x (n, d).
        centres: (windows,) c_k, in order.
        stiffness: κ_k > 0, one for all or (windows,), in kT; windows overlap if their distance is about 1/√κ.
        steps: proposals of each walker.
        step: ε > 0 of a trajectory, in the unit of x.
        leapfrog: steps of a trajectory.
        every: how many proposals between configurations that are kept.
        seed: of momenta, of their acceptance, and of exchanges.
        progress: called with (steps done, steps).

    Raises:
        TypeError: no target, or no function as coordinate.
        ValueError: starts of another shape or without a finite energy; other arguments that are not such numbers.

    Source: Torrie and Valleau, J. Comput. Phys. 23, 187 (1977); exchanges: Sugita, Kitao, Okamoto, J. Chem. Phys. 113, 6042
        (2000).

    Example:
        >>> import fisherlib as fl
        >>> dimer = fl.systems.Dimer(cell=False)
        >>> distances = np.linspace(0.8, 2.2, 8)
        >>> run = umbrella(
        ...     dimer.without_bond(), [dimer.starts(8, distance=distances)], coordinate=dimer.distance_and_gradient,
        ...     centres=distances, stiffness=50.0, steps=10, step=0.02,
        ... )
        >>> log_weights = run.log_weights(dimer.bond(run.coordinate))  # of the dimer with its bond
    """
    kind("coordinate", coordinate, Callable, "umbrella(target, x, coordinate=dimer.distance_and_gradient, …)")
    c, k, starts = _windows(x, centres, stiffness)
    held = _held(target, coordinate, np.tile(c, len(starts)), np.tile(k, len(starts)))
    here = started(held, starts.reshape(-1, starts.shape[-1]))
    checked(steps, step, every, seed)
    rng, kept, accepted = np.random.default_rng(seed), [], 0
    exchanged = np.zeros(len(c) - 1)
    for number in range(steps):
        here, moved = flight(held, here, leapfrog, step, rng)
        accepted += int(moved.sum())
        s = coordinate(here.x)[0].reshape(-1, len(c))
        order, swapped = _exchange(s, c, k, number % 2, rng)
        exchanged += swapped
        here = place_of(held, here.x[order.ravel()])
        if (number + 1) % every == 0:
            kept.append((here.x.reshape(starts.shape), np.take(s, order)))
        progress(number + 1, steps)
    xs, ss = (np.stack(values) for values in zip(*kept, strict=True))
    tried = np.array([(steps + 1 - k % 2) // 2 for k in range(len(c) - 1)]) * len(starts)
    return Umbrella(
        x=xs,
        coordinate=ss,
        centres=c,
        stiffness=k,
        acceptance=accepted / (steps * len(here.x)),
        exchanges=exchanged / np.maximum(tried, 1),
    )


def _held(target: Target, coordinate: Coordinate, c: Array, k: Array) -> Any:
    """The target with the bias of its window on each walker."""

    def energy_and_gradient(x: Array) -> tuple[Array, Array]:
        (u, du), (s, ds) = target.energy_and_gradient(x), coordinate(x)
        return u + 0.5 * k * (s - c) ** 2, du + (k * (s - c))[:, None] * ds

    own = {"dimension": dimension_of(target), "energy_and_gradient": energy_and_gradient}
    return SimpleNamespace(**own, **({"inside": target.inside} if hasattr(target, "inside") else {}))


def _exchange(s: Array, c: Array, k: Array, first: int, rng: np.random.Generator) -> tuple[NDArray, Array]:
    """Which walker each place has after neighbours tried to exchange, (ladders, windows), and how often each pair did."""
    places = np.arange(s.size).reshape(s.shape)
    low = np.arange(first, len(c) - 1, 2)
    a, b = s[:, low], s[:, low + 1]
    bias = [
        0.5 * k[one] * ((there - c[one]) ** 2 - (here - c[one]) ** 2)
        for one, here, there in ((low, a, b), (low + 1, b, a))
    ]
    swap = np.log(rng.random(a.shape)) < -(bias[0] + bias[1])
    order, swapped = places.copy(), np.zeros(len(c) - 1)
    order[:, low] = np.where(swap, places[:, low + 1], places[:, low])
    order[:, low + 1] = np.where(swap, places[:, low], places[:, low + 1])
    swapped[low] = swap.sum(axis=0)
    return order, swapped


def _windows(x: ArrayLike, centres: ArrayLike, stiffness: ArrayLike) -> tuple[Array, Array, Array]:
    """Centres, stiffness and starts that fit each other."""
    c, k, starts = floats("centres", centres), floats("stiffness", stiffness), floats("x", x)
    if c.ndim != 1 or len(c) < 2 or not np.isfinite(c).all():
        raise ValueError(f"centres: expected two finite numbers or more, got {centres!r:.60}")
    if k.shape not in ((), c.shape) or not (np.isfinite(k) & (k > 0)).all():
        raise ValueError(f"stiffness: expected one number > 0, or {len(c)} of them, got {stiffness!r:.60}")
    if starts.ndim != 3 or starts.shape[1] != len(c) or not starts.size:
        raise ValueError(
            f"x: expected starts of shape (ladders, {len(c)}, d), a row for each window, got {starts.shape}"
        )
    return c, np.broadcast_to(k, c.shape), starts
