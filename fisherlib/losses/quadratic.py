"""A quadratic form in θ, as a frozen value."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number
from ..dataset import Array, frozen


@dataclasses.dataclass(frozen=True, eq=False)
class Quadratic:
    """A quadratic form q(θ) = ½ θᵀAθ − bᵀθ + ½ s, with its minimum where Aθ = b.

    Attributes:
        A: (K, K) symmetric, positive semi-definite.
        b: (K,) linear term, with a minus sign in q.
        s: twice the value at θ = 0.
        normal: A and b before the loss was multiplied by a positive number such as β². The minimum is found from
            these, so θ does not change in its last digit when a loss is multiplied by a number.
        data: identity of the data of each term that was added up; empty for a penalty, or if it is not known.

    Raises:
        ValueError: shapes that do not fit, a matrix that is not symmetric, or anything but numbers.

    Example:
        >>> q = Quadratic([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0], 6.0)
        >>> float(q([1.0, 1.0]))  # at the minimum
        0.0
        >>> (2 * q + q)([[0.0, 0.0], [1.0, 1.0]])
        array([9., 0.])
    """

    A: Array
    b: Array
    s: float
    normal: tuple[Array, Array] | None = dataclasses.field(default=None, repr=False)
    data: frozenset[int] = dataclasses.field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        A, b = frozen(floats("A", self.A)), frozen(floats("b", self.b))
        object.__setattr__(self, "s", number("s", self.s))
        if b.ndim != 1:
            raise ValueError(f"b: expected shape (K,), got {b.shape}; write Quadratic(A, b, s)")
        if A.shape != (len(b), len(b)):
            raise ValueError(f"A: expected shape {b.shape * 2} to go with b, got {A.shape}")
        if not np.array_equal(A, A.T) and np.abs(A - A.T).max() > 1e-9 * np.abs(A).max():
            raise ValueError("A: expected a symmetric matrix, got one that is not")
        object.__setattr__(self, "A", A)
        object.__setattr__(self, "b", b)
        if self.normal is None:
            object.__setattr__(self, "normal", (A, b))

    @property
    def K(self) -> int:
        """Number of parameters."""
        return len(self.b)

    def __call__(self, theta: ArrayLike) -> Array:
        """Value at θ, of shape (K,), or at each row of an array (..., K).

        Raises:
            ValueError: another number of parameters.
        """
        theta = floats("theta", theta)
        if theta.shape[-1:] != (self.K,):
            raise ValueError(f"theta: expected {self.K} parameters, got shape {theta.shape}")
        return np.einsum("...i,...i->...", theta, 0.5 * (theta @ self.A) - self.b) + 0.5 * self.s

    def __add__(self, other: "Quadratic") -> "Quadratic":
        kind("losses", other, Quadratic, "fisher(moments) + ridge(strength, K)")
        if self.K != other.K:
            raise ValueError(f"losses: expected {self.K} parameters in both, got {other.K}")
        return Quadratic(self.A + other.A, self.b + other.b, self.s + other.s, data=self.data | other.data)

    def __rmul__(self, weight: float) -> "Quadratic":
        weight = number("weight", weight)
        normal = self.normal if weight > 0 else None
        return Quadratic(weight * self.A, weight * self.b, weight * self.s, normal, self.data)

    def restrict(self, origin: ArrayLike, directions: ArrayLike) -> "Quadratic":
        """The same loss as a function of the coordinates u in θ = origin + uᵀ directions.

        Args:
            origin: (K,).
            directions: (n, K), one direction a row.

        Returns:
            The quadratic form of the n coordinates; no data are needed.

        Raises:
            ValueError: shapes that do not fit.
        """
        V, theta = np.atleast_2d(floats("directions", directions)), floats("origin", origin)
        if V.shape[1:] != (self.K,) or theta.shape != (self.K,):
            raise ValueError(
                f"directions: expected (n, {self.K}) and an origin ({self.K},), got {V.shape}, {theta.shape}"
            )
        B = V @ self.A @ V.T
        B = 0.5 * (B + B.T)  # along long, soft directions the product is symmetric to fewer digits than A
        return Quadratic(B, V @ (self.b - self.A @ theta), 2.0 * float(self(theta)), data=self.data)
