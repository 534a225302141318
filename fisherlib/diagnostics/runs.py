"""Whether there are several runs to compare, without which errors can only be told from a long one."""

import math

import numpy as np

from ..arguments import kind
from ..dataset import Array, Dataset
from .facts import series_of_energies, too_short
from .verdict import Verdict

#: What is said of a single run before anything is fitted to it.
SHORT = "of which no error bar can be made unless it is long: it takes other runs, or many blocks that are independent by their scores"

#: Standard deviations, 1/√n of n trajectories, beyond which a correlation is none by chance.
SURELY = 3.5


def single_run(data: Dataset, said: str = SHORT) -> list[Verdict]:
    """A warning where the data are one run, and the entry of the file that may tell several apart; else nothing.

    Args:
        data: the configurations.
        said: of the run, behind "one run, ".
    """
    kind("data", data, Dataset, "single_run(io.read(path))")
    if len(data) > 1:
        return []
    message = f"one run, {said}"
    for entry, number in dict(data.provenance.get("likely_keys") or {}).items():
        message += f"; `{entry}` has {number} values: take key={entry!r}"
        break  # the likeliest is first
    return [Verdict(name="trajectories", level="warn", message=message, value=float(len(data)), limits=(2.0, math.inf))]


def short_runs(data: Dataset, others: float = -math.inf) -> list[Verdict]:
    """A warning where trajectories too short to show a memory follow one another like frames of one run; else nothing.

    Args:
        data: trajectories in the order of the file.
        others: correlation from one to the next of something else than energies, such as scores.
    """
    kind("data", data, Dataset, "short_runs(io.read(path))")
    if not too_short(data) or (correlation := max(from_one_to_the_next(data), others)) <= (most := chance(data)):
        return []
    each = len(data.energies) / len(data)
    message = (
        f"{len(data)} trajectories of {'one configuration' if each == 1 else f'{each:.2g} configurations'} each follow one "
        f"another like frames of one run (energies or scores correlated by {correlation:.2f} from one to the next): "
        "they are not independent, and there are no error bars; if they are one run, read it as one, without key="
    )
    return [Verdict(name="trajectories", level="warn", message=message, value=correlation, limits=(-math.inf, most))]


def from_one_to_the_next(data: Dataset) -> float:
    """Correlation of energies from the end of each trajectory to the beginning of the next, in the order of the file."""
    return across(np.concatenate(series_of_energies(data))[:, None], data.groups)


def across(x: Array, groups: Array) -> float:
    """Correlation of neighbours that are of different groups, of (M, n) series of mean zero; 0 where nothing varies."""
    other, size = np.diff(groups) != 0, float((x**2).mean())
    return float((x[1:] * x[:-1])[other].mean()) / size if size > 0 and other.any() else 0.0


def chance(data: Dataset) -> float:
    """What such a correlation of independent trajectories is hardly ever beyond."""
    return SURELY / math.sqrt(len(data))
