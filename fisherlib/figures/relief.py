"""What is drawn of a loss on a plane: the surface, its contours, cross-sections, and the marks of models."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..dataset import Array
from ..landscapes import Landscape, Point
from .style import BRIGHT, REFERENCE, SCALE, Mark
from .ticks import labels

#: A trace and where it goes: row and column of the subplots.
Placed = tuple[go.Scatter | go.Scatter3d | go.Surface | go.Contour, int, int]

SECTIONS = ("solid", "dash")  # lines along x, along y
FAINTER = "#8a8a8a"

#: Curves closer than this share of what they span are told to coincide.
SAME = 0.01
#: Height of the contours, as a share of the panels: that of the colour bar too.
TALL = 0.52


def traces(
    surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark], at: Point, log: bool
) -> list[Placed]:
    """Always the same kinds of traces in the same order, so that a page can turn one surface into another."""
    inside = within(surface, points)
    here = (float(np.clip(at[0], *surface.x[[0, -1]])), float(np.clip(at[1], *surface.y[[0, -1]])))
    marked = [*_path(surface, inside, looks), *_marks(surface, inside, looks)]
    return [*_shape(surface, log), *marked, *_sections(surface, here)]


def label(surface: Landscape) -> str:
    """The loss with its unit."""
    return f"{surface.name}, {surface.unit}" if surface.unit else surface.name


def _shape(surface: Landscape, log: bool) -> list[Placed]:
    shade, ticks = _shade(surface.z, log)
    bar = {"title": {"text": label(surface), "side": "right"}, "thickness": 14, "len": TALL, "x": 1.01, "y": 1.0}
    bar |= {"yanchor": "top", "ypad": 0, "exponentformat": "power", "showexponent": "last"} | ticks
    common = {"x": surface.x, "y": surface.y, "customdata": surface.z, "colorscale": SCALE}
    common |= {"hovertemplate": hover(surface, "customdata"), "xhoverformat": ".3f", "yhoverformat": ".3f"}
    style = {"ncontours": 24, "line": {"width": 0.5}, "colorbar": bar}
    return [
        (go.Surface(**common, z=surface.z, surfacecolor=shade, showscale=False, name=label(surface)), 1, 1),
        (go.Contour(**common, z=shade, name=label(surface), **style), 1, 2),
    ]


def hover(surface: Landscape, value: str) -> str:
    """Axes by their own names; their formats are those of the axes, which write a typographic minus."""
    x, y = surface.plane.labels
    return f"{x}: %{{x}}<br>{y}: %{{y}}<br>{surface.name} %{{{value}:.5g}} {surface.unit}<extra></extra>"


def _shade(z: Array, log: bool) -> tuple[Array, dict[str, Any]]:
    """The values of the colours, and the ticks of the colour bar: decades, or six values if it spans few of them."""
    if not log:
        return z, {"tickmode": "auto"}
    lowest = z[z > 0].min() if (z > 0).any() else 1.0
    shade = np.log10(np.maximum(z, lowest))
    low, high = shade.min(), shade.max()
    exponents = np.arange(np.ceil(low), np.floor(high) + 1) if high - low > 2 else np.linspace(low, high, 6)
    values = [float(f"{10.0**exponent:.2g}") for exponent in exponents]
    return shade, {"tickmode": "array", "tickvals": np.log10(values), "ticktext": labels(np.array(values))}


def _path(surface: Landscape, inside: Mapping[str, Point], looks: Mapping[str, Mark]) -> list[Placed]:
    """From the first point to the second, in the colour of the second."""
    x, y, shade = np.array([]), np.array([]), REFERENCE
    if len(inside) > 1:
        (x0, y0), (x1, y1) = list(inside.values())[:2]
        t, shade = np.linspace(0.0, 1.0, 40), looks[list(inside)[1]].color
        x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
    style = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    return [
        (go.Scatter3d(x=x, y=y, z=above(surface, x, y, 0.02), line={"color": shade, "width": 5}, **style), 1, 1),
        (go.Scatter(x=x, y=y, line={"color": shade, "width": 3}, **style), 1, 2),
    ]


def _marks(surface: Landscape, inside: Mapping[str, Point], looks: Mapping[str, Mark]) -> list[Placed]:
    """Each model in its own colour, with a white edge that stands out from all colours of the scale."""
    x, y = np.array(list(inside.values())).reshape(-1, 2).T
    style = {"text": list(inside), "hoverinfo": "text", "showlegend": False}
    shades, edge = [looks[name].color for name in inside], {"color": BRIGHT, "width": 1.5}
    dots = {"color": shades, "size": 6, "symbol": [looks[name].solid for name in inside], "line": edge}
    flat = {"color": shades, "size": 12, "symbol": [looks[name].symbol for name in inside], "line": edge}
    font = {"color": "white", "shadow": "0 0 3px black"}  # legible on every colour of the scale
    named = {"mode": "markers+text", "marker": flat, "textfont": font, "cliponaxis": False}
    named["textposition"] = _sides(surface, inside)
    return [
        (go.Scatter3d(x=x, y=y, z=above(surface, x, y, 0.03), mode="markers", marker=dots, **style), 1, 1),
        (go.Scatter(x=x, y=y, **style, **named), 1, 2),
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
    heights = [surface.at(x, y) for x, y in cuts]
    names = [f"along x, at y = {y0:.3g}", f"along y, at x = {x0:.3g}"]
    names = [name.replace("-", "−") for name in names]
    if _same(surface, *heights):
        names[1] += ", the same curve"
    for (x, y), name, dash, axis, z in zip(cuts, names, SECTIONS, (0, 1), heights, strict=True):
        quiet = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "name": name}
        hover = f"{name}<br>step %{{x:.3f}}<br>{surface.name} %{{y:.5g}} {surface.unit}<extra></extra>"
        line = {"color": (REFERENCE, FAINTER)[axis], "width": 3, "dash": dash}
        curve = {"mode": "lines", "name": name, "line": line, "hovertemplate": hover}
        bright = {"color": BRIGHT, "dash": dash}
        placed += [
            (go.Scatter3d(x=x, y=y, z=above(surface, x, y, 0.01), line=bright | {"width": 4}, **quiet), 1, 1),
            (go.Scatter(x=x, y=y, line=bright | {"width": 1.5}, **quiet), 1, 2),
            (go.Scatter(x=(x, y)[axis], y=z, **curve), 2, 2),
        ]
    return placed


def _same(surface: Landscape, along_x: Array, along_y: Array) -> bool:
    """Whether one curve hides the other over the steps that both have."""
    there = np.isfinite(along_y) & (surface.y >= surface.x[0]) & (surface.y <= surface.x[-1])
    other = np.interp(surface.y, surface.x, along_x)
    return bool(there.any() and np.abs(other - along_y)[there].max() <= SAME * np.ptp(along_x))


def above(surface: Landscape, x: ArrayLike, y: ArrayLike, share: float) -> Array:
    """Heights a little above the surface, so that what is drawn there is not half buried in it."""
    return surface.at(x, y) + share * np.ptp(surface.z)


def within(surface: Landscape, points: Mapping[str, Point]) -> dict[str, Point]:
    """The points that lie on the plane as far as it is drawn."""
    return {name: p for name, p in points.items() if np.isfinite(surface.at(*p))}
