"""Which per-atom columns are taken for descriptors and force descriptors: given, or guessed by name and shape."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from ...arguments import numbers
from ...configurations import Frames
from ...dataset import Trajectory

#: Column names of MiLaDy's Python tools; the first guess, and what this package writes.
DESCRIPTORS, FORCE_DESCRIPTORS = "milady-descriptors", "milady-descriptors-forces"

#: Names under which forces and, in extended xyz, energies are taken without being asked for; the first found counts.
FORCES = ("forces", "force", "REF_forces")
ENERGIES = dict.fromkeys(("npz", "pickle", "mlearn", "FitSNAP", "MiLaDy", "LAMMPS dump"), ("energies",))
ENERGIES["extxyz"] = ("energy", "REF_energy")

Columns = Mapping[str, NDArray]


def describe(columns: Columns) -> str:
    """Names and shapes, for a sentence."""
    return ", ".join(f"{name!r} {column.shape}" for name, column in columns.items()) or "none"


def meant(wanted: Iterable[str], names: Iterable[str]) -> str:
    """`` (did you mean 'a' or 'b'?)`` for the names nearest to one that is wanted, whatever their case; or nothing."""
    by_lower = {name.lower(): name for name in names}
    near = [by_lower[n] for want in wanted for n in get_close_matches(want.lower(), by_lower, n=2)]
    return f" (did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?)" if near else ""


def pick(what: str, wanted: str | None, columns: Columns, fits: Iterable[str]) -> str:
    """The column to take for ``what``: the one named, or the only one that fits."""
    fits = list(fits)
    if wanted is not None:
        if wanted not in columns:
            near = meant([wanted], columns)
            raise ValueError(f"{what}: no column {wanted!r}{near}; the file has {describe(columns)}; name one of them")
        return wanted
    if len(fits) != 1:
        found = f"{len(fits)} that could be ({', '.join(map(repr, fits))})" if fits else "none that could be"
        raise ValueError(
            f"{what}: expected one such column, found {found}; the file has {describe(columns)}; name it by {what}="
        )
    return fits[0]


def free(atoms: Columns, forces: str | None) -> dict[str, NDArray]:
    """Per-atom columns that may be descriptors: all but numbers, positions and forces."""
    taken = {"numbers", "positions", *FORCES, forces}
    return {name: column for name, column in atoms.items() if name not in taken}


def gradients(columns: Columns) -> list[str]:
    """Columns that are taken for force descriptors without being named."""
    if FORCE_DESCRIPTORS in columns:
        return [FORCE_DESCRIPTORS]
    return [name for name, c in columns.items() if c.ndim == 3 and 3 in c.shape[1:] and c.dtype.kind == "f"]


def sites(columns: Columns, Phi: NDArray) -> list[str]:
    """Columns that are taken for descriptors without being named, given the force descriptors."""
    if DESCRIPTORS in columns:
        return [DESCRIPTORS]
    return [name for name, c in columns.items() if c.ndim == 2 and fit(c, Phi) and c.dtype.kind == "f"]


def fit(D: NDArray, Phi: NDArray) -> bool:
    """Whether (ΣN, K) and (ΣN, 3, K), (ΣN, K, 3) or (ΣN, 3K) have the same K."""
    K = D.shape[1] if D.ndim == 2 else 0
    return K > 0 and Phi.shape[1:] in ((3, K), (K, 3), (3 * K,))


def _as_rows(name: str, Phi: NDArray, K: int) -> NDArray:
    """(ΣN, 3, K), (ΣN, K, 3) or flattened (ΣN, 3K) as the rows (3ΣN, K); the order of axes is known from K."""
    n = len(Phi)
    if Phi.shape[1:] == (3, K):
        return Phi.reshape(-1, K)
    if Phi.shape[1:] == (K, 3):
        return np.ascontiguousarray(Phi.transpose(0, 2, 1)).reshape(-1, K)
    if Phi.shape == (n, 3 * K):
        return Phi.reshape(-1, K)
    raise ValueError(
        f"force_descriptors: expected column {name!r} of shape ({n}, 3, {K}) to go with K = {K} descriptors, got {Phi.shape}; "
        "the two columns must come from the same descriptor"
    )


def taken(columns: Columns, *, descriptors: str | None = None, force_descriptors: str | None = None) -> tuple[str, str]:
    """The columns named, or else guessed, for descriptors and force descriptors.

    Raises:
        ValueError: a column is missing or ambiguous.
    """
    Phi = pick("force_descriptors", force_descriptors, columns, gradients(columns))
    return pick("descriptors", descriptors, columns, sites(columns, columns[Phi])), Phi


def trajectory(
    frames: Frames,
    *,
    descriptors: str | None = None,
    force_descriptors: str | None = None,
    gradient: bool = False,
) -> Trajectory:
    """A trajectory from frames that carry their descriptors.

    Raises:
        ValueError: a column is missing, ambiguous, or does not fit the other.
    """
    columns = frames.columns
    D_name, Phi_name = taken(columns, descriptors=descriptors, force_descriptors=force_descriptors)
    D, Phi = (numbers(f"column {name!r}", columns[name]) for name in (D_name, Phi_name))
    if D.ndim != 2:
        raise ValueError(
            f"descriptors: expected column {D_name!r} of shape (ΣN, K), got {D.shape}; name another by descriptors="
        )
    Phi = _as_rows(Phi_name, Phi, D.shape[1])
    return frames.with_descriptors(D, -Phi if gradient else Phi, frames.descriptor_names)
