"""The moments of several trajectories, by key."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..counts import counted
from ..dataset import Dataset
from .record import Fold, MomentRecord


class Moments(Mapping[str, MomentRecord]):
    """One record of moments per trajectory key; everything quadratic follows from it without reading data again.

    Args:
        records: at least one.
        about: what the numbers belong to, where it is known: "descriptor", "units". Moments of others do not mix.
    """

    def __init__(self, records: Mapping[str, MomentRecord], *, about: Mapping[str, Any] | None = None) -> None:
        if not records:
            raise ValueError("records: expected the moments of at least one trajectory, got none")
        self._records, self.about = dict(records), dict(about or {})

    def __getitem__(self, key: str) -> MomentRecord:
        if key not in self._records:
            raise KeyError(f"no moments of {key!r}; there are {', '.join(map(repr, self._records))}")
        return self._records[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __repr__(self) -> str:
        M = sum(record.configurations for record in self.values())
        return f"Moments({counted(len(self), 'trajectory')}, {counted(M, 'configuration')}, K = {self.K})"

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return next(iter(self.values())).K

    def __add__(self, other: "Moments") -> "Moments":
        """Both sets of trajectories.

        Raises:
            ValueError: a key or data that are in both and would count twice, another descriptor, or other units.
        """
        twice = self.keys() & other.keys()
        if twice:
            raise ValueError(
                f"moments: expected different trajectories, got {', '.join(map(repr, sorted(twice)))} twice"
            )
        for name in self.about.keys() & other.about.keys():
            if self.about[name] != other.about[name]:
                raise ValueError(
                    f"moments: expected the same {name} in both, got {self.about[name]} and {other.about[name]}"
                )
        for key, record in other.items():
            same = next((ours for ours in self if _same_data(self[ours], record)), None)
            if same is not None:
                raise ValueError(
                    f"moments: expected different data, got those of {same!r} again as {key!r}; they would count twice, "
                    "so drop one of the two"
                )
        return Moments(self._records | other._records, about=self.about | other.about)

    def select(self, keys: str | Sequence[str]) -> "Moments":
        """The moments of ``keys`` (one or several)."""
        keys = [keys] if isinstance(keys, str) else keys
        return Moments({key: self[key] for key in keys}, about=self.about)

    def drop(self, keys: str | Sequence[str]) -> "Moments":
        """The moments without ``keys`` (one or several): what is left is as if they had never been there."""
        gone = {key for key in ([keys] if isinstance(keys, str) else keys) if self[key] is not None}
        return Moments({key: record for key, record in self.items() if key not in gone}, about=self.about)

    def check_of(self, data: Dataset) -> None:
        """Refuses to be taken for the moments of these data, if they are those of others.

        Raises:
            ValueError: other trajectories, descriptors or numbers of configurations, or other means of D and E.
        """
        wanted, way = "moments: expected those of the data", "take accumulate(data)"
        if self.K != data.K:
            raise ValueError(f"{wanted}, with K = {data.K}, got K = {self.K}; {way}")
        sizes = {key: (len(t), len(t.forces)) for key, t in data.items()}
        other = {key for key, _ in sizes.items() ^ {key: (r.configurations, r.rows) for key, r in self.items()}.items()}
        for key in set(data) - other:
            values = np.column_stack([data[key].descriptors, data[key].energies])
            if (np.abs(self[key].mean[:-1] - values.mean(axis=0)) > 1e-6 * np.abs(values).max(axis=0)).any():
                other.add(key)
        if other:
            names = ", ".join(map(repr, sorted(other)[:3])) + (" …" if len(other) > 3 else "")
            raise ValueError(f"{wanted}, got others, which differ in {names}; {way}")

    def total(self) -> MomentRecord:
        """All trajectories merged into one record, in the order of the keys."""
        records = iter(self.values())
        fold = Fold(next(records))
        for record in records:
            fold.add(record)
        return fold.record()


def _same_data(a: MomentRecord, b: MomentRecord) -> bool:
    """Whether two records are of the same data, in the same shards, or in others and so alike but for rounding."""
    if a.digests & b.digests:
        return True
    if (a.configurations, a.rows, a.K) != (b.configurations, b.rows, b.K):
        return False
    return bool(np.allclose(a.FF, b.FF, rtol=1e-12, atol=0) and np.allclose(a.mean, b.mean, rtol=1e-11, atol=0))
