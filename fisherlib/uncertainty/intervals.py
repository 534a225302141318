"""Confidence intervals by Student's t."""

from numbers import Real

from numpy.typing import ArrayLike
from scipy.special import stdtrit

from ..arguments import floats, kind
from ..dataset import Array

#: Fewest independent blocks for an interval; the scatter of fewer is too uncertain to hold its level.
FEWEST_BLOCKS = 10


def interval(
    estimate: ArrayLike,
    standard_error: ArrayLike,
    *,
    clusters: int,
    independent: float | None = None,
    level: float = 0.95,
) -> tuple[Array, Array]:
    """Confidence interval, estimate ± t standard errors, with Student's t of clusters − 1 degrees of freedom.

    Args:
        estimate: (...) in any unit.
        standard_error: (...) in the same unit, from the scatter between clusters (sandwich or jackknife).
        clusters: number of trajectories or blocks behind the standard error.
        independent: number of independent blocks in the data, e.g. ``independent_blocks(data, theta).independent``;
            the number of clusters by default.
        level: of confidence, between 0 and 1.

    Returns:
        Lower and upper end, (...) each.

    Raises:
        ValueError: fewer than 2 clusters, fewer than 10 independent blocks, a level outside (0, 1), or standard errors
            that are negative, NaN or not of the shape of the estimate.

    Source: Cameron and Miller, J. Hum. Resour. 50, 317 (2015), section VI, for t with clusters − 1.

    Example:
        >>> low, high = interval(5.0, 1.0, clusters=20)
        >>> round(float(low), 3), round(float(high), 3)
        (2.907, 7.093)
    """
    kind("clusters", clusters, Real, "interval(estimate, standard_error, clusters=12)")
    kind("level", level, Real, "interval(estimate, standard_error, clusters=12, level=0.95)")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}; 95 % is 0.95")
    if not clusters >= 2:
        raise ValueError(
            f"clusters: expected at least 2 to see how they scatter, got {clusters}; cut a long trajectory by "
            "data.blocks(number)"
        )
    if independent is None and clusters < FEWEST_BLOCKS:
        raise ValueError(
            f"clusters: expected at least {FEWEST_BLOCKS} for an interval that holds what it says, got {clusters}; add "
            "trajectories, or say by independent=independent_blocks(data, theta).independent how much they hold"
        )
    if independent is not None and not independent >= FEWEST_BLOCKS:
        raise ValueError(
            f"independent: expected at least {FEWEST_BLOCKS} independent blocks for an interval that holds what it says, "
            f"got {independent:.3g}; run longer, or add trajectories"
        )
    value, error = floats("estimate", estimate), floats("standard_error", standard_error)
    if error.ndim and value.ndim and error.shape != value.shape:
        raise ValueError(
            f"standard_error: expected shape {value.shape}, one for each estimate, got {error.shape}; from a "
            "covariance take the root of its diagonal"
        )
    if not (error >= 0).all():
        raise ValueError(f"standard_error: expected numbers ≥ 0, got {error[~(error >= 0)][0]:g}")
    half = stdtrit(clusters - 1, 0.5 + 0.5 * level) * error
    return value - half, value + half
