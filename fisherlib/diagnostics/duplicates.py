"""Configurations, and whole trajectories, that are there twice."""

import numpy as np

from ..dataset import Array, Dataset
from .verdict import Verdict


def duplicates(data: Dataset) -> Verdict:
    """Configurations that are there twice; a failure where a whole trajectory is in another."""
    rows = np.concatenate([np.column_stack([t.descriptors, t.energies]) for t in data.values()])
    alike = np.unique(rows, axis=0, return_inverse=True)[1].ravel()
    twice, copies = len(rows) - int(alike.max()) - 1, _copied_trajectories(data, alike)
    level, message = "ok", "no configuration is there twice"
    if copies:
        level, more = "fail", f" and {len(copies) - 3} more" if len(copies) > 3 else ""
        named = ", ".join(f"{copy!r} of {original!r}" for copy, original in copies[:3])
        message = (
            f"whole trajectories are copies: {named}{more} ({twice} of {len(rows)} configurations): error bars, held-out "
            f"errors and averages are all wrong; drop one of {copies[0][1]!r} and {copies[0][0]!r}"
        )
    elif twice:
        level = "warn"
        message = (
            f"{twice} of {len(rows)} configurations are copies of others: they count twice in every average, and error bars "
            "and held-out errors are too small as well; leave them out"
        )
    return Verdict(name="duplicates", level=level, message=message, value=float(twice))


def _copied_trajectories(data: Dataset, alike: Array) -> list[tuple[str, str]]:
    """(copy, original) of trajectories of at least two configurations, all of which are in another one."""
    keys, found = list(data), []
    labels = [set(part.tolist()) for part in np.split(alike, np.cumsum([len(t) for t in data.values()])[:-1])]
    for n, own in enumerate(labels):
        within = [m for m, all_of in enumerate(labels) if m != n and own <= all_of and (m < n or own != all_of)]
        if len(own) > 1 and within:
            found.append((keys[n], keys[within[0]]))
    return found
