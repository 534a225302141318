"""Moments of plain regression data: descriptors X and a number y in each row, and the block that a row belongs to."""

import dataclasses
from collections.abc import Sequence
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats
from ..dataset import Array
from .record import MomentRecord
from .sums import Sums


def checked_rows(X: ArrayLike, y: ArrayLike, blocks: ArrayLike | None) -> tuple[Array, Array, NDArray[np.str_]]:
    """X (n, K), y (n,) and the label of each row (n,), as words; one label for all without blocks.

    Raises:
        ValueError: shapes that do not fit, no rows, or numbers that are not finite.

    >>> checked_rows([[1.0], [2.0]], [3, 4], None)[2].tolist()
    ['all', 'all']
    """
    X, y = floats("X", X), floats("y", y)
    if X.ndim != 2 or y.ndim != 1 or len(X) != len(y) or 0 in X.shape:
        raise ValueError(f"X, y: expected (n, K) and (n,) numbers, got shapes {X.shape} and {y.shape}")
    labels = np.full(len(y), "all") if blocks is None else _words(blocks)
    if labels.shape != y.shape or labels.dtype.kind not in "iuU":
        raise ValueError(
            f"blocks: expected a name or a whole number for each of {len(y)} rows, got {labels.dtype} of shape {labels.shape}"
        )
    for name, array in (("X", X), ("y", y)):
        rows = np.flatnonzero(~np.isfinite(array.reshape(len(y), -1)).all(axis=1))
        if len(rows):
            raise ValueError(
                f"{name}: expected finite numbers, got NaN or infinity in {len(rows)} of {len(y)} rows, first in row {rows[0]}"
            )
    return X, y, labels.astype(str)


def _words(blocks: ArrayLike) -> NDArray:
    """Names that pandas keeps as objects, or a file as bytes, as text; all else as it is."""
    labels = np.asarray(blocks)
    if labels.dtype.kind == "S":
        return np.char.decode(labels, "utf-8", "backslashreplace")
    if labels.dtype.kind in "OT" and all(isinstance(name, str | Integral) for name in labels.flat):
        return labels.astype(str)
    return labels


def row_records(X: Array, y: Array, labels: NDArray[np.str_]) -> dict[str, MomentRecord]:
    """A record of each label, in the order in which they first come: a row is a configuration of one atom without forces.

    >>> records = row_records(np.eye(3), np.arange(3.0), np.array(["b", "a", "b"]))
    >>> list(records), records["b"].configurations
    (['b', 'a'], 2)
    """
    found, first, inverse, counts = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rows = np.split(np.argsort(inverse, kind="stable"), np.cumsum(counts)[:-1])
    records = {str(found[k]): _record(X[rows[k]], y[rows[k]]) for k in np.argsort(first)}
    for label, record in records.items():
        record.refuse_overflow(f"block {label!r}")
    return records


def _record(X: Array, y: Array) -> MomentRecord:
    return Sums(X.shape[1]).record(X, y, np.ones((len(y), 1)), temperature=None, digests=frozenset())


def restricted(record: MomentRecord, kept: Sequence[int] | NDArray[np.integer]) -> MomentRecord:
    """The moments of some of the descriptors, by their indices.

    >>> record = row_records(np.eye(3), np.arange(3.0), np.array(["a"] * 3))["a"]
    >>> restricted(record, [2]).mean.round(3).tolist()
    [0.333, 1.0, 1.0]
    """
    K, kept = record.K, np.asarray(kept, dtype=np.intp)
    z = np.r_[kept, np.arange(K, len(record.mean))]
    strain = record.strain
    if strain is not None:
        strain = dataclasses.replace(strain, PsiPsi=strain.PsiPsi[np.ix_(kept, kept)], PsiW=strain.PsiW[kept])
    return dataclasses.replace(
        record,
        PhiPhi=record.PhiPhi[np.ix_(kept, kept)],
        PhiF=record.PhiF[kept],
        mean=record.mean[z],
        scatter=record.scatter[np.ix_(z, z)],
        strain=strain,
        digests=frozenset(),  # of all descriptors
        identity=None,
    )
