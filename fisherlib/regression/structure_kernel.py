"""How alike structures are: the average kernel on their descriptors."""

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, positive
from ..dataset import Array


def structure_kernel(descriptors: ArrayLike, others: ArrayLike | None = None, *, power: float = 2.0) -> Array:
    """Average kernel of structures, k(A, B) = (p_A·p_B/√(p_A·p_A p_B·p_B))^ζ, on descriptors averaged over their atoms.

    It is 1 for structures whose averages point the same way. Sums over atoms give the same numbers as averages, since lengths
    cancel. For descriptors that are power spectra of densities (SOAP) it is the average SOAP kernel. ζ = 1 is a model that is
    linear in the normalised descriptors, ζ = 2 one that is linear in their products.

    Args:
        descriptors: (M, K) averaged or summed over the atoms of each structure, e.g. of ``trajectory.descriptors``.
        others: (M', K) of other structures; the same ones by default.
        power: ζ > 0. With powers that are not whole, similarities must not be negative.

    Returns:
        (M, M'), without unit.

    Raises:
        ValueError: not (M, K) numbers, different K, a structure whose descriptors are all zero or not finite, a power that is
            not positive, or a power that is not whole of a negative similarity.

    Source: De, Bartók, Csányi and Ceriotti, Phys. Chem. Chem. Phys. 18, 13754 (2016).

    Example:
        >>> structure_kernel([[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]]).round(3)
        array([[1. , 1. , 0.5],
               [1. , 1. , 0.5],
               [0.5, 0.5, 1. ]])
    """
    zeta, p = positive("power", power), _directions("descriptors", descriptors)
    q = p if others is None else _directions("others", others)
    if p.shape[1] != q.shape[1]:
        raise ValueError(f"others: expected K = {p.shape[1]} descriptors of each structure, got {q.shape[1]}")
    alike = p @ q.T
    if zeta % 1 and (alike < 0).any():
        raise ValueError(
            f"power: expected a whole number, as some similarities are negative, got {zeta:g}; descriptors that are centred "
            "lose what makes them alike"
        )
    return alike**zeta


def _directions(name: str, values: ArrayLike) -> Array:
    """(M, K) descriptors of length 1."""
    p = floats(name, values)
    if p.ndim != 2:
        raise ValueError(f"{name}: expected (M, K), descriptors of each of M structures, got shape {p.shape}")
    largest = np.abs(p).max(axis=1, initial=0.0)[:, None]
    with np.errstate(invalid="ignore"):
        p = p / np.where(largest > 0, largest, 1.0)  # squares of huge and tiny numbers are none
    lengths = np.linalg.norm(p, axis=1)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        k = int(np.argmin(np.isfinite(lengths) & (lengths > 0)))
        raise ValueError(
            f"{name}: expected finite descriptors of which some are not zero, got those of structure {k} of length {lengths[k]:g}"
        )
    return p / lengths[:, None]
