"""The choice of a ridge strength by three criteria."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import kind
from ..dataset import Array
from ..validation import RidgeChoice
from .style import band, color, framed, power, titled

#: Shows errors up to this multiple of the smallest one.
WORSE = 1.12
_UNITS = ("eV/Å", "eV/Å", "nats")  # of the criteria


def strengths(choice: RidgeChoice, *, of: str = "") -> go.Figure:
    """Leave-one-trajectory-out error, generalised cross-validation and evidence against the strength.

    Args:
        choice: from ``validation.choose_strength``.
        of: which data, for the title, such as ``study.label``.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> choice = fl.validation.choose_strength(fl.accumulate(data))
        >>> fl.figures.strengths(choice).layout.title.text
        'How much regularisation'
    """
    kind("choice", choice, RidgeChoice, "strengths(choose_strength(moments))")
    x, errors, bar = choice.strengths, choice.cross_validation, choice.cross_validation_error
    evidence = choice.evidence - choice.evidence.max()
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.62, 0.38])
    around = band(x, errors - bar, errors + bar, shade=color(0), name="± one standard error over trajectories")
    figure.add_trace(around, row=1, col=1)
    criteria = {"cross-validation": errors, "GCV": np.sqrt(choice.gcv), "evidence": evidence}
    for number, ((name, y), unit, row) in enumerate(zip(criteria.items(), _UNITS, (1, 1, 2), strict=True)):
        best = choice.best[name]
        line = {"color": color(number), "width": 2, "dash": ("solid", "dash", "dot")[number]}
        curve = {
            "name": f"{name}{'' if number == 0 else ', no bar'}: best λ {power(best)}",
            "line": line,
            "mode": "lines",
        }
        hover = f"λ %{{x:.3g}}: %{{y:.6g}} {unit}<extra>{name}</extra>"
        figure.add_scatter(x=x, y=y, **curve, hovertemplate=hover, row=row, col=1)
        figure.add_vline(x=best, line=line | {"width": 1})
    near = errors <= WORSE * errors.min()  # the strengths worth choosing from
    shown = np.r_[errors[near], criteria["GCV"][near]]
    figure.update_xaxes(type="log")
    figure.update_xaxes(title="strength λ, relative to the diagonal of T", row=2, col=1)
    figure.update_yaxes(title="held-out force RMSE, eV/Å", range=_around(shown), row=1, col=1)
    figure.update_yaxes(title="ln evidence − best", range=_around(evidence[near]), row=2, col=1)
    said = choice.verdict if choice.range.level == "ok" else choice.range
    return framed(figure, title=titled("How much regularisation", of=of), subtitle=said.message, height=420)


def _around(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin
