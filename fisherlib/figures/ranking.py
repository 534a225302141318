"""Configurations by any two of their errors and leverage, and the list of those that stand out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from ..arguments import choice, kind, whole
from ..validation import Ranking
from ..validation.ranking import ENERGY, FORCES, LEVERAGE, NUMBER, PREDICTED, TRUE
from .html import Table
from .style import DOTTED, REFERENCE, framed, marks_of

_WAY = "ranking(study.ranking('θ_f'))"


def ranking(
    found: Ranking,
    *,
    x: str = LEVERAGE,
    y: str = FORCES,
    chosen: int | None = None,
    selected: Sequence[int] | NDArray[np.integer] = (),
    mark: int | None = None,
    of: str = "",
) -> go.Figure:
    """One point for each configuration; ``customdata`` is its row.

    Args:
        found: from ``study.ranking`` or ``validation.ranking``.
        x, y: two of its quantities.
        chosen: row of the configuration in a ring.
        selected: rows of those that stand out; all others are faint.
        mark: number of the model's colour, from ``study.marks``.
        of: which data, for the title.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> figure = fl.figures.ranking(study.ranking("θ_f"), chosen=3)
        >>> [trace.name for trace in figure.data]
        ['θ_f', 'shown']
    """
    kind("found", found, Ranking, _WAY)
    for name, value in (("x", x), ("y", y)):
        choice(name, value, found.quantities)
    name = str(found.model.name)
    look = marks_of([name], None if mark is None else {name: mark})[name]
    X, Y, labels = found.quantities[x], found.quantities[y], found.labels
    figure = go.Figure()
    if (x, y) == (TRUE, PREDICTED):
        ends = [min(X.min(), Y.min()), max(X.max(), Y.max())]
        figure.add_scatter(
            x=ends, y=ends, mode="lines", line=DOTTED, hoverinfo="skip", name="diagonal", showlegend=False
        )
    elif y == ENERGY:
        figure.add_hline(y=0.0, line=DOTTED)
    dots = {"size": 6, "opacity": 0.6, "color": look.color, "symbol": look.symbol}
    hover = f"%{{text}}<br>{x} %{{x:.4g}}<br>{y} %{{y:.4g}}<extra></extra>"
    points = {"x": X, "y": Y, "text": labels, "customdata": np.arange(len(X)), "hovertemplate": hover}
    rows = list(map(int, selected)) or None
    figure.add_scatter(
        **points, mode="markers", marker=dots, name=name, selectedpoints=rows, unselected_marker_opacity=0.15
    )
    if chosen is not None:
        whole("chosen", chosen, 0, "configurations before it")
        ring = {"size": 15, "symbol": "circle-open", "color": REFERENCE, "line": {"width": 2.5}}
        at = {"x": X[[chosen]], "y": Y[[chosen]], "text": [labels[chosen]], "customdata": [chosen]}
        figure.add_scatter(**at, mode="markers", marker=ring, name="shown", hovertemplate="%{text}<extra>shown</extra>")
    figure.update_xaxes(title=x).update_yaxes(title=y, zeroline=False)
    title = f"{_short(y)} against {_short(x)}, {name}{f', {of}' if of else ''}"
    subtitle = "a point is a configuration; a click shows its atoms, a lasso makes a list"
    framed(figure, title=title, subtitle=subtitle, height=330, legend=False)
    return figure.update_layout(meta={"pick": True}, dragmode="zoom")


def _short(heading: str) -> str:
    """A heading without its unit, with a capital where it begins with a word."""
    words = heading.partition(",")[0]
    return words[:1].upper() + words[1:]


def table(found: Ranking, *, by: str = FORCES, number: int = 20) -> pd.DataFrame:
    """The configurations with the largest magnitude of a quantity, and all that is known of them.

    Args:
        found: from ``study.ranking`` or ``validation.ranking``.
        by: one of its quantities.
        number: of configurations.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> fl.tables.ranking(study.ranking("θ_f"), by="leverage, parameters", number=3).shape
        (3, 6)
    """
    kind("found", found, Ranking, _WAY)
    rows = found.worst(by, number=number)
    values = {name: each[rows] for name, each in found.quantities.items() if name != NUMBER}
    return Table(pd.DataFrame(values, index=[found.labels[row] for row in rows]).map(lambda value: f"{value:.4g}"))
