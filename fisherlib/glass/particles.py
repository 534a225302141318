"""Positions, species and side lengths of particles in a periodic box, as users give them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats, numbers
from ..dataset import Array

#: Side lengths from the box, at most; of a position further off little is left but its rounding.
FAR = 1e9
#: Species, at most.
SPECIES = 1000


def checked(positions: Any, types: Any, box: Any, species: int) -> tuple[Array, NDArray[np.int64], Array]:
    """Positions (N, d) inside the box, species (N,) and side lengths (d,), that fit each other.

    Raises:
        ValueError: shapes that do not fit, numbers that are not finite, or a species that is not below ``species``.

    >>> x, types, box = checked([[-1.0, 5.0]], [1], 5.0, 2)
    >>> x.tolist(), types.tolist(), box.tolist()
    ([[4.0, 0.0]], [1], [5.0, 5.0])
    """
    x, kinds = floats("positions", positions), numbers("types", types)
    if x.ndim != 2 or x.shape[1] not in (2, 3) or not len(x):
        raise ValueError(f"positions: expected (particles, 2 or 3) finite numbers, got shape {x.shape}")
    sides = lengths(box, x.shape[1])
    if kinds.shape != (len(x),) or kinds.dtype.kind not in "iu" or not 0 <= kinds.min() <= kinds.max() < species:
        got = f"{kinds.dtype} of shape {kinds.shape}, {np.unique(kinds)[:5].tolist()}"
        raise ValueError(f"types: expected {len(x)} whole numbers from 0 to {species - 1}, got {got}")
    return inside("positions", x, sides), kinds.astype(np.int64), sides


def lengths(box: Any, d: int) -> Array:
    """Side lengths (d,) of a box that may be given by one of them."""
    sides = floats("box", box)
    if sides.shape not in ((), (1,), (d,)) or not ((sides > 0) & np.isfinite(sides)).all():
        raise ValueError(f"box: expected {d} lengths > 0, or one, got {sides.tolist()!r:.60}")
    return np.broadcast_to(sides, (d,))


def inside(name: str, positions: Array, box: Array) -> Array:
    """The images of positions (…, d) within [0, box).

    Raises:
        ValueError: numbers that are not finite, or so far off that their image is lost in rounding.
    """
    if not np.isfinite(positions).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    if (np.abs(positions) / FAR > box).any():
        raise ValueError(f"{name}: expected less than {FAR:g} box lengths, got {np.abs(positions).max():.3g}")
    image = np.mod(positions, box)
    return np.where(image < box, image, 0.0)  # a tiny negative one is rounded to the box itself
