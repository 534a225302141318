"""Losses on planes: surfaces to turn, contours, cross-sections, and named points."""

import copy
import functools
import itertools
import json
import textwrap
from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..dataset import Array
from ..landscapes import Landscape, Point
from .relief import TALL, above, hover, label, traces, within
from .style import REFERENCE, Mark, framed, marks_of, titled

Marks = Mapping[str, int] | None
TITLES, ABOVE = ("xaxis.title.text", "yaxis.title.text"), "zaxis.title.text"
#: Pixels of height of the panels, and the share of the width that the surface has.
HEIGHT, SCENE = 600, 0.63
#: The domain of the panels beside the surface, and the height of the lower one.
RIGHT, LOW = {"domain": [0.68, 1.0]}, 0.31
#: Row and column of a panel → what its traces are drawn on.
PLACES = {(1, 1): {"scene": "scene"}, (1, 2): {"xaxis": "x", "yaxis": "y"}, (2, 2): {"xaxis": "x2", "yaxis": "y2"}}
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
    points = points or {}
    looks = marks_of(points, marks)
    data = [trace.update(PLACES[row, column]) for trace, row, column in traces(surface, points, looks, at, log)]
    # All at once: each update of a figure would take plotly several milliseconds.
    figure = go.Figure(data, _layout(surface, points, looks))
    title = _title(surface, around or _middle(points), of)
    framed(figure, title=title, subtitle=_caption(surface), height=HEIGHT)
    return figure.update_layout(margin={"l": 0, "r": 86}, legend={"x": 1.0, "xanchor": "right"})


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
    first = landscape(*next(iter(surfaces.values())), of=of, marks=marks)
    places = [{"scene": t.scene} if "scene" in t else {"xaxis": t.xaxis, "yaxis": t.yaxis} for t in first.data]
    frames = []
    for choice, (surface, points) in surfaces.items():
        data = [_small(t, surface, place) for t, place in zip(_all(surface, points, marks), places, strict=True)]
        name = json.dumps(dict(zip(keys, choice, strict=True)), ensure_ascii=False)
        words = _words(surface, points, marks_of(points, marks)) | {"title.text": _title(surface, _middle(points), of)}
        words |= {"yaxis2": {"title": {"text": label(surface)}}}
        frames.append(go.Frame(name=name, data=data, layout=words))
    return first.update(frames=frames)


def _all(surface: Landscape, points: Mapping[str, Point], marks: Marks) -> list[Any]:
    return [trace for trace, _, _ in traces(surface, points, marks_of(points, marks), (0.0, 0.0), False)]


def _small(trace: Any, surface: Landscape, place: dict[str, str]) -> Any:
    """A trace of a frame: half the digits are enough to look at, and half the size of a page."""
    trace.update({axis: np.float32(trace[axis]) for axis in "xyz" if axis in trace} | place, overwrite=True)
    if trace.type in ("surface", "contour"):
        trace.update({"customdata": None, "hovertemplate": hover(surface, "z")})
    if trace.type == "surface":
        trace.update({"surfacecolor": None})
    return trace


def _middle(points: Mapping[str, Point]) -> str:
    """The model in the middle of a plane; empty without one."""
    return next((name for name, point in points.items() if not any(point)), "")


def _layout(surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark]) -> dict[str, Any]:
    """The surface on the left; on the right its contours above the cross-sections."""
    # High enough to look into a bowl, and far enough to cut no corner or axis title.
    camera = {"eye": {"x": -1.32, "y": -1.4, "z": 1.62}, "center": {"x": -0.06, "y": 0.06, "z": -0.13}}
    solid: dict[str, Any] = {"type": "linear", "title": {"font": {"size": 12}}, "nticks": 5}
    solid |= {"exponentformat": "power", "tickfont": {"size": 11}, "showexponent": "last"}
    scene = {"aspectmode": "manual", "aspectratio": {"x": 1, "y": 1, "z": 0.65}, "camera": camera}
    scene |= {"uirevision": "turned", "domain": {"x": [0, SCENE], "y": [0, 1]}}
    scene |= {f"{letter}axis": copy.deepcopy(solid) for letter in "xyz"}
    small, upper, lower = {"size": 12}, {"domain": [1 - TALL, 1.0]}, {"domain": [0.0, LOW]}
    title = {"text": label(surface), "standoff": 6, "font": small}
    layout = {
        "scene": scene,
        "xaxis": RIGHT | {"anchor": "y", "title": {"font": small}},
        "yaxis": upper | {"anchor": "x", "nticks": 6, "title": {"standoff": 6, "font": small}},
        "xaxis2": RIGHT | {"anchor": "y2", "title": {"text": "step along x or y", "font": small}},
        "yaxis2": lower | {"anchor": "x2", "nticks": 5, "exponentformat": "power", "title": title},
    }
    return _merged(layout, _words(surface, points, looks))


def _merged(layout: dict[str, Any], words: Mapping[str, Any]) -> dict[str, Any]:
    """A layout with words put where their names, such as ``xaxis.title.text``, say; the layout is changed."""
    for name, value in words.items():
        *path, last = name.split(".")
        place = functools.reduce(lambda part, key: part.setdefault(key, {}), path, layout)
        place[last] = _merged(place.get(last, {}), value) if isinstance(value, Mapping) else value
    return layout


def _title(surface: Landscape, around: str, of: str) -> str:
    name = f"{surface.name[:1].upper()}{surface.name[1:]}"
    return titled(f"{name} around {around}" if around else name, of=of)


def _caption(surface: Landscape) -> str:
    """Says that a surface is not exact and how far it may be off; of an exact one, what its lines are."""
    if not surface.error:
        return "lines: cuts along x (solid) and y (dashed)"
    small = surface.unit.startswith("eV/") and surface.error < 0.1
    error = f"{1e3 * surface.error:.2g} m{surface.unit}" if small else f"{surface.error:.2g} {surface.unit}".strip()
    return f"Preview, ± {error}, until the exact surface is there"


def _words(surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark]) -> dict[str, Any]:
    """The titles of the axes and the names of the points on the surface; in the scene in short lines, clear of the ticks."""
    titles = dict(zip(TITLES, surface.plane.labels, strict=True))
    solid = dict(zip(TITLES, map(_broken, surface.plane.labels), strict=True)) | {ABOVE: label(surface)}
    low, high = float(np.nanmin(surface.z)), float(np.nanmax(surface.z))
    above_corner = {"zaxis.range": [low - 0.06 * (high - low), high]}  # the lowest tick clear of those of the corner
    ranges = {"xaxis.range": _ends(surface.x), "yaxis.range": _ends(surface.y)}  # marks at the edge would widen them
    return {"scene": solid | above_corner | {"annotations": _names(surface, points, looks)}} | titles | ranges


def _ends(x: Array) -> list[float]:
    return [float(x[0]), float(x[-1])]


def _broken(title: str) -> str:
    parts = textwrap.wrap(title, 28, break_long_words=False)
    return "<br>".join([" ", *parts] if len(parts) > 1 else parts)  # the first line would lie on the ticks


def _names(surface: Landscape, points: Mapping[str, Point], looks: Mapping[str, Mark]) -> list[dict[str, Any]]:
    """Annotations, which the surface does not hide as it hides text.

    Their number is the same for few points, because the frames of a page can only change annotations, not add any.
    """
    inside = within(surface, points)
    style = {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": REFERENCE, "bgcolor": "rgba(255, 255, 255, 0.75)"}
    style["font"] = {"color": "#222222"}  # on its own ground, on dark pages too
    blank = {"visible": False, "text": "", "x": 0.0, "y": 0.0, "z": 0.0, "ax": 0, "ay": 0}
    names = [blank | style for _ in range(max(len(inside), len(NAMED_AT)))]
    for name, (text, (x, y)), (ax, ay) in zip(names, inside.items(), itertools.cycle(NAMED_AT), strict=False):
        z = float(above(surface, x, y, 0.03))
        name.update(visible=True, text=text, x=x, y=y, z=z, ax=ax, ay=ay, arrowcolor=looks[text].color)
    return names
