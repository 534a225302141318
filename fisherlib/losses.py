"""Losses that are quadratic in θ: one frozen value, and the ones that follow from moments."""

import dataclasses
import functools
import operator
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from .arguments import floats, kind, number, whole
from .dataset import Array, frozen
from .moments import Fold, MomentRecord, Moments
from .units import beta


@dataclasses.dataclass(frozen=True, eq=False)
class Quadratic:
    """A quadratic form q(θ) = ½ θᵀAθ − bᵀθ + ½ s, with its minimum where Aθ = b.

    Attributes:
        A: (K, K) symmetric, positive semi-definite.
        b: (K,) linear term, with a minus sign in q.
        s: twice the value at θ = 0.
        normal: (A, b) up to one common positive factor, before that factor was rounded in. The minimum is found from
            it, so that θ does not change, to the last digit, when a loss is multiplied by a number (by β², say).
        data: identity of the data of each term that was added up; empty for a penalty, and where it is not known.
    """

    A: Array
    b: Array
    s: float
    normal: tuple[Array, Array] | None = dataclasses.field(default=None, repr=False)
    data: frozenset[int] = dataclasses.field(default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        A, b = frozen(floats("A", self.A)), frozen(floats("b", self.b))
        object.__setattr__(self, "s", number("s", self.s))
        if b.ndim != 1 or A.shape != (len(b), len(b)):
            raise ValueError(f"A: expected shape {b.shape * 2} to go with b, got {A.shape}")
        if np.abs(A - A.T).max() > 1e-9 * np.abs(A).max():
            raise ValueError("A: expected a symmetric matrix, got one that is not")
        object.__setattr__(self, "A", A)
        object.__setattr__(self, "b", b)
        if self.normal is None:
            object.__setattr__(self, "normal", (A, b))

    @property
    def K(self) -> int:
        """Number of parameters."""
        return len(self.b)

    def __call__(self, theta: ArrayLike) -> Array:
        """Value at θ, of shape (K,), or at each row of an array (..., K)."""
        theta = floats("theta", theta)
        if theta.shape[-1:] != (self.K,):
            raise ValueError(f"theta: expected {self.K} parameters, got shape {theta.shape}")
        return np.einsum("...i,...i->...", theta, 0.5 * (theta @ self.A) - self.b) + 0.5 * self.s

    def __add__(self, other: "Quadratic") -> "Quadratic":
        if self.K != other.K:
            raise ValueError(f"losses: expected {self.K} parameters in both, got {other.K}")
        return Quadratic(self.A + other.A, self.b + other.b, self.s + other.s, data=self.data | other.data)

    def __rmul__(self, weight: float) -> "Quadratic":
        weight = number("weight", weight)
        normal = self.normal if weight > 0 else None
        return Quadratic(weight * self.A, weight * self.b, weight * self.s, normal, self.data)

    def restrict(self, origin: ArrayLike, directions: ArrayLike) -> "Quadratic":
        """The same loss as a function of the coordinates u in θ = origin + uᵀ directions.

        Args:
            origin: (K,).
            directions: (n, K), one direction a row.

        Returns:
            The quadratic form of the n coordinates; no data are needed.
        """
        V, theta = np.atleast_2d(floats("directions", directions)), floats("origin", origin)
        if V.shape[1:] != (self.K,) or theta.shape != (self.K,):
            raise ValueError(
                f"directions: expected (n, {self.K}) and an origin ({self.K},), got {V.shape}, {theta.shape}"
            )
        B = V @ self.A @ V.T
        B = 0.5 * (B + B.T)  # along long, soft directions the product is symmetric to fewer digits than A
        return Quadratic(B, V @ (self.b - self.A @ theta), 2.0 * float(self(theta)), data=self.data)


def _by_temperature(moments: Moments | MomentRecord, temperature: float | None) -> dict[float, MomentRecord]:
    """Records merged by temperature; β² is multiplied in once per temperature, so that it cancels from θ exactly."""
    groups: dict[float, Fold] = {}
    for record in [moments] if isinstance(moments, MomentRecord) else moments.values():
        T = record.temperature if temperature is None else temperature
        if T is None:
            raise ValueError("temperature: a trajectory has none of its own; give temperature= in kelvin")
        if T in groups:
            groups[T].add(record)
        else:
            groups[T] = Fold(record)
    return {T: fold.record() for T, fold in groups.items()}


def _sum(losses: Iterable[Quadratic]) -> Quadratic:
    return functools.reduce(operator.add, losses)


def _refuse_others(loss: str, moments: object) -> None:
    kind("moments", moments, (Moments, MomentRecord), f"{loss}(accumulate(data))")


def _of(moments: Moments | MomentRecord, loss: Quadratic) -> Quadratic:
    """A loss with the identity of the data that it was made of."""
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
        temperature: K; taken for every trajectory. Without it each trajectory's own temperature is used, and
            trajectories of several temperatures enter with their own β².

    Returns:
        Quadratic form in θ; value in 1/Å².

    Raises:
        ValueError: neither ``temperature`` nor the trajectories say what T is.

    Source: Hyvärinen, J. Mach. Learn. Res. 6, 695 (2005), eq. 2, for the divergence.
    """
    _refuse_others("fisher", moments)
    groups = _by_temperature(moments, temperature)
    M = sum(record.configurations for record in groups.values())
    return _of(moments, _sum(beta(T) ** 2 / M * Quadratic(r.PhiPhi, r.PhiF, r.FF) for T, r in groups.items()))


def energy(moments: Moments | MomentRecord) -> Quadratic:
    """Half the mean squared error of total energies, the best offset per atom taken out.

    q(θ) = ½ min over e0 of ⟨(E − θ·D − N e0)²⟩. √(2q) is the energy RMSE of a configuration.

    Args:
        moments: of one or several trajectories, taken together.

    Returns:
        Quadratic form in θ; value in eV².
    """
    _refuse_others("energy", moments)
    total = _total(moments)
    M = total.configurations
    C, mean = total.scatter / M, total.mean
    n = mean[-1]
    # ⟨zzᵀ⟩ − ⟨zN⟩⟨Nz⟩/⟨NN⟩, written so that nothing cancels when all configurations have the same N.
    NN = C[-1, -1] + n * n
    cN = C[-1]
    S = C + (np.outer(mean, mean) * C[-1, -1] - n * (np.outer(cN, mean) + np.outer(mean, cN)) - np.outer(cN, cN)) / NN
    terms = np.diag(C) + (mean**2 * C[-1, -1] + 2 * n * np.abs(cN * mean) + cN**2) / NN
    return _of(moments, _without_noise(S, mean, terms))


def _without_noise(S: Array, mean: Array, terms: Array) -> Quadratic:
    """The form of ⟨(E − θ·D)²⟩ given by S, where a descriptor that is constant has exact zeros instead of rounding.

    Scaled to unit diagonal, rounding would pass for a direction that the data determine. ``terms`` are the sizes of what
    was added up on the diagonal, ``mean`` those of the values that were centred.
    """
    K, eps = len(mean) - 2, 64 * np.finfo(float).eps
    live = np.diag(S)[:K] > (eps * terms + (eps * mean) ** 2)[:K]
    A, b = S[:K, :K] * np.outer(live, live), S[:K, K] * live
    return Quadratic(A, b, float(S[K, K]))


def kl(moments: Moments | MomentRecord, temperature: float | None = None) -> Quadratic:
    """Kullback–Leibler divergence of the model from the truth, to second order in U − U_θ.

    KL(p‖p_θ) ≈ β²/2 Var(U − U_θ), the variance over all configurations of one temperature; any constant offset drops
    out, and with different N the energy of one more atom too, since each N is an ensemble of its own. With several
    temperatures it is the mean over configurations of theirs.

    Args:
        moments: of one or several trajectories.
        temperature: K; taken for every trajectory. Without it each trajectory's own.

    Returns:
        Quadratic form in θ; value in nats.

    Raises:
        ValueError: neither ``temperature`` nor the trajectories say what T is.
    """
    _refuse_others("kl", moments)
    groups = _by_temperature(moments, temperature)
    M = sum(record.configurations for record in groups.values())

    def variance(record: MomentRecord) -> Quadratic:
        C, N = record.scatter, record.scatter[-1]
        terms = N**2 / N[-1] if N[-1] > 0 else np.zeros(len(N))
        within = C - np.outer(N, N) / N[-1] if N[-1] > 0 else C
        return record.configurations * _without_noise(within / record.configurations, record.mean, terms)

    return _of(moments, _sum(beta(T) ** 2 / M * variance(record) for T, record in groups.items()))


def ridge(strength: float, K: int, *, scale: ArrayLike | None = None, origin: ArrayLike | None = None) -> Quadratic:
    """Ridge penalty ½ λ Σ_k m_k (θ_k − θ⁰_k)².

    Args:
        strength: λ ≥ 0.
        K: number of parameters.
        scale: (K,) m_k; ones without it. The diagonal of the loss it is added to makes λ dimensionless.
        origin: (K,) θ⁰, the parameters to stay close to; zeros without it.

    Raises:
        ValueError: λ or the scale is negative or not finite.
    """
    whole("K", K, 1, "parameters")
    if not floats("strength", strength) >= 0 or not np.isfinite(strength):
        raise ValueError(f"strength: expected a number ≥ 0, got {strength!r}")
    m = strength * (np.ones(K) if scale is None else floats("scale", scale))
    if m.shape != (K,) or not (m >= 0).all():
        raise ValueError(f"scale: expected {K} numbers ≥ 0, got {np.asarray(scale)!r:.60}")
    theta = np.zeros(K) if origin is None else floats("origin", origin)
    return Quadratic(np.diag(m), m * theta, float(m @ theta**2))
