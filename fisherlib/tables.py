"""Finished results as pandas tables, with units in their headings: formats, never computes."""

from collections.abc import Mapping, Sequence

import pandas as pd

from .comparison import Comparison, ks, wasserstein_1
from .dataset import Dataset
from .diagnostics import Verdict

# Sentences and fingerprints are shown whole, not cut after 50 letters.
pd.set_option("display.max_colwidth", None)

_HEADINGS = {
    "energy_rmse": "energy RMSE, meV/atom",
    "energy_shift": "shift, meV/atom",
    "energy_spread": "spread, meV/atom",
    "force_rmse": "force RMSE, eV/Å",
    "force_r2": "force R²",
}


def facts(values: Mapping[str, object]) -> pd.DataFrame:
    """Named values, one a row; words in full, numbers to six digits."""
    shown = {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in values.items()}
    return pd.Series(shown, name="value").to_frame()


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
    return pd.DataFrame.from_dict(rows, orient="index")


def errors(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a model: its errors over all configurations."""
    table = pd.DataFrame.from_dict({c.name: c.pooled for c in comparisons}, orient="index")
    table[["energy_rmse", "energy_shift", "energy_spread"]] *= 1e3
    return table.rename(columns=_HEADINGS).round(4) + 0.0  # no "-0.0"


def distances(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """One row a model: how far its distribution of energies per atom is from the true one."""
    rows = {
        c.name: {"KS": ks(c.reference, c.energies), "W1, meV/atom": 1e3 * wasserstein_1(c.reference, c.energies)}
        for c in comparisons
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype(float).round(4)
