"""The precision in which descriptors are stored."""

from typing import Literal

import numpy as np

from ...dataset import Array, Trajectory

Precision = Literal["float32", "float64"]


def refuse_precision(t: Trajectory, precision: Precision) -> None:
    """Refuses configurations with descriptors that single precision cannot hold.

    Raises:
        ValueError: some are too large, or so small that nothing would be left of them.
    """
    for name in ("force_descriptors", "site_descriptors") if precision == "float32" else ():
        values = getattr(t, name)
        if values is None or values.dtype == np.float32:
            continue
        size = np.maximum(values.max(axis=0), -values.min(axis=0))
        limits = np.finfo(np.float32)
        lost = (size > limits.max) | ((size > 0) & (size < limits.tiny))
        if lost.any():
            raise ValueError(
                f"{name} of trajectory {t.key!r}: expected numbers that float32 holds, got {size[lost][0]:.2g} in descriptor "
                f"{t.descriptor_names[int(lost.argmax())]!r}; take precision='float64'"
            )


def rounded(values: Array, precision: Precision) -> Array:
    """Descriptors in a precision; where they have it already they are not copied."""
    with np.errstate(under="ignore"):
        return values.astype(precision, copy=False)
