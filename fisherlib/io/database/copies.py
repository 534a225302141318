"""Configurations that would count twice, in whatever shards they are and under whatever key."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...dataset import Trajectory
from ...moments import fingerprints
from .header import Header
from .layout import SHARDS, Damaged
from .shard import Shard

#: So many configurations in two trajectories are copies. One alone is not: walkers may begin alike.
SHARED = 2


def known_fingerprints(folder: Path, shards: Sequence[Header]) -> NDArray[np.uint64]:
    """Fingerprints of all configurations, in the order of the shards."""
    found = [np.empty(0, np.uint64)]
    for h in shards:
        with Shard(folder / SHARDS / h.name, h.digest) as shard:
            found.append(shard.array("fingerprints"))
    return np.concatenate(found)


def repeats(
    prints: NDArray[np.uint64], owner: NDArray[np.integer], number: NDArray[np.integer]
) -> tuple[int, int, int] | None:
    """Finds configurations that a trajectory repeats from another one or from itself.

    A configuration that follows itself, as after a rejected Monte Carlo step, does not count. Neither does a single
    configuration that two trajectories share.

    Args:
        prints, owner, number: fingerprint of each configuration, number of its trajectory, and its number there.

    Returns:
        How many the worst pair of trajectories shares, with the places of one and of its copy; None where nothing is repeated.
    """
    order = np.argsort(prints, kind="stable")
    a, b = order[:-1], order[1:]
    twice = (prints[a] == prints[b]) & ~((owner[a] == owner[b]) & (number[b] - number[a] == 1))
    a, b = a[twice], b[twice]
    if len(a) == 0:
        return None
    pair, count = np.unique(np.stack([owner[a], owner[b]]), axis=1, return_inverse=True, return_counts=True)[1:]
    most = int(count.argmax())
    of_most = np.flatnonzero(pair.ravel() == most)
    first = of_most[b[of_most].argmin()]
    return (int(count[most]), int(a[first]), int(b[first])) if count[most] >= SHARED else None


def refuse_repeats(known: NDArray[np.uint64], t: Trajectory) -> None:
    """Refuses configurations that are to follow those with these fingerprints and are among them.

    Raises:
        ValueError: they would count twice.
    """
    prints = np.concatenate([known, fingerprints(t)])
    found = repeats(prints, np.zeros(len(prints), int), np.arange(len(prints)))
    if found is None and len(t) == 1 and len(known) and known[-1] != prints[-1]:
        where = np.flatnonzero(known == prints[-1])
        found = (1, int(where[0]), len(known)) if len(where) else None
    if found is not None:
        n, first, second = found
        raise ValueError(
            f"trajectory {t.key!r}: expected configurations that are not in it yet, got {n} again (number {second} is number "
            f"{first}); they would count twice. After a restart go on behind the last one that was written; copies within "
            "data are left out by diagnostics.without_copies"
        )


def refuse_copies(folder: Path, shards: Sequence[Header]) -> None:
    """Refuses shards, by trajectory and configuration, in which configurations occur twice.

    Raises:
        Damaged: they would count twice.
    """
    keys = list(dict.fromkeys(h.key for h in shards))
    M = [h.configurations for h in shards]
    owner = np.repeat([keys.index(h.key) for h in shards], M).astype(int)
    number = np.concatenate([np.empty(0, int), *(h.first + np.arange(m) for h, m in zip(shards, M, strict=True))])
    found = repeats(known_fingerprints(folder, shards), owner, number)
    if found is not None:
        n, a, b = found
        raise Damaged(
            f"{folder}: {n} configurations of {keys[owner[b]]!r} (number {number[b]} …) are those of {keys[owner[a]]!r} (number "
            f"{number[a]} …) again and would count twice. Leave one trajectory out by keys=, or take it out for good: "
            f"`python -m fisherlib.io.database retract`"
        )
