"""The directions of θ that a loss determines, each scaled to unit curvature."""

import numpy as np

from ..dataset import Array
from ..losses import Quadratic
from ..solvers import spectrum


def directions(loss: Quadratic, *, rank: int | None = None) -> Array:
    """Columns W with WᵀAW = 1, so that WWᵀ is A⁻¹ in what the loss determines and zero in what it leaves open.

    Outputs g of θ keep their units: gᵀA⁻¹g = |gW|², by an eigen-decomposition of A scaled to unit diagonal.

    Args:
        loss: with K parameters.
        rank: number of directions, as in the ``rank`` of a solution; those with relative eigenvalues above K ε without it.

    Returns:
        (K, rank), those of least curvature first.
    """
    values, vectors = spectrum(loss)
    rank = int((values > loss.K * np.finfo(float).eps * values[-1]).sum()) if rank is None else rank
    diagonal = np.diag(loss.A)
    d = np.divide(1.0, np.sqrt(diagonal), out=np.zeros(len(diagonal)), where=diagonal > 0)
    kept = slice(len(values) - rank, None)
    return d[:, None] * vectors[:, kept] / np.sqrt(values[kept])
