"""Phonons of crystals, by finite displacements."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from ase import Atoms
from ase.phonons import Phonons

from ..arguments import floats, kind, number, whole
from .crystals import check_calculator, check_crystal

#: 1 eV as a frequency, THz: e/h of the SI.
TERAHERTZ = 1.602176634e-19 / 6.62607015e-34 / 1e12
#: Corners of the zone of a primitive face-centred cubic cell, in its reciprocal vectors.
FCC: Mapping[str, Sequence[float]] = MappingProxyType({"X": (0.5, 0.0, 0.5), "L": (0.5, 0.5, 0.5)})


def phonons(
    calculator: Any,
    crystal: Atoms,
    *,
    points: Mapping[str, Sequence[float]] = FCC,
    repeat: int = 4,
    step: float = 0.02,
) -> dict[str, float]:
    """Frequencies of phonons at a few q, by ASE's finite displacements in a supercell.

    They are exact for q with whole q·repeat; others are interpolated. A negative number stands for an imaginary frequency:
    the crystal is no minimum. The cell is kept as given.

    Args:
        calculator: of ASE.
        crystal: a primitive cell at its equilibrium.
        points: name → q in reciprocal vectors of the cell.
        repeat: copies of the cell in each direction.
        step: displacement, Å.

    Returns:
        "X 1, THz" and so on, for each q and branch, lowest first.

    Raises:
        TypeError: no calculator, or no crystal.
        ValueError: no crystal, a step that is none, or a q that is not three numbers.

    Example:
        >>> from ase.build import bulk
        >>> from ase.calculators.emt import EMT
        >>> found = phonons(EMT(), bulk("Cu", a=3.59), points={"X": (0.5, 0.0, 0.5)}, repeat=2)
        >>> list(found), 4.0 < found["X 1, THz"] < found["X 3, THz"] < 9.0
        (['X 1, THz', 'X 2, THz', 'X 3, THz'], True)
    """
    check_calculator(calculator)
    check_crystal(crystal, "phonons(calculator, ase.build.bulk('Cu'))")
    kind("points", points, Mapping, "phonons(calculator, crystal, points={'X': (0.5, 0.0, 0.5)})")
    whole("repeat", repeat, 1, "copies")
    if not 0 < number("step", step) < 0.5:
        raise ValueError(f"step: expected a displacement in Å between 0 and 0.5, got {step!r}")
    q = floats("points", list(points.values()))
    if q.ndim != 2 or q.shape[1] != 3 or not np.isfinite(q).all():
        raise ValueError(f"points: expected three numbers for each q, finite ones, got {q.tolist()}")
    with tempfile.TemporaryDirectory() as folder:  # where ASE puts its forces
        found = Phonons(crystal, calculator, supercell=(repeat,) * 3, delta=step, name=str(Path(folder) / "forces"))
        found.run()
        found.read(acoustic=True)
    frequencies = TERAHERTZ * np.asarray(found.band_structure(q, verbose=False))
    return {
        f"{name} {branch}, THz": float(f)
        for name, row in zip(points, frequencies, strict=True)
        for branch, f in enumerate(row, 1)
    }
