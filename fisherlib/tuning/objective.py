"""What a trial measures: the force error on whole trajectories held out, and what the descriptors cost."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..arguments import floats
from ..cluster.featurise import featurise
from ..cluster.leaves import ONE_THREAD
from ..configurations import Configurations
from ..dataset import Array, Dataset, Trajectory
from ..descriptors import Descriptor
from ..descriptors.forecast import species_of
from ..descriptors.pieces import with_descriptors
from ..moments import Moments
from ..progress import silent
from ..regression import ridge_path
from ..validation import held_out_errors
from ..validation.agreement import standard_error
from ..validation.held_out import pooled, root_mean_square

#: One temperature for all, K: so every force component weighs the same, and its value does not matter.
ONE = 300.0


class Predicts(Protocol):
    """A model that a user's fit gives."""

    def forces(self, data: Trajectory, /) -> Array:
        """(3ΣN,) forces, eV/Å."""


#: A user's fit: training data and the settings that no descriptor knows, to a model.
Fit = Callable[[Dataset, Mapping[str, Any]], Predicts]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """What a trial has found.

    Attributes:
        error: root-mean-square force error on trajectories held out, eV/Å.
        standard_error: of it, over the folds.
        milliseconds: CPU time of the descriptors of one configuration.
        K: number of descriptors.
        rank: directions that the forces determine; None for a fit of the user's.
    """

    error: float
    standard_error: float
    milliseconds: float
    K: int
    rank: int | None = None


class Timed:
    """A descriptor that counts the CPU time it takes, s, on all cores of this process."""

    def __init__(self, descriptor: Descriptor, first: Configurations) -> None:
        self._timed, self.seconds = descriptor, 0.0
        descriptor(first.take("first", [0]).atoms(), species=species_of([first]))  # libraries load, which is no cost

    def __call__(self, *atoms: Any, **more: Any) -> tuple[Any, ...]:
        """Descriptors, as without the clock."""
        return self._counted(self._timed, *atoms, **more)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._timed, name)
        return (lambda *a, **more: self._counted(found, *a, **more)) if name.startswith("with_") else found

    def _counted(self, compute: Callable[..., tuple[Any, ...]], *atoms: Any, **more: Any) -> tuple[Any, ...]:
        start = time.process_time()
        try:
            return compute(*atoms, **more)
        finally:
            self.seconds += time.process_time() - start


def linear(
    frames: Sequence[Configurations], descriptor: Descriptor, folds: Sequence[Sequence[str]], strengths: Array
) -> tuple[Found, float]:
    """θ_f with the best of some strengths of a ridge, and that strength; the curve follows from one pass over the data."""
    timed = Timed(descriptor, frames[0])
    moments = featurise(frames, descriptor=timed, keep=False, progress=silent)
    assert isinstance(moments, Moments)
    with ONE_THREAD:
        parts = Moments({part[0]: moments.select(part).total() for part in folds})
        rmse, pulls = pooled(held_out_errors(parts, strengths, temperature=ONE), parts, ONE)
        best, rank = int(np.argmin(rmse)), len(ridge_path(parts, strengths, temperature=ONE).eigenvalues)
    found = _found(rmse[best], standard_error(pulls)[best], timed, frames, K=moments.K, rank=rank)
    return found, float(strengths[best])


def fitted(
    frames: Sequence[Configurations],
    descriptor: Descriptor,
    folds: Sequence[Sequence[str]],
    fit: Fit,
    settings: Mapping[str, Any],
    jacobian: bool,
) -> Found:
    """A model of the user's, fitted once for each fold to all trajectories outside it."""
    timed, species = Timed(descriptor, frames[0]), species_of(frames)
    data = Dataset([with_descriptors(f, descriptor=timed, species=species, jacobian=jacobian) for f in frames])
    squares, rows = [], np.array([sum(data[key].forces.size for key in part) for part in folds])
    for part in folds:
        model = fit(data.drop(part), settings)
        squares.append(sum(_squares(model, data[key]) for key in part))
    rmse, pulls = root_mean_square(np.array(squares)[:, None] / rows[:, None], rows)
    return _found(rmse[0], standard_error(pulls)[0], timed, frames, K=data.K)


def _found(error: float, bar: float, timed: Timed, frames: Sequence[Configurations], **more: Any) -> Found:
    milliseconds = 1e3 * timed.seconds / sum(len(f.n_atoms) for f in frames)
    return Found(error=float(error), standard_error=float(bar), milliseconds=milliseconds, **more)


def _squares(model: Predicts, t: Trajectory) -> float:
    if not callable(getattr(model, "forces", None)):
        raise TypeError(f"fit: expected a model with forces(trajectory), got {type(model).__name__}")
    predicted = floats("forces of the model of fit", model.forces(t)).reshape(-1)
    if predicted.shape != t.forces.shape or not np.isfinite(predicted).all():
        finite = f"{np.isfinite(predicted).sum()} finite numbers of {predicted.size}"
        raise ValueError(f"fit: expected a model with {t.forces.size} finite forces of {t.key!r}, got {finite}")
    return float(np.sum((predicted - t.forces) ** 2))
