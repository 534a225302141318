"""Is it a Boltzmann sample at its temperature: each trajectory by itself, and all of them together."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset, Trajectory
from . import judgements
from .composition import counts_of_kinds
from .sampling import atoms, drift, ratio_if_any, virial_temperatures, without_rounding
from .verdict import Verdict, unknown
from .worst import worst

TOGETHER = "all trajectories together"


def ensemble(
    energies: ArrayLike,
    n_atoms: ArrayLike,
    temperature: float | None = None,
    *,
    forces: ArrayLike | None = None,
    key: str = "",
) -> list[Verdict]:
    """Whether one trajectory looks like a Boltzmann sample; it asks for no descriptors, so raw data can be judged.

    The canonical ratio sd(E)/(√(3N/2) k_B T) is held against ``judgements.CANONICAL`` (a warning beyond it) and ``IMPOSSIBLE``
    (a failure), each widened by the quantile √(χ²_ν/ν) of a variance known from ν + 1 = M/2τ independent energies.

    Args:
        energies: (M,) eV, totals, in the order of time.
        n_atoms: (M,) atoms in each, or one number for all.
        temperature: K, or None where it is not known.
        forces: (3ΣN,) eV/Å, to look for frozen configurations.
        key: name of the trajectory, put before each sentence.

    Returns:
        Verdicts named canonical ratio, autocorrelation, drift, outliers, and, with forces, frozen configurations.

    Raises:
        ValueError: no energies, numbers that are not finite, or other numbers of atoms or forces than energies.

    Source: ``canonical_ratio``; Sokal's window for τ.
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
    return [worst([(key, verdict)]) for verdict in _judged(E, N, temperature, F, judgements.CHANCE)]


def sample(data: Dataset, temperature: float | None = None) -> list[Verdict]:
    """Whether every trajectory of a dataset looks like a Boltzmann sample: one verdict a kind, the worst are named.

    Each finding that occurs (too much, too little, unknown …) has a sentence with its trajectories and their numbers.
    What a single short trajectory cannot show, all of them together may: a common drift, or a wrong temperature.

    Args:
        data: each trajectory in the order of time.
        temperature: K, in place of what the trajectories say.

    Returns:
        The verdicts of ``ensemble``, and the temperature by forces of isolated clusters; ``value`` is the worst number.
    """
    kind("data", data, Dataset, "sample(io.read(path))")
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for key, verdict in _findings(data, temperature):
        found.setdefault(verdict.name, []).append((key, verdict))
    return [worst(entries) for entries in found.values()]


def _findings(data: Dataset, temperature: float | None) -> Iterator[tuple[str, Verdict]]:
    ratios, freedom, virial, chance = [], 0.0, [], judgements.CHANCE / len(data)
    for t in data.values():
        T, E = t.temperature if temperature is None else temperature, _of_one_composition(t)
        for verdict in _judged(E, t.n_atoms, T, t.forces, chance):
            yield _called(t.key), verdict
        by_forces = _temperature(t, T, chance)
        if _of_clusters(t, T):
            virial.append(float(virial_temperatures(t).mean()) / T)
        yield _called(t.key), by_forces
        if T is not None and len(t) > 1:
            freedom += max(judgements.independent_of(E) - 1, 1.0)
            ratios.append((E / T, t.n_atoms))
    if len(ratios) > 1:
        labels = np.repeat(np.arange(len(ratios)), [len(E) for E, _ in ratios])
        E, N = (np.concatenate(parts) for parts in zip(*ratios, strict=True))
        yield (
            TOGETHER,
            judgements.fluctuation(
                ratio_if_any(E, N, 1.0, trajectory=labels), freedom, "their temperatures", judgements.CHANCE
            ),
        )
    if len(virial) > 3:
        error = float(np.std(virial, ddof=1) / np.sqrt(len(virial)))
        yield (
            TOGETHER,
            judgements.temperature_by_forces(float(np.mean(virial)), error, len(virial) - 1, judgements.CHANCE),
        )
    mean, error, each = drift(data)
    if len(each) > 3:
        spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values()])))
        yield TOGETHER, judgements.end_to_end(mean, error, spread, len(each) - 1, judgements.CHANCE)


def _called(key: str) -> str:
    """A trajectory by its key, in words where that is a number or blank."""
    return f"trajectory {key}" if key.isdigit() else key if key.strip() else f"trajectory {key!r}"


def _judged(E: Array, N: Array, T: float | None, forces: Array | None, chance: float) -> list[Verdict]:
    x = _of_one_size(E, N)
    independent = judgements.independent_of(x)
    if T is None:
        ratio = unknown("canonical ratio", judgements.UNKNOWN)
    else:
        ratio = judgements.fluctuation(ratio_if_any(E, N, T), max(independent - 1, 1.0), f"{T:g} K", chance)
    verdicts = [
        ratio,
        judgements.memory(x, independent),
        judgements.line(x, chance),
        judgements.outliers(x, float(N.mean())),
    ]
    return verdicts if forces is None else [*verdicts, judgements.standing_still(forces, N)]


def _of_one_size(E: Array, N: Array) -> Array:
    """Energies without their mean and what is linear in the number of atoms."""
    x, n = E - E.mean(), N - N.mean()
    return without_rounding(x - n * (n @ x) / (n @ n) if n @ n > 0 else x, E)


def _of_one_composition(t: Trajectory) -> Array:
    """Energies of a trajectory; without what the numbers of atoms of each kind explain where these vary."""
    kinds = np.unique(t.species) if t.species is not None else ()
    if len(kinds) < 2:
        return t.energies
    counts = counts_of_kinds(t, kinds)
    counts, x = counts - counts.mean(axis=0), t.energies - t.energies.mean()
    if not counts.any():
        return t.energies
    return without_rounding(x - counts @ np.linalg.lstsq(counts, x, rcond=None)[0], t.energies)


def _of_clusters(t: Trajectory, T: float | None) -> bool:
    """Whether a virial temperature can be had, and held against that of the trajectory."""
    isolated = t.positions is not None and not (t.pbc is not None and t.pbc.any())
    return T is not None and isolated and bool(t.n_atoms.min() >= 2) and len(t) >= 2


def _temperature(t: Trajectory, T: float | None, chance: float) -> Verdict:
    """Virial temperature over T, where the virial theorem holds."""
    if not _of_clusters(t, T):
        message = "positions of isolated clusters of known temperature are needed, several configurations of each"
        return unknown("temperature by forces", message)
    each = virial_temperatures(t) / T
    independent = judgements.independent_of(each)
    error = float(each.std(ddof=1) / np.sqrt(independent))
    return judgements.temperature_by_forces(float(each.mean()), error, max(independent - 1, 1.0), chance)
