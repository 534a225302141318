"""Is a fit to be trusted: a short list of verdicts, each with its number."""

import numpy as np

from . import diagnostics, uncertainty
from .dataset import Array, Dataset
from .diagnostics import Verdict
from .moments import Moments, accumulate
from .potential import LinearPotential
from .regression import fisher_fit
from .reweighting import effective_sample_size, log_weights, pareto_k
from .uncertainty import FEWEST_BLOCKS, Blocks
from .units import BOLTZMANN
from .validation import choose_strength, leave_one_trajectory_out

#: Independent blocks below which error bars are rough; below ``FEWEST_BLOCKS`` no interval is given.
ROUGH = 30
#: Smallest strength of a ridge: no regularisation to speak of.
NONE = 1e-14


def verdicts(
    data: Dataset,
    *,
    moments: Moments | None = None,
    model: LinearPotential | None = None,
    temperature: float | None = None,
) -> list[Verdict]:
    """What speaks for a Fisher fit and what against it, a line each.

    Every check that is not passed stands by itself; those that are passed are counted in one line.

    Args:
        data: that it was fitted to.
        moments: ``accumulate(data)``, where it is known already.
        model: the fit; θ_f without it.
        temperature: K; without it the trajectories' own.
    """
    moments = moments or accumulate(data)
    found = diagnostics.check(data, temperature, moments=moments)
    if any(v.level == "fail" and v.name == "force descriptors" for v in found):
        return found
    model = model or fisher_fit(moments, temperature=temperature or _any_temperature(moments))
    blocks = uncertainty.independent_blocks(data, model.theta, moments=moments)
    lines = [*_checks(found), _blocks(blocks), _held_out(blocks.moments, model, temperature)]
    temperatures = {t.temperature if temperature is None else temperature for t in data.values()}
    if None in temperatures:
        message = "the temperature is not known: J, KL, weights and free energies cannot be given; θ_f does not need it"
        return [*lines, Verdict(name="temperature", level="warn", message=message, value=float("nan"))]
    if len(blocks.moments) > 1:
        lines.append(choose_strength(blocks.moments, temperature=temperature).verdict)
    if len(temperatures) > 1 or np.ptp(data.n_atoms):
        message = (
            "several temperatures or numbers of atoms: basins, metastability and weights are judged within one of each"
        )
        return [*lines, Verdict(name="ensembles", level="ok", message=message, value=float(len(temperatures)))]
    T = temperatures.pop()
    return [
        *lines,
        _basins(data, model, T, blocks.tau),
        diagnostics.metastability(moments, T).verdict,
        _weights(data, model, T),
    ]


def _any_temperature(moments: Moments) -> float | None:
    # Of one temperature, whatever it is, θ_f does not depend on it.
    return 1.0 if all(record.temperature is None for record in moments.values()) else None


def _checks(found: list[Verdict]) -> list[Verdict]:
    passed = [v for v in found if v.level == "ok"]
    message = f"{len(passed)} of {len(found)} checks of the data are passed: {', '.join(v.name for v in passed)}"
    summary = Verdict(name="data", level="ok", message=message, value=float(len(passed)))
    return [summary, *(v for v in found if v.level != "ok")]


def _blocks(blocks: Blocks) -> Verdict:
    n = blocks.independent
    level, message = "ok", f"error bars rest on {blocks}"
    if n < FEWEST_BLOCKS:
        level, message = (
            "fail",
            f"{message}: below {FEWEST_BLOCKS} no interval is given; run longer, or more trajectories",
        )
    elif n < ROUGH:
        level, message = "warn", f"{message}: they are rough themselves"
    return Verdict(name="independent blocks", level=level, message=message, value=float(n))


def _held_out(moments: Moments, model: LinearPotential, temperature: float | None) -> Verdict:
    """How much worse forces are on trajectories that were left out."""
    total = moments.total()
    squared = total.FF - 2 * model.theta @ total.PhiF + model.theta @ total.PhiPhi @ model.theta
    fitted, name = float(np.sqrt(max(squared, 0.0) / total.rows)), "held-out forces"
    if len(moments) < 2:
        message = "nothing can be held out: there is one trajectory, too short for blocks"
        return Verdict(name=name, level="warn", message=message, value=float("nan"))
    T = temperature or _any_temperature(moments)
    out = float(leave_one_trajectory_out(moments, [NONE], temperature=T)[0])
    ratio = out / fitted if fitted > 0 else 1.0
    level, message = "ok", f"force RMSE {out:.4g} eV/Å where a trajectory is left out, {fitted:.4g} where it is fitted"
    if ratio > 1.2:
        level, message = (
            "warn",
            f"{message}: the fit follows noise; regularise, drop descriptors, or add configurations",
        )
    return Verdict(name=name, level=level, message=message, value=ratio)


def _basins(data: Dataset, model: LinearPotential, temperature: float, tau: float) -> Verdict:
    """Whether trajectories are shifted against one another by more than k_B T, beyond what their own noise makes."""
    gap = model.energies(data) - data.energies
    each = np.split(gap, np.cumsum([len(t) for t in data.values()])[:-1])
    name, kT = "basin weights", BOLTZMANN * temperature
    if len(each) < 2:
        message = "shifts between trajectories cannot be seen: there is one"
        return Verdict(name=name, level="ok", message=message, value=float("nan"))
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
    return float(gap.var() * min(1.0, max(2 * tau, 1.0) / len(gap)))


def _weights(data: Dataset, model: LinearPotential, temperature: float) -> Verdict:
    log_w = log_weights(data.energies, model.energies(data), temperature)
    ess, k = effective_sample_size(log_w), pareto_k(log_w)
    M = len(log_w)
    level = "ok"
    message = f"weights to the model's distribution leave {ess:.0f} effective of {M} configurations (Pareto k {k:.2f})"
    if ess < 10 or k > 0.7:
        level, message = "warn", f"{message}: averages of the model cannot be had by reweighting; sample it"
    return Verdict(name="weights", level=level, message=message, value=ess / M)
