"""Correlations under their noise ceiling: by protocol, number of parameters, number of descriptors, and time.

A measured propensity is a mean over few runs: no model can be correlated with it more than its noise allows.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import each, floats, kind, number
from ..comparison import Correlation
from ..dataset import Array
from .html import with_error
from .style import REFERENCE, band, color, faded, framed, known, symbol

#: One number, two that span a band, or the ceilings per configuration and pooled.
Ceiling = float | Sequence[float] | Correlation
#: r, or r and its standard error, along a curve.
Curve = ArrayLike | tuple[ArrayLike, ArrayLike]
#: A number, r, and its standard error, of each model of a family.
Rows = Sequence[tuple[float, float, float]]


def protocols(
    found: Mapping[str, Correlation],
    ceiling: Ceiling,
    *,
    coverage: Mapping[str, float] | None = None,
    title: str = "How the split decides what r one sees",
) -> go.Figure:
    """Correlation with held-out particles by the way of holding out: pooled, and within each configuration.

    Args:
        found: protocol → ``comparison.pearson`` of predictions, from the most hopeful protocol to the most honest one.
        ceiling: from ``comparison.noise_ceiling``, or one number, or two that span a band.
        coverage: protocol → k·r, how often a row was held out on average.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but correlations by name, none, or a k·r of a protocol that is not there.

    Example:
        >>> import fisherlib as fl
        >>> r = fl.comparison.Correlation(pooled=0.6, each={"a": 0.5, "b": 0.6})
        >>> figure = fl.figures.protocols({"random": r}, 0.9, coverage={"random": 1.5})
        >>> [(trace.name, float(trace.x[0])) for trace in figure.data]
        [('pooled', 0.6), ('per configuration', 0.55)]
    """
    way = "protocols({'random splits': comparison.pearson(predicted, y, blocks)}, noise_ceiling(first, second))"
    kind("found", found, Mapping, way)
    each("found", found.values(), Correlation, way)
    known("coverage", list(coverage or {}), list(found))
    shares = {name: f"<br>k·r = {number(f'coverage of {name!r}', r):.3g}" for name, r in (coverage or {}).items()}
    rows = [f"{name}{shares.get(name, '')}" for name in found]
    figure, (low, high), ends, given = go.Figure(), _span(ceiling), [], found.values()
    both = {"pooled": [(r.pooled, np.nan) for r in given], "per configuration": [(r.mean, r.error) for r in given]}
    for at, (name, pairs) in enumerate(both.items()):
        r, bar = np.array(pairs).T
        words = [f"{row.replace('<br>', ', ')}<br>{with_error(*pair)}" for row, pair in zip(rows, pairs, strict=True)]
        trace = _points(r, np.arange(len(rows)) + (-0.13, 0.13)[at], name, at, words, "%{text}")
        figure.add_trace(trace.update(mode="markers", marker_size=10, error_x={"array": bar, "thickness": 1.5}))
        ends += [r, r - np.nan_to_num(bar), r + np.nan_to_num(bar)]
    figure.add_vrect(x0=low, x1=high, fillcolor=faded(REFERENCE, 0.25), line={"color": REFERENCE, "width": 1})
    lowest = float(np.nanmin([*np.ravel(ends), low - 0.05])) - 0.05
    highest = float(np.nanmax([*np.ravel(ends), high])) + 0.03
    figure.update_xaxes(title="Pearson's r", range=[lowest, min(highest, 1.02)])
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=rows, automargin=True, zeroline=False)
    figure.update_yaxes(range=[len(rows) - 0.5, -0.5])
    said = f"bars: one standard error over configurations; grey: {_said(low, high)}"
    return framed(figure, title=title, subtitle=said, height=60 + 52 * len(rows))


def flexibility(
    found: Mapping[str, Rows],
    ceiling: Ceiling,
    *,
    published: Mapping[str, float] | None = None,
    title: str = "Does flexibility help?",
) -> go.Figure:
    """Correlation against the number of parameters, for families of models.

    Args:
        found: family → number of parameters, r, and its standard error (NaN if not known) of each model.
        ceiling, title: as for ``protocols``.
        published: name → r of others' models, marked at the right edge. Say what they were trained on.

    Raises:
        TypeError, ValueError: anything but triples by name, or none.

    Example:
        >>> import fisherlib as fl
        >>> found = {"linear": [(97, 0.75, 0.01)], "MLP": [(200, 0.74, 0.01), (2000, 0.73, 0.02)]}
        >>> [trace.name for trace in fl.figures.flexibility(found, 0.93, published={"CAGE": 0.779}).data]
        ['noise ceiling 0.93', 'linear', 'MLP', 'published']
    """
    return _counted(found, ceiling, "parameters", title, published)


def sparsity(found: Mapping[str, Rows], ceiling: Ceiling, *, title: str = "How few descriptors will do") -> go.Figure:
    """Correlation against the number of descriptors, for several ways of choosing them.

    Args:
        found: way of choosing → number of descriptors, r, and its standard error (NaN if not known), in any order.
        ceiling, title: as for ``protocols``.

    Raises:
        TypeError, ValueError: as for ``flexibility``.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.sparsity({"best subsets": [(3, 0.70, 0.01), (1, 0.58, 0.01)]}, 0.93)
        >>> figure.data[1].x.tolist()
        [1.0, 3.0]
    """
    return _counted(found, ceiling, "descriptors", title, {})


def propensity_times(
    times: ArrayLike, found: Mapping[str, Curve], ceiling: ArrayLike, *, title: str = "Correlation against time"
) -> go.Figure:
    """Correlation of predicted and measured propensity against time, on a logarithmic axis.

    Args:
        times: (T,) > 0.
        found: name → r (T,), or r (T,) and its standard error (T,).
        ceiling: (T,) noise ceilings, or (2, T) that span a band.
        title: of the figure.

    Raises:
        TypeError, ValueError: curves without names, none, or of another number, or times that are not positive, all different.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.propensity_times([1.0, 10.0], {"random splits": [0.7, 0.6]}, [0.95, 0.9])
        >>> [trace.name for trace in figure.data]
        ['noise ceiling', 'random splits']
    """
    t = floats("times", times)
    if t.ndim != 1 or not len(t) or not (np.isfinite(t) & (t > 0)).all() or len(np.unique(t)) < len(t):
        raise ValueError(f"times: expected positive numbers, all different, got {times!r:.60}")
    way = "propensity_times(glass.times, {'random splits': r}, ceiling)"
    kind("found", found, Mapping, way)
    if not found:
        raise ValueError(f"found: expected at least one curve, got none; write {way}")
    order = np.argsort(t)
    edges = _along("ceiling", ceiling, len(t))[:, order]
    there = np.isfinite(edges).all(axis=0)  # halves that do not agree at all have no ceiling
    figure = go.Figure(_ceiling(t[order][there], edges[0, there], edges[-1, there], "noise ceiling"))
    for at, (name, curve) in enumerate(found.items()):
        r, *error = _along(f"curve {name!r}", curve, len(t))[:, order]
        figure.add_trace(_curve(t[order], r, error[0] if error else np.full(len(t), np.nan), name, at, "time"))
    return _finished(figure, "time", title, t)


def _along(name: str, values: Curve, T: int) -> Array:
    """(1, T) or (2, T) numbers."""
    found = np.atleast_2d(floats(name, values))
    if found.shape not in ((1, T), (2, T)):
        raise ValueError(f"{name}: expected one or two numbers for each of {T} times, got shape {found.shape}")
    return found


def _counted(
    found: Mapping[str, Rows], ceiling: Ceiling, what: str, title: str, published: Mapping[str, float] | None
) -> go.Figure:
    """Curves over a number of something, below the ceiling."""
    kind("found", found, Mapping, f"{{name: [(number of {what}, r, error), …]}}")
    curves = {name: floats(f"found of {name!r}", rows) for name, rows in found.items()}
    if not curves or any(rows.ndim != 2 or rows.shape[1] != 3 or not len(rows) for rows in curves.values()):
        raise ValueError(f"found: expected rows of a number of {what}, r and its error by name, got {found!r:.60}")
    for name, rows in curves.items():
        if not (np.isfinite(rows[:, 0]) & (rows[:, 0] > 0)).all():
            raise ValueError(f"found of {name!r}: expected numbers of {what} > 0, got {rows[:, 0].tolist()!r:.60}")
    (low, high), numbers = _span(ceiling), np.concatenate([rows[:, 0] for rows in curves.values()])
    ends = np.array([numbers.min() / 1.3, numbers.max() * (5.0 if published else 1.3)])
    figure = go.Figure(_ceiling(ends, np.full(2, low), np.full(2, high), _said(low, high)))
    for at, (name, rows) in enumerate(curves.items()):
        x, r, bar = rows[np.argsort(rows[:, 0], kind="stable")].T
        figure.add_trace(_curve(x, r, bar, name, at, what))
    if published:
        kind("published", published, Mapping, "published={'CAGE': 0.779}")
        others = [number(f"published {name!r}", r) for name, r in published.items()]
        place = {"x": np.full(len(others), numbers.max() * 1.6), "y": others, "text": list(published)}
        look = {"marker": {"color": REFERENCE, "symbol": "line-ew-open", "size": 14}, "textposition": "middle right"}
        hover = "%{text}: %{y:.3f}<extra>published</extra>"
        figure.add_scatter(
            **place, **look, mode="markers+text", name="published", hovertemplate=hover, textfont_size=11
        )
    return _finished(figure, f"number of {what}", title, ends).update_xaxes(range=np.log10(ends))


def _curve(x: Array, r: Array, bar: Array, name: str, at: int, what: str) -> go.Scatter:
    said = [with_error(*pair) for pair in zip(r, bar, strict=True)]
    trace = _points(x, r, name, at, said, f"{what} %{{x:.4g}}: r = %{{text}}")
    return trace.update(mode="lines+markers", line_width=1.5, error_y={"array": bar, "thickness": 1.5})


def _points(x: Array, y: Array, name: str, at: int, said: list[str], hover: str) -> go.Scatter:
    look = {"marker": {"color": color(at), "symbol": symbol(at), "size": 8}, "line_color": color(at)}
    return go.Scatter(x=x, y=y, name=str(name), text=said, hovertemplate=f"{hover}<extra>{name}</extra>", **look)


def _ceiling(x: Array, low: Array, high: Array, name: str) -> go.Scatter:
    """The band of the ceiling; a line where both edges are the same."""
    return band(x, low, high, shade=REFERENCE, name=name).update(line={"color": REFERENCE, "width": 1})


def _span(ceiling: Ceiling) -> tuple[float, float]:
    """Lowest and highest ceiling; 1 where the halves of the runs do not agree at all, which tell none."""
    if isinstance(ceiling, Correlation):
        known = [r for r in (ceiling.mean, ceiling.pooled) if np.isfinite(r)]
        return (min(known), max(known)) if known else (1.0, 1.0)
    found = np.atleast_1d(floats("ceiling", ceiling))
    if found.shape not in ((1,), (2,)) or not np.isfinite(found).all():
        raise ValueError(f"ceiling: expected one number or two, or the result of noise_ceiling, got {ceiling!r:.60}")
    return float(found.min()), float(found.max())


def _said(low: float, high: float) -> str:
    if low >= 1.0:
        return "noise ceiling not known, 1 at most"
    return f"noise ceiling {low:.2f}" + (f" to {high:.2f}" if f"{low:.2f}" != f"{high:.2f}" else "")


def _finished(figure: go.Figure, label: str, title: str, x: Array) -> go.Figure:
    ticks = "D2" if x.max() < 1000 * x.min() else 1  # at 1, 2, 5 …, or at powers of ten, before labels overlap
    figure.update_xaxes(title=label, type="log", exponentformat="power", dtick=ticks)
    figure.update_yaxes(title="Pearson's r")
    return framed(figure, title=title, subtitle="bars: one standard error", height=340)
