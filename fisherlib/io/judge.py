"""What the checks of a dataset mean for reading it."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from numpy.typing import ArrayLike

from .. import diagnostics
from ..dataset import Dataset
from ..diagnostics.autocorrelation import too_short
from ..potential import LinearPotential
from ..units import kelvins


def judge(data: Dataset, path: Path, theta: ArrayLike | LinearPotential | None, *, key: str | None = None) -> None:
    """Refuses a dataset that a check fails, and warns of what is found or cannot be checked, in the caller's caller's name.

    That several trajectories were probably read as one, or one as several, is warned of as well.
    """
    if key is not None and too_short(data):
        M = len(data.energies)
        warnings.warn(
            f"{path.name}: `{key}` has {len(data)} values for {M} configurations: trajectories so short do not show whether they "
            "are independent; leave key= out if the file is one run",
            stacklevel=3,
        )
    for name, m in data.provenance.get("incomplete_keys", {}).items():
        warnings.warn(
            f"{path.name}: `{name}` is in some configurations and not in configuration {m}, so that it cannot tell trajectories "
            f"apart, and all count as one; write it into each, and take key={name!r} if it names trajectories",
            stacklevel=3,
        )
    if likely := data.provenance.get("likely_keys"):
        warnings.warn(f"{path.name}: {ask_for_key(likely)}", stacklevel=3)
    stated = data.provenance.get("stated_temperatures")
    if stated and any(t.temperature is None for t in data.values()):
        mixed = f"the file states {kelvins(stated)} within a trajectory, so that its temperature is not known"
        warnings.warn(f"{path.name}: {mixed}; take a key= that tells them apart, or give temperature=", stacklevel=3)
    for verdict in diagnostics.consistency(data, theta=theta):
        if verdict.level == "fail":
            raise ValueError(f"{path.name}: {verdict.message}")
        if verdict.level in ("warn", "unknown"):
            warnings.warn(f"{path.name}: {verdict.message}", stacklevel=3)


def ask_for_key(likely: Mapping[str, int]) -> str:
    """The sentence for a file that was read as one trajectory, with the entries that probably tell several apart."""
    (name, values), *others = likely.items()
    also = f" (or {', '.join(f'{n}, {v} values' for n, v in others)})" if others else ""
    return (
        f"`{name}` has {values} values{also}: take key={name!r} if each is a trajectory of its own; now all configurations "
        "count as one trajectory"
    )
