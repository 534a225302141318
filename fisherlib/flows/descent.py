"""One step down the loss of a flow, in JAX."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from .layers import backward, forward

#: Gradients are cut to this length before Adam (Kingma and Ba 2015) takes them.
LONGEST = 10.0

_ADAM = optax.chain(optax.clip_by_global_norm(LONGEST), optax.scale_by_adam())

#: Share of all steps in which the rate grows from zero.
WARM = 0.03


def first_state(parameters: Any) -> Any:
    """The memory of Adam before the first step."""
    return _ADAM.init(parameters)


def rate(learning_rate: float, step: int, steps: int) -> float:
    """Learning rate of a step: it grows for a while, then falls along a cosine to zero."""
    return learning_rate * min(1.0, (step + 1) / (WARM * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))


@eqx.filter_jit
def drawn(built: Any, parameters: Any, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What the layers make of latent points, with its log-determinant."""
    return forward(built, parameters, z)


@eqx.filter_jit
def descend(built: Any, parameters: Any, state: Any, rate: Any, *, rows: Any, shares: Any, z: Any, slopes: Any) -> Any:
    """One step: of −Σ share ln q over rows, and of draws at z whose loss has these slopes.

    Energies are not called from here: they are known at the draws, and Σ slope·y has the same gradient. So any code can
    give them, and JAX need not wait for Python.

    Args:
        built: from ``layers.structure``.
        parameters, state: of the layers, and of Adam.
        rate: learning rate.
        rows, shares: (n, d) examples and their weights (n,), or None.
        z, slopes: (n, d) latent points, slopes (n, d) of the loss with respect to y, and those (n,) with respect to
            ln|∂y/∂z|, or None.

    Returns:
        Parameters and state, unchanged if a number was not finite; whether all were; −Σ share ln q up to a constant.
    """

    def loss(parameters: Any) -> tuple[jax.Array, jax.Array]:
        likelihood = total = jnp.zeros(())
        if rows is not None:
            found, log_det = backward(built, parameters, rows)
            likelihood = (shares * (0.5 * (found**2).sum(axis=1) - log_det)).sum()
        if z is not None:
            y, log_det = forward(built, parameters, z)
            total = (slopes[0] * y).sum() + (slopes[1] * log_det).sum()
        return likelihood + total, likelihood

    (value, likelihood), slope = jax.value_and_grad(loss, has_aux=True)(parameters)
    fine = jnp.isfinite(value + sum(jnp.abs(leaf).sum() for leaf in jax.tree.leaves(slope)))
    change, new = _ADAM.update(slope, state, parameters)
    moved = jax.tree.map(lambda p, c: p - rate * c, parameters, change)
    parameters = jax.tree.map(lambda a, b: jnp.where(fine, a, b), moved, parameters)
    return parameters, jax.tree.map(lambda a, b: jnp.where(fine, a, b), new, state), fine, likelihood
