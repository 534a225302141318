"""Small neural networks of summed descriptors: energies, forces, and planes through their weights."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array, Dataset, Trajectory, frozen
from ..landscapes import Plane
from ..potential import refuse_other_names


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """U(x) = N e0 + scale · MLP((D − mean) P), a multilayer perceptron with tanh units and a linear output.

    Its forces are F = Φ ∂U/∂D, with Φ = −∂D/∂x. It has the methods of ``LinearPotential``, and its loss is not convex
    in its parameters. Arrays are copied and read-only.

    Attributes:
        weights: (n_in, n_out) of each layer; n_in = q in the first, n_out = 1 in the last.
        biases: (n_out,) of each layer.
        mean: (K,) descriptors that the first layer sees as zero, [D].
        projection: (K, q) P, 1/[D], fixed.
        scale: eV, of the output.
        offset: e0, eV per atom.
        name: for figures and tables.
        provenance: data hash, descriptor, and how it was trained.
        start: (P,) weights and biases before training, as in ``theta``, or None.
        descriptor_names: K names; none if they are not known.

    Raises:
        ValueError: the shapes of two arrays do not fit together, or a value is not finite.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    mean: Array
    projection: Array
    scale: float = 1.0
    offset: float = 0.0
    name: str = "network"
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    start: Array | None = None
    descriptor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        mean, projection = _owned("mean", self.mean), _owned("projection", self.projection)
        if mean.ndim != 1 or projection.ndim != 2 or len(projection) != len(mean):
            raise ValueError(
                f"projection: expected (K, q) to go with a mean (K,), got shapes {projection.shape}, {mean.shape}"
            )
        weights = tuple(_owned(f"weights[{k}]", W) for k, W in enumerate(self.weights))
        biases = tuple(_owned(f"biases[{k}]", b) for k, b in enumerate(self.biases))
        _refuse_misfits(weights, biases, projection.shape[1])
        if not (np.isfinite(self.scale) and self.scale > 0 and np.isfinite(self.offset)):
            raise ValueError(f"scale: expected a positive number and a finite offset, got {self.scale}, {self.offset}")
        put: dict[str, Any] = {"weights": weights, "biases": biases, "mean": mean, "projection": projection}
        put |= {"scale": float(self.scale), "offset": float(self.offset)}
        if self.start is not None:
            put["start"] = _owned("start", self.start)
            size = sum(part.size for part in weights + biases)
            if put["start"].shape != (size,):
                raise ValueError(f"start: expected {size} parameters, got shape {put['start'].shape}")
        for name, value in put.items():
            object.__setattr__(self, name, value)

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.mean)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(len(b) for b in self.biases[:-1])

    @property
    def theta(self) -> Array:
        """(P,) all parameters, layer by layer: weights (n_in, n_out) row by row, then biases."""
        return frozen(
            np.concatenate([part.ravel() for layer in zip(self.weights, self.biases, strict=True) for part in layer])
        )

    def with_theta(self, theta: Array) -> "Network":
        """The same network with other parameters, in the order of ``theta``."""
        theta = floats("theta", theta)
        if theta.shape != self.theta.shape:
            raise ValueError(f"theta: expected {len(self.theta)} parameters, got shape {theta.shape}")
        weights, biases = layers_of(theta, self.weights)
        return dataclasses.replace(self, weights=tuple(weights), biases=tuple(b[0] for b in biases))

    def check_of(self, data: Dataset | Trajectory) -> None:
        """Refuse data with other descriptors than those of the training, by number and, if known, by name.

        Raises:
            ValueError: other descriptors.
        """
        refuse_other_names(self.name, self.K, self.descriptor_names, data)

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV, of the configurations of a trajectory or a dataset."""
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.energies(t) for t in data.values()])
        hidden = hidden_values(self._first(data), self.weights[1:], self.biases[1:])
        return data.n_atoms * self.offset + self.scale * (hidden[-1] @ self.weights[-1] + self.biases[-1])[:, 0]

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the rows of ``data.forces``."""
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.forces(t) for t in data.values()])
        slope = self.scale * slopes(
            hidden_values(self._first(data), self.weights[1:], self.biases[1:]), self.weights[1:]
        )
        rows = data.force_descriptors @ (self.projection @ self.weights[0])
        return np.einsum("rh,rh->r", rows, np.repeat(slope, 3 * data.n_atoms, axis=0))

    def _first(self, trajectory: Trajectory) -> Array:
        """(M, H) inputs of the tanh in the first hidden layer."""
        return (trajectory.descriptors - self.mean) @ self.projection @ self.weights[0] + self.biases[0]

    def plane(self, seed: int = 0) -> Plane:
        """The plane of two random directions through the weights, at (0, 0), both filter-normalised.

        Source: Li, Xu, Taylor, Studer and Goldstein, NeurIPS 2018, arXiv:1712.09913, sect. 4.
        """
        rng = np.random.default_rng(seed)
        directions = np.array([self._direction(rng), self._direction(rng)])
        first, second = (f"random direction {k} (seed {seed}), filter-normalised" for k in (1, 2))
        return Plane(origin=self.theta, directions=directions, labels=(first, second))

    def path_plane(self, seed: int = 0) -> Plane:
        """The plane with the trained weights at (0, 0), those before training at (1, 0), and a random, filter-normalised y.

        Raises:
            ValueError: the network has no ``start``.
        """
        if self.start is None:
            raise ValueError(f"start: expected the parameters of {self.name!r} before training, got None")
        theta = self.theta
        y = self._direction(np.random.default_rng(seed))
        labels = (f"{self.name} → before training", f"random direction (seed {seed}), filter-normalised")
        return Plane(origin=theta, directions=np.array([self.start - theta, y]), x_range=(-0.5, 1.5), labels=labels)

    def _direction(self, rng: np.random.Generator) -> Array:
        """(P,) a random direction: into each unit it is as long as the unit's weights, and for biases it is zero."""
        parts = []
        for W, b in zip(self.weights, self.biases, strict=True):
            drawn = rng.normal(size=W.shape)
            drawn *= np.linalg.norm(W, axis=0) / np.linalg.norm(drawn, axis=0)
            parts += [drawn.ravel(), np.zeros_like(b)]
        return np.concatenate(parts)


def _owned(name: str, values: ArrayLike) -> Array:
    array = floats(name, values).copy()
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(
            f"{name}: expected finite numbers, got shape {array.shape} with NaN, infinity or nothing in it"
        )
    return frozen(array)


def _refuse_misfits(weights: tuple[Array, ...], biases: tuple[Array, ...], n_in: int) -> None:
    if len(weights) < 2 or len(biases) != len(weights):
        raise ValueError(
            "weights: expected one or more hidden layers and an output, with a bias for each, got "
            f"{len(weights)} weights and {len(biases)} biases"
        )
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        if W.ndim != 2 or W.shape[0] != n_in or b.shape != W.shape[1:]:
            raise ValueError(
                f"weights[{k}]: expected shape ({n_in}, n_out) and a bias (n_out,), got {W.shape} and {b.shape}"
            )
        n_in = W.shape[1]
    if n_in != 1:
        raise ValueError(f"weights[{len(weights) - 1}]: expected one output, the energy, got {n_in}")


def layers_of(theta: Array, like: Sequence[Array]) -> tuple[list[Array], list[Array]]:
    """Weights (..., n_in, n_out) and biases (..., 1, n_out) in flat parameters (..., P), shaped like ``like``."""
    weights, biases, at = [], [], 0
    for W in like:
        n_in, n_out = W.shape
        weights.append(theta[..., at : at + W.size].reshape(*theta.shape[:-1], n_in, n_out))
        at += W.size
        biases.append(theta[..., None, at : at + n_out])
        at += n_out
    return weights, biases


def hidden_values(first: Array, weights: Sequence[Array], biases: Sequence[Array]) -> list[Array]:
    """(..., M, H) values of every hidden layer; ``weights`` and ``biases`` of the layers after the first."""
    hidden = [np.tanh(first)]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        hidden.append(np.tanh(hidden[-1] @ W + b))
    return hidden


def slopes(hidden: Sequence[Array], weights: Sequence[Array]) -> Array:
    """(..., M, H) derivative of the output with respect to the input of the first tanh, by the chain rule backwards."""
    slope = np.swapaxes(weights[-1], -1, -2)
    for h, W in zip(hidden[:0:-1], weights[-2::-1], strict=True):
        slope = ((1.0 - h * h) * slope) @ np.swapaxes(W, -1, -2)
    return (1.0 - hidden[0] ** 2) * slope
