"""Draws of a flow with their weights in a target, the currency of reweighting."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, whole
from ..arguments import seed as check_seed
from ..dataset import Array, frozen
from ..systems import Target
from ..systems.target import dimension_of
from .flow import Flow, log_normal

#: Configurations whose energies are asked for at once.
ROWS = 4096


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Draws:
    """Independent draws of a flow.

    Attributes:
        z: (n, d) latent points.
        x: (n, d) configurations.
        log_q: (n,) ln q(x), normalised.
        reduced_energies: (n,) u(x) of the target, no unit.
        log_weights: (n,) ln w = −u − ln q, −∞ outside the target; ⟨w⟩ estimates Z = ∫exp(−u).

    Example:
        >>> import fisherlib as fl
        >>> target = fl.systems.TiltedDoubleWell()
        >>> found = fl.flows.draw(fl.flows.real_nvp(2, layers=2, width=4), target, 100)
        >>> 0 < fl.reweighting.effective_sample_size(found.log_weights) < 100
        True
    """

    z: Array
    x: Array
    log_q: Array
    reduced_energies: Array
    log_weights: Array

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, frozen(getattr(self, field.name)))

    def __len__(self) -> int:
        return len(self.x)


def draw(flow: Flow, target: Target, n: int, *, seed: int = 0) -> Draws:
    """Independent draws of a flow, with their weights in a target.

    Args:
        flow: trained, or not: weights are right for any flow, and the more even the better it is.
        target: that is to be sampled; it may be another one than the flow was trained on.
        n: number of draws.
        seed: of the draws.

    Raises:
        TypeError: no flow, or no target.
        ValueError: a target of another dimension, or one that answers with wrong shapes or NaN.

    Example:
        >>> import fisherlib as fl
        >>> draw(fl.flows.real_nvp(2, layers=2, width=4), fl.systems.TiltedDoubleWell(), 5).log_weights.shape
        (5,)
    """
    check_flow(flow, target)
    whole("n", n, 1, "draws")
    check_seed(seed)
    z = np.random.default_rng(seed).standard_normal((n, flow.dimension))
    x, log_det = flow.configurations(z)
    log_q = log_normal(z) - log_det
    u = energies(target, x)
    return Draws(z=z, x=x, log_q=log_q, reduced_energies=u, log_weights=_log_weights(target, x, u, log_q))


def log_weights(flow: Flow, target: Target, x: ArrayLike) -> Array:
    """ln w = −u(x) − ln q(x) of any configurations, −∞ outside the target; with those of draws, for ``reweighting.bar``.

    Args:
        flow: q.
        target: u.
        x: (n, d) configurations, such as those of a chain.

    Raises:
        TypeError, ValueError: as ``draw``.

    Example:
        >>> import fisherlib as fl
        >>> flow, target = fl.flows.real_nvp(2, layers=2, width=4), fl.systems.TiltedDoubleWell()
        >>> found = draw(flow, target, 5)
        >>> bool(np.allclose(log_weights(flow, target, found.x), found.log_weights))
        True
    """
    check_flow(flow, target)
    x = floats("x", x)
    log_q = flow.log_prob(x)
    return _log_weights(target, x, energies(target, x), log_q)


def energies(target: Target, x: Array) -> Array:
    """Reduced energies (n,) of configurations, some thousand at a time."""
    parts = [energy_and_gradient(target, x[k : k + ROWS])[0] for k in range(0, len(x), ROWS)]
    return np.concatenate([np.empty(0), *parts])


def energy_and_gradient(target: Target, x: Array) -> tuple[Array, Array]:
    """What the target answers, checked: +∞ is an energy, NaN is none.

    Raises:
        ValueError: other shapes, no numbers, or an energy that is NaN.
    """
    answer = target.energy_and_gradient(x)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise ValueError(f"target: expected energies and gradients, two arrays, got {type(answer).__name__}")
    u, du = (floats("target", each) for each in answer)
    if u.shape != (len(x),) or du.shape != x.shape:
        raise ValueError(
            f"target: expected energies of shape ({len(x)},) and gradients of shape {x.shape}, got {u.shape} and {du.shape}"
        )
    if np.isnan(u).any() or (u == -np.inf).any():
        raise ValueError(
            f"target: expected energies, got NaN or −∞ for {np.sum(~(u > -np.inf))} of {len(x)} configurations"
        )
    return u, du


def check_flow(flow: Flow, target: Target) -> None:
    """Refuses what is no flow, no target, or a target of another dimension."""
    kind("flow", flow, Flow, "draw(flow, target, 1000)")
    check_target(target, flow.dimension)


def check_target(target: Target, dimension: int) -> None:
    """Refuses what is no target of this dimension."""
    if dimension_of(target) != dimension:
        raise ValueError(f"target: expected one of {dimension} coordinates, as the flow has, got {target.dimension}")


def _log_weights(target: Target, x: Array, u: Array, log_q: Array) -> Array:
    inside = np.asarray(target.inside(x)) if hasattr(target, "inside") else np.ones(len(x), bool)
    if inside.shape != (len(x),) or inside.dtype != bool:
        raise ValueError(
            f"target: expected inside(x) of {len(x)} times True or False, got {inside.dtype} of shape {inside.shape}"
        )
    return np.where(inside, -u - log_q, -np.inf)
