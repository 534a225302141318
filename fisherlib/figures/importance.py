"""Which descriptors matter: weights in standard units, and what is lost without a group of them."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import floats, kind, words
from .html import with_error
from .style import DOTTED, PALETTE, REFERENCE, color, framed, symbol


def feature_weights(
    weights: ArrayLike,
    errors: ArrayLike,
    names: Sequence[str],
    kinds: Sequence[str],
    generations: ArrayLike | None = None,
    *,
    title: str = "Weights of the descriptors",
) -> go.Figure:
    """Weights by kind of descriptor, each kind from the largest to the smallest.

    In the units of the data a weight grows when a unit does: give those of descriptors in units of their standard deviation.
    Even so, descriptors that are alike share their weight.

    Args:
        weights: (M,) in standard units, such as ``path.weights``.
        errors: (M,) standard errors, NaN where there is none.
        names: of the M descriptors.
        kinds: M, what each measures.
        generations: (M,) how often each is averaged over neighbours; shown by the mark.
        title: of the figure.

    Raises:
        ValueError: arguments of different lengths, or none.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.feature_weights([0.1, -0.5, 0.2], [0.1, 0.1, 0.1], ["a", "b", "c"], ["density", "density", "bonds"])
        >>> [(trace.name, trace.y.tolist()) for trace in figure.data]
        [('density', [-0.5, 0.1]), ('bonds', [0.2])]
    """
    w, bars = floats("weights", weights), floats("errors", errors)
    given, sorts = np.array(words("names", names)), np.array(words("kinds", kinds))
    times = np.zeros(len(w), int) if generations is None else np.asarray(generations)
    for name, each in {"errors": bars, "names": given, "kinds": sorts, "generations": times}.items():
        if w.ndim != 1 or not len(w) or each.shape != w.shape:
            raise ValueError(f"{name}: expected one for each of the weights, of shape {w.shape}, got {each.shape}")
    figure, begin = go.Figure(), 1
    for number, sort in enumerate(dict.fromkeys(sorts)):
        own = np.flatnonzero(sorts == sort)
        own = own[np.argsort(-np.abs(w[own]), kind="stable")]
        marks = {"color": color(number), "size": 6, "symbol": [symbol(int(k)) for k in times[own]]}
        about = [_about(given[k], int(times[k]), w[k], bars[k]) for k in own]
        points = {"x": np.arange(begin, begin + len(own)), "y": w[own], "text": about, "marker": marks}
        points |= {"error_y": {"array": bars[own], "thickness": 1, "width": 0}, "name": str(sort)}
        figure.add_scatter(**points, mode="markers", hovertemplate=f"%{{text}}<extra>{sort}</extra>")
        begin += len(own)
    figure.add_hline(y=0.0, line=DOTTED)
    label, plain = (
        "descriptor, by kind, from the largest weight to the smallest",
        {"showgrid": False, "zeroline": False},
    )
    figure.update_xaxes(title=label, range=[-0.02 * begin, 1.02 * begin], **plain)
    figure.update_yaxes(title="weight × sd of the descriptor / sd of y", zeroline=False)
    said = "bars: one standard error; " * bool(np.isfinite(bars).any())
    said += "descriptors that are alike share their weight"
    shapes = ("●", "◆", "■", "▲")[: int(times.max()) + 1]
    if len(shapes) > 1:
        said += f"<br>averaged over neighbours {', '.join(f'{k} {shape}' for k, shape in enumerate(shapes))} times"
    return framed(figure, title=title, subtitle=said, height=360)


def _about(name: str, averages: int, weight: float, error: float) -> str:
    return f"{name}<br>{with_error(weight, error)}" + (f"<br>{averages} averages" if averages else "")


def ablation(drops: Mapping[str, tuple[float, float]], *, title: str = "What is lost without a group") -> go.Figure:
    """Loss of correlation when a group of descriptors is left out, from the largest to the smallest.

    Args:
        drops: group → loss of r and its standard error, each NaN if it is not known.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but pairs by name, or none.

    Example:
        >>> import fisherlib as fl
        >>> fl.figures.ablation({"bonds": (0.01, 0.01), "density": (0.2, 0.02)}).data[0].y
        ('density', 'bonds')
    """
    way = "ablation({'density of A': (0.05, 0.01)})"
    kind("drops", drops, Mapping, way)
    pairs = [floats(f"drops of {group!r}", pair) for group, pair in drops.items()]
    if not drops or any(pair.shape != (2,) for pair in pairs):
        raise ValueError(f"drops: expected a loss and its error for each group, got {drops!r:.60}; write {way}")
    order = np.argsort([-loss for loss, _ in pairs], kind="stable")
    groups, (loss, error) = [str(list(drops)[k]) for k in order], np.array(pairs)[order].T
    said = ["not known" if np.isnan(each) else with_error(each, e) for each, e in zip(loss, error, strict=True)]
    begins, ends = np.nan_to_num(loss + np.outer([-1, 1], np.nan_to_num(error)))
    low, high = min(0.0, float(begins.min())), max(float(ends.max()), 1e-6)
    bars = {"array": error, "thickness": 1.5, "color": REFERENCE}
    look = {"marker_color": PALETTE[0], "error_x": bars, "hovertemplate": "%{y}: %{customdata}<extra></extra>"}
    figure = go.Figure(go.Bar(x=loss, y=groups, orientation="h", customdata=said, **look))
    beside = {"mode": "text", "textposition": "middle right", "hoverinfo": "skip", "textfont": {"size": 12}}
    figure.add_scatter(x=np.maximum(ends, 0), y=groups, text=[f"  {each}" for each in said], **beside)
    figure.update_xaxes(title="loss of r", range=[low - 0.08 * (high - low), high + 0.35 * (high - low)])
    figure.update_yaxes(range=[len(groups) - 0.4, -0.6], automargin=True)
    return framed(figure, title=title, subtitle="bars: one standard error", height=60 + 30 * len(groups), legend=False)
