"""Parts of one trajectory, joined."""

import dataclasses
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from ...dataset import Trajectory

#: Arrays of every trajectory, and those that only some have.
ARRAYS = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
OPTIONAL = ("site_descriptors", "species", "positions", "cell", "pbc")


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


def refuse_unlike(t: Trajectory, temperature: float | None, arrays: Container[str]) -> None:
    """Refuses configurations that cannot follow others of their trajectory.

    Args:
        t: the configurations.
        temperature: K, of the others.
        arrays: names of the arrays that the others have.

    Raises:
        ValueError: another temperature, or an optional array that only one of the two has.
    """
    if t.temperature != temperature:
        raise ValueError(
            f"temperature of trajectory {t.key!r}: expected {temperature} K as in what is there of it, got "
            f"{t.temperature}; take another key"
        )
    for name in OPTIONAL:
        if (getattr(t, name) is None) != (name not in arrays):
            wanted, got = ("them", "none") if name in arrays else ("none", "some")
            raise ValueError(
                f"{name} of trajectory {t.key!r}: expected {wanted} as in what is there of it, got {got}; take another key"
            )


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
    names = [name for name in OPTIONAL if getattr(first, name) is not None]
    if any([name for name in OPTIONAL if getattr(t, name) is not None] != names for t in parts):
        raise ValueError(f"parts of {first.key!r}: expected {', '.join(names) or 'no further arrays'} in all of them")
    arrays: dict[str, Any] = {name: np.concatenate([getattr(t, name) for t in parts]) for name in (*ARRAYS, *names)}
    return dataclasses.replace(first, **arrays)
