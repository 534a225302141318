"""Criteria for the strength of a ridge that take rows as independent: GCV and evidence."""

import numpy as np

from ..arguments import kind
from ..dataset import Array
from .ridge import RidgePath


def gcv(path: RidgePath) -> Array:
    """Generalised cross-validation, n RSS/(n − γ)²: the mean square error of rows left out one at a time; γ counts offsets too.

    Rows count as independent. Rows of one configuration and of neighbouring ones are not, so the best strength comes out
    too small. Leave out whole trajectories (``validation.leave_one_trajectory_out``) to see by how much.

    Args:
        path: of a ridge.

    Returns:
        (n,) eV²/Å², one for each strength.

    Raises:
        TypeError: anything but a path.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> scores = gcv(fl.regression.ridge_path(moments, [1e-6, 1.0]))  # a ridge does harm where the model is exact
        >>> bool(scores[0] < scores[1])
        True

    Source: Golub, Heath and Wahba, Technometrics 21, 215 (1979).
    """
    kind("path", path, RidgePath, "gcv(ridge_path(moments, strengths))")
    # n − γ, in a form that does not cancel if there are hardly more rows than parameters
    free = path.rows - path.constants - len(path.eigenvalues) + path.taken.sum(axis=1)
    return path.rows * path.residual_sum / free**2


def log_evidence(path: RidgePath) -> Array:
    """Logarithm of the evidence (marginal likelihood) of all rows, with the most likely variance of the noise.

    ln p = −½n [ln((RSS + λ y·y)/n) + 1 + ln 2π] − ½ Σ ln(1 + s/λ): the density of √w F (F itself at one temperature)
    under Gaussian noise of variance σ² and a Gaussian prior of variance σ²/(λ m_k) about θ⁰_k, with the most likely
    σ² = (RSS + λ y·y)/n. Divide by ``path.rows`` for the evidence of a row. Rows count as independent, as for ``gcv``.
    Offsets of energies are free, each with a flat prior, and take a row each: n is the number of rows less ``constants``.
    Otherwise the evidence would grow without end for λ → 0 where there are as many descriptors as rows.

    Args:
        path: of a ridge.

    Returns:
        (n,) nats, one for each strength.

    Raises:
        TypeError: anything but a path.

    Example:
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0]))
        >>> found = log_evidence(fl.regression.ridge_path(moments, [1e-6, 1.0]))
        >>> bool(found[0] > found[1])
        True

    Source: MacKay, Neural Computation 4, 415 (1992).
    """
    kind("path", path, RidgePath, "log_evidence(ridge_path(moments, strengths))")
    n, s = max(path.rows - path.constants, 1), path.eigenvalues
    taken = path.taken
    misfit = path.unexplained + taken @ (path.loadings**2 / s)  # RSS + λ y·y
    # Forces that equal those of θ⁰ exactly have no noise; keep the logarithm finite.
    noise = np.maximum(misfit, np.finfo(float).tiny) / n
    return -0.5 * n * (np.log(noise) + 1 + np.log(2 * np.pi)) + 0.5 * np.log(taken).sum(axis=1)
