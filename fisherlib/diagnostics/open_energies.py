"""Energies that forces leave open, between volumes, compositions or groups, and what a mixture with KL makes of them."""

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from ..losses import energy, fisher, kl
from ..moments import MomentRecord
from ..solvers import solve
from .composition import shares_vary
from .verdict import Verdict

#: Volumes per atom that differ by less, relative to their mean, are the same.
SAME = 0.005
#: Energies of θ_f are open if it explains less of their variance, or if the mixture makes their error so many times smaller.
EXPLAINED, BETTER = 0.9, 3.0
#: An error below this, eV/atom, is none to speak of.
SMALL = 0.003
#: Weight of KL in the mixture, 1/Å².
WEIGHT = 0.1


def volumes_per_atom(t: Trajectory) -> Array | None:
    """(M,) Å³ of each configuration; None unless all are periodic in three directions."""
    if t.cell is None or t.pbc is None or not t.pbc.all():
        return None
    return np.abs(np.linalg.det(t.cell)) / t.n_atoms


def range_of_volumes(data: Dataset) -> tuple[float, float] | None:
    """The smallest and largest volume per atom of periodic trajectories; None if they are the same, or not known."""
    known = [v for t in data.values() if (v := volumes_per_atom(t)) is not None]
    if not known:
        return None
    low, high = min(float(v.min()) for v in known), max(float(v.max()) for v in known)
    return (low, high) if high - low > SAME * high else None


def volume_terms(t: Trajectory) -> Array:
    """(M, n) the energy of a volume in three terms, N (v − 1)ᵏ with v about 1, or no column if all volumes are the same."""
    v = volumes_per_atom(t)
    if v is None or np.ptp(v) <= SAME * v.max():
        return np.zeros((len(t), 0))
    return t.n_atoms[:, None] * (v / v.mean() - 1)[:, None] ** np.arange(1, 4)


def open_energies(data: Dataset, total: MomentRecord, theta: Array) -> list[Verdict]:
    """A warning with the errors of θ_f and of ``fisher + 0.1 kl`` if forces leave energies open; otherwise an empty list.

    Args:
        data: the configurations.
        total: their moments.
        theta: (K,) θ_f.
    """
    if not total.has_energies:
        return []
    loss, N = energy(total), total.rows / 3 / total.configurations
    if not (np.isfinite(loss.s) and loss.s > 0):
        return []
    left = max(2 * float(loss(theta)), 0.0)
    off, explained = left**0.5 / N, 1 - left / loss.s
    if off < SMALL:
        return []
    mixture = solve(fisher(total, 1.0) + WEIGHT * kl(total, 1.0)).theta
    mixed = max(2 * float(loss(mixture)), 0.0) ** 0.5 / N
    volumes = range_of_volumes(data)
    if off < BETTER * mixed and not (volumes and explained < EXPLAINED):
        return []
    why = "forces leave energies between groups of configurations open"
    if volumes:
        why = f"volumes differ ({volumes[0]:.4g} to {volumes[1]:.4g} Å³ an atom), and forces do not see volume"
    elif shares_vary(data):
        why = "compositions differ, and forces leave energies between them open"
    stress = " or the stress that the data have" if any(t.virials is not None for t in data.values()) else " or stress"
    message = (
        f"{why}: energies of θ_f are off by {1e3 * off:.3g} meV/atom ({(1 - explained) ** 0.5:.2g} times their spread), those of fisher + "
        f"{WEIGHT:g} kl by {1e3 * mixed:.3g}, and the force error goes from {_force_error(total, theta):.3g} to "
        f"{_force_error(total, mixture):.3g} eV/Å; add energies{stress} to the loss where energies matter"
    )
    return [Verdict(name="open energies", level="warn", message=message, value=1e3 * off, limits=(0.0, 1e3 * SMALL))]


def _force_error(total: MomentRecord, theta: Array) -> float:
    squared = total.FF - 2 * total.PhiF @ theta + theta @ total.PhiPhi @ theta
    return float(np.sqrt(np.maximum(squared, 0.0) / total.rows))
