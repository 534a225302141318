"""Memory of a series: its integrated autocorrelation time, and how many energies are independent."""

from collections.abc import Iterable, Sequence
from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats, kind
from ..dataset import Array, Dataset
from ..moments import without_offsets
from .energy_fluctuations import shown

#: Trajectories of fewer configurations, on average, do not show their memory.
SEEN = 3


def autocorrelation_time(series: ArrayLike | Sequence[ArrayLike]) -> float:
    """Integrated autocorrelation time ½ + Σ ρ(t) of series, in steps.

    ρ is averaged over all series about their common mean and summed up to the first lag t ≥ 5τ (Sokal's window).

    Args:
        series: (M,) one series, (n, M) one independent series a row, or n series of different lengths; any unit.

    Returns:
        τ. Of a series of length M, M/(2τ) configurations count as independent.

    Raises:
        ValueError: no series, an empty one, one of more than one dimension, or numbers that are not finite.

    Source: Sokal, in Functional Integration (NATO ASI 361, 1997), for the window.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=20000)
        >>> 0.4 < autocorrelation_time(noise) < 0.6
        True
        >>> 4.0 < autocorrelation_time(np.repeat(noise, 10)) < 6.0  # each number ten times: 10 × ½
        True
    """
    kind("series", series, (Sequence, np.ndarray, Real), "autocorrelation_time(trajectory.energies)")
    several: bool = isinstance(series, list | tuple | np.ndarray) and len(series) > 0 and np.ndim(series[0]) > 0
    given: Iterable[ArrayLike] = series if several else [series]  # type: ignore[assignment,list-item]
    rows = [floats("series", row) for row in given]
    for n, row in enumerate(rows):
        if row.ndim != 1 or not row.size or not np.isfinite(row).all():
            raise ValueError(
                f"series: expected finite numbers, got {shown(row)} in series {n}; leave out what is empty"
            )
    lengths, values = np.array([len(row) for row in rows]), np.concatenate(rows)
    M = int(lengths.max())
    x = np.zeros((len(rows), M))
    x[np.arange(M) < lengths[:, None]] = values - values.mean()
    spectrum = np.abs(np.fft.rfft(x, 2 * M, axis=1)) ** 2
    pairs = np.maximum(lengths[:, None] - np.arange(M), 0).sum(axis=0)
    covariance = np.fft.irfft(spectrum, axis=1)[:, :M].sum(axis=0) / pairs
    if covariance[0] <= 0:
        return 0.5
    tau = np.cumsum(covariance / covariance[0]) - 0.5
    window = np.flatnonzero(np.arange(M) >= 5 * tau)
    return float(tau[window[0] if len(window) else -1])


def memory(data: Dataset) -> float:
    """Autocorrelation time of the energies, in configurations; trajectories of one ensemble share their mean.

    Anticorrelated energies (τ < ½) are worth more than their number. That gain is not used: τ is at least ½.
    """
    return max(0.5, autocorrelation_time(series_of_energies(data)))


def independent_energies(data: Dataset) -> float:
    """Number of independent energies, M/(2τ)."""
    return len(data.energies) / (2 * memory(data))


def too_short(data: Dataset) -> bool:
    """Whether there are several trajectories of fewer than ``SEEN`` configurations on average, too few to show memory."""
    return len(data) > 1 and len(data.energies) < SEEN * len(data)


def series_of_energies(data: Dataset) -> list[Array]:
    """Energies of each trajectory, eV, without the mean of their ensemble (temperature, composition) and a trend linear in it."""
    ensembles: dict[object, list[str]] = {}
    for t in data.values():
        kinds, counts = (None, t.n_atoms.sum()) if t.species is None else np.unique(t.species, return_counts=True)
        ensembles.setdefault(f"{t.temperature} {kinds} {counts / len(t)}", []).append(t.key)
    made: dict[str, Array] = {}
    for keys in ensembles.values():
        E = np.concatenate([data[key].energies for key in keys])
        n = np.concatenate([data[key].composition(data[key].elements) for key in keys]).astype(float)
        E, n = E - E.mean(), n - n.mean(axis=0)
        E = without_offsets(E, n) if n.any() else E
        made |= dict(zip(keys, np.split(E, np.cumsum([len(data[key]) for key in keys])[:-1]), strict=True))
    return [made[key] for key in data]
