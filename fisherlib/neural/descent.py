"""Descent of the loss: the network in JAX, its errors on a batch, and Adam with early stopping."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from ..dataset import Array
from ..progress import Progress

#: Size of the weights into the output before training, relative to those of other layers: it begins as nearly linear.
SMALL = 0.1


class Network(eqx.Module):
    """a·z + MLP(z), of the inputs z of one atom, with SiLU units; see ``network.site_values``."""

    weights: list[jax.Array]
    biases: list[jax.Array]
    skip: jax.Array

    def __call__(self, z: jax.Array) -> jax.Array:
        """(A,) of inputs (A, q)."""
        h = z
        for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            h = jax.nn.silu(h @ W + b)
        return (h @ self.weights[-1] + self.biases[-1])[:, 0] + z @ self.skip


def first_network(sizes: tuple[int, ...], skip: Array, rng: np.random.Generator) -> Network:
    """Random normal weights of size 1/√n_in, small ones into the output, biases of zero, and the given linear part."""
    weights = [rng.normal(size=(a, b)) / np.sqrt(a) for a, b in zip(sizes, sizes[1:], strict=False)]
    weights[-1] *= SMALL
    return Network(
        weights=[jnp.asarray(W, jnp.float32) for W in weights],
        biases=[jnp.zeros(b, jnp.float32) for b in sizes[1:]],
        skip=jnp.asarray(skip, jnp.float32),
    )


class Batched(Protocol):
    """Data that come in batches of one size."""

    def __len__(self) -> int: ...

    def batches(self, order: NDArray[np.integer], batch: int) -> Iterator[dict[str, NDArray]]:
        """The configurations of ``order``."""


def descend(
    network: Any,
    sets: Sequence[Batched],
    weigh: "Weights",
    rng: np.random.Generator,
    progress: Progress,
    *,
    epochs: int,
    patience: int,
    batch: int,
    learning_rate: float,
    strength: float,
    measure: Callable[[Any, dict[str, jax.Array]], tuple[jax.Array, ...]] | None = None,
) -> tuple[Any, dict[str, Array]]:
    """The network of the epoch with the smallest loss on the last of ``sets``, and the history; it is trained on the first.

    Training ends before an epoch in which the loss is no number any more. ``measure`` gives the sums of a batch, ``errors``
    by default.
    """
    measure = measure or errors
    batch = min(batch, max(map(len, sets)))
    steps = math.ceil(len(sets[0]) / batch)
    total = epochs * steps
    rate = optax.warmup_cosine_decay_schedule(0.0, learning_rate, max(1, total // 20), total + 1)
    optimiser = optax.adamw(rate, weight_decay=strength)
    state, best, history = optimiser.init(network), network, dict[str, list[float]]()

    @jax.jit
    def step(network: Any, state: Any, of: dict[str, jax.Array]) -> tuple[Any, Any, jax.Array]:
        loss, slope = jax.value_and_grad(lambda network: weigh.loss(measure(network, of)))(network)
        change, state = optimiser.update(slope, state, network)
        return eqx.apply_updates(network, change), state, loss

    measured = jax.jit(measure)
    for epoch in range(epochs):
        losses = []
        for number, of in enumerate(sets[0].batches(rng.permutation(len(sets[0])), batch)):
            network, state, loss = step(network, state, of)
            losses.append(float(loss))
            progress(epoch * steps + number + 1, total)
        told = {"loss": float(np.mean(losses))}
        if len(sets) > 1:
            held = sets[1].batches(np.arange(len(sets[1])), batch)
            told |= weigh.words(np.sum([np.array(measured(network, of), np.float64) for of in held], axis=0))
        if not all(np.isfinite(each).all() for each in (*told.values(), *jax.tree.leaves(network))):
            if not history:
                raise ValueError(
                    f"learning_rate: expected one with which the loss stays finite, got {learning_rate:g}; a smaller strength "
                    "or weight of the loss may do as well"
                )
            break
        for name, value in told.items():
            history.setdefault(name, []).append(value)
        losses = history.get("validation loss", history["loss"])
        if int(np.argmin(losses)) == epoch or len(sets) == 1:
            best = network
        elif epoch - int(np.argmin(losses)) >= patience:
            break
    progress(total, total)
    return best, {name: np.array(values) for name, values in history.items()}


def errors(network: Network, of: dict[str, jax.Array]) -> tuple[jax.Array, ...]:
    """Sums over a batch: of squared errors of forces and their number, of squared errors of energies and their number."""
    count = of["energies"].shape[0]
    values, slopes = jax.value_and_grad(lambda z: (lambda e: (e.sum(), e))(network(z)), has_aux=True)(of["z"])
    pairs = jnp.einsum("rmxq,rq->rmx", of["jacobian"], slopes[of["centres"]])
    F = jax.ops.segment_sum(pairs.reshape(-1, 3), of["others"].ravel(), len(of["z"]))
    U = jax.ops.segment_sum(values[1], of["group"], count) / of["numbers"]
    known, atoms = jnp.isfinite(of["energies"]), 3.0 * (of["group"] < count).sum()
    wrong = jnp.where(known, U - jnp.nan_to_num(of["energies"]), 0.0)
    return ((F - of["forces"]) ** 2).sum(), atoms, (wrong**2).sum(), known.sum().astype(jnp.float32)


@dataclasses.dataclass(frozen=True)
class Weights:
    """How errors of forces and energies, in units of ``scale`` (eV), add up to a loss."""

    scale: float
    force: float
    energy: float

    @classmethod
    def of(cls, forces: Array, scale: float, spread: float, energy: float, force: float) -> "Weights":
        """Relative to the mean square of the forces, and to that of the energies per atom, eV²."""
        return cls(scale, force / (float(np.mean(forces**2)) or 1.0), energy * scale**2 / spread)

    def loss(self, sums: Any) -> Any:
        """Of the ``errors`` of one batch or of several together."""
        squared_forces, components, squared_energies, configurations = sums
        return self.force * squared_forces / (components + 1e-9) + self.energy * squared_energies / (
            configurations + 1e-9
        )

    def words(self, sums: Array) -> dict[str, float]:
        """The loss and the errors of what is held out."""
        rmse = self.scale * np.sqrt(sums[[0, 2]] / np.maximum(sums[[1, 3]], 1.0))
        told = {"validation loss": float(self.loss(sums))}
        told |= {"validation force RMSE, eV/Å": float(rmse[0])} if sums[1] else {}
        return told | ({"validation energy RMSE, eV/atom": float(rmse[1])} if sums[3] else {})
