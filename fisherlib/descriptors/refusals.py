"""Configurations that no featuriser can describe."""

import math
from collections.abc import Sequence

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree

from ..arguments import each, elements
from ..dataset import Array
from .vacuum import with_vacuum

#: Most neighbours of an atom within the cutoff, by the density of its cell: more is a cell in a wrong unit.
MOST_NEIGHBOURS = 10_000
#: Å from an atom to its own image, at least; no two atoms are as near.
NEAREST = 0.5
#: Å from the origin, beyond which differences of positions lose the digits that descriptors need, and within which atoms are one.
FARTHEST, SAME = 1e8, 1e-6
#: Bins in which vesin searches neighbours, at most. Of more it makes larger ones, and ends the process where one fills the cell.
BINS = 1e5


def refuse_unknown_elements(atoms: Sequence[Atoms], species: Sequence[int]) -> None:
    """Refuses configurations with elements that the descriptors do not tell apart.

    Raises:
        ValueError: there are some, or ``species`` are no atomic numbers.
    """
    chosen = elements("species", species)
    if chosen.ndim != 1 or len(set(chosen.tolist())) < chosen.size:
        raise ValueError(f"species: expected different atomic numbers in a row, such as [29, 79], got {species!r:.60}")
    found = {int(z) for a in atoms for z in a.numbers}
    if not found <= set(species):
        raise ValueError(
            f"species: expected all of {sorted(found)} that occur in the configurations, got {list(species)}"
        )


def refuse_impossible(atoms: Atoms, cutoff: float, where: str) -> None:
    """Refuses positions and cells that a library would abort over, or answer in its own words.

    Args:
        atoms: one configuration.
        cutoff: Å.
        where: what to call it.

    Raises:
        ValueError: NaN, a cell that spans no space or is in another unit, or some periodic directions only.
    """
    if not len(atoms):
        raise ValueError(f"{where}: expected atoms, got none; leave it away")
    finite = np.isfinite(atoms.positions).all(axis=1)
    if not finite.all():
        raise ValueError(f"positions of {where}: expected finite numbers of Å, got {atoms.positions[~finite][0]}")
    if np.abs(atoms.positions).max() > FARTHEST:
        raise ValueError(
            f"positions of {where}: expected Å, {FARTHEST:g} at most, got {np.abs(atoms.positions).max():.3g}; atoms have flown away, or "
            "it is another unit"
        )
    if not atoms.pbc.any():
        _refuse_same(atoms.positions, None, where)
        return
    if not atoms.pbc.all():
        raise ValueError(f"pbc of {where}: expected all directions periodic or none, got {atoms.pbc.tolist()}")
    cell = np.asarray(atoms.cell)
    with np.errstate(all="ignore"):
        volume = abs(np.linalg.det(cell)) if np.isfinite(cell).all() else math.nan
        independent = volume > 1e-6 * np.prod(np.linalg.norm(cell, axis=1))
    if not (independent and math.isfinite(volume)):
        raise ValueError(f"cell of {where}: expected three independent, finite vectors in Å, got {cell.tolist()}")
    neighbours = len(atoms) * 4 / 3 * math.pi * cutoff**3 / volume
    if neighbours > MOST_NEIGHBOURS:
        raise ValueError(
            f"cell of {where}: expected Å, got {cell.tolist()}, in which an atom has about {neighbours:.0e} neighbours "
            f"within the cutoff of {cutoff:g} Å; the cell may be in nm or in fractions"
        )
    if (shortest := np.linalg.norm(cell, axis=1).min()) < NEAREST:
        raise ValueError(
            f"cell of {where}: expected vectors in Å, longer than {NEAREST:g}, got one of {shortest:.3g}; the cell may be in nm or "
            "in fractions"
        )
    heights = 1 / np.linalg.norm(atoms.cell.reciprocal(), axis=1)
    bins = np.maximum(1.0, heights // cutoff)
    if bins.min() * min(1.0, (BINS / bins.prod()) ** (1 / 3)) < 1:
        raise ValueError(
            f"cell of {where}: expected Å, got {cell.tolist()}, far longer in one direction than in another; take a smaller vacuum"
        )
    _refuse_same(np.linalg.solve(cell.T, atoms.positions.T).T % 1.0 % 1.0, SAME / heights.max(), where)


def _refuse_same(places: Array, near: float | None, where: str) -> None:
    """Refuses two atoms in one place, where directions, and with them derivatives, are not defined."""
    tree = cKDTree(places, boxsize=None if near is None else 1.0)
    if pairs := tree.query_pairs(SAME if near is None else near):
        a, b = min(pairs)
        raise ValueError(
            f"positions of {where}: expected every atom in a place of its own, got atoms {a} and {b} in one; take one of them away"
        )


def checked(
    atoms: Atoms | Sequence[Atoms], species: Sequence[int] | None, *, cutoff: float, name: str
) -> tuple[list[tuple[Atoms, Atoms]], tuple[int, ...]]:
    """Configurations as given and as they are computed, slabs with a vacuum, and the elements to tell apart.

    Args:
        atoms: one configuration or several.
        species: atomic numbers; those that occur without it.
        cutoff: Å.
        name: of the descriptor, for error messages.

    Raises:
        TypeError: anything but configurations.
        ValueError: an element that is not among ``species``, or a configuration that cannot be described.
    """
    given = each("atoms", [atoms] if isinstance(atoms, Atoms) else atoms, Atoms, f"{name}()([atoms, …])")
    known = sorted({int(z) for a in given for z in a.numbers}) if species is None else species
    refuse_unknown_elements(given, known)
    made = [with_vacuum(a, cutoff) for a in given]
    for m, a in enumerate(made):
        refuse_impossible(a, cutoff, f"configuration {m}")
    return list(zip(given, made, strict=True)), tuple(int(z) for z in known)
