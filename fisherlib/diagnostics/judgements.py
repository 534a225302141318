"""Verdicts on numbers of a sample: how energies fluctuate, remember, drift and stand out, and whether forces fit."""

import numpy as np
from scipy import special

from ..dataset import Array
from .sampling import autocorrelation_time
from .verdict import Level, Verdict

#: Between these the canonical ratio is not remarked on. Its square is the potential heat capacity over 3N k_B/2, 1 in a
#: harmonic crystal and 1.8 in the Cu55 droplet of ``data/``; 0.36 and 2.6 leave room on both sides, so that only a gross
#: mistake is told: a temperature wrong by more than about half, energies per atom, frozen or mixed configurations.
CANONICAL = (0.6, 1.6)

#: Beyond these the heat capacity would be below 1/25 or above 25 times the harmonic one, as at a sharp transition at most.
IMPOSSIBLE = (0.2, 5.0)

TOO_SMALL = "a lower temperature than the label says, a minimisation, copies of a frame, or energies per atom"

TOO_LARGE = "a higher temperature than the label says, several phases or basins, an exchanged configuration, or a drift"

UNKNOWN = "the temperature is not known: whether this is a sample at it cannot be said; give temperature="

#: Chance, over all trajectories and on either side, to remark on a sample that lies within its limits.
CHANCE = 0.005

#: Robust z-score from which a configuration is taken for one of another run; a Gaussian goes beyond it once in 10¹⁵.
#: Upwards, the energies of 3N harmonic modes go further than a Gaussian does, and the limit is as rare in them.
STRANGE = 8.0

#: Forces that differ by less, eV/Å, are those of the same configuration.
FROZEN = 1e-6


def independent_of(x: Array) -> float:
    """How many of a series of energies count as independent."""
    return len(x) / max(2 * autocorrelation_time(x), 1.0)


def fluctuation(ratio: float, freedom: float, kelvin: str, chance: float) -> Verdict:
    """A canonical ratio, NaN where there is none, between limits widened by what a variance of so few may do."""
    if np.isnan(ratio):
        message = "too few configurations for a spread of energies"
        return Verdict(name="canonical ratio", level="ok", message=message, value=ratio)
    low, high = (float(np.sqrt(2 * special.gammaincinv(0.5 * freedom, p) / freedom)) for p in (chance, 1 - chance))
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


def memory(x: Array, independent: float) -> Verdict:
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


def line(x: Array, chance: float) -> Verdict:
    """A straight line through the energies, its error from what scatters about it and the memory of that."""
    if len(x) < 5:
        message = "fewer than five configurations: a drift cannot be seen"
        return Verdict(name="drift", level="ok", message=message, value=float("nan"))
    s = np.linspace(-0.5, 0.5, len(x))
    rise = float(s @ x / (s @ s))
    rest = x - rise * s
    independent = independent_of(rest)
    error = float(rest.std() / np.sqrt((s @ s) * independent / len(x)))
    return end_to_end(rise, error, float(x.std()), max(independent - 2, 1.0), chance)


def end_to_end(rise: float, error: float, spread: float, freedom: float, chance: float) -> Verdict:
    """A drift, where it is larger than half the spread of the energies and than chance."""
    level: Level = "ok"
    message = "energies neither rise nor fall from end to end, eV"
    if abs(rise) > 0.5 * spread and abs(rise) > special.stdtrit(freedom, 1 - chance / 2) * error:
        level = "warn"
        message = (
            f"energies {'rise' if rise > 0 else 'fall'} by {abs(rise):.3g} ± {error:.2g} eV from end to end: not in "
            "equilibrium yet, or two runs joined; leave out the first part"
        )
    return Verdict(name="drift", level=level, message=message, value=rise)


def outliers(x: Array, n_atoms: float) -> Verdict:
    """Configurations far from the median in units of 1.4826 MAD, which a few strange ones cannot widen."""
    name, x = "outliers", x - np.median(x)
    away, shape = np.abs(x), 1.5 * n_atoms
    scale = 1.4826 * float(np.median(away))
    if len(x) < 10 or scale <= 1e-12 * away.max():
        message = "too few configurations, or too many alike: an exchanged one cannot be told"
        return Verdict(name=name, level="ok", message=message, value=float("nan"))
    upwards = (special.gammainccinv(shape, special.ndtr(-STRANGE)) - shape) / np.sqrt(shape)
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


def standing_still(forces: Array, N: Array) -> Verdict:
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


def temperature_by_forces(ratio: float, error: float, freedom: float, chance: float) -> Verdict:
    """A virial temperature over the one that is given."""
    level: Level = "ok"
    message = "⟨−Σ r·F⟩/(3N − 3) k_B over the temperature given"
    if abs(ratio - 1) > 0.2 and abs(ratio - 1) > special.stdtrit(freedom, 1 - chance / 2) * error:
        level = "warn"
        message = (
            f"forces and positions say {ratio:.2f} ± {error:.2f} times the temperature given: a wrong label, forces in other "
            "units, a wall or an external field, or atoms that have evaporated"
        )
    return Verdict(name="temperature by forces", level=level, message=message, value=ratio)
