"""Two-dimensional targets of known free energy: the tilted double well and the Müller–Brown potential."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, number, positive
from ..dataset import Array

#: Terms k of the Müller–Brown potential: A_k, a_k, b_k, c_k, and where they stand, X_k and Y_k.
_TERMS = np.array(
    [
        [-200.0, -1.0, 0.0, -10.0, 1.0, 0.0],
        [-100.0, -1.0, 0.0, -10.0, 0.0, 0.5],
        [-170.0, -6.5, 11.0, -6.5, -0.5, 1.5],
        [15.0, 0.7, 0.6, 0.7, -1.0, 1.0],
    ]
).T


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class TiltedDoubleWell:
    """Target of two wells side by side, u = s (a₄ x⁴ − a₂ x² + a₁ x + ½ k y²).

    With the defaults ln Z = 11.020467 and F(right) − F(left) = 3.379901 kT; the barrier is 11 kT high, seen from the
    left.

    Args:
        quartic: a₄ > 0.
        quadratic: a₂ > 0, so that there are two wells.
        tilt: a₁; above 0 the left well is the deeper one.
        spring: k > 0.
        scale: s > 0, an inverse temperature in units of the paper's.

    Raises:
        ValueError: anything but a number, or one that must be positive and is not.

    Source: Noé, Olsson, Köhler, Wu, Science 365, eaaw1147 (2019), Fig. 2.

    Example:
        >>> well = TiltedDoubleWell()
        >>> u, du = well.energy_and_gradient([[0.0, 0.0], [1.0, 2.0]])
        >>> u.tolist(), du.tolist()
        ([0.0, -2.0], [[1.0, 0.0], [-7.0, 2.0]])
    """

    quartic: float = 1.0
    quadratic: float = 6.0
    tilt: float = 1.0
    spring: float = 1.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        number("tilt", self.tilt)
        for name in ("quartic", "quadratic", "spring", "scale"):
            positive(name, getattr(self, name))

    @property
    def dimension(self) -> int:
        """Number of coordinates, 2."""
        return 2

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """A box that holds all but a share of e⁻²⁵ of the density, for ``quadrature`` and for drawing."""
        tall = 25.0 / self.scale  # above the plateau at x = 0, which is above both wells
        far = np.abs(np.roots([self.quartic, 0.0, -self.quadratic, -abs(self.tilt), -tall]).real).max()
        high = np.sqrt(2.0 * (tall + self.quadratic**2 / (4.0 * self.quartic)) / self.spring)
        return (-float(far), float(far)), (-float(high), float(high))

    def energy_and_gradient(self, x: ArrayLike) -> tuple[Array, Array]:
        """Reduced energies u (n,), no unit, and their gradients (n, 2), at points x (n, 2)."""
        p, q = _points(x).T
        u = self.quartic * p**4 - self.quadratic * p**2 + self.tilt * p + 0.5 * self.spring * q**2
        du = np.column_stack([4 * self.quartic * p**3 - 2 * self.quadratic * p + self.tilt, self.spring * q])
        return self.scale * u, self.scale * du

    def state(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Which points x (n, 2) are in the right well, x > 0: (n,) of bool."""
        return _points(x)[:, 0] > 0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class MuellerBrown:
    """Target of a bent valley with two states, u = s Σ_k A_k exp(a_k X² + b_k X Y + c_k Y²), X = x − X_k, Y = y − Y_k.

    With the default scale ln Z = 11.729591 and, split at y = 0.75, F(lower) − F(upper) = 3.6346 kT.

    Args:
        scale: s > 0, an inverse temperature; 0.1 as in Noé et al.
        divide: y between the upper and the lower state.

    Raises:
        ValueError: anything but a number, or a scale that is not positive.

    Sources: Müller and Brown, Theor. Chim. Acta 53, 75 (1979), for the parameters; Noé, Olsson, Köhler, Wu, Science 365,
    eaaw1147 (2019), for the scale.

    Example:
        >>> valley = MuellerBrown()
        >>> minima = [[-0.558, 1.442], [0.623, 0.028]]
        >>> valley.energy_and_gradient(minima)[0].round(2).tolist(), valley.state(minima).tolist()
        ([-14.67, -10.82], [False, True])
    """

    scale: float = 0.1
    divide: float = 0.75

    def __post_init__(self) -> None:
        positive("scale", self.scale)
        number("divide", self.divide)

    @property
    def dimension(self) -> int:
        """Number of coordinates, 2."""
        return 2

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """A box that holds the density down to a scale of 0.03, for ``quadrature`` and for drawing."""
        return (-2.5, 2.0), (-1.5, 3.0)

    def energy_and_gradient(self, x: ArrayLike) -> tuple[Array, Array]:
        """Reduced energies u (n,), no unit, and their gradients (n, 2), at points x (n, 2).

        Far from the valley the last term grows beyond every number; there u is infinite.
        """
        A, a, b, c, X, Y = _TERMS
        p, q = (axis[:, None] - centre for axis, centre in zip(_points(x).T, (X, Y), strict=True))
        with np.errstate(over="ignore", invalid="ignore"):
            terms = A * np.exp(a * p**2 + b * p * q + c * q**2)
            du = [terms * (2 * a * p + b * q), terms * (b * p + 2 * c * q)]
            return self.scale * terms.sum(axis=1), self.scale * np.sum(du, axis=2).T

    def state(self, x: ArrayLike) -> NDArray[np.bool_]:
        """Which points x (n, 2) are in the lower state, y < divide, whose minimum is at (0.62, 0.03): (n,) of bool."""
        return _points(x)[:, 1] < self.divide


def _points(x: ArrayLike) -> Array:
    """Points (n, 2) of the plane, as floats."""
    points = floats("x", x)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"x: expected points of shape (n, 2), got {points.shape}; give one point as [[x, y]]")
    return points
