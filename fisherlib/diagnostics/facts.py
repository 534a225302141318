"""What a dataset is, in named values: its size, its temperatures, and the memory of its energies."""

from collections.abc import Sequence

import numpy as np

from ..arguments import kind
from ..dataset import Array, Dataset
from ..units import kelvins
from .sampling import autocorrelation_time

#: Configurations a trajectory takes on average for its memory to be seen.
SEEN = 3

#: What stands for numbers that shorter ones do not show.
SHORT = "not known: trajectories are too short"


def facts(data: Dataset) -> dict[str, object]:
    """Named values of a dataset, which are no checks: nothing in them is right or wrong.

    Args:
        data: the configurations, each trajectory in the order of time.
    """
    kind("data", data, Dataset, "facts(io.read(path))")
    lengths = [len(t) for t in data.values()]
    seen = len(data.energies) >= SEEN * len(data)
    each = f" ({_range(lengths)} a trajectory)" if len(data) > 1 else ""
    return {
        "trajectories": len(data),
        "configurations": f"{sum(lengths)}{each}",
        "atoms in a configuration": _range(data.n_atoms),
        "temperature, K": _temperature(data),
        "descriptors K": data.K,
        "autocorrelation time of the energies, configurations": f"{memory(data):.2f}" if seen else SHORT,
        "independent energies": f"about {independent_energies(data):.0f}" if seen else SHORT,
    }


def too_short(data: Dataset) -> bool:
    """Whether several trajectories are so short, fewer than ``SEEN`` configurations on average, that none shows a memory."""
    return len(data) > 1 and len(data.energies) < SEEN * len(data)


def _temperature(data: Dataset) -> str:
    taken = ", ".join(f"{T:g}" for T in data.temperatures)
    stated = data.provenance.get("stated_temperatures")
    if not stated:
        return taken or "not known"
    return f"{f'{taken} (given)' if taken else 'not known'}; the file states {kelvins(stated)}"


def memory(data: Dataset) -> float:
    """Integrated autocorrelation time of the energies, in configurations, all trajectories of an ensemble about one mean.

    Below ½ energies are anticorrelated, and worth more than their number; that is not counted on.
    """
    return max(0.5, autocorrelation_time(series_of_energies(data)))


def independent_energies(data: Dataset) -> float:
    """Configurations over twice the autocorrelation time of their energies: what averages of the energy rest on."""
    return len(data.energies) / (2 * memory(data))


def _range(values: Sequence[int] | Array) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def series_of_energies(data: Dataset) -> list[Array]:
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
