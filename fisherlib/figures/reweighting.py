"""What weights are worth, and free-energy differences between their bounds."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..reweighting import HEAVY, FreeEnergyDifference, effective_sample_size, pareto_k
from .frame import color, framed, lines, symbol
from .style import REFERENCE


def weights(log_weights: Mapping[str, ArrayLike]) -> go.Figure:
    """Share of the weight that the heaviest configurations carry: the diagonal where all weigh the same.

    Args:
        log_weights: name → (M,) ln w.

    Raises:
        ValueError: no weights, NaN among them, or all of them zero.
    """
    kind("log_weights", log_weights, Mapping, "weights({name: log_weights})")
    figure, shapes = go.Figure(), {name: pareto_k(values) for name, values in log_weights.items()}
    dotted = {"color": REFERENCE, "dash": "dot", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=dotted, hoverinfo="skip", name="all alike")
    for number, (name, values) in enumerate(log_weights.items()):
        log_w = np.sort(floats(f"log_weights of {name!r}", values))[::-1]
        w = np.exp(log_w - log_w[0])
        M, ess = len(w), effective_sample_size(log_w)
        figure.add_scatter(
            x=np.arange(M + 1) / M,
            y=np.r_[0.0, np.cumsum(w) / w.sum()],
            mode="lines",
            line={"color": color(number), "width": 2},
            name=f"{name}: ESS {ess:.1f} of {M}, Pareto k {_shape(shapes[name])}",
            hovertemplate=f"the heaviest %{{x:.1%}} carry %{{y:.1%}}<extra>{name}</extra>",
        )
    figure.update_xaxes(title="share of the configurations, heaviest first", tickformat=".0%")
    figure.update_yaxes(title="share of the weight", tickformat=".0%", range=[0, 1.02])
    said = (
        "ESS: effective sample size, the number of equal weights with the same variance<br>"
        "ESS itself has no bar: k says whether to believe it" + _too_small(shapes)
    )
    return framed(figure, title="What the weights are worth", subtitle=said, height=330)


def free_energies(differences: Mapping[str, FreeEnergyDifference], *, n_atoms: float) -> go.Figure:
    """Free-energy difference F_θ − F of each model below its upper Gibbs–Bogoliubov bound, with standard errors.

    Args:
        differences: name → estimate, eV.
        n_atoms: N; the figure shows meV per atom, from the mean of U_θ − U, which an energy offset shifts at will. The
            bars are of the differences from it.

    Raises:
        ValueError: a number of atoms that is not positive.
    """
    kind("differences", differences, Mapping, "free_energies({name: difference}, n_atoms=N)")
    if not (np.ndim(n_atoms) == 0 and np.isfinite(n_atoms) and n_atoms > 0):
        raise ValueError(f"n_atoms: expected one positive number, N of the configurations, got {n_atoms!r:.60}")
    figure = go.Figure()
    parts = {
        "⟨U_θ − U⟩ under the model: lower bound": ("lower", "lower_error_from_upper"),
        "ΔF by exponential averaging": ("value", "error_from_upper"),
        "second cumulant": ("second_cumulant", "second_cumulant_error_from_upper"),
    }
    for number, (name, (value, error)) in enumerate(parts.items()):
        y = [1e3 * (getattr(d, value) - d.upper) / n_atoms for d in differences.values()]
        bars = [1e3 * getattr(d, error) / n_atoms for d in differences.values()]
        figure.add_scatter(
            x=list(differences),
            y=y,
            error_y={"array": bars, "thickness": 1.2, "width": 4},
            customdata=bars,
            mode="markers",
            name=name,
            marker={"size": 9, "color": color(number), "symbol": symbol(number)},
            hovertemplate=f"%{{y:.3g}} ± %{{customdata:.2g}} meV/atom<extra>{name}</extra>",
        )
    figure.update_layout(scattermode="group")
    bound, dotted = "⟨U_θ − U⟩ under the truth: upper bound", {"color": REFERENCE, "dash": "dot", "width": 1}
    figure.add_hline(y=0, line=dotted, name=bound, showlegend=True)
    figure.update_yaxes(title="meV/atom, from ⟨U_θ − U⟩ under the truth")
    known = all(np.isfinite(d.error) for d in differences.values())
    said = (
        "bars: one standard error of the distance from the upper bound, jackknife over trajectories"
        if known
        else "no error bars: there is one trajectory"
    ) + _too_small({name: d.pareto_k for name, d in differences.items()})
    return framed(figure, title="Free-energy difference F<sub>θ</sub> − F", subtitle=said, height=330)


def _too_small(shapes: Mapping[str, float]) -> str:
    """A line of a subtitle on the models whose weights are too heavy for error bars; nothing when there are none."""
    heavy = [f"{name}: error bars too small: Pareto k {_shape(k)}" for name, k in shapes.items() if k > HEAVY]
    return "<br>" + lines("; ".join(heavy)) if heavy else ""


def _shape(k: float) -> str:
    """Pareto k in words."""
    return "unknown" if np.isnan(k) else "∞" if np.isinf(k) else f"{k:.2f}"
