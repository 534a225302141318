"""Effort: how many fits without a part of the data cost no more than about the fit itself."""

from ..moments import Moments
from ..validation import STRENGTHS, split

#: Operations of an eigendecomposition of K × K in K³, and of the fits for all strengths and their errors in K²; ΦᵀΦ of n rows
#: takes n K², and a solution SOLUTION K³.
DECOMPOSITION, STRENGTHS_TRIED, SOLUTION = 4.0, 4.0 * len(STRENGTHS), 2.0
#: Fits that hold a part out should cost this share of the fit itself; beyond ``BEARABLE`` there are none for all strengths.
SHARE, BEARABLE = 0.6, 1.5
#: For so many operations nobody waits.
SMALL = 2e9
#: Most and fewest parts that trajectories are put together to, where one at a time would cost too much.
MOST, FEWEST = 10, 5
#: Operations in a second, roughly.
RATE = 2e10


def parts(moments: Moments, *, share: float = SHARE, thorough: bool = False) -> tuple[Moments, bool]:
    """Moments to hold out one by one, and whether fits for all strengths of a ridge cost little enough.

    They are those of the trajectories or, where each would cost too much, of 5 to 10 parts of them. The trajectories of a
    part are drawn at random, and stay whole.

    Args:
        moments: of the trajectories.
        share: what all fits that hold one out should cost, relative to the fit itself.
        thorough: each trajectory is a part, whatever it costs.
    """
    K, rows = float(moments.K), sum(record.rows for record in moments.values())
    fit = rows * K**2 + SOLUTION * K**3
    affordable = int(max(share * fit, SMALL) / _held_out(K))
    if thorough or len(moments) <= affordable:
        return moments, True
    number = min(MOST, max(FEWEST, affordable), len(moments))
    bearable = number * _held_out(K) <= BEARABLE * fit
    if number == len(moments):
        return moments, bearable
    groups = split(tuple(moments), number)
    made = {f"part {n}": moments.select(keys).total() for n, keys in enumerate(groups)}
    return Moments(made, about=moments.about), bearable


def seconds(moments: Moments) -> float:
    """Of the fits that hold out each trajectory, roughly."""
    return len(moments) * _held_out(float(moments.K)) / RATE


def _held_out(K: float) -> float:
    """Operations of the fits without one part."""
    return DECOMPOSITION * K**3 + STRENGTHS_TRIED * K**2
