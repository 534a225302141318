"""Force errors by class of atoms, as a figure and as a table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import each
from ..comparison import ClassErrors
from .html import Table
from .style import framed, marks_of

_WAY = "[comparison.errors_by(model, data, 'element')]"


def errors_by_class(found: Sequence[ClassErrors], *, marks: Mapping[str, int] | None = None, of: str = "") -> go.Figure:
    """Force RMSE and angle between true and model forces of each class, one mark a model.

    Args:
        found: of the models, with the same classes.
        marks: number of each model's colour, from ``study.marks``.
        of: which data, for the title.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0], trajectories=12))
        >>> found = [fl.comparison.errors_by(m, study.data, "force magnitude") for m in study.models.values()]
        >>> len(fl.figures.errors_by_class(found, marks=study.marks).data)
        6
    """
    found = _of_one_kind(found)
    looks, first = marks_of([c.name for c in found], marks), found[0]
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    for c in found:
        look = looks[c.name]
        marker = {"color": look.color, "symbol": look.symbol, "size": 8}
        common = {"x": list(c.classes), "mode": "markers", "marker": marker, "name": c.name, "legendgroup": c.name}
        hover = "%{x}<br>%{y:.4g}<br>%{customdata} atoms<extra>" + c.name + "</extra>"
        shown = common | {"customdata": c.atoms, "hovertemplate": hover}
        figure.add_scatter(**shown, y=c.rmse, error_y=_bars(c.rmse_error), row=1, col=1)
        figure.add_scatter(**shown, y=c.angle, error_y=_bars(_of_angle(c)), showlegend=False, row=2, col=1)
    figure.update_xaxes(type="category")
    words = {"force magnitude": "magnitude of the true force, eV/Å", "own classes": "class of atoms"}
    figure.update_xaxes(title=words.get(first.by, first.by), row=2, col=1)
    figure.update_yaxes(title="force RMSE, eV/Å", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title="angle, degrees", rangemode="tozero", row=2, col=1)
    figure.update_layout(scattermode="group")
    title = f"Force errors by {first.by}{f', {of}' if of else ''}"
    bars = (
        "bars: standard errors over trajectories"
        if np.isfinite(first.rmse_error).any()
        else "no error bars: too few trajectories hold a class"
    )
    subtitle = f"{bars}; angles of forces above {first.threshold:g} eV/Å, weighted by |F|"
    return framed(figure, title=title, subtitle=subtitle, height=370)


def table(found: Sequence[ClassErrors]) -> pd.DataFrame:
    """One row for each class of each model.

    Args:
        found: of the models, with the same classes.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> found = fl.comparison.errors_by(study.models["θ_f"], study.data, "trajectory")
        >>> fl.tables.errors_by_class([found])["atoms"].tolist()[:2]
        [200, 200]
    """
    rows = {}
    for c in _of_one_kind(found):
        for k, name in enumerate(c.classes):
            rows[c.name, name] = {
                "atoms": c.atoms[k],
                "force RMSE, eV/Å": _measured(c.rmse[k], c.rmse_error[k]),
                "in units of |F|": f"{c.relative[k]:.3f}",
                "mean cosine": _measured(c.cosine[k], c.cosine_error[k], 5),
                "angle, degrees": f"{c.angle[k]:.1f}" if np.isfinite(c.angle[k]) else "",
            }
    return Table(pd.DataFrame.from_dict(rows, orient="index").rename_axis(["model", found[0].by]))


def _of_one_kind(found: Sequence[ClassErrors]) -> Sequence[ClassErrors]:
    found = each("found", found, ClassErrors, _WAY)
    if any(c.classes != found[0].classes or c.by != found[0].by for c in found):
        raise ValueError("found: expected errors by the same classes of the same data, got others")
    return found


def _bars(error: np.ndarray) -> dict[str, object]:
    return {"type": "data", "array": error, "thickness": 1.2, "width": 4, "visible": bool(np.isfinite(error).any())}


def _of_angle(c: ClassErrors) -> np.ndarray:
    """Standard error of the angle, degrees, from that of its cosine: dα = d(cos α)/sin α."""
    sine = np.sqrt(np.clip(1.0 - c.cosine**2, 0.0, None))
    return np.degrees(np.divide(c.cosine_error, sine, out=np.full_like(sine, np.nan), where=sine > 0))


def _measured(value: float, error: float, digits: int = 4) -> str:
    if not np.isfinite(value):
        return ""
    return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if np.isfinite(error) else "")
