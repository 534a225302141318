"""Finished results as plotly figures: builds, never shows, never computes."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from .comparison import Comparison, ecdf, ecdf_difference
from .dataset import Array, Dataset
from .landscapes import Landscape, Point

#: Okabe and Ito's colours, told apart by colour-blind readers too.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
REFERENCE = "#444444"
SCALE = "Viridis"
MARK = PALETTE[1]  # of points and paths on a landscape


def _styled(figure: go.Figure, *, title: str, height: int, width: int | None = None) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        colorway=PALETTE,
        title={"text": title, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.98, "yanchor": "top"},
        height=height,
        width=width,
        margin={"l": 70, "r": 30, "t": 70, "b": 60},
        legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"},
    )
    return figure


def energies(data: Dataset) -> go.Figure:
    """Energy per atom of every configuration, trajectory by trajectory: drifts and jumps show at once."""
    figure = go.Figure()
    start = 0
    for t in data.values():
        x = np.arange(start, start + len(t))
        hover = f"{t.key}, configuration %{{customdata}}: %{{y:.4f}} eV/atom<extra></extra>"
        figure.add_scatter(
            x=x,
            y=t.energies / t.n_atoms,
            customdata=x - start,
            mode="lines",
            name=t.key,
            hovertemplate=hover,
            line={"width": 1.2},
        )
        start += len(t)
    figure.update_xaxes(title="configuration")
    figure.update_yaxes(title="energy, eV/atom")
    return _styled(figure, title="Energies by trajectory", height=360).update_layout(showlegend=False)


def spectrum(eigenvalues: ArrayLike, *, rank: int) -> go.Figure:
    """Eigenvalues of T scaled to unit diagonal, from stiff to soft; those beyond the rank are not determined."""
    values = np.sort(np.asarray(eigenvalues))[::-1]
    k = np.arange(1, len(values) + 1)
    shown = np.where(values > 0, values, np.nan)
    figure = go.Figure()
    figure.add_scatter(x=k[:rank], y=shown[:rank], mode="markers", name="determined", marker={"size": 6})
    if rank < len(values):
        figure.add_scatter(x=k[rank:], y=shown[rank:], mode="markers", name="left out", marker={"symbol": "x"})
    figure.update_xaxes(title="direction, from stiff to soft")
    figure.update_yaxes(title="eigenvalue (scaled, no unit)", type="log", exponentformat="power")
    return _styled(figure, title="What the forces determine: spectrum of T", height=380)


def coefficients(thetas: Mapping[str, ArrayLike], *, names: Sequence[str], scale: ArrayLike | None = None) -> go.Figure:
    """Parameters side by side, descriptor by descriptor.

    Args:
        thetas: name → (K,).
        names: of the descriptors.
        scale: (K,) root-mean-square force descriptor; with it the figure shows forces, comparable between descriptors.
    """
    m = np.ones(len(names)) if scale is None else np.asarray(scale)
    figure = go.Figure()
    for name, theta in thetas.items():
        figure.add_scatter(x=list(names), y=np.asarray(theta) * m, mode="markers", name=name, marker={"size": 6})
    figure.update_xaxes(title="descriptor", tickangle=60, nticks=20)
    figure.update_yaxes(title="θ_k" if scale is None else "θ_k × rms Φ_k, eV/Å")
    return _styled(figure, title="Parameters", height=430).update_layout(
        legend={"y": 1.0, "x": 0.5, "yanchor": "bottom"}
    )


def parity(comparisons: Sequence[Comparison]) -> go.Figure:
    """Predicted against true energy per atom, one panel a model."""
    figure = make_subplots(
        cols=len(comparisons), rows=1, shared_yaxes=True, subplot_titles=[c.name for c in comparisons]
    )
    low = min(min(c.reference.min(), c.energies.min()) for c in comparisons)
    high = max(max(c.reference.max(), c.energies.max()) for c in comparisons)
    for column, c in enumerate(comparisons, start=1):
        keys = np.repeat(c.keys, c.configurations)
        hover = "%{customdata}<br>true %{x:.4f}<br>model %{y:.4f} eV/atom<extra></extra>"
        dots = {"size": 4, "opacity": 0.6, "color": PALETTE[(column - 1) % len(PALETTE)]}
        figure.add_scatter(
            x=c.reference,
            y=c.energies,
            customdata=keys,
            mode="markers",
            marker=dots,
            hovertemplate=hover,
            name=c.name,
            col=column,
            row=1,
        )
        figure.add_scatter(
            x=[low, high],
            y=[low, high],
            mode="lines",
            line={"color": REFERENCE, "dash": "dot", "width": 1},
            hoverinfo="skip",
            col=column,
            row=1,
        )
        figure.update_xaxes(title="true energy, eV/atom", col=column, row=1)
    figure.update_yaxes(title="model energy, eV/atom", col=1, row=1)
    return _styled(figure, title="Energy parity", height=430).update_layout(showlegend=False)


def cdfs(samples: Mapping[str, ArrayLike], *, title: str = "Distribution of energies") -> go.Figure:
    """Exact distribution functions of energies per atom; below, how far each is from the first, which is the reference."""
    (reference, truth), *others = samples.items()
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06, row_heights=[0.65, 0.35])
    figure.add_trace(_staircase(*ecdf(truth), reference, REFERENCE, width=3), row=1, col=1)
    for color, (name, values) in zip(itertools.cycle(PALETTE), others, strict=False):
        figure.add_trace(_staircase(*ecdf(values), name, color), row=1, col=1)
        x, difference = ecdf_difference(truth, values)
        line = {"shape": "hv", "color": color, "width": 1.5}
        figure.add_scatter(x=x, y=difference, mode="lines", line=line, name=name, showlegend=False, row=2, col=1)
    figure.update_xaxes(title="energy, eV/atom", row=2, col=1)
    figure.update_yaxes(title="fraction of configurations", range=[0, 1.02], row=1, col=1)
    figure.update_yaxes(title=f"minus {reference}", zerolinecolor=REFERENCE, row=2, col=1)
    return _styled(figure, title=title, height=520)


def site_energy_cdfs(samples: Mapping[str, ArrayLike], *, title: str) -> go.Figure:
    """Distribution functions of the energies of the atoms of one configuration, model by model."""
    figure = go.Figure()
    for color, (name, values) in zip(itertools.cycle(PALETTE), samples.items(), strict=False):
        figure.add_trace(_staircase(*ecdf(values), name, color))
    figure.update_xaxes(title="site energy, eV")
    figure.update_yaxes(title="fraction of atoms", range=[0, 1.02])
    return _styled(figure, title=title, height=400)


def _staircase(x: Array, F: Array, name: str, color: str, *, width: float = 2) -> go.Scatter:
    line = {"shape": "hv", "color": color, "width": width}
    return go.Scatter(x=np.r_[x[0], x], y=np.r_[0.0, F], mode="lines", line=line, name=name)


def errors_by_trajectory(comparisons: Sequence[Comparison]) -> go.Figure:
    """Energy shift with its spread, and force error, of every trajectory."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    for k, c in enumerate(comparisons):
        marker = {"color": PALETTE[k % len(PALETTE)], "size": 8}
        bars = {"type": "data", "array": 1e3 * c.energy_spread, "thickness": 1.2, "width": 3}
        figure.add_scatter(
            x=list(c.keys),
            y=1e3 * c.energy_shift,
            error_y=bars,
            mode="markers",
            marker=marker,
            name=c.name,
            legendgroup=c.name,
            row=1,
            col=1,
        )
        figure.add_scatter(
            x=list(c.keys),
            y=c.force_rmse,
            mode="markers",
            marker=marker,
            name=c.name,
            legendgroup=c.name,
            showlegend=False,
            row=2,
            col=1,
        )
    figure.update_yaxes(title="shift ± spread,<br>meV/atom", row=1, col=1)
    figure.update_yaxes(title="force RMSE,<br>eV/Å", rangemode="tozero", row=2, col=1)
    return _styled(figure, title="Errors by trajectory", height=480)


def landscape(surface: Landscape, points: Mapping[str, Point] | None = None) -> go.Figure:
    """One loss on a plane: a surface to turn, its contours, the named points and the path between the first two."""
    return landscapes({(): (surface, points or {})})


def landscapes(
    surfaces: Mapping[tuple[str, ...], tuple[Landscape, Mapping[str, Point]]], keys: Sequence[str] = ()
) -> go.Figure:
    """Several losses on planes in one figure; every trace says in ``meta`` which choice of ``keys`` it belongs to.

    Args:
        surfaces: choice, e.g. ("θ_f", "force MAE") → (surface, named points on its plane).
        keys: names of the choices, e.g. ("model", "loss"); the report makes one selector of each.
    """
    specs = [[{"type": "scene"}, {"type": "xy"}]]
    figure = make_subplots(rows=1, cols=2, specs=specs, column_widths=[0.58, 0.42], horizontal_spacing=0.08)
    relayout: dict[str, dict[str, str]] = {}
    for number, (choice, (surface, points)) in enumerate(surfaces.items()):
        meta = dict(zip(keys, choice, strict=True)) or None
        for trace, column in _landscape_traces(surface, points):
            trace.update(meta=meta, visible=number == 0)
            figure.add_trace(trace, row=1, col=column)
        if keys:
            relayout.setdefault(choice[0], {}).update(_axis_titles(surface))
    first = next(iter(surfaces.values()))[0]
    _styled(figure, title="", height=560)
    # High enough to look into a bowl, far enough that no corner or axis title is cut.
    camera = {"eye": {"x": -1.55, "y": -1.65, "z": 1.75}, "center": {"x": -0.09, "y": 0.09, "z": -0.2}}
    figure.update_scenes(
        aspectmode="cube", camera=camera, zaxis={"title_text": "loss", "exponentformat": "power"}, uirevision="turned"
    )
    figure.update_layout(_axis_titles(first) | {"margin": {"l": 0, "r": 10, "t": 30, "b": 60}, "showlegend": False})
    if keys:
        figure.update_layout(meta={"relayout": {keys[0]: relayout}})
    return figure


def _axis_titles(surface: Landscape) -> dict[str, str]:
    x, y = surface.plane.labels
    return {"scene.xaxis.title.text": x, "scene.yaxis.title.text": y, "xaxis.title.text": x, "yaxis.title.text": y}


def _landscape_traces(surface: Landscape, points: Mapping[str, Point]) -> list[tuple[go.Scatter | go.Surface, int]]:
    label = f"{surface.name}, {surface.unit}" if surface.unit else surface.name
    bar = {"title": {"text": label, "side": "right"}, "thickness": 14, "len": 0.9, "x": 1.0, "exponentformat": "power"}
    hover = f"x %{{x:.3f}}<br>y %{{y:.3f}}<br>{surface.name} %{{z:.5g}} {surface.unit}<extra></extra>"
    common = {"x": surface.x, "y": surface.y, "z": surface.z, "colorscale": SCALE, "hovertemplate": hover}
    traces: list[tuple[go.Scatter | go.Surface, int]] = [
        (go.Surface(**common, showscale=False, name=label), 1),
        (go.Contour(**common, ncontours=24, colorbar=bar, line={"width": 0.5}, name=label), 2),
    ]
    inside = {name: p for name, p in points.items() if np.isfinite(surface.at(*p))}
    if len(inside) > 1:
        (x0, y0), (x1, y1) = list(inside.values())[:2]
        t = np.linspace(0.0, 1.0, 40)
        traces += _path(surface, x0 + t * (x1 - x0), y0 + t * (y1 - y0))
    if inside:
        x, y = np.array(list(inside.values())).T
        traces += _marks(surface, x, y, list(inside))
    return traces


def _path(surface: Landscape, x: Array, y: Array) -> list[tuple[go.Scatter | go.Scatter3d, int]]:
    z = surface.at(x, y) + 0.02 * np.ptp(surface.z)  # above the surface, or it would be half buried
    style = {"mode": "lines", "hoverinfo": "skip"}
    return [
        (go.Scatter3d(x=x, y=y, z=z, line={"color": MARK, "width": 4}, **style), 1),
        (go.Scatter(x=x, y=y, line={"color": MARK, "width": 2}, **style), 2),
    ]


def _marks(surface: Landscape, x: Array, y: Array, names: list[str]) -> list[tuple[go.Scatter | go.Scatter3d, int]]:
    z = surface.at(x, y) + 0.07 * np.ptp(surface.z)  # a name needs more room than a line
    style = {"mode": "markers+text", "text": names, "hoverinfo": "text"}
    solid = {"marker": {"color": MARK, "size": 5}, "textfont": {"color": MARK}, "textposition": "top left"}
    outlined = {"color": MARK, "size": 9, "line": {"color": "white", "width": 1}}
    flat = {"marker": outlined, "textfont": {"color": "white"}, "textposition": "top center"}
    return [(go.Scatter3d(x=x, y=y, z=z, **style, **solid), 1), (go.Scatter(x=x, y=y, **style, **flat), 2)]
