"""Half-widths of bands from the errors of blocks that were left out."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, number
from ..dataset import Array

#: Levels that bands are made and judged for.
LEVELS = (0.5, 0.68, 0.9, 0.95)
#: Sums of weights that are so near to a level have reached it but for rounding.
ROUNDING = 1e-9


def conformal(
    errors: ArrayLike,
    blocks: ArrayLike | None = None,
    *,
    levels: ArrayLike = LEVELS,
    independent: float | None = None,
) -> Array:
    """Half-widths of bands around predictions: quantiles of the sizes of errors on blocks that were left out.

    The half-width at a level is the least h with Σ w_i [|error_i| ≤ h] ≥ level. All B blocks weigh alike, and so do the errors
    of a block; together they weigh n/(n + 1), and the rest stands for what has not been seen. With n = B, and *one* model that
    saw none of the blocks, the band covers a new value of a new block with at least this probability, if blocks are drawn
    alike, whatever the distribution, the sizes of blocks, and however alike the errors of a block are. It is wide where blocks
    are few, and endless for a level above B/(B + 1). If errors hardly know their block, as of frames that have forgotten each
    other, n may be their number: then with blocks of one row each it is split conformal prediction.

    Errors of refits without each block use all data, but no such theorem covers them: the bands are right as far as one block
    hardly changes the fit, and may be far too narrow where it does, as with about as many parameters as blocks.

    Args:
        errors: (M,) of predictions that never saw the block, in any unit. Divided by error bars, the half-widths come out in units
            of these bars.
        blocks: (M,) the block of each, e.g. its trajectory; each error is a block of its own by default.
        levels: (L,) between 0 and 1.
        independent: n ≥ 1, how many independent errors there are, such as ``independent_blocks(data, theta).independent``; the
            number of blocks by default.

    Returns:
        (L,) in the unit of the errors; infinite where no width is enough.

    Raises:
        ValueError: errors that are not (M,) finite numbers, not one block for each, a level outside (0, 1), or n below 1.

    Source: Lee, Barber and Willett, arXiv 2306.06342 (2023), for blocks; Vovk, Gammerman and Shafer, Algorithmic Learning in a
        Random World (2005), for single rows; Barber, Candès, Ramdas and Tibshirani, Ann. Stat. 49, 486 (2021), for refits.

    Example:
        >>> conformal([0.1, -0.3, 0.2, 0.4], levels=[0.5, 0.8, 0.9])  # four values cannot tell what one in ten exceeds
        array([0.3, 0.4, inf])
        >>> conformal([0.1, -0.3, 0.2, 0.4], ["a", "a", "a", "b"], levels=[0.5])
        array([0.4])
    """
    x = np.abs(floats("errors", errors))
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"errors: expected (M,) finite numbers of left-out predictions, got shape {x.shape}")
    names = np.arange(len(x)) if blocks is None else block_names(blocks, len(x))
    wanted = checked_levels(levels)
    _, block, counts = np.unique(names, return_inverse=True, return_counts=True)
    n = len(counts) if independent is None else number("independent", independent)
    if not n >= 1:
        raise ValueError(f"independent: expected a number ≥ 1 of independent errors, got {n:g}")
    order = np.argsort(x)
    reached = np.cumsum(1.0 / (len(counts) * counts[block[order]])) / (1 + 1 / n)
    return np.r_[x[order], np.inf][np.searchsorted(reached, wanted - ROUNDING)]


def checked_levels(levels: ArrayLike) -> Array:
    """(L,) levels between 0 and 1.

    Raises:
        ValueError: others.
    """
    values = np.atleast_1d(floats("levels", levels))
    if values.ndim != 1 or not len(values) or not ((values > 0) & (values < 1)).all():
        raise ValueError(f"levels: expected numbers between 0 and 1, got {levels!r}; 90 % is 0.9")
    return values


def block_names(blocks: ArrayLike, number: int) -> np.ndarray:
    """(M,) the block of each of M values.

    Raises:
        ValueError: another number of them.
    """
    names = np.asarray(blocks)
    if names.shape != (number,):
        raise ValueError(f"blocks: expected one for each of {number} errors, got shape {names.shape}")
    return names
