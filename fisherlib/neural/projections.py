"""The losses of a network on a plane through its weights, from data projected on the plane's first layers."""

import dataclasses
from collections.abc import Callable

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..landscapes import Plane, Pointwise
from ..progress import Progress, silent
from ..units import beta
from .network import Network, hidden_values, layers_of, slopes

#: Configurations whose force rows are multiplied at once, so that the product stays in the processor's cache.
BLOCK = 16


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NetworkProjection(Pointwise):
    """A network's losses on a plane through its weights, from data projected on the plane's first layers.

    Whatever the later layers do, the forces of a configuration are Φ P W₁ s with one slope s for each first hidden
    unit, and W₁ is affine in the plane's coordinates. So Φ enters only as its product with 3H columns, and a squared
    error only by their Gram matrix.

    Attributes:
        network: gives the shapes of the layers and its fixed parts.
        first: (3, M, H) what enters the first tanh, at the origin and along both directions.
        rows: (M, 1 + 3H, 3 max N) F and Φ P times the first layers, eV/Å and 1/Å; rows that a smaller configuration
            lacks are zero. float32, which changes a mean over forces by less than a relative 1e-5.
        gram: (M, 1 + 3H, 1 + 3H) products of these with each other, in float64.
    """

    network: Network
    first: Array
    rows: Array
    gram: Array

    def energy_errors(self, x: Array, y: Array) -> Array:
        """(p, M) U − U_θ, eV, at points x (p,), y (p,)."""
        hidden, weights, biases = self._forward(x, y)
        N, offset, scale = self.n_atoms, self.network.offset, self.network.scale
        return (self.energies - N * offset) - scale * (hidden[-1] @ weights[-1] + biases[-1])[..., 0]

    def squared_force_errors(self, x: Array, y: Array) -> Array:
        """(M, p) |F − F_θ|² of every configuration, eV²/Å², at points x (p,), y (p,)."""
        v = self._coefficients(x, y)
        return np.einsum("mpc,mpc->mp", v @ self.gram, v)

    def mean_over_forces(self, function: Callable[[Array], Array], x: Array, y: Array) -> Array:
        """(p,) mean of a function of |F − F_θ| over force components; it is 0 at 0, so that padded rows do not count."""
        v, total = self._coefficients(x, y).astype(np.float32), np.zeros(len(x))
        for start in range(0, len(v), BLOCK):
            block = slice(start, start + BLOCK)
            size = v[block] @ self.rows[block]
            total += function(np.abs(size, out=size)).sum(axis=2).sum(axis=0, dtype=np.float64)
        return total / (3 * self.n_atoms.sum())

    def _forward(self, x: Array, y: Array) -> tuple[list[Array], list[Array], list[Array]]:
        """Hidden layers (p, M, H), and the weights and biases of the layers after the first, at points of the plane."""
        a, b = self.plane.directions
        theta = self.plane.origin + x[:, None] * a + y[:, None] * b
        weights, biases = layers_of(theta, self.network.weights)
        first = self.first[0] + x[:, None, None] * self.first[1] + y[:, None, None] * self.first[2]
        return hidden_values(first, weights[1:], biases[1:]), weights[1:], biases[1:]

    def _coefficients(self, x: Array, y: Array) -> Array:
        """(M, p, 1 + 3H) factors of the columns of ``rows`` whose sum is F_θ − F."""
        hidden, weights, _ = self._forward(x, y)
        s = self.network.scale * np.swapaxes(slopes(hidden, weights), 0, 1)
        return np.concatenate([np.full_like(s[..., :1], -1.0), s, x[:, None] * s, y[:, None] * s], axis=2)


def project_network(
    network: Network, data: Dataset, plane: Plane, *, temperature: float | None = None, progress: Progress = silent
) -> NetworkProjection:
    """A network's data on a plane through its weights: one pass over Φ, then any loss on any grid.

    Args:
        network: gives the shapes of the layers and its fixed parts; the weights are those of the plane.
        data: the truth.
        plane: in the parameters of the network, as from ``network.plane()``.
        temperature: K; taken for every trajectory. Without it each trajectory's own; only ``fisher`` and ``kl`` need one.
        progress: called with (done, total) configurations; an exception raised in it ends the work.

    Raises:
        ValueError: the plane has another number of parameters than the network, or the data have other descriptors.
    """
    network.check_of(data)
    if len(plane.origin) != len(network.theta):
        raise ValueError(
            f"plane: expected {len(network.theta)} parameters as in {network.name!r}, got {len(plane.origin)}"
        )
    if temperature is not None:
        beta(temperature)  # refuses what is no temperature
    layers = [layers_of(theta, network.weights) for theta in (plane.origin, *plane.directions)]
    W, shifts = np.hstack([weights[0] for weights, _ in layers]), np.array([biases[0] for _, biases in layers])
    parts, done, total = [], 0, len(data.energies)
    for t in data.values():
        for start in range(0, len(t), 64):
            part = t.slice(start, min(start + 64, len(t)))
            parts.append(_projected(part, network, W, int(data.n_atoms.max())))
            done += len(part)
            progress(done, total)
    first, rows, gram = (np.concatenate(each) for each in zip(*parts, strict=True))
    return NetworkProjection(
        network=network,
        plane=plane,
        data=data,
        temperature=temperature,
        first=np.stack(np.split(first, 3, axis=1)) + shifts,
        rows=rows,
        gram=gram,
    )


def _projected(t: Trajectory, network: Network, W: Array, most: int) -> tuple[Array, Array, Array]:
    """(M, 3H) inputs of the first layers W (q, 3H), (M, 1 + 3H, 3 most) force rows and their Gram matrices."""
    PW = network.projection @ W
    rows = np.zeros((len(t), 3 * most, 1 + W.shape[1]))
    rows[np.arange(3 * most) < 3 * t.n_atoms[:, None]] = np.column_stack([t.forces, t.force_descriptors @ PW])
    columns = np.swapaxes(rows, 1, 2)
    return (t.descriptors - network.mean) @ PW, np.ascontiguousarray(columns, dtype=np.float32), columns @ rows
