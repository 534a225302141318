"""The result of a fit: spectrum of T, parameters with error bars, force error by trajectory."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import kind
from .style import REFERENCE, color, framed, known, power, symbol

ForceErrors = Mapping[str, Mapping[str, float]]
_HEIGHT = 680  # pixels, of the three panels of a fit


def spectrum(eigenvalues: ArrayLike, *, rank: int) -> go.Figure:
    """Eigenvalues of T from stiff to soft; those beyond the rank are not determined by the data.

    Args:
        eigenvalues: (K,) of T scaled to unit diagonal.
        rank: number of directions that are determined.


    Example:
        >>> import fisherlib as fl
        >>> determined, left_out = fl.figures.spectrum([1.5, 0.5, 1e-18], rank=2).data
        >>> len(determined.y), len(left_out.y)
        (2, 1)
    """
    kind("eigenvalues", eigenvalues, (Sequence, np.ndarray), "spectrum(solution.eigenvalues, rank=solution.rank)")
    figure = go.Figure(_spectrum_traces(eigenvalues, rank))
    figure.update_xaxes(title="direction, from stiff to soft")
    figure.update_yaxes(title="eigenvalue (scaled, no unit)", type="log", exponentformat="power")
    subtitle = f"rank {rank} of {np.size(eigenvalues)} directions of θ"
    return framed(figure, title="What the forces determine: spectrum of T", subtitle=subtitle, height=290)


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
) -> go.Figure:
    """Parameters side by side, descriptor by descriptor.

    Args:
        thetas: name → (K,).
        names: (K,) of the descriptors.
        scale: (K,) root-mean-square force descriptors; turns parameters into forces, which can be compared.
        errors: name → (K,) standard errors of θ, drawn as bars.

    Raises:
        ValueError: a name in ``errors`` is not in ``thetas``.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.coefficients({"θ": [1.0, 2.0]}, names=["a", "b"])
        >>> figure.data[0].x
        ('a', 'b')
    """
    kind("thetas", thetas, Mapping, "coefficients({name: theta}, names=data.descriptor_names)")
    figure = go.Figure(list(_coefficient_traces(thetas, names, scale, errors or {})))
    figure.update_xaxes(title="descriptor", tickangle=60, nticks=20)
    figure.update_yaxes(title=_coefficient_title(scale))
    subtitle = ""
    if errors is not None:
        none = "no error bars: they need ten independent blocks, by the scores of the fit to forces"
        subtitle = "bars: one standard error" if errors else none
    return framed(figure, title="Parameters", subtitle=subtitle, height=330).update_layout(scattermode="group")


def _coefficient_title(scale: ArrayLike | None) -> str:
    return "θ<sub>k</sub>" if scale is None else "θ<sub>k</sub> × rms Φ<sub>k</sub>, eV/Å"


def _coefficient_traces(
    thetas: Mapping[str, ArrayLike], names: Sequence[str], scale: ArrayLike | None, errors: Mapping[str, ArrayLike]
) -> Iterator[go.Scatter]:
    known("errors", list(errors), list(thetas))
    m = np.ones(len(names)) if scale is None else np.asarray(scale)
    unit = "" if scale is None else " eV/Å"
    for number, (name, theta) in enumerate(thetas.items()):
        if np.shape(theta) != (len(names),):
            raise ValueError(f"names: expected {np.size(theta)}, one per parameter of {name!r}, got {len(names)}")
        bars = np.asarray(errors.get(name, np.zeros(len(names)))) * m
        spread = " ± %{customdata:.2g}" if name in errors else ""
        points = {"x": list(names), "y": np.asarray(theta) * m, "customdata": bars, "name": name, "legendgroup": name}
        points["error_y"] = {"array": bars, "visible": name in errors, "thickness": 1, "width": 0}
        dots = {"size": 6, "color": color(number), "symbol": symbol(number)}
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
) -> go.Figure:
    """A fit at a glance: parameters, spectrum of T, and force error by trajectory.

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

    Raises:
        ValueError: a name in ``errors`` is not in ``thetas``, or a name in ``pooled`` is not drawn.

    Example:
        >>> import fisherlib as fl
        >>> errors = {"θ": {"walker-0": 0.1, "walker-1": 0.2}}
        >>> figure = fl.figures.fit({"θ": [1.0, 2.0]}, [1.5, 0.5], errors, names=["a", "b"], rank=2, condition=3.0)
        >>> len(figure.data)  # parameters, spectrum (two), force errors
        4
    """
    kind("thetas", thetas, Mapping, "fit({name: theta}, solution.eigenvalues, force_errors, …)")
    spectral = f"spectrum of T: ● determined, × left out<br>rank {rank} of {np.size(eigenvalues)}, condition {power(condition)}"
    models = list(dict.fromkeys([*thetas, *force_errors]))
    known("pooled", list(pooled or {}), models)
    figure = make_subplots(
        rows=2,
        cols=2,
        specs=[[{"colspan": 2}, None], [{}, {}]],
        row_heights=[0.5, 0.5],
        vertical_spacing=(110 + _room(names)) / _HEIGHT,
        horizontal_spacing=0.16,
        subplot_titles=["", spectral, "force error,<br>one mark per trajectory"],
    )
    figure.add_traces(list(_coefficient_traces(thetas, names, scale, errors or {})), rows=1, cols=1)
    figure.add_traces(_spectrum_traces(eigenvalues, rank), rows=2, cols=1)
    figure.add_traces(list(_force_error_traces(models, force_errors)), rows=2, cols=2)
    for trace in figure.data:  # one legend entry for each name
        trace.showlegend = trace.legendgroup is not None and (trace.xaxis == "x" or trace.name not in thetas)
        if pooled and trace.name in pooled:
            trace.name = f"{trace.name}: force RMSE {pooled[trace.name]:.4g} eV/Å"
    figure.update_xaxes(title="descriptor", tickangle=60, nticks=20, showticklabels=_room(names) > 0, row=1, col=1)
    figure.update_yaxes(title=_coefficient_title(scale), row=1, col=1)
    return _fit_layout(figure, "bars: one standard error" if errors else "")


def _room(names: Sequence[str]) -> int:
    """Pixels for names below an axis, at 60°; long names are shown on hovering only."""
    longest = max(map(len, names))
    return 6 * longest if longest <= 24 else 0


def _force_error_traces(models: Sequence[str], force_errors: ForceErrors) -> Iterator[go.Scatter]:
    for number, name in enumerate(models):
        found = force_errors.get(name, {})
        dots = {"size": 6, "color": color(number), "symbol": symbol(number)}
        points = {"x": list(found), "y": list(found.values()), "name": name, "legendgroup": name}
        hover = f"%{{x}}: %{{y:.4g}} eV/Å<extra>{name}</extra>"
        yield go.Scatter(**points, mode="markers", marker=dots, hovertemplate=hover)


def _fit_layout(figure: go.Figure, subtitle: str) -> go.Figure:
    figure.update_xaxes(title="direction, from stiff to soft", row=2, col=1)
    figure.update_yaxes(title="eigenvalue (scaled, no unit)", type="log", exponentformat="power", row=2, col=1)
    figure.update_xaxes(title="trajectory", type="category", showticklabels=False, row=2, col=2)
    figure.update_yaxes(title="force RMSE, eV/Å", rangemode="tozero", row=2, col=2)
    figure.update_layout(scattermode="group")
    figure.update_annotations(font_size=13)
    return framed(figure, title="The fit: parameters, spectrum, forces", subtitle=subtitle, height=_HEIGHT)
