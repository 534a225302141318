"""What a report begins with: four numbers with error bars, the worst verdict, and how many checks passed."""

import dataclasses
import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ..comparison import Comparison, ks, sampling_noise
from ..diagnostics import Verdict
from ..figures.card import LEVELS
from ..figures.html import with_error
from ..losses import fisher
from ..regression import common_temperature
from ..solvers import Solution
from ..study import Study
from ..units import counted

# In a notebook there is no style sheet of the page, so the layout stands here; colours and letters are the page's own.
_ROW = "display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 0 0 0.75rem"
_BOX = "flex: 1 1 12rem; padding: 0.6rem 0.9rem; border: 1px solid #8a93a0; border-radius: 6px"


@dataclasses.dataclass(frozen=True)
class Figure:
    """One number of the answer: what it is, its value with error bar and unit, and what to hold it against."""

    name: str
    value: str
    unit: str
    note: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """The numbers that a reader asks for first, and the verdict that speaks most against them.

    Attributes:
        figures: four numbers, or as many as the data give.
        verdicts: on the data and on θ_f.
    """

    figures: Sequence[Figure]
    verdicts: Sequence[Verdict]

    @property
    def trust(self) -> str:
        """The worst verdict in its words, with its level, and how many checks passed."""
        order = list(LEVELS)
        passed = sum(verdict.level == "ok" for verdict in self.verdicts)
        worst = min(self.verdicts, key=lambda verdict: order.index(verdict.level), default=None)
        if worst is None or worst.level == "ok":
            return f"{LEVELS['ok']}: {counted(passed, 'check')} passed"
        return f"{LEVELS[worst.level]}: {worst.name}: {worst.message} ({passed} of {len(self.verdicts)} checks passed)"

    def _repr_html_(self) -> str:
        boxes = "".join(
            f'<div style="{_BOX}"><div>{escape(each.name)}</div>'
            f'<div><b style="font-size: 1.3em; white-space: nowrap">{escape(each.value)}</b> '
            f'<span style="white-space: nowrap">{escape(each.unit)}</span></div>'
            f'<div style="font-size: 0.9em">{escape(each.note)}</div></div>'
            for each in self.figures
        )
        return f'<div class="answer"><div style="{_ROW}">{boxes}</div><p><b>Trust.</b> {escape(self.trust)}</p></div>'

    def __repr__(self) -> str:
        told = [f"{each.name}: {each.value} {each.unit} ({each.note})" for each in self.figures]
        return "\n".join([*told, f"trust: {self.trust}"])


def answer(study: Study, fit: Solution, held_out: Comparison, verdicts: Sequence[Verdict]) -> Answer:
    """The answer of a report on θ_f.

    Args:
        study: data and models.
        fit: the minimum of the Fisher divergence.
        held_out: errors on trajectories that were left out of the fit.
        verdicts: on the data and on the fit.
    """
    shown = [_error(held_out, "force_rmse", "Force RMSE", f"R² {_told(held_out, 'force_r2')}")]
    if held_out.has_energies:
        within = "what remains of the energy error within a trajectory"
        shown.append(_error(held_out, "energy_spread", "Energy spread", within))
        shown.append(_error(held_out, "energy_shift", "Energy shift", _distribution(held_out)))
    return Answer([*shown, _divergence(study, fit)], verdicts)


def _error(c: Comparison, what: str, name: str, note: str) -> Figure:
    scale, unit = (1e3, "meV/atom") if "energy" in what else (1.0, "eV/Å")
    return Figure(f"{name}, held out", _told(c, what, scale), unit, note)


def _told(c: Comparison, what: str, scale: float = 1.0) -> str:
    return with_error(scale * c.pooled[what], scale * c.pooled_error[what])


def _distribution(c: Comparison) -> str:
    """How far the distribution of energies is from the true one, beside the noise of the sample."""
    noise = f"; two halves of the true data: {sampling_noise(c)[0]:.2g}" if len(c.keys) > 1 else ""
    return f"distribution of energies: KS {float(ks(c.reference, c.energies)):.2g}{noise}"


def _divergence(study: Study, fit: Solution) -> Figure:
    """J at its minimum with a standard error over blocks, and how much of θ the data determine."""
    name, _, unit = study.units["fisher"].partition(", ")
    known = f"rank {fit.rank} of {len(fit.theta)} parameters, condition {fit.condition:.1e}"
    return Figure(f"{name} at θ_f", with_error(fit.value, _error_of_divergence(study, fit)), unit, known)


def _error_of_divergence(study: Study, fit: Solution) -> float:
    """Standard error of the mean of J over the blocks of error bars at fixed θ_f; NaN if there is a ``reason``."""
    if study.reason or study.blocks is None:
        return math.nan
    moments, temperature = study.blocks.moments, common_temperature(study.moments, study.temperature)
    J = np.array([fisher(record, temperature)(fit.theta) for record in moments.values()])
    M, n = np.array([record.configurations for record in moments.values()]), len(moments)
    return float(np.sqrt(n / (n - 1) * np.square(M * (J - np.average(J, weights=M))).sum()) / M.sum())
