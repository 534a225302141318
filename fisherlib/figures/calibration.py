"""Whether predicted error bars have the size of the actual errors, and bands cover what they say."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import kind
from ..uncertainty import Coverage
from .style import DOTTED, REFERENCE, SYMBOLS, band, color, framed, symbol


def calibration(
    bars: Mapping[str, ArrayLike], errors: Mapping[str, ArrayLike], *, unit: str, labels: Sequence[str] | None = None
) -> go.Figure:
    """Actual errors against predicted standard errors, one point per prediction.

    Args:
        bars: name → (M,) predicted standard errors.
        errors: name → (M,) actual errors of the same predictions.
        unit: of both.
        labels: (M,) texts to show on hovering.

    Raises:
        ValueError: a standard error is not positive.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.calibration({"θ": [0.1, 0.2]}, {"θ": [0.1, -0.2]}, unit="eV")
        >>> figure.data[-1].name
        'θ: rms of error / bar 1.00'
    """
    kind("bars", bars, Mapping, "calibration({name: bars}, {name: errors}, unit=unit)")
    figure = go.Figure()
    if not all(np.all(np.asarray(b) > 0) for b in bars.values()):
        raise ValueError("bars: expected positive standard errors, got zero or NaN; leave those predictions out")
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
        hover = f"%{{text}}<br>bar %{{x:.3g}}<br>error %{{y:.3g}} {unit}<extra>{name}</extra>"
        dots = {"size": 5, "opacity": 0.5, "color": color(number), "symbol": symbol(number)}
        points = {"x": predicted, "y": actual, "text": None if labels is None else list(labels)}
        entry = f"{name}: rms of error / bar {ratio:.2f}"
        figure.add_scatter(**points, mode="markers", marker=dots, name=entry, hovertemplate=hover)
    figure.update_xaxes(title=f"predicted standard error, {unit}", type="log", exponentformat="power")
    figure.update_yaxes(title=f"|error|, {unit}", type="log", exponentformat="power")
    subtitle = "bars have the right size if the rms ratio is 1; the points of this sample are correlated"
    return framed(figure, title="Are the error bars true?", subtitle=subtitle, height=360)


def coverage(
    found: Mapping[str, Coverage], *, title: str = "Do bands cover what they say?", note: str = ""
) -> go.Figure:
    """Share of held-out values within their bands against the level of the bands, with one standard error over blocks.

    Args:
        found: method → its coverage.
        title: of the figure.
        note: for a second line below the title, such as how many splits there are.

    Raises:
        TypeError: anything but coverages by name.
        ValueError: none of them.

    Example:
        >>> import fisherlib as fl
        >>> found = fl.uncertainty.coverage([0.5, -3.0, 0.2, 0.1], np.ones(4), ["a", "a", "b", "b"])
        >>> fl.figures.coverage({"sandwich": found}).data[-1].name
        'sandwich, rms z 1.52'
    """
    kind("found", found, Mapping, "coverage({name: uncertainty.coverage(errors, bars, blocks)})")
    if not found:
        raise ValueError("found: expected at least one coverage, got none")
    figure = go.Figure()
    figure.add_scatter(x=[0, 100], y=[0, 100], mode="lines", line=DOTTED, name="as they say", hoverinfo="skip")
    for number, (name, each) in enumerate(found.items()):
        kind("found", each, Coverage, "coverage({name: uncertainty.coverage(errors, bars, blocks)})")
        order = np.argsort(each.levels)
        x, y, error = (100 * values[order] for values in (each.levels, each.observed, each.error))
        shade, mark, width = color(number), symbol(number), {"legendgroup": name, "showlegend": False}
        figure.add_trace(band(x, y - error, np.minimum(y + error, 100), shade=shade, name=name, **width))
        figure.add_scatter(
            x=x,
            y=y,
            customdata=error,
            hovertemplate=f"bands of %{{x:g}} % cover %{{y:.1f}} ± %{{customdata:.1f}} %<extra>{name}</extra>",
            name=f"{name}, rms z {each.rms:.2f}",
            legendgroup=name,
            mode="lines+markers",
            line={"color": shade, "width": 1.5, "dash": "solid" if number < len(SYMBOLS) else "dash"},
            marker={"size": 8, "symbol": mark},
        )
    blocks = {len(np.unique(each.blocks)) for each in found.values()}
    figure.update_xaxes(title="nominal level, %", range=[45, 100])
    figure.update_yaxes(title="held-out values within the band, %", range=[0, 102])
    subtitle = f"bands: one standard error over {' or '.join(map(str, sorted(blocks)))} held-out blocks"
    return framed(figure, title=title, subtitle=subtitle + (f"<br>{note}" if note else ""), height=400)
