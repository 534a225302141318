"""Atom-centred symmetry functions of Behler and Parrinello, with analytic gradients."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from ..arguments import elements
from ..dataset import Array
from .contract import Limit, settle
from .local import Local
from .neighbours import Neighbours
from .soap import MOST
from .triplets import angular_sums, cosine_cutoff, over_neighbours


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acsf(Local):
    """Symmetry functions G2 and G5 (Behler, J. Chem. Phys. 134, 074106 (2011), eqs 6 and 9), over each pair of neighbours once.

    G2 = Σ_j exp(−η (r_ij − R_s)²) f_c(r_ij) for each element of j, and
    G5 = 2^(1−ζ) Σ_{j<k} (1 + λ cos θ_jik)^ζ exp(−η (r_ij² + r_ik²)) f_c(r_ij) f_c(r_ik) for each pair of elements.
    The centres R_s of G2 lie evenly from ``inner`` up to the cutoff, as far from each other as the Gaussians are wide,
    1/√(2η). Those of G5 stand at 0, and their widths go in equal ratios from the cutoff down to ``inner``. λ is 1 and −1, and
    ζ = 1, 3, 5, …: they span the polynomials in cos θ, while functions with ζ = 1 and 2 would be linearly dependent.

    Attributes:
        cutoff: r_c, Å.
        inner: R_s of the innermost Gaussian of G2 and width of the narrowest of G5, Å; below it few neighbours are expected.
        n_radial: number of functions G2 for each element.
        n_widths: number of η in G5.
        n_zeta: number of ζ in G5; 0 leaves G5 out.

    Raises:
        ValueError: a parameter outside its limits.

    Examples:
        >>> from ase.build import molecule
        >>> acsf = Acsf(cutoff=4.0, n_radial=3, n_widths=1, n_zeta=2)
        >>> D, Phi = acsf(molecule("H2O"))
        >>> D.shape, Phi.shape, acsf.names([1, 8])[-1]
        ((3, 36), (9, 36), 'O-OO G5 w0 z3-')
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "inner": Limit(0.1, 20.0, "a distance in Å"),
            "n_radial": Limit(1, 100, "a whole number of radial functions", whole=True, grows=True),
            "n_widths": Limit(1, 20, "a whole number of Gaussians", whole=True, grows=True),
            "n_zeta": Limit(0, 20, "a whole number of exponents", whole=True, grows=True),
        }
    )

    cutoff: float = 5.0
    inner: float = 1.0
    n_radial: int = 12
    n_widths: int = 4
    n_zeta: int = 3

    def __post_init__(self) -> None:
        settle(self)
        if self.inner >= self.cutoff:
            raise ValueError(f"inner: expected less than the cutoff of {self.cutoff:g} Å, got {self.inner:g}")

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        return {"name": "ACSF", "library": "fisherlib acsf 1", **dataclasses.asdict(self)}

    @property
    def g2(self) -> Array:
        """(n_radial, 2) η, Å⁻², and R_s, Å."""
        width = (self.cutoff - self.inner) / self.n_radial
        centres = self.inner + width * np.arange(self.n_radial)
        return np.stack([np.full(self.n_radial, 1 / (2 * width**2)), centres], axis=1)

    @property
    def g5(self) -> Array:
        """(n_widths · 2 n_zeta, 3) η, Å⁻², ζ and λ, in the order of the columns."""
        return np.array([(eta, zeta, sign) for zeta, sign in self._angles() for eta in self._etas()]).reshape(-1, 3)

    def _etas(self) -> Array:
        return 1 / (2 * np.geomspace(self.cutoff, self.inner, self.n_widths) ** 2)

    def _angles(self) -> list[tuple[int, int]]:
        return [(2 * n + 1, sign) for n in range(self.n_zeta) for sign in (1, -1)]

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors for the given atomic numbers (ascending), e.g. ``Cu-Cu G2 r3``, ``Cu-CuCu G5 w0 z1+``."""
        symbols = [chemical_symbols[z] for z in elements("species", species)]
        S, names = len(symbols), list[str]()
        if (K := S * S * (self.n_radial + (S + 1) * self.n_widths * self.n_zeta)) > MOST:
            raise ValueError(
                f"species: expected fewer elements than {S}, or smaller n_radial, n_widths and n_zeta, as K = {K}"
            )
        for centre in symbols:
            names += [f"{centre}-{other} G2 r{n}" for other in symbols for n in range(self.n_radial)]
            for a, b in itertools.combinations_with_replacement(symbols, 2):
                for (zeta, sign), width in itertools.product(self._angles(), range(self.n_widths)):
                    names.append(f"{centre}-{a}{b} G5 w{width} z{zeta}{'+' if sign > 0 else '-'}")
        return tuple(names)

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """D and its derivatives by the vectors to the neighbours; see ``Local``."""
        r, S = pairs.distances[:, None], len(species)
        fc, slope = cosine_cutoff(r, self.cutoff)
        eta, centres = self.g2.T
        gauss = np.exp(-eta * (r - centres) ** 2)
        radial = gauss * fc, gauss * (slope - 2 * eta * (r - centres) * fc)
        gauss = np.exp(-self._etas() * r**2)
        kind = pairs.kinds(species)
        values, gradients = angular_sums(
            pairs, kind[pairs.j], gauss * fc, gauss * (slope - 2 * self._etas() * r * fc), self._powers
        )
        units = (pairs.vectors / r)[..., None]
        D = self._columns(pairs, kind, S, radial[0][:, None], values[:, None] / 2)
        return over_neighbours(pairs, D[:, 0]), self._columns(pairs, kind, S, units * radial[1][:, None], gradients)

    def _columns(self, pairs: Neighbours, kind: NDArray[np.integer], S: int, radial: Array, angular: Array) -> Array:
        """(P, X, K) of functions (P, X, n_radial) and (P, X, M, S, R), in the columns of their elements."""
        R, A = radial.shape[2], angular.shape[2] * angular.shape[4]
        width = S * R + S * (S + 1) // 2 * A
        columns = np.zeros((*radial.shape[:2], S * width))
        for centre, near in itertools.product(np.unique(kind), repeat=2):
            rows = np.flatnonzero((kind[pairs.i] == centre) & (kind[pairs.j] == near))
            first = centre * width + near * R
            columns[rows, :, first : first + R] = radial[rows]
            for far in range(angular.shape[3]):
                low, high = min(near, far), max(near, far)
                first = centre * width + S * R + (low * S - low * (low - 1) // 2 + high - low) * A
                columns[rows, :, first : first + A] = angular[rows, :, :, far].reshape(len(rows), radial.shape[1], A)
        return columns

    def _powers(self, cosines: Array) -> Iterator[tuple[Array, Array]]:
        """2^(1−ζ) (1 + λ cos θ)^ζ and its derivative by cos θ."""
        halves = {sign: (1 + sign * cosines) / 2 for sign in (1, -1)}
        for zeta, sign in self._angles():
            lower = halves[sign] ** (zeta - 1)
            yield 2 * lower * halves[sign], sign * zeta * lower
