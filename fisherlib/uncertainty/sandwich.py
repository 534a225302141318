"""Error bars on θ from the scatter between trajectories."""

from collections.abc import Sequence

import numpy as np

from ..arguments import kind
from ..dataset import Array
from ..moments import MomentRecord, Moments
from ..regression import Terms
from ..regression.ridge import parameters
from ..solvers import Solution
from ..units import beta
from .directions import directions


def sandwich(
    moments: Moments,
    fit: Solution,
    *,
    temperature: float | None = None,
    ridge: float = 0.0,
    kl: float = 0.0,
    energy: float = 0.0,
) -> Array:
    """Covariance of a fit when trajectories, not frames, are the independent draws.

    Cov = n/(n−1) A⁻¹ (Σ_t g_t g_tᵀ) A⁻¹ with the score g_t = β²(Φ_tᵀF_t − Φ_tᵀΦ_t θ) of each of n trajectories and
    A = Σ_t β²Φ_tᵀΦ_t, and likewise with the terms that are added to the Fisher divergence. Frames of one trajectory may
    be as correlated as they like, and forces need not be fitted exactly. With few rows for many parameters the bars come
    out too small (by a third with 240 rows for 100 parameters). Directions that the fit left out have no variance here:
    they are not determined at all. A ridge narrows the bars and adds a bias that they do not hold.

    Args:
        moments: that the fit was made from.
        fit: ``solve(Terms.of(moments, temperature).weighted(ridge=…, kl=…, energy=…))``; without weights
            ``solve(fisher(moments, temperature))``.
        temperature: K; without it the trajectories' own.
        ridge, kl, energy: the weights that the fit was made with.

    Returns:
        (K, K) in the units of θ squared.

    Raises:
        ValueError: fewer than two trajectories, or a fit of another number of parameters.

    Source: Liang and Zeger, Biometrika 73, 13 (1986), for clusters.
    """
    kind("moments", moments, Moments, "sandwich(accumulate(data), fit)")
    kind("fit", fit, Solution, "sandwich(moments, solve(fisher(moments)))")
    n = len(moments)
    if n < 2:
        raise ValueError("moments: expected at least 2 trajectories to see how they scatter, got 1")
    theta = parameters("fit.theta", fit.theta, moments.K)
    fit.check_of(moments)
    loss = Terms.of(moments, temperature).weighted(ridge=ridge, kl=kl, energy=energy)
    temperatures = [r.temperature if temperature is None else temperature for r in moments.values()]
    scores = np.array(
        [beta(T) ** 2 * (r.PhiF - r.PhiPhi @ theta) for T, r in zip(temperatures, moments.values(), strict=True)]
    )
    if kl:
        scores += kl * _of_variance(moments, theta, temperatures)
    if energy:
        scores += energy * _of_energies(list(moments.values()), theta)
    scores /= sum(r.configurations for r in moments.values())
    W = directions(loss, rank=fit.rank)
    influence = (scores - scores.mean(axis=0)) @ W @ W.T  # what the ridge holds against them is shared by all
    return n / (n - 1) * influence.T @ influence


def _of_variance(moments: Moments, theta: Array, temperatures: Sequence[float]) -> Array:
    """(n, K) scores of β²/2 Σ (U − U_θ)², the mean of each temperature and what is linear in N taken out."""
    scores = np.zeros((len(moments), len(theta)))
    for T in set(temperatures):
        members = [k for k, other in enumerate(temperatures) if other == T]
        records = [list(moments.values())[k] for k in members]
        total = moments.select([list(moments)[k] for k in members]).total()
        N = total.scatter[-1]
        slopes = N / N[-1] if N[-1] > 0 else np.zeros(len(N))
        scores[members] = beta(T) ** 2 * _scores(records, theta, total.mean, slopes)
    return scores


def _of_energies(records: Sequence[MomentRecord], theta: Array) -> Array:
    """(n, K) scores of ½ Σ (E − θ·D − N e0)², e0 being the best offset per atom."""
    N = sum(r.scatter[-1] + r.configurations * r.mean * r.mean[-1] for r in records)
    return _scores(records, theta, np.zeros(len(N)), N / N[-1])


def _scores(records: Sequence[MomentRecord], theta: Array, centre: Array, slopes: Array) -> Array:
    """(n, K) Σ D̃ (Ẽ − θ·D̃) of each record, z̃ = z − centre − slopes (N − centre of N) for z = (D, E, N)."""
    K = len(theta)
    v = np.r_[-theta, 1.0, 0.0]
    v[-1] = -slopes @ v  # the slope of E − θ·D
    found = []
    for r in records:
        step = r.mean - centre
        y = r.scatter @ v + r.configurations * step * (step @ v)
        found.append(y[:K] - slopes[:K] * y[-1])
    return np.array(found)
