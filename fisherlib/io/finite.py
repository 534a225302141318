"""Configurations whose numbers are all finite, and those that are left out because theirs are not."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..configurations import Frames
from .stored import Stored

OnBad = Literal["refuse", "drop"]


def whole(
    stored: Sequence[Stored], frames: Sequence[Frames], columns: Sequence[str], *, on_bad: OnBad
) -> tuple[Sequence[Stored], dict[str, list[int]]]:
    """The trajectories without the configurations that have a bad number, where those are to be dropped.

    Args:
        stored: trajectories.
        frames: of each, with energies and forces chosen.
        columns: per-atom columns that are taken besides.
        on_bad: "refuse" leaves all as it is, for the trajectories to refuse it when they are made.

    Returns:
        Trajectories of which something is left, and key → numbers (from 0) of the configurations that were left out.

    Raises:
        ValueError: ``on_bad`` is neither, or nothing is left.
    """
    if on_bad not in get_args(OnBad):
        raise ValueError(f"on_bad: expected 'refuse' or 'drop', got {on_bad!r}")
    if on_bad == "refuse":
        return stored, {}
    found = [bad_configurations(f, columns) for f in frames]
    kept = [s if not len(bad) else _without(s, bad) for s, bad in zip(stored, found, strict=True)]
    kept = [s for s in kept if len(s.n_atoms)]
    if not kept:
        raise ValueError(
            "on_bad: expected some configurations without NaN or infinite numbers, got none; look at the columns that "
            f"are taken: {', '.join(map(repr, ('energies', 'forces', 'positions', *columns)))}"
        )
    return kept, {s.key: bad.tolist() for s, bad in zip(stored, found, strict=True) if len(bad)}


def _without(stored: Stored, bad: NDArray[np.integer]) -> Stored:
    good = np.setdiff1d(np.arange(len(stored.n_atoms)), bad)
    return stored.take(stored.key, good) if len(good) else dataclasses.replace(stored, n_atoms=stored.n_atoms[:0])


def bad_configurations(frames: Frames, columns: Sequence[str]) -> NDArray[np.integer]:
    """Numbers, from 0, of the configurations with NaN or infinite energies, forces, positions, cells or columns.

    Args:
        frames: of one trajectory.
        columns: those of its per-atom columns that are taken.
    """
    starts = np.cumsum(frames.n_atoms) - frames.n_atoms
    bad = ~np.isfinite(frames.energies)
    for values in (frames.forces, frames.positions, *(frames.columns[name] for name in columns)):
        if values is None:
            continue
        bad |= np.logical_or.reduceat(~_finite(values), starts)
    if frames.cell is not None:
        bad |= ~_finite(frames.cell)
    return np.flatnonzero(bad)


def _finite(values: NDArray) -> NDArray[np.bool_]:
    """Whether all numbers of a row are finite; what holds no floating-point numbers is."""
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=bool)
    return np.isfinite(values).reshape(len(values), -1).all(axis=1)


def left_out(dropped: dict[str, list[int]], configurations: int) -> str:
    """What was left out, in a sentence.

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
    return (
        f"configuration{'s' if len(numbers) > 1 else ''} "
        + ", ".join(map(str, numbers[:5]))
        + (" …" if len(numbers) > 5 else "")
    )
