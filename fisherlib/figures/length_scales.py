"""A Gaussian process along one coordinate, for several length scales of its kernel."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from ..dataset import Array
from .film import with_slider
from .style import MARK, REFERENCE, band, color, framed

#: Standard deviations of a Gaussian on each side that hold 90 %.
NINETY = 1.6448536269514722

#: Nats below the highest likelihood that are still drawn.
DEEPEST = 40.0

Fit = tuple[ArrayLike, ArrayLike, float]


def length_scales(
    x: ArrayLike,
    fits: Mapping[float, Fit],
    points: tuple[ArrayLike, ArrayLike],
    *,
    label: str,
    value: str,
    unit: str,
    noise: float = 0.0,
    truth: ArrayLike | None = None,
    title: str = "One kernel, several length scales",
) -> go.Figure:
    """Mean and 90 % band of a Gaussian process, with a slider over length scales, and the log marginal likelihood of each.

    The slider begins at the length scale of the highest likelihood. It works in a saved page.

    Args:
        x: (n,) where the fits were evaluated.
        fits: length scale → mean (n,), standard deviation (n,), and log marginal likelihood of the points, nats.
        points: x and y of the points that were fitted.
        label: of the x axis, with its unit.
        value: of the y axis, with its unit.
        unit: of the length scale.
        noise: standard error of the points.
        truth: (n,) without noise, to compare with.
        title: of the figure.

    Raises:
        TypeError: fits without length scales.
        ValueError: no fit, or one that does not have n numbers.

    Example:
        >>> import fisherlib as fl
        >>> fits = {0.1: ([0.0, 1.0], [0.1, 0.1], -3.0), 1.0: ([0.0, 0.9], [0.2, 0.2], -1.0)}
        >>> figure = fl.figures.length_scales([0.0, 1.0], fits, ([0.5], [0.6]), label="r, Å", value="E, eV", unit="Å")
        >>> [step.label for step in figure.layout.sliders[0].steps], figure.layout.sliders[0].active
        (['0.1', '1'], 1)
    """
    kind("fits", fits, Mapping, "length_scales(x, {length: (mean, deviation, log_likelihood)}, (x, y), …)")
    at = floats("x", x)
    if not fits or not all(np.shape(m) == np.shape(s) == at.shape for m, s, _ in fits.values()):
        raise ValueError(
            f"fits: expected a mean and a standard deviation of shape {at.shape} for at least one length scale, got "
            f"{[np.shape(mean) for mean, _, _ in fits.values()] or 'none'}"
        )
    lengths = sorted(fits)
    likelihoods = [fits[length][2] for length in lengths]
    films = [_drawn(at, fits[length], length) for length in lengths]
    names, best = [f"{length:.3g}" for length in lengths], int(np.argmax(likelihoods))
    figure = make_subplots(1, 2, column_widths=[0.68, 0.32], horizontal_spacing=0.13).add_traces(films[best])
    if truth is not None:
        dashed = {"color": REFERENCE, "dash": "dash", "width": 1.5}
        figure.add_scatter(x=at, y=floats("truth", truth), mode="lines", line=dashed, name="truth", row=1, col=1)
    seen, dots = [floats("points", part) for part in points], {"color": REFERENCE, "size": 7}
    bars = {"array": np.full(len(seen[0]), noise), "color": REFERENCE, "thickness": 1.5}
    figure.add_scatter(x=seen[0], y=seen[1], mode="markers", name="points", error_y=bars, marker=dots, row=1, col=1)
    curve = {"x": lengths, "y": likelihoods, "mode": "lines+markers", "line": {"color": color(2)}, "showlegend": False}
    figure.add_scatter(**curve, hovertemplate=f"%{{x:.3g}} {unit}: %{{y:.1f}}<extra></extra>", row=1, col=2)
    figure.update_xaxes(title=label, row=1, col=1)
    figure.update_yaxes(title=value, range=_span([film[0].y for film in films]), row=1, col=1)
    figure.update_xaxes(title=f"length scale, {unit}", type="log", row=1, col=2)
    near = np.maximum(likelihoods, max(likelihoods) - DEEPEST)
    figure.update_yaxes(title="log marginal likelihood", range=_span(near), title_standoff=4, row=1, col=2)
    heads = [
        f"{title}: {name} {unit}, log likelihood {ln:.1f}".replace("-", "−")
        for name, ln in zip(names, likelihoods, strict=True)
    ]
    subtitle = "band: 90 % of the curve without noise; points with one standard error"
    framed(figure, title=heads[best], subtitle=subtitle, height=330)
    figure.frames = [
        go.Frame(name=name, data=film, traces=[0, 1, 2], layout={"title": {"text": head}})
        for name, film, head in zip(names, films, heads, strict=True)
    ]
    return with_slider(figure, names, prefix=f"length scale, {unit}: ", active=best)


def _drawn(x: Array, fit: Fit, length: float) -> list[go.Scatter]:
    """Band and mean for one length scale, and its likelihood."""
    mean, half, here = floats("fits", fit[0]), NINETY * floats("fits", fit[1]), {"size": 13, "color": MARK}
    return [
        band(x, mean - half, mean + half, shade=color(0), name="90 % band"),
        go.Scatter(x=x, y=mean, mode="lines", line={"color": color(0), "width": 2}, name="mean"),
        go.Scatter(x=[length], y=[fit[2]], mode="markers", marker=here, name="shown", xaxis="x2", yaxis="y2"),
    ]


def _span(values: ArrayLike) -> tuple[float, float]:
    """Ends of an axis: of all values of all frames, so that it stays where it is."""
    low, high = float(np.min(values)), float(np.max(values))
    return low - 0.05 * (high - low), high + 0.05 * (high - low)
