"""Is it a sample of the ensemble it is said to be: temperatures from positions and forces, and memory."""

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, Dataset
from ..units import BOLTZMANN


def virial_temperature(data: Dataset) -> tuple[Array, float, float]:
    """Configurational temperature of isolated clusters, k_B T = ⟨−Σ_i r_i·F_i⟩ / (3N − 3), r from the centre of mass.

    It holds for clusters sampled with the centre of mass fixed, without walls and without evaporation.

    Returns:
        (n,) K of each trajectory, their mean, and its standard error taken over trajectories.

    Raises:
        ValueError: a trajectory has no positions, or is periodic.
    """
    temperatures = []
    for t in data.values():
        if t.positions is None or (t.pbc is not None and t.pbc.any()):
            raise ValueError(
                f"trajectory {t.key!r}: expected positions of isolated clusters, got none or periodic ones"
            )
        starts = np.cumsum(t.n_atoms) - t.n_atoms
        centre = np.add.reduceat(t.positions, starts, axis=0) / t.n_atoms[:, None]
        r = t.positions - np.repeat(centre, t.n_atoms, axis=0)
        virial = -np.add.reduceat((r * t.forces.reshape(-1, 3)).sum(axis=1), starts)
        temperatures.append(np.mean(virial / (3 * t.n_atoms - 3)) / BOLTZMANN)
    T = np.array(temperatures)
    return T, float(T.mean()), float(T.std(ddof=1) / np.sqrt(len(T))) if len(T) > 1 else float("nan")


def configurational_temperature(squared_forces: ArrayLike, laplacians: ArrayLike) -> tuple[Array, float, float]:
    """Configurational temperature k_B T = ⟨|∇U|²⟩ / ⟨∇²U⟩, of clusters and of periodic systems alike.

    It fluctuates far less than the virial does, and needs the Laplacian of U; a mean over random vectors v = ±1 of
    v·(F(x − hv) − F(x + hv)) / 2h estimates it without bias from the potential's forces alone.

    Args:
        squared_forces: (n, M) |F|² of M configurations in each of n independent trajectories, eV²/Å².
        laplacians: (n, M) ∇²U of the same, eV/Å².

    Returns:
        (n,) K of each trajectory, that of all together, and its standard error taken over trajectories.

    Source: Rugh, Phys. Rev. Lett. 78, 772 (1997); Butler et al., J. Chem. Phys. 109, 6519 (1998).
    """
    F2, laplacian = np.atleast_2d(squared_forces).mean(axis=1), np.atleast_2d(laplacians).mean(axis=1)
    T = F2 / laplacian / BOLTZMANN
    together = float(F2.mean() / laplacian.mean() / BOLTZMANN)
    return T, together, float(T.std(ddof=1) / np.sqrt(len(T))) if len(T) > 1 else float("nan")


def autocorrelation_time(series: ArrayLike) -> float:
    """Integrated autocorrelation time ½ + Σ ρ(t) of equally long series, in steps.

    ρ is averaged over the series about their common mean, and summed to the first lag t ≥ 5τ (Sokal's window).

    Args:
        series: (n, M), one independent series a row.

    Returns:
        τ; M/(2τ) configurations of a series of length M count as independent.
    """
    x = np.atleast_2d(np.asarray(series, dtype=np.float64))
    x = x - x.mean()
    M = x.shape[1]
    spectrum = np.abs(np.fft.rfft(x, 2 * M, axis=1)) ** 2
    covariance = np.fft.irfft(spectrum, axis=1)[:, :M].mean(axis=0) / np.arange(M, 0, -1)
    if covariance[0] <= 0:
        return 0.5
    tau = np.cumsum(covariance / covariance[0]) - 0.5
    window = np.flatnonzero(np.arange(M) >= 5 * tau)
    return float(tau[window[0] if len(window) else -1])
