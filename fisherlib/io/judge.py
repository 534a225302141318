"""What the checks of a dataset mean for reading it."""

import warnings
from pathlib import Path

from numpy.typing import ArrayLike

from .. import diagnostics
from ..dataset import Dataset
from ..potential import LinearPotential


def judge(data: Dataset, path: Path, theta: ArrayLike | LinearPotential | None) -> None:
    """Refuses a dataset that a check fails, and warns of what is found or cannot be checked, in the caller's caller's name."""
    for verdict in diagnostics.consistency(data, theta=theta):
        if verdict.level == "fail":
            raise ValueError(f"{path.name}: {verdict.message}")
        if verdict.level in ("warn", "unknown"):
            warnings.warn(f"{path.name}: {verdict.message}", stacklevel=3)
