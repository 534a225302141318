"""Sufficient statistics of trajectories: accumulated in one pass, then merged and subtracted without the data."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from .dataset import Array, Dataset, Trajectory, frozen

#: Rows of Φ that are multiplied at once: large enough for BLAS, small enough for memory.
BLOCK_ROWS = 16384


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MomentRecord:
    """Sums over the configurations of one trajectory, or of several merged ones.

    With z = (D, E, N) of a configuration, ``mean`` is ⟨z⟩ and ``scatter`` the centred sum Σ(z − ⟨z⟩)(z − ⟨z⟩)ᵀ;
    centred sums keep the digits that raw ones lose (E is large, its spread small).

    Attributes:
        configurations: M, number of configurations.
        rows: 3ΣN, number of force components.
        PhiPhi: (K, K) ΦᵀΦ, [D]²/Å².
        PhiF: (K,) ΦᵀF, [D] eV/Å².
        FF: F·F, eV²/Å².
        mean: (K + 2,) mean of (D, E, N).
        scatter: (K + 2, K + 2) centred sum of products of (D, E, N).
        temperature: K, or None when unknown or mixed.
    """

    configurations: int
    rows: int
    PhiPhi: Array
    PhiF: Array
    FF: float
    mean: Array
    scatter: Array
    temperature: float | None = None

    def __post_init__(self) -> None:
        for name in ("PhiPhi", "PhiF", "mean", "scatter"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.PhiF)

    def _same_descriptors(self, other: "MomentRecord") -> None:
        if self.K != other.K:
            raise ValueError(
                f"moments: expected K = {self.K} descriptors, got {other.K}; use data of one descriptor only"
            )

    def __add__(self, other: "MomentRecord") -> "MomentRecord":
        """Moments of both sets of configurations (pairwise update of Chan, Golub and LeVeque, 1983)."""
        self._same_descriptors(other)
        M = self.configurations + other.configurations
        step = other.mean - self.mean
        return MomentRecord(
            configurations=M,
            rows=self.rows + other.rows,
            PhiPhi=self.PhiPhi + other.PhiPhi,
            PhiF=self.PhiF + other.PhiF,
            FF=self.FF + other.FF,
            mean=self.mean + step * (other.configurations / M),
            scatter=self.scatter
            + other.scatter
            + np.outer(step, step) * (self.configurations * other.configurations / M),
            temperature=self.temperature if self.temperature == other.temperature else None,
        )

    def __sub__(self, other: "MomentRecord") -> "MomentRecord":
        """Moments without the configurations of ``other``, which must be part of this record."""
        self._same_descriptors(other)
        M = self.configurations - other.configurations
        if M < 1 or self.rows <= other.rows:
            raise ValueError(f"moments: cannot take {other.configurations} configurations out of {self.configurations}")
        mean = self.mean + (self.mean - other.mean) * (other.configurations / M)
        step = other.mean - mean
        return MomentRecord(
            configurations=M,
            rows=self.rows - other.rows,
            PhiPhi=self.PhiPhi - other.PhiPhi,
            PhiF=self.PhiF - other.PhiF,
            FF=self.FF - other.FF,
            mean=mean,
            scatter=self.scatter
            - other.scatter
            - np.outer(step, step) * (M * other.configurations / self.configurations),
            temperature=self.temperature,
        )


class Moments(Mapping[str, MomentRecord]):
    """One record of moments per trajectory key; everything quadratic follows from it without reading data again."""

    def __init__(self, records: Mapping[str, MomentRecord]) -> None:
        if not records:
            raise ValueError("records: expected the moments of at least one trajectory, got none")
        self._records = dict(records)

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
        return f"Moments({len(self)} trajectories, {M} configurations, K = {self.K})"

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return next(iter(self.values())).K

    def __add__(self, other: "Moments") -> "Moments":
        """Both sets of trajectories; a key in both is refused, since it would count twice."""
        twice = self.keys() & other.keys()
        if twice:
            raise ValueError(
                f"moments: expected different trajectories, got {', '.join(map(repr, sorted(twice)))} twice"
            )
        return Moments(self._records | other._records)

    def select(self, keys: str | Sequence[str]) -> "Moments":
        """The moments of ``keys`` (one or several)."""
        keys = [keys] if isinstance(keys, str) else keys
        return Moments({key: self[key] for key in keys})

    def drop(self, keys: str | Sequence[str]) -> "Moments":
        """The moments without ``keys`` (one or several)."""
        gone = {key for key in ([keys] if isinstance(keys, str) else keys) if self[key] is not None}
        return Moments({key: record for key, record in self.items() if key not in gone})

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
        merged = next(records)
        for record in records:
            merged = merged + record
        return merged


def _record(t: Trajectory, block_rows: int) -> MomentRecord:
    Phi, F, K = t.force_descriptors, t.forces, t.K
    PhiPhi, PhiF = np.zeros((K, K)), np.zeros(K)
    for start in range(0, len(F), block_rows):
        block = Phi[start : start + block_rows].astype(np.float64, copy=False)  # stored as float32, summed as float64
        PhiPhi += block.T @ block  # numpy calls BLAS syrk for AᵀA
        PhiF += block.T @ F[start : start + block_rows]
        del block  # before the next one is cast, so that there is only one
    z = np.column_stack([t.descriptors, t.energies, t.n_atoms])
    mean = z.mean(axis=0)
    z -= mean
    return MomentRecord(
        configurations=len(t),
        rows=len(F),
        PhiPhi=PhiPhi,
        PhiF=PhiF,
        FF=float(F @ F),
        mean=mean,
        scatter=z.T @ z,
        temperature=t.temperature,
    )


def accumulate(
    data: Dataset | Iterable[Trajectory],
    *,
    block_rows: int = BLOCK_ROWS,
    progress: Callable[[int, int], None] | None = None,
) -> Moments:
    """Moments of every trajectory, in one pass over Φ.

    Memory beyond the data is a few K × K matrices and one block. Configurations of different size N are summed as
    they are: every force component has the same weight, so a configuration weighs by its number of atoms.

    Args:
        data: a dataset, or any iterable of trajectories (which may be read one after the other).
        block_rows: rows of Φ per block.
        progress: called with (trajectories done, trajectories in all) after each.

    Raises:
        ValueError: no trajectory, a key twice, or no rows in a block.
    """
    if block_rows < 1:
        raise ValueError(f"block_rows: expected at least 1, got {block_rows}")
    trajectories = data.values() if isinstance(data, Dataset) else data
    total = len(data) if hasattr(data, "__len__") else 0
    records: dict[str, MomentRecord] = {}
    for t in trajectories:
        if t.key in records:
            raise ValueError(f"data: expected different keys, got {t.key!r} twice")
        records[t.key] = _record(t, block_rows)
        if progress is not None:
            progress(len(records), total)
    return Moments(records)
