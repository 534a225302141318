"""Total energies of the frames of a dump, which come from elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....arguments import floats
from .text import series

_WAY = (
    "give energies= as an array, as a text of two columns (step and energy, as of 'fix ave/time 1 1 100 c_thermo_pe file …'), or "
    "as a column of energies per atom such as 'c_pe'; such a text beside the dump, named {}, is found without being given"
)


def totals(
    path: Path,
    energies: ArrayLike | os.PathLike | str | None,
    atoms: Mapping[str, NDArray],
    n_atoms: NDArray[np.integer],
    steps: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Total energies, (M,) eV: the array given, or those of a text of two columns, or the sums of a column per atom.

    The values of a text are found by ``steps`` (M,); without ``energies`` that beside the dump is taken.

    Raises:
        FileNotFoundError: no such text.
        ValueError: none given and none beside the dump, or not one for each frame.
    """
    beside = path.with_name(f"{path.name}.energies")
    way = _WAY.format(beside.name)
    if energies is None and not beside.is_file():
        raise ValueError(f"{path.name}: expected energies, which a dump does not hold, got none; {way}")
    if isinstance(energies, str) and energies in atoms:
        column = atoms[energies]
        if column.ndim != 1 or column.dtype.kind != "f":
            raise ValueError(
                f"energies: expected a column of one number for each atom, got {energies!r} of shape {column.shape}; {way}"
            )
        return np.add.reduceat(column, np.cumsum(n_atoms) - n_atoms)
    if energies is None or isinstance(energies, str | os.PathLike):
        text = Path(beside if energies is None else energies)
        if not text.is_file():
            raise FileNotFoundError(f"energies: no such file or column of {path.name}: {text}; {way}")
        values = series(text)
        if lacking := [step for step in steps.tolist() if step not in values]:
            raise ValueError(
                f"{text.name}: expected an energy for each of the {len(steps)} steps of {path.name}, got none for {len(lacking)}, "
                f"the first step {lacking[0]}; write both at the same steps"
            )
        return np.array([values[step] for step in steps.tolist()])
    array = floats("energies", energies)
    if array.shape != n_atoms.shape:
        raise ValueError(
            f"energies: expected one for each of the {len(n_atoms)} frames of {path.name}, got shape {array.shape}"
        )
    return array
