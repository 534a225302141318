"""Four treatments of one linear model, by the way of holding rows out, with a slider over their strength."""

import contextlib
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import ipywidgets
import numpy as np
import plotly.graph_objects as go

from .. import figures
from ..comparison import Correlation, noise_ceiling
from ..dataset import Array
from ..figures.html import with_error
from ..moments import Moments
from ..progress import Progress
from ..regression import Evidence, evidence, lasso_path
from ..validation import TREATMENTS, Folds, Scores, folds, scores, selected
from ..validation.treatments import LASSO, RIDGE
from .controls import Choose, ChooseSeveral, row, slider, tick
from .live import LiveFigure
from .panel import Panel
from .states import TreatmentsState

if TYPE_CHECKING:  # the guest needs libraries that panels do without
    from ..glass import Rows

#: Ways to hold rows out, from the most honest to the most hopeful, as the list shows them.
PROTOCOLS = {
    "configurations": "whole configurations",
    "tiles": "tiles of space",
    "random": "random splits",
    "in-sample": "nothing (in-sample)",
}
#: Standard deviations at which descriptors are cut off.
CLIP = 5.0
#: Of the columns of the table, after the first one, which says at which λ̃ they are.
HEADINGS = ("r within configurations", "r pooled", "mean squared error", "descriptors", "λ̃ chosen")


class Found(NamedTuple):
    """What is known of a treatment: scores of held-out rows, the curve to draw, and the number of descriptors at each strength."""

    scores: Scores
    curve: Scores | Evidence
    numbers: Array


class TreatmentsPanel(Panel):
    """Risk of each treatment against λ̃, and its correlation with held-out rows at the λ̃ that is chosen.

    Rows are read once for each way of holding them out; a change of λ̃ reads nothing.

    Args:
        rows: from ``glass.rows``.
        screen: as for ``Panel``.
        chosen: traits of ``TreatmentsState`` to begin with, e.g. ``protocol="random"``, ``ratio=0.2``.

    Attributes:
        coverage: how often rows are held out, in words.
        numbers: the table of correlations.
    """

    state: TreatmentsState

    def __init__(self, rows: "Rows", *, screen: LiveFigure | None = None, **chosen: object) -> None:
        state = TreatmentsState()
        self.coverage, self.numbers = ipywidgets.HTML(), ipywidgets.HTML()
        self._sliders = {
            "number": slider(state, "number", "Splits k"),
            "ratio": slider(state, "ratio", "Share held out r", step=0.01, readout_format=".2f"),
            "tiles": slider(state, "tiles", "Tiles along an axis"),
        }
        controls = [
            row(
                Choose(state, "protocol", "Hold out", shown=lambda name: PROTOCOLS[name]),
                ChooseSeveral(state, "treatments", "Treatments"),
                tick(state, "clipped", f"Cut descriptors off at {CLIP:g} standard deviations"),
            ),
            row(*self._sliders.values(), self.coverage),
            row(slider(state, "strength", "Strength λ̃", base=10, step=0.05, readout_format=".3g")),
            self.numbers,
        ]
        super().__init__("treatments", state, controls, screen=screen)
        self.use(rows, **chosen)

    def use(self, rows: "Rows", **chosen: object) -> None:
        """Switch to other rows; choices that they also offer are kept."""
        self.forget()
        if not hasattr(rows, "blocks"):
            raise TypeError(f"rows: expected Rows of glass, got {type(rows).__name__}; take those of glass.rows")
        self._rows = rows
        self._known: dict[tuple[object, ...], dict[str, Found]] = {}
        self._under_way: object = None
        self._ceiling: Correlation | None = None
        first, second = ((), ()) if rows.halves is None else rows.halves
        with contextlib.suppress(ValueError):  # no halves, too few rows in a block, or halves that do not vary
            self._ceiling = noise_ceiling(first, second, rows.blocks)
        self._settling = True
        alone = len(np.unique(rows.blocks)) == 1
        self.state.offer(protocol=list(PROTOCOLS)[alone:], treatments=list(TREATMENTS))
        self.begin(chosen)
        self._changed()

    def settle(self) -> None:
        """Hold rows out, and say how often."""
        state, rows = self.state, self._rows
        for name, control in self._sliders.items():
            control.layout.display = "flex" if state.protocol == ("tiles" if name == "tiles" else "random") else "none"
        space: dict[str, Any] = {"positions": rows.positions, "box": rows.box, "tiles": state.tiles}
        self._folds = folds(rows.blocks, state.protocol, number=state.number, ratio=state.ratio, **space)
        alone = "configurations" not in state.options["protocol"]
        self.coverage.value = _coverage(self._folds) + " · one configuration: none can be held out whole" * alone

    def _way(self) -> tuple[object, ...]:
        """What decides which rows are held out, and what they are."""
        state = self.state
        own = {"random": (state.number, state.ratio), "tiles": (state.tiles,)}
        return (state.protocol, state.clipped, *own.get(state.protocol, ()))

    def redraw(self) -> None:
        """Draw the risks; only what is not known yet takes time."""
        rows, way, held_out, wanted = self._rows, self._way(), self._folds, self.state.treatments
        missing = [name for name in wanted if name not in self._known.get(way, {})]
        if self.work.busy and (way, wanted) == self._under_way:
            return  # only λ̃ has changed, and it is read when the risks are drawn
        self._under_way = way, wanted
        clip = CLIP if self.state.clipped else None

        def task(progress: Progress) -> dict[str, Found]:
            found = {}
            for done, name in enumerate(missing):

                def each(fold: int, folds: int, done: int = done) -> None:
                    progress(done * folds + fold, len(missing) * folds)

                found[name] = _found(name, held_out, rows, clip, each)
            return found

        def build(found: dict[str, Found]) -> go.Figure:
            self._known.setdefault(way, {}).update(found)
            return self._figure({name: self._known[way][name] for name in wanted})

        self.draw(f"holding out {PROTOCOLS[self.state.protocol]}", task, build, at_once=not missing)

    def _figure(self, found: dict[str, Found]) -> go.Figure:
        strength = self.state.strength
        headings = (f"at λ̃ = {strength:.3g}", *HEADINGS)
        lines = [f"<tr>{''.join(f'<th>{each}</th>' for each in headings)}</tr>"]
        for name, each in found.items():
            at = int(np.argmin(np.abs(np.log(each.scores.strengths * each.scores.rows / strength))))
            r = each.scores.correlation(at)
            best = each.curve.strength * each.curve.rows
            lines.append(_line(name, r, f"{each.scores.risk[at]:.4g}", f"{each.numbers[at]:.0f}", f"{best:.4g}"))
        if self._ceiling is not None:
            lines.append(_line("noise ceiling", self._ceiling, "", "", ""))
        self.numbers.value = f"<table>{''.join(lines)}</table>"
        return figures.risks({name: each.curve for name, each in found.items()}, at=strength)


def _line(name: str, r: Correlation, *cells: str) -> str:
    """A row of the table; where all predictions are the same there is no correlation."""
    both = (with_error(r.mean, r.error), f"{r.pooled:.3f}") if np.isfinite(r.mean) else ("—", "—")
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in (name, *both, *cells))}</tr>"


def _coverage(found: Folds) -> str:
    """k·r in words, and what is not known when it is small."""
    said = f"k·r = {found.k} × {found.ratio:.3g} = <b>{found.coverage:.3g}</b>"
    if found.in_sample:
        return f"{said}: rows are predicted by a model that was trained on them"
    if found.coverage < 1 - 1e-9:
        said += " &lt; 1: some rows cannot be held out; take more splits or a larger share"
    return said + (f" · {found.never:,} of {len(found.blocks):,} rows are never held out" if found.never else "")


def _found(name: str, held_out: Folds, rows: "Rows", clip: float | None, progress: Progress) -> Found:
    """All that the panel shows of a treatment."""
    lasso, bayes = name == "MAP-Lasso", name == "Bayes-Ridge"
    strengths = LASSO if lasso else np.ones(1) if bayes else RIDGE
    score = scores(held_out, rows.X, rows.y, TREATMENTS[name], strengths, clip=clip, progress=progress)
    X = folds(rows.blocks, "in-sample").clipped(rows.X, 0, clip)
    moments = Moments.from_rows(X, rows.y, held_out.parts)
    if lasso:
        return Found(score, score, lasso_path(moments.total(), score.strengths).numbers)
    number = len(selected(moments)) if name == "MAP-Debias" else rows.X.shape[1]
    return Found(score, evidence(moments.total(), RIDGE) if bayes else score, np.full(len(score.strengths), number))
