"""Folds over whole trajectories, and predictions for the trajectories held out."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import is_whole, kind, words
from ..arguments import seed as refuse_no_seed
from ..comparison import Comparison, compare_predictions
from ..dataset import Dataset
from ..moments import Moments
from ..potential import LinearPotential, check_model

#: Default number of folds, if there are that many trajectories.
FOLDS = 5


def split(keys: Sequence[str], folds: int | None = None, *, seed: int = 0) -> list[list[str]]:
    """``folds`` disjoint parts of the keys, of nearly equal size, drawn at random.

    Trajectories stay whole: neighbouring frames are correlated, so a random split of frames would leak the answer into
    the test.

    Args:
        keys: of the trajectories.
        folds: number of parts; by default 5, or one per key if there are fewer.
        seed: of the draw.

    Returns:
        The keys of each part.

    Raises:
        ValueError: fewer than two folds, or more folds than trajectories.

    Example:
        >>> parts = split(["a", "b", "c", "d"], 2)
        >>> [len(part) for part in parts], sorted(sum(parts, []))
        ([2, 2], ['a', 'b', 'c', 'd'])
    """
    keys = words("keys", keys)
    if len(set(keys)) < len(keys):
        raise ValueError(f"keys: expected different ones, got {', '.join(keys)}; a trajectory belongs to one fold")
    folds = min(FOLDS, len(keys)) if folds is None else folds
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
    folds: int | None = None,
    seed: int = 0,
    of: Dataset | None = None,
    clusters: ArrayLike | None = None,
    temperature: float | None = None,
) -> Comparison:
    """Errors of predictions for trajectories held out of the fit, fold by fold.

    Args:
        data: the trajectories.
        moments: ``accumulate(data)``; every fold is fitted from them. Φ is read again only to predict forces.
        fit: moments → potential, e.g. ``regression.fisher_fit``.
        folds: number of parts; ``len(data)`` leaves out one trajectory at a time. By default 5, or
            ``len(data)`` if there are fewer trajectories.
        seed: of the assignment of trajectories to folds.
        of: the same configurations in the same order, cut into other trajectories, for which errors are reported;
            ``data`` by default.
        clusters: (M,) clusters for standard errors, as for ``comparison.compare_predictions``.
        temperature: K, if the fit uses it in place of the trajectories' own.

    Returns:
        Comparison over all configurations, each predicted by a potential that never saw its trajectory.

    Raises:
        ValueError: moments of other data, other configurations in ``of``, an impossible number of folds, or a fit that
            returns a potential of another descriptor.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> found = cross_validate(data, fl.accumulate(data), fl.regression.fisher_fit, folds=4)
        >>> found.name, round(found.pooled["force_rmse"], 6)
        ('θ_f, held out', 0.0)
    """
    kind("data", data, Dataset, "cross_validate(data, accumulate(data), fit)")
    kind("fit", fit, Callable, "cross_validate(data, accumulate(data), regression.fisher_fit)")
    kind("moments", moments, Moments, "cross_validate(data, accumulate(data), fit)")
    moments.check_of(data, temperature)
    of = data if of is None else of
    _same_configurations(of, data)
    moments = with_all_elements(moments)
    energies, forces, name = {}, {}, ""
    for part in split(tuple(data), folds, seed=seed):
        model = fit(moments.drop(part))
        check_model(
            "fit", model, "cross_validate(data, accumulate(data), regression.fisher_fit), whose fit returns a potential"
        )
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


def with_all_elements(moments: Moments) -> Moments:
    """Moments whose fits have an offset for each element, those that occur only in what is held out included."""
    known = {record.elements for record in moments.values()}
    if len(known) == 1:
        return moments
    elements = [] if () in known else sorted(set().union(*known))  # of some they are not known
    return Moments({key: record.over(elements) for key, record in moments.items()}, about=moments.about)


def _same_configurations(of: Dataset, data: Dataset) -> None:
    kind("of", of, Dataset, "cross_validate(run.blocks(10), accumulate(run.blocks(10)), fit, of=run)")
    pairs = ((of.n_atoms, data.n_atoms), (of.energies, data.energies), (of.forces, data.forces))
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in pairs):
        raise ValueError(
            f"of: expected the {len(data.energies)} configurations of data in the same order, cut into other trajectories, got "
            "others or another order; give the dataset that data were cut from, or leave of out"
        )
