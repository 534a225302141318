"""One row for each particle of one species: descriptors and propensity, ready for a regression."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, frozen
from ..moments import Moments


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Rows:
    """Descriptors X and propensities y of particles, with the configuration of each.

    Attributes:
        X: (n, M) descriptors.
        y: (n,) propensity.
        halves: (2, n) the same over each half of the runs, or None.
        blocks: (n,) name of the configuration of each row.
        positions: (n, d) of the particles, as their descriptors saw them (thermal or inherent).
        particles: (n,) index within the configuration.
        box: (d,) side lengths.
        names: M names of the descriptors.
        kinds: M, what each descriptor measures: "density of A", "bond order" …
        generations: (M,) how often each was averaged over neighbours.
        reach: (M,) distance up to which each looks, without averages.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> rows = Rows(X=rng.normal(size=(20, 1)), y=rng.normal(size=20), blocks=np.repeat(["a", "b"], 10), names=["density"],
        ...     positions=rng.uniform(size=(20, 2)), particles=np.arange(20) % 10, box=np.ones(2), kinds=["density of A"],
        ...     generations=np.zeros(1, int), reach=np.ones(1))
        >>> len(rows.where(rows.blocks == "a")), rows.moments()
        (10, Moments(2 trajectories, 20 configurations, K = 1))
    """

    X: Array
    y: Array
    blocks: NDArray[np.str_]
    positions: Array
    particles: NDArray[np.int64]
    box: Array
    names: Sequence[str]
    kinds: Sequence[str]
    generations: NDArray[np.int64]
    reach: Array
    halves: Array | None = None

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))

    def __len__(self) -> int:
        return len(self.y)

    def moments(self) -> Moments:
        """Sums over the rows of each configuration; all linear fits follow from them."""
        return Moments.from_rows(self.X, self.y, self.blocks, names=self.names)

    def where(self, kept: NDArray[Any]) -> "Rows":
        """The rows of a mask or of indices."""
        halves = None if self.halves is None else self.halves[:, kept]
        own: dict[str, Any] = {
            name: getattr(self, name)[kept] for name in ("X", "y", "blocks", "positions", "particles")
        }
        return dataclasses.replace(self, halves=halves, **own)

    def columns(self, kept: NDArray[Any]) -> "Rows":
        """The descriptors of a mask or of indices."""
        at = np.arange(self.X.shape[1])[kept]
        words: dict[str, Any] = {name: tuple(getattr(self, name)[k] for k in at) for name in ("names", "kinds")}
        return dataclasses.replace(
            self, X=self.X[:, at], generations=self.generations[at], reach=self.reach[at], **words
        )
