"""Names that columns of tables have in the field, and chemical symbols as atomic numbers."""

from collections.abc import Iterable

import numpy as np
from ase.data import atomic_numbers as _of_symbol
from numpy.typing import NDArray

NUMBERS = ("numbers", "atomic_numbers", "atomic_number", "Z")
SPECIES = ("species", "symbols", "symbol", "elements", "element")
POSITIONS = ("positions", "position", "coordinates", "coords")
BOX = ("cell", "lattice")
N_ATOMS = ("n_atoms", "natoms", "num_atoms", "NUMBER_OF_ATOMS")
#: What tells trajectories apart, and what tells the configurations of one apart.
KEYS = ("key", "trajectory", "walker", "group")
CONFIGURATIONS = ("configuration", "config", "frame", "snapshot", "structure", "image", "step")
#: Further entries by which simulations are told apart in a comment line.
RUNS = ("run", "config_type", "replica", "simulation", "traj", "traj_id")
#: Whole numbers of a configuration that many share, and that tell no trajectories apart.
PROPERTIES = ("charge", "total_charge", "spin", "multiplicity")
COMPONENTS = ("component", "axis", "direction")


def first(names: Iterable[str], found: Iterable[str]) -> str | None:
    """The first of ``names`` that is found."""
    found = set(found)
    return next((name for name in names if name in found), None)


def atomic_numbers(what: str, values: NDArray) -> NDArray[np.int64]:
    """Atomic numbers from themselves, as any kind of number, or from chemical symbols.

    Args:
        what: the column and its file, for the sentence.
        values: (n,) symbols or numbers.

    Raises:
        ValueError: something else; the sentence names the first.
    """
    if values.ndim == 1 and values.dtype.kind == "U":
        known = {str(s): _of_symbol.get(str(s), -1) for s in np.unique(values)}
        numbers = np.array([known[str(s)] for s in values], dtype=np.int64)
        good = numbers >= 0
    elif values.ndim == 1 and values.dtype.kind in "iuf":
        good = (values >= 0) & (values < 119) & (np.floor(values) == values)
        numbers = np.where(good, values, 0).astype(np.int64)
    else:
        raise ValueError(
            f"{what}: expected one element for each atom, got rows of shape {values.shape[1:]} and type {values.dtype}"
        )
    if not good.all():
        i = int(np.argmin(good))
        raise ValueError(
            f"{what}: expected chemical symbols or atomic numbers, got {values[i].item()!r:.20} at atom {i}"
        )
    return numbers
