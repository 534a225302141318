"""Results as pandas tables, with units in their headings."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..comparison import Comparison, ks, of_one_dataset, sampling_noise, wasserstein_1
from ..dataset import Dataset
from ..diagnostics import Verdict
from ..units import counted

if TYPE_CHECKING:
    from ..io import Column

_HEADINGS = {
    "energy_rmse": "energy RMSE, meV/atom",
    "energy_shift": "shift, meV/atom",
    "energy_spread": "spread, meV/atom",
    "force_rmse": "force RMSE, eV/Å",
    "force_r2": "force R²",
}
_SPREAD = _HEADINGS["energy_spread"]

#: Letters of a cell that is not broken into lines.
SHORT = 12

#: What headings show in another unit than the numbers behind them.
_SCALES = {"energy_rmse": 1e3, "energy_shift": 1e3, "energy_spread": 1e3}

#: Levels in words with a symbol, so that colour is not what tells them apart; the worst first.
LEVELS = {"fail": "✗ fail", "warn": "! warn", "unknown": "? unknown", "ok": "✓ ok"}


class Table(pd.DataFrame):
    """A table of words: shown whole, not cut after 50 letters, and aligned to the left."""

    def _repr_html_(self) -> str:
        html = self.to_html(justify="left")  # whole cells: the option for their width does not apply here
        return re.sub(r"<td>([^<]*)", _cell, html)


def _cell(match: re.Match[str]) -> str:
    """A short cell stays in one line; a long word, such as a checksum, may break anywhere."""
    wrap = "white-space: nowrap" if len(match[1]) <= SHORT else "overflow-wrap: anywhere"
    return f'<td style="text-align: left; {wrap}">{match[1]}'


def facts(values: Mapping[str, object]) -> pd.DataFrame:
    """Named values, one a row; words in full, numbers to six digits."""
    return Table(pd.Series({name: _in_words(value) for name, value in values.items()}, name="value").to_frame())


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def trajectories(data: Dataset) -> pd.DataFrame:
    """One row a trajectory: its size, temperature and energies."""
    rows = {
        t.key: {
            "configurations": len(t),
            "largest N": t.n_atoms.max(),
            "T, K": t.temperature,
            "mean energy, eV/atom": (t.energies / t.n_atoms).mean(),
            "sd of energy, meV/atom": 1e3 * (t.energies / t.n_atoms).std(),
        }
        for t in data.values()
    }
    return pd.DataFrame.from_dict(rows, orient="index").round(4)


@dataclasses.dataclass(frozen=True, eq=False)
class Card:
    """Checks in a table: first those that fail or warn, then, folded, those that could not be made and those passed.

    Attributes:
        verdicts: with names of their own, the worst first and in the order given otherwise.
    """

    verdicts: Sequence[Verdict]

    def of(self, *levels: str) -> list[Verdict]:
        """The verdicts of some levels."""
        return [v for v in self.verdicts if v.level in levels]

    def _repr_html_(self) -> str:
        bad = self.of("fail", "warn")
        parts = [_rows(bad)._repr_html_()] if bad else []
        for said, some in self._folded():
            parts.append(f"<details><summary>{escape(said)}</summary>{_rows(some)._repr_html_()}</details>")
        return f"<div>{''.join(parts)}</div>"

    def _folded(self) -> list[tuple[str, list[Verdict]]]:
        unknown, passed = self.of("unknown"), self.of("ok")
        found = [(f"? {counted(len(unknown), 'check')} could not be made", unknown)] if unknown else []
        return found + ([(f"✓ {counted(len(passed), 'check')} passed", passed)] if passed else [])

    def __repr__(self) -> str:
        told = [f"{LEVELS[v.level]}: {v.name}: {v.message} ({_number(v)})" for v in self.of("fail", "warn")]
        return "\n".join([*told, *(f"{said}: {', '.join(v.name for v in some)}" for said, some in self._folded())])


def card(verdicts: Sequence[Verdict]) -> Card:
    """Checks in a table: those that fail or warn with their sentences, all others folded into a line for each kind.

    Args:
        verdicts: in any order.
    """
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


def columns(columns: "Sequence[Column]") -> Table:
    """One row a column of a file: its shape and type, what it holds one entry per, its unit, its first values."""
    rows = [(" × ".join(map(str, c.shape)), str(c.dtype), c.per or "–", c.unit or "–", str(c.preview)) for c in columns]
    headings = ["shape", "type", "one entry per", "unit", "first values, in that unit"]
    return Table(rows, index=[c.name for c in columns], columns=headings)


def errors(comparisons: Sequence[Comparison], *, why: str = "") -> Table:
    """One row a model: its errors over all configurations, with their standard errors where these are known.

    Args:
        comparisons: of the models.
        why: there are no standard errors, as in ``Study.reason``; it stands in the corner of the table.
    """
    of_one_dataset(comparisons)
    rows = {
        c.name: {
            heading: _with_error(_SCALES.get(name, 1.0) * c.pooled[name], _SCALES.get(name, 1.0) * c.pooled_error[name])
            for name, heading in _HEADINGS.items()
        }
        for c in comparisons
    }
    table = Table(pd.DataFrame.from_dict(rows, orient="index"))
    return table.rename_axis(columns=f"no ±: {why}") if why else table


def _with_error(value: float, error: float) -> str:
    """A number to the second digit of its standard error; where that is not known, to four digits."""
    if not (math.isfinite(error) and error > 0):
        return f"{value:.4g}"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{round(value, digits) + 0.0:.{digits}f} ± {error:.{digits}f}"


def groups(
    comparison_train: Comparison, comparison_test: Comparison | None = None, *, alone: Sequence[Comparison] = ()
) -> Table:
    """One row a trajectory: shift and spread of the energies of a model and its force error, in training and in test.

    A shift has its standard error, s/√M with s² = spread² M/(M − 1), which counts the M configurations as independent;
    those of one simulation are less so, and the error is then too small. A single configuration has neither error nor
    spread: –.

    Args:
        comparison_train: of the model on the data it was fitted to.
        comparison_test: of the same model on others; trajectories of one key share a row.
        alone: each of a model that was fitted to a single trajectory, on that trajectory: their spreads stand beside.

    Raises:
        ValueError: training and test are of models with different names, or a comparison of ``alone`` has several
            trajectories.
    """
    parts = {"train": comparison_train} | ({} if comparison_test is None else {"test": comparison_test})
    if len({c.name for c in parts.values()}) > 1:
        raise ValueError(
            f"comparison_test: expected the errors of {comparison_train.name!r}, got those of {comparison_test.name!r}"
        )
    several = [c for c in alone if len(c.keys) != 1]
    if several:
        raise ValueError(f"alone: expected one trajectory in each, got {len(several[0].keys)} for {several[0].name!r}")
    columns = {}
    for part, c in parts.items():
        columns |= {(part, heading): values for heading, values in _by_group(c).items()}
        if alone and part == "train":
            spreads = {c.keys[0]: _by_group(c)[_SPREAD][c.keys[0]] for c in alone}
            columns[part, "spread of a fit to it alone, meV/atom"] = spreads
    keys = dict.fromkeys(key for c in parts.values() for key in c.keys)
    rows = [[values.get(key, "–") for values in columns.values()] for key in keys]
    headings = pd.MultiIndex.from_tuples(columns, names=[comparison_train.name, None])
    return Table(rows, index=list(keys), columns=headings)


def _by_group(c: Comparison) -> dict[str, dict[str, str]]:
    """Heading → key → words."""
    M, shift, spread = c.configurations, (1e3 * c.energy_shift).round(2) + 0.0, 1e3 * c.energy_spread  # no "-0.0"
    error = spread / np.sqrt(np.maximum(M - 1, 1))
    shifts = [f"{a:+.2f} ± {e:.2f}" if m > 1 else f"{a:+.2f}" for m, a, e in zip(M, shift, error, strict=True)]
    words = {
        "configurations": [str(m) for m in M],
        _HEADINGS["energy_shift"]: shifts,
        _SPREAD: [f"{s:.2f}" if m > 1 else "–" for m, s in zip(M, spread, strict=True)],
        _HEADINGS["force_rmse"]: [f"{f:.4f}" for f in c.force_rmse],
    }
    return {heading: dict(zip(c.keys, column, strict=True)) for heading, column in words.items()}


def distances(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a model: how far its energies per atom are distributed from the true ones; below, what is noise.

    The noise is left out for a single trajectory, which has no other half.
    """
    of_one_dataset(comparisons)
    rows = {
        c.name: (float(ks(c.reference, c.energies)), float(wasserstein_1(c.reference, c.energies))) for c in comparisons
    }
    if len(comparisons[0].keys) > 1:
        rows["noise: one half of the true trajectories against the other"] = sampling_noise(comparisons[0])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["KS", "W1, meV/atom"])
    table["W1, meV/atom"] *= 1e3
    return table.round(4)
