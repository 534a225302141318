"""Landscapes by name: every loss around every model on every plane, computed when asked for and remembered."""

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..arguments import kind
from ..dataset import Array, Dataset
from ..losses import Quadratic, energy, fisher, kl
from ..moments import Moments
from ..neural.network import Network
from ..neural.projections import NetworkProjection, project_network
from ..potential import LinearPotential
from ..progress import Progress, silent
from ..solvers import solve
from ..units import check_temperature
from .planes import Landscape, Plane, Point, landscape
from .previews import preview as preview_of
from .previews import worthwhile
from .projections import Projection, project

#: Losses evaluated from projected residuals: name → (method of ``Projection``, unit).
EVALUATED = {
    "force MAE": ("force_mae", "eV/Å"),
    "force Huber": ("force_huber", "eV²/Å²"),
    "force log-cosh": ("force_log_cosh", "eV²/Å²"),
    "energy MAE": ("energy_mae", "eV/atom"),
    "KS of energies": ("energy_ks", ""),
    "W1 of energies": ("energy_wasserstein_1", "eV/atom"),
}

#: The quadratic losses as methods of ``NetworkProjection``, for models in whose parameters they are not quadratic.
_OF_NETWORKS = {"Fisher divergence": "fisher", "energy (½ squared error)": "energy", "KL, second order": "kl"}

#: How a plane is put through the parameters of a linear model …
PLANES = ("through another model", "through three models", "softest and stiffest", "two coefficients", "random")
ANOTHER, THREE, EIGEN, COEFFICIENTS, RANDOM = PLANES
#: … and of a network.
NETWORK_PLANES = (RANDOM, "towards its first weights")
FIRST_WEIGHTS = NETWORK_PLANES[1]

#: Landscapes and projections that are remembered; one of 101 × 101 points takes 80 kB, one of 10⁶ rows 24 MB.
REMEMBERED = {"landscapes": 256, "projections": 6}

#: What makes a network when it is first asked for.
Train = Callable[[Progress], Network]


def quadratics(moments: Moments, temperature: float | None) -> dict[str, tuple[Quadratic, str]]:
    """The quadratic losses by name, with their units."""
    return {
        "Fisher divergence": (fisher(moments, temperature), "1/Å²"),
        "energy (½ squared error)": (energy(moments), "eV²"),
        "KL, second order": (kl(moments, temperature), "nats"),
    }


class Atlas:
    """Landscapes around models.

    By default the plane of a model goes through it, at (0, 0), and through another model, at (1, 0): the first one with
    other parameters. Its second direction is random, from the seed, perpendicular to the first and as long in the
    curvature of the Fisher divergence.

    Args:
        data: for the losses that are not quadratic.
        moments: ``accumulate(data)``, for those that are.
        models: name → potential, at least two.
        networks: name → what trains it when it is first asked for (called with ``progress``).
        trained: those that are known already; what is trained is put in here.
        temperature: K; without it the trajectories' own.
        seed: of random directions, where a call gives none.
        n: points along each axis, where a call gives none.

    Attributes:
        models: names of the linear models and the networks.
        losses: names of the losses.
        descriptors: names of the coefficients.

    Raises:
        ValueError: fewer than two models, the same parameters in all of them, or moments or models of other data.
    """

    def __init__(
        self,
        data: Dataset,
        moments: Moments,
        models: Mapping[str, LinearPotential],
        *,
        networks: Mapping[str, Train] | None = None,
        trained: dict[str, Network] | None = None,
        temperature: float | None = None,
        seed: int = 0,
        n: int = 101,
    ) -> None:
        kind("data", data, Dataset, "Atlas(data, accumulate(data), {name: model})")
        kind("moments", moments, Moments, "Atlas(data, accumulate(data), {name: model})")
        kind("models", models, Mapping, "Atlas(data, accumulate(data), {name: model})")
        check_temperature(temperature)
        if len(models) < 2:
            raise ValueError(f"models: expected at least two to put a plane through, got {list(models)}")
        moments.check_of(data, temperature)
        for model in models.values():
            model.check_of(data)
        self._data, self._temperature, self._seed, self._n = data, temperature, seed, n
        self._potentials, self._train = dict(models), dict(networks or {})
        self._networks = {} if trained is None else trained
        self._quadratics = quadratics(moments, temperature)
        self._projections: dict[tuple, Projection | NetworkProjection] = {}
        self._drawn: dict[tuple, Landscape] = {}
        self.models = (*self._potentials, *self._train)
        self.losses = (*self._quadratics, *EVALUATED)
        self.descriptors = data.descriptor_names
        if not all(self.others(name) for name in self._potentials):
            raise ValueError(f"models: expected two with different parameters, got the same ones under {list(models)}")

    def others(self, model: str, *more: str | None) -> tuple[str, ...]:
        """The linear models with other parameters than ``model`` (and than ``more``): what a plane can go through."""
        taken = [self._potentials[name].theta for name in (model, *more) if name in self._potentials]
        return tuple(
            name
            for name, potential in self._potentials.items()
            if model in self._potentials and not any(_same(potential.theta, theta) for theta in taken)
        )

    def planes(self, model: str) -> tuple[str, ...]:
        """The kinds of planes that there are around a model."""
        if model in self._train:
            return NETWORK_PLANES
        three = any(self.others(model, other) for other in self.others(model))
        several = len(self.descriptors) > 1
        left_out = {THREE: not three, EIGEN: not several, COEFFICIENTS: not several}
        return tuple(kind for kind in PLANES if not left_out.get(kind))

    def is_trained(self, name: str) -> bool:
        """Whether a network has been trained, so that it can be drawn without further delay."""
        return name in self._networks

    def network(self, name: str, *, progress: Progress = silent) -> Network:
        """The network of that name, trained when it is asked for the first time."""
        if name not in self._networks:
            self._networks[name] = self._train[name](progress)
        return self._networks[name]

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
        """The landscape of a loss around a model, and which models lie where on it.

        Args:
            model, loss: among ``models`` and ``losses``.
            plane: among ``planes(model)``; the first of them without it.
            to: the model at (1, 0) of a plane through models; the first of ``others(model)`` without it.
            third: the model at (0, 1) of a plane through three.
            coefficients: two descriptor names, for a plane along two coefficients; the first two without them.
            seed: of random directions.
            half_width: of the plane, relative to its own.
            n: points along each axis.
            preview: an approximate surface will do, with its ``error``, where the exact one takes longer than a moment.
            progress: called with (done, in all) while a network is trained, or a loss evaluated; what it raises ends that.

        Raises:
            ValueError: an unknown model, loss or plane; the sentence lists the known ones.
        """
        _among("model", model, self.models)
        _among("loss", loss, self.losses)
        planes = self.planes(model)
        where = self._where(model, plane or planes[0], to, third, tuple(coefficients), seed)
        view = (*where, loss, half_width, n or self._n)
        if view not in self._drawn:
            made = self._plane(where, progress).widened(half_width)
            drawn = self._draw(made, where, loss, n or self._n, preview, progress)
            if drawn.error:
                return drawn, self._points(where)
            _remember(self._drawn, view, drawn, REMEMBERED["landscapes"])
        return self._drawn[view], self._points(where)

    def at_once(self, model: str, loss: str) -> bool:
        """Whether a landscape needs no long work: it is quadratic and comes from moments alone."""
        return model in self._potentials and loss in self._quadratics

    def _where(
        self, model: str, kind: str, to: str | None, third: str | None, pair: tuple[str, ...], seed: int | None
    ) -> tuple:
        """What fixes a plane, and nothing that does not, so that equal planes are known to be equal."""
        _among("plane", kind, self.planes(model))
        seed = self._seed if seed is None else seed
        if kind == EIGEN:
            return (model, kind)
        if kind == COEFFICIENTS:
            if pair and (len(pair) != 2 or pair[0] == pair[1]):
                raise ValueError(f"coefficients: expected two different descriptors, got {pair}")
            return (model, kind, pair or self.descriptors[:2])
        if kind not in (ANOTHER, THREE):
            return (model, kind, seed)
        to = to or self.others(model)[0]
        _among("to", to, self.others(model))
        if kind == ANOTHER:
            return (model, kind, to, seed + list(self._potentials).index(model))
        third = third or self.others(model, to)[0]
        _among("third", third, self.others(model, to))
        return (model, kind, to, third)

    def _plane(self, where: tuple, progress: Progress) -> Plane:
        model, kind, *rest = where
        if model in self._train:
            network = self.network(model, progress=progress)
            return network.plane(seed=rest[0]) if kind == RANDOM else network.path_plane(seed=rest[0])
        metric, theta = self._quadratics["Fisher divergence"][0], self._potentials[model].theta
        if kind == EIGEN:
            return Plane.eigen(theta, metric, rank=solve(metric).rank)
        if kind == COEFFICIENTS:
            return Plane.coefficients(theta, metric, *rest[0], names=self.descriptors)
        if kind == RANDOM:
            return Plane.random(theta, metric, seed=rest[0])
        to, last = rest
        a, b = theta, self._potentials[to].theta
        if kind == ANOTHER:
            return Plane.through(a, b, seed=last, metric=metric, names=(model, to))
        return Plane.through(a, b, self._potentials[last].theta, names=(model, to, last))

    def _points(self, where: tuple) -> dict[str, Point]:
        model, kind, *rest = where
        points = {model: (0.0, 0.0)}
        if kind == FIRST_WEIGHTS:
            points["first weights"] = (1.0, 0.0)
        if kind in (ANOTHER, THREE):
            points[rest[0]] = (1.0, 0.0)
        if kind == THREE:
            points[rest[1]] = (0.0, 1.0)
        return points

    def _draw(self, plane: Plane, where: tuple, loss: str, n: int, preview: bool, progress: Progress) -> Landscape:
        model = where[0]
        linear = model in self._potentials
        if loss in self._quadratics:
            quadratic, unit = self._quadratics[loss]
            if linear:
                return landscape(quadratic, plane, n=n, name=loss, unit=unit)
            method = _OF_NETWORKS[loss]
        else:
            method, unit = EVALUATED[loss]
        if where not in self._projections:
            made = project(self._data, plane) if linear else self._project(model, plane, progress)
            _remember(self._projections, where, made, REMEMBERED["projections"])
        projection = self._projections[where]
        if preview and linear and worthwhile(projection, method, n):
            x, y = plane.axes(n)
            made = preview_of(projection, method, x, y, seed=self._seed)
            return Landscape(x=x, y=y, z=made.z, plane=plane, name=loss, unit=unit, error=made.error)
        evaluate = functools.partial(getattr(projection, method), progress=progress)
        return landscape(evaluate, plane, n=n, name=loss, unit=unit)

    def _project(self, model: str, plane: Plane, progress: Progress) -> NetworkProjection:
        network = self.network(model)
        return project_network(network, self._data, plane, temperature=self._temperature, progress=progress)


def _same(a: Array, b: Array) -> bool:
    """Whether two parameter vectors agree to rounding: no plane can be put through them."""
    return np.allclose(a, b, rtol=1e-9, atol=1e-9 * np.abs(b).max())


def _among(what: str, name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"{what}: expected one of {', '.join(map(repr, known))}, got {name!r}")


def _remember(memory: dict, key: tuple, value: object, most: int) -> None:
    while len(memory) >= most:
        memory.pop(next(iter(memory)))
    memory[key] = value
