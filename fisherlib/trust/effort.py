"""Effort: how many fits without a part of the data cost no more than about the fit itself."""

from ..moments import Moments
from ..validation import split

#: An eigendecomposition of K × K costs as much as so many K rows of ΦᵀΦ.
DECOMPOSITION = 4.0
#: Fits that hold a part out may cost so many times the fit to all data; below ``SMALL`` operations nobody waits.
SHARE, SMALL = 1.25, 1e10
#: Most and fewest parts that trajectories are put together to, where one at a time would cost too much.
MOST, FEWEST = 10, 5
#: Operations in a second, roughly.
RATE = 2e10


def parts(moments: Moments, *, thorough: bool = False) -> Moments | None:
    """The moments of trajectories or, where holding out each would cost too much, of 5 to 10 parts of them; None if that does too.

    The trajectories of a part are drawn at random, and stay whole.

    Args:
        moments: of the trajectories.
        thorough: whatever it costs, each trajectory is a part.
    """
    affordable = _affordable(moments)
    if thorough or len(moments) <= affordable:
        return moments
    if affordable < FEWEST:
        return None
    groups = split(tuple(moments), min(MOST, affordable))
    return Moments({f"part {n}": moments.select(keys).total() for n, keys in enumerate(groups)}, about=moments.about)


def seconds(moments: Moments) -> float:
    """Of the fits that hold out each trajectory, roughly."""
    return len(moments) * DECOMPOSITION * float(moments.K) ** 3 / RATE


def _affordable(moments: Moments) -> int:
    K, rows = float(moments.K), sum(record.rows for record in moments.values())
    fit = rows * K**2 + 0.5 * DECOMPOSITION * K**3
    return int(max(SHARE * fit, SMALL) / (DECOMPOSITION * K**3))
