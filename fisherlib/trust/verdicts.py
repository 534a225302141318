"""A line for each reason to trust a fit to forces, or not to."""

from collections.abc import Sequence

import numpy as np

from .. import diagnostics, uncertainty
from ..arguments import kind
from ..dataset import Dataset
from ..diagnostics import Verdict
from ..moments import Moments, accumulate
from ..potential import LinearPotential
from ..regression import fisher_fit, force_rmse, ridge_path
from ..uncertainty import FEWEST_BLOCKS, Blocks
from ..validation import choose_strength, leave_one_trajectory_out
from .ensembles import of_ensembles

#: Independent blocks below which error bars are rough; below ``FEWEST_BLOCKS`` no interval is given.
ROUGH = 30
#: Force errors that differ by less than this factor count as the same.
SAME = 1.2
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

    Every check of the data that is not passed stands by itself; those that are passed are counted in one line. What
    belongs to one ensemble (basins, metastability, weights) is judged for each temperature and number of atoms, and the
    worst is told. Trajectories whose temperature is not known count with those of all others as force matching does,
    each force component the same.

    Args:
        data: that it was fitted to.
        moments: ``accumulate(data)``, where it is known already.
        model: to be judged; θ_f without it. Held-out errors and the strength are those of θ_f in any case.
        temperature: K; without it the trajectories' own.

    Raises:
        ValueError: the model or the moments are of other descriptors than the data.
    """
    kind("data", data, Dataset, "verdicts(io.read(path), moments=accumulate(data))")
    moments = moments or accumulate(data)
    found = diagnostics.check(data, temperature, moments=moments, theta=model)
    if "force descriptors" in (v.name for v in found):
        return found  # there is nothing to fit
    unknown = [t.key for t in data.values() if t.temperature is None] if temperature is None else []
    common = 1.0 if unknown else temperature  # of one temperature, whatever it is, θ_f does not depend on it
    theta_f = fisher_fit(moments, temperature=common)
    lines = _checks(found)
    if model is not None:
        lines.append(_of_model(moments, model, theta_f))
    if len(data.energies) < 2:
        message = "one configuration: nothing can be said of errors"
        return [*lines, Verdict(name="independent blocks", level="fail", message=message, value=1.0)]
    blocks = uncertainty.independent_blocks(data, theta_f.theta, moments=moments)
    lines += [_blocks(blocks), *_held_out(blocks, common)]
    if unknown:
        lines.append(_unknown(unknown))
    return [*lines, *of_ensembles(data, moments, model or theta_f, temperature, blocks.tau)]


def _checks(found: list[Verdict]) -> list[Verdict]:
    passed = [v for v in found if v.level == "ok"]
    message = f"{len(passed)} of {len(found)} checks of the data are passed: {', '.join(v.name for v in passed)}"
    summary = Verdict(name="data", level="ok", message=message, value=float(len(passed)))
    return [summary, *(v for v in found if v.level != "ok")]


def _of_model(moments: Moments, model: LinearPotential, theta_f: LinearPotential) -> Verdict:
    """The force error of a given model beside that of θ_f."""
    rows = [record.rows for record in moments.values()]
    own, best = (float(np.sqrt(np.average(force_rmse(moments, m.theta) ** 2, weights=rows))) for m in (model, theta_f))
    ratio = own / best if best > 0 else 1.0
    message = f"force RMSE of {model.name} {own:.4g} eV/Å, of θ_f {best:.4g}"
    level = "ok"
    if ratio > SAME:
        level, message = "warn", f"{message}: it is not the minimum of the Fisher divergence of these data"
    return Verdict(name="forces of the model", level=level, message=message, value=ratio)


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


def _held_out(blocks: Blocks, temperature: float | None) -> list[Verdict]:
    """How much worse forces are on trajectories that were left out, and the choice of a ridge by them."""
    moments, name = blocks.moments, "held-out forces"
    if len(moments) < 2:
        message = "nothing can be held out: there is one trajectory, too short for blocks"
        return [Verdict(name=name, level="warn", message=message, value=float("nan"))]
    path = ridge_path(moments, [NONE], temperature=temperature)
    fitted = float(np.sqrt(path.residual_sum[0] / path.rows))
    out = float(leave_one_trajectory_out(moments, [NONE], temperature=temperature)[0])
    floor = np.sqrt(np.finfo(float).eps * moments.total().FF / moments.total().rows)
    ratio = out / fitted if fitted > floor else 1.0
    unit = {"trajectories": "a trajectory", "blocks": "a block"}[blocks.kind]
    level, message = "ok", f"force RMSE of θ_f {out:.4g} eV/Å where {unit} is left out, {fitted:.4g} where it is fitted"
    if ratio > SAME:
        level, message = (
            "warn",
            f"{message}: the fit follows noise; regularise, drop descriptors, or add configurations",
        )
    strength = choose_strength(moments, temperature=temperature).verdict
    return [Verdict(name=name, level=level, message=message, value=ratio), strength]


def _unknown(keys: Sequence[str]) -> Verdict:
    named = ", ".join(map(repr, keys[:3])) + (f" and {len(keys) - 3} more" if len(keys) > 3 else "")
    message = (
        f"the temperature of {named} is not known: θ_f counts all force components the same, and J, KL and weights cannot be "
        "given there; give temperature="
    )
    return Verdict(name="temperature", level="warn", message=message, value=float(len(keys)))
