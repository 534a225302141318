"""Results as pandas tables, with units in their headings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..arguments import each, kind
from ..comparison import Comparison, caveat, ks, of_one_dataset, sampling_noise, wasserstein_1
from ..dataset import Dataset
from .card import Card as Card
from .card import card as card
from .classes import table as errors_by_class  # noqa: F401
from .featurisers import table as featurisers  # noqa: F401
from .html import Table, with_error
from .ranking import table as ranking  # noqa: F401
from .style import NO_ENERGIES, marks_of

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

#: Factors from the units of the numbers to those of the headings.
_SCALES = {"energy_rmse": 1e3, "energy_shift": 1e3, "energy_spread": 1e3}


def facts(values: Mapping[str, object]) -> pd.DataFrame:
    """Named values, one per row; text in full, numbers to six digits.

    Example:
        >>> import fisherlib as fl
        >>> fl.tables.facts({"K": 105, "RMSE, eV/Å": 0.1})["value"].tolist()
        ['105', '0.1']
    """
    kind("values", values, Mapping, "facts(data.summary())")
    return Table(pd.Series({name: _in_words(value) for name, value in values.items()}, name="value").to_frame())


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def trajectories(data: Dataset) -> pd.DataFrame:
    """One row per trajectory: its size, temperature and energies.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0], trajectories=2)
        >>> fl.tables.trajectories(data)["configurations"].to_dict()
        {'harmonic-0': 50, 'harmonic-1': 50}
    """
    kind("data", data, Dataset, "trajectories(io.read(path))")
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


def columns(columns: Sequence["Column"]) -> Table:
    """One row per column of a file: shape, type, what it has one entry for, unit, first values.

    Example:
        >>> import fisherlib as fl
        >>> fl.tables.columns(fl.io.open("data/cu55_1200K.npz").columns).index.tolist()
        ['numbers', 'positions', 'forces', 'energies', 'temperature']
    """
    kinds = ["text" if "U" in c.dtype else c.dtype for c in columns]  # numpy's <U9 is a riddle
    rows = [
        (" × ".join(map(str, c.shape)), each, c.per or "–", c.unit or "–", str(c.preview))
        for c, each in zip(columns, kinds, strict=True)
    ]
    headings = ["shape", "type", "one entry per", "unit", "first values, in that unit"]
    return Table(rows, index=[c.name for c in columns], columns=headings)


def errors(comparisons: Sequence[Comparison], *, why: str = "", marks: Mapping[str, int] | None = None) -> Table:
    """One row per model: its errors over all configurations, with standard errors if known; of forces alone without energies.

    Args:
        comparisons: of the models with the same data.
        why: why there are no standard errors, such as ``Study.reason``; shown in the corner of the table.
        marks: name → number of the look of its model, as ``study.marks``; it stands before the name.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> fl.tables.errors([found]).index.tolist()
        ['θ_f']
    """
    comparisons = each("comparisons", comparisons, Comparison, "errors([compare(model, data), …])")
    of_one_dataset(comparisons)
    rows = {
        c.name: {
            heading: with_error(_SCALES.get(name, 1.0) * c.pooled[name], _SCALES.get(name, 1.0) * c.pooled_error[name])
            for name, heading in _HEADINGS.items()
            if c.has_energies or "energy" not in name
        }
        for c in comparisons
    }
    table = Table(pd.DataFrame.from_dict(rows, orient="index"))
    table = table.rename_axis(columns=f"no ±: {why}") if why else table
    return _marked(table, rows, marks)


def _marked(table: pd.DataFrame, names: Iterable[str], marks: Mapping[str, int] | None) -> Table:
    """The table with the marks of its models before their names."""
    marked = Table(table)
    marked.looks = marks_of(names, marks)
    return marked


def groups(
    comparison_train: Comparison, comparison_test: Comparison | None = None, *, alone: Sequence[Comparison] = ()
) -> Table:
    """One row per trajectory: energy shift, energy spread and force error of a model, in training and in test.

    The standard error of a shift is s/√M with s² = spread² M/(M − 1). It counts the M configurations as independent, so it
    is too small for those of one simulation. A single configuration has neither error nor spread (–).

    Args:
        comparison_train: of the model on its training data.
        comparison_test: of the same model on other data; trajectories of the same key share a row.
        alone: comparisons of models that were fitted to one trajectory each, on that trajectory; adds their spreads.

    Raises:
        ValueError: training and test belong to models of different names, or a comparison in ``alone`` has several
            trajectories.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> fl.tables.groups(found).index.tolist()[:2]
        ['harmonic-0', 'harmonic-1']
    """
    kind("comparison_train", comparison_train, Comparison, "groups(compare(model, data))")
    name, parts = comparison_train.name, {"train": comparison_train}
    if comparison_test is not None:
        parts["test"] = comparison_test
        if comparison_test.name != name:
            raise ValueError(f"comparison_test: expected the errors of {name!r}, got those of {comparison_test.name!r}")
    several = [c for c in alone if len(c.keys) != 1]
    if several:
        raise ValueError(f"alone: expected one trajectory in each, got {len(several[0].keys)} for {several[0].name!r}")
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for part, c in parts.items():
        columns |= {(part, heading): values for heading, values in _by_group(c).items()}
        if alone and part == "train":
            spreads = {c.keys[0]: _by_group(c)[_SPREAD][c.keys[0]] for c in alone}
            columns[part, "spread of a fit to it alone, meV/atom"] = spreads
    keys = dict.fromkeys(key for c in parts.values() for key in c.keys)
    rows = [[values.get(key, "–") for values in columns.values()] for key in keys]
    headings = pd.MultiIndex.from_tuples(columns, names=[name, None])
    return Table(rows, index=list(keys), columns=headings)


def _by_group(c: Comparison) -> dict[str, dict[str, str]]:
    """Heading → key → text."""
    M, shift, spread = c.configurations, (1e3 * c.energy_shift).round(2) + 0.0, 1e3 * c.energy_spread  # no "-0.0"
    error = spread / np.sqrt(np.maximum(M - 1, 1))
    shifts = [
        _signed(a, e) if m > 1 else f"{a:+.2f}".replace("-", "−") for m, a, e in zip(M, shift, error, strict=True)
    ]
    words = {
        "configurations": [str(m) for m in M],
        _HEADINGS["energy_shift"]: shifts,
        _SPREAD: [f"{s:.2f}" if m > 1 else "–" for m, s in zip(M, spread, strict=True)],
        _HEADINGS["force_rmse"]: [f"{f:.4f}" for f in c.force_rmse],
    }
    if not c.has_energies:
        del words[_HEADINGS["energy_shift"]], words[_SPREAD]
    return {heading: dict(zip(c.keys, column, strict=True)) for heading, column in words.items()}


def _signed(value: float, error: float) -> str:
    shown = with_error(value, error)
    return shown if shown.startswith("−") else f"+{shown}"


def distances(comparisons: Sequence[Comparison], *, marks: Mapping[str, int] | None = None) -> Table:
    """One row per model: KS and W1 between its energies per atom and the true ones; the last row is the noise.

    The noise is that between two halves of the trajectories; a single trajectory has none. Where distances mean nothing,
    the corner of the table says so; where there are no energies, it has no rows.

    Args:
        comparisons: of the models with the same data.
        marks: name → number of the look of its model, as ``study.marks``; it stands before the name.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> fl.tables.distances([found]).columns.tolist()
        ['KS', 'W1, meV/atom']
    """
    comparisons = each("comparisons", comparisons, Comparison, "distances([compare(model, data), …])")
    of_one_dataset(comparisons)
    energies = comparisons[0].has_energies
    rows = {
        c.name: (float(ks(c.reference, c.energies)), float(wasserstein_1(c.reference, c.energies)))
        for c in comparisons
        if energies
    }
    if energies and len(comparisons[0].keys) > 1:
        rows["noise: one half of the true trajectories against the other"] = sampling_noise(comparisons[0])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["KS", "W1, meV/atom"])
    table["W1, meV/atom"] *= 1e3
    table = table.round(4).rename_axis(columns=(caveat(comparisons) if energies else NO_ENERGIES) or None)
    return _marked(table, [c.name for c in comparisons], marks)
