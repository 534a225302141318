"""Features from primaries by operators, level by level: units are respected, copies and invalid ones dropped and counted."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, floats, is_whole, whole, words
from ..dataset import Array, frozen
from .copies import shapes, without_copies
from .expressions import OPERATORS, Expression
from .feature_table import LARGEST, FeatureTable
from .powers import powers


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """What operators have made of some primaries.

    Attributes:
        values: (K, n) of each feature on each row. No two are the same up to a factor and a constant, which a law has anyway.
        primaries: names of the P primaries.
        dropped: numbers of those that were "invalid" (not finite on some row), "constant", and "copies".

    Example:
        >>> found = features([[1.0, 3.0], [2.0, 5.0], [4.0, 4.0]], names=["r", "s"], operators=["/"])
        >>> [found[k].text for k in range(len(found))], found.dropped
        (['r', 's', 'r/s', 's/r'], {'invalid': 0, 'constant': 0, 'copies': 0})
    """

    values: Array
    primaries: tuple[str, ...]
    dropped: dict[str, int]
    _table: FeatureTable
    _kept: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, k: int) -> Expression:
        """Feature k as a formula, which keeps what it needs of this table and no numbers."""
        return self._table.expression(int(self._kept[k]), self.primaries)


def features(
    X: ArrayLike,
    *,
    names: Sequence[str],
    units: Sequence[str] | None = None,
    operators: Sequence[str] = tuple(OPERATORS),
    levels: int = 1,
    most: int = 300_000,
) -> Features:
    """All features that operators make of primaries, and on a second level of primaries and these features.

    Only what has the same unit is added, and exp and ln are taken of pure numbers alone. Of features that are the same up to a
    factor and a constant the simplest is kept.

    Args:
        X: (n, P) primaries, a row for each compound or structure.
        names: P names.
        units: P units such as "eV", "Å" or "eV/Å²", "" for a pure number; without them all count as pure numbers.
        operators: some of "+", "-", "|-|", "*", "/", "sqrt", "^2", "^3", "1/", "exp" and "log".
        levels: 1 or 2; the second level has about the square of the number of features.
        most: features on a level, before any is dropped. A feature takes 8n bytes.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, a unit that cannot be read, an unknown operator, or more
            features than ``most``.

    Source:
        Ouyang, Curtarolo, Ahmetcik, Scheffler, Ghiringhelli, Phys. Rev. Materials 2, 083802 (2018), section II.

    Example:
        >>> r = [[1.0, 2.0, 0.5], [1.5, 2.5, 0.1], [2.0, 1.0, 0.2], [1.1, 0.9, 0.9]]
        >>> found = features(r, names=["r_A", "r_B", "q"], units=["Å", "Å", ""], operators=["+", "/", "exp"])
        >>> [(found[k].text, found[k].unit) for k in range(3, 7)]
        [('r_A + r_B', 'Å'), ('r_A/r_B', ''), ('r_B/r_A', ''), ('r_A/q', 'Å')]
    """
    table, chosen = _primaries(X, names, units), tuple(dict.fromkeys(words("operators", operators)))
    for name in chosen:
        choice("operators", name, OPERATORS)
    whole("most", most, 1, "features")
    if not is_whole(levels) or levels not in (1, 2):
        raise ValueError(f"levels: expected 1 or 2, got {levels!r:.60}")
    new, dropped = 0, dict.fromkeys(("invalid", "constant", "copies"), 0)
    for _ in range(levels):
        old = len(table.values)
        count = sum(len(parts[0]) for _, parts in table.candidates(table.rules(chosen)[0], new))
        if count > most:
            raise ValueError(
                f"most: expected at most {most:,} features on a level, got {count:,} from {old} features and {len(chosen)} "
                "operators; take fewer operators or primaries, one level, or a larger most"
            )
        table, new = table.grown(chosen, new, dropped), old
    z, varies = shapes(table.values)
    dropped["constant"] = int((~varies).sum())
    kept = np.flatnonzero(varies)
    kept = kept[without_copies(z[kept], table.sizes[kept], mirrored=True)]
    dropped["copies"] += int(varies.sum()) - len(kept)
    return Features(
        values=frozen(table.values[kept]), primaries=tuple(names), dropped=dropped, _table=table, _kept=kept
    )


def _primaries(X: ArrayLike, names: Sequence[str], units: Sequence[str] | None) -> FeatureTable:
    X, known = floats("X", X), words("names", names)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X: expected (n, P) numbers, got shape {X.shape}")
    wrong = ~(np.abs(X) < LARGEST).all(axis=0)
    if wrong.any():
        raise ValueError(
            f"X: expected finite numbers below {LARGEST:.0e}, got others in column {int(np.argmax(wrong))}"
        )
    P = X.shape[1]
    if len(known) != P or len(set(known)) < P or not all(name.strip() for name in known):
        raise ValueError(f"names: expected {P} different names, one for each column of X, got {list(known)!r:.80}")
    given = [""] * P if units is None else words("units", units)
    if len(given) != P:
        raise ValueError(f"units: expected {P}, one for each column of X, got {len(given)}")
    each = [powers(f"units of {name!r}", unit) for name, unit in zip(known, given, strict=True)]
    return FeatureTable.of(np.ascontiguousarray(X.T), each)
