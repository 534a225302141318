"""Sufficient statistics of a set of configurations; they merge and subtract without the data."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ..arguments import kind
from ..dataset import Array, frozen
from .strain import StrainSums, joined_strains

#: Rows of a large matrix that are updated at once.
ROWS = 64

#: What each sum is taken over, in words.
_WORDS = {
    "FF": "the forces",
    "PhiPhi": "the force descriptors",
    "PhiF": "force descriptors times forces",
    "mean": "descriptors or energies",
    "scatter": "descriptors or energies",
}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MomentRecord:
    """Sums over the configurations of one trajectory, or of several merged ones.

    With z = (D, E, n) of a configuration, ``mean`` is ⟨z⟩ and ``scatter`` the centred sum Σ(z − ⟨z⟩)(z − ⟨z⟩)ᵀ; n has the
    number of atoms of each of S elements, or, of elements that are not known, the number of all atoms (S = 1).
    Centred sums keep the digits that raw sums lose (E is large, its spread small).

    Attributes:
        configurations: M, number of configurations.
        rows: 3ΣN, number of force components.
        PhiPhi: (K, K) ΦᵀΦ, [D]²/Å².
        PhiF: (K,) ΦᵀF, [D] eV/Å².
        FF: F·F, eV²/Å².
        mean: (K + 1 + S,) mean of (D, E, n); NaN for E if no energies are known.
        scatter: (K + 1 + S, K + 1 + S) centred sum of products of (D, E, n).
        elements: S atomic numbers, ascending; none if they are not known.
        strain: sums over virials, or None if there are none.
        temperature: K, or None if it is unknown or mixed.
        digests: of the data that were summed, so that nothing is added twice; empty if they are not known.
        identity: of the configurations that were summed, by ``fisherlib.moments.identity``. It does not depend on how they
            were cut into trajectories, blocks or shards, nor on the keys; None if it is not known.
    """

    configurations: int
    rows: int
    PhiPhi: Array
    PhiF: Array
    FF: float
    mean: Array
    scatter: Array
    elements: tuple[int, ...] = ()
    strain: StrainSums | None = None
    temperature: float | None = None
    digests: frozenset[str] = frozenset()
    identity: int | None = None

    def __post_init__(self) -> None:
        for name in ("PhiPhi", "PhiF", "mean", "scatter"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.PhiF)

    @property
    def has_energies(self) -> bool:
        """Whether the energies of all configurations are known."""
        return not np.isnan(self.mean[self.K])

    @property
    def atoms(self) -> float:
        """⟨N⟩, mean number of atoms of a configuration."""
        return float(self.mean[self.K + 1 :].sum())

    def over(self, elements: Sequence[int]) -> "MomentRecord":
        """The same moments with the numbers of atoms of ``elements``; of no elements, with the number of all atoms.

        Raises:
            ValueError: elements that leave out some of the record's, or more than are known.
        """
        if tuple(elements) == self.elements:
            return self
        if elements and not (self.elements and set(self.elements) <= set(elements)):
            raise ValueError(
                f"elements: expected those of the record, {self.elements}, and more, got {tuple(elements)}"
            )
        own = [elements.index(e) for e in self.elements] if elements else [0] * (len(self.mean) - self.K - 1)
        to, size = [*range(self.K + 1), *(self.K + 1 + k for k in own)], self.K + 1 + max(1, len(elements))
        mean, rows, scatter = np.zeros(size), np.zeros((size, len(to))), np.zeros((size, size))
        np.add.at(mean, to, self.mean)
        np.add.at(rows, to, self.scatter)
        np.add.at(scatter.T, to, rows.T)
        return dataclasses.replace(self, elements=tuple(elements), mean=mean, scatter=scatter)

    def without_energies(self) -> "MomentRecord":
        """The same moments with zeros for the energies."""
        mean, scatter = self.mean.copy(), self.scatter.copy()
        mean[self.K] = scatter[self.K] = scatter[:, self.K] = 0.0
        return dataclasses.replace(self, mean=mean, scatter=scatter)

    def refuse_overflow(self, place: str) -> None:
        """Refuses sums that overflowed, although each number that was summed is finite.

        Args:
            place: what was summed, in words.

        Raises:
            ValueError: squares too large for float64.
        """
        known = self if self.has_energies else self.without_energies()
        with np.errstate(over="ignore", invalid="ignore"):  # a finite sum has finite terms
            strains = 0.0 if self.strain is None else self.strain.WW + self.strain.PsiPsi.sum() + self.strain.PsiW.sum()
            sums = (self.PhiPhi, self.PhiF, known.mean, known.scatter)
            if np.isfinite(self.FF + strains + sum(a.sum() for a in sums)):
                return
        for name in ("FF", "PhiPhi", "PhiF", "mean", "scatter"):
            if not np.isfinite(getattr(known, name)).all():
                raise ValueError(
                    f"{place}: expected numbers whose squares and sums fit into float64, got an overflow in {_WORDS[name]}; "
                    "numbers of 1e150 and more are in other units, or were never computed"
                )
        raise ValueError(
            f"{place}: expected virials whose squares fit into float64, got an overflow; look at the stresses"
        )

    def __add__(self, other: "MomentRecord") -> "MomentRecord":
        """Moments of both sets of configurations.

        Raises:
            TypeError: anything but a record.
            ValueError: another number of descriptors, or data that are in both and would count twice.
        """
        kind("moments", other, MomentRecord, "moments[a] + moments[b]")
        twice = self.digests & other.digests
        if twice:
            raise ValueError(
                f"moments: expected different data, got some of {other.configurations} configurations that were added before "
                f"(content {min(twice)}); they would count twice, so leave one of the two out"
            )
        if same_configurations(self, other):
            raise ValueError(
                f"moments: expected different data, got the same {self.configurations} configurations again, cut in another "
                "way; they would count twice, so leave one of the two out"
            )
        fold = Fold(self)
        fold.add(other)
        return fold.record()

    def __sub__(self, other: "MomentRecord") -> "MomentRecord":
        """Moments without the configurations of ``other``.

        Raises:
            TypeError: anything but a record.
            ValueError: ``other`` is not part of this record.
        """
        kind("moments", other, MomentRecord, "moments.total() - moments[key]")
        _refuse_other_descriptors(self.K, other.K)
        M = self.configurations - other.configurations
        if M < 1 or self.rows - other.rows < min(1, self.rows):  # rows of a regression have no forces
            raise ValueError(
                f"moments: expected fewer than {self.configurations} configurations to take out, got {other.configurations}; "
                "take moments of a part of the data"
            )
        if self.digests and not other.digests <= self.digests:
            raise ValueError(
                "moments: expected data that were added before, got others; take moments of a part of the same data"
            )
        if self.strain is None and other.strain is not None:
            raise ValueError(
                "moments: expected data without virials, got some with; take moments of a part of the data"
            )
        if other.elements and not set(other.elements) <= set(self.elements or other.elements):
            raise ValueError("moments: expected elements of these data, got others; take moments of a part of the data")
        if self.elements and not other.elements:  # of one they are not known
            return self.over(()) - other
        other = other.over(self.elements)
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
            elements=self.elements,
            strain=joined_strains(self.strain, other.strain, -1),
            temperature=self.temperature,
            digests=self.digests - other.digests,
            identity=_identities(self.identity, other.identity, -1),
        )


def same_configurations(a: MomentRecord, b: MomentRecord) -> bool:
    """Whether two records are known to be of the same configurations, however these were cut."""
    return a.identity is not None and (a.identity, a.configurations) == (b.identity, b.configurations)


class Fold:
    """Sum of records in the memory of one, added in the order they come; the same order gives the same bits.

    Pairwise update of Chan, Golub and LeVeque (1983).

    Args:
        first: the first record; it is copied.
    """

    def __init__(self, first: MomentRecord) -> None:
        self._sum = {f.name: getattr(first, f.name) for f in dataclasses.fields(first)}
        self._sum |= {name: self._sum[name].copy() for name in ("PhiPhi", "PhiF", "mean", "scatter")}
        self._digests = set(first.digests)  # grows in place: a union of frozen sets would copy all of it each time
        self.K = first.K

    def add(self, other: MomentRecord) -> None:
        """Adds a record, without asking whether its data were added before.

        Raises:
            ValueError: another number of descriptors.
        """
        s = self._sum
        _refuse_other_descriptors(self.K, other.K)
        if other.elements != s["elements"]:
            other = self._alike(other)
        m, n = s["configurations"], other.configurations
        step = other.mean - s["mean"]
        s["PhiPhi"] += other.PhiPhi
        s["PhiF"] += other.PhiF
        s["scatter"] += other.scatter
        left = step * (m * n / (m + n))
        for start in range(0, len(step), ROWS):  # a few rows at a time: no further matrix in memory
            s["scatter"][start : start + ROWS] += np.multiply.outer(left[start : start + ROWS], step)
        s["mean"] += step * (n / (m + n))
        s["FF"] += other.FF
        s["configurations"], s["rows"] = m + n, s["rows"] + other.rows
        s["temperature"] = s["temperature"] if s["temperature"] == other.temperature else None
        s["strain"] = joined_strains(s["strain"], other.strain, +1)
        self._digests |= other.digests
        s["identity"] = _identities(s["identity"], other.identity, +1)

    def _alike(self, other: MomentRecord) -> MomentRecord:
        """Another record over the elements of both, over which the sum is taken from now on; over none if one has none."""
        ours = self._sum["elements"]
        both = tuple(sorted({*ours, *other.elements})) if ours and other.elements else ()
        if both != ours:
            mine = MomentRecord(**self._sum).over(both)
            self._sum |= {"elements": both, "mean": mine.mean.copy(), "scatter": mine.scatter.copy()}
        return other.over(both)

    def record(self) -> MomentRecord:
        """The sum so far. The fold gives its arrays away, so nothing may be added after this."""
        return MomentRecord(**self._sum | {"digests": frozenset(self._digests)})


def _identities(a: int | None, b: int | None, sign: int) -> int | None:
    """The identity of data that are put together (sign +1) or taken out (−1), modulo 2⁶⁴."""
    return None if a is None or b is None else (a + sign * b) % 2**64


def _refuse_other_descriptors(K: int, other: int) -> None:
    if K != other:
        raise ValueError(f"moments: expected K = {K} descriptors, got {other}; use data of one descriptor only")
