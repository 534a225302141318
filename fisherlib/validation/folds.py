"""Folds over whole trajectories, and predictions for those that a fit has not seen."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import is_whole, kind
from ..arguments import seed as refuse_no_seed
from ..comparison import Comparison, compare_predictions
from ..dataset import Dataset
from ..moments import Moments
from ..potential import LinearPotential


def split(keys: Sequence[str], folds: int, *, seed: int = 0) -> list[list[str]]:
    """``folds`` disjoint parts of the keys, of nearly equal number, drawn at random.

    Whole trajectories are kept together: neighbouring frames are correlated, and a random split of frames would leak
    the answer into the test.

    Raises:
        ValueError: fewer than two folds, or more folds than trajectories.
    """
    keys = list(keys)
    several("data", len(keys))
    refuse_no_seed(seed)
    if not is_whole(folds) or not 2 <= folds <= len(keys):
        raise ValueError(f"folds: expected 2 to {len(keys)}, for as many trajectories, got {folds}")
    order = np.random.default_rng(seed).permutation(len(keys))
    return [[keys[i] for i in sorted(part)] for part in np.array_split(order, folds)]


def several(name: str, count: int) -> None:
    """Refuse fewer than two trajectories.

    Raises:
        ValueError: ``count`` is less than two.
    """
    if count < 2:
        raise ValueError(
            f"{name}: expected at least 2 trajectories, so that one can be held out, got {count}; cut a long one by "
            "data.blocks(number)"
        )


def cross_validate(
    data: Dataset,
    moments: Moments,
    fit: Callable[[Moments], LinearPotential],
    *,
    folds: int = 5,
    seed: int = 0,
    of: Dataset | None = None,
    clusters: ArrayLike | None = None,
    temperature: float | None = None,
) -> Comparison:
    """Errors of predictions for trajectories that were held out of the fit, fold by fold.

    Args:
        data: the trajectories.
        moments: ``accumulate(data)``; every fold is fitted from it; Φ is read again only to predict its forces.
        fit: moments → potential, e.g. ``regression.fisher_fit``.
        folds: number of parts; ``len(data)`` leaves out one trajectory at a time.
        seed: of the assignment of trajectories to folds.
        of: the same configurations in the same order, cut into other trajectories, which the errors are told of; ``data``
            without it.
        clusters: what standard errors are taken over, as for ``comparison.compare_predictions``.
        temperature: K, where the fit takes it in place of what the trajectories say.

    Returns:
        Comparison over all configurations, each predicted by the potential that never saw its trajectory.

    Raises:
        ValueError: moments of other data, ``of`` other configurations, a number of folds that cannot be, or a fit that
            returns a potential of another descriptor.
    """
    kind("moments", moments, Moments, "cross_validate(data, accumulate(data), fit)")
    moments.check_of(data, temperature)
    of = data if of is None else of
    _same_configurations(of, data)
    energies, forces, name = {}, {}, ""
    for part in split(tuple(data), folds, seed=seed):
        model = fit(moments.drop(part))
        model.check_of(data)
        name = model.name
        for key in part:
            energies[key], forces[key] = model.energies(data[key]), model.forces(data[key])
    return compare_predictions(
        np.concatenate([energies[key] for key in data]),
        np.concatenate([forces[key] for key in data]),
        of,
        name=f"{name}, held out",
        clusters=clusters,
    )


def _same_configurations(of: Dataset, data: Dataset) -> None:
    kind("of", of, Dataset, "cross_validate(run.blocks(10), accumulate(run.blocks(10)), fit, of=run)")
    pairs = ((of.n_atoms, data.n_atoms), (of.energies, data.energies), (of.forces, data.forces))
    if not all(np.array_equal(a, b) for a, b in pairs):
        raise ValueError(
            f"of: expected the {len(data.energies)} configurations of data in the same order, cut into other trajectories, got "
            "others or another order; give the dataset that data were cut from, or leave of out"
        )
