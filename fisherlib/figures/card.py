"""Verdicts in a table, the worst first and the rest folded."""

import dataclasses
import math
from collections.abc import Sequence
from html import escape

from ..arguments import kind
from ..diagnostics import Verdict
from ..units import counted
from .html import Table

#: Levels in words, each with a symbol, so that they differ by more than colour; the worst first.
LEVELS = {"fail": "✗ fail", "warn": "! warn", "unknown": "? unknown", "ok": "✓ ok"}


@dataclasses.dataclass(frozen=True, eq=False)
class Card:
    """Checks in a table: first those that fail or warn, then, folded, those that could not be made and those that passed.

    Attributes:
        verdicts: the worst first, otherwise in the order given.
    """

    verdicts: Sequence[Verdict]

    def of(self, *levels: str) -> list[Verdict]:
        """The verdicts of these levels."""
        return [v for v in self.verdicts if v.level in levels]

    def _repr_html_(self) -> str:
        bad = self.of("fail", "warn")
        parts = [_rows(bad)._repr_html_()] if bad else []
        for summary, some in self._folded():
            parts.append(f"<details><summary>{escape(summary)}</summary>{_rows(some)._repr_html_()}</details>")
        return f"<div>{''.join(parts)}</div>"

    def _folded(self) -> list[tuple[str, list[Verdict]]]:
        unknown, passed = self.of("unknown"), self.of("ok")
        found = [(f"? {counted(len(unknown), 'check')} could not be made", unknown)] if unknown else []
        return found + ([(f"✓ {counted(len(passed), 'check')} passed", passed)] if passed else [])

    def __repr__(self) -> str:
        bad = [f"{LEVELS[v.level]}: {v.name}: {v.message} ({_number(v)})" for v in self.of("fail", "warn")]
        return "\n".join([*bad, *(f"{head}: {', '.join(v.name for v in some)}" for head, some in self._folded())])


def card(verdicts: Sequence[Verdict]) -> Card:
    """Checks in a table: those that fail or warn in full, the others folded into one line for each kind.

    Args:
        verdicts: in any order.

    Example:
        >>> import fisherlib as fl
        >>> passed = fl.diagnostics.Verdict(name="drift", level="ok", message="no drift", value=0.1, limits=(0.0, 2.0))
        >>> fl.tables.card([passed])
        ✓ 1 check passed: drift
    """
    kind("verdicts", verdicts, Sequence, "card(diagnostics.check(data))")
    order = list(LEVELS)
    return Card(sorted(verdicts, key=lambda v: order.index(v.level)))


def _rows(verdicts: Sequence[Verdict]) -> Table:
    rows = [(LEVELS[v.level], v.message, _value(v.value), _limits(v.limits)) for v in verdicts]
    return Table(rows, index=[v.name for v in verdicts], columns=["level", "finding", "value", "limits"])


def _number(v: Verdict) -> str:
    return f"{_value(v.value)}, limits {_limits(v.limits)}"


def _value(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.4g}"


def _limits(limits: tuple[float, float]) -> str:
    low, high = limits
    if math.isinf(low) or math.isinf(high):
        return (
            "none" if math.isinf(low) and math.isinf(high) else f"≤ {high:.3g}" if math.isinf(low) else f"≥ {low:.3g}"
        )
    return f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
