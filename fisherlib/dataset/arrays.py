"""Arrays of trajectories: of the right shape, finite, and read-only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import numbers

Array = NDArray[np.floating]


def frozen(array: np.ndarray) -> np.ndarray:
    """A contiguous view (or copy) of an array that cannot be written to."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def shaped(
    name: str, key: str, values: ArrayLike, shape: tuple[int | str, ...], *, keep_float32: bool = False
) -> Array:
    """Values as a read-only array of floats of the wanted shape.

    Args:
        name: of the array.
        key: of the trajectory.
        values: to be checked.
        shape: wanted; a letter stands for any length.
        keep_float32: whether float32 stays as it is, instead of becoming float64.

    Raises:
        ValueError: another shape, or anything but numbers.
    """
    array = numbers(f"{name} of trajectory {key!r}", values)
    array = array if keep_float32 and array.dtype == np.float32 else array.astype(np.float64, copy=False)
    fits = array.ndim == len(shape) and all(
        isinstance(want, str) or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = "(" + ", ".join(str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
        raise ValueError(f"{name} of trajectory {key!r}: expected shape {wanted}, got {array.shape}")
    return frozen(array)


def refuse_non_finite(
    name: str,
    key: str,
    values: NDArray,
    n_atoms: NDArray[np.integer],
    *,
    rows_per_atom: int,
    columns: Sequence[str] = (),
) -> None:
    """Refuses NaN and infinity in an array of a trajectory, and says where the first one is.

    Args:
        name: of the array.
        key: of the trajectory.
        values: rows, one or several for each atom, or one for each configuration.
        n_atoms: (M,) atoms in each configuration.
        rows_per_atom: 0 for one row per configuration.
        columns: their names, if they have any.

    Raises:
        ValueError: a number that is not finite.
    """
    # A finite sum has finite terms, and needs no temporary array of the size of Φ.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(values.sum(dtype=np.float64)):
            return
    bad = np.argwhere(~np.isfinite(values))
    if len(bad) == 0:
        return
    row, where = int(bad[0][0]), f"configuration {bad[0][0]}"
    if rows_per_atom:
        atom = row // rows_per_atom
        m = int(np.searchsorted(np.cumsum(n_atoms), atom, side="right"))
        where = f"configuration {m}, atom {atom - int(n_atoms[:m].sum())}"
    if columns and values.ndim == 2:
        where += f", descriptor {columns[bad[0][1]]!r}"
    raise ValueError(
        f"{name} of trajectory {key!r}: expected finite numbers, got {len(bad)} NaN or infinite, the first in {where}; "
        "repair or leave out those configurations, as io.read does with on_bad='drop'"
    )
