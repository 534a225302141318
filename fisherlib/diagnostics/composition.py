"""Atoms of each kind in each configuration, and whether their shares vary."""

import numpy as np

from ..dataset import Array, Dataset, Trajectory
from .verdict import Verdict

#: Shares that differ by less are the same.
ROUNDING = 1e-9


def counts_of_kinds(t: Trajectory, kinds: Array) -> Array:
    """(M, S) atoms of each of S kinds in each configuration."""
    starts = np.cumsum(t.n_atoms) - t.n_atoms
    return np.add.reduceat((t.species[:, None] == kinds).astype(float), starts, axis=0)


def composition(data: Dataset) -> list[Verdict]:
    """A warning for elements in varying proportions; nothing where there is one element, or none is known."""
    known = [t for t in data.values() if t.species is not None]
    if not known:
        return []
    kinds = np.unique(np.concatenate([np.unique(t.species) for t in known]))
    shares = np.concatenate([counts_of_kinds(t, kinds) / t.n_atoms[:, None] for t in known])
    spread = float(np.ptp(shares, axis=0).max())
    if spread <= ROUNDING:
        return []
    message = (
        f"the share of an element varies by up to {spread:.2g} between configurations, and energies have one offset for all "
        "elements: compare energies only within one composition; forces and θ_f do not depend on it"
    )
    return [Verdict(name="composition", level="warn", message=message, value=spread, limits=(0.0, ROUNDING))]
