"""Configurations drawn from one ensemble, under one key."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..arguments import elements, flags, kind, numbers, whole, words
from ..units import beta
from .arrays import Array, frozen, refuse_non_finite, shaped
from .names import numbered

#: Rows per atom of each array; 0 for one row per configuration. Atoms come before their sums, which cannot name the atom.
_ROWS_PER_ATOM = {
    "energies": 0,
    "site_descriptors": 1,
    "descriptors": 0,
    "forces": 3,
    "force_descriptors": 3,
    "positions": 1,
    "cell": 0,
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Trajectory:
    """Configurations drawn from one ensemble, under one key.

    Rows of ``forces`` and ``force_descriptors`` run configuration by configuration, atom by atom, x y z, so that
    configurations of different size need no padding. Arrays are read-only views of the ones given; nothing is copied.

    Attributes:
        key: name of the trajectory.
        temperature: of the ensemble, K, or None if it is not known.
        n_atoms: (M,) atoms in each configuration, N.
        energies: (M,) potential energy, eV, total of the configuration.
        descriptors: (M, K) D, summed over the atoms of a configuration.
        forces: (3ΣN,) F, eV/Å.
        force_descriptors: (3ΣN, K) Φ = −∂D/∂x, [D]/Å, so that the model's forces are Φθ; float64 or float32.
        site_descriptors: (ΣN, K) D of each atom, or None.
        species: (ΣN,) atomic numbers, or None.
        positions: (ΣN, 3) Å, or None; the algebra never needs them.
        cell, pbc: (M, 3, 3) Å and (M, 3), or None for isolated systems.
        descriptor_names: K names.

    Raises:
        TypeError: a key that is not text.
        ValueError: a shape does not fit the others, or a value is not finite; the message names both.

    Example:
        Two configurations of one atom on a spring, U = θ ½x², with θ = 3 eV/Å²:

        >>> import numpy as np
        >>> x = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
        >>> D = 0.5 * (x**2).sum(axis=1, keepdims=True)
        >>> Trajectory(
        ...     key="spring", temperature=300.0, n_atoms=[1, 1],
        ...     energies=3 * D[:, 0], descriptors=D,
        ...     forces=-3 * x.ravel(), force_descriptors=-x.reshape(6, 1),
        ... )
        Trajectory('spring': 2 configurations, 2 atoms, K = 1, 300 K)
    """

    key: str
    n_atoms: NDArray[np.integer]
    energies: Array
    descriptors: Array
    forces: Array
    force_descriptors: Array
    temperature: float | None = None
    site_descriptors: Array | None = None
    species: NDArray[np.integer] | None = None
    positions: Array | None = None
    cell: Array | None = None
    pbc: NDArray[np.bool_] | None = None
    descriptor_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kind("key", self.key, str, "Trajectory(key='run 1', …)")
        self._put_sizes()
        M, K, atoms = len(self.n_atoms), self.K, int(self.n_atoms.sum())
        if self.temperature is not None:
            try:
                beta(self.temperature)
            except ValueError as error:
                raise ValueError(f"temperature of trajectory {self.key!r}: {error}") from error
        self._put("energies", (M,))
        self._put("forces", (3 * atoms,))
        self._put("force_descriptors", (3 * atoms, K), keep_float32=True)
        self._put("site_descriptors", (atoms, K), keep_float32=True)
        self._put("species", (atoms,))
        if self.species is not None:
            species = frozen(elements(f"species of trajectory {self.key!r}", self.species))
            object.__setattr__(self, "species", species)
        self._put("positions", (atoms, 3))
        self._put("cell", (M, 3, 3))
        self._put_directions(M)
        self._put_names()
        for name, rows_per_atom in _ROWS_PER_ATOM.items():
            if (values := getattr(self, name)) is not None:
                names = self.descriptor_names if name.endswith("descriptors") else ()
                refuse_non_finite(name, self.key, values, self.n_atoms, rows_per_atom=rows_per_atom, columns=names)

    def _put(self, name: str, shape: tuple[int | str, ...], *, keep_float32: bool = False) -> None:
        if (values := getattr(self, name)) is not None or name in ("energies", "forces", "force_descriptors"):
            array = shaped(name, self.key, values, shape, keep_float32=keep_float32)
            object.__setattr__(self, name, array)

    def _put_sizes(self) -> None:
        """Numbers of atoms and descriptors, which say how many configurations, atoms and columns there are."""
        n_atoms = numbers(f"n_atoms of trajectory {self.key!r}", self.n_atoms)
        if n_atoms.ndim != 1 or n_atoms.size == 0 or n_atoms.dtype.kind not in "iu" or n_atoms.min() < 1:
            raise ValueError(
                f"n_atoms of trajectory {self.key!r}: expected at least one positive integer, got {n_atoms!r:.60}"
            )
        object.__setattr__(self, "n_atoms", frozen(n_atoms.astype(np.int64)))
        D = shaped("descriptors", self.key, self.descriptors, (len(n_atoms), "K"))
        object.__setattr__(self, "descriptors", D)
        if self.K == 0:
            raise ValueError(f"descriptors of trajectory {self.key!r}: expected at least one, got K = 0")

    def _put_directions(self, M: int) -> None:
        """Periodic directions, which come with a cell or not at all."""
        if self.pbc is not None:
            pbc = flags(f"pbc of trajectory {self.key!r}", self.pbc).astype(np.int8)
            object.__setattr__(self, "pbc", frozen(shaped("pbc", self.key, pbc, (M, 3)).astype(bool)))
        if (self.cell is None) != (self.pbc is None):
            raise ValueError(f"cell and pbc of trajectory {self.key!r}: expected both or neither, got one of them")

    def _put_names(self) -> None:
        names = words(f"descriptor_names of trajectory {self.key!r}", self.descriptor_names) or numbered(self.K)
        object.__setattr__(self, "descriptor_names", names)
        if len(names) != self.K:
            raise ValueError(f"descriptor_names of trajectory {self.key!r}: expected {self.K}, got {len(names)}")

    def __len__(self) -> int:
        return len(self.n_atoms)

    def __repr__(self) -> str:
        T = "unknown temperature" if self.temperature is None else f"{self.temperature:g} K"
        return f"Trajectory({self.key!r}: {len(self)} configurations, {self.n_atoms.sum()} atoms, K = {self.K}, {T})"

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return self.descriptors.shape[1]

    def slice(self, start: int, stop: int) -> "Trajectory":
        """The configurations ``start`` to ``stop`` (excluded) as a trajectory of the same key; no array is copied.

        Raises:
            ValueError: no configuration in between, or bounds outside the trajectory.
        """
        whole("start", start, 0, "configurations")
        whole("stop", stop, 1, "configurations")
        if not start < stop <= len(self):
            raise ValueError(f"stop: expected 0 ≤ start < stop ≤ {len(self)} configurations, got {start} and {stop}")
        atoms = np.concatenate([[0], np.cumsum(self.n_atoms)])
        a, b = int(atoms[start]), int(atoms[stop])
        per = {"n_atoms": (start, stop), "energies": (start, stop), "descriptors": (start, stop)}
        per |= {"cell": (start, stop), "pbc": (start, stop)}
        per |= {"forces": (3 * a, 3 * b), "force_descriptors": (3 * a, 3 * b)}
        per |= {"site_descriptors": (a, b), "species": (a, b), "positions": (a, b)}
        cut = {name: getattr(self, name)[i:j] for name, (i, j) in per.items() if getattr(self, name) is not None}
        return dataclasses.replace(self, **cut)
