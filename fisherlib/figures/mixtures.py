"""The Pareto curve of held-out forces against held-out energies, for the weights of a mixture."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..validation import MixtureChoice
from ..validation.mixture import PRICE
from .style import REFERENCE, framed, marks_of, titled

#: Energies that differ by more than this factor are drawn on a logarithmic axis.
_WIDE = 10.0


def mixtures(choice: MixtureChoice, *, of: str = "", marks: Mapping[str, int] | None = None) -> go.Figure:
    """Force error against energy error on held-out trajectories, a point for each weight of KL.

    Args:
        choice: from ``validation.choose_mixture``.
        of: which data, for the title, such as ``study.label``.
        marks: name → number of the look of its model, as ``study.marks``.

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

    chosen = f"θ_f + {choice.weight:.3g} kl"  # its name among the models
    plain, mixed = marks_of(["θ_f", chosen], marks).values()
    thin, small = {"color": REFERENCE, "width": 1}, {"size": 6, "color": REFERENCE}
    draw([*range(len(x))], "J + κ KL", bars=False, mode="lines+markers", line=thin, marker=small)
    dot = {"size": 12, "color": plain.color, "symbol": plain.symbol}
    draw([0], "θ_f, κ = 0", bars=True, mode="markers", marker=dot)
    if choice.best:
        dot = {"size": 12, "color": mixed.color, "symbol": mixed.symbol}
        draw([choice.best], f"{chosen}, chosen", bars=True, mode="markers", marker=dot)
    wide = x.max() > _WIDE * max(x.min(), np.finfo(float).tiny)
    figure.update_xaxes(title="held-out energy RMSE, meV/atom", type="log" if wide else "linear")
    figure.update_yaxes(title="held-out force RMSE, eV/Å")
    price = f"{100 * PRICE:g} % of the force error are paid where they halve that of energies; bars: one standard error"
    subtitle = "<br>".join((choice.sentence, price))
    return framed(figure, title=titled("What energies cost in forces", of=of), subtitle=subtitle, height=330)
