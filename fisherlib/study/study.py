"""The models that are compared on one dataset."""

import copy
import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from types import NoneType
from typing import Any

import numpy as np

from .. import diagnostics
from ..arguments import choice, each, kind
from ..comparison import Comparison, compare
from ..dataset import Array, Dataset
from ..landscapes import Atlas, Landscape, Model, Point
from ..moments import Moments
from ..potential import LinearPotential, check_model, predicts
from ..progress import Progress, silent
from ..regression import energy_fit, fisher_fit, ridge_fit
from ..solvers import solve
from ..uncertainty import ecdf_band
from ..validation import Ranking, ranking
from .marks import numbered
from .sample import Sample, scatter

#: Strength of the ridge whose fit stands beside θ_f where there are no energies to fit.
STRONG = 1e-3


class Study(Sample):
    """What explorers and reports show: data, moments, and models by name.

    Args:
        data: the configurations.
        given: a potential to compare with; an ordinary fit to energies without it.
        temperature: K; without it the trajectories' own. Where none states one, fits are those of any one temperature, and
            losses are in units of β²; see ``units``.
        seed: of random directions.
        moments: ``accumulate(data)``, if it is known already.
        models: all potentials by name, instead of the usual ones: θ_f, the given one (or the energy fit, if there is
            more than one configuration), and "Fisher + KL", which minimises the sum of the Fisher divergence and the
            second-order KL divergence (weight 1 Å⁻²). Without energies a fit with a ridge takes the place of the last two.
        others: models of other kinds, such as ``neural.NeuralModel``, whose landscapes are drawn too; those that predict energies
            and forces are compared with the potentials.
        fixed: names that ``with_model`` refuses; without them those of ``others`` and of the usual potentials.

    Attributes:
        models: name → potential.
        others: name → model of another kind.
        potentials: name → all that predict energies and forces, those of ``others`` last.
        marks: name → number of its colour and symbol, which stays when models are added.
        rankings: name → what ``ranking`` has found so far.

    Raises:
        ValueError: the temperature of only some trajectories is known, or a model has another number of parameters than the data.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([2.0, 1.0, 3.0]))
        >>> list(study.models)
        ['θ_f', 'energy fit', 'Fisher + KL']
        >>> study.models["θ_f"].theta.round(6)
        array([2., 1., 3.])
    """

    def __init__(
        self,
        data: Dataset,
        *,
        given: LinearPotential | None = None,
        temperature: float | None = None,
        seed: int = 0,
        moments: Moments | None = None,
        models: Mapping[str, LinearPotential] | None = None,
        others: Sequence[Model] = (),
        fixed: Collection[str] | None = None,
    ) -> None:
        kind("models", models, (Mapping, NoneType), "Study(data, models={name: model})")
        super().__init__(data, moments, temperature, seed)
        for what, model in {"given": given, **(models or {})}.items():
            if model is not None:
                check_model("given" if model is given else "models", model, "Study(data, given=io.read_theta(path))")
                _check_of(what, model, data)
        # Figures tell models apart by their own names.
        self.models = {n: _named(model, n) for n, model in (models or self._usual(given)).items()}
        others = each("others", others, Model, "Study(data, others=[model])") if others else ()
        self.others = {model.name: model for model in others}
        if len(self.others) < len(others):
            raise ValueError(f"others: expected different names, got {', '.join(model.name for model in others)}")
        usual = () if models else self.models
        self.fixed = frozenset(fixed if fixed is not None else (*usual, *self.others))
        self.marks = numbered((*self.models, *self.others))
        self._comparisons: dict[str, Comparison] = {}
        self.rankings: dict[str, Ranking] = {}

    def _usual(self, given: LinearPotential | None) -> dict[str, LinearPotential]:
        theta_f = fisher_fit(self.moments, temperature=self.temperature, provenance=self.data.provenance)
        if not self.has_energies:
            other = ridge_fit(self.moments, STRONG, temperature=self.temperature) if given is None else given
            return {model.name: model for model in (theta_f, other)}
        mixed = self.fit(kl=1.0, name="Fisher + KL")[1]
        if given is not None and given.name in (theta_f.name, mixed.name):
            given = _named(given, f"{given.name} (given)")
        if given is None and scatter(self.moments):
            given = energy_fit(self.moments)
        return {model.name: model for model in (theta_f, given, mixed) if model is not None}

    @property
    def potentials(self) -> dict[str, Any]:
        """Name → all models that predict energies and forces: the linear potentials, and those of ``others`` that do."""
        able = {name: model for name, model in self.others.items() if predicts(model)}
        return {**self.models, **able}

    def with_model(self, model: LinearPotential | Model) -> "Study":
        """The same study with one more model, which replaces one that was added under its name before.

        Args:
            model: a potential, or a model of another kind as in ``others``.

        Raises:
            ValueError: the name is one of the ``fixed`` ones or of a model of another kind, or K differs.
        """
        if not isinstance(model, Model):
            check_model("model", model, "study.with_model(io.read_theta(path))")
            _check_of(model.name, model, self.data)
        if model.name in self.fixed or model.name in (self.models if isinstance(model, Model) else self.others):
            raise ValueError(f"name: {model.name!r} is the name of another model; choose a name of your own")
        more = copy.copy(self)  # with all that is known of the data
        if isinstance(model, Model):
            more.others = self.others | {model.name: model}
        else:
            more.models = self.models | {model.name: model}
        more.marks = numbered((*more.models, *more.others), self.marks)
        more._comparisons = {name: found for name, found in self._comparisons.items() if name != model.name}
        more.rankings = {name: found for name, found in self.rankings.items() if name != model.name}
        more.__dict__.pop("atlas", None)
        return more

    def with_offers(self, *, progress: Progress = silent) -> "Study":
        """The same study with the fits that validation puts beside θ_f.

        Args:
            progress: called with (steps done, in all) while they are chosen; an exception raised in it ends that.
        """
        if "mixture" not in vars(self):
            self.mixture = self._mixture(lambda done, total: progress(done, 2 * total))
        if "strength" not in vars(self):
            self.strength = self._strength(lambda done, total: progress(total + done, 2 * total))
        missing = [offer for offer in self.offers if offer.name not in self.models]
        return functools.reduce(
            lambda study, offer: study.with_model(self.fit(**offer.weights, name=offer.name)[1]), missing, self
        )

    @property
    def advice(self) -> dict[str, str]:
        """What validation says of plain θ_f: a sentence for each of the ``offers``, and why there is no mixture."""
        said = {offer.name: offer.sentence for offer in self.offers}
        if not self.has_energies:
            return said | {"energies": "these data have none: fits and comparisons are of forces alone"}
        return said if self.mixture is None or self.mixture.weight else said | {"θ_f": self.mixture.sentence}

    def comparison(self, name: str) -> Comparison:
        """Errors of a model on every trajectory, with standard errors unless there is a ``reason``; computed once."""
        choice("name", name, self.potentials)
        if name not in self._comparisons:
            self._comparisons[name] = compare(self.potentials[name], self.data, clusters=self.clusters)
        return self._comparisons[name]

    def ranking(self, name: str) -> Ranking:
        """Errors of a model on every configuration, with the leverage of each on θ_f; computed once."""
        choice("name", name, self.potentials)
        if name not in self.rankings:
            self.rankings[name] = ranking(self.potentials[name], self.data, leverage=self.leverage)
        return self.rankings[name]

    @functools.cached_property
    def leverage(self) -> Array:
        """(M,) how many parameters of θ_f each configuration determines by itself."""
        return diagnostics.leverage(self.data, self.moments, temperature=self.temperature)

    def bands(self, *names: str) -> dict[str, tuple[Array, Array, Array]]:
        """95 % bands of the distribution functions of true energies and of models; none if there is a ``reason``.

        Models are taken as they are, except θ_f, which is fitted again without each of the ``parts``.
        """
        if self.reason or self.blocks is None or not self.has_energies:
            return {}
        independent = self.blocks.independent
        found = {"true": ecdf_band(self.parts, independent=independent)}
        for name in names:
            choice("names", name, self.potentials)
            model = self.potentials[name]
            own = name == "θ_f" and np.array_equal(model.theta, solve(self.terms.fisher).theta)
            found[name] = ecdf_band(self.parts, model, self.refits if own else (), independent=independent)
        return found

    @functools.cached_property
    def atlas(self) -> Atlas:
        """Landscapes of every loss around every model, including those of other kinds."""
        others = tuple(self.others.values())
        return Atlas(self.data, self.moments, self.models, others=others, temperature=self.temperature, seed=self.seed)

    def surfaces(
        self, *, n: int = 41, progress: Progress = silent
    ) -> dict[tuple[str, str, str], tuple[Landscape, dict[str, Point]]]:
        """Every loss around every model on every plane, by (model, plane, loss), for a page without a kernel.

        Args:
            n: points along each axis; half as many for models of other kinds, whose points cost far more.
            progress: called with (surfaces done, total).
        """
        known = self.atlas
        choices = [(m, plane, loss) for m in known.models for plane in known.planes(m) for loss in known.losses]
        drawn = {}
        for model, plane, loss in choices:
            points = max(3, n // 2 + 1) if model in self.others else n
            drawn[model, plane, loss] = known(model, loss, plane=plane, n=points)
            progress(len(drawn), len(choices))
        return drawn


def _check_of(what: str, model: LinearPotential, data: Dataset) -> None:
    if model.K != data.K:
        raise ValueError(
            f"{what}: expected K = {data.K} parameters as in the data, got {model.K}; θ and the data must use "
            "the same descriptor with the same settings"
        )
    model.check_of(data)


def _named(model: LinearPotential, name: str) -> LinearPotential:
    return model if model.name == name else dataclasses.replace(model, name=name)
