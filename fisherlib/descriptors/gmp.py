"""Gaussian multipoles: norms of the overlap of the electron density around an atom with multipoles of several widths."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arguments import elements
from ..dataset import Array
from .contract import Limit
from .densities import Densities, density_of, given
from .harmonics import derivatives, solid_harmonics
from .local import Local
from .neighbours import Neighbours


@dataclasses.dataclass(frozen=True, kw_only=True)
class Gmp(Local):
    """Gaussian multipole order norms (Lei, Medford, J. Phys. Chem. Lett. 13, 7911 (2022), arXiv:2102.02390).

    Every atom carries a valence density ρ_s(r) = Σ_g B_g exp(−β_g r²). The density around an atom i is measured by
    multipoles of several widths σ and degrees l, and what the rotations leave of them is their norm:

        A_σlm = ∫ P_σlm(r) Σ_j t(r_ij) ρ_s(j)(r − r_ij) dr        D_σl = Σ_m A_σlm²
        P_σlm(r) = (2πσ²)^(−3/2) σ^(−l) R_lm(r) exp(−r²/2σ²)

    with the solid harmonics R_lm of Racah's normalisation, so that D_σl is in (electrons/Å³)² for every l. The atom i is
    among the j. The integral has a closed form, the product of two Gaussians being one, and the mean of a solid harmonic
    over a sphere its value in the middle. The columns are the same for all elements: they are told apart by their
    densities, which is what one network for all of them needs.

    The norms are squared: their roots have no gradient where A vanishes, as in a crystal with inversion. The paper's
    functions have no cutoff; t falls from 1 to 0 over the last ``smoothing`` Å, so that energies are smooth.

    Attributes:
        cutoff: r_cut, Å.
        n_widths: number of widths σ, a geometric series.
        l_max: highest degree.
        smallest: the smallest σ, Å.
        largest: the largest σ, Å.
        smoothing: the range of the distances to neighbours before the cutoff in which they fade, Å.
        densities: {"Cu": (B, β), …}, amplitudes in electrons/Å³ and exponents in 1/Å² for every element, such as a fit to
            a calculated density; without them they follow from Slater's rules, see ``densities.slater``.

    Raises:
        ValueError: a parameter outside its limits, or densities that are none.

    Examples:
        >>> from ase.build import molecule
        >>> gmp = Gmp(n_widths=2, l_max=1)
        >>> D, Phi = gmp(molecule("H2O"))
        >>> D.shape, Phi.shape, gmp.names([1, 8])
        ((3, 4), (9, 4), ('l0 σ0.5', 'l0 σ2', 'l1 σ0.5', 'l1 σ2'))
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "n_widths": Limit(1, 30, "a whole number of widths", whole=True, grows=True),
            "l_max": Limit(0, 8, "a whole number, the highest degree", whole=True, grows=True),
            "smallest": Limit(0.05, 10.0, "the width of a Gaussian in Å"),
            "largest": Limit(0.06, 10.0, "the width of a Gaussian in Å"),
            "smoothing": Limit(0.01, 20.0, "a width in Å"),
        }
    )

    cutoff: float = 7.0
    n_widths: int = 7
    l_max: int = 4
    smallest: float = 0.5
    largest: float = 2.0
    smoothing: float = 1.0
    densities: Any = None

    def __post_init__(self) -> None:
        for name, limit in self.limits.items():
            limit.refuse(name, getattr(self, name))
        if self.smoothing >= self.cutoff:
            raise ValueError(f"smoothing: expected less than the cutoff of {self.cutoff:g} Å, got {self.smoothing:g}")
        if self.largest < 1.1 * self.smallest:
            raise ValueError(
                f"largest: expected at least 1.1 times the smallest width of {self.smallest:g} Å, got {self.largest:g}"
            )
        if self.densities is not None:
            object.__setattr__(self, "densities", given(self.densities))

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        densities: Densities | None = self.densities
        own = {} if densities is None else {symbol: [list(part) for part in density] for symbol, density in densities}
        return {"name": "GMP", "library": "fisherlib gmp 1", **dataclasses.asdict(self), "densities": own or "Slater"}

    @property
    def widths(self) -> Array:
        """(n_widths,) σ, Å."""
        return np.geomspace(self.smallest, self.largest, self.n_widths)

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors, the same for all elements, e.g. ``l0 σ0.5``."""
        elements("species", species)
        return tuple(f"l{degree} σ{width:.4g}" for degree in range(self.l_max + 1) for width in self.widths)

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """See ``Local``."""
        table, L, n = _Table.of(pairs), self.l_max + 1, self.n_widths
        f, slopes = self._radial(pairs, table)
        R = solid_harmonics(table.vectors, self.l_max)
        D = np.empty((len(pairs.numbers), L, n))
        G = np.empty((*table.there.shape, 3, L, n))
        for degree in range(L):
            A = R[degree].swapaxes(1, 2) @ f[degree]  # (N, 2l+1, n)
            if degree == 0:
                A[:, 0] += self._own(pairs.numbers)
            D[:, degree] = (A * A).sum(axis=1)
            A *= 2
            radial = (R[degree] @ A) * slopes[degree]
            np.multiply(table.vectors[..., None], radial[:, :, None], out=G[:, :, :, degree])
            if degree:
                # Contracted over m before it is spread over pairs: ∇R_lm is made of the harmonics one degree lower.
                mixed = np.einsum("xmk,imw->ikxw", derivatives(degree), A).reshape(len(A), -1, 3 * n)
                turned = (R[degree - 1] @ mixed).reshape(*table.there.shape, 3, n)
                turned *= f[degree][:, :, None]
                G[:, :, :, degree] += turned
        return D.reshape(-1, L * n), G[table.there].reshape(-1, 3, L * n)

    def _radial(self, pairs: Neighbours, table: "_Table") -> tuple[Array, Array]:
        """f with A_σlm = Σ_j R_lm(r_j) f_σl(r_j), and f'/r, both (l, N, neighbours, σ)."""
        d, n = pairs.distances, (self.l_max + 1) * self.n_widths
        values = np.zeros((*table.there.shape, 2 * n))
        found = np.empty((len(d), 2 * n))
        for number in sorted(set(pairs.numbers.tolist())):
            rows = np.flatnonzero(pairs.numbers[pairs.j] == number)
            decays, factors = self._overlaps(number)
            waves = np.exp(-decays * (d[rows] ** 2)[:, None])
            found[rows] = waves @ np.hstack([factors, -2 * decays[:, None] * factors])
        t, dt = self._taper(d)
        found[:, n:] = found[:, n:] * t[:, None] + found[:, :n] * (dt / d)[:, None]
        found[:, :n] *= t[:, None]
        values[table.there] = found
        values = values.reshape(*table.there.shape, 2, self.l_max + 1, self.n_widths)
        f, slopes = np.moveaxis(values, (2, 3), (0, 1))
        return f, slopes

    def _overlaps(self, number: int) -> tuple[Array, Array]:
        """c (g σ,) and C (g σ, l σ): f_σl(r) = Σ_gσ C exp(−c r²), by the Gaussian product theorem."""
        B, beta = (np.array(part)[:, None] for part in density_of(number, self.densities))
        sigma, degrees = self.widths, np.arange(self.l_max + 1)[:, None, None]
        alpha = 1 / (2 * sigma**2)
        total = alpha + beta
        C = B * (alpha / total) ** 1.5 * (beta / (total * sigma)) ** degrees  # (l, g, σ)
        spread = np.einsum("lgs,st->gslt", C, np.eye(self.n_widths))
        return (alpha * beta / total).ravel(), spread.reshape(total.size, -1)

    def _own(self, numbers: NDArray[np.integer]) -> Array:
        """(N, n_widths) overlap with the density of the atom itself, which is round."""
        each, which = np.unique(numbers, return_inverse=True)
        own = [self._overlaps(int(number))[1][:, : self.n_widths].sum(axis=0) for number in each]
        return np.array(own).reshape(-1, self.n_widths)[which]

    def _taper(self, distances: Array) -> tuple[Array, Array]:
        """t, 1 before the last Å and 0 at the cutoff, and its derivative: 1 − 10x³ + 15x⁴ − 6x⁵, twice smooth at both ends."""
        x = np.clip((distances - self.cutoff) / self.smoothing + 1, 0, 1)
        return 1 - x**3 * (10 - 15 * x + 6 * x * x), -30 * (x * (1 - x)) ** 2 / self.smoothing


class _Table(NamedTuple):
    """Pairs in a table with a row for each atom, so that sums over neighbours are products of matrices.

    Attributes:
        there: (N, most neighbours) where a pair stands.
        vectors: (N, most neighbours, 3) 0 elsewhere, Å.
    """

    there: NDArray[np.bool_]
    vectors: Array

    @classmethod
    def of(cls, pairs: Neighbours) -> "_Table":
        counts = np.bincount(pairs.i, minlength=len(pairs.numbers))
        there = np.arange(counts.max(initial=0)) < counts[:, None]
        vectors = np.zeros((*there.shape, 3))
        vectors[there] = pairs.vectors
        return cls(there, vectors)
