"""What may follow what: refusals of configurations that do not fit or would count twice, and parts of one trajectory joined."""

import dataclasses
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...dataset import Trajectory
from ...moments import fingerprints
from .header import Header
from .layout import SHARDS, Damaged
from .shard import Shard

#: In which the descriptors, ``ROUNDED``, are stored; all other arrays stay as they are.
Precision = Literal["float32", "float64"]
ROUNDED = ("force_descriptors", "site_descriptors")
#: Arrays of every trajectory, and those that only some have.
ARRAYS = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
OPTIONAL = ("site_descriptors", "species", "positions", "cell", "pbc", "virials", "strain_descriptors")
#: So many configurations in two trajectories are copies. One alone is not: walkers may begin alike.
SHARED = 2


def arrays_of(t: Trajectory) -> dict[str, np.ndarray]:
    """Those that a trajectory has, by name."""
    return {name: a for name in (*ARRAYS, *OPTIONAL) if (a := getattr(t, name)) is not None}


def refuse_descriptors(t: Trajectory, names: Sequence[str], database: str) -> None:
    """Refuses configurations whose descriptors are not those of a database.

    Raises:
        ValueError: other names.
    """
    if t.descriptor_names != tuple(names):
        pairs = zip(names, t.descriptor_names, strict=False)
        other = next((f"; the first that differs is {a!r}, here {b!r}" for a, b in pairs if a != b), "")
        raise ValueError(
            f"trajectory {t.key!r}: expected the K = {len(names)} descriptors of {database}, got K = {t.K}{other}"
        )


def refuse_precision(t: Trajectory, precision: Precision) -> None:
    """Refuses configurations with descriptors that single precision cannot hold.

    Raises:
        ValueError: some are too large, or so small that nothing would be left of them.
    """
    limits = np.finfo(precision)
    for name, values in arrays_of(t).items():
        if name not in ROUNDED or values.dtype.itemsize <= limits.dtype.itemsize:
            continue
        size = np.maximum(values.max(axis=0), -values.min(axis=0))
        lost = (size > limits.max) | ((size > 0) & (size < limits.tiny))
        if lost.any():
            raise ValueError(
                f"{name} of trajectory {t.key!r}: expected numbers that float32 holds, got {size[lost][0]:.2g} in descriptor "
                f"{t.descriptor_names[int(lost.argmax())]!r}; take precision='float64'"
            )


def refuse_unlike(t: Trajectory, temperature: float | None, arrays: Container[str]) -> None:
    """Refuses configurations that cannot follow others of their trajectory, of this temperature (K) with these arrays.

    Raises:
        ValueError: another temperature, or an optional array that only one of the two has.
    """
    there = "as in what is there of it"
    if t.temperature != temperature:
        raise ValueError(
            f"temperature of trajectory {t.key!r}: expected {temperature} K {there}, got {t.temperature}; take another key"
        )
    for name in OPTIONAL:
        if (getattr(t, name) is None) != (name not in arrays):
            wanted, got = ("them", "none") if name in arrays else ("none", "some")
            raise ValueError(f"{name} of trajectory {t.key!r}: expected {wanted} {there}, got {got}; take another key")


def join(parts: Sequence[Trajectory]) -> Trajectory:
    """Parts of one key and temperature as one trajectory, in the order given.

    Raises:
        ValueError: other keys, temperatures or descriptors, or an array that only some have.
    """
    if len(parts) == 1:
        return parts[0]
    first, found = parts[0], [arrays_of(t) for t in parts]
    for t, arrays in zip(parts, found, strict=True):
        if (t.key, t.temperature, t.descriptor_names) != (first.key, first.temperature, first.descriptor_names):
            raise ValueError(f"parts: expected one key, temperature and descriptor, got {first} and {t}")
        if arrays.keys() != found[0].keys():
            raise ValueError(f"parts of {first.key!r}: expected {', '.join(found[0])} in all of them")
    joined: dict[str, Any] = {name: np.concatenate([arrays[name] for arrays in found]) for name in found[0]}
    return dataclasses.replace(first, **joined)


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
        How many the worst pair of trajectories shares, and the places of one and of its copy; None where there are none.
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
