"""Stresses and virials of files, under their names and in their conventions, as virials W = −V σ in eV."""

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...configurations import Configurations
from ...dataset import Array
from ...descriptors.contract import voigt

_BESIDE = re.compile(r"(?P<of>.*?)((free_?|tot(al)?_?)?energ(y|ies)|e0|toten|forces?)", re.IGNORECASE)


def with_virials(stored: Configurations) -> Configurations:
    """The configurations with the virials of the entry that goes with the energies taken.

    An entry "virial" or "virials" is W = −V σ in eV, "stress" is σ in eV/Å³, tension positive, as in ASE. They have the
    prefix of the energies: "REF_stress" goes with "REF_energy", and "stress" beside it may be that of another model. Nine
    numbers are the tensor, six are xx yy zz yz xz xy. Virials are NaN where those of the file are, and where a direction
    is not periodic.

    Args:
        stored: configurations whose provenance names the entry of the energies, or the column of the forces.

    Raises:
        ValueError: no such entry though something is periodic, or other numbers than six or nine.

    >>> import numpy as np
    >>> stored = Configurations(
    ...     key="a", n_atoms=np.array([1]), cell=2 * np.eye(3)[None], pbc=np.ones((1, 3), bool),
    ...     entries={"stress": np.array([[1, 2, 3, 0, 0, 0.5]])}, provenance={"columns": {"energies": "energy"}},
    ... )
    >>> with_virials(stored).virials.round(9).tolist()
    [[-8.0, -16.0, -24.0, -0.0, -0.0, -4.0]]
    """
    columns = stored.provenance["columns"]
    if not _periodic(stored):
        return dataclasses.replace(stored, virials=np.full((len(stored.n_atoms), 6), np.nan))
    name, what = _named(stored, columns.get("energies") or columns["forces"])
    assert stored.cell is not None and stored.pbc is not None
    W = six(f"entry {name!r} of {stored.place or stored.key}", stored.entries[name])
    if what == "stress":
        W = -np.abs(np.linalg.det(stored.cell))[:, None] * W
    W[~stored.pbc.all(axis=1)] = np.nan
    about = {**stored.provenance, "columns": {**columns, "stress": name}}
    return dataclasses.replace(stored, virials=W, provenance=about)


def refuse_nothing_periodic(found: Sequence[Configurations], place: str) -> None:
    """Refuses trajectories of which none has a periodic configuration, so that no stress is known.

    Raises:
        ValueError: nothing is periodic.

    >>> refuse_nothing_periodic([Configurations(key="a", n_atoms=np.array([1]))], "md.xyz")
    Traceback (most recent call last):
    ...
    ValueError: stress: expected a periodic configuration in md.xyz, got none; read it without stress
    """
    if not any(map(_periodic, found)):
        raise ValueError(f"stress: expected a periodic configuration in {place}, got none; read it without stress")


def _periodic(stored: Configurations) -> bool:
    return stored.cell is not None and stored.pbc is not None and bool(stored.pbc.all(axis=1).any())


def _named(stored: Configurations, beside: str) -> tuple[str, str]:
    """Name of the entry with the stress that goes with these energies or forces, and what it is."""
    of = match["of"] if (match := _BESIDE.fullmatch(beside)) else ""
    # Whose format states another unit is not meant: FitSNAP's "Stress" is in bar, and its virial beside it.
    found = [name for name in stored.entries if stored.units.get(name, "eV").startswith("eV")]
    for what in ("virials", "virial", "stress"):
        for name in found:
            if name.lower() == f"{of}{what}".lower():
                return name, what
    like = [name for name in {**stored.entries, **stored.incomplete} if re.search("stress|virial", name, re.IGNORECASE)]
    units = {name: stored.units.get(name) for name in like}
    got = ", ".join(f"{name!r}" + (f" ({unit})" if unit else "") for name, unit in units.items()) or "none"
    raise ValueError(
        f"stress: expected an entry '{of}virial' (−V σ, eV) or '{of}stress' (σ, eV/Å³, tension positive) beside "
        f"{beside!r} in {stored.place or stored.key}, got {got}; rename it, or read without stress"
    )


def six(what: str, values: ArrayLike) -> Array:
    """Tensors as six components each, from six or nine numbers or from 3 × 3.

    Args:
        what: to call them in an error.
        values: (M, 6), (M, 9) or (M, 3, 3).

    Returns:
        (M, 6) xx yy zz yz xz xy; off the diagonal the mean of both.

    Raises:
        ValueError: another shape, or no numbers.

    >>> six("stress", [[1, 0, 0, 0, 2, 5, 0, 5, 3]]).tolist()
    [[1.0, 2.0, 3.0, 5.0, 0.0, 0.0]]
    """
    array: NDArray = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.shape[1:] not in ((6,), (9,), (3, 3)):
        raise ValueError(
            f"stress: expected {what} as six numbers xx yy zz yz xz xy, nine, or 3 × 3 for each configuration, got "
            f"{array.shape} of {array.dtype}; leave it out"
        )
    array = array.astype(np.float64)  # a copy
    return array if array.shape[1:] == (6,) else voigt(array.reshape(-1, 3, 3), axis=1)
