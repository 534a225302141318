"""A data file, its columns and its health; a θ to compare with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets

from .. import diagnostics, figures, io
from ..dataset import Dataset
from ..diagnostics import Verdict
from ..figures import tables
from ..io.columns.choice import GUESSED, OPTIONS, ROLES, Choice
from ..progress import Progress
from ..study import Study
from ..units import counted, kelvins
from .controls import Choose, row, tick
from .entries import Maybe, Place
from .field import Field
from .live import LiveFigure
from .panel import EMPTY, Panel
from .reading import Fitting, Reading, Subject, reading_of
from .states import NONE, LoadState
from .upload import Upload

SUFFIXES = ".npz,.pkl,.pickle,.xyz,.extxyz,.json,.xz,.dump,.lammpstrj,.df"


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
        self._answers: dict[str, Choice] = {}  # file → what was chosen of it
        self._uploads: dict[str, str] = {}  # path → what it is called
        self._good_paths: dict[str, list[str]] = {"path": [], "theta": []}  # at hand, and typed or uploaded
        self.columns, self.card = ipywidgets.HTML(), ipywidgets.HTML()
        self._table = ipywidgets.Accordion([self.columns], titles=("Columns of the file",), selected_index=0)
        self._return = ipywidgets.Button(layout={"width": "auto", "display": "none"})
        self._return.on_click(lambda _: self.go_back())
        self.fields = self._fields(state)
        super().__init__("load", state, [*self._rows(state), self._table, self.card], screen=screen)
        self._begin(path, chosen)

    @property
    def study(self) -> Study | None:
        """The study of the data, or None."""
        return self.subject.study

    @property
    def data(self) -> Dataset | None:
        """The dataset, also where it is refused; None where it could not be read."""
        return self.reading.data

    @property
    def health(self) -> list[Verdict]:
        """Findings about the data."""
        return self.reading.health

    def _fields(self, state: LoadState) -> dict[str, Field]:
        """Everything that can be asked for, by its trait."""
        tip = "Parameters of your own beside the fits."
        fields = {"theta": Field(Choose(state, "theta", "θ to compare with", tip=tip, shown=self._called))}
        for name, option in OPTIONS.items():
            label, tip = option.metadata["label"], option.metadata["tip"]
            if option.metadata["what"] == "number":
                failed = self._no_number(name)
                fields[name] = Field(Maybe(state, name, label, empty="what the file says", tip=tip, failed=failed))
            elif option.metadata["what"] == "column":
                fields[name] = Field(Choose(state, name, label, tip=tip))
        return fields

    def _rows(self, state: LoadState) -> list[ipywidgets.Widget]:
        common: dict[str, Any] = {"refused": self._refuse, "needed": self._in_use}
        data = Upload(self._take("path"), **common, label="Upload data", accept=SUFFIXES)
        theta = Upload(self._take("theta"), **common, label="Upload θ", accept=".json,.npz,.pkl,.pot,.snapcoeff")
        flags = {name: option.metadata for name, option in OPTIONS.items() if option.metadata["what"] == "flag"}
        self._flags = [tick(state, name, about["label"], tip=about["tip"]) for name, about in flags.items()]
        called = {"shown": self._called}
        choices = row(*(self.fields[name] for name in OPTIONS if name in self.fields), *self._flags)
        choices.layout.align_items = "flex-start"  # a question makes a field higher
        return [
            row(
                Choose(state, "path", "File", tip="A data file at hand.", **called),
                Place(state, "path", "or path of the data", tip="A file anywhere on the kernel's machine.", **called),
                data,
                self._return,
            ),
            row(
                self.fields["theta"],
                Place(state, "theta", "or path of θ", tip="A file of parameters anywhere.", **called),
                theta,
            ),
            choices,
        ]

    def _begin(self, path: str, chosen: dict[str, object]) -> None:
        files = io.data_files()
        self._settling = True
        state = self.state
        self._good_paths = {"path": list(files), "theta": [NONE, *io.theta_files()]}
        state.options = {name: tuple(paths) for name, paths in self._good_paths.items()}
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
            self._answers[self._file] = state.choice
            self._file = state.path
            self._answer(self._answers.get(state.path, GUESSED))
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
            self.work.say("Choose a data file, or give its path.")
            return
        if self.study is None:
            self.subject = Subject(file=self._name, reason="it is being read", way="See how far it is")
        # The work gets what it needs and changes nothing here: newer work may have begun before it hears of it.
        previous, what = self.reading, f"reading {self._name}"
        wanted = self._wished_for == path

        def task(progress: Progress) -> Reading:
            return reading_of(path, previous, theta, choice, progress, wanted=wanted)

        self.work.run(what, task, self._use, undo=self._back)

    def go_back(self) -> None:
        """Returns to the file that was loaded last, as it was."""
        if self._good is not None:
            reading, self._drawn = self._good
            self._back()
            self.work.run("going back", lambda progress: reading, self._use, at_once=True)

    @property
    def _name(self) -> str:
        return Path(self._called(self.state.path)).name

    def _called(self, path: str) -> str:
        """What a path is called: of an upload, the file's own name."""
        return self._uploads.get(path) or io.printable(path)

    def _use(self, reading: Reading) -> None:
        """Shows what was read, and only then tells what it means for the other pages."""
        self.reading, opened = reading, reading.opened
        self._offer(reading.fitting)
        self._tell(reading)
        self._keep(reading)
        for flag in self._flags:
            flag.layout.display = "flex" if reading.own_descriptors else "none"
        self.columns.value = "" if opened is None else _columns(opened)
        self._table.layout.display = "none" if opened is None else ""
        self.card.value = _card(reading.data, reading.health)
        self._fade(False)
        self.show(EMPTY if reading.data is None else figures.energies(reading.data))
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
        self._return.description = f"Back to {Path(self._called(back)).name}" if back else ""
        self._return.layout.display = "flex" if back else "none"
        self.subject = self._settled = subject

    def _keep(self, reading: Reading) -> None:
        """Offers paths that were typed or uploaded, and goes on to do so once they have proved good."""
        good = {"path": reading.opened is not None, "theta": reading.given is not None}
        for name, paths in self._good_paths.items():
            path = getattr(self.state, name)
            paths += [path] if good[name] and path not in paths else []
        self._offer_paths()

    def _offer_paths(self) -> None:
        """Files at hand, those that proved good and have not been removed since, and the one that is chosen."""
        gone = {path for path in self._uploads if not Path(path).exists()}
        for name, paths in self._good_paths.items():
            chosen = getattr(self.state, name)
            offered = dict.fromkeys([path for path in [*paths, chosen] if path and path not in gone])
            self._offer({name: (tuple(offered), chosen)})

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

    def _take(self, name: str) -> Callable[[Path], None]:
        def take(path: Path) -> None:
            same = sum(called.startswith(f"{path.name} (uploaded") for called in self._uploads.values())
            self._uploads[str(path)] = f"{path.name} (uploaded{f' {same + 1}' if same else ''})"
            self.state.set_trait(name, str(path))

        return take

    def _back(self) -> str:
        if not self._drawn:
            self._settled = Subject(file=self._name, reason="reading it was cancelled")
        self._file = str(self._drawn.get("path", self.state.path))
        self._theta = str(self._drawn.get("theta", self.state.theta))
        said = super()._back()
        self._offer_paths()  # also those that have come since
        self._tell(self.reading)
        self._fade(False)
        self.subject = self._settled
        return said

    def _fade(self, old: bool) -> None:
        """Tables of the file before are not to be taken for those of the one that is being read."""
        for widget in (self._table, self.card):
            (widget.add_class if old else widget.remove_class)("fisherlib-old")

    def _no_number(self, name: str) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            self.fields[name].ask(str(error))
            self._refuse(error)

        return failed

    def _in_use(self, path: Path) -> bool:
        good = self._good[0].path if self._good else ""
        return str(path) in (self.state.path, self.state.theta, good)

    def _refuse(self, error: Exception) -> None:
        self.work.fail(error)


def _card(data: Dataset | None, health: list[Verdict]) -> str:
    """Facts of the data, and below them its checks."""
    if data is None or not health:
        return ""
    return tables.facts(diagnostics.facts(data))._repr_html_() + tables.card(health)._repr_html_()


def _columns(opened: io.Opened) -> str:
    if not opened.columns:
        return f"A {opened.kind} of {counted(opened.trajectories, 'trajectory')}, in which there is nothing to choose."
    return tables.columns(opened.columns)._repr_html_()
