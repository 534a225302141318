"""Configurations as a network is trained on them: arrays of one size in every batch, so that the step is compiled once."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Dataset, Jacobian
from .potential import jacobian_of, sites_of

#: Pairs of one atom that stand in a row together; the last row of an atom is filled up with zeros.
PAIRS = 8


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Configurations:
    """Configurations one after the other, in single precision.

    Attributes:
        atoms: (M + 1,) where the atoms of each configuration begin.
        rows: (M + 1,) where its rows of pairs begin.
        z: (ΣN, q) inputs of the network.
        forces: (ΣN, 3) in units of the output, the offset of energies aside.
        energies: (M,) the same per atom; NaN where they are not known.
        centres: (R,) the atom that a row belongs to, numbered within its configuration.
        others: (R, 8) the atoms that move, numbered likewise.
        jacobian: (R, 8, 3, q) −∂z_i/∂x_j.
    """

    atoms: NDArray[np.integer]
    rows: NDArray[np.integer]
    z: Array
    forces: Array
    energies: Array
    centres: NDArray[np.integer]
    others: NDArray[np.integer]
    jacobian: Array

    @classmethod
    def of(cls, data: Dataset, energies: Array, *, mean: Array, projection: Array, scale: float) -> "Configurations":
        """The data through the fixed first layer; ``energies`` (M,) are those to fit, eV, without offsets.

        Raises:
            ValueError: a trajectory without site descriptors or a Jacobian.
        """
        N = data.n_atoms
        z = np.concatenate([(sites_of(t) - mean) @ projection for t in data.values()])
        parts = [_rows(jacobian_of(t), int(t.n_atoms.sum()), projection) for t in data.values()]
        starts = np.cumsum([0, *(t.n_atoms.sum() for t in data.values())])
        centres = np.concatenate([c + start for start, (c, _, _) in zip(starts, parts, strict=False)])
        others = np.concatenate([o + start for start, (_, o, _) in zip(starts, parts, strict=False)])
        atoms = np.concatenate([[0], np.cumsum(N)])
        first = atoms[np.searchsorted(atoms, centres, side="right") - 1]
        return cls(
            atoms=atoms,
            rows=np.searchsorted(centres, atoms),
            z=z.astype(np.float32),
            forces=(data.forces / scale).reshape(-1, 3).astype(np.float32),
            energies=(energies / scale / N).astype(np.float32),
            centres=centres - first,
            others=np.maximum(others - first[:, None], 0),  # of zeros that fill a row up
            jacobian=np.concatenate([values for _, _, values in parts]),
        )

    def __len__(self) -> int:
        return len(self.energies)

    def sizes(self, batch: int) -> tuple[int, int]:
        """Atoms and rows of the largest batch of so many configurations."""
        return tuple(int(np.sort(np.diff(each))[-batch:].sum()) for each in (self.atoms, self.rows))  # type: ignore[return-value]

    def batch(self, chosen: Sequence[int] | NDArray, sizes: tuple[int, int], count: int) -> dict[str, NDArray]:
        """Some configurations, filled up with zeros to ``sizes`` and to ``count`` configurations."""
        made = {
            "z": np.zeros((sizes[0], self.z.shape[1]), np.float32),
            "forces": np.zeros((sizes[0], 3), np.float32),
            "group": np.full(sizes[0], count, np.int32),  # of no configuration
            "energies": np.full(count, np.nan, np.float32),
            "numbers": np.ones(count, np.float32),
            "centres": np.zeros(sizes[1], np.int32),
            "others": np.zeros((sizes[1], PAIRS), np.int32),
            "jacobian": np.zeros((sizes[1], *self.jacobian.shape[1:]), np.float32),
        }
        a = r = 0
        for k, m in enumerate(chosen):
            old, new = slice(*self.atoms[[m, m + 1]]), slice(a, a + self.atoms[m + 1] - self.atoms[m])
            made["z"][new], made["forces"][new], made["group"][new] = self.z[old], self.forces[old], k
            made["energies"][k], made["numbers"][k] = self.energies[m], new.stop - new.start
            old, new = slice(*self.rows[[m, m + 1]]), slice(r, r + self.rows[m + 1] - self.rows[m])
            made["centres"][new], made["others"][new] = self.centres[old] + a, self.others[old] + a
            made["jacobian"][new] = self.jacobian[old]
            a, r = a + self.atoms[m + 1] - self.atoms[m], new.stop
        return made

    def batches(self, order: NDArray[np.integer], batch: int) -> Iterator[dict[str, NDArray]]:
        """The configurations of ``order`` in batches, the last of which may be smaller."""
        sizes = self.sizes(batch)
        for start in range(0, len(order), batch):
            yield self.batch(order[start : start + batch], sizes, batch)


def _rows(jacobian: Jacobian, atoms: int, projection: Array) -> tuple[NDArray, NDArray, Array]:
    """Centres (R,), moving atoms (R, 8) and Jacobian (R, 8, 3, q) of one trajectory, float32."""
    values = (jacobian.values @ projection.astype(np.float32)).astype(np.float32)
    i, j = jacobian.centres, jacobian.atoms
    number = np.bincount(i, minlength=atoms)
    rows = -(-number // PAIRS)
    first_row, first_pair = np.cumsum(rows) - rows, np.cumsum(number) - number
    place = np.arange(len(i)) - first_pair[i]
    row, column = first_row[i] + place // PAIRS, place % PAIRS
    others = np.full((rows.sum(), PAIRS), -1)
    filled = np.zeros((rows.sum(), PAIRS, *values.shape[1:]), np.float32)
    others[row, column], filled[row, column] = j, values
    return np.repeat(np.arange(atoms), rows), others, filled
