"""Independent runs: whether there are several, and whether short trajectories are frames of a single run."""

import math

import numpy as np
from numpy.typing import NDArray

from ..arguments import kind
from ..dataset import Array, Dataset
from .autocorrelation import series_of_energies, too_short
from .verdict import Verdict

#: Message about a single run before a fit.
SHORT = "which gives error bars only if it is long: they need several runs, or many blocks with independent scores"

#: A correlation over n trajectories beyond so many standard deviations 1/√n is not chance.
SURELY = 3.5


def single_run(data: Dataset, ending: str = SHORT) -> list[Verdict]:
    """A warning if the data are a single run; an empty list if there are several trajectories.

    It names the entry of the file that may tell several runs apart, if the reader found one.

    Args:
        data: the configurations.
        ending: of the message, after "one run, ".

    Example:
        >>> import fisherlib as fl
        >>> [v.level for v in single_run(fl.systems.harmonic([1.0, 2.0], trajectories=1))]
        ['warn']
    """
    kind("data", data, Dataset, "single_run(io.read(path))")
    if len(data) > 1:
        return []
    message = f"one run, {ending}{likely_key(data)}"
    return [Verdict(name="trajectories", level="warn", message=message, value=float(len(data)), limits=(2.0, math.inf))]


def likely_key(data: Dataset) -> str:
    """Advice to take the entry of the file that may tell trajectories apart, if the reader found one; otherwise nothing."""
    likely = dict(data.provenance.get("likely_keys") or {})
    entry = next(iter(likely), None)  # the likeliest is first
    return f"; `{entry}` has {likely[entry]} values: take key={entry!r}" if entry else ""


def short_runs(data: Dataset, others: float = -math.inf) -> list[Verdict]:
    """A warning if very short trajectories look like consecutive frames of one run; otherwise an empty list.

    Args:
        data: trajectories in the order of the file.
        others: correlation from one trajectory to the next of another quantity, such as the scores of a fit.

    Example:
        >>> import fisherlib as fl
        >>> short_runs(fl.systems.harmonic([1.0, 2.0], trajectories=50, configurations=1))  # drawn independently
        []
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
    """Correlation of the last energy of each trajectory with the first of the next, in the order of the file."""
    if not all(t.has_energies for t in data.values()):
        return 0.0
    return across(np.concatenate(series_of_energies(data))[:, None], data.groups)


def across(x: Array, groups: NDArray[np.integer]) -> float:
    """Correlation of neighbours in different groups, for (M, n) series of mean zero; 0 if nothing varies."""
    if not x.size:
        return 0.0
    other, size = np.diff(groups) != 0, float((x**2).mean())
    return float((x[1:] * x[:-1])[other].mean()) / size if size > 0 and other.any() else 0.0


def chance(data: Dataset) -> float:
    """The largest such correlation that independent trajectories show by chance."""
    return SURELY / math.sqrt(len(data))
