"""The one place that knows the quirks of plotly's FigureWidget."""

import plotly.graph_objects as go


class LiveFigure(go.FigureWidget):
    """A figure widget that fills its cell, keeps the camera through updates, and survives a reload of the page."""

    @classmethod
    def of(cls, figure: go.Figure) -> "LiveFigure":
        """A live figure that starts as ``figure``."""
        live = cls(figure)
        # Without these two a FigureWidget opens 700 px wide and ignores the size of its cell (plotly.py #5208).
        live._config = {**live._config, "responsive": True, "displaylogo": False}
        live.observe(lambda change: live.update_layout(autosize=True), "_view_count")
        return live

    def become(self, figure: go.Figure) -> None:
        """Show another figure with the same kinds of traces, in place, so that the camera stays where it was turned."""
        if [trace.type for trace in self.data] != [trace.type for trace in figure.data]:
            raise ValueError("figure: expected the same kinds of traces in the same order as shown")
        with self.batch_update():
            for shown, new in zip(self.data, figure.data, strict=True):
                values = new.to_plotly_json()
                values.pop("type")
                shown.update(values)
            self.layout.update(_without_camera(figure))
        # A FigureWidget inside a box sends its state only when it is made; this brings a reloaded page up to date.
        self._repr_mimebundle_()


def _without_camera(figure: go.Figure) -> dict:
    layout = figure.layout.to_plotly_json()
    layout.get("scene", {}).pop("camera", None)
    layout.pop("template", None)
    return layout
