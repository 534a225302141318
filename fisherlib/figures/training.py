"""The training of a neural potential, epoch by epoch, and that of a flow, look by look."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from ..dataset import Array
from .style import DOTTED, color, framed, symbol

#: Entries of a history that are losses, and those that are errors on what is held out, with the unit they are shown in.
LOSSES = ("loss", "validation loss")
ERRORS = {"validation force RMSE, eV/Å": (1e3, "meV/Å"), "validation energy RMSE, eV/atom": (1e3, "meV/atom")}

_ESS = "effective sample size"
#: Entries of a history, and what they are called here; the losses differ by unknown constants and have a panel each.
OF_FLOWS = {"example loss": "trained on", "validation loss": "held out", "energy loss": "by energy", _ESS: "ESS / n"}
PANELS = {
    "−⟨ln q⟩, nats": {"example loss", "validation loss"},
    "⟨u + ln q⟩ of draws, nats": {"energy loss"},
    "effective sample size / n": {_ESS},
}


def training(history: Mapping[str, ArrayLike]) -> go.Figure:
    """The loss in every epoch, and beside it the errors on what is held out; the best epoch is marked.

    Args:
        history: name → a number for each epoch, as ``neural.NeuralPotential.history`` has them.

    Raises:
        ValueError: no loss among them, or epochs that differ in number.

    Example:
        >>> import fisherlib as fl
        >>> figure = fl.figures.training({"loss": [1.0, 0.4, 0.3], "validation loss": [0.9, 0.5, 0.6]})
        >>> [trace.name for trace in figure.data]
        ['loss', 'validation loss', 'best epoch']
    """
    kind("history", history, Mapping, "training(neural.train(data).history)")
    curves = {name: floats(f"history of {name}", values) for name, values in history.items()}
    if "loss" not in curves or len({values.shape for values in curves.values()}) > 1 or not curves["loss"].size:
        raise ValueError(
            f"history: expected a loss and as many epochs for each name, got {', '.join(curves) or 'none'}"
        )
    errors = [name for name in ERRORS if name in curves]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.12, specs=[[{}, {"secondary_y": len(errors) > 1}]])
    epochs = np.arange(1, len(curves["loss"]) + 1)
    hover = "epoch %{x}: %{y:.4g}"
    for number, name in enumerate(each for each in LOSSES if each in curves):
        line = {"color": color(number)}
        extra = f"<extra>{name}</extra>"
        figure.add_scatter(x=epochs, y=curves[name], name=name, line=line, hovertemplate=hover + extra, row=1, col=1)
    best = int(np.argmin(curves.get("validation loss", curves["loss"])))
    for number, name in enumerate(errors):
        (factor, unit), words = ERRORS[name], name.partition(",")[0]
        style = {
            "name": words,
            "line": {"color": color(number + 2)},
            "hovertemplate": f"{hover} {unit}<extra>{words}</extra>",
        }
        figure.add_scatter(x=epochs, y=factor * curves[name], **style, row=1, col=2, secondary_y=bool(number))
        figure.update_yaxes(title=f"{words}, {unit}", type="log", row=1, col=2, secondary_y=bool(number))
        if number:
            figure.update_yaxes(showgrid=False, row=1, col=2, secondary_y=True)
    at = curves.get("validation loss", curves["loss"])[best]
    mark = {"color": color(1), "size": 10, "symbol": "diamond"}
    figure.add_scatter(x=epochs[[best]], y=[at], name="best epoch", mode="markers", marker=mark, row=1, col=1)
    figure.update_xaxes(title="epoch")
    figure.update_yaxes(title="loss, relative to forces and energies", type="log", row=1, col=1)
    subtitle = (
        f"the weights of epoch {best + 1} of {len(epochs)} are kept"
        if "validation loss" in curves
        else "nothing is held out"
    )
    return framed(figure, title="Training", subtitle=subtitle, height=380)


def flow_training(history: Mapping[str, ArrayLike], *, title: str = "Training of a flow") -> go.Figure:
    """Losses of a flow, and the effective sample size of its draws, at each look; the state that was kept is marked.

    Args:
        history: ``Flow.history``.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but a history, no steps, or entries that differ in number.

    Example:
        >>> import fisherlib as fl
        >>> looks = {"step": [0, 100, 200], "energy loss": [np.nan, 3.0, 1.0], "effective sample size": [0.1, 0.7, 0.9]}
        >>> [trace.name for trace in fl.figures.flow_training(looks | {"kept": [200]}).data]
        ['by energy', 'ESS / n']
    """
    kind("history", history, Mapping, "flow_training(flows.train(flow, target).history)")
    found = {name: floats(f"history of {name}", values) for name, values in history.items()}
    steps = found.get("step", np.empty(0))
    drawn = {name: y for name, y in found.items() if name in OF_FLOWS and np.isfinite(y).any()}
    if not len(steps) or not drawn or any(y.shape != steps.shape for y in drawn.values()):
        raise ValueError(f"history: expected steps and as many losses, got {', '.join(found) or 'none'}")
    panels = [title for title, names in PANELS.items() if names & drawn.keys()]
    figure = make_subplots(rows=1, cols=len(panels), horizontal_spacing=0.14)
    for number, (name, y) in enumerate(drawn.items()):
        column = next(k for k, title in enumerate(panels, 1) if name in PANELS[title])
        style: dict[str, Any] = {"line": {"color": color(number), "width": 2}, "mode": "lines+markers"}
        style |= {"marker": {"size": 4, "symbol": symbol(number)}, "name": OF_FLOWS[name]}
        there, hover = np.isfinite(y), f"step %{{x}}: %{{y:.4g}}<extra>{OF_FLOWS[name]}</extra>"
        figure.add_scatter(x=steps[there], y=y[there], **style, hovertemplate=hover, row=1, col=column)
    for kept in np.atleast_1d(found.get("kept", np.empty(0))):
        figure.add_vline(x=kept, line=DOTTED)
    figure.update_xaxes(title="step", range=[-0.02 * steps[-1], 1.02 * steps[-1] + 1])
    for column, panel in enumerate(panels, 1):
        of_draws = _ESS in PANELS[panel]
        span = [0, 1.03] if of_draws else _settled([y for name, y in drawn.items() if name in PANELS[panel]])
        figure.update_yaxes(title=panel, range=span, row=1, col=column)
    kept = f"dotted: the state that was kept, of step {found['kept'][0]:.0f}" if "kept" in found else ""
    return framed(figure, title=title, subtitle=kept, height=300)


def _settled(losses: list[Array]) -> list[float] | None:
    """A range for losses without the fall of the first looks, which would flatten all others."""
    late = [each[each.size // 6 :] for each in (y[np.isfinite(y)] for y in losses)]
    low, high = min(float(each.min()) for each in late), max(float(each.max()) for each in late)
    return [low - 0.1 * (high - low), high + 0.3 * (high - low)] if high > low else None
