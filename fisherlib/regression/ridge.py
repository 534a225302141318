"""Fits to forces or energies for every strength of a ridge from one factorisation."""

import dataclasses
import functools

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number
from ..dataset import Array, frozen
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from ..solvers import decomposed
from .normal import Target, fitted_constants, normal_of


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RidgePath:
    """Minima of ½ Σ_t w_t |F_t − Φ_tθ|² + ½ λ Σ_k m_k (θ_k − θ⁰_k)² for any strength λ.

    With y = √m (θ − θ⁰), the eigenvalues s and eigenvectors V of M^−½ A M^−½ and z = Vᵀ M^−½ (b − Aθ⁰),
    θ(λ) = θ⁰ + M^−½ V z/(s + λ). Directions that the data do not determine are left out and stay at θ⁰.

    Attributes:
        strengths: (n,) λ, without unit where m is the diagonal of A.
        rows: force components behind the fit, or energies.
        constants: number of offsets that were fitted beside θ; each takes a row. None of forces.
        eigenvalues: (r,) s, ascending, of the r directions that are determined.
        loadings: (r,) z, eV/Å times √s.
        directions: (K, r) M^−½ V.
        origin: (K,) θ⁰.
        unexplained: Σ w|F − Φθ|² as λ → 0, eV²/Å²; at least the rounding of the moments, or 0 if there are as many
            parameters, constants included, as rows.

    Example:
        >>> import fisherlib as fl
        >>> path = ridge_path(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), [1e-9, 1.0])
        >>> path.theta(1e-9).round(6), path.thetas.shape
        (array([1., 2.]), (2, 2))
    """

    strengths: Array
    rows: int
    eigenvalues: Array
    loadings: Array
    directions: Array
    origin: Array
    unexplained: float
    constants: int = 0

    @classmethod
    def of(
        cls,
        normal: Quadratic,
        strengths: ArrayLike,
        *,
        rows: int,
        origin: ArrayLike | None = None,
        scale: ArrayLike | None = None,
        constants: int = 0,
    ) -> "RidgePath":
        """The path of given normal equations, e.g. of a sum of ``normal_equations(moments)``.

        Args:
            normal: A = Σ w ΦᵀΦ, b = Σ w ΦᵀF and s = Σ w F·F.
            strengths: (n,) λ > 0, in any order.
            rows: force components that were summed.
            origin, scale: as for ``ridge_path``.
            constants: number of offsets that were taken out of the rows.

        Raises:
            TypeError: anything but a quadratic.
            ValueError: as for ``ridge_path``.
        """
        kind("normal", normal, Quadratic, "RidgePath.of(sum_of_normal_equations, strengths, rows=rows)")
        A, b, yy, K = normal.A, normal.b, normal.s, normal.K
        diagonal = np.diag(A)
        if not diagonal.any():
            raise ValueError("moments: expected something to fit, got force descriptors that are all zero")
        theta = parameters("origin", np.zeros(K) if origin is None else origin, K)
        inverse = _inverse_root(diagonal if scale is None else parameters("scale", scale, K), diagonal)
        s, V = decomposed(A * np.outer(inverse, inverse))
        kept = s > K * np.finfo(float).eps * s[-1]  # smaller eigenvalues are rounding and may be negative
        s, V = s[kept], V[:, kept]
        r = b - A @ theta
        z = V.T @ (inverse * r)
        explained, total = float(z @ (z / s)), float(yy - theta @ (b + r))
        return cls(
            strengths=positive_strengths(strengths),
            rows=rows,
            eigenvalues=frozen(s),
            loadings=frozen(z),
            directions=frozen(inverse[:, None] * V),
            origin=frozen(theta),
            unexplained=max(total - explained, np.finfo(float).eps * yy) if rows - constants > len(s) else 0.0,
            constants=constants,
        )

    def __repr__(self) -> str:
        low, high = self.strengths.min(), self.strengths.max()
        rank = f"rank = {len(self.eigenvalues)}"
        return f"RidgePath(K = {len(self.origin)}, {rank}, {len(self.strengths)} strengths, {low:.2g} to {high:.2g})"

    def theta(self, strength: float) -> Array:
        """(K,) parameters for one strength > 0; it need not be one of ``strengths``.

        Raises:
            ValueError: not a number > 0.
        """
        return self._thetas(positive_strengths([number("strength", strength)]))[0]

    @property
    def thetas(self) -> Array:
        """(n, K) parameters for every strength; computed anew each time, since they can be large."""
        return self._thetas(self.strengths)

    def _thetas(self, strengths: Array) -> Array:
        return self.origin + (self.loadings / (strengths[:, None] + self.eigenvalues)) @ self.directions.T

    @property
    def taken(self) -> Array:
        """(n, r) λ/(s + λ), the part of each direction that the penalty takes away."""
        return self.strengths[:, None] / (self.strengths[:, None] + self.eigenvalues)

    @functools.cached_property
    def residual_sum(self) -> Array:
        """(n,) Σ w|F − Φθ|², eV²/Å²."""
        # yy₀ − Σ z²(s + 2λ)/(s + λ)², in a form that does not cancel
        return self.unexplained + self.taken**2 @ (self.loadings**2 / self.eigenvalues)

    @functools.cached_property
    def penalty(self) -> Array:
        """(n,) y·y = Σ m_k (θ_k − θ⁰_k)², eV²/Å² where m is the diagonal of A."""
        y = self.loadings / (self.strengths[:, None] + self.eigenvalues)
        return (y**2).sum(axis=1)

    @functools.cached_property
    def effective_parameters(self) -> Array:
        """(n,) γ = Σ s/(s + λ), the trace of the hat matrix."""
        s = self.eigenvalues
        return (s / (self.strengths[:, None] + s)).sum(axis=1)


def ridge_path(
    moments: Moments | MomentRecord,
    strengths: ArrayLike,
    *,
    target: Target | None = None,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
) -> RidgePath:
    """Fits to forces, or to energies, for all strengths of a ridge, by one factorisation.

    θ(λ) = argmin ½ Σ_t w_t |F_t − Φ_tθ|² + ½ λ Σ_k m_k (θ_k − θ⁰_k)², with w_t = β_t² over its mean over all rows, so
    rows count 1 each if there is one temperature. Without ``scale`` it is the minimum of
    ``fisher(moments, temperature) + ridge(λ, K, scale=diag, origin=θ⁰)`` with the diagonal of the former. A descriptor
    that never changes keeps its θ⁰_k. Of energies, F stands for E and Φ for D, each without its best offsets.

    Args:
        moments: of the training data.
        strengths: (n,) λ > 0, in any order.
        target: "forces" where there are any, by default, or "energies", or what else the rows of a regression have.
        temperature: K, for every trajectory; by default each has its own. The value of a single temperature does not
            matter.
        origin: (K,) θ⁰, the parameters to stay close to; zeros by default.
        scale: (K,) m_k; by default the diagonal of Σ w ΦᵀΦ, so that λ has no unit. With another one, such as the variances
            of D, λ is in the unit of ΦᵀΦ, summed over rows, divided by that of m.

    Returns:
        The path.

    Raises:
        TypeError: anything but moments.
        ValueError: a strength that is not positive, no temperature, nothing to fit, or a scale of zero for a descriptor
            that changes.

    Example:
        >>> import fisherlib as fl
        >>> ridge_path(fl.accumulate(fl.systems.harmonic([1.0, 2.0])), [1e-6, 1e-3, 1.0])
        RidgePath(K = 2, rank = 2, 3 strengths, 1e-06 to 1)
    """
    normal, rows, target = normal_of(moments, target, temperature=temperature)
    constants = fitted_constants(moments, target)
    return RidgePath.of(normal, strengths, rows=rows, origin=origin, scale=scale, constants=constants)


def _inverse_root(scale: Array, diagonal: Array) -> Array:
    """(K,) 1/√m, and 0 for a descriptor that never changes."""
    wrong = (scale < 0) | ((scale == 0) & (diagonal > 0))
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"scale: expected numbers > 0, got {scale[k]:g} for descriptor {k}; to leave a parameter out of the penalty, give "
            "a small number"
        )
    return np.divide(1.0, np.sqrt(scale), out=np.zeros_like(scale), where=scale > 0)


def parameters(name: str, values: ArrayLike, K: int) -> Array:
    """Finite numbers, one per descriptor, as a new array (K,).

    Raises:
        ValueError: another number of them, or some that are NaN or infinite.
    """
    array = floats(name, values).copy()
    if array.shape != (K,) or not np.isfinite(array).all():
        got = f"{array!s:.60}" if array.shape == (K,) else f"shape {array.shape}"
        raise ValueError(f"{name}: expected K = {K} finite numbers, one per descriptor, got {got}")
    return array


def positive_strengths(strengths: ArrayLike) -> Array:
    """Finite numbers > 0, as a new array (n,).

    Raises:
        ValueError: anything else.
    """
    array = floats("strengths", strengths).copy()
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"strengths: expected a list of numbers > 0, got shape {array.shape}")
    wrong = ~(np.isfinite(array) & (array > 0))
    if wrong.any():
        raise ValueError(
            f"strengths: expected finite numbers > 0, got {array[wrong][0]:g}; for no ridge at all use solve(fisher(moments))"
        )
    return frozen(array)
