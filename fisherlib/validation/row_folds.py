"""Which rows are held out: at random, in tiles of space, in whole configurations, or none at all."""

import dataclasses
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import choice, floats, whole
from ..arguments import number as as_number
from ..arguments import seed as refuse_no_seed
from ..dataset import Array
from ..moments import Moments
from ..moments.from_rows import checked_rows

#: Ways to hold rows out, from the most hopeful to the most honest.
Protocol = Literal["in-sample", "random", "tiles", "configurations"]
#: Parts of the training rows among which settings are chosen, where there are no two whole blocks.
PARTS = 10


class Split(NamedTuple):
    """Moments of one fold: of what is trained on, by the parts for choices inside, and of what is held out, by block."""

    train: Moments
    test: Moments


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Folds:
    """Rows that are held out together, fold by fold.

    Attributes:
        name: of the protocol, in words.
        held_out: k arrays of row numbers.
        blocks: (n,) block of each row, by which correlations are reported.
        parts: (n,) part of each row: within the training rows of a fold, one part at a time is held out to choose settings.
        in_sample: rows are trained on although they are "held out": no validation at all.

    Example:
        >>> found = folds(np.repeat(["a", "b", "c"], 10), "random", number=15, ratio=0.1)
        >>> found.k, found.ratio, round(found.coverage, 2)
        (15, 0.1, 1.5)
    """

    name: str
    held_out: tuple[NDArray[np.intp], ...]
    blocks: NDArray[np.str_]
    parts: NDArray[np.str_]
    in_sample: bool = False

    @property
    def k(self) -> int:
        """Number of folds."""
        return len(self.held_out)

    @property
    def ratio(self) -> float:
        """Mean share of the rows that a fold holds out."""
        return float(np.mean([len(rows) for rows in self.held_out]) / len(self.blocks))

    @property
    def coverage(self) -> float:
        """k times the ratio: how often a row is held out, on average."""
        return self.k * self.ratio

    @property
    def never(self) -> int:
        """Number of rows that no fold holds out: nothing is known about them."""
        return len(self.blocks) - len(np.unique(np.concatenate(self.held_out)))

    def trained(self, fold: int) -> NDArray[np.bool_]:
        """(n,) which rows a fold trains on."""
        mask = np.ones(len(self.blocks), bool)
        mask[self.held_out[fold]] = self.in_sample
        return mask

    def clipped(self, X: Array, fold: int, clip: float | None) -> Array:
        """(n, K) descriptors, kept within ``clip`` standard deviations of the mean of the training rows."""
        if clip is None:
            return X
        train = X[self.trained(fold)]
        mean, reach = train.mean(axis=0), clip * train.std(axis=0)
        return np.clip(X, mean - reach, mean + reach)

    def splits(self, X: ArrayLike, y: ArrayLike, *, clip: float | None = 5.0) -> Iterator[Split]:
        """Moments of each fold, one after the other.

        Args:
            X: (n, K) descriptors.
            y: (n,) what is to be predicted.
            clip: standard deviations, of the training rows alone, at which a descriptor is cut off: one row far out would
                decide everything. None: not at all.

        Raises:
            ValueError: another number of rows, numbers that are not finite, or a limit that is not positive.
        """
        X, y, labels = checked_rows(X, y, self.blocks)
        if clip is not None and not as_number("clip", clip) > 0:
            raise ValueError(f"clip: expected a number > 0, or None, got {clip}")
        for fold, rows in enumerate(self.held_out):
            Z, train = self.clipped(X, fold, clip), self.trained(fold)
            yield Split(
                Moments.from_rows(Z[train], y[train], self.parts[train]),
                Moments.from_rows(Z[rows], y[rows], labels[rows]),
            )


def folds(
    blocks: ArrayLike,
    protocol: Protocol = "configurations",
    *,
    number: int = 15,
    ratio: float = 0.1,
    positions: ArrayLike | None = None,
    box: ArrayLike | None = None,
    tiles: int = 4,
    seed: int = 0,
) -> Folds:
    """Which rows to hold out.

    Neighbours in one configuration share surroundings and fate. A random split leaves neighbours of each row in the training
    set and so measures how well a model knows *this* configuration. Whole configurations measure how well it knows the
    next one. Tiles of space lie between the two; they are the best there is for a single configuration.

    Args:
        blocks: (n,) configuration of each row, by name or number.
        protocol: "configurations": one is held out at a time. "tiles": each configuration is cut into ``tiles`` parts along
            each axis, and the same part of all is held out. "random": ``number`` splits, each of ``ratio`` of the rows.
            "in-sample": nothing is held out.
        number, ratio: k and r of random splits. With k · r < 1 some rows are never held out.
        positions: (n, d), for tiles.
        box: (d,) side lengths, for tiles; positions are wrapped into it.
        tiles: along each axis.
        seed: of random splits.

    Raises:
        ValueError: one block only for "configurations", no positions for "tiles", or numbers out of range.

    Example:
        >>> x = np.random.default_rng(0).uniform(0, 8, (200, 2))
        >>> found = folds(np.zeros(200, int), "tiles", positions=x, box=[8.0, 8.0], tiles=2)
        >>> found.k, found.coverage, found.name
        (4, 1.0, 'tiles, 2 along each axis')
    """
    choice("protocol", protocol, ("in-sample", "random", "tiles", "configurations"))
    labels = checked_rows(np.zeros((np.size(blocks), 1)), np.zeros(np.size(blocks)), blocks)[2]
    refuse_no_seed(seed)
    n, rng = len(labels), np.random.default_rng(seed)
    chance = np.char.add("part ", (rng.permutation(n) % PARTS).astype(str))
    whole_parts = labels if len(np.unique(labels)) > 2 else chance
    if protocol == "in-sample":
        return Folds(name="in-sample", held_out=(np.arange(n),), blocks=labels, parts=whole_parts, in_sample=True)
    if protocol == "random":
        held_out = _random(n, number, ratio, rng)
        return Folds(name=f"{number} random splits of {ratio:.3g}", held_out=held_out, blocks=labels, parts=chance)
    if protocol == "tiles":
        where = _tiles(positions, box, tiles, n)
        name = f"tiles, {tiles} along each axis"
        together = where if where.max() < PARTS else where * PARTS // (where.max() + 1)  # many tiles: slices of several
        return Folds(name=name, held_out=_each(where), blocks=labels, parts=together.astype(str))
    if len(np.unique(labels)) < 2:
        raise ValueError(
            "blocks: expected at least 2 configurations, so that one can be held out whole, got 1; take protocol='tiles'"
        )
    return Folds(name="whole configurations", held_out=_each(labels), blocks=labels, parts=whole_parts)


def _random(n: int, splits: int, ratio: float, rng: np.random.Generator) -> tuple[NDArray[np.intp], ...]:
    whole("number", splits, 1, "splits")
    size = round(n * as_number("ratio", ratio))
    if not 0 < size < n:
        raise ValueError(
            f"ratio: expected a share of {n} rows that leaves some to train on and some to test, got {ratio}"
        )
    return tuple(np.sort(rng.choice(n, size, replace=False)) for _ in range(splits))


def _tiles(positions: ArrayLike | None, box: ArrayLike | None, tiles: int, n: int) -> NDArray[np.intp]:
    """(n,) number of the tile of each row."""
    whole("tiles", tiles, 2, "tiles along an axis")
    if positions is None or box is None:
        raise ValueError("positions, box: expected both for protocol='tiles', to cut each configuration; got None")
    x, lengths = floats("positions", positions), floats("box", box)
    if x.shape != (n, *lengths.shape) or lengths.ndim != 1 or not ((lengths > 0) & np.isfinite(lengths)).all():
        raise ValueError(
            f"positions, box: expected ({n}, d) and d lengths > 0, got shapes {x.shape} and {lengths.shape}, lengths {lengths!s:.60}"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"positions: expected finite numbers, got {np.sum(~np.isfinite(x))} NaN or infinite ones")
    cells = np.minimum((x / lengths % 1.0 * tiles).astype(np.intp), tiles - 1)
    where = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    if not where.any():
        raise ValueError(
            f"tiles: expected rows in at least 2 of them, got all {n} in one, so nothing is left to train on"
        )
    return where


def _each(labels: NDArray) -> tuple[NDArray[np.intp], ...]:
    """Rows of each label, labels in the order in which they first come."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return tuple(np.flatnonzero(inverse == k) for k in np.argsort(first))
