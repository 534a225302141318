"""CUR decomposition: each descriptor is the one that the leading directions of what is left lean on most."""

import numpy as np
from scipy.linalg import eigh

from ..arguments import is_whole
from ..dataset import Array
from ..moments import Moments
from ..regression.normal import Target
from .covariance import ROUNDING, refuse_mixing, standard, tilted, without
from .picks import COMBINATIONS, Picks, refuse_more, wanted


def cur(
    moments: Moments,
    number: int | None = None,
    *,
    mixing: float = 1.0,
    directions: int = 1,
    target: Target | None = None,
    temperature: float | None = None,
) -> Picks:
    """Descriptors of largest leverage π_j = Σ_k U_jk² on the leading eigenvectors of their correlations, from moments alone.

    After each choice its part is projected out of all others, and of the target. With ``mixing`` < 1 the eigenvectors are
    those of the covariance of principal covariates regression (PCov-CUR), so that predictive descriptors come first. The
    same picks as ``skmatter.feature_selection.CUR`` and ``PCovCUR`` make from standardised rows (Mahoney & Drineas, PNAS 106,
    697 (2009); Imbalzano et al., J. Chem. Phys. 148, 241730 (2018); Cersonsky et al., Mach. Learn.: Sci. Technol. 2, 035038
    (2021)).

    Args:
        moments: of the training data; of forces or of rows.
        number: of descriptors; by default as many as are linearly independent, or with ``mixing`` 0 until the target is explained.
        mixing: α of principal covariates; 1 for the descriptors alone, 0 for the target alone.
        directions: k, number of eigenvectors; 1 as a rule. When fewer directions are left, all of these.
        target, temperature: as for ``regression.ridge_path``.

    Returns:
        The picks; a score is π of what was left when it was chosen.

    Raises:
        TypeError: anything but moments.
        ValueError: a number, mixing or directions out of range, or more descriptors than are independent.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> rows = np.column_stack([x, x @ [1.0, 1.0, 1.0]])
        >>> cur(fl.Moments.from_rows(rows, x[:, 0]), 2).names  # the sum tells most of all
        ('D3', 'D2')
    """
    refuse_mixing(mixing)
    G, c = standard(moments, target, temperature)
    most = wanted(number, len(c))
    if not is_whole(directions) or not 1 <= directions <= len(c):
        raise ValueError(f"directions: expected 1 to {len(c)} eigenvectors, got {directions!r:.60}")
    indices: list[int] = []
    scores: list[float] = []
    while len(indices) < most and np.diag(G).max() > ROUNDING:
        leverages = _leverages(tilted(G, c, mixing), directions)
        leverages[np.diag(G) <= ROUNDING] = 0.0  # combinations of those chosen
        chosen = int(np.argmax(leverages))
        if leverages[chosen] == 0:
            break
        indices.append(chosen)
        scores.append(float(leverages[chosen]))
        G, c = without(G, c, chosen)
    explained = "those chosen before explain the target as far as any can"
    refuse_more(number, len(indices), COMBINATIONS if mixing else explained)
    return Picks.of(moments, indices, scores)


def _leverages(C: Array, directions: int) -> Array:
    """(K,) Σ_k U_jk² over the eigenvectors of the largest eigenvalues; those without variance point anywhere, and are left out."""
    K = len(C)
    values, U = eigh(C, subset_by_index=[K - directions, K - 1])
    return (U[:, values > ROUNDING] ** 2).sum(axis=1)
