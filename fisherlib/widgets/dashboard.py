"""All explorers on one page: load, fit, compare, and look at the landscape of the same data."""

from html import escape

import ipywidgets

from ..potential import LinearPotential
from ..study import Study
from .compare import ComparePanel
from .fit import FitPanel
from .landscape import LandscapePanel
from .live import LiveFigure
from .load import LoadPanel
from .panel import Panel

TITLES = ("Load", "Fit", "Compare", "Landscape")


class Dashboard(ipywidgets.VBox):
    """The panels as pages over one figure; what one of them makes, the others use.

    Args:
        path: data file to begin with; the first one found without it.
        chosen: traits of ``LoadState`` to begin with.

    Attributes:
        load, fit, compare, landscape: the panels; the last three are there once data are loaded.
        figure: the figure they share.
    """

    def __init__(self, path: str = "", **chosen: object) -> None:
        self.figure = LiveFigure.of()
        self.pages = ipywidgets.ToggleButtons(options=TITLES, description="Page", style={"button_width": "110px"})
        self.fit: FitPanel | None = None
        self.compare: ComparePanel | None = None
        self.landscape: LandscapePanel | None = None
        # The figure stays where it is: a widget that is put into a box again gets a new view, and loses messages meanwhile.
        self._place = ipywidgets.VBox()
        self._about = ipywidgets.HTML()
        super().__init__([self.pages, self._about, self._place, self.figure])
        self.add_class("fisherlib-dashboard")
        self.load = LoadPanel(path, screen=self.figure, loaded=self._loaded, **chosen)
        self.pages.observe(lambda change: self._turn(), "value")
        self._turn()

    @property
    def page(self) -> Panel:
        """The panel that is open; Load until there are data."""
        return getattr(self, self.pages.value.lower()) or self.load

    def _turn(self) -> None:
        panel = self.page
        for other in self._panels():
            other.active = other is panel
        self._place.children = [panel]
        if panel is self.load and self.pages.value != TITLES[0]:
            self.load.work.say("Load a data file first.")
        panel.wake()

    def _panels(self) -> list[Panel]:
        return [panel for panel in (self.load, self.fit, self.compare, self.landscape) if panel is not None]

    def _loaded(self, study: Study) -> None:
        if self.fit is None:
            self.fit = FitPanel(study, screen=self.figure, added=self._add)
            self.compare = ComparePanel(study, screen=self.figure)
            self.landscape = LandscapePanel(study, screen=self.figure)
        else:
            for panel in (self.fit, self.compare, self.landscape):
                panel.use(study)
        facts = study.data.summary()
        known = [
            f"data: {facts.get('file', '')}",
            f"{facts['temperature, K']} K",
            f"{facts['configurations']} configurations",
        ]
        self._about.value = escape(" · ".join([*known, f"models: {', '.join(study.models)}"]))
        if self._place.children != (self.page,):  # it was asked for before there were data
            self._turn()

    def _add(self, model: LinearPotential) -> None:
        study = self.compare.study.with_model(model)  # with those that were added there
        for panel in (self.compare, self.landscape):
            panel.use(study)
        self.fit.work.say(f"{escape(model.name)} is among the models of Compare and Landscape now.")
