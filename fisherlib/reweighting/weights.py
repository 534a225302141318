"""Weights: averages over the true distribution become averages over the model's."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from ..dataset import Array
from ..units import BOLTZMANN, COLDEST, HOTTEST, beta
from .multistate import mbar
from .reliability import as_numbers, below_largest


def configuration_energies(name: str, values: ArrayLike, M: int | None = None) -> Array:
    """(M,) finite total energies, eV; anything else is a ValueError."""
    U = as_numbers(name, values)
    if U.ndim != 1 or len(U) == 0 or M not in (None, len(U)):
        wanted = f"({'M' if M is None else M},), one for each configuration"
        raise ValueError(f"{name}: expected total energies of shape {wanted}, got {U.shape}")
    if not np.isfinite(U).all():
        raise ValueError(f"{name}: expected finite numbers, got {np.sum(~np.isfinite(U))} NaN or infinite ones")
    return U


def log_weights(
    energies: ArrayLike, model_energies: ArrayLike, temperature: float, *, sampled_temperature: ArrayLike | None = None
) -> Array:
    """Logarithms of the weights that turn a true sample into one of the model, −β U_θ(x_m) + β_s U(x_m) − ln Z.

    Σ_m w_m = 1, and a constant offset of U or of U_θ drops out. U grows with the number of atoms, so all configurations
    must have the same N; weight each N separately.

    Configurations pooled from several temperatures T_k follow the mixture of these distributions, so that
    w_m ∝ exp(−βU_θ) / Σ_k N_k exp(f_k − β_k U), with f_k from ``mbar`` (which needs pymbar). If neighbouring T_k overlap
    little, the f_k are uncertain, and so are the weights of one T_k relative to another: see ``Mbar.overlap``.

    Args:
        energies: (M,) U, eV, total energies of the configurations.
        model_energies: (M,) U_θ, eV, in the same order; U itself to change only the temperature.
        temperature: T of the model's distribution, K.
        sampled_temperature: T_s at which the configurations were drawn, K, one number or (M,); T by default. Infinity
            means spread evenly over space, w ∝ exp(−βU_θ): a crude choice if nothing is known about the sample.

    Returns:
        (M,) ln w, normalised.

    Raises:
        ValueError: energies of different lengths or not finite, or a temperature that is not positive.
        RuntimeError: several temperatures whose energies do not overlap.
        ImportError: several temperatures without pymbar.

    Source: Torrie and Valleau, J. Comput. Phys. 23, 187 (1977); Shirts and Chodera, J. Chem. Phys. 129, 124105 (2008).

    Example:
        >>> U = np.array([0.0, 0.1, 0.2])
        >>> np.exp(log_weights(U, U + 5.0, 300.0)).round(6).tolist()  # the same model but for an offset
        [0.333333, 0.333333, 0.333333]
    """
    U = configuration_energies("energies", energies)
    U_theta = configuration_energies("model_energies", model_energies, len(U))
    reduced = beta(temperature) * U_theta
    T = as_numbers("sampled_temperature", temperature if sampled_temperature is None else sampled_temperature)
    if T.shape not in ((), U.shape) or not (T > 0).all():
        raise ValueError(
            f"sampled_temperature: expected positive numbers of kelvin, one or {U.shape}, got {T.shape}: {T!s:.60}"
        )
    if (beyond := np.isfinite(T) & ((T < COLDEST) | (T > HOTTEST))).any():
        raise ValueError(
            f"sampled_temperature: expected {COLDEST:g} to {HOTTEST:g} K, got {float(T[beyond].flat[0])!r}; give infinity for "
            "configurations spread evenly over space"
        )
    temperatures, counts = np.unique(T, return_counts=True)
    sampled = U / (BOLTZMANN * temperatures[:, None])  # T = ∞ gives zero: spread evenly
    if len(temperatures) > 1:
        return _pooled(np.vstack([sampled, reduced]), counts, temperatures)
    log_w = sampled[0] - reduced
    return log_w - logsumexp(log_w)


def _pooled(reduced: Array, counts: NDArray[np.integer], temperatures: Array) -> Array:
    """(M,) ln w of the last state, which has no samples of its own."""
    try:
        return mbar(reduced, [*counts, 0]).log_weights[-1]
    except RuntimeError as error:
        raise RuntimeError(
            f"sampled_temperature: expected temperatures whose energies overlap, got {temperatures!s:.60} K; pool with "
            "samples of temperatures between them, or weight those of each temperature apart"
        ) from error


def mean(values: ArrayLike, log_weights: ArrayLike) -> Array:
    """Weighted average ⟨A⟩_θ = Σ_m w_m A_m / Σ_m w_m.

    Args:
        values: (M,) or (M, ...) A of each configuration.
        log_weights: (M,) ln w, up to any constant.

    Returns:
        Average over the configurations, of shape (...).

    Raises:
        ValueError: not one value for each weight, or values that are not finite.

    Example:
        >>> float(mean([1.0, 2.0], np.log([3.0, 1.0])).round(6))
        1.25
    """
    A, w = as_numbers("values", values), np.exp(below_largest(log_weights))
    if A.shape[:1] != w.shape:
        raise ValueError(
            f"values: expected {len(w)} along the first axis, one for each weight, got shape {A.shape}; transpose them"
        )
    if not np.isfinite(A).all():
        raise ValueError(
            f"values: expected finite numbers, got {np.sum(~np.isfinite(A))} NaN or infinite ones; leave out their "
            "configurations, and the weights of these"
        )
    return np.tensordot(w / w.sum(), A, axes=1)
