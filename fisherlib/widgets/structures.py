"""From a point to the atoms: configurations by error and leverage, and the structure of the chosen one."""

from collections.abc import Sequence
from pathlib import Path

import ipywidgets
import plotly.graph_objects as go

from .. import figures
from ..io import printable
from ..study import Study
from ..validation import Ranking
from ..validation.ranking import ENERGY, FORCES, LARGEST, LEVERAGE, PREDICTED, TRUE
from .compare import LARGE
from .controls import Choose, row
from .live import LiveFigure, Picked
from .panel import Panel
from .states import StructuresState
from .viewer import StructureView

#: Ways of showing atoms.
BALLS, SPHERES = "balls and bonds", "spheres"
#: How many configurations the list has.
LISTED = 20
TIPS = {
    "model": "The model whose errors are shown.",
    "x": "What is drawn along the horizontal axis.",
    "y": "What is drawn along the vertical axis.",
    "colour": "What colours the atoms of the structure.",
    "shape": "How the atoms are drawn.",
    "order": "What the list is ordered by: a large leverage asks for more data like it, a large error for a look at it.",
}


class StructuresPanel(Panel):
    """One point for each configuration, a ranked list, and the atoms of the chosen one; all three are linked.

    Args:
        study: data, moments and models.
        screen: as for ``Panel``.
        chosen: initial traits of ``StructuresState``.

    Attributes:
        study: the study.
        view: the atoms of the chosen configuration.
        listed: the ranked list.
    """

    state: StructuresState

    def __init__(self, study: Study, *, screen: LiveFigure | None = None, **chosen: object) -> None:
        state, self.study = StructuresState(), study
        labels = {
            "model": "Model",
            "x": "Horizontal",
            "y": "Vertical",
            "colour": "Colour of atoms",
            "shape": "Atoms as",
        }
        controls = row(*(Choose(state, name, label, tip=TIPS[name]) for name, label in labels.items()))
        self.view: StructureView | None = None
        self.listed = ipywidgets.Select(
            rows=9, description="Ranked", layout={"width": "100%"}, tooltip="Shows the atoms of the one that is chosen."
        )
        self.listed.add_class("fisherlib-listed")
        self._save = ipywidgets.Button(icon="download", layout={"width": "auto"})
        self._save.tooltip = "Energies and forces of the truth and of the model, trajectory and index, as extended xyz."
        self._whole = ipywidgets.Button(description="End the selection", icon="times", layout={"width": "auto"})
        self._whole.tooltip = "Forgets the lasso: all configurations are alike again, and the list is what is saved."
        self._order = Choose(state, "order", "Add or check", tip=TIPS["order"])
        self._atoms = ipywidgets.VBox()
        self._atoms.add_class("fisherlib-atoms")
        super().__init__("structures", state, [controls, self._atoms], screen=screen)
        self.figure.on_points(self._picked)
        self.listed.observe(self._listed, "value")
        self._save.on_click(lambda _: self.save())
        self._whole.on_click(lambda _: setattr(self.state, "selected", ()))
        self.use(study, **chosen)

    def use(self, study: Study, **chosen: object) -> None:
        """Switch to another study; choices that it also offers are kept."""
        self.forget()
        if study.data is not self.study.data:
            self.state.selected, self.state.chosen = (), -1
        self.study = study
        self._settling = True
        names = [LEVERAGE, FORCES, LARGEST, *((ENERGY, TRUE, PREDICTED) if study.has_energies else ())]
        before = self.state.y
        self.state.offer(model=tuple(study.potentials), x=tuple(names), y=tuple(names))
        self.state.y = self.state.y if before else FORCES
        self.state.offer(order=tuple(name for name in names if name not in (TRUE, PREDICTED)), shape=(BALLS, SPHERES))
        self.begin(chosen)
        self._changed()

    def choose(self, row: int) -> None:
        """Show the atoms of a configuration, by its row among all."""
        self.state.chosen = row

    def redraw(self) -> None:
        """Draw the chosen figure and the atoms."""
        if not self.active:
            return
        name, data = self.state.model, self.study.data
        at_once = data.K * len(data.forces) < LARGE or name in self.study.rankings
        self.draw("Errors of every configuration", lambda _: self.study.ranking(name), self._arranged, at_once=at_once)

    def _arranged(self, ranking: Ranking) -> go.Figure:
        """Show the list and the atoms; returns the figure."""
        state = self.state
        self._settling = True
        try:
            rows = ranking.worst(state.order, number=LISTED)
            if not 0 <= state.chosen < len(ranking.labels):
                state.chosen = int(rows[0])
            self._list(ranking, rows.tolist())
            self._show_atoms(ranking)
        finally:
            self._settling = False
        chosen = f"the {len(state.selected)} chosen configurations" if state.selected else "this list"
        self._save.description = f"Save {chosen} (.xyz)"
        self._whole.layout.display = "" if state.selected else "none"
        self._save.disabled = self.view is None or self.view.scene.scene["structure"] is None
        axes = {"x": state.x, "y": state.y, "chosen": state.chosen, "selected": state.selected}
        label = getattr(self.study, "label", "")
        return figures.ranking(ranking, **axes, mark=self.study.marks[state.model], of=label)

    def _list(self, ranking: Ranking, rows: Sequence[int]) -> None:
        values = ranking.quantities[self.state.order]
        words = [f"{k}. {ranking.labels[row]}: {values[row]:.4g}" for k, row in enumerate(rows, 1)]
        options = tuple(zip(map(printable, words), rows, strict=True))
        if self.listed.options != options:
            self.listed.options = options
        self.listed.value = self.state.chosen if self.state.chosen in rows else None

    def _show_atoms(self, ranking: Ranking) -> None:
        state = self.state
        if self.view is None:
            self.view = StructureView(ranking, chosen=state.chosen)
            self.view.observe(self._followed, "chosen")
            self._atoms.children = [self.view, row(self._order, self._save, self._whole), self.listed]
        state.offer(colour=self.view.colours_of(ranking))
        self.view.spheres = state.shape == SPHERES
        self.view.use(ranking, chosen=state.chosen, colour=state.colour)

    def _followed(self, change: dict[str, int]) -> None:
        """The slider of the view has moved."""
        if not self._settling:
            self.choose(change["new"])

    def _listed(self, change: dict[str, int | None]) -> None:
        if not self._settling and change["new"] is not None:
            self.choose(change["new"])

    def _picked(self, points: Sequence[Picked]) -> None:
        """A click shows a configuration; a lasso makes a list."""
        if not self.active:
            return
        traces = self.figure.data
        rows = [int(traces[p.trace].customdata[p.point]) for p in points if p.point is not None]
        rows = sorted(set(rows))
        if len(rows) == 1:
            self.choose(rows[0])
        elif rows:
            self.state.selected = tuple(rows)

    @property
    def file(self) -> tuple[str, str]:
        """Name and text of what is saved: the configurations in the lasso, or else those of the list."""
        rows = self.state.selected or [row for _, row in self.listed.options]
        stem = Path(str(self.study.data.provenance.get("file", "structures"))).name.split(".")[0]
        return f"{printable(stem)}_{len(rows)}_structures.xyz", self.study.ranking(self.state.model).extxyz(rows)

    def save(self) -> None:
        """Let the browser keep the file."""
        if self.view is not None:
            name, text = self.file
            self.view.scene.download(name, text.encode())
            self.work.say(f"{name} is among the downloads of the browser.")
