"""Bayesian ridge regression: noise and strength by maximising the evidence, in closed form along the path."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, frozen
from ..moments import MomentRecord, Moments
from .correlations import Correlations
from .criteria import log_evidence
from .normal import Target
from .ridge import RidgePath, ridge_path

#: Strengths λ̃/n between which the best one is looked for by default.
STRENGTHS = frozen(np.logspace(-10, 2, 241))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Ridge regression as Bayes sees it: y = θ·x + noise of precision β, weights Gaussian with precision λ.

    With the most likely β for each λ̃ = λ/β, the evidence depends on λ̃ alone. A free constant takes one of the rows, so the
    noise is that of n − 1. Rows count as independent: where neighbours
    resemble each other, the best strength and the error bars come out too small.

    Attributes:
        path: of the ridge, for all strengths tried.
        correlations: what is fitted, in standard units.
        log_evidence: (n,) ln p(y | λ̃), nats, of all rows.
        strength: λ̃/n at the highest evidence, refined between the strengths tried.
        noise: the most likely standard deviation of the noise there, 1/√β, in the unit of the target.
        effective_parameters: γ there, the number of weights that the data determine.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(400, 3))
        >>> found = evidence(fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.0] + 0.5 * rng.normal(size=400)))
        >>> bool(0.45 < found.noise < 0.55), bool(abs(found.theta - [1.0, 2.0, 0.0]).max() < 0.1)
        (True, True)
    """

    path: RidgePath
    correlations: Correlations
    log_evidence: Array
    strength: float
    noise: float
    effective_parameters: float

    @property
    def strengths(self) -> Array:
        """(n,) λ̃/n tried."""
        return self.path.strengths

    @property
    def rows(self) -> int:
        """Number of rows; λ̃ is this many times a strength."""
        return self.path.rows

    @property
    def theta(self) -> Array:
        """(K,) parameters at the highest evidence, in the units of the data."""
        return self.path.theta(self.strength)

    @property
    def weights(self) -> Array:
        """(K,) the same in standard units."""
        return self.correlations.weights(self.theta)

    @property
    def covariance(self) -> Array:
        """(K, K) posterior covariance of ``weights``; what the data leave open keeps the variance of the prior."""
        live = self.correlations.scale > 0
        V = self.path.directions * np.sqrt(self.rows) * self.correlations.scale[:, None]
        data = V / (self.path.eigenvalues + self.strength) @ V.T
        prior = (np.diag(live.astype(float)) - V @ V.T) / self.strength
        return (self.noise / self.correlations.unit) ** 2 / self.rows * (data + prior)


def evidence(
    moments: Moments | MomentRecord,
    strengths: ArrayLike | None = None,
    *,
    target: Target | None = None,
    temperature: float | None = None,
) -> Evidence:
    """Ridge regression with strength and noise by the highest evidence.

    Args:
        moments: of the training data.
        strengths: (n,) λ̃/n > 0 to try; by default twenty per power of ten from 1e-10 to 100.
        target, temperature: as for ``ridge_path``.

    Raises:
        TypeError: anything but moments; for the curve along a known path there is ``log_evidence(path)``.
        ValueError: as for ``ridge_path``.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.double_well(0.1, tilt=0.02))
        >>> found = evidence(moments)
        >>> found.log_evidence.shape, bool(1e-10 <= found.strength <= 100)
        ((241,), True)

    Source: MacKay, Neural Computation 4, 415 (1992).
    """
    correlations = Correlations.of(moments, target, temperature=temperature)
    tried = STRENGTHS if strengths is None else strengths
    path = ridge_path(moments, tried, target=target, temperature=temperature)
    curve = log_evidence(path)
    best = dataclasses.replace(path, strengths=frozen(np.array([_highest(path, curve)])))
    misfit = best.residual_sum + best.strengths * best.penalty
    return Evidence(
        path=path,
        correlations=correlations,
        log_evidence=frozen(curve),
        strength=float(best.strengths[0]),
        noise=float(np.sqrt(misfit[0] / max(path.rows - path.constants, 1))),
        effective_parameters=float(best.effective_parameters[0]),
    )


def _highest(path: RidgePath, curve: Array) -> float:
    """The strength of the highest evidence: between the neighbours of the best one tried."""
    from scipy.optimize import minimize_scalar  # it takes longer to load than the rest of the package

    order = np.argsort(path.strengths)
    x, k = np.log(path.strengths[order]), int(np.argmax(curve[order]))
    low, high = x[max(k - 1, 0)], x[min(k + 1, len(x) - 1)]
    if low == high:
        return float(np.exp(low))

    def lost(t: float) -> float:
        return -float(log_evidence(dataclasses.replace(path, strengths=np.array([np.exp(t)])))[0])

    found = float(minimize_scalar(lost, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x)
    return float(np.exp(found if lost(found) < lost(x[k]) else x[k]))
