"""A table of features that grows by one level at a time: numbers, units, and what each feature is made of."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array
from .copies import without_copies
from .expressions import OPERATORS, Expression
from .powers import Powers

Indices = NDArray[np.intp]

#: Largest size of a number whose square can still be summed.
LARGEST = 1e100
_NUMBERS = {name: at for at, name in enumerate(OPERATORS)}


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FeatureTable:
    """Features, with copies up to a factor among them, as they differ inside of others.

    Attributes:
        values: (K, n).
        made: (K, 3) number of the operator and indices of its parts, −1 for none; −1 and its column of a primary.
        sizes: (K,) number of operators in each.
        unit_of: (K,) index of the unit of each.
        units: all that there are.
    """

    values: Array
    made: Indices
    sizes: Indices
    unit_of: Indices
    units: tuple[Powers, ...]

    @classmethod
    def of(cls, values: Array, units: Sequence[Powers]) -> "FeatureTable":
        """The table of primaries (P, n)."""
        P, different = len(values), tuple(dict.fromkeys(units))
        made = np.column_stack([np.full(P, -1), np.arange(P), np.full(P, -1)])
        at = np.array([different.index(unit) for unit in units])
        return cls(values=values, made=made, sizes=np.zeros(P, dtype=np.intp), unit_of=at, units=different)

    def rules(self, operators: Sequence[str]) -> tuple[dict[str, Indices], tuple[Powers, ...]]:
        """Index of the unit of each result by the units of the parts, −1 where it is forbidden; and all units then."""
        rules, known = {}, {unit: at for at, unit in enumerate(self.units)}
        for name in operators:
            how, U = OPERATORS[name], len(self.units)
            rules[name] = np.full((U,) * len(how.asks), -1, dtype=np.intp)
            for at in np.ndindex(rules[name].shape):
                unit = how.unit(*(self.units[u] for u in at))
                if unit is not None:
                    rules[name][at] = known.setdefault(unit, len(known))
        return rules, tuple(known)

    def candidates(self, rules: Mapping[str, Indices], new: int) -> Iterator[tuple[str, list[Indices]]]:
        """Operators and the parts that the units allow, one of them at least from index ``new`` on."""
        m = len(self.values)
        for name, rule in rules.items():
            if rule.ndim == 1:
                yield name, [np.arange(new, m)[rule[self.unit_of[new:]] >= 0]]
                continue
            for j in range(max(new, 1), m):
                i = np.flatnonzero(rule[self.unit_of[:j], self.unit_of[j]] >= 0)
                yield name, [i, np.full(len(i), j)]
                if name == "/":  # of other operators one order of the parts is enough
                    yield name, [np.full(len(i), j), i]

    def grown(self, operators: Sequence[str], new: int, dropped: dict[str, int]) -> "FeatureTable":
        """The table with one level more. What was there keeps its index; what is dropped is counted."""
        rules, units = self.rules(operators)
        several = [(self.values, self.made, self.sizes, self.unit_of)]
        for name, parts in self.candidates(rules, new):
            with np.errstate(all="ignore"):
                values = OPERATORS[name].values(*(self.values[part] for part in parts))
                valid = np.isfinite(values).all(axis=1) & (np.abs(values) < LARGEST).all(axis=1)
            dropped["invalid"] += int((~valid).sum())
            parts = [part[valid] for part in parts]
            made = np.full((len(parts[0]), 3), -1, dtype=np.intp)
            made[:, 0] = _NUMBERS[name]
            made[:, 1 : 1 + len(parts)] = np.column_stack(parts)
            sizes = 1 + np.sum([self.sizes[part] for part in parts], axis=0)
            several.append((values[valid], made, sizes, rules[name][tuple(self.unit_of[part] for part in parts)]))
        values, made, sizes, unit_of = (np.concatenate(column) for column in zip(*several, strict=True))
        kept = without_copies(_labelled(values, unit_of), sizes)
        dropped["copies"] += int((~kept).sum())
        return FeatureTable(values=values[kept], made=made[kept], sizes=sizes[kept], unit_of=unit_of[kept], units=units)

    def expression(self, k: int, names: Sequence[str]) -> Expression:
        """Feature k as a formula."""
        number, *parts = self.made[k].tolist()
        unit = self.units[self.unit_of[k]]
        if number < 0:
            return Expression(name=names[parts[0]], column=parts[0], powers=unit)
        inside = tuple(self.expression(part, names) for part in parts if part >= 0)
        return Expression(operator=list(OPERATORS)[number], parts=inside, powers=unit)


def _labelled(values: Array, unit_of: Indices) -> Array:
    """Rows that are the same for features with the same numbers and unit: direction, length and unit."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    scaled = values / np.where(largest > 0, largest, 1.0)
    length = np.log(np.where(largest > 0, largest, 1.0))
    return np.column_stack([scaled, length, unit_of])
