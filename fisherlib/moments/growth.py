"""Moments of trajectories that still grow: what came is summed once, in the blocks in which all of it would be summed."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arguments import kind
from ..dataset import Array, Dataset, Trajectory
from .collection import Moments
from .in_memory import about, finished
from .record import MomentRecord
from .sums import Sums, rows_per_block

#: Arrays with a row for each configuration, atom or component, which a longer trajectory has one after the other.
_ROWS = """n_atoms energies descriptors forces force_descriptors site_descriptors species positions cell pbc virials
    strain_descriptors""".split()


class Growth:
    """Trajectories to which configurations are added while they are made, such as walkers of a running simulation.

    At any time ``moments`` equals ``accumulate(data)`` to the last bit: Φ is summed in the same blocks of rows, added in the
    same order. Only the last block, which is not full yet, is multiplied again when rows come.

    Args:
        provenance: of the data, as for ``Dataset``.

    Example:
        >>> import fisherlib as fl
        >>> data, growth = fl.systems.harmonic([1.0, 2.0]), Growth()
        >>> for t in data.values():
        ...     growth.add(t.slice(0, 20))
        ...     growth.add(t.slice(20, 50))
        >>> bool((growth.moments.total().PhiPhi == fl.accumulate(data).total().PhiPhi).all())
        True
    """

    def __init__(self, provenance: Mapping[str, Any] | None = None) -> None:
        self._grown, self._provenance = dict[str, _Grown](), dict(provenance or {})

    def add(self, trajectory: Trajectory) -> None:
        """Add configurations to the trajectory of their key; a new key begins a new one.

        Raises:
            TypeError: anything but a trajectory.
            ValueError: other descriptors, or another temperature than the first configurations of that key.
        """
        kind("trajectory", trajectory, Trajectory, "growth.add(trajectory)")
        first = next(iter(self._grown.values())).parts[0] if self._grown else trajectory
        if trajectory.descriptor_names != first.descriptor_names:
            raise ValueError(f"trajectory: expected K = {first.K} descriptors as before, got {trajectory.K}, or others")
        self._grown.setdefault(trajectory.key, _Grown(first.K)).add(trajectory)

    @property
    def data(self) -> Dataset:
        """All that came, without Jacobians; Φ is copied."""
        return Dataset([grown.whole for grown in self._grown.values()], provenance=self._provenance)

    @property
    def moments(self) -> Moments:
        """The moments of all that came."""
        names = next(iter(self._grown.values())).parts[0].descriptor_names if self._grown else ()
        records = {key: grown.record() for key, grown in self._grown.items()}
        return Moments(records, about=about(names, self._provenance))


class _Grown:
    """One trajectory: its parts, the sums over full blocks, and the rows of the last one."""

    def __init__(self, K: int) -> None:
        self.parts, self._sums, self._block = list[Trajectory](), Sums(K), rows_per_block(K)
        self._open: tuple[Array, Array] = np.empty((0, K)), np.empty(0)
        self._record: MomentRecord | None = None

    def add(self, t: Trajectory) -> None:
        if self.parts and t.temperature != self.parts[0].temperature:
            T = self.parts[0].temperature
            raise ValueError(
                f"temperature of {t.key!r}: expected {T} K as before, got {t.temperature}; give it another key"
            )
        self.parts.append(t)
        Phi: Array = np.concatenate([self._open[0], t.force_descriptors])
        F: Array = np.concatenate([self._open[1], t.forces])
        while len(F) >= self._block:
            self._sums.add(Phi[: self._block], F[: self._block])
            Phi, F = Phi[self._block :], F[self._block :]
        self._open, self._record = (Phi, F), None

    @property
    def whole(self) -> Trajectory:
        known: dict[str, list[Any]] = {name: [getattr(part, name) for part in self.parts] for name in _ROWS}
        arrays: dict[str, Any] = {
            name: None if any(a is None for a in each) else np.concatenate(each) for name, each in known.items()
        }
        return dataclasses.replace(self.parts[0], jacobian=None, **arrays)

    def record(self) -> MomentRecord:
        if self._record is None:
            sums = self._sums.copy()
            if len(self._open[1]):
                sums.add(*self._open)
            self._record = finished(sums, self.parts)
        return self._record
