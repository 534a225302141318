"""What belongs to one ensemble: basins, slow directions and weights, at one temperature and number of atoms."""

from collections.abc import Callable

import numpy as np

from .. import diagnostics
from ..dataset import Array, Dataset
from ..diagnostics import Verdict
from ..diagnostics.verdict import LEVELS
from ..losses import fisher
from ..moments import Moments
from ..potential import LinearPotential
from ..reweighting import HEAVY, UNUSABLE, effective_sample_size, log_weights, pareto_k
from ..units import BOLTZMANN


def of_ensembles(
    data: Dataset, moments: Moments, model: LinearPotential, temperature: float | None, tau: float
) -> list[Verdict]:
    """Basins, metastability and weights, each judged within one temperature and one number of atoms."""
    groups: dict[tuple[float, int], list[str]] = {}
    mixed = []
    for t in data.values():
        T = t.temperature if temperature is None else temperature
        if T is not None and np.ptp(t.n_atoms) == 0:
            groups.setdefault((T, int(t.n_atoms[0])), []).append(t.key)
        elif T is not None:
            mixed.append(t.key)
    lines = []
    if mixed:
        message = (
            f"the number of atoms varies within {len(mixed)} trajectories, first {mixed[0]!r}: basins, metastability and "
            "weights belong to one number of atoms and are not judged there; split them"
        )
        lines.append(Verdict(name="ensembles", level="warn", message=message, value=float(len(mixed))))
    for judge in (_basins, _metastability, _weights):
        lines += _worst(judge, groups, data, moments, model, tau)
    return lines


def _worst(
    judge: Callable[..., Verdict],
    groups: dict[tuple[float, int], list[str]],
    data: Dataset,
    moments: Moments,
    model: LinearPotential,
    tau: float,
) -> list[Verdict]:
    found = []
    for (T, N), keys in groups.items():
        verdict = judge(data.select(keys), moments.select(keys), model, T, tau)
        where = f"worst of {len(groups)} ensembles, {T:g} K and {N} atoms: " if len(groups) > 1 else ""
        found.append((verdict, where))
    if not found:
        return []
    verdict, where = max(found, key=lambda entry: LEVELS.index(entry[0].level))
    return [Verdict(name=verdict.name, level=verdict.level, message=where + verdict.message, value=verdict.value)]


def _basins(data: Dataset, moments: Moments, model: LinearPotential, temperature: float, tau: float) -> Verdict:
    """Whether trajectories are shifted against one another by more than k_B T, beyond what their own noise makes."""
    gap = model.energies(data) - data.energies
    each = np.split(gap, np.cumsum([len(t) for t in data.values()])[:-1])
    name, kT = "basin weights", BOLTZMANN * temperature
    if len(each) < 2 or min(len(part) for part in each) < 2:
        message = "whether basins are shifted against one another cannot be seen: that takes several trajectories of several configurations"
        return Verdict(name=name, level="warn", message=message, value=float("nan"))
    between = np.var([part.mean() for part in each], ddof=1) - np.mean([_noise(part, tau) for part in each])
    shift = float(np.sqrt(max(between, 0.0)) / kT)
    level, message = "ok", f"energy shifts between trajectories spread by {shift:.2g} k_BT beyond their noise"
    if shift > 1:
        level = "warn"
        message = (
            f"{message}: forces leave the energy of a basin free, and populations of basins come out wrong though forces "
            "look right; add the KL term, or an offset per basin"
        )
    return Verdict(name=name, level=level, message=message, value=shift)


def _noise(gap: Array, tau: float) -> float:
    """Squared standard error of a mean over correlated configurations."""
    return float(gap.var(ddof=1) * min(1.0, max(2 * tau, 1.0) / len(gap)))


def _metastability(data: Dataset, moments: Moments, model: LinearPotential, temperature: float, tau: float) -> Verdict:
    if fisher(moments, temperature).s == 0 or not any(np.ptp(t.descriptors, axis=0).any() for t in data.values()):
        message = "neither forces nor descriptors vary: slow directions cannot be seen"
        return Verdict(name="metastability", level="warn", message=message, value=float("nan"))
    return diagnostics.metastability(moments, temperature).verdict


def _weights(data: Dataset, moments: Moments, model: LinearPotential, temperature: float, tau: float) -> Verdict:
    log_w = log_weights(data.energies, model.energies(data), temperature)
    ess, k, M = effective_sample_size(log_w), pareto_k(log_w), len(log_w)
    level = "ok"
    message = f"weights to the model's distribution leave {ess:.0f} effective of {M} configurations (Pareto k {k:.2f})"
    if k > UNUSABLE or ess < min(10, 0.5 * M):
        level, message = "warn", f"{message}: averages of the model cannot be had by reweighting; sample it"
    elif ess < 10:
        level, message = "warn", f"{message}: too few configurations for averages"
    elif k > HEAVY:
        message += f"; above {HEAVY} error bars of reweighted averages are too small"
    return Verdict(name="weights", level=level, message=message, value=ess / M)
