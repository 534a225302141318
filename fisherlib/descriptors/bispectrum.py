"""Bispectrum components of atoms in a cloud, by LAMMPS."""

import importlib.metadata

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array
from .lammps_process import running

#: Cubes of the cutoff for each atom of a cloud, beyond which it is not searched by bins.
SPARSE = 1000


def version() -> str:
    """The version of LAMMPS that is installed.

    >>> version() > "2025"
    True
    """
    try:
        return importlib.metadata.version("lammps")
    except importlib.metadata.PackageNotFoundError:  # nothing can be computed, nor kept under this name
        return "not installed"


def components(
    positions: Array, types: NDArray[np.integer], centres: int, *, settings: str, cutoff: float, elements: int
) -> tuple[Array, Array]:
    """Bispectrum components of the first atoms of a cloud in open space, and their derivatives by all positions.

    Args:
        positions: (n, 3) Å.
        types: (n,) of the atoms, from 1.
        centres: number of atoms, the first ones, whose components are wanted; the others are their neighbours.
        settings: of ``compute sna/atom``, from rcutfac on.
        cutoff: the largest of a pair, Å.
        elements: T, number of types.

    Returns:
        B (centres, K) and −∂(Σ_i B_i)/∂x (n, 3, T, K), with the sum over the centres of one type in each of T blocks.

    Raises:
        ModuleNotFoundError: LAMMPS is not installed.
        ImportError: LAMMPS is there without the MPI that it needs.
        RuntimeError: LAMMPS refuses.
    """
    n, (low, high) = len(positions), (positions.min(axis=0) - cutoff, positions.max(axis=0) + cutoff)
    # Bins would fill the empty space between atoms that have flown apart.
    search = "nsq" if np.prod((high - low) / cutoff) > SPARSE * n else "bin"
    box = " ".join(f"{a!r} {b!r}" for a, b in zip(low.tolist(), high.tolist(), strict=True))
    before = [
        "clear",
        "units metal",
        "atom_style atomic",
        "atom_modify map array sort 0 0",
        "boundary f f f",
        f"region box block {box}",
        f"create_box {elements} box",
        "mass * 1.0",
        # A compute asks for neighbours within the cutoff of the pair style, which must be no less than its own.
        f"pair_style zero {cutoff * (1 + 1e-9)!r} nocoeff",
        "pair_coeff * *",
        f"neighbor 0.0 {search}",
        f"group centres id <= {centres}",
    ]
    # What is no centre needs no neighbours.
    around = [f"group around id > {centres}", "neigh_modify exclude group around around"] if centres < n else []
    after = [
        f"compute B centres sna/atom {settings}",
        f"compute dB centres snad/atom {settings}",
        "thermo_style custom step",
        "run 0 post no",
    ]
    with running() as lammps:
        try:
            lammps.commands_list(before[:-1])
            made = lammps.create_atoms(n, range(1, n + 1), types.tolist(), positions.ravel().tolist())
            lammps.commands_list([*before[-1:], *around, *after])
            B = lammps.numpy.extract_compute("B", 1, 2)[:centres].copy()
            dB = lammps.numpy.extract_compute("dB", 1, 2)[:n].reshape(n, elements, 3, -1).transpose(0, 2, 1, 3).copy()
        except Exception as error:  # of no class of its own
            raise RuntimeError(f"LAMMPS cannot compute the bispectrum: {error}") from error
    if made != n:
        raise RuntimeError(f"LAMMPS took {made} of {n} atoms")
    return B, dB
