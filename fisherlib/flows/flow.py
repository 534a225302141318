"""Flows: invertible maps between configurations and a Gaussian, with the exact density of what they draw."""

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import equinox as eqx
import jax
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, whole
from ..arguments import seed as check_seed
from ..dataset import Array, frozen
from .layers import Architecture, backward, forward, shapes, structure

#: Rows that are mapped at once, so that JAX compiles for one size only.
ROWS = 1024


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Flow:
    """x = m + L f(z), z standard normal, with f a chain of coupling layers (Dinh et al. 2017; Durkan et al. 2019).

    Attributes:
        architecture: of the layers.
        parameters: of the layers.
        mean: (d,) m.
        factor: (d, d) L, lower triangular: the linear map after the layers, which training does not change.
        history: name → a number for each time that training was looked at, see ``train``.
        name: for figures.

    Example:
        >>> import fisherlib as fl
        >>> flow = fl.flows.real_nvp(2, layers=2, width=4)
        >>> x, log_q = flow.sample(3, seed=1)
        >>> z, log_det = flow.latent(x)
        >>> bool(np.allclose(flow.configurations(z)[0], x, atol=1e-10)), log_q.shape
        (True, (3,))
    """

    architecture: Architecture
    parameters: tuple[Array, ...]
    mean: Array
    factor: Array
    history: Mapping[str, Array] = dataclasses.field(default_factory=dict)
    name: str = "flow"

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(map(_read_only, self.parameters)))
        d, found = self.dimension, [p.shape for p in self.parameters]
        if found != list(shapes(self.architecture)) or not all(np.isfinite(p).all() for p in self.parameters):
            raise ValueError(
                f"parameters: expected finite arrays of shapes {shapes(self.architecture)}, got {found!s:.200}"
            )
        with np.errstate(over="ignore", under="ignore"):
            m, L = self.mean, self.factor.astype(self.architecture.precision)
        fit = m.shape == (d,) and L.shape == (d, d) and np.isfinite(m).all() and np.isfinite(L).all()
        if not fit or np.triu(L, 1).any() or not (np.diag(L) > 0).all():
            raise ValueError(
                f"factor: expected a mean of {d} numbers and a lower triangular matrix with a positive diagonal, finite in "
                f"{L.dtype}, got shapes {m.shape} and {L.shape}; scale the coordinates"
            )
        object.__setattr__(self, "mean", frozen(self.mean))
        object.__setattr__(self, "factor", frozen(self.factor))
        history = {name: frozen(values) for name, values in self.history.items()}
        object.__setattr__(self, "history", MappingProxyType(history))

    def __repr__(self) -> str:
        a = self.architecture
        count = sum(leaf.size for leaf in self.parameters)
        return (
            f"Flow({self.name}: {len(a.masks)} {a.kind} layers, d = {a.dimension}, {count} parameters, {a.precision})"
        )

    @property
    def dimension(self) -> int:
        """Number of coordinates d."""
        return self.architecture.dimension

    def configurations(self, z: ArrayLike) -> tuple[Array, Array]:
        """Configurations x (n, d) of latent points z (n, d), and ln|∂x/∂z| (n,).

        Raises:
            ValueError: latent points of another dimension, or that are not finite.
        """
        y, log_det = self._mapped(rows("z", z, self.dimension), _configurations)
        return self.mean + y, log_det

    def latent(self, x: ArrayLike) -> tuple[Array, Array]:
        """Latent points z (n, d) of configurations x (n, d), and ln|∂z/∂x| (n,).

        Raises:
            ValueError: configurations of another dimension, or that are not finite.
        """
        return self._mapped(rows("x", x, self.dimension) - self.mean, _latent)

    def log_prob(self, x: ArrayLike) -> Array:
        """ln q(x) (n,) of configurations x (n, d), with q normalised.

        Raises:
            ValueError: as ``latent``.
        """
        z, log_det = self.latent(x)
        return log_normal(z) + log_det

    def sample(self, n: int, *, seed: int = 0) -> tuple[Array, Array]:
        """Independent draws x (n, d) and ln q(x) (n,).

        Args:
            n: number of draws.
            seed: of the latent points; the same one for two flows gives draws that are correlated.

        Raises:
            ValueError: no draws.
        """
        whole("n", n, 1, "draws")
        check_seed(seed)
        z = np.random.default_rng(seed).standard_normal((n, self.dimension))
        x, log_det = self.configurations(z)
        return x, log_normal(z) - log_det

    def _mapped(self, points: Array, direction: Any) -> tuple[Array, Array]:
        """All but the mean, which single precision would take digits from."""
        size, out = ROWS, [(np.empty((0, self.dimension)), np.empty(0))]
        with jax.enable_x64(self.architecture.precision == "float64"):
            for start in range(0, len(points), size):
                part = points[start : start + size]
                padded = np.concatenate([part, np.zeros((size - len(part), self.dimension))])
                given = (array.astype(self.architecture.precision) for array in (padded, self.factor))
                found = direction(structure(self.architecture), list(self.parameters), *given)
                x, log_det = (np.asarray(each, float)[: len(part)] for each in found)
                out.append((x, log_det))
        return np.concatenate([x for x, _ in out]), np.concatenate([log_det for _, log_det in out])


def rows(what: str, points: ArrayLike, dimension: int, least: int = 0) -> Array:
    """Points (n, d) as finite floats, at least so many.

    Raises:
        ValueError: another shape, or numbers that are not finite.
    """
    points = floats(what, points)
    if points.ndim != 2 or points.shape[1] != dimension or len(points) < least or not np.isfinite(points).all():
        raise ValueError(
            f"{what}: expected finite numbers of shape (n ≥ {least}, {dimension}), a row for each configuration, got shape "
            f"{points.shape} with {np.sum(~np.isfinite(points))} NaN or infinite"
        )
    return points


def log_normal(z: Array) -> Array:
    """ln of the standard normal density (n,) at points (n, d)."""
    return -0.5 * (z**2).sum(axis=1) - 0.5 * z.shape[1] * math.log(2 * math.pi)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    array = np.array(array)
    array.flags.writeable = False
    return array


@eqx.filter_jit
def _configurations(built: Any, parameters: Any, z: Any, factor: Any) -> Any:
    y, log_det = forward(built, parameters, z)
    return y @ factor.T, log_det + _log_volume(factor)


@eqx.filter_jit
def _latent(built: Any, parameters: Any, x: Any, factor: Any) -> Any:
    y = jax.scipy.linalg.solve_triangular(factor, x.T, lower=True).T
    z, log_det = backward(built, parameters, y)
    return z, log_det - _log_volume(factor)


def _log_volume(factor: Any) -> Any:
    return jax.numpy.log(jax.numpy.diag(factor)).sum()
