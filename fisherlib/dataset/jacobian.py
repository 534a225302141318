"""How the descriptors of each atom change with each position: what a model needs whose site energies are no linear function."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from ..arguments import numbers
from .arrays import Array, frozen


@dataclasses.dataclass(frozen=True, eq=False)
class Jacobian:
    """Force descriptors before their sum over atoms: −∂D_i/∂x_j for the pairs (i, j) in which it is not zero.

    Σ_i over the pairs of one j is the row of Φ; a pair may stand there more than once. It takes 24 PK bytes, or 12 PK
    in single precision: 1.4 MB or 0.7 MB for a configuration of 55 atoms with GMP, P = 1580 and K = 36. Arrays are read-only
    views.

    Attributes:
        centres: (P,) i, the row of the atom that is described, ascending.
        atoms: (P,) j, the row of the atom that moves, of the same configuration.
        values: (P, 3, K) −∂D_i/∂x_j, [D]/Å; float64 or float32.

    Raises:
        ValueError: lengths that do not fit one another, numbers that are not finite, or centres out of order.

    Example:
        Two atoms on a spring, D_i = ½ (x_2 − x_1)² for both:

        >>> import numpy as np
        >>> x = 0.5
        >>> pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> values = np.zeros((4, 3, 1))
        >>> values[:, 0, 0] = [x, -x, x, -x]
        >>> jacobian = Jacobian(pairs[:, 0], pairs[:, 1], values)
        >>> jacobian.forces(np.full((2, 1), 3.0)).reshape(2, 3)[:, 0]
        array([ 3., -3.])
    """

    centres: NDArray[np.integer]
    atoms: NDArray[np.integer]
    values: Array

    def __post_init__(self) -> None:
        values = numbers("values", self.values)
        values = frozen(values if values.dtype == np.float32 else values.astype(np.float64, copy=False))
        if values.ndim != 3 or values.shape[1] != 3:
            raise ValueError(f"values: expected shape (P, 3, K), got {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("values: expected finite numbers, got NaN or infinity among them")
        object.__setattr__(self, "values", values)
        for name in ("centres", "atoms"):
            rows = numbers(name, getattr(self, name))
            if rows.shape != values.shape[:1] or (rows.size and (rows.dtype.kind not in "iu" or rows.min() < 0)):
                raise ValueError(f"{name}: expected ({len(values)},) rows of atoms, got {rows!r:.60}")
            object.__setattr__(self, name, frozen(rows.astype(np.int32, copy=False)))
        if (np.diff(self.centres) < 0).any():
            raise ValueError("centres: expected rows in ascending order, got others; sort the pairs by their centre")

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return self.values.shape[2]

    def force_descriptors(self, atoms: int) -> Array:
        """(3 atoms, K) Φ, the sum over centres; ``atoms`` is the number of rows of atoms, ΣN."""
        P = len(self.atoms)
        summing = csr_array((np.ones(P), (self.atoms, np.arange(P))), shape=(atoms, P))
        return (summing @ self.values.reshape(P, 3 * self.K)).reshape(3 * atoms, self.K)

    def forces(self, slopes: ArrayLike) -> Array:
        """(3ΣN,) forces −∂/∂x_j Σ_i E_i, eV/Å, of site energies with these slopes, by the chain rule.

        Args:
            slopes: (ΣN, K) ∂E_i/∂D_i, eV/[D].

        Raises:
            ValueError: slopes for other descriptors or fewer atoms.
        """
        slopes = numbers("slopes", slopes)
        rows = int(max(self.centres.max(initial=-1), self.atoms.max(initial=-1))) + 1
        if slopes.ndim != 2 or slopes.shape[1] != self.K or len(slopes) < rows:
            raise ValueError(f"slopes: expected ({rows}, {self.K}) or more rows, got shape {slopes.shape}")
        each = np.einsum("pxk,pk->px", self.values, slopes[self.centres])
        F = np.zeros((len(slopes), 3))
        for x in range(3):
            F[:, x] = np.bincount(self.atoms, each[:, x], len(slopes))
        return F.ravel()

    def slice(self, start: int, stop: int) -> "Jacobian":
        """That of the atoms ``start`` to ``stop`` (excluded), which are numbered from 0 again; values are not copied."""
        a, b = np.searchsorted(self.centres, [start, stop])
        return Jacobian(self.centres[a:b] - start, self.atoms[a:b] - start, self.values[a:b])

    @classmethod
    def joined(cls, parts: "list[tuple[int, Jacobian]]") -> "Jacobian":
        """Those of several configurations, each with the number of its atoms, as one."""
        starts = np.cumsum([0, *(atoms for atoms, _ in parts)])[:-1]
        return cls(
            np.concatenate([part.centres + start for start, (_, part) in zip(starts, parts, strict=True)]),
            np.concatenate([part.atoms + start for start, (_, part) in zip(starts, parts, strict=True)]),
            np.concatenate([part.values for _, part in parts]),
        )
