"""Whether predicted error bars have the size of the actual errors, and bands cover what they say."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import kind
from ..dataset import Array
from ..uncertainty import Coverage
from .style import DOTTED, REFERENCE, SYMBOLS, band, color, framed, marks_of, symbol

#: Per cent from the nominal level that the closer panel of ``coverage`` shows.
CLOSE = 12.0


def calibration(
    bars: Mapping[str, ArrayLike],
    errors: Mapping[str, ArrayLike],
    *,
    unit: str,
    labels: Sequence[str] | None = None,
    marks: Mapping[str, int] | None = None,
) -> go.Figure:
    """Actual errors against predicted standard errors, one point per prediction.

    Args:
        bars: name → (M,) predicted standard errors.
        errors: name → (M,) actual errors of the same predictions.
        unit: of both.
        labels: (M,) texts to show on hovering.
        marks: name → number of the look of its model, as ``study.marks``.

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
    looks = marks_of(bars, marks)
    for name, predicted in bars.items():
        actual, predicted = np.abs(np.asarray(errors[name])), np.asarray(predicted)
        ratio = float(np.sqrt(np.mean((actual / predicted) ** 2)))
        hover = f"%{{text}}<br>bar %{{x:.3g}}<br>error %{{y:.3g}} {unit}<extra>{name}</extra>"
        dots = {"size": 5, "opacity": 0.5, "color": looks[name].color, "symbol": looks[name].symbol}
        points = {"x": predicted, "y": actual, "text": None if labels is None else list(labels)}
        entry = f"{name}: rms of error / bar {ratio:.2f}"
        figure.add_scatter(**points, mode="markers", marker=dots, name=entry, hovertemplate=hover)
    figure.update_xaxes(title=f"predicted standard error, {unit}", type="log")
    figure.update_yaxes(title=f"|error|, {unit}", type="log")
    subtitle = "bars have the right size if the rms ratio is 1; the points of this sample are correlated"
    return framed(figure, title="Are the error bars true?", subtitle=subtitle, height=360)


def coverage(
    found: Mapping[str, Coverage], *, title: str = "Do bands cover what they say?", note: str = ""
) -> go.Figure:
    """Share of held-out values within their bands against the level of the bands, with one standard error over blocks.

    The panel on the right shows the difference, as far as it is not out of all proportion.

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
        >>> [trace.name for trace in fl.figures.coverage({"sandwich": found}).data if "rms" in trace.name]
        ['sandwich, rms z 1.52']
    """
    kind("found", found, Mapping, "coverage({name: uncertainty.coverage(errors, bars, blocks)})")
    if not found:
        raise ValueError("found: expected at least one coverage, got none")
    for each in found.values():
        kind("found", each, Coverage, "coverage({name: uncertainty.coverage(errors, bars, blocks)})")
    levels = np.unique(np.concatenate([each.levels for each in found.values()]))
    figure = make_subplots(1, 2, horizontal_spacing=0.13, subplot_titles=("", "closer: what is lacking, or too much"))
    figure.update_annotations(font_size=13)
    for column, ends in ((1, [0, 100]), (2, [0, 0])):
        line = {
            "x": [0 if column == 1 else -1, 100],
            "y": ends,
            "mode": "lines",
            "line": DOTTED,
            "showlegend": column == 1,
        }
        figure.add_scatter(**line, name="as they say", hoverinfo="skip", row=1, col=column)
    for number, (name, each) in enumerate(found.items()):
        places = np.searchsorted(levels, np.sort(each.levels)) + 0.7 * ((number + 0.5) / len(found) - 0.5)
        _add_coverage(figure, name, each, number, places)
    texts, ends = [f"{100 * level:.3g}" for level in levels], [100 * levels[0] - 5, 100]
    figure.update_xaxes(title="nominal level, %", tickvals=100 * levels, ticktext=texts, range=ends, row=1, col=1)
    evenly = {"tickvals": np.arange(len(levels)), "ticktext": texts, "range": [-0.6, len(levels) - 0.4]}
    figure.update_xaxes(title="nominal level, %", **evenly, row=1, col=2)
    figure.update_yaxes(title="held-out values within the band, %", range=[0, 102], row=1, col=1)
    figure.update_yaxes(title="observed − nominal, %", range=[-CLOSE, CLOSE], title_standoff=4, row=1, col=2)
    blocks = sorted({len(np.unique(each.blocks)) for each in found.values()})
    subtitle = f"bands and bars: one standard error over {' or '.join(map(str, blocks))} held-out blocks"
    subtitle += f"<br>{note}" if note else ""
    return framed(figure, title=title, subtitle=subtitle, height=340, above=24)


def _add_coverage(figure: go.Figure, name: str, found: Coverage, number: int, places: Array) -> None:
    """One method in both panels; in the closer one it stands a little to the side, so that bars do not hide each other."""
    order, shade, again = np.argsort(found.levels), color(number), number >= len(SYMBOLS)
    x, y, error = (100 * values[order] for values in (found.levels, found.observed, found.error))
    ends = y - error, np.minimum(y + error, 100)
    figure.add_trace(band(x, *ends, shade=shade, name=name, legendgroup=name, showlegend=False), 1, 1)
    told = f"%{{customdata[0]:g}} % bands cover %{{customdata[1]:.1f}} ± %{{customdata[2]:.1f}} %<extra>{name}</extra>"
    dots = {"color": shade, "size": 8, "symbol": symbol(number) + ("-open" if again else "")}
    dots |= {"line": {"color": shade, "width": 1.5}}
    shared = {"customdata": np.column_stack([x, y, error]), "hovertemplate": told, "marker": dots, "legendgroup": name}
    line = {"color": shade, "width": 1.5, "dash": "dash" if again else "solid"}
    entry = f"{name}, rms z {found.rms:.2f}"
    figure.add_scatter(x=x, y=y, mode="lines+markers", line=line, name=entry, **shared, row=1, col=1)
    bars = {"array": error, "color": shade, "thickness": 1.5, "width": 0}
    aside = {"x": places, "y": y - x, "error_y": bars, "mode": "markers", "name": name, "showlegend": False}
    figure.add_scatter(**aside, **shared, row=1, col=2)
