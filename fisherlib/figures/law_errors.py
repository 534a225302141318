"""Errors of sparse laws against the number of their terms: on rows they were chosen on, and on rows they have not seen."""

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from .style import DOTTED, band, color, framed

if TYPE_CHECKING:
    from ..selection import Laws


def law_errors(laws: "Laws", *, title: str = "How many terms are warranted") -> go.Figure:
    """RMSE of the best law of each number of terms: as fitted, on blocks left out, and as fitted to shuffled targets.

    Bars are one standard error over the folds; the band holds 90 % of the shuffled targets. A law is worth something where it is
    below that band as fitted, and below the line of the constant on blocks left out.

    Args:
        laws: of ``selection.sparse_laws``.
        title: of the figure.

    Raises:
        TypeError: anything but laws.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).uniform(1.0, 2.0, (40, 2))
        >>> made = fl.selection.features(x, names=["a", "b"])
        >>> figure = fl.figures.law_errors(fl.selection.sparse_laws(made, x[:, 0] / x[:, 1], terms=2, controls=3))
        >>> [trace.name for trace in figure.data]
        ['shuffled targets, as fitted', 'shuffled targets, as fitted', 'a constant', 'as fitted', 'blocks left out']
    """
    from ..selection import Laws

    kind("laws", laws, Laws, "law_errors(selection.sparse_laws(features, y))")
    x, unit = np.arange(1, len(laws) + 1), f", {laws.each[0].unit}" if laws.each[0].unit else ""
    texts = [law.text for law in laws]
    figure = go.Figure()
    if len(laws.controls):
        low, middle, high = np.quantile(laws.controls, [0.05, 0.5, 0.95], axis=0)
        name = "shuffled targets, as fitted"
        around = band(x, low, high, shade=color(3), name=name)
        figure.add_trace(around.update(legendgroup=name, showlegend=False))
        line = {"color": color(3), "dash": "dashdot", "width": 2}
        figure.add_scatter(x=x, y=middle, mode="lines", name=name, line=line, legendgroup=name)
    ends = [1 - 0.15, len(laws) + 0.15]
    figure.add_scatter(x=ends, y=[laws.spread] * 2, mode="lines", name="a constant", line=DOTTED, hoverinfo="skip")
    seen = {"x": x, "text": texts, "mode": "lines+markers", "hovertemplate": "%{text}<br>RMSE %{y:.3g}<extra></extra>"}
    figure.add_scatter(
        y=[law.rmse for law in laws],
        name="as fitted",
        line={"color": color(0), "dash": "dash"},
        marker={"size": 9, "symbol": "circle"},
        **seen,
    )
    bars = {"type": "data", "array": [law.held_out_error for law in laws], "width": 6}
    figure.add_scatter(
        y=[law.held_out for law in laws],
        error_y=bars,
        name="blocks left out",
        line={"color": color(1)},
        marker={"size": 10, "symbol": "diamond"},
        **seen,
    )
    figure.update_xaxes(title="number of terms", tickvals=x.tolist(), range=[0.8, len(laws) + 0.2])
    figure.update_yaxes(title=f"RMSE{unit}", rangemode="tozero")
    told = (
        f"{laws.features:,} features; {laws.combinations:,} combinations; {laws.folds} folds, choices made inside each"
    )
    shuffled = f"<br>{len(laws.controls)} shuffled targets: line median, band 90 %" if len(laws.controls) else ""
    return framed(figure, title=title, subtitle=told + shuffled, height=340)
