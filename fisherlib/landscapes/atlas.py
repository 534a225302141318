"""Landscapes by name: any loss around any model on any plane, computed on request and remembered."""

import dataclasses
from collections.abc import Mapping, Sequence

from ..arguments import each, kind, words
from ..arguments import seed as check_seed
from ..dataset import Dataset
from ..losses import fisher
from ..moments import Moments
from ..potential import LinearPotential
from ..progress import Progress, silent
from ..regression import common_temperature
from ..units import check_temperature
from .catalogue import EVALUATED, Loss, quadratics, with_energies
from .grids import Landscape
from .linear import linear_models
from .models import Model, PlaneChoice, Surfaces
from .planes import Point

#: How many are remembered: a landscape of 101 × 101 points takes 80 kB, a projection of 10⁶ rows 24 MB.
REMEMBERED = {"landscapes": 256, "projections": 6}


class Atlas:
    """Landscapes around models.

    Args:
        data: for the losses that are not quadratic.
        moments: ``accumulate(data)``, for those that are.
        models: name → potential, at least two.
        others: models of other kinds, such as ``neural.NeuralModel``.
        temperature: K; without it the trajectories' own. Where none states one, losses are in units of β².
        seed: of random directions, where a call gives none.
        n: points along each axis, where a call gives none.

    Attributes:
        models: names of the models.
        losses: names of the losses.
        descriptors: names of the coefficients.

    Raises:
        ValueError: fewer than two potentials, the same parameters in all of them, moments or potentials of other data,
            or one name for two models.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([2.0, 1.0, 3.0])
        >>> moments = fl.accumulate(data)
        >>> fit = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
        >>> atlas = fl.Atlas(data, moments, {"fit": fit, "guess": fl.LinearPotential(theta=[1.0, 1.0, 1.0])})
        >>> surface, points = atlas("fit", "force MAE", n=21)
        >>> surface.z.shape, points
        ((21, 21), {'fit': (0.0, 0.0), 'guess': (1.0, 0.0)})
    """

    def __init__(
        self,
        data: Dataset,
        moments: Moments,
        models: Mapping[str, LinearPotential],
        *,
        others: Sequence[Model] = (),
        temperature: float | None = None,
        seed: int = 0,
        n: int = 101,
    ) -> None:
        kind("data", data, Dataset, "Atlas(data, accumulate(data), {name: model})")
        kind("moments", moments, Moments, "Atlas(data, accumulate(data), {name: model})")
        kind("models", models, Mapping, "Atlas(data, accumulate(data), {name: model})")
        check_temperature(temperature)
        others = each("others", others, Model, "Atlas(data, moments, models, others=[model])") if others else ()
        moments.check_of(data, temperature)
        metric = fisher(moments, common_temperature(moments, temperature))
        known: list[Model] = [*linear_models(data, models, metric, seed=seed), *others]
        names = [model.name for model in known]
        if len(set(names)) < len(names):
            raise ValueError(f"others: expected models whose names are not taken, got {names}")
        self._models = dict(zip(names, known, strict=True))
        evaluated = [loss for loss in EVALUATED if with_energies(moments) or loss.name.startswith("force")]
        self._losses = {loss.name: loss for loss in (*quadratics(moments, temperature), *evaluated)}
        self._seed, self._n = seed, n
        self._surfaces: dict[tuple[str, PlaneChoice], Surfaces] = {}
        self._drawn: dict[tuple, Landscape] = {}
        self.models, self.losses, self.descriptors = tuple(names), tuple(self._losses), data.descriptor_names

    def planes(self, model: str) -> tuple[str, ...]:
        """The kinds of planes around a model."""
        return tuple(dict.fromkeys(choice.kind for choice in self._model(model).planes))

    def through(self, model: str, plane: str, *chosen: str) -> tuple[str, ...]:
        """The models that a plane of a kind can go through after the ``chosen`` ones; empty if it needs no more."""
        lists = [choice.models for choice in self._model(model).planes if choice.kind == plane]
        k = len(chosen)
        return tuple(dict.fromkeys(names[k] for names in lists if names[:k] == chosen and len(names) > k))

    def work(self, model: str, loss: str) -> str:
        """The long work that drawing a loss around a model takes, in words; empty if it is quick."""
        known = self._model(model)
        return known.project(known.planes[0]).work(self._loss(loss))

    def choice(
        self,
        model: str,
        *,
        plane: str | None = None,
        to: str | None = None,
        third: str | None = None,
        coefficients: Sequence[str] = (),
        seed: int | None = None,
    ) -> PlaneChoice:
        """A plane around a model: missing arguments get their defaults, those that its kind does not need are ignored.

        Arguments and errors are those of a call.
        """
        kind = plane or self.planes(model)[0]
        _among("plane", kind, self.planes(model))
        models: tuple[str, ...] = ()
        for what, name in (("to", to), ("third", third)):
            if known := self.through(model, kind, *models):
                _among(what, name or known[0], known)
                models += (name or known[0],)
        usual = next(choice for choice in self._model(model).planes if choice.kind == kind)
        pair = words("coefficients", coefficients or usual.coefficients) if usual.coefficients else ()
        if not set(pair) <= set(self.descriptors):
            raise ValueError(
                f"coefficients: expected descriptors among {', '.join(self.descriptors)}, got {', '.join(pair)}"
            )
        if seed is not None:
            check_seed(seed)
        drawn = None if usual.seed is None else self._seed if seed is None else seed
        return dataclasses.replace(usual, models=models, coefficients=pair, seed=drawn)

    def __call__(
        self,
        model: str,
        loss: str,
        *,
        plane: str | None = None,
        to: str | None = None,
        third: str | None = None,
        coefficients: Sequence[str] = (),
        seed: int | None = None,
        half_width: float = 1.0,
        n: int | None = None,
        preview: bool = False,
        progress: Progress = silent,
    ) -> tuple[Landscape, dict[str, Point]]:
        """The landscape of a loss around a model, and the named points on it.

        Args:
            model, loss: among ``models`` and ``losses``.
            plane: among ``planes(model)``; the first of them without it.
            to: the model at (1, 0) of a plane through models; the first of ``through(model, plane)`` without it.
            third: the model at (0, 1) of a plane through three; the first of ``through(model, plane, to)`` without it.
            coefficients: names of two descriptors, for a plane along two coefficients; the first two without them.
            seed: of random directions.
            half_width: of the plane, relative to its own.
            n: points along each axis.
            preview: an approximate surface with an ``error`` will do, if the exact one takes longer than a moment.
            progress: called with (done, total) during long work; an exception raised in it ends the work.

        Raises:
            ValueError: an unknown model, loss or plane; the message lists the known ones.
        """
        known = self._loss(loss)
        choice = self.choice(model, plane=plane, to=to, third=third, coefficients=coefficients, seed=seed)
        points, n = self._model(model).points(choice), self._n if n is None else n
        view = (model, choice, loss, half_width, n)
        if view not in self._drawn:
            surfaces = self._on_plane(model, choice)
            drawn = surfaces.draw(known, half_width=half_width, n=n, preview=preview, progress=progress)
            if drawn.error:
                return drawn, points
            _remember(self._drawn, view, drawn, REMEMBERED["landscapes"])
        return self._drawn[view], points

    def _model(self, name: str) -> Model:
        _among("model", name, self.models)
        return self._models[name]

    def _loss(self, name: str) -> Loss:
        _among("loss", name, self.losses)
        return self._losses[name]

    def _on_plane(self, model: str, choice: PlaneChoice) -> Surfaces:
        if (model, choice) not in self._surfaces:
            made = self._models[model].project(choice)
            _remember(self._surfaces, (model, choice), made, REMEMBERED["projections"])
        return self._surfaces[model, choice]


def _among(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"{what}: expected one of {', '.join(map(repr, known))}, got {name!r}")


def _remember(memory: dict, key: tuple, value: object, most: int) -> None:
    while len(memory) >= most:
        memory.pop(next(iter(memory)))
    memory[key] = value
