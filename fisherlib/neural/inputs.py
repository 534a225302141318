"""What a network sees of an atom before anything is trained: directions of descriptor space, and what is linear in them."""

import dataclasses

import numpy as np

from ..dataset import Array, Dataset
from ..losses import Quadratic
from ..moments import accumulate, without_offsets
from ..solvers import solve
from .batches import Configurations
from .potential import jacobian_of, sites_of

#: Directions whose gradients are smaller than this, squared and relative to the largest, are rounding of single precision.
RANK = 1e-8
#: Relative difference of energies that is rounding of double precision, after offsets are taken off.
ROUNDING = 1e-14


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """The fixed first layer of a network, from statistics of what it is trained on.

    Attributes:
        mean: (K,) of the descriptors over atoms.
        projection: (K, q) onto directions with gradients of equal size; the inputs have a standard deviation of 1 on average.
        scale: eV, an energy whose gradient along the inputs is as large as the forces.
        skip: (q,) slopes of the linear potential with the smallest Fisher divergence, in units of the scale.
    """

    mean: Array
    projection: Array
    scale: float
    skip: Array

    @classmethod
    def of(cls, data: Dataset, number: int | None = None) -> "Inputs":
        """Those of a dataset, ``number`` directions at most, the strongest ones.

        Raises:
            ValueError: no descriptor changes when atoms move.
        """
        C = np.zeros((data.K, data.K))
        for t in data.values():
            values = jacobian_of(t).values.reshape(-1, data.K)
            C += values.T @ values
        size = np.sqrt(np.diag(C))
        inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
        values, vectors = np.linalg.eigh(C * np.outer(inverse, inverse))
        order = np.argsort(values)[::-1][:number]
        order = order[values[order] > RANK * values[-1]]
        if len(order) == 0 or not size.any():
            raise ValueError("data: expected descriptors that change when atoms move, got a Jacobian of zeros")
        projection = inverse[:, None] * vectors[:, order] / np.sqrt(values[order] / len(data.forces))
        D = np.concatenate([sites_of(t) for t in data.values()])
        mean = D.mean(axis=0)
        spread = float(np.std((D - mean) @ projection)) or 1.0
        projection /= spread
        scale = float(np.sqrt(np.mean(data.forces**2))) * spread or 1.0
        total = accumulate(data).total()
        P = projection * scale
        linear = Quadratic(P.T @ total.PhiPhi @ P, P.T @ total.PhiF, total.FF)
        return cls(mean=mean, projection=projection, scale=scale, skip=solve(linear).theta)

    def linear_energies(self, data: Dataset) -> Array:
        """(M,) of the linear part, eV, without offsets."""
        theta = self.scale * self.projection @ self.skip
        D, N = np.concatenate([t.descriptors for t in data.values()]), data.n_atoms
        return D @ theta - N * (self.mean @ theta)

    def configurations(self, data: Dataset, offsets: Array) -> Configurations:
        """The data as the network is trained on them, energies without offsets (M,)."""
        energies, P = data.energies - offsets, self.projection
        return Configurations.of(data, energies, mean=self.mean, projection=P, scale=self.scale)


def composition(data: Dataset, of: Dataset) -> Array:
    """(M, S) atoms of each element of the whole dataset ``of``; all atoms if they are not known."""
    return np.concatenate([t.composition(of.elements) for t in data.values()]).astype(np.float64)


def best_offsets(energies: Array, n: Array) -> Array:
    """(S,) e that fits n·e to energies (M,) best, eV: as near as possible to a common one; zeros where none is known.

    >>> best_offsets(np.array([-3.0, -6.0]), np.array([[1.0, 0.0], [2.0, 0.0]])).round(6).tolist()
    [-3.0, -3.0]
    """
    known = np.isfinite(energies)
    if not known.any():
        return np.zeros(n.shape[1])
    E, n = energies[known], n[known]
    N = n.sum(axis=1)
    common = (E @ N) / (N @ N)
    return common + np.linalg.lstsq(n, E - common * N, rcond=1e-10)[0]


def spread(energies: Array, n: Array) -> float:
    """⟨(U/N)²⟩ about the best offsets, eV²; 1 where no energies are known, or none differ by more than their rounding."""
    known = np.isfinite(energies)
    if not known.any():
        return 1.0
    N = n[known].sum(axis=1)
    found = float(np.mean((without_offsets(energies[known], n[known]) / N) ** 2))
    return found if found > (ROUNDING * np.abs(energies[known] / N).max()) ** 2 else 1.0
