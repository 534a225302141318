"""Structures with named columns and no descriptors yet: what readers give and featurisers take."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import ase
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import elements
from .dataset import Jacobian, Trajectory

#: Arrays of a ``Configurations`` with a row for each atom, and those with a row for each configuration.
_OF_ATOMS, _OF_CONFIGURATIONS = ("numbers", "positions", "forces"), ("energies", "virials", "cell", "pbc")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Configurations:
    """The configurations of one trajectory with everything that is known of them.

    Attributes:
        key: name of the trajectory.
        n_atoms: (M,) atoms in each configuration.
        numbers: (ΣN,) atomic numbers, or None where the file has descriptors only.
        positions: (ΣN, 3) Å, or None.
        energies: (M,) total energies, eV, or None while no entry is chosen for them.
        forces: (ΣN, 3) eV/Å, or None while no column is chosen for them.
        virials: (M, 6) W = −∂U/∂ε = −Vσ, eV, in the order xx, yy, zz, yz, xz, xy, six NaN where the stress is not known, or None.
        temperature: K, or None.
        cell: (M, 3, 3) Å, or None for isolated systems (no periodic direction).
        pbc: (M, 3), or None.
        columns: further per-atom arrays by name, (ΣN, …).
        entries: per-configuration arrays by name, (M, …).
        incomplete: columns and entries that only some configurations have, with the first configuration that lacks each.
        descriptor_names: of the descriptors among the columns, where the file has them.
        provenance: what the file says about where its descriptors come from.
        units: by column or entry, as the file or its format states them.
        place: file and key, for error messages.

    Raises:
        ValueError: lengths that do not fit one another, or numbers that no element has.

    >>> import numpy as np
    >>> water = Configurations(key="water", n_atoms=np.array([3]), numbers=np.array([8, 1, 1]), positions=np.eye(3))
    >>> water.atoms()[0].get_chemical_formula()
    'H2O'
    """

    key: str
    n_atoms: NDArray[np.integer]
    numbers: NDArray[np.integer] | None = None
    positions: NDArray[np.floating] | None = None
    energies: NDArray[np.floating] | None = None
    forces: NDArray[np.floating] | None = None
    virials: NDArray[np.floating] | None = None
    temperature: float | None = None
    cell: NDArray[np.floating] | None = None
    pbc: NDArray[np.bool_] | None = None
    columns: Mapping[str, NDArray] = dataclasses.field(default_factory=dict)
    entries: Mapping[str, NDArray] = dataclasses.field(default_factory=dict)
    incomplete: Mapping[str, int] = dataclasses.field(default_factory=dict)
    descriptor_names: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)
    place: str = ""

    def __post_init__(self) -> None:
        M, atoms, place = len(self.n_atoms), int(np.sum(self.n_atoms)), self.place or f"trajectory {self.key!r}"
        wanted = {
            "numbers": (atoms,),
            "positions": (atoms, 3),
            "energies": (M,),
            "forces": (atoms, 3),
            "virials": (M, 6),
        }
        wanted |= {} if self.cell is None else {"cell": (M, 3, 3), "pbc": (M, 3)}
        for name, shape in wanted.items():
            value = getattr(self, name)
            if np.shape(value) != shape and (value is not None or name == "pbc"):
                raise ValueError(f"{name} of {place}: expected shape {shape}, got {np.shape(value)}")
        if self.numbers is not None:
            elements(f"numbers of {place}", self.numbers)
        named = [("column", atoms, "atoms", self.columns), ("entry", M, "configurations", self.entries)]
        for kind, rows, of, arrays in named:
            for name, array in arrays.items():
                if len(array) != rows:
                    raise ValueError(f"{kind} {name!r} of {place}: expected {rows} {of}, got {len(array)}")

    @property
    def of_atoms(self) -> dict[str, NDArray]:
        """All per-atom arrays by name, (ΣN, …): numbers and positions, where they are known, and the columns."""
        known = {name: getattr(self, name) for name in ("numbers", "positions")}
        return {name: a for name, a in known.items() if a is not None} | dict(self.columns)

    def take(self, key: str, rows: Sequence[int] | NDArray[np.integer]) -> "Configurations":
        """The configurations ``rows`` as a trajectory of their own.

        Args:
            key: its name.
            rows: numbers of configurations, from 0, in the order wanted.
        """
        ends = np.cumsum(self.n_atoms)
        atoms = np.concatenate([np.arange(ends[m] - self.n_atoms[m], ends[m]) for m in rows])
        which = np.asarray(rows)
        arrays = {name: (getattr(self, name), atoms) for name in _OF_ATOMS}
        arrays |= {name: (getattr(self, name), which) for name in _OF_CONFIGURATIONS}
        return dataclasses.replace(
            self,
            key=key,
            n_atoms=self.n_atoms[which],
            columns={name: a[atoms] for name, a in self.columns.items()},
            entries={name: a[which] for name, a in self.entries.items()},
            **{name: a[those] for name, (a, those) in arrays.items() if a is not None},
        )

    def by_entry(self, entry: str) -> "list[Configurations]":
        """A trajectory for each value of an entry, in the order in which they begin."""
        rows: dict[str, list[int]] = {}
        for m, value in enumerate(self.entries[entry]):
            rows.setdefault(str(value), []).append(m)
        return [self.take(key, members) for key, members in rows.items()]

    def atoms(self) -> list[ase.Atoms]:
        """The configurations as ``ase.Atoms`` with numbers, positions and cell.

        Raises:
            ValueError: the file has no numbers or no positions.
        """
        numbers, positions = self.numbers, self.positions
        if numbers is None or positions is None:
            raise ValueError(f"trajectory {self.key!r}: expected numbers and positions, got None")
        ends = np.cumsum(self.n_atoms)
        made = []
        for m, (a, b) in enumerate(zip(ends - self.n_atoms, ends, strict=True)):
            box: dict[str, ArrayLike] = {}
            if self.cell is not None and self.pbc is not None:
                box = {"cell": self.cell[m], "pbc": self.pbc[m]}
            made.append(ase.Atoms(numbers=numbers[a:b], positions=positions[a:b], **box))
        return made

    def with_descriptors(
        self,
        D: NDArray,
        Phi: NDArray,
        names: Sequence[str],
        *,
        Psi: NDArray | None = None,
        jacobian: Jacobian | None = None,
    ) -> Trajectory:
        """The trajectory of these configurations with their descriptors.

        Args:
            D: (ΣN, K) descriptors of each atom.
            Phi: (3ΣN, K) force descriptors, −∂D/∂x.
            names: of the K descriptors.
            Psi: (M, 6, K) strain descriptors, −∂D/∂ε, in the order of the virials, or None.
            jacobian: of D, or None.

        Raises:
            ValueError: forces are not chosen yet.
        """
        if self.forces is None:
            raise ValueError(f"trajectory {self.key!r}: expected forces, got None; choose them first")
        return Trajectory(
            key=self.key,
            temperature=self.temperature,
            n_atoms=self.n_atoms,
            energies=np.full(len(self.n_atoms), np.nan) if self.energies is None else self.energies,
            descriptors=np.add.reduceat(D, np.cumsum(self.n_atoms) - self.n_atoms, axis=0),
            site_descriptors=D,
            forces=self.forces.reshape(-1),
            force_descriptors=Phi,
            virials=self.virials,
            strain_descriptors=Psi,
            jacobian=jacobian,
            species=self.numbers,
            positions=self.positions,
            cell=self.cell,
            pbc=self.pbc,
            descriptor_names=tuple(names),
        )
