"""A slider over frames, and a button that plays them; both work in a saved page."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

#: Milliseconds of a frame.
PACE = 700


def with_slider(figure: go.Figure, names: Sequence[str], *, prefix: str = "step ", active: int = -1) -> go.Figure:
    """The figure with a slider and a button to play, below its axes.

    Args:
        figure: with its frames; changed in place and returned.
        names: of the frames, in order.
        prefix: before the name of the frame that is shown.
        active: number of the frame that the figure begins with.
    """
    still: dict[str, Any] = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}}
    still["transition"] = {"duration": 0}
    steps = [{"method": "animate", "label": name, "args": [[name], still]} for name in names]
    playing = still | {"frame": {"duration": PACE, "redraw": True}, "fromcurrent": False}
    ways = {"▶": [None, playing], "❚❚": [[None], still]}
    buttons = [{"label": label, "method": "animate", "args": args} for label, args in ways.items()]
    place = {"yanchor": "top", "y": -0.16, "xanchor": "left", "x": 0}
    beside = {"l": 95, "r": 50, "t": 0}  # px: the buttons keep their width, and so does half of the last label
    value = {"prefix": prefix, "font": {"size": 13}}
    slider = {"steps": steps, "active": active % len(names), "currentvalue": value, "pad": beside} | place
    menu = {"type": "buttons", "direction": "left", "buttons": buttons, "pad": {"t": 0}, "showactive": False}
    figure.update_layout(sliders=[slider], updatemenus=[menu | place])
    return figure.update_layout(height=figure.layout.height + 110, margin_b=figure.layout.margin.b + 110)
