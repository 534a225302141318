"""Confidence intervals by Student's t, and how many independent pieces of data they rest on."""

import dataclasses
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from ..arguments import floats, kind
from ..dataset import Array, Dataset, Trajectory
from ..diagnostics import autocorrelation_time
from ..diagnostics.facts import too_short
from ..diagnostics.runs import across, chance, from_one_to_the_next
from ..losses import fisher
from ..moments import Moments, accumulate, rows_per_block
from ..regression.ridge import parameters
from ..units import check_temperature, counted
from .arguments import of_data
from .directions import directions

#: Fewer independent blocks than this tell too little about their own scatter for an interval to be worth its level.
FEWEST_BLOCKS = 10

#: The scatter of fewer trajectories or blocks than this is no standard error, however much each of them holds: that of two
#: has a single degree of freedom.
FEWEST_CLUSTERS = 5

#: From so many trajectories on they are the clusters themselves; fewer are cut into blocks.
ENOUGH_TRAJECTORIES = 5

#: A block is to be this many τ long, so that what it shares with its neighbours at both ends is a small part of it.
BLOCK_LENGTH = 10

#: Blocks are made longer rather than more: t quantiles of 29 degrees of freedom are within 4 % of normal ones.
MOST_BLOCKS = 30


def interval(
    estimate: ArrayLike,
    standard_error: ArrayLike,
    *,
    clusters: int,
    independent: float | None = None,
    level: float = 0.95,
) -> tuple[Array, Array]:
    """Confidence interval, estimate ± t standard errors, with Student's t of clusters − 1 degrees of freedom.

    Args:
        estimate: (...) in any unit.
        standard_error: (...) in the same unit, from the scatter between clusters (sandwich or jackknife).
        clusters: number of trajectories or blocks behind the standard error.
        independent: number of independent blocks in the data, e.g. ``independent_blocks(data, theta).independent``;
            the number of clusters without it.
        level: of confidence.

    Returns:
        Lower and upper end, (...) each.

    Raises:
        ValueError: fewer than 2 clusters, fewer than 10 independent blocks, a level out of (0, 1), or standard errors that
            are negative, NaN or not of the shape of the estimate.

    Source: Cameron and Miller, J. Hum. Resour. 50, 317 (2015), section VI, for t with clusters − 1.
    """
    kind("clusters", clusters, Real, "interval(estimate, standard_error, clusters=12)")
    kind("level", level, Real, "interval(estimate, standard_error, clusters=12, level=0.95)")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}; 95 % is 0.95")
    if not clusters >= 2:
        raise ValueError(
            f"clusters: expected at least 2 to see how they scatter, got {clusters}; cut a long trajectory by "
            "data.blocks(number)"
        )
    if independent is None and clusters < FEWEST_BLOCKS:
        raise ValueError(
            f"clusters: expected at least {FEWEST_BLOCKS} for an interval that holds what it says, got {clusters}; add "
            "trajectories, or say by independent=independent_blocks(data, theta).independent how much they hold"
        )
    if independent is not None and not independent >= FEWEST_BLOCKS:
        raise ValueError(
            f"independent: expected at least {FEWEST_BLOCKS} independent blocks for an interval that holds what it says, "
            f"got {independent:.3g}; run longer, or add trajectories"
        )
    estimate, error = floats("estimate", estimate), floats("standard_error", standard_error)
    if error.ndim and estimate.ndim and error.shape != estimate.shape:
        raise ValueError(
            f"standard_error: expected shape {estimate.shape}, one for each estimate, got {error.shape}; from a "
            "covariance take the root of its diagonal"
        )
    if not (error >= 0).all():
        raise ValueError(f"standard_error: expected numbers ≥ 0, got {error[~(error >= 0)][0]:g}")
    half = stdtrit(clusters - 1, 0.5 + 0.5 * level) * error
    return estimate - half, estimate + half


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """What can be taken as independent in correlated data.

    Attributes:
        tau: τ, integrated autocorrelation time of the scores of the fit, in configurations.
        independent: Σ_t M_t/(2τ), at least 1 and at most M_t for each trajectory of M_t configurations.
        moments: of the clusters that error bars are to be taken over.
        kind: of these clusters.
        next: correlation of scores or energies, the larger, from one trajectory to the next in the order of the file; NaN
            where trajectories are long enough to show their own memory.
        chance: what that may be by chance.
    """

    tau: float
    independent: float
    moments: Moments
    kind: Literal["trajectories", "blocks"]
    next: float = float("nan")
    chance: float = float("nan")

    @property
    def short(self) -> bool:
        """Whether trajectories are too short to show whether they are independent."""
        return not np.isnan(self.next)

    @property
    def one_run(self) -> bool:
        """Whether short trajectories follow one another like frames of one run, so that bars over them would be too small."""
        return self.next > self.chance

    @property
    def clusters(self) -> int:
        """Number of clusters; Student's t has one degree of freedom less."""
        return len(self.moments)

    def __str__(self) -> str:
        noun = {"trajectories": "trajectory", "blocks": "consecutive block"}[self.kind]
        return (
            f"{counted(self.clusters, noun)}; by the scores of the fit to forces (autocorrelation time {self.tau:.2f} "
            f"configurations) the data are worth about {self.independent:.0f} independent configurations"
        )


def scores(data: Dataset, theta: ArrayLike) -> Array:
    """Scores ψ_m = Φ_mᵀ(F_m − Φ_m θ) of the configurations; they sum to zero at θ_f of one temperature.

    Args:
        data: M configurations.
        theta: (K,).

    Returns:
        (M, K), [D] eV/Å².

    Raises:
        ValueError: another number of parameters than descriptors, or some that are not finite.
    """
    kind("data", data, Dataset, "scores(data, theta)")
    theta = parameters("theta", theta, data.K)
    return np.concatenate([_scores(t, theta) for t in data.values()])


def _scores(t: Trajectory, theta: Array) -> Array:
    Phi, F, found = t.force_descriptors, t.forces, np.empty((len(t), t.K))
    edges = np.concatenate([[0], 3 * np.cumsum(t.n_atoms)])
    step = max(1, rows_per_block(t.K) // int(3 * t.n_atoms.max()))
    for m in range(0, len(t), step):
        inner = edges[m : m + step + 1]
        rows = slice(inner[0], inner[-1])
        x = Phi[rows].astype(np.float64)
        x *= (F[rows] - x @ theta)[:, None]
        found[m : m + step] = np.add.reduceat(x, inner[:-1] - inner[0], axis=0)
    return found


def independent_blocks(
    data: Dataset, theta: ArrayLike, *, moments: Moments | None = None, temperature: float | None = None
) -> Blocks:
    """How many independent pieces the data are worth for θ, and the clusters to take error bars over.

    The error of θ_f is A⁻¹Σψ_m, so the memory that matters is that of the scores. ρ(t) is averaged over trajectories and
    over the directions that the forces determine, each with its scores scaled to unit variance; offsets that a trajectory
    keeps to its end count as memory. With at least 5 trajectories these are the clusters. Fewer are cut into blocks of at
    least 10 τ, at most about 30 of them; blocks cannot show what is slower than they are long. Trajectories of fewer than 3
    configurations on average hardly show τ: it is at least that of all of them as one series, in the order of the file.

    Args:
        data: trajectories, each in the order of time.
        theta: (K,), fitted to these data.
        moments: ``accumulate(data)`` where it is known already.
        temperature: K, where it is taken in place of what the trajectories say.

    Raises:
        ValueError: a single configuration, another number of parameters than descriptors or some that are not finite, or
            moments of other data.
    """
    check_temperature(temperature)
    kind("data", data, Dataset, "independent_blocks(data, theta)")
    M = len(data.energies)
    if M < 2:
        raise ValueError("data: expected at least 2 configurations, got 1; there is no scatter to take an error from")
    moments = accumulate(data) if moments is None else moments
    of_data(moments, data, temperature)
    # Eigenvectors of A, not of the scores' own covariance: whitened by the latter, M < K scores look uncorrelated always.
    y = scores(data, theta) @ directions(fisher(moments.total(), 1.0))
    y -= y.mean(axis=0)
    size = y.std(axis=0)
    y = y[:, size > 0] / size[size > 0]
    lengths = [len(t) for t in data.values()]
    series = [row for part in np.split(y, np.cumsum(lengths)[:-1]) for row in part.T]
    # Below ½ a series is anticorrelated, and worth more than its length; that is not counted on.
    tau = max(0.5, autocorrelation_time(series)) if series else 0.5
    found = {"tau": tau, "independent": float(sum(max(1.0, length / (2 * tau)) for length in lengths))}
    if too_short(data):
        found |= _in_file_order(data, y, **found)
    if len(data) >= ENOUGH_TRAJECTORIES:
        return Blocks(moments=moments, kind="trajectories", **found)
    length = max(BLOCK_LENGTH * tau, M / MOST_BLOCKS)
    fewest = 2 if len(data) == 1 else 1
    parts = [data.select(key).blocks(max(fewest, int(len(t) / length))) for key, t in data.items()]
    if sum(map(len, parts)) == len(data):
        return Blocks(moments=moments, kind="trajectories", **found)
    blocks = accumulate(block for part in parts for block in part.values())
    return Blocks(moments=blocks, kind="blocks", **found)


def _in_file_order(data: Dataset, y: Array, *, tau: float, independent: float) -> dict[str, float]:
    """What short trajectories show as one series in the order of the file, given scores (M, n) and what each shows itself."""
    tau = max(tau, autocorrelation_time(y.T)) if y.size else tau
    correlation = max(across(y, data.groups), from_one_to_the_next(data))
    worth = max(1.0, min(independent, len(y) / (2 * tau)) if correlation > chance(data) else independent)
    return {"tau": tau, "independent": worth, "next": correlation, "chance": chance(data)}
