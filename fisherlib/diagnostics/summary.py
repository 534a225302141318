"""A summary of a dataset in named values: size, temperatures and memory of the energies."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..arguments import kind
from ..dataset import Dataset
from ..units import kelvins
from .autocorrelation import SEEN, independent_energies, memory

#: Shown in place of numbers that need longer trajectories.
SHORT = "not known: trajectories are too short"


def facts(data: Dataset) -> dict[str, object]:
    """Named values of a dataset. They describe; unlike verdicts they do not judge.

    Args:
        data: the configurations, each trajectory in the order of time.

    Returns:
        Name → value: numbers of trajectories, configurations, atoms and descriptors, temperature in K, and memory.

    Example:
        >>> import fisherlib as fl
        >>> found = facts(fl.systems.harmonic([1.0, 2.0], trajectories=3, configurations=20))
        >>> found["configurations"], found["temperature, K"]
        ('60 (20 a trajectory)', '300')
    """
    kind("data", data, Dataset, "facts(io.read(path))")
    lengths = [len(t) for t in data.values()]
    known = all(t.has_energies for t in data.values())
    seen, why = known and len(data.energies) >= SEEN * len(data), SHORT if known else "not known: there are no energies"
    each = f" ({_range(lengths)} a trajectory)" if len(data) > 1 else ""
    return {
        "trajectories": len(data),
        "configurations": f"{sum(lengths)}{each}",
        "atoms in a configuration": _range(data.n_atoms),
        "temperature, K": _temperature(data),
        "descriptors K": data.K,
        "autocorrelation time of the energies, configurations": f"{memory(data):.2f}" if seen else why,
        "independent energies": f"about {independent_energies(data):.0f}" if seen else why,
    }


def _temperature(data: Dataset) -> str:
    taken = ", ".join(f"{T:g}" for T in data.temperatures)
    stated = data.provenance.get("stated_temperatures")
    if not stated:
        return taken or "not known"
    return f"{f'{taken} (given)' if taken else 'not known'}; the file states {kelvins(stated)}"


def _range(values: Sequence[int] | NDArray[np.integer]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"
