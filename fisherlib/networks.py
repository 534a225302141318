"""Small neural networks of the summed descriptors: energies, forces, and their losses on planes through the weights."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .comparison import ks, wasserstein_1
from .dataset import Array, Dataset, Trajectory, frozen
from .landscapes import Plane
from .units import beta

#: Called with (done, total); what it raises ends the work.
Progress = Callable[[int, int], None]

#: Pairs of a grid point and a configuration evaluated between two calls of ``progress``: some 20 ms and 30 MB.
PAIRS = 24_000

#: Configurations whose force rows are multiplied at once, so that the product stays in the processor's cache.
BLOCK = 16


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Network:
    """U(x) = N e0 + scale · MLP((D − mean) P), a multilayer perceptron with tanh units and a linear output.

    Its forces follow from the descriptors' as F = Φ ∂U/∂D, with Φ = −∂D/∂x. It has the methods of ``LinearPotential``,
    and is the smallest potential whose loss is not convex in its parameters. Arrays are copied and read-only.

    Attributes:
        weights: (n_in, n_out) of each layer; n_in = q in the first, n_out = 1 in the last.
        biases: (n_out,) of each layer.
        mean: (K,) descriptors that the first layer sees as zero, [D].
        projection: (K, q) P, 1/[D], fixed.
        scale: eV, of the output.
        offset: e0, eV per atom.
        name: what figures and tables call it.
        provenance: data hash, descriptor, how it was trained.
        start: (P,) weights and biases before training, as in ``theta``, or None.

    Raises:
        ValueError: the shapes of two arrays do not fit each other, or a value is not finite.
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
        put = {"weights": weights, "biases": biases, "mean": mean, "projection": projection}
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
        theta = np.asarray(theta, dtype=np.float64)
        if theta.shape != self.theta.shape:
            raise ValueError(f"theta: expected {len(self.theta)} parameters, got shape {theta.shape}")
        weights, biases = _layers(theta, self.weights)
        return dataclasses.replace(self, weights=tuple(weights), biases=tuple(b[0] for b in biases))

    def _check(self, data: Dataset | Trajectory) -> None:
        if data.K != self.K:
            raise ValueError(
                f"data: expected K = {self.K} descriptors for the potential {self.name!r}, got {data.K}; "
                "θ and the data must use the same descriptor with the same settings"
            )

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV, of a trajectory or of a dataset one after the other."""
        self._check(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.energies(t) for t in data.values()])
        hidden = _hidden(self._first(data), self.weights[1:], self.biases[1:])
        return data.n_atoms * self.offset + self.scale * (hidden[-1] @ self.weights[-1] + self.biases[-1])[:, 0]

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the rows of ``data.forces``."""
        self._check(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.forces(t) for t in data.values()])
        slopes = self.scale * _slopes(_hidden(self._first(data), self.weights[1:], self.biases[1:]), self.weights[1:])
        rows = data.force_descriptors @ (self.projection @ self.weights[0])
        return np.einsum("rh,rh->r", rows, np.repeat(slopes, 3 * data.n_atoms, axis=0))

    def _first(self, trajectory: Trajectory) -> Array:
        """(M, H) what enters the tanh of the first hidden layer."""
        return (trajectory.descriptors - self.mean) @ self.projection @ self.weights[0] + self.biases[0]

    def plane(self, seed: int = 0) -> Plane:
        """The plane of two random directions through the weights, at (0, 0), both filter-normalised.

        Source: Li, Xu, Taylor, Studer and Goldstein, NeurIPS 2018, arXiv:1712.09913, sect. 4.
        """
        rng = np.random.default_rng(seed)
        labels = tuple(f"random direction {k} (seed {seed}), filter-normalised" for k in (1, 2))
        return Plane(
            origin=self.theta, directions=np.array([self._direction(rng), self._direction(rng)]), labels=labels
        )

    def path_plane(self, seed: int = 0) -> Plane:
        """The plane with the trained weights at (0, 0), those before training at (1, 0), and a random, filter-normalised y.

        Raises:
            ValueError: the network does not know its start.
        """
        if self.start is None:
            raise ValueError(f"start: expected the parameters of {self.name!r} before training, got None")
        theta = self.theta
        y = self._direction(np.random.default_rng(seed))
        labels = (f"{self.name} → before training", f"random direction (seed {seed}), filter-normalised")
        return Plane(origin=theta, directions=np.array([self.start - theta, y]), x_range=(-0.5, 1.5), labels=labels)

    def _direction(self, rng: np.random.Generator) -> Array:
        """(P,) a random direction: what enters a unit is as long as the unit's own weights, and biases stay."""
        parts = []
        for W, b in zip(self.weights, self.biases, strict=True):
            drawn = rng.normal(size=W.shape)
            drawn *= np.linalg.norm(W, axis=0) / np.linalg.norm(drawn, axis=0)
            parts += [drawn.ravel(), np.zeros_like(b)]
        return np.concatenate(parts)


def _owned(name: str, values: object) -> Array:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers, got {values!r:.60} ({error})") from error
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


def _layers(theta: Array, like: Sequence[Array]) -> tuple[list[Array], list[Array]]:
    """Weights (..., n_in, n_out) and biases (..., 1, n_out) in flat parameters (..., P), shaped like ``like``."""
    weights, biases, at = [], [], 0
    for W in like:
        n_in, n_out = W.shape
        weights.append(theta[..., at : at + W.size].reshape(*theta.shape[:-1], n_in, n_out))
        at += W.size
        biases.append(theta[..., None, at : at + n_out])
        at += n_out
    return weights, biases


def _hidden(first: Array, weights: Sequence[Array], biases: Sequence[Array]) -> list[Array]:
    """(..., M, H) values of every hidden layer; ``weights`` and ``biases`` of the layers after the first."""
    hidden = [np.tanh(first)]
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        hidden.append(np.tanh(hidden[-1] @ W + b))
    return hidden


def _slopes(hidden: Sequence[Array], weights: Sequence[Array]) -> Array:
    """(..., M, H) derivative of the output by what enters the first tanh, by the chain rule backwards."""
    slope = np.swapaxes(weights[-1], -1, -2)
    for h, W in zip(hidden[:0:-1], weights[-2::-1], strict=True):
        slope = ((1.0 - h * h) * slope) @ np.swapaxes(W, -1, -2)
    return (1.0 - hidden[0] ** 2) * slope


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NetworkProjection:
    """A network's losses on a plane through its weights, from data projected on the plane's first layers.

    Whatever the later layers do, the forces of a configuration are Φ P W₁ s with one slope s for each first hidden
    unit, and W₁ is affine in the plane's coordinates. So Φ enters only as its product with 3H columns, and a squared
    error only by their Gram matrix. Methods take the axes of a grid, x (n,) and y (m,), in any order and spacing, and
    return the loss on it, (m, n); ``progress`` is called with (done, total) grid points and may raise to end the work.
    Energies have the offset per atom that fits best by least squares taken out at every grid point.

    Attributes:
        network, plane: of the projection.
        first: (3, M, H) what enters the first tanh, at the origin and along both directions.
        rows: (M, 1 + 3H, 3 max N) F and Φ P times the first layers, eV/Å and 1/Å; rows that a smaller configuration
            lacks are zero. float32, which changes a mean over forces by less than a relative 1e-5.
        gram: (M, 1 + 3H, 1 + 3H) products of these with each other, in float64.
        n_atoms: (M,) N.
        energies: (M,) U, eV.
        temperatures: (M,) K; NaN where not known.
    """

    network: Network
    plane: Plane
    first: Array
    rows: Array
    gram: Array
    n_atoms: Array
    energies: Array
    temperatures: Array

    def fisher(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Fisher divergence β²/2 ⟨|F − F_θ|²⟩, 1/Å², exact; see ``losses.fisher``."""
        weight = 0.5 * self._betas() ** 2 / len(self.n_atoms)

        def loss(x: Array, y: Array) -> Array:
            v = self._coefficients(x, y)
            return weight @ np.einsum("mpc,mpc->mp", v @ self.gram, v)

        return self._on_grid(loss, x, y, progress)

    def force_mae(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Mean absolute error of a force component, eV/Å."""
        return self._forces_on_grid(lambda size: size, x, y, progress)

    def force_huber(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress | None = None) -> Array:
        """Mean Huber loss of force components: ½r² up to |r| = δ (eV/Å), δ(|r| − ½δ) beyond; eV²/Å²."""

        def huber(size: Array) -> Array:
            small = np.minimum(size, np.float32(delta))
            return small * (size - 0.5 * small)

        return self._forces_on_grid(huber, x, y, progress)

    def force_log_cosh(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress | None = None) -> Array:
        """Mean of δ² ln cosh(r/δ) over force components, eV²/Å²."""

        def log_cosh(size: Array) -> Array:
            # ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2 does not overflow.
            r = size / np.float32(delta)
            return np.float32(delta**2) * (r + np.log1p(np.exp(-2.0 * r)) - np.float32(np.log(2.0)))

        return self._forces_on_grid(log_cosh, x, y, progress)

    def energy(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Half the mean squared error of total energies, eV², exact; see ``losses.energy``."""
        return self._on_grid(lambda x, y: 0.5 * np.mean(self._residuals(x, y) ** 2, axis=1), x, y, progress)

    def kl(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Kullback–Leibler divergence to second order, β²/2 Var(U − U_θ), nats, exact; see ``losses.kl``."""
        betas = self._betas()

        def loss(x: Array, y: Array) -> Array:
            residuals, total = self._residuals(x, y), np.zeros(len(x))
            for one in np.unique(betas):
                same = betas == one
                r, N = residuals[:, same], self.n_atoms[same] - self.n_atoms[same].mean()
                r = r - r.mean(axis=1, keepdims=True)
                if N.any():  # each N is an ensemble of its own, so the energy of one more atom drops out too
                    r -= np.outer(r @ N / (N @ N), N)
                total += 0.5 * one**2 * np.sum(r**2, axis=1)
            return total / len(betas)

        return self._on_grid(loss, x, y, progress)

    def energy_mae(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Mean absolute error of the energy per atom, eV/atom, exact (the offset is that of least squares)."""
        return self._on_grid(lambda x, y: np.mean(np.abs(self._residuals(x, y)) / self.n_atoms, axis=1), x, y, progress)

    def energy_ks(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Kolmogorov–Smirnov distance between the distributions of U/N and U_θ/N, exact."""
        return self._on_grid(lambda x, y: ks(*self._per_atom(x, y)), x, y, progress)

    def energy_wasserstein_1(self, x: Array, y: Array, *, progress: Progress | None = None) -> Array:
        """Wasserstein-1 distance between the distributions of U/N and U_θ/N, eV/atom, exact."""
        return self._on_grid(lambda x, y: wasserstein_1(*self._per_atom(x, y)), x, y, progress)

    def _betas(self) -> Array:
        if np.isnan(self.temperatures).any():
            raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
        known, which = np.unique(self.temperatures, return_inverse=True)
        return np.array([beta(float(T)) for T in known])[which]

    def _on_grid(self, loss: Callable[[Array, Array], Array], x: Array, y: Array, progress: Progress | None) -> Array:
        """A loss of points, (p,) and (p,) → (p,), on the grid; a few points at a time, so that memory stays bounded."""
        X, Y = (np.ravel(axis) for axis in np.meshgrid(x, y))
        z, count = np.empty(X.size), max(1, PAIRS // len(self.n_atoms))
        for start in range(0, X.size, count):
            part = slice(start, start + count)
            z[part] = loss(X[part], Y[part])
            if progress is not None:
                progress(min(start + count, X.size), X.size)
        return z.reshape(len(y), len(x))

    def _forces_on_grid(
        self, function: Callable[[Array], Array], x: Array, y: Array, progress: Progress | None
    ) -> Array:
        """Mean over force components of a function of |F − F_θ| that is 0 at 0, as the rows that are no atom's are."""
        components = 3 * self.n_atoms.sum()

        def loss(x: Array, y: Array) -> Array:
            v, total = self._coefficients(x, y).astype(np.float32), np.zeros(len(x))
            for start in range(0, len(v), BLOCK):
                block = slice(start, start + BLOCK)
                size = v[block] @ self.rows[block]
                total += function(np.abs(size, out=size)).sum(axis=2).sum(axis=0, dtype=np.float64)
            return total / components

        return self._on_grid(loss, x, y, progress)

    def _forward(self, x: Array, y: Array) -> tuple[list[Array], list[Array], list[Array]]:
        """Hidden layers (p, M, H), and the weights and biases of the layers after the first, at points of the plane."""
        a, b = self.plane.directions
        theta = self.plane.origin + x[:, None] * a + y[:, None] * b
        weights, biases = _layers(theta, self.network.weights)
        first = self.first[0] + x[:, None, None] * self.first[1] + y[:, None, None] * self.first[2]
        return _hidden(first, weights[1:], biases[1:]), weights[1:], biases[1:]

    def _coefficients(self, x: Array, y: Array) -> Array:
        """(M, p, 1 + 3H) what the columns of ``rows`` are multiplied by to give F_θ − F."""
        hidden, weights, _ = self._forward(x, y)
        s = self.network.scale * np.swapaxes(_slopes(hidden, weights), 0, 1)
        return np.concatenate([np.full_like(s[..., :1], -1.0), s, x[:, None] * s, y[:, None] * s], axis=2)

    def _residuals(self, x: Array, y: Array) -> Array:
        """(p, M) U − U_θ, eV, the best offset per atom taken out."""
        hidden, weights, biases = self._forward(x, y)
        N, offset, scale = self.n_atoms, self.network.offset, self.network.scale
        r = (self.energies - N * offset) - scale * (hidden[-1] @ weights[-1] + biases[-1])[..., 0]
        return r - np.outer(r @ N / (N @ N), N)

    def _per_atom(self, x: Array, y: Array) -> tuple[Array, Array]:
        """U/N (M,) and U_θ/N (p, M), eV/atom."""
        return self.energies / self.n_atoms, (self.energies - self._residuals(x, y)) / self.n_atoms


def project_network(
    network: Network,
    data: Dataset,
    plane: Plane,
    *,
    temperature: float | None = None,
    progress: Progress | None = None,
) -> NetworkProjection:
    """A network's data on a plane through its weights: one pass over Φ, then any loss on any grid.

    Args:
        network: gives the layers and what is fixed in them; the weights are those of the plane.
        data: the truth.
        plane: in the parameters of the network, as from ``network.plane()``.
        temperature: K; taken for every trajectory. Without it each trajectory's own; only ``fisher`` and ``kl`` need one.
        progress: called with (done, total) configurations; may raise to end the work.

    Raises:
        ValueError: the plane has another number of parameters than the network, or the data have other descriptors.
    """
    network._check(data)
    if len(plane.origin) != len(network.theta):
        raise ValueError(
            f"plane: expected {len(network.theta)} parameters as in {network.name!r}, got {len(plane.origin)}"
        )
    if temperature is not None:
        beta(temperature)  # refuses what is no temperature
    layers = [_layers(theta, network.weights) for theta in (plane.origin, *plane.directions)]
    W, shifts = np.hstack([weights[0] for weights, _ in layers]), np.array([biases[0] for _, biases in layers])
    parts, done, total = [], 0, len(data.energies)
    for t in data.values():
        for start in range(0, len(t), 64):
            part = t.slice(start, min(start + 64, len(t)))
            parts.append(_projected(part, network, W, int(data.n_atoms.max())))
            done += len(part)
            if progress is not None:
                progress(done, total)
    first, rows, gram = (np.concatenate(each) for each in zip(*parts, strict=True))
    known = [t.temperature if temperature is None else temperature for t in data.values()]
    return NetworkProjection(
        network=network,
        plane=plane,
        first=np.stack(np.split(first, 3, axis=1)) + shifts,
        rows=rows,
        gram=gram,
        n_atoms=data.n_atoms.astype(np.float64),
        energies=data.energies,
        temperatures=np.array([np.nan if T is None else T for T in known])[data.groups],
    )


def _projected(t: Trajectory, network: Network, W: Array, most: int) -> tuple[Array, Array, Array]:
    """(M, 3H) inputs of the first layers W (q, 3H), (M, 1 + 3H, 3 most) force rows and their Gram matrices."""
    PW = network.projection @ W
    rows = np.zeros((len(t), 3 * most, 1 + W.shape[1]))
    rows[np.arange(3 * most) < 3 * t.n_atoms[:, None]] = np.column_stack([t.forces, t.force_descriptors @ PW])
    columns = np.swapaxes(rows, 1, 2)
    return (t.descriptors - network.mean) @ PW, np.ascontiguousarray(columns, dtype=np.float32), columns @ rows
