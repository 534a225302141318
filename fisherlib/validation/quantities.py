"""Quantities along a path of θ: losses, errors, distances of energy distributions, and weights."""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..comparison import ks, wasserstein_1
from ..dataset import Array, Dataset
from ..losses import Quadratic, fisher, kl
from ..moments import Moments, without_offsets
from ..reweighting import effective_sample_size, pareto_k
from ..units import beta


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Energies:
    """Energies of all M configurations, and β for their weights, or the reason why there are none.

    Attributes:
        descriptors: (M, K).
        energies: (M,) eV.
        n_atoms: (M,).
        composition: (M, S) atoms of each element.
        groups: (M,) number of the trajectory.
        beta: 1/eV, or None if weights are left out.
        why: the reason, or empty.
    """

    descriptors: Array
    energies: Array
    n_atoms: NDArray[np.integer]
    composition: NDArray[np.integer]
    groups: NDArray[np.integer]
    beta: float | None
    why: str

    @classmethod
    def of(cls, data: Dataset, temperature: float | None) -> "Energies":
        """Those of a dataset, and why weights are left out, if they are."""
        known = {t.temperature if temperature is None else temperature for t in data.values()}
        T, why = known.pop(), ""
        if known or T is None:
            why = "weights, and KL beyond second order, are left out: they need one temperature"
        elif np.ptp(data.n_atoms):
            why = "weights, and KL beyond second order, are left out: they need one number of atoms"
        elif np.ptp(data.composition, axis=0).any():
            why = "weights, and KL beyond second order, are left out: they need one composition"
        if np.isnan(data.energies).any():
            why = "quantities of energies, and weights, are left out: some energies are not known"
        return cls(
            descriptors=np.concatenate([t.descriptors for t in data.values()]),
            energies=data.energies,
            n_atoms=data.n_atoms,
            composition=data.composition,
            groups=data.groups,
            beta=None if why or T is None else beta(T),
            why=why,
        )

    @property
    def known(self) -> bool:
        """Whether all energies are known."""
        return not np.isnan(self.energies).any()

    def differences(self, thetas: Array, kept: NDArray[np.bool_]) -> Array:
        """(n, M) U_θ − U of the kept configurations, eV, with the best offset of each element subtracted."""
        return without_offsets(thetas @ self.descriptors[kept].T - self.energies[kept], self.composition[kept])

    def pareto(self, thetas: Array) -> Array | None:
        """(n,) shape of the tail of the weights; None if they are left out."""
        if self.beta is None:
            return None
        gaps = self.differences(thetas, np.ones(len(self.energies), dtype=bool))
        return np.array([pareto_k(-self.beta * gap) for gap in gaps])


def quantities(
    moments: Moments, energies: Energies, kept: NDArray[np.bool_], thetas: Array, temperature: float | None
) -> dict[str, Array | None]:
    """Values (n,) of every quantity by name, for n points of a path; None for those that need an unknown temperature."""
    total, N = moments.total(), energies.n_atoms[kept]
    hot = temperature is not None or all(record.temperature is not None for record in moments.values())
    squares = Quadratic(total.PhiPhi, total.PhiF, total.FF)(thetas) * 2 / total.rows
    found: dict[str, Array | None] = {
        "J": fisher(moments, temperature)(thetas) if hot else None,
        "force RMSE": np.sqrt(np.maximum(squares, 0.0)),
    }
    if not energies.known:
        return found
    gap = energies.differences(thetas, kept)
    error, true = 1e3 * gap / N, 1e3 * energies.energies[kept] / N
    found |= {
        "KL, second order": kl(moments, temperature)(thetas) if hot else None,
        "energy spread": _spread(error, energies.groups[kept]),
        "KS": ks(true, true + error),
        "W1": wasserstein_1(true, true + error),
    }
    return found | (_weights(gap, energies.beta) if energies.beta is not None else {})


def _spread(error: Array, groups: NDArray[np.integer]) -> Array:
    """(n,) standard deviation of errors (n, M) within their groups."""
    _, group = np.unique(groups, return_inverse=True)
    count = np.bincount(group)
    means = np.stack([np.bincount(group, row) for row in error]) / count
    return np.sqrt(np.mean((error - means[:, group]) ** 2, axis=1))


def _weights(gap: Array, b: float) -> dict[str, Array]:
    """Effective sample size, and KL(p‖p_θ) = β⟨U_θ − U⟩ + ln⟨exp(−β(U_θ − U))⟩ by exponential averaging."""
    M = gap.shape[1]
    ess = np.array([effective_sample_size(-b * row) for row in gap]) / M
    return {"ESS": ess, "KL": b * gap.mean(axis=1) + logsumexp(-b * gap, axis=1) - np.log(M)}
