"""Blocks: how many independent pieces correlated data are worth, and the clusters for error bars."""

import dataclasses
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import kind
from ..dataset import Array, Dataset, Trajectory
from ..diagnostics import autocorrelation_time
from ..diagnostics.autocorrelation import too_short
from ..diagnostics.runs import across, chance, from_one_to_the_next
from ..losses import fisher
from ..moments import Moments, accumulate, rows_per_block
from ..regression.ridge import parameters
from ..units import check_temperature, counted
from .belonging import of_data
from .directions import directions
from .intervals import FEWEST_BLOCKS

#: Fewest trajectories or blocks for a standard error, however long each of them is: two have one degree of freedom.
FEWEST_CLUSTERS = 5

#: So many trajectories are the clusters themselves; fewer are cut into blocks.
ENOUGH_TRAJECTORIES = 5

#: Length of a block in τ, so that it shares only a small part with its neighbours.
BLOCK_LENGTH = 10

#: Most blocks; beyond this they become longer, since t quantiles of 29 degrees of freedom are within 4 % of normal ones.
MOST_BLOCKS = 30


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Blocks:
    """The independent part of correlated data.

    Attributes:
        tau: τ, integrated autocorrelation time of the scores of the fit, in configurations.
        independent: Σ_t M_t/(2τ), at least 1 and at most M_t for each trajectory of M_t configurations.
        moments: of the clusters for error bars.
        kind: what these clusters are.
        next: larger of the correlations of scores and of energies from one trajectory to the next, in the order of the
            file; NaN if trajectories are long enough to show their own memory.
        chance: largest value of ``next`` by chance.

    Example:
        >>> import fisherlib as fl
        >>> blocks = independent_blocks(fl.systems.double_well(0.1, trajectories=6), [0.1, 1.0])
        >>> blocks.kind, blocks.clusters, blocks.short
        ('trajectories', 6, False)
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
        """Whether short trajectories look like consecutive frames of one run; error bars over them would be too small."""
        return self.next > self.chance

    @property
    def clusters(self) -> int:
        """Number of clusters, one more than the degrees of freedom of Student's t."""
        return len(self.moments)

    @property
    def reason(self) -> str:
        """Why there are no error bars over these blocks; empty if there are."""
        if self.independent < FEWEST_BLOCKS:
            return (
                f"they need {FEWEST_BLOCKS} independent blocks, and by the scores of the fit to forces there are about "
                f"{self.independent:.0f}"
            )
        if self.clusters < FEWEST_CLUSTERS:
            return (
                f"they need the scatter of at least {FEWEST_CLUSTERS} trajectories or blocks, and there are "
                f"{self.clusters}, blocks being longer than the memory of the scores of the fit to forces"
            )
        if self.one_run:
            return (
                f"the {self.clusters} trajectories follow one another like frames of one run (correlated by "
                f"{self.next:.2f} from one to the next); read them as one"
            )
        return ""

    def __str__(self) -> str:
        noun = {"trajectories": "trajectory", "blocks": "consecutive block"}[self.kind]
        return (
            f"{counted(self.clusters, noun)}; by the scores of the fit to forces (autocorrelation time {self.tau:.2f} "
            f"configurations) the data are worth about {self.independent:.0f} independent configurations"
        )


def scores(data: Dataset, theta: ArrayLike) -> Array:
    """Scores ψ_m = Φ_mᵀ(F_m − Φ_m θ) of the configurations. At θ_f of one temperature their sum is zero.

    Args:
        data: M configurations.
        theta: (K,).

    Returns:
        (M, K), [D] eV/Å².

    Raises:
        ValueError: not K parameters, or some that are not finite.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, tilt=0.02)
        >>> psi = scores(data, fl.solve(fl.fisher(fl.accumulate(data))).theta)
        >>> psi.shape, bool(np.abs(psi.sum(axis=0)).max() < 1e-6)
        ((1600, 2), True)
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
    """How many independent pieces the data are worth for θ, and the clusters for error bars.

    The error of θ_f is A⁻¹Σψ_m, so the memory of the scores is what matters. ρ(t) is averaged over trajectories and over
    the directions that the forces determine, with scores scaled to unit variance. An offset that lasts through a
    trajectory counts as memory. If there are at least 5 trajectories, they are the clusters. Fewer are cut into at most
    about 30 blocks of at least 10 τ; blocks cannot show processes slower than their length. Trajectories of fewer than 3
    configurations on average hardly show τ; then it is at least the τ of all of them as one series, in file order.

    Args:
        data: trajectories, each in the order of time.
        theta: (K,), fitted to these data.
        moments: ``accumulate(data)``, if already known.
        temperature: K, if it was used in place of the trajectories' own.

    Raises:
        ValueError: a single configuration, not K parameters or some that are not finite, or moments of other data.

    Example:
        >>> import fisherlib as fl
        >>> one = fl.systems.double_well(0.1, tilt=0.02, trajectories=1)  # drawn independently
        >>> blocks = independent_blocks(one, fl.solve(fl.fisher(fl.accumulate(one))).theta)
        >>> blocks.kind, blocks.clusters > 5, blocks.independent > 100
        ('blocks', True, True)
    """
    check_temperature(temperature)
    kind("data", data, Dataset, "independent_blocks(data, theta)")
    M = len(data.energies)
    if M < 2:
        raise ValueError("data: expected at least 2 configurations, got 1; there is no scatter to take an error from")
    moments = accumulate(data) if moments is None else moments
    of_data(moments, data, temperature)
    return blocks_of(data, parameters("theta", theta, data.K), moments)


def blocks_of(data: Dataset, theta: Array, moments: Moments) -> Blocks:
    """``independent_blocks`` of moments that are known to be those of the data.

    Args:
        data: at least two configurations.
        theta: (K,).
        moments: of the data.

    Example:
        >>> import fisherlib as fl
        >>> data = fl.systems.double_well(0.1, trajectories=6)
        >>> blocks_of(data, np.array([0.1, 1.0]), fl.accumulate(data)).clusters
        6
    """
    # Eigenvectors of A, not of the covariance of the scores: whitened by the latter, M < K scores always look uncorrelated.
    y = scores(data, theta) @ directions(fisher(moments.total(), 1.0))
    y -= y.mean(axis=0)
    size = y.std(axis=0)
    y = y[:, size > 0] / size[size > 0]
    lengths = [len(t) for t in data.values()]
    series = [row for part in np.split(y, np.cumsum(lengths)[:-1]) for row in part.T]
    # A series with τ < ½ is anticorrelated and worth more than its length; that gain is not used.
    tau = max(0.5, autocorrelation_time(series)) if series else 0.5
    found: dict[str, Any] = {"tau": tau, "independent": float(sum(max(1.0, length / (2 * tau)) for length in lengths))}
    if too_short(data):
        found |= _in_file_order(data, y, **found)
    if len(data) >= ENOUGH_TRAJECTORIES:
        return Blocks(moments=moments, kind="trajectories", **found)
    M = len(data.energies)
    length = max(BLOCK_LENGTH * tau, M / MOST_BLOCKS)
    fewest = 2 if len(data) == 1 else 1
    parts = [data.select(key).blocks(max(fewest, int(len(t) / length))) for key, t in data.items()]
    if sum(map(len, parts)) == len(data):
        return Blocks(moments=moments, kind="trajectories", **found)
    blocks = accumulate(block for part in parts for block in part.values())
    return Blocks(moments=blocks, kind="blocks", **found)


def _in_file_order(data: Dataset, y: Array, *, tau: float, independent: float) -> dict[str, float]:
    """Attributes of ``Blocks`` for short trajectories, from their scores (M, n) as one series in the order of the file."""
    tau = max(tau, autocorrelation_time(y.T)) if y.size else tau
    correlation = max(across(y, data.groups), from_one_to_the_next(data))
    worth = max(1.0, min(independent, len(y) / (2 * tau)) if correlation > chance(data) else independent)
    return {"tau": tau, "independent": worth, "next": correlation, "chance": chance(data)}
