"""What the rows themselves say of the strength of a ridge, taken as independent: GCV and evidence."""

import numpy as np

from ..dataset import Array
from .ridge import RidgePath


def gcv(path: RidgePath) -> Array:
    """(n,) generalised cross-validation, n RSS/(n − γ)², eV²/Å²: the mean square error of rows left out one at a time.

    Rows count as independent. Those of one configuration, and of neighbouring ones, are not: the strength comes out too
    small, which whole trajectories left out (``validation.leave_one_trajectory_out``) tell.

    Source: Golub, Heath and Wahba, Technometrics 21, 215 (1979).
    """
    # n − γ, without its cancellation where there are hardly more rows than parameters
    free = path.rows - len(path.eigenvalues) + path.taken.sum(axis=1)
    return path.rows * path.residual_sum / free**2


def evidence(path: RidgePath) -> Array:
    """(n,) logarithm of the evidence (marginal likelihood) of all rows, nats, with the best variance of the noise.

    ln p = −½n [ln((RSS + λ y·y)/n) + 1 + ln 2π] − ½ Σ ln(1 + s/λ): the density of √w F (F itself at one temperature)
    under Gaussian noise of variance σ² and a Gaussian prior of variance σ²/(λ m_k) about θ⁰_k, where σ² = (RSS + λ y·y)/n is
    the best there is. Divided by ``path.rows`` it is that of a row. Rows count as independent, as they do for ``gcv``.

    Source: MacKay, Neural Computation 4, 415 (1992).
    """
    n, s = path.rows, path.eigenvalues
    taken = path.taken
    misfit = path.unexplained + taken @ (path.loadings**2 / s)  # RSS + λ y·y
    # forces that are exactly those of θ⁰ have no noise at all, and a logarithm all the same
    noise = np.maximum(misfit, np.finfo(float).tiny) / n
    return -0.5 * n * (np.log(noise) + 1 + np.log(2 * np.pi)) + 0.5 * np.log(taken).sum(axis=1)
