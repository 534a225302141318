"""Configurations in memory: a trajectory per key, a dataset of trajectories, validated when they are made."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import elements, flags, is_whole, kind, numbers, words
from .units import beta, counted

Array = NDArray[np.floating]


def frozen(array: np.ndarray) -> np.ndarray:
    """A contiguous view (or copy) of an array that cannot be written to."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def numbered(K: int) -> tuple[str, ...]:
    """Names of descriptors whose names are not known."""
    return tuple(f"D{k}" for k in range(K))


def stated(names: Sequence[str]) -> list[str]:
    """Names of descriptors where they say anything; none where they are numbers only."""
    return [] if tuple(names) == numbered(len(names)) else list(names)


def _as_array(
    name: str, key: str, values: ArrayLike, shape: tuple[int | str, ...], *, keep_float32: bool = False
) -> Array:
    """``values`` as a read-only array of the wanted shape; a letter in ``shape`` stands for any length."""
    array = numbers(f"{name} of trajectory {key!r}", values)
    array = array if keep_float32 and array.dtype == np.float32 else array.astype(np.float64, copy=False)
    fits = array.ndim == len(shape) and all(
        isinstance(want, str) or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
        raise ValueError(f"{name} of trajectory {key!r}: expected shape {wanted}, got {array.shape}")
    return frozen(array)


def refuse_non_finite(
    name: str,
    key: str,
    values: NDArray,
    n_atoms: NDArray[np.integer],
    *,
    rows_per_atom: int,
    columns: Sequence[str] = (),
) -> None:
    """Refuses NaN and infinity in an array of a trajectory, and says where the first one is.

    Args:
        name: of the array.
        key: of the trajectory.
        values: rows of configurations, one each, or of their atoms.
        n_atoms: (M,) atoms in each configuration.
        rows_per_atom: 0 for one row a configuration.
        columns: their names, where they have any.

    Raises:
        ValueError: a number that is not finite.
    """
    # A finite sum has finite terms, and needs no temporary array of the size of Φ.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):
            return
    bad = np.argwhere(~np.isfinite(values))
    if len(bad) == 0:
        return
    row, where = int(bad[0][0]), f"configuration {bad[0][0]}"
    if rows_per_atom:
        atom = row // rows_per_atom
        m = int(np.searchsorted(np.cumsum(n_atoms), atom, side="right"))
        where = f"configuration {m}, atom {atom - int(n_atoms[:m].sum())}"
    if columns and values.ndim == 2:
        where += f", descriptor {columns[bad[0][1]]!r}"
    raise ValueError(
        f"{name} of trajectory {key!r}: expected finite numbers, got {len(bad)} NaN or infinite, the first in {where}; "
        "repair or leave out those configurations, as io.read does with on_bad='drop'"
    )


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Trajectory:
    """Configurations drawn from one ensemble, under one key.

    Rows of ``forces`` and ``force_descriptors`` run configuration by configuration, atom by atom, x y z, so that
    configurations of different size need no padding. Arrays are read-only views of those given, which are not copied.

    Attributes:
        key: name of the trajectory.
        temperature: temperature of the ensemble, K, or None when it is not known.
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
        ValueError: a shape does not fit the others, or a value is not finite; the sentence names both.
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
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        kind("key", self.key, str, "Trajectory(key='run 1', …)")
        n_atoms = numbers(f"n_atoms of trajectory {self.key!r}", self.n_atoms)
        if n_atoms.ndim != 1 or n_atoms.size == 0 or n_atoms.dtype.kind not in "iu" or n_atoms.min() < 1:
            raise ValueError(
                f"n_atoms of trajectory {self.key!r}: expected at least one positive integer, got {n_atoms!r:.60}"
            )
        put("n_atoms", frozen(n_atoms.astype(np.int64)))
        M, atoms = len(n_atoms), int(n_atoms.sum())
        put("energies", _as_array("energies", self.key, self.energies, (M,)))
        put("descriptors", _as_array("descriptors", self.key, self.descriptors, (M, "K")))
        K = self.descriptors.shape[1]
        if K == 0:
            raise ValueError(f"descriptors of trajectory {self.key!r}: expected at least one, got K = 0")
        if self.temperature is not None:
            try:
                beta(self.temperature)
            except ValueError as error:
                raise ValueError(f"temperature of trajectory {self.key!r}: {error}") from error
        put("forces", _as_array("forces", self.key, self.forces, (3 * atoms,)))
        Phi = _as_array("force_descriptors", self.key, self.force_descriptors, (3 * atoms, K), keep_float32=True)
        put("force_descriptors", Phi)
        if self.site_descriptors is not None:
            sites = _as_array("site_descriptors", self.key, self.site_descriptors, (atoms, K), keep_float32=True)
            put("site_descriptors", sites)
        if self.species is not None:
            species = _as_array("species", self.key, self.species, (atoms,))
            put("species", frozen(elements(f"species of trajectory {self.key!r}", species)))
        if self.positions is not None:
            put("positions", _as_array("positions", self.key, self.positions, (atoms, 3)))
        if self.cell is not None:
            put("cell", _as_array("cell", self.key, self.cell, (M, 3, 3)))
        if self.pbc is not None:
            pbc = flags(f"pbc of trajectory {self.key!r}", self.pbc).astype(np.int8)
            put("pbc", frozen(_as_array("pbc", self.key, pbc, (M, 3)).astype(bool)))
        if (self.cell is None) != (self.pbc is None):
            raise ValueError(f"cell and pbc of trajectory {self.key!r}: expected both or neither, got one of them")
        names = words(f"descriptor_names of trajectory {self.key!r}", self.descriptor_names)
        put("descriptor_names", names or numbered(K))
        if len(self.descriptor_names) != K:
            raise ValueError(
                f"descriptor_names of trajectory {self.key!r}: expected {K}, got {len(self.descriptor_names)}"
            )
        self._refuse_non_finite()

    def _refuse_non_finite(self) -> None:
        # Descriptors of atoms before their sums, which do not tell the atom.
        atoms_per_row = {"energies": 0, "site_descriptors": 1, "descriptors": 0, "forces": 3, "force_descriptors": 3}
        atoms_per_row |= {"positions": 1, "cell": 0}
        for name, rows_per_atom in atoms_per_row.items():
            if (values := getattr(self, name)) is not None:
                names = self.descriptor_names if name.endswith("descriptors") else ()
                refuse_non_finite(name, self.key, values, self.n_atoms, rows_per_atom=rows_per_atom, columns=names)

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
        """The configurations ``start`` to ``stop`` (excluded) as a trajectory of the same key; no array is copied."""
        if not 0 <= start < stop <= len(self):
            raise ValueError(f"stop: expected 0 ≤ start < stop ≤ {len(self)} configurations, got {start} and {stop}")
        atoms = np.concatenate([[0], np.cumsum(self.n_atoms)])
        a, b = int(atoms[start]), int(atoms[stop])
        per = {"n_atoms": (start, stop), "energies": (start, stop), "descriptors": (start, stop)}
        per |= {"cell": (start, stop), "pbc": (start, stop)}
        per |= {"forces": (3 * a, 3 * b), "force_descriptors": (3 * a, 3 * b)}
        per |= {"site_descriptors": (a, b), "species": (a, b), "positions": (a, b)}
        cut = {name: getattr(self, name)[i:j] for name, (i, j) in per.items() if getattr(self, name) is not None}
        return dataclasses.replace(self, **cut)


_AS_DATASET = "Dataset([trajectory, …]), each of which has its key, or io.read(path) for a file"


class Dataset(Mapping[str, Trajectory]):
    """Trajectories by key, in order, all with the same descriptors.

    Args:
        trajectories: at least one, with different keys.
        provenance: where the data come from (file name, sha256, descriptor); written into every saved θ.

    Raises:
        ValueError: no trajectory, a key twice, or descriptors that differ.
    """

    def __init__(self, trajectories: Iterable[Trajectory], *, provenance: Mapping[str, Any] | None = None) -> None:
        self._trajectories: dict[str, Trajectory] = {}
        kind("trajectories", trajectories, Iterable, _AS_DATASET)
        for trajectory in trajectories:
            kind("trajectories", trajectory, Trajectory, _AS_DATASET)
            if trajectory.key in self._trajectories:
                raise ValueError(f"trajectories: expected different keys, got {trajectory.key!r} twice")
            self._trajectories[trajectory.key] = trajectory
        if not self._trajectories:
            raise ValueError("trajectories: expected at least one, got none")
        self.provenance: dict[str, Any] = dict(provenance or {})
        first = next(iter(self.values()))
        for trajectory in self.values():
            if trajectory.descriptor_names != first.descriptor_names:
                raise ValueError(
                    f"trajectories: expected the same descriptors everywhere, got K = {first.K} in {first.key!r} and "
                    f"K = {trajectory.K} in {trajectory.key!r}, or other names; read them with the same descriptor"
                )
        self.descriptor_names = first.descriptor_names

    def __getitem__(self, key: str) -> Trajectory:
        if key not in self._trajectories:
            raise KeyError(f"no trajectory {key!r}; there are {', '.join(map(repr, self._trajectories))}")
        return self._trajectories[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._trajectories)

    def __len__(self) -> int:
        return len(self._trajectories)

    def __repr__(self) -> str:
        return (
            f"Dataset({counted(len(self), 'trajectory')}, {counted(len(self.energies), 'configuration')}, K = {self.K})"
        )

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.descriptor_names)

    @property
    def energies(self) -> Array:
        """(M,) energies of all configurations, eV, trajectory by trajectory."""
        return np.concatenate([t.energies for t in self.values()])

    @property
    def n_atoms(self) -> NDArray[np.integer]:
        """(M,) atoms of all configurations."""
        return np.concatenate([t.n_atoms for t in self.values()])

    @property
    def forces(self) -> Array:
        """(3ΣN,) forces of all configurations, eV/Å."""
        return np.concatenate([t.forces for t in self.values()])

    @property
    def groups(self) -> NDArray[np.integer]:
        """(M,) number of the trajectory that each configuration belongs to."""
        return np.repeat(np.arange(len(self)), [len(t) for t in self.values()])

    @property
    def temperatures(self) -> list[float]:
        """The temperatures that occur, K, ascending; those not known are left out."""
        return sorted({t.temperature for t in self.values() if t.temperature is not None})

    def summary(self) -> dict[str, Any]:
        """What the data are, in a few named values: provenance, numbers, temperatures."""
        descriptor = self.provenance.get("descriptor", {})
        return {
            **{name: value for name, value in self.provenance.items() if name not in ("descriptor", "temperature")},
            "trajectories": len(self),
            "configurations": len(self.energies),
            "atoms in a configuration": " to ".join(str(n) for n in sorted({self.n_atoms.min(), self.n_atoms.max()})),
            "temperature, K": ", ".join(f"{T:g}" for T in self.temperatures) or "not known",
            "descriptors K": self.K,
            "descriptor": ", ".join(f"{name} {value}" for name, value in descriptor.items()),
        }

    def select(self, keys: str | Sequence[str]) -> "Dataset":
        """The trajectories of ``keys`` (one or several), in that order."""
        keys = [keys] if isinstance(keys, str) else keys
        return Dataset([self[key] for key in keys], provenance=self.provenance)

    def drop(self, keys: str | Sequence[str]) -> "Dataset":
        """All trajectories but those of ``keys`` (one or several)."""
        gone = {self[key].key for key in ([keys] if isinstance(keys, str) else keys)}
        return Dataset([t for t in self.values() if t.key not in gone], provenance=self.provenance)

    def blocks(self, number: int) -> "Dataset":
        """Every trajectory cut into ``number`` contiguous blocks, each a trajectory ``key/0``, ``key/1`` …

        Neighbouring frames are correlated, so blocks are the least that can be held out of a single long run.
        """
        cut = []
        for t in self.values():
            if not is_whole(number) or not 1 <= number <= len(t):
                raise ValueError(
                    f"number: expected 1 to {len(t)} blocks, as {t.key!r} has {len(t)} configurations, got {number}"
                )
            edges = np.linspace(0, len(t), number + 1).astype(int)
            for k, (a, b) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
                cut.append(dataclasses.replace(t.slice(a, b), key=f"{t.key}/{k}"))
        return Dataset(cut, provenance=self.provenance)
