"""The checks of a dataset: all that can be made, and those of data that are being loaded."""

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Dataset
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from . import judgements
from .checks import consistency, findings
from .ensemble import sample
from .facts import independent_energies, memory, too_short
from .identifiability import null_directions, undetermined
from .leverage import influence
from .runs import short_runs, single_run
from .sampling import drift, ratio_if_any
from .verdict import Verdict, unknown
from .worst import worst

_OF_ONE_CONFIGURATION = ("outliers", "frozen configurations")

#: Fewer independent energies than this are too few for averages.
FEW = 15


def check(
    data: Dataset,
    temperature: float | None = None,
    *,
    theta: ArrayLike | LinearPotential | None = None,
    moments: Moments | None = None,
) -> list[Verdict]:
    """Everything that can be checked of a dataset: ``consistency``, ``sample``, and what the data leave undetermined.

    Args:
        data: the configurations, each trajectory in the order of time.
        temperature: K, in place of what the trajectories say.
        theta: (K,) parameters known to be roughly right, or a potential, for ``consistency``.
        moments: ``accumulate(data)`` where it is known already.

    Returns:
        Verdicts, each with its number and its own name.

    Raises:
        ValueError: θ has another length or is not finite, or the moments are those of other data.
    """
    moments = moments or accumulate(data)
    return [
        *findings(data, theta, moments, temperature),
        *sample(data, temperature),
        *undetermined(moments, names=data.descriptor_names),
        *null_directions(moments, names=data.descriptor_names),
        influence(data, moments, temperature),
    ]


def health(
    data: Dataset,
    *,
    temperature: float | None = None,
    theta: ArrayLike | LinearPotential | None = None,
    moments: Moments | None = None,
) -> list[Verdict]:
    """The checks of data that are being loaded.

    They are those of ``consistency``, exchanged and frozen configurations, what the data leave undetermined, and whether there
    is more than one run; drift, memory and fluctuation are those of all trajectories together, where ``check`` looks at each.

    Args:
        data: the configurations, each trajectory in the order of time.
        temperature: K, in place of what the trajectories say.
        theta: (K,) parameters known to be roughly right, or a potential, for ``consistency``.
        moments: ``accumulate(data)`` where it is known already.

    Returns:
        Verdicts, each with its number and its own name.
    """
    moments = moments or accumulate(data)
    return [
        *consistency(data, theta=theta, moments=moments, temperature=temperature),
        *(verdict for verdict in sample(data, temperature) if verdict.name in _OF_ONE_CONFIGURATION),
        *undetermined(moments, names=data.descriptor_names),
        *null_directions(moments, names=data.descriptor_names),
        *single_run(data),
        *short_runs(data),
        _drift(data),
        _memory(data),
        _fluctuation(data, temperature),
    ]


def _drift(data: Dataset) -> Verdict:
    mean, error, each = drift(data)
    if not len(each):
        return unknown("drift", "every trajectory has fewer than three configurations: a drift cannot be seen")
    spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values()])))
    freedom = len(each) - 1.0
    if len(each) == 1:  # the error of a straight line through so many independent energies
        independent = independent_energies(data)
        error, freedom = spread * float(np.sqrt(12 / independent)), max(independent - 2, 1.0)
    return judgements.end_to_end(mean, error, spread, freedom, judgements.CHANCE)


def _memory(data: Dataset) -> Verdict:
    if too_short(data):
        return unknown(
            "independent energies", "trajectories so short do not show whether their energies are independent"
        )
    independent, M = independent_energies(data), len(data.energies)
    level, message = "ok", f"about {independent:.0f} of {M} energies are independent"
    if independent < FEW:
        level = "warn"
        message = (
            f"only about {independent:.0f} of {M} energies are independent (autocorrelation time of the energies "
            f"{memory(data):.2f} configurations): averages over them are rough; run longer"
        )
    return Verdict(name="independent energies", level=level, message=message, value=independent, limits=(FEW, np.inf))


def _fluctuation(data: Dataset, temperature: float | None) -> Verdict:
    known = {
        t.key: T for t in data.values() if (T := t.temperature if temperature is None else temperature) is not None
    }
    if not known:
        return unknown("canonical ratio", judgements.UNKNOWN)
    some = data.select(list(known))
    lengths = [len(t) for t in some.values()]
    labels, T = (
        np.repeat(values, lengths) for values in (np.arange(len(some)), np.array(list(known.values()), dtype=float))
    )
    ratio = ratio_if_any(some.energies / T, some.n_atoms, 1.0, trajectory=labels)  # E/T at 1 K, as T may differ
    independent = independent_energies(data) * len(T) / len(data.energies)
    kelvin = " to ".join(f"{t:g}" for t in sorted({T.min(), T.max()})) + " K"
    found = judgements.fluctuation(ratio, max(independent - 1, 1.0), kelvin, judgements.CHANCE).warned()
    return worst([("", found), *((key, unknown(found.name, judgements.UNKNOWN)) for key in data if key not in known)])
