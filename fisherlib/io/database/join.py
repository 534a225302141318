"""The arrays of a trajectory, what may be added to a database, and parts of one trajectory joined."""

import dataclasses
from collections.abc import Container, Sequence
from typing import Any, Literal

import numpy as np

from ...dataset import Trajectory

#: In which the descriptors, ``ROUNDED``, are stored; all other arrays stay as they are.
Precision = Literal["float32", "float64"]
ROUNDED = ("force_descriptors", "site_descriptors")
#: Arrays of every trajectory, and those that only some have.
ARRAYS = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
OPTIONAL = ("site_descriptors", "species", "positions", "cell", "pbc")


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
