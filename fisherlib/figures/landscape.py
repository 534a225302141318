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
from .style import REFERENCE, SCALE, Mark, framed, marks_of, titled
from .ticks import labels

#: A trace and where it goes: row and column of the subplots.
Placed = tuple[go.Scatter | go.Scatter3d | go.Surface | go.Contour, int, int]

#: Height of the contours, as a share of the panels: that of the colour bar too.
TALL = 0.52
FAINTER = "#8a8a8a"
SECTIONS = ("solid", "dash")  # lines along x, along y
#: Curves closer than this share of what they span are told to coincide.
SAME = 0.01
Marks = Mapping[str, int] | None
TITLES, ABOVE = ("xaxis.title.text", "yaxis.title.text"), "zaxis.title.text"
#: Pixels of height of the panels, and the share of the width that the surface has.
HEIGHT, SCENE = 600, 0.58
#: Where the names of points on the surface stand, in pixels from their point; apart even if the points are close.
NAMED_AT = ((-40, -30), (40, -30), (0, -55))


def landscape(
    surface: Landscape,
    points: Mapping[str, Point] | None = None,
    *,
    at: Point = (0.0, 0.0),
    log: bool = False,
    around: str = "",
    of: str = "",
    marks: Marks = None,
) -> go.Figure:
    """One loss on a plane: a surface to turn, its contours, and two cross-sections.

    Args:
        surface: the loss on a grid; if it is not exact, the title says so.
        points: marked by name, with the path between the first two; those outside the plane are left out.
        at: where the cross-sections meet; the nearest point of the plane if it is outside.
        log: colours (not heights) by the logarithm of the loss.
        around: name of the model in the middle, for the title; by default that of the point at (0, 0).
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

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
    points = points or {}
    looks = marks_of(points, marks)
    for trace, row, column in _traces(surface, points, looks, at, log):
        figure.add_trace(trace, row=row, col=column)
    middle = around or next((name for name, point in points.items() if not any(point)), "")
    return _laid_out(figure, surface, points, looks, _title(surface, middle, of))


def landscapes(
    surfaces: Mapping[tuple[str, ...], tuple[Landscape, Mapping[str, Point]]],
    keys: Sequence[str],
    *,
    of: str = "",
    marks: Marks = None,
) -> go.Figure:
    """Several losses on planes in one figure that shows the first; each is a frame named by its choice, as JSON.

    Args:
        surfaces: choice, e.g. ("θ_f", "force MAE") → (surface, named points on its plane).
        keys: names of the choices, e.g. ("model", "loss"); the report makes one selector of each.
        of: which data, for the titles, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

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
        drawn = landscape(surface, points, of=of, marks=marks)
        for trace in drawn.data:  # half the digits are enough to look at, and half the size of a page
            trace.update({axis: np.float32(trace[axis]) for axis in "xyz" if axis in trace})
        drawn.data[0].update(surfacecolor=None, customdata=None)
        drawn.data[1].update(customdata=None)
        drawn.update_traces(selector={"type": "surface"}, hovertemplate=_hover(surface, "z"))
        drawn.update_traces(selector={"type": "contour"}, hovertemplate=_hover(surface, "z"))
        name = json.dumps(dict(zip(keys, choice, strict=True)), ensure_ascii=False)
        frames.append(go.Frame(name=name, data=drawn.data, layout=_words(surface, points, marks_of(points, marks))))
    return landscape(*next(iter(surfaces.values())), of=of, marks=marks).update(frames=frames)


def _laid_out(
    figure: go.Figure, surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark], title: str
) -> go.Figure:
    framed(figure, title=title, subtitle=_caption(surface), height=HEIGHT)
    # High enough to look into a bowl, and far enough to cut no corner or axis title.
    camera = {"eye": {"x": -1.5, "y": -1.6, "z": 1.4}, "center": {"x": -0.07, "y": 0.07, "z": -0.17}}
    shape = {"aspectmode": "manual", "aspectratio": {"x": 1, "y": 1, "z": 0.8}}
    figure.update_scenes(**shape, camera=camera, uirevision="turned", domain={"x": [0, SCENE], "y": [0, 1]})
    axis = {"type": "linear", "title": {"font": {"size": 12}}, "nticks": 5, "exponentformat": "power"}
    axis |= {"tickfont": {"size": 11}, "showexponent": "last"}
    figure.update_scenes({f"{letter}axis": axis for letter in "xyz"})
    figure.update_layout(_words(surface, points, looks) | {"margin": {"l": 0, "r": 86}})
    figure.update_layout(legend={"x": 1.0, "xanchor": "right"})
    figure.update_xaxes(title="step along x or y", row=2, col=2)
    figure.update_yaxes(title={"text": _label(surface), "standoff": 6}, exponentformat="power", nticks=5, row=2, col=2)
    figure.update_xaxes(title_font_size=12).update_yaxes(title_font_size=12)
    figure.update_yaxes(nticks=6, title_standoff=6, row=1, col=2)
    return figure


def _title(surface: Landscape, around: str, of: str) -> str:
    name = f"{surface.name[:1].upper()}{surface.name[1:]}"
    return titled(f"{name} around {around}" if around else name, of=of)


def _label(surface: Landscape) -> str:
    return f"{surface.name}, {surface.unit}" if surface.unit else surface.name


def _caption(surface: Landscape) -> str:
    """Says that a surface is not exact and how far it may be off; empty for an exact one."""
    if not surface.error:
        return ""
    small = surface.unit.startswith("eV/") and surface.error < 0.1
    error = f"{1e3 * surface.error:.2g} m{surface.unit}" if small else f"{surface.error:.2g} {surface.unit}".strip()
    return f"Preview, ± {error}, until the exact surface is there"


def _words(surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark]) -> dict[str, Any]:
    """The titles of the axes and the names of the points on the surface; in the scene in short lines, clear of the ticks."""
    titles = dict(zip(TITLES, surface.plane.labels, strict=True))
    solid = dict(zip(TITLES, map(_broken, surface.plane.labels), strict=True)) | {ABOVE: _broken(_label(surface))}
    ranges = {"xaxis.range": _ends(surface.x), "yaxis.range": _ends(surface.y)}  # marks at the edge would widen them
    return {"scene": solid | {"annotations": _names(surface, points, looks)}} | titles | ranges


def _ends(x: Array) -> list[float]:
    return [float(x[0]), float(x[-1])]


def _broken(title: str) -> str:
    return "<br>".join(textwrap.wrap(title, 28, break_long_words=False))


def _names(surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark]) -> list[dict[str, Any]]:
    """Annotations, which the surface does not hide as it hides text.

    Their number is the same for few points, because the frames of a page can only change annotations, not add any.
    """
    inside = _inside(surface, points)
    style = {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": REFERENCE, "bgcolor": "rgba(255, 255, 255, 0.75)"}
    style["font"] = {"color": "#222222"}  # on its own ground, on dark pages too
    blank = {"visible": False, "text": "", "x": 0.0, "y": 0.0, "z": 0.0, "ax": 0, "ay": 0}
    names = [blank | style for _ in range(max(len(inside), len(NAMED_AT)))]
    for name, (text, (x, y)), (ax, ay) in zip(names, inside.items(), itertools.cycle(NAMED_AT), strict=False):
        z = float(_above(surface, x, y, 0.03))
        name.update(visible=True, text=text, x=x, y=y, z=z, ax=ax, ay=ay, arrowcolor=looks[text].color)
    return names


def _inside(surface: Landscape, points: Mapping[str, Point]) -> dict[str, Point]:
    return {name: p for name, p in points.items() if np.isfinite(surface.at(*p))}


def _traces(
    surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark], at: Point, log: bool
) -> list[Placed]:
    """Always the same kinds of traces in the same order, so that a page can turn one surface into another."""
    inside = _inside(surface, points)
    here = (float(np.clip(at[0], *surface.x[[0, -1]])), float(np.clip(at[1], *surface.y[[0, -1]])))
    marked = [*_path(surface, inside, looks), *_marks(surface, inside, looks)]
    return [*_shape(surface, log), *marked, *_sections(surface, here)]


def _shape(surface: Landscape, log: bool) -> list[Placed]:
    shade, ticks = _shade(surface.z, log)
    bar = {"title": {"text": _label(surface), "side": "right"}, "thickness": 14, "len": TALL, "x": 1.01, "y": 1.0}
    bar |= {"yanchor": "top", "ypad": 0, "exponentformat": "power", "showexponent": "last"} | ticks
    common = {"x": surface.x, "y": surface.y, "customdata": surface.z, "colorscale": SCALE}
    common |= {"hovertemplate": _hover(surface, "customdata"), "xhoverformat": ".3f", "yhoverformat": ".3f"}
    style = {"ncontours": 24, "line": {"width": 0.5}, "colorbar": bar}
    return [
        (go.Surface(**common, z=surface.z, surfacecolor=shade, showscale=False, name=_label(surface)), 1, 1),
        (go.Contour(**common, z=shade, name=_label(surface), **style), 1, 2),
    ]


def _hover(surface: Landscape, value: str) -> str:
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
        (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.02), line={"color": shade, "width": 5}, **style), 1, 1),
        (go.Scatter(x=x, y=y, line={"color": shade, "width": 3}, **style), 1, 2),
    ]


def _marks(surface: Landscape, inside: Mapping[str, Point], looks: Mapping[str, Mark]) -> list[Placed]:
    """Each model in its own colour, with a white edge that stands out from all colours of the scale."""
    x, y = np.array(list(inside.values())).reshape(-1, 2).T
    style = {"text": list(inside), "hoverinfo": "text", "showlegend": False}
    shades, edge = [looks[name].color for name in inside], {"color": "white", "width": 1.5}
    dots = {"color": shades, "size": 6, "symbol": [looks[name].solid for name in inside], "line": edge}
    flat = {"color": shades, "size": 12, "symbol": [looks[name].symbol for name in inside], "line": edge}
    font = {"color": "white", "shadow": "0 0 3px black"}  # legible on every colour of the scale
    named = {"mode": "markers+text", "marker": flat, "textfont": font, "cliponaxis": False}
    named["textposition"] = _sides(surface, inside)
    return [
        (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.03), mode="markers", marker=dots, **style), 1, 1),
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
        white = {"color": "white", "dash": dash}
        placed += [
            (go.Scatter3d(x=x, y=y, z=_above(surface, x, y, 0.01), line=white | {"width": 4}, **quiet), 1, 1),
            (go.Scatter(x=x, y=y, line=white | {"width": 1.5}, **quiet), 1, 2),
            (go.Scatter(x=(x, y)[axis], y=z, **curve), 2, 2),
        ]
    return placed


def _same(surface: Landscape, along_x: Array, along_y: Array) -> bool:
    """Whether one curve hides the other over the steps that both have."""
    there = np.isfinite(along_y) & (surface.y >= surface.x[0]) & (surface.y <= surface.x[-1])
    other = np.interp(surface.y, surface.x, along_x)
    return bool(there.any() and np.abs(other - along_y)[there].max() <= SAME * np.ptp(along_x))


def _above(surface: Landscape, x: ArrayLike, y: ArrayLike, share: float) -> Array:
    """Heights a little above the surface, so that what is drawn there is not half buried in it."""
    return surface.at(x, y) + share * np.ptp(surface.z)
