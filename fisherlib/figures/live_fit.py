"""A fit that grows with its data: error bars and θ against the number of configurations, errors of forces, and the loss around θ_f."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from ..arguments import kind, number
from ..dataset import Array
from ..units import counted, kelvins
from ..validation import LiveFit, LiveStep
from .style import DOTTED, FAINT, MARK, REFERENCE, SCALE, band, color, framed, lines, titled

#: Coefficients whose way is drawn, points of a line at most, and configurations of a running mean.
TRACES, POINTS, MEAN = 5, 300, 20
_TITLES = (
    "what the forces of θ_f are uncertain by",
    "J − J(θ_f) where least is known",
    "force errors",
    "largest terms of θ, in error bars",
)


def live_fit(live: LiveFit, *, target: float | None = None) -> go.Figure:
    """How a growing fit settles: its error bar beside 1/√n, the loss around θ_f, errors of forces, and coefficients.

    Args:
        live: the fit, with at least one configuration.
        target: the error bar of forces that is wanted, eV/Å.

    Raises:
        TypeError: anything but a live fit.
        ValueError: no configuration yet, or a target that is not positive.

    Example:
        >>> import fisherlib as fl
        >>> live = fl.validation.LiveFit()
        >>> for t in fl.systems.double_well(0.1, tilt=0.02, trajectories=12).values():
        ...     step = live.add(t)
        >>> figure = fl.figures.live_fit(live, target=1e-3)
        >>> figure.layout.title.text
        'θ_f while its data are made, 2400 configurations of 12 trajectories, 300 K'
    """
    kind("live", live, LiveFit, "live_fit(validation.LiveFit())")
    steps = list(live.steps)  # those that come meanwhile are for the next figure
    if not steps:
        raise ValueError("live: expected at least one configuration, got none; add some with live.add(trajectory)")
    if target is not None and not number("target", target) > 0:
        raise ValueError(f"target: expected a positive error bar in eV/Å, got {target!r}")
    gaps = {"horizontal_spacing": 0.12, "vertical_spacing": 0.2}
    figure = make_subplots(rows=2, cols=2, subplot_titles=_TITLES, row_heights=[0.58, 0.42], **gaps)
    shown = np.unique(np.linspace(0, len(steps) - 1, POINTS).astype(int))
    n = np.array([step.configurations for step in steps])
    _bars(figure, steps, n, shown, target)
    _around(figure, live)
    _errors(figure, steps, n, shown)
    _coefficients(figure, live, steps, n, shown)
    figure.update_annotations(font={"size": 13}, yshift=3)
    now = steps[-1]
    said = f"{1e3 * now.force_error:.2g} meV/Å" if np.isfinite(now.force_error) else "not known yet"
    subtitle = f"error bar of the forces of θ_f: {said} · J = {now.fit.value:.4g} · worth about {now.independent:.0f} independent configurations"
    if now.reason:
        subtitle += f"<br>{lines(f'no bars to trust yet: {now.reason}')}"
    moments = live.moments
    warm = sorted({record.temperature for record in moments.values() if record.temperature is not None})
    of = f"{counted(now.configurations, 'configuration')} of {counted(len(moments), 'trajectory')}"
    title = titled("θ_f while its data are made", of=", ".join([of, *([kelvins(warm)] if warm else [])]))
    return framed(figure, title=title, subtitle=subtitle, height=560, above=34)


def _bars(figure: go.Figure, steps: list[LiveStep], n: Array, shown: NDArray[np.integer], target: float | None) -> None:
    y = 1e3 * np.array([step.force_error for step in steps])
    trusted = np.array([not step.reason for step in steps])
    hover = "%{x} configurations: %{y:.3g} meV/Å<extra></extra>"
    for those, name, shade in ((~trusted, "bar, not to be trusted yet", FAINT), (trusted, "error bar", color(0))):
        if np.isfinite(y[those]).any():
            line = {"color": shade, "width": 2}
            drawn = np.where(those, y, np.nan)[shown]
            figure.add_scatter(
                x=n[shown], y=drawn, mode="lines", name=name, line=line, hovertemplate=hover, row=1, col=1
            )
    if np.isfinite(y[-1]):
        expected = y[-1] * np.sqrt(n[-1] / n[shown])
        figure.add_scatter(
            x=n[shown], y=expected, mode="lines", name="1/√n", line=DOTTED, hoverinfo="skip", row=1, col=1
        )
    if target is not None:
        figure.add_hline(y=1e3 * target, line={"color": MARK, "width": 1}, row=1, col=1)
        figure.add_scatter(
            x=n[shown[[0, -1]]],
            y=[1e3 * target] * 2,
            mode="lines",
            name="as small as asked",
            line={"color": MARK, "width": 1},
            hoverinfo="skip",
            row=1,
            col=1,
        )
    ends = np.log10([n[0], max(n[-1], 2 * n[0])]).tolist()
    figure.update_xaxes(title="configurations", type="log", range=ends, dtick="D2", row=1, col=1)
    figure.update_yaxes(title="meV/Å", type="log", dtick="D2", row=1, col=1)


def _around(figure: go.Figure, live: LiveFit) -> None:
    surface, path = live.landscape(), 1e3 * live.path
    place = {"row": 1, "col": 2}
    if surface is not None:
        z, x, y = surface.z - surface.z.min(), 1e3 * surface.x, 1e3 * surface.y
        hover = "%{x:.2f}, %{y:.2f} meV/Å: J + %{z:.3g} 1/Å²<extra></extra>"
        contours = {"x": x, "y": y, "z": z, "colorscale": SCALE, "showscale": False, "ncontours": 14, "name": "J"}
        figure.add_contour(**contours, line={"width": 0.5}, hovertemplate=hover, **place)
        way = {"mode": "lines", "line": {"color": "white", "width": 1.5}, "name": "way of θ_f", "hoverinfo": "skip"}
        inside = (np.abs(path) <= [x[-1], y[-1]]).all(axis=1)
        seen = np.where(inside[:, None], path, np.nan)
        figure.add_scatter(x=seen[:, 0], y=seen[:, 1], showlegend=False, **way, **place)
        ring = path[-1] + 1e3 * _ring(live.scatter)
        line = {"color": MARK, "width": 2}
        name = "one standard error"
        figure.add_scatter(x=ring[:, 0], y=ring[:, 1], mode="lines", line=line, name=name, hoverinfo="skip", **place)
        dot = {"color": MARK, "size": 9, "symbol": "star"}
        figure.add_scatter(x=path[-1:, 0], y=path[-1:, 1], mode="markers", marker=dot, name="θ_f", **place)
        figure.update_xaxes(range=[x[0], x[-1]], **place)
        figure.update_yaxes(range=[y[0], y[-1]], **place)
    figure.update_xaxes(title="least certain direction, meV/Å of force", **place)
    figure.update_yaxes(title="the second one, meV/Å", **place)


def _ring(covariance: Array) -> Array:
    """(61, 2) the ellipse of one standard error."""
    size, along = np.linalg.eigh(covariance)
    angles = np.linspace(0.0, 2 * np.pi, 61)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * np.sqrt(np.maximum(size, 0.0)) @ along.T


def _errors(figure: go.Figure, steps: list[LiveStep], n: Array, shown: NDArray[np.integer]) -> None:
    predicted, place = np.array([step.predicted for step in steps]), {"row": 2, "col": 1}
    hover = "%{x} configurations: %{y:.4f} eV/Å<extra>%{fullData.name}</extra>"
    dots = {"mode": "markers", "marker": {"size": 4, "color": FAINT}, "name": "of the next one, before it is added"}
    figure.add_scatter(x=n[shown], y=predicted[shown], **dots, hovertemplate=hover, **place)
    squares, known = np.nan_to_num(predicted) ** 2, np.isfinite(predicted)
    window = np.ones(MEAN)
    count = np.convolve(known, window)[: len(n)]
    sums = np.convolve(squares, window)[: len(n)]
    mean = np.sqrt(np.divide(sums, count, out=np.full(len(n), np.nan), where=count > 0))
    curves = {f"their mean over {MEAN}": mean, "of all so far, fitted": np.array([step.force_rmse for step in steps])}
    for k, (name, y) in enumerate(curves.items()):
        line = {"color": color(k + 2), "width": 2, "dash": ("dash", "solid")[k]}
        figure.add_scatter(x=n[shown], y=y[shown], mode="lines", line=line, name=name, hovertemplate=hover, **place)
    settled = np.r_[mean[len(n) // 4 :], curves["of all so far, fitted"][len(n) // 4 :]]
    if np.isfinite(settled).any():
        low, high = float(np.nanmin(settled)), float(np.nanmax(settled))
        figure.update_yaxes(range=[0.7 * low, 1.4 * high], **place)
    figure.update_xaxes(title="configurations", **place)
    figure.update_yaxes(title="force RMSE, eV/Å", **place)


def _coefficients(
    figure: go.Figure, live: LiveFit, steps: list[LiveStep], n: Array, shown: NDArray[np.integer]
) -> None:
    place, now = {"row": 2, "col": 2}, steps[-1]
    if np.isfinite(now.errors).all() and (now.errors > 0).all():
        total, names = live.moments.total(), live.moments.descriptor_names
        largest = np.argsort(np.abs(now.fit.theta) * np.sqrt(np.diag(total.PhiPhi)))[::-1][:TRACES]
        wide = np.sqrt(np.maximum(n[-1] / n[shown] - 1, 0.0))
        expected = band(n[shown], -wide, wide, shade=REFERENCE, name="expected of n", showlegend=False)
        figure.add_trace(expected, **place)
        for k, at in enumerate(largest.tolist()):
            way = np.array([(steps[i].fit.theta[at] - now.fit.theta[at]) / now.errors[at] for i in shown])
            hover = f"%{{x}} configurations: %{{y:.2f}} error bars from now<extra>{names[at]}</extra>"
            line = {"color": color(k), "width": 1.5}
            figure.add_scatter(
                x=n[shown],
                y=way,
                mode="lines",
                line=line,
                name=names[at],
                showlegend=False,
                hovertemplate=hover,
                **place,
            )
        figure.update_yaxes(range=[-6, 6], **place)
    figure.update_xaxes(title="configurations", **place)
    figure.update_yaxes(title="θ(n) − θ now, error bars", **place)
