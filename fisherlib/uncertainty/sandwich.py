"""Error bars on θ from the scatter between trajectories."""

import numpy as np

from ..dataset import Array
from ..losses import fisher
from ..moments import Moments
from ..solvers import Solution
from ..units import beta
from .directions import directions


def sandwich(moments: Moments, fit: Solution, *, temperature: float | None = None) -> Array:
    """Covariance of θ_f when trajectories, not frames, are the independent draws.

    Cov = n/(n−1) A⁻¹ (Σ_t g_t g_tᵀ) A⁻¹ with the score g_t = β²(Φ_tᵀF_t − Φ_tᵀΦ_t θ) of each of n trajectories and
    A = Σ_t β²Φ_tᵀΦ_t. Frames of one trajectory may be as correlated as they like, and forces need not be fitted
    exactly. With few rows for many parameters the bars come out too small (by a third with 240 rows for 100 parameters).
    Directions that the fit left out have no variance here: they are not determined at all.

    Args:
        moments: that the fit was made from.
        fit: ``solve(fisher(moments, temperature))``.
        temperature: K; without it the trajectories' own.

    Returns:
        (K, K) in the units of θ squared.

    Raises:
        ValueError: fewer than two trajectories.

    Source: Liang and Zeger, Biometrika 73, 13 (1986), for clusters.
    """
    n = len(moments)
    if n < 2:
        raise ValueError("moments: expected at least 2 trajectories to see how they scatter, got 1")
    loss, M = fisher(moments, temperature), sum(r.configurations for r in moments.values())
    weights = [beta(r.temperature if temperature is None else temperature) ** 2 / M for r in moments.values()]
    scores = [w * (r.PhiF - r.PhiPhi @ fit.theta) for w, r in zip(weights, moments.values(), strict=True)]
    W = directions(loss, rank=fit.rank)
    influence = np.array(scores) @ W @ W.T
    return n / (n - 1) * influence.T @ influence
