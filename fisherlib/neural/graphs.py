"""Neighbour graphs of configurations: atoms, and rows of eight neighbours each, in batches of one size."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..dataset import Array, Dataset, Trajectory, symbol
from .batches import PAIRS

#: Batches are filled up to multiples of this many atoms and rows, so that similar data share one compiled function.
STEP = 64


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Graphs:
    """Graphs of configurations one after the other: an edge from each atom to every other one within the cutoff.

    Attributes:
        atoms: (M + 1,) where the atoms of each configuration begin.
        rows: (M + 1,) where its rows of neighbours begin.
        positions: (ΣN, 3) Å.
        kinds: (ΣN,) number of the element of each atom, among those of the potential.
        forces: (ΣN, 3) in units of ``scale``.
        energies: (M,) per atom in units of ``scale``; NaN where they are not known.
        centres: (R,) the atom that a row belongs to, numbered within its configuration.
        others: (R, 8) its neighbours, numbered likewise; −1 fills the last row of an atom up.
    """

    atoms: NDArray[np.integer]
    rows: NDArray[np.integer]
    positions: Array
    kinds: NDArray[np.integer]
    forces: Array
    energies: Array
    centres: NDArray[np.integer]
    others: NDArray[np.integer]

    @classmethod
    def of(
        cls, data: Dataset, elements: Sequence[int], cutoff: float, *, energies: Array, scale: float = 1.0
    ) -> "Graphs":
        """Those of all configurations; ``energies`` (M,) are those to fit, eV, without offsets.

        Raises:
            ValueError: no positions, periodic cells, two atoms in one place, or an element that is not among ``elements``.
        """
        x, kinds = (np.concatenate(each) for each in zip(*(_atoms(t, elements) for t in data.values()), strict=True))
        atoms = np.concatenate([[0], np.cumsum(data.n_atoms)])
        parts = [_rows(x[a:b], cutoff) for a, b in zip(atoms, atoms[1:], strict=False)]
        return cls(
            atoms=atoms,
            rows=np.cumsum([0, *(len(centres) for centres, _ in parts)]),
            positions=x,
            kinds=kinds,
            forces=data.forces.reshape(-1, 3) / scale,
            energies=energies / scale / data.n_atoms,
            centres=np.concatenate([centres for centres, _ in parts]),
            others=np.concatenate([others for _, others in parts]),
        )

    def __len__(self) -> int:
        return len(self.energies)

    def batches(
        self, order: NDArray[np.integer], batch: int, precision: type[np.floating] = np.float32
    ) -> Iterator[dict[str, NDArray]]:
        """The configurations of ``order`` in batches, the last of which may be smaller, filled up to one size."""
        size, height = (
            -(-int(np.sort(np.diff(each))[-batch:].sum()) // STEP) * STEP for each in (self.atoms, self.rows)
        )
        for start in range(0, len(order), batch):
            yield self._batch(order[start : start + batch], size, height, batch, precision)

    def _batch(
        self, chosen: NDArray[np.integer], size: int, height: int, count: int, precision: type[np.floating]
    ) -> dict[str, NDArray]:
        N, rows = (np.diff(each)[chosen] for each in (self.atoms, self.rows))
        a, r = (_those(each, chosen) for each in (self.atoms, self.rows))
        shift = np.repeat(np.cumsum(N) - N, rows)  # of atoms, from their configuration to the batch
        others = np.where(self.others[r] < 0, -1, self.others[r] + shift[:, None])
        return {
            "positions": _filled(self.positions[a].astype(precision), size),
            "kinds": _filled(self.kinds[a].astype(np.int32), size),
            "forces": _filled(self.forces[a].astype(precision), size),
            "group": _filled(np.repeat(np.arange(len(chosen), dtype=np.int32), N), size, count),  # of no configuration
            "energies": _filled(self.energies[chosen].astype(precision), count, np.nan),
            "numbers": _filled(N.astype(precision), count, 1.0),
            "centres": _filled((self.centres[r] + shift).astype(np.int32), height, size - 1),  # in ascending order
            "others": _filled(others.astype(np.int32), height, -1),
        }


def _atoms(t: Trajectory, elements: Sequence[int]) -> tuple[Array, NDArray[np.integer]]:
    """Positions (ΣN, 3) and numbers of elements (ΣN,) of one trajectory."""
    if t.positions is None or t.species is None:
        raise ValueError(
            f"positions of trajectory {t.key!r}: expected them and the elements, got none; read a file of structures"
        )
    if t.pbc is not None and np.any(t.pbc):
        raise ValueError(
            f"pbc of trajectory {t.key!r}: expected isolated systems, as graphs know no images of a cell, got periodic ones"
        )
    strange = sorted(set(np.unique(t.species).tolist()) - set(elements))
    if strange:
        known = ", ".join(map(symbol, elements))
        raise ValueError(f"species of trajectory {t.key!r}: expected {known}, got {', '.join(map(symbol, strange))}")
    return np.asarray(t.positions, np.float64), np.searchsorted(elements, t.species)


def _rows(x: Array, cutoff: float) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Centres (R,) and neighbours (R, 8) of one configuration, −1 where there are fewer."""
    half = cKDTree(x).query_pairs(cutoff, output_type="ndarray")
    if len(half) and (x[half[:, 0]] == x[half[:, 1]]).all(axis=1).any():
        raise ValueError("positions: expected atoms in different places, got two in one")
    pairs = np.concatenate([half, half[:, ::-1]])
    i, j = pairs[np.lexsort(pairs.T[::-1])].T
    number = np.bincount(i, minlength=len(x))
    rows = -(-number // PAIRS)
    place = np.arange(len(i)) - (np.cumsum(number) - number)[i]
    others = np.full((int(rows.sum()), PAIRS), -1)
    others[(np.cumsum(rows) - rows)[i] + place // PAIRS, place % PAIRS] = j
    return np.repeat(np.arange(len(x)), rows), others


def _those(starts: NDArray[np.integer], chosen: NDArray[np.integer]) -> NDArray[np.integer]:
    """Numbers of all atoms or rows of the chosen configurations."""
    return np.concatenate([np.arange(starts[m], starts[m + 1]) for m in chosen])


def _filled(values: NDArray, size: int, value: float = 0) -> NDArray:
    rest = np.full((size - len(values), *values.shape[1:]), value, values.dtype)
    return np.concatenate([values, rest])
