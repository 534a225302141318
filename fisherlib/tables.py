"""Results as pandas tables, with units in their headings."""

from collections.abc import Mapping, Sequence

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
