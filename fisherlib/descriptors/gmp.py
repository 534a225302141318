"""Gaussian multipoles: norms of the overlap of the electron density around an atom with multipoles of several widths."""

import dataclasses
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arguments import elements
from ..dataset import Array
from .contract import Limit, settle
from .densities import Densities, density_of, given
from .harmonics import derivatives, solid_harmonics
from .local import Local
from .neighbours import Neighbours

#: Pairs that are computed at once: few enough to stay in the cache of a core, and enough to be worth the calls.
BLOCK = 2500


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
    functions end where their Gaussians do; here t falls from 1 to 0 before the cutoff, so that energies have two continuous
    derivatives. ``benchmarks/descriptors.py`` shows what the defaults are worth in a linear model of copper clusters.

    Attributes:
        cutoff: r_cut, Å.
        n_widths: number of widths σ, a geometric series.
        l_max: highest degree.
        smallest: the smallest σ, Å.
        largest: the largest σ, Å.
        fade: the last part of the cutoff, in which t falls; neighbours before it count in full.
        densities: {"Cu": (B, β), …}, amplitudes in electrons/Å³ and exponents in 1/Å² for every element, such as a fit to
            a calculated density; without them they follow from Slater's rules, see ``descriptors.densities.slater``.

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
            "fade": Limit(0.01, 1.0, "a part of the cutoff"),
        }
    )

    cutoff: float = 6.0
    n_widths: int = 6
    l_max: int = 5
    smallest: float = 0.5
    largest: float = 2.0
    fade: float = 0.7
    densities: Any = None

    def __post_init__(self) -> None:
        settle(self)
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
        own = None if densities is None else {symbol: [list(part) for part in density] for symbol, density in densities}
        return {"name": "GMP", "library": "fisherlib gmp 2", **dataclasses.asdict(self), "densities": own}

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
        N, K = len(pairs.numbers), (self.l_max + 1) * self.n_widths
        D, G = np.empty((N, K)), np.empty((len(pairs.i), 3, K))
        ends = np.searchsorted(pairs.i, np.arange(N + 1))
        step = 1 + BLOCK * N // (len(pairs.i) + 1)
        for start in range(0, N, step):
            atoms = slice(start, min(start + step, N))
            which = slice(ends[atoms.start], ends[atoms.stop])
            table = _Table.of(pairs, atoms, which)
            D[atoms], values = self._norms(table, self._own(pairs.numbers[atoms]))
            G[which] = values[table.there]
        return D, G

    def _norms(self, table: "_Table", own: Array) -> tuple[Array, Array]:
        """D (N, K) and ∂D_i/∂r (N, neighbours, 3, K) of some atoms."""
        n, (f, slopes) = self.n_widths, self._radial(table)
        R, radial = solid_harmonics(table.vectors, self.l_max), np.empty_like(f)
        D, G = np.empty((len(own), f.shape[2])), np.zeros((*table.there.shape, 3, f.shape[2]))
        for degree in range(self.l_max + 1):
            columns = slice(degree * n, (degree + 1) * n)
            A = R[degree].swapaxes(1, 2) @ f[:, :, columns]  # (N, 2l+1, σ)
            if degree == 0:
                A[:, 0] += own
            D[:, columns] = (A * A).sum(axis=1)
            np.matmul(R[degree], 2 * A, out=radial[:, :, columns])
            for x in range(3 if degree else 0):
                # Contracted over m before it is spread over pairs: ∇R_lm is made of the harmonics one degree lower.
                np.matmul(R[degree - 1], 2 * (derivatives(degree)[x].T @ A), out=G[:, :, x, columns])
        G *= f[:, :, None]
        radial *= slopes
        for x in range(3):
            G[:, :, x] += table.vectors[:, :, x, None] * radial
        return D, G

    def _radial(self, table: "_Table") -> tuple[Array, Array]:
        """f with A_σlm = Σ_j R_lm(r_j) f_σl(r_j), and f'/r, both (N, neighbours, K)."""
        d, K = table.distances, (self.l_max + 1) * self.n_widths
        found = np.empty((len(d), 2 * K))
        for number in np.unique(table.numbers):
            decays, factors = self._overlaps(int(number))
            rows = table.numbers == number
            found[rows] = np.exp(-decays * (d[rows] ** 2)[:, None]) @ np.hstack(
                [factors, -2 * decays[:, None] * factors]
            )
        t, dt = self._taper(d)
        f, slopes = found[:, :K], found[:, K:]
        slopes *= t[:, None]
        slopes += f * (dt / np.maximum(d, 1e-9))[:, None]
        f *= t[:, None]
        values = np.zeros((*table.there.shape, 2 * K))
        values[table.there] = found
        return values[:, :, :K], values[:, :, K:]

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
        """t = 1 − 10x³ + 15x⁴ − 6x⁵, from 1 to 0 with two continuous derivatives, and dt/dr."""
        faded = self.fade * self.cutoff
        x = np.clip((distances - self.cutoff) / faded + 1, 0, 1)
        return 1 - x**3 * (10 - 15 * x + 6 * x * x), -30 * (x * (1 - x)) ** 2 / faded


class _Table(NamedTuple):
    """Neighbours of some atoms with a row for each of these, so that sums over neighbours are products of matrices.

    Attributes:
        numbers: (P,) atomic numbers of the neighbours.
        distances: (P,) Å.
        there: (N, most neighbours) where they stand, in that order.
        vectors: (N, most neighbours, 3) r, 0 elsewhere, Å.
    """

    numbers: NDArray[np.integer]
    distances: Array
    there: NDArray[np.bool_]
    vectors: Array

    @classmethod
    def of(cls, pairs: Neighbours, atoms: slice, which: slice) -> "_Table":
        """Those of the atoms, which are the pairs ``which``."""
        counts = np.bincount(pairs.i[which] - atoms.start, minlength=atoms.stop - atoms.start)
        there = np.arange(counts.max()) < counts[:, None]
        vectors = np.zeros((*there.shape, 3))
        vectors[there] = pairs.vectors[which]
        return cls(pairs.numbers[pairs.j[which]], pairs.distances[which], there, vectors)
