"""Bands around empirical distribution functions, from the scatter between trajectories."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, whole
from ..comparison import ecdf
from ..dataset import Array, Dataset
from ..potential import LinearPotential, check_model
from .intervals import FEWEST_BLOCKS, interval
from .jackknife import standard_error


def ecdf_band(
    data: Dataset,
    model: LinearPotential | None = None,
    refits: Sequence[LinearPotential] = (),
    *,
    log_weights: ArrayLike | None = None,
    independent: float | None = None,
    level: float = 0.95,
    points: int = 200,
) -> tuple[Array, Array, Array]:
    """Pointwise confidence band of the distribution function of energies per atom.

    The function is recomputed without each trajectory, with the model fitted without it. The scatter of these functions
    gives the standard error at each energy, and Student's t with n − 1 degrees of freedom gives the band, clipped to 0
    and 1.

    Args:
        data: n trajectories of M configurations in all.
        model: predicts the energies; without it they are those of the data.
        refits: n models, each fitted without the trajectory of its number; without them the model is taken as given.
        log_weights: (M,) logarithms of weights of the configurations, e.g. to the model's distribution; equal by default.
        independent: number of independent blocks in the data, e.g. ``independent_blocks(data, theta).independent``;
            the number of trajectories by default.
        level: of confidence, for each point separately.
        points: number of energies.

    Returns:
        energies per atom x (points,), eV/atom, and the lower and upper edge of the band there.

    Raises:
        ValueError: fewer than 2 trajectories, fewer than 10 independent blocks, a level outside (0, 1), not n refits or
            M weights, or all of the weight on one trajectory.

    Example:
        >>> import fisherlib as fl
        >>> x, low, high = ecdf_band(fl.systems.harmonic([1.0, 2.0], trajectories=10), points=5)
        >>> x.shape, bool((low <= high).all())
        ((5,), True)
    """
    kind("data", data, Dataset, "ecdf_band(data)")
    for each in (*(() if model is None else (model,)), *refits):
        check_model("model" if each is model else "refits", each, "ecdf_band(data, model, refits)")
    whole("points", points, 1, "energies")
    n = len(data)
    if n < 2:
        raise ValueError("data: expected at least 2 trajectories to see how they scatter, got 1; cut it by data.blocks")
    if independent is None and n < FEWEST_BLOCKS:
        raise ValueError(
            f"data: expected at least {FEWEST_BLOCKS} trajectories for a band that holds what it says, got {n}; add some, or "
            "say by independent=independent_blocks(data, theta).independent how much they hold"
        )
    if model is None and not all(t.has_energies for t in data.values()):
        raise ValueError("data: expected energies, got forces alone; a band of the energies of a model needs model=")
    if refits and len(refits) != n:
        raise ValueError(f"refits: expected {n}, one without each trajectory, got {len(refits)}")
    N, groups = data.n_atoms, data.groups
    w = np.ones(len(N)) if log_weights is None else _weights(data, log_weights)
    values = (data.energies if model is None else model.energies(data)) / N
    x = np.quantile(values, np.linspace(0, 1, points))
    without = []
    for number in range(n):
        each = values if model is None or not refits else refits[number].energies(data) / N
        without.append(_ecdf_at(each[groups != number], w[groups != number], x))
    error = standard_error(np.array(without))
    edges = interval(_ecdf_at(values, w, x), error, clusters=n, independent=independent, level=level)
    low, high = np.clip(edges, 0.0, 1.0)
    return x, low, high


def _weights(data: Dataset, log_weights: ArrayLike) -> Array:
    """(M,) weights of the configurations, with some weight on at least two trajectories."""
    given = floats("log_weights", log_weights)
    if given.shape != data.energies.shape:
        raise ValueError(f"log_weights: expected {len(data.energies)}, one a configuration, got shape {given.shape}")
    if not np.isfinite(given.max()):
        raise ValueError(f"log_weights: expected numbers, −∞ for a weight of zero but not for all, got {given!s:.60}")
    w = np.exp(given - given.max())
    shares = np.bincount(data.groups, w, minlength=len(data))
    if np.count_nonzero(shares) < 2:
        raise ValueError(
            "log_weights: expected weight on at least 2 trajectories to see how they scatter, got all of it on "
            f"{list(data)[int(shares.argmax())]!r}; without that one no weight is left, so that such weights allow no band"
        )
    return w


def _ecdf_at(values: Array, weights: Array, x: Array) -> Array:
    at, F = ecdf(values, weights=weights)
    return np.r_[0.0, F][np.searchsorted(at, x, side="right")]
