"""A data file, its columns and its health; a θ to compare with."""

from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from .. import figures, io
from ..dataset import Dataset
from ..descriptors import Descriptor
from ..diagnostics import Verdict
from ..io.columns.choice import FLAGS, GUESSED, OPTIONS, ROLES, Choice
from ..progress import Progress
from ..study import Study
from ..units import kelvins
from . import accounts
from .featuriser import Featuriser
from .form import Form
from .live import LiveFigure
from .panel import EMPTY, Panel
from .paths import Paths
from .questions import Fitting
from .reading import Reading, Subject, reading_of
from .states import NONE, LoadState


class LoadPanel(Panel):
    """Chooses a file, its columns, a temperature and a θ; says at once what is missing, and what the data are worth.

    Args:
        path: data file; the first one found without it.
        screen: as for ``Panel``.
        chosen: traits of ``LoadState`` to begin with, e.g. ``theta="data/theta_energy.json"``; None leaves one as it is.

    Attributes:
        subject: the study of the data loaded last, or why there is none; a trait to observe.
        reading: what was read of the file.
    """

    subject = traitlets.Instance(Subject, ())
    state: LoadState

    def __init__(self, path: str = "", *, screen: LiveFigure | None = None, **chosen: object) -> None:
        state = LoadState()
        self.reading, self._settled = Reading(path=""), Subject()
        self._good: tuple[Reading, dict[str, object]] | None = None  # the last file that was, and what was chosen
        self._file = ""  # whose choices these are
        self._theta = self._wish = self._wished_for = ""  # θ as it is; as the person chose it, and for which file
        self._answers: dict[str, tuple[Choice, str, str]] = {}  # file → what was chosen of it, descriptor and elements
        self._seen: Reading | None = None  # as far as the work under way has come
        self._paths = Paths()
        self.columns, self.card = ipywidgets.HTML(), ipywidgets.HTML()
        self._table = ipywidgets.VBox([self.columns])
        tip = "Leaves this file, and shows the last one that was read with all that was chosen of it."
        self._return = ipywidgets.Button(layout={"width": "auto", "display": "none"}, tooltip=tip)
        self._return.on_click(lambda _: self.go_back())
        form = Form(state, self._paths, refused=self._refuse, needed=self._in_use)
        self.fields, self._flags = form.fields, form.flags
        self.featuriser = Featuriser(state, self._told)
        rows = [*form.rows(self._return), self.featuriser, self.card, self._table]
        super().__init__("load", state, rows, screen=screen)
        self._begin(path, chosen)

    @property
    def study(self) -> Study | None:
        """The study of the data, or None."""
        return self.subject.study

    def uploaded(self, path: str) -> str:
        """The file's own name, if it was uploaded; else nothing."""
        return Path(path).name if self._paths.called(path) != io.printable(path) else ""

    @property
    def data(self) -> Dataset | None:
        """The dataset, also where it is refused; None where it could not be read."""
        return self.reading.data

    @property
    def health(self) -> list[Verdict]:
        """Findings about the data."""
        return self.reading.health

    def _begin(self, path: str, chosen: dict[str, object]) -> None:
        self._settling = True
        state, files = self.state, self._paths.good["path"]
        state.options = {name: tuple(paths) for name, paths in self._paths.good.items()}
        state.theta = NONE
        state.path = self._file = path or (files[0] if files else "")
        for name, value in chosen.items():
            if value is not None:
                state.set_trait(name, value)
        self._theta, self._wish, self._wished_for = state.theta, state.theta, state.path
        self._settling = False
        self._changed()

    def settle(self) -> None:
        """Another file has choices of its own: those made of it before, or none; columns that do not fit are forgotten."""
        state, opened = self.state, self.reading.opened
        state.theta = state.theta or NONE
        if self._theta != state.theta:
            self._theta, self._wish, self._wished_for = state.theta, state.theta, state.path
            self.fields["theta"].ask()
        if self._file != state.path:
            self._answers[self._file] = state.choice, state.descriptor, state.elements
            self._file = state.path
            choice, state.descriptor, state.elements = self._answers.get(state.path, (GUESSED, "", ""))
            self._answer(choice)
            self._theta = state.theta = self._wish  # it was left out of the data before, perhaps, and fits these
            for field in self.fields.values():
                field.ask()
            self._fade(True)
        elif opened is not None and self.reading.path == state.path:
            chosen = state.choice
            narrowed = {"force_descriptors": chosen.force_descriptors, "forces": chosen.forces}
            if chosen.descriptors not in opened.choices("descriptors", **narrowed):
                state.set_trait("descriptors", "")  # it goes with other force descriptors

    def _answer(self, choice: Choice) -> None:
        """Sets all that is chosen, before it is known what the file offers."""
        self._offer({role: ((), getattr(choice, role) or "") for role in ROLES})
        for name in OPTIONS.keys() - {*ROLES}:
            self.state.set_trait(name, getattr(choice, name))

    def redraw(self) -> None:
        """Reads what is chosen, also while another page is open."""
        path, theta, choice = self.state.path, self.state.theta, self.state.choice
        if not path:
            self._decide(Subject())
            self.work.say("Drop a data file on the form, choose one, or give its path.")
            return
        if self.study is None:
            self.subject = Subject(file=self._name, reason="it is being read", way="See how far it is")
        # The work gets what it needs and changes nothing here: newer work may have begun before it hears of it.
        previous, what = self.reading, f"reading {self._name}"
        about: dict[str, Any] = {name: getattr(self.state, name) for name in ("descriptor", "elements")}
        about |= {"wanted": self._wished_for == path, "seen": self._see}

        def task(progress: Progress) -> Reading:
            return reading_of(path, previous, theta, choice, progress, **about)

        self.work.run(what, task, self._use, undo=self._back)

    def _see(self, reading: Reading) -> None:
        self._seen = reading

    def _told(self, descriptor: Descriptor | None) -> str:
        """What a descriptor will take for the file that is chosen, as far as that is known."""
        known = [r for r in (self.reading, self._seen) if r is not None and r.path == self.state.path and r.opened]
        return known[0].expected(descriptor) if known else ""

    def go_back(self) -> None:
        """Returns to the file that was loaded last, as it was."""
        if self._good is not None:
            reading, self._drawn = self._good
            self._back()
            self.work.run("going back", lambda progress: reading, self._use, at_once=True)

    @property
    def _name(self) -> str:
        called = self._paths.called(self.state.path)
        return called if "*" in called else Path(called).name  # the name of a pattern is all of it

    def _use(self, reading: Reading) -> None:
        """Shows what was read, and only then tells what it means for the other pages."""
        self.reading, self._seen, opened = reading, None, reading.opened
        self._offer(reading.fitting)
        self._show_featuriser()
        lacking = reading.nameless or reading.elements
        self.fields["elements"].control.layout.display = "flex" if lacking else "none"
        self._tell(reading)
        self._keep(reading)
        for name, flag in zip(FLAGS, self._flags, strict=True):
            flag.layout.display = "flex" if reading.offers(name) else "none"
        self.columns.value = (
            "" if opened is None else accounts.columns(opened, wanted=bool(reading.questions.keys() & {*ROLES}))
        )
        self._table.layout.display = "none" if opened is None else ""
        self.card.value = accounts.card(reading.data, reading.health)
        self._fade(False)
        of = self._name if reading.study is None else reading.study.label
        self.show(EMPTY if reading.data is None else figures.energies(reading.data, of=of))
        if reading.study is not None:
            self._good = reading, self.state.trait_values()
        refusal = reading.refusal
        reason = "" if refusal is None else str(refusal).removeprefix(f"{Path(reading.path).name}: ")
        way = {"way": "Answer the questions"} if reading.questions else {}
        self._decide(Subject(reading.study, self._name, reason, **way))
        if refusal is not None:
            raise refusal if reading.error or not reading.questions else ValueError(f"{refusal}: see the fields in red")

    def _tell(self, reading: Reading) -> None:
        """Says at each field what is missing there; a θ that was chosen for other data is dropped with a note."""
        for name, field in self.fields.items():
            if name != "theta":
                field.ask(reading.questions.get(name, "") if field.control.layout.display != "none" else "")
        stated = reading.data.provenance.get("stated_temperatures") if reading.data is not None else None
        typed = self.state.choice.temperature
        if stated and typed is not None:
            self.fields["temperature"].note(f"{typed:.10g} K typed; the file states {kelvins(stated)}")
        theta = self.fields["theta"]
        if reading.left_out and self._wished_for == self.state.path:
            theta.ask(reading.left_out)
        elif reading.left_out:
            self._theta = NONE
            self._offer({"theta": (self.state.options["theta"], NONE)})
            theta.note(reading.left_out)
        elif reading.doubt:
            theta.note(f"Compared all the same: {reading.doubt}")
        elif self.state.theta != NONE:
            theta.ask()

    def _decide(self, subject: Subject) -> None:
        """What all pages speak of from now on."""
        back = self._good[0].path if self._good is not None and subject.study is None else ""
        self._return.description = f"Back to {Path(self._paths.called(back)).name}" if back else ""
        self._return.layout.display = "flex" if back else "none"
        self.subject = self._settled = subject

    def _keep(self, reading: Reading) -> None:
        """Offers paths that were typed or uploaded, and goes on to do so once they have proved good."""
        for name, good in (("path", reading.opened is not None), ("theta", reading.given is not None)):
            if good:
                self._paths.keep(name, getattr(self.state, name))
        self._offer_paths()

    def _offer_paths(self) -> None:
        for name in self._paths.good:
            chosen = getattr(self.state, name)
            self._offer({name: (self._paths.offered(name, chosen), chosen)})

    def _offer(self, fitting: Fitting) -> None:
        """Selectors of what fits, set to what is taken."""
        settling, self._settling = self._settling, True
        try:
            with self.state.hold_trait_notifications():
                self.state.options = self.state.options | {role: offered for role, (offered, _) in fitting.items()}
                for role, (_, value) in fitting.items():
                    self.state.set_trait(role, value)
        finally:
            self._settling = settling

    def _back(self) -> str:
        if not self._drawn:
            self._settled = Subject(file=self._name, reason="reading it was cancelled")
        self._file = str(self._drawn.get("path", self.state.path))
        self._theta = str(self._drawn.get("theta", self.state.theta))
        said = super()._back()
        self._offer_paths()  # also those that have come since
        self._tell(self.reading)
        self._fade(False)
        self._show_featuriser()
        self.subject = self._settled
        return said

    def _show_featuriser(self) -> None:
        """Hides what a file with descriptors of its own has no use for."""
        own = self.reading.path == self.state.path and self.reading.own_descriptors
        self.featuriser.layout.display = "none" if own else ""
        self.featuriser.tell()

    def _fade(self, old: bool) -> None:
        """Tables of the file before are not to be taken for those of the one that is being read."""
        for widget in (self._table, self.card):
            (widget.add_class if old else widget.remove_class)("fisherlib-old")

    def _in_use(self, path: Path) -> bool:
        good = self._good[0].path if self._good else ""
        return str(path) in (self.state.path, self.state.theta, good)

    def _refuse(self, error: Exception) -> None:
        self.work.fail(error)
