"""A neural potential as a model of an atlas: planes through its weights, and its losses on them."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array

from ..arguments import kind
from ..dataset import Array, Dataset, Trajectory
from ..landscapes import Evaluated, Landscape, Loss, Plane, PlaneChoice, Point, Pointwise
from ..progress import Progress, silent
from .network import layers_of, parameters, site_slopes, site_values
from .potential import NeuralPotential, jacobian_of

#: How a plane is put through the weights of a network.
PLANES = ("random", "towards its first weights")
RANDOM, FIRST_WEIGHTS = PLANES
#: Atoms on which losses are drawn, at most: each point of a grid is a pass through the network for all of them.
ATOMS = 4400
#: Passes of an atom through the network between two calls of ``progress``: some 0.3 s and 100 MB.
PASSES = 250_000
#: Bytes of force errors that are kept, so that the second loss on a grid takes no time.
KEPT = 2**28


class NeuralModel:
    """A neural potential and the data it is looked at with: what an atlas, a study and an explorer take as a model.

    Args:
        potential: trained.
        data: whose losses are drawn.
        temperature: K; without it the trajectories' own.

    Raises:
        TypeError: another potential, or no dataset.
        ValueError: data of other descriptors, or without a Jacobian.
    """

    planes = tuple(PlaneChoice(kind=kind, seed=0) for kind in PLANES)

    def __init__(self, potential: NeuralPotential, data: Dataset, *, temperature: float | None = None) -> None:
        kind("potential", potential, NeuralPotential, "NeuralModel(neural.train(data), data)")
        kind("data", data, Dataset, "NeuralModel(neural.train(data), data)")
        potential.check_of(data)
        for t in data.values():
            jacobian_of(t)
        self.potential, self.data, self.temperature, self.name = potential, data, temperature, potential.name
        if potential.start is None:
            self.planes = self.planes[:1]
        # It predicts as its potential does, so that it is compared with others.
        self.check_of, self.energies, self.forces = potential.check_of, potential.energies, potential.forces
        self.site_energies = potential.site_energies

    def points(self, choice: PlaneChoice) -> dict[str, Point]:
        """The trained weights, and those before training where the plane holds them."""
        first = {"first weights": (1.0, 0.0)} if choice.kind == FIRST_WEIGHTS else {}
        return {self.name: (0.0, 0.0), **first}

    def project(self, choice: PlaneChoice) -> "Surfaces":
        """The losses on a plane, on ``ATOMS`` atoms at most; the name of a surface says of how many configurations."""
        data = thinned(self.data, ATOMS)

        def projected(progress: Progress) -> NeuralProjection:
            plane = plane_of(self.potential, choice.kind, choice.seed or 0)
            return NeuralProjection.of(self.potential, data, plane, temperature=self.temperature, progress=progress)

        drawn, all_of = len(data.energies), len(self.data.energies)
        return Surfaces(projected, self.name, f", {drawn} of {all_of} configurations" if drawn < all_of else "")


class Surfaces(Evaluated):
    """Losses on a plane, with words on the part of the data they were evaluated on."""

    def __init__(self, project: Callable[[Progress], Pointwise], model: str, part: str) -> None:
        super().__init__(lambda loss: f"{loss.name} around {model}", project)
        self._part = part

    def draw(self, loss: Loss, *, half_width: float, n: int, preview: bool, progress: Progress) -> Landscape:
        """The loss on n × n points."""
        found = super().draw(loss, half_width=half_width, n=n, preview=preview, progress=progress)
        return dataclasses.replace(found, name=f"{loss.name}{self._part}")


def thinned(data: Dataset, atoms: int) -> Dataset:
    """Configurations of the data that are evenly spaced, each a trajectory of its own; all data where they have so few atoms."""
    N = data.n_atoms
    if N.sum() <= atoms:
        return data
    step = int(np.ceil(N.sum() / atoms))
    chosen, before = [], 0
    for t in data.values():
        for k in range(-before % step, len(t), step):
            chosen.append(dataclasses.replace(t.slice(k, k + 1), key=f"{t.key}, {k}"))
        before += len(t)
    return Dataset(chosen, provenance=data.provenance)


def plane_of(potential: NeuralPotential, kind: str = RANDOM, seed: int = 0) -> Plane:
    """A plane with the trained weights at (0, 0): of two random directions, or one random and one to the first weights, at (1, 0).

    A random direction is filter-normalised: into each unit it is as long as the unit's weights, and for biases it is zero.

    Raises:
        ValueError: the potential does not know its first weights.

    Source: Li, Xu, Taylor, Studer and Goldstein, NeurIPS 2018, arXiv:1712.09913, sect. 4.
    """
    rng, theta = np.random.default_rng(seed), potential.theta
    labels = [f"random direction {k} (seed {seed}), filter-normalised" for k in (1, 2)]
    first = _direction(potential, rng)
    if kind == RANDOM:
        return Plane(
            origin=theta, directions=np.array([first, _direction(potential, rng)]), labels=(labels[0], labels[1])
        )
    if potential.start is None:
        raise ValueError(f"start: expected the parameters of {potential.name!r} before training, got None")
    words = (f"{potential.name} → before training", f"random direction (seed {seed}), filter-normalised")
    return Plane(origin=theta, directions=np.array([potential.start - theta, first]), x_range=(-0.5, 1.5), labels=words)


def _direction(potential: NeuralPotential, rng: np.random.Generator) -> Array:
    drawn = [rng.normal(size=W.shape) for W in (*potential.weights, potential.skip[:, None])]
    for W, d in zip((*potential.weights, potential.skip[:, None]), drawn, strict=True):
        d *= np.linalg.norm(W, axis=0) / np.linalg.norm(d, axis=0)
    return parameters(drawn[:-1], [np.zeros_like(b) for b in potential.biases], drawn[-1][:, 0])


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NeuralProjection(Pointwise):
    """The losses of a neural potential on a plane: every atom passes through the network at every point.

    Attributes:
        potential: gives the shapes of the layers and its fixed parts.
        parts: for each trajectory its inputs z (ΣN, q), and for each of its atoms the Jacobian of z of its pairs (3n, q), float32.
    """

    potential: NeuralPotential
    parts: tuple[tuple[Array, list[Array], csr_array], ...]

    @classmethod
    def of(
        cls,
        potential: NeuralPotential,
        data: Dataset,
        plane: Plane,
        *,
        temperature: float | None = None,
        progress: Progress = silent,
    ) -> "NeuralProjection":
        """The data as the network sees them, read once; ``progress`` is called with (done, total) trajectories."""
        parts = []
        for t in data.values():
            parts.append(_seen(t, potential))
            progress(len(parts), len(data))
        return cls(potential=potential, data=data, plane=plane, temperature=temperature, parts=tuple(parts))

    @property
    def points_at_once(self) -> int:
        """Grid points that are evaluated between two calls of ``progress``."""
        return max(1, PASSES // int(self.data.n_atoms.sum()))

    def energy_errors(self, x: Array, y: Array) -> Array:
        """(p, M) U − U_θ, eV, at points x (p,), y (p,), the offsets of elements aside."""
        layers, N = self._layers(x, y), self.data.n_atoms
        sites = np.concatenate([site_values(z, *layers) for z, *_ in self.parts], axis=1)
        return self.energies - self.potential.scale * np.add.reduceat(sites, np.cumsum(N) - N, axis=1)

    def squared_force_errors(self, x: Array, y: Array) -> Array:
        """(M, p) |F − F_θ|² of every configuration, eV²/Å², at points x (p,), y (p,)."""
        N = 3 * self.data.n_atoms
        return np.add.reduceat(self._force_errors(x, y).astype(np.float64) ** 2, np.cumsum(N) - N, axis=0)

    def mean_over_forces(self, function: Callable[[Array], Array], x: Array, y: Array) -> Array:
        """(p,) mean of a function of |F − F_θ|, eV/Å, over force components."""
        return function(np.abs(self._force_errors(x, y))).mean(axis=0, dtype=np.float64)

    def _layers(self, x: Array, y: Array) -> tuple[list[Array], list[Array], Array]:
        theta = self.plane.origin + np.outer(x, self.plane.directions[0]) + np.outer(y, self.plane.directions[1])
        return layers_of(theta, self.potential.weights)

    @functools.cached_property
    def _kept(self) -> dict[bytes, Array]:
        return {}

    def _force_errors(self, x: Array, y: Array) -> Array:
        """(3ΣN, p) F_θ − F, float32, kept for the next loss on the same points."""
        at = np.stack([x, y]).tobytes()
        if at not in self._kept:
            layers = self._layers(x, y)
            forces = np.concatenate([_forces(part, layers, self.potential.scale) for part in self.parts])
            if sum(array.nbytes for array in self._kept.values()) + forces.nbytes > KEPT:
                self._kept.clear()
            self._kept[at] = forces - self.data.forces.astype(np.float32)[:, None]
        return self._kept[at]


def _seen(t: Trajectory, potential: NeuralPotential) -> tuple[Array, list[Array], csr_array]:
    """Inputs of each atom, the Jacobian of its inputs, and the sums of pairs over the atoms that move."""
    jacobian, atoms = jacobian_of(t), int(t.n_atoms.sum())
    values = (jacobian.values @ potential.projection.astype(np.float32)).astype(np.float32)
    edges, P = np.searchsorted(jacobian.centres, np.arange(atoms + 1)), len(values)
    of_atoms = [values[a:b].reshape(-1, values.shape[2]) for a, b in zip(edges[:-1], edges[1:], strict=True)]
    summing = csr_array((np.ones(P, np.float32), (jacobian.atoms, np.arange(P))), shape=(atoms, P))
    return potential.inputs(t), of_atoms, summing


def _forces(
    part: tuple[Array, list[Array], csr_array], layers: tuple[list[Array], list[Array], Array], scale: float
) -> Array:
    """(3ΣN, p) forces, eV/Å, at p points of the plane: those of each pair, by one product an atom, and their sums."""
    z, of_atoms, summing = part
    slopes = np.moveaxis((scale * site_slopes(z, *layers)[1]).astype(np.float32), 0, 2)  # (ΣN, q, p)
    each = np.concatenate([J @ slope for J, slope in zip(of_atoms, slopes, strict=True)])
    points = slopes.shape[2]
    return (summing @ each.reshape(-1, 3 * points)).reshape(-1, points)
