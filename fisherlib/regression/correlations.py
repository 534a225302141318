"""What is regressed on what, in standard units: correlations between descriptors, and with the target."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import kind
from ..dataset import Array, frozen
from ..moments import MomentRecord, Moments, best_offsets
from .normal import Target, normal_of
from .ridge import parameters


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Correlations:
    """Normal equations in units of the standard deviation of each descriptor and of the target.

    ½⟨(y − θ·x)²⟩ = ½ unit² (1 − 2 r·w + wᵀRw) with the weights w = θ scale/unit in standard units. They do not depend on the
    units of descriptors, so they can be compared. Energies and descriptors are centred: a constant, or an offset for each
    element, is fitted and never penalised. Forces and Φ are not centred.

    Attributes:
        R: (K, K) correlations of the descriptors; zero for one that does not vary.
        r: (K,) correlations with the target.
        rows: n, number of rows behind them.
        scale: (K,) standard deviation of each descriptor, zero where it does not vary.
        unit: standard deviation of the target.
        target: "forces" or "energies".

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(40, 2)) * [1.0, 1000.0]
        >>> found = Correlations.of(fl.Moments.from_rows(x, 3 * x[:, 0]))
        >>> found.r.round(2), found.rows
        (array([1.  , 0.17]), 40)
    """

    R: Array
    r: Array
    rows: int
    scale: Array
    unit: float
    target: Target

    @classmethod
    def of(
        cls, moments: Moments | MomentRecord, target: Target | None = None, *, temperature: float | None = None
    ) -> "Correlations":
        """The correlations behind some moments.

        Args:
            moments: of the training data.
            target: "forces" where there are any, by default, or "energies".
            temperature: as for ``row_weights``; of forces only.

        Raises:
            TypeError: anything but moments.
            ValueError: a target that does not vary, or that the moments do not have.
        """
        normal, rows, target = normal_of(moments, target, temperature=temperature)
        if not normal.s > 0:
            raise ValueError(f"moments: expected {target} that vary, got the same in all rows; there is nothing to fit")
        scale, unit = np.sqrt(np.diag(normal.A) / rows), float(np.sqrt(normal.s / rows))
        inverse = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
        R = normal.A / rows * inverse * inverse[:, None]  # one after the other: their product may overflow
        return cls(
            R=frozen(R),
            r=frozen(normal.b / rows * inverse / unit),
            rows=rows,
            scale=frozen(scale),
            unit=unit,
            target=target,
        )

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.r)

    def theta(self, weights: ArrayLike) -> Array:
        """(..., K) parameters in the units of the data, of weights in standard units; zero where nothing varies."""
        return np.asarray(weights) * np.divide(self.unit, self.scale, out=np.zeros(self.K), where=self.scale > 0)

    def weights(self, theta: ArrayLike) -> Array:
        """(..., K) weights in standard units, of parameters in the units of the data."""
        return np.asarray(theta) * self.scale / self.unit

    def unexplained(self, weights: ArrayLike) -> Array:
        """(...) share of the variance of the target that these weights leave, on the training data."""
        w = np.asarray(weights)
        return 1 - 2 * w @ self.r + np.einsum("...i,...i->...", w @ self.R, w)


def intercept(moments: Moments | MomentRecord, theta: ArrayLike) -> float:
    """The constant a of y ≈ θ·x + a that fits best, for the rows of ``Moments.from_rows``.

    Args:
        moments: of the training data.
        theta: (K,) in the units of the data.

    Raises:
        TypeError: anything but moments.
        ValueError: another number of parameters, or moments of forces, whose potentials have offsets of elements.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(40, 2))
        >>> round(intercept(fl.Moments.from_rows(x, 3 * x[:, 0] + 5), [3.0, 0.0]), 6)
        5.0
    """
    kind("moments", moments, (Moments, MomentRecord), "intercept(Moments.from_rows(X, y), theta)")
    total = moments.total() if isinstance(moments, Moments) else moments
    if total.rows:
        raise ValueError(
            "moments: expected those of Moments.from_rows, got some of forces; take LinearPotential.from_fit"
        )
    return float(best_offsets(total, parameters("theta", theta, total.K))[0])
