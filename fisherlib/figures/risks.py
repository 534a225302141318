"""Risk against the strength of the prior, for several treatments of one linear model."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind, positive
from ..arguments.objects import named
from ..dataset import Array
from .style import REFERENCE, band, color, framed

if TYPE_CHECKING:
    from ..regression import Evidence
    from ..validation import Scores

_DASHES = ("solid", "dash", "dashdot", "dot")


def risks(
    curves: Mapping[str, "Scores | Evidence"], *, at: float | None = None, title: str = "Risk of each treatment"
) -> go.Figure:
    """Expected negative log-likelihood of a particle against λ̃ = λ/β, with the λ̃ that each treatment chooses.

    Of scores the curve is ½ ln(2πe risk) of held-out rows with a band of one standard error; of an evidence it is −ln p(y|λ̃)
    over the number of rows, which is of rows that were trained on. The lowest points may be compared, not the curves.

    Args:
        curves: treatment → ``validation.scores``, or ``regression.evidence``.
        at: λ̃ to be marked by a line.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but scores and evidences by name, none, one without a finite risk, or ``at`` ≤ 0.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(40, 2))
        >>> found = fl.regression.evidence(fl.Moments.from_rows(x, x @ [1.0, 2.0] + 0.3 * x[::-1, 0]))
        >>> figure = fl.figures.risks({"Bayes-Ridge": found})
        >>> np.allclose(figure.data[0].y, -found.log_evidence / 40)
        True
    """
    way = "risks({'MAP-Ridge': validation.scores(…), 'Bayes-Ridge': regression.evidence(moments)})"
    kind("curves", curves, Mapping, way)
    if not curves:
        raise ValueError(f"curves: expected at least one, got none; write {way}")
    figure, shown = go.Figure(), []
    for number, (name, found) in enumerate(curves.items()):
        x, y, bar = _curve(name, found)
        best = float(found.strength * found.rows)
        low, words = float(np.interp(np.log(best), np.log(x), y)), f"{name}: λ̃ {best:.4g}"
        entry = {"legendgroup": name, "hovertemplate": f"λ̃ %{{x:.3g}}: %{{y:.4f}} nats<extra>{name}</extra>"}
        if bar is not None and np.isfinite(bar).all():
            around = band(x, y - bar, y + bar, shade=color(number), name=name)
            figure.add_trace(around.update(legendgroup=name, showlegend=False))
        line = {"color": color(number), "width": 2, "dash": _DASHES[number % 4]}
        figure.add_scatter(x=x, y=y, mode="lines", name=words, line=line, **entry)
        dot = {"color": color(number), "size": 10, "line": {"color": "white", "width": 1}}
        figure.add_scatter(x=[best], y=[low], mode="markers", name=words, marker=dot, showlegend=False, **entry)
        shown.append((low, max(float(y[-1]), float(np.median(y)))))
    if at is not None:
        figure.add_vline(x=positive("at", at), line={"color": REFERENCE, "width": 1})
    low, high = min(s[0] for s in shown), max(s[1] for s in shown)
    margin = 0.08 * (high - low) or 0.1
    figure.update_xaxes(title="λ̃ = λ/β", type="log")
    figure.update_yaxes(title="negative log-likelihood, nats per particle", range=[low - margin, high + margin])
    said = "dots: chosen" + "; bands: one standard error over folds" * any(hasattr(f, "nll") for f in curves.values())
    said += "<br>evidence counts all rows as independent" * any(hasattr(f, "log_evidence") for f in curves.values())
    return framed(figure, title=title, subtitle=said, height=360)


def _curve(name: str, found: "Scores | Evidence") -> tuple[Array, Array, Array | None]:
    """λ̃ in ascending order, negative log-likelihood of a row where it is finite, and its standard error."""
    if hasattr(found, "log_evidence"):
        y, bar = -found.log_evidence / found.rows, None
    elif hasattr(found, "nll"):
        y, bar = found.nll, found.nll_error
    else:
        raise TypeError(f"curves: expected scores or an evidence as {name!r}, got {named(found)}")
    x = found.strengths * found.rows
    order = np.argsort(x, kind="stable")
    order = order[np.isfinite(y[order])]
    if not len(order):
        raise ValueError(f"curves: expected a finite risk at one strength at least, {name!r} has none")
    return x[order], y[order], None if bar is None else bar[order]
