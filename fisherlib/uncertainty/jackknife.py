"""Jackknife error bars, from refits without one trajectory at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset
from ..moments import Moments
from ..progress import Progress


def jackknife(moments: Moments, fit: Callable[[Moments], ArrayLike], *, progress: Progress | None = None) -> Array:
    """θ of exact refits without each trajectory in turn.

    The fit receives the moments of the other trajectories, one by one, so it can be anything that follows from moments:
    weights, ridge, KL and energy terms, or a strength chosen anew each time. Merging the moments for each refit costs
    O(n² K²): about a second for n = 50 and K = 300.

    Args:
        moments: of n trajectories.
        fit: moments → θ (K,), e.g. ``lambda m: solve(fisher(m)).theta``, or any other vector, e.g. (θ, e0).
        progress: called with (refits done, refits in all) after each.

    Returns:
        (n, K), in the order of the keys.

    Raises:
        ValueError: fewer than two trajectories.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.double_well(0.1, tilt=0.02))
        >>> jackknife(moments, lambda m: fl.solve(fl.fisher(m)).theta).shape
        (8, 2)
    """
    kind("fit", fit, Callable, "jackknife(moments, lambda m: solve(fisher(m)).theta)")
    n = len(moments)
    _several("moments", n)
    replicates = []
    for key in moments:
        replicates.append(floats("fit", fit(moments.drop(key))))
        if progress is not None:
            progress(len(replicates), n)
    return np.array(replicates)


def leave_one_out(data: Dataset, statistic: Callable[[Dataset], ArrayLike]) -> Array:
    """A function of a dataset, evaluated without each trajectory in turn.

    It is called n times on nearly all data, so it should be cheap: O(M) numbers such as energies, never Φ. For fits use
    ``jackknife``, which needs only moments.

    Args:
        data: n trajectories.
        statistic: dataset → number or array (...).

    Returns:
        (n, ...), in the order of the keys.

    Raises:
        ValueError: fewer than two trajectories.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0], trajectories=5)
        >>> means = leave_one_out(data, lambda others: others.energies.mean())
        >>> means.shape, 0.0 < float(standard_error(means)) < 0.1  # eV
        ((5,), True)
    """
    kind("data", data, Dataset, "leave_one_out(data, lambda d: d.energies.mean())")
    kind("statistic", statistic, Callable, "leave_one_out(data, lambda d: d.energies.mean())")
    _several("data", len(data))
    return np.array([floats("statistic", statistic(data.drop(key))) for key in data])


def standard_error(replicates: ArrayLike) -> Array:
    """Jackknife standard error, √((n−1)/n Σ_t (v_t − v̄)²), of values computed without each of n trajectories.

    Valid for smooth functions of averages, not for a quantile of few trajectories. On average it is too large rather than
    too small.

    Args:
        replicates: (n, ...) in any unit.

    Returns:
        (...) in the same unit.

    Raises:
        ValueError: fewer than two replicates.

    Source: Efron and Stein, Ann. Stat. 9, 586 (1981).

    Example:
        >>> round(float(standard_error([1.0, 2.0, 3.0])), 3)  # √(2/3 · 2)
        1.155
    """
    return np.sqrt((_deviations(replicates) ** 2).sum(axis=0))


def covariance(replicates: ArrayLike) -> Array:
    """Jackknife covariance, (n−1)/n Σ_t (v_t − v̄)(v_t − v̄)ᵀ, of vectors computed without each of n trajectories.

    Args:
        replicates: (n, K), e.g. from ``jackknife``.

    Returns:
        (K, K).

    Raises:
        ValueError: fewer than two replicates, or no vectors.

    Source: Efron and Stein, Ann. Stat. 9, 586 (1981).

    Example:
        >>> covariance([[1.0, 0.0], [3.0, 0.0]]).round(6).tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    if np.ndim(replicates) != 2:
        raise ValueError(f"replicates: expected (n, K), one vector a row, got shape {np.shape(replicates)}")
    deviations = _deviations(replicates)
    return deviations.T @ deviations


def _deviations(replicates: ArrayLike) -> Array:
    values = floats("replicates", replicates)
    n = len(values) if values.ndim else 0
    _several("replicates", n)
    return (values - values.mean(axis=0)) * np.sqrt((n - 1) / n)


def _several(name: str, n: int) -> None:
    if n < 2:
        raise ValueError(
            f"{name}: expected at least 2 trajectories to see how they scatter, got {n}; cut a long one by "
            "data.blocks(number)"
        )
