"""Is it a Boltzmann sample at its temperature: fluctuation, memory, drift, exchanged and frozen configurations."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..dataset import Array, Dataset, Trajectory
from .checks import Level, Verdict, counts_of_kinds
from .sampling import _virial_temperatures, atoms, autocorrelation_time, canonical_ratio, drift, without_rounding

#: Between these the canonical ratio is not remarked on. Its square is the potential heat capacity over 3N k_B/2, 1 in a
#: harmonic crystal and 1.8 in the Cu55 droplet of ``data/``; 0.36 and 2.6 leave room on both sides, so that only a gross
#: mistake is told: a temperature wrong by more than about half, energies per atom, frozen or mixed configurations.
CANONICAL = (0.6, 1.6)
#: Beyond these the heat capacity would be below 1/25 or above 25 times the harmonic one, as at a sharp transition at most.
IMPOSSIBLE = (0.2, 5.0)
TOO_SMALL = "a lower temperature than the label says, a minimisation, copies of a frame, or energies per atom"
TOO_LARGE = "a higher temperature than the label says, several phases or basins, an exchanged configuration, or a drift"
#: Chance, over all trajectories and on either side, to remark on a sample that lies within its limits.
CHANCE = 0.005
#: Robust z-score from which a configuration is taken for one of another run; a Gaussian goes beyond it once in 10¹⁵.
#: Upwards, the energies of 3N harmonic modes go further than a Gaussian does, and the limit is as rare in them.
STRANGE = 8.0
#: Forces that differ by less, eV/Å, are those of the same configuration.
FROZEN = 1e-6
#: Trajectories that are named one by one under each kind of finding.
NAMED = 5
_TOGETHER = "all trajectories together"
_LEVELS = ("ok", "warn", "fail")
_RATIOS = ("canonical ratio", "temperature by forces")
#: What is said of a trajectory that shares the finding of a worse one.
_NUMBERS = {
    "canonical ratio": "{:.2g} times a harmonic crystal",
    "autocorrelation": "{:.3f}",
    "drift": "{:+.3g} eV",
    "outliers": "{:.0f} robust standard deviations",
    "frozen configurations": "{:.0f} configurations",
    "temperature by forces": "{:.2f} times",
}


def ensemble(
    energies: ArrayLike,
    n_atoms: ArrayLike,
    temperature: float | None = None,
    *,
    forces: ArrayLike | None = None,
    key: str = "",
) -> list[Verdict]:
    """Whether one trajectory looks like a Boltzmann sample; it asks for no descriptors, so raw data can be judged.

    The canonical ratio sd(E)/(√(3N/2) k_B T) is held against ``CANONICAL`` (a warning beyond it) and ``IMPOSSIBLE``
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
    E = np.asarray(energies, dtype=np.float64)
    if E.ndim != 1 or not len(E) or not np.isfinite(E).all():
        raise ValueError(
            f"energies: expected at least one finite number, shape (M,), got {E!r:.60}; leave out what is missing"
        )
    N = atoms(n_atoms, len(E))
    F = None if forces is None else np.asarray(forces, dtype=np.float64).ravel()
    if F is not None and len(F) != 3 * N.sum():
        raise ValueError(f"forces: expected 3ΣN = {3 * N.sum()} numbers as n_atoms says, got {len(F)}")
    return [_worst([(key, verdict)]) for verdict in _judged(E, N, temperature, F, CHANCE)]


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
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for key, verdict in _findings(data, temperature):
        found.setdefault(verdict.name, []).append((key, verdict))
    return [_worst(entries) for entries in found.values()]


def _findings(data: Dataset, temperature: float | None) -> Iterator[tuple[str, Verdict]]:
    ratios, freedom, virial, chance = [], 0.0, [], CHANCE / len(data)
    for t in data.values():
        T, E = t.temperature if temperature is None else temperature, _of_one_composition(t)
        for verdict in _judged(E, t.n_atoms, T, t.forces, chance):
            yield t.key, verdict
        by_forces = _temperature(t, T, chance)
        virial += [by_forces.value] if np.isfinite(by_forces.value) else []
        yield t.key, by_forces
        if T is not None and len(t) > 1:
            freedom += max(_independent(E) - 1, 1.0)
            ratios.append((E / T, t.n_atoms))
    if len(ratios) > 1:
        labels = np.repeat(np.arange(len(ratios)), [len(E) for E, _ in ratios])
        E, N = (np.concatenate(parts) for parts in zip(*ratios, strict=True))
        yield _TOGETHER, _ratio(canonical_ratio(E, N, 1.0, trajectory=labels), freedom, "their temperatures", CHANCE)
    if len(virial) > 3:
        error = float(np.std(virial, ddof=1) / np.sqrt(len(virial)))
        yield _TOGETHER, _agreement(float(np.mean(virial)), error, len(virial) - 1, CHANCE)
    mean, error, each = drift(data)
    if len(each) > 3:
        spread = float(np.sqrt(np.mean([t.energies.var() for t in data.values()])))
        yield _TOGETHER, _drift(mean, error, spread, len(each) - 1, CHANCE)


def _judged(E: Array, N: Array, T: float | None, forces: Array | None, chance: float) -> list[Verdict]:
    x = _of_one_size(E, N)
    independent = _independent(x)
    if T is None:
        message = "the temperature is not known: whether this is a sample at it cannot be said; give temperature="
        ratio = Verdict(name="canonical ratio", level="warn", message=message, value=float("nan"))
    else:
        try:
            ratio = _ratio(canonical_ratio(E, N, T), max(independent - 1, 1.0), f"{T:g} K", chance)
        except ValueError as error:
            if "have a spread" not in str(error):
                raise
            message = "too few configurations for a spread of energies"
            ratio = Verdict(name="canonical ratio", level="ok", message=message, value=float("nan"))
    verdicts = [ratio, _memory(x, independent), _line(x, chance), _outliers(x, float(N.mean()))]
    return verdicts if forces is None else [*verdicts, _frozen(forces, N)]


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


def _independent(x: Array) -> float:
    return len(x) / max(2 * autocorrelation_time(x), 1.0)


def _ratio(ratio: float, freedom: float, kelvin: str, chance: float) -> Verdict:
    low, high = (float(np.sqrt(stats.chi2.ppf(p, freedom) / freedom)) for p in (chance, 1 - chance))
    level: Level = "ok"
    message = f"energies fluctuate as they may at {kelvin}: a harmonic crystal has 1, and {CANONICAL[0]} to {CANONICAL[1]} is usual"
    if ratio == 0:
        level, message = "warn", "energies do not vary: a column that was never filled, or copies of one configuration"
    elif ratio < CANONICAL[0] * low:
        level = "fail" if ratio < IMPOSSIBLE[0] * low else "warn"
        message = f"energies fluctuate far too little for {kelvin} ({ratio:.2g} times a harmonic crystal): {TOO_SMALL}; look up the run they come from"
    elif ratio > CANONICAL[1] * high:
        level = "fail" if ratio > IMPOSSIBLE[1] * high else "warn"
        message = f"energies fluctuate far too much for {kelvin} ({ratio:.2g} times a harmonic crystal): {TOO_LARGE}; plot energies against time and split the trajectory"
    return Verdict(name="canonical ratio", level=level, message=message, value=ratio)


def _memory(x: Array, independent: float) -> Verdict:
    """Lag-1 correlation; close to 1 in steps that follow each other."""
    name, size = "autocorrelation", float(x @ x)
    if len(x) < 8 or size <= 0:
        message = "too few configurations, or energies that do not vary: their memory cannot be seen"
        return Verdict(name=name, level="ok", message=message, value=float("nan"))
    lag = float(x[1:] @ x[:-1]) / size * len(x) / (len(x) - 1)
    if lag > 0.9 and independent < 50:
        message = (
            f"energies of neighbouring configurations are correlated by {lag:.3f}, so that {len(x)} count as about "
            f"{independent:.0f}: consecutive steps of a short run, or two runs joined; run longer and keep fewer"
        )
        return Verdict(name=name, level="warn", message=message, value=lag)
    return Verdict(name=name, level="ok", message="correlation of neighbouring energies", value=lag)


def _line(x: Array, chance: float) -> Verdict:
    """A straight line through the energies, its error from what scatters about it and the memory of that."""
    if len(x) < 5:
        message = "fewer than five configurations: a drift cannot be seen"
        return Verdict(name="drift", level="ok", message=message, value=float("nan"))
    s = np.linspace(-0.5, 0.5, len(x))
    rise = float(s @ x / (s @ s))
    rest = x - rise * s
    independent = _independent(rest)
    error = float(rest.std() / np.sqrt((s @ s) * independent / len(x)))
    return _drift(rise, error, float(x.std()), max(independent - 2, 1.0), chance)


def _drift(rise: float, error: float, spread: float, freedom: float, chance: float) -> Verdict:
    level: Level = "ok"
    message = "energies neither rise nor fall from end to end, eV"
    if abs(rise) > 0.5 * spread and abs(rise) > stats.t.ppf(1 - chance / 2, freedom) * error:
        level = "warn"
        message = (
            f"energies {'rise' if rise > 0 else 'fall'} by {abs(rise):.3g} ± {error:.2g} eV from end to end: not in "
            "equilibrium yet, or two runs joined; leave out the first part"
        )
    return Verdict(name="drift", level=level, message=message, value=rise)


def _outliers(x: Array, n_atoms: float) -> Verdict:
    """Configurations far from the median in units of 1.4826 MAD, which a few strange ones cannot widen."""
    name, x = "outliers", x - np.median(x)
    away, shape = np.abs(x), 1.5 * n_atoms
    scale = 1.4826 * float(np.median(away))
    if len(x) < 10 or scale <= 1e-12 * away.max():
        message = "too few configurations, or too many alike: an exchanged one cannot be told"
        return Verdict(name=name, level="ok", message=message, value=float("nan"))
    upwards = (stats.gamma.isf(stats.norm.sf(STRANGE), shape) - shape) / np.sqrt(shape)
    strange = np.flatnonzero(away > np.where(x > 0, upwards, STRANGE) * scale)
    order = strange[np.argsort(-away[strange])]
    level: Level = "ok"
    message = "energies of all configurations lie together, in robust standard deviations"
    if len(order):
        level, more = "warn", f" and {len(order) - 3} more" if len(order) > 3 else ""
        message = (
            f"the energy of configuration {', '.join(map(str, order[:3]))}{more} (counted from 0) lies "
            f"{away[order[0]] / scale:.0f} robust standard deviations from the median: exchanged with another run, or not "
            "converged; compare it with its neighbours and leave it out"
        )
    return Verdict(name=name, level=level, message=message, value=float(away.max() / scale))


def _frozen(forces: Array, N: Array) -> Verdict:
    """Configurations without forces, or with those of the one before."""
    ends = 3 * np.cumsum(N)
    size = np.maximum.reduceat(np.abs(forces), ends - 3 * N)
    frozen = size < FROZEN
    alike = np.flatnonzero((np.diff(N) == 0) & (np.abs(np.diff(size)) < FROZEN)) + 1  # few are left to be compared
    for m in alike:
        a, b, n = ends[m - 1], ends[m], 3 * N[m]
        frozen[m] |= bool(np.abs(forces[a:b] - forces[a - n : a]).max() < FROZEN)
    first, number = int(np.argmax(frozen)), int(frozen.sum())
    level, message = "ok", "every configuration has forces of its own"
    if number:
        level = "warn"
        message = (
            f"{number} of {len(N)} configurations have no forces, or those of the one before (the first is configuration "
            f"{first}, counted from 0): a run that stood still, forces that were not written, or symmetric crystals, which have "
            "none by symmetry; leave them out of what has to be a sample"
        )
    return Verdict(name="frozen configurations", level=level, message=message, value=float(number))


def _temperature(t: Trajectory, T: float | None, chance: float) -> Verdict:
    """Virial temperature over T, where the virial theorem holds."""
    if T is None or t.positions is None or (t.pbc is not None and t.pbc.any()) or t.n_atoms.min() < 2 or len(t) < 2:
        message = "it can be had from positions of isolated clusters of known temperature only"
        return Verdict(name="temperature by forces", level="ok", message=message, value=float("nan"))
    each = _virial_temperatures(t) / T
    independent = _independent(each)
    error = float(each.std(ddof=1) / np.sqrt(independent))
    return _agreement(float(each.mean()), error, max(independent - 1, 1.0), chance)


def _agreement(ratio: float, error: float, freedom: float, chance: float) -> Verdict:
    level: Level = "ok"
    message = "⟨−Σ r·F⟩/(3N − 3) k_B over the temperature given"
    if abs(ratio - 1) > 0.2 and abs(ratio - 1) > stats.t.ppf(1 - chance / 2, freedom) * error:
        level = "warn"
        message = (
            f"forces and positions say {ratio:.2f} ± {error:.2f} times the temperature given: a wrong label, forces in other "
            "units, a wall or an external field, or atoms that have evaporated"
        )
    return Verdict(name="temperature by forces", level=level, message=message, value=ratio)


def _severity(verdict: Verdict) -> tuple[int, float]:
    """Level, then size; what is not known comes last within its level."""
    value = verdict.value
    if verdict.name in _RATIOS and not np.isnan(value):
        value = np.log(value) if value > 0 else np.inf
    return _LEVELS.index(verdict.level), -1.0 if np.isnan(value) else abs(value)


def _direction(verdict: Verdict) -> str:
    """Too much, too little, none at all, or unknown: what has one sentence, whatever the number in it."""
    value = verdict.value
    if np.isnan(value) or value == 0:
        return f"{value:.0f}"
    return "up" if value > (1.0 if verdict.name in _RATIOS else 0.0) else "down"


def _worst(entries: list[tuple[str, Verdict]]) -> Verdict:
    """The worst of verdicts of one kind; a sentence for each direction of what is found, with its trajectories."""
    entries = sorted(entries, key=lambda entry: _severity(entry[1]), reverse=True)
    key, worst = entries[0]
    if worst.level == "ok":
        where = f" (furthest off in {key})" if len(entries) > 1 and abs(worst.value) > 0 else ""
        return dataclasses.replace(worst, message=worst.message + where)
    found: dict[str, list[tuple[str, Verdict]]] = {}
    for entry in entries:
        if entry[1].level != "ok":
            found.setdefault(_direction(entry[1]), []).append(entry)
    return dataclasses.replace(worst, message=". ".join(_sentence(alike) for alike in found.values()))


def _sentence(alike: list[tuple[str, Verdict]]) -> str:
    """What is said of the first, and the others with numbers of their own."""
    (key, first), others = alike[0], alike[1:NAMED]
    if not key:
        return first.message
    more = f" and {len(alike) - NAMED} more" if len(alike) > NAMED else ""
    if np.isnan(first.value):
        return f"{', '.join([key, *(key for key, _ in others)])}{more}: {first.message}"
    named = ", ".join(f"{key} ({_NUMBERS[v.name].format(v.value).replace('-', '−')})" for key, v in others)
    return f"{key}: {first.message}" + (f"; likewise {named}{more}" if others else "")
