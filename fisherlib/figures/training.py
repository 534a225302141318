"""The training of a neural potential, epoch by epoch."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from ..arguments import floats, kind
from .style import color, framed

#: Entries of a history that are losses, and those that are errors on what is held out, with the unit they are shown in.
LOSSES = ("loss", "validation loss")
ERRORS = {"validation force RMSE, eV/Å": (1e3, "meV/Å"), "validation energy RMSE, eV/atom": (1e3, "meV/atom")}


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
        if number:  # plotly would place its ticks at those of the first axis, which on a log axis are odd values
            figure.update_yaxes(tickmode="auto", showgrid=False, row=1, col=2, secondary_y=True)
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
