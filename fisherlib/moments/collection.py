"""The moments of several trajectories, by key."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import keys as as_keys
from ..arguments import kind, words
from ..dataset import Dataset
from ..units import check_temperature, counted
from .from_rows import checked_rows, restricted, row_records
from .identity import difference
from .record import Fold, MomentRecord

_AS_MOMENTS = "accumulate(data), or Moments({key: record})"


class Moments(Mapping[str, MomentRecord]):
    """One record of moments per trajectory key. Every quadratic loss follows from them, without reading the data again.

    Args:
        records: at least one, by key.
        about: "descriptor", "descriptor_names" and "units" of the data, as far as they are known, and the "reference" that was
            taken off. Moments that differ in one of them cannot be added.

    Raises:
        TypeError: anything but records.
        ValueError: no record.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> moments
        Moments(4 trajectories, 200 configurations, K = 2)
        >>> moments.drop("harmonic-0").total().configurations
        150
        >>> moments.select("harmonic-0") + moments.select("harmonic-1")
        Moments(2 trajectories, 100 configurations, K = 2)
    """

    def __init__(self, records: Mapping[str, MomentRecord], *, about: Mapping[str, Any] | None = None) -> None:
        kind("records", records, Mapping, _AS_MOMENTS)
        self._records, self.about = dict(records), dict(about or {})
        self._total: MomentRecord | None = None
        if not self._records:
            raise ValueError("records: expected the moments of at least one trajectory, got none")
        kind(
            "records", next(iter(self._records.values())), MomentRecord, _AS_MOMENTS
        )  # one, as moments are often dropped

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

    @property
    def descriptor_names(self) -> tuple[str, ...]:
        """(K,) names of the descriptors; D0, D1 … where they have none."""
        names = self.about.get("descriptor_names") or []
        return tuple(names) if len(names) == self.K else tuple(f"D{k}" for k in range(self.K))

    def __add__(self, other: "Moments") -> "Moments":
        """Both sets of trajectories.

        Raises:
            TypeError: anything but moments.
            ValueError: a key or data that are in both and would count twice, another descriptor, or other units.
        """
        kind("moments", other, Moments, "accumulate(a) + accumulate(b)")
        twice = self.keys() & other.keys()
        if twice:
            raise ValueError(
                f"moments: expected different trajectories, got {', '.join(map(repr, sorted(twice)))} twice"
            )
        both = self.about.keys() & other.about.keys()
        for name in both | ({"reference"} if "descriptor" in both else set()):
            if (ours := self.about.get(name)) != (theirs := other.about.get(name)):
                raise ValueError(f"moments: expected the same {name} in both, got {ours!s:.200} and {theirs!s:.200}")
        for key, record in other.items():
            same = next((ours for ours in self if _same_data(self[ours], record)), None)
            if same is not None:
                raise ValueError(
                    f"moments: expected different data, got those of {same!r} again as {key!r}; they would count twice, "
                    "so drop one of the two"
                )
        if uncut := _cut_again(self, other) or _cut_again(other, self):
            raise ValueError(
                f"moments: expected different data, got those of {uncut!r} again, cut into several; they would count twice, so "
                "drop one of the two"
            )
        return Moments(self._records | other._records, about=self.about | other.about)

    @classmethod
    def from_rows(
        cls, X: ArrayLike, y: ArrayLike, blocks: ArrayLike | None = None, *, names: Sequence[str] | None = None
    ) -> "Moments":
        """Moments of plain regression data, y ≈ X θ + a with a free constant a: one record for each block of rows.

        A row counts as a configuration of one atom with y as its energy, without forces. What takes moments and has no need
        of forces takes these too: ``regression.ridge_path``, ``lasso_path``, ``evidence``, ``best_subsets``, jackknife.

        Args:
            X: (n, K) descriptors.
            y: (n,) what is to be predicted.
            blocks: (n,) name or number of the block of each row, such that rows of different blocks are independent; one
                block by default.
            names: K names of the descriptors.

        Raises:
            ValueError: shapes that do not fit, or numbers that are not finite.

        Example:
            >>> import fisherlib as fl
            >>> x = np.random.default_rng(0).normal(size=(40, 2))
            >>> moments = fl.Moments.from_rows(x, 3 * x[:, 0] + 5, np.arange(40) // 10)
            >>> moments, fl.regression.ridge_path(moments, [1e-12]).theta(1e-12).round(6)
            (Moments(4 trajectories, 40 configurations, K = 2), array([3., 0.]))
        """
        X, y, labels = checked_rows(X, y, blocks)
        known = words("names", names) if names is not None else ()
        if known and len(known) != X.shape[1]:
            raise ValueError(f"names: expected K = {X.shape[1]}, one for each column of X, got {len(known)}")
        return cls(row_records(X, y, labels), about={"descriptor_names": list(known)} if known else {})

    def columns(self, kept: Sequence[int] | NDArray[np.integer]) -> "Moments":
        """The moments of some of the descriptors, by their indices: a fit to these needs no data.

        Raises:
            ValueError: no indices, or some that are not those of different descriptors.
        """
        at = np.asarray(kept)
        if at.ndim != 1 or at.dtype.kind not in "iu" or not len(at) or len({*at.tolist()} & {*range(self.K)}) < len(at):
            raise ValueError(f"kept: expected different indices from 0 to {self.K - 1}, got {np.asarray(kept)!s:.60}")
        names = self.about.get("descriptor_names")
        about = {k: v for k, v in self.about.items() if k not in ("descriptor", "descriptor_names")}
        about |= {"descriptor_names": [names[k] for k in at]} if names and len(names) == self.K else {}
        return Moments({key: restricted(record, at) for key, record in self.items()}, about=about)

    def select(self, keys: str | Sequence[str]) -> "Moments":
        """The moments of ``keys`` (one or several)."""
        return Moments({key: self[key] for key in as_keys(keys)}, about=self.about)

    def drop(self, keys: str | Sequence[str]) -> "Moments":
        """The moments without ``keys`` (one or several), as if those had never been added."""
        gone = {key for key in as_keys(keys) if self[key] is not None}
        return Moments({key: record for key, record in self.items() if key not in gone}, about=self.about)

    def check_of(self, data: Dataset, temperature: float | None = None) -> None:
        """Refuses data that these are not the moments of.

        Args:
            data: that the moments should be of.
            temperature: K, if it is used in place of the trajectories' own.

        Raises:
            TypeError: anything but a dataset.
            ValueError: other trajectories, or one with other numbers, other force descriptors or another temperature.
        """
        kind("data", data, Dataset, "moments.check_of(data)")
        check_temperature(temperature)
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
        """Identity of the configurations of all trajectories together; None if that of one is not known."""
        known = [record.identity for record in self.values() if record.identity is not None]
        return sum(known) % 2**64 if len(known) == len(self) else None

    def total(self) -> MomentRecord:
        """All trajectories merged into one record, in the order of the keys; kept, as many ask for it."""
        if self._total is None:
            records = iter(self.values())
            fold = Fold(next(records))
            for record in records:
                fold.add(record)
            self._total = fold.record()
        return self._total


def _cut_again(wholes: Moments, parts: Moments) -> str | None:
    """Key of the first record that equals the sum of consecutive parts, such as a trajectory beside its own blocks."""
    sizes = [(r.configurations, r.identity) for r in parts.values() if r.identity is not None]
    if len(sizes) < len(parts):
        return None
    ends = list(itertools.accumulate(sizes, _both, initial=(0, 0)))
    known, all_of = set(ends), ends[-1][0]
    for key, r in wholes.items():
        if r.identity is None or r.configurations > all_of:
            continue
        if any(_both(end, (r.configurations, r.identity)) in known for end in ends):
            return key
    return None


def _both(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    return a[0] + b[0], (a[1] + b[1]) % 2**64


def _same_data(a: MomentRecord, b: MomentRecord) -> bool:
    """Whether two records are of the same data: by their digests, or, from other shards, by sums that agree up to rounding."""
    if a.digests & b.digests:
        return True
    if (a.configurations, a.rows, a.K) != (b.configurations, b.rows, b.K):
        return False
    ours, theirs = (r.mean[: r.K + 1] for r in (a, b))
    return bool(
        np.allclose(a.FF, b.FF, rtol=1e-12, atol=0) and np.allclose(ours, theirs, rtol=1e-11, atol=0, equal_nan=True)
    )
