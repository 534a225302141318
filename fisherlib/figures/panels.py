"""Where models fail: functions of two variables side by side, and the errors of training beside those of validation."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind, positive
from .style import band, color, framed

_PANELS = "panels(x, y, {'truth': z, 'linear': predicted}, limit=2.0, box=(-1, 1))"
_CURVES = "fitting_curves({'epoch': (epochs, {'training': errors, 'validation': errors})}, label='RMSE')"


def panels(
    x: ArrayLike,
    y: ArrayLike,
    fields: Mapping[str, ArrayLike],
    *,
    limit: float,
    box: tuple[float, float],
    title: str = "What each model has learned",
) -> go.Figure:
    """Functions of two variables side by side, on one scale of colours from −limit to limit, with the box of training.

    Values beyond the limit have the colour of the limit; the true values are on hover.

    Args:
        x, y: (n,) and (m,), increasing, along both axes.
        fields: title of a panel → (m, n) values, such as the truth and what models predict; ``<br>`` starts a new line.
        limit: of the colours, in the unit of the values.
        box: low and high edge of the training data, the same along both axes.
        title: of the figure.

    Raises:
        TypeError: anything but values by name.
        ValueError: no field, one of another shape than the axes, a limit ≤ 0, or a box whose edges are not in order.

    Example:
        >>> figure = panels([-1, 0, 1], [0, 1], {"truth": np.ones((2, 3))}, limit=1.0, box=(-1, 1))
        >>> figure.data[0].zmin, figure.data[0].zmax
        (-1.0, 1.0)
    """
    kind("fields", fields, Mapping, _PANELS)
    x, y, edges = floats("x", x), floats("y", y), floats("box", box)
    if not fields:
        raise ValueError(f"fields: expected at least one, got none: {_PANELS}")
    if edges.shape != (2,) or not edges[0] < edges[1]:
        raise ValueError(f"box: expected its low and its high edge, got {box}")
    limit, count = positive("limit", limit), len(fields)
    columns = count if count <= 3 else (count + 1) // 2
    rows = -(-count // columns)
    gaps = {"horizontal_spacing": 0.06, "vertical_spacing": 0.2}
    figure = make_subplots(rows=rows, cols=columns, subplot_titles=[*fields], **gaps)
    beyond = False
    for number, (name, values) in enumerate(fields.items()):
        z, place = floats("fields", values), {"row": number // columns + 1, "col": number % columns + 1}
        if z.shape != (y.size, x.size):
            raise ValueError(f"fields: expected {(y.size, x.size)} values for {name!r}, got {z.shape}")
        beyond |= bool((np.abs(z) > limit).any())
        hover = f"x %{{x:.2f}}, y %{{y:.2f}}: %{{z:.3g}}<extra>{name.partition('<br>')[0]}</extra>"
        figure.add_heatmap(x=x, y=y, z=z, zmin=-limit, zmax=limit, coloraxis="coloraxis", hovertemplate=hover, **place)
        low, high = edges
        outline = {"x": [low, high, high, low, low], "y": [low, low, high, high, low], "mode": "lines"}
        line = {"color": "black", "width": 2}
        figure.add_scatter(**outline, line=line, hoverinfo="skip", showlegend=False, **place)
        figure.update_xaxes(title="x" if place["row"] == rows else None, range=[x[0], x[-1]], **place)
        figure.update_yaxes(title="y" if place["col"] == 1 else None, range=[y[0], y[-1]], **place)
    bar = {"title": "value", "thickness": 12, "len": 0.9}
    figure.update_layout(coloraxis={"cmin": -limit, "cmax": limit, "colorscale": "RdBu_r", "colorbar": bar})
    said = "box: the training data" + (f"; values beyond ±{limit:g} have the colour of ±{limit:g}" if beyond else "")
    figure.update_annotations(font={"size": 12})
    return framed(figure, title=title, subtitle=said, height=210 * rows + 50 * (rows - 1), above=34, legend=False)


def fitting_curves(
    curves: Mapping[str, tuple[ArrayLike, Mapping[str, ArrayLike]]],
    *,
    label: str,
    title: str = "Training and validation",
) -> go.Figure:
    """Errors against epochs, degrees, or anything varied: medians over seeds, and bands that hold the middle 80 % of them.

    Args:
        curves: label of an x axis → (m,) what is varied, and name → (seeds, m) errors. Each is a panel.
        label: of the errors, with their unit.
        title: of the figure.

    Raises:
        TypeError: anything but curves by name.
        ValueError: no curve, one of less than two seeds, or numbers that do not fit together.

    Example:
        >>> errors = {"training": [[2.0, 1.0], [4.0, 1.0]], "validation": [[3.0, 2.0], [5.0, 4.0]]}
        >>> [line.name for line in fitting_curves({"epoch": ([1, 2], errors)}, label="RMSE").data][-1]
        'validation'
    """
    kind("curves", curves, Mapping, _CURVES)
    if not curves:
        raise ValueError(f"curves: expected at least one, got none: {_CURVES}")
    figure, seeds = make_subplots(rows=1, cols=len(curves), horizontal_spacing=0.1), set()
    for column, (varied, (at, errors)) in enumerate(curves.items(), start=1):
        kind("errors", errors, Mapping, _CURVES)
        x = floats("curves", at)
        for number, (name, values) in enumerate(errors.items()):
            every, place = floats("curves", values), {"row": 1, "col": column}
            if every.ndim != 2 or len(every) < 2 or every.shape[1:] != x.shape:
                raise ValueError(
                    f"curves: expected (seeds, {x.size}) errors of two seeds or more for {name!r}, got {every.shape}"
                )
            seeds.add(len(every))
            low, middle, high = np.quantile(every, [0.1, 0.5, 0.9], axis=0)
            around = band(x, low, high, shade=color(number), name=name, showlegend=False, legendgroup=name)
            figure.add_trace(around, **place)
            figure.add_scatter(
                x=x,
                y=middle,
                customdata=np.stack([low, high], axis=1),
                hovertemplate=f"%{{x:g}}: %{{y:.3g}} (%{{customdata[0]:.3g}} to %{{customdata[1]:.3g}})<extra>{name}</extra>",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                mode="lines+markers" if x.size < 20 else "lines",
                line={"color": color(number), "width": 2, "dash": ["solid", "dash", "dot"][number % 3]},
                **place,
            )
        figure.update_xaxes(title=varied, row=1, col=column)
    figure.update_yaxes(type="log")
    figure.update_yaxes(title=label, row=1, col=1)
    many = " and ".join(map(str, sorted(seeds)))
    return framed(figure, title=title, subtitle=f"medians over {many} seeds; bands: 80 % of them", height=300)
