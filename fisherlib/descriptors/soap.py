"""SOAP power spectrum with analytic gradients, by featomic."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import featomic
import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from metatensor import Labels, TensorBlock, TensorMap

from ..arguments import elements
from ..dataset import Array, Jacobian
from ..progress import Progress
from .contract import Limit, settle, voigt
from .refusals import checked
from .spectrum import fill, in_batches, jacobian, sums

#: Descriptors, at most: a configuration of 100 atoms has 2.4 GB of Φ then.
MOST = 10**6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Soap:
    """SOAP power spectrum (Bartók, Kondor, Csányi, Phys. Rev. B 87, 184115 (2013)) as computed by featomic.

    featomic stores the pairs (n, n') and (n', n) of equal neighbour species both; one of them is dropped, since T
    would be exactly singular with both.

    Attributes:
        cutoff: r_cut, Å.
        n_max: number of radial functions.
        l_max: highest angular channel.
        width: of the Gaussian density of a neighbour, Å.
        smoothing: width of the shifted-cosine cutoff, Å.

    Raises:
        ValueError: a parameter outside its limits.

    Examples:
        >>> from ase.build import molecule
        >>> soap = Soap(cutoff=4.0, n_max=2, l_max=1)
        >>> D, Phi = soap([molecule("H2O")], species=[1, 8])
        >>> D.shape, Phi.shape, soap.names([1, 8])[0]
        ((3, 40), (9, 40), 'H-HH l0 n0,0')
    """

    #: Beyond these featomic does not return, or takes all memory.
    limits: ClassVar[Mapping[str, Limit]] = MappingProxyType(
        {
            "cutoff": Limit(0.5, 20.0, "a radius in Å"),
            "n_max": Limit(1, 20, "a whole number of radial functions", whole=True, grows=True),
            "l_max": Limit(0, 20, "a whole number, the highest angular channel", whole=True, grows=True),
            "width": Limit(0.05, 5.0, "the width of a Gaussian in Å"),
            "smoothing": Limit(0.01, 20.0, "a width in Å"),
        }
    )

    #: featomic uses all cores.
    threaded: ClassVar[bool] = True

    cutoff: float = 5.0
    n_max: int = 6
    l_max: int = 4
    width: float = 0.5
    smoothing: float = 0.5

    def __post_init__(self) -> None:
        settle(self)
        if self.smoothing >= self.cutoff:
            raise ValueError(f"smoothing: expected less than the cutoff of {self.cutoff:g} Å, got {self.smoothing:g}")

    @property
    def parameters(self) -> dict[str, Any]:
        """Everything that decides the values, for provenance and for the cache of descriptors."""
        return {"name": "SOAP", "library": f"featomic {featomic.__version__}", **dataclasses.asdict(self)}

    def _keys(self, species: Sequence[int]) -> Labels:
        pairs = itertools.combinations_with_replacement(species, 2)
        keys = [(centre, a, b) for centre, (a, b) in itertools.product(species, pairs)]
        return Labels(["center_type", "neighbor_1_type", "neighbor_2_type"], np.array(keys, dtype=np.int32))

    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """Names of the K descriptors for the given atomic numbers (ascending), e.g. ``Cu-CuCu l0 n0,1``."""
        elements("species", species)
        S, names = len(species), list[str]()
        K = S * S * (len(self._distinct(True)) + (S - 1) * len(self._distinct(False)) // 2)
        if K > MOST:
            raise ValueError(f"species: expected fewer elements than {S}, or smaller n_max and l_max, as K = {K}")
        for centre, a, b in self._keys(species).values:
            triple = f"{chemical_symbols[centre]}-{chemical_symbols[a]}{chemical_symbols[b]}"
            for n1, n2, degree in self._distinct(a == b):
                names.append(f"{triple} l{degree} n{n1},{n2}")
        return tuple(names)

    def _distinct(self, same: bool) -> list[tuple[int, int, int]]:
        return [
            (n1, n2, degree)
            for degree in range(self.l_max + 1)
            for n1 in range(self.n_max)
            for n2 in range(n1 if same else 0, self.n_max)
        ]

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Descriptors of configurations.

        Args:
            atoms: configurations.
            species: atomic numbers that the descriptors tell apart; the same for a whole dataset.
            progress: called with (configurations done, configurations in all); an exception that it raises stops the
                computation after the batches under way.

        Returns:
            site descriptors (ΣN, K) and force descriptors Φ = −∂(Σ_i D_i)/∂x (3ΣN, K), [D]/Å.

        Raises:
            ValueError: a configuration has an element that is not among ``species``, or a position or a cell that cannot
                be right.
        """
        sites, Phi, _ = self._computed(atoms, species, progress, strain=False)
        return sites, Phi

    def with_strain(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Site, force and strain descriptors in one pass; see ``StrainDescriptor``.

        Examples:
            >>> from ase.build import bulk
            >>> D, Phi, Psi = Soap(cutoff=4.0, n_max=2, l_max=1).with_strain([bulk("Cu")], species=[29])
            >>> D.shape, Phi.shape, Psi.shape
            ((1, 6), (3, 6), (1, 6, 6))
        """
        return self._computed(atoms, species, progress, strain=True)

    def with_jacobian(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Jacobian]:
        """Site descriptors and their Jacobian in one pass; see ``JacobianDescriptor``.

        Examples:
            >>> from ase.build import molecule
            >>> D, jacobian = Soap(cutoff=4.0, n_max=2, l_max=1).with_jacobian(molecule("H2O"))
            >>> D.shape, jacobian.values.shape
            ((3, 40), (9, 3, 40))
        """
        both, species = checked(atoms, species, cutoff=self.cutoff, name="Soap")
        made, K = [periodic for _, periodic in both], len(self.names(species))
        ends = np.cumsum([0] + [len(a) for a in made])
        sites, parts = np.zeros((ends[-1], K)), dict[int, tuple[int, Jacobian]]()

        def put(start: int, stop: int, spectrum: TensorMap) -> None:
            N = ends[stop] - ends[start]
            fill(spectrum, ends[start:stop], sites)
            parts[start] = N, jacobian(spectrum, ends[start:stop] - ends[start], K, N)

        in_batches(self, self._calculator, made, self._wanted(species), put, progress=progress)
        return sites, Jacobian.joined([parts[start] for start in sorted(parts)])

    def _computed(
        self, atoms: Atoms | Sequence[Atoms], species: Sequence[int] | None, progress: Progress | None, *, strain: bool
    ) -> tuple[Array, Array, Array]:
        both, species = checked(atoms, species, cutoff=self.cutoff, name="Soap")
        made, K = [periodic for _, periodic in both], len(self.names(species))
        ends = np.cumsum([0] + [len(a) for a in made])
        sites, Phi, Psi = np.zeros((ends[-1], K)), np.zeros((ends[-1], 3, K)), np.zeros((len(made) * strain, 3, 3, K))

        def put(start: int, stop: int, spectrum: TensorMap) -> None:
            fill(spectrum, ends[start:stop], sites)
            sums(spectrum, ends[start:stop], Phi, Psi[start:stop])

        in_batches(self, self._calculator, made, self._wanted(species), put, strain=strain, progress=progress)
        if strain:  # a strain of a slab or a molecule has no virial to go with it
            Psi[[not given.pbc.all() for given, _ in both]] = np.nan
        return sites, Phi.reshape(-1, K), voigt(Psi, axis=1)

    def _calculator(self) -> featomic.SoapPowerSpectrum:
        return featomic.SoapPowerSpectrum(
            cutoff={"radius": self.cutoff, "smoothing": {"type": "ShiftedCosine", "width": self.smoothing}},
            density={"type": "Gaussian", "width": self.width},
            basis={
                "type": "TensorProduct",
                "max_angular": self.l_max,
                "radial": {"type": "Gto", "max_radial": self.n_max - 1},
            },
        )

    def _wanted(self, species: Sequence[int]) -> TensorMap:
        """The columns in the order of their names, in the form in which featomic takes a selection."""
        keys, blocks = self._keys(species), []
        for _, a, b in keys.values:
            channels = np.array([(degree, n1, n2) for n1, n2, degree in self._distinct(a == b)], dtype=np.int32)
            nothing = Labels(["_"], np.zeros((0, 1), dtype=np.int32))
            properties = Labels(["l", "n_1", "n_2"], channels)
            blocks.append(TensorBlock(np.zeros((0, len(channels))), nothing, [], properties))
        return TensorMap(keys, blocks)
