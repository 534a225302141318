"""Quick previews of losses on a plane, from few nodes and a sample of the residuals, with an estimate of their error."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from ..comparison import ks, wasserstein_1
from ..dataset import Array
from .projections import HUBER, Projection, coefficients

#: Chebyshev nodes per axis. The interpolation is compared with that from every second node.
NODES = 17
#: Parts of the sample. Their scatter gives the sampling error, and each fits into the processor's cache.
PARTS = 32
#: An exact surface that takes fewer seconds than this needs no preview.
MOMENT = 0.05


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Preview:
    """An approximate loss on a grid, and how far it may be from the exact one.

    Attributes:
        z: (m, n) loss at (x[i], y[j]).
        method_error: largest deviation expected from interpolation between nodes, in the unit of the loss.
        sampling_error: largest deviation expected from leaving residuals out, likewise; 0 if all are used.
        used, total: number of residuals: force components, or configurations.
    """

    z: Array
    method_error: float
    sampling_error: float
    used: int
    total: int

    @property
    def error(self) -> float:
        """Largest deviation expected from the exact surface, in the unit of the loss."""
        return self.method_error + self.sampling_error


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a loss of a linear potential is evaluated, and how it is previewed.

    Attributes:
        exact: the method of ``Projection``.
        loss: (residuals (p, k), which it may overwrite, truth (k,)) → (p,).
        most: number of residuals that are evaluated within a moment.
        seconds, power: an exact surface takes ``seconds`` per residual, times the points along an axis to this power.
        distance: between distributions of energies; not the mean of its values for parts of the data.
        energies: the residuals are those of energies, not of forces.
    """

    exact: Callable[..., Array]
    loss: Callable[[Array, Array], Array]
    most: int
    seconds: float
    power: int
    distance: bool = False
    energies: bool = False


def preview(projection: Projection, recipe: Recipe, x: Array, y: Array, *, seed: int = 0) -> Preview:
    """A loss on a grid, from 17 × 17 Chebyshev nodes and a sample of the residuals.

    The method error is 2½ times the largest deviation, at the nodes, of the interpolation from every second node. That
    covers a loss with kinks and is far too much for a smooth one. The sampling error is three standard errors, from the
    scatter among parts of the sample, at the node where they are largest, plus the bias of distances in small samples.

    Args:
        projection: of data on a plane.
        recipe: of the loss; thresholds are the default ones of ``Projection``.
        x, y: (n,) and (m,) axes of the grid.
        seed: of the sample.
    """
    vectors = _residuals(projection, recipe)
    chosen = _sample(vectors.shape[1], recipe.most, seed)
    truth = projection.reference[chosen] if recipe.energies else np.empty(len(chosen))
    nodes = chebyshev.chebpts2(NODES)
    axes = [0.5 * (axis.min() + axis.max()) + 0.5 * np.ptp(axis) * nodes for axis in (x, y)]
    left_out = 1.0 - len(chosen) / vectors.shape[1]
    values, scatter = _at_nodes(recipe, vectors[:, chosen], truth, axes, sampled=left_out > 0)
    coarse = _interpolated(values[::2, ::2], nodes, nodes)
    rounding = 1e-6 * np.abs(values).max()  # in single precision
    return Preview(
        z=_interpolated(values, *(2.0 * (axis - axis.min()) / np.ptp(axis) - 1.0 for axis in (x, y))),
        method_error=float(2.5 * np.abs(coarse - values).max() + rounding),
        sampling_error=float(np.sqrt(left_out) * scatter),
        used=len(chosen),
        total=vectors.shape[1],
    )


def worthwhile(projection: Projection, recipe: Recipe, n: int) -> bool:
    """Whether the exact loss on n × n points takes longer than a moment."""
    return recipe.seconds * _residuals(projection, recipe).shape[1] * n**recipe.power > MOMENT


def _residuals(projection: Projection, recipe: Recipe) -> Array:
    return projection.energies if recipe.energies else projection.forces


def _sample(total: int, most: int, seed: int) -> NDArray[np.integer]:
    """At most ``most`` of the numbers below ``total``, all equally likely: one out of every few neighbours.

    So every trajectory, and every stretch of it, has its share.
    """
    rng, stride = np.random.default_rng(seed), -(-total // most)
    strides = np.arange(total // stride)
    return (rng.integers(total) + stride * strides + rng.integers(stride, size=len(strides))) % total


def _at_nodes(recipe: Recipe, vectors: Array, truth: Array, axes: list[Array], *, sampled: bool) -> tuple[Array, float]:
    """(m, n) the loss of a sample at nodes, and its sampling error when far more is left out than taken."""
    count = min(PARTS, len(truth))
    if recipe.distance and not sampled:
        return _at_all(recipe, vectors, truth, axes), 0.0
    each = np.array([_at_all(recipe, vectors[:, k::count], truth[k::count], axes) for k in range(count)])
    mean = np.average(each, axis=0, weights=[len(truth[k::count]) for k in range(count)])
    if not sampled:
        return mean, 0.0
    whole = _at_all(recipe, vectors, truth, axes) if recipe.distance else mean
    # A bias falls at least like 1/√number, so that of the parts bounds that of the whole.
    bias = np.abs(mean - whole).max() / (np.sqrt(count) - 1.0)
    return whole, 3.0 * each.std(axis=0, ddof=1).max() / np.sqrt(count) + bias


def _at_all(recipe: Recipe, vectors: Array, truth: Array, axes: list[Array]) -> Array:
    """(m, n) the loss on a grid of any spacing, column by column, as skinny matrix products."""
    x, y = axes
    kind: type[np.floating] = np.float64 if recipe.distance else np.float32
    vectors, z = vectors.astype(kind), np.empty((len(y), len(x)))
    for i, u in enumerate(x):
        along_y = np.column_stack([np.ones(len(y)), np.full(len(y), u), y]).astype(kind)
        z[:, i] = recipe.loss(along_y @ vectors, truth)
    return z


def _interpolated(values: Array, x: Array, y: Array) -> Array:
    """(len(y), len(x)) a function on [−1, 1]², interpolated from its values at Chebyshev nodes."""
    return chebyshev.chebgrid2d(y, x, coefficients(chebyshev.chebpts2(len(values)), values))


def _absolute(r: Array, truth: Array) -> Array:
    return np.abs(r, out=r).mean(axis=1)


def _huber(r: Array, truth: Array) -> Array:
    np.abs(r, out=r)
    small = np.minimum(r, r.dtype.type(HUBER))
    r -= 0.5 * small
    return np.einsum("ij,ij->i", r, small) / r.shape[1]


def _log_cosh(r: Array, truth: Array) -> Array:
    # δ² ln cosh(r/δ) = δ|r| + δ² ln(1 + e^(−2|r|/δ)) − δ² ln 2
    size = np.abs(r, out=r).mean(axis=1)
    r *= -2.0 / HUBER
    np.exp(r, out=r)
    r += 1.0
    return HUBER * size + HUBER**2 * (np.log(r, out=r).mean(axis=1) - np.log(2.0))


def _ks(r: Array, truth: Array) -> Array:
    return ks(truth, truth - r)


def _wasserstein_1(r: Array, truth: Array) -> Array:
    return wasserstein_1(truth, truth - r)


FORCE_MAE = Recipe(exact=Projection.force_mae, loss=_absolute, most=100_000, seconds=8e-9, power=1)
FORCE_HUBER = Recipe(exact=Projection.force_huber, loss=_huber, most=60_000, seconds=2.5e-8, power=1)
FORCE_LOG_COSH = Recipe(exact=Projection.force_log_cosh, loss=_log_cosh, most=40_000, seconds=1e-6, power=0)
ENERGY_MAE = Recipe(exact=Projection.energy_mae, loss=_absolute, most=100_000, seconds=8e-9, power=1, energies=True)
_distance = functools.partial(Recipe, power=2, distance=True, energies=True)
ENERGY_KS = _distance(exact=Projection.energy_ks, loss=_ks, most=1_000, seconds=3.4e-8)
ENERGY_W1 = _distance(exact=Projection.energy_wasserstein_1, loss=_wasserstein_1, most=4_000, seconds=3.5e-9)
