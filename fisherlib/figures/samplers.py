"""Rival samplers, with what each of them costs."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import kind
from .html import with_error
from .style import REFERENCE, color, framed, known, symbol


def samplers(
    found: Mapping[str, Mapping[str, tuple[float, float]]],
    *,
    seconds: Mapping[str, float] | None = None,
    exact: Mapping[str, float] | None = None,
    title: str = "Samplers side by side",
) -> go.Figure:
    """What each sampler finds, with its standard error; a quantity that it cannot give is left open.

    Args:
        found: method → quantity → value and standard error; NaN where it has no answer.
        seconds: method → CPU time, s, training and all that must come first included.
        exact: quantity → true value.
        title: of the figure.

    Raises:
        TypeError, ValueError: results without names, no results, or times of a method that is not there.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.samplers({"MALA": {"ΔF, kT": (3.2, 0.3)}}, seconds={"MALA": 20.0}, exact={"ΔF, kT": 3.38})
        >>> figure.data[0].y, figure.data[0].text
        (('MALA, 20 s',), ('3.2 ± 0.3',))
    """
    for each in (found, *(found.values() if isinstance(found, Mapping) else ())):
        kind("found", each, Mapping, "samplers({method: {quantity: (value, error)}})")
    times, truth = seconds or {}, exact or {}
    known("seconds", list(times), list(found))
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    if not names:
        raise ValueError("found: expected a quantity of a method, got none")
    labels = [f"{method}, {times[method]:.3g} s" if method in times else method for method in found]
    shades, symbols = ([each(k) for k in range(len(found))] for each in (color, symbol))
    figure = make_subplots(rows=1, cols=len(names), shared_yaxes=True, horizontal_spacing=0.04)
    for column, name in enumerate(names, 1):
        value, error = np.array([each.get(name, (np.nan, np.nan)) for each in found.values()], float).T
        there, bar = np.isfinite(value), np.where(np.isfinite(value + error), error, 0.0)
        ends = np.r_[(value - bar)[there], (value + bar)[there], [truth[name]] if name in truth else []]
        low, high = (float(ends.min()), float(ends.max())) if ends.size else (0.0, 1.0)
        margin = 0.25 * (high - low) or 1.0  # for what is written beside points
        words = [with_error(v, e) if np.isfinite(v) else " no answer" for v, e in zip(value, error, strict=True)]
        figure.add_scatter(
            x=np.where(there, value, truth.get(name, low)),
            y=labels,
            error_x={"array": np.where(there, error, np.nan), "thickness": 1.5, "color": REFERENCE},
            mode="markers+text",
            marker={"color": shades, "symbol": symbols, "size": np.where(there, 9, 0), "opacity": 1},
            text=words,
            textposition=np.where(there, "top center", "middle right"),
            textfont={"size": 11},
            **{"hoverinfo": "skip", "name": name, "row": 1, "col": column},
        )
        if name in truth:
            figure.add_vline(x=truth[name], line={"color": REFERENCE, "width": 1}, row=1, col=column)
        figure.update_xaxes(title=name, range=[low - margin, high + margin], nticks=4, row=1, col=column)
    figure.update_yaxes(range=[len(found) - 0.5, -0.7])
    said = ["bars: one standard error"] + ["line: exact"] * bool(truth) + ["CPU seconds beside each"] * bool(times)
    return framed(figure, title=title, subtitle="; ".join(said), height=70 + 52 * len(found), legend=False)
