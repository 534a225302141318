"""The sign of force descriptors judged by moments alone, for data that are never in memory as a whole."""

import numpy as np

from ..arguments import kind
from ..dataset import Array
from ..moments import Moments
from .force_sign import slope_verdict
from .verdict import Verdict

#: Most steps of conjugate gradients; the directions that matter for the sign need far fewer.
STEPS = 100
#: Fewest degrees of freedom of a correlation: configurations minus trajectories.
FEWEST = 30


def signs_of_moments(moments: Moments) -> list[Verdict]:
    """The verdict on the sign and the unit of Φ from moments alone, if it is bad; otherwise an empty list.

    Energies must rise where θ_f·D rises, within trajectories and without the energy of an additional atom of each element. For
    data that are never in memory: it takes a few products of (K, K) matrices with a vector. ``consistency`` does more.

    Args:
        moments: of the data.

    Example:
        >>> import dataclasses, fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0])
        >>> flipped = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in data.values()]
        >>> signs_of_moments(fl.accumulate(data)), signs_of_moments(fl.accumulate(flipped))[0].level
        ([], 'fail')
    """
    kind("moments", moments, Moments, "signs_of_moments(accumulate(data))")
    from scipy.sparse.linalg import LinearOperator, cg  # slow to load

    records, K = list(moments.values()), moments.K
    M = sum(r.configurations for r in records)
    d = np.sqrt(np.sum([np.diag(r.PhiPhi) for r in records], axis=0))
    if M - len(records) < FEWEST or not d.all() or not all(r.has_energies for r in records):
        return []

    def product(x: Array) -> Array:
        return np.sum([r.PhiPhi @ (x / d) for r in records], axis=0) / d

    b = np.sum([r.PhiF for r in records], axis=0) / d
    x = cg(LinearOperator((K, K), matvec=product), b, rtol=1e-6, maxiter=STEPS)[0]
    FF, theta = sum(r.FF for r in records), x / d
    known = all(record.elements for record in records)
    elements = sorted({z for record in records for z in record.elements}) if known else ()
    records, species = [record.over(elements) for record in records], max(1, len(elements))
    V = np.zeros((K + 1 + species, 2 + species))  # θ·D, E, n of (D, E, n)
    V[:K, 0], V[K, 1], V[K + 1 :, 2:] = theta, 1.0, np.eye(species)
    S = np.sum([V.T @ r.scatter @ V for r in records], axis=0)
    size = np.sum([np.abs(V.T @ r.mean) * r.configurations for r in records], axis=0) / M
    S -= S[:, 2:] @ np.linalg.lstsq(S[2:, 2:], S[2:], rcond=1e-10)[0]
    if FF <= 0 or (np.sqrt(np.abs(np.diag(S))[:2] / M) <= 1e-9 * size[:2]).any():
        return []
    correlation = float(S[0, 1] / np.sqrt(S[0, 0] * S[1, 1]))
    r2 = float(2 * b @ x - x @ product(x)) / FF
    verdict = slope_verdict(float(S[0, 1] / S[0, 0]), correlation, r2, float(size[2:].sum()))
    return [verdict] if verdict.level in ("warn", "fail") else []
