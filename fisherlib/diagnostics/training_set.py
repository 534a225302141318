"""Training sets: structures of many kinds put together, which are no sample at a temperature."""

import numpy as np
from numpy.typing import NDArray

from ..dataset import Dataset, Trajectory
from ..units import counted
from .open_energies import volumes_per_atom
from .runs import likely_key
from .verdict import Verdict

#: Volumes per atom within this share of each other are one system: a run at constant pressure fluctuates by less.
BIN = 0.04
#: A set has at least so many systems, a set and a run at least so many structures, and this share of its structures in systems of fewer than ``RUN``.
SYSTEMS, STRUCTURES, SHARE, RUN = 3, 10, 0.25, 20


def training_set(data: Dataset) -> list[Verdict]:
    """A warning if the data are a training set, with few structures of each of many systems; otherwise an empty list.

    A system is a number of atoms, a composition and a volume. Systems of separate runs do not count, however many.

    Args:
        data: the configurations.
    """
    each = [_systems(t) for t in data.values()]
    mixed = np.concatenate([np.full(len(own), not _is_run(own)) for own in each])
    names, label, sizes = np.unique(np.concatenate(each), return_inverse=True, return_counts=True)
    few = mixed & (sizes[label] < RUN)
    least = SYSTEMS - bool(likely_key(data))  # labels within a trajectory tell the same
    if len(label) < STRUCTURES or len(names) < least or few.mean() < SHARE:
        return []
    message = (
        f"a training set of {counted(len(label), 'structure')} ({len(names)} sizes, compositions or volumes), not a sample at T: read "
        "θ_f as force matching; its temperature, drift, memory, populations and weights mean nothing"
        f"{likely_key(data) if len(data) == 1 else ''}"
    )
    return [
        Verdict(name="training set", level="warn", message=message, value=float(len(names)), limits=(0.0, least - 1.0))
    ]


def runs_within(data: Dataset) -> Dataset | None:
    """The trajectories of a training set that may be runs, of one system and one known temperature; None if there is none."""
    keys = [key for key, t in data.items() if t.temperature is not None and _is_run(_systems(t))]
    return data.select(keys) if keys else None


def _is_run(systems: NDArray[np.str_]) -> bool:
    return len(systems) >= STRUCTURES and len(set(systems)) == 1


def _systems(t: Trajectory) -> NDArray[np.str_]:
    """(M,) a name for the number of atoms, the composition and the volume of each configuration."""
    volumes = volumes_per_atom(t)
    bins = np.zeros(len(t)) if volumes is None else np.round(np.log(volumes) / BIN)
    cuts = np.cumsum(t.n_atoms)[:-1]
    kinds = [""] * len(t) if t.species is None else [str(np.bincount(Z).tolist()) for Z in np.split(t.species, cuts)]
    return np.array([f"{n} {kind} {v}" for n, kind, v in zip(t.n_atoms, kinds, bins, strict=True)])
