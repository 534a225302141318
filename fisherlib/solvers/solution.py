"""Minimum of a quadratic loss by a scaled factorisation, with the rank and the condition that tell its quality."""

import dataclasses

import numpy as np
from scipy.linalg import cho_solve, lapack

from ..arguments import kind, number
from ..dataset import Array, frozen
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from .decompositions import decomposed
from .decompositions import eigenvalues as eigenvalues_of

#: Factor c of the bound c κ² ε on the rounding of θ. Compared with extended precision, for rows in any order and any
#: blocks, c was 0.02 to 0.15 with SOAP and SNAP descriptors, and 0.34 with random ones.
SAFETY = 10.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Solution:
    """Minimum of a quadratic loss.

    Attributes:
        theta: (K,) minimising parameters.
        rank: directions that the loss determines; if it is below K, θ has the least norm in the other directions.
        condition: 2-norm condition number of A scaled to unit diagonal, over the directions kept.
        value: the loss at ``theta``; for an exact fit rounding may put it a little below zero.
        method: "cholesky", or "truncated" if directions had to be left out.
        eigenvalues: (K,) of A scaled to unit diagonal, ascending; the last ``rank`` of them are determined.
        data: identity of the data of the loss; empty if it is not known.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> fit = fl.solve(fl.fisher(moments))
        >>> fit.theta.round(6), fit.rank, fit.method
        (array([1., 2.]), 2, 'cholesky')
        >>> fit.rounding < 1e-12
        True
    """

    theta: Array
    rank: int
    condition: float
    value: float
    method: str
    eigenvalues: Array
    data: frozenset[int] = frozenset()

    def check_of(self, moments: Moments | MomentRecord) -> None:
        """Refuses moments of other data than those of the fit.

        The data may be cut differently, into blocks for instance. If the terms of the loss are of several data, the moments
        may be those of one term.

        Raises:
            TypeError: anything but moments.
            ValueError: other data.
        """
        kind("moments", moments, (Moments, MomentRecord), "fit.check_of(accumulate(data))")
        known = {*self.data, sum(self.data) % 2**64} if self.data else set()
        if known and moments.identity is not None and moments.identity not in known:
            raise ValueError(
                "fit: expected one to these moments, got one to other data; take solve(fisher(moments, temperature)) of the "
                "same moments"
            )

    @property
    def rounding(self) -> float:
        """Bound c κ² ε of ‖δθ‖/‖θ‖ in the scaled parameters √A_kk θ_k: the difference that another machine or BLAS can make.

        ``condition`` is κ², where κ is the condition of Φ with columns of unit length, since A is formed from ΦᵀΦ;
        ε = 2.2e-16 and c = 10. The bound holds to first order, for the directions kept; above 1 no digit of θ is certain.

        Source: Higham, Accuracy and Stability of Numerical Algorithms (2002), sections 10.1 and 20.4.
        """
        return SAFETY * self.condition * float(np.finfo(float).eps)

    def __repr__(self) -> str:
        K = len(self.theta)
        below = " (below zero by rounding, or by a constant in the loss)" if self.value < 0 else ""
        return (
            f"Solution(K = {K}, rank = {self.rank}, condition = {self.condition:.2g}, value = {self.value:.6g}{below}, "
            f"{self.method})"
        )


def spectrum(quadratic: Quadratic) -> tuple[Array, Array]:
    """Eigenvalues (ascending) and eigenvectors (columns) of A scaled to unit diagonal.

    Scaling removes the units of the descriptors, so the eigenvalues can be compared with one another. A descriptor
    that never changes keeps a zero row.

    Returns:
        (K,) and (K, K).

    Raises:
        ValueError: as for ``scaled``.
    """
    A, _ = scaled(quadratic)
    return decomposed(A)


def scaled(quadratic: Quadratic) -> tuple[Array, Array]:
    """A scaled to unit diagonal, (K, K), and the factors 1/√A_kk that do it, (K,); 0 where A_kk is 0.

    Raises:
        ValueError: entries that are not finite, nothing to fit, or no minimum.
    """
    A, b = quadratic.normal or (quadratic.A, quadratic.b)
    diagonal = np.diag(A)
    if not (np.isfinite(A).all() and np.isfinite(b).all()):
        raise ValueError("quadratic: expected finite A and b, got NaN or infinite entries; check the data behind it")
    if (diagonal < 0).any():
        raise ValueError("quadratic: expected a positive semi-definite A, got a negative diagonal; it has no minimum")
    if not diagonal.any():
        raise ValueError(
            "quadratic: nothing to fit, every diagonal entry of A is zero; the force descriptors are all zero, or there "
            "are no data"
        )
    constant = diagonal == 0
    if A[constant].any() or b[constant].any():
        raise ValueError("quadratic: expected a loss with a minimum, got one that is linear in a parameter (A_kk = 0)")
    d = np.sqrt(diagonal)
    inverse = np.divide(1.0, d, out=np.zeros_like(d), where=d > 0)
    return A * np.outer(inverse, inverse), inverse


def solve(quadratic: Quadratic, *, tolerance: float | None = None) -> Solution:
    """Parameters that minimise a quadratic loss, Aθ = b.

    A is scaled to unit diagonal and factorised by Cholesky. Where it is singular to working precision, directions
    whose eigenvalue (of the scaled A) is below ``tolerance`` times the largest are left out, and the answer has the
    smallest norm in the scaled parameters √A_kk θ_k. A⁻¹ is never formed.

    Args:
        quadratic: the loss, e.g. ``fisher(moments, temperature)``.
        tolerance: smallest relative eigenvalue that is kept; K ε by default (ε = 2.2e-16).

    Returns:
        θ with its rank, condition and loss.

    Raises:
        TypeError: anything but a quadratic.
        ValueError: a tolerance out of range, nothing to fit (A = 0), entries not finite, or no minimum (A indefinite).

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> solve(fl.fisher(moments, temperature=300.0)).theta.round(6)
        array([1., 2.])
    """
    kind("quadratic", quadratic, Quadratic, "solve(fisher(moments, temperature))")
    A, inverse = scaled(quadratic)
    tolerance = quadratic.K * np.finfo(float).eps if tolerance is None else number("tolerance", tolerance)
    if not 0 <= tolerance < 1:
        raise ValueError(
            f"tolerance: expected 0 ≤ tolerance < 1, relative to the largest eigenvalue, got {tolerance!r}"
        )
    rhs = (quadratic.normal or (quadratic.A, quadratic.b))[1] * inverse
    eigenvalues = eigenvalues_of(A)
    largest = eigenvalues[-1]
    if eigenvalues[0] < -1e-8 * largest:
        raise ValueError(
            f"quadratic: expected a positive semi-definite A, got the scaled eigenvalue {eigenvalues[0]:.2g}"
        )
    kept = eigenvalues > tolerance * largest
    factor, failed = lapack.dpotrf(A, lower=True) if kept.all() else (None, 1)
    if failed:
        V = decomposed(A)[1][:, kept]
        y, method = V @ ((V.T @ rhs) / eigenvalues[kept]), "truncated"
    else:
        y, method = cho_solve((factor, True), rhs), "cholesky"
    theta = y * inverse
    return Solution(
        theta=theta,
        rank=int(kept.sum()),
        condition=float(largest / eigenvalues[kept][0]),
        value=float(quadratic(theta)),
        method=method,
        eigenvalues=frozen(eigenvalues),
        data=quadratic.data,
    )
