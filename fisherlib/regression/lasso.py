"""Few descriptors by a penalty on the sizes of weights: the lasso along its whole path, and its bias taken off again."""

import dataclasses
import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from ..arguments import positive
from ..dataset import Array, frozen
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from .correlations import Correlations
from .normal import Target, fitted_constants, normal_of
from .ridge import RidgePath, positive_strengths

#: Strengths of the lasso by default, as shares of the one that leaves no weight.
SHARES = frozen(np.logspace(0, -3, 61))
#: Descriptors with a correlation that is so near to ±1 are copies.
COPY = 1e-12
#: Correlations that exceed the strength by no more are rounding; and steps for each descriptor, before it is given up.
ROUNDING, STEPS = 1e-14, 20


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LassoPath:
    """Minima of ½⟨(y − w·x)²⟩ + λ Σ_k |w_k| in standard units, for many strengths λ.

    Attributes:
        strengths: (n,) λ, without unit; from the largest correlation on, no weight is left.
        weights: (n, K) w in standard units.
        correlations: what is fitted.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(400, 3))
        >>> path = lasso_path(fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.0]))
        >>> path.support(path.strengths[30]).tolist(), path.weights.shape
        ([0, 1], (61, 3))
    """

    strengths: Array
    weights: Array
    correlations: Correlations

    @property
    def thetas(self) -> Array:
        """(n, K) parameters in the units of the data."""
        return self.correlations.theta(self.weights)

    @property
    def numbers(self) -> Array:
        """(n,) how many weights are not zero."""
        return np.count_nonzero(self.weights, axis=1)

    @property
    def violation(self) -> Array:
        """(n,) how far each minimum is from the conditions of Karush, Kuhn and Tucker: zero but for rounding."""
        pull = self.correlations.r - self.weights @ self.correlations.R
        live, strengths = self.weights != 0, self.strengths[:, None]
        inside = np.maximum(np.abs(pull) - strengths, 0.0)
        return np.where(live, np.abs(pull - strengths * np.sign(self.weights)), inside).max(axis=1)

    def support(self, strength: float) -> NDArray[np.intp]:
        """Indices of the descriptors that are left at the strength tried that is nearest to this one.

        Raises:
            ValueError: not a number > 0.
        """
        wanted = positive("strength", strength)
        return np.flatnonzero(self.weights[np.argmin(np.abs(np.log(self.strengths / wanted)))])


def lasso_path(
    moments: Moments | MomentRecord,
    strengths: ArrayLike | None = None,
    *,
    target: Target | None = None,
    temperature: float | None = None,
) -> LassoPath:
    """The lasso for many strengths, from moments alone: by least-angle regression on the correlations (scikit-learn).

    Args:
        moments: of the training data.
        strengths: (n,) λ > 0, in any order; by default twenty per power of ten, three below the largest correlation.
        target, temperature: as for ``ridge_path``.

    Raises:
        TypeError: anything but moments.
        ValueError: a strength that is not positive, or as for ``Correlations.of``.
        ModuleNotFoundError: scikit-learn is not installed.

    Source: Efron, Hastie, Johnstone and Tibshirani, Ann. Stat. 32, 407 (2004).

    Example:
        >>> import fisherlib as fl
        >>> path = lasso_path(fl.accumulate(fl.systems.double_well(0.1, tilt=0.02)), [0.5, 0.01])
        >>> path.numbers.tolist(), bool(path.violation.max() < 1e-12)
        ([2, 2], True)
    """
    known = Correlations.of(moments, target, temperature=temperature)
    largest = float(np.abs(known.r).max())
    if not largest:
        raise ValueError("moments: expected a descriptor that is correlated with the target, got none")
    tried = positive_strengths(largest * SHARES if strengths is None else strengths)
    live = _different(known)
    knots, corners = _least_angle(known, live, float(tried.min()))
    weights = np.array([_at(known, live, float(strength), knots, corners) for strength in tried])
    return LassoPath(strengths=tried, weights=frozen(weights), correlations=known)


def _least_angle(known: Correlations, live: NDArray[np.intp], smallest: float) -> tuple[Array, Array]:
    """Strengths (m,), descending, at which the path bends, and the weights (m, K) there."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import lars_path_gram

    with warnings.catch_warnings():  # of descriptors that are copies of others: the conditions are checked afterwards
        warnings.simplefilter("ignore", ConvergenceWarning)
        knots, _, corners = lars_path_gram(
            known.r[live].copy(), known.R[np.ix_(live, live)].copy(), n_samples=1, method="lasso", alpha_min=smallest
        )
    all_of = np.zeros((len(knots), known.K))
    all_of[:, live] = corners.T
    return knots, all_of


def _different(known: Correlations) -> NDArray[np.intp]:
    """Indices of the descriptors that vary and are no copies of an earlier one, which the lasso could not tell apart."""
    earlier = np.tril(np.abs(known.R) > 1 - COPY, -1) & (known.scale > 0)[None, :]
    return np.flatnonzero((known.scale > 0) & ~earlier.any(axis=1))


def _at(known: Correlations, live: NDArray[np.intp], strength: float, knots: Array, corners: Array) -> Array:
    """(K,) weights for one strength: between two bends the path is straight; then solved for, and mended, to the last digits."""
    if strength >= knots[0]:
        return np.zeros(known.K)
    k = min(int(np.searchsorted(-knots, -strength)), len(knots) - 1)
    t = np.clip((knots[k - 1] - strength) / (knots[k - 1] - knots[k]), 0.0, 1.0) if knots[k - 1] > knots[k] else 1.0
    between = (1 - t) * corners[k - 1] + t * corners[k]
    return _mended(known, live, strength, np.sign(between), between)


def _mended(known: Correlations, live: NDArray[np.intp], strength: float, signs: Array, weights: Array) -> Array:
    """(K,) the exact minimum near a guess: signs that do not hold are given up, descriptors that pull too much are added.

    Feature-sign search of Lee, Battle, Raina and Ng, NIPS 19, 801 (2007). It ends, as each step lowers the loss.
    """
    w, signs, free = weights.copy(), signs.copy(), np.zeros(known.K, bool)
    free[live] = True
    for _ in range(STEPS * known.K):
        w, signs, straight = _toward(known, strength, signs, w)
        pull = known.r - known.R @ w
        outside = np.where((signs == 0) & free, np.abs(pull), 0.0)
        worst = int(np.argmax(outside))
        if straight and outside[worst] <= strength + ROUNDING:
            break
        if straight:
            signs[worst] = np.sign(pull[worst])
    return w


def _toward(known: Correlations, strength: float, signs: Array, w: Array) -> tuple[Array, Array, bool]:
    """A step to the minimum for given signs, or as far as these hold; and whether they do."""
    active = np.flatnonzero(signs)
    R, goal = known.R[np.ix_(active, active)], known.r[active] - strength * signs[active]
    try:
        factor = cho_factor(R)
        target = cho_solve(factor, goal)
        target += cho_solve(factor, goal - R @ target)
    except LinAlgError:  # one descriptor is a sum of others
        target = np.linalg.lstsq(R, goal, rcond=None)[0]
    here = w[active]
    crossing = signs[active] * target <= 0
    if not crossing.any():
        out = np.zeros_like(w)
        out[active] = target
        return out, signs, True
    steps = np.where(crossing, here / np.where(here == target, 1.0, here - target), np.inf)
    first = int(np.argmin(steps))
    out, signs = np.zeros_like(w), signs.copy()
    out[active] = here + min(max(float(steps[first]), 0.0), 1.0) * (target - here)
    out[active[first]] = signs[active[first]] = 0.0
    return out, signs, False


def debias(
    moments: Moments | MomentRecord,
    support: ArrayLike,
    strengths: ArrayLike = (1e-10,),
    *,
    target: Target | None = None,
    temperature: float | None = None,
) -> RidgePath:
    """A ridge on some of the descriptors, as those that the lasso has left: its penalty pulls all weights towards zero.

    Args:
        moments: of the training data. A support that was chosen on other rows than these, such as those of a later test,
            makes the test worthless.
        support: indices of the descriptors, or a mask (K,).
        strengths: (n,) λ > 0; one that only keeps the solution finite by default.
        target, temperature: as for ``ridge_path``.

    Returns:
        A path whose θ (K,) is zero but for the support.

    Raises:
        TypeError: anything but moments.
        ValueError: indices that are not those of descriptors, none of them, or as for ``ridge_path``.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(400, 3))
        >>> debias(fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.5]), [0, 1]).thetas.round(1)
        array([[1., 2., 0.]])
    """
    normal, rows, target = normal_of(moments, target, temperature=temperature)
    kept = _indices(support, normal.K)
    some = Quadratic(normal.A[np.ix_(kept, kept)], normal.b[kept], normal.s)
    part = RidgePath.of(some, strengths, rows=rows, constants=fitted_constants(moments, target))
    directions = np.zeros((normal.K, len(part.eigenvalues)))
    directions[kept] = part.directions
    return dataclasses.replace(part, directions=frozen(directions), origin=frozen(np.zeros(normal.K)))


def _indices(support: ArrayLike, K: int) -> NDArray[np.intp]:
    given = np.asarray(support)
    kept = np.flatnonzero(given) if given.dtype == bool and given.shape == (K,) else given
    whole = kept.ndim == 1 and kept.dtype.kind in "iu" and len(kept)
    if not whole or kept.min() < 0 or kept.max() >= K or len(set(kept.tolist())) < len(kept):
        raise ValueError(f"support: expected different indices from 0 to {K - 1}, or a mask ({K},), got {given!s:.60}")
    return kept
