"""All panels on one page: load, fit, compare and see the landscape of the same data."""

import functools
from html import escape
from typing import Any

import ipywidgets

from ..landscapes import Model
from ..potential import LinearPotential
from ..study import Study
from ..units import counted
from .compare import ComparePanel
from .fit import FitPanel
from .fits import FitsPanel
from .heartbeat import Heartbeat
from .landscape import LandscapePanel
from .live import LiveFigure
from .load import LoadPanel
from .panel import EMPTY, STYLE, Panel, send_again
from .reading import Subject
from .seen import ReportButton, seen
from .steps import Step, Steps
from .structures import StructuresPanel

#: Title of a page that needs data → its panel; ``Load`` comes before them.
PAGES: dict[str, type[Panel]] = {
    "Fit": FitPanel,
    "Fits": FitsPanel,
    "Compare": ComparePanel,
    "Structures": StructuresPanel,
    "Landscape": LandscapePanel,
}
LOAD = "Load"
TITLES = (LOAD, *PAGES)


class Dashboard(ipywidgets.VBox):
    """The panels as pages over one figure.

    ``load.subject`` decides what all pages show: its study, or the reason why there is none.

    Args:
        path: initial data file; by default the first one found.
        chosen: initial traits of ``LoadState``.

    Attributes:
        load: the panel of files.
        panels: title → panel of each other page; empty until data are loaded.
        figure: the figure that they share.
        heartbeat: tells when the kernel is gone.
    """

    def __init__(self, path: str = "", **chosen: object) -> None:
        self.figure, self.heartbeat = LiveFigure.of(), Heartbeat(self._renew)
        self.pages = Steps(TITLES)
        self.panels: dict[str, Any] = {}
        self._study: Study | None = None
        self._left_out: list[str] = []  # models that were added to an earlier study
        self.nothing = ipywidgets.HTML()
        # The figure keeps its place: a widget that moves into another box gets a new view and misses messages meanwhile.
        self._place = ipywidgets.VBox()
        self._about = ipywidgets.HTML()
        self.report = ReportButton(lambda: seen(self.load, self.panels))
        self._top = ipywidgets.VBox([ipywidgets.HBox([self.pages, self.report], layout={"flex_flow": "row wrap"})])
        # The style sheet puts the status line of the open page between the steps and what they speak of.
        super().__init__([ipywidgets.HTML(STYLE), self.heartbeat, self._top, self._about, self._place, self.figure])
        names = {self: "dashboard", self._top: "top", self._about: "about", self._place: "place"}
        for widget, name in names.items():
            widget.add_class(f"fisherlib-{name}")
        self.load = LoadPanel(path, screen=self.figure, **chosen)
        self.load.observe(lambda change: self._follow(), "subject")
        self.pages.observe(lambda change: self._turn(), "value")
        self._follow()

    @property
    def fit(self) -> FitPanel | None:
        """The page of that name; None until data are loaded."""
        return self.panels.get("Fit")

    @property
    def compare(self) -> ComparePanel | None:
        """The page of that name; None until data are loaded."""
        return self.panels.get("Compare")

    @property
    def landscape(self) -> LandscapePanel | None:
        """The page of that name; None until data are loaded."""
        return self.panels.get("Landscape")

    @property
    def page(self) -> Panel | ipywidgets.HTML:
        """The open page: a panel, or the line that says why there is nothing to show."""
        if self.pages.value == LOAD:
            return self.load
        return self.nothing if self.load.subject.study is None else self.panels[self.pages.value]

    def _renew(self) -> None:
        closed = {self.nothing, self.load, *self.panels.values()} - {self.page}
        send_again(self, *closed)  # pages that are not open have states in the browser too

    def _turn(self) -> None:
        page = self.page
        for panel in (self.load, *self.panels.values()):
            panel.active = panel is page
        self._place.children = [page]
        if page is self.nothing:
            self.figure.become(EMPTY)
        else:
            page.wake()

    def _follow(self) -> None:
        """Give the current study to all pages, or tell why there is none."""
        subject = self.load.subject
        if subject.study is None:
            for panel in self.panels.values():
                panel.work.stop()
        elif subject.study is not self._study:
            self._spread(subject.study)
        self.nothing.value = f"{escape(subject.way)} on the page <b>Load</b>."
        self._tell()
        if self._place.children != (self.page,):
            self._turn()

    def _tell(self) -> None:
        models = [] if self.compare is None else list(self.compare.study.potentials)
        self._about.value = _about(self.load.subject, models, self._left_out)
        self._mark()

    def _mark(self) -> None:
        """Say of each page whether it is done, open or blocked, and why."""
        subject = self.load.subject
        if subject.study is None:
            steps = {title: Step("blocked", f"No data yet: {subject.way.lower()} on page {LOAD}.") for title in PAGES}
            self.pages.tell({LOAD: Step("open", f"{_reason(subject).rstrip('.')}."), **steps})
            return
        done, to_do = Step("done", "Drawn for these data."), Step("open", "The data are there; nothing is drawn yet.")
        steps = {title: done if panel.seen else to_do for title, panel in self.panels.items()}
        self.pages.tell({LOAD: Step("done", f"{subject.file} is loaded."), **steps})

    def _spread(self, study: Study) -> None:
        before, self._study = self._study, study
        if before is None or self.compare is None:
            self._made(study)
            return
        offers = before.offers if before.has_offers else ()
        known = {*before.models, *before.others, *study.models, *(offer.name for offer in offers)}
        self._left_out = [name for name in self.compare.study.potentials if name not in known]
        self._use(study)
        self.panels["Fit"].use(study)

    def _made(self, study: Study) -> None:
        """Make the pages of the first study; that of the fit comes last, as it offers models to the others."""
        more: dict[str, dict[str, Any]] = {"Fits": {"opened": self.choose}}
        more["Fit"] = {"added": self.add, "offered": self._offer}
        for title in (*(title for title in PAGES if title not in more), *more):
            panel: Any = PAGES[title]
            self.panels[title] = panel(study, screen=self.figure, **more.get(title, {}))
            self.panels[title].observe(lambda change: self._mark(), "seen")
        # a saved θ may be added there
        self.panels["Compare"].state.observe(lambda change: self._tell(), "options")

    def _use(self, study: Study) -> None:
        """Give a study to all pages that show models."""
        for title, panel in self.panels.items():
            if title != "Fit":
                panel.use(study)

    def _offer(self, study: Study) -> None:
        """Give the fits that validation has put beside θ_f to all pages, beside what was added there meanwhile."""
        if self._study is None or self.compare is None:
            return
        more = len(study.models) > len(self._study.models)
        added = [m for name, m in self.compare.study.potentials.items() if name not in self._study.potentials]
        study = functools.reduce(Study.with_model, added, study)
        if more:
            self._use(study)
        else:
            self.compare.use(study)

    def choose(self, model: LinearPotential | Model) -> None:
        """Show one model on all pages, and add it if it is not among them."""
        if self.compare is not None and model.name not in self.compare.study.potentials:
            self.add(model)
        for panel in self.panels.values():
            if model.name in panel.state.options.get("models", ()):
                panel.state.models = (model.name,)
            elif panel.state.has_trait("model") and model.name in panel.state.options.get("model", ()):
                panel.state.model = model.name

    def add(self, model: LinearPotential | Model) -> None:
        """Put one more model beside those of all pages: a potential, or one such as ``neural.NeuralModel``."""
        if self.compare is None:
            return  # no fit to add, until data are loaded
        self._use(self.compare.study.with_model(model))  # of Compare, where saved θ are added
        self.panels["Fit"].work.say(f"{escape(model.name)} is among the models of Compare and Landscape now.")


def _reason(subject: Subject) -> str:
    return f"{subject.file}: {subject.reason}" if subject.file else subject.reason


def _about(subject: Subject, models: list[str], left_out: list[str]) -> str:
    if subject.study is None:
        return f"<b>No data yet: {escape(_reason(subject))}</b>"
    facts = subject.study.data.summary()
    known = [f"data: {subject.file}", f"{facts['temperature, K']} K", counted(facts["configurations"], "configuration")]
    lost = [f"left out, as added to other data: {', '.join(left_out)}"] if left_out else []
    return escape(" · ".join([*known, f"models: {', '.join(models)}", *lost]))
