"""Distances between samples: exact empirical distribution functions, with or without weights."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array


def ecdf(values: ArrayLike, weights: ArrayLike | None = None) -> tuple[Array, Array]:
    """Empirical distribution function, exact: sorted values and the share of the sample at or below each.

    Args:
        values: (n,) sample.
        weights: (n,) ≥ 0, up to a factor; all equal by default. With the weights of ``reweighting`` the sample of one
            distribution gives the function of another.

    Returns:
        x (n,) ascending and F(x) (n,), a staircase with steps of 1/n or of the weights.

    Raises:
        ValueError: no sample, or weights that are negative, not finite, all zero or of another shape.

    Example:
        >>> x, F = ecdf([3.0, 1.0, 2.0, 2.0])
        >>> x.tolist(), F.tolist()
        ([1.0, 2.0, 2.0, 3.0], [0.25, 0.5, 0.75, 1.0])
    """
    x, F, _ = _distribution("values", values, "weights", weights)
    return x, F


def ecdf_difference(
    a: ArrayLike, b: ArrayLike, *, weights_a: ArrayLike | None = None, weights_b: ArrayLike | None = None
) -> tuple[Array, Array]:
    """Difference of two empirical distribution functions, exact.

    Args:
        a: (n,) reference sample.
        b: (m,) sample.
        weights_a, weights_b: (n,) and (m,) ≥ 0, each up to a factor; all equal by default.

    Returns:
        x (n + m,) all values, ascending, and F_b(x) − F_a(x) (n + m,). Its largest absolute value is the KS distance.

    Raises:
        ValueError: no sample, or weights that are negative, not finite, all zero or of another shape.

    Example:
        >>> x, difference = ecdf_difference([1.0, 2.0], [2.0, 3.0])
        >>> x.tolist(), difference.tolist()
        ([1.0, 2.0, 2.0, 3.0], [-0.5, -0.5, -0.5, 0.0])
    """
    sample_a, Fa, _ = _distribution("a", a, "weights_a", weights_a)
    sample_b, Fb, _ = _distribution("b", b, "weights_b", weights_b)
    x = np.sort(np.concatenate([sample_a, sample_b]))
    return x, _at(sample_b, Fb, x) - _at(sample_a, Fa, x)


def _distribution(
    name: str, values: ArrayLike, name_of_weights: str, weights: ArrayLike | None, *, several: bool = False
) -> tuple[Array, Array, Array]:
    """A sample in ascending order (..., n), its distribution function at each point, and the share of each point."""
    sample = finite_sample(name, values, several=several)
    n = sample.shape[-1]
    if weights is None:
        return np.sort(sample, axis=-1), np.arange(1, n + 1) / n, np.full(n, 1 / n)
    w = floats(name_of_weights, weights)
    if w.shape not in ((n,), sample.shape):
        raise ValueError(f"{name_of_weights}: expected shape {sample.shape}, one for each value, got {w.shape}")
    if not (np.isfinite(w).all() and (w >= 0).all() and (w.sum(axis=-1) > 0).all()):
        raise ValueError(
            f"{name_of_weights}: expected finite numbers ≥ 0, not all of them zero, got {w!s:.60}; "
            "of logarithms give the exponential"
        )
    order = np.argsort(sample, axis=-1, kind="stable")
    w = np.take_along_axis(np.broadcast_to(w, sample.shape), order, axis=-1)
    F = np.cumsum(w, axis=-1)
    return np.take_along_axis(sample, order, axis=-1), F / F[..., -1:], w / F[..., -1:]


def _at(a: Array, F: Array, x: Array, *, side: Literal["left", "right"] = "right") -> Array:
    """Distribution function F of the ascending sample ``a`` at x, or just before it (left)."""
    return np.concatenate([[0.0], F])[np.searchsorted(a, x, side=side)]


def finite_sample(name: str, values: ArrayLike, *, several: bool = False) -> Array:
    """The sample as finite floats of shape (n,), or (..., n) if there may be several.

    Raises:
        ValueError: no numbers, another shape, an empty sample, NaN or infinity.
    """
    sample = floats(name, values)
    if sample.ndim != 1 and not (several and sample.ndim > 1) or sample.shape[-1] == 0:
        raise ValueError(f"{name}: expected a sample of shape (n,), got shape {sample.shape}")
    if not np.isfinite(sample).all():
        raise ValueError(f"{name}: expected finite numbers, got {np.sum(~np.isfinite(sample))} NaN or infinite ones")
    return sample


def ks(a: ArrayLike, b: ArrayLike, *, weights_a: ArrayLike | None = None, weights_b: ArrayLike | None = None) -> Array:
    """Kolmogorov–Smirnov distance sup |F_a − F_b| between two samples, ties counted exactly.

    Args:
        a: (n,) sample.
        b: (m,) sample, or (..., m) samples, each compared with ``a``.
        weights_a: (n,) ≥ 0, up to a factor; all equal by default.
        weights_b: (m,) or (..., m), likewise.

    Returns:
        Distance in [0, 1], of shape (...).

    Raises:
        ValueError: no sample, or weights that are negative, not finite, all zero or of another shape.

    Example:
        >>> float(ks([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 9.0]))
        0.25
    """
    a, Fa, _ = _distribution("a", a, "weights_a", weights_a)
    b, Fb, share = _distribution("b", b, "weights_b", weights_b, several=True)
    # The supremum is reached at a point of b: on its step (right limit of F_a) or just before it (left limit). With
    # ties inside b only the last of the equal points carries the step and only the first the limit before it; the
    # intermediate ones give values between those two, so they never exceed the supremum.
    right, left = _at(a, Fa, b), _at(a, Fa, b, side="left")
    return np.maximum((Fb - right).max(axis=-1), (left - (Fb - share)).max(axis=-1))


def wasserstein_1(
    a: ArrayLike, b: ArrayLike, *, weights_a: ArrayLike | None = None, weights_b: ArrayLike | None = None
) -> Array:
    """Wasserstein-1 distance ∫ |F_a − F_b| between two samples, in their unit.

    Args:
        a, b, weights_a, weights_b: as for ``ks``, which raises the same errors.

    Returns:
        Distance in the unit of the samples, of shape (...).

    Example:
        >>> float(wasserstein_1([1.0, 2.0, 3.0], [2.0, 3.0, 4.0]))
        1.0
    """
    if weights_a is not None or weights_b is not None:
        return _weighted_wasserstein_1(a, b, weights_a, weights_b)
    a, b = np.sort(finite_sample("a", a)), np.sort(finite_sample("b", b, several=True), axis=-1)
    n, m = len(a), b.shape[-1]
    if n == m:
        return np.abs(a - b).mean(axis=-1)
    # Both quantile functions are constant between the merged levels i/n and j/m.
    levels = np.union1d(np.arange(1, n + 1) / n, np.arange(1, m + 1) / m)
    middle = levels - 0.5 * np.diff(levels, prepend=0.0)
    quantiles = b[..., np.minimum((middle * m).astype(int), m - 1)]
    return (np.abs(a[np.minimum((middle * n).astype(int), n - 1)] - quantiles) * np.diff(levels, prepend=0.0)).sum(
        axis=-1
    )


def _weighted_wasserstein_1(
    a: ArrayLike, b: ArrayLike, weights_a: ArrayLike | None, weights_b: ArrayLike | None
) -> Array:
    a, _, shares_a = _distribution("a", a, "weights_a", weights_a)
    b, _, shares_b = _distribution("b", b, "weights_b", weights_b, several=True)
    groups = b.shape[:-1]
    x = np.concatenate([np.broadcast_to(a, (*groups, len(a))), b], axis=-1)
    steps = np.concatenate([np.broadcast_to(shares_a, (*groups, len(a))), np.broadcast_to(-shares_b, b.shape)], axis=-1)
    order = np.argsort(x, axis=-1)
    x, steps = np.take_along_axis(x, order, axis=-1), np.take_along_axis(steps, order, axis=-1)
    difference = np.cumsum(steps, axis=-1)[..., :-1]  # F_a − F_b between neighbours of the merged sample
    return (np.abs(difference) * np.diff(x, axis=-1)).sum(axis=-1)
