"""Verdicts on the time series of a trajectory: fluctuation, memory, drift and outliers of energies, frozen forces."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from ..dataset import Array
from ..units import counted
from .autocorrelation import autocorrelation_time
from .verdict import Level, Verdict, unknown

#: Limits of the canonical ratio. Its square is the potential heat capacity over 3N k_B/2: 1 in a harmonic crystal, 1.8 in
#: the Cu55 droplet of ``data/``. 0.36 and 2.6 leave room on both sides, so that only gross mistakes are reported: a
#: temperature wrong by more than about half, energies per atom, frozen or mixed configurations.
CANONICAL = (0.6, 1.6)

#: Beyond these the heat capacity is below 1/25 or above 25 times the harmonic one; only a sharp transition comes near.
IMPOSSIBLE = (0.2, 5.0)

TOO_SMALL = "a lower temperature than the label says, a minimisation, copies of a frame, or energies per atom"

TOO_LARGE = "a higher temperature than the label says, several phases or basins, an exchanged configuration, or a drift"

UNKNOWN = "the temperature is not known, so that the fluctuation of energies cannot be judged; give temperature="

NO_ENERGIES = "there are no energies: their fluctuation, memory and drift cannot be judged"
OF_ENERGIES = ("canonical ratio", "autocorrelation", "drift", "outliers")

#: Probability of a false alarm over all trajectories, on either side.
CHANCE = 0.005

#: A robust z-score beyond this marks a configuration of another run; a Gaussian exceeds it once in 10¹⁵ draws. Energies of
#: 3N harmonic modes have a longer upper tail than a Gaussian; the upper limit is equally rare for them.
STRANGE = 8.0

#: A larger correlation of neighbours means consecutive steps, unless the run has so many independent energies all the same.
CLOSE, LONG = 0.9, 50

#: Forces that differ by less than this, eV/Å, belong to the same configuration.
FROZEN = 1e-6


def independent_of(x: Array) -> float:
    """How many energies of a series (M,) count as independent, M/max(2τ, 1)."""
    return len(x) / max(2 * autocorrelation_time(x), 1.0)


def fluctuation(ratio: float, freedom: float, kelvin: str, chance: float) -> Verdict:
    """Verdict on a canonical ratio (or NaN). The limits are widened by the scatter of a variance with so much freedom.

    Args:
        ratio: ``canonical_ratio``.
        freedom: degrees of freedom of the variance.
        kelvin: the temperature in words.
        chance: probability of a false alarm on either side.
    """
    if np.isnan(ratio):
        return unknown("canonical ratio", "a single configuration has no spread of energies")
    low, high = (float(np.sqrt(2 * special.gammaincinv(0.5 * freedom, p) / freedom)) for p in (chance, 1 - chance))
    limits = (CANONICAL[0] * low, CANONICAL[1] * high)
    level: Level = "ok"
    message = f"energies fluctuate {ratio:.2f} times as much as those of a harmonic crystal at {kelvin}"
    if ratio == 0:
        level, message = "warn", "energies do not vary: a column that was never filled, or copies of one configuration"
    elif ratio < limits[0]:
        level = "fail" if ratio < IMPOSSIBLE[0] * low else "warn"
        message = f"energies fluctuate far too little for {kelvin} ({ratio:.2g} times a harmonic crystal): {TOO_SMALL}; look up the run they come from"
    elif ratio > limits[1]:
        level = "fail" if ratio > IMPOSSIBLE[1] * high else "warn"
        message = f"energies fluctuate far too much for {kelvin} ({ratio:.2g} times a harmonic crystal): {TOO_LARGE}; plot energies against time and split the trajectory"
    return Verdict(name="canonical ratio", level=level, message=message, value=ratio, limits=limits)


def memory(x: Array, independent: float) -> Verdict:
    """Verdict on the correlation of neighbouring energies; near 1 is accepted only in a long run."""
    name, size = "autocorrelation", float(x @ x)
    if len(x) < 8 or size <= 0:
        return unknown(
            name, "fewer than eight configurations, or energies that do not vary: their memory cannot be measured"
        )
    lag = float(x[1:] @ x[:-1]) / size * len(x) / (len(x) - 1)
    limits = (-np.inf, CLOSE if independent < LONG else np.inf)
    if lag > limits[1]:
        message = (
            f"energies of neighbouring configurations are correlated by {lag:.3f}, so {len(x)} energies count as about "
            f"{independent:.0f}: consecutive steps of a short run, or two runs joined; run longer and keep fewer"
        )
        return Verdict(name=name, level="warn", message=message, value=lag, limits=limits)
    message = f"energies of neighbouring configurations are correlated by {lag:.2g}"
    return Verdict(name=name, level="ok", message=message, value=lag, limits=limits)


def line(x: Array, chance: float) -> Verdict:
    """Verdict on the drift of a series (M,), eV: a fitted line, with an error from its residuals and their memory."""
    if len(x) < 5:
        return unknown("drift", "fewer than five configurations: a drift cannot be measured")
    s = np.linspace(-0.5, 0.5, len(x))
    rise = float(s @ x / (s @ s))
    rest = x - rise * s
    independent = independent_of(rest)
    error = float(rest.std() / np.sqrt((s @ s) * independent / len(x)))
    return end_to_end(rise, error, float(x.std()), max(independent - 2, 1.0), chance)


def end_to_end(rise: float, error: float, spread: float, freedom: float, chance: float) -> Verdict:
    """Verdict on a drift: a warning if it exceeds half the spread of the energies and what chance explains."""
    limit = max(0.5 * spread, float(special.stdtrit(freedom, 1 - chance / 2)) * error)
    level: Level = "ok"
    message = f"energies move by {rise:+.3f} ± {error:.3f} eV from end to end of a trajectory"
    if abs(rise) > limit:
        level = "warn"
        message = (
            f"energies {'rise' if rise > 0 else 'fall'} by {abs(rise):.3g} ± {error:.2g} eV from end to end: not in "
            "equilibrium yet, or two runs joined; leave out the first part"
        )
    return Verdict(name="drift", level=level, message=message, value=rise, limits=(-limit, limit))


def outliers(x: Array, n_atoms: float) -> Verdict:
    """Verdict on energies (M,) far from the median, in units of 1.4826 MAD, a spread that outliers do not widen."""
    name, too_few = "outliers", "fewer than ten configurations, or too many alike: an exchanged one cannot be detected"
    if len(x) < 10:
        return unknown(name, too_few)
    x = x - np.median(x)
    away, shape = np.abs(x), 1.5 * n_atoms
    scale = 1.4826 * float(np.median(away))
    if scale <= 1e-12 * away.max():
        return unknown(name, too_few)
    upwards = float((special.gammainccinv(shape, special.ndtr(-STRANGE)) - shape) / np.sqrt(shape))
    z, limits = x / scale, (-STRANGE, upwards)
    further = np.where(z > 0, z / upwards, -z / STRANGE)
    strange = np.flatnonzero((z < limits[0]) | (z > limits[1]))
    order = strange[np.argsort(-further[strange])]
    furthest = float(z[order[0] if len(order) else np.argmax(further)])
    level: Level = "ok"
    message = f"the energy furthest from the median lies {abs(furthest):.1f} robust standard deviations from it"
    if len(order):
        level = "warn"
        more = f" and {len(order) - 3} more" if len(order) > 3 else ""
        message = (
            f"the energy of configuration {', '.join(map(str, order[:3]))}{more} (counted from 0) lies "
            f"{abs(furthest):.0f} robust standard deviations from the median: exchanged with another run, or not "
            "converged; compare it with its neighbours and leave it out"
        )
    return Verdict(name=name, level=level, message=message, value=furthest, limits=limits)


def standing_still(forces: Array, N: NDArray[np.integer] | Array) -> Verdict:
    """Verdict on frozen configurations: no forces at all, or the forces (3ΣN,) of the configuration before."""
    N = np.asarray(N, dtype=np.int64)
    ends = 3 * np.cumsum(N)
    size = np.maximum.reduceat(np.abs(forces), ends - 3 * N)
    frozen = size < FROZEN
    alike = np.flatnonzero((np.diff(N) == 0) & (np.abs(np.diff(size)) < FROZEN)) + 1  # candidates for a full comparison
    for m in alike:
        a, b, n = ends[m - 1], ends[m], 3 * N[m]
        frozen[m] |= bool(np.abs(forces[a:b] - forces[a - n : a]).max() < FROZEN)
    first, number = int(np.argmax(frozen)), int(frozen.sum())
    level: Level = "ok"
    message = "every configuration has forces of its own"
    if number:
        level = "warn"
        message = (
            f"{number} of {counted(len(N), 'configuration')} {'has' if number == 1 else 'have'} no forces, or those of the one before (the first is configuration "
            f"{first}, counted from 0): a run that stood still, forces that were not written, or symmetric crystals, which have "
            "none by symmetry; leave them out of what has to be a sample"
        )
    return Verdict(name="frozen configurations", level=level, message=message, value=float(number), limits=(0.0, 0.0))


def temperature_by_forces(ratio: float, error: float, freedom: float, chance: float) -> Verdict:
    """Verdict on the ratio of a virial temperature to the stated one, with its standard error."""
    margin = max(0.2, float(special.stdtrit(freedom, 1 - chance / 2)) * error)
    limits = (1 - margin, 1 + margin)
    level: Level = "ok"
    message = f"forces and positions give {ratio:.2f} ± {error:.2f} times the temperature given"
    if not limits[0] <= ratio <= limits[1]:
        level = "warn"
        message += ": a wrong label, forces in other units, a wall or an external field, or atoms that have evaporated"
    elif limits[0] <= 0:  # even a negative temperature would pass
        message = "forces and positions scatter too much over so few configurations to give a temperature"
        return unknown("temperature by forces", message)
    return Verdict(name="temperature by forces", level=level, message=message, value=ratio, limits=limits)
