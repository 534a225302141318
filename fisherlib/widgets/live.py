"""The one place that knows the quirks of plotly's FigureWidget."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go

#: Parts of a layout that are lists: a shorter one must replace a longer one, not be merged into it.
LISTS = ("annotations", "shapes")
#: What a widget adds of its own, and keeps.
KEPT = ("uid", "autosize", "width")


class LiveFigure(go.FigureWidget):
    """A figure widget that fills its cell, keeps the camera through updates, and survives a reload of the page."""

    @classmethod
    def of(cls, figure: go.Figure | None = None) -> "LiveFigure":
        """A live figure that starts as ``figure``, or empty."""
        live = cls(figure or go.Figure())
        # Without these two a FigureWidget opens 700 px wide and ignores the size of its cell (plotly.py #5208). And
        # plotly offers by default to upload a figure to its makers' server.
        live._config = {**live._config, "responsive": True, "displaylogo": False, "showSendToCloud": False}
        live.observe(lambda change: live.update_layout(autosize=True), "_view_count")
        live._clicked: list[Callable[[float, float], None]] = []
        live._turned = None
        return live

    def on_point(self, callback: Callable[[float, float], None]) -> None:
        """Calls ``callback(x, y)`` when a point of a contour plot is clicked."""
        self._clicked.append(callback)
        self._listen()

    def become(self, figure: go.Figure) -> None:
        """Show another figure, in place, so that the camera stays where it was turned."""
        height = self.layout.height
        if camera := self.layout.to_plotly_json().get("scene", {}).get("camera"):
            self._turned = camera
        if [trace.type for trace in self.data] == [trace.type for trace in figure.data]:
            self._change(figure)
        else:
            self._replace(figure)
        if height != self.layout.height:
            # plotly.js takes a new height for a wish that the width shall stay as well, unless all three come together.
            self._send_relayout_msg({"autosize": True, "width": None, "height": self.layout.height})
        # A FigureWidget inside a box sends its state only when it is made; this brings a reloaded page up to date.
        self._repr_mimebundle_()

    def _change(self, figure: go.Figure) -> None:
        layout = _difference(self.layout.to_plotly_json(), self._layout_of(figure))
        with self.batch_update():
            for shown, new in zip(self.data, figure.data, strict=True):
                shown.update(_difference(shown.to_plotly_json(), new.to_plotly_json()))
            self.layout.update({name: layout.pop(name) for name in LISTS if name in layout}, overwrite=True)
            self.layout.update(layout)

    def _replace(self, figure: go.Figure) -> None:
        layout = self._layout_of(figure)
        gone = {name: None for name in self.layout.to_plotly_json() if name not in layout and name not in KEPT}
        self.data = []
        self.update_layout(gone | layout, overwrite=True)
        self.add_traces(figure.data)
        self._listen()

    def _layout_of(self, figure: go.Figure) -> dict:
        layout = figure.layout.to_plotly_json()
        for name in ("width", "autosize"):  # even empty ones would fix the width that the figure has now
            layout.pop(name, None)
        if "scene" in layout and self._turned:
            layout["scene"]["camera"] = self._turned
        return layout

    def _listen(self) -> None:
        for trace in self.data:
            if trace.type == "contour":
                trace.on_click(self._click)  # the callbacks of a trace are a list; the same one again replaces it

    def _click(self, trace: go.Contour, points: object, state: object) -> None:
        if points.xs:  # plotly calls every trace, and only the one that was hit has points
            for callback in self._clicked:
                callback(points.xs[0], points.ys[0])


def _difference(old: dict, new: dict) -> dict:
    """The entries of ``new`` that ``old`` has not, and None for those that are gone.

    plotly takes milliseconds for every property that it is given, changed or not, and a figure has hundreds.
    """
    changed = {name: None for name in old if name not in new and name not in KEPT}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := _difference(before, value):
                changed[name] = inner
        elif not _equal(before, value):
            changed[name] = value
    return changed


def _equal(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return a is not None and b is not None and np.array_equal(a, b)
    return a == b
