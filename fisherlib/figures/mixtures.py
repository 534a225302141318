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

    def draw(at: list[int], name: str, *, bars: bool, **more: object) -> None:
        found = np.column_stack([1e3 * choice.energy_error, choice.force_error])[at]
        hover = "%{text}<br>energies %{x:.4g} ± %{customdata[0]:.2g} meV/atom<br>forces %{y:.4g} ± %{customdata[1]:.2g} eV/Å"
        points = {"x": x[at], "y": y[at], "text": [texts[k] for k in at], "customdata": found, "name": name}
        for axis, error in zip("xy", found.T, strict=True):
            points[f"error_{axis}"] = {"array": error, "visible": bars, "thickness": 1, "width": 2}
        figure.add_scatter(**points, hovertemplate=f"{hover}<extra>{name}</extra>", **more)

    thin, small = {"color": color(0), "width": 1}, {"size": 6, "color": color(0)}
    draw([*range(len(x))], "J + κ KL", bars=False, mode="lines+markers", line=thin, marker=small)
    square = {"size": 12, "color": color(2), "symbol": "square"}
    draw([0], "θ_f, κ = 0", bars=True, mode="markers", marker=square)
    if choice.best:
        star = {"size": 14, "color": MARK, "symbol": "star"}
        draw([choice.best], f"chosen, κ = {choice.weight:g}", bars=True, mode="markers", marker=star)
    wide = x.max() > _WIDE * max(x.min(), np.finfo(float).tiny)
    figure.update_xaxes(title="held-out energy RMSE, meV/atom", type="log" if wide else "linear")
    figure.update_yaxes(title="held-out force RMSE, eV/Å")
    subtitle = f"{lines(choice.sentence)}<br>{100 * PRICE:g} % of the force error are paid where they halve that of energies; bars: one standard error"
    return framed(figure, title="What energies cost in forces", subtitle=subtitle, height=330)
