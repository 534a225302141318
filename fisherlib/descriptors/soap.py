"""SOAP power spectrum with analytic gradients, by featomic."""

import dataclasses
import itertools
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, ClassVar

import featomic
import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from metatensor import Labels, TensorBlock, TensorMap
from scipy.sparse import csr_array

from ..arguments import each, elements
from ..dataset import Array
from ..progress import Progress
from .contract import Limit, voigt
from .refusals import refuse_impossible, refuse_unknown_elements
from .vacuum import with_vacuum

#: Most configurations, and atoms in them, handed to featomic at once: gradients before summation take tens of MB for
#: K = 1000, and a computation that is called off ends with the batches under way. A larger configuration is a batch by
#: itself.
BATCH, BATCH_ATOMS = 8, 64
#: Descriptors, at most: a configuration of 100 atoms has 2.4 GB of Φ then.
MOST = 10**6

_LOADING = threading.Lock()


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

    cutoff: float = 5.0
    n_max: int = 6
    l_max: int = 4
    width: float = 0.5
    smoothing: float = 0.5

    def __post_init__(self) -> None:
        for name, limit in self.limits.items():
            limit.refuse(name, getattr(self, name))
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
        self, atoms: Sequence[Atoms], *, species: Sequence[int], progress: Progress | None = None
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
        self, atoms: Sequence[Atoms], *, species: Sequence[int], progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Site, force and strain descriptors in one pass; see ``StrainDescriptor``.

        Examples:
            >>> from ase.build import bulk
            >>> D, Phi, Psi = Soap(cutoff=4.0, n_max=2, l_max=1).with_strain([bulk("Cu")], species=[29])
            >>> D.shape, Phi.shape, Psi.shape
            ((1, 6), (3, 6), (1, 6, 6))
        """
        return self._computed(atoms, species, progress, strain=True)

    def _computed(
        self, atoms: Sequence[Atoms], species: Sequence[int], progress: Progress | None, *, strain: bool
    ) -> tuple[Array, Array, Array]:
        atoms = each("atoms", atoms, Atoms, "Soap()([atoms, …], species=[29])")
        refuse_unknown_elements(atoms, species)
        open_ = [not a.pbc.all() for a in atoms]  # a strain of a slab or a molecule has no virial to go with it
        atoms = [with_vacuum(a, self.cutoff) for a in atoms]
        for m, a in enumerate(atoms):
            refuse_impossible(a, self.cutoff, f"configuration {m}")
        K, wanted = len(self.names(species)), self._wanted(species)
        ends = np.cumsum([0] + [len(a) for a in atoms])
        sites, Phi, Psi = np.zeros((ends[-1], K)), np.zeros((ends[-1], 3, K)), np.zeros((len(atoms) * strain, 3, 3, K))
        # A calculator takes as long to make as a small batch to compute.
        calculators: queue.SimpleQueue[featomic.SoapPowerSpectrum] = queue.SimpleQueue()

        def batch(start: int, stop: int) -> int:
            try:
                calculator = calculators.get_nowait()
            except queue.Empty:
                calculator = self._calculator()
            spectrum = self._spectrum(calculator, atoms[start:stop], wanted, strain)
            _put(spectrum, ends[start:stop], sites, Phi, Psi[start:stop])
            calculators.put(calculator)
            return stop - start

        with _LOADING:  # featomic loads its library on first use, and several threads would share a half-loaded one
            self._calculator()
        done, pool = 0, ThreadPoolExecutor(_threads())  # featomic releases the interpreter's lock while it computes
        try:
            for count in pool.map(batch, *_batches(atoms)):
                done += count
                if progress is not None:
                    progress(done, len(atoms))
        except featomic.FeatomicError as error:
            why = str(error).partition("\n")[0]
            raise ValueError(
                f"atoms: expected configurations that featomic can describe, got others ({why:.200}); look for cells far longer in "
                "one direction than in another"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)  # after an exception the batches that wait are dropped, not computed
        if strain:
            Psi[open_] = np.nan
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

    def _spectrum(
        self, calculator: featomic.SoapPowerSpectrum, atoms: Sequence[Atoms], wanted: TensorMap, strain: bool
    ) -> TensorMap:
        only = {"selected_keys": wanted.keys, "selected_properties": wanted}
        gradients = ["positions", *["strain"] * strain]
        return calculator.compute([_without_box(a) for a in atoms], gradients=gradients, **only)

    def _wanted(self, species: Sequence[int]) -> TensorMap:
        """The columns in the order of their names, in the form in which featomic takes a selection."""
        keys, blocks = self._keys(species), []
        for _, a, b in keys.values:
            channels = np.array([(degree, n1, n2) for n1, n2, degree in self._distinct(a == b)], dtype=np.int32)
            nothing = Labels(["_"], np.zeros((0, 1), dtype=np.int32))
            properties = Labels(["l", "n_1", "n_2"], channels)
            blocks.append(TensorBlock(np.zeros((0, len(channels))), nothing, [], properties))
        return TensorMap(keys, blocks)


def _threads() -> int:
    """As many as featomic itself takes: those that its environment variable allows, or else all cores."""
    allowed = os.environ.get("RAYON_NUM_THREADS", "")
    return int(allowed) if allowed.isdigit() and int(allowed) else os.cpu_count() or 1


def _without_box(atoms: Atoms) -> Atoms:
    """An isolated configuration without a cell, of which featomic would warn."""
    return atoms if atoms.pbc.any() else Atoms(atoms.numbers, atoms.positions)


def _batches(atoms: Sequence[Atoms]) -> tuple[list[int], list[int]]:
    """First configurations of the batches, and the ones after their last."""
    starts: list[int] = []
    size = 0
    for m, a in enumerate(atoms):
        if not starts or m - starts[-1] == BATCH or size + len(a) > BATCH_ATOMS:
            starts.append(m)
            size = 0
        size += len(a)
    return starts, [*starts[1:], len(atoms)]


def _put(spectrum: TensorMap, offsets: Array, sites: Array, Phi: Array, Psi: Array) -> None:
    """Descriptors and summed gradients of one batch into their rows; batches have rows of their own."""
    first = 0
    for block in spectrum.blocks():
        columns = slice(first, first + len(block.properties))
        sites[offsets[block.samples["system"]] + block.samples["atom"], columns] = block.values
        # ∂D_i/∂x_j for every centre i: summed over i, with a minus sign, it is the force descriptor of atom j.
        positions = block.gradient("positions")
        _subtract(
            positions.values, offsets[positions.samples["system"]] + positions.samples["atom"], Phi[:, :, columns]
        )
        if len(Psi):
            strain = block.gradient("strain")
            _subtract(strain.values, block.samples["system"][strain.samples["sample"]], Psi[..., columns])
        first = columns.stop


def _subtract(values: Array, rows: Array, sums: Array) -> None:
    """Subtracts each of the values from its row of the sums."""
    n = len(rows)
    if n == 0:
        return
    base = int(rows.min())
    height = int(rows.max()) - base + 1
    summing = csr_array((np.full(n, -1.0), (rows - base, np.arange(n))), shape=(height, n))
    sums[base : base + height] += (summing @ values.reshape(n, -1)).reshape(height, *sums.shape[1:])
