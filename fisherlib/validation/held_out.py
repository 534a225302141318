"""Force errors on trajectories left out one at a time, for every strength of a ridge, from moments alone."""

import functools
import operator
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..dataset import Array
from ..losses import Quadratic
from ..moments import MomentRecord, Moments
from ..progress import Progress
from ..regression import RidgePath, normal_equations, row_weights
from .folds import several


def held_out_errors(
    moments: Moments,
    strengths: ArrayLike,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Array:
    """Mean squared force error on each trajectory, held out of the fit, for every strength of a ridge.

    Each fit is that of ``regression.ridge_path`` to all other trajectories: exact, and from moments alone, at the cost of one
    factorisation a trajectory.

    Args:
        moments: of at least two trajectories.
        strengths: (n,) λ > 0, in any order.
        temperature, origin, scale: as for ``regression.ridge_path``; without a scale, that of each fit's own data.
        progress: called with (trajectories done, trajectories in all) after each.

    Returns:
        (trajectories, n) mean over the force components of each, eV²/Å².

    Raises:
        ValueError: fewer than two trajectories, or as for ``regression.ridge_path``.
    """
    if isinstance(moments, MomentRecord):
        raise ValueError(
            "moments: expected those of each trajectory, to hold out one at a time, got a single record that does not tell "
            "them apart; give accumulate(data), not its total()"
        )
    several("moments", len(moments))
    parts, rows = normal_equations(moments, temperature=temperature), np.array([r.rows for r in moments.values()])
    shares = row_weights(moments, temperature=temperature) * rows
    errors = []
    for part, rest, held, share in zip(parts, _all_but_each(parts), rows, shares, strict=True):
        path = RidgePath.of(rest, strengths, rows=int(rows.sum() - held), origin=origin, scale=scale)
        errors.append(2 * part(path.thetas) / share)
        if progress is not None:
            progress(len(errors), len(parts))
    return np.maximum(errors, 0.0)


def _all_but_each(parts: Sequence[Quadratic], rest: Quadratic | None = None) -> Iterator[Quadratic]:
    """The sum of all parts but one, for each in turn.

    Halves are added to one another's folds, in n log n sums. To subtract each from the total would be less work, but
    would leave rounding where a descriptor changes in the part alone.
    """
    if len(parts) == 1:
        yield rest
        return
    middle = len(parts) // 2
    for inside, outside in ((parts[:middle], parts[middle:]), (parts[middle:], parts[:middle])):
        yield from _all_but_each(inside, functools.reduce(operator.add, outside if rest is None else [rest, *outside]))


def leave_one_trajectory_out(
    moments: Moments,
    strengths: ArrayLike,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Array:
    """Root-mean-square force error on trajectories held out one at a time, for every strength of a ridge.

    √(Σ_t w_t |F_t − Φ_tθ₋ₜ(λ)|² / n) over all n rows, with θ₋ₜ of all trajectories but t and w_t = β_t² over its mean
    over all rows (1 for one temperature).

    Args:
        moments, strengths, temperature, origin, scale, progress: as for ``held_out_errors``.

    Returns:
        (n,) eV/Å.
    """
    errors = held_out_errors(moments, strengths, temperature=temperature, origin=origin, scale=scale, progress=progress)
    return pooled(errors, moments, temperature)[0]


def pooled(errors: Array, moments: Moments, temperature: float | None) -> tuple[Array, Array]:
    """(n,) root mean square over all rows, and (trajectories, n) how far each trajectory pulls it from the others."""
    shares = row_weights(moments, temperature=temperature) * [r.rows for r in moments.values()]
    shares = shares / shares.sum()
    mean = shares @ errors
    rmse = np.sqrt(mean)
    pulls = shares[:, None] * (errors - mean)
    return rmse, np.divide(pulls, 2 * rmse, out=np.zeros_like(pulls), where=rmse > 0)
