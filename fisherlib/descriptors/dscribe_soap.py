"""SOAP power spectrum with analytic gradients, by dscribe."""

import dataclasses
import functools
import importlib.metadata
import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from scipy.linalg import LinAlgWarning

from ..dataset import Array
from .contract import Limit, settle
from .local import Local
from .neighbours import Neighbours
from .soap import Soap

#: In units of the width: dscribe takes the Gaussians of atoms into account that stand so far outside the cutoff, where they
#: have fallen to a thousandth.
PADDING = math.sqrt(-2 * math.log(0.001))


@dataclasses.dataclass(frozen=True, kw_only=True)
class DscribeSoap(Local):
    """SOAP power spectrum (Bartók, Kondor, Csányi, Phys. Rev. B 87, 184115 (2013)) as computed by dscribe, with Gaussian orbitals.

    dscribe has analytic gradients of isolated configurations only. Each atom is given to it with its neighbours and their
    periodic images around it, so that cells of all kinds are described; derivatives by the positions of the neighbours follow
    from it, and that of the atom itself moves with all of them (``attach=True`` in dscribe, whose default holds the place
    fixed that is described, and is no gradient of descriptors of atoms). The columns are those of ``Soap``, for each element
    as centre: dscribe itself does not tell centres apart, which a linear model needs.

    There is no cutoff function: beyond the cutoff the orbitals fade out, and an atom ends where it adds about a thousandth.

    Attributes:
        cutoff: r_cut of the orbitals, Å.
        n_max: number of radial functions.
        l_max: highest angular channel.
        width: of the Gaussian density of a neighbour, Å.

    Raises:
        ValueError: a parameter outside its limits, or more radial functions than dscribe can tell apart.
        ModuleNotFoundError: dscribe is not installed.

    Examples:
        >>> from ase.build import molecule
        >>> soap = DscribeSoap(cutoff=4.0, n_max=2, l_max=1)
        >>> D, Phi = soap(molecule("H2O"))
        >>> D.shape, Phi.shape, soap.names([1, 8])[0]
        ((3, 40), (9, 40), 'H-HH l0 n0,0')
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(1.01, 20.0, "a radius in Å"),
            **{name: Soap.limits[name] for name in ("n_max", "l_max", "width")},
        }
    )

    cutoff: float = 5.0
    n_max: int = 6
    l_max: int = 4
    width: float = 0.5

    def __post_init__(self) -> None:
        settle(self)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        return {"name": "dscribe SOAP", "library": f"dscribe {_version()}", **dataclasses.asdict(self)}

    @property
    def reach(self) -> float:
        """Å, the cutoff with the Gaussians that reach into it."""
        return self.cutoff + PADDING * self.width

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors for the given atomic numbers (ascending), e.g. ``Cu-CuCu l0 n0,1``."""
        return Soap(n_max=self.n_max, l_max=self.l_max).names(species)

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """D and its derivatives by the vectors to the neighbours; see ``Local``."""
        if list(species) != sorted(species):
            raise ValueError(f"species: expected ascending atomic numbers, as dscribe has them, got {species}")
        soap, N, S = self._library(tuple(species)), len(pairs.numbers), len(species)
        ends = np.searchsorted(pairs.i, np.arange(N + 1))
        K = soap.get_number_of_features()
        D, G = np.zeros((N, S, K)), np.zeros((len(pairs.i), 3, S, K))
        for i, (centre, (start, stop)) in enumerate(zip(pairs.kinds(species), itertools.pairwise(ends), strict=True)):
            numbers = np.append(pairs.numbers[i], pairs.numbers[pairs.j[start:stop]])
            around = Atoms(numbers, np.concatenate([np.zeros((1, 3)), pairs.vectors[start:stop]]))
            derivatives, values = soap.derivatives_single(
                around, centers=[0], indices=list(range(len(around))), method="analytical", attach=True
            )
            D[i, centre], G[start:stop, :, centre] = values[0], derivatives[0, 1:]
        return D.reshape(N, S * K), G.reshape(-1, 3, S * K)

    def _library(self, species: tuple[int, ...]) -> Any:
        try:
            return _soap(self.cutoff, self.n_max, self.l_max, self.width, species)
        except LinAlgWarning as error:
            raise ValueError(
                f"n_max: expected radial functions that dscribe can tell apart, got n_max={self.n_max}, l_max={self.l_max} "
                f"and a cutoff of {self.cutoff:g} Å; take smaller n_max= or l_max="
            ) from error


@functools.lru_cache(maxsize=8)
def _soap(cutoff: float, n_max: int, l_max: int, width: float, species: tuple[int, ...]) -> Any:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "invalid escape sequence")  # when Python compiles it for the first time
        from dscribe.descriptors import SOAP

        warnings.simplefilter("error", LinAlgWarning)  # its orbitals would be noise
        return SOAP(
            species=list(species), r_cut=cutoff, n_max=n_max, l_max=l_max, sigma=width, rbf="gto", periodic=False
        )


def _version() -> str:
    try:
        return importlib.metadata.version("dscribe")
    except importlib.metadata.PackageNotFoundError:  # nothing can be computed, nor kept under this name
        return "not installed"
