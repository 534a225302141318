"""A search for hyperparameters: how far it has come, what matters, and what a small error costs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import choice, kind
from ..units import counted
from .style import FAINT, PALETTE, REFERENCE, blank, color, framed, symbol

if TYPE_CHECKING:
    from ..tuning import Search, Trial

_ERROR = "held-out force RMSE, eV/Å"
_COSTS = {"milliseconds": "CPU time of the descriptors, ms per configuration", "K": "descriptors K"}
_EXAMPLE = "pareto(tuning.read('data/cu55_tuning.journal'))"


def search_history(search: "Search") -> go.Figure:
    """Error of each trial in the order in which they began, and the smallest so far.

    Args:
        search: from ``tuning.search`` or ``tuning.read``.

    Example:
        >>> import fisherlib as fl
        >>> kept = fl.tuning.read("data/cu55_tuning.journal")
        >>> [trace.name for trace in fl.figures.search_history(kept).data]
        ['Soap', 'the best so far']
    """
    _refuse_other(search)
    figure = go.Figure()
    for number, (name, trials) in enumerate(_by_name(search.trials).items()):
        x = [trial.number for trial in trials]
        figure.add_trace(_points(trials, x, name, number))
    errors = np.minimum.accumulate([trial.error for trial in search.trials])
    line = {"color": REFERENCE, "width": 1.5, "shape": "hv"}
    x = [trial.number for trial in search.trials]
    figure.add_scatter(x=x, y=errors, mode="lines", line=line, name="the best so far", hoverinfo="skip")
    figure.update_xaxes(title="number of the trial")
    figure.update_yaxes(title=_ERROR, type="log")
    return framed(figure, title="How the search went", subtitle=_counts(search), height=300)


def importances(search: "Search") -> go.Figure:
    """Share of each parameter in what sets the best trials apart.

    Args:
        search: from ``tuning.search`` or ``tuning.read``.

    Example:
        >>> import fisherlib as fl
        >>> drawn = fl.figures.importances(fl.tuning.read("data/cu55_tuning.journal"))
        >>> round(sum(drawn.data[0].x), 9)
        1.0
    """
    _refuse_other(search)
    title, found = "Which parameters matter", search.importances
    if not found:
        return blank(title=title, sentence=f"{counted(len(search.trials), 'trial')} say nothing about importances")
    names = list(found)[::-1]
    hover = "%{y}: %{x:.2f}<extra></extra>"
    bars = {"x": [found[name] for name in names], "y": names, "orientation": "h", "marker": {"color": PALETTE[0]}}
    figure = go.Figure(go.Bar(**bars, hovertemplate=hover))
    figure.update_xaxes(title="share, by PED-ANOVA of the error", rangemode="tozero")
    subtitle = f"{search.best.name}: what sets the best tenth of the trials apart"
    return framed(figure, title=title, subtitle=subtitle, height=40 * len(names) + 40, legend=False)


def slices(search: "Search", *, name: str | None = None) -> go.Figure:
    """Error of each trial against each parameter that was searched.

    Args:
        search: from ``tuning.search`` or ``tuning.read``.
        name: of a descriptor; that of the best trial by default.

    Raises:
        ValueError: a descriptor that was not searched.

    Example:
        >>> import fisherlib as fl
        >>> drawn = fl.figures.slices(fl.tuning.read("data/cu55_tuning.journal"))
        >>> drawn.layout.xaxis.title.text
        'cutoff'
    """
    _refuse_other(search)
    name = search.best.name if name is None else name
    choice("name", name, [space.name for space in search.spaces])
    (space,) = (space for space in search.spaces if space.name == name)
    axes = [axis for axis in space.axes if not axis.fixed]
    trials = [trial for trial in search.trials if trial.name == name]
    columns = min(3, max(1, len(axes)))
    rows = max(1, -(-len(axes) // columns))
    figure = make_subplots(
        rows=rows, cols=columns, shared_yaxes=True, horizontal_spacing=0.03, vertical_spacing=0.28 / rows
    )
    for number, axis in enumerate(axes):
        place = {"row": number // columns + 1, "col": number % columns + 1}
        x = [trial.settings[axis.name] for trial in trials]
        numeric = all(isinstance(value, int | float) for value in x)
        figure.add_trace(_points(trials, x if numeric else list(map(str, x)), axis.name, 0), **place)
        figure.update_xaxes(title=axis.name, type="log" if axis.log else "linear" if numeric else "category", **place)
        figure.update_yaxes(type="log", **place)
    figure.update_yaxes(dtick="D2")  # 0.1, 0.2, 0.5: 0.08, 0.09 and 0.1 would touch
    figure.update_yaxes(title=_ERROR, col=1)
    subtitle = (
        f"{name}: {counted(len(trials), 'trial')}, each once in every panel; the others of its settings differ, too"
    )
    return framed(figure, title="Error against each parameter", subtitle=subtitle, height=230 * rows, legend=False)


def pareto(search: "Search", *, cost: str = "milliseconds") -> go.Figure:
    """Error of each trial against its cost, with the Pareto set: those than which no other is both better and cheaper.

    Args:
        search: from ``tuning.search`` or ``tuning.read``.
        cost: "milliseconds" or "K".

    Raises:
        ValueError: another cost.

    Example:
        >>> import fisherlib as fl
        >>> drawn = fl.figures.pareto(fl.tuning.read("data/cu55_tuning.journal"))
        >>> [trace.name for trace in drawn.data]
        ['Pareto set', 'Soap']
    """
    _refuse_other(search)
    front = search.pareto(cost)
    figure = go.Figure()
    line = {"color": FAINT, "width": 2, "shape": "hv"}
    x, y = ([getattr(trial, name) for trial in front] for name in (cost, "error"))
    figure.add_scatter(x=x, y=y, mode="lines", line=line, name="Pareto set", hoverinfo="skip")
    for number, (name, trials) in enumerate(_by_name(search.trials).items()):
        figure.add_trace(_points(trials, [getattr(trial, cost) for trial in trials], name, number, front))
    figure.update_xaxes(title=_COSTS[cost], type="log")
    figure.update_yaxes(title=_ERROR, type="log")
    subtitle = f"{_counts(search)}; filled: the {len(front)} of the Pareto set; bars: ± one standard error over folds"
    return framed(figure, title="What a small error costs", subtitle=subtitle, height=340)


def _points(
    trials: "Sequence[Trial]", x: Sequence, name: str, number: int, filled: "Sequence[Trial] | None" = None
) -> go.Scatter:
    """One point for each trial, with its error bar, and what it is on hover; open where others are ``filled``."""
    chosen = symbol(number)
    shapes = [chosen if filled is None or trial in filled else f"{chosen}-open" for trial in trials]
    bars = {"type": "data", "array": [trial.standard_error for trial in trials], "thickness": 1, "width": 0}
    return go.Scatter(
        x=x,
        y=[trial.error for trial in trials],
        error_y=bars,
        mode="markers",
        marker={"symbol": shapes, "color": color(number), "size": 8},
        name=name,
        text=[str(trial).replace(": ", ":<br>") for trial in trials],
        hovertemplate="%{text}<extra></extra>",
    )


def _by_name(trials: "Sequence[Trial]") -> "dict[str, list[Trial]]":
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.name, []).append(trial)
    return found


def _counts(search: "Search") -> str:
    best = search.best
    return f"{counted(len(search.trials), 'trial')}; the best: {best.error:.4f} ± {best.standard_error:.4f} eV/Å with K = {best.K}"


def _refuse_other(search: "Search") -> None:
    from ..tuning import Search  # here, as figures alone need no Optuna

    kind("search", search, Search, _EXAMPLE)
