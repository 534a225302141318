"""The look of all figures: colours, title, margins, legend."""

import plotly.graph_objects as go

#: Okabe and Ito's colours, told apart by colour-blind readers too.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
REFERENCE = "#444444"
SCALE = "Viridis"
MARK = PALETTE[1]  # of points and paths on a landscape


def styled(figure: go.Figure, *, title: str, height: int, width: int | None = None) -> go.Figure:
    """Gives a figure the look of the house: colours, title in the upper left corner, legend below, size in pixels."""
    figure.update_layout(
        template="plotly_white",
        colorway=PALETTE,
        title={"text": title, "x": 0.01, "xanchor": "left", "yref": "container", "y": 0.98, "yanchor": "top"},
        height=height,
        width=width,
        margin={"l": 70, "r": 30, "t": 70, "b": 60},
        legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"},
    )
    return figure
