"""Pearson's correlation of predicted and measured values, and the highest that the noise of a measurement allows."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import positive
from ..dataset import Array
from .distances import finite_sample

#: A spread below this share of the values is what rounding leaves of a constant.
CONSTANT = 1e-12


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Correlation:
    """Pearson's r in its two usual definitions, which differ where the means of the blocks do.

    Attributes:
        pooled: over all rows at once.
        each: within each block, by its name. NaN where there is none: predictions that do not vary, fewer than three rows,
            or, of a noise ceiling, halves that do not agree at all.

    Example:
        >>> pearson([1.0, 2.0, 4.0, 5.0, 6.0, 9.0], [1.0, 3.0, 4.0, 1.0, 2.0, 3.0], [0, 0, 0, 1, 1, 1]).words()
        'r = 0.94 ± 0.02 within 2 blocks, 0.23 pooled'
    """

    pooled: float
    each: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Mean over the blocks."""
        return float(np.mean(list(self.each.values())))

    @property
    def error(self) -> float:
        """Standard error of the mean over the blocks; NaN for one block, which tells nothing about others."""
        r = np.array(list(self.each.values()))
        return float(r.std(ddof=1) / np.sqrt(len(r))) if len(r) > 1 else float("nan")

    def words(self) -> str:
        """One line for a reader, with the error bar where there is one, or what to do where there is no value."""
        lost = [name for name, r in self.each.items() if np.isnan(r)]
        if lost:
            some = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
            return (
                f"no correlation in {some}: nothing is predicted to vary there, or, of a ceiling, the halves do not agree at "
                "all; average over more runs"
            )
        if len(self.each) == 1:
            return f"r = {self.pooled:.2f} in one block, so without an error bar"
        return f"r = {self.mean:.2f} ± {self.error:.2f} within {len(self.each)} blocks, {self.pooled:.2f} pooled"


def pearson(predicted: ArrayLike, actual: ArrayLike, blocks: ArrayLike | None = None) -> Correlation:
    """Pearson's correlation, over all rows and within each block.

    Args:
        predicted: (n,) values of a model.
        actual: (n,) measured ones, in the same order.
        blocks: (n,) name of the block of each row, such as its configuration; one block by default.

    Raises:
        ValueError: samples of different lengths, not finite, constant, or with fewer than 3 rows in a block.

    Example:
        >>> print(f"{pearson([1.0, 2.0, 4.0], [2.0, 3.0, 6.0]).pooled:.3f}")
        0.996
    """
    x, y = finite_sample("predicted", predicted), finite_sample("actual", actual)
    return _correlation(("predicted", x), ("actual", y), blocks)


def noise_ceiling(
    first: ArrayLike, second: ArrayLike, blocks: ArrayLike | None = None, *, factor: float = 2.0
) -> Correlation:
    """Correlation with a noisy mean that a model without any error would reach: √(f r / (1 + (f − 1) r)).

    The means over two halves of the runs agree as far as noise allows, with correlation r. The mean over all, f = 2 times as
    many runs as a half, then has the reliability 2r/(1 + r), whose root is its correlation with the mean over infinitely
    many (C. Spearman and W. Brown, Br. J. Psychol. 3, 271 and 296 (1910)).

    Args:
        first, second: (n,) means over one half of the runs and over the other.
        blocks: (n,) as for ``pearson``, which raises the same errors.
        factor: how many times as many runs as in one half the measured mean is over.

    Returns:
        Ceilings; NaN where the halves are correlated negatively, which needs more runs.

    Example:
        >>> halves = [1.0, 2.0, 3.0, 4.0], [1.5, 1.5, 3.5, 3.5]
        >>> [round(noise_ceiling(*halves, factor=f).pooled, 3) for f in (1, 2, 16)]
        [0.946, 0.972, 0.996]
    """
    f = positive("factor", factor)
    found = _correlation(("first", finite_sample("first", first)), ("second", finite_sample("second", second)), blocks)
    return Correlation(pooled=_ceiling(found.pooled, f), each={name: _ceiling(r, f) for name, r in found.each.items()})


def _ceiling(r: float, f: float) -> float:
    return float(np.sqrt(f * r / (1.0 + (f - 1.0) * r))) if r >= 0 else float("nan")


def _correlation(x: tuple[str, Array], y: tuple[str, Array], blocks: ArrayLike | None) -> Correlation:
    if len(y[1]) != (n := len(x[1])):
        raise ValueError(f"{y[0]}: expected {n} values, as many as {x[0]}, got {len(y[1])}")
    of = np.full(n, "all") if blocks is None else np.asarray(blocks).astype(str)
    if of.shape != (n,):
        raise ValueError(f"blocks: expected {n} names, one for each row, got shape {of.shape}")
    each = {str(name): _r(x, y, of == name, f"block {name!s:.40}") for name in dict.fromkeys(of)}
    return Correlation(pooled=_r(x, y, of == of, "all"), each=each)


def _r(x: tuple[str, Array], y: tuple[str, Array], rows: Array, place: str) -> float:
    if rows.sum() < 3:
        raise ValueError(f"{x[0]}: expected at least 3 rows for a correlation, got {rows.sum()} in {place}")
    a, b = x[1][rows], y[1][rows]
    for name, values in ((x[0], a), (y[0], b)):
        if np.ptp(values) <= CONSTANT * np.abs(values).max():
            raise ValueError(f"{name}: expected values that differ, got a constant in {place}; it has no correlation")
    return float(np.clip(np.corrcoef(a / np.abs(a).max(), b / np.abs(b).max())[0, 1], -1.0, 1.0))
