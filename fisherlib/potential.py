"""A potential that is linear in its descriptors: energies and forces of θ, its offset and where it comes from."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from .dataset import Array, Dataset, Trajectory
from .moments import MomentRecord, Moments
from .solvers import Solution


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class LinearPotential:
    """U_θ(x) = θ·D(x) + N e0 with the forces F_θ = Φθ.

    Attributes:
        theta: (K,) eV/[D].
        offset: e0, eV per atom; free in the forces, so it is fitted to energies or given.
        name: what figures and tables call it.
        provenance: data hash, descriptor, temperature, versions; saved with θ.
    """

    theta: Array
    offset: float = 0.0
    name: str = "θ"
    provenance: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        theta = np.array(self.theta, dtype=np.float64)
        if theta.ndim != 1 or theta.size == 0 or not np.isfinite(theta).all() or not np.isfinite(self.offset):
            raise ValueError(
                f"theta: expected K finite parameters and a finite offset, got shape {theta.shape}, {self.offset!r}"
            )
        theta.flags.writeable = False
        object.__setattr__(self, "theta", theta)
        object.__setattr__(self, "offset", float(self.offset))

    @classmethod
    def from_fit(
        cls,
        fit: Solution,
        moments: Moments | MomentRecord,
        *,
        name: str = "θ_f",
        provenance: Mapping[str, Any] | None = None,
    ) -> "LinearPotential":
        """The fitted θ with the offset per atom that fits the energies best, e0 = ⟨N (E − θ·D)⟩ / ⟨N²⟩."""
        total = moments if isinstance(moments, MomentRecord) else moments.total()
        K, n = total.K, total.mean[-1]
        if len(fit.theta) != K:
            raise ValueError(f"fit: expected K = {K} parameters as in the moments, got {len(fit.theta)}")
        C = total.scatter / total.configurations
        NN = C[-1, -1] + n * n
        offset = (C[-1, K] + n * total.mean[K] - fit.theta @ (C[-1, :K] + n * total.mean[:K])) / NN
        return cls(theta=fit.theta, offset=offset, name=name, provenance=provenance or {})

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.theta)

    def _check(self, data: Dataset | Trajectory) -> None:
        if data.K != self.K:
            raise ValueError(
                f"data: expected K = {self.K} descriptors for the potential {self.name!r}, got {data.K}; "
                "θ and the data must use the same descriptor with the same settings"
            )

    def energies(self, data: Dataset | Trajectory) -> Array:
        """(M,) total energies, eV, of a trajectory or of a dataset one after the other."""
        self._check(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.energies(t) for t in data.values()])
        return data.descriptors @ self.theta + data.n_atoms * self.offset

    def forces(self, data: Dataset | Trajectory) -> Array:
        """(3ΣN,) forces, eV/Å, in the rows of ``data.forces``."""
        self._check(data)
        if isinstance(data, Dataset):
            return np.concatenate([self.forces(t) for t in data.values()])
        return data.force_descriptors @ self.theta

    def site_energies(self, trajectory: Trajectory) -> Array:
        """(ΣN,) energies per atom, eV. They are no observable: only their sum over a configuration is.

        Raises:
            ValueError: the trajectory has no site descriptors.
        """
        self._check(trajectory)
        if trajectory.site_descriptors is None:
            raise ValueError(
                f"trajectory {trajectory.key!r}: expected site_descriptors, got none; its file holds sums only"
            )
        return trajectory.site_descriptors @ self.theta + self.offset
