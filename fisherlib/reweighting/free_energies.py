"""Free-energy difference between the model and the truth, with bounds and with what it rests on."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from ..dataset import Array
from ..units import beta
from .reliability import effective_sample_size, pareto_k
from .weights import configuration_energies, mean


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FreeEnergyDifference:
    """ΔF = F_θ − F of one temperature, in eV of a whole configuration, and what bounds it, with ΔU = U_θ − U.

    Every ``error`` is a standard error from leaving out one trajectory at a time, NaN with a single trajectory. In any
    sample ``lower`` ≤ ``value`` ≤ ``upper``. Few effective configurations pull ``value`` and ``lower`` up, towards
    ``upper``, which alone needs no weights, and leave their error bars too small: look at the last two numbers first.

    Attributes:
        value, error: −kT ln⟨exp(−βΔU)⟩_p, eV.
        upper, upper_error: ⟨ΔU⟩_p, eV, over the configurations as they are.
        lower, lower_error: ⟨ΔU⟩_θ, eV, over the configurations reweighted to the model.
        second_cumulant, second_cumulant_error: ⟨ΔU⟩_p − β/2 Var_p(ΔU), eV; near ``value`` when ΔU is nearly Gaussian.
        kl, kl_error: KL(p‖p_θ) = β(⟨ΔU⟩_p − ΔF), nats.
        effective_sample_size: of the weights exp(−βΔU).
        pareto_k: of the same weights; above 0.7 ``value`` is not to be trusted, NaN when too few to tell.
    """

    value: float
    error: float
    upper: float
    upper_error: float
    lower: float
    lower_error: float
    second_cumulant: float
    second_cumulant_error: float
    kl: float
    kl_error: float
    effective_sample_size: float
    pareto_k: float


def free_energy_difference(
    energies: ArrayLike,
    model_energies: ArrayLike,
    temperature: float,
    *,
    trajectory: ArrayLike | None = None,
    n_atoms: ArrayLike | None = None,
) -> FreeEnergyDifference:
    """Free energy of the model less that of the truth, ΔF = −kT ln⟨exp(−βΔU)⟩_p, by exponential averaging.

    Gibbs–Bogoliubov: ⟨ΔU⟩_θ ≤ ΔF ≤ ⟨ΔU⟩_p. A constant c added to U_θ shifts ΔF and both bounds by c, and nothing else.

    Args:
        energies: (M,) U, eV, total energies of configurations drawn from the true distribution at T.
        model_energies: (M,) U_θ, eV, of the same configurations.
        temperature: T, K.
        trajectory: (M,) labels of the trajectories, which are the independent draws; one trajectory without them.
        n_atoms: (M,) or one number, N of the configurations: if given, it is checked to be the same in all of them.

    Raises:
        ValueError: energies or labels of different length, energies not finite, no temperature, or several N: each N is
            an ensemble of its own.

    Source: Zwanzig, J. Chem. Phys. 22, 1420 (1954); Isihara, J. Phys. A 1, 539 (1968), for the bounds.
    """
    U = configuration_energies("energies", energies)
    dU = configuration_energies("model_energies", model_energies, len(U)) - U
    labels = np.zeros(len(U), dtype=int) if trajectory is None else np.asarray(trajectory)
    if labels.shape != U.shape:
        raise ValueError(f"trajectory: expected {len(U)} labels, one for each configuration, got shape {labels.shape}")
    if n_atoms is not None and np.ptp(n_atoms) > 0:
        sizes = ", ".join(map(str, np.unique(n_atoms)))
        raise ValueError(f"n_atoms: expected configurations of one size, got N = {sizes}; take each N on its own")
    b = beta(temperature)
    value, upper, lower, cumulant, kl = _estimates(dU, b)
    errors = _jackknife(dU, b, np.unique(labels, return_inverse=True)[1])
    return FreeEnergyDifference(
        value=value,
        error=errors[0],
        upper=upper,
        upper_error=errors[1],
        lower=lower,
        lower_error=errors[2],
        second_cumulant=cumulant,
        second_cumulant_error=errors[3],
        kl=kl,
        kl_error=errors[4],
        effective_sample_size=effective_sample_size(-b * dU),
        pareto_k=pareto_k(-b * dU),
    )


def _estimates(dU: Array, b: float) -> list[float]:
    """ΔF, ⟨ΔU⟩_p, ⟨ΔU⟩_θ, the second cumulant, eV, and KL."""
    middle = dU.mean()
    d = dU - middle  # offsets of thousands of eV would cost the digits of what is left
    F = -(logsumexp(-b * d) - np.log(len(d))) / b
    found = middle + F, middle, middle + mean(d, -b * d), middle - 0.5 * b * d.var(), -b * F
    return [float(each) for each in found]


def _jackknife(dU: Array, b: float, group: Array) -> list[float]:
    """Standard errors of the estimates, from leaving out one group at a time."""
    n = int(group.max()) + 1
    if n < 2:
        return [float("nan")] * 5
    left_out = np.array([_estimates(dU[group != k], b) for k in range(n)])
    return np.sqrt((n - 1) * left_out.var(axis=0)).tolist()
