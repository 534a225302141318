"""The strength of a ridge, chosen by three criteria side by side."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import floats
from ..dataset import Array, frozen
from ..diagnostics import Verdict
from ..moments import Moments
from ..progress import Progress
from ..regression import RidgePath, gcv, log_evidence, ridge_path, row_weights
from .agreement import HeldOutCurve, agreement, covered, standard_error
from .held_out import held_out_errors, pooled

#: Plain θ_f is worse on held-out trajectories than a ridge if its force error is more than so many times larger.
MATTERS = 1.2

#: Strengths tried by default: below the first a strength is lost in rounding, above the last nothing of the fit is left.
STRENGTHS = frozen(np.logspace(-12, 2, 281))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RidgeChoice:
    """Strengths of a ridge, judged by three criteria.

    Attributes:
        path: of the fit to all trajectories.
        cross_validation: (n,) root-mean-square force error on trajectories held out one at a time, eV/Å.
        cross_validation_error: (n,) its standard error over trajectories, eV/Å.
        gcv: (n,) generalised cross-validation, eV²/Å².
        evidence: (n,) logarithm of the evidence, nats.
        plain: that error at the smallest strength, by default of θ_f itself, eV/Å.
        size: the smallest of those errors, eV/Å, or one so large that rounding is not noticeable.
        best: λ by "cross-validation", "GCV" and "evidence".
        verdict: whether the choice of the criterion matters.
        range: whether the strengths tried contain the best ones.

    Example:
        >>> import fisherlib as fl
        >>> choice = choose_strength(fl.accumulate(fl.systems.double_well(0.1, tilt=0.02)))
        >>> sorted(choice.best), choice.theta.shape
        (['GCV', 'cross-validation', 'evidence'], (2,))
    """

    path: RidgePath
    cross_validation: Array
    cross_validation_error: Array
    gcv: Array
    evidence: Array
    plain: float
    size: float
    best: Mapping[str, float]
    verdict: Verdict
    range: Verdict

    @property
    def strengths(self) -> Array:
        """(n,) λ tried, in the order given."""
        return self.path.strengths

    @property
    def strength(self) -> float:
        """λ by cross-validation over whole trajectories, valid for correlated configurations too."""
        return self.best["cross-validation"]

    @property
    def theta(self) -> Array:
        """(K,) parameters at ``strength``, fitted to all trajectories."""
        return self.path.theta(self.strength)

    @property
    def sentence(self) -> str:
        """Why ``regression.ridge_fit`` with this strength should stand beside plain θ_f; empty where θ_f serves as well."""
        if self.plain <= MATTERS * self.size:
            return ""
        return (
            f"plain θ_f is off by {self.plain:.3g} eV/Å in the forces of trajectories left out, with a ridge of strength "
            f"{self.strength:.2g} it is off by {self.cross_validation.min():.3g}: without it the fit follows noise"
        )


def choose_strength(
    moments: Moments,
    strengths: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    path: RidgePath | None = None,
    errors: ArrayLike | None = None,
    progress: Progress | None = None,
) -> RidgeChoice:
    """Strength of a ridge by cross-validation over whole trajectories, with GCV and the evidence for comparison.

    GCV and the evidence count every row as independent, but rows of one configuration and of its neighbours are not.
    Then they give far smaller strengths than cross-validation.

    Args:
        moments: of at least two trajectories.
        strengths: (n,) λ > 0 to try; by default twenty per power of ten from 1e-12 to 100, times the mean of A_kk/m_k
            if a scale is given. The best is interpolated by a parabola in ln λ.
        temperature, origin, scale, progress: as for ``held_out_errors``.
        path: ``ridge_path`` of all the data for these strengths, if already known.
        errors: (trajectories, n) ``held_out_errors`` of these moments and strengths, if already known.

    Returns:
        All three curves, the best strength by each, and verdicts on the choice.

    Raises:
        ValueError: fewer than two trajectories, or as for ``regression.ridge_path``.

    Example:
        >>> import fisherlib as fl
        >>> choice = choose_strength(fl.accumulate(fl.systems.double_well(0.1, tilt=0.02)), [1e-6, 1e-3, 1.0])
        >>> choice.cross_validation.shape, 1e-6 <= choice.strength <= 1.0
        ((3,), True)
    """
    options: dict[str, Any] = {"temperature": temperature, "origin": origin, "scale": scale}
    path = path or ridge_path(moments, STRENGTHS if strengths is None else strengths, **options)
    if strengths is None and scale is not None:  # λ has a unit then
        path = dataclasses.replace(path, strengths=STRENGTHS * path.eigenvalues.sum() / moments.K)
    if errors is None:
        known = held_out_errors(moments, path.strengths, **options, progress=progress)
    elif np.shape(errors) == (len(moments), len(path.strengths)):
        known = floats("errors", errors)
    else:
        wanted = (len(moments), len(path.strengths))
        raise ValueError(f"errors: expected {wanted}, of each trajectory and strength, got shape {np.shape(errors)}")
    rmse, pulls = pooled(known, moments, temperature)
    generalised, log_density = gcv(path), log_evidence(path)
    curves = {"cross-validation": rmse, "GCV": generalised, "evidence": -log_density}
    best = {name: _lowest(path.strengths, curve) for name, curve in curves.items()}
    curve = HeldOutCurve.of(path.strengths, rmse, pulls, rounding=_rounding(moments, temperature))
    return RidgeChoice(
        path=path,
        cross_validation=rmse,
        cross_validation_error=standard_error(pulls),
        gcv=generalised,
        evidence=log_density,
        plain=float(rmse[np.argmin(path.strengths)]),
        size=curve.size,
        best=best,
        verdict=agreement(curve, best),
        range=covered(curve, best, least=float(STRENGTHS[0] * path.eigenvalues[-1])),
    )


def _lowest(strengths: Array, curve: Array) -> float:
    """The strength where a curve is lowest, by a parabola through the lowest point and its neighbours."""
    ordered, first = np.unique(strengths, return_index=True)
    x, y = np.log(ordered), curve[first]
    k = int(np.argmin(y))
    if not 0 < k < len(x) - 1:
        return float(ordered[k])
    (left, right), (before, after) = np.diff(x[k - 1 : k + 2]), np.diff(y[k - 1 : k + 2])
    bend = left * after - right * before
    shift = 0.5 * (left**2 * after + right**2 * before) / bend if bend > 0 else 0.0
    return float(np.exp(x[k] - shift))


def _rounding(moments: Moments, temperature: float | None) -> float:
    """Force error, eV/Å, lost in the rounding of F·F: √ε times the root mean square of the forces."""
    weights = row_weights(moments, temperature=temperature)
    squares, rows = np.array([(r.FF, r.rows) for r in moments.values()]).T
    return float(np.sqrt(np.finfo(float).eps * (weights @ squares) / rows.sum()))
