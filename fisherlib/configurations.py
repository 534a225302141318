"""Configurations as they come from a file, before they have descriptors."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import ase
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import elements
from .dataset import Trajectory


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Frames:
    """The configurations of one trajectory with whatever per-atom columns their file has.

    Attributes:
        key: name of the trajectory.
        n_atoms: (M,) atoms in each configuration.
        numbers: (ΣN,) atomic numbers, or None where the file has descriptors only.
        positions: (ΣN, 3) Å, or None.
        energies: (M,) total energies, eV.
        forces: (ΣN, 3) eV/Å.
        temperature: K, or None.
        cell: (M, 3, 3) Å, or None for isolated systems (no periodic direction).
        pbc: (M, 3), or None.
        columns: further per-atom arrays by name, (ΣN, …).
        descriptor_names: of the descriptors among the columns, where the file has them.
        provenance: what the file says about where its descriptors come from.

    Raises:
        ValueError: lengths that do not fit one another.
    """

    key: str
    n_atoms: NDArray[np.integer]
    numbers: NDArray[np.integer] | None
    positions: NDArray[np.floating] | None
    energies: NDArray[np.floating]
    forces: NDArray[np.floating]
    temperature: float | None = None
    cell: NDArray[np.floating] | None = None
    pbc: NDArray[np.bool_] | None = None
    columns: Mapping[str, NDArray] = dataclasses.field(default_factory=dict)
    descriptor_names: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        M, atoms = len(self.n_atoms), int(np.sum(self.n_atoms))
        wanted = {"numbers": (atoms,), "positions": (atoms, 3), "energies": (M,), "forces": (atoms, 3)}
        wanted |= {} if self.cell is None else {"cell": (M, 3, 3), "pbc": (M, 3)}
        for name, shape in wanted.items():
            value = getattr(self, name)
            have = np.shape(value)
            if have != shape and not (value is None and name in ("numbers", "positions")):
                raise ValueError(f"{name} of trajectory {self.key!r}: expected shape {shape}, got {have}")
        if self.numbers is not None:
            elements(f"numbers of trajectory {self.key!r}", self.numbers)
        for name, column in self.columns.items():
            if len(column) != atoms:
                raise ValueError(
                    f"column {name!r} of trajectory {self.key!r}: expected {atoms} atoms, got {len(column)}"
                )

    def atoms(self) -> list[ase.Atoms]:
        """The configurations as ``ase.Atoms`` (numbers, positions, cell), where the file has them."""
        ends = np.cumsum(self.n_atoms)
        made = []
        for m, (a, b) in enumerate(zip(ends - self.n_atoms, ends, strict=True)):
            box: dict[str, ArrayLike] = {} if self.cell is None else {"cell": self.cell[m], "pbc": self.pbc[m]}
            made.append(ase.Atoms(numbers=self.numbers[a:b], positions=self.positions[a:b], **box))
        return made

    def with_descriptors(self, D: NDArray, Phi: NDArray, names: Sequence[str]) -> Trajectory:
        """The trajectory of these configurations with their descriptors.

        Args:
            D: (ΣN, K) descriptors of each atom.
            Phi: (3ΣN, K) force descriptors, −∂D/∂x.
            names: of the K descriptors.
        """
        return Trajectory(
            key=self.key,
            temperature=self.temperature,
            n_atoms=self.n_atoms,
            energies=self.energies,
            descriptors=np.add.reduceat(D, np.cumsum(self.n_atoms) - self.n_atoms, axis=0),
            site_descriptors=D,
            forces=self.forces.reshape(-1),
            force_descriptors=Phi,
            species=self.numbers,
            positions=self.positions,
            cell=self.cell,
            pbc=self.pbc,
            descriptor_names=tuple(names),
        )
