"""The spectrum of relaxation rates: what forces cannot see."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..diagnostics import Metastability
from .style import DOTTED, REFERENCE, framed, marks_of, titled


def metastability(found: Metastability, *, names: Sequence[str] = (), of: str = "") -> go.Figure:
    """Relaxation rates μ of the directions of the descriptors, slowest first, beside that of an average vibration.

    Args:
        found: from ``diagnostics.metastability``.
        names: of the descriptors.
        of: which data, for the title, such as ``study.label``.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.diagnostics.metastability(fl.accumulate(data))
        >>> fl.figures.metastability(found).data[0].x
        array([1, 2])
    """
    kind("found", found, Metastability, "metastability(diagnostics.metastability(moments))")
    k = np.arange(1, len(found.values) + 1)
    figure = go.Figure()
    shown, hover = np.where(found.values > 0, found.values, np.nan), "{}: μ = %{{y:.3g}} 1/Å²<extra></extra>"
    dots = {"size": 7, "color": REFERENCE}
    rates = {"mode": "markers", "marker": dots, "hovertemplate": hover.format("direction %{x}")}
    figure.add_scatter(x=k, y=shown, name="μ of each direction of D", **rates)
    if found.residual > 0 and np.isfinite(found.residual):
        left_out = "what θ_f leaves out"
        line = {"color": marks_of(["θ_f"])["θ_f"].color, "dash": "dash", "width": 2}
        rate = {"mode": "lines", "line": line, "hovertemplate": hover.format(left_out)}
        figure.add_scatter(x=[k[0], k[-1]], y=[found.residual] * 2, name=left_out, **rate)
    ends = {"x": [k[0], k[-1]], "y": [found.scale, found.scale]}
    figure.add_scatter(**ends, mode="lines", line=DOTTED, name="β × mean curvature of U", hoverinfo="skip")
    figure.update_xaxes(
        title="direction, slowest first (no error bars: noise lowers the lowest μ)", range=[0.2, len(k) + 0.8]
    )
    figure.update_yaxes(title="μ, 1/Å²", type="log")
    slowest = f"slowest: {found.words(names or None, number=1)[0]}"
    subtitle = f"{found.verdict.message}<br>{slowest}"
    return framed(
        figure, title=titled("Metastability: which directions relax slowly", of=of), subtitle=subtitle, height=330
    )
