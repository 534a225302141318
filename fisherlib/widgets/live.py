"""A figure in a page that is replaced as a whole; only the camera is kept."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import plotly.graph_objects as go
import traitlets
from plotly.offline import get_plotlyjs


class LiveFigure(anywidget.AnyWidget):
    """A plotly figure that fills its cell, keeps the camera through updates, and survives a reload of the page.

    Plotly's own ``FigureWidget`` sends only differences, so a new figure inherits what plotly.js guessed for the last
    one. Here the whole figure is sent and drawn afresh (``live.js``).

    Attributes:
        drawing: the figure as JSON, which a reloaded page shows again.
        camera: of the surfaces, as it was last turned; empty until then.
    """

    _esm = get_plotlyjs() + (Path(__file__).parent / "live.js").read_text(encoding="utf-8")
    drawing = traitlets.Unicode().tag(sync=True)
    camera = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        self._figure = go.Figure()
        self._clicked: list[Callable[[float, float], None]] = []
        super().__init__(_view_count=0)  # with None, the default, views are not counted
        self.on_msg(self._heard)
        self.observe(self._displayed, "_view_count")

    @classmethod
    def of(cls, figure: go.Figure | None = None) -> "LiveFigure":
        """A live figure that shows ``figure`` first, or nothing."""
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
        """The layout shown: that of plotly, not that of the widget's box."""
        return self._figure.layout

    def on_point(self, callback: Callable[[float, float], None]) -> None:
        """Call ``callback(x, y)`` when a point of a contour plot is clicked."""
        self._clicked.append(callback)

    def _displayed(self, change: Mapping[str, int | None]) -> None:
        # A page that is still loading misses updates, so send the state again.
        if (change["new"] or 0) > (change["old"] or 0):
            self.send_state("drawing")

    def _heard(self, widget: "LiveFigure", content: dict[str, Any], buffers: list[bytes]) -> None:
        for callback in self._clicked if "clicked" in content else []:
            callback(*content["clicked"])
