"""A dataset at a glance: its size, its checks, and whether it looks like a sample at its temperature."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array, Dataset
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from . import judgements
from .checks import consistency, findings
from .ensemble import sample
from .identifiability import null_directions, undetermined
from .leverage import influence
from .sampling import autocorrelation_time, drift, ratio_if_any
from .verdict import Level, Verdict

_CARD_NAMES = {"energy slope": "sign of Φ", "sign by θ": "sign of Φ by θ"}
_OF_ONE_CONFIGURATION = ("outliers", "frozen configurations")
_FORMATS = {
    "translation sum": "{:.1e}",
    "net force": "{:.1e}",
    "force R²": "{:.4f}",
    "energy slope": "energy slope {:.3f}",
    "energy correlation": "{:.4f}",
    "sign by θ": "correlation {:.3f}",
    "composition": "share varies by {:.2g}",
    "duplicates": "{:.0f}",
    "outliers": "{:.1f} robust standard deviations at most",
    "frozen configurations": "{:.0f}",
    "axes": "R² {:.4f} in another order",
    "undetermined": "{:.0f} directions",
    "null directions": "{:.0f}",
    "enough data": "{:.0f} force components a parameter",
}

#: Fewer independent configurations than this are too few for averages.
FEW = 15


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reading:
    """One line of the health card.

    Attributes:
        name: what was looked at.
        value: its value with its unit, as text.
        level: "ok", "warn" or "fail"; a "fail" makes every result wrong.
        message: one sentence.
    """

    name: str
    value: str
    level: Level
    message: str


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
        *findings(data, theta, moments),
        *sample(data, temperature),
        *undetermined(moments, names=data.descriptor_names),
        *null_directions(moments, names=data.descriptor_names),
        influence(data, moments),
    ]


def health(
    data: Dataset,
    *,
    temperature: float | None = None,
    theta: ArrayLike | LinearPotential | None = None,
    moments: Moments | None = None,
) -> list[Reading]:
    """Everything that can be said of a dataset at once: its size, its verdicts, drift, memory, fluctuation.

    The verdicts are those of ``consistency``, exchanged and frozen configurations, and what the data leave undetermined;
    drift, memory and fluctuation are those of all trajectories together, where ``check`` looks at each.

    Args:
        data: the configurations, each trajectory in the order of time.
        temperature: K, in place of what the trajectories say.
        theta: (K,) parameters known to be roughly right, or a potential, for ``consistency``.
        moments: ``accumulate(data)`` where it is known already.
    """
    moments = moments or accumulate(data)
    verdicts = consistency(data, theta=theta, moments=moments)
    verdicts += [verdict for verdict in sample(data, temperature) if verdict.name in _OF_ONE_CONFIGURATION]
    verdicts += undetermined(moments, names=data.descriptor_names)
    verdicts += null_directions(moments, names=data.descriptor_names)
    tau = autocorrelation_time(_series(data))
    independent = len(data.energies) / max(2 * tau, 1.0)
    return [
        *_size(data),
        *(_reading(verdict) for verdict in verdicts),
        _drift(data, tau),
        *_memory(data, tau, independent),
        _fluctuation(data, temperature, independent),
    ]


def _size(data: Dataset) -> list[Reading]:
    lengths = [len(t) for t in data.values()]
    facts = {
        "trajectories": (str(len(data)), "whole trajectories are what error bars and folds are taken over"),
        "configurations": (f"{sum(lengths)} ({_range(lengths)} a trajectory)", "configurations of all trajectories"),
        "N": (f"{_range(data.n_atoms)} atoms", "atoms in a configuration"),
        "K": (str(data.K), "descriptors, and so parameters"),
        "NaN": ("none", "a dataset with a number that is NaN or infinite is refused when it is made"),
    }
    return [Reading(name=name, value=value, level="ok", message=said) for name, (value, said) in facts.items()]


def _range(values: Sequence[int] | Array) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def _reading(verdict: Verdict) -> Reading:
    name, value = verdict.name, verdict.value
    shown = _FORMATS.get(name, "{:.3g}").format(value) if np.isfinite(value) else "unknown"
    return Reading(name=_CARD_NAMES.get(name, name), value=shown, level=verdict.level, message=verdict.message)


def _series(data: Dataset) -> list[Array]:
    """Energies without the mean of their ensemble (temperature and composition) and what is linear in N."""
    ensembles: dict[object, list[str]] = {}
    for t in data.values():
        kinds, counts = (None, t.n_atoms.sum()) if t.species is None else np.unique(t.species, return_counts=True)
        ensembles.setdefault(f"{t.temperature} {kinds} {counts / len(t)}", []).append(t.key)
    made = {}
    for keys in ensembles.values():
        E = np.concatenate([data[key].energies for key in keys])
        N = np.concatenate([data[key].n_atoms for key in keys]).astype(float)
        E, N = E - E.mean(), N - N.mean()
        E = E - N * (N @ E) / (N @ N) if N @ N > 0 else E
        made |= dict(zip(keys, np.split(E, np.cumsum([len(data[key]) for key in keys])[:-1]), strict=True))
    return [made[key] for key in data]


def _drift(data: Dataset, tau: float) -> Reading:
    mean, error, each = drift(data)
    if not len(each):
        message = "every trajectory has fewer than three configurations: a drift cannot be seen"
        return Reading(name="energy drift", value="unknown", level="ok", message=message)
    spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values()])))
    freedom = len(each) - 1.0
    if len(each) == 1:  # the error of a straight line through M/2τ independent energies
        independent = len(data.energies) / max(2 * tau, 1.0)
        error, freedom = spread * float(np.sqrt(12 / independent)), max(independent - 2, 1.0)
    found = judgements.end_to_end(mean, error, spread, freedom, judgements.CHANCE)
    message = f"from end to end of a trajectory, where energies have a standard deviation of {spread:.3g} eV"
    return Reading(
        name="energy drift",
        value=f"{mean:+.3f} ± {error:.3f} eV".replace("-", "−"),
        level=found.level,
        message=message if found.level == "ok" else found.message,
    )


def _memory(data: Dataset, tau: float, independent: float) -> list[Reading]:
    message = "integrated autocorrelation time of the energy, counted in the configurations that were kept"
    if max(len(t) for t in data.values()) == 1:
        message = "trajectories of one configuration have no memory; they are taken to be independent"
    level, said = "ok", "configurations over twice the autocorrelation time: what averages rest on"
    if independent < FEW:
        level = "warn"
        said = f"only about {independent:.0f} configurations are independent: averages over them are rough; run longer"
    return [
        Reading(name="autocorrelation time", value=f"{tau:.2f} steps", level="ok", message=message),
        Reading(name="independent configurations", value=f"about {independent:.0f}", level=level, message=said),
    ]


def _fluctuation(data: Dataset, temperature: float | None, independent: float) -> Reading:
    known = {
        t.key: T for t in data.values() if (T := t.temperature if temperature is None else temperature) is not None
    }
    if not known:
        return Reading(name="canonical ratio", value="unknown", level="warn", message=judgements.UNKNOWN)
    some = data.select(list(known))
    lengths = [len(t) for t in some.values()]
    labels, T = (
        np.repeat(values, lengths) for values in (np.arange(len(some)), np.array(list(known.values()), dtype=float))
    )
    ratio = ratio_if_any(some.energies / T, some.n_atoms, 1.0, trajectory=labels)  # E/T at 1 K, as T may differ
    independent *= len(T) / len(data.energies)
    kelvin = " to ".join(f"{t:g}" for t in sorted({T.min(), T.max()})) + " K"
    found = judgements.fluctuation(ratio, max(independent - 1, 1.0), kelvin, judgements.CHANCE).warned()
    level, message = found.level, found.message
    if len(some) < len(data):
        level, message = (
            "warn",
            f"{message}; of {len(data) - len(some)} of {len(data)} trajectories {judgements.UNKNOWN}",
        )
    value = "unknown" if np.isnan(ratio) else f"{ratio:.2f} ± {ratio / np.sqrt(2 * independent):.2f}"
    return Reading(name="canonical ratio", value=value, level=level, message=message)
