"""Errors on whole trajectories held out, fold by fold: what models of different descriptors are compared by, in pairs."""

import dataclasses
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import each, floats, is_whole, kind
from ..arguments import seed as refuse_no_seed
from ..comparison import Comparison
from ..dataset import Array, frozen
from ..moments import Moments, best_offsets
from ..potential import LinearPotential
from ..regression import force_rmse
from .trajectory_folds import with_all_elements

_CALL = "(accumulate(data), regression.fisher_fit, split(tuple(data)))"

Fit = Callable[[Moments], LinearPotential]
Parts = Sequence[Sequence[str]]


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FoldErrors:
    """Errors of one kind of model on each of n folds, by fits that never saw the trajectories of the fold.

    Attributes:
        name: of the model.
        force_rmse: (n,) eV/Å.
        energy_spread: (n,) standard deviation of (U_θ − U)/N around its mean in each trajectory, pooled, eV/atom.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = fl.comparison.compare(fl.LinearPotential(theta=[1.0, 2.0], name="springs"), data)
        >>> FoldErrors.of([found, found]).name
        'springs'
    """

    name: str
    force_rmse: Array
    energy_spread: Array

    @classmethod
    def of(cls, comparisons: Sequence[Comparison], *, name: str | None = None) -> "FoldErrors":
        """Those of any predictions, such as a network's, from one comparison for each fold."""
        found = each("comparisons", comparisons, Comparison, "FoldErrors.of([compare(model, data.select(part)), …])")
        values = {key: frozen(np.array([c.pooled[key] for c in found])) for key in ("force_rmse", "energy_spread")}
        return cls(name=found[0].name if name is None else name, **values)


class Estimate(NamedTuple):
    """A mean and its standard error, numbers or arrays."""

    value: Array
    error: Array


def over_folds(values: ArrayLike) -> Estimate:
    """Mean over the last axis, the folds, and its standard error.

    Of the errors of two models on the same folds, the difference is known far better than either: give it,
    ``over_folds(a.force_rmse - b.force_rmse)``. The fits of different folds share most of their data, so the standard
    error is that of the trajectories held out (Bengio and Grandvalet, J. Mach. Learn. Res. 5, 1089 (2004)).

    Args:
        values: (..., n) of n ≥ 2 folds.

    Raises:
        ValueError: fewer than two folds.

    Example:
        >>> value, error = over_folds([1.0, 2.0, 3.0])
        >>> float(value), round(float(error), 6)
        (2.0, 0.57735)
    """
    x = floats("values", values)
    if x.ndim < 1 or x.shape[-1] < 2:
        raise ValueError(f"values: expected those of at least 2 folds on the last axis, got shape {x.shape}")
    return Estimate(x.mean(axis=-1), x.std(axis=-1, ddof=1) / np.sqrt(x.shape[-1]))


def fold_errors(moments: Moments, fit: Fit, parts: Parts, *, name: str | None = None) -> FoldErrors:
    """Errors of a linear model on each fold, from moments alone.

    Energies of a trajectory count per atom, exactly where its configurations have one number of atoms.

    Args:
        moments: of the trajectories, each a record.
        fit: moments → potential, e.g. ``regression.fisher_fit``.
        parts: keys of the trajectories of each fold, e.g. ``split(tuple(data))``; the same for all models compared.
        name: of the model; that of the fit by default.

    Raises:
        TypeError: anything but moments and a fit.
        ValueError: fewer than two folds, or a key that is in two of them.
        KeyError: a key that there are no moments of.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> parts = fl.validation.split(tuple(data))
        >>> fold_errors(fl.accumulate(data), fl.regression.fisher_fit, parts).force_rmse.round(6)
        array([0., 0., 0., 0.])
    """
    refuse(moments, fit, parts, "fold_errors" + _CALL)
    moments, found = with_all_elements(moments), []
    for part in parts:
        rest = moments.drop(part)
        model = fit(rest)
        energies = _energy_spread(moments.select(part), model.theta, best_offsets(rest.total(), model.theta))
        found.append((pooled_rmse(moments.select(part), model.theta), energies))
    forces, spread = map(frozen, np.array(found).T)
    return FoldErrors(name=model.name if name is None else name, force_rmse=forces, energy_spread=spread)


def learning_curve(moments: Moments, fit: Fit, parts: Parts, numbers: Sequence[int], *, seed: int = 0) -> Array:
    """Force RMSE on each fold of fits to few of the other trajectories, or of their blocks, drawn at random.

    Args:
        moments, fit, parts: as for ``fold_errors``; where the records are blocks of trajectories, those of one trajectory
            belong to one part.
        numbers: (m,) records to fit to.
        seed: of the draw; each fold has its own order, in which more records are added.

    Returns:
        (m, n) eV/Å, for ``over_folds``.

    Raises:
        TypeError, ValueError, KeyError: as for ``fold_errors``, and a number that is more than a fold leaves.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, tilt=0.02)
        >>> parts = fl.validation.split(tuple(data), 2)
        >>> learning_curve(fl.accumulate(data), fl.regression.fisher_fit, parts, [1, 2, 4]).shape
        (3, 2)
    """
    refuse(moments, fit, parts, "learning_curve" + _CALL.replace("))", "), [1, 2, 4])"))
    refuse_no_seed(seed)
    way = "learning_curve(moments, fit, parts, [1, 2, 4])"
    training_sizes(numbers, len(moments) - max(map(len, parts)), way)
    rng, found = np.random.default_rng(seed), []
    for part in parts:
        rest, held = rng.permutation([key for key in moments if key not in part]).tolist(), moments.select(part)
        found.append([pooled_rmse(held, fit(moments.select(rest[:n])).theta) for n in numbers])
    return np.array(found).T


def refuse(moments: Moments, fit: Fit, parts: Parts, way: str) -> None:
    """Anything but moments, a fit, and folds of different trajectories.

    >>> import fisherlib as fl
    >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
    >>> refuse(moments, fl.regression.fisher_fit, fl.validation.split(tuple(moments)), "")
    """
    kind("moments", moments, Moments, way)
    kind("fit", fit, Callable, way)
    refuse_parts(parts, way)


def refuse_parts(parts: Parts, way: str) -> None:
    """Refuses folds that are none: fewer than two, an empty one, or a key that is in two of them."""
    parts = [list(part) for part in each("parts", parts, Sequence, way)]
    keys = [key for part in parts for key in part]
    if len(parts) < 2 or not all(len(part) for part in parts) or len(set(keys)) < len(keys):
        raise ValueError(f"parts: expected two folds or more, of keys that are in one of them each, got {parts!s:.80}")


def training_sizes(numbers: Sequence[int], most: int, way: str) -> list[int]:
    """Numbers of records to fit to, none more than a fold leaves.

    Raises:
        ValueError: no number, or one that is none.
    """
    given = each("numbers", numbers, Integral, way)
    wrong = [n for n in given if not is_whole(n) or not 1 <= n <= most]
    if wrong or not given:
        raise ValueError(f"numbers: expected 1 to {most}, as each fold leaves at least so many, got {wrong[:1]}")
    return [int(n) for n in given]


def pooled_rmse(held: Moments, theta: Array) -> float:
    """Force RMSE over all rows of these trajectories, eV/Å.

    >>> import fisherlib as fl
    >>> round(pooled_rmse(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), np.array([1.0, 2.0])), 6)
    0.0
    """
    rows = [r.rows for r in held.values()]
    return float(np.sqrt(np.average(force_rmse(held, theta) ** 2, weights=rows)))


def _energy_spread(held: Moments, theta: Array, offsets: Array) -> float:
    """The centred sum of squares of E − θ·D − e·n in each trajectory, per atom, over all configurations; its root."""
    error, records = np.r_[-theta, 1.0, -offsets], held.values()
    squares = sum(max(error @ r.scatter @ error, 0.0) / r.atoms**2 for r in records)
    return float(np.sqrt(squares / sum(r.configurations for r in records)))
