"""Error bars of the mean of a whole unseen block, such as the mean propensity of a configuration, by four methods."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ..arguments import kind, positive
from ..dataset import Array, frozen
from ..moments import MomentRecord, Moments
from ..regression import intercept, ridge_path

#: The method to trust: it sees how far the means of blocks are off that were left out.
DEFAULT = "block cross-validation"


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class BlockMeans:
    """Means of unseen blocks as predicted and as measured, with the standard error that each method expects.

    Attributes:
        names: of the B blocks.
        predicted, measured: (B,) mean of each.
        errors: method → (B,) standard error of the prediction.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> x, block = rng.normal(size=(120, 2)), np.arange(120) // 10
        >>> y = x @ [1.0, 2.0] + rng.normal(size=12)[block]  # what the blocks differ in, no descriptor knows
        >>> moments = fl.Moments.from_rows(x, y, block)
        >>> found = block_means(moments.drop(["0", "1"]), moments.select(["0", "1"]), 1e-6)
        >>> bool(found.errors["iid"][0] < 0.6 < found.errors[DEFAULT][0]), found.z[DEFAULT].shape
        (True, (2,))
    """

    names: tuple[str, ...]
    predicted: Array
    measured: Array
    errors: Mapping[str, Array]

    @property
    def z(self) -> dict[str, Array]:
        """Method → (B,) error of the prediction in units of its error bar."""
        return {name: (self.measured - self.predicted) / error for name, error in self.errors.items()}

    @property
    def rms(self) -> dict[str, float]:
        """Method → root mean square of z: 1 for bars that are right, large for bars that are too small."""
        return {name: float(np.sqrt(np.mean(z**2))) for name, z in self.z.items()}

    @classmethod
    def joined(cls, parts: "list[BlockMeans]") -> "BlockMeans":
        """Those of several calls together, as of blocks that were left out one at a time."""
        return cls(
            names=tuple(name for part in parts for name in part.names),
            predicted=np.concatenate([part.predicted for part in parts]),
            measured=np.concatenate([part.measured for part in parts]),
            errors={name: np.concatenate([part.errors[name] for part in parts]) for name in parts[0].errors},
        )


def block_means(moments: Moments, new: Moments, strength: float) -> BlockMeans:
    """Error bars of the means of unseen blocks by a ridge, by four methods; the last is to be trusted.

    "iid": Bayesian ridge regression, in which every row is an independent draw: σ² (1/m + 1/n + x̄ᵀ(S + λ̃)⁻¹x̄) for m rows
    of mean x̄. "sandwich": the scatter of the scores of whole blocks in place of σ². "jackknife": the scatter of fits that leave
    out one block each. "block cross-validation": the root mean square of the errors of the means of blocks that were
    left out of the fit, so it is for blocks about as large as those. It is an estimate from n blocks: with few, z is as
    wide as Student's t of n degrees of freedom, whose root mean square is √(n/(n − 2)). The first three ask only how well θ is known. What makes whole blocks differ from each other, and is
    in no descriptor, only the last one sees.

    Args:
        moments: of the training blocks, of ``Moments.from_rows``; the better the more blocks.
        new: of unseen blocks.
        strength: λ̃/n of the ridge, e.g. by ``validation.chosen``.

    Raises:
        TypeError: anything but moments.
        ValueError: fewer than three training blocks, other descriptors, or blocks that are in both.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(120, 2))
        >>> moments = fl.Moments.from_rows(x, x @ [1.0, 2.0] + rng.normal(size=120), np.arange(120) // 10)
        >>> sorted(block_means(moments.drop("0"), moments.select("0"), 1e-6).rms)
        ['block cross-validation', 'iid', 'jackknife', 'sandwich']
    """
    for name, given in (("moments", moments), ("new", new)):
        kind(name, given, Moments, "block_means(Moments.from_rows(X, y, blocks), …)")
    positive("strength", strength)
    if len(moments) < 3:
        raise ValueError(f"moments: expected at least 3 blocks, to see how they scatter, got {len(moments)}")
    if moments.K != new.K or moments.keys() & new.keys():
        raise ValueError("new: expected other blocks than the training blocks, with the same descriptors")
    total, K = moments.total(), moments.K
    means = np.array([record.mean[: K + 1] for record in new.values()])
    sizes = np.array([record.configurations for record in new.values()])
    path = ridge_path(total, [strength])
    theta, noise = (
        path.thetas[0],
        path.residual_sum[0] / max(total.configurations - path.effective_parameters[0] - 1, 1.0),
    )
    W = np.zeros((K + 1, K + 1))  # inverse of the normal equations of (θ, a), with x about its mean
    V, variance = path.directions, np.diag(total.scatter)[:K]
    open_to = np.diag(np.divide(1.0, variance, out=np.zeros(K), where=V.any(axis=1))) - V @ V.T
    W[:K, :K] = (
        V / (path.eigenvalues + strength) @ V.T + open_to / strength
    )  # what the data leave open the prior decides
    W[K, K] = 1.0 / total.configurations
    x = np.column_stack([means[:, :K] - total.mean[:K], np.ones(len(means))])
    known, own = np.einsum("bi,ij,bj->b", x, W, x), noise / sizes
    scores = np.array([_score(record, total, theta) for record in moments.values()])
    pull = scores @ W @ x.T
    left_out = [(record, _fit(moments.drop(key), strength)) for key, record in moments.items()]
    predictions = np.array([means[:, :K] @ t + a for _, (t, a) in left_out])
    missed = [record.mean[K] - record.mean[:K] @ t - a for record, (t, a) in left_out]
    n = len(moments)
    squares = {
        "iid": own + noise * known,
        "sandwich": own + n / (n - 1) * (pull**2).sum(axis=0),
        "jackknife": own + (n - 1) * predictions.var(axis=0),
        DEFAULT: np.full(len(means), np.mean(np.square(missed))),
    }
    return BlockMeans(
        names=tuple(new),
        predicted=frozen(means[:, :K] @ theta + intercept(total, theta)),
        measured=frozen(means[:, K].copy()),
        errors={name: frozen(np.sqrt(square)) for name, square in squares.items()},
    )


def _fit(train: Moments, strength: float) -> tuple[Array, float]:
    total = train.total()
    theta = ridge_path(total, [strength]).thetas[0]
    return theta, intercept(total, theta)


def _score(record: MomentRecord, total: MomentRecord, theta: Array) -> Array:
    """(K + 1,) Σ (x, 1) e over the rows of a block, with x and the errors e about the means of all rows."""
    K = len(theta)
    step = record.mean[: K + 1] - total.mean[: K + 1]
    error = step[K] - theta @ step[:K]
    inside = record.scatter[:K, K] - record.scatter[:K, :K] @ theta
    return record.configurations * error * np.r_[step[:K], 1.0] + np.r_[inside, 0.0]
