"""Assessment of a fit to forces: the checks of its data, then those of the fit."""

from collections.abc import Sequence
from types import NoneType

import numpy as np
from numpy.typing import ArrayLike

from .. import diagnostics
from ..arguments import flag, kind
from ..dataset import Array, Dataset
from ..diagnostics import Verdict
from ..diagnostics.descriptor_match import parameters_of
from ..diagnostics.verdict import Level, unknown
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..progress import Progress, silent
from ..regression import fisher_fit, force_rmse, ridge_path, row_weights
from ..solvers import decomposed_once
from ..uncertainty import FEWEST_BLOCKS, FEWEST_CLUSTERS, Blocks
from ..uncertainty.independence import blocks_of
from ..units import check_temperature, counted
from ..validation import STRENGTHS, choose_strength, held_out_errors
from ..validation.held_out import plain_errors
from . import effort
from .ensembles import of_ensembles

#: With fewer independent blocks error bars are rough; below ``FEWEST_BLOCKS`` there is no interval.
ROUGH = 30
#: Force errors within this factor count as equal.
SAME = 1.2
#: A model is θ_f itself if its forces differ by less than this from those of θ_f, relative to the forces.
ITSELF = 1e-9
INDEPENDENT = "independent blocks"
#: A strength of the ridge that is practically zero.
NONE = 1e-14
#: Steps of the progress: in all, and after the checks of the data, the blocks and the held-out errors.
STEPS, CHECKED, BLOCKS, HELD_OUT = 100, 40, 50, 90


def verdicts(
    data: Dataset,
    *,
    moments: Moments | None = None,
    model: LinearPotential | None = None,
    theta: ArrayLike | LinearPotential | None = None,
    temperature: float | None = None,
    thorough: bool = False,
    progress: Progress = silent,
) -> list[Verdict]:
    """All evidence for and against a Fisher fit: the checks of the data (``diagnostics.check``), then those of the fit.

    Basins, metastability and weights are judged for each temperature and composition, and the worst is reported; of a
    training set, which is no sample, they are not judged. If a
    temperature is unknown, all force components count alike, as in force matching. A model that equals θ_f of these data
    is not compared with θ_f. ``diagnostics.consistency`` and ``diagnostics.health`` are shorter lists without a fit.

    Args:
        data: used for the fit.
        moments: ``accumulate(data)``, if already known.
        model: to be judged; θ_f by default. Held-out errors and the strength are always those of θ_f.
        theta: (K,) parameters known to be roughly right, as for ``diagnostics.check``; the model by default.
        temperature: K; the trajectories' own by default.
        thorough: hold out each trajectory, whatever it costs. Without it many trajectories of many descriptors are held out
            in 5 to 10 parts, or not at all where that would take far longer than the fit; the verdicts say so.
        progress: called with (steps done, steps in all); an exception raised in it ends the assessment.

    Returns:
        Verdicts, each with its number and its own name.

    Raises:
        TypeError: data that are not a dataset.
        ValueError: a model or moments of other descriptors than the data, or moments of other data.

    Example:
        >>> import fisherlib as fl
        >>> found = {v.name: v for v in verdicts(fl.systems.harmonic([1.0, 2.0], trajectories=6))}
        >>> found["held-out forces"].level, found["weights"].level
        ('ok', 'ok')
    """
    kind("data", data, Dataset, "verdicts(io.read(path), moments=accumulate(data))")
    kind("moments", moments, (Moments, NoneType), "verdicts(data, moments=accumulate(data))")
    kind("model", model, (LinearPotential, NoneType), "verdicts(data, model=io.read_theta(path))")
    check_temperature(temperature)
    flag("thorough", thorough)
    with decomposed_once():
        return _verdicts(data, moments or accumulate(data), model, theta, temperature, thorough, progress)


def _verdicts(
    data: Dataset,
    moments: Moments,
    model: LinearPotential | None,
    theta: ArrayLike | LinearPotential | None,
    temperature: float | None,
    thorough: bool,
    progress: Progress,
) -> list[Verdict]:
    without = [t.key for t in data.values() if t.temperature is None] if temperature is None else []
    common = 1.0 if without else temperature  # θ_f does not depend on a common temperature
    theta_f, other = _fitted(data, moments, model, common)
    progress(1, STEPS)
    found = diagnostics.check(data, temperature, moments=moments, theta=other if theta is None else theta)
    progress(CHECKED, STEPS)
    if theta_f is None or any(v.name == "force descriptors" for v in found):
        return found  # there is nothing to fit
    if other is not None:
        found.append(_of_model(moments, other, theta_f))
    a_sample = all(v.name != "training set" for v in found)
    if without and a_sample:
        found.append(_unknown(without))
    if len(data.energies) < 2:
        message = "one configuration: errors cannot be estimated"
        return [*found, Verdict(name=INDEPENDENT, level="fail", message=message, value=1.0, limits=(ROUGH, np.inf))]
    blocks = blocks_of(data, theta_f.theta, moments)  # that they are those of the data is checked
    progress(BLOCKS, STEPS)
    if a_sample:
        found += [*diagnostics.single_run(data, _cut(blocks)), *diagnostics.short_runs(data, blocks.next)]
    held_out = _held_out(blocks, moments, common, thorough, _between(progress, BLOCKS, HELD_OUT))
    found += [_blocks(blocks), *_clusters(blocks), *held_out]
    if a_sample:
        found += of_ensembles(data, moments, other or theta_f, temperature, blocks.tau)
    progress(STEPS, STEPS)
    return found


def _between(progress: Progress, first: int, last: int) -> Progress:
    """What is done of a part as steps of the whole."""
    return lambda done, total: progress(first + (last - first) * done // total, STEPS)


def _fitted(
    data: Dataset, moments: Moments, model: LinearPotential | None, temperature: float | None
) -> tuple[LinearPotential | None, LinearPotential | None]:
    """θ_f (None if there is nothing to fit), and the model if it differs from θ_f."""
    total = moments.total()
    if model is not None:
        parameters_of(model, data)
        model.check_of(data)
    if not (total.FF > 0 and np.diag(total.PhiPhi).any()):
        return None, model
    theta_f = fisher_fit(moments, temperature=temperature)
    if model is not None:
        change = model.theta - theta_f.theta
        if change @ total.PhiPhi @ change <= ITSELF**2 * total.FF:
            return theta_f, None
    return theta_f, model


def _of_model(moments: Moments, model: LinearPotential, theta_f: LinearPotential) -> Verdict:
    """Verdict on the force error of the model relative to that of θ_f."""
    rows = [record.rows for record in moments.values()]
    own, best = (float(np.sqrt(np.average(force_rmse(moments, m.theta) ** 2, weights=rows))) for m in (model, theta_f))
    ratio = own / best if best > 0 else np.inf
    level: Level = "ok"
    message = f"force RMSE of {model.name} {own:.4g} eV/Å, of θ_f of these data {best:.4g} eV/Å"
    if ratio > SAME:
        level, message = "warn", f"{message}: it is not the minimum of the Fisher divergence of these data"
    return Verdict(name="forces of the model", level=level, message=message, value=ratio, limits=(0.0, SAME))


def _cut(blocks: Blocks) -> str:
    return (
        f"which cannot show processes slower than its length; it is cut into {counted(blocks.clusters, 'consecutive block')}, which "
        "replace trajectories"
    )


def _blocks(blocks: Blocks) -> Verdict:
    n = blocks.independent
    few = blocks.clusters < FEWEST_CLUSTERS
    level: Level = "ok"
    message = str(blocks) if few else f"error bars are taken over {blocks}"
    none = f"no error bars, which would be taken over {blocks}"
    if n < FEWEST_BLOCKS:
        level, message = "fail", f"{none}: {FEWEST_BLOCKS} are needed; run longer, or more trajectories"
    elif blocks.one_run:
        return unknown(INDEPENDENT, f"{none}: trajectories so short do not show whether they are independent")
    elif n < ROUGH:
        rough = f"fewer than {ROUGH}" if few else "so few make bars that are rough themselves"
        level, message = "warn", f"{message}: {rough}"
    elif blocks.short:
        return unknown(INDEPENDENT, f"{message}: whether trajectories so short are independent cannot be seen")
    return Verdict(name=INDEPENDENT, level=level, message=message, value=float(n), limits=(ROUGH, np.inf))


def _clusters(blocks: Blocks) -> list[Verdict]:
    """A warning if there are too few trajectories or blocks for a scatter, however long they are."""
    n = blocks.clusters
    if n >= FEWEST_CLUSTERS:
        return []
    what = f"{n} {'trajectories' if blocks.kind == 'trajectories' else 'consecutive blocks'}"
    message = f"no error bars: {what} are too few to show their scatter, {FEWEST_CLUSTERS} are needed; run longer, or add runs"
    limits = (FEWEST_CLUSTERS, np.inf)
    return [Verdict(name="scatter of blocks", level="warn", message=message, value=float(n), limits=limits)]


def _held_out(
    blocks: Blocks, whole: Moments, temperature: float | None, thorough: bool, progress: Progress
) -> list[Verdict]:
    """Verdicts on the force error for held-out trajectories, and on the ridge chosen by it."""
    share = effort.SHARE if blocks.kind == "trajectories" else 0.5  # blocks took a pass over the data themselves
    moments, bearable = effort.parts(blocks.moments, share=share, thorough=thorough)
    errors = (
        held_out_errors(moments, [NONE, *STRENGTHS], temperature=temperature, progress=progress) if bearable else None
    )
    plain = plain_errors(moments, temperature=temperature) if errors is None else errors[:, 0]
    missing = (
        f"not computed: {counted(blocks.clusters, 'fit')} of {blocks.moments.K} parameters would take about "
        f"{effort.seconds(blocks.moments):.2g} s; take trust.verdicts(…, thorough=True)"
    )
    unit = {"trajectories": "a trajectory", "blocks": "a block"}[blocks.kind]
    if len(moments) < blocks.clusters:
        unit = f"one of {len(moments)} random parts of the {blocks.kind}"
    left_out = (
        unknown("held-out forces", missing) if plain is None else _left_out(moments, whole, plain, temperature, unit)
    )
    if errors is None:
        return [left_out, *(unknown(name, missing) for name in ("strength", "range of strengths"))]
    choice = choose_strength(
        moments,
        temperature=temperature,
        path=ridge_path(whole, STRENGTHS, temperature=temperature),
        errors=errors[:, 1:],
    )
    return [left_out, choice.verdict, choice.range]


def _left_out(moments: Moments, whole: Moments, errors: Array, temperature: float | None, unit: str) -> Verdict:
    """Verdict on held-out errors (parts,), eV²/Å², of θ_f beside those where it is fitted."""
    path = ridge_path(whole, [NONE], temperature=temperature)
    fitted = float(np.sqrt(path.residual_sum[0] / path.rows))
    weights = row_weights(moments, temperature=temperature) * [r.rows for r in moments.values()]
    out = float(np.sqrt(weights @ errors / weights.sum()))
    floor = np.sqrt(np.finfo(float).eps * moments.total().FF / moments.total().rows)
    ratio = out / fitted if fitted > floor else 1.0
    level: Level = "ok"
    message = f"force RMSE of θ_f {out:.4g} eV/Å where {unit} is left out, {fitted:.4g} where it is fitted"
    if ratio > SAME:
        level = "warn"
        message = f"{message}: the fit follows noise; regularise, drop descriptors, or add configurations"
    return Verdict(name="held-out forces", level=level, message=message, value=ratio, limits=(0.0, SAME))


def _unknown(keys: Sequence[str]) -> Verdict:
    named = ", ".join(map(repr, keys[:3])) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    message = (
        f"the temperature of {named} is not known: θ_f counts all force components the same, and J, KL and weights cannot be "
        "given there; give temperature="
    )
    return Verdict(name="temperature", level="warn", message=message, value=float(len(keys)), limits=(0.0, 0.0))
