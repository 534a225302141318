"""Trajectories cut by the number of atoms, so that weights of energies per atom are exact."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arguments import kind
from ..dataset import Dataset, Trajectory


def by_size(data: Dataset) -> Dataset:
    """The same configurations with a trajectory for each size, so that weights of energies per atom are exact.

    A trajectory whose configurations differ in size becomes several, "surface/36" and "surface/48" for 36 and 48 atoms, all
    of which take the line "surface" of a table.

    Args:
        data: whose trajectories may be of several sizes.

    Raises:
        TypeError: anything but a dataset.

    Example:
        >>> import fisherlib as fl
        >>> list(by_size(fl.systems.harmonic([1.0, 2.0], trajectories=2)))
        ['harmonic-0', 'harmonic-1']
    """
    kind("data", data, Dataset, "regression.by_size(io.read(path))")
    return Dataset([part for t in data.values() for part in _sizes(t)], provenance=data.provenance)


def _sizes(t: Trajectory) -> list[Trajectory]:
    sizes = np.unique(t.n_atoms).tolist()
    if len(sizes) == 1:
        return [t]
    bounds = [0, *(np.flatnonzero(np.diff(t.n_atoms)) + 1).tolist(), len(t)]
    runs = [t.slice(a, b) for a, b in itertools.pairwise(bounds)]
    return [_joined(f"{t.key}/{N}", [run for run in runs if run.n_atoms[0] == N]) for N in sizes]


def _joined(key: str, runs: Sequence[Trajectory]) -> Trajectory:
    """Runs of configurations, one after the other, as one trajectory."""
    names = [f.name for f in dataclasses.fields(Trajectory) if isinstance(getattr(runs[0], f.name), np.ndarray)]
    arrays: dict[str, Any] = {name: np.concatenate([getattr(run, name) for run in runs]) for name in names}
    return dataclasses.replace(runs[0], key=key, **arrays)
