"""Held-out force errors for every strength of a ridge, from moments alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cho_solve, lapack

from ..arguments import floats
from ..dataset import Array
from ..moments import MomentRecord, Moments
from ..progress import Progress
from ..regression import RidgePath, ridge_path, row_weights
from .trajectory_folds import several

#: Numbers held at once for the fits of several trajectories: 8 MB.
NUMBERS = 2**20


def held_out_errors(
    moments: Moments,
    strengths: ArrayLike,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Array:
    """Mean squared force error on each trajectory when it is held out of the fit, for every strength of a ridge.

    The fits are exact, as by ``regression.ridge_path`` to all other trajectories, and need one factorisation each.

    Args:
        moments: of at least two trajectories.
        strengths: (n,) λ > 0, in any order.
        temperature, origin, scale: as for ``regression.ridge_path``; the default scale is that of each fit's own data.
        progress: called with (trajectories done, trajectories in all), for each trajectory.

    Returns:
        (trajectories, n) mean over the force components of each trajectory, eV²/Å².

    Raises:
        ValueError: fewer than two trajectories, or as for ``regression.ridge_path``.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.double_well(0.1, tilt=0.02))
        >>> held_out_errors(moments, [1e-6, 1e-3]).shape
        (8, 2)
    """
    if isinstance(moments, MomentRecord):
        raise ValueError(
            "moments: expected those of each trajectory, to hold out one at a time, got a single record that does not tell "
            "them apart; give accumulate(data), not its total()"
        )
    several("moments", len(moments))
    path = ridge_path(moments, strengths, temperature=temperature, origin=origin, scale=scale)  # refuses bad arguments
    K, n, records = moments.K, len(moments), moments.values()
    weights = row_weights(moments, temperature=temperature)
    shares = weights * [r.rows for r in records]
    flat = np.array([np.concatenate([r.PhiPhi.ravel(), r.PhiF, [r.FF]]) for r in records])
    flat *= weights[:, None]
    others = _all_but_each(flat)
    errors = np.empty((n, len(path.strengths)))
    step = max(1, NUMBERS // (K * (K + len(path.strengths))))
    for start in range(0, n, step):
        held = slice(start, min(start + step, n))
        thetas = _thetas(np.array([next(others) for _ in range(n)[held]]), path, scale)
        A, b, s = _forms(flat[held], K)
        values = np.einsum("tik,tik->ti", thetas, thetas @ A - 2 * b[:, None, :]) + s[:, None]
        errors[held] = values / shares[held, None]
        if progress is not None:
            for number in range(held.start, held.stop):
                progress(number + 1, n)
    return np.maximum(errors, 0.0)


def plain_errors(moments: Moments, *, temperature: float | None = None) -> Array | None:
    """``held_out_errors`` of θ_f without a ridge, by Cholesky factorisations: an eighth of the time where K is large.

    Args:
        moments: of at least two trajectories.
        temperature: as for ``held_out_errors``.

    Returns:
        (trajectories,) eV²/Å², or None where the forces of some of them leave parameters open.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.double_well(0.1, tilt=0.02))
        >>> bool(np.allclose(plain_errors(moments), held_out_errors(moments, [1e-14])[:, 0]))
        True
    """
    weights, keys = row_weights(moments, temperature=temperature), tuple(moments)
    found = []
    for key in keys:
        A, b = np.zeros((moments.K, moments.K)), np.zeros(moments.K)
        for w, other in zip(weights, keys, strict=True):
            if other != key:
                A += w * moments[other].PhiPhi
                b += w * moments[other].PhiF
        d = np.sqrt(np.diag(A))
        if not d.all():
            return None
        factor, failed = lapack.dpotrf(A / np.outer(d, d), lower=True, overwrite_a=True)
        if failed:
            return None
        theta, r = cho_solve((factor, True), b / d) / d, moments[key]
        found.append(max(r.FF - 2 * theta @ r.PhiF + theta @ r.PhiPhi @ theta, 0.0) / r.rows)
    return np.array(found)


def _forms(flat: Array, K: int) -> tuple[Array, Array, Array]:
    """A (t, K, K), b (t, K) and s (t,) of the rows of (t, K² + K + 1) numbers."""
    return flat[:, : K * K].reshape(-1, K, K), flat[:, K * K : -1], flat[:, -1]


def _thetas(flat: Array, path: RidgePath, scale: ArrayLike | None) -> Array:
    """(t, n, K) minima for n strengths of t normal equations at once; the formula is that of ``RidgePath``."""
    K, origin = len(path.origin), path.origin
    A, b, _ = _forms(flat, K)
    diagonal = A.diagonal(axis1=1, axis2=2)
    if not diagonal.any(axis=1).all():
        raise ValueError(
            "moments: nothing is left to fit without one of the trajectories, the force descriptors of all others are zero"
        )
    m = np.broadcast_to(diagonal if scale is None else floats("scale", scale), diagonal.shape)
    inverse = np.divide(1.0, np.sqrt(m), out=np.zeros_like(diagonal), where=m > 0)
    s, V = np.linalg.eigh(A * inverse[:, :, None] * inverse[:, None, :])
    kept = s > K * np.finfo(float).eps * s[:, -1:]  # below, an eigenvalue is rounding, and may be negative
    z = np.einsum("tki,tk->ti", V, inverse * (b - A @ origin)) * kept
    y = z[:, None, :] / (path.strengths[:, None] + np.where(kept, s, 1.0)[:, None, :])
    return origin + (y @ V.transpose(0, 2, 1)) * inverse[:, None, :]


def _all_but_each(rows: Array, rest: Array | None = None) -> Iterator[Array]:
    """The sum of all rows but one, for each in turn.

    Each half is added to the sums for the other half, in n log n additions. Subtracting each row from the total would be
    less work, but would leave rounding where a descriptor changes only in that trajectory.
    """
    if len(rows) == 1:
        yield np.zeros_like(rows[0]) if rest is None else rest
        return
    middle = len(rows) // 2
    for inside, outside in ((rows[:middle], rows[middle:]), (rows[middle:], rows[:middle])):
        total = np.zeros_like(rows[0]) if rest is None else rest.copy()
        for row in outside:
            total += row
        yield from _all_but_each(inside, total)


def leave_one_trajectory_out(
    moments: Moments,
    strengths: ArrayLike,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Array:
    """Root-mean-square force error on trajectories held out one at a time, for every strength of a ridge.

    √(Σ_t w_t |F_t − Φ_tθ₋ₜ(λ)|² / n) over all n rows, with θ₋ₜ of all trajectories but t and w_t = β_t² over its mean
    over all rows (1 for one temperature).

    Args:
        moments, strengths, temperature, origin, scale, progress: as for ``held_out_errors``.

    Returns:
        (n,) eV/Å.

    Raises:
        ValueError: as for ``held_out_errors``.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> leave_one_trajectory_out(moments, [1e-12]).round(6).tolist()
        [0.0]
    """
    errors = held_out_errors(moments, strengths, temperature=temperature, origin=origin, scale=scale, progress=progress)
    return pooled(errors, moments, temperature)[0]


def pooled(errors: Array, moments: Moments, temperature: float | None) -> tuple[Array, Array]:
    """(n,) root mean square over all rows, and (trajectories, n) the pull of each trajectory on it."""
    return root_mean_square(errors, row_weights(moments, temperature=temperature) * [r.rows for r in moments.values()])


def root_mean_square(errors: Array, sizes: Array) -> tuple[Array, Array]:
    """(n,) root mean square of mean squared errors (trajectories, n), and (trajectories, n) the pull of each on it."""
    shares = sizes / sizes.sum()
    mean = shares @ errors
    rmse = np.sqrt(mean)
    pulls = shares[:, None] * (errors - mean)
    return rmse, np.divide(pulls, 2 * rmse, out=np.zeros_like(pulls), where=rmse > 0)
