"""Volumes of configurations: whether they differ, which forces do not see, and the energies of θ_f across them."""

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from .verdict import Verdict

#: Volumes per atom that differ by less, relative to their mean, are the same.
SAME = 0.005
#: Energies across volumes are well described if so much of their variance is explained.
EXPLAINED = 0.9


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
    """(M, n) N v, N v² and N v³ of each configuration, with v about 1, or no column: the energy of a volume, by its atoms."""
    v = volumes_per_atom(t)
    if v is None or np.ptp(v) <= SAME * v.max():
        return np.zeros((len(t), 0))
    return t.n_atoms[:, None] * (v / v.mean() - 1)[:, None] ** np.arange(1, 4)


def across_volumes(data: Dataset, explained: float) -> list[Verdict]:
    """A warning if volumes differ and θ_f·D explains little of the variance of energies; otherwise an empty list.

    Args:
        data: the configurations.
        explained: share of the variance of energies that θ_f·D explains, at most 1.
    """
    found = range_of_volumes(data)
    if found is None or explained >= EXPLAINED:
        return []
    has = any(getattr(t, "virials", None) is not None for t in data.values())
    add = "the stress that the data have, or energies," if has else "stress or energies"
    message = (
        f"volumes differ ({found[0]:.4g} to {found[1]:.4g} Å³ an atom), and forces do not see volume: energies of θ_f "
        f"are off by {(1 - explained) ** 0.5:.2g} times their spread; add {add} to the loss (fisher + 0.1 kl)"
    )
    return [Verdict(name="volumes", level="warn", message=message, value=explained, limits=(EXPLAINED, np.inf))]

