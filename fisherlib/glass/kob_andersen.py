"""The binary Lennard-Jones mixtures of Kob and Andersen, whose small particles keep the large ones from ordering."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import floats, is_whole, positive
from ..dataset import Array

#: A number for each pair of species.
Pairs = tuple[tuple[float, ...], ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mixture:
    """A mixture of particles of mass 1 with u(r) = 4ε ((σ/r)¹² − (σ/r)⁶), cut and shifted to zero at the cutoff.

    Attributes:
        epsilon: depth ε for each pair of species; that of the first with itself is the unit of energy.
        sigma: diameter σ for each pair of species; that of the first with itself is the unit of length.
        cutoff: in diameters of the pair.
        dimension: 2 or 3.
        density: particles per area or volume.
        fractions: share of each species.

    Raises:
        ValueError: tables that are not symmetric or do not fit each other, or numbers that are not above zero.

    Example:
        >>> import fisherlib as fl
        >>> fl.glass.KA2D.fractions, fl.glass.KA2D.sigma[0][1]
        ((0.65, 0.35), 0.8)
    """

    epsilon: Pairs
    sigma: Pairs
    cutoff: float
    dimension: int
    density: float
    fractions: tuple[float, ...]

    def __post_init__(self) -> None:
        share = floats("fractions", self.fractions)
        if share.ndim != 1 or not (share > 0).all() or abs(share.sum() - 1.0) > 1e-9:
            raise ValueError(f"fractions: expected shares > 0 that add up to 1, got {self.fractions}")
        for name in ("epsilon", "sigma"):
            table = floats(name, getattr(self, name))
            if table.shape != (len(share),) * 2 or not np.array_equal(table, table.T) or not _above_zero(table):
                words = f"a symmetric table of {len(share)} × {len(share)} numbers > 0, as many as there are fractions"
                raise ValueError(f"{name}: expected {words}, got {getattr(self, name)}")
            object.__setattr__(self, name, tuple(map(tuple, table.tolist())))  # LAMMPS wants Python's numbers
        for name in ("cutoff", "density"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        if not is_whole(self.dimension) or self.dimension not in (2, 3):
            raise ValueError(f"dimension: expected 2 or 3, got {self.dimension!r}")
        object.__setattr__(self, "fractions", tuple(share.tolist()))


def _above_zero(values: Array) -> bool:
    return bool(((values > 0) & np.isfinite(values)).all())


#: W. Kob and H. C. Andersen, Phys. Rev. E 51, 4626 (1995).
KA3D = Mixture(
    epsilon=((1.0, 1.5), (1.5, 0.5)),
    sigma=((1.0, 0.8), (0.8, 0.88)),
    cutoff=2.5,
    dimension=3,
    density=1.2,
    fractions=(0.8, 0.2),
)
#: The same pairs in the plane, where 65:35 does not crystallise: R. Brüning, D. A. St-Onge, S. Patterson and W. Kob,
#: J. Phys.: Condens. Matter 21, 035117 (2009). The density is that of the shipped set.
KA2D = dataclasses.replace(KA3D, dimension=2, density=1.16, fractions=(0.65, 0.35))


def into_lammps(lammps: Any, positions: Array, types: NDArray[np.int64], box: Array, mixture: Mixture) -> None:
    """Tell LAMMPS of a mixture in a periodic box, and of its particles; what it knew before is forgotten."""
    (N, d), kinds = positions.shape, range(len(mixture.sigma))
    x = np.zeros((N, 3))
    x[:, :d] = positions
    sides = [(0.0, float(side)) for side in box] + [(-0.5, 0.5)] * (3 - d)  # a plane lies in the middle of a box
    region = " ".join(f"{low!r} {high!r}" for low, high in sides)
    cutoffs = mixture.cutoff * np.array(mixture.sigma)
    lammps.commands_list(
        [
            *f"clear; units lj; dimension {d}; atom_style atomic; atom_modify map array; boundary p p p".split("; "),
            *f"region box block {region}; create_box {len(kinds)} box; mass * 1.0; neighbor 0.3 bin".split("; "),
            *f"pair_style lj/cut {mixture.cutoff!r}; pair_modify shift yes".split("; "),
            *(
                f"pair_coeff {a + 1} {b + 1} {mixture.epsilon[a][b]!r} {mixture.sigma[a][b]!r} {cutoffs[a, b]}"
                for a in kinds
                for b in kinds[a:]
            ),
            *(["fix plane all enforce2d"] if d == 2 else []),
        ]
    )
    made = lammps.create_atoms(N, range(1, N + 1), (types + 1).tolist(), x.ravel().tolist())
    if made != N:
        raise RuntimeError(f"it took {made} of {N} particles")
