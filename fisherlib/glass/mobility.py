"""Clusters of mobile particles."""

import freud
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import flags, floats, positive
from .particles import inside, lengths


def mobile_clusters(
    positions: ArrayLike, mobile: ArrayLike, box: ArrayLike, *, reach: float = 1.4
) -> NDArray[np.int64]:
    """Clusters that mobile particles form: two belong together if a chain of near mobile particles joins them.

    Args:
        positions: (N, d) of one configuration, d = 2 or 3.
        mobile: (N,) whether a particle counts as mobile, such as the tenth with the largest propensities.
        box: (d,) side lengths, periodic; or one for all.
        reach: distance up to which two are near, below half the box; a first shell of neighbours ends near 1.4 σ.

    Returns:
        (N,) number of the cluster, 0 for the largest; −1 for particles that are not mobile.

    Raises:
        ValueError: shapes that do not fit, or a reach beyond half the box.

    Example:
        >>> x = [[0.1, 0.5], [5.9, 0.5], [3.0, 3.0], [0.9, 0.5]]
        >>> mobile_clusters(x, [True, True, True, False], [6.0, 6.0]).tolist()
        [0, 0, 1, -1]
    """
    x, moves = floats("positions", positions), flags("mobile", mobile)
    if x.ndim != 2 or x.shape[1] not in (2, 3):
        raise ValueError(f"positions: expected (particles, 2 or 3) finite numbers, got shape {x.shape}")
    if moves.shape != (len(x),):
        raise ValueError(f"mobile: expected {len(x)}, one for each particle, got shape {moves.shape}")
    L = lengths(box, x.shape[1])
    if positive("reach", reach) >= 0.5 * L.min():
        raise ValueError(f"reach: expected less than half the box, {0.5 * L.min():g}, got {reach:g}")
    labels = np.full(len(x), -1)
    if not moves.any():
        return labels
    space = freud.box.Box(*L, is2D=x.shape[1] == 2)
    points = np.pad(inside("positions", x, L)[moves], ((0, 0), (0, 3 - x.shape[1])))
    labels[moves] = freud.cluster.Cluster().compute((space, space.wrap(points)), neighbors={"r_max": reach}).cluster_idx
    sizes = np.bincount(labels[moves])
    labels[moves] = np.argsort(np.argsort(-sizes, kind="stable"))[labels[moves]]
    return labels
