"""Configurations with NaN or infinite numbers: which ones they are, and leaving them out."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..configurations import Configurations

OnBad = Literal["refuse", "drop"]


def without_bad(
    found: Sequence[Configurations], columns: Sequence[str], *, on_bad: OnBad
) -> tuple[Sequence[Configurations], dict[str, list[int]]]:
    """The trajectories without the configurations that have a bad number, where those are to be dropped.

    Args:
        found: trajectories with energies and forces chosen.
        columns: further per-atom columns that are taken.
        on_bad: "refuse" leaves all as it is, for the trajectories to refuse it when they are made.

    Returns:
        Trajectories of which something is left, and key → numbers (from 0) of the configurations that were left out.

    Raises:
        ValueError: ``on_bad`` is neither, or nothing is left.
    """
    if on_bad not in get_args(OnBad):
        raise ValueError(f"on_bad: expected 'refuse' or 'drop', got {on_bad!r}")
    if on_bad == "refuse":
        return found, {}
    kept, dropped = [], {}
    for t in found:
        bad = bad_configurations(t, columns)
        good = np.setdiff1d(np.arange(len(t.n_atoms)), bad)
        if len(good):
            kept.append(t.take(t.key, good) if len(bad) else t)
        if len(bad):
            dropped[t.key] = bad.tolist()
    if not kept:
        raise ValueError(
            "on_bad: expected some configurations without NaN or infinite numbers, got none; look at the columns that "
            f"are taken: {', '.join(map(repr, ('energies', 'forces', 'positions', *columns)))}"
        )
    return kept, dropped


def bad_configurations(t: Configurations, columns: Sequence[str]) -> NDArray[np.integer]:
    """Numbers, from 0, of the configurations with NaN or infinite energies, forces, positions, cells or columns.

    Args:
        t: one trajectory.
        columns: those of its per-atom columns that are taken.
    """
    starts = np.cumsum(t.n_atoms) - t.n_atoms
    bad = np.zeros(len(t.n_atoms), dtype=bool)
    for of_all in (t.energies, t.cell):
        if of_all is not None:
            bad |= ~_finite(of_all)
    for of_atoms in (t.forces, t.positions, *(t.columns[name] for name in columns)):
        if of_atoms is not None:
            bad |= np.logical_or.reduceat(~_finite(of_atoms), starts)
    return np.flatnonzero(bad)


def _finite(values: NDArray) -> NDArray[np.bool_]:
    """Whether all numbers of a row are finite; what holds no floating-point numbers is."""
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=bool)
    return np.isfinite(values).reshape(len(values), -1).all(axis=1)


def left_out(dropped: Mapping[str, Sequence[int]], configurations: int) -> str:
    """A warning about what was left out.

    Args:
        dropped: key → numbers of configurations.
        configurations: of all trajectories, before.
    """
    number = sum(map(len, dropped.values()))
    named = [f"{_few(numbers)} of {key!r}" for key, numbers in list(dropped.items())[:3]]
    more = f" and of {len(dropped) - 3} more trajectories" if len(dropped) > 3 else ""
    return (
        f"{number} of {configurations} configurations have NaN or infinite numbers and are left out, as on_bad='drop' says: "
        f"{', '.join(named)}{more} (counted from 0; all are in provenance['dropped'])"
    )


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
    return f"configuration{'s' if len(numbers) > 1 else ''} {shown}"
