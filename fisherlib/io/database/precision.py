"""The precision in which descriptors are stored."""

from typing import Literal

import numpy as np

from ...dataset import Trajectory

Precision = Literal["float32", "float64"]

#: Arrays that are stored in it; all others stay as they are.
ROUNDED = ("force_descriptors", "site_descriptors")


def refuse_precision(t: Trajectory, precision: Precision) -> None:
    """Refuses configurations with descriptors that single precision cannot hold.

    Raises:
        ValueError: some are too large, or so small that nothing would be left of them.
    """
    for name in ROUNDED if precision == "float32" else ():
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
