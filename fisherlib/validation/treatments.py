"""Four treatments of one linear model: from training moments to weights, for every strength of the penalty."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import kind
from ..dataset import Array
from ..moments import MomentRecord, Moments
from ..regression import Correlations, debias, evidence, lasso_path, ridge_path
from ..regression.ridge import positive_strengths

#: Training moments, by parts, and n strengths → parameters (n, K).
Treatment = Callable[[Moments, Array], Array]

#: Strengths λ̃/n of a ridge, and of a lasso, that are tried where none are given.
RIDGE, LASSO = np.logspace(-6, 1, 57), np.logspace(-3, 0, 37)


def map_ridge(train: Moments, strengths: ArrayLike) -> Array:
    """(n, K) the most likely weights under a Gaussian prior.

    >>> import fisherlib as fl
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> map_ridge(fl.Moments.from_rows(x, x @ [1.0, 2.0]), [1e-9]).round(3)
    array([[1., 2.]])
    """
    return ridge_path(train.total(), strengths).thetas


def map_lasso(train: Moments, strengths: ArrayLike) -> Array:
    """(n, K) the most likely weights under a prior that falls exponentially with their size.

    >>> import fisherlib as fl
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> np.count_nonzero(map_lasso(fl.Moments.from_rows(x, x @ [1.0, 2.0]), [2.0, 1e-3]), axis=1)
    array([0, 2])
    """
    return lasso_path(train.total(), strengths).thetas


def map_debias(train: Moments, strengths: ArrayLike) -> Array:
    """(n, K) a ridge on the descriptors that a lasso selects, with its strength chosen inside the training data.

    >>> import fisherlib as fl
    >>> x = np.random.default_rng(0).normal(size=(90, 3))
    >>> moments = fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.0], np.arange(90) // 30)
    >>> map_debias(moments, [1e-9]).round(3)
    array([[1., 2., 0.]])
    """
    return debias(train.total(), selected(train), strengths).thetas


def bayes_ridge(train: Moments, strengths: ArrayLike) -> Array:
    """(n, K) a ridge with the strength of the highest evidence, whatever strengths are given.

    >>> import fisherlib as fl
    >>> x = np.random.default_rng(0).normal(size=(40, 2))
    >>> bayes_ridge(fl.Moments.from_rows(x, x @ [1.0, 2.0]), [1.0]).round(3)
    array([[1., 2.]])
    """
    return np.tile(evidence(train.total()).theta, (len(np.atleast_1d(strengths)), 1))


TREATMENTS: dict[str, Treatment] = {
    "MAP-Ridge": map_ridge,
    "MAP-Lasso": map_lasso,
    "MAP-Debias": map_debias,
    "Bayes-Ridge": bayes_ridge,
}


def selected(train: Moments) -> NDArray[np.intp]:
    """Indices of the descriptors that a lasso leaves, at the strength of the lowest error on parts held out of ``train``.

    >>> import fisherlib as fl
    >>> x = np.random.default_rng(0).normal(size=(90, 3))
    >>> selected(fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.0], np.arange(90) // 30)).tolist()
    [0, 1]
    """
    strength = chosen(train, map_lasso, LASSO)
    support = lasso_path(train.total(), [strength]).support(strength)
    return support if len(support) else np.array([np.argmax(np.abs(Correlations.of(train.total()).r))])


def chosen(train: Moments, treatment: Treatment, strengths: ArrayLike) -> float:
    """The strength of the lowest squared error on parts that are held out of ``train`` one at a time.

    Args:
        train: moments of at least two parts.
        treatment: one of ``TREATMENTS``, or another of its kind.
        strengths: (n,) to choose from.

    Raises:
        ValueError: one part only.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(90, 3))
        >>> moments = fl.Moments.from_rows(x, x @ [1.0, 2.0, 0.0] + rng.normal(size=90), np.arange(90) // 30)
        >>> chosen(moments, map_ridge, [1e-6, 100.0])
        1e-06
    """
    kind("train", train, Moments, "chosen(Moments.from_rows(X, y, parts), map_ridge, strengths)")
    tried = positive_strengths(strengths)
    if len(train) < 2:
        raise ValueError("train: expected at least 2 parts, so that one can be held out to choose, got 1")
    lost = np.zeros(len(tried))
    for part in train:
        others = train.drop(part)
        lost += squared_errors(train[part], others.total(), treatment(others, tried))
    return float(tried[np.argmin(lost)])


def squared_errors(test: MomentRecord, train: MomentRecord, thetas: Array) -> Array:
    """(n,) Σ (y − θ·x − a)² over the rows of ``test``, with the constants a of ``train``; from moments alone.

    >>> import fisherlib as fl
    >>> rows = fl.Moments.from_rows([[0.0], [2.0], [1.0], [3.0]], [0.0, 2.0, 1.0, 5.0], [0, 0, 1, 1])
    >>> squared_errors(rows["1"], rows["0"], np.array([[1.0]]))
    array([4.])
    """
    K = train.K
    v = np.column_stack([-thetas, np.ones(len(thetas))])
    shift = v @ (test.mean - train.mean)[: K + 1]  # the constant is that of the means
    return (
        np.einsum("nk,kl,nl->n", v, test.scatter[: K + 1, : K + 1], v, optimize=True) + test.configurations * shift**2
    )


def nested(treatment: Treatment, strengths: ArrayLike) -> Treatment:
    """A treatment that chooses its strength anew inside each training set, so that the test rows have no say.

    Args:
        treatment: one of ``TREATMENTS``, or another of its kind.
        strengths: (n,) to choose from.

    Returns:
        A treatment that gives one row of parameters, whatever strengths it gets.

    Raises:
        TypeError: anything but a function.
        ValueError: strengths that are not positive.

    Example:
        >>> import fisherlib as fl
        >>> x = np.random.default_rng(0).normal(size=(90, 2))
        >>> moments = fl.Moments.from_rows(x, x @ [1.0, 2.0], np.arange(90) // 30)
        >>> nested(map_ridge, [1e-9, 1.0])(moments, [1.0]).round(3)
        array([[1., 2.]])
    """
    kind("treatment", treatment, Callable, "nested(validation.TREATMENTS['MAP-Ridge'], strengths)")
    tried = positive_strengths(strengths)

    def inside(train: Moments, strengths: ArrayLike) -> Array:
        return treatment(train, np.array([chosen(train, treatment, tried)]))

    return inside
