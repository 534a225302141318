"""Losses on planes: surfaces to turn, contours, cross-sections, and named points."""

import itertools
import json
import textwrap
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import kind
from ..dataset import Array
from ..landscapes import Landscape, Point
from .style import MARK, PALETTE, SCALE, styled

#: A trace and where it goes: row and column of the subplots.
Placed = tuple[go.Scatter | go.Scatter3d | go.Surface | go.Contour, int, int]

SECTIONS = (PALETTE[0], PALETTE[3])  # along x, along y
TITLES = ("xaxis.title.text", "yaxis.title.text")
#: Where the names of points on the surface stand, in pixels from their point; apart even if the points are close.
NAMED_AT = ((-40, -30), (40, -30), (0, -55))


def landscape(
    surface: Landscape, points: Mapping[str, Point] | None = None, *, at: Point = (0.0, 0.0), log: bool = False
) -> go.Figure:
    """One loss on a plane: a surface to turn, its contours, and two cross-sections.

    Args:
        surface: the loss on a grid; if it is not exact, the title says so.
        points: marked by name, with the path between the first two; those outside the plane are left out.
        at: where the cross-sections meet; the nearest point of the plane if it is outside.
        log: colours (not heights) by the logarithm of the loss.

    Example:
        >>> import fisherlib as fl
        >>> loss = fl.fisher(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> plane = fl.Plane.through(fl.solve(loss).theta, [2.0, 1.0])
        >>> fl.figures.landscape(fl.landscape(loss, plane, n=11)).data[0].type
        'surface'
    """
    kind("surface", surface, Landscape, "landscape(fl.landscape(loss, plane))")
    kind("points", points, (Mapping, NoneType), "landscape(surface, {name: (x, y)})")
    specs = [[{"type": "scene", "rowspan": 2}, {"type": "xy"}], [None, {"type": "xy"}]]
    gaps = {"horizontal_spacing": 0.09, "vertical_spacing": 0.17}
    figure = make_subplots(rows=2, cols=2, specs=specs, column_widths=[0.6, 0.4], row_heights=[0.63, 0.37], **gaps)
    for trace, row, column in _traces(surface, points or {}, at, log):
        figure.add_trace(trace, row=row, col=column)
    return _laid_out(figure, surface, points or {})


def landscapes(
    surfaces: Mapping[tuple[str, ...], tuple[Landscape, Mapping[str, Point]]], keys: Sequence[str]
) -> go.Figure:
    """Several losses on planes in one figure that shows the first; each is a frame named by its choice, as JSON.

    Args:
        surfaces: choice, e.g. ("θ_f", "force MAE") → (surface, named points on its plane).
        keys: names of the choices, e.g. ("model", "loss"); the report makes one selector of each.

    Example:
        >>> import fisherlib as fl
        >>> loss = fl.fisher(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> surface = fl.landscape(loss, fl.Plane.through(fl.solve(loss).theta, [2.0, 1.0]), n=11)
        >>> figure = fl.figures.landscapes({("θ_f",): (surface, {"θ_f": (0.0, 0.0)})}, keys=("model",))
        >>> figure.frames[0].name
        '{"model": "θ_f"}'
    """
    kind("surfaces", surfaces, Mapping, "landscapes({choice: (surface, points)}, keys)")
    frames = []
    for choice, (surface, points) in surfaces.items():
        drawn = landscape(surface, points)
        for trace in drawn.data:  # half the digits are enough to look at, and half the size of a page
            trace.update({axis: np.float32(trace[axis]) for axis in "xyz" if axis in trace})
        drawn.data[0].update(surfacecolor=None, customdata=None)
        drawn.data[1].update(customdata=None)
        drawn.update_traces(selector={"type": "surface"}, hovertemplate=_hover(surface, "z"))
        drawn.update_traces(selector={"type": "contour"}, hovertemplate=_hover(surface, "z"))
        name = json.dumps(dict(zip(keys, choice, strict=True)), ensure_ascii=False)
        frames.append(go.Frame(name=name, data=drawn.data, layout=_in_lines(_words(surface, points))))
    return landscape(*next(iter(surfaces.values()))).update(frames=frames)


def _laid_out(figure: go.Figure, surface: Landscape, points: Mapping[str, Point]) -> go.Figure:
    styled(figure, title=_caption(surface), height=640)
    figure.update_layout(title_font_size=14)
    # High enough to look into a bowl, and far enough to cut no corner or axis title.
    camera = {"eye": {"x": -1.75, "y": -1.86, "z": 1.98}, "center": {"x": -0.09, "y": 0.09, "z": -0.2}}
    figure.update_scenes(aspectmode="cube", camera=camera, uirevision="turned", zaxis_exponentformat="power")
    axis = {"type": "linear", "title": {"font": {"size": 12}}}
    figure.update_scenes({f"{letter}axis": axis for letter in "xyz"}, zaxis_title_text="loss")
    figure.update_layout(_words(surface, points) | {"margin": {"l": 0, "r": 10, "t": 30, "b": 60}})
    figure.update_layout(legend={"x": 0.6, "y": -0.1, "yanchor": "top", "orientation": "h"})
    figure.update_xaxes(title="step along x or y", row=2, col=2)
    figure.update_yaxes(title="loss", exponentformat="power", row=2, col=2)
    return figure


def _caption(surface: Landscape) -> str:
    """Says that a surface is not exact and how far it may be off; empty for an exact one."""
    if not surface.error:
        return ""
    small = surface.unit.startswith("eV/") and surface.error < 0.1
    error = f"{1e3 * surface.error:.2g} m{surface.unit}" if small else f"{surface.error:.2g} {surface.unit}".strip()
    return f"Preview, ± {error}, until the exact surface is there"


def _words(surface: Landscape, points: Mapping[str, Point]) -> dict[str, Any]:
    """The titles of the axes and the names of the points on the surface."""
    titles = dict(zip(TITLES, surface.plane.labels, strict=True))
    return {"scene": titles | {"annotations": _names(surface, points)}} | titles


def _in_lines(words: dict[str, Any]) -> dict[str, Any]:
    """The same words with the titles of the scene in short lines: a narrow page would cut long ones."""
    broken = {axis: "<br>".join(textwrap.wrap(words["scene"][axis], 28)) for axis in TITLES}
    return words | {"scene": words["scene"] | broken}


def _names(surface: Landscape, points: Mapping[str, Point]) -> list[dict[str, Any]]:
    """Annotations, which the surface does not hide as it hides text.

    Their number is the same for few points, because the frames of a page can only change annotations, not add any.
    """
    inside = _inside(surface, points)
    style = {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": MARK, "bgcolor": "rgba(255, 255, 255, 0.75)"}
    blank = {"visible": False, "text": "", "x": 0.0, "y": 0.0, "z": 0.0, "ax": 0, "ay": 0}
    names = [blank | style for _ in range(max(len(inside), len(NAMED_AT)))]
    for name, (text, (x, y)), (ax, ay) in zip(names, inside.items(), itertools.cycle(NAMED_AT), strict=False):
        z = float(_above(surface, x, y, 0.03))
        name.update(visible=True, text=text, x=x, y=y, z=z, ax=ax, ay=ay)
    return names


def _inside(surface: Landscape, points: Mapping[str, Point]) -> dict[str, Point]:
    return {name: p for name, p in points.items() if np.isfinite(surface.at(*p))}


def _traces(surface: Landscape, points: Mapping[str, Point], at: Point, log: bool) -> list[Placed]:
    """Always the same kinds of traces in the same order, so that a page can turn one surface into another."""
    inside = _inside(surface, points)
    here = (float(np.clip(at[0], *surface.x[[0, -1]])), float(np.clip(at[1], *surface.y[[0, -1]])))
    return [*_shape(surface, log), *_path(surface, inside), *_marks(surface, inside), *_sections(surface, here)]


def _shape(surface: Landscape, log: bool) -> list[Placed]:
    label = f"{surface.name}, {surface.unit}" if surface.unit else surface.name
    shade, ticks = _shade(surface.z, log)
    bar = {"title": {"text": label, "side": "right"}, "thickness": 14, "len": 0.62, "x": 1.0, "y": 1.0}
    bar |= {"yanchor": "top", "exponentformat": "power"} | ticks
    common = {"x": surface.x, "y": surface.y, "customdata": surface.z, "colorscale": SCALE}
    common["hovertemplate"] = _hover(surface, "customdata")
    style = {"ncontours": 24, "line": {"width": 0.5}, "colorbar": bar}
    return [
        (go.Surface(**common, z=surface.z, surfacecolor=shade, showscale=False, name=label), 1, 1),
        (go.Contour(**common, z=shade, name=label, **style), 1, 2),
    ]


def _hover(surface: Landscape, value: str) -> str:
    return f"x %{{x:.3f}}<br>y %{{y:.3f}}<br>{surface.name} %{{{value}:.5g}} {surface.unit}<extra></extra>"


def _shade(z: Array, log: bool) -> tuple[Array, dict[str, Any]]:
    """The values of the colours, and the ticks of the colour bar: decades, or six values if it spans few of them."""
    if not log:
        return z, {"tickmode": "auto"}
    lowest = z[z > 0].min() if (z > 0).any() else 1.0
    shade = np.log10(np.maximum(z, lowest))
    low, high = shade.min(), shade.max()
    exponents = np.arange(np.ceil(low), np.floor(high) + 1) if high - low > 2 else np.linspace(low, high, 6)
    values = [float(f"{10.0**exponent:.2g}") for exponent in exponents]
    return shade, {"tickmode": "array", "tickvals": np.log10(values), "ticktext": [f"{v:g}" for v in values]}


def _path(surface: Landscape, inside: Mapping[str, Point]) -> list[Placed]:
    x = y = np.array([])
    if len(inside) > 1:
        (x0, y0), (x1, y1) = list(inside.values())[:2]
        t = np.linspace(0.0, 1.0, 40)
        x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
    style = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    return [
        (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.02), line={"color": MARK, "width": 4}, **style), 1, 1),
        (go.Scatter(x=x, y=y, line={"color": MARK, "width": 2}, **style), 1, 2),
    ]


def _marks(surface: Landscape, inside: Mapping[str, Point]) -> list[Placed]:
    x, y = np.array(list(inside.values())).reshape(-1, 2).T
    style = {"text": list(inside), "hoverinfo": "text", "showlegend": False}
    solid = {"mode": "markers", "marker": {"color": MARK, "size": 5}}
    outlined = {"color": MARK, "size": 9, "line": {"color": "white", "width": 1}}
    font = {"color": "white", "shadow": "0 0 3px black"}  # legible on every colour of the scale
    flat = {"mode": "markers+text", "marker": outlined, "textfont": font, "cliponaxis": False}
    flat["textposition"] = _sides(surface, inside)
    return [
        (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.03), **style, **solid), 1, 1),
        (go.Scatter(x=x, y=y, **style, **flat), 1, 2),
    ]


def _sides(surface: Landscape, inside: Mapping[str, Point]) -> list[str]:
    """Names point inwards, so that the edge does not cut them, and lie above and below in turn, so as not to overlap."""
    (left, right), (low, high) = surface.x[[0, -1]], surface.y[[0, -1]]
    return [
        f"{'bottom' if k % 2 or y > high - 0.1 * (high - low) else 'top'} {'left' if 2 * x > left + right else 'right'}"
        for k, (x, y) in enumerate(inside.values())
    ]


def _sections(surface: Landscape, at: Point) -> list[Placed]:
    """The loss along both axes through a point: on the surface, as lines on the contours, and as curves."""
    placed: list[Placed] = []
    x0, y0 = at
    cuts = ((surface.x, np.full_like(surface.x, y0)), (np.full_like(surface.y, x0), surface.y))
    names = (f"along x, at y = {y0:.3g}", f"along y, at x = {x0:.3g}")
    for (x, y), name, color, axis in zip(cuts, names, SECTIONS, (0, 1), strict=True):
        quiet = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "name": name}
        step, dash = (x, y)[axis], {"color": color, "width": 1.5, "dash": "dot"}
        solid = {"color": color, "width": 4}
        hover = f"{name}<br>step %{{x:.3f}}<br>{surface.name} %{{y:.5g}} {surface.unit}<extra></extra>"
        curve = {"mode": "lines", "name": name, "line": {"color": color, "width": 2}, "hovertemplate": hover}
        placed += [
            (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.01), line=solid, **quiet), 1, 1),
            (go.Scatter(x=x, y=y, line=dash, **quiet), 1, 2),
            (go.Scatter(x=step, y=surface.at(x, y), **curve), 2, 2),
        ]
    return placed


def _above(surface: Landscape, x: ArrayLike, y: ArrayLike, share: float) -> Array:
    """Heights a little above the surface, so that what is drawn there is not half buried in it."""
    return surface.at(x, y) + share * np.ptp(surface.z)
