"""Quantities along a path of θ, each with its error bar; and one of them against another."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from ..dataset import Array
from ..validation.profiles import Curve, Profile
from .frame import color, faded, framed, symbol
from .style import REFERENCE

_COLUMNS, _PANEL = 3, 170  # panels in a row, and their height in pixels


def profile(
    x: ArrayLike,
    found: Profile,
    *,
    title: str,
    label: str,
    log: bool = False,
    marks: Mapping[str, float] | None = None,
) -> go.Figure:
    """Every quantity of a profile in a panel of its own, with a band of one standard error.

    Args:
        x: (n,) position on the path.
        found: from ``profiles.profile``.
        title: of the figure.
        label: of x, with its unit.
        log: whether x is drawn by its logarithm.
        marks: name → x of what is marked on every panel, such as θ and θ_f.
    """
    kind("found", found, Profile, "profile(t, profiles.profile(data, moments, thetas), …)")
    names = list(found)
    rows = -(-len(names) // _COLUMNS)
    heads = [_headed(name, found) for name in names]
    figure = make_subplots(
        rows=rows,
        cols=_COLUMNS,
        shared_xaxes="all",
        subplot_titles=heads,
        vertical_spacing=0.13,
        horizontal_spacing=0.07,
    )
    x = floats("x", x)
    for number, name in enumerate(names):
        at = {"row": number // _COLUMNS + 1, "col": number % _COLUMNS + 1}
        figure.add_traces(_band(x, found[name], name, color(0)), rows=at["row"], cols=at["col"])
        figure.update_yaxes(nticks=5, exponentformat="power", **at)
        figure.update_xaxes(type="log" if log else "linear", exponentformat="power", showticklabels=True, **at)
        if at["row"] == rows or number + _COLUMNS >= len(names):
            figure.update_xaxes(title=label, title_font_size=12, **at)
    for name, place in (marks or {}).items():
        figure.add_vline(x=place, line={"color": REFERENCE, "dash": "dot", "width": 1})
        figure.add_annotation(
            x=np.log10(place) if log else place,
            y=1,
            yref="y domain",
            text=name,
            showarrow=False,
            xanchor="left",
            row=1,
            col=1,
        )
    figure.update_annotations(font_size=12)
    said = "<br>".join(filter(None, (found.errors, found.left_out)))
    return framed(figure, title=title, subtitle=said, height=rows * _PANEL + 40, above=20, legend=False)


def _band(x: Array, curve: Curve, name: str, shade: str) -> list[go.Scatter]:
    hover = f"%{{x:.3g}}: %{{y:.4g}} ± %{{customdata:.2g}} {curve.unit}<extra>{name}</extra>"
    line = go.Scatter(
        x=x,
        y=curve.value,
        customdata=curve.error,
        mode="lines",
        line={"color": shade, "width": 2},
        name=name,
        hovertemplate=hover,
    )
    if not np.isfinite(curve.error).all():
        return [line]
    edges = np.r_[curve.value + curve.error, (curve.value - curve.error)[::-1]]
    around = go.Scatter(
        x=np.r_[x, x[::-1]],
        y=edges,
        fill="toself",
        fillcolor=faded(shade),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
    )
    return [around.update(name=f"± one standard error of {name}"), line]


def trade_off(
    profiles: Mapping[str, tuple[Sequence[str], Profile]],
    *,
    x: str = "J",
    y: str = "KL, second order",
    title: str = "What a gain in one loss costs in another",
) -> go.Figure:
    """One quantity of each path against the rise of another from its first point.

    The bars of the rise are those of the difference, which is known far better than either of its ends.

    Args:
        profiles: name → (n texts for hovering, such as the weight of each point, and the profile).
        x: name of the quantity whose rise is shown.
        y: name of the other one.
        title: of the figure.

    Raises:
        ValueError: no path.
    """
    kind("profiles", profiles, Mapping, "trade_off({name: (labels, profile)})")
    if not profiles:
        raise ValueError("profiles: expected at least one path, got none")
    figure = go.Figure()
    first = next(iter(profiles.values()))[1]
    for number, (name, (texts, found)) in enumerate(profiles.items()):
        bars, rise = {"thickness": 1, "width": 2, "color": color(number)}, found[x].relative(0)
        figure.add_scatter(
            x=rise.value,
            y=found[y].value,
            error_x={"array": rise.error, **bars},
            error_y={"array": found[y].error, **bars},
            text=list(texts),
            mode="lines+markers",
            name=name,
            marker={"size": 7, "color": color(number), "symbol": symbol(number)},
            line={"color": color(number), "width": 1},
            hovertemplate=f"%{{text}}<br>{x} %{{x:+.4g}}<br>{y} %{{y:.4g}}<extra>{name}</extra>",
        )
    figure.update_xaxes(title=f"rise of {_headed(x, first)} (at the start {first[x].value[0]:.4g})")
    figure.update_yaxes(title=_headed(y, first))
    return framed(figure, title=title, subtitle=first.errors, height=360)


def _headed(name: str, found: Profile) -> str:
    return f"{name}, {found[name].unit}" if found[name].unit else name
