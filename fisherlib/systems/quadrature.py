"""Exact integrals over targets of few dimensions."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, whole
from ..dataset import Array
from .target import Target, dimension_of

#: Most points of a grid: a GB or so of coordinates, energies and gradients.
MOST = 10_000_000

#: Share of the integral that the outermost cells of the grid may hold.
EDGE = 1e-6


def quadrature(target: Target, bounds: ArrayLike, *, points: int = 400) -> tuple[Array, Array]:
    """Midpoints of a grid over a box, and ln of exp(−u) times the area of a cell: a weighted sample of the target.

    The logarithm of the sum of the weights is ln Z, and functions of ``reweighting`` and of ``comparison`` take the points
    and weights as they take a sample. The error of the rule falls exponentially with the number of points for what is
    smooth, and as 1/points² where a state ends between two cells.

    Args:
        target: of one to three dimensions.
        bounds: (d, 2) lowest and highest value of each coordinate, such as ``target.bounds``.
        points: along each coordinate.

    Returns:
        x (points^d, d) and log_weights (points^d,); −∞ outside of a target that ends somewhere.

    Raises:
        TypeError: no target.
        ValueError: bounds of another shape, or so narrow that more than 1e-6 of the integral is in the outermost cells;
            too many points.

    Example:
        >>> from scipy.special import logsumexp
        >>> import fisherlib as fl
        >>> well = fl.systems.TiltedDoubleWell()
        >>> x, log_weights = quadrature(well, well.bounds)
        >>> round(float(logsumexp(log_weights)), 6)
        11.020467
    """
    d = dimension_of(target)
    box = floats("bounds", bounds)
    if box.shape != (d, 2) or not np.isfinite(box).all() or (box[:, 0] >= box[:, 1]).any():
        raise ValueError(f"bounds: expected {d} pairs of a lowest and a highest value, got {str(bounds):.60}")
    whole("points", points, 2, "points along each coordinate")
    if points**d > MOST:
        raise ValueError(
            f"points: expected at most {MOST} in all, got {points} for each of {d} coordinates; take fewer"
        )
    widths = (box[:, 1] - box[:, 0]) / points
    axes = box[:, :1] + widths[:, None] * (np.arange(points) + 0.5)
    grid = np.meshgrid(*axes, indexing="ij")
    x = np.stack(grid, axis=-1).reshape(-1, d)
    log_weights = -target.energy_and_gradient(x)[0] + np.log(widths).sum()
    if hasattr(target, "inside"):
        log_weights = np.where(target.inside(x), log_weights, -np.inf)
    _refuse_narrow(log_weights.reshape(d * (points,)), box)
    return x, log_weights


def _refuse_narrow(log_weights: Array, box: Array) -> None:
    """Refuses a box that cuts through the density."""
    if not np.isfinite(largest := log_weights.max()):
        raise ValueError(
            f"bounds: expected a box with some density and no NaN, got {largest} as the largest −u; move it"
        )
    shares = np.exp(log_weights - largest)
    for axis, sides in enumerate(box):
        for end, side in zip((0, -1), sides, strict=True):
            share = shares.take(end, axis=axis).sum() / shares.sum()
            if not share < EDGE:
                raise ValueError(
                    f"bounds: expected a box that holds the density, got {side:g} as an end of coordinate {axis}, where "
                    f"the outermost cells hold {share:.1g} of it; widen the box"
                )
