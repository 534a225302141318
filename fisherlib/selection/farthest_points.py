"""Farthest points: each descriptor is the one least like those already chosen."""

import numpy as np

from ..arguments import is_whole
from ..moments import Moments
from ..regression.normal import Target
from .covariance import ROUNDING, refuse_mixing, standard, tilted
from .picks import Picks, refuse_more, wanted


def farthest_points(
    moments: Moments,
    number: int | None = None,
    *,
    start: int = 0,
    mixing: float = 1.0,
    target: Target | None = None,
    temperature: float | None = None,
) -> Picks:
    """Descriptors that lie as far from each other as possible, by d²(i, j) = C_ii + C_jj − 2 C_ij, from moments alone.

    Each choice is the descriptor whose distance to the nearest one chosen is largest. C are correlations, or with
    ``mixing`` < 1 the covariance of principal covariates regression, so that predictive directions count more. The same
    picks as ``skmatter.feature_selection.FPS`` and ``PCovFPS`` make from standardised rows (Eldar, Lindenbaum, Porat &
    Zeevi, IEEE Trans. Image Process. 6, 1305 (1997); Cersonsky, Helfrecht, Engel, Kliavinek & Ceriotti, Mach. Learn.:
    Sci. Technol. 2, 035038 (2021)). A descriptor and its negative are far apart, although one tells as much as the other.

    Args:
        moments: of the training data; of forces or of rows.
        number: of descriptors; by default as many as differ from each other.
        start: index of the first one.
        mixing: α of principal covariates; 1 for the descriptors alone, 0 for the target alone.
        target, temperature: as for ``regression.ridge_path``.

    Returns:
        The picks; a score is the squared distance to those before, of the first one ∞.

    Raises:
        TypeError: anything but moments.
        ValueError: a number, start or mixing out of range, or more descriptors than differ from each other.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> rows = np.column_stack([x, x[:, 0] + 0.1 * x[:, 1]])  # the last is nearly the first
        >>> farthest_points(fl.Moments.from_rows(rows, x[:, 0]), 3).indices.tolist()
        [0, 2, 1]
    """
    refuse_mixing(mixing)
    G, c = standard(moments, target, temperature)
    most = wanted(number, len(c))
    if not is_whole(start) or not 0 <= start < len(c):
        raise ValueError(f"start: expected the index of one of {len(c)} descriptors, got {start!r:.60}")
    C = tilted(G, c, mixing)
    norms = np.diag(C)
    distances = np.full(len(c), np.inf)
    indices, scores = [int(start)], [np.inf]
    while len(indices) < most:
        last = indices[-1]
        distances = np.minimum(distances, norms + norms[last] - 2 * C[last])
        distances[indices] = 0.0
        farthest = int(np.argmax(distances))
        if distances[farthest] <= ROUNDING * np.trace(C):
            break
        indices.append(farthest)
        scores.append(float(distances[farthest]))
    refuse_more(number, len(indices), "all other descriptors are copies of those chosen before")
    return Picks.of(moments, indices, scores)
