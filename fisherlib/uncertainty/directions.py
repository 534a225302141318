"""Directions of θ that a loss determines, scaled to unit curvature."""

import numpy as np

from ..dataset import Array
from ..losses import Quadratic
from ..solvers import spectrum


def directions(loss: Quadratic, *, rank: int | None = None) -> Array:
    """Columns W with WᵀAW = 1: WWᵀ is A⁻¹ along directions that the loss determines, and zero along the others.

    For an output g of θ, gᵀA⁻¹g = |gW|². W comes from the eigenvectors of A scaled to unit diagonal.

    Args:
        loss: with K parameters.
        rank: number of directions, as in ``Solution.rank``; by default those with relative eigenvalues above K ε.

    Returns:
        (K, rank), directions of least curvature first.
    """
    values, vectors = spectrum(loss)
    rank = int((values > loss.K * np.finfo(float).eps * values[-1]).sum()) if rank is None else rank
    diagonal = np.diag(loss.A)
    d = np.divide(1.0, np.sqrt(diagonal), out=np.zeros(len(diagonal)), where=diagonal > 0)
    kept = slice(len(values) - rank, None)
    return d[:, None] * vectors[:, kept] / np.sqrt(values[kept])
