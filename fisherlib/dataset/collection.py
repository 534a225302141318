"""The trajectories of a dataset, by key."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import each, is_whole, kind
from ..arguments import keys as as_keys
from ..units import counted
from .arrays import Array
from .trajectory import Trajectory

_AS_DATASET = "Dataset([trajectory, …]), each of which has its key, or io.read(path) for a file"


class Dataset(Mapping[str, Trajectory]):
    """Trajectories by key, in order, all with the same descriptors.

    Args:
        trajectories: at least one, with different keys.
        provenance: where the data come from (file name, sha256, descriptor); written into every saved θ.

    Raises:
        TypeError: anything but trajectories.
        ValueError: no trajectory, a key twice, or descriptors that differ.

    Example:
        >>> from fisherlib import systems
        >>> data = Dataset(systems.harmonic([1.0, 2.0], trajectories=3).values())
        >>> data
        Dataset(3 trajectories, 150 configurations, K = 2)
        >>> data["harmonic-0"]
        Trajectory('harmonic-0': 50 configurations, 200 atoms, K = 2, 300 K)
        >>> data.drop("harmonic-0").blocks(5)
        Dataset(10 trajectories, 100 configurations, K = 2)
    """

    def __init__(self, trajectories: Iterable[Trajectory], *, provenance: Mapping[str, Any] | None = None) -> None:
        self._trajectories: dict[str, Trajectory] = {}
        for trajectory in each("trajectories", trajectories, Trajectory, _AS_DATASET):
            if trajectory.key in self._trajectories:
                raise ValueError(f"trajectories: expected different keys, got {trajectory.key!r} twice")
            self._trajectories[trajectory.key] = trajectory
        kind("provenance", provenance, (Mapping, NoneType), "Dataset(trajectories, provenance={'file': 'md.npz'})")
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
            f"Dataset({counted(len(self), 'trajectory')}, {counted(len(self.n_atoms), 'configuration')}, K = {self.K})"
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
    def elements(self) -> tuple[int, ...]:
        """Atomic numbers that occur, ascending; none if the species of a trajectory are not known."""
        found = [t.elements for t in self.values()]
        return tuple(sorted(set().union(*found))) if all(found) else ()

    @property
    def composition(self) -> NDArray[np.integer]:
        """(M, S) atoms of each of ``elements`` in every configuration; (M, 1) all atoms if they are not known."""
        return np.concatenate([t.composition(self.elements) for t in self.values()])

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
        """The known temperatures, K, ascending, each once."""
        return sorted({t.temperature for t in self.values() if t.temperature is not None})

    def summary(self) -> dict[str, Any]:
        """The data in a few named values: provenance, sizes, temperatures."""
        descriptor, columns = self.provenance.get("descriptor", {}), self.provenance.get("columns")
        taken = {"columns": {role: name for role, name in columns.items() if name}} if columns else {}
        known = {name: value for name, value in self.provenance.items() if name not in ("descriptor", "temperature")}
        return {
            **known | taken,
            "trajectories": len(self),
            "configurations": len(self.energies),
            "atoms in a configuration": " to ".join(str(n) for n in sorted({self.n_atoms.min(), self.n_atoms.max()})),
            "temperature, K": ", ".join(f"{T:g}" for T in self.temperatures) or "not known",
            "descriptors K": self.K,
            "descriptor": ", ".join(f"{name} {value}" for name, value in descriptor.items()),
        }

    def select(self, keys: str | Sequence[str]) -> "Dataset":
        """The trajectories of ``keys`` (one or several), in that order."""
        return Dataset([self[key] for key in as_keys(keys)], provenance=self.provenance)

    def drop(self, keys: str | Sequence[str]) -> "Dataset":
        """All trajectories except those of ``keys`` (one or several)."""
        gone = {self[key].key for key in as_keys(keys)}
        return Dataset([t for t in self.values() if t.key not in gone], provenance=self.provenance)

    def blocks(self, number: int) -> "Dataset":
        """Every trajectory cut into ``number`` contiguous blocks, each a trajectory ``key/0``, ``key/1`` …

        Neighbouring configurations are correlated. So of a single long run, hold out blocks, never single configurations.

        Raises:
            ValueError: no block, or more blocks than a trajectory has configurations.
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
