"""The search behind sparse laws: screen, fit all combinations, exchange, screen again; for any weights of the rows."""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array
from ..moments import Moments
from ..regression import best_subsets

Indices = NDArray[np.intp]

#: Share of its parts that a constant must have: below it, it is the rounding of zero.
_ROUNDING = 1e-13
#: Share of its variance that a feature must keep on the rows of a fit.
_VARIES = 1e-10
#: Share of its variance that must be left of a feature beside others, and gain of an exchange that is more than rounding.
_COPY, _BETTER = 1e-8, 1e-9
#: Share of y² that is rounding; and exchanges, at most: rounding must not go in circles.
_NOTHING, _EXCHANGES = 1e-20, 60
#: Features that are screened at once: with more than fit beside each other no matrix of all of them is ever made.
_BLOCK = 20_000


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Search:
    """Features, a target, and how many of them to look at. Weights w (n,) are whole numbers: how often each row counts.

    Attributes:
        z: (K, n) features with mean 0 and variance 1.
        values: (K, n) the same in their units.
        y: (n,) target.
        terms: 1, 2 or 3.
        screened: features that join in each round.
        residuals: best laws whose residuals are screened against.
    """

    z: Array
    values: Array
    y: Array
    terms: int
    screened: int
    residuals: int

    def sets(self, w: Array) -> list[Indices]:
        """The best set of one, two, … features on weighted rows."""
        left, kept, best = self.y[None], np.zeros(0, dtype=np.intp), []
        rows = np.repeat(np.arange(len(w)), w.astype(int))
        for size in range(1, self.terms + 1):
            score = self._correlations(left, w)
            score[kept] = -1.0
            more = np.argsort(-score, kind="stable")[: min(self.screened, len(score) - len(kept))]
            kept = np.r_[kept, more]
            moments = Moments.from_rows(self.z[kept][:, rows].T, self.y[rows])
            found = kept[best_subsets(moments, size, number=self.residuals).indices]
            best.append(self._exchanged(found[0], w))
            left = np.array([self.residual(each, w) for each in (best[-1], *found)])
        return best

    def fitted(self, chosen: Indices, w: Array) -> tuple[Array, float]:
        """Coefficients (k,) and the constant of least squares on weighted rows."""
        w, F = w / w.sum(), self.values[chosen]
        mean, level = F @ w, float(self.y @ w)
        scale = np.sqrt((F - mean[:, None]) ** 2 @ w)
        scale[scale == 0] = 1.0
        root = np.sqrt(w)
        weights = np.linalg.lstsq(((F - mean[:, None]) / scale[:, None] * root).T, (self.y - level) * root, rcond=None)[
            0
        ]
        theta = weights / scale
        parts = np.r_[level, -theta * mean]
        constant = float(parts.sum())
        return theta, constant if abs(constant) > _ROUNDING * np.abs(parts).sum() else 0.0

    def residual(self, chosen: Indices, w: Array) -> Array:
        """(n,) what a fit to weighted rows leaves, on all rows."""
        theta, intercept = self.fitted(chosen, w)
        return self.y - theta @ self.values[chosen] - intercept

    @property
    def combinations(self) -> int:
        """Number of those that ``sets`` tries."""
        return sum(math.comb(min(self.screened * size, len(self.z)), size) for size in range(1, self.terms + 1))

    def _exchanged(self, chosen: Indices, w: Array) -> Indices:
        """The set after each member has given way to the best of all features beside the others, until none is better.

        Screening ranks features one by one, so a term can hide behind a hundred copies of a stronger one; here it cannot.
        """
        chosen, settled = chosen.copy(), 0
        for step in range(_EXCHANGES if len(chosen) > 1 else 0):
            at = step % len(chosen)
            gains = self._gains(np.delete(chosen, at), w)
            top = int(np.argmax(gains))
            better = gains[top] > (1 + _BETTER) * gains[chosen[at]]
            chosen[at], settled = (top, 1) if better else (chosen[at], settled + 1)
            if settled == len(chosen):
                break
        return chosen

    def _gains(self, others: Indices, w: Array) -> Array:
        """(K,) what each feature explains of y beside the others, as a share of its variance."""
        root = np.sqrt(w / w.sum())
        basis = np.linalg.qr(np.column_stack([root, (self.z[others] * root).T]))[0]
        y = self.y * root
        y, all_of_it = y - basis @ (basis.T @ y), float(y @ y)
        if not y @ y > _NOTHING * all_of_it:  # the others leave nothing but rounding
            return np.zeros(len(self.z))
        gains = np.empty(len(self.z))
        for start in range(0, len(self.z), _BLOCK):
            z = self.z[start : start + _BLOCK]
            variance = z**2 @ root**2 - ((z @ (basis * root[:, None])) ** 2).sum(axis=1)
            new = variance > _COPY
            gains[start : start + _BLOCK] = np.where(new, (z @ (y * root)) ** 2 / np.where(new, variance, 1.0), 0.0)
        return gains / float(y @ y)

    def _correlations(self, left: Array, w: Array) -> Array:
        """(K,) largest correlation of each feature with any of the residuals (m, n), some thousand features at a time."""
        w = w / w.sum()
        centred = left - (left @ w)[:, None]
        target = (centred * w / np.sqrt(np.maximum(centred**2 @ w, np.finfo(float).tiny))[:, None]).T
        score = np.empty(len(self.z))
        for start in range(0, len(self.z), _BLOCK):
            z = self.z[start : start + _BLOCK]
            variance = z**2 @ w - (z @ w) ** 2
            found = np.abs(z @ target).max(axis=1)
            root = np.sqrt(np.maximum(variance, _VARIES))
            score[start : start + _BLOCK] = np.where(variance > _VARIES, found / root, 0.0)
        return score
