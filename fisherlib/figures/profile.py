"""Quantities along a path of θ with error bars, and one quantity against another."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from ..dataset import Array
from ..validation.profiles import Curve, Profile
from .style import DOTTED, REFERENCE, band, color, framed, symbol

_COLUMNS, _PANEL = 3, 170  # panels in a row, and their height in pixels


def profile(
    x: ArrayLike, found: Profile, *, title: str, label: str, log: bool = False, marks: Mapping[str, float] | None = None
) -> go.Figure:
    """Every quantity of a profile in its own panel, with a band of one standard error.

    Args:
        x: (n,) position on the path.
        found: from ``profiles.profile``.
        title: of the figure.
        label: of x, with its unit.
        log: whether the x axis is logarithmic.
        marks: name → x of points to mark in every panel, such as θ and θ_f.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> moments = fl.accumulate(data)
        >>> t, thetas = fl.profiles.straight([1.0, 1.0], [1.0, 2.0])
        >>> along = fl.profiles.profile(data, moments, thetas)
        >>> fl.figures.profile(t, along, title="Along the path", label="t").layout.title.text
        'Along the path'
    """
    kind("found", found, Profile, "profile(t, profiles.profile(data, moments, thetas), …)")
    x, names = floats("x", x), list(found)
    rows, heads = -(-len(names) // _COLUMNS), [_headed(name, found) for name in names]
    gaps = {"vertical_spacing": 0.13, "horizontal_spacing": 0.07}
    figure = make_subplots(rows=rows, cols=_COLUMNS, shared_xaxes="all", subplot_titles=heads, **gaps)
    for number, name in enumerate(names):
        at = {"row": number // _COLUMNS + 1, "col": number % _COLUMNS + 1}
        figure.add_traces(_curve(x, found[name], name, REFERENCE), rows=at["row"], cols=at["col"])
        figure.update_yaxes(nticks=5, exponentformat="power", showexponent="last", **at)
        figure.update_xaxes(type="log" if log else "linear", showticklabels=True, **at)
        if at["row"] == rows or number + _COLUMNS >= len(names):
            figure.update_xaxes(title=label, title_font_size=12, **at)
    for name, place in (marks or {}).items():
        figure.add_vline(x=place, line=DOTTED)
        where = {"x": np.log10(place) if log else place, "y": 1, "yref": "y domain", "row": 1, "col": 1}
        figure.add_annotation(text=name, showarrow=False, xanchor="left", **where)
    figure.update_annotations(font_size=12)
    subtitle = "<br>".join(filter(None, (found.errors, found.left_out)))
    return framed(figure, title=title, subtitle=subtitle, height=rows * _PANEL + 40, above=20, legend=False)


def _curve(x: Array, curve: Curve, name: str, shade: str) -> list[go.Scatter]:
    hover = f"%{{x:.3g}}: %{{y:.4g}} ± %{{customdata:.2g}} {curve.unit}<extra>{name}</extra>"
    bold, error = {"color": shade, "width": 2}, curve.error
    line = go.Scatter(x=x, y=curve.value, customdata=error, mode="lines", line=bold, name=name, hovertemplate=hover)
    if not np.isfinite(error).all():
        return [line]
    around = f"± one standard error of {name}"
    return [band(x, curve.value - error, curve.value + error, shade=shade, name=around), line]


def trade_off(
    profiles: Mapping[str, tuple[Sequence[str], Profile]],
    *,
    x: str = "J",
    y: str = "KL, second order",
    title: str = "What a gain in one loss costs in another",
) -> go.Figure:
    """One quantity of each path against the rise of another since the first point.

    The error bars are those of the rise itself, which is known far better than the two values it is the difference of.

    Args:
        profiles: name → n texts to show on hovering, such as weights, and the profile.
        x: name of the quantity whose rise is shown.
        y: name of the other quantity.
        title: of the figure.

    Raises:
        ValueError: no path.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> moments = fl.accumulate(data)
        >>> t, thetas = fl.profiles.straight([1.0, 1.0], [1.0, 2.0])
        >>> along = fl.profiles.profile(data, moments, thetas)
        >>> len(fl.figures.trade_off({"path": ([f"t = {each}" for each in t], along)}).data)
        1
    """
    kind("profiles", profiles, Mapping, "trade_off({name: (labels, profile)})")
    if not profiles:
        raise ValueError("profiles: expected at least one path, got none")
    figure = go.Figure()
    first = next(iter(profiles.values()))[1]
    for number, (name, (texts, found)) in enumerate(profiles.items()):
        bars, rise = {"thickness": 1, "width": 2, "color": color(number)}, found[x].relative(0)
        points = {"x": rise.value, "error_x": {"array": rise.error, **bars}}
        points |= {"y": found[y].value, "error_y": {"array": found[y].error, **bars}, "text": list(texts)}
        points["hovertemplate"] = f"%{{text}}<br>{x} %{{x:+.4g}}<br>{y} %{{y:.4g}}<extra>{name}</extra>"
        marker = {"size": 7, "color": color(number), "symbol": symbol(number)}
        line = {"color": color(number), "width": 1}
        figure.add_scatter(**points, mode="lines+markers", name=name, marker=marker, line=line)
    figure.update_xaxes(title=f"rise of {_headed(x, first)} (at the start {first[x].value[0]:.4g})")
    figure.update_yaxes(title=_headed(y, first))
    return framed(figure, title=title, subtitle=first.errors, height=360)


def _headed(name: str, found: Profile) -> str:
    return f"{name}, {found[name].unit}" if found[name].unit else name
