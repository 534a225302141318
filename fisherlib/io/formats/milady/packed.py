"""Descriptors of one configuration in an ``.npz``, as MiLaDy writes it or with arrays by name."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...archive import read_arrays
from ...columns.names import DESCRIPTORS, FORCE_DESCRIPTORS
from ...strict import regular
from ..values import npy


def read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Descriptors, and force descriptors (N, 3, K) if they are there.

    MiLaDy's own ``.npz`` is one plain array (N, 1 + K) without an archive around it, whose first column numbers the atoms;
    one array of this layout in an archive is read likewise. Arrays by the names "milady-descriptors" (N, K) and
    "milady-descriptors-forces" (N, 3, K) come without such a column; where only the former is there, the atoms are taken
    in the order of their configuration and numbered here.

    Returns:
        (N, 1 + K) and None, or (N, K) and (N, 3, K).

    Raises:
        ValueError: damaged, objects inside, or other arrays.
    """
    arrays = _arrays(path)
    if DESCRIPTORS in arrays:
        D = _numbers(path, DESCRIPTORS, arrays[DESCRIPTORS], 2)
        if FORCE_DESCRIPTORS in arrays:
            return D, _numbers(path, FORCE_DESCRIPTORS, arrays[FORCE_DESCRIPTORS], 3)
        return np.column_stack([np.arange(1, len(D) + 1), D]), None
    if len(arrays) != 1:
        raise ValueError(
            f"{path.name}: expected one array (N, 1 + K), or {DESCRIPTORS!r} (N, K), got {', '.join(arrays) or 'nothing'}"
        )
    ((name, table),) = arrays.items()
    return _numbers(path, name, table, 2), None


def _arrays(path: Path) -> Mapping[str, NDArray]:
    with open(regular(path), "rb") as file:
        plain = file.read(6) == b"\x93NUMPY"
    return {"array": npy(path)} if plain else read_arrays(path)


def _numbers(path: Path, name: str, array: NDArray, dimensions: int) -> NDArray[np.float64]:
    if array.dtype.kind not in "iuf" or array.ndim != dimensions or 0 in array.shape or not np.isfinite(array).all():
        raise ValueError(
            f"{path.name}: expected finite numbers of {dimensions} dimensions in {name!r}, got {array.dtype} of shape "
            f"{array.shape}"
        )
    return array.astype(np.float64)
