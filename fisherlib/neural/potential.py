"""A neural potential: one network for the atoms of all elements, its energies and its forces by the chain rule."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number
from ..dataset import Array, Dataset, Jacobian, Trajectory, frozen
from ..potential import LinearPotential, refuse_other_names
from .network import layers_of, parameters, site_slopes, site_values

#: How a trajectory without a Jacobian gets one.
WAY = "compute the descriptors with jacobian=True, as by fl.io.read(path, descriptor=descriptor, jacobian=True)"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class NeuralPotential:
    """U(x) = Σ_i scale · [a·z_i + MLP(z_i)] + Σ_s n_s e_s with z_i = (D_i − mean) P, of the descriptors D_i of each atom.

    One network serves all elements: descriptors of different elements stand in columns of their own. The linear part a·z
    alone would be a ``LinearPotential``. Forces follow by the chain rule, F_j = −Σ_i ∂E_i/∂D_i · ∂D_i/∂x_j, from the
    ``Jacobian`` of the descriptors, of which 24 P K bytes are held for P pairs of atoms that know each other (half as
    many from 1 GB on, in single precision): 2.9 MB for a cluster of 55 atoms with SOAP, P = 1150 and K = 105. Energies
    need no more than the site descriptors. Everything is evaluated by numpy in double precision. Arrays are copied and
    read-only.

    Attributes:
        weights: (n_in, n_out) of each layer; n_in = q in the first, n_out = 1 in the last.
        biases: (n_out,) of each layer.
        skip: (q,) a, the linear part.
        mean: (K,) descriptors of an atom that the network sees as zero, [D].
        projection: (K, q) P, 1/[D], fixed.
        scale: eV, of the output.
        offset: e0, eV per atom of any element.
        offsets: e_s by symbol, eV, in place of ``offset``, where compositions differ.
        name: what figures and tables call it.
        provenance: data hash, descriptor, and how it was trained.
        start: (P,) its parameters before training, as in ``theta``, or None.
        history: of the training: name → a number for each epoch.
        descriptor_names: K names, or none if they are not known.
        needs_jacobian: that forces need the Jacobian of the descriptors.

    Raises:
        ValueError: arrays whose shapes do not fit together, or values that are not finite.

    Source: Behler and Parrinello, Phys. Rev. Lett. 98, 146401 (2007), for energies as sums over atoms; Lei and Medford, J.
        Phys. Chem. Lett. 13, 7911 (2022), arXiv:2102.02390, for one network of all elements.

    Example:
        >>> import fisherlib as fl, numpy as np
        >>> layers = {"weights": (np.ones((2, 3)), np.ones((3, 1))), "biases": (np.zeros(3), np.zeros(1))}
        >>> net = NeuralPotential(**layers, skip=np.zeros(2), mean=np.zeros(2), projection=np.eye(2))
        >>> net.K, net.hidden, net.theta.shape
        (2, (3,), (15,))
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    skip: Array
    mean: Array
    projection: Array
    scale: float = 1.0
    offset: float = 0.0
    offsets: Mapping[str, float] = dataclasses.field(default_factory=dict)
    name: str = "neural potential"
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    start: Array | None = None
    history: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    descriptor_names: tuple[str, ...] = ()
    needs_jacobian: ClassVar[bool] = True

    def __post_init__(self) -> None:
        kind("history", self.history, Mapping, "NeuralPotential(…, history={'loss': [1.0, 0.4]})")
        put: dict[str, Any] = {name: _owned(name, getattr(self, name)) for name in ("mean", "projection", "skip")}
        for name in ("weights", "biases"):
            kind(
                name,
                getattr(self, name),
                Iterable,
                f"NeuralPotential({name}=(first, last), …), an array for each layer",
            )
            put[name] = tuple(_owned(f"{name}[{k}]", each) for k, each in enumerate(getattr(self, name)))
        _refuse_misfits(**put)
        put["scale"] = number("scale", self.scale)
        put["history"] = {name: frozen(floats(f"history of {name}", each)) for name, each in self.history.items()}
        for name, value in put.items():
            object.__setattr__(self, name, value)
        if self.start is not None:
            object.__setattr__(self, "start", _owned("start", self.start))
            if self.start.shape != self.theta.shape:
                raise ValueError(f"start: expected {len(self.theta)} parameters, got shape {self.start.shape}")
        given: dict[str, Any] = {"offset": self.offset, "offsets": self.offsets, "provenance": self.provenance}
        given |= {"name": self.name, "descriptor_names": self.descriptor_names}
        # The offsets alone, as a linear potential that checks them and knows which element is which.
        alone = LinearPotential(theta=np.zeros(self.K), **given)
        object.__setattr__(self, "descriptor_names", alone.descriptor_names)
        object.__setattr__(self, "_alone", alone)

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
        """(P,) all parameters, layer by layer: weights (n_in, n_out) row by row, then biases; the linear part comes last."""
        return frozen(parameters(self.weights, self.biases, self.skip))

    def with_theta(self, theta: ArrayLike) -> "NeuralPotential":
        """The same potential with other parameters, in the order of ``theta``.

        Raises:
            ValueError: another number of parameters.
        """
        theta = floats("theta", theta)
        if theta.shape != self.theta.shape:
            raise ValueError(f"theta: expected {len(self.theta)} parameters, got shape {theta.shape}")
        weights, biases, skip = layers_of(theta, self.weights)
        return dataclasses.replace(self, weights=tuple(weights), biases=tuple(b[0] for b in biases), skip=skip)

    def check_of(self, data: Dataset | Trajectory) -> None:
        """Refuses data of other descriptors than those of the training, as ``LinearPotential.check_of`` does.

        Raises:
            ValueError: another number of descriptors, other names or other settings.
        """
        self._linear.check_of(data)

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV, of a trajectory, or of all trajectories of a dataset in turn.

        Raises:
            TypeError: neither a dataset nor a trajectory.
            ValueError: data of other descriptors, or without site descriptors.
        """
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.energies(t) for t in data.values()])
        return np.add.reduceat(self.site_energies(data), np.cumsum(data.n_atoms) - data.n_atoms)

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the order of ``data.forces``.

        Raises:
            TypeError: neither a dataset nor a trajectory.
            ValueError: data of other descriptors, or without a Jacobian.
        """
        self.check_of(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.forces(t) for t in data.values()])
        slopes = site_slopes(self.inputs(data), self.weights, self.biases, self.skip)[1]
        return jacobian_of(data).forces(self.scale * slopes @ self.projection.T)

    def site_energies(self, trajectory: Trajectory) -> Array:
        """(ΣN,) energies of single atoms, eV. Only their sum over a configuration can be observed.

        Raises:
            TypeError: anything but a trajectory.
            ValueError: the trajectory has other descriptors, or no site descriptors.
        """
        kind("trajectory", trajectory, Trajectory, "model.site_energies(data[key])")
        refuse_other_names(self.name, self.K, self.descriptor_names, trajectory)
        z = self.inputs(trajectory)
        return self.scale * site_values(z, self.weights, self.biases, self.skip) + self._linear.site_energies(
            trajectory
        )

    def inputs(self, trajectory: Trajectory) -> Array:
        """(ΣN, q) z, what the network sees of each atom."""
        return (sites_of(trajectory) - self.mean) @ self.projection

    @property
    def _linear(self) -> LinearPotential:
        return self.__dict__["_alone"]


def jacobian_of(t: Trajectory) -> Jacobian:
    """The Jacobian of the descriptors, without which no forces can be computed.

    Raises:
        ValueError: the trajectory has none.
    """
    if t.jacobian is None:
        raise ValueError(f"jacobian of trajectory {t.key!r}: expected one, got none; {WAY}")
    return t.jacobian


def sites_of(t: Trajectory) -> Array:
    """(ΣN, K) descriptors of each atom.

    Raises:
        ValueError: the trajectory has none.
    """
    if t.site_descriptors is None:
        raise ValueError(f"site_descriptors of trajectory {t.key!r}: expected them, got none; {WAY}")
    return t.site_descriptors


def _owned(name: str, values: ArrayLike) -> Array:
    array = floats(name, values).copy()
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(
            f"{name}: expected finite numbers, got shape {array.shape} with NaN, infinity or nothing in it"
        )
    return frozen(array)


def _refuse_misfits(
    mean: Array, projection: Array, skip: Array, weights: tuple[Array, ...], biases: tuple[Array, ...]
) -> None:
    if mean.ndim != 1 or projection.ndim != 2 or len(projection) != len(mean) or skip.shape != projection.shape[1:]:
        shapes = f"{projection.shape}, {mean.shape}, {skip.shape}"
        raise ValueError(f"projection: expected (K, q) to go with mean (K,) and skip (q,), got {shapes}")
    if len(weights) < 2 or len(biases) != len(weights):
        raise ValueError(
            "weights: expected one or more hidden layers and an output, with a bias for each, got "
            f"{len(weights)} weights and {len(biases)} biases"
        )
    n_in = projection.shape[1]
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        if W.ndim != 2 or W.shape[0] != n_in or b.shape != W.shape[1:]:
            raise ValueError(
                f"weights[{k}]: expected shape ({n_in}, n_out) and a bias (n_out,), got {W.shape} and {b.shape}"
            )
        n_in = W.shape[1]
    if n_in != 1:
        raise ValueError(f"weights[{len(weights) - 1}]: expected one output, the energy, got {n_in}")
