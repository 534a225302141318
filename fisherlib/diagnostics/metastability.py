"""Directions in which energies vary without force: what a fit of forces cannot see across barriers."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from ..dataset import Array, frozen
from ..losses import fisher, kl
from ..moments import Moments
from .checks import Verdict

#: Below this part of the mean curvature a direction is slow. The double well (``systems.double_well``, odd=True) has 0.030,
#: 0.009 and 0.003 at barriers of 1, 4 and 8 k_B T; the Cu55 droplet of ``data/``, which melts and freezes, has 0.038.
SLOW = 0.01


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Metastability:
    """The spectrum of force against energy along directions of θ.

    Attributes:
        values: (n,) μ ascending, 1/Å².
        directions: (n, K) v, one a row, β² vᵀ S_DD v = 1.
        scale: β²⟨|F|²⟩/3N, 1/Å²: β times the mean curvature of U, which μ has in one harmonic basin.
        spread: (K,) β times the standard deviation of each descriptor, for ``words``.
    """

    values: Array
    directions: Array
    scale: float
    spread: Array

    def __post_init__(self) -> None:
        for name in ("values", "directions", "spread"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def ratio(self) -> float:
        """μ_min over its natural value; far below 1 where energies vary without force."""
        return float(self.values[0] / self.scale)

    @property
    def verdict(self) -> Verdict:
        """A warning where the smallest μ lies below ``SLOW`` times its natural value."""
        level, message = "ok", "energies vary with forces in every direction (μ_min over the mean curvature)"
        if self.ratio < SLOW:
            number = int((self.values < SLOW * self.scale).sum())
            moves = "direction of θ moves" if number == 1 else "directions of θ move"
            level = "warn"
            message = (
                f"{number} {moves} energies without force (μ_min is {self.ratio:.1g} of the mean curvature): several basins or groups whose energy differences a fit of forces leaves open; "
                "add kl or energies to the loss, and compare the shifts of the trajectories"
            )
        return Verdict(name="metastability", level=level, message=message, value=self.ratio)

    def words(self, names: Sequence[str] | None = None, *, number: int = 3) -> list[str]:
        """The ``number`` slowest directions by their largest terms, in standard deviations of each descriptor.

        Args:
            names: (K,) of the descriptors, D0, D1 … without them.
            number: of directions.

        Raises:
            ValueError: not K names.
        """
        K = len(self.spread)
        names = [f"D{k}" for k in range(K)] if names is None else names
        if len(names) != K:
            raise ValueError(f"names: expected {K}, one a descriptor, got {len(names)}; take data.descriptor_names")
        return [_terms(v * self.spread, names) for v in self.directions[:number]]


def _terms(loadings: Array, names: Sequence[str]) -> str:
    loadings = loadings / loadings[np.argmax(np.abs(loadings))]
    order = np.argsort(-np.abs(loadings))[:4]
    return " ".join(f"{loadings[k]:+.2f} {names[k]}" for k in order if abs(loadings[k]) > 0.005).replace("-", "−")


def metastability(moments: Moments, temperature: float | None = None) -> Metastability:
    """How little force it takes to move energy: T v = μ β² S_DD v, T = β²⟨ΦᵀΦ⟩ and S_DD = Cov(D), what is linear in N taken out.

    f = v·D has ⟨|∇f|²⟩ = μ Var f, so μ_min/β is an upper bound of the spectral gap of overdamped Langevin dynamics at
    unit mobility: a barrier makes it as small as e^(−β ΔU), and Fisher's divergence blind to the energy across it. With
    several temperatures both sides are means over configurations with β² of each, Cov(D) being within one temperature.

    Args:
        moments: of the data.
        temperature: K; taken for every trajectory. Without it each trajectory's own.

    Returns:
        Values, directions and scale. Directions along which D does not vary (variance below 1e-10 of the largest, D
        scaled to unit variance) are left out.

    Raises:
        ValueError: no temperature is known, or no descriptor varies.

    Source: Rayleigh–Ritz on the generator; Pavliotis, Stochastic Processes and Applications (2014), chapter 4.
    """
    loss = fisher(moments, temperature)
    S, total = kl(moments, temperature).A, moments.total()
    spread = np.sqrt(np.diag(S))
    live = np.flatnonzero(spread > 0)
    if not len(live):
        raise ValueError("moments: expected descriptors that vary between configurations, got constant ones; add data")
    variances, U = eigh(S[np.ix_(live, live)] / np.outer(spread[live], spread[live]))
    kept = variances > 1e-10 * variances[-1]
    W = U[:, kept] / np.sqrt(variances[kept]) / spread[live, None]
    values, Y = eigh(W.T @ loss.A[np.ix_(live, live)] @ W)
    directions = np.zeros((len(values), moments.K))
    directions[:, live] = (W @ Y).T
    return Metastability(
        values=np.maximum(values, 0.0),
        directions=directions,
        scale=float(loss.s * total.configurations / total.rows),
        spread=spread,
    )
