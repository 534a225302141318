"""Numbers from foreign files: taken only from a flat list or an array, so that nesting cannot blow up."""

import numbers

import numpy as np
from numpy.typing import NDArray


def flat(what: str, value: object, *, booleans: bool = False) -> NDArray[np.float64]:
    """``value`` as a float64 array (n,).

    Args:
        what: names the value in the error.
        value: a number, a flat list or tuple of numbers, or an array.
        booleans: whether yes and no are taken for 1 and 0; else they are no numbers.

    Raises:
        ValueError: anything else; the value itself is not repeated, since it may be huge.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind in ("biuf" if booleans else "iuf"):
        return value.astype(np.float64).reshape(-1)
    items = value if isinstance(value, list | tuple) else [value]
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        items = value.tolist()
    if not all(
        (isinstance(item, numbers.Real) and (booleans or not isinstance(item, bool)))
        or (isinstance(item, np.ndarray) and item.size == 1 and item.dtype.kind in "iuf")
        for item in items
    ):
        kinds = sorted({type(item).__name__ for item in items})
        raise ValueError(f"{what}: expected a flat list of numbers, got {type(value).__name__} of {', '.join(kinds)}")
    try:
        return np.array([float(np.asarray(item).reshape(())) for item in items], dtype=np.float64)
    except OverflowError:
        raise ValueError(
            f"{what}: expected numbers that fit into float64, got an integer of more than 308 digits"
        ) from None
