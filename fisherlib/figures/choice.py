"""The choice of a regularisation strength: what three criteria say of every strength."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import kind
from ..dataset import Array
from ..validation import RidgeChoice
from .frame import color, faded, framed, lines

#: Errors up to so many times the least one are shown.
WORSE = 1.12


def strengths(choice: RidgeChoice) -> go.Figure:
    """Leave-one-trajectory-out error, generalised cross-validation and evidence over one axis of strengths.

    Args:
        choice: from ``validation.choose_strength``.
    """
    kind("choice", choice, RidgeChoice, "strengths(choose_strength(moments))")
    x = choice.strengths
    predicted = np.sqrt(choice.gcv)
    likelihood = choice.evidence
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.62, 0.38])
    band = np.r_[
        choice.cross_validation + choice.cross_validation_error,
        (choice.cross_validation - choice.cross_validation_error)[::-1],
    ]
    around = {"fill": "toself", "fillcolor": faded(color(0)), "line": {"width": 0}, "hoverinfo": "skip"}
    figure.add_scatter(
        x=np.r_[x, x[::-1]], y=band, name="± one standard error over trajectories", **around, row=1, col=1
    )
    for number, (name, y, row, unit) in enumerate(
        (
            ("cross-validation", choice.cross_validation, 1, "eV/Å"),
            ("GCV", predicted, 1, "eV/Å"),
            ("evidence", likelihood - likelihood.max(), 2, "nats"),
        )
    ):
        best = choice.best[name]
        line = {"color": color(number), "width": 2, "dash": ("solid", "dash", "dot")[number]}
        hover = f"λ %{{x:.3g}}: %{{y:.6g}} {unit}<extra>{name}</extra>"
        figure.add_scatter(
            x=x, y=y, mode="lines", line=line, name=f"{name}: best λ {best:.2g}", hovertemplate=hover, row=row, col=1
        )
        figure.add_vline(x=best, line=line | {"width": 1})
    figure.update_xaxes(type="log", exponentformat="power")
    figure.update_xaxes(title="strength λ, relative to the diagonal of T", row=2, col=1)
    figure.update_yaxes(title="held-out force RMSE, eV/Å", row=1, col=1)
    figure.update_yaxes(title="ln evidence − best", row=2, col=1)
    near = choice.cross_validation <= WORSE * choice.cross_validation.min()  # what a person may want to choose among
    shown = np.r_[choice.cross_validation[near], predicted[near]]
    figure.update_yaxes(range=_around(shown), row=1, col=1)
    found = [choice.verdict.message, *([choice.range.message] if choice.range.level != "ok" else [])]
    said = f"{'<br>'.join(map(lines, found))}<br>GCV and evidence have no bars: they take all rows for independent"
    figure.update_yaxes(range=_around((likelihood - likelihood.max())[near]), row=2, col=1)
    return framed(figure, title="How much regularisation", subtitle=said, height=420)


def _around(values: Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin
