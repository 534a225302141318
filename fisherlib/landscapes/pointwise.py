"""The losses of any model on a plane, from its errors at each grid point."""

import abc
import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from ..comparison import ks, wasserstein_1
from ..dataset import Array, Dataset
from ..moments import without_offsets
from ..progress import Progress, silent
from ..units import beta
from .planes import Plane
from .projections import HUBER, refuse_no_energies

#: Pairs of a grid point and a configuration evaluated between two calls of ``progress``: some 20 ms and 30 MB.
PAIRS = 24_000


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Pointwise(abc.ABC):
    """The losses of a model on a plane, from its errors at points of the plane, which a subclass computes.

    Each loss takes the axes of a grid, x (n,) and y (m,), in any order and spacing, and returns its values, (m, n).
    ``progress`` is called with (done, total) grid points; an exception raised in it ends the work. At every grid point
    energies lose the offset of each element that fits best by least squares.

    Attributes:
        plane: in the parameters of the model.
        data: the truth.
        temperature: K; without it each trajectory's own. Only ``fisher`` and ``kl`` need one; where no trajectory states
            one, they are in units of β².
    """

    plane: Plane
    data: Dataset
    temperature: float | None = None

    @functools.cached_property
    def n_atoms(self) -> Array:
        """(M,) N."""
        return self.data.n_atoms.astype(np.float64)

    @functools.cached_property
    def _composition(self) -> Array:
        """(M, S) atoms of each element."""
        return self.data.composition.astype(np.float64)

    @functools.cached_property
    def energies(self) -> Array:
        """(M,) U, eV."""
        return self.data.energies

    @property
    def points_at_once(self) -> int:
        """Grid points that are evaluated between two calls of ``progress``."""
        return max(1, PAIRS // len(self.n_atoms))

    @abc.abstractmethod
    def energy_errors(self, x: Array, y: Array) -> Array:
        """(p, M) U − U_θ, eV, at points x (p,), y (p,), up to any offset per atom."""

    @abc.abstractmethod
    def squared_force_errors(self, x: Array, y: Array) -> Array:
        """(M, p) |F − F_θ|² of every configuration, eV²/Å², at points x (p,), y (p,)."""

    @abc.abstractmethod
    def mean_over_forces(self, function: Callable[[Array], Array], x: Array, y: Array) -> Array:
        """(p,) mean of a function of |F − F_θ|, eV/Å, over force components; the function is 0 at 0."""

    def fisher(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Fisher divergence β²/2 ⟨|F − F_θ|²⟩, 1/Å², exact; see ``losses.fisher``."""
        weight = 0.5 * self._betas() ** 2 / len(self.n_atoms)
        return self._on_grid(lambda x, y: weight @ self.squared_force_errors(x, y), x, y, progress)

    def force_mae(self, x: Array, y: Array, *, progress: Progress = silent) -> Array:
        """Mean absolute error of a force component, eV/Å."""
        return self._of_forces(lambda size: size, x, y, progress)

    def force_huber(self, x: Array, y: Array, *, delta: float = HUBER, progress: Progress = silent) -> Array:
        """Mean Huber loss of force components: ½r² up to |r| = δ (eV/Å), δ(|r| − ½δ) beyond; eV²/Å²."""

        def huber(size: Array) -> Array:
            small = np.minimum(size, delta)
            return small * (size - 0.5 * small)

        return self._of_forces(huber, x, y, progress)

    def force_log_cosh(self, x: Array, y: Array, *, delta: float = HUBER, progress: Progress = silent) -> Array:
        """Mean of δ² ln cosh(r/δ) over force components, eV²/Å²."""

        def log_cosh(size: Array) -> Array:
            # ln cosh r = |r| + ln(1 + e^(−2|r|)) − ln 2 does not overflow.
            r = size / delta
            return delta**2 * (r + np.log1p(np.exp(-2.0 * r)) - math.log(2.0))

        return self._of_forces(log_cosh, x, y, progress)

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
                r, n = residuals[:, same], self._composition[same] - self._composition[same].mean(axis=0)
                r = r - r.mean(axis=1, keepdims=True)
                if n.any():  # each composition is an ensemble of its own, so the offsets of elements drop out too
                    r = without_offsets(r, n)
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
        known = [T for t in self.data.values() if (T := self.temperature or t.temperature)]
        if not known:  # losses in units of β²
            return np.ones(len(self.n_atoms))
        if len(known) < len(self.data):
            raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
        return np.array([beta(T) for T in known])[self.data.groups]

    def _on_grid(self, loss: Callable[[Array, Array], Array], x: Array, y: Array, progress: Progress) -> Array:
        """A loss of points, (p,) and (p,) → (p,), on the grid, a few points at a time to bound memory."""
        X, Y = (np.ravel(axis) for axis in np.meshgrid(x, y))
        z, count = np.empty(X.size), self.points_at_once
        for start in range(0, X.size, count):
            part = slice(start, start + count)
            z[part] = loss(X[part], Y[part])
            progress(min(start + count, X.size), X.size)
        return z.reshape(len(y), len(x))

    def _of_forces(self, function: Callable[[Array], Array], x: Array, y: Array, progress: Progress) -> Array:
        return self._on_grid(lambda x, y: self.mean_over_forces(function, x, y), x, y, progress)

    def _residuals(self, x: Array, y: Array) -> Array:
        """(p, M) U − U_θ, eV, the best offset of each element taken out."""
        refuse_no_energies(self.energies)
        return without_offsets(self.energy_errors(x, y), self._composition)

    def _per_atom(self, x: Array, y: Array) -> tuple[Array, Array]:
        """U/N (M,) and U_θ/N (p, M), eV/atom."""
        return self.energies / self.n_atoms, (self.energies - self._residuals(x, y)) / self.n_atoms
