"""The losses of a network on a plane through its weights, from data projected on the plane's first layers."""

import dataclasses
from collections.abc import Callable

import numpy as np

from ..comparison import ks, wasserstein_1
from ..dataset import Array, Dataset, Trajectory
from ..landscapes import Plane
from ..progress import Progress, silent
from ..units import beta
from .network import Network, hidden_values, layers_of, slopes

#: Pairs of a grid point and a configuration evaluated between two calls of ``progress``: some 20 ms and 30 MB.
PAIRS = 24_000

#: Configurations whose force rows are multiplied at once, so that the product stays in the processor's cache.
BLOCK = 16


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

    def fisher(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Fisher divergence β²/2 ⟨|F − F_θ|²⟩, 1/Å², exact; see ``losses.fisher``."""
        weight = 0.5 * self._betas() ** 2 / len(self.n_atoms)

        def loss(x: Array, y: Array) -> Array:
            v = self._coefficients(x, y)
            return weight @ np.einsum("mpc,mpc->mp", v @ self.gram, v)

        return self._on_grid(loss, x, y, progress)

    def force_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of a force component, eV/Å."""
        return self._forces_on_grid(lambda size: size, x, y, progress)

    def force_huber(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress = silent) -> Array:
        """Mean Huber loss of force components: ½r² up to |r| = δ (eV/Å), δ(|r| − ½δ) beyond; eV²/Å²."""

        def huber(size: Array) -> Array:
            small = np.minimum(size, np.float32(delta))
            return small * (size - 0.5 * small)

        return self._forces_on_grid(huber, x, y, progress)

    def force_log_cosh(self, x: Array, y: Array, *, delta: float = 0.1, progress: Progress = silent) -> Array:
        """Mean of δ² ln cosh(r/δ) over force components, eV²/Å²."""

        def log_cosh(size: Array) -> Array:
            # ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2 does not overflow.
            r = size / np.float32(delta)
            return np.float32(delta**2) * (r + np.log1p(np.exp(-2.0 * r)) - np.float32(np.log(2.0)))

        return self._forces_on_grid(log_cosh, x, y, progress)

    def energy(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Half the mean squared error of total energies, eV², exact; see ``losses.energy``."""
        return self._on_grid(lambda x, y: 0.5 * np.mean(self._residuals(x, y) ** 2, axis=1), x, y, progress)

    def kl(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
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

    def energy_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of the energy per atom, eV/atom, exact (the offset is that of least squares)."""
        return self._on_grid(lambda x, y: np.mean(np.abs(self._residuals(x, y)) / self.n_atoms, axis=1), x, y, progress)

    def energy_ks(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Kolmogorov–Smirnov distance between the distributions of U/N and U_θ/N, exact."""
        return self._on_grid(lambda x, y: ks(*self._per_atom(x, y)), x, y, progress)

    def energy_wasserstein_1(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Wasserstein-1 distance between the distributions of U/N and U_θ/N, eV/atom, exact."""
        return self._on_grid(lambda x, y: wasserstein_1(*self._per_atom(x, y)), x, y, progress)

    def _betas(self) -> Array:
        if np.isnan(self.temperatures).any():
            raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
        known, which = np.unique(self.temperatures, return_inverse=True)
        return np.array([beta(float(T)) for T in known])[which]

    def _on_grid(self, loss: Callable[[Array, Array], Array], x: Array, y: Array, progress: Progress) -> Array:
        """A loss of points, (p,) and (p,) → (p,), on the grid; a few points at a time, so that memory stays bounded."""
        X, Y = (np.ravel(axis) for axis in np.meshgrid(x, y))
        z, count = np.empty(X.size), max(1, PAIRS // len(self.n_atoms))
        for start in range(0, X.size, count):
            part = slice(start, start + count)
            z[part] = loss(X[part], Y[part])
            progress(min(start + count, X.size), X.size)
        return z.reshape(len(y), len(x))

    def _forces_on_grid(self, function: Callable[[Array], Array], x: Array, y: Array, progress: Progress) -> Array:
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
        weights, biases = layers_of(theta, self.network.weights)
        first = self.first[0] + x[:, None, None] * self.first[1] + y[:, None, None] * self.first[2]
        return hidden_values(first, weights[1:], biases[1:]), weights[1:], biases[1:]

    def _coefficients(self, x: Array, y: Array) -> Array:
        """(M, p, 1 + 3H) what the columns of ``rows`` are multiplied by to give F_θ − F."""
        hidden, weights, _ = self._forward(x, y)
        s = self.network.scale * np.swapaxes(slopes(hidden, weights), 0, 1)
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
    progress: Progress = silent,
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
