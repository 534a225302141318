"""The numbers of the report on θ_f, as its JSON file has them."""

import math
from collections.abc import Sequence
from typing import Any

from ..comparison import Comparison, ks, wasserstein_1
from ..diagnostics import Verdict
from ..io import versions
from ..solvers import Solution
from ..study import Study

UNITS = {"energy": "eV/atom", "force": "eV/Å", "temperature": "K", "intercept": "eV/atom", "wasserstein_1": "eV/atom"}


def numbers(study: Study, fit: Solution, held_out: Comparison, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """θ_f, its errors on held-out trajectories, the verdicts, and what it was computed from.

    Args:
        study: data and models.
        fit: the minimum of the Fisher divergence.
        held_out: errors on trajectories that were left out of the fit.
        verdicts: on the fit.
    """
    theta_f, temperatures = study.models["θ_f"], study.data.temperatures
    facts = study.data.summary()
    errors = ("force_rmse", "force_r2", "energy_rmse", "energy_shift", "energy_spread")
    return {
        "theta_f": {"coef": theta_f.theta.tolist(), "intercept": dict(theta_f.offsets) or theta_f.offset},
        "rank": fit.rank,
        "condition": fit.condition,
        "held_out": {name: held_out.pooled[name] for name in errors},
        "cdf": {
            "ks": float(ks(held_out.reference, held_out.energies)),
            "wasserstein_1": float(wasserstein_1(held_out.reference, held_out.energies)),
        },
        "verdicts": [_verdict(v) for v in verdicts],
        "data": {name: facts[name] for name in ("sha256", "trajectories", "configurations")},
        "independent_blocks": None if study.blocks is None else study.blocks.independent,
        "temperature": temperatures[0] if len(temperatures) == 1 else temperatures,
        "units": UNITS,
        "versions": versions(),
    }


def _verdict(v: Verdict) -> dict[str, Any]:
    """A verdict as JSON has it, which knows neither NaN nor infinity."""
    value, *limits = (number if math.isfinite(number) else None for number in (v.value, *v.limits))
    return {"name": v.name, "level": v.level, "message": v.message, "value": value, "limits": limits}
