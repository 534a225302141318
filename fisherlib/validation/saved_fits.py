"""Fits side by side: how each was made, its errors on what it has not seen, and which are not beaten in both errors."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..arguments import each, floats, kind
from ..comparison import Comparison


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class SavedFit:
    """One fit among those that are compared.

    Attributes:
        name: of the potential.
        errors: on whole trajectories held out of the fit; on all data for a θ that was not fitted to these (``note``).
        K: number of descriptors.
        weights: "ridge", "kl" and "energy", those that are not zero.
        descriptor: in words.
        cutoff: Å, or None where it is not known.
        note: what the weights do not say; empty for a minimum of weighted losses.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> fit = SavedFit(name="θ_f", errors=study.held_out(fl.regression.fisher_fit), K=2)
        >>> fit.value("force_rmse")[0] < 1e-6
        True
    """

    name: str
    errors: Comparison
    K: int
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    descriptor: str = ""
    cutoff: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        kind("errors", self.errors, Comparison, "SavedFit(name='θ_f', errors=study.held_out(fit), K=105)")

    def value(self, what: str) -> tuple[float, float]:
        """A pooled error and its standard error over trajectories, NaN if there is none.

        Args:
            what: "force_rmse" (eV/Å), "energy_spread" or "energy_shift" (eV/atom).
        """
        return self.errors.pooled[what], self.errors.pooled_error[what]


def unbeaten(points: ArrayLike) -> list[int]:
    """Numbers of the points than which no other is at least as small in both and smaller in one, by ascending x.

    Args:
        points: (n, 2) errors; a point with NaN is never among them.

    Raises:
        ValueError: not pairs.

    Example:
        >>> unbeaten([[1.0, 3.0], [2.0, 2.0], [2.0, 2.5], [3.0, 1.0], [4.0, 1.0]])
        [0, 1, 3]
    """
    xy = floats("points", points)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ValueError(f"points: expected pairs of errors, (n, 2), got shape {xy.shape}")
    found, lowest = list[int](), np.inf
    for k in np.lexsort((xy[:, 1], xy[:, 0])).tolist():
        if np.isfinite(xy[k]).all() and xy[k, 1] < lowest:
            found.append(k)
            lowest = xy[k, 1]
    return found


def front(fits: Sequence[SavedFit]) -> list[SavedFit]:
    """The fits that no other one beats in both the energy spread and the force RMSE, from the smallest spread on.

    Example:
        >>> import fisherlib as fl
        >>> study = fl.Study(fl.systems.harmonic([1.0, 2.0]))
        >>> [fit.name for fit in front([SavedFit(name="θ_f", errors=study.comparison("θ_f"), K=2)])]
        ['θ_f']
    """
    fits = each("fits", fits, SavedFit, "front([SavedFit(…), …])")
    points = [(fit.value("energy_spread")[0], fit.value("force_rmse")[0]) for fit in fits]
    return [fits[k] for k in unbeaten(points)] if fits else []
