"""What an atlas asks of a model, and how a plane is chosen."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from ..progress import Progress
from .catalogue import Loss
from .grids import Landscape, landscape
from .planes import Point
from .pointwise import Pointwise


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlaneChoice:
    """What fixes a plane around a model: equal choices are the same plane.

    Attributes:
        kind: how the plane is put through the parameters, e.g. "random".
        models: other models that it goes through: the first at (1, 0), the second at (0, 1).
        coefficients: names of the two coefficients along which it lies; empty for other kinds.
        seed: of its random directions; None without any.

    Raises:
        ValueError: the coefficients are not two different ones.
    """

    kind: str
    models: tuple[str, ...] = ()
    coefficients: tuple[str, ...] = ()
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.coefficients and (len(self.coefficients) != 2 or len(set(self.coefficients)) != 2):
            raise ValueError(f"coefficients: expected two different descriptors, got {self.coefficients}")


class Surfaces(Protocol):
    """The losses of a model on one plane."""

    def work(self, loss: Loss) -> str:
        """The long work that drawing the loss takes, in words, e.g. "training net, once"; empty if it is quick."""

    def draw(self, loss: Loss, *, half_width: float, n: int, preview: bool, progress: Progress) -> Landscape:
        """The loss on n × n points.

        Args:
            loss: one of those of the atlas.
            half_width: of the plane, relative to its own.
            n: points along each axis.
            preview: an approximate surface with an ``error`` will do, if the exact one takes long.
            progress: called with (done, total); an exception raised in it ends the work.
        """


@runtime_checkable
class Model(Protocol):
    """A model around which an atlas draws losses, such as ``LinearModel`` and ``neural.NeuralModel``."""

    @property
    def name(self) -> str:
        """What selectors and figures call it."""

    @property
    def planes(self) -> tuple[PlaneChoice, ...]:
        """The planes around it; the first is the default. A seed stands for any seed, a pair of coefficients for any pair."""

    def points(self, choice: PlaneChoice) -> dict[str, Point]:
        """The points to mark on a plane, by name; the model itself comes first."""

    def project(self, choice: PlaneChoice) -> Surfaces:
        """The losses on a plane. This call is quick: long work is done when a loss is drawn."""


class Evaluated:
    """The ``Surfaces`` of a model that has a ``Pointwise`` projection, which is made when a loss is first drawn.

    Args:
        work: as in ``Surfaces``.
        project: makes the projection; called with ``progress``.
    """

    def __init__(self, work: Callable[[Loss], str], project: Callable[[Progress], Pointwise]) -> None:
        self.work, self._project = work, project
        self._projection: Pointwise | None = None

    def draw(self, loss: Loss, *, half_width: float, n: int, preview: bool, progress: Progress) -> Landscape:
        """The loss on n × n points, always exact; see ``Surfaces``."""
        projection = self._projection = self._projection or self._project(progress)
        evaluate = functools.partial(loss.evaluate, projection, progress=progress)
        return landscape(evaluate, projection.plane.widened(half_width), n=n, name=loss.name, unit=loss.unit)
