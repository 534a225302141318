"""A data file, its columns and its health; a θ to compare with."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets
import plotly.graph_objects as go

from .. import diagnostics, figures, io, tables
from ..counts import counted
from ..dataset import Dataset
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..projections import Progress
from ..states import NONE, LoadState
from ..study import Study
from .controls import Choose, Maybe, row, text, tick
from .live import LiveFigure
from .panel import Panel
from .upload import Upload
from .work import Cancelled

#: The columns of a file that are chosen, and how ``io.open`` calls them.
ROLES = ("forces", "force_descriptors", "descriptors", "energies", "key")
#: Role → the columns that fit, and the one that is taken, or an empty name.
Fitting = dict[str, tuple[tuple[str, ...], str]]
#: What is shown where nothing could be read.
EMPTY = go.Figure(
    layout={"xaxis": {"visible": False}, "yaxis": {"visible": False}, "plot_bgcolor": "white", "height": 120}
)
SUFFIXES = ".npz,.pkl,.pickle,.xyz,.extxyz,.json,.xz,.dump,.lammpstrj,.df"


class LoadPanel(Panel):
    """Chooses a file, its columns, a temperature and a θ; says at once what the data are worth.

    Args:
        path: data file; the first one found without it.
        screen: as for ``Panel``.
        loaded: called with the study of every file that was loaded.
        chosen: traits of ``LoadState`` to begin with, e.g. ``theta="data/theta_energy.json"``; None leaves one as it is.

    Attributes:
        study: of the data loaded last, or None.
        data: the dataset.
        health: findings about it.
    """

    def __init__(
        self,
        path: str = "",
        *,
        screen: LiveFigure | None = None,
        loaded: Callable[[Study], None] | None = None,
        **chosen: object,
    ) -> None:
        state = LoadState()
        self._loaded, self._opened = loaded, None
        self._opened_as = self._columns_of = ""  # paths: of the open file, and of the one whose columns are chosen
        self.study: Study | None = None
        self.data: Dataset | None = None
        self.health: list = []
        self.columns, self.card = ipywidgets.HTML(), ipywidgets.HTML()
        fields = ipywidgets.Accordion([self.columns], titles=("Columns of the file",), selected_index=0)
        data_upload = Upload(self._take("path"), self._refuse, label="Upload data", accept=SUFFIXES)
        theta_upload = Upload(
            self._take("theta"), self._refuse, label="Upload θ", accept=".json,.npz,.pkl,.pot,.snapcoeff"
        )
        controls = [
            row(Choose(state, "path", "File"), text(state, "path", "or path of the data"), data_upload),
            row(Choose(state, "theta", "θ to compare with"), text(state, "theta", "or path of θ"), theta_upload),
            row(
                Maybe(state, "temperature", "Temperature, K", empty="what the file says", failed=self._refuse),
                Choose(state, "descriptors", "Descriptors"),
                Choose(state, "force_descriptors", "Force descriptors"),
                Choose(state, "forces", "Forces"),
                Choose(state, "energies", "Energies"),
                Choose(state, "key", "Key of trajectories"),
                tick(state, "gradient", "force descriptors hold +∂D/∂x"),
            ),
            fields,
            self.card,
        ]
        super().__init__("load", state, controls, screen=screen)
        self._gradient = controls[2].children[-1]
        self._begin(path, chosen)

    def _begin(self, path: str, chosen: dict[str, object]) -> None:
        files = io.data_files()
        self._settling = True
        state = self.state
        state.options = {"path": tuple(files), "theta": (NONE, *io.theta_files())}
        state.theta = NONE
        state.path = self._columns_of = path or (files[0] if files else "")
        for name, value in chosen.items():
            if value is not None:
                state.set_trait(name, value)
        self._settling = False
        self._changed()

    def settle(self) -> None:
        """Forgets the columns of another file, and those that do not fit."""
        state = self.state
        state.theta = state.theta or NONE
        if self._columns_of != state.path:
            self._columns_of, state.gradient = state.path, False
            self._offer({role: ((), "") for role in ROLES})
        elif self._opened is not None and self._opened_as == state.path:
            narrowed = {role: getattr(state, role) or None for role in ("force_descriptors", "forces")}
            if state.descriptors not in self._opened.choices("descriptors", **narrowed):
                state.descriptors = ""  # it goes with other force descriptors

    def redraw(self) -> None:
        """Reads what is chosen."""
        if not self.state.path:
            self.work.say("Choose a data file, or give its path.")
            return
        path, theta, chosen = self._wanted()
        # The work gets what it needs and changes nothing here: newer work may have begun before it hears of it.
        opened = self._opened if self._opened_as == path else None
        what = f"reading {Path(path).name}"
        self.draw(what, lambda progress: _read(path, opened, theta, chosen, progress), self._figure, at_once=False)

    def _wanted(self) -> tuple[str, str, dict[str, object]]:
        """Path of the data, path of θ, and how the data are read."""
        state = self.state
        chosen: dict[str, object] = {role: getattr(state, role) or None for role in ROLES}
        chosen["key"] = None if chosen["key"] == NONE else chosen["key"]
        return state.path, state.theta, chosen | {"temperature": state.temperature, "gradient": state.gradient}

    def _figure(self, read: "_Read") -> go.Figure:
        self._opened, self._opened_as = read.opened, read.path
        self.data, self.health, self.study = read.data, read.health, None
        self._offer(read.fitting)
        self._gradient.layout.display = "flex" if read.opened is not None and read.opened.has_descriptors else "none"
        self.columns.value = "" if read.opened is None else _columns(read.opened)
        self.card.value = _card(self.data, self.health) if self.health else ""
        figure = EMPTY if self.data is None else figures.energies(self.data)
        try:
            self._use(read)
        except Exception:
            self.show(figure)  # the energies of what is refused may tell why
            raise
        return figure

    def _use(self, read: "_Read") -> None:
        if read.error is not None:
            raise read.error
        failed = [entry.message for entry in self.health if entry.level == "fail"]
        if failed:
            raise ValueError(" ".join(failed))
        if any(t.temperature is None for t in read.data.values()):
            raise ValueError("temperature: the file states none; fill in the field Temperature, K")
        self.study = Study(read.data, given=read.given, moments=read.moments)
        known = {name: (self.state.options[name], getattr(self.state, name)) for name in ("path", "theta")}
        # A path that was typed or uploaded is offered once it has proved good.
        self._offer({name: (tuple(dict.fromkeys([*paths, path])), path) for name, (paths, path) in known.items()})
        if self._loaded:
            self._loaded(self.study)

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
        return lambda path: self.state.set_trait(name, str(path))

    def _back(self) -> None:
        self._columns_of = self._drawn.get("path", self.state.path)
        super()._back()

    def _refuse(self, error: Exception) -> None:
        self.work.fail(error)


@dataclasses.dataclass(kw_only=True)
class _Read:
    """What was read, up to the error that stood in the way: selectors need the columns in either case."""

    path: str
    opened: "io.Opened | io.Complete | None" = None
    fitting: Fitting = dataclasses.field(default_factory=dict)
    data: Dataset | None = None
    moments: Moments | None = None
    health: list = dataclasses.field(default_factory=list)
    given: LinearPotential | None = None
    error: Exception | None = None


def _read(
    path: str, opened: "io.Opened | io.Complete | None", theta: str, chosen: dict[str, object], progress: Progress
) -> _Read:
    read = _Read(path=path)
    try:
        read.opened = opened or io.open(path)
        read.fitting = _fitting(read.opened, chosen)
        taken = {role: chosen[role] or value or None for role, (_, value) in read.fitting.items()}
        taken["key"] = None if taken["key"] == NONE else taken["key"]
        read.data = read.opened.dataset(**chosen | taken, check=False, progress=progress)
        read.moments = accumulate(read.data, progress=progress)
        read.health = diagnostics.health(read.data, moments=read.moments)
        if theta != NONE:
            read.given = _given(theta, read.data)
            read.health = diagnostics.health(read.data, theta=read.given.theta, moments=read.moments)
    except Cancelled:
        raise
    except Exception as error:  # noqa: BLE001  put into words when everything else is shown
        read.error = error
    return read


def _card(data: Dataset, health: list) -> str:
    """Facts of the data, and below them its checks."""
    return tables.facts(diagnostics.facts(data))._repr_html_() + tables.card(health)._repr_html_()


def _columns(opened: "io.Opened | io.Complete") -> str:
    if not opened.columns:
        return f"A {opened.kind} of {counted(opened.trajectories, 'trajectory')}, in which there is nothing to choose."
    return tables.columns(opened.columns)._repr_html_()


def _given(theta: str, data: Dataset) -> LinearPotential:
    given = io.read_theta(theta, name="θ (given)")
    if given.K != data.K:
        raise ValueError(
            f"θ: expected K = {data.K} parameters as in the data, got {given.K}; θ and the data must use the same "
            "descriptor with the same settings"
        )
    return given


def _fitting(opened: "io.Opened | io.Complete", chosen: Mapping[str, object]) -> Fitting:
    """What fits each role, and what is taken: the choice, else the usual column or the only one, else nothing yet."""
    found: Fitting = {}
    for role in ROLES:
        needed = {"force_descriptors": ("forces",), "descriptors": ("forces", "force_descriptors")}.get(role, ())
        narrowed = {other: found[other][1] or None for other in needed}
        offered = opened.choices(role, **narrowed)
        offered = (NONE, *offered) if role == "key" and offered else offered
        only = offered[0] if len(offered) == 1 or role == "key" and offered else ""
        value = chosen[role] or opened.guess(role, **narrowed) or only
        found[role] = offered, value if value in offered else ""
    return found
