"""The sign and the unit of force descriptors from moments alone, for data that are never in memory."""

import numpy as np

from ..arguments import kind
from ..moments import Moments
from .signs import slope_verdict
from .verdict import Verdict

#: Steps of conjugate gradients: directions that matter for the sign are found in far fewer.
STEPS = 100
#: Configurations beyond the means of their trajectories that a correlation takes.
FEWEST = 30


def signs_of_moments(moments: Moments) -> list[Verdict]:
    """What energies say of the sign and the unit of Φ, if it is bad: they must rise where θ_f·D rises.

    Within trajectories, the energy of one more atom taken out; nothing where energies or θ_f·D do not vary. Memory and
    time are of a few products of (K, K) with a vector.

    Args:
        moments: of the data.
    """
    kind("moments", moments, Moments, "signs_of_moments(accumulate(data))")
    from scipy.sparse.linalg import LinearOperator, cg  # slow to load

    records, K = list(moments.values()), moments.K
    M = sum(r.configurations for r in records)
    d = np.sqrt(sum(np.diag(r.PhiPhi) for r in records))
    if M - len(records) < FEWEST or not d.all():
        return []

    def product(x: np.ndarray) -> np.ndarray:
        return sum(r.PhiPhi @ (x / d) for r in records) / d

    b = sum(r.PhiF for r in records) / d
    x = cg(LinearOperator((K, K), matvec=product), b, rtol=1e-6, maxiter=STEPS)[0]
    FF, theta = sum(r.FF for r in records), x / d
    V = np.zeros((K + 2, 3))  # θ·D, E, N of (D, E, N)
    V[:K, 0], V[K, 1], V[K + 1, 2] = theta, 1.0, 1.0
    S = sum(V.T @ r.scatter @ V for r in records)
    size = sum(np.abs(V.T @ r.mean) * r.configurations for r in records) / M
    if S[2, 2] > 0:
        S -= np.outer(S[2], S[2]) / S[2, 2]
    if FF <= 0 or (np.sqrt(np.abs(np.diag(S))[:2] / M) <= 1e-9 * size[:2]).any():
        return []
    correlation = float(S[0, 1] / np.sqrt(S[0, 0] * S[1, 1]))
    r2 = float(2 * b @ x - x @ product(x)) / FF
    verdict = slope_verdict(float(S[0, 1] / S[0, 0]), correlation, r2, float(size[2]))
    return [verdict] if verdict.level in ("warn", "fail") else []
