"""What the checks of a dataset mean for reading it: a refusal, or a warning."""

import warnings
from pathlib import Path

from numpy.typing import ArrayLike

from .. import diagnostics
from ..dataset import Dataset
from ..diagnostics.autocorrelation import too_short
from ..potential import LinearPotential
from ..units import kelvins


def accept(data: Dataset, path: Path, theta: ArrayLike | LinearPotential | None, *, key: str | None = None) -> None:
    """Warns of what is found in a dataset, where the caller's caller stands; a ValueError where a check fails.

    ``theta`` and ``key`` are those of ``io.read``.
    """
    for sentence in _doubts(data, key):
        warnings.warn(f"{path.name}: {sentence}", stacklevel=3)
    for verdict in diagnostics.consistency(data, theta=theta):
        if verdict.level == "fail":
            raise ValueError(f"{path.name}: {verdict.message}")
        if verdict.level in ("warn", "unknown"):
            warnings.warn(f"{path.name}: {verdict.message}", stacklevel=3)


def _doubts(data: Dataset, key: str | None) -> list[str]:
    """Signs that several trajectories were read as one, or one as several."""
    found, about = [], data.provenance
    if key is not None and too_short(data):
        found.append(
            f"`{key}` has {len(data)} values for {len(data.energies)} configurations: trajectories so short do not show whether "
            "they are independent; leave key= out if the file is one run"
        )
    for name, m in about.get("incomplete_keys", {}).items():
        found.append(
            f"`{name}` is in some configurations and not in configuration {m}, so that it cannot tell trajectories "
            f"apart, and all count as one; write it into each, and take key={name!r} if it names trajectories"
        )
    if likely := about.get("likely_keys"):
        (name, values), *others = likely.items()
        also = f" (or {', '.join(f'{n}, {v} values' for n, v in others)})" if others else ""
        found.append(
            f"`{name}` has {values} values{also}: take key={name!r} if each is a trajectory of its own; now all "
            "configurations count as one trajectory"
        )
    stated = about.get("stated_temperatures")
    if stated and any(t.temperature is None for t in data.values()):
        found.append(
            f"the file states {kelvins(stated)} within a trajectory, so that its temperature is not known; take a key= that "
            "tells them apart, or give temperature="
        )
    return found
