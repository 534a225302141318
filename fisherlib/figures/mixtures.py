"""The Pareto curve of held-out forces against held-out energies, for the weights of a mixture."""

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..validation import MixtureChoice
from ..validation.mixture import PRICE
from .style import MARK, color, framed, lines

#: Energies that differ by more than this factor are drawn on a logarithmic axis.
_WIDE = 10.0


def mixtures(choice: MixtureChoice) -> go.Figure:
    """Force error against energy error on held-out trajectories, a point for each weight of KL.

    Args:
        choice: from ``validation.choose_mixture``.

    Example:
        >>> import fisherlib as fl
        >>> choice = fl.validation.choose_mixture(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), [0.1, 1.0])
        >>> [trace.name for trace in fl.figures.mixtures(choice).data]
        ['J + κ KL', 'θ_f, κ = 0']
    """
    kind("choice", choice, MixtureChoice, "mixtures(choose_mixture(moments))")
    x, y = 1e3 * choice.energy_rmse, choice.force_rmse
    texts = [f"κ = {weight:g} 1/Å²" for weight in choice.weights.tolist()]
    figure = go.Figure()

    def draw(at: slice | list[int], name: str, **more: object) -> None:
        bars = {"thickness": 1, "width": 2}
        errors = {"error_x": {"array": 1e3 * choice.energy_error[at], **bars}}
        errors |= {"error_y": {"array": choice.force_error[at], **bars}}
        hover = f"%{{text}}<br>energies %{{x:.4g}} ± %{{error_x.array:.2g}} meV/atom<br>forces %{{y:.4g}} eV/Å<extra>{name}</extra>"
        points = {"x": x[at], "y": y[at], "text": np.array(texts)[at].tolist(), "hovertemplate": hover}
        figure.add_scatter(**points, **errors, name=name, **more)

    line = {"color": color(0), "width": 1}
    draw(slice(None), "J + κ KL", mode="lines+markers", line=line, marker={"size": 6, "color": color(0)})
    draw([0], "θ_f, κ = 0", mode="markers", marker={"size": 12, "color": color(2), "symbol": "square"})
    if choice.best:
        draw(
            [choice.best],
            f"chosen, κ = {choice.weight:g}",
            mode="markers",
            marker={"size": 14, "color": MARK, "symbol": "star"},
        )
    wide = x.max() > _WIDE * max(x.min(), np.finfo(float).tiny)
    figure.update_xaxes(title="held-out energy RMSE, meV/atom", type="log" if wide else "linear")
    figure.update_yaxes(title="held-out force RMSE, eV/Å")
    subtitle = (
        f"{lines(choice.sentence)}<br>{100 * PRICE:g} % of the force error are paid where they halve that of energies"
    )
    return framed(figure, title="What energies cost in forces", subtitle=subtitle, height=330)
