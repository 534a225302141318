"""Parts of one trajectory put together again."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ...dataset import Trajectory

_ARRAYS = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
_OPTIONAL = ("site_descriptors", "species", "positions", "cell", "pbc")


def join(parts: Sequence[Trajectory]) -> Trajectory:
    """Parts of one key and temperature as one trajectory, in the order given.

    Raises:
        ValueError: other keys, temperatures or descriptors, or an array that only some have.
    """
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    for t in parts:
        if (t.key, t.temperature, t.descriptor_names) != (first.key, first.temperature, first.descriptor_names):
            raise ValueError(f"parts: expected one key, temperature and descriptor, got {first} and {t}")
    names = [name for name in _OPTIONAL if getattr(first, name) is not None]
    if any([name for name in _OPTIONAL if getattr(t, name) is not None] != names for t in parts):
        raise ValueError(f"parts of {first.key!r}: expected {', '.join(names) or 'no further arrays'} in all of them")
    arrays = {name: np.concatenate([getattr(t, name) for t in parts]) for name in (*_ARRAYS, *names)}
    return dataclasses.replace(first, **arrays)
