"""Joint histograms of true and predicted forces."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import whole
from ..dataset import Array
from .distances import finite_sample


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Histogram:
    """Numbers of pairs of a true and a predicted value on a square grid.

    Attributes:
        edges: (bins + 1,) of both axes.
        counts: (bins, bins) pairs; the first index is that of the true value, the second that of the predicted one.
        n: number of pairs.

    Example:
        >>> found = force_histogram([0.0, 1.0, 1.0], [0.0, 1.0, 0.0], bins=2)
        >>> found.counts.tolist(), found.centres.tolist()
        ([[1, 0], [1, 1]], [0.25, 0.75])
    """

    edges: Array
    counts: NDArray[np.int64]
    n: int

    @property
    def centres(self) -> Array:
        """(bins,) middles of the bins of both axes."""
        return 0.5 * (self.edges[1:] + self.edges[:-1])

    @property
    def outside(self) -> int:
        """Pairs beyond the edges; 0 from ``force_histogram``, whose range holds every value."""
        return self.n - int(self.counts.sum())


def force_histogram(true: ArrayLike, predicted: ArrayLike, *, bins: int = 120) -> Histogram:
    """Joint histogram of true and predicted force components, over one range that contains all of both.

    Args:
        true: (n,) force components, eV/Å.
        predicted: (n,) of a model, in the same order.
        bins: along each axis.

    Raises:
        ValueError: samples of different lengths, empty or not finite, or fewer than one bin.

    Example:
        >>> force_histogram([0.0, 1.0], [0.0, 2.0], bins=4).edges.tolist()
        [0.0, 0.5, 1.0, 1.5, 2.0]
    """
    x, y = finite_sample("true", true), finite_sample("predicted", predicted)
    if len(x) != len(y):
        raise ValueError(f"predicted: expected {len(x)} components, as many as true ones, got {len(y)}")
    whole("bins", bins, 1, "bins along each axis")
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    if low == high:  # an empty range cannot be divided into bins
        half = 0.5 * max(1.0, abs(low))
        low, high = low - half, high + half
    counts, edges, _ = np.histogram2d(x, y, bins=bins, range=[(low, high), (low, high)])
    return Histogram(edges=edges, counts=counts.astype(np.int64), n=len(x))
