"""A second featuriser, small enough to be read at one glance: functions of the distances to the neighbours."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from ase.neighborlist import neighbor_list
from numpy.typing import NDArray

from fisherlib.descriptors import Limit
from fisherlib.descriptors.refusals import refuse_unknown_elements
from fisherlib.progress import Progress


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pairs:
    """D_i = Σ_j (1 − r/r_c)³ (r/r_c)ᵏ over the neighbours of a species, k = 0 … degree.

    Attributes:
        cutoff: r_c, Å.
        degree: highest power.
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "degree": Limit(0, 10, "a power", whole=True, grows=True),
        }
    )
    cutoff: float = 4.0
    degree: int = 2

    def __post_init__(self) -> None:
        for name, limit in self.limits.items():
            limit.refuse(name, getattr(self, name))

    @property
    def parameters(self) -> dict[str, Any]:
        return {"name": "pairs", "library": "tests", **dataclasses.asdict(self)}

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        pairs = itertools.product(species, species, range(self.degree + 1))
        return tuple(f"{chemical_symbols[i]}-{chemical_symbols[j]} k{k}" for i, j, k in pairs)

    def __call__(
        self, atoms: Sequence[Atoms], *, species: Sequence[int], progress: Progress | None = None
    ) -> tuple[NDArray, NDArray]:
        return self.with_strain(atoms, species=species, progress=progress)[:2]

    def with_strain(
        self, atoms: Sequence[Atoms], *, species: Sequence[int], progress: Progress | None = None
    ) -> tuple[NDArray, NDArray, NDArray]:
        refuse_unknown_elements(atoms, species)
        found = []
        for done, a in enumerate(atoms, 1):
            found.append(self._one(a, species))
            if progress is not None:
                progress(done, len(atoms))
        D, Phi, strain = zip(*found, strict=True)
        return np.concatenate(D), np.concatenate(Phi), np.stack(strain)

    def _one(self, atoms: Atoms, species: Sequence[int]) -> tuple[NDArray, NDArray, NDArray]:
        """Of one configuration: site descriptors, force descriptors, and those of the strain."""
        i, j, r, d = neighbor_list("ijdD", atoms, self.cutoff)
        number, n = {z: s for s, z in enumerate(species)}, self.degree + 1
        kind = np.array([number[z] for z in atoms.numbers])
        first = n * (len(species) * kind[i] + kind[j])
        D, Phi, strain = (
            np.zeros((*shape, len(self.names(species)))) for shape in ((len(atoms),), (len(atoms), 3), (3, 3))
        )
        for k in range(n):
            x = r / self.cutoff
            np.add.at(D, (i, first + k), (1 - x) ** 3 * x**k)
            slope = ((1 - x) ** 3 * k * x ** max(k - 1, 0) - 3 * (1 - x) ** 2 * x**k) / self.cutoff
            pull = slope[:, None] * d / r[:, None]  # ∂f/∂x_j; that of atom i is minus it
            for c in range(3):
                np.add.at(Phi, (j, c, first + k), -pull[:, c])
                np.add.at(Phi, (i, c, first + k), pull[:, c])
                for b in range(3):
                    np.add.at(strain, (c, b, first + k), -pull[:, c] * d[:, b])
        six = strain[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]  # of functions of distances it is symmetric
        return D, Phi.reshape(3 * len(atoms), -1), six if atoms.pbc.all() else np.full_like(six, np.nan)
