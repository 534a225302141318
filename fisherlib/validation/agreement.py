"""Agreement between the ways to choose a strength, and whether the range tried contains the best."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ..dataset import Array
from ..diagnostics import Verdict
from ..diagnostics.verdict import Level

#: Held-out errors with a smaller relative difference are equal for any use.
NOTICEABLE = 0.01

#: The smallest strength tried counts as the best if all strengths up to so many times it serve as well.
FLAT = 10.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class HeldOutCurve:
    """Held-out errors over strengths.

    Attributes:
        strengths: (n,) ascending.
        excess: (n,) difference from the smallest error, eV/Å.
        error: (n,) standard error of that difference, eV/Å.
        size: the smallest error, eV/Å; if that is rounding, a value so large that rounding is not noticeable.
    """

    strengths: Array
    excess: Array
    error: Array
    size: float

    @classmethod
    def of(cls, strengths: Array, rmse: Array, pulls: Array, *, rounding: float) -> "HeldOutCurve":
        """The curve of errors (n,) in any order, given the pull of each trajectory (trajectories, n) and rounding, eV/Å."""
        order = np.argsort(strengths)
        strengths, rmse, pulls = strengths[order], rmse[order], pulls[:, order]
        k = int(np.argmin(rmse))
        # Some trajectories are harder at every strength; this drops out of the difference between two strengths.
        error = standard_error(pulls - pulls[:, [k]])
        size = max(float(rmse[k]), rounding / NOTICEABLE, float(np.finfo(float).tiny))
        return cls(strengths=strengths, excess=rmse - rmse[k], error=error, size=size)

    @property
    def serving(self) -> int:
        """How many of the smallest strengths serve: their errors equal the smallest one within noise or ``NOTICEABLE``."""
        serve = self.excess <= np.maximum(self.error, NOTICEABLE * self.size)
        return len(serve) if serve.all() else int(np.argmin(serve))


def standard_error(pulls: Array) -> Array:
    """(n,) standard error over trajectories, to first order, from their pulls (trajectories, n)."""
    return np.sqrt(len(pulls) / (len(pulls) - 1) * (pulls**2).sum(axis=0))


def agreement(curve: HeldOutCurve, best: Mapping[str, float]) -> Verdict:
    """Verdict on whether it matters how the strength is chosen.

    The value is the relative excess of the held-out error at the worst choice; the limit is ``NOTICEABLE``.

    Args:
        curve: of the held-out errors.
        best: way to choose → strength.
    """
    at, x = np.log(list(best.values())), np.log(curve.strengths)
    cost, bar = (float(np.interp(at, x, y).max()) for y in (curve.excess, curve.error))
    found = ", ".join(f"{value:.2g} by {name}" for name, value in best.items())
    number, value = curve.serving, cost / curve.size
    level: Level = "ok"
    message = (
        f"every way to choose the strength serves: {found}; the held-out error rises by at most {100 * value:.2g} %"
    )
    if value > NOTICEABLE:
        level = "warn"
        message = (
            f"the ways to choose the strength disagree: {found}; held-out errors differ by {cost:.2g} ± {bar:.2g} eV/Å; GCV and "
            "the evidence count correlated rows as independent: trust cross-validation"
        )
    below = f"{'any' if level == 'ok' else 'take a'} strength below {curve.strengths[number - 1]:.2g}" if number else ""
    message += f"; {below}{' serves as well' if level == 'ok' else ''}" if below else ""
    return Verdict(name="strength", level=level, message=message, value=value, limits=(0.0, NOTICEABLE))


def covered(curve: HeldOutCurve, best: Mapping[str, float], *, least: float) -> Verdict:
    """Verdict on whether the range of strengths contains the best; the value counts the ways whose best may lie beyond.

    The lower end is harmless if smaller strengths hardly change the held-out error, or only by rounding.

    Args:
        curve: of the held-out errors.
        best: way to choose → strength.
        least: strength below which only rounding changes.
    """
    low, high, number = float(curve.strengths[0]), float(curve.strengths[-1]), curve.serving
    flat = low <= FLAT * least or (number > 0 and curve.strengths[number - 1] >= FLAT * low)
    beyond = [name for name, value in best.items() if value == high or (value == low and not flat)]
    at_end = [name for name, value in best.items() if value == low]
    level: Level = "ok"
    message = f"the range {low:.2g} to {high:.2g} holds the best strength by every way to choose it"
    if beyond:
        where = f"lies at the end of the range {low:.2g} to {high:.2g}"
        level, message = "warn", f"the best strength by {' and '.join(beyond)} {where}; give strengths= beyond it"
    elif at_end:
        message = (
            f"strengths below {low:.2g}, the best by {' and '.join(at_end)}, would leave the held-out error as it is"
        )
    return Verdict(name="range of strengths", level=level, message=message, value=float(len(beyond)), limits=(0.0, 0.0))
