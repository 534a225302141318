"""Duplicates: configurations and whole trajectories that occur twice."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import kind
from ..dataset import Dataset, Trajectory
from ..units import counted
from .verdict import Level, Verdict


def duplicates(data: Dataset) -> Verdict:
    """A warning if configurations occur twice; a failure if a whole trajectory is contained in another."""
    alike = _alike(data)
    twice, copies = len(alike) - int(alike.max()) - 1, _copied_trajectories(data, alike)
    level: Level = "ok"
    message = "no configuration occurs twice"
    if copies:
        level = "fail"
        more = f" and {len(copies) - 3} more" if len(copies) > 3 else ""
        named = ", ".join(f"{copy!r} of {original!r}" for copy, original in copies[:3])
        message = (
            f"whole trajectories are copies: {named}{more} ({twice} of {counted(len(alike), 'configuration')}): error bars, held-out "
            f"errors and averages are all wrong; drop one of {copies[0][1]!r} and {copies[0][0]!r}, "
            "or take diagnostics.without_copies(data)"
        )
    elif twice:
        level = "warn"
        copied = "is a copy of another: it counts" if twice == 1 else "are copies of others: they count"
        message = (
            f"{twice} of {counted(len(alike), 'configuration')} {copied} twice in every average, and error bars and held-out errors "
            "are too small as well; leave them out by diagnostics.without_copies(data)"
        )
    return Verdict(name="duplicates", level=level, message=message, value=float(twice), limits=(0.0, 0.0))


def without_copies(data: Dataset) -> Dataset:
    """The data without configurations that are copies of earlier ones (same energy, same descriptors).

    Trajectories that lose all configurations are dropped.

    Args:
        data: the configurations.

    Returns:
        A dataset; its ``provenance["copies"]`` maps each key to the numbers of the configurations left out (from 0).
        The data themselves if nothing occurs twice.

    Example:
        >>> import fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0], trajectories=1, configurations=4)["harmonic-0"]
        >>> again = fl.Trajectory(**{**vars(t.slice(0, 2)), "key": "again"})
        >>> kept = without_copies(fl.Dataset([t, again]))
        >>> list(kept), kept.provenance["copies"]
        (['harmonic-0'], {'again': [0, 1]})
    """
    kind("data", data, Dataset, "without_copies(io.read(path))")
    alike = _alike(data)
    first = np.zeros(len(alike), dtype=bool)
    first[np.unique(alike, return_index=True)[1]] = True
    each = np.split(first, np.cumsum([len(t) for t in data.values()])[:-1])
    copies = {t.key: np.flatnonzero(~keep).tolist() for t, keep in zip(data.values(), each, strict=True)}
    if not any(copies.values()):
        return data
    kept = [_marked(t, keep) for t, keep in zip(data.values(), each, strict=True) if keep.any()]
    left_out = {key: numbers for key, numbers in copies.items() if numbers}
    return Dataset(kept, provenance={**data.provenance, "copies": left_out})


def _alike(data: Dataset) -> NDArray[np.integer]:
    """(M,) a label of each configuration, equal for equal energy and descriptors."""
    rows = np.concatenate([np.column_stack([t.descriptors, np.nan_to_num(t.energies)]) for t in data.values()])
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def _marked(t: Trajectory, keep: NDArray[np.bool_]) -> Trajectory:
    """The marked configurations of a trajectory, put together from consecutive ones."""
    if keep.all():
        return t
    edges = np.flatnonzero(np.diff(np.r_[False, keep, False].astype(int))).reshape(-1, 2)
    runs = [t.slice(int(a), int(b)) for a, b in edges]
    names = [f.name for f in dataclasses.fields(t) if isinstance(getattr(t, f.name), np.ndarray)]
    arrays: dict[str, Any] = {name: np.concatenate([getattr(run, name) for run in runs]) for name in names}
    return dataclasses.replace(t, **arrays)


def _copied_trajectories(data: Dataset, alike: NDArray[np.integer]) -> list[tuple[str, str]]:
    """(copy, original) for each trajectory of at least two configurations that another one contains."""
    keys: list[str] = list(data)
    found: list[tuple[str, str]] = []
    labels = [set(part.tolist()) for part in np.split(alike, np.cumsum([len(t) for t in data.values()])[:-1])]
    holders: dict[
        int, list[int]
    ] = {}  # of each label, so that a trajectory is compared with those that share its rarest one
    for n, own in enumerate(labels):
        for label in own:
            holders.setdefault(label, []).append(n)
    for n, own in enumerate(labels):
        rarest = min((holders[label] for label in own), key=len)
        within = (m for m in rarest if m != n and own <= labels[m] and (m < n or own != labels[m]))
        if len(own) > 1 and (first := next(within, None)) is not None:
            found.append((keys[n], keys[first]))
    return found
