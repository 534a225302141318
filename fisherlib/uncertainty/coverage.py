"""How often the truth lies within bands, at several levels."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ..arguments import each, floats
from ..dataset import Array, frozen
from .conformal import LEVELS, block_names, checked_levels


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Coverage:
    """Which of M values lie within their bands, at each of L levels.

    Attributes:
        levels: (L,) nominal.
        inside: (L, M) whether each value is within its band.
        z: (M,) error over the standard deviation that its band stands for.
        blocks: (M,) block of each value, e.g. its trajectory. Blocks count as independent draws, values do not.

    Example:
        >>> found = coverage([0.5, -3.0, 0.2, 0.1], [1.0, 1.0, 1.0, 1.0], ["a", "a", "b", "b"], levels=[0.9])
        >>> found.observed, found.error, round(found.rms, 2)
        (array([0.75]), array([0.25]), 1.52)
    """

    levels: Array
    inside: NDArray[np.bool_]
    z: Array
    blocks: NDArray

    @property
    def by_block(self) -> Array:
        """(L, B) share of the values of each block that is within its band, in the order of the names of the blocks."""
        _, block, counts = np.unique(self.blocks, return_inverse=True, return_counts=True)
        return np.array([np.bincount(block, weights=hit) for hit in self.inside]) / counts

    @property
    def observed(self) -> Array:
        """(L,) mean of ``by_block``."""
        return self.by_block.mean(axis=1)

    @property
    def error(self) -> Array:
        """(L,) standard error of ``observed``, from the scatter between blocks; NaN of a single one."""
        shares = self.by_block
        B = shares.shape[1]
        return shares.std(axis=1, ddof=1) / np.sqrt(B) if B > 1 else np.full(len(shares), np.nan)

    @property
    def rms(self) -> float:
        """Root mean square of z: 1 for bands that are right, large for bands that are too narrow."""
        return float(np.sqrt(np.mean(self.z**2)))

    @classmethod
    def joined(cls, parts: "Sequence[Coverage]") -> "Coverage":
        """Those of several splits together. A block that was held out more than once is still one block.

        Raises:
            ValueError: nothing to join, or other levels.
        """
        parts = each("parts", parts, cls, "Coverage.joined([coverage(errors, bars, blocks), …])")
        if not parts or not all(np.array_equal(part.levels, parts[0].levels) for part in parts):
            raise ValueError("parts: expected coverages at the same levels")
        return cls(
            levels=parts[0].levels,
            inside=np.concatenate([part.inside for part in parts], axis=1),
            z=frozen(np.concatenate([part.z for part in parts])),
            blocks=np.concatenate([part.blocks for part in parts]),
        )


def coverage(errors: ArrayLike, bars: ArrayLike, blocks: ArrayLike, *, levels: ArrayLike = LEVELS) -> Coverage:
    """Whether errors lie within ± their bands, at several levels.

    Args:
        errors: (M,) of predictions, in any unit; of intervals that are not symmetric, the distance from their centres.
        bars: in the same unit: (M,) standard errors, taken as Gaussian; or (L, M) half-widths of the bands at each level, or
            (L, 1) for bands that are equally wide everywhere, e.g. ``conformal(…)[:, None]``. The standard deviation that
            half-widths stand for is taken from the level nearest to 68 %.
        blocks: (M,) the block of each error, e.g. its trajectory.
        levels: (L,) between 0 and 1.

    Raises:
        ValueError: errors that are not (M,) finite numbers, bars of another shape or not positive, not one block for each, or a
            level outside (0, 1).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = coverage(rng.normal(size=8000), np.ones(8000), np.arange(8000) // 400)
        >>> bool((abs(found.observed - found.levels) < 0.03).all())
        True
    """
    x, widths, wanted = floats("errors", errors), floats("bars", bars), checked_levels(levels)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"errors: expected (M,) finite numbers, got shape {x.shape}")
    factors, M, L = ndtri(0.5 + 0.5 * wanted)[:, None], len(x), len(wanted)
    if widths.shape not in ((M,), (L, M), (L, 1)):
        raise ValueError(
            f"bars: expected {(M,)} standard errors, or half-widths of shape {(L, M)} or {(L, 1)}, got {widths.shape}; "
            "of half-widths (L,) take [:, None]"
        )
    if not (widths > 0).all():
        raise ValueError(f"bars: expected positive numbers, got {widths[~(widths > 0)][0]:g}")
    half = np.broadcast_to(factors * widths if widths.shape == (M,) else widths, (L, M))
    inside = np.abs(x) <= half
    inside.flags.writeable = False
    nearest = int(np.argmin(np.abs(factors - 1.0)))
    z = x * (factors[nearest] / half[nearest])
    return Coverage(levels=wanted, inside=inside, z=frozen(z), blocks=block_names(blocks, M))
