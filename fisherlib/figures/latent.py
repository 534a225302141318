"""What a flow does to space: grid lines bent by its map, with a slider over training."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..arguments import kind
from .density import SHADES, Plane, contours
from .film import with_slider
from .style import DOTTED, FAINT, PALETTE, framed

if TYPE_CHECKING:  # the guest needs libraries that figures do without
    from ..flows import Grid

#: Colours of the two families of grid lines.
FAMILIES = (PALETTE[1], PALETTE[2])


def latent_grid(
    grids: Mapping[str, "Grid"], surface: Plane, *, title: str = "What the flow does to space"
) -> go.Figure:
    """Grid lines of latent space among configurations, and those of configurations in latent space; a slider over training.

    The figure begins with the last grid; the slider works in a saved page, too.

    Args:
        grids: step of the training, for the slider → lines, from ``flows.grid``.
        surface: u, as for ``density``.
        title: of the figure.

    Raises:
        TypeError, ValueError: anything but grids by name, no grids, or points that are no square grid.

    Example:
        >>> import fisherlib as fl
        >>> well = fl.systems.TiltedDoubleWell()
        >>> lines = fl.flows.grid(fl.flows.real_nvp(2, layers=2, width=4), well, well.bounds)
        >>> surface = fl.systems.quadrature(well, well.bounds, points=60)
        >>> figure = fl.figures.latent_grid({"0": lines, "100": lines}, surface)
        >>> len(figure.frames), figure.layout.sliders[0].steps[1].label
        (2, '100')
    """
    kind("grids", grids, Mapping, "latent_grid({'0': flows.grid(flow, target, bounds)}, surface)")
    if not grids or not all(hasattr(each, "bent") for each in grids.values()):
        names = ", ".join(type(each).__name__ for each in grids.values())
        raise ValueError(f"grids: expected a grid of flows.grid for each step, got {names or 'none'}")
    background, *ranges = contours(surface)
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.13, subplot_titles=["configurations", "latent space"])
    figure.add_trace(background.update(showscale=False), row=1, col=1)
    last = _drawn(list(grids.values())[-1])
    figure.add_traces(last, rows=[1] * 5, cols=[2, 1, 1, 2, 2])
    angle = np.linspace(0, 2 * np.pi, 73)
    rings = np.concatenate([np.r_[[[np.nan] * 2], r * np.c_[np.cos(angle), np.sin(angle)]] for r in (1, 2, 3)])
    circles = {"line": DOTTED, "name": "|z| = 1, 2, 3", "hoverinfo": "skip", "mode": "lines"}
    figure.add_scatter(x=rings[:, 0], y=rings[:, 1], **circles, row=1, col=2)
    moved = list(range(1, 6))
    figure.frames = [go.Frame(name=name, data=_drawn(each), traces=moved) for name, each in grids.items()]
    far = float(next(iter(grids.values())).z[-1])
    for column, (letter, span) in enumerate((("x", ranges), ("z", [[-far, far]] * 2)), 1):
        figure.update_xaxes(title=f"{letter}₁", range=span[0], row=1, col=column)
        figure.update_yaxes(title=f"{letter}₂", range=span[1], row=1, col=column)
    subtitle = "left: lines of constant z₁ and z₂, over u; right: lines of constant x₁ and x₂,"
    subtitle += "<br>over u(x(z)) − ln|∂x/∂z|, which has circles for a perfect flow; contours 1 kT apart"
    framed(figure, title=title, subtitle=subtitle, height=400, above=24)
    return with_slider(figure, list(grids)) if len(grids) > 1 else figure


def _drawn(grid: "Grid") -> list[go.Contour | go.Scatter]:
    """What changes from frame to frame, in single precision to keep a page small."""
    style = {
        "contours": {"start": 0, "end": 10, "size": 1},
        "line": {"width": 0.5, "color": FAINT},
        "hoverinfo": "skip",
    }
    shown = {"colorscale": SHADES, "zmin": 0, "zmax": 10, "showscale": False, "name": "u in latent space"}
    z, u = grid.z.astype(np.float32), np.minimum(grid.energies, 20.0).astype(np.float32)
    traces: list[go.Contour | go.Scatter] = [go.Contour(x=z, y=z, z=u, **style, **shown)]
    for side, families in (("z", grid.bent), ("x", grid.seen)):
        for number, (line, shade) in enumerate(zip(families.astype(np.float32), FAMILIES, strict=True), 1):
            name = "first" if number == 1 else "second"
            entry = {"name": f"{name} coordinate constant", "legendgroup": str(number), "showlegend": side == "z"}
            look = {"mode": "lines", "line": {"color": shade, "width": 1}, "hoverinfo": "skip"}
            traces.append(go.Scatter(x=line[:, 0], y=line[:, 1], **entry, **look))
    return traces
