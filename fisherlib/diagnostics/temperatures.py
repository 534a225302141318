"""Temperatures from forces: by the virial of isolated clusters, and by the Laplacian of the energy."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset, Trajectory
from ..units import BOLTZMANN
from .energy_fluctuations import shown


def virial_temperature(data: Dataset) -> tuple[Array, float, float]:
    """Temperature of isolated clusters by the virial theorem, k_B T = ⟨−Σ_i r_i·F_i⟩ / (3N − 3), r from the centre.

    Valid for clusters sampled with a fixed centre of mass, without walls and without evaporation.

    Args:
        data: trajectories with positions.

    Returns:
        (n,) K of each trajectory, their mean, and its standard error over trajectories (NaN for one).

    Raises:
        ValueError: a trajectory without positions, or a periodic one.

    Example:
        >>> import dataclasses, fisherlib as fl
        >>> t = fl.systems.harmonic([1.0], n_atoms=2, trajectories=1, configurations=1)["harmonic-0"]
        >>> pulled = np.array([-1.0, 0, 0, 1.0, 0, 0])  # two atoms pulled together, −Σ r·F = 2 eV
        >>> t = dataclasses.replace(t, positions=np.array([[1.0, 0, 0], [-1.0, 0, 0]]), forces=pulled)
        >>> each, mean, error = virial_temperature(fl.Dataset([t]))
        >>> round(mean * fl.units.BOLTZMANN, 6)  # 2 eV / 3
        0.666667
    """
    kind("data", data, Dataset, "virial_temperature(io.read(path))")
    T = np.array([virial_temperatures(t).mean() for t in data.values()])
    return T, float(T.mean()), float(T.std(ddof=1) / np.sqrt(len(T))) if len(T) > 1 else float("nan")


def virial_temperatures(t: Trajectory) -> Array:
    """(M,) −Σ_i r_i·F_i / (3N − 3) k_B of each configuration, K."""
    if t.positions is None or (t.pbc is not None and t.pbc.any()):
        raise ValueError(f"trajectory {t.key!r}: expected positions of isolated clusters, got none or periodic ones")
    starts = np.cumsum(t.n_atoms) - t.n_atoms
    centre = np.add.reduceat(t.positions, starts, axis=0) / t.n_atoms[:, None]
    r = t.positions - np.repeat(centre, t.n_atoms, axis=0)
    virial = -np.add.reduceat((r * t.forces.reshape(-1, 3)).sum(axis=1), starts)
    return virial / (3 * t.n_atoms - 3) / BOLTZMANN


def configurational_temperature(squared_forces: ArrayLike, laplacians: ArrayLike) -> tuple[Array, float, float]:
    """Configurational temperature k_B T = ⟨|∇U|²⟩ / ⟨∇²U⟩, for clusters and for periodic systems.

    It fluctuates far less than the virial, but needs the Laplacian of U. The mean of v·(F(x − hv) − F(x + hv)) / 2h over
    random vectors v = ±1 estimates the Laplacian without bias from forces alone.

    Args:
        squared_forces: (n, M) |F|² of M configurations in each of n independent trajectories, eV²/Å².
        laplacians: (n, M) ∇²U of the same, eV/Å².

    Returns:
        (n,) K of each trajectory, K of all together, and its standard error over trajectories (NaN for one).

    Raises:
        ValueError: shapes that differ, numbers that are not finite, or a mean Laplacian that is not positive.

    Source: Rugh, Phys. Rev. Lett. 78, 772 (1997); Butler et al., J. Chem. Phys. 109, 6519 (1998).

    Example:
        >>> from fisherlib.units import BOLTZMANN
        >>> each, together, error = configurational_temperature([[0.9, 1.1], [1.0, 1.0]], np.full((2, 2), 10.0))
        >>> round(together * BOLTZMANN, 6)  # 1 eV²/Å² / 10 eV/Å²
        0.1
    """
    F2, laplacian = (
        np.atleast_2d(floats(*x)) for x in (("squared_forces", squared_forces), ("laplacians", laplacians))
    )
    if F2.ndim != 2 or not F2.size or not np.isfinite(F2).all():
        raise ValueError(f"squared_forces: expected (n, M) finite numbers, got {shown(F2)}; leave out what is missing")
    if laplacian.shape != F2.shape or not np.isfinite(laplacian).all():
        raise ValueError(
            f"laplacians: expected finite numbers of the same configurations as squared_forces, shape {F2.shape}, got "
            f"{shown(laplacian)}; leave the same configurations out of both"
        )
    F2, laplacian = F2.mean(axis=1), laplacian.mean(axis=1)
    if not (laplacian > 0).all():
        raise ValueError(
            f"laplacians: expected a positive mean in each trajectory, as in every sample, got {laplacian.min():.3g}; take "
            "∇²U itself, not −∇²U, and more configurations"
        )
    T = F2 / laplacian / BOLTZMANN
    together = float(F2.mean() / laplacian.mean() / BOLTZMANN)
    return T, together, float(T.std(ddof=1) / np.sqrt(len(T))) if len(T) > 1 else float("nan")
