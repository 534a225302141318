"""The composition of configurations: atoms of each element, and whether their shares vary."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset
from .verdict import Verdict

#: Shares that differ by less are the same.
ROUNDING = 1e-9


def counts_of_kinds(n_atoms: NDArray[np.integer], species: NDArray[np.integer], kinds: NDArray[np.integer]) -> Array:
    """(M, S) atoms of each of S elements in each of M configurations, from the elements of their atoms (ΣN,)."""
    starts = np.cumsum(n_atoms) - n_atoms
    return np.add.reduceat((species[:, None] == kinds).astype(float), starts, axis=0)


def composition(data: Dataset) -> list[Verdict]:
    """A warning if the proportions of the elements vary; an empty list for one element or unknown ones."""
    known = [(t.n_atoms, t.species) for t in data.values() if t.species is not None]
    if not known:
        return []
    kinds = np.unique(np.concatenate([np.unique(species) for _, species in known]))
    shares = np.concatenate([counts_of_kinds(N, species, kinds) / N[:, None] for N, species in known])
    spread = float(np.ptp(shares, axis=0).max())
    if spread <= ROUNDING:
        return []
    message = (
        f"the share of an element varies by up to {spread:.2g} between configurations, and energies have one offset for all "
        "elements: compare energies only within one composition; forces and θ_f do not depend on it"
    )
    return [Verdict(name="composition", level="warn", message=message, value=spread, limits=(0.0, ROUNDING))]
