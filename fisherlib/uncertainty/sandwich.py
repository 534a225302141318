"""Sandwich error bars on θ, from the scatter between trajectories."""

from collections.abc import Sequence

import numpy as np

from ..arguments import kind
from ..dataset import Array
from ..moments import MomentRecord, Moments, Offsets
from ..regression import Terms, common_temperature
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
    stress: float = 0.0,
) -> Array:
    """Covariance of a fit when trajectories, not frames, are the independent draws.

    Cov = n/(n−1) A⁻¹ (Σ_t g_t g_tᵀ) A⁻¹ with the score g_t = β²(Φ_tᵀF_t − Φ_tᵀΦ_t θ) of each of n trajectories and
    A = Σ_t β²Φ_tᵀΦ_t; additional terms of the loss are treated alike. Frames of one trajectory may be correlated in any
    way, and forces need not be fitted exactly. With few rows for many parameters the bars are too small (by a third with
    240 rows for 100 parameters). Directions that the fit left out have no variance here: they are undetermined. A ridge
    narrows the bars and adds a bias that they do not include.

    Args:
        moments: of the data used for the fit.
        fit: ``solve(Terms.of(moments, temperature).weighted(ridge=…, kl=…, energy=…))``; without weights
            ``solve(fisher(moments, temperature))``.
        temperature: K; the trajectories' own by default.
        ridge, kl, energy, stress: the weights used in the fit.

    Returns:
        (K, K) in the units of θ squared.

    Raises:
        ValueError: fewer than two trajectories, or a fit of another number of parameters.

    Source: Liang and Zeger, Biometrika 73, 13 (1986), for clusters.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.double_well(0.1, tilt=0.02))
        >>> errors = np.sqrt(np.diag(sandwich(moments, fl.solve(fl.fisher(moments)))))
        >>> errors.shape, bool(0 < errors[0] < 0.01)  # eV
        ((2,), True)
    """
    kind("moments", moments, Moments, "sandwich(accumulate(data), fit)")
    kind("fit", fit, Solution, "sandwich(moments, solve(fisher(moments)))")
    n = len(moments)
    if n < 2:
        raise ValueError("moments: expected at least 2 trajectories to see how they scatter, got 1")
    theta = parameters("fit.theta", fit.theta, moments.K)
    fit.check_of(moments)
    temperature = common_temperature(moments, temperature)
    loss = Terms.of(moments, temperature).weighted(ridge=ridge, kl=kl, energy=energy, stress=stress)
    own = [r.temperature if temperature is None else temperature for r in moments.values()]
    temperatures = [T for T in own if T is not None]  # all of them: an unknown one has no loss
    scores: Array = np.array(
        [beta(T) ** 2 * (r.PhiF - r.PhiPhi @ theta) for T, r in zip(temperatures, moments.values(), strict=True)]
    )
    if kl:
        scores = scores + kl * _of_variance(moments, theta, temperatures)
    if energy:
        scores = scores + energy * _of_energies(moments, theta)
    if stress:
        scores = scores + stress * _of_virials(moments, theta)
    scores = scores / sum(r.configurations for r in moments.values())
    W = directions(loss, rank=fit.rank)
    influence = (scores - scores.mean(axis=0)) @ W @ W.T  # the pull of the ridge is common to all
    return n / (n - 1) * influence.T @ influence


def _of_variance(moments: Moments, theta: Array, temperatures: Sequence[float]) -> Array:
    """(n, K) scores of β²/2 Σ (U − U_θ)², without the mean of each temperature and a trend linear in N."""
    scores = np.zeros((len(moments), len(theta)))
    for T in set(temperatures):
        members = [k for k, other in enumerate(temperatures) if other == T]
        records = [list(moments.values())[k] for k in members]
        total = moments.select([list(moments)[k] for k in members]).total()
        records = [record.over(total.elements) for record in records]
        scores[members] = beta(T) ** 2 * _scores(records, theta, Offsets.of(total, constant=True))
    return scores


def _of_virials(moments: Moments, theta: Array) -> Array:
    """(n, K) scores of ½ Σ |W − Ψθ|², times the number of configurations over that of those with virials."""
    scores, total = np.zeros((len(moments), len(theta))), 0
    for k, r in enumerate(moments.values()):
        if r.strain is not None:
            scores[k] = r.strain.PsiW - r.strain.PsiPsi @ theta
            total += r.strain.configurations
    return scores * (sum(r.configurations for r in moments.values()) / total)


def _of_energies(moments: Moments, theta: Array) -> Array:
    """(n, K) scores of ½ Σ (E − θ·D − Σ_s n_s e_s)² with the best offset e_s of each element."""
    total = moments.total()
    return _scores([record.over(total.elements) for record in moments.values()], theta, Offsets.of(total))


def _scores(records: Sequence[MomentRecord], theta: Array, offsets: Offsets) -> Array:
    """(n, K) Σ D̃ (Ẽ − θ·D̃) of each record, with what ``offsets`` leave of z = (D, E, n)."""
    K, slopes = len(theta), offsets.slopes
    v = np.r_[-theta, 1.0, np.zeros(len(slopes))]
    v[K + 1 :] = -slopes @ v  # the slopes of E − θ·D
    found = []
    for r in records:
        step = r.mean - offsets.centre
        y = r.scatter @ v + r.configurations * step * (step @ v)
        found.append(y[:K] - slopes[:, :K].T @ y[K + 1 :])
    return np.array(found)
