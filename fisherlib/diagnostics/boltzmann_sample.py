"""Boltzmann samples: whether trajectories look like samples at their temperature, one by one and together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..arguments import floats, kind
from ..dataset import Array, Dataset, Trajectory
from . import time_series
from .aggregation import worst
from .composition import counts_of_kinds
from .energy_fluctuations import atoms, drift, ratio_if_any, without_rounding
from .temperatures import virial_temperatures
from .verdict import Verdict, unknown

#: Numbers of atoms, (M,).
Counts = NDArray[np.integer] | Array

TOGETHER = "all trajectories together"


def ensemble(
    energies: ArrayLike,
    n_atoms: ArrayLike,
    temperature: float | None = None,
    *,
    forces: ArrayLike | None = None,
    key: str = "",
) -> list[Verdict]:
    """Whether one trajectory looks like a Boltzmann sample. No descriptors are needed, so raw data can be judged.

    The canonical ratio sd(E)/(√(3N/2) k_B T) is compared with 0.6 and 1.6 (a warning beyond) and with 0.2 and 5 (a
    failure beyond). Each limit is widened by the quantile √(χ²_ν/ν) of a variance from ν + 1 = M/2τ independent
    energies. ``sample`` does this for every trajectory of a dataset; ``check`` and ``trust.verdicts`` include it.

    Args:
        energies: (M,) eV, totals, in the order of time.
        n_atoms: (M,) atoms in each, or one number for all.
        temperature: K, or None if it is not known.
        forces: (3ΣN,) eV/Å, to look for frozen configurations.
        key: name of the trajectory, put at the beginning of each message.

    Returns:
        Verdicts named canonical ratio, autocorrelation, drift, outliers, and, with forces, frozen configurations.

    Raises:
        ValueError: no energies, numbers that are not finite, or numbers of atoms or forces that do not fit the energies.

    Source: as for ``canonical_ratio`` and ``autocorrelation_time``.

    Example:
        >>> import fisherlib as fl
        >>> t = fl.systems.harmonic([1.0, 2.0], trajectories=1, configurations=400)["harmonic-0"]
        >>> {v.name: v.level for v in ensemble(t.energies, t.n_atoms, temperature=3.0)}["canonical ratio"]
        'fail'
    """
    E = floats("energies", energies)
    if E.ndim != 1 or not len(E) or not np.isfinite(E).all():
        raise ValueError(
            f"energies: expected at least one finite number, shape (M,), got {E!r:.60}; leave out what is missing"
        )
    N = atoms(n_atoms, len(E))
    F = None if forces is None else floats("forces", forces).ravel()
    if F is not None and len(F) != 3 * N.sum():
        raise ValueError(f"forces: expected 3ΣN = {3 * N.sum()} numbers as n_atoms says, got {len(F)}")
    return [worst([(key, verdict)]) for verdict in _judged(E, N, temperature, F, time_series.CHANCE)]


def sample(data: Dataset, temperature: float | None = None) -> list[Verdict]:
    """Whether every trajectory of a dataset looks like a Boltzmann sample: one verdict for each kind of check.

    A message has one sentence for each finding (too much, too little, unknown …), with its trajectories and numbers.
    All trajectories together may show what a short one cannot: a common drift, or a wrong temperature. ``ensemble``
    judges one trajectory; ``check`` and ``health`` add the other checks of a dataset, ``trust.verdicts`` those of a fit.

    Args:
        data: each trajectory in the order of time.
        temperature: K, in place of the trajectories' own.

    Returns:
        The verdicts of ``ensemble``, and the temperature by forces of isolated clusters. ``value`` is the worst number.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.harmonic([1.0, 2.0], trajectories=4, configurations=200)
        >>> {v.name: v.level for v in sample(data)}["canonical ratio"]
        'ok'
    """
    kind("data", data, Dataset, "sample(io.read(path))")
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for key, verdict in _findings(data, temperature):
        found.setdefault(verdict.name, []).append((key, verdict))
    return [worst(entries) for entries in found.values()]


def _findings(data: Dataset, temperature: float | None) -> Iterator[tuple[str, Verdict]]:
    ratios: list[tuple[Array, Counts]] = []
    freedom, virial, chance = 0.0, [], time_series.CHANCE / len(data)
    for t in data.values():
        T, E = t.temperature if temperature is None else temperature, of_one_composition(t)
        for verdict in _judged(E, t.n_atoms, T, t.forces, chance):
            yield _called(t.key), verdict
        ratio = _virial_ratio(t, T)
        if ratio is not None:
            virial.append(float(ratio.mean()))
        yield _called(t.key), _temperature(ratio, chance)
        if T is not None and len(t) > 1 and t.has_energies:
            freedom += max(time_series.independent_of(E) - 1, 1.0)
            ratios.append((E / T, t.n_atoms))
    if len(ratios) > 1:
        labels = np.repeat(np.arange(len(ratios)), [len(E) for E, _ in ratios])
        E, N = (np.concatenate(parts) for parts in zip(*ratios, strict=True))
        yield (
            TOGETHER,
            time_series.fluctuation(
                ratio_if_any(E, N, 1.0, trajectory=labels), freedom, "their temperatures", time_series.CHANCE
            ),
        )
    if len(virial) > 3:
        error = float(np.std(virial, ddof=1) / np.sqrt(len(virial)))
        yield (
            TOGETHER,
            time_series.temperature_by_forces(float(np.mean(virial)), error, len(virial) - 1, time_series.CHANCE),
        )
    mean, error, each = drift(data)
    if len(each) > 3:
        spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values() if t.has_energies])))
        yield TOGETHER, time_series.end_to_end(mean, error, spread, len(each) - 1, time_series.CHANCE)


def _called(key: str) -> str:
    """Name of a trajectory in a message: its key, with "trajectory" before a number or a blank."""
    return f"trajectory {key}" if key.isdigit() else key if key.strip() else f"trajectory {key!r}"


def _judged(E: Array, N: Counts, T: float | None, forces: Array | None, chance: float) -> list[Verdict]:
    still = [] if forces is None else [time_series.standing_still(forces, N)]
    if not np.isfinite(E).all():
        return [*(unknown(name, time_series.NO_ENERGIES) for name in time_series.OF_ENERGIES), *still]
    x = _of_one_size(E, N)
    independent = time_series.independent_of(x)
    if T is None:
        ratio = unknown("canonical ratio", time_series.UNKNOWN)
    else:
        ratio = time_series.fluctuation(ratio_if_any(E, N, T), max(independent - 1, 1.0), f"{T:g} K", chance)
    return [
        ratio,
        time_series.memory(x, independent),
        time_series.line(x, chance),
        time_series.outliers(x, float(N.mean())),
        *still,
    ]


def _of_one_size(E: Array, N: Counts) -> Array:
    """Energies (M,) without their mean and a trend linear in the number of atoms."""
    x, n = E - E.mean(), N - N.mean()
    return without_rounding(x - n * (n @ x) / (n @ n) if n @ n > 0 else x, E)


def of_one_composition(t: Trajectory) -> Array:
    """Energies of a trajectory, without the part explained by varying numbers of atoms of each element."""
    if not t.has_energies or t.species is None or len(kinds := np.unique(t.species)) < 2:
        return t.energies
    counts = counts_of_kinds(t.n_atoms, t.species, kinds)
    counts, x = counts - counts.mean(axis=0), t.energies - t.energies.mean()
    if not counts.any():
        return t.energies
    return without_rounding(x - counts @ np.linalg.lstsq(counts, x, rcond=None)[0], t.energies)


def _virial_ratio(t: Trajectory, T: float | None) -> Array | None:
    """(M,) virial temperature over T of each configuration; None unless they are isolated clusters of known temperature."""
    isolated = t.positions is not None and not (t.pbc is not None and t.pbc.any())
    if T is None or not isolated or t.n_atoms.min() < 2 or len(t) < 2:
        return None
    return virial_temperatures(t) / T


def _temperature(ratio: Array | None, chance: float) -> Verdict:
    """Verdict on the virial temperature of a trajectory."""
    if ratio is None:
        message = "positions of isolated clusters of known temperature are needed, several configurations of each"
        return unknown("temperature by forces", message)
    independent = time_series.independent_of(ratio)
    error = float(ratio.std(ddof=1) / np.sqrt(independent))
    return time_series.temperature_by_forces(float(ratio.mean()), error, max(independent - 1, 1.0), chance)
