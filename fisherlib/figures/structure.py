"""Atoms of one configuration as spheres that a person can turn, in colours of values."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from scipy.spatial import ConvexHull

from ..arguments import floats, kind, words
from ..dataset import Array
from .html import with_error
from .propensity import DIVERGING
from .style import SCALE, framed

#: Corners of a sphere.
CORNERS = 64


def structure(
    positions: ArrayLike,
    values: Mapping[str, tuple[ArrayLike, ArrayLike]],
    *,
    symbols: Sequence[str],
    radii: ArrayLike = 1.3,
    about: Mapping[str, ArrayLike] | None = None,
    label: str = "contribution, eV",
    title: str = "What each atom adds to the energy",
) -> go.Figure:
    """Atoms as spheres in colours of one of several values, chosen by buttons; standard errors of each are views of their own.

    Values of both signs have colours symmetric around zero, and all of them the same. The mouse finds all values of an atom.

    Args:
        positions: (N, 3) Å.
        values: name → (N,) values and (N,) standard errors, NaN where there are none, as from ``diagnostics.contributions``.
        symbols: of the N elements.
        radii: (N,) or one, Å.
        about: further numbers (N,) that the mouse finds, by name.
        label: of the values, with their unit after a comma.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but a mapping, positions of another shape, or values of another number of atoms.

    Example:
        >>> import fisherlib as fl
        >>> u = {"all": ([0.1, -0.2], [0.01, 0.02]), "radial": ([0.1, -0.1], [0.01, 0.01])}
        >>> figure = fl.figures.structure([[0, 0, 0], [0, 0, 2.5]], u, symbols=["Cu", "Cu"])
        >>> [button.label for button in figure.layout.updatemenus[0].buttons]
        ['all', 'radial', 'error of all', 'error of radial']
    """
    x, names = floats("positions", positions), words("symbols", symbols)
    kind("values", values, Mapping, "structure(positions, {'all': (values, errors)}, symbols=symbols)")
    if x.ndim != 2 or x.shape[1:] != (3,) or not len(x) or not values:
        raise ValueError(f"positions: expected (N, 3) and at least one of values, got {x.shape} and {len(values)}")
    N, size = len(x), floats("radii", radii)
    known = {key: tuple(floats(f"values of {key!r}", each) for each in pair) for key, pair in values.items()}
    more = {key: floats(f"about {key!r}", each) for key, each in (about or {}).items()}
    given = [(f"values of {key!r}", each) for key, pair in known.items() for each in pair]
    for key, each in [*given, *((f"about {key!r}", each) for key, each in more.items()), ("symbols", np.array(names))]:
        if each.shape != (N,):
            raise ValueError(f"{key}: expected one for each of {N} atoms, got shape {each.shape}")
    if size.shape not in ((), (N,)) or not (size > 0).all():
        raise ValueError(f"radii: expected one length > 0, or one for each of {N} atoms, got {size!s:.60}")
    views = _views(known, label)
    look = next(iter(views.values()))
    told = [_told(k, names[k], known, more, label) for k in range(N)]
    figure = go.Figure(_spheres(x, np.broadcast_to(size, N), look, told))
    buttons = [{"label": name, "method": "restyle", "args": [_restyled(view)]} for name, view in views.items()]
    menu = {"buttons": buttons, "type": "dropdown", "x": 0.0, "xanchor": "left", "y": 1.0, "yanchor": "top"}
    hidden = {"visible": False, "type": "linear"}
    scene = {"xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "data", "dragmode": "orbit"}
    scene |= {"camera": {"eye": {"x": 0.95, "y": 0.95, "z": 0.6}}}  # nearer than plotly stands
    figure.update_layout(updatemenus=[menu] * (len(buttons) > 1), scene=scene)
    subtitle = f"{N} atoms; drag to turn them" + "; values and errors by the selector" * (len(buttons) > 1)
    return framed(figure, title=title, subtitle=subtitle, height=440, legend=False)


def _views(known: Mapping[str, tuple[Array, ...]], label: str) -> dict[str, dict[str, Any]]:
    """Colours of each value, and of its errors where they are known."""
    most, signed = max(np.abs(v).max() for v, _ in known.values()), any((v < 0).any() for v, _ in known.values())
    ends = {"cmin": -most if signed else 0.0, "cmax": most, "colorscale": DIVERGING if signed else SCALE}
    what, _, unit = label.partition(", ")
    views = {key: ends | {"at": v, "label": label} for key, (v, _) in known.items()}
    for key, (_, e) in known.items():
        if np.isfinite(e).all():
            ends = {"cmin": 0.0, "cmax": float(e.max()) or 1.0, "colorscale": SCALE}
            views[f"error of {key}"] = ends | {"at": e, "label": f"standard error, {unit or what}"}
    return views


def _restyled(view: dict[str, Any]) -> dict[str, Any]:
    ends = {key: [view[key]] for key in ("cmin", "cmax")}
    # plotly.js knows scales by name, but takes a reversed one only as colours
    scale = go.Mesh3d(colorscale=view["colorscale"]).colorscale
    at = [np.repeat(view["at"], CORNERS).astype(np.float32).tolist()]
    return ends | {"intensity": at, "colorscale": [scale], "colorbar.title.text": [view["label"]]}


def _told(k: int, symbol: str, known: Mapping[str, tuple[Array, ...]], more: Mapping[str, Array], label: str) -> str:
    _, _, unit = label.partition(", ")
    lines = [f"atom {k}, {symbol}", *(f"{name} {each[k]:.4g}" for name, each in more.items())]
    return "<br>".join([*lines, *(f"{name}: {with_error(v[k], e[k])} {unit}" for name, (v, e) in known.items())])


def _spheres(x: Array, radii: Array, look: dict[str, Any], told: Sequence[str]) -> go.Mesh3d:
    """All spheres as one mesh, whose corners have the value and the words of their atom."""
    turn, z = np.arange(CORNERS) * np.pi * (3 - np.sqrt(5)), 1 - (2 * np.arange(CORNERS) + 1) / CORNERS
    across = np.sqrt(1 - z**2)
    ball = np.column_stack([across * np.cos(turn), across * np.sin(turn), z])
    faces = ConvexHull(ball).simplices
    inward = np.linalg.det(ball[faces]) < 0
    faces[inward] = faces[inward][:, ::-1]
    corners = (x[:, None] + radii[:, None, None] * ball).reshape(-1, 3).astype(np.float32)
    i, j, k = (faces + CORNERS * np.arange(len(x))[:, None, None]).reshape(-1, 3).T
    dress = {"title": {"text": look["label"], "side": "right"}, "thickness": 12, "outlinewidth": 0}
    colours = {key: look[key] for key in ("cmin", "cmax", "colorscale")} | {"colorbar": dress}
    shine = {"ambient": 0.85, "diffuse": 0.3, "specular": 0.1, "roughness": 0.7}
    words_at = {"hovertext": np.repeat(told, CORNERS).tolist(), "hoverinfo": "text"}
    a, b, c = corners.T
    intensity = np.repeat(look["at"], CORNERS).astype(np.float32)
    return go.Mesh3d(x=a, y=b, z=c, i=i, j=j, k=k, intensity=intensity, lighting=shine, **colours, **words_at)
