"""The result of a fit: spectrum of T, parameters with error bars, force error by trajectory."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import kind
from .style import REFERENCE, Mark, framed, known, marks_of, power, spanned, titled
from .ticks import thinned

ForceErrors = Mapping[str, Mapping[str, float]]
Marks = Mapping[str, int] | None
_HEIGHT = 640  # pixels, of the panels of a fit
HELD_OUT = ", held out"


def spectrum(eigenvalues: ArrayLike, *, rank: int, of: str = "") -> go.Figure:
    """Eigenvalues of T from stiff to soft; those beyond the rank are not determined by the data.

    Args:
        eigenvalues: (K,) of T scaled to unit diagonal.
        rank: number of directions that are determined.
        of: which data, for the title, such as ``study.label``.

    Example:
        >>> import fisherlib as fl
        >>> determined, left_out = fl.figures.spectrum([1.5, 0.5, 1e-18], rank=2).data
        >>> len(determined.y), len(left_out.y)
        (2, 1)
    """
    kind("eigenvalues", eigenvalues, (Sequence, np.ndarray), "spectrum(solution.eigenvalues, rank=solution.rank)")
    figure = go.Figure(_spectrum_traces(eigenvalues, rank))
    figure.update_xaxes(title="direction, from stiff to soft")
    figure.update_yaxes(title="eigenvalue (scaled, no unit)", type="log")
    subtitle = f"rank {rank} of {np.size(eigenvalues)} directions of θ"
    return framed(
        figure, title=titled("What the forces determine: spectrum of T", of=of), subtitle=subtitle, height=290
    )


def _spectrum_traces(eigenvalues: ArrayLike, rank: int) -> list[go.Scatter]:
    values = np.sort(np.asarray(eigenvalues))[::-1]
    k = np.arange(1, len(values) + 1)
    shown = np.where(values > 0, values, np.nan)
    hover = "direction %{x}: %{y:.3g}<extra></extra>"
    common = {"mode": "markers", "hovertemplate": hover, "offsetgroup": "spectrum", "cliponaxis": False}
    kept, out = {"size": 6, "color": REFERENCE}, {"size": 8, "symbol": "x-thin-open", "color": REFERENCE}
    return [
        go.Scatter(x=k[:rank], y=shown[:rank], name="determined", marker=kept, **common),
        go.Scatter(x=k[rank:], y=shown[rank:], name="left out", marker=out, **common),
    ]


def coefficients(
    thetas: Mapping[str, ArrayLike],
    *,
    names: Sequence[str],
    scale: ArrayLike | None = None,
    errors: Mapping[str, ArrayLike] | None = None,
    of: str = "",
    marks: Marks = None,
) -> go.Figure:
    """Parameters side by side, descriptor by descriptor.

    Args:
        thetas: name → (K,).
        names: (K,) of the descriptors.
        scale: (K,) root-mean-square force descriptors; turns parameters into forces, which can be compared.
        errors: name → (K,) standard errors of θ, drawn as bars.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        ValueError: a name in ``errors`` is not in ``thetas``.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.coefficients({"θ": [1.0, 2.0]}, names=["a", "b"])
        >>> figure.data[0].x
        ('a', 'b')
    """
    kind("thetas", thetas, Mapping, "coefficients({name: theta}, names=data.descriptor_names)")
    figure = go.Figure(list(_coefficient_traces(thetas, names, scale, errors or {}, marks_of(thetas, marks))))
    figure.update_xaxes(thinned(names, "descriptor"))
    figure.update_yaxes(title=_coefficient_title(scale))
    subtitle = ""
    if errors is not None:
        none = "no error bars: they need ten independent blocks, by the scores of the fit to forces"
        subtitle = "bars: one standard error" if errors else none
    return framed(figure, title=titled("Parameters", thetas, of), subtitle=subtitle, height=330).update_layout(
        scattermode="group"
    )


def _coefficient_title(scale: ArrayLike | None) -> str:
    return "θ<sub>k</sub>" if scale is None else "θ<sub>k</sub> × rms Φ<sub>k</sub>, eV/Å"


def _coefficient_traces(
    thetas: Mapping[str, ArrayLike],
    names: Sequence[str],
    scale: ArrayLike | None,
    errors: Mapping[str, ArrayLike],
    looks: Mapping[str, Mark],
) -> Iterator[go.Scatter]:
    known("errors", list(errors), list(thetas))
    m = np.ones(len(names)) if scale is None else np.asarray(scale)
    unit = "" if scale is None else " eV/Å"
    for name, theta in thetas.items():
        if np.shape(theta) != (len(names),):
            raise ValueError(f"names: expected {np.size(theta)}, one per parameter of {name!r}, got {len(names)}")
        bars = np.asarray(errors.get(name, np.zeros(len(names)))) * m
        spread = " ± %{customdata:.2g}" if name in errors else ""
        points = {"x": list(names), "y": np.asarray(theta) * m, "customdata": bars, "name": name, "legendgroup": name}
        points["error_y"] = {"array": bars, "visible": name in errors, "thickness": 1, "width": 0}
        dots = {"size": 6, "color": looks[name].color, "symbol": looks[name].symbol}
        hover = f"%{{x}}: %{{y:.4g}}{spread}{unit}<extra>{name}</extra>"
        yield go.Scatter(**points, mode="markers", marker=dots, hovertemplate=hover)


def fit(
    thetas: Mapping[str, ArrayLike],
    eigenvalues: ArrayLike,
    force_errors: ForceErrors,
    *,
    names: Sequence[str],
    rank: int,
    condition: float,
    scale: ArrayLike | None = None,
    errors: Mapping[str, ArrayLike] | None = None,
    pooled: Mapping[str, float] | None = None,
    of: str = "",
    marks: Marks = None,
) -> go.Figure:
    """A fit at a glance: parameters, spectrum of T, force error by trajectory, and what holding out adds to it.

    The kinds and the number of traces depend only on the number of names.

    Args:
        thetas: name → (K,) parameters of a model.
        eigenvalues: (K,) of T scaled to unit diagonal.
        force_errors: name → trajectory → force RMSE, eV/Å; names may include others, such as "θ_f, held out".
        names: (K,) of the descriptors.
        rank, condition: of the solution.
        scale: (K,) root-mean-square force descriptors; turns parameters into forces.
        errors: name → (K,) standard errors of θ, drawn as bars.
        pooled: name → force RMSE over all components, eV/Å, for the legend.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

    Raises:
        ValueError: a name in ``errors`` is not in ``thetas``, or a name in ``pooled`` is not drawn.

    Example:
        >>> import fisherlib as fl
        >>> errors = {"θ": {"walker-0": 0.1, "walker-1": 0.2}}
        >>> figure = fl.figures.fit({"θ": [1.0, 2.0]}, [1.5, 0.5], errors, names=["a", "b"], rank=2, condition=3.0)
        >>> len(figure.data)  # parameters, spectrum (two), force errors, held out minus fitted
        5
    """
    kind("thetas", thetas, Mapping, "fit({name: theta}, solution.eigenvalues, force_errors, …)")
    spectral = f"spectrum of T: ● determined, × left out<br>rank {rank} of {np.size(eigenvalues)}, condition {power(condition)}"
    models = list(dict.fromkeys([*thetas, *force_errors]))
    known("pooled", list(pooled or {}), models)
    looks = marks_of(models, marks)
    heads = ["", spectral, "force error,<br>one mark per trajectory", "held out − fitted,<br>one mark per trajectory"]
    figure = make_subplots(
        rows=2,
        cols=3,
        specs=[[{"colspan": 3}, None, None], [{}, {}, {}]],
        row_heights=[0.5, 0.5],
        column_widths=[0.36, 0.36, 0.28],
        vertical_spacing=125 / _HEIGHT,
        horizontal_spacing=0.1,
        subplot_titles=heads,
    )
    figure.add_traces(list(_coefficient_traces(thetas, names, scale, errors or {}, looks)), rows=1, cols=1)
    figure.add_traces(_spectrum_traces(eigenvalues, rank), rows=2, cols=1)
    figure.add_traces(list(_force_error_traces(force_errors, looks)), rows=2, cols=2)
    figure.add_trace(_excess(force_errors, looks), row=2, col=3)
    shown = [value for found in force_errors.values() for value in found.values()]
    figure.update_yaxes(range=spanned(shown), row=2, col=2)
    for trace in figure.data:  # one legend entry for each name
        trace.showlegend = trace.legendgroup is not None and (trace.xaxis == "x" or trace.name not in thetas)
        if pooled and trace.name in pooled:
            trace.name = f"{trace.name}: force RMSE {pooled[trace.name]:.4g} eV/Å"
    figure.update_xaxes(thinned(names, "descriptor"), row=1, col=1)
    figure.update_yaxes(title=_coefficient_title(scale), row=1, col=1)
    title = titled("The fit: parameters, spectrum and forces", thetas, of)
    return _fit_layout(figure, title, "bars: one standard error" if errors else "")


def _force_error_traces(force_errors: ForceErrors, looks: Mapping[str, Mark]) -> Iterator[go.Scatter]:
    for name, look in looks.items():
        found = force_errors.get(name, {})
        dots = {"size": 6, "color": look.color, "symbol": look.symbol}
        points = {"x": list(found), "y": list(found.values()), "name": name, "legendgroup": name}
        hover = f"%{{x}}: %{{y:.4g}} eV/Å<extra>{name}</extra>"
        yield go.Scatter(**points, mode="markers", marker=dots, hovertemplate=hover)


def _excess(force_errors: ForceErrors, looks: Mapping[str, Mark]) -> go.Scatter:
    """What each trajectory's force error grows by if it is left out of the fit: too little to be seen beside the errors."""
    name = next((each for each in force_errors if each.removesuffix(HELD_OUT) in {*force_errors} - {each}), "")
    fitted, found = force_errors.get(name.removesuffix(HELD_OUT), {}), force_errors.get(name, {})
    both = [key for key in found if key in fitted]
    dots = {"size": 6, "color": looks[name].color, "symbol": looks[name].symbol} if name else {}
    hover = "%{x}: %{y:+.3g} meV/Å<extra>held out − fitted</extra>"
    points = {"x": both, "y": [1e3 * (found[key] - fitted[key]) for key in both], "hovertemplate": hover}
    return go.Scatter(**points, mode="markers", marker=dots, name="held out − fitted")


def _fit_layout(figure: go.Figure, title: str, subtitle: str) -> go.Figure:
    figure.update_xaxes(title="direction, from stiff to soft", row=2, col=1)
    figure.update_yaxes(title="eigenvalue (scaled, no unit)", type="log", row=2, col=1)
    for column, words in ((2, "force RMSE, eV/Å"), (3, "difference, meV/Å")):
        figure.update_xaxes(title="trajectory", type="category", showticklabels=False, row=2, col=column)
        figure.update_yaxes(title=words, title_standoff=6, row=2, col=column)
    figure.update_yaxes(zeroline=True, zerolinecolor=REFERENCE, rangemode="tozero", row=2, col=3)
    figure.update_layout(scattermode="group")
    figure.update_annotations(font_size=13)
    return framed(figure, title=title, subtitle=subtitle, height=_HEIGHT)
