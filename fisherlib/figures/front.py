"""Saved fits by their held-out errors of forces and energies, with the front of those that no other one beats in both."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from ..arguments import each
from ..validation import SavedFit
from ..validation import front as unbeaten_fits
from .style import REFERENCE, framed, marks_of, titled

#: Errors that differ by more than this factor are drawn on a logarithmic axis.
_WIDE = 10.0


def front(
    fits: Sequence[SavedFit], *, marks: Mapping[str, int] | None = None, of: str = "", chosen: str = ""
) -> go.Figure:
    """Force RMSE against the spread of energies on held-out trajectories, a point for each fit, and the front as a staircase.

    Args:
        fits: at least one, with different names.
        marks: name → number of the look of its model, as ``study.marks``.
        of: which data, for the title, such as ``study.label``.
        chosen: name of the fit that is ringed.

    Raises:
        TypeError: anything but saved fits.
        ValueError: no fit, or a name twice.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> fits = [fl.validation.SavedFit(name="θ_f", errors=study.held_out(fl.regression.fisher_fit), K=2)]
        >>> [trace.name for trace in fl.figures.front(fits).data]
        ['front', 'θ_f']
    """
    fits = each("fits", fits, SavedFit, "front([validation.SavedFit(…), …])")
    names = [fit.name for fit in fits]
    if not fits or len(set(names)) < len(names):
        raise ValueError(f"fits: expected some of different names, got {', '.join(names) or 'none'}")
    energies = all(fit.errors.has_energies for fit in fits)
    looks, figure = marks_of(names, marks), go.Figure()
    best = unbeaten_fits(fits) if energies else []
    if best:
        x, y = zip(*map(_point, best), strict=True)
        line = {"color": REFERENCE, "width": 1.5, "shape": "hv"}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, name="front", hoverinfo="skip")
    for fit in fits:
        figure.add_trace(_trace(fit, looks[fit.name].color, looks[fit.name].symbol, energies, fit.name == chosen))
    xs, ys = np.array([_point(fit) for fit in fits]).T
    figure.update_xaxes(
        title="held-out energy spread, meV/atom" if energies else "", type=_axis(xs) if energies else "category"
    )
    figure.update_yaxes(title="held-out force RMSE, eV/Å", type=_axis(ys))
    beaten = f"line: the {len(best)} that no other fit beats in both" if best else "no energies to compare"
    subtitle = f"whole trajectories held out; bars: one standard error; {beaten}"
    return framed(figure, title=titled("Fits side by side", of=of), subtitle=subtitle, height=400)


def _point(fit: SavedFit) -> tuple[float, float]:
    """Spread in meV/atom and force RMSE in eV/Å."""
    return 1e3 * fit.value("energy_spread")[0], fit.value("force_rmse")[0]


def _trace(fit: SavedFit, color: str, symbol: str, energies: bool, chosen: bool) -> go.Scatter:
    (x, y), bars = _point(fit), (1e3 * fit.value("energy_spread")[1], fit.value("force_rmse")[1])
    shift, bar = (1e3 * value for value in fit.value("energy_shift"))
    said = [f"{fit.name}<br>forces {y:.4g} ± {bars[1]:.2g} eV/Å"]
    if energies:
        said += [f"spread {x:.3g} ± {bars[0]:.2g} meV/atom", f"shift {shift:.3g} ± {bar:.2g} meV/atom"]
    said += [f"{fit.descriptor} K = {fit.K}".strip(), *([fit.note] if fit.note else [])]
    around = {"color": REFERENCE, "width": 3 if chosen else 0}
    marker = {"color": color, "symbol": symbol, "size": 15 if chosen else 10, "line": around}
    error = {"thickness": 1, "width": 2}
    return go.Scatter(
        x=[x if energies else fit.name],
        y=[y],
        error_x={"array": [bars[0]], "visible": energies, **error},
        error_y={"array": [bars[1]], **error},
        mode="markers",
        marker=marker,
        name=fit.name,
        text=[fit.name],
        hovertemplate="<br>".join(said) + "<extra></extra>",
    )


def _axis(values: np.ndarray) -> str:
    known = values[np.isfinite(values)]
    return "log" if len(known) and known.min() > 0 and known.max() > _WIDE * known.min() else "linear"
