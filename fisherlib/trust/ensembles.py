"""What belongs to one ensemble: basins, slow directions and weights, at one temperature and of one composition."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from .. import diagnostics
from ..dataset import Array, Dataset, symbol
from ..diagnostics import Verdict
from ..diagnostics.verdict import LEVELS, Level, unknown
from ..losses import fisher
from ..moments import Moments
from ..potential import LinearPotential
from ..reweighting import HEAVY, UNUSABLE, effective_sample_size, log_weights, pareto_k
from ..units import BOLTZMANN, counted

#: Fewer effective configurations than this are too few for averages.
EFFECTIVE = 10.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class _Ensemble:
    """Data of one temperature and one composition, with the energies of the model."""

    data: Dataset
    moments: Moments
    temperature: float
    energies: Array  # of the model
    tau: float

    @property
    def log_weights(self) -> Array:
        return log_weights(self.data.energies, self.energies, self.temperature)


def of_ensembles(
    data: Dataset, moments: Moments, model: LinearPotential, temperature: float | None, tau: float
) -> list[Verdict]:
    """Verdicts on basins, metastability and weights, each within one temperature and one composition.

    Args:
        data: used for the fit.
        moments: of these data.
        model: predicts the energies.
        temperature: K, in place of the trajectories' own.
        tau: autocorrelation time of the scores, in configurations.
    """
    groups: dict[tuple[float, tuple[int, ...]], list[str]] = {}
    elements, mixed = data.elements, []
    for t in (t for t in data.values() if t.has_energies):
        T, n = t.temperature if temperature is None else temperature, t.composition(elements)
        if T is not None and not np.ptp(n, axis=0).any():
            groups.setdefault((T, tuple(n[0].tolist())), []).append(t.key)
        elif T is not None:
            mixed.append(t.key)
    ensembles = {}
    for (T, counts), keys in groups.items():
        some = data.select(keys)
        of = f" of {_formula(elements, counts)}" if len(elements) > 1 else ""
        ensembles[f"{T:g} K and {counted(sum(counts), 'atom')}{of}"] = _Ensemble(
            data=some, moments=moments.select(keys), temperature=T, energies=model.energies(some), tau=tau
        )
    judges = (_basins, _metastability, _weights, _tail) if ensembles else ()
    return [
        *_of_varying_size(mixed, "composition" if len(elements) > 1 else "number of atoms"),
        *(_worst([(w, judge(e)) for w, e in ensembles.items()]) for judge in judges),
    ]


def _formula(elements: Sequence[int], counts: Sequence[int]) -> str:
    return "".join(f"{symbol(z)}{n if n > 1 else ''}" for z, n in zip(elements, counts, strict=True) if n)


def _of_varying_size(mixed: list[str], what: str) -> list[Verdict]:
    if not mixed:
        return []
    message = (
        f"the {what} varies within {counted(len(mixed), 'trajectory')}, first {mixed[0]!r}: basins, metastability and "
        f"weights belong to one {what} and are not judged there; split them"
    )
    return [Verdict(name="ensembles", level="warn", message=message, value=float(len(mixed)), limits=(0.0, 0.0))]


def _worst(found: list[tuple[str, Verdict]]) -> Verdict:
    """The verdict on the worst ensemble, with the number of those that could not be judged."""
    if len(found) == 1:
        return found[0][1]
    judged = [entry for entry in found if entry[1].level != "unknown"]
    if not judged:
        return found[0][1]
    where, verdict = max(judged, key=lambda entry: (LEVELS.index(entry[1].level), _beyond(entry[1])))
    message = f"worst of {counted(len(found), 'ensemble')}, {where}: {verdict.message}"
    if len(judged) < len(found):
        message += f"; {len(found) - len(judged)} of them could not be judged"
    return dataclasses.replace(verdict, message=message)


def _beyond(verdict: Verdict) -> float:
    """Distance of a value beyond its nearest limit; negative within the limits."""
    low, high = verdict.limits
    return max(
        low - verdict.value if np.isfinite(low) else -np.inf, verdict.value - high if np.isfinite(high) else -np.inf
    )


def _basins(e: _Ensemble) -> Verdict:
    """Verdict on energy shifts between trajectories, in k_B T, beyond their statistical noise."""
    each = np.split(e.energies - e.data.energies, np.cumsum([len(t) for t in e.data.values()])[:-1])
    name, kT = "basin weights", BOLTZMANN * e.temperature
    if len(each) < 2 or min(len(part) for part in each) < 2:
        message = "energy shifts between basins need several trajectories of several configurations each"
        return unknown(name, message)
    between = np.var([part.mean() for part in each], ddof=1) - np.mean([_noise(part, e.tau) for part in each])
    shift = float(np.sqrt(max(between, 0.0)) / kT)
    level: Level = "ok"
    message = f"energy shifts between trajectories spread by {shift:.2g} k_BT beyond their noise"
    if shift > 1:
        level = "warn"
        message = (
            f"{message}: forces leave the energy of a basin free, and populations of basins come out wrong though forces "
            "look right; add the KL term, or an offset per basin"
        )
    return Verdict(name=name, level=level, message=message, value=shift, limits=(0.0, 1.0))


def _noise(gap: Array, tau: float) -> float:
    """Squared standard error of a mean over correlated configurations, eV²."""
    return float(gap.var(ddof=1) * min(1.0, max(2 * tau, 1.0) / len(gap)))


def _metastability(e: _Ensemble) -> Verdict:
    varies = any(np.ptp(t.descriptors, axis=0).any() for t in e.data.values())
    if fisher(e.moments, e.temperature).s == 0 or not varies:
        return unknown("metastability", "neither forces nor descriptors vary: slow directions cannot be seen")
    return diagnostics.metastability(e.moments, e.temperature).verdict


def _weights(e: _Ensemble) -> Verdict:
    ess, M = effective_sample_size(e.log_weights), len(e.energies)
    level: Level = "ok"
    message = f"weights to the model's distribution leave {ess:.0f} effective of {counted(M, 'configuration')}"
    if ess < EFFECTIVE:
        level, message = "warn", f"{message}: too few for averages of the model; sample it, or add configurations"
    return Verdict(name="weights", level=level, message=message, value=ess, limits=(EFFECTIVE, np.inf))


def _tail(e: _Ensemble) -> Verdict:
    k, name = pareto_k(e.log_weights), "tail of the weights"
    if np.isnan(k):
        return unknown(name, "the tail of the weights needs at least 21 configurations with different weights")
    level: Level = "ok"
    message = f"the largest weights are not much larger than the others (Pareto k {k:.2f})"
    if k > UNUSABLE:
        level = "warn"
        message = f"a few weights outweigh all others (Pareto k {k:.2f}): reweighting cannot give averages of the model; sample it"
    elif k > HEAVY:
        level = "warn"
        message = (
            f"the tail of the weights is heavy (Pareto k {k:.2f}): error bars of reweighted averages are too small"
        )
    return Verdict(name=name, level=level, message=message, value=k, limits=(-np.inf, HEAVY))
