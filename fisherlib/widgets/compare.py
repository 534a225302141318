"""Models against the truth: distributions, parity, residuals and errors by trajectory."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import ipywidgets
import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from .. import comparison, figures, io
from ..comparison import Comparison
from ..figures.style import titled
from ..study import Study
from ..validation import Ranking
from ..validation.ranking import FORCES as FORCE_ERROR
from .checks import ChooseModels
from .controls import Choose, number, row, tick
from .live import LiveFigure, Picked
from .panel import Panel
from .states import ALL, NONE, CompareState
from .viewer import StructureView

#: Size of Φ above which models are evaluated in the background.
LARGE = 10**8
TOTAL, SITE = "total energy", "site energies of one configuration"
DISTRIBUTION, PARITY, RESIDUALS = "distribution", "energy parity", "energy residuals"
FORCES, ERRORS = "force parity (first model)", "errors by trajectory"
PRICE = "energies against forces, held out"


class ComparePanel(Panel):
    """Models on one trajectory, or on all of them.

    Args:
        study: data, moments and models; ``with_offers`` adds the curve of energies against forces.
        screen: as for ``Panel``.
        chosen: initial traits of ``CompareState``.

    Attributes:
        study: the study, with the saved potentials that were added.
        view: the atoms of the configuration that was clicked, or None.
    """

    state: CompareState

    def __init__(self, study: Study, *, screen: LiveFigure | None = None, **chosen: object) -> None:
        state = CompareState()
        self._configuration: ipywidgets.BoundedIntText = number(state, "configuration", "Configuration")
        self._models = ChooseModels(state, "models", "Models")
        controls = row(
            self._models,
            Choose(state, "view", "View"),
            Choose(state, "trajectory", "Trajectory"),
            Choose(state, "quantity", "Quantity"),
            self._configuration,
            tick(state, "aligned", "an offset for each trajectory"),
            Choose(state, "saved", "Add saved θ"),
        )
        self.view: StructureView | None = None
        self._atoms = ipywidgets.VBox()
        self._atoms.add_class("fisherlib-atoms")
        super().__init__("compare", state, [controls, self._atoms], screen=screen)
        self.figure.on_points(self._picked)
        self.use(study, **chosen)

    def use(self, study: Study, **chosen: object) -> None:
        """Switch to another study; choices that it also offers are kept."""
        self.forget()
        self.hide()
        self.study, self._models.marks = study, dict(study.marks)
        self._settling = True
        before, chosen_before = self.state.options.get("models", ()), self.state.models
        sites = all(t.site_descriptors is not None for t in study.data.values())
        self.state.offer(
            models=tuple(study.potentials),
            trajectory=(ALL, *study.data),
            quantity=(TOTAL, SITE) if sites else (TOTAL,),
            saved=(NONE, *io.theta_files()),
        )
        # New models are shown; models that were there before and not chosen stay hidden.
        shown = [name for name in study.potentials if name in chosen_before or name not in before]
        self.state.models = tuple(shown or study.potentials)
        self.begin(chosen)
        self._changed()

    def wake(self) -> None:
        """Offer also what was saved meanwhile."""
        settling, self._settling = self._settling, True
        self.state.offer(saved=(NONE, *io.theta_files()))
        self._settling = settling
        super().wake()

    def settle(self) -> None:
        """Offer the figures that fit the quantity; add a saved θ to the models."""
        state = self.state
        if state.saved not in ("", NONE):
            path, state.saved = state.saved, NONE
            self._add(path)
        site = state.quantity == SITE
        energies = (DISTRIBUTION, PARITY, RESIDUALS) if self.study.has_energies else ()
        price = (PRICE,) if self.study.has_offers and self.study.mixture is not None else ()
        views = (DISTRIBUTION,) if site else (*energies, FORCES, ERRORS, *price)
        state.offer(view=views)
        self._configuration.layout.display = "flex" if site else "none"
        key = state.trajectory if state.trajectory in self.study.data else next(iter(self.study.data))
        self._configuration.max = len(self.study.data[key]) - 1

    def _add(self, path: str) -> None:
        model = io.read_theta(path, name=io.printable(Path(path).stem))
        self.study = self.study.with_model(model)
        self._models.marks = dict(self.study.marks)
        self.state.offer(models=tuple(self.study.potentials))
        self.state.models = tuple(dict.fromkeys([*self.state.models, model.name]))

    def redraw(self) -> None:
        """Draw the chosen figure."""
        data = self.study.data
        at_once = data.K * len(data.forces) < LARGE
        self.draw(str(self.state.view), lambda _: self._figure(), lambda figure: figure, at_once=at_once)

    def _figure(self) -> go.Figure:
        state = self.state
        if state.quantity == SITE:
            return self._sites()
        if state.view == PRICE and self.study.mixture is not None:
            return figures.mixtures(self.study.mixture, of=self.study.label, marks=self.study.marks)
        compared = [self._comparison(name) for name in state.models]
        if state.view == DISTRIBUTION:
            return self._distribution(compared)
        if state.view == FORCES:
            return self._force_parity(compared[0])
        draw = {PARITY: figures.parity, RESIDUALS: figures.residuals, ERRORS: figures.errors_by_trajectory}
        return draw[state.view](compared, of=self._of(), marks=self.study.marks)

    def _picked(self, points: Sequence[Picked]) -> None:
        """A click on a configuration shows its atoms beside the figure."""
        if not self.active or self.work.busy or len(points) != 1 or points[0].point is None:
            return
        trace = self.figure.data[points[0].trace]
        name = next((n for n in self.state.models if n in (trace.name, trace.legendgroup)), self.state.models[0])
        label = "" if trace.text is None else str(trace.text[points[0].point])
        if self.state.view == ERRORS:
            label = str(points[0].x)
        if self.state.quantity == SITE or not label:
            return
        data = self.study.data
        at_once = data.K * len(data.forces) < LARGE or name in self.study.rankings
        self.work.run(
            "Atoms", lambda _: self.study.ranking(name), lambda found: self._show_row(found, label), at_once=at_once
        )

    def _show_row(self, ranking: Ranking, label: str) -> None:
        """The configuration of a label, or the one of largest force error in a trajectory."""
        if label in ranking.labels:
            self._show_atoms(ranking, ranking.labels.index(label))
        elif label in ranking.data:
            keys = list(ranking.data)
            inside = ranking.data.groups == keys.index(label)
            self._show_atoms(ranking, int(np.argmax(np.where(inside, ranking.quantities[FORCE_ERROR], -1.0))))
            self.work.say(f"Shown is the configuration of largest force error in {escape(label)}.")

    def _show_atoms(self, ranking: Ranking, chosen: int) -> None:
        if self.view is None:
            self.view = StructureView(ranking, chosen=chosen)
            hide = ipywidgets.Button(description="Hide the atoms", icon="times", layout={"width": "auto"})
            hide.tooltip = "Gives the figure the whole width again."
            hide.on_click(lambda _: self.hide())
            self._atoms.children = [self.view, hide]
        else:
            self.view.use(ranking, chosen=chosen)

    def hide(self) -> None:
        """Show the figure alone."""
        self.view, self._atoms.children = None, ()

    def _of(self, *, aligned: bool = True) -> str:
        """Which data a figure shows, and whether energies are aligned."""
        one = "" if self.state.trajectory == ALL else self.state.trajectory
        return ", ".join(filter(None, (self.study.label, one, "aligned" if aligned and self.state.aligned else "")))

    def _comparison(self, name: str) -> Comparison:
        if self.state.trajectory == ALL:
            found = self.study.comparison(name)
        else:
            found = comparison.compare(self.study.potentials[name], self.study.data.select(self.state.trajectory))
        return found.aligned() if self.state.aligned else found

    def _distribution(self, compared: list[Comparison]) -> go.Figure:
        truth = compared[0].reference
        return figures.cdfs(
            {"true": truth} | {c.name: c.energies for c in compared},
            title=titled("Distribution of energies", [c.name for c in compared], self._of()),
            distances={c.name: _distances(truth, c.energies) for c in compared},
            noise=comparison.sampling_noise(compared[0]) if len(compared[0].keys) > 1 else None,
            bands=self._bands(compared),
            caveat=comparison.caveat(compared),
            marks=self.study.marks,
            labels={name: compared[0].labels for name in ("true", *(c.name for c in compared))},
        )

    def _bands(self, compared: list[Comparison]) -> figures.Bands:
        if self.state.trajectory != ALL:
            return {}
        # Aligned energies of a model scatter between trajectories as the true ones do, so only the truth has a band.
        return self.study.bands(*(() if self.state.aligned else (c.name for c in compared)))

    def _force_parity(self, compared: Comparison) -> go.Figure:
        data = self.study.data
        data = data if self.state.trajectory == ALL else data.select(self.state.trajectory)
        histogram = comparison.force_histogram(data.forces, self.study.potentials[compared.name].forces(data))
        rmse = compared.pooled["force_rmse"]
        return figures.force_parity(histogram, name=compared.name, force_rmse=rmse, of=self._of(aligned=False))

    def _sites(self) -> go.Figure:
        state, data = self.state, self.study.data
        key = next(iter(data)) if state.trajectory == ALL else state.trajectory
        count = len(data[key])
        if state.configuration >= count:
            raise ValueError(f"configuration: expected 0 to {count - 1} for {key}, got {state.configuration}")
        one = data[key].slice(state.configuration, state.configuration + 1)
        energies = {name: self.study.potentials[name].site_energies(one) for name in state.models}
        first = next(iter(energies.values()))
        return figures.site_energy_cdfs(
            energies,
            title=titled("Site energies", energies, f"{self.study.label}, {key}, configuration {state.configuration}"),
            distances={name: _distances(first, e) for name, e in list(energies.items())[1:]},
            marks=self.study.marks,
        )


def _distances(a: ArrayLike, b: ArrayLike) -> tuple[float, float]:
    return float(comparison.ks(a, b)), float(comparison.wasserstein_1(a, b))
