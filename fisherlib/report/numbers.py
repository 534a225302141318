"""The numbers of the report on θ_f, as its JSON file has them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from ..comparison import Comparison, ks, wasserstein_1
from ..diagnostics import Verdict
from ..io import versions
from ..solvers import Solution
from ..study import Study

UNITS = {"energy": "eV/atom", "force": "eV/Å", "temperature": "K", "intercept": "eV/atom", "wasserstein_1": "eV/atom"}


_ERRORS = ("force_rmse", "force_r2", "energy_rmse", "energy_shift", "energy_spread")


def numbers(
    study: Study,
    fit: Solution,
    held_out: Comparison,
    verdicts: Sequence[Verdict],
    comparisons: Sequence[Comparison] = (),
) -> dict[str, Any]:
    """θ_f, its errors on held-out trajectories, the verdicts, and what it was computed from.

    Args:
        study: data and models.
        fit: the minimum of the Fisher divergence.
        held_out: errors on trajectories that were left out of the fit.
        verdicts: on the fit.
        comparisons: among which are the held-out errors of the fits that validation puts beside θ_f.
    """
    theta_f, temperatures = study.models["θ_f"], study.data.temperatures
    facts = study.data.summary()
    others = {c.name: c for c in comparisons}
    return {
        "theta_f": {"coef": theta_f.theta.tolist(), "intercept": dict(theta_f.offsets) or theta_f.offset},
        "rank": fit.rank,
        "condition": fit.condition,
        "held_out": _errors(held_out),
        "offers": [
            {
                "name": offer.name,
                "why": offer.sentence,
                "weights": dict(offer.weights),
                "held_out": _errors(others[name]) if (name := f"{offer.name}, held out") in others else None,
            }
            for offer in study.offers
        ],
        "networks": [
            {"name": other, "held_out": _errors(others[name]) if (name := f"{other}, held out") in others else None}
            for other in study.others
        ],
        "cdf": {"ks": _distance(ks, held_out), "wasserstein_1": _distance(wasserstein_1, held_out)},
        "verdicts": [_verdict(v) for v in verdicts],
        "data": {name: facts[name] for name in ("sha256", "trajectories", "configurations")},
        "independent_blocks": None if study.blocks is None else study.blocks.independent,
        "temperature": temperatures[0] if len(temperatures) == 1 else temperatures or None,
        "units": UNITS,
        "versions": versions(),
    }


def _errors(c: Comparison) -> dict[str, float | None]:
    return {name: _known(c.pooled[name]) for name in _ERRORS}


def _distance(distance: Callable[..., Any], c: Comparison) -> float | None:
    return float(distance(c.reference, c.energies)) if c.has_energies else None


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _verdict(v: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it, which knows neither NaN nor infinity."""
    value, *limits = map(_known, (v.value, *v.limits))
    return {"name": v.name, "level": v.level, "message": v.message, "value": value, "limits": limits}
