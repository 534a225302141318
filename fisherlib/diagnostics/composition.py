"""The composition of configurations: atoms of each element, and whether their shares vary."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset
from ..moments import MomentRecord, free_offsets
from .verdict import Verdict

#: Shares that differ by less are the same.
ROUNDING = 1e-9


def counts_of_kinds(n_atoms: NDArray[np.integer], species: NDArray[np.integer], kinds: NDArray[np.integer]) -> Array:
    """(M, S) atoms of each of S elements in each of M configurations, from the elements of their atoms (ΣN,)."""
    starts = np.cumsum(n_atoms) - n_atoms
    return np.add.reduceat((species[:, None] == kinds).astype(float), starts, axis=0)


def shares_vary(data: Dataset) -> bool:
    """Whether the proportions of the elements vary between configurations; not if elements are unknown."""
    known = [(t.n_atoms, t.species) for t in data.values() if t.species is not None]
    if not known:
        return False
    kinds = np.unique(np.concatenate([np.unique(species) for _, species in known]))
    shares = np.concatenate([counts_of_kinds(N, species, kinds) / N[:, None] for N, species in known])
    return bool(np.ptp(shares, axis=0).max() > ROUNDING)


def composition(data: Dataset, total: MomentRecord) -> list[Verdict]:
    """A warning if compositions vary, but too little to determine an offset for each element; otherwise an empty list."""
    free = free_offsets(total) if shares_vary(data) else ()
    if not free:
        return []
    message = (
        f"compositions vary and do not determine the energy of an atom of each element: energies stay the same with {free[0]}"
        f"{f' and {len(free) - 1} more' if len(free) > 1 else ''}, and those of other compositions are open; add compositions"
    )
    return [Verdict(name="composition", level="warn", message=message, value=float(len(free)), limits=(0.0, 0.0))]
