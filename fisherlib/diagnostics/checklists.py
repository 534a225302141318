"""Checklists of a dataset: all checks, and those made while loading."""

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Dataset
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from . import time_series
from .aggregation import worst
from .autocorrelation import independent_energies, memory, too_short
from .boltzmann_sample import of_one_composition, sample
from .energy_fluctuations import drift, ratio_if_any
from .identifiability import null_directions, undetermined
from .leverage import influence
from .runs import short_runs, single_run
from .self_checks import consistency, findings
from .training_set import runs_within, training_set
from .verdict import Level, Verdict, unknown

_OF_ONE_CONFIGURATION = ("outliers", "frozen configurations")

#: Averages over fewer independent energies are rough.
FEW = 15


def check(
    data: Dataset,
    temperature: float | None = None,
    *,
    theta: ArrayLike | LinearPotential | None = None,
    moments: Moments | None = None,
) -> list[Verdict]:
    """All checks of a dataset: ``consistency``, ``sample``, directions left open by the forces, and leverage.

    One sentence takes the place of ``sample`` where the data are a training set and no sample at a temperature.

    ``health`` is the shorter list for loading; ``trust.verdicts`` adds the checks of a fit.

    Args:
        data: the configurations, each trajectory in the order of time.
        temperature: K, in place of the trajectories' own.
        theta: (K,) parameters known to be roughly right, or a potential, for ``consistency``.
        moments: ``accumulate(data)``, if already known.

    Returns:
        Verdicts, each with its number and its own name.

    Raises:
        ValueError: θ of another length or not finite, or moments of other data.

    Example:
        >>> import fisherlib as fl
        >>> {v.name: v.level for v in check(fl.systems.harmonic([1.0, 2.0]))}["force R²"]
        'ok'
    """
    moments = moments or accumulate(data)
    return [
        *findings(data, theta, moments, temperature),
        *_sample(data, temperature),
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
    """The checks made while data are loaded.

    They are ``consistency``, exchanged and frozen configurations, directions left open by the forces, and the number of
    runs. Drift, memory and fluctuation are judged for all trajectories together; ``check`` judges each by itself, and
    ``trust.verdicts`` adds the checks of a fit.

    Arguments, verdicts and errors are those of ``check``.

    Example:
        >>> import fisherlib as fl
        >>> {v.name: v.level for v in health(fl.systems.harmonic([1.0, 2.0], trajectories=1))}["trajectories"]
        'warn'
    """
    moments = moments or accumulate(data)
    found = consistency(data, theta=theta, moments=moments, temperature=temperature)
    left = [*undetermined(moments, names=data.descriptor_names), *null_directions(moments, names=data.descriptor_names)]
    if told := training_set(data):
        return [*told, *found, *left]
    if not all(t.has_energies for t in data.values()):
        return [*found, *_sample(data, temperature), *left, *single_run(data), *short_runs(data)]
    found += (verdict for verdict in sample(data, temperature) if verdict.name in _OF_ONE_CONFIGURATION)
    together = (_drift(data), _memory(data), _fluctuation(data, temperature))
    return [*found, *left, *single_run(data), *short_runs(data), *together]


def _sample(data: Dataset, temperature: float | None) -> list[Verdict]:
    """``sample``, of the runs alone where the data are a training set."""
    told = training_set(data)
    runs = runs_within(data) if told else data
    return told if runs is None else [*told, *sample(runs, temperature)]


def _drift(data: Dataset) -> Verdict:
    mean, error, each = drift(data)
    if not len(each):
        return unknown("drift", "every trajectory has fewer than three configurations: a drift cannot be measured")
    spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values()])))
    freedom = len(each) - 1.0
    if len(each) == 1:  # the error of a straight line through so many independent energies
        independent = independent_energies(data)
        error, freedom = spread * float(np.sqrt(12 / independent)), max(independent - 2, 1.0)
    return time_series.end_to_end(mean, error, spread, freedom, time_series.CHANCE)


def _memory(data: Dataset) -> Verdict:
    if too_short(data):
        return unknown(
            "independent energies", "trajectories so short do not show whether their energies are independent"
        )
    independent, M = independent_energies(data), len(data.energies)
    level: Level = "ok"
    message = f"about {independent:.0f} of {M} energies are independent"
    if independent < FEW:
        level = "warn"
        message = (
            f"only about {independent:.0f} of {M} energies are independent (autocorrelation time of the energies "
            f"{memory(data):.2f} configurations): averages over them are rough; run longer"
        )
    return Verdict(name="independent energies", level=level, message=message, value=independent, limits=(FEW, np.inf))


def _fluctuation(data: Dataset, temperature: float | None) -> Verdict:
    each = {t.key: t.temperature if temperature is None else temperature for t in data.values()}
    known = {key: T for key, T in each.items() if T is not None}
    if not known:
        return unknown("canonical ratio", time_series.UNKNOWN)
    some = data.select(list(known))
    lengths = [len(t) for t in some.values()]
    labels, T = (
        np.repeat(values, lengths) for values in (np.arange(len(some)), np.array(list(known.values()), dtype=float))
    )
    E = np.concatenate([of_one_composition(t) for t in some.values()])
    ratio = ratio_if_any(E / T, some.n_atoms, 1.0, trajectory=labels)  # E/T at 1 K, as T may differ
    independent = independent_energies(data) * len(T) / len(data.energies)
    kelvin = " to ".join(f"{t:g}" for t in sorted({T.min(), T.max()})) + " K"
    found = time_series.fluctuation(ratio, max(independent - 1, 1.0), kelvin, time_series.CHANCE).warned()
    return worst([("", found), *((key, unknown(found.name, time_series.UNKNOWN)) for key in each if key not in known)])
