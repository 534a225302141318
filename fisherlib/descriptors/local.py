"""What featurisers of our own have in common: they depend on the vectors to the neighbours of each atom alone."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from scipy.sparse import csr_array

from ..dataset import Array, Jacobian
from ..progress import Progress
from .contract import Limit, voigt
from .memory import refuse_large
from .neighbours import Neighbours, neighbours_of
from .refusals import checked

#: What takes less memory.
SMALLER = "take fewer descriptors, a smaller cutoff or fewer atoms"


class Local(abc.ABC):
    """A featuriser of the vectors from an atom to its neighbours, one configuration at a time.

    A subclass is a frozen dataclass, and gives its descriptors with their derivatives by these vectors; everything that the
    contract asks for beyond that follows.
    """

    limits: ClassVar[Mapping[str, Limit]]
    cutoff: float

    @property
    def reach(self) -> float:
        """Å, within which neighbours count: the cutoff, where a descriptor has no farther sight."""
        return self.cutoff

    @property
    @abc.abstractmethod
    def parameters(self) -> dict[str, Any]:
        """As in the contract."""

    @abc.abstractmethod
    def names(self, species: Sequence[int]) -> tuple[str, ...]:
        """As in the contract."""

    @abc.abstractmethod
    def of_neighbours(self, pairs: Neighbours, species: Sequence[int]) -> tuple[Array, Array]:
        """D (N, K), and ∂D_i/∂r (P, 3, K) by the vector r = x_j − x_i of each pair."""

    def __call__(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array]:
        """Descriptors of configurations; see ``Descriptor``."""
        D, Phi = [], []
        for _, pairs, d, G in self._each(atoms, species, progress):
            D.append(d)
            Phi.append(summed(pairs, G, len(d)))
        return np.concatenate(D), np.concatenate(Phi)

    def with_strain(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Array, Array]:
        """Site, force and strain descriptors in one pass; see ``StrainDescriptor``."""
        D, Phi, Psi = [], [], []
        for one, pairs, d, G in self._each(atoms, species, progress):
            D.append(d)
            Phi.append(summed(pairs, G, len(d)))
            # x → x (1 + ε) takes r to r (1 + ε), so ∂D/∂ε_ab = Σ r_a ∂D/∂r_b.
            strained = -np.einsum("pa,pbk->abk", pairs.vectors, G)
            Psi.append(strained if one.pbc.all() else np.full_like(strained, np.nan))
        return np.concatenate(D), np.concatenate(Phi), voigt(np.stack(Psi), axis=1)

    def with_jacobian(
        self, atoms: Atoms | Sequence[Atoms], *, species: Sequence[int] | None = None, progress: Progress | None = None
    ) -> tuple[Array, Jacobian]:
        """Site descriptors and their Jacobian; see ``JacobianDescriptor``."""
        D, parts = [], []
        for _, pairs, d, G in self._each(atoms, species, progress):
            D.append(d)
            parts.append((len(d), jacobian_of_pairs(pairs, G, len(d))))
        return np.concatenate(D), Jacobian.joined(parts)

    def _each(
        self, atoms: Atoms | Sequence[Atoms], species: Sequence[int] | None, progress: Progress | None
    ) -> Iterator[tuple[Atoms, Neighbours, Array, Array]]:
        many, known = checked(atoms, species, cutoff=self.reach, name=type(self).__name__)
        K = len(self.names(known))
        for m, (given, periodic) in enumerate(many):
            pairs = neighbours_of(periodic, self.reach)
            refuse_large(f"derivatives of K = {K} descriptors", 24 * K * len(pairs.i), SMALLER)
            yield given, pairs, *self.of_neighbours(pairs, known)
            if progress is not None:
                progress(m + 1, len(many))


def summed(pairs: Neighbours, G: Array, N: int) -> Array:
    """(3N, K) Φ: x_j moves with r, and x_i against it."""
    P, K = len(G), G.shape[2]
    rows, columns = np.concatenate([pairs.j, pairs.i]), np.tile(np.arange(P), 2)
    moving = csr_array((np.repeat([-1.0, 1.0], P), (rows, columns)), shape=(N, P))
    return (moving @ G.reshape(P, 3 * K)).reshape(3 * N, K)


def jacobian_of_pairs(pairs: Neighbours, G: Array, N: int) -> Jacobian:
    """−∂D_i/∂x_j, images of one neighbour added up, and −∂D_i/∂x_i, for every atom."""
    P, K = len(G), G.shape[2]
    moved = np.concatenate([pairs.i * N + pairs.j, pairs.i * N + pairs.i])
    which, rows = np.unique(moved, return_inverse=True)
    summing = csr_array((np.repeat([-1.0, 1.0], P), (rows, np.tile(np.arange(P), 2))), shape=(len(which), P))
    return Jacobian(which // N, which % N, (summing @ G.reshape(P, 3 * K)).reshape(-1, 3, K))
