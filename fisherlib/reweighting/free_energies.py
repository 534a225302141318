"""Free-energy differences between the model and the truth, with bounds, error bars and reliability."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from ..dataset import Array
from ..units import beta
from .exponential import Groups, group_numbers
from .reliability import as_numbers, effective_sample_size, pareto_k
from .weights import configuration_energies, mean


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FreeEnergyDifference:
    """ΔF = F_θ − F at one temperature, in eV for a whole configuration, with its bounds; ΔU = U_θ − U.

    Every ``error`` is a jackknife standard error over trajectories, NaN for a single one. In any sample ``lower`` ≤
    ``value`` ≤ ``upper``. With few effective configurations ``value`` and ``lower`` are biased towards ``upper``, which
    needs no weights. Above ``pareto_k`` ≈ 0.5 the variance of the weights diverges, and the error bars of ``value``,
    ``lower`` and ``kl`` are too small: for softened springs in twelve dimensions by 1.5 at k ≈ 0.7, by more than 2 at
    0.8, and single estimates at 0.6 are off by four bars. Look at the last two attributes first.

    Attributes:
        value, error: −kT ln⟨exp(−βΔU)⟩_p, eV.
        upper, upper_error: ⟨ΔU⟩_p, eV, over the configurations as they are.
        lower, lower_error: ⟨ΔU⟩_θ, eV, over the configurations reweighted to the model.
        second_cumulant, second_cumulant_error: ⟨ΔU⟩_p − β/2 Var_p(ΔU), eV; near ``value`` when ΔU is nearly Gaussian.
        error_from_upper: of ``value`` − ``upper``, eV. Both come from the same configurations, so their difference has
            an error of its own; the same holds for the next two.
        lower_error_from_upper: of ``lower`` − ``upper``, eV.
        second_cumulant_error_from_upper: of ``second_cumulant`` − ``upper``, eV.
        kl, kl_error: KL(p‖p_θ) = β(⟨ΔU⟩_p − ΔF), nats.
        effective_sample_size: of the weights exp(−βΔU).
        pareto_k: of the same weights; above 0.5 error bars are too small, above 0.7 do not trust ``value`` either; NaN
            for too few configurations.

    Example:
        >>> U = np.linspace(0.0, 0.1, 40)
        >>> found = free_energy_difference(U, 1.1 * U, 300.0)
        >>> found.lower <= found.value <= found.upper
        True
    """

    value: float
    error: float
    upper: float
    upper_error: float
    lower: float
    lower_error: float
    second_cumulant: float
    second_cumulant_error: float
    error_from_upper: float
    lower_error_from_upper: float
    second_cumulant_error_from_upper: float
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
    """Free energy of the model minus that of the truth, ΔF = −kT ln⟨exp(−βΔU)⟩_p, by exponential averaging.

    Gibbs–Bogoliubov: ⟨ΔU⟩_θ ≤ ΔF ≤ ⟨ΔU⟩_p. A constant c added to U_θ shifts ΔF and both bounds by c and changes nothing else.

    Args:
        energies: (M,) U, eV, total energies of configurations drawn from the true distribution at T.
        model_energies: (M,) U_θ, eV, of the same configurations.
        temperature: T, K.
        trajectory: (M,) labels of the trajectories, the independent draws; a single trajectory by default.
        n_atoms: (M,) or one number, N of the configurations; if given, it must be the same for all of them.

    Raises:
        ValueError: energies, labels or numbers of atoms of different lengths, energies that are not finite, missing
            labels, a temperature that is not positive, or several N (each N is an ensemble of its own).

    Source: Zwanzig, J. Chem. Phys. 22, 1420 (1954); Isihara, J. Phys. A 1, 539 (1968), for the bounds.

    Example:
        >>> U = np.linspace(0.0, 0.1, 40)
        >>> found = free_energy_difference(U, U + 0.25, 300.0, trajectory=np.repeat([0, 1], 20))
        >>> round(found.value, 6), round(found.error, 6)  # an offset and nothing else
        (0.25, 0.0)
    """
    U = configuration_energies("energies", energies)
    dU = configuration_energies("model_energies", model_energies, len(U)) - U
    group = group_numbers(trajectory, len(U))
    _check_one_size(n_atoms, len(U))
    b = beta(temperature)
    found, left_out = _estimates(dU, b), _leaving_out(dU, b, group)
    upper, value, lower, cumulant = _from_zero(found).tolist()
    errors, below = _jackknife(_from_zero(left_out)), _jackknife(left_out)
    return FreeEnergyDifference(
        value=value,
        error=errors[1],
        upper=upper,
        upper_error=errors[0],
        lower=lower,
        lower_error=errors[2],
        second_cumulant=cumulant,
        second_cumulant_error=errors[3],
        error_from_upper=below[1],
        lower_error_from_upper=below[2],
        second_cumulant_error_from_upper=below[3],
        kl=float(-b * found[1]),
        kl_error=b * below[1],
        effective_sample_size=effective_sample_size(-b * dU),
        pareto_k=pareto_k(-b * dU),
    )


def _check_one_size(n_atoms: ArrayLike | None, M: int) -> None:
    if n_atoms is None:
        return
    N = as_numbers("n_atoms", n_atoms)
    if N.shape not in ((), (M,)) or not (np.isfinite(N) & (N > 0)).all():
        raise ValueError(
            f"n_atoms: expected positive numbers of atoms, one for each of the {M} configurations or one for all of them, "
            f"got shape {N.shape}: {N!s:.60}; leave it out if N is the same"
        )
    if np.ptp(N) > 0:
        sizes = ", ".join(f"{n:g}" for n in np.unique(N))
        raise ValueError(f"n_atoms: expected configurations of one size, got N = {sizes}; take each N on its own")


def _estimates(dU: Array, b: float) -> Array:
    """(4,) ⟨ΔU⟩_p, and ΔF, ⟨ΔU⟩_θ and the second cumulant relative to it, eV."""
    middle = dU.mean()
    d = dU - middle  # an offset of thousands of eV would cost digits
    F = -(logsumexp(-b * d) - np.log(len(d))) / b
    return np.array([middle, F, mean(d, -b * d), -0.5 * b * d.var()])


def _from_zero(estimates: Array) -> Array:
    """Estimates (..., 4) with the first, ⟨ΔU⟩_p, added to the other three."""
    return np.concatenate([estimates[..., :1], estimates[..., 1:] + estimates[..., :1]], axis=-1)


def _leaving_out(dU: Array, b: float, group: Groups) -> Array:
    """(n, 4) estimates without each of n groups; NaN for a single group."""
    n = 1 if group is None else int(group.max()) + 1
    return np.array([_estimates(dU[group != k], b) for k in range(n)]) if n > 1 else np.full((1, 4), np.nan)


def _jackknife(left_out: Array) -> list[float]:
    """Jackknife standard errors of estimates (n, 4) without each of n groups."""
    return np.sqrt((len(left_out) - 1) * left_out.var(axis=0)).tolist()
