"""What is accepted of a data file: configurations without NaN or infinite numbers, and data that pass their checks."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import diagnostics
from ..configurations import Configurations
from ..dataset import Dataset
from ..diagnostics.autocorrelation import too_short
from ..potential import LinearPotential
from ..units import kelvins
from .isolated_atoms import numbers_in_file

OnBad = Literal["refuse", "drop"]


def without_bad(
    found: Sequence[Configurations], columns: Sequence[str], *, on_bad: OnBad
) -> tuple[Sequence[Configurations], dict[str, list[int]]]:
    """The trajectories of which something is left, and key → numbers (from 0) of the configurations left out.

    Further per-atom ``columns`` count as well. "refuse" refuses what lacks energies or forces that others have, and leaves
    other numbers for the trajectories to refuse when made.

    Raises:
        ValueError: ``on_bad`` is neither, something is lacking, or nothing is left.
    """
    if on_bad not in get_args(OnBad):
        raise ValueError(f"on_bad: expected 'refuse' or 'drop', got {on_bad!r}")
    if on_bad == "refuse":
        for t in found:
            _refuse_lacking(t, f"{t.key!r} in {t.place}" if len(found) > 1 and repr(t.key) not in t.place else t.place)
        return found, {}
    kept, dropped = [], {}
    for t in found:
        bad = _bad(t, columns)
        good = np.setdiff1d(np.arange(len(t.n_atoms)), bad)
        if len(bad):
            dropped[t.key] = numbers_in_file(t)[bad].tolist()
        if len(good):
            kept.append(t.take(t.key, good) if len(bad) else t)
    if not kept:
        taken = ", ".join(map(repr, ("energies", "forces", "positions", *columns)))
        way = f"look at the columns that are taken: {taken}"
        raise ValueError(f"on_bad: expected some configurations without NaN or infinite numbers, got none; {way}")
    return kept, dropped


def _refuse_lacking(t: Configurations, place: str) -> None:
    """Refuses a configuration without the energy or the forces that others have, before anything is computed."""
    starts = np.cumsum(t.n_atoms) - t.n_atoms
    for what in ("energies", "forces"):
        name, values = t.provenance["columns"][what], getattr(t, what)
        if (
            name in t.incomplete
            and values is not None
            and len(rows := np.flatnonzero(np.isnan(values).reshape(len(values), -1).any(axis=1)))
        ):
            m = int(rows[0]) if what == "energies" else int(np.searchsorted(starts, rows[0], side="right")) - 1
            why = f" ({t.provenance['unreadable']!s:.200})" if "unreadable" in t.provenance else ""
            raise ValueError(
                f"{what}: configuration {numbers_in_file(t)[m]} (counted from 0) of {place} has no number in {name!r}{why}; add "
                "it to the file, or leave such configurations out by on_bad='drop'"
            )


def _bad(t: Configurations, columns: Sequence[str]) -> NDArray[np.integer]:
    """Numbers, from 0, of the configurations with NaN or infinite energies, forces, positions, cells or columns."""
    of_configuration = np.repeat(np.arange(len(t.n_atoms)), t.n_atoms)
    bad = [_bad_rows(of_all) for of_all in (t.energies, t.cell)]
    for of_atoms in (t.forces, t.positions, *(t.columns[name] for name in columns)):
        bad.append(of_configuration[_bad_rows(of_atoms)])
    return np.unique(np.concatenate(bad))


def _bad_rows(values: NDArray | None) -> NDArray[np.integer]:
    """The rows with a number that is not finite; only floating-point numbers can be so."""
    if values is None or values.dtype.kind != "f":
        return np.zeros(0, dtype=int)
    return np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))


def left_out(dropped: Mapping[str, Sequence[int]], configurations: int) -> str:
    """A warning about what was left out of so many configurations, by key and number."""
    number = sum(map(len, dropped.values()))
    named = [f"{_few(numbers)} of {key!r}" for key, numbers in list(dropped.items())[:3]]
    more = f" and of {len(dropped) - 3} more trajectories" if len(dropped) > 3 else ""
    return (
        f"{number} of {configurations} configurations have NaN or infinite numbers, or lack some, and are left out, as on_bad='drop' says: "
        f"{', '.join(named)}{more} (counted from 0; all are in provenance['dropped'])"
    )


def _few(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
    return f"configuration{'s' if len(numbers) > 1 else ''} {shown}"


def notes_of(found: Sequence[Configurations]) -> list[str]:
    """Sentences about what was done to the columns that were taken, each once."""
    return list(dict.fromkeys(note for t in found for note in t.provenance["taken"]["notes"]))


def say(notes: Sequence[str], path: Path) -> None:
    """Warns of what was done to a file, where the caller's caller stands."""
    for note in notes:
        warnings.warn(f"{path.name}: {note}", stacklevel=3)


def accept(data: Dataset, path: Path, theta: ArrayLike | LinearPotential | None, *, key: str | None = None) -> None:
    """Warns of what is found in a dataset, where the caller's caller stands; a ValueError where a check fails.

    ``theta`` and ``key`` are those of ``io.read``.
    """
    for sentence in _doubts(data, key):
        warnings.warn(f"{path.name}: {sentence}", stacklevel=3)
    for verdict in diagnostics.consistency(data, theta=theta):
        if verdict.level == "fail":
            raise ValueError(f"{path.name}: {verdict.message}")
        if verdict.level in ("warn", "unknown"):
            warnings.warn(f"{path.name}: {verdict.message}", stacklevel=3)


def _doubts(data: Dataset, key: str | None) -> list[str]:
    """Signs that several trajectories were read as one, or one as several."""
    found, about = [], data.provenance
    if key is not None and too_short(data):
        found.append(
            f"`{key}` has {len(data)} values for {len(data.energies)} configurations: trajectories so short do not show whether "
            "they are independent; leave key= out if the file is one run"
        )
    for name, m in about.get("incomplete_keys", {}).items():
        found.append(
            f"`{name}` is in some configurations and not in configuration {m}, so that it cannot tell trajectories "
            f"apart, and all count as one; write it into each, and take key={name!r} if it names trajectories"
        )
    if likely := about.get("likely_keys"):
        (name, values), *others = likely.items()
        also = f" (or {', '.join(f'{n}, {v} values' for n, v in others)})" if others else ""
        found.append(
            f"`{name}` has {values} values{also}: take key={name!r} if each is a trajectory of its own; now all "
            "configurations count as one trajectory"
        )
    stated = about.get("stated_temperatures")
    if stated and any(t.temperature is None for t in data.values()):
        found.append(
            f"the file states {kelvins(stated)} within a trajectory, so that its temperature is not known; take a key= that "
            "tells them apart, or give temperature="
        )
    return found
