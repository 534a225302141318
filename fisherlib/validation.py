"""Predictions for trajectories that the fit has not seen, from moments alone."""

from collections.abc import Callable, Sequence

import numpy as np

from .comparison import Comparison, compare_predictions
from .dataset import Dataset
from .moments import Moments
from .potential import LinearPotential


def folds(keys: Sequence[str], n: int, *, seed: int = 0) -> list[list[str]]:
    """``n`` disjoint parts of the keys, of nearly equal number, drawn at random.

    Whole trajectories are kept together: neighbouring frames are correlated, and a random split of frames would leak
    the answer into the test.

    Raises:
        ValueError: fewer than two folds, or more folds than trajectories.
    """
    keys = list(keys)
    if not 2 <= n <= len(keys):
        raise ValueError(
            f"n: expected 2 to {len(keys)} folds of {len(keys)} trajectories, got {n}; a single long trajectory can be "
            "cut by data.blocks(number) first"
        )
    order = np.random.default_rng(seed).permutation(len(keys))
    return [[keys[i] for i in sorted(part)] for part in np.array_split(order, n)]


def cross_validate(
    data: Dataset, moments: Moments, fit: Callable[[Moments], LinearPotential], *, n: int = 5, seed: int = 0
) -> Comparison:
    """Errors of predictions for trajectories that were held out of the fit, fold by fold.

    Args:
        data: the trajectories.
        moments: ``accumulate(data)``; every fold's fit comes from it without another pass.
        fit: moments → potential, e.g. ``lambda m: LinearPotential.from_fit(solve(fisher(m, T)), m)``.
        n: number of folds; ``len(data)`` leaves out one trajectory at a time.
        seed: of the assignment of trajectories to folds.

    Returns:
        Comparison over all configurations, each predicted by the potential that never saw its trajectory.
    """
    energies, forces, name = {}, {}, ""
    for part in folds(tuple(data), n, seed=seed):
        model = fit(moments.drop(part))
        name = model.name
        for key in part:
            energies[key], forces[key] = model.energies(data[key]), model.forces(data[key])
    return compare_predictions(
        np.concatenate([energies[key] for key in data]),
        np.concatenate([forces[key] for key in data]),
        data,
        name=f"{name}, held out",
    )
