"""Boltzmann generators: their training, what they do to space, paths through latent space, and rival samplers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from ..dataset import Array
from .density import SHADES, Plane, contours, points
from .html import with_error
from .style import DOTTED, FAINT, PALETTE, REFERENCE, color, framed, known, symbol

if TYPE_CHECKING:  # the guest needs libraries that figures do without
    from ..flows import Grid

_ESS = "effective sample size"
#: Entries of a history, and what they are called here; the losses differ by unknown constants and have a panel each.
NAMES = {
    "example loss": "by example",
    "validation loss": "held out",
    "energy loss": "by energy",
    _ESS: "ESS / n of draws",
}
PANELS = {
    "−⟨ln q⟩ of examples, nats": {"example loss", "validation loss"},
    "⟨u + ln q⟩ of draws, nats": {"energy loss"},
    "effective sample size / n": {_ESS},
}

#: Colours of the two families of grid lines, and milliseconds of a frame.
FAMILIES, PACE = (PALETTE[1], PALETTE[2]), 700


def flow_training(history: Mapping[str, ArrayLike], *, title: str = "Training of a flow") -> go.Figure:
    """Losses of a flow, and the effective sample size of its draws, at each look; the state that was kept is marked.

    Args:
        history: ``Flow.history``.
        title: of the figure.

    Raises:
        TypeError: anything but a history.
        ValueError: no steps, or entries that differ in number.

    Example:
        >>> import fisherlib as fl
        >>> looks = {"step": [0, 100, 200], "energy loss": [np.nan, 3.0, 1.0], "effective sample size": [0.1, 0.7, 0.9]}
        >>> [trace.name for trace in fl.figures.flow_training(looks | {"kept": [200]}).data]
        ['by energy', 'ESS / n of draws']
    """
    kind("history", history, Mapping, "flow_training(flows.train(flow, target).history)")
    found = {name: floats(f"history of {name}", values) for name, values in history.items()}
    steps = found.get("step", np.empty(0))
    drawn = {name: y for name, y in found.items() if name in NAMES and np.isfinite(y).any()}
    if not len(steps) or not drawn or any(y.shape != steps.shape for y in drawn.values()):
        raise ValueError(f"history: expected steps and as many losses, got {', '.join(found) or 'none'}")
    panels = [title for title, names in PANELS.items() if names & drawn.keys()]
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.1)
    for number, (name, y) in enumerate(drawn.items()):
        column = next(k for k, title in enumerate(panels, 1) if name in PANELS[title])
        style: dict[str, Any] = {"line": {"color": color(number), "width": 2}, "mode": "lines+markers"}
        style |= {"marker": {"size": 4, "symbol": symbol(number)}, "name": NAMES[name]}
        there, hover = np.isfinite(y), f"step %{{x}}: %{{y:.4g}}<extra>{NAMES[name]}</extra>"
        figure.add_scatter(x=steps[there], y=y[there], **style, hovertemplate=hover, row=1, col=column)
    for kept in np.atleast_1d(found.get("kept", np.empty(0))):
        figure.add_vline(x=kept, line=DOTTED)
    figure.update_xaxes(title="step", range=[-0.02 * steps[-1], 1.02 * steps[-1] + 1])
    for column, panel in enumerate(panels, 1):
        of_draws = _ESS in PANELS[panel]
        span = [0, 1.03] if of_draws else _settled([y for name, y in drawn.items() if name in PANELS[panel]])
        figure.update_yaxes(title=panel, range=span, row=1, col=column)
    kept = f"dotted: the state that was kept, of step {found['kept'][0]:.0f}" if "kept" in found else ""
    return framed(figure, title=title, subtitle=kept, height=300)


def _settled(losses: list[Array]) -> list[float] | None:
    """A range for losses without the fall of the first looks, which would flatten all others."""
    late = [each[each.size // 6 :] for each in (y[np.isfinite(y)] for y in losses)]
    low, high = min(float(each.min()) for each in late), max(float(each.max()) for each in late)
    return [low - 0.1 * (high - low), high + 0.3 * (high - low)] if high > low else None


def latent_grid(
    grids: Mapping[str, "Grid"], surface: Plane, *, title: str = "What the flow does to space"
) -> go.Figure:
    """Grid lines of latent space among configurations, and those of configurations in latent space; a slider over training.

    The figure begins with the last grid; the slider works in a saved page, too.

    Args:
        grids: step of the training, for the slider → lines, from ``flows.grid``.
        surface: u, as for ``density``.
        title: of the figure.

    Raises:
        TypeError: anything but grids by name.
        ValueError: no grids, or points that are no square grid.

    Example:
        >>> import fisherlib as fl
        >>> well = fl.systems.TiltedDoubleWell()
        >>> lines = fl.flows.grid(fl.flows.real_nvp(2, layers=2, width=4), well, well.bounds)
        >>> surface = fl.systems.quadrature(well, well.bounds, points=60)
        >>> figure = fl.figures.latent_grid({"0": lines, "100": lines}, surface)
        >>> len(figure.frames), figure.layout.sliders[0].steps[1].label
        (2, '100')
    """
    kind("grids", grids, Mapping, "latent_grid({'0': flows.grid(flow, target, bounds)}, surface)")
    if not grids or not all(hasattr(each, "bent") for each in grids.values()):
        names = ", ".join(type(each).__name__ for each in grids.values())
        raise ValueError(f"grids: expected a grid of flows.grid for each step, got {names or 'none'}")
    background, *ranges = contours(surface)
    titles = ["configurations, and lines of latent space", "latent space, and lines of configurations"]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.09, subplot_titles=titles)
    figure.add_trace(background.update(showscale=False), row=1, col=1)
    last = _drawn(list(grids.values())[-1])
    figure.add_traces(last, rows=[1] * 5, cols=[2, 1, 1, 2, 2])
    angle = np.linspace(0, 2 * np.pi, 73)
    rings = np.concatenate([np.r_[[[np.nan] * 2], r * np.c_[np.cos(angle), np.sin(angle)]] for r in (1, 2, 3)])
    circles = {"line": DOTTED, "name": "|z| = 1, 2, 3", "hoverinfo": "skip", "mode": "lines"}
    figure.add_scatter(x=rings[:, 0], y=rings[:, 1], **circles, row=1, col=2)
    moved = list(range(1, 6))
    figure.frames = [go.Frame(name=name, data=_drawn(each), traces=moved) for name, each in grids.items()]
    far = float(next(iter(grids.values())).z[-1])
    for column, (letter, span) in enumerate((("x", ranges), ("z", [[-far, far]] * 2)), 1):
        figure.update_xaxes(title=f"{letter}₁", range=span[0], row=1, col=column)
        figure.update_yaxes(title=f"{letter}₂", range=span[1], row=1, col=column)
    subtitle = "shades: u among configurations, u(x(z)) − ln|∂x/∂z| in latent space, where a perfect flow has circles"
    framed(figure, title=title, subtitle=subtitle, height=400, above=24)
    return _with_slider(figure, list(grids)) if len(grids) > 1 else figure


def _drawn(grid: "Grid") -> list[go.Contour | go.Scatter]:
    """What changes from frame to frame, in single precision to keep a page small."""
    style = {
        "contours": {"start": 0, "end": 10, "size": 1},
        "line": {"width": 0.5, "color": FAINT},
        "hoverinfo": "skip",
    }
    shown = {"colorscale": SHADES, "zmin": 0, "zmax": 10, "showscale": False, "name": "u in latent space"}
    z, u = grid.z.astype(np.float32), np.minimum(grid.energies, 20.0).astype(np.float32)
    traces: list[go.Contour | go.Scatter] = [go.Contour(x=z, y=z, z=u, **style, **shown)]
    for side, families in (("z", grid.bent), ("x", grid.seen)):
        for number, (line, shade) in enumerate(zip(families.astype(np.float32), FAMILIES, strict=True), 1):
            name = f"first coordinate constant, {side}₁" if number == 1 else f"second coordinate constant, {side}₂"
            entry = {"name": name.partition(",")[0], "legendgroup": str(number), "showlegend": side == "z"}
            look = {"mode": "lines", "line": {"color": shade, "width": 1}, "hoverinfo": "skip"}
            traces.append(go.Scatter(x=line[:, 0], y=line[:, 1], **entry, **look))
    return traces


def _with_slider(figure: go.Figure, names: list[str]) -> go.Figure:
    """The figure with a slider and a button to play, below its axes."""
    still: dict[str, Any] = {
        "mode": "immediate",
        "frame": {"duration": 0, "redraw": True},
        "transition": {"duration": 0},
    }
    steps = [{"method": "animate", "label": name, "args": [[name], still]} for name in names]
    playing = still | {"frame": {"duration": PACE, "redraw": True}, "fromcurrent": False}
    buttons = [
        {"label": "▶", "method": "animate", "args": [None, playing]},
        {"label": "❚❚", "method": "animate", "args": [[None], still]},
    ]
    place = {"yanchor": "top", "y": -0.16, "pad": {"t": 0, "b": 0}}
    value = {"prefix": "step ", "font": {"size": 13}}
    slider = {"steps": steps, "active": len(names) - 1, "currentvalue": value, "x": 0.12, "len": 0.88} | place
    menu = {
        "type": "buttons",
        "direction": "left",
        "buttons": buttons,
        "x": 0.0,
        "xanchor": "left",
        "showactive": False,
    }
    figure.update_layout(sliders=[slider], updatemenus=[menu | place])
    return figure.update_layout(height=figure.layout.height + 80, margin_b=figure.layout.margin.b + 80)


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
        TypeError: paths without names.
        ValueError: a path whose points and energies differ in number.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.interpolation({"latent": ([[0.0, 0.0], [1.0, 1.0]], [2.0, 3.0])})
        >>> figure.data[0].y.tolist()
        [2.0, 3.0]
    """
    kind("paths", paths, Mapping, "interpolation({'latent': flows.path(flow, target, a, b)}, surface)")
    columns = 1 if surface is None else 2
    figure = make_subplots(rows=1, cols=columns, horizontal_spacing=0.13)
    if surface is not None:
        background, *ranges = contours(surface)
        figure.add_trace(background.update(showscale=False), row=1, col=1)
        figure.update_xaxes(title="x₁", range=ranges[0], row=1, col=1)
        figure.update_yaxes(title="x₂", range=ranges[1], row=1, col=1)
    for number, (name, (x, u)) in enumerate(paths.items(), 1):
        energies, line = floats(f"energies of {name!r}", u), {"color": color(number), "width": 2.5}
        x = floats(f"path {name!r}", x)
        if x.ndim != 2 or energies.shape != x.shape[:1]:
            raise ValueError(f"path {name!r}: expected as many points as energies, got {x.shape} and {energies.shape}")
        if surface is not None:
            at = points(f"path {name!r}", x)
            figure.add_scatter(
                x=at[:, 0], y=at[:, 1], mode="lines", line=line, name=name, showlegend=False, row=1, col=1
            )
        t = np.linspace(0, 1, len(energies))
        figure.add_scatter(x=t, y=energies, mode="lines", line=line, name=name, row=1, col=columns)
    figure.update_xaxes(title="share of the path", row=1, col=columns)
    figure.update_yaxes(title="u, kT", row=1, col=columns)
    return framed(figure, title=title, height=380)


def samplers(
    found: Mapping[str, Mapping[str, tuple[float, float]]],
    *,
    seconds: Mapping[str, float] | None = None,
    exact: Mapping[str, float] | None = None,
    title: str = "Samplers side by side",
) -> go.Figure:
    """What each sampler finds, with its standard error; a quantity that it cannot give is left open.

    Args:
        found: method → quantity → value and standard error; NaN where it has no answer.
        seconds: method → CPU time, s, training and all that must come first included.
        exact: quantity → true value.
        title: of the figure.

    Raises:
        TypeError: results without names.
        ValueError: no results, or times of a method that is not there.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.samplers({"MALA": {"ΔF, kT": (3.2, 0.3)}}, seconds={"MALA": 20.0}, exact={"ΔF, kT": 3.38})
        >>> figure.data[0].y, figure.data[0].text
        (('MALA, 20 s',), ('3.20 ± 0.30',))
    """
    kind("found", found, Mapping, "samplers({method: {quantity: (value, error)}})")
    for each in found.values():
        kind("found", each, Mapping, "samplers({method: {quantity: (value, error)}})")
    times, truth = seconds or {}, exact or {}
    known("seconds", list(times), list(found))
    names = list(dict.fromkeys(name for each in found.values() for name in each))
    if not names:
        raise ValueError("found: expected a quantity of a method, got none")
    labels = {method: f"{method}, {times[method]:.3g} s" if method in times else method for method in found}
    figure = make_subplots(rows=1, cols=len(names), shared_yaxes=True, horizontal_spacing=0.04)
    for column, name in enumerate(names, 1):
        for number, (method, each) in enumerate(found.items()):
            value, error = each.get(name, (np.nan, np.nan))
            there, dots = np.isfinite(value), {"color": color(number), "symbol": symbol(number), "size": 9}
            at = value if there else truth.get(name, 0.0)
            style: dict[str, Any] = {
                "mode": "markers+text" if there else "text",
                "marker": dots,
                "textposition": "top center" if there else "middle right",
            }
            style |= {"text": [with_error(value, error) if there else " no answer"], "cliponaxis": False}
            bars = {"array": [error if there and np.isfinite(error) else None], "thickness": 1.5}
            style |= {"name": method, "hoverinfo": "skip", "textfont": {"size": 11}}
            figure.add_scatter(x=[at], y=[labels[method]], error_x=bars, **style, row=1, col=column)
        if name in truth:
            figure.add_vline(x=truth[name], line={"color": REFERENCE, "width": 1}, row=1, col=column)
        figure.update_xaxes(title=name, range=_wide(found, name, truth), row=1, col=column)
    figure.update_yaxes(range=[len(found) - 0.5, -0.7])
    words = ["bars: one standard error"] + ["line: exact"] * bool(truth) + ["CPU seconds beside each"] * bool(times)
    return framed(figure, title=title, subtitle="; ".join(words), height=70 + 52 * len(found), legend=False)


def _wide(
    found: Mapping[str, Mapping[str, tuple[float, float]]], name: str, exact: Mapping[str, float]
) -> list[float] | None:
    """A range of the bars of a quantity, with room for what is written beside them."""
    ends = [
        value + sign * (error if np.isfinite(error) else 0.0) for value, error in _of(found, name) for sign in (-1, 1)
    ]
    ends += [exact[name]] if name in exact else []
    margin = 0.25 * float(np.ptp(ends)) if ends else 0.0
    return [min(ends) - margin, max(ends) + margin] if margin else None


def _of(found: Mapping[str, Mapping[str, tuple[float, float]]], name: str) -> list[tuple[float, float]]:
    """Finite values of a quantity, and their errors."""
    return [each[name] for each in found.values() if name in each and np.isfinite(each[name][0])]
