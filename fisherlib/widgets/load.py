"""A data file, its columns and its health; a θ to compare with."""

from collections.abc import Callable
from pathlib import Path

import ipywidgets
import plotly.graph_objects as go

from .. import diagnostics, figures, io, tables
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

#: The columns of a file that are chosen, and how ``io.open`` calls them.
ROLES = ("force_descriptors", "descriptors", "forces", "energies", "key")
SUFFIXES = ".npz,.pkl,.pickle,.xyz,.extxyz"


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
        self._loaded, self._opened, self._asked = loaded, None, ()
        self.study: Study | None = None
        self.data: Dataset | None = None
        self.health: list = []
        self.columns, self.card = ipywidgets.HTML(), ipywidgets.HTML()
        fields = ipywidgets.Accordion([self.columns], titles=("Columns of the file",))
        data_upload = Upload(self._take("path"), self._refuse, label="Upload data", accept=SUFFIXES)
        theta_upload = Upload(self._take("theta"), self._refuse, label="Upload θ", accept=".json,.npz,.pkl")
        controls = [
            row(Choose(state, "path", "File"), text(state, "path", "or its path"), data_upload),
            row(Choose(state, "theta", "θ to compare with"), text(state, "theta", "or its path"), theta_upload),
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
        state.theta, state.path = NONE, path or (files[0] if files else "")
        for name, value in chosen.items():
            if value is not None:
                state.set_trait(name, value)
        self._settling = False
        self._changed()

    def settle(self) -> None:
        """Offers a path that was typed or uploaded; forgets the columns of another file."""
        state = self.state
        for name in ("path", "theta"):
            value = getattr(state, name) or NONE
            if value not in state.options[name] and (name == "theta" or value != NONE):
                state.options = state.options | {name: (*state.options[name], value)}
        state.theta = state.theta or NONE
        if self._opened is not None and self._opened_as != state.path:
            self._opened = None
            state.offer(**{role: () for role in ROLES})
            state.gradient = False

    def redraw(self) -> None:
        """Reads what is chosen."""
        if not self.state.path:
            self.work.say("Choose a data file, or give its path.")
            return
        path, theta, chosen = self._wanted()
        if self.study is not None and (path, theta, chosen) == self._asked:  # back from another page
            self.draw("drawing", lambda _: None, lambda _: figures.energies(self.data), at_once=True)
            return
        what = f"reading {Path(path).name}"
        self.draw(what, lambda progress: self._read(path, theta, chosen, progress), self._figure, at_once=False)

    def _wanted(self) -> tuple[str, str, dict[str, object]]:
        """Path of the data, path of θ, and how the data are read."""
        state = self.state
        chosen: dict[str, object] = {role: getattr(state, role) or None for role in ROLES}
        chosen["key"] = None if chosen["key"] == NONE else chosen["key"]
        return state.path, state.theta, chosen | {"temperature": state.temperature, "gradient": state.gradient}

    def _read(self, path: str, theta: str, chosen: dict[str, object], progress: Progress) -> tuple:
        """The open file, and its study or the error that stood in the way: selectors need the columns in either case."""
        opened = self._opened or io.open(path)
        self._opened, self._opened_as = opened, path
        try:
            given = None if theta == NONE else io.read_theta(theta, name="θ (given)")
            data = opened.dataset(**chosen, check=False, progress=progress)
            return opened, data, *self._judged(data, given), None
        except (ValueError, OSError) as error:
            return opened, None, None, (), None, error

    def _judged(self, data: Dataset, given: LinearPotential | None) -> tuple[Moments, list, LinearPotential | None]:
        moments = accumulate(data)
        if given is not None and given.K != data.K:
            raise ValueError(
                f"θ: expected K = {data.K} parameters as in the data, got {given.K}; θ and the data must use the same "
                "descriptor with the same settings"
            )
        theta = None if given is None else given.theta
        return moments, diagnostics.health(data, theta=theta, moments=moments), given

    def _figure(self, read: tuple) -> go.Figure:
        opened, data, moments, self.health, given, error = read
        self._offer(opened)
        self.columns.value = tables.columns(opened.columns)._repr_html_()
        self.card.value = tables.card(self.health)._repr_html_() if self.health else ""
        self.data, self.study = data, None
        if error is not None:
            raise error
        failed = [entry.message for entry in self.health if entry.level == "fail"]
        if not failed:
            self.study, self._asked = Study(data, given=given, moments=moments), self._wanted()
            if self._loaded:
                self._loaded(self.study)
        else:
            self.figure.become(figures.energies(data))
            raise ValueError(" ".join(failed))
        return figures.energies(data)

    def _offer(self, opened: "io.Opened") -> None:
        """Selectors of what fits, set to what was taken."""
        state = self.state
        self._settling = True
        try:
            chosen = state.force_descriptors or opened.guess("force_descriptors")
            forces = state.forces or opened.guess("forces")
            for role in ROLES:
                narrowed = {"force_descriptors": chosen, "forces": forces} if role == "descriptors" else {}
                offered = opened.choices(role, **narrowed)
                offered = (NONE, *offered) if role == "key" and offered else offered
                value = getattr(state, role) or opened.guess(role, **narrowed)
                state.offer(**{role: offered})
                if value in offered:
                    state.set_trait(role, value)
            self._gradient.layout.display = "flex" if opened.has_descriptors else "none"
        finally:
            self._settling = False

    def _take(self, name: str) -> Callable[[Path], None]:
        return lambda path: self.state.set_trait(name, str(path))

    def _refuse(self, error: Exception) -> None:
        self.work.fail(error)
