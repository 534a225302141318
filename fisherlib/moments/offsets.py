"""Energy offsets, one for each element: what they fit of energies and descriptors, and what the compositions leave free."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, symbol
from .record import MomentRecord

#: Directions of the compositions with a smaller relative scatter do not vary: numbers of atoms are whole.
CONSTANT = 1e-10
#: Elements with a smaller share of ⟨n²⟩ do not occur.
ABSENT = 1e-13


@dataclasses.dataclass(frozen=True, eq=False)
class Offsets:
    """The best offsets n·e of energies, and of each descriptor, taken out of moments of z = (D, E, n).

    z̃ = z − centre − slopesᵀ (n − centre of n), where each column of ``slopes`` is the vector e that fits best.

    Attributes:
        centre: (K + 1 + S,) ⟨z⟩ where a constant is taken out as well, by itself or because the compositions span it; else 0.
        slopes: (S, K + 1 + S), of least norm where the compositions leave some free.
        scatter: (K + 1 + S, K + 1 + S) ⟨z̃z̃ᵀ⟩.
        terms: (K + 1 + S,) sizes of the terms that were summed on the diagonal of ``scatter``.

    Source: the partial regression of Frisch and Waugh, Econometrica 1, 387 (1933).

    Example:
        >>> import fisherlib as fl
        >>> total = fl.accumulate(fl.systems.harmonic([1.0, 2.0])).total()  # 4 atoms everywhere
        >>> bool(np.allclose(Offsets.of(total).scatter, total.scatter / total.configurations))
        True
    """

    centre: Array
    slopes: Array
    scatter: Array
    terms: Array

    @classmethod
    def of(cls, record: MomentRecord, *, constant: bool = False) -> "Offsets":
        """The offsets that fit the moments best; with ``constant`` a constant as well, which is the same for all."""
        C, mean, first = record.scatter / record.configurations, record.mean, record.K + 1
        n, c = mean[first:], C[first:]
        d = _scale(np.diag(C)[first:] + n * n)
        values, vectors = np.linalg.eigh(C[first:, first:] / np.outer(d, d))
        varying = vectors[:, values > CONSTANT]
        P = (varying / values[values > CONSTANT]) @ varying.T / np.outer(d, d)
        still = n / d - varying @ (varying.T @ (n / d))
        constant = constant or bool(still @ still > CONSTANT * (n / d) @ (n / d))
        slopes = P @ c
        scatter = C - c.T @ slopes
        terms = np.diag(C) + np.einsum("sk,sk->k", np.abs(c), np.abs(slopes))
        if constant:
            return cls(mean, slopes, scatter, terms)
        rest, a = mean - n @ slopes, P @ n
        share = 1.0 / (1.0 + n @ a)
        return cls(
            np.zeros(len(mean)),
            slopes + share * np.outer(a, rest),
            scatter + share * np.outer(rest, rest),
            terms + share * (mean**2 + 2 * np.abs(mean * (n @ slopes)) + (n @ slopes) ** 2),
        )


def best_offsets(record: MomentRecord, theta: Array) -> Array:
    """(S,) e of each element that fits E − θ·D ≈ n·e best, eV; zeros without energies.

    What the compositions leave free is chosen such that the offsets are as near as possible to a common one.

    >>> import fisherlib as fl
    >>> total = fl.accumulate(fl.systems.harmonic([1.0, 2.0], offset=-1.0)).total()
    >>> best_offsets(total, np.array([1.0, 2.0])).round(6)
    array([-1.])
    """
    if not record.has_energies:
        return np.zeros(len(record.mean) - record.K - 1)
    K, flat = record.K, record.over(())
    C, n = flat.scatter[-1] / flat.configurations, flat.mean[-1]
    NN = C[-1] + n * n
    common = (C[K] + n * flat.mean[K] - theta @ (C[:K] + n * flat.mean[:K])) / NN
    d, values, vectors = _compositions(record)
    kept = values > CONSTANT
    if kept.sum() == 1:
        return np.full(len(d), common)
    C, mean, v = (
        record.scatter[K + 1 :] / record.configurations,
        record.mean,
        np.r_[-theta, 1.0, np.full(len(d), -common)],
    )
    rest = (C @ v + mean[K + 1 :] * (mean @ v)) / d
    return common + (vectors[:, kept] / values[kept]) @ (vectors[:, kept].T @ rest) / d


def descriptor_offsets(record: MomentRecord) -> Array:
    """(S, K) offsets of each element that fit each descriptor best, [D]; ``best_offsets`` falls by them times θ.

    >>> import fisherlib as fl
    >>> total = fl.accumulate(fl.systems.harmonic([1.0, 2.0])).total()
    >>> fallen = best_offsets(total, np.zeros(2)) - descriptor_offsets(total) @ [1.0, 2.0]
    >>> bool(np.allclose(fallen, best_offsets(total, np.array([1.0, 2.0]))))
    True
    """
    K, flat = record.K, record.over(())
    C, n, mean = flat.scatter[-1] / flat.configurations, flat.mean[-1], record.mean
    common = (C[:K] + n * mean[:K]) / (C[-1] + n * n)
    d, values, vectors = _compositions(record)
    kept = values > CONSTANT
    if kept.sum() == 1:
        return np.tile(common, (len(d), 1))
    C = record.scatter[K + 1 :] / record.configurations + np.outer(mean[K + 1 :], mean)
    rest = (C[:, :K] - np.outer(C[:, K + 1 :].sum(axis=1), common)) / d[:, None]
    return common + (vectors[:, kept] / values[kept]) @ (vectors[:, kept].T @ rest) / d[:, None]


def without_offsets(values: Array, composition: NDArray) -> Array:
    """Energies, or errors of them, without the offsets of elements that fit them best by least squares.

    Args:
        values: (..., M) eV.
        composition: (M, S) atoms of each element.

    >>> without_offsets(np.array([3.0, 4.0, 7.0]), np.array([[1, 2], [2, 2], [4, 3]])).round(6).tolist()
    [0.0, 0.0, 0.0]
    """
    n = np.asarray(composition, dtype=np.float64)
    if n.shape[1] == 1:
        N = n[:, 0]
        return values - np.multiply.outer(values @ N / (N @ N), N)
    n = n[:, n.any(axis=0)]
    U, s, _ = np.linalg.svd(n / np.sqrt(np.einsum("ms,ms->s", n, n)), full_matrices=False)
    Q = U[:, s**2 > CONSTANT * s[0] ** 2]
    return values - (values @ Q) @ Q.T


def free_offsets(record: MomentRecord) -> tuple[str, ...]:
    """What can be added to the offsets of elements without any change, since the compositions do not tell them apart.

    >>> import fisherlib as fl
    >>> free_offsets(fl.accumulate(fl.systems.harmonic([1.0, 2.0])).total())
    ()
    """
    d, values, vectors = _compositions(record)
    found = []
    for v in (vectors / d[:, None])[:, values <= CONSTANT].T:
        if not v.any():
            continue  # of an element that does not occur
        v = v / v[np.abs(v).argmax()]
        each = zip(v, record.elements, strict=True)
        found.append(" and ".join(f"{c:.3g} eV to e({symbol(z)})" for c, z in each if abs(c) > 1e-6))
    return tuple(found)


def _compositions(record: MomentRecord) -> tuple[Array, Array, Array]:
    """The square root of the diagonal of ⟨nnᵀ⟩, and the spectrum of ⟨nnᵀ⟩ scaled by it."""
    first = record.K + 1
    n = record.mean[first:]
    G = record.scatter[first:, first:] / record.configurations + np.outer(n, n)
    d = _scale(np.diag(G))
    values, vectors = np.linalg.eigh(G / np.outer(d, d))
    return d, values, vectors


def _scale(squares: Array) -> Array:
    """√⟨n²⟩ of each element; infinite for one that does not occur, of which rounding may be left where data were taken out."""
    return np.sqrt(np.where(squares > ABSENT * squares.sum(), squares, np.inf))
