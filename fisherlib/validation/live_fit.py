"""θ_f of configurations that come one after the other, with its error bars, until these are small enough."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arguments import kind, whole
from ..dataset import Array, Dataset, Trajectory, frozen
from ..landscapes import Landscape, Plane, landscape
from ..losses import Quadratic, fisher
from ..moments import Growth, MomentRecord, Moments
from ..regression import common_temperature
from ..solvers import Solution, solve
from ..uncertainty import Blocks, sandwich
from ..uncertainty.directions import directions
from ..uncertainty.independence import blocks_of

#: Half-width of the plane in error bars, and how much smaller they are when it is laid anew.
BARS, SMALLER = 4.0, 3.0
#: Force components a parameter, at least, for an error bar: with fewer they are too small.
COMPONENTS = 10
#: The autocorrelation is looked at again when there are so many times as many configurations.
MORE = 1.05


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LiveStep:
    """The fit after so many configurations.

    Attributes:
        configurations: n, all that came.
        fit: the solution; ``fit.value`` is J of the data it was fitted to.
        force_rmse: of the same data, eV/Å.
        predicted: force RMSE of the latest configurations by the fit before they were added, eV/Å; NaN for the first.
        errors: (K,) standard errors of θ; NaN while nothing shows how they scatter.
        force_error: what the forces of θ_f are uncertain by, √⟨|Φ δθ|²⟩ a component, eV/Å; NaN like ``errors``.
        independent: how many independent configurations these are worth.
        reason: why the error bars are not to be trusted yet; empty once they are.

    Example:
        >>> import fisherlib as fl
        >>> step = LiveFit().add(fl.systems.harmonic([1.0, 2.0])["harmonic-0"].slice(0, 1))
        >>> step.configurations, step.reason
        (1, 'they need the scatter of several configurations')
    """

    configurations: int
    fit: Solution
    force_rmse: float
    predicted: float
    errors: Array
    force_error: float
    independent: float
    reason: str


class LiveFit:
    """A fit that grows with its data: configurations are added as they come, and θ_f, J and error bars follow.

    θ_f and J equal those of ``solve(fisher(accumulate(data), temperature))`` of all configurations so far to the last bit.
    Error bars are taken over whole trajectories, or blocks of a few long ones, since neighbouring configurations are
    correlated. A configuration is predicted before it is added, so ``LiveStep.predicted`` is an error on data that the fit has
    not seen; those of a slow run resemble the data that it has seen.

    Args:
        temperature: K; the trajectories' own by default.
        provenance: of the data, as for ``Dataset``.

    Attributes:
        steps: one after each ``add``.

    Example:
        >>> import fisherlib as fl
        >>> data, live = fl.systems.double_well(0.1, tilt=0.02, trajectories=12), LiveFit()
        >>> for m in range(20):
        ...     for t in data.values():
        ...         step = live.add(t.slice(m, m + 1))
        >>> step.configurations, step.reason, bool(step.force_error < 0.2 * step.force_rmse)
        (240, '', True)
        >>> bool((step.fit.theta == fl.solve(fl.fisher(fl.accumulate(live.data))).theta).all())
        True
    """

    def __init__(self, *, temperature: float | None = None, provenance: Mapping[str, Any] | None = None) -> None:
        self._growth, self._temperature, self.steps = Growth(provenance), temperature, list[LiveStep]()
        self._blocks: Blocks | None = None
        self._seen = 0  # configurations in the blocks
        self._view: _View | None = None
        self._latest: tuple[Quadratic, Array | None] | None = None

    @property
    def data(self) -> Dataset:
        """All configurations so far."""
        return self._growth.data

    @property
    def moments(self) -> Moments:
        """``accumulate(data)``."""
        return self._growth.moments

    def add(self, trajectory: Trajectory) -> LiveStep:
        """Add configurations to the trajectory of their key, and fit again.

        Raises:
            TypeError: anything but a trajectory.
            ValueError: other descriptors or another temperature than before.
        """
        kind("trajectory", trajectory, Trajectory, "live.add(trajectory)")
        before = self.steps[-1] if self.steps else None
        predicted = np.nan if before is None else _force_rmse(trajectory, before.fit.theta)
        self._growth.add(trajectory)
        moments, n = self.moments, len(trajectory) + (0 if before is None else before.configurations)
        loss, total = fisher(moments, common_temperature(moments, self._temperature)), moments.total()
        fit = solve(loss)
        covariance = self._covariance(moments, fit, n)
        errors = np.full(len(fit.theta), np.nan) if covariance is None else np.sqrt(np.diag(covariance))
        squares = np.nan if covariance is None else float(np.maximum((covariance * total.PhiPhi).sum(), 0.0))
        residual: Any = total.FF - 2 * fit.theta @ total.PhiF + fit.theta @ total.PhiPhi @ fit.theta
        self.steps.append(
            LiveStep(
                configurations=n,
                fit=fit,
                force_rmse=float(np.sqrt(max(residual, 0.0) / total.rows)),
                predicted=predicted,
                errors=frozen(errors),
                force_error=float(np.sqrt(squares / total.rows)),
                independent=1.0 if self._blocks is None else self._blocks.independent,
                reason=self._reason(total),
            )
        )
        self._latest = loss, covariance
        if covariance is not None and not self.steps[-1].reason:
            far = self._view is None or self._view.half_width > BARS * SMALLER * np.sqrt(
                np.linalg.norm(self.scatter, 2)
            )
            self._view = _View.of(loss, total, covariance, fit) if far else self._view
        return self.steps[-1]

    def _covariance(self, moments: Moments, fit: Solution, n: int) -> Array | None:
        """Of θ, over trajectories, or over the blocks of a few, of which the latest may lack some configurations."""
        if n < 2:
            return None
        if self._blocks is None or n >= MORE * self._seen:
            self._blocks, self._seen = blocks_of(self.data, fit.theta, moments), n
        whole = self._blocks.kind == "trajectories"
        if self._blocks.clusters < 2 or (not whole and self._seen < n):
            return None if self._latest is None else self._latest[1]
        return sandwich(moments if whole else self._blocks.moments, fit, temperature=self._temperature)

    def _reason(self, total: MomentRecord) -> str:
        if self._blocks is None:
            return "they need the scatter of several configurations"
        if total.rows < COMPONENTS * total.K:
            return f"they need {COMPONENTS} force components a parameter, and there are {total.rows / total.K:.1f}"
        return self._blocks.reason

    def landscape(self, *, n: int = 41) -> Landscape | None:
        """J on the plane through θ_f along the two directions of which the data know least, in eV/Å of the forces.

        The directions stay for a while, so that θ_f is seen to move; None while there are no error bars to trust.

        Args:
            n: points along each axis.
        """
        whole("n", n, 2, "points along an axis")
        if self._view is None or self._latest is None:
            return None
        return landscape(self._latest[0], self._view.plane(self.steps[-1].fit.theta), n=n, name="J", unit="1/Å²")

    @property
    def path(self) -> Array:
        """(steps, 2) where each θ_f so far lies on the plane of ``landscape``, in eV/Å."""
        return np.empty((0, 2)) if self._view is None else self._view.at(np.array([s.fit.theta for s in self.steps]))

    @property
    def scatter(self) -> Array:
        """(2, 2) covariance of θ_f on that plane, (eV/Å)²."""
        if self._view is None or self._latest is None or self._latest[1] is None:
            return np.full((2, 2), np.nan)
        return self._view.to @ self._latest[1] @ self._view.to.T


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _View:
    """Two directions of θ, (2, K), at right angles in the forces, and what takes θ − origin to its steps along them."""

    origin: Array
    directions: Array
    to: Array
    half_width: float

    @classmethod
    def of(cls, loss: Quadratic, total: MomentRecord, covariance: Array, fit: Solution) -> "_View":
        W = directions(loss, rank=fit.rank)
        spread = np.linalg.eigh(W.T @ loss.A @ covariance @ loss.A @ W)[1]
        along: Array = (W @ spread[:, [-1, -2]]).T
        along /= np.sqrt(np.einsum("ik,kl,il->i", along, total.PhiPhi, along) / total.rows)[:, None]
        to = along @ total.PhiPhi / total.rows
        half_width = BARS * float(np.sqrt((to @ covariance @ to.T)[0, 0]))
        return cls(origin=fit.theta, directions=along, to=to, half_width=half_width)

    def at(self, theta: Array) -> Array:
        return (theta - self.origin) @ self.to.T

    def plane(self, theta: Array) -> Plane:
        around, labels = (-self.half_width, self.half_width), ("least certain direction", "second one")
        origin = theta - self.at(theta) @ self.directions
        return Plane(origin=origin, directions=self.directions, x_range=around, y_range=around, labels=labels)


def _force_rmse(t: Trajectory, theta: Array) -> float:
    return float(np.sqrt(np.mean((t.forces - t.force_descriptors @ theta) ** 2)))
