"""The fit with sliders for its weights, and its export."""

from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets
import numpy as np
import plotly.graph_objects as go

from .. import figures
from ..dataset import Array
from ..potential import LinearPotential
from ..progress import Progress
from ..regression import Terms, force_rmse
from ..solvers import Solution, solve
from ..study import Offer, Study
from ..validation import split
from .controls import Choose, Strength, buttons, row, text
from .live import LiveFigure
from .panel import Panel
from .saving import Saving, with_descriptor
from .states import FitState
from .work import Work

#: Folds of trajectories, each held out once.
FOLDS = 5
#: Traits of the state that are weights of the terms.
WEIGHTS = ("ridge", "kl", "energy")


class FitPanel(Panel):
    """θ that minimises the Fisher divergence plus weighted terms, beside another θ.

    Everything follows from moments, so no slider reads the data.

    Args:
        study: data, moments and models.
        screen: as for ``Panel``.
        added: called with a potential that the person adds to the models.
        offered: called with the study and its offers, once validation has chosen them.
        chosen: initial traits of ``FitState``.

    Attributes:
        model: the potential shown.
        offers: a button for each fit that validation puts beside θ_f, which sets its weights.
        saving: the buttons that save it.
        validation: the status line of choosing them, which may take longer than the fit.
        solution: its rank, condition and loss.
        held_out: force RMSE of each trajectory from a fit without its fold, eV/Å.
    """

    state: FitState

    def __init__(
        self,
        study: Study,
        *,
        screen: LiveFigure | None = None,
        added: Callable[[LinearPotential], None] | None = None,
        offered: Callable[[Study], None] = lambda study: None,
        **chosen: object,
    ) -> None:
        state = FitState()
        self._offered, self.validation = offered, Work()
        self.numbers, self.advice = ipywidgets.HTML(), ipywidgets.HTML()
        self.offers, adding = buttons(), []
        if added:
            tip = "Puts this fit beside the models of Compare and Landscape, under its name."
            adding.append(ipywidgets.Button(description="Add to the models", layout={"width": "auto"}, tooltip=tip))
            adding[-1].on_click(
                lambda _: self.work.run("adding", lambda _: None, lambda _: added(self.model), at_once=True)
            )
        controls = [
            row(
                Strength(state, "ridge", "Ridge strength"),
                Strength(state, "kl", "KL weight, 1/Å²"),
                Strength(state, "energy", "Energy weight, 1/(eV² Å²)"),
                Choose(state, "reference", "Compare with"),
                text(state, "name", "Name"),
            ),
            buttons(*adding, self.validation, self.offers, self.advice),
            self.numbers,
        ]
        super().__init__("fit", state, controls, screen=screen)
        self.saving = Saving(self._to_save, self.work)
        head, sliders, *rest = self._contents()
        self.children = [head, sliders, self.saving, *rest]
        self.use(study, **chosen)

    def _contents(self: Any) -> list[ipywidgets.Widget]:
        return list(self.children)

    def use(self, study: Study, **chosen: object) -> None:
        """Switch to another study."""
        self.forget()
        self._study, self._offered_formats = study, False
        self._held = moments = study.moments_of_parts
        keys = tuple(moments)
        parts = split(keys, min(FOLDS, len(keys)), seed=study.seed) if len(keys) > 1 else []
        self._folds = [(part, Terms.of(moments.drop(part), study.temperature)) for part in parts]
        total = moments.total()
        self._lowest = solve(study.terms.fisher).theta
        self._scale = np.sqrt(np.diag(total.PhiPhi) / total.rows)
        self._compare_with(study)
        self.begin(chosen)
        self.redraw()
        self._validate()

    def _compare_with(self, study: Study) -> None:
        """Offer the models of a study to compare with, and draw nothing yet."""
        self._settling = True
        self.state.offer(reference=[name for name in study.models if name != "θ_f"] or list(study.models))
        self._settling = False

    def forget(self) -> None:
        """Drop the figure and all work under way: they belong to other data."""
        super().forget()
        self.validation.stop()
        self.offers.children, self.advice.value, self.numbers.value = (), "", ""

    def _validate(self) -> None:
        """Choose the fits to offer, in the background: pages of large data are there before."""
        study, self.offers.children = self._study, ()

        def task(progress: Progress) -> Study:
            return study.with_offers(progress=progress)

        what = "holding out trajectories to choose a weight of energies and a ridge"
        self.validation.run(what, task, self._offer, at_once=study.has_offers, undo=self._skipped)

    def _skipped(self) -> str:
        """After Cancel: a button to choose them all the same."""
        tip = "Holds out trajectories to find weights that predict better than θ_f, and offers them as buttons."
        again = ipywidgets.Button(description="Choose by validation", layout={"width": "auto"}, tooltip=tip)
        again.on_click(lambda _: self._validate())
        self.offers.children = [again]
        return "Cancelled."

    def _offer(self, study: Study) -> None:
        """A button and a sentence for each fit that was chosen."""
        self._study = study
        self._compare_with(study)
        self.offers.children = [self._take(offer) for offer in study.offers]
        self.advice.value = " · ".join(
            f"validation, {escape(name)}: {escape(said)}" for name, said in study.advice.items()
        )
        self._offered(study)

    def _take(self, offer: Offer) -> ipywidgets.Button:
        button = ipywidgets.Button(description=f"Take {offer.name}", tooltip=offer.sentence, layout={"width": "auto"})

        def take(_: object) -> None:
            with self.state.hold_trait_notifications():
                for name in WEIGHTS:
                    self.state.set_trait(name, offer.weights.get(name, 0.0))

        button.on_click(take)
        return button

    def redraw(self) -> None:
        """Solve with the chosen weights and draw the fit."""
        weights = {name: getattr(self.state, name) for name in WEIGHTS}
        name, self.saving.link.value = self.state.name or "my fit", ""  # the link belongs to the fit that was saved
        self.draw(
            "solving",
            lambda _: (*self._study.fit(**weights, name=name), self._predicted(weights)),
            self._figure,
            at_once=True,
        )

    def _predicted(self, weights: dict[str, float]) -> dict[str, float]:
        errors: dict[str, float] = {}
        for part, terms in self._folds:
            theta = solve(terms.weighted(**weights)).theta
            errors |= dict(zip(part, force_rmse(self._held.select(part), theta), strict=True))
        return {key: errors[key] for key in self._held if key in errors}

    def _figure(self, result: tuple[Solution, LinearPotential, dict[str, float]]) -> go.Figure:
        self.solution, self.model, self.held_out = result
        if not self._offered_formats:  # they depend on the data, and not on the weights
            self._offered_formats = True
            self.saving.offer()
        moments, reference = self._study.moments, self._study.models[self.state.reference]
        taken = reference.name == self.model.name  # models of the same name would be drawn as one
        models = {f"{reference.name} (reference)" if taken else reference.name: reference, self.model.name: self.model}
        errors = {n: dict(zip(moments, force_rmse(moments, m.theta), strict=True)) for n, m in models.items()}
        errors[f"{self.model.name}, held out"] = self.held_out
        bars = self._bars()
        self._tell(errors)
        return figures.fit(
            {name: model.theta for name, model in models.items()},
            self.solution.eigenvalues,
            errors,
            names=self._study.data.descriptor_names,
            rank=self.solution.rank,
            condition=self.solution.condition,
            scale=self._scale,
            errors=bars,
            of=self._study.label,
            marks=self._study.marks,
        )

    def _bars(self) -> dict[str, Array]:
        """Standard errors of θ, if there are enough independent blocks."""
        weights = {name: getattr(self.state, name) for name in WEIGHTS}
        bars = self._study.standard_errors(self.solution, **weights)
        if bars is None:
            self._about_bars = f"no error bars: {self._study.reason}"
            return {}
        self._about_bars = f"bars: one standard error, over {self._study.blocks}"
        if self.state.ridge:
            self._about_bars += "; they do not include the bias of the ridge"
        return {self.model.name: bars}

    def _tell(self, errors: dict[str, dict[str, float]]) -> None:
        terms, theta, solution = self._study.terms, self.model.theta, self.solution
        rows = {name: record.rows for name, record in (*self._study.moments.items(), *self._held.items())}
        shown = {
            "rank": f"{solution.rank} of {len(theta)}",
            "condition": f"{solution.condition:.3g}",
            **{
                heading: f"{float(getattr(terms, name)(theta)):{'.4g' if name == 'fisher' else '.3g'}}"
                + (self._above() if name == "fisher" else "")
                for name, heading in self._study.units.items()
            },
            "energy RMSE, eV": "no energies" if terms.energy is None else _rmse(terms.energy(theta)),
            "trajectories": str(len(self._study.data)),
        }
        if self._study.blocks is not None:
            shown["independent blocks, by the scores"] = f"about {self._study.blocks.independent:.0f}"
        for name, values in errors.items():
            if values:
                weights = [rows[key] for key in values]
                pooled = np.sqrt(np.average(np.square(list(values.values())), weights=weights))
                shown[f"force RMSE, {name}, eV/Å"] = f"{pooled:.4f}"
        whole = "<span style='white-space: nowrap'>{} <b>{}</b></span>"  # keeps a number beside its name
        self.numbers.value = " · ".join(whole.format(escape(name), escape(value)) for name, value in shown.items())
        self.numbers.value += f" · {self._about_bars}"

    def _above(self) -> str:
        """How far J is above its minimum, where other terms or a ridge raise it."""
        lowest = float(self._study.terms.fisher(self._lowest))
        ratio = float(self._study.terms.fisher(self.model.theta)) / lowest if lowest > 0 else 1.0
        return (
            f" ({ratio:.2f} × the minimum)" if 1.005 < ratio < 10 else f" ({ratio:.0f} × the minimum)" * (ratio > 1.1)
        )

    def _to_save(self) -> LinearPotential:
        given = self._study.models.get("θ (given)")
        return self.model if given is None else with_descriptor(self.model, given.provenance)


def _rmse(loss: Array) -> str:
    """√(2q) in words."""
    return f"{np.sqrt(2 * max(float(loss), 0.0)):.4g}"
