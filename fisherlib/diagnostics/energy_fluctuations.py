"""Fluctuations of the energy: their size compared with a harmonic crystal, and their drift."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, kind, numbers
from ..dataset import Array, Dataset
from ..units import beta


def canonical_ratio(
    energies: ArrayLike, n_atoms: ArrayLike, temperature: float, *, trajectory: ArrayLike | None = None
) -> float:
    """Fluctuation of the potential energy over that of a harmonic crystal, sd(E) / (√(3N/2) k_B T).

    In the canonical ensemble Var(U) = k_B T² C, where C is the potential part of the heat capacity. Equipartition gives
    a harmonic crystal C = 3N k_B/2 and the ratio 1. Simple liquids lie somewhat below 1, anharmonic solids and molten
    clusters somewhat above. A ratio far below 1 is not a sample at that temperature: a minimisation, copies of a frame,
    energies per atom, or a temperature that is far too high. A ratio far above 1 means several phases, a drift, or a
    temperature that is far too low. A run at constant energy is NOT detected: its ratio is √(1 − 3N k_B/2C_V), 0.71 for
    a harmonic crystal and always below 1.

    Args:
        energies: (M,) potential energies, eV, totals.
        n_atoms: (M,) atoms in each, or one number for all; if they vary, a fit linear in N is subtracted first, and N
            is their mean.
        temperature: T, K.
        trajectory: (M,) labels of the trajectories, each with its own mean; without them there is one trajectory.

    Returns:
        The ratio, without a unit.

    Raises:
        ValueError: too few configurations for a spread, numbers that are not finite, lengths that differ, or a
            temperature that is not positive.

    Source: Lebowitz, Percus, Verlet, Phys. Rev. 153, 250 (1967), for both ensembles; Allen and Tildesley, Computer
    Simulation of Liquids, section 2.5.

    Example:
        >>> import fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0], trajectories=1, configurations=2000)["harmonic-0"]
        >>> 0.95 < canonical_ratio(t.energies, t.n_atoms, 300.0) < 1.05
        True
    """
    ratio = ratio_if_any(energies, n_atoms, temperature, trajectory=trajectory)
    if np.isnan(ratio):
        M = len(np.asarray(energies))
        raise ValueError(f"energies: expected enough configurations to have a spread, got {M}; add configurations")
    return ratio


def ratio_if_any(
    energies: ArrayLike, n_atoms: ArrayLike, temperature: float, *, trajectory: ArrayLike | None = None
) -> float:
    """``canonical_ratio``, or NaN if there are too few configurations for a spread."""
    E = floats("energies", energies)
    if E.ndim != 1 or not np.isfinite(E).all():
        raise ValueError(f"energies: expected (M,) finite numbers, got {shown(E)}; leave out what is missing")
    N, labels = atoms(n_atoms, len(E)), np.zeros(len(E)) if trajectory is None else np.asarray(trajectory)
    if labels.shape != E.shape:
        raise ValueError(f"trajectory: expected {len(E)} labels, one an energy, got shape {labels.shape}")
    group = np.unique(labels, return_inverse=True)[1]
    x, dN = without_rounding(_within(E, group), E), _within(N, group)
    varies = bool(dN @ dN > 0)
    if varies:
        x = x - dN * (dN @ x) / (dN @ dN)
    free = len(x) - group.max(initial=0) - 1 - varies
    b = beta(temperature)
    return float(np.sqrt(x @ x / free) * b / np.sqrt(1.5 * N.mean())) if free > 0 else float("nan")


def atoms(n_atoms: ArrayLike, M: int) -> Array:
    """(M,) numbers of atoms of M configurations, given as M numbers or as one for all."""
    N = numbers("n_atoms", n_atoms)
    if N.shape not in ((), (1,), (M,)) or not (np.isfinite(N) & (N >= 1)).all():
        raise ValueError(
            f"n_atoms: expected {M} numbers ≥ 1, one a configuration, or one for all, got {shown(N)}; count the atoms of "
            "each configuration"
        )
    return np.broadcast_to(N, (M,))


def without_rounding(x: Array, values: Array) -> Array:
    """Differences x (M,) of ``values`` (M,), with zeros in place of rounding errors of the largest value."""
    return np.where(np.abs(x) > 1e-12 * np.abs(values).max(initial=0.0), x, 0.0)


def shown(values: Array) -> str:
    """The shape of an array, and its first number that is not finite (or its first number), for an error message."""
    strange = values[~np.isfinite(values)]
    return f"shape {values.shape}" + (
        f" with {strange[0]}" if len(strange) else f" such as {values.flat[0]:g}" if values.size else ""
    )


def _within(values: Array, group: NDArray[np.integer]) -> Array:
    """Values (M,) without the mean of their group."""
    return values - (np.bincount(group, values) / np.bincount(group))[group]


def drift(data: Dataset) -> tuple[float, float, Array]:
    """How far the energy moves from one end of a trajectory to the other: slope of a fitted line times its length.

    If the composition varies, terms linear in the numbers of atoms are part of the same fit. Trajectories of fewer than three configurations, or without
    energies, are left out.

    Args:
        data: each trajectory in the order of time.

    Returns:
        The mean over trajectories, eV; its standard error over trajectories, eV (NaN for one); and (n,) eV of each.

    Example:
        >>> import fisherlib as fl
        >>> mean, error, each = drift(fl.systems.harmonic([1.0, 2.0], trajectories=3))
        >>> abs(mean) < 5 * error, each.shape
        (True, (3,))
    """
    kind("data", data, Dataset, "drift(io.read(path))")
    found: list[float] = []
    for t in data.values():
        columns = [np.ones(len(t)), np.linspace(-0.5, 0.5, len(t))]
        n = t.composition(t.elements)
        columns += list((n - n.mean(axis=0)).T) if np.ptp(n, axis=0).any() else []
        if len(t) > len(columns) and len(t) > 2 and t.has_energies:
            x = without_rounding(t.energies - t.energies.mean(), t.energies)
            line = np.linalg.lstsq(np.column_stack(columns), x, rcond=None)[0]
            found.append(line[1])
    each = np.array(found)
    error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else float("nan")
    return float(each.mean()) if len(each) else float("nan"), error, each
