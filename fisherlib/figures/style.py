"""The look of all figures: colours, title, margins, legend, and what their axes are."""

import re
from collections.abc import Iterable

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import kind

#: Okabe and Ito's colours, told apart by colour-blind readers too.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
REFERENCE = "#444444"
SCALE = "Viridis"
MARK = PALETTE[1]  # of points and paths on a landscape

_AXIS = re.compile(r"[xy]axis\d*")


def styled(figure: go.Figure, *, title: str, height: int, width: int | None = None) -> go.Figure:
    """Gives a figure that has its traces the look of the house: colours, title, legend below, size in pixels, axes."""
    kind("figure", figure, go.Figure, "styled(figure, title=title, height=330)")
    figure.update_layout(
        template="plotly_white",
        colorway=PALETTE,
        title={"text": title, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.98, "yanchor": "top"},
        height=height,
        width=width,
        margin={"l": 70, "r": 30, "t": 70, "b": 60},
        legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"},
    )
    return _stated(figure)


def _stated(figure: go.Figure) -> go.Figure:
    """Says of every axis what plotly.js would guess from the data, and keep where a figure takes the place of another."""
    drawn: dict[str, list[ArrayLike | None]] = {
        name: [] for name in figure.layout.to_plotly_json() if _AXIS.fullmatch(name)
    }
    for trace in figure.data:
        for letter in "xy" if "xaxis" in trace else "":
            name = (trace[f"{letter}axis"] or letter).replace(letter, f"{letter}axis")
            drawn.setdefault(name, []).append(trace[letter])
    for name, values in drawn.items():
        axis = figure.layout[name]
        figure.layout[name].update(
            type=axis.type or _type(values),
            domain=axis.domain or (0.0, 1.0),
            anchor=axis.anchor or ("y" if name.startswith("x") else "x"),
            constrain=axis.constrain or "range",
        )
    return figure


def _type(values: Iterable[ArrayLike | None]) -> str:
    """Names stay names: a trajectory called "300" would be drawn at the number 300."""
    return "category" if any(np.asarray(each).dtype.kind == "U" for each in values) else "linear"
