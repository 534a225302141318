"""Chebyshev polynomials of distances and of cosines of angles, with analytic gradients."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase.data import chemical_symbols

from ..arguments import elements
from ..dataset import Array
from .contract import Limit, settle
from .local import Local
from .neighbours import Neighbours
from .triplets import angular_sums, cosine_cutoff, over_neighbours


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chebyshev(Local):
    """Chebyshev expansion of radial and angular distributions (Artrith, Urban, Ceder, Phys. Rev. B 96, 014112 (2017)).

    c_n = Σ_j w_j T_n(2 r_ij/r_c − 1) f_c(r_ij), n = 0 … n_radial − 1, and
    c_m = Σ_{j<k} w_j w_k T_m(cos θ_jik) f_c(r_ij) f_c(r_ik), m = 0 … n_angular − 1.
    The argument of the angular polynomials is cos θ, in which T_m(cos θ) = cos mθ is smooth; a polynomial of θ itself has a
    kink where three atoms stand in a line. With w = 1 neighbours of all elements count alike; with several elements there is
    a second set with w = Z, which depends on the element alone. With one it would be the first set again, times a factor.
    Each element has columns of its own as centre, as a linear model needs.

    Attributes:
        cutoff: r_c of the distances, Å.
        angular_cutoff: r_c of the angles, Å; within it each pair of neighbours counts much the same, so that the first shell
            is a good choice for a linear model.
        n_radial: number of radial functions.
        n_angular: number of angular functions; 0 leaves them out.

    Raises:
        ValueError: a parameter outside its limits.

    Examples:
        >>> from ase.build import molecule
        >>> chebyshev = Chebyshev(cutoff=4.0, n_radial=3, n_angular=2)
        >>> D, Phi = chebyshev(molecule("H2O"))
        >>> D.shape, Phi.shape, chebyshev.names([1, 8])[-1]
        ((3, 20), (9, 20), 'O weighted angle 1')
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "angular_cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "n_radial": Limit(1, 100, "a whole number of radial functions", whole=True, grows=True),
            "n_angular": Limit(0, 100, "a whole number of angular functions", whole=True, grows=True),
        }
    )

    cutoff: float = 5.0
    angular_cutoff: float = 3.5
    n_radial: int = 12
    n_angular: int = 12

    def __post_init__(self) -> None:
        settle(self)
        if self.angular_cutoff > self.cutoff:
            raise ValueError(
                f"angular_cutoff: expected no more than the cutoff of {self.cutoff:g} Å, got {self.angular_cutoff:g}"
            )

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        return {"name": "Chebyshev", "library": "fisherlib chebyshev 1", **dataclasses.asdict(self)}

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors for the given atomic numbers (ascending), e.g. ``Cu distance 3``."""
        symbols = [chemical_symbols[z] for z in elements("species", species)]
        sets = ["", " weighted"][: len(symbols)]
        functions = [f"distance {n}" for n in range(self.n_radial)] + [f"angle {m}" for m in range(self.n_angular)]
        return tuple(
            f"{centre}{weights} {function}" for centre in symbols for weights in sets for function in functions
        )

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """D and its derivatives by the vectors to the neighbours; see ``Local``."""
        P, S, n = len(pairs.j), len(species), self.n_radial
        weights = np.stack([np.ones(P), pairs.numbers[pairs.j]], axis=1)[:, :S]
        # The value and three derivatives, for each set of weights and each function
        functions = np.zeros((P, 4, weights.shape[1], n + self.n_angular))
        functions[..., :n] = weights[:, None, :, None] * self._distances(pairs)[:, :, None]
        near, which = pairs.within(self.angular_cutoff)
        functions[which, ..., n:] = self._angles(near, weights[which])
        columns = np.zeros((P, 4, S, *functions.shape[2:]))
        columns[np.arange(P), :, pairs.kinds(species)[pairs.i]] = functions
        flat = columns.reshape(P, 4, len(self.names(species)))
        return over_neighbours(pairs, flat[:, 0]), flat[:, 1:]

    def _distances(self, pairs: Neighbours) -> Array:
        """(P, 4, n_radial) T_n f_c of each neighbour and its derivatives."""
        r = pairs.distances[:, None]
        fc, slope = cosine_cutoff(r, self.cutoff)
        both = [np.concatenate([T, slope], axis=1) for T, slope in polynomials(2 * r / self.cutoff - 1, self.n_radial)]
        T, dT = np.stack(both).transpose(2, 1, 0)
        radial = T * slope + dT * 2 / self.cutoff * fc
        return np.concatenate([(T * fc)[:, None], (pairs.vectors / r)[..., None] * radial[:, None]], axis=1)

    def _angles(self, pairs: Neighbours, weights: Array) -> Array:
        """(P, 4, sets, n_angular) half the sums over a second neighbour, and their derivatives."""
        fc, slope = cosine_cutoff(pairs.distances[:, None], self.angular_cutoff)
        one = np.zeros(len(weights), int)
        values, gradients = angular_sums(
            pairs, one, weights * fc, weights * slope, lambda x: polynomials(x, self.n_angular)
        )
        return np.concatenate([values[:, None] / 2, gradients], axis=1)[:, :, :, 0].swapaxes(2, 3)


def polynomials(x: Array, count: int) -> Iterator[tuple[Array, Array]]:
    """T_0 … T_(count−1) of x and their derivatives n U_(n−1), by their recursions.

    >>> [float(T) for T, _ in polynomials(np.array(0.5), 4)]
    [1.0, 0.5, -0.5, -1.0]
    """
    before, T = x, np.ones_like(x)
    last, U = np.zeros_like(x), np.zeros_like(x)  # U_(n−2), U_(n−1)
    for n in range(count):
        yield T.copy(), n * U
        before, T = T, 2 * x * T - before
        last, U = U, (2 * x * U - last if n else np.ones_like(x))
