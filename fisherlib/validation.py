"""Predictions for trajectories that the fit has not seen, from moments alone."""

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .comparison import Comparison, compare_predictions
from .dataset import Array, Dataset, frozen
from .diagnostics import Verdict
from .losses import Quadratic
from .moments import MomentRecord, Moments
from .potential import LinearPotential
from .regression import RidgePath, evidence, gcv, normal_equations, ridge_path, row_weights

#: Strengths of a ridge that are tried: below the first, what a strength does is lost in rounding; above the last, nothing
#: is left of the fit.
STRENGTHS = frozen(np.logspace(-12, 2, 281))

#: The ways to choose a strength may differ by this factor before it is remarked on.
AGREEMENT = 10.0

#: Held-out errors that differ by less than this, relatively, are the same for any use.
NOTICEABLE = 0.01


def split(keys: Sequence[str], folds: int, *, seed: int = 0) -> list[list[str]]:
    """``folds`` disjoint parts of the keys, of nearly equal number, drawn at random.

    Whole trajectories are kept together: neighbouring frames are correlated, and a random split of frames would leak
    the answer into the test.

    Raises:
        ValueError: fewer than two folds, or more folds than trajectories.
    """
    keys = list(keys)
    _several("data", len(keys))
    if not 2 <= folds <= len(keys):
        raise ValueError(f"folds: expected 2 to {len(keys)}, for as many trajectories, got {folds}")
    order = np.random.default_rng(seed).permutation(len(keys))
    return [[keys[i] for i in sorted(part)] for part in np.array_split(order, folds)]


def _several(name: str, count: int) -> None:
    if count < 2:
        raise ValueError(
            f"{name}: expected at least 2 trajectories, so that one can be held out, got {count}; cut a long one by "
            "data.blocks(number)"
        )


def cross_validate(
    data: Dataset, moments: Moments, fit: Callable[[Moments], LinearPotential], *, folds: int = 5, seed: int = 0
) -> Comparison:
    """Errors of predictions for trajectories that were held out of the fit, fold by fold.

    Args:
        data: the trajectories.
        moments: ``accumulate(data)``; every fold is fitted from it; Φ is read again only to predict its forces.
        fit: moments → potential, e.g. ``regression.fisher_fit``.
        folds: number of parts; ``len(data)`` leaves out one trajectory at a time.
        seed: of the assignment of trajectories to folds.

    Returns:
        Comparison over all configurations, each predicted by the potential that never saw its trajectory.
    """
    energies, forces, name = {}, {}, ""
    for part in split(tuple(data), folds, seed=seed):
        model = fit(moments.drop(part))
        name = model.name
        for key in part:
            energies[key], forces[key] = model.energies(data[key]), model.forces(data[key])
    return compare_predictions(
        np.concatenate([energies[key] for key in data]),
        np.concatenate([forces[key] for key in data]),
        data,
        name=f"{name}, held out",
    )


def held_out_errors(
    moments: Moments,
    strengths: ArrayLike,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
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
    _several("moments", len(moments))
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
    progress: Callable[[int, int], None] | None = None,
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
    return _pooled(errors, moments, temperature)[0]


def _pooled(errors: Array, moments: Moments, temperature: float | None) -> tuple[Array, Array]:
    """(n,) root mean square over all rows, and (trajectories, n) how far each trajectory pulls it from the others."""
    shares = row_weights(moments, temperature=temperature) * [r.rows for r in moments.values()]
    shares = shares / shares.sum()
    mean = shares @ errors
    rmse = np.sqrt(mean)
    pulls = shares[:, None] * (errors - mean)
    return rmse, np.divide(pulls, 2 * rmse, out=np.zeros_like(pulls), where=rmse > 0)


def _standard_error(pulls: Array) -> Array:
    """(n,) standard error over trajectories of what they pull at, to first order."""
    return np.sqrt(len(pulls) / (len(pulls) - 1) * (pulls**2).sum(axis=0))


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class RidgeChoice:
    """Strengths of a ridge, judged in three ways.

    Attributes:
        path: of the fit to all trajectories.
        cross_validation: (n,) root-mean-square force error on trajectories held out one at a time, eV/Å.
        cross_validation_error: (n,) its standard error over trajectories, eV/Å.
        gcv: (n,) generalised cross-validation, eV²/Å².
        evidence: (n,) logarithm of the evidence, nats.
        best: λ by "cross-validation", "GCV" and "evidence".
        verdict: whether the three agree; its value is the largest ratio between them.
    """

    path: RidgePath
    cross_validation: Array
    cross_validation_error: Array
    gcv: Array
    evidence: Array
    best: Mapping[str, float]
    verdict: Verdict

    @property
    def strengths(self) -> Array:
        """(n,) λ that were tried, in the order given."""
        return self.path.strengths

    @property
    def strength(self) -> float:
        """λ by cross-validation over whole trajectories, which is right for correlated configurations too."""
        return self.best["cross-validation"]

    @property
    def theta(self) -> Array:
        """(K,) parameters at ``strength``, fitted to all trajectories."""
        return self.path.theta(self.strength)


def choose_strength(
    moments: Moments,
    strengths: ArrayLike | None = None,
    *,
    temperature: float | None = None,
    origin: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> RidgeChoice:
    """The strength of a ridge, by cross-validation over whole trajectories, beside GCV and the evidence.

    GCV and the evidence count every row as independent, which those of one configuration and of neighbouring ones are
    not; far smaller strengths than that of cross-validation are their sign of it.

    Args:
        moments: of at least two trajectories.
        strengths: (n,) λ > 0 to try; twenty a power of ten from 1e-12 to 100 without them, times the mean of
            A_kk/m_k where a scale is given. The best may lie between two of them, where a parabola in ln λ is lowest.
        temperature, origin, scale, progress: as for ``held_out_errors``.

    Raises:
        ValueError: fewer than two trajectories, or as for ``regression.ridge_path``.
    """
    options = {"temperature": temperature, "origin": origin, "scale": scale}
    path = ridge_path(moments, STRENGTHS if strengths is None else strengths, **options)
    if strengths is None and scale is not None:  # λ has a unit then
        path = dataclasses.replace(path, strengths=STRENGTHS * path.eigenvalues.sum() / moments.K)
    errors = held_out_errors(moments, path.strengths, **options, progress=progress)
    rmse, pulls = _pooled(errors, moments, temperature)
    generalised, log_evidence = gcv(path), evidence(path)
    curves = {"cross-validation": rmse, "GCV": generalised, "evidence": -log_evidence}
    best = {name: _lowest(path.strengths, curve) for name, curve in curves.items()}
    return RidgeChoice(
        path=path,
        cross_validation=rmse,
        cross_validation_error=_standard_error(pulls),
        gcv=generalised,
        evidence=log_evidence,
        best=best,
        verdict=_verdict(path, rmse, pulls, best, _rounding(moments, temperature)),
    )


def _lowest(strengths: Array, curve: Array) -> float:
    """The strength where a curve is lowest, between the strengths by a parabola through the lowest and its neighbours."""
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
    """Force error, eV/Å, that is lost in the rounding of F·F: √ε times the root mean square of the forces."""
    squares, rows = normal_equations(moments, temperature=temperature), sum(r.rows for r in moments.values())
    return float(np.sqrt(np.finfo(float).eps * sum(part.s for part in squares) / rows))


def _verdict(path: RidgePath, rmse: Array, pulls: Array, best: Mapping[str, float], rounding: float) -> Verdict:
    order = np.argsort(path.strengths)
    strengths, rmse, pulls = path.strengths[order], rmse[order], pulls[:, order]
    k = int(np.argmin(rmse))
    # One trajectory is harder than another at every strength, which drops out of the difference between two strengths.
    excess, error = rmse - rmse[k], _standard_error(pulls - pulls[:, [k]])
    ratio, same = max(best.values()) / min(best.values()), max(NOTICEABLE * rmse[k], rounding)
    cost, bar = (
        float(np.interp(np.log(list(best.values())), np.log(strengths), curve).max()) for curve in (excess, error)
    )
    serve = excess <= np.maximum(error, same)
    run = len(strengths) if serve.all() else int(np.argmin(serve))  # how many of the smallest strengths serve
    said = [_agreement(best, ratio, f"their held-out errors differ by {cost:.2g} ± {bar:.2g} eV/Å", cost > same)]
    if run:
        said.append(f"any strength below {strengths[run - 1]:.2g} serves, by whole trajectories held out")
    ends = [name for name, value in best.items() if value in (strengths[0], strengths[-1])]
    # At the lower end nothing is lost where smaller strengths hardly change the held-out error, or only by rounding.
    flat = (run and strengths[run - 1] >= AGREEMENT * strengths[0]) or strengths[0] <= AGREEMENT * STRENGTHS[
        0
    ] * path.eigenvalues[-1]
    cut = bool(ends) and (strengths[-1] in best.values() or not flat)
    if ends:
        where = f"lies at the end of the range {strengths[0]:.2g} to {strengths[-1]:.2g}"
        said.append(f"the best by {' and '.join(ends)} {where}{', give strengths= beyond it' if cut else ''}")
    level = "warn" if cut or (ratio > AGREEMENT and cost > same) else "ok"
    return Verdict(name="strength", level=level, message="; ".join(said), value=float(ratio))


def _agreement(best: Mapping[str, float], ratio: float, differ: str, matters: bool) -> str:
    found = ", ".join(f"{value:.2g} by {name}" for name, value in best.items())
    if ratio <= AGREEMENT:
        return f"the ways to choose a strength agree within a factor of {ratio:.2g}: {found}"
    said = f"the ways to choose a strength differ by a factor of {ratio:.2g}: {found}; "
    if not matters:
        return said + f"it matters little, as {differ}"
    return (
        said + f"{differ}; GCV and the evidence count correlated rows as independent: trust whole trajectories held out"
    )
