"""All explorers on one page: load, fit, compare, and look at the landscape of the same data."""

from html import escape

import ipywidgets

from ..potential import LinearPotential
from ..study import Study
from .compare import ComparePanel
from .fit import FitPanel
from .heartbeat import Heartbeat
from .landscape import LandscapePanel
from .live import LiveFigure
from .load import EMPTY, LoadPanel
from .panel import Panel
from .reading import Subject

TITLES = ("Load", "Fit", "Compare", "Landscape")


class Dashboard(ipywidgets.VBox):
    """The panels as pages over one figure; what one of them makes, the others use.

    What the pages speak of is decided in one place, ``load.subject``: all of them show its study, or all say why there is
    none.

    Args:
        path: data file to begin with; the first one found without it.
        chosen: traits of ``LoadState`` to begin with.

    Attributes:
        load, fit, compare, landscape: the panels; the last three are there once data are loaded.
        figure: the figure they share.
        heartbeat: says so when the kernel is gone.
    """

    def __init__(self, path: str = "", **chosen: object) -> None:
        self.figure, self.heartbeat = LiveFigure.of(), Heartbeat()
        self.pages = ipywidgets.ToggleButtons(options=TITLES, description="Page", style={"button_width": "110px"})
        self.fit: FitPanel | None = None
        self.compare: ComparePanel | None = None
        self.landscape: LandscapePanel | None = None
        self._study: Study | None = None
        self.nothing = ipywidgets.HTML()
        # The figure stays where it is: a widget that is put into a box again gets a new view, and loses messages meanwhile.
        self._place = ipywidgets.VBox()
        self._about = ipywidgets.HTML()
        super().__init__([self.heartbeat, self.pages, self._about, self._place, self.figure])
        self.add_class("fisherlib-dashboard")
        self.load = LoadPanel(path, screen=self.figure, **chosen)
        self.load.observe(lambda change: self._follow(), "subject")
        self.pages.observe(lambda change: self._turn(), "value")
        self._follow()

    @property
    def page(self) -> Panel | ipywidgets.HTML:
        """What is open: a panel, or the line that says why there is nothing to show."""
        if self.pages.value == TITLES[0]:
            return self.load
        return self.nothing if self.load.subject.study is None else getattr(self, self.pages.value.lower())

    def _turn(self) -> None:
        page = self.page
        for panel in self._panels():
            panel.active = panel is page
        self._place.children = [page]
        if page is self.nothing:
            self.figure.become(EMPTY)
        else:
            page.wake()

    def _panels(self) -> list[Panel]:
        return [panel for panel in (self.load, self.fit, self.compare, self.landscape) if panel is not None]

    def _follow(self) -> None:
        """Every page shows the study that there is now, or that there is none."""
        subject = self.load.subject
        if subject.study is None:
            for panel in self._panels()[1:]:
                panel.work.stop()
        elif subject.study is not self._study:
            self._study = subject.study
            self._spread(subject.study)
        self._about.value, self.nothing.value = _about(subject), "Answer on the page <b>Load</b>."
        if self._place.children != (self.page,):
            self._turn()

    def _spread(self, study: Study) -> None:
        if self.fit is None:
            self.fit = FitPanel(study, screen=self.figure, added=self._add)
            self.compare = ComparePanel(study, screen=self.figure)
            self.landscape = LandscapePanel(study, screen=self.figure)
        else:
            for panel in (self.fit, self.compare, self.landscape):
                panel.use(study)

    def _add(self, model: LinearPotential) -> None:
        study = self.compare.study.with_model(model)  # with those that were added there
        for panel in (self.compare, self.landscape):
            panel.use(study)
        self.fit.work.say(f"{escape(model.name)} is among the models of Compare and Landscape now.")


def _about(subject: Subject) -> str:
    if subject.study is None:
        told = not subject.file or subject.reason.startswith(subject.file)
        name = "" if told else f"{subject.file}: "
        return f"<b>No data yet: {escape(name + subject.reason)}</b>"
    facts = subject.study.data.summary()
    known = [f"data: {subject.file}", f"{facts['temperature, K']} K", f"{facts['configurations']} configurations"]
    return escape(" · ".join([*known, f"models: {', '.join(subject.study.models)}"]))
