"""Error bars of properties: the property again for parameters drawn around θ."""

import dataclasses
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number, whole
from ..arguments import seed as check_seed
from ..dataset import Array, frozen
from ..descriptors import Descriptor, Limit
from ..descriptors.calculator import Calculator
from ..potential import LinearPotential
from ..progress import Progress, silent

#: Bytes of descriptors that are remembered, at most.
MOST = 2**29
_Structure = tuple[bytes, ...]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Spread:
    """Properties of a potential, and of parameters drawn around its own.

    Attributes:
        names: (n,) what they are, with their units; volumes in Å³/atom for a curve of energies.
        values: (n,) of θ itself.
        draws: (S, n) of the parameters drawn; NaN where one of them has no such property, such as no minimum of E(V).

    Example:
        >>> found = Spread(names=("C11, GPa",), values=[170.0], draws=[[165.0], [170.0], [175.0]])
        >>> found.errors.round(6).tolist(), found.lost
        ([5.0], 0)
    """

    names: tuple[Any, ...]
    values: Array
    draws: Array

    def __post_init__(self) -> None:
        for name in ("values", "draws"):
            object.__setattr__(self, name, frozen(floats(name, getattr(self, name))))
        if self.values.shape != (n := len(self.names),) or self.draws.ndim != 2 or self.draws.shape[1] != n:
            raise ValueError(f"draws: expected values ({n},) and draws (S, {n}) for {n} names, got {self.draws.shape}")

    @property
    def lost(self) -> int:
        """Number of draws that have no such property; more than a few tell that θ is known too little for it."""
        return int(np.isnan(self.draws).any(axis=1).sum())

    @property
    def errors(self) -> Array:
        """(n,) standard deviation of the draws."""
        kept = self._kept()
        return kept.std(axis=0, ddof=1) if len(kept) > 1 else np.full(len(self.names), np.nan)

    def interval(self, level: float = 0.95) -> tuple[Array, Array]:
        """(n,) each: ends of the middle ``level`` of the draws, NaN without any."""
        if not 0 < number("level", level) < 1:
            raise ValueError(f"level: expected a share between 0 and 1, got {level!r}")
        kept = self._kept() if len(self._kept()) else self.draws[:1]
        return tuple(np.quantile(kept, [0.5 - level / 2, 0.5 + level / 2], axis=0))

    def above_lowest(self) -> "Spread":
        """Each curve of energies from its own lowest point, since forces leave its offset free."""
        draws = self.draws - self.draws.min(axis=1, keepdims=True)
        return Spread(names=self.names, values=self.values - self.values.min(), draws=draws)

    def __getitem__(self, name: Any) -> tuple[float, float]:
        """Value and error of one property."""
        n = self.names.index(name)
        return float(self.values[n]), float(self.errors[n])

    def _kept(self) -> Array:
        return self.draws[~np.isnan(self.draws).any(axis=1)]


def theta_draws(
    theta: ArrayLike, covariance: ArrayLike, size: int = 100, *, clusters: int | None = None, seed: int = 0
) -> Array:
    """Parameters drawn around θ, normal or, over few clusters, as Student's t with clusters − 1 degrees of freedom.

    Args:
        theta: (K,).
        covariance: (K, K), e.g. from ``uncertainty.sandwich``, or ``ModelForm.covariance``; zero along what is undetermined.
        size: S.
        clusters: number of trajectories behind the covariance.
        seed: of the draws.

    Returns:
        (S, K).

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, or a covariance that is none.

    Example:
        >>> draws = theta_draws([1.0, 2.0], [[1.0, 0.0], [0.0, 0.0]], 1000)
        >>> bool(abs(draws[:, 0].std() - 1) < 0.1), draws[:, 1].std()
        (True, np.float64(0.0))
    """
    centre, C = floats("theta", theta), floats("covariance", covariance)
    whole("size", size, 1, "draws")
    if centre.ndim != 1 or not centre.size or not (np.isfinite(centre).all() and np.isfinite(C).all()):
        raise ValueError("theta, covariance: expected K finite parameters and their finite covariance, got others")
    if C.shape != (len(centre),) * 2:
        raise ValueError(f"covariance: expected shape ({centre.size}, {centre.size}) for theta, got {C.shape}")
    scale = np.sqrt(np.maximum(np.diag(C), 0))
    scale[scale == 0] = 1.0
    values, vectors = np.linalg.eigh((C + C.T) / 2 / np.outer(scale, scale))
    if values[0] < -1e-6 * max(values[-1], 0):
        raise ValueError(f"covariance: expected no negative variance, got {values[0]:.3g} along one direction")
    check_seed(seed)
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(size, len(centre)))
    if clusters is not None:
        whole("clusters", clusters, 2, "trajectories")
        z /= np.sqrt(rng.chisquare(clusters - 1, size=(size, 1)) / (clusters - 1))
    return centre + (z * np.sqrt(np.maximum(values, 0))) @ vectors.T * scale


def spread(
    what: Callable[..., Mapping[Any, float]],
    model: LinearPotential,
    thetas: ArrayLike,
    *,
    descriptor: Descriptor | None = None,
    progress: Progress = silent,
    **arguments: Any,
) -> Spread:
    """A property of a potential, and of each of the parameters drawn around it.

    Descriptors do not depend on θ, so they are computed once for each structure: for a property of given structures, such as
    ``cubic`` and ``phonons``, all draws cost no more than products with θ, and nothing is approximated. A relaxation takes
    other structures for each θ, and is done again for each.

    Args:
        what: calculator, arguments → properties by name, such as ``cubic``.
        model: with θ.
        thetas: (S, K) draws, e.g. from ``theta_draws``, or ``ModelForm.sample``.
        descriptor: of the model; from its provenance by default.
        progress: called with (potentials done, potentials in all); an exception that it raises stops the work.
        arguments: of the function beside the calculator, such as ``crystal``.

    Raises:
        TypeError: no function, or no potential.
        ValueError: draws of another number of parameters, or a θ that has no such property.

    Example:
        >>> import fisherlib as fl
        >>> from ase.build import bulk
        >>> soap = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)
        >>> model = fl.LinearPotential(theta=[0.1] * 6, descriptor_names=soap.names([29]))
        >>> energy = spread(lambda c: {"energy, eV": c.get_potential_energy(bulk("Cu"))}, model, [[0.1] * 6, [0.2] * 6], descriptor=soap)
        >>> bool(np.allclose(energy.draws[:, 0] / energy.values, [1.0, 2.0]))
        True
    """
    way = "spread(cubic, model, thetas, crystal=ase.build.bulk('Cu'))"
    kind("what", what, Callable, way)
    kind("model", model, LinearPotential, way)
    given = floats("thetas", thetas)
    if given.ndim != 2 or given.shape[1:] != model.theta.shape:
        raise ValueError(f"thetas: expected draws of K = {model.K} parameters, got shape {given.shape}")
    first = Calculator(model, descriptor, stress=False)
    memory = Remembered(first.descriptor)
    values = what(Calculator(model, memory, species=first.species or None, stress=False), **arguments)
    found = []
    for done, theta in enumerate(given, 1):
        drawn = Calculator(dataclasses.replace(model, theta=theta), memory, species=first.species or None, stress=False)
        try:
            one = what(drawn, **arguments)
        except (ValueError, RuntimeError):  # of these parameters it has no such property, which is counted
            one = dict.fromkeys(values, np.nan)
        if list(one) != list(values):
            raise ValueError(f"what: expected the same properties for each θ, {list(values)}, got {list(one)}")
        found.append(list(one.values()))
        progress(done, len(given))
    return Spread(names=tuple(values), values=np.array(list(values.values())), draws=np.array(found))


class Remembered:
    """A descriptor that computes nothing twice, of one structure at a time.

    Args:
        descriptor: to ask.
        most: bytes of descriptors, at most; the oldest are forgotten first.

    Example:
        >>> from ase.build import bulk
        >>> import fisherlib as fl
        >>> soap = Remembered(fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1))
        >>> soap(bulk("Cu"))[0] is soap(bulk("Cu"))[0]
        True
    """

    def __init__(self, descriptor: Descriptor, *, most: int = MOST) -> None:
        self.descriptor, self.most, self._bytes = descriptor, most, 0
        self._kept: OrderedDict[_Structure, tuple[Array, Array]] = OrderedDict()
        self._names: dict[tuple[int, ...], tuple[str, ...]] = {}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Of the descriptor."""
        return self.descriptor.parameters

    @property
    def limits(self) -> Mapping[str, Limit]:
        """Of the descriptor."""
        return self.descriptor.limits

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Of the descriptor."""
        if tuple(species) not in self._names:
            self._names[tuple(species)] = self.descriptor.names(species)
        return self._names[tuple(species)]

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Site and force descriptors; see ``Descriptor``."""
        many = [atoms] if isinstance(atoms, Atoms) else list(atoms)
        each = [self._one(one, species) for one in many]
        return (
            each[0] if len(each) == 1 else (np.concatenate([d for d, _ in each]), np.concatenate([p for _, p in each]))
        )

    def _one(self, atoms: Atoms, species: Sequence[int] | None) -> tuple[Array, Array]:
        arrays = (atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc, np.asarray(species or ()))
        key = tuple(np.ascontiguousarray(a).tobytes() for a in arrays)
        if key not in self._kept:
            D, Phi = self.descriptor(atoms, species=species)
            self._kept[key] = frozen(D), frozen(Phi)
            self._bytes += D.nbytes + Phi.nbytes
            while self._bytes > self.most and len(self._kept) > 1:
                self._bytes -= sum(a.nbytes for a in self._kept.popitem(last=False)[1])
        return self._kept[key]
