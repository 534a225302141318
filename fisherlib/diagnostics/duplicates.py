"""Configurations, and whole trajectories, that are there twice."""

import dataclasses

import numpy as np

from ..arguments import kind
from ..dataset import Array, Dataset, Trajectory
from ..units import counted
from .verdict import Verdict


def duplicates(data: Dataset) -> Verdict:
    """Configurations that are there twice; a failure where a whole trajectory is in another."""
    alike = _alike(data)
    twice, copies = len(alike) - int(alike.max()) - 1, _copied_trajectories(data, alike)
    level, message = "ok", "no configuration is there twice"
    if copies:
        level, more = "fail", f" and {len(copies) - 3} more" if len(copies) > 3 else ""
        named = ", ".join(f"{copy!r} of {original!r}" for copy, original in copies[:3])
        message = (
            f"whole trajectories are copies: {named}{more} ({twice} of {counted(len(alike), 'configuration')}): error bars, held-out "
            f"errors and averages are all wrong; drop one of {copies[0][1]!r} and {copies[0][0]!r}, "
            "or take diagnostics.without_copies(data)"
        )
    elif twice:
        level = "warn"
        said = "is a copy of another: it counts" if twice == 1 else "are copies of others: they count"
        message = (
            f"{twice} of {counted(len(alike), 'configuration')} {said} twice in every average, and error bars and held-out errors "
            "are too small as well; leave them out by diagnostics.without_copies(data)"
        )
    return Verdict(name="duplicates", level=level, message=message, value=float(twice), limits=(0.0, 0.0))


def without_copies(data: Dataset) -> Dataset:
    """The data without the configurations that are copies of earlier ones, by their energy and descriptors.

    A trajectory of which nothing is left is gone.

    Returns:
        A dataset whose ``provenance["copies"]`` tells what was left out, key → numbers of configurations (from 0); the data
        themselves where nothing is there twice.
    """
    kind("data", data, Dataset, "without_copies(io.read(path))")
    alike = _alike(data)
    first = np.zeros(len(alike), dtype=bool)
    first[np.unique(alike, return_index=True)[1]] = True
    each = np.split(first, np.cumsum([len(t) for t in data.values()])[:-1])
    copies = {t.key: np.flatnonzero(~keep).tolist() for t, keep in zip(data.values(), each, strict=True)}
    if not any(copies.values()):
        return data
    kept = [_of(t, keep) for t, keep in zip(data.values(), each, strict=True) if keep.any()]
    told = {key: numbers for key, numbers in copies.items() if numbers}
    return Dataset(kept, provenance={**data.provenance, "copies": told})


def _alike(data: Dataset) -> Array:
    """(M,) a number for each configuration, the same for those with the same energy and descriptors."""
    rows = np.concatenate([np.column_stack([t.descriptors, t.energies]) for t in data.values()])
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def _of(t: Trajectory, keep: Array) -> Trajectory:
    """The configurations of a trajectory that are marked, from the runs of them."""
    if keep.all():
        return t
    edges = np.flatnonzero(np.diff(np.r_[False, keep, False].astype(int))).reshape(-1, 2)
    runs = [t.slice(int(a), int(b)) for a, b in edges]
    names = [f.name for f in dataclasses.fields(t) if isinstance(getattr(t, f.name), np.ndarray)]
    return dataclasses.replace(t, **{name: np.concatenate([getattr(run, name) for run in runs]) for name in names})


def _copied_trajectories(data: Dataset, alike: Array) -> list[tuple[str, str]]:
    """(copy, original) of trajectories of at least two configurations, all of which are in another one."""
    keys, found = list(data), []
    labels = [set(part.tolist()) for part in np.split(alike, np.cumsum([len(t) for t in data.values()])[:-1])]
    for n, own in enumerate(labels):
        within = [m for m, all_of in enumerate(labels) if m != n and own <= all_of and (m < n or own != all_of)]
        if len(own) > 1 and within:
            found.append((keys[n], keys[within[0]]))
    return found
