"""Whether the choice of a strength matters, and whether the range that was tried holds it."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from ..dataset import Array
from ..diagnostics import Verdict
from ..diagnostics.verdict import Level

#: Held-out errors that differ by less than this, relatively, are the same for any use.
NOTICEABLE = 0.01

#: Strengths from the least tried to so many times it have to serve before the best at that end counts as found.
FLAT = 10.0


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Curve:
    """Held-out errors over strengths.

    Attributes:
        strengths: (n,) ascending.
        excess: (n,) by how much the error exceeds the least, eV/Å.
        error: (n,) standard error of that, eV/Å.
        size: of the least error, eV/Å; where that is rounding, so large that rounding is not noticeable.
    """

    strengths: Array
    excess: Array
    error: Array
    size: float

    @classmethod
    def of(cls, strengths: Array, rmse: Array, pulls: Array, *, rounding: float) -> "Curve":
        """From errors (n,) in any order, how far each trajectory pulls them (trajectories, n), and what is rounding, eV/Å."""
        order = np.argsort(strengths)
        strengths, rmse, pulls = strengths[order], rmse[order], pulls[:, order]
        k = int(np.argmin(rmse))
        # One trajectory is harder than another at every strength, which drops out of the difference between two strengths.
        error = standard_error(pulls - pulls[:, [k]])
        size = max(float(rmse[k]), rounding / NOTICEABLE, float(np.finfo(float).tiny))
        return cls(strengths=strengths, excess=rmse - rmse[k], error=error, size=size)

    @property
    def serving(self) -> int:
        """How many of the smallest strengths serve: their errors are the least one, to its noise or to what is noticeable."""
        serve = self.excess <= np.maximum(self.error, NOTICEABLE * self.size)
        return len(serve) if serve.all() else int(np.argmin(serve))


def standard_error(pulls: Array) -> Array:
    """(n,) standard error over trajectories of what they pull at, to first order."""
    return np.sqrt(len(pulls) / (len(pulls) - 1) * (pulls**2).sum(axis=0))


def agreement(curve: Curve, best: Mapping[str, float]) -> Verdict:
    """Whether it matters by which way a strength is chosen.

    Its value is by how much, relatively, the held-out error at the worst of the choices exceeds the least, and its limit
    ``NOTICEABLE``.

    Args:
        curve: of the errors held out.
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


def covered(curve: Curve, best: Mapping[str, float], *, least: float) -> Verdict:
    """Whether the range of strengths holds the best; its value is the number of ways whose best may lie beyond.

    At the lower end nothing is lost where smaller strengths hardly change the held-out error, or only by rounding.

    Args:
        curve: of the errors held out.
        best: way to choose → strength.
        least: strength below which all that changes is rounding.
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
