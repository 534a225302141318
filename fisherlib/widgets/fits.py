"""Saved fits side by side: how each was made, its held-out errors, and the front of forces against energies."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets
import plotly.graph_objects as go
import traitlets

from .. import figures
from ..descriptors import Descriptor, from_text
from ..descriptors.forecast import forecast
from ..potential import LinearPotential
from ..progress import Progress
from ..study import Study
from ..study.recipes import frames_of, saved_fit, scan, with_descriptor
from ..validation import SavedFit
from .controls import row
from .featuriser import Featuriser
from .fit_table import FitTable
from .live import LiveFigure, Picked
from .panel import EMPTY, Panel
from .states import Offered, State


class FitsState(State):
    """The fit that is open, and other descriptors to fit with."""

    chosen = Offered()
    descriptor = traitlets.Unicode()  # as from_text takes it


class FitsPanel(Panel):
    """A table of fits with their errors on trajectories held out, and the front of those that no other one beats in both.

    A click on a point or on the name of a fit opens it on all pages.

    Args:
        study: data, moments and models; each model is a fit.
        screen: as for ``Panel``.
        opened: called with the potential that a person opens.
        chosen: initial traits of ``FitsState``.

    Attributes:
        fits: name → saved fit, those of a scan and of other descriptors included.
        table: a row for each, whose header is a button.
    """

    state: FitsState

    def __init__(
        self,
        study: Study,
        *,
        screen: LiveFigure | None = None,
        opened: Callable[[LinearPotential], None] = lambda model: None,
        **chosen: object,
    ) -> None:
        state, self._opened = FitsState(), opened
        self.fits, self._models = dict[str, SavedFit](), dict[str, LinearPotential]()
        self.scan = ipywidgets.Button(description="Fit a scan", icon="search", layout={"width": "auto"})
        self.scan.tooltip = "A dozen ridges and weights of KL, each held out by whole trajectories; no data are read again but for the errors."
        self.scan.on_click(lambda _: self.fit_scan())
        self.featuriser, self.table = Featuriser(state, self._told), FitTable(self.pick)
        self._described = ipywidgets.HTML(
            "Fits with other descriptors of the same configurations, held out in the same folds:"
        )
        more = ipywidgets.VBox([self._described, self.featuriser])
        super().__init__("fits", state, [row(self.scan), self.table, more], screen=screen)
        self._frames: list[Any] = []
        state.observe(lambda change: self._fit_described(), "descriptor")
        self.figure.on_points(self._picked)
        self.use(study, **chosen)

    def use(self, study: Study, **chosen: object) -> None:
        """Switch to another study; what is known of fits to the same data is kept."""
        before = getattr(self, "_study", None)
        self.forget()
        if before is None or before.data is not study.data:
            self.fits, self._models, self._frames = {}, {}, frames_of(study.data)
            self.featuriser.layout.display = self._described.layout.display = "flex" if self._frames else "none"
            self.featuriser.tell()
        else:
            stale = [name for name, m in study.models.items() if self._models.get(name) not in (None, m)]
            self.fits = {name: fit for name, fit in self.fits.items() if name not in stale}
        self._study = study
        self._models |= study.models
        self.begin(chosen)
        self.redraw()

    def redraw(self) -> None:
        """Hold out trajectories for every fit whose errors are not known yet, and draw all."""
        study = self._study
        missing = [name for name in study.models if name not in self.fits]

        def task(progress: Progress) -> None:
            for k, name in enumerate(missing):
                progress(k, len(missing))
                self.fits[name] = saved_fit(study, name)

        self.draw("holding out trajectories", task, lambda _: self._figure(), at_once=not missing)

    def fit_scan(self) -> None:
        """Fit with a dozen weights, in the background; what is ready when it is cancelled stays."""
        study = self._study
        known = [dict(fit.weights) for fit in self.fits.values() if not fit.note]

        def task(progress: Progress) -> None:
            wanted = {name: weights for name, weights in scan(study).items() if weights not in known}
            for k, (name, weights) in enumerate(wanted.items()):
                progress(k, len(wanted))
                model = study.fit(**weights, name=name)[1]
                found = saved_fit(study.with_model(model), name)
                self._models[name], self.fits[name] = model, found

        self.work.run("fitting a scan", task, lambda _: self.show(self._figure()), undo=self._kept)

    def _kept(self) -> str:
        self.show(self._figure() if self.fits else EMPTY)
        return "Cancelled; the fits that were ready are kept."

    def _told(self, descriptor: Descriptor | None) -> str:
        """What other descriptors take, in a sentence."""
        if descriptor is None or not self._frames:
            return ""
        return f"{forecast(self._frames, descriptor)}."

    def _fit_described(self) -> None:
        if not self.state.descriptor:
            return
        study, descriptor = self._study, from_text(self.state.descriptor)

        def done(found: Sequence[SavedFit]) -> None:
            self.fits |= {fit.name: fit for fit in found}
            self.show(self._figure())

        task = lambda progress: with_descriptor(study, descriptor, progress=progress)  # noqa: E731
        self.work.run("computing descriptors", task, done, undo=self._kept)

    def _figure(self) -> go.Figure:
        self._settling = True
        self.state.offer(chosen=("", *self.fits))
        self._settling = False
        self.table.tell(list(self.fits.values()), chosen=self.state.chosen)
        label = str(self._study.label)
        return figures.front(list(self.fits.values()), marks=self._study.marks, of=label, chosen=self.state.chosen)

    def _picked(self, points: Sequence[Picked]) -> None:
        names = [self.figure.data[p.trace].name for p in points] if self.active else []
        if len(names) == 1 and names[0] in self.fits:
            self.pick(names[0])

    def pick(self, name: str) -> None:
        """Show a fit on all pages."""
        fit, model = self.fits[name], self._models.get(name)
        if model is None:
            self._ring(name)
            self.work.say(
                f"{escape(name)} has descriptors of its own (K = {fit.K}); the pages show models of the K = {self._study.data.K} "
                "that are loaded. To see it there, compute them on the page <b>Load</b>."
            )
            return
        self._opened(model)
        self._ring(name)
        self.work.say(f"{escape(name)} is shown on all pages now.")

    def _ring(self, name: str) -> None:
        self._settling = True
        self.state.chosen = name
        self._settling = False
        self.show(self._figure())
