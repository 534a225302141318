"""Configurations drawn from one ensemble, under one key."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arguments import elements, flags, kind, numbers, whole, words
from ..units import beta
from .arrays import Array, frozen, refuse_non_finite, shaped
from .elements import element_counts, elements_of
from .jacobian import Jacobian
from .names import numbered, symbol

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
#: Independent components of a symmetric 3 × 3 matrix, in the order of virials and strain descriptors.
STRAINS = ("xx", "yy", "zz", "yz", "xz", "xy")


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Trajectory:
    """Configurations drawn from one ensemble, under one key.

    Rows of ``forces`` and ``force_descriptors`` run configuration by configuration, atom by atom, x y z, so that
    configurations of different size need no padding. Arrays are read-only views of the ones given; nothing is copied.

    Attributes:
        key: name of the trajectory.
        temperature: of the ensemble, K, or None if it is not known.
        n_atoms: (M,) atoms in each configuration, N.
        energies: (M,) potential energy, eV, total of the configuration; NaN in all of them if no energies are given.
        descriptors: (M, K) D, summed over the atoms of a configuration.
        forces: (3ΣN,) F, eV/Å.
        force_descriptors: (3ΣN, K) Φ = −∂D/∂x, [D]/Å, so that the model's forces are Φθ; float64 or float32.
        site_descriptors: (ΣN, K) D of each atom, or None.
        virials: (M, 6) W = −∂U/∂ε = −Vσ, eV, in the order xx, yy, zz, yz, xz, xy, or None; six NaN for a configuration
            whose stress is not known. A strain ε moves positions and cell by x → x (1 + ε).
        strain_descriptors: (M, 6, K) Ψ = −∂D/∂ε, [D], in the same order, so that the model's virials are Ψθ, or None;
            wanted where there are virials. Six times K NaN where the virial is not known.
        jacobian: of ``site_descriptors``, for models whose site energies are no linear function, or None.
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
    descriptors: Array
    forces: Array
    force_descriptors: Array
    energies: Array = dataclasses.field(default_factory=lambda: np.array(np.nan))  # one NaN, for each configuration
    temperature: float | None = None
    site_descriptors: Array | None = None
    virials: Array | None = None
    strain_descriptors: Array | None = None
    jacobian: Jacobian | None = None
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
        if self.energies is None or (isinstance(self.energies, np.ndarray) and self.energies.ndim == 0):
            object.__setattr__(self, "energies", np.full(M, np.nan))
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
        self._put("virials", (M, 6))
        self._put("strain_descriptors", (M, 6, K))
        self._put_directions(M)
        self._put_names()
        self._refuse_strains_apart()
        self._refuse_foreign_jacobian(atoms)
        for name, rows_per_atom in _ROWS_PER_ATOM.items():
            if (values := getattr(self, name)) is not None and (name != "energies" or self.has_energies):
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

    def _refuse_strains_apart(self) -> None:
        """Refuses virials and strain descriptors that do not go together, or that are known in part."""
        if self.strain_descriptors is None:
            return
        if self.virials is None:
            raise ValueError(f"virials of trajectory {self.key!r}: expected them beside strain_descriptors, got none")
        with np.errstate(over="ignore", invalid="ignore"):
            known = np.isfinite(self.virials).all(axis=1), np.isfinite(self.strain_descriptors).all(axis=(1, 2))
        unknown = np.isnan(self.virials).all(axis=1)
        bad = np.flatnonzero(~(known[0] | unknown) | (known[0] & ~known[1]))
        if len(bad):
            raise ValueError(
                f"virials of trajectory {self.key!r}: expected six numbers and their strain descriptors, or six NaN where the "
                f"stress is not known, got {self.virials[bad[0]].tolist()} in configuration {bad[0]}"
            )

    def _refuse_foreign_jacobian(self, atoms: int) -> None:
        if (jacobian := self.jacobian) is None:
            return
        kind(f"jacobian of trajectory {self.key!r}", jacobian, Jacobian, "Trajectory(jacobian=Jacobian(…), …)")
        if self.site_descriptors is None:
            raise ValueError(f"site_descriptors of trajectory {self.key!r}: expected them beside jacobian, got none")
        configuration = np.repeat(np.arange(len(self)), self.n_atoms)
        last = max(jacobian.centres.max(initial=0), jacobian.atoms.max(initial=0))
        fits = jacobian.K == self.K and last < atoms
        if not fits or (configuration[jacobian.centres] != configuration[jacobian.atoms]).any():
            raise ValueError(
                f"jacobian of trajectory {self.key!r}: expected pairs of atoms of the same configuration among {atoms} and K = "
                f"{self.K}, got K = {jacobian.K} and atoms up to {last}"
            )

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

    @property
    def has_energies(self) -> bool:
        """Whether energies are known; without them all are NaN."""
        return not np.isnan(self.energies).all()

    @property
    def strained(self) -> NDArray[np.integer]:
        """Numbers of the configurations with virials and strain descriptors, from 0."""
        if self.virials is None or self.strain_descriptors is None:
            return np.zeros(0, int)
        return np.flatnonzero(np.isfinite(self.virials[:, 0]))

    @property
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that occur, ascending; none if species are not known."""
        return elements_of(self.species)

    def composition(self, elements: Sequence[int]) -> NDArray[np.integer]:
        """(M, S) number of atoms of each element in each configuration; (M, 1), all atoms, for no elements.

        Raises:
            ValueError: an atom of another element, or species that are not known.
        """
        if elements and (self.species is None or not set(self.elements) <= set(elements)):
            found = "none" if self.species is None else ", ".join(map(symbol, self.elements))
            wanted = ", ".join(map(symbol, elements))
            raise ValueError(f"species of trajectory {self.key!r}: expected some of {wanted}, got {found}")
        return element_counts(self.n_atoms, self.species, elements)

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
        per |= {name: (start, stop) for name in ("cell", "pbc", "virials", "strain_descriptors")}
        per |= {"forces": (3 * a, 3 * b), "force_descriptors": (3 * a, 3 * b)}
        per |= {"site_descriptors": (a, b), "species": (a, b), "positions": (a, b)}
        cut = {name: getattr(self, name)[i:j] for name, (i, j) in per.items() if getattr(self, name) is not None}
        if self.jacobian is not None:
            cut["jacobian"] = self.jacobian.slice(a, b)
        return dataclasses.replace(self, **cut)
