"""The losses that a fit combines: Fisher and KL divergence, errors of energies and virials, and the penalty of a ridge."""

import dataclasses
import functools
import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind, number, whole
from ..dataset import Array
from ..moments import Fold, MomentRecord, Moments, Offsets
from ..units import UNKNOWN_TEMPERATURE, beta, check_temperature
from .quadratic import Quadratic


def _by_temperature(moments: Moments | MomentRecord, temperature: float | None) -> dict[float, MomentRecord]:
    """Records merged by temperature; each sum is multiplied by β² once, so β cancels from θ exactly."""
    check_temperature(temperature)
    if isinstance(moments, Moments):
        known = {record.temperature if temperature is None else temperature for record in moments.values()}
        if len(known) == 1 and (only := known.pop()) is not None:
            return {only: moments.total()}
    groups: dict[float, Fold] = {}
    for record in [moments] if isinstance(moments, MomentRecord) else moments.values():
        T = record.temperature if temperature is None else temperature
        if T is None:
            raise ValueError(UNKNOWN_TEMPERATURE)
        if T in groups:
            groups[T].add(record)
        else:
            groups[T] = Fold(record)
    return {T: fold.record() for T, fold in groups.items()}


def _sum(losses: Iterable[Quadratic]) -> Quadratic:
    return functools.reduce(operator.add, losses)


def _refuse_others(loss: str, moments: object) -> None:
    kind("moments", moments, (Moments, MomentRecord), f"{loss}(accumulate(data))")


def _refuse_no_energies(loss: str, record: MomentRecord) -> None:
    if not record.has_energies:
        raise ValueError(
            f"moments: expected energies for the loss {loss!r}, got data with forces alone; take the loss 'fisher', or data with "
            "energies"
        )


def _of(moments: Moments | MomentRecord, loss: Quadratic) -> Quadratic:
    """The loss with the identity of its data."""
    return dataclasses.replace(loss, data=frozenset() if moments.identity is None else frozenset([moments.identity]))


def _total(moments: Moments | MomentRecord) -> MomentRecord:
    return moments if isinstance(moments, MomentRecord) else moments.total()


def fisher(moments: Moments | MomentRecord, temperature: float | None = None) -> Quadratic:
    """Fisher divergence between the true and the model's Boltzmann distribution.

    J(θ) = ½ ⟨|s − s_θ|²⟩ = β²/2 ⟨|F − Φθ|²⟩ = ½ θᵀTθ − cᵀθ + ½ s, with the scores s = βF and s_θ = βΦθ,
    T = β²⟨ΦᵀΦ⟩, c = β²⟨ΦᵀF⟩, s = β²⟨F·F⟩. Its minimum θ_f is force matching in the Boltzmann expectation: for one
    temperature β cancels from θ_f, while the value of J depends on it.

    ⟨·⟩ is the mean over configurations of the sum over all 3N components, so with different N a configuration weighs by
    its number of atoms.

    Args:
        moments: of one or several trajectories.
        temperature: K, for every trajectory. By default each has its own, so trajectories of several temperatures enter
            with their own β².

    Returns:
        Quadratic form in θ; value in 1/Å².

    Raises:
        TypeError: anything but moments.
        ValueError: neither ``temperature`` nor the trajectories give T.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> loss = fisher(moments)
        >>> loss.K, float(loss([1.5, 2.0])) > float(loss([1.0, 2.0]))
        (2, True)

    Source: Hyvärinen, J. Mach. Learn. Res. 6, 695 (2005), eq. 2, for the divergence.
    """
    _refuse_others("fisher", moments)
    groups = _by_temperature(moments, temperature)
    M = sum(record.configurations for record in groups.values())
    return _of(moments, _sum(beta(T) ** 2 / M * Quadratic(r.PhiPhi, r.PhiF, r.FF) for T, r in groups.items()))


def energy(moments: Moments | MomentRecord) -> Quadratic:
    """Half the mean squared error of total energies, with the best offset of each element taken out.

    q(θ) = ½ min over e of ⟨(E − θ·D − Σ_s n_s e_s)²⟩, where n_s is the number of atoms of element s, or of all atoms if the
    elements are not known. √(2q) is the energy RMSE of a configuration.

    Args:
        moments: of one or several trajectories, taken together.

    Returns:
        Quadratic form in θ; value in eV².

    Raises:
        TypeError: anything but moments.

    Example:
        >>> import fisherlib as fl
        >>> loss = energy(fl.accumulate(fl.systems.harmonic([1.0, 2.0])))
        >>> rmse = (2 * loss([1.0, 2.1])) ** 0.5  # eV
        >>> bool(0.001 < rmse < 0.1)
        True
    """
    _refuse_others("energy", moments)
    total = _total(moments)
    _refuse_no_energies("energy", total)
    found = Offsets.of(total)
    return _of(moments, _without_noise(found, total.mean, total.K))


def _without_noise(offsets: Offsets, mean: Array, K: int) -> Quadratic:
    """⟨(E − θ·D)²⟩ without offsets as a quadratic form, with exact zeros instead of rounding for a descriptor that is constant.

    Scaled to unit diagonal, rounding would look like a direction that the data determine.
    """
    S, eps = offsets.scatter, 64 * np.finfo(float).eps
    live = np.diag(S)[:K] > (eps * offsets.terms + (eps * mean) ** 2)[:K]
    A, b = S[:K, :K] * np.outer(live, live), S[:K, K] * live
    varies = S[K, K] > eps**2 * (offsets.terms[K] + mean[K] ** 2)
    return Quadratic(A, b * varies, float(S[K, K] * varies))


def kl(moments: Moments | MomentRecord, temperature: float | None = None) -> Quadratic:
    """Kullback–Leibler divergence of the model from the truth, to second order in U − U_θ.

    KL(p‖p_θ) ≈ β²/2 Var(U − U_θ), the variance over all configurations of one temperature. Any constant offset drops
    out. With different compositions an offset for each element drops out too, since each composition is an ensemble of
    its own. Several temperatures are averaged, each weighted by its number of configurations.

    Args:
        moments: of one or several trajectories.
        temperature: K, for every trajectory; by default each has its own.

    Returns:
        Quadratic form in θ; value in nats.

    Raises:
        TypeError: anything but moments.
        ValueError: neither ``temperature`` nor the trajectories give T.

    Example:
        The sum of two losses is a loss:

        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> fl.solve(fl.fisher(moments) + 0.5 * kl(moments)).theta.round(6)
        array([1., 2.])
    """
    _refuse_others("kl", moments)
    groups = _by_temperature(moments, temperature)
    M = sum(record.configurations for record in groups.values())

    def variance(record: MomentRecord) -> Quadratic:
        _refuse_no_energies("kl", record)
        return record.configurations * _without_noise(Offsets.of(record, constant=True), record.mean, record.K)

    return _of(moments, _sum(beta(T) ** 2 / M * variance(record) for T, record in groups.items()))


def stress(moments: Moments | MomentRecord) -> Quadratic:
    """Half the mean squared error of virials, W = −∂U/∂ε = −Vσ, over the configurations whose stress is known.

    q(θ) = ½ ⟨|W − Ψθ|²⟩ over the six components xx, yy, zz, yz, xz, xy, with the strain descriptors Ψ = −∂D/∂ε.

    Its place in the Fisher divergence: at constant pressure P the cell h is drawn as well, of volume V. With fractional
    coordinates s, p(h, s) ∝ exp(−β(U + PV)) V^N. A strain at fixed s moves positions and cell by x → x (1 + ε), so the
    score is ∂ ln p/∂ε = β(W − PV 1) + N 1. P, V and N are the same for the truth and for the model, so the scores differ by
    β(W − Ψθ), and the Fisher divergence is that of the positions plus β² q/ℓ²: ``fisher(moments) + beta**2 / l**2 *
    stress(moments)``, β in 1/eV. The six components, each once, are those of a strain that keeps the cell triangular. A strain
    has no unit: ℓ, Å, says what counts as much as a displacement, and a model that can be exact finds the same θ with
    any. In other ensembles it is a further term, as energies are.

    Args:
        moments: of one or several trajectories, of which some have virials and strain descriptors.

    Returns:
        Quadratic form in θ; value in eV².

    Raises:
        TypeError: anything but moments.
        ValueError: no virials.

    Example:
        >>> import numpy as np
        >>> import fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0])["harmonic-0"]
        >>> Psi = np.random.default_rng(0).normal(size=(len(t), 6, 2))
        >>> strained = {"virials": Psi @ [1.0, 2.0], "strain_descriptors": Psi}
        >>> moments = fl.accumulate([dataclasses.replace(t, **strained)])
        >>> fl.solve(stress(moments)).theta.round(6)
        array([1., 2.])
    """
    _refuse_others("stress", moments)
    strain = _total(moments).strain
    if strain is None:
        raise ValueError(
            "moments: expected some of configurations with virials and strain descriptors, got none; read a file that has "
            "stresses with stress=True"
        )
    M = strain.configurations
    return _of(moments, 1.0 / M * Quadratic(strain.PsiPsi, strain.PsiW, strain.WW))


def ridge(strength: float, K: int, *, scale: ArrayLike | None = None, origin: ArrayLike | None = None) -> Quadratic:
    """Ridge penalty ½ λ Σ_k m_k (θ_k − θ⁰_k)².

    Args:
        strength: λ ≥ 0.
        K: number of parameters.
        scale: (K,) m_k; ones by default. The diagonal of the loss it is added to makes λ dimensionless.
        origin: (K,) θ⁰, the parameters to stay close to; zeros by default.

    Raises:
        ValueError: λ or the scale is negative or not finite, or a shape does not fit.

    Example:
        >>> penalty = ridge(0.1, 2, origin=[1.0, 0.0])
        >>> float(penalty([1.0, 2.0])).__round__(12)
        0.2
    """
    whole("K", K, 1, "parameters")
    strength = number("strength", strength)
    if strength < 0:
        raise ValueError(f"strength: expected a number ≥ 0, got {strength!r}")
    m = strength * (np.ones(K) if scale is None else floats("scale", scale))
    if m.shape != (K,) or not (m >= 0).all():
        raise ValueError(f"scale: expected {K} numbers ≥ 0, got {np.asarray(scale)!r:.60}")
    theta = np.zeros(K) if origin is None else floats("origin", origin)
    if theta.shape != (K,) or not np.isfinite(theta).all():
        raise ValueError(f"origin: expected {K} finite parameters, got {np.asarray(origin)!r:.60}")
    return Quadratic(np.diag(m), m * theta, float(m @ theta**2))
