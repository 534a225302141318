"""Descriptors in the order in which the path of the lasso takes them in."""

import numpy as np

from ..dataset import frozen
from ..moments import Moments
from ..regression import lasso_path
from ..regression.normal import Target
from .covariance import standard
from .picks import Picks, refuse_more, wanted

#: Strengths that are followed, as shares of the one that leaves no weight.
SHARES = frozen(np.logspace(0, -6, 121))


def by_lasso(
    moments: Moments,
    number: int | None = None,
    *,
    target: Target | None = None,
    temperature: float | None = None,
) -> Picks:
    """Descriptors by the strength of the lasso at which each first has a weight, the largest first, from moments alone.

    Args:
        moments: of the training data; of forces or of rows.
        number: of descriptors; by default all that come in down to a millionth of the largest strength.
        target, temperature: as for ``regression.ridge_path``.

    Returns:
        The picks; a score is that strength, without unit. Of those that come in between two strengths, the one with the
        larger weight is first.

    Raises:
        TypeError: anything but moments.
        ValueError: a number out of range, or more descriptors than come in.
        ModuleNotFoundError: scikit-learn is not installed.

    Source: Tibshirani, J. R. Stat. Soc. B 58, 267 (1996).

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(200, 3))
        >>> by_lasso(fl.Moments.from_rows(x, x @ [3.0, 0.0, 1.0]), 2).names
        ('D0', 'D2')
    """
    _, c = standard(moments, target, temperature)
    most = wanted(number, len(c))
    strengths = np.abs(c).max() * np.sqrt(len(c)) * SHARES
    path = lasso_path(moments, strengths, target=target, temperature=temperature)
    live = path.weights != 0
    entry = np.where(live, path.strengths[:, None], 0.0).max(axis=0)
    at_entry = np.abs(path.weights[np.argmax(live, axis=0), np.arange(len(c))])
    order = np.lexsort((-at_entry, -entry))[: np.count_nonzero(entry)][:most].tolist()
    refuse_more(number, len(order), f"no other has a weight at any strength down to {SHARES[-1]:.0e} of the largest")
    return Picks.of(moments, order, entry[order].tolist())
