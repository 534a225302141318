"""Linear potentials as models of an atlas."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from ..dataset import Array, Dataset
from ..losses import Quadratic
from ..potential import LinearPotential
from ..progress import Progress
from ..solvers import solve
from . import previews
from .catalogue import Loss
from .grids import Landscape, landscape
from .models import PlaneChoice
from .planes import Plane, Point
from .projections import Projection, project

#: How a plane is put through the parameters of a linear potential.
PLANES = ("through another model", "through three models", "softest and stiffest", "two coefficients", "random")
ANOTHER, THREE, EIGEN, COEFFICIENTS, RANDOM = PLANES


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LinearModel:
    """A linear potential, with planes through its parameters and those of other potentials.

    The default plane goes through the potential, at (0, 0), and the first one with other parameters, at (1, 0). Its
    second direction is random, and perpendicular to the first and as long as it in the curvature of the Fisher
    divergence.

    Attributes:
        name: of the potential, among ``potentials``.
        potentials: all potentials by name.
        data: for the losses that are not quadratic.
        metric: the Fisher divergence, which gives lengths and angles.
        seed: of the samples from which previews are drawn.
    """

    name: str
    potentials: Mapping[str, LinearPotential]
    data: Dataset
    metric: Quadratic
    seed: int = 0

    @functools.cached_property
    def planes(self) -> tuple[PlaneChoice, ...]:
        """Planes through each other potential and through each two of them, and those that need no other."""
        seeded = functools.partial(PlaneChoice, seed=self.seed)
        pairs = [(to, third) for to in self._others() for third in self._others(to)]
        planes = [seeded(kind=ANOTHER, models=(to,)) for to in self._others()]
        planes += [PlaneChoice(kind=THREE, models=pair) for pair in pairs]
        if self.data.K > 1:
            planes.append(PlaneChoice(kind=EIGEN))
            planes.append(PlaneChoice(kind=COEFFICIENTS, coefficients=self.data.descriptor_names[:2]))
        return (*planes, seeded(kind=RANDOM))

    def points(self, choice: PlaneChoice) -> dict[str, Point]:
        """The potentials that the plane goes through."""
        return dict(zip((self.name, *choice.models), ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0)), strict=False))

    def project(self, choice: PlaneChoice) -> "LinearSurfaces":
        """The losses on a plane; data are read when a loss first needs them."""
        return LinearSurfaces(self, choice)

    def plane(self, choice: PlaneChoice) -> Plane:
        """The plane of a choice."""
        theta, metric, seed = self.potentials[self.name].theta, self.metric, choice.seed or 0
        names, others = (self.name, *choice.models), [self.potentials[name].theta for name in choice.models]
        if choice.kind == EIGEN:
            return Plane.eigen(theta, metric, rank=solve(metric).rank)
        if choice.kind == COEFFICIENTS:
            return Plane.coefficients(theta, metric, *choice.coefficients, names=self.data.descriptor_names)
        if choice.kind == RANDOM:
            return Plane.random(theta, metric, seed=seed)
        if choice.kind == THREE:
            return Plane.through(theta, *others, names=names)
        seed += list(self.potentials).index(self.name)  # around every model another direction
        return Plane.through(theta, *others, seed=seed, metric=metric, names=names)

    def _others(self, *more: str) -> list[str]:
        """The potentials with other parameters than this one, and than ``more``."""
        taken = [self.potentials[name].theta for name in (self.name, *more)]
        return [name for name, other in self.potentials.items() if not any(_same(other.theta, t) for t in taken)]


class LinearSurfaces:
    """The losses of a linear potential on a plane: from moments if they are quadratic, else from data."""

    def __init__(self, model: LinearModel, choice: PlaneChoice) -> None:
        self._model, self._choice = model, choice

    @functools.cached_property
    def _plane(self) -> Plane:
        return self._model.plane(self._choice)

    @functools.cached_property
    def _projection(self) -> Projection:
        return project(self._model.data, self._plane)

    def work(self, loss: Loss) -> str:
        """Empty for a quadratic loss; any other one is evaluated from data."""
        return "" if loss.quadratic else f"{loss.name} around {self._model.name}"

    def draw(self, loss: Loss, *, half_width: float, n: int, preview: bool, progress: Progress) -> Landscape:
        """The loss on n × n points; see ``models.Surfaces``."""
        plane, words = self._plane.widened(half_width), {"name": loss.name, "unit": loss.unit}
        if isinstance(loss.linear, Quadratic):
            return landscape(loss.linear, plane, n=n, **words)
        projection, recipe = self._projection, loss.linear
        if preview and previews.worthwhile(projection, recipe, n):
            x, y = plane.axes(n)
            made = previews.preview(projection, recipe, x, y, seed=self._model.seed)
            return Landscape(x=x, y=y, z=made.z, plane=plane, error=made.error, **words)
        return landscape(functools.partial(recipe.exact, projection, progress=progress), plane, n=n, **words)


def linear_models(
    data: Dataset, potentials: Mapping[str, LinearPotential], metric: Quadratic, *, seed: int = 0
) -> tuple[LinearModel, ...]:
    """Each potential as a model of an atlas; the arguments are attributes of ``LinearModel``.

    Raises:
        ValueError: fewer than two potentials, the same parameters in all of them, or potentials of other data.
    """
    known = dict(potentials)
    if len(known) < 2:
        raise ValueError(f"models: expected at least two to put a plane through, got {list(known)}")
    for potential in known.values():
        potential.check_of(data)
    models = tuple(LinearModel(name=name, potentials=known, data=data, metric=metric, seed=seed) for name in known)
    if not all(model.planes[0].kind == ANOTHER for model in models):
        raise ValueError(f"models: expected two with different parameters, got the same ones under {list(known)}")
    return models


def _same(a: Array, b: Array) -> bool:
    """Whether two parameter vectors agree to rounding, so that no plane goes through both."""
    return np.allclose(a, b, rtol=1e-9, atol=1e-9 * np.abs(b).max())
