"""How often intervals of nominally 95 % hold the true θ_f, on correlated trajectories of a system that the model misses."""

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import norm

import fisherlib as fl
from fisherlib import uncertainty

REPEATS = 200
CLUSTERS = (10, 20, 35)
K = 3
#: AR(1) coefficient: τ = (1 + φ)/(2(1 − φ)) = 20 frames.
MEMORY = 39 / 41
#: Share of the variance of Φ and of the noise that a trajectory keeps to its end.
SHIFT = 0.1
MISFIT, WAVE = 1.0, 2.0


def chains(rng: np.random.Generator, clusters: int, frames: int, columns: int) -> NDArray:
    """(clusters, frames, columns) stationary Gaussian chains of unit variance, about a shift that each keeps."""
    start = rng.normal(size=(clusters, 1, columns))
    steps = np.sqrt(1 - MEMORY**2) * rng.normal(size=(clusters, frames - 1, columns))
    moving = lfilter([1.0], [1.0, -MEMORY], np.concatenate([start, steps], axis=1), axis=1)
    return np.sqrt(1 - SHIFT) * moving + np.sqrt(SHIFT) * rng.normal(size=(clusters, 1, columns))


def toy(rng: np.random.Generator, clusters: int, frames: int) -> tuple[fl.Dataset, NDArray]:
    """Data of one atom a frame, and the θ_f of infinitely many of them.

    F = Φθ + a sin(wφ₀) + e, the noise e as correlated as Φ and larger where φ₁ is. Since φ₀ is normal,
    ⟨φ₀ sin(wφ₀)⟩ = w exp(−w²/2), by which the misfit moves the first parameter.
    """
    theta = rng.normal(size=K)
    x = chains(rng, clusters, frames, 3 * K).reshape(clusters, 3 * frames, K)
    noise = chains(rng, clusters, frames, 3).reshape(clusters, 3 * frames)
    F = x @ theta + MISFIT * np.sin(WAVE * x[..., 0]) + 0.3 * (0.5 + x[..., 1] ** 2) * noise
    made = [
        fl.Trajectory(
            key=str(t),
            temperature=300.0,
            n_atoms=np.ones(frames, dtype=int),
            energies=np.zeros(frames),
            descriptors=np.zeros((frames, K)),
            forces=F[t],
            force_descriptors=x[t],
        )
        for t in range(clusters)
    ]
    theta[0] += MISFIT * WAVE * np.exp(-0.5 * WAVE**2)
    return fl.Dataset(made), theta


def halves(data: fl.Dataset, *, refits: bool) -> tuple[NDArray, dict[str, NDArray]]:
    """θ_f, and the half widths of its 95 % intervals by each formula; the jackknife, which takes longest, with refits."""
    moments, n = fl.accumulate(data), len(data)
    fit = fl.solve(fl.fisher(moments))
    total = moments.total()
    bread = np.linalg.solve(total.PhiPhi, np.eye(K))
    variance = (total.FF - total.PhiF @ fit.theta) / (total.rows - K)
    psi = uncertainty.scores(data, fit.theta)
    sandwich = np.sqrt(np.diag(uncertainty.sandwich(moments, fit)))
    normal = norm.ppf(0.975)
    widths = {
        "sandwich over trajectories, t": uncertainty.interval(0.0, sandwich, clusters=n)[1],
        "sandwich over trajectories, normal": normal * sandwich,
        "sandwich over frames, normal": normal * np.sqrt(np.diag(bread @ psi.T @ psi @ bread)),
        "σ²(ΦᵀΦ)⁻¹, normal": normal * np.sqrt(variance * np.diag(bread)),
    }
    if refits:
        without = uncertainty.jackknife(moments, lambda m: fl.solve(fl.fisher(m)).theta)
        error = uncertainty.standard_error(without)
        widths["jackknife over trajectories, t"] = uncertainty.interval(0.0, error, clusters=n)[1]
    return fit.theta, widths


def coverage(
    clusters: int, *, repeats: int = REPEATS, frames: int = 300, seed: int = 0, refits: bool = True
) -> dict[str, float]:
    """Share of intervals that hold the true parameter, over all repeats and parameters, by formula."""
    rng = np.random.default_rng(seed)
    held: dict[str, list[NDArray]] = {}
    for _ in range(repeats):
        data, truth = toy(rng, clusters, frames)
        theta, widths = halves(data, refits=refits)
        for name, half in widths.items():
            held.setdefault(name, []).append(np.abs(theta - truth) <= half)
    return {name: float(np.mean(values)) for name, values in held.items()}


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else REPEATS
    found = {n: coverage(n, repeats=repeats, seed=n) for n in CLUSTERS}
    print(f"coverage of nominal 95 % intervals, {repeats} repeats, {K} parameters, 300 frames a trajectory")
    print(f"{'trajectories':36}" + "".join(f"{n:>8}" for n in CLUSTERS))
    for name in found[CLUSTERS[0]]:
        print(f"{name:36}" + "".join(f"{found[n][name]:8.1%}" for n in CLUSTERS))
