"""Results as pandas tables, with units in their headings."""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd

from .comparison import Comparison, ks, sampling_noise, wasserstein_1
from .dataset import Dataset
from .diagnostics import Verdict

_HEADINGS = {
    "energy_rmse": "energy RMSE, meV/atom",
    "energy_shift": "shift, meV/atom",
    "energy_spread": "spread, meV/atom",
    "force_rmse": "force RMSE, eV/Å",
    "force_r2": "force R²",
}

#: Levels in words with a symbol, so that colour is not what tells them apart.
LEVELS = {"ok": "✓ ok", "warn": "! warn", "fail": "✗ fail"}


class Entry(Protocol):
    """One line of a card, such as a ``diagnostics.Verdict``."""

    name: str
    level: str
    message: str
    value: float | str


class Column(Protocol):
    """What is known of a column of a file that is about to be read."""

    name: str
    shape: tuple[int, ...]
    dtype: object
    per: str
    unit: str
    preview: object


class Table(pd.DataFrame):
    """A table of words: shown whole, not cut after 50 letters, and aligned to the left."""

    def _repr_html_(self) -> str:
        html = self.to_html(justify="left")  # whole cells: the option for their width does not apply here
        return html.replace("<td>", '<td style="text-align: left">')


def facts(values: Mapping[str, object]) -> pd.DataFrame:
    """Named values, one a row; words in full, numbers to six digits."""
    shown = {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in values.items()}
    return Table(pd.Series(shown, name="value").to_frame())


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


def verdicts(findings: Sequence[Verdict]) -> pd.DataFrame:
    """One row a check: its level and its sentence."""
    rows = {v.name: {"level": v.level, "finding": v.message} for v in findings}
    return Table(pd.DataFrame.from_dict(rows, orient="index"))


def card(entries: Sequence[Entry]) -> Table:
    """One row a finding, in the order given: level in a word with a symbol, its sentence, and the number behind it.

    Args:
        entries: with a value that is a number, or a text that carries its own unit; NaN is shown as –.

    Raises:
        ValueError: a level other than "ok", "warn" and "fail".
    """
    strange = [entry for entry in entries if entry.level not in LEVELS]
    if strange:
        name, level = strange[0].name, strange[0].level
        raise ValueError(f"level of {name!r}: expected one of {', '.join(map(repr, LEVELS))}, got {level!r}")
    rows = [(LEVELS[entry.level], entry.message, _value(entry.value)) for entry in entries]
    return Table(rows, index=[entry.name for entry in entries], columns=["level", "finding", "value"])


def _value(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "–" if math.isnan(value) else f"{value:.4g}"


def columns(columns: Sequence[Column]) -> Table:
    """One row a column of a file: its shape and type, what it holds one entry per, its unit, its first values."""
    rows = [(" × ".join(map(str, c.shape)), str(c.dtype), c.per or "–", c.unit or "–", str(c.preview)) for c in columns]
    headings = ["shape", "type", "one entry per", "unit", "first values, in that unit"]
    return Table(rows, index=[c.name for c in columns], columns=headings)


def errors(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a model: its errors over all configurations."""
    table = pd.DataFrame.from_dict({c.name: c.pooled for c in comparisons}, orient="index")
    table[["energy_rmse", "energy_shift", "energy_spread"]] *= 1e3
    return table.rename(columns=_HEADINGS).round(4) + 0.0  # no "-0.0"


def distances(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a model: how far its energies per atom are distributed from the true ones; below, what is noise."""
    rows = {
        c.name: (float(ks(c.reference, c.energies)), float(wasserstein_1(c.reference, c.energies))) for c in comparisons
    }
    rows["noise: one half of the true trajectories against the other"] = sampling_noise(comparisons[0])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["KS", "W1, meV/atom"])
    table["W1, meV/atom"] *= 1e3
    return table.round(4)
