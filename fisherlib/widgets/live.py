"""A figure in a page that is replaced as a whole; only the camera is kept."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, NamedTuple

import plotly.graph_objects as go
import traitlets
from plotly.offline import get_plotlyjs

from .patient import Patient, script

#: Fits a figure to a page; the report's page has it too.
ADAPT = resources.files("fisherlib.figures").joinpath("adapt.js").read_text(encoding="utf-8")


class Picked(NamedTuple):
    """A point that a person chose: the number of its trace, its number in the trace (None on a grid), and its place."""

    trace: int
    point: int | None
    x: float | str
    y: float | str


#: In place of plotly.js, five megabytes, in a notebook that is executed with nobody at it.
UNSEEN = "export default { render: ({ el }) => { el.textContent = 'Run this cell again to see its figure.'; } };"


def _watched() -> bool:
    """Whether somebody may look at what is displayed; papermill and nbconvert allow no input, Voilà says who it is."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    asks = getattr(getattr(shell, "kernel", None), "_allow_stdin", True)
    return asks or any(name.startswith("VOILA_") for name in os.environ)


class LiveFigure(Patient):
    """A plotly figure that fills its cell, keeps the camera through updates, and survives a reload of the page.

    It follows the theme and the width of the page, and has buttons to save it (``adapt.js`` of the figures).

    Plotly's own ``FigureWidget`` sends only differences, so a new figure inherits what plotly.js guessed for the last
    one. Here the whole figure is sent and drawn afresh (``live.js``).

    Attributes:
        drawing: the figure as JSON, which a reloaded page shows again.
        camera: of the surfaces, as it was last turned; empty until then.
    """

    _esm = get_plotlyjs() + ADAPT + script("live.js")
    drawing = traitlets.Unicode().tag(sync=True)
    camera = traitlets.Dict().tag(sync=True)

    def __init__(self) -> None:
        if not _watched():
            self._esm = UNSEEN
        self._figure = go.Figure()
        self._picked: list[Callable[[Sequence[Picked]], None]] = []
        super().__init__(_view_count=0)  # with None, the default, views are not counted
        self.add_class("fisherlib-figure")  # from the first: a page that is still loading misses it later
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

    def on_points(self, callback: Callable[[Sequence["Picked"]], None]) -> None:
        """Call ``callback(points)`` when a person clicks a point, or draws a lasso or a box around several."""
        self._picked.append(callback)

    def _displayed(self, change: Mapping[str, int | None]) -> None:
        # A page that is still loading misses updates, so send the state again.
        if (change["new"] or 0) > (change["old"] or 0):
            self.send_state("drawing")

    def _heard(self, widget: "LiveFigure", content: dict[str, Any], buffers: list[bytes]) -> None:
        if "picked" in content:
            # Others are of an earlier figure.
            points = [Picked(*point) for point in content["picked"] if point[0] < len(self.data)]
            for callback in self._picked:
                callback(points)
