"""Bands around empirical distribution functions, from the scatter between trajectories."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from ..comparison import ecdf
from ..dataset import Array, Dataset
from ..potential import LinearPotential
from .jackknife import standard_error


def ecdf_band(
    data: Dataset,
    model: LinearPotential | None = None,
    refits: Sequence[LinearPotential] = (),
    *,
    log_weights: ArrayLike | None = None,
    level: float = 0.95,
    points: int = 200,
) -> tuple[Array, Array, Array]:
    """Pointwise confidence band of the distribution function of energies per atom.

    The function is computed again without each trajectory, with the model that was fitted without it; the scatter of these
    gives the standard error at each energy, and Student's t with n − 1 degrees of freedom the band, cut at 0 and 1.

    Args:
        data: n trajectories.
        model: whose energies are taken; those of the data without it.
        refits: n models, each fitted without the trajectory of its number; the model itself, taken as given, without them.
        log_weights: (M,) ln of weights of the configurations, such as those to the model's distribution; all alike without them.
        level: of confidence, at every point by itself.
        points: number of energies.

    Returns:
        energies per atom x (points,), eV/atom, and the lower and upper edge of the band there.

    Raises:
        ValueError: fewer than 2 trajectories, or another number of refits.
    """
    n = len(data)
    if n < 2:
        raise ValueError("data: expected at least 2 trajectories to see how they scatter, got 1; cut it by data.blocks")
    if refits and len(refits) != n:
        raise ValueError(f"refits: expected {n}, one without each trajectory, got {len(refits)}")
    N, groups = data.n_atoms, data.groups
    w = np.ones(len(N)) if log_weights is None else np.exp(np.asarray(log_weights) - np.max(log_weights))
    values = (data.energies if model is None else model.energies(data)) / N
    x = np.quantile(values, np.linspace(0, 1, points))
    without = []
    for number in range(n):
        each = values if model is None or not refits else refits[number].energies(data) / N
        without.append(_ecdf_at(each[groups != number], w[groups != number], x))
    half = student.ppf(0.5 + 0.5 * level, n - 1) * standard_error(np.array(without))
    F = _ecdf_at(values, w, x)
    return x, np.clip(F - half, 0.0, 1.0), np.clip(F + half, 0.0, 1.0)


def _ecdf_at(values: Array, weights: Array, x: Array) -> Array:
    at, F = ecdf(values, weights=weights)
    return np.r_[0.0, F][np.searchsorted(at, x, side="right")]
