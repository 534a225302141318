"""Molecules of MD17 and its kin: an ``.npz`` of one molecule in many configurations, energies in kcal/mol."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from ..archive import Arrays
from .values import atomic_numbers, shaped

#: Names of numbers, positions, energies and forces, as MD17 and rMD17 have them; one unit of energy for both.
_NAMES = (("z", "R", "E", "F"), ("nuclear_charges", "coords", "energies", "forces"))
_USUAL = "kcal/mol"


def names_in(found: set[str]) -> tuple[str, ...] | None:
    """The names among those of an archive; None where it is laid out otherwise."""
    return next((names for names in _NAMES if {*names[:2], names[3]} <= found), None)


def read(path: Path) -> list[Configurations]:
    """The configurations of a molecule as one trajectory, in Å and kcal/mol, or in what ``e_unit`` and ``r_unit`` state (sGDML).

    They are converted to eV when their columns are taken, as those of other files that state their units. Not periodic.

    Raises:
        ValueError: arrays that do not fit one another, or a damaged file.

    Source: Chmiela et al., Sci. Adv. 3, e1603015 (2017); Christensen and von Lilienfeld, MLST 1, 045018 (2020).
    """
    with Arrays(path) as arrays:
        names = names_in(set(arrays))
        if names is None:
            raise ValueError(f"{path.name}: expected arrays {' '.join(_NAMES[0])}, got {', '.join(arrays)[:120]}")
        numbers, positions, energies, forces = (arrays[name] if name in arrays else None for name in names)
        unit = _unit(path, "e_unit", arrays["e_unit"]) if "e_unit" in arrays else _USUAL
        length = _unit(path, "r_unit", arrays["r_unit"]) if "r_unit" in arrays else "Å"
    Z = atomic_numbers(f"{names[0]} of {path.name}", np.asarray(numbers).ravel())
    N, M = len(Z), len(np.atleast_1d(np.asarray(positions)))
    x, F = (shaped(f"{name} of {path.name}", a, (M, N, 3)) for name, a in ((names[1], positions), (names[3], forces)))
    entries: dict[str, NDArray] = {}
    if energies is not None:
        entries["energies"] = shaped(f"{names[2]} of {path.name}", energies, (M,), (M, 1)).reshape(M)
    return [
        Configurations(
            key=path.stem,
            place=path.name,
            n_atoms=np.full(M, N),
            numbers=np.tile(Z, M),
            positions=x.reshape(-1, 3),
            columns={"forces": F.reshape(-1, 3)},
            entries=entries,
            units={"positions": length, "energies": unit, "forces": f"{unit}/{length}"},
        )
    ]


def _unit(path: Path, name: str, stated: NDArray) -> str:
    value = stated.ravel()[0] if stated.size == 1 else None
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(value, str):
        raise ValueError(f"{path.name}: expected a unit in words in {name}, got an array of {stated.dtype}")
    return str(value)
