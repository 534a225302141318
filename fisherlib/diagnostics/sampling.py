"""Is it a sample of the ensemble it is said to be: temperatures from positions and forces, and memory."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, numbers
from ..dataset import Array, Dataset, Trajectory
from ..units import BOLTZMANN, beta


def virial_temperature(data: Dataset) -> tuple[Array, float, float]:
    """Configurational temperature of isolated clusters, k_B T = ⟨−Σ_i r_i·F_i⟩ / (3N − 3), r from the centre of mass.

    It holds for clusters sampled with the centre of mass fixed, without walls and without evaporation.

    Returns:
        (n,) K of each trajectory, their mean, and its standard error taken over trajectories.

    Raises:
        ValueError: a trajectory has no positions, or is periodic.
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
    """Configurational temperature k_B T = ⟨|∇U|²⟩ / ⟨∇²U⟩, of clusters and of periodic systems alike.

    It fluctuates far less than the virial does, and needs the Laplacian of U; a mean over random vectors v = ±1 of
    v·(F(x − hv) − F(x + hv)) / 2h estimates it without bias from the potential's forces alone.

    Args:
        squared_forces: (n, M) |F|² of M configurations in each of n independent trajectories, eV²/Å².
        laplacians: (n, M) ∇²U of the same, eV/Å².

    Returns:
        (n,) K of each trajectory, that of all together, and its standard error taken over trajectories.

    Raises:
        ValueError: shapes that differ, numbers that are not finite, or a mean Laplacian that is not positive.

    Source: Rugh, Phys. Rev. Lett. 78, 772 (1997); Butler et al., J. Chem. Phys. 109, 6519 (1998).
    """
    F2, laplacian = (
        np.atleast_2d(floats(*x)) for x in (("squared_forces", squared_forces), ("laplacians", laplacians))
    )
    if F2.ndim != 2 or not F2.size or not np.isfinite(F2).all():
        raise ValueError(f"squared_forces: expected (n, M) finite numbers, got {_shown(F2)}; leave out what is missing")
    if laplacian.shape != F2.shape or not np.isfinite(laplacian).all():
        raise ValueError(
            f"laplacians: expected finite numbers of the same configurations as squared_forces, shape {F2.shape}, got "
            f"{_shown(laplacian)}; leave the same configurations out of both"
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


def canonical_ratio(
    energies: ArrayLike, n_atoms: ArrayLike, temperature: float, *, trajectory: ArrayLike | None = None
) -> float:
    """Fluctuation of the potential energy over that of a harmonic crystal, sd(E) / (√(3N/2) k_B T).

    In the canonical ensemble Var(U) = k_B T² C, C being the potential part of the heat capacity; equipartition gives
    the harmonic crystal C = 3N k_B/2 and the ratio 1. Simple liquids lie somewhat below, anharmonic solids and molten
    clusters somewhat above. A ratio far below 1 is no sample at that temperature: a minimisation, copies of a frame,
    energies per atom, or a temperature far too high. One far above has several phases or a drift in it, or a
    temperature far too low. A run at constant energy is NOT found out: its ratio is √(1 − 3N k_B/2C_V), 0.71 for a
    harmonic crystal and always below 1.

    Args:
        energies: (M,) potential energies, eV, totals.
        n_atoms: (M,) atoms in each, or one number for all; where they vary, a fit linear in N is taken out first, and
            N is their mean.
        temperature: T, K.
        trajectory: (M,) labels of the trajectories, each of which has its own mean; one trajectory without them.

    Raises:
        ValueError: too few configurations to have a spread, numbers that are not finite, lengths that differ, or the
            temperature is none.

    Source: Lebowitz, Percus, Verlet, Phys. Rev. 153, 250 (1967), for both ensembles; Allen and Tildesley, Computer
    Simulation of Liquids, section 2.5.
    """
    ratio = ratio_if_any(energies, n_atoms, temperature, trajectory=trajectory)
    if np.isnan(ratio):
        M = len(np.asarray(energies))
        raise ValueError(f"energies: expected enough configurations to have a spread, got {M}; add configurations")
    return ratio


def ratio_if_any(
    energies: ArrayLike, n_atoms: ArrayLike, temperature: float, *, trajectory: ArrayLike | None = None
) -> float:
    """``canonical_ratio``, and NaN where there are too few configurations for a spread."""
    E = floats("energies", energies)
    if E.ndim != 1 or not np.isfinite(E).all():
        raise ValueError(f"energies: expected (M,) finite numbers, got {_shown(E)}; leave out what is missing")
    N, labels = atoms(n_atoms, len(E)), np.zeros(len(E)) if trajectory is None else np.asarray(trajectory)
    if labels.shape != E.shape:
        raise ValueError(f"trajectory: expected {len(E)} labels, one an energy, got shape {labels.shape}")
    group = np.unique(labels, return_inverse=True)[1]
    E, dN = without_rounding(_within(E, group), E), _within(N, group)
    varies = bool(dN @ dN > 0)
    if varies:
        E = E - dN * (dN @ E) / (dN @ dN)
    free = len(E) - group.max(initial=0) - 1 - varies
    b = beta(temperature)
    return float(np.sqrt(E @ E / free) * b / np.sqrt(1.5 * N.mean())) if free > 0 else float("nan")


def atoms(n_atoms: ArrayLike, M: int) -> Array:
    """(M,) numbers of atoms of M configurations, from as many or one for all."""
    N = numbers("n_atoms", n_atoms)
    if N.shape not in ((), (1,), (M,)) or not (np.isfinite(N) & (N >= 1)).all():
        raise ValueError(
            f"n_atoms: expected {M} numbers ≥ 1, one a configuration, or one for all, got {_shown(N)}; count the atoms of "
            "each configuration"
        )
    return np.broadcast_to(N, (M,))


def without_rounding(x: Array, values: Array) -> Array:
    """What is left of values (M,), its entries that are rounding of the largest of them set to zero."""
    return np.where(np.abs(x) > 1e-12 * np.abs(values).max(initial=0.0), x, 0.0)


def _shown(values: Array) -> str:
    strange = values[~np.isfinite(values)]
    return f"shape {values.shape}" + (
        f" with {strange[0]}" if len(strange) else f" such as {values.flat[0]:g}" if values.size else ""
    )


def _within(values: Array, group: Array) -> Array:
    """Values (M,) without the mean of their group."""
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def drift(data: Dataset) -> tuple[float, float, Array]:
    """How far the energy moves from one end of a trajectory to the other: slope of a straight line times its length.

    The configurations of a trajectory are taken to be in the order of time. Where N varies, what is linear in N is
    taken out in the same fit. Trajectories of fewer than three configurations are left out.

    Returns:
        mean over trajectories, eV; its standard error over trajectories (NaN for one); (n,) eV of each.
    """
    kind("data", data, Dataset, "drift(io.read(path))")
    found = []
    for t in data.values():
        columns = [np.ones(len(t)), np.linspace(-0.5, 0.5, len(t))]
        columns += [t.n_atoms - t.n_atoms.mean()] if np.ptp(t.n_atoms) else []
        if len(t) > len(columns) and len(t) > 2:
            x = without_rounding(t.energies - t.energies.mean(), t.energies)
            line = np.linalg.lstsq(np.column_stack(columns), x, rcond=None)[0]
            found.append(line[1])
    each = np.array(found)
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
    return float(each.mean()) if len(each) else float("nan"), error, each


def autocorrelation_time(series: ArrayLike | Sequence[ArrayLike]) -> float:
    """Integrated autocorrelation time ½ + Σ ρ(t) of series, in steps.

    ρ is averaged over the series about their common mean, and summed to the first lag t ≥ 5τ (Sokal's window).

    Args:
        series: (n, M), one independent series a row, or n series of different lengths.

    Returns:
        τ; M/(2τ) configurations of a series of length M count as independent.

    Raises:
        ValueError: no series, an empty one, one of more dimensions, or numbers that are not finite.
    """
    kind("series", series, (Sequence, np.ndarray, Real), "autocorrelation_time(trajectory.energies)")
    several = hasattr(series, "__len__") and len(series) > 0 and np.ndim(series[0]) > 0
    rows = [floats("series", row) for row in (series if several else [series])]
    for n, row in enumerate(rows):
        if row.ndim != 1 or not row.size or not np.isfinite(row).all():
            raise ValueError(
                f"series: expected finite numbers, got {_shown(row)} in series {n}; leave out what is empty"
            )
    lengths, mean = np.array([len(row) for row in rows]), np.concatenate(rows).mean()
    M = int(lengths.max())
    x = np.stack([np.pad(row - mean, (0, M - len(row))) for row in rows])
    spectrum = np.abs(np.fft.rfft(x, 2 * M, axis=1)) ** 2
    pairs = np.maximum(lengths[:, None] - np.arange(M), 0).sum(axis=0)
    covariance = np.fft.irfft(spectrum, axis=1)[:, :M].sum(axis=0) / pairs
    if covariance[0] <= 0:
        return 0.5
    tau = np.cumsum(covariance / covariance[0]) - 0.5
    window = np.flatnonzero(np.arange(M) >= 5 * tau)
    return float(tau[window[0] if len(window) else -1])
