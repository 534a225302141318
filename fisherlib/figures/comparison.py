"""Model against truth: parity, residuals, errors by trajectory, density of forces."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import each, kind
from ..comparison import Comparison, Histogram, of_one_dataset
from ..dataset import Array
from .html import with_error
from .style import DOTTED, NO_ENERGIES, REFERENCE, SCALE, Mark, blank, framed, marks_of, spanned, titled
from .ticks import thinned

Marks = Mapping[str, int] | None
#: A shift this many times farther out than all others would flatten them, and is written at the edge.
FAR = 5.0


def parity(comparisons: Sequence[Comparison], *, of: str = "", marks: Marks = None) -> go.Figure:
    """Predicted against true energy per atom, one panel per model.

    Args:
        comparisons: of the models.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> [trace.name for trace in fl.figures.parity([found]).data]
        ['θ_f', 'diagonal']
    """
    comparisons = each("comparisons", comparisons, Comparison, "parity([compare(model, data), …])")
    names = [c.name for c in comparisons]
    looks = marks_of(names, marks)
    if not comparisons[0].has_energies:
        return blank(title=titled("Energy parity", names, of), sentence=NO_ENERGIES)
    figure = make_subplots(
        cols=len(comparisons),
        rows=1,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=[f"{c.name}<br>RMSE {_measured(c, 'energy_rmse', 1e3)} meV/atom" for c in comparisons],
    )
    low = min(min(c.reference.min(), c.energies.min()) for c in comparisons)
    high = max(max(c.reference.max(), c.energies.max()) for c in comparisons)
    for column, c in enumerate(comparisons, start=1):
        hover = "%{text}<br>true %{x:.4f}<br>model %{y:.4f} eV/atom<extra></extra>"
        dots = {"size": 4, "opacity": 0.6, "color": looks[c.name].color, "symbol": looks[c.name].symbol}
        cloud = go.Scatter(x=c.reference, y=c.energies, text=c.labels, mode="markers", marker=dots, hovertemplate=hover)
        diagonal = go.Scatter(x=[low, high], y=[low, high], mode="lines", line=DOTTED, hoverinfo="skip")
        figure.add_traces([cloud.update(name=c.name), diagonal.update(name="diagonal")], rows=1, cols=column)
        figure.update_xaxes(title="true energy, eV/atom", title_font_size=12, nticks=5, col=column, row=1)
    figure.update_yaxes(title="model energy, eV/atom", col=1, row=1)
    figure.update_annotations(font_size=13)
    return framed(figure, title=titled("Energy parity", names, of), height=330, above=44, legend=False)


def _measured(c: Comparison, name: str, scale: float) -> str:
    """A pooled number, with its standard error if known."""
    value, error = scale * c.pooled[name], scale * c.pooled_error[name]
    return with_error(value, error) if np.isfinite(error) else f"{value:.2f}"


def residuals(comparisons: Sequence[Comparison], *, of: str = "", marks: Marks = None) -> go.Figure:
    """Model minus true energy per atom against the true one; a thin line is the mean error of a model, its shift.

    Args:
        comparisons: of the models.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> len(fl.figures.residuals([found]).data)  # zero, and points and mean of the model
        3
    """
    comparisons = each("comparisons", comparisons, Comparison, "residuals([compare(model, data), …])")
    names = [c.name for c in comparisons]
    looks = marks_of(names, marks)
    if not comparisons[0].has_energies:
        return blank(title=titled("Energy residuals", names, of), sentence=NO_ENERGIES)
    ends = [min(c.reference.min() for c in comparisons), max(c.reference.max() for c in comparisons)]
    figure = go.Figure()
    figure.add_scatter(x=ends, y=[0, 0], mode="lines", line=DOTTED, hoverinfo="skip", showlegend=False, name="zero")
    for c in comparisons:
        figure.add_traces(_residual_traces(c, looks[c.name], ends))
    figure.update_xaxes(title="true energy, eV/atom")
    figure.update_yaxes(title="model − true energy, meV/atom", zeroline=False)
    subtitle = "thin line: mean over configurations, the shift; dotted: zero"
    return framed(figure, title=titled("Energy residuals", names, of), subtitle=subtitle, height=330)


def _residual_traces(c: Comparison, look: Mark, ends: Sequence[float]) -> list[go.Scatter]:
    shift = f"{round(1e3 * c.pooled['energy_shift'], 2) + 0.0:+.2f}".replace("-", "−")  # no "-0.00"
    spread = _measured(c, "energy_spread", 1e3)
    hover = f"%{{text}}<br>true %{{x:.4f}} eV/atom<br>error %{{y:+.2f}} meV/atom<extra>{c.name}</extra>"
    dots = {"size": 5, "opacity": 0.5, "color": look.color, "symbol": look.symbol}
    points = {"x": c.reference, "y": 1e3 * (c.energies - c.reference), "text": c.labels, "hovertemplate": hover}
    entry = f"{c.name}: shift {shift}, spread {spread} meV/atom"
    mean = {"x": ends, "y": [1e3 * c.pooled["energy_shift"]] * 2, "line": {"color": look.color, "width": 1}}
    mean["hovertemplate"] = f"shift {shift} meV/atom<extra>{c.name}</extra>"
    return [
        go.Scatter(**points, mode="markers", marker=dots, name=entry, legendgroup=c.name),
        go.Scatter(**mean, mode="lines", name=f"shift of {c.name}", legendgroup=c.name, showlegend=False),
    ]


def errors_by_trajectory(comparisons: Sequence[Comparison], *, of: str = "", marks: Marks = None) -> go.Figure:
    """Energy shift with its spread, and force error, of every trajectory.

    Args:
        comparisons: of the models with the same data.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.regression.fisher_fit(fl.accumulate(data)), data)
        >>> [trace.name for trace in fl.figures.errors_by_trajectory([found]).data]
        ['θ_f', 'θ_f']
    """
    comparisons = each("comparisons", comparisons, Comparison, "errors_by_trajectory([compare(model, data), …])")
    of_one_dataset(comparisons)
    energies = comparisons[0].has_energies
    last = 2 if energies else 1  # forces stand below energies, if there are any
    figure = make_subplots(rows=last, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    names = [c.name for c in comparisons]
    for c, look in zip(comparisons, marks_of(names, marks).values(), strict=True):
        marker = {"color": look.color, "symbol": look.symbol, "size": 8}
        bars = {"type": "data", "array": 1e3 * c.energy_spread, "thickness": 1.2, "width": 3}
        common = {"x": list(c.keys), "mode": "markers", "marker": marker, "name": c.name, "legendgroup": c.name}
        if energies:
            figure.add_scatter(**common, y=1e3 * c.energy_shift, error_y=bars, row=1, col=1)
        figure.add_scatter(**common, y=c.force_rmse, showlegend=not energies, row=last, col=1)
    figure.update_xaxes(thinned(comparisons[0].keys, "trajectory"))
    if energies:
        figure.update_xaxes(title="", row=1, col=1)
    figure.update_yaxes(title="shift ± spread,<br>meV/atom", row=1, col=1)
    figure.update_yaxes(
        title="force RMSE,<br>eV/Å", range=spanned([c.force_rmse for c in comparisons]), row=last, col=1
    )
    figure.update_layout(scattermode="group")
    subtitle = "bars: spread of the energy error within a trajectory; the scatter of the points is their noise"
    if energies:
        _clipped(figure, comparisons)
    subtitle = subtitle if energies else NO_ENERGIES
    return framed(figure, title=titled("Errors by trajectory", names, of), subtitle=subtitle, height=370)


def _clipped(figure: go.Figure, comparisons: Sequence[Comparison]) -> None:
    """Leave out of the range what would flatten all else, with its number written at the edge."""
    shifts, spreads = (
        1e3 * np.array([getattr(c, name) for c in comparisons]) for name in ("energy_shift", "energy_spread")
    )
    low, high = _range(shifts - spreads, shifts + spreads)
    outside = np.argwhere((shifts < low) | (shifts > high))
    if not len(outside):
        return
    figure.update_yaxes(range=[low, high], row=1, col=1)
    style = {"showarrow": False, "xref": "x", "yref": "y", "font": {"size": 12}}
    for place in np.unique(outside[:, 1]):
        far = [m for m, k in outside if k == place]
        words = [f"{comparisons[m].name}: {shifts[m, place]:+.0f} meV/atom".replace("-", "−") for m in far]
        below = bool(shifts[far[0], place] < low)
        where = {"x": comparisons[0].keys[place], "y": low if below else high, "yanchor": "bottom" if below else "top"}
        figure.add_annotation(text=f"{'↓' if below else '↑'} {'<br>'.join(words)}", **where, **style)


def _range(low: Array, high: Array) -> tuple[float, float]:
    """What all bars but the farthest span, widened, if those lie far beyond; else what all of them span."""
    middle = np.median((low + high) / 2)
    reach = np.maximum(np.abs(low - middle), np.abs(high - middle)).max(axis=0)  # of each trajectory
    order = np.argsort(reach)
    kept = order[: max(1, len(order) - max(1, len(order) // 8))]
    if reach.max() <= FAR * reach[kept].max() or not reach[kept].max() > 0:
        kept = order
    margin = 0.15 * (high[:, kept].max() - low[:, kept].min())
    return float(low[:, kept].min() - margin), float(high[:, kept].max() + margin)


def force_parity(histogram: Histogram, *, name: str, force_rmse: float, of: str = "") -> go.Figure:
    """Density of predicted against true force components, from dark (few) to yellow (many); outliers stay visible.

    Args:
        histogram: of true and predicted components, eV/Å, from ``comparison.force_histogram``.
        name: of the model.
        force_rmse: eV/Å, over all components.
        of: which data, for the title, such as ``study.label``.

    Example:
        >>> import fisherlib as fl
        >>> forces = [0.5, -1.0, 2.0]
        >>> histogram = fl.comparison.force_histogram(forces, forces)
        >>> fl.figures.force_parity(histogram, name="truth", force_rmse=0.0).data[0].type
        'heatmap'
    """
    kind("histogram", histogram, Histogram, "force_parity(force_histogram(true, predicted), …)")
    ends = histogram.edges[[0, -1]]
    figure = go.Figure(_density(histogram))
    thin = {"color": REFERENCE, "width": 1}
    figure.add_scatter(x=ends, y=ends, mode="lines", line=thin, hoverinfo="skip", name="diagonal")
    figure.update_xaxes(title="true force component, eV/Å", constrain="domain")
    figure.update_yaxes(title="model force component, eV/Å", scaleanchor="x", constrain="domain")
    subtitle = f"{_spaced(histogram.n)} components, RMSE {force_rmse:.4g} eV/Å; colour: components per bin"
    framed(figure, title=titled("Force parity", [name], of), subtitle=subtitle, height=500, legend=False)
    return figure.update_layout(margin_b=110)


def _density(histogram: Histogram) -> go.Heatmap:
    counts = histogram.counts.T  # rows of a heatmap are y, the prediction
    ticks = np.arange(int(np.log10(max(counts.max(), 1))) + 1)
    bar = {"tickvals": ticks, "ticktext": [_spaced(10**k) for k in ticks.tolist()], "thickness": 12}
    bar |= {"orientation": "h", "lenmode": "pixels", "len": 330, "xpad": 0}
    bar |= {
        "x": 0.5,
        "yref": "container",
        "y": 0.01,
        "yanchor": "bottom",
    }  # on a wide page a bar at the side would be far away
    shade = np.log10(counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    grid = {"x": histogram.edges, "y": histogram.edges, "z": shade, "customdata": counts, "zmin": 0}
    hover = "true %{x:.2f}<br>model %{y:.2f} eV/Å<br>%{customdata} components<extra></extra>"
    style = {"colorscale": SCALE, "colorbar": bar, "hoverongaps": False, "hovertemplate": hover}
    return go.Heatmap(**grid, **style, name="components per bin")


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")
