"""Whether two correlated samples are of one distribution: blocks of them are exchanged."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import each, floats, whole
from ..arguments import seed as check_seed
from ..comparison import ks
from ..dataset import Array
from ..diagnostics import autocorrelation_time

#: Length of a block in autocorrelation times.
BLOCK = 10


class BlockTest(NamedTuple):
    """A distance of two samples, and the chance of one as large between samples of one distribution.

    Attributes:
        distance: Kolmogorov–Smirnov distance, 0 to 1.
        p: share of exchanges with a distance as large.
        blocks: numbers of blocks of the two samples.

    Example:
        >>> str(BlockTest(0.05, 0.4, (10, 20)))
        'KS 0.050, p = 0.4 by exchanging blocks (10 and 20)'
    """

    distance: float
    p: float
    blocks: tuple[int, int]

    def __str__(self) -> str:
        return f"KS {self.distance:.3f}, p = {self.p:.2g} by exchanging blocks ({self.blocks[0]} and {self.blocks[1]})"


def block_test(a: Sequence[ArrayLike], b: Sequence[ArrayLike], *, exchanges: int = 2000, seed: int = 0) -> BlockTest:
    """KS distance of two samples, with a p-value that takes their correlation into account.

    Whole blocks are exchanged between the samples at random. Blocks are walkers, or pieces of a run that are much longer than
    its memory; they should be of about equal length. The smallest p is 1/(exchanges + 1), and no smaller than one over
    the number of ways to divide the blocks.

    Args:
        a: blocks of one sample, in any unit.
        b: blocks of the other.
        exchanges: number of random divisions.
        seed: of these.

    Raises:
        TypeError: no blocks.
        ValueError: fewer than two blocks in one of the samples, or numbers that are not finite.

    Source: Good, Permutation, Parametric, and Bootstrap Tests of Hypotheses (2005), for exchangeable units.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> test = block_test(rng.normal(size=(8, 50)), rng.normal(size=(8, 50)))
        >>> test.blocks, test.p > 0.01
        ((8, 8), True)
    """
    way = "block_test([energies of a walker, …], [energies of another, …])"
    first, second = ([floats(n, block).ravel() for block in each(n, v, object, way)] for n, v in (("a", a), ("b", b)))
    whole("exchanges", exchanges, 1, "exchanges")
    check_seed(seed)
    for name, blocks in (("a", first), ("b", second)):
        if len(blocks) < 2:
            raise ValueError(f"{name}: expected at least 2 blocks, got {len(blocks)}; see in_blocks")
    rng, blocks, n = np.random.default_rng(seed), first + second, len(first)
    found = float(ks(np.concatenate(first), np.concatenate(second)))
    as_large = 0
    for _ in range(exchanges):
        order = rng.permutation(len(blocks))
        parts = (np.concatenate([blocks[k] for k in some]) for some in (order[:n], order[n:]))
        as_large += float(ks(*parts)) >= found - 1e-12
    return BlockTest(found, (1 + as_large) / (1 + exchanges), (n, len(blocks) - n))


def in_blocks(series: Sequence[ArrayLike], *, least: int = 1) -> list[Array]:
    """Blocks of runs of one ensemble, each at least ten autocorrelation times of them long.

    Args:
        series: (M,) of each run, in the order of time.
        least: fewest numbers in a block.

    Returns:
        Blocks of equal length in a run; runs shorter than a block stay whole.

    Raises:
        TypeError: no series.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> [len(block) for block in in_blocks([rng.normal(size=20), rng.normal(size=20)])]
        [10, 10, 10, 10]
    """
    runs = [floats("series", one).ravel() for one in each("series", series, object, "in_blocks([energies, …])")]
    whole("least", least, 1, "numbers")
    length = max(least, int(np.ceil(BLOCK * max(0.5, autocorrelation_time(runs)))))
    return [part for run in runs for part in np.array_split(run, max(1, len(run) // length))]
