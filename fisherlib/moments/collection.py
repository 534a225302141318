"""The moments of several trajectories, by key."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..arguments import kind
from ..dataset import Dataset
from ..units import counted
from .identity import difference
from .record import Fold, MomentRecord


class Moments(Mapping[str, MomentRecord]):
    """One record of moments per trajectory key; everything quadratic follows from it without reading data again.

    Args:
        records: at least one.
        about: what the numbers belong to, where it is known: "descriptor", "descriptor_names", "units". Moments of others do
            not mix.
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
                ours, theirs = self.about[name], other.about[name]
                raise ValueError(f"moments: expected the same {name} in both, got {ours!s:.200} and {theirs!s:.200}")
        for key, record in other.items():
            same = next((ours for ours in self if _same_data(self[ours], record)), None)
            if same is not None:
                raise ValueError(
                    f"moments: expected different data, got those of {same!r} again as {key!r}; they would count twice, "
                    "so drop one of the two"
                )
        if whole := _cut_again(self, other) or _cut_again(other, self):
            raise ValueError(
                f"moments: expected different data, got those of {whole!r} again, cut into several; they would count twice, so "
                "drop one of the two"
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

    def check_of(self, data: Dataset, temperature: float | None = None) -> None:
        """Refuses to be taken for the moments of these data, if they are those of others.

        Args:
            data: that they should be of.
            temperature: K, where it is taken in place of what the trajectories say.

        Raises:
            ValueError: other trajectories, or one with another number, other force descriptors or another temperature.
        """
        kind("data", data, Dataset, "moments.check_of(data)")
        wanted, way = "moments: expected those of the data", "take accumulate(data)"
        if self.K != data.K:
            raise ValueError(f"{wanted}, with K = {data.K}, got K = {self.K}; {way}")
        other = dict.fromkeys(data.keys() ^ self.keys(), "the trajectories")
        other |= {
            t.key: found for t in data.values() if t.key in self and (found := difference(self[t.key], t, temperature))
        }
        if other:
            keys = sorted(other)
            names = ", ".join(map(repr, keys[:3])) + (" …" if len(keys) > 3 else "")
            raise ValueError(f"{wanted}, got others (by {other[keys[0]]}), which differ in {names}; {way}")

    @property
    def identity(self) -> int | None:
        """Of the configurations of all trajectories together; None where that of one is not known."""
        known = [record.identity for record in self.values()]
        return None if None in known else sum(known) % 2**64

    def total(self) -> MomentRecord:
        """All trajectories merged into one record, in the order of the keys."""
        records = iter(self.values())
        fold = Fold(next(records))
        for record in records:
            fold.add(record)
        return fold.record()


def _cut_again(wholes: Moments, parts: Moments) -> str | None:
    """The first record that is the sum of consecutive parts, such as blocks of a trajectory beside the trajectory itself."""
    sizes = [(r.configurations, r.identity) for r in parts.values()]
    if any(identity is None for _, identity in sizes):
        return None
    ends = list(itertools.accumulate(sizes, _both, initial=(0, 0)))
    known, all_of = set(ends), ends[-1][0]
    for key, r in wholes.items():
        size = (r.configurations, r.identity)
        if r.identity is not None and r.configurations <= all_of and any(_both(end, size) in known for end in ends):
            return key
    return None


def _both(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], (a[1] + b[1]) % 2**64


def _same_data(a: MomentRecord, b: MomentRecord) -> bool:
    """Whether two records are of the same data, in the same shards, or in others and so alike but for rounding."""
    if a.digests & b.digests:
        return True
    if (a.configurations, a.rows, a.K) != (b.configurations, b.rows, b.K):
        return False
    return bool(np.allclose(a.FF, b.FF, rtol=1e-12, atol=0) and np.allclose(a.mean, b.mean, rtol=1e-11, atol=0))
