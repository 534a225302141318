"""Loss landscapes with selectors of model, loss and plane."""

import functools
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from .. import figures
from ..landscapes import Landscape, Point
from ..progress import Progress
from ..study import Study
from .controls import Choose, number, row, slider, tick
from .live import LiveFigure, Picked
from .panel import Panel
from .states import LandscapeState

#: What was chosen, the surface, and the points on it.
Drawn = tuple[dict[str, Any], Landscape, dict[str, Point]]


class LandscapePanel(Panel):
    """Any loss around any model, as a surface to turn beside its contours and cross-sections.

    A click on the contours puts the cross-sections through that point.

    Args:
        study: data, moments and models.
        screen: as for ``Panel``.
        chosen: traits of ``LandscapeState`` to begin with, e.g. ``loss="force MAE"``, ``seed=3``.
    """

    state: LandscapeState

    def __init__(self, study: Study, *, screen: LiveFigure | None = None, **chosen: object) -> None:
        state = LandscapeState()
        controls = [
            row(Choose(state, "model", "Model"), Choose(state, "loss", "Loss"), Choose(state, "plane", "Plane")),
            row(
                Choose(state, "to", "To"),
                Choose(state, "third", "And"),
                Choose(state, "first", "First coefficient"),
                Choose(state, "second", "Second coefficient"),
                number(state, "seed", "Seed"),
            ),
            row(
                slider(state, "half_width", "Half-width", base=10, step=0.1, readout_format=".2g"),
                slider(state, "n", "Resolution", step=20),
                tick(state, "log", "Log colour"),
                tick(state, "marks", "Models and path"),
                number(state, "x", "Cut at x", step=0.1),
                number(state, "y", "Cut at y", step=0.1),
            ),
        ]
        super().__init__("landscape", state, controls, screen=screen)
        self._seed = controls[1].children[-1]
        self.figure.on_points(self._cut)
        self.use(study, **chosen)

    def use(self, study: Study, **chosen: object) -> None:
        """Switch to another study; choices that it also offers are kept."""
        self.forget()
        self._study = study
        self._seen: dict[str, Any] = {}
        self._under_way: dict[str, Any] = {}
        self._settling = True
        self.state.offer(model=study.atlas.models, loss=study.atlas.losses)
        self.begin(chosen)
        self._changed()

    def settle(self) -> None:
        """Offer what fits the model and the plane: other models, coefficients, a seed."""
        state, known = self.state, self._study.atlas
        state.offer(plane=known.planes(state.model))
        state.offer(to=known.through(state.model, state.plane))
        state.offer(third=known.through(state.model, state.plane, state.to))
        choice = known.choice(state.model, plane=state.plane)
        single = known.descriptors if choice.coefficients else ()
        state.offer(first=single)
        state.offer(second=[name for name in single if name != state.first])
        self._seed.layout.display = "none" if choice.seed is None else "flex"

    def redraw(self) -> None:
        """Draw the loss; long work shows a preview and its progress."""
        view, known = self.state.view(), self._study.atlas
        if self.work.busy and view == self._under_way:
            return  # only colours and cuts have changed, and they are read when the surface is drawn
        self._under_way = view
        try:
            what = known.work(view["model"], view["loss"])
        except Exception:  # a model of others; what is wrong is told when it is drawn
            what = f"drawing {view['model']}"
        at_once = view == self._seen or not what  # only colours and cuts have changed, or it is quick

        def surface(progress: Progress, *, preview: bool = False) -> Drawn:
            return view, *known(**view, preview=preview, progress=progress)

        def first(drawn: Drawn) -> None:
            if not drawn[1].error:
                self.show(self._figure(drawn))
                return
            if self.active:
                self.figure.become(self._figure(drawn))  # for now: who cancels goes back to what was shown before
            self.draw(what, surface, self._figure, at_once=False)

        if self.active:
            self.work.run(what, functools.partial(surface, preview=True), first, at_once=at_once, undo=self._back)

    def _figure(self, drawn: Any) -> go.Figure:
        view, surface, points = drawn
        if not surface.error:
            self._seen = view
        shown = points if self.state.marks else {}
        return figures.landscape(
            surface,
            shown,
            at=(self.state.x, self.state.y),
            log=self.state.log,
            around=view["model"],
            of=self._study.label,
            marks=self._study.marks,
        )

    def _cut(self, points: Sequence[Picked]) -> None:
        place = next((point for point in points if self.figure.data[point.trace].type == "contour"), None)
        if self.active and place is not None:
            self.begin({"x": float(f"{place.x:.4g}"), "y": float(f"{place.y:.4g}")})  # set both, then redraw once
            self._changed()
