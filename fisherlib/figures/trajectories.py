"""Energies of the data, trajectory by trajectory."""

import numpy as np
import plotly.graph_objects as go

from ..arguments import kind
from ..dataset import Dataset
from ..units import counted
from .style import FAINT, NO_ENERGIES, PALETTE, blank, color, framed, titled


def energies(data: Dataset, *, selected: str | None = None, of: str = "") -> go.Figure:
    """Energy per atom of every configuration, trajectory by trajectory; shows drifts and jumps.

    Args:
        data: gives one line per trajectory.
        selected: key of a trajectory to draw thick, with the others thin and grey; by default all are in colour.
        of: which data, for the title, such as ``study.label``.

    Raises:
        KeyError: no trajectory of that key.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0], trajectories=3)
        >>> [line.name for line in fl.figures.energies(data).data]
        ['harmonic-0', 'harmonic-1', 'harmonic-2']
    """
    kind("data", data, Dataset, "energies(io.read(path))")
    chosen = None if selected is None else data[selected].key
    if not np.isfinite(data.energies).all():
        return blank(title=titled("Energies by trajectory", of=of), sentence=NO_ENERGIES)
    figure = go.Figure()
    start = 0
    for number, t in enumerate(data.values()):
        x = np.arange(start, start + len(t))
        line = {"width": 1.2, "color": color(number)}
        if chosen is not None:
            line = {"width": 2.4, "color": PALETTE[0]} if t.key == chosen else {"width": 0.8, "color": FAINT}
        curve = {"x": x, "y": t.energies / t.n_atoms, "customdata": x - start, "zorder": int(t.key == chosen)}
        hover = f"{t.key}, configuration %{{customdata}}: %{{y:.4f}} eV/atom<extra></extra>"
        figure.add_scatter(**curve, mode="lines", line=line, name=t.key, hovertemplate=hover)
        start += len(t)
    figure.update_xaxes(title="configuration, one trajectory after the other")
    figure.update_yaxes(title="energy, eV/atom")
    subtitle = counted(len(data), "trajectory") if chosen is None else f"thick: {chosen}; grey: the others"
    return framed(figure, title=titled("Energies by trajectory", of=of), subtitle=subtitle, height=270, legend=False)
