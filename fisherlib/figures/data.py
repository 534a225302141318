"""What the data are, before any fit."""

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..dataset import Dataset
from ..units import counted
from .frame import FAINT, color, framed
from .style import PALETTE


def energies(data: Dataset, *, selected: str | None = None) -> go.Figure:
    """Energy per atom of every configuration, trajectory by trajectory: drifts and jumps show at once.

    Args:
        data: one line per trajectory.
        selected: key of the trajectory to draw thick, the others thin and grey; all in colour without it.

    Raises:
        KeyError: no trajectory of that key.
    """
    kind("data", data, Dataset, "energies(io.read(path))")
    chosen = None if selected is None else data[selected].key
    figure = go.Figure()
    start = 0
    for number, t in enumerate(data.values()):
        x = np.arange(start, start + len(t))
        line = {"width": 1.2, "color": color(number)}
        if chosen is not None:
            line = {"width": 2.4, "color": PALETTE[0]} if t.key == chosen else {"width": 0.8, "color": FAINT}
        figure.add_scatter(
            x=x,
            y=t.energies / t.n_atoms,
            customdata=x - start,
            mode="lines",
            name=t.key,
            hovertemplate=f"{t.key}, configuration %{{customdata}}: %{{y:.4f}} eV/atom<extra></extra>",
            line=line,
            zorder=1 if t.key == chosen else 0,
        )
        start += len(t)
    figure.update_xaxes(title="configuration, one trajectory after the other")
    figure.update_yaxes(title="energy, eV/atom")
    subtitle = counted(len(data), "trajectory") if chosen is None else f"thick: {chosen}; grey: the others"
    return framed(figure, title="Energies by trajectory", subtitle=subtitle, height=270, legend=False)
