"""What the forces cannot see, and whether predicted error bars have the size of the errors."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import kind
from ..diagnostics import Metastability
from .frame import color, framed, lines, symbol
from .style import REFERENCE


def metastability(found: Metastability, *, names: Sequence[str] = ()) -> go.Figure:
    """Rates μ of the directions of the descriptors, slowest first, beside that of an average vibration.

    Args:
        found: from ``diagnostics.metastability``.
        names: of the descriptors.
    """
    kind("found", found, Metastability, "metastability(diagnostics.metastability(moments))")
    k = np.arange(1, len(found.values) + 1)
    figure = go.Figure()
    figure.add_scatter(
        x=k,
        y=np.where(found.values > 0, found.values, np.nan),
        mode="markers",
        marker={"size": 7, "color": color(0)},
        hovertemplate="direction %{x}: μ = %{y:.3g} 1/Å²<extra></extra>",
        name="μ of each direction of D",
    )
    if found.residual > 0 and np.isfinite(found.residual):
        figure.add_scatter(
            x=[0],
            y=[found.residual],
            mode="markers",
            marker={"size": 10, "color": color(1), "symbol": "diamond"},
            hovertemplate="what θ_f leaves out: μ = %{y:.3g} 1/Å²<extra></extra>",
            name="what θ_f leaves out",
        )
    dotted = {"color": REFERENCE, "dash": "dot", "width": 1}
    ends = {"x": [k[0], k[-1]], "y": [found.scale, found.scale]}
    figure.add_scatter(**ends, mode="lines", line=dotted, name="β × mean curvature of U", hoverinfo="skip")
    figure.update_xaxes(title="direction, slowest first")
    figure.update_yaxes(title="μ, 1/Å²", type="log", exponentformat="power")
    biased = "no error bars: the lowest eigenvalue of noisy matrices is biased downwards"
    slowest = f"slowest: {found.words(names or None, number=1)[0]}"
    said = "<br>".join(lines(each) for each in (found.verdict.message, slowest, biased))
    return framed(figure, title="Metastability: which directions relax slowly", subtitle=said, height=330)


def calibration(
    bars: Mapping[str, ArrayLike], errors: Mapping[str, ArrayLike], *, unit: str, labels: Sequence[str] | None = None
) -> go.Figure:
    """Actual errors against predicted standard errors, one point a prediction.

    Args:
        bars: name → (M,) predicted standard errors.
        errors: name → (M,) actual errors of the same predictions.
        unit: of both.
        labels: (M,) texts for hovering.

    Raises:
        ValueError: a bar that is not positive.
    """
    kind("bars", bars, Mapping, "calibration({name: bars}, {name: errors}, unit=unit)")
    figure = go.Figure()
    if not all(np.all(np.asarray(b) > 0) for b in bars.values()):
        raise ValueError("bars: expected positive standard errors, got zero or NaN; leave out what has none")
    low = min(float(np.min(b)) for b in bars.values())
    high = max(float(np.max(b)) for b in bars.values())
    for factor, dash in ((1, "solid"), (2, "dot")):
        line = {"color": REFERENCE, "width": 1, "dash": dash}
        name = "error = bar" if factor == 1 else "error = 2 bars"
        figure.add_scatter(
            x=[low, high], y=[factor * low, factor * high], mode="lines", line=line, name=name, hoverinfo="skip"
        )
    for number, (name, predicted) in enumerate(bars.items()):
        actual, predicted = np.abs(np.asarray(errors[name])), np.asarray(predicted)
        ratio = float(np.sqrt(np.mean((actual / predicted) ** 2)))
        figure.add_scatter(
            x=predicted,
            y=actual,
            text=None if labels is None else list(labels),
            mode="markers",
            marker={"size": 5, "opacity": 0.5, "color": color(number), "symbol": symbol(number)},
            name=f"{name}: rms of error / bar {ratio:.2f}",
            hovertemplate=f"%{{text}}<br>bar %{{x:.3g}}<br>error %{{y:.3g}} {unit}<extra>{name}</extra>",
        )
    figure.update_xaxes(title=f"predicted standard error, {unit}", type="log", exponentformat="power")
    figure.update_yaxes(title=f"|error|, {unit}", type="log", exponentformat="power")
    said = "bars have the right size where the rms ratio is 1; over all points of this sample, correlated as they are"
    return framed(figure, title="Are the error bars true?", subtitle=said, height=360)
