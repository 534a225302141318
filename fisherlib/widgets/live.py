"""A figure in a page that becomes another one, with nothing left of the first but the camera."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import plotly.graph_objects as go
import traitlets
from plotly.offline import get_plotlyjs


class LiveFigure(anywidget.AnyWidget):
    """A plotly figure that fills its cell, keeps the camera through updates, and survives a reload of the page.

    Plotly's own ``FigureWidget`` sends only what differs from what it believes to be in the page, so that a figure
    inherits what plotly.js guessed for another one. Here a figure is sent as a whole and drawn from nothing (``live.js``).

    Attributes:
        drawing: the figure as JSON; what a page shows, also one that is loaded again.
        camera: of the surfaces, where it was turned last; empty until then.
    """

    _esm = get_plotlyjs() + (Path(__file__).parent / "live.js").read_text(encoding="utf-8")
    drawing = traitlets.Unicode().tag(sync=True)
    camera = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        self._figure, self._clicked = go.Figure(), []
        super().__init__(_view_count=0)  # None, the default, would mean that nobody counts
        self.on_msg(self._heard)
        self.observe(self._displayed, "_view_count")

    @classmethod
    def of(cls, figure: go.Figure | None = None) -> "LiveFigure":
        """A live figure that starts as ``figure``, or empty."""
        live = cls()
        live.become(figure or go.Figure())
        return live

    def become(self, figure: go.Figure) -> None:
        """Show another figure."""
        self._figure, self.drawing = figure, figure.to_json()

    @property
    def data(self) -> tuple[Any, ...]:
        """The traces shown."""
        return self._figure.data

    @property
    def layout(self) -> go.Layout:
        """The layout shown: plotly's, which takes the place of that of a widget's box."""
        return self._figure.layout

    def on_point(self, callback: Callable[[float, float], None]) -> None:
        """Calls ``callback(x, y)`` when a point of a contour plot is clicked."""
        self._clicked.append(callback)

    def _displayed(self, change: Mapping[str, int | None]) -> None:
        # What changes while a page opens, between its look at the widgets and its ears, never reaches it.
        if (change["new"] or 0) > (change["old"] or 0):
            self.send_state("drawing")

    def _heard(self, widget: "LiveFigure", content: dict[str, Any], buffers: list[bytes]) -> None:
        for callback in self._clicked if "clicked" in content else []:
            callback(*content["clicked"])
