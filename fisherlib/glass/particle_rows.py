"""Particles with what is regressed on what: descriptors, propensity, and where each particle is."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats
from ..dataset import Array, frozen
from ..moments import Moments
from ..units import counted


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

    Raises:
        ValueError: shapes that do not fit.

    Example:
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> rows = Rows(X=rng.normal(size=(20, 1)), y=rng.normal(size=20), blocks=np.repeat(["a", "b"], 10), names=["density"],
        ...     positions=rng.uniform(size=(20, 2)), particles=np.arange(20) % 10, box=np.ones(2), kinds=["density of A"],
        ...     generations=np.zeros(1, int), reach=np.ones(1))
        >>> rows.where(rows.blocks == "a"), rows.moments()
        (Rows(10 particles of 1 configuration, 1 descriptor), Moments(2 trajectories, 20 configurations, K = 1))
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
        object.__setattr__(self, "X", floats("X", self.X))
        if self.X.ndim != 2:
            raise ValueError(f"X: expected (particles, descriptors) numbers, got shape {self.X.shape}")
        (n, M), d = self.X.shape, np.size(self.box)
        shapes: dict[str, tuple[int, ...]] = {"y": (n,), "blocks": (n,), "particles": (n,), "positions": (n, d)}
        shapes |= {"halves": (2, n), "names": (M,), "kinds": (M,), "generations": (M,), "reach": (M,)}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None and np.shape(value) != shapes.get(field.name, np.shape(value)):
                raise ValueError(f"{field.name}: expected shape {shapes[field.name]}, got {np.shape(value)}")
            if isinstance(value, np.ndarray):
                object.__setattr__(self, field.name, frozen(value))

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        (n, M), C = self.X.shape, len(np.unique(self.blocks))
        return f"Rows({counted(n, 'particle')} of {counted(C, 'configuration')}, {counted(M, 'descriptor')})"

    def moments(self) -> Moments:
        """Sums over the rows of each configuration; all linear fits follow from them."""
        return Moments.from_rows(self.X, self.y, self.blocks, names=self.names)

    def where(self, kept: NDArray[Any]) -> "Rows":
        """The rows of a mask or of indices.

        Raises:
            ValueError: a mask of another length, or no such row.
        """
        kept = _indices(kept, len(self), "rows.where(rows.blocks == 'a')")
        halves = None if self.halves is None else self.halves[:, kept]
        own: dict[str, Any] = {
            name: getattr(self, name)[kept] for name in ("X", "y", "blocks", "positions", "particles")
        }
        return dataclasses.replace(self, halves=halves, **own)

    def columns(self, kept: NDArray[Any]) -> "Rows":
        """The descriptors of a mask or of indices.

        Raises:
            ValueError: a mask of another length, or no such descriptor.
        """
        at = _indices(kept, self.X.shape[1], "rows.columns(np.array(rows.kinds) == 'bond order')")
        words: dict[str, Any] = {name: tuple(getattr(self, name)[k] for k in at) for name in ("names", "kinds")}
        return dataclasses.replace(
            self, X=self.X[:, at], generations=self.generations[at], reach=self.reach[at], **words
        )


def _indices(kept: Any, n: int, way: str) -> NDArray[np.int64]:
    """Indices below n that a mask, a slice or indices name."""
    if isinstance(kept, slice):
        return np.arange(n)[kept]
    array = np.asarray(kept)
    mask = array.dtype == bool and array.shape == (n,)
    indices = array.ndim == 1 and array.dtype.kind in "iu" and ((array >= -n) & (array < n)).all()
    if not mask and not indices and array.shape != (0,):
        raise ValueError(f"kept: expected a mask of {n}, or indices below it, got {kept!r:.60}; write {way}")
    return np.arange(n)[array if array.size else slice(0)]
