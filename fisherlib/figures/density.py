"""Densities in a plane: contours of u, with draws and paths over them; particles in a plane."""

import math
from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind, positive
from ..dataset import Array
from .style import FAINT, MARK, REFERENCE, color, faded, framed, marks_of

#: Points of a square grid (p², 2), and ln of their weights (p²,), from ``systems.quadrature``.
Plane = tuple[ArrayLike, ArrayLike]

#: Energies are drawn to so many kT above the lowest, with a line for each kT.
HIGHEST = 14
SHADES = [[0.0, "#6f9fc4"], [1.0, "#ffffff"]]

#: Draws beyond these would fill the picture, and the page.
MOST_DRAWN = 2000


def density(
    surface: Plane,
    draws: Mapping[str, ArrayLike] | None = None,
    *,
    title: str = "A density and draws from it",
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Contours of u over a plane, with draws over them.

    Args:
        surface: points and weights of a grid, ``systems.quadrature(target, target.bounds, points=100)``.
        draws: name → (n, 2) draws; the first 2000 of each are shown.
        title: of the figure.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        TypeError, ValueError: draws without names or of another shape, or points that are no square grid.

    Example:
        >>> import fisherlib as fl
        >>> well = fl.systems.TiltedDoubleWell()
        >>> surface = fl.systems.quadrature(well, well.bounds, points=60)
        >>> [trace.type for trace in fl.figures.density(surface, {"flow": [[-1.8, 0.0]]}).data]
        ['contour', 'scattergl']
    """
    kind("draws", draws or {}, Mapping, "density(surface, {name: draws.x})")
    contour, *ranges = contours(surface)
    figure, most, looks = go.Figure(contour), 0, marks_of(draws or {}, marks)
    for name, each in (draws or {}).items():
        x = points(f"draws of {name!r}", each)
        most, x = max(most, len(x)), x[:MOST_DRAWN].astype(np.float32)
        dots = {"size": 3, "color": looks[name].color, "symbol": looks[name].symbol, "opacity": 0.6}
        figure.add_trace(go.Scattergl(x=x[:, 0], y=x[:, 1], mode="markers", marker=dots, name=name, hoverinfo="skip"))
    figure.update_xaxes(title="x₁", range=ranges[0])
    figure.update_yaxes(title="x₂", range=ranges[1])
    subtitle = f"contours: u, 1 kT apart, up to {HIGHEST} kT"
    subtitle += f"; the first {MOST_DRAWN} draws" if most > MOST_DRAWN else ""
    return framed(figure, title=title, subtitle=subtitle, height=420, legend=bool(draws))


def interpolation(
    paths: Mapping[str, tuple[ArrayLike, ArrayLike]],
    surface: Plane | None = None,
    *,
    title: str = "From state to state",
) -> go.Figure:
    """Paths between two configurations over the contours of u, and u along them.

    Args:
        paths: name → x (k, d) and u(x) (k,), kT, from ``flows.path``.
        surface: u of a plane, as for ``density``; without it only u along the paths is shown, in any dimension.
        title: of the figure.

    Raises:
        TypeError, ValueError: paths without names, or one whose points and energies differ in number.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.interpolation({"latent": ([[0.0, 0.0], [1.0, 1.0]], [2.0, 3.0])})
        >>> figure.data[0].y.tolist()
        [2.0, 3.0]
    """
    kind("paths", paths, Mapping, "interpolation({'latent': flows.path(flow, target, a, b)}, surface)")
    columns = 1 if surface is None else 2
    figure = make_subplots(rows=1, cols=columns, horizontal_spacing=0.15)
    if surface is not None:
        background, *ranges = contours(surface)
        figure.add_trace(background.update(showscale=False), row=1, col=1)
        figure.update_xaxes(title="x₁", range=ranges[0], row=1, col=1)
        figure.update_yaxes(title="x₂", range=ranges[1], row=1, col=1)
    looks = marks_of(paths)
    for name, (x, u) in paths.items():
        x, energies = floats(f"path {name!r}", x), floats(f"energies of {name!r}", u)
        style = {
            "mode": "lines",
            "line": {"color": looks[name].color, "dash": looks[name].dash, "width": 2.5},
            "name": name,
        }
        if x.ndim != 2 or energies.shape != x.shape[:1]:
            raise ValueError(f"path {name!r}: expected as many points as energies, got {x.shape} and {energies.shape}")
        if surface is not None:
            across, up = points(f"path {name!r}", x).T
            figure.add_scatter(x=across, y=up, **style, showlegend=False, row=1, col=1)
        figure.add_scatter(x=np.linspace(0, 1, len(energies)), y=energies, **style, row=1, col=columns)
    figure.update_xaxes(title="share of the path", row=1, col=columns)
    figure.update_yaxes(title="u, kT", row=1, col=columns)
    return framed(figure, title=title, height=380)


def contours(surface: Plane) -> tuple[go.Contour, list[float], list[float]]:
    """Contours of u above its lowest value, and the ranges of x₁ and x₂ that hold them.

    Raises:
        TypeError, ValueError: anything but points of a square grid and their weights.
    """
    kind("surface", surface, tuple, "density(systems.quadrature(target, target.bounds, points=100))")
    x, log_w = (floats("surface", part) for part in (*surface, [], [])[:2])
    p = math.isqrt(len(log_w))
    if len(surface) != 2 or p < 2 or x.shape != (p * p, 2) or log_w.shape != (p * p,):
        raise ValueError(f"surface: expected a square grid of points and their weights, got {x.shape}, {log_w.shape}")
    u = (log_w.max() - log_w).reshape(p, p).T
    axes = x[::p, 0], x[:p, 1]
    low = u < HIGHEST
    ranges = [_around(axis[low.any(axis=side)]) for axis, side in zip(axes, (0, 1), strict=True)]
    bar = {"title": {"text": "u above the lowest, kT", "side": "right"}, "thickness": 12}
    style = {"contours": {"start": 0, "end": HIGHEST, "size": 1}, "line": {"width": 0.5, "color": FAINT}}
    hover = "x₁ %{x:.2f}<br>x₂ %{y:.2f}<br>u %{z:.2f} kT<extra></extra>"
    style |= {"colorscale": SHADES, "zmin": 0, "zmax": HIGHEST, "colorbar": bar, "hovertemplate": hover}
    across, up, z = (part.astype(np.float32) for part in (*axes, np.minimum(u, 2 * HIGHEST)))
    return go.Contour(x=across, y=up, z=z, name="u", **style), *ranges


def points(name: str, values: ArrayLike) -> Array:
    """Points (n, 2) of a plane."""
    x = floats(name, values)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(f"{name}: expected points of shape (n, 2), got {x.shape}")
    return x


def _around(values: Array) -> list[float]:
    """A range with a margin."""
    margin = 0.04 * float(np.ptp(values))
    return [float(values[0]) - margin, float(values[-1]) + margin]


def particles(
    configurations: Mapping[str, ArrayLike],
    *,
    bonded: tuple[int, int] = (0, 1),
    diameter: float = 1.0,
    box: float | None = None,
    title: str = "Particles in a plane",
) -> go.Figure:
    """Particles in a plane as circles to scale, one panel for each configuration; the bonded pair is marked.

    Args:
        configurations: name → (2 N,) or (N, 2) positions.
        bonded: numbers of the two particles of the bond.
        diameter: of a particle, in the unit of the positions.
        box: half the edge of a square box around the origin, drawn if given.
        title: of the figure.

    Raises:
        TypeError, ValueError: positions without names or of another shape, another pair, or a size that is not positive.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.particles({"closed": [[0.0, 0.0], [1.0, 0.0], [0.0, 1.2]]})
        >>> len(figure.layout.shapes)
        3
    """
    kind("configurations", configurations, Mapping, "particles({'closed': x[0], 'open': x[1]})")
    positive("diameter", diameter)
    frames = {name: points(f"configuration {name!r}", np.reshape(x, (-1, 2))) for name, x in configurations.items()}
    if not frames:
        raise ValueError("configurations: expected at least one, got none")
    r, half = 0.5 * diameter, max(float(np.abs(x).max()) for x in frames.values()) + 0.6 * diameter
    half = max(half, 0.0 if box is None else positive("box", box) + 0.1 * diameter)
    figure = make_subplots(rows=1, cols=len(frames), horizontal_spacing=0.03, subplot_titles=list(frames))
    for column, (name, x) in enumerate(frames.items(), 1):
        if len(set(bonded)) != 2 or not all(0 <= k < len(x) for k in bonded):
            raise ValueError(f"bonded: expected two of the {len(x)} particles of {name!r}, got {bonded}")
        place = {"row": 1, "col": column}
        for k, (a, b) in enumerate(x):
            shade, corners = MARK if k in bonded else color(0), {"x0": a - r, "x1": a + r, "y0": b - r, "y1": b + r}
            figure.add_shape(type="circle", **corners, fillcolor=faded(shade, 0.45), line={"color": shade}, **place)
        if box is not None:
            sides = {"x0": -box, "x1": box, "y0": -box, "y1": box}
            figure.add_shape(type="rect", **sides, line={"color": REFERENCE, "dash": "dot", "width": 1}, **place)
        hover = {"text": [f"particle {k}" for k in range(len(x))], "hoverinfo": "text", "name": name}
        figure.add_scatter(
            x=x[:, 0], y=x[:, 1], mode="markers", marker={"size": 3, "color": REFERENCE}, **hover, **place
        )
        bond = {"mode": "lines", "line": {"color": MARK, "width": 3}, "hoverinfo": "skip", "name": "bond"}
        figure.add_scatter(x=x[list(bonded), 0], y=x[list(bonded), 1], **bond, **place)
        anchor = "x" if column == 1 else f"x{column}"
        figure.update_xaxes(range=[-half, half], showgrid=False, zeroline=False, constrain="domain", **place)
        figure.update_yaxes(range=[-half, half], showgrid=False, zeroline=False, scaleanchor=anchor, **place)
    figure.update_yaxes(showticklabels=False).update_yaxes(showticklabels=True, col=1)
    return framed(figure, title=title, height=340, above=24, legend=False)
