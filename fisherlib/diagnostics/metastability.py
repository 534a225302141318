"""Metastability: directions in which energies vary almost without force, invisible to a fit of forces."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from ..dataset import Array, frozen
from ..losses import fisher, kl
from ..moments import Moments
from ..solvers import solve
from .verdict import Level, Verdict

#: A direction below this share of the mean curvature is slow. The double well (``systems.double_well``, odd=True) has
#: 0.030, 0.009 and 0.003 at barriers of 1, 4 and 8 k_B T; the molten Cu55 droplet of ``data/`` has 0.038.
SLOW = 0.01
#: The same for the part of the energy that the model leaves out. It is one function, not the slowest of many, so the limit
#: is higher: a tilt of the double well without its descriptor has 0.028 and 0.049 (0.5 and 1 k_B T/Å, barrier of 8 k_B T),
#: 0.05 and 0.06 at a barrier of 1 k_B T; the Cu55 droplet has 1.2, and 0.9 to 1.8 with 2 to 35 of its descriptors.
BLIND = 0.1
#: A variance of U − U_θ below this, in (k_B T)², changes the distribution little.
MATTERS = 0.1


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Metastability:
    """Result of ``metastability``: the ratios of force to energy along directions of θ.

    Attributes:
        values: (n,) μ ascending, 1/Å².
        directions: (n, K) v, one a row, β² vᵀ S_DD v = 1.
        scale: β²⟨|F|²⟩/3N, 1/Å²: β times the mean curvature of U. In one harmonic basin a D linear in x has μ = scale,
            a quadratic one twice that.
        spread: (K,) β times the standard deviation of each descriptor, for ``words``.
        residual: β²⟨|F − Φθ_f|²⟩ / β² Var(U − U_θ), 1/Å²: μ of the energy that the model of θ_f leaves out; NaN if it
            leaves out none.
        variance: β² Var(U − U_θ) at θ_f, in (k_B T)².

    Example:
        >>> import fisherlib as fl
        >>> wells = fl.systems.double_well(8 * 0.02585, odd=True)  # a barrier of 8 k_B T
        >>> metastability(fl.accumulate(wells)).verdict.level
        'warn'
    """

    values: Array
    directions: Array
    scale: float
    spread: Array
    residual: float
    variance: float

    def __post_init__(self) -> None:
        for name in ("values", "directions", "spread"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def ratio(self) -> float:
        """μ_min over ``scale``; far below 1 if energies vary without force."""
        return float(self.values[0] / self.scale)

    @property
    def verdict(self) -> Verdict:
        """A warning if the smallest μ, or the μ of the energy left out, lies far below ``scale``.

        The limits are ``SLOW`` and ``BLIND``; the latter counts only if the variance left out exceeds ``MATTERS``.
        """
        slow = self._slow()
        found = [verdict for verdict in (slow, *self._left_out()) if verdict.level == "warn"]
        if not found:
            return slow
        return dataclasses.replace(found[0], message="; and ".join(verdict.message for verdict in found))

    def _slow(self) -> Verdict:
        level: Level = "ok"
        message = "energies vary with forces in every direction of the descriptors (μ_min over the mean curvature)"
        if self.ratio < SLOW:
            number = int((self.values < SLOW * self.scale).sum())
            moves = "direction of θ moves" if number == 1 else "directions of θ move"
            level = "warn"
            message = (
                f"{number} {moves} energies without force (μ_min is {self.ratio:.1g} of the mean curvature): several basins or groups whose energy differences a fit of forces leaves open; "
                "add kl or energies to the loss, and compare the shifts of the trajectories"
            )
        return Verdict(name="metastability", level=level, message=message, value=self.ratio, limits=(SLOW, np.inf))

    def _left_out(self) -> list[Verdict]:
        ratio = self.residual / self.scale
        if not (self.variance > MATTERS and ratio < BLIND):
            return []
        message = (
            f"what the model leaves out moves energies without force (by {np.sqrt(self.variance):.2g} k_BT at {ratio:.2g} of the "
            "mean curvature): forces fit well while populations of basins may be wrong; add descriptors that tell the basins "
            "apart, and compare energies of the trajectories"
        )
        return [Verdict(name="metastability", level="warn", message=message, value=ratio, limits=(BLIND, np.inf))]

    def words(self, names: Sequence[str] | None = None, *, number: int = 3) -> list[str]:
        """The slowest directions by their largest terms, in standard deviations of each descriptor.

        Args:
            names: (K,) of the descriptors; D0, D1 … by default.
            number: how many directions.

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
    """Ratios μ of force to energy along directions v of θ: T v = μ β² S_DD v.

    T = β²⟨ΦᵀΦ⟩, and S_DD = Cov(D) without a trend linear in N. The function f = v·D has ⟨|∇f|²⟩ = μ Var f, so μ_min/β is
    an upper bound of the spectral gap of overdamped Langevin dynamics at unit mobility. A barrier makes it as small as
    e^(−β ΔU), and the Fisher divergence cannot see the energy across it. With several temperatures both sides are means
    over configurations, each with its β²; Cov(D) is taken within one temperature.

    Args:
        moments: of the data.
        temperature: K, for every trajectory; each trajectory's own by default.

    Returns:
        Values, directions, scale, and μ of the energy that the model of θ_f leaves out. Directions along which D does
        not vary (variance below 1e-10 of the largest, D scaled to unit variance) are left out.

    Raises:
        ValueError: an unknown temperature, descriptors that do not vary, or forces that are all zero.

    Source: Rayleigh–Ritz on the generator; Pavliotis, Stochastic Processes and Applications (2014), chapter 4.

    Example:
        >>> import fisherlib as fl
        >>> flat, steep = (fl.systems.double_well(b * 0.02585, odd=True) for b in (1.0, 8.0))
        >>> metastability(fl.accumulate(flat)).ratio > 5 * metastability(fl.accumulate(steep)).ratio
        True
    """
    loss, energies, total = fisher(moments, temperature), kl(moments, temperature), moments.total()
    if not loss.s > 0:
        raise ValueError("moments: expected forces, got zeros only; take the column with forces and accumulate again")
    S = energies.A
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
    theta = solve(loss).theta
    variance = max(2 * float(energies(theta)), 0.0)
    return Metastability(
        values=np.maximum(values, 0.0),
        directions=directions,
        scale=float(loss.s * total.configurations / total.rows),
        spread=spread,
        residual=max(2 * float(loss(theta)), 0.0) / variance if variance > 0 else float("nan"),
        variance=variance,
    )
