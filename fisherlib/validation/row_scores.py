"""How well held-out rows are predicted, for every strength of a penalty: risk and correlations, from moments alone."""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import kind
from ..comparison import Correlation
from ..dataset import Array, frozen
from ..moments import MomentRecord
from ..moments.from_rows import checked_rows
from ..progress import Progress
from ..regression import intercept
from ..regression.ridge import positive_strengths
from .row_folds import Folds
from .treatments import Treatment, squared_errors

#: A variance below this share of the mean square is what rounding leaves of a constant.
ROUNDING = 1e-13


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """Predictions of held-out rows against what was measured, for n strengths.

    Attributes:
        strengths: (n,) λ̃/rows.
        rows: mean number of training rows; λ̃ is this many times a strength.
        risk: (n,) mean squared error over all held-out rows.
        risk_error: (n,) its standard error over folds; too small where folds overlap, as random splits do.
        pearson_pooled: (n,) correlation over the rows of all blocks together.
        pearson_each: block → (n,) correlation over its rows; NaN for a block of fewer than three.
        folds: which rows were held out.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, blocks = rng.normal(size=(90, 3)), np.arange(90) // 30
        >>> from fisherlib.validation import TREATMENTS, folds
        >>> found = scores(folds(blocks), x, x @ [1.0, 2.0, 0.0], TREATMENTS["MAP-Ridge"], [1e-9, 10.0])
        >>> bool(found.pearson_mean[0] > 0.999), found.strength, found.rows
        (True, 1e-09, 60.0)
    """

    strengths: Array
    rows: float
    risk: Array
    risk_error: Array
    pearson_pooled: Array
    pearson_each: Mapping[str, Array]
    folds: Folds

    @property
    def strength(self) -> float:
        """The strength of the lowest risk; a risk that is quoted for it was lowered by the choice."""
        return float(self.strengths[np.argmin(np.where(np.isnan(self.risk), np.inf, self.risk))])

    def correlation(self, number: int = 0) -> Correlation:
        """Both correlations at one of the strengths, by its number; of a nested treatment there is only one."""
        each = {block: float(r[number]) for block, r in self.pearson_each.items()}
        return Correlation(pooled=float(self.pearson_pooled[number]), each=each)

    @property
    def nll(self) -> Array:
        """(n,) expected negative log-likelihood of a row, nats, with the noise that fits best: ½ ln(2πe risk)."""
        with np.errstate(divide="ignore"):  # a prediction without any error
            return 0.5 * (np.log(2 * np.pi * self.risk) + 1)

    @property
    def nll_error(self) -> Array:
        """(n,) its standard error, to first order."""
        return np.divide(0.5 * self.risk_error, self.risk, out=np.full(len(self.risk), np.nan), where=self.risk > 0)

    @property
    def pearson_mean(self) -> Array:
        """(n,) mean over blocks of the correlation within each; NaN where nothing is predicted to vary."""
        each, known = self._known()
        return np.divide(np.nansum(each, axis=0), known, out=np.full(len(known), np.nan), where=known > 0)

    @property
    def pearson_error(self) -> Array:
        """(n,) standard error of ``pearson_mean`` over blocks; NaN for fewer than two."""
        each, known = self._known()
        squares = np.nansum((each - self.pearson_mean) ** 2, axis=0)
        return np.sqrt(np.divide(squares, known * (known - 1), out=np.full(len(known), np.nan), where=known > 1))

    def _known(self) -> tuple[Array, Array]:
        """(blocks, n) correlations, and (n,) the number of those that are known."""
        each = np.array(list(self.pearson_each.values()))
        return each, np.isfinite(each).sum(axis=0)


def scores(
    folds: Folds,
    X: ArrayLike,
    y: ArrayLike,
    treatment: Treatment,
    strengths: ArrayLike = (1.0,),
    *,
    clip: float | None = 5.0,
    progress: Progress | None = None,
) -> Scores:
    """How well a treatment predicts rows that it has not seen.

    Args:
        folds: from ``validation.folds``.
        X: (n, K) descriptors.
        y: (n,) what is to be predicted.
        treatment: one of ``TREATMENTS``, or ``nested`` of it.
        strengths: (n,) λ̃/rows > 0.
        clip: standard deviations of the training rows at which a descriptor is cut off, or None.
        progress: called with (folds done, folds in all), before each fold.

    Raises:
        TypeError: no folds, or no treatment.
        ValueError: as for ``Folds.splits``, or strengths that are not positive.

    Example:
        >>> from fisherlib.validation import TREATMENTS, folds, nested
        >>> rng = np.random.default_rng(0)
        >>> x, blocks = rng.normal(size=(90, 3)), np.arange(90) // 30
        >>> lasso = nested(TREATMENTS["MAP-Lasso"], [1e-3, 1e-2, 1e-1])
        >>> scores(folds(blocks), x, x @ [1.0, 2.0, 0.0], lasso).risk.shape
        (1,)
    """
    kind("folds", folds, Folds, "scores(validation.folds(blocks), X, y, treatment, strengths)")
    if not callable(treatment):
        raise TypeError(f"treatment: expected one of validation.TREATMENTS, got {type(treatment).__name__}")
    tried, sums, each, trained = positive_strengths(strengths), dict[str, Any](), [], []
    origin = float(np.mean(checked_rows(X, y, folds.blocks)[1]))
    for done, split in enumerate(folds.splits(X, y, clip=clip)):
        if progress is not None:
            progress(done, folds.k)
        train = split.train.total()
        thetas = treatment(split.train, tried)
        lost = sum(squared_errors(record, train, thetas) for record in split.test.values())
        each.append((lost, sum(record.configurations for record in split.test.values())))
        trained.append(train.configurations)
        for key, record in split.test.items():
            sums[key] = sums.get(key, 0.0) + _sums(record, train, thetas, origin)
    lost, sizes = (np.array(part) for part in zip(*each, strict=True))
    means = lost / sizes[:, None]
    error = means.std(axis=0, ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.full(len(lost[0]), np.nan)
    return Scores(
        strengths=tried,
        rows=float(np.mean(trained)),
        risk=frozen(np.maximum(lost.sum(axis=0), 0.0) / sizes.sum()),
        risk_error=frozen(error),
        pearson_pooled=frozen(_pearson(sum(sums.values()))),
        pearson_each={key: _pearson(found) for key, found in sums.items()},
        folds=folds,
    )


def _sums(test: MomentRecord, train: MomentRecord, thetas: Array, origin: float) -> Array:
    """(6, n) number, Σp, Σy, Σp², Σy², Σpy of predictions p and of y, both less a constant that keeps digits."""
    K, m = train.K, test.configurations
    p = thetas @ (test.mean - train.mean)[:K] + (train.mean[K] - origin)
    y = np.full(len(p), test.mean[K] - origin)
    S, c = test.scatter[:K, :K], test.scatter[:K, K]
    pp = np.einsum("nk,kl,nl->n", thetas, S, thetas, optimize=True)
    return np.array(
        [
            np.full(len(p), float(m)),
            m * p,
            m * y,
            pp + m * p * p,
            test.scatter[K, K] + m * y * y,
            thetas @ c + m * p * y,
        ]
    )


def _pearson(sums: Array) -> Array:
    m, p, y, pp, yy, py = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        varied = [np.where((left := a2 - a * a / m) > ROUNDING * a2, left, 0.0) for a, a2 in ((p, pp), (y, yy))]
        spread = np.sqrt(varied[0]) * np.sqrt(varied[1])
        r = np.where(spread > 0, (py - p * y / m) / spread, np.nan)
    return frozen(np.where(m > 2, r, np.nan))


def held_out_rows(
    folds: Folds, X: ArrayLike, y: ArrayLike, model: Any, strength: float = 1.0, *, clip: float | None = 5.0
) -> Array:
    """(n,) the prediction of each row by a model that has not seen it: the mean over the folds that hold it out, or NaN.

    Args:
        folds, X, y, clip: as for ``scores``.
        model: a treatment, or an estimator with ``fit`` and ``predict`` as in scikit-learn; each fold fits a copy of it, to X
            and y in units of the standard deviation of the training rows.
        strength: of a treatment.

    Raises:
        TypeError, ValueError: as for ``scores``.

    Example:
        >>> from sklearn.linear_model import LinearRegression
        >>> from fisherlib.validation import folds
        >>> x, blocks = np.random.default_rng(0).normal(size=(90, 3)), np.arange(90) // 30
        >>> predicted = held_out_rows(folds(blocks), x, x @ [1.0, 2.0, 0.0], LinearRegression())
        >>> bool(np.corrcoef(predicted, x @ [1.0, 2.0, 0.0])[0, 1] > 0.99)
        True
    """
    kind("folds", folds, Folds, "held_out_rows(validation.folds(blocks), X, y, model)")
    if not callable(model) and not hasattr(model, "fit"):
        raise TypeError(
            f"model: expected a treatment, or an estimator with fit and predict, got {type(model).__name__}"
        )
    X, y, _ = checked_rows(X, y, folds.blocks)
    total, times = np.zeros(len(y)), np.zeros(len(y))
    for fold, (rows, split) in enumerate(zip(folds.held_out, folds.splits(X, y, clip=clip), strict=True)):
        Z, train = folds.clipped(X, fold, clip), folds.trained(fold)
        if hasattr(model, "fit"):
            total[rows] += _estimated(model, Z[train], y[train], Z[rows])
        else:
            theta = model(split.train, positive_strengths([strength]))[0]
            total[rows] += Z[rows] @ theta + intercept(split.train, theta)
        times[rows] += 1
    return np.divide(total, times, out=np.full(len(y), np.nan), where=times > 0)


def _estimated(model: Any, X: Array, y: Array, new: Array) -> Array:
    """Predictions of a copy of an estimator."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    scale, origin, unit = np.where(scale > 0, scale, 1.0), y.mean(), y.std() or 1.0
    fitted = copy.deepcopy(model).fit((X - mean) / scale, (y - origin) / unit)
    return origin + unit * np.asarray(fitted.predict((new - mean) / scale), dtype=np.float64)
