"""What labels buy: errors against the number of labels, for strategies of asking."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..arguments import each, kind
from ..validation import LabelErrors
from .style import REFERENCE, band, color, dash, framed, symbol
from .ticks import tried

_WAY = "label_curves({'random': [label_errors(X, y, order, numbers, test=(Xt, yt)), …]}, unit='meV/atom')"


def label_curves(
    curves: Mapping[str, Sequence[LabelErrors]], *, unit: str, title: str = "What the next label buys"
) -> go.Figure:
    """Held-out error against the number of labels: mean over repetitions, and the band that holds the middle 80 % of them.

    Args:
        curves: strategy → errors of each repetition, with other starts and other held-out data, all for the same numbers.
        unit: of the labels.
        title: of the figure.

    Raises:
        TypeError: anything but errors by name.
        ValueError: no strategy, none of its repetitions, or repetitions for different numbers of labels.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.validation.LabelErrors(numbers=np.array([5, 9]), rmse=np.array([2.0, 1.0]), largest=np.ones(2))
        >>> [trace.name for trace in label_curves({"random": [found, found]}, unit="meV").data if trace.showlegend]
        ['random']
    """
    kind("curves", curves, Mapping, _WAY)
    given = {name: each("curves", found, LabelErrors, _WAY) for name, found in curves.items()}
    if not given or not all(given.values()):
        raise ValueError(f"curves: expected repetitions of at least one strategy, got none: {_WAY}")
    numbers = next(iter(given.values()))[0].numbers
    if any(not np.array_equal(e.numbers, numbers) for found in given.values() for e in found):
        raise ValueError("curves: expected all repetitions for the same numbers of labels, got different ones")
    figure = go.Figure()
    spans = {name: np.quantile([e.rmse for e in found], [0.1, 0.9], axis=0) for name, found in given.items()}
    for at, (name, (low, high)) in enumerate(spans.items()):  # beneath all lines
        figure.add_trace(band(numbers, low, high, shade=color(at), name=name, showlegend=False))
    for at, (name, found) in enumerate(given.items()):
        hover = (
            f"%{{x}} labels: %{{y:.3g}} (%{{customdata[0]:.3g}} to %{{customdata[1]:.3g}}) {unit}<extra>{name}</extra>"
        )
        figure.add_scatter(
            x=numbers,
            y=np.mean([e.rmse for e in found], axis=0),
            customdata=spans[name].T,
            hovertemplate=hover,
            mode="lines+markers",
            name=name,
            showlegend=True,
            line={"color": color(at), "width": 2, "dash": dash(at)},
            marker={"symbol": symbol(at), "size": 7},
        )
    first = next(iter(given))
    last = float(np.mean([e.rmse[-1] for e in given[first]]))
    figure.add_hline(y=last, line={"color": REFERENCE, "width": 1, "dash": "dot"})
    figure.update_xaxes(title="labelled configurations", type="log", **tried(numbers))
    figure.update_yaxes(title=f"held-out RMSE, {unit}", type="log")
    said = f"means over {len(given[first])} repetitions; bands: 80 % of them; dotted: {first} at {numbers[-1]:g} labels, {last:.3g} {unit}"
    return framed(figure, title=title, subtitle=said, height=360)
