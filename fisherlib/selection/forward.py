"""Forward selection: each descriptor is the one that explains most of what those already chosen leave."""

import numpy as np

from ..moments import Moments
from ..regression.normal import Target
from .covariance import standard, without
from .picks import Picks, refuse_more, wanted

#: What is left of the variance of a descriptor, over its own, below which it is a copy of those chosen.
COPY = 1e-10


def forward(
    moments: Moments,
    number: int | None = None,
    *,
    target: Target | None = None,
    temperature: float | None = None,
) -> Picks:
    """Descriptors by the squared error that least squares with one more of them removes, from moments alone.

    Orthogonal least squares (Chen, Billings & Luo, Int. J. Control 50, 1873 (1989)): greedy l0, which
    ``regression.best_subsets`` solves exactly for up to three. The first choice is of both the same.

    Args:
        moments: of the training data; of forces or of rows.
        number: of descriptors; by default as many as are linearly independent.
        target, temperature: as for ``regression.ridge_path``.

    Returns:
        The picks; a score is the share of the variance of the target that it explains beyond those before.

    Raises:
        TypeError: anything but moments.
        ValueError: a number out of range, or more descriptors than are independent.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> found = forward(fl.Moments.from_rows(x, x @ [3.0, 0.0, 1.0]), 2)
        >>> found.names, found.scores.round(2)
        (('D0', 'D2'), array([0.9, 0.1]))
    """
    G, c = standard(moments, target, temperature)
    most, own = wanted(number, len(c)), np.diag(G).copy()
    indices: list[int] = []
    scores: list[float] = []
    while len(indices) < most:
        left = np.diag(G)
        free = left > COPY * own
        if not free.any():
            break
        gains = np.divide(c * c, left, out=np.full(len(c), -1.0), where=free)
        chosen = int(np.argmax(gains))
        indices.append(chosen)
        scores.append(float(gains[chosen]))
        G, c = without(G, c, chosen)
    refuse_more(number, len(indices))
    return Picks.of(moments, indices, scores)
