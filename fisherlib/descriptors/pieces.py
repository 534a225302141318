"""Descriptors of many configurations, computed piece by piece, so that no more than a piece is there twice."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from ..configurations import Configurations
from ..dataset import Jacobian, Trajectory
from ..progress import Progress
from .contract import Descriptor, JacobianDescriptor, StrainDescriptor

#: Numbers of Φ that are computed at once, in double precision: 64 MB. A Jacobian has so many times as many.
PIECE, PAIRS = 2**23, 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recipe:
    """What is computed of configurations, and the precision in which it is held; a picklable value.

    Attributes:
        descriptor: of atoms.
        species: atomic numbers that it tells apart.
        strain: whether strain descriptors are computed.
        jacobian: whether the Jacobian is computed, of which Φ is the sum.
        single: whether Φ is held in single precision.
        single_jacobian: whether the Jacobian is.

    Raises:
        TypeError: a descriptor that knows nothing of what is wanted.
    """

    descriptor: Descriptor
    species: tuple[int, ...]
    strain: bool = False
    jacobian: bool = False
    single: bool = False
    single_jacobian: bool = False

    def __post_init__(self) -> None:
        name = type(self.descriptor).__name__
        if self.strain and not isinstance(self.descriptor, StrainDescriptor):
            raise TypeError(
                f"stress: expected a descriptor that knows of strain, got {name}; read the file without stress"
            )
        if self.jacobian and not isinstance(self.descriptor, JacobianDescriptor):
            raise TypeError(f"jacobian: expected a descriptor that gives its Jacobian, such as Soap or Gmp, got {name}")

    @property
    def arrays(self) -> tuple[str, ...]:
        """The names of what is computed, in order."""
        strain = ("strain_descriptors",) if self.strain else ()
        return "site_descriptors", "force_descriptors", *strain, *(_JACOBIAN if self.jacobian else ())

    def __call__(self, atoms: Sequence[Atoms], progress: Progress | None = None) -> tuple[NDArray, ...]:
        """The arrays of some configurations; rows of the Jacobian are counted from the first of their atoms."""
        how: dict[str, Any] = {"species": self.species, "progress": progress}
        found: tuple[NDArray, ...]
        last: tuple[NDArray, ...] = ()
        if isinstance(self.descriptor, JacobianDescriptor) and self.jacobian:
            D, J = self.descriptor.with_jacobian(atoms, **how)
            found = (D, J.force_descriptors(len(D)))
            last = (J.values.astype(_kind(self.single_jacobian), copy=False), J.centres, J.atoms)
            if isinstance(self.descriptor, StrainDescriptor) and self.strain:
                found += self.descriptor.with_strain(atoms, species=self.species)[2:]
        elif isinstance(self.descriptor, StrainDescriptor) and self.strain:
            found = self.descriptor.with_strain(atoms, **how)
        else:
            found = self.descriptor(atoms, **how)
        return found[0], found[1].astype(_kind(self.single), copy=False), *found[2:], *last


#: Of the Jacobian, in the order in which they are computed.
_JACOBIAN = ("values", "centres", "atoms")


class Computing(Protocol):
    """Who computes: this process, or an engine on many cores."""

    def __call__(
        self, frames: Sequence[Configurations], recipe: Recipe, *, name: str, progress: Progress
    ) -> Iterator[tuple[NDArray, ...]]:
        """The arrays of consecutive configurations, in order; ``name`` is one that only these have with this recipe."""


def in_pieces(
    frames: Sequence[Configurations], recipe: Recipe, *, name: str = "", progress: Progress
) -> Iterator[tuple[NDArray, ...]]:
    """The arrays of consecutive configurations, computed in this process; see ``Computing``."""
    total, before = sum(len(f.n_atoms) for f in frames), 0
    many = 3 * len(recipe.descriptor.names(recipe.species)) * (PAIRS if recipe.jacobian else 1)
    for piece in _pieces(frames, PIECE // many):
        yield recipe(piece, partial(_after, progress, before, total))
        before += len(piece)


def assembled(
    pieces: Iterable[tuple[NDArray, ...]], recipe: Recipe, *, atoms: int, M: int, K: int
) -> tuple[NDArray, ...]:
    """The arrays of all configurations from those of consecutive ones, put in place as they come.

    Args:
        pieces: as ``Computing`` gives them.
        recipe: by which they are computed.
        atoms: ΣN.
        M: number of configurations.
        K: number of descriptors.
    """
    made = [np.empty((atoms, K)), np.empty((3 * atoms, K), _kind(recipe.single)), np.empty((M, 6, K))]
    made, ends, jacobians = made[: 2 + recipe.strain], [0] * 3, list[tuple[NDArray, ...]]()
    for found in pieces:
        if recipe.jacobian:
            values, *rows = found[-3:]
            jacobians.append((values, *(row + np.int32(ends[0]) for row in rows)))
        for k, array in enumerate(found[: len(made)]):
            made[k][ends[k] : ends[k] + len(array)] = array
            ends[k] += len(array)
    return (*made, *(np.concatenate(parts) for parts in zip(*jacobians, strict=True)))


def with_descriptors(
    frames: Configurations, *, descriptor: Descriptor, species: Sequence[int], jacobian: bool = False
) -> Trajectory:
    """The configurations with their descriptors, computed at once and kept nowhere.

    Args:
        frames: the configurations.
        descriptor: of atoms.
        species: atomic numbers that it tells apart.
        jacobian: whether to compute the Jacobian too, of which Φ is the sum.

    Raises:
        TypeError: a descriptor that knows nothing of what is wanted.
    """
    strain = frames.virials is not None
    recipe = Recipe(descriptor=descriptor, species=tuple(species), strain=strain, jacobian=jacobian)
    D, Phi, *more = recipe(frames.atoms())
    made = Jacobian(more[-2], more[-1], more[-3]) if jacobian else None
    return frames.with_descriptors(D, Phi, descriptor.names(species), Psi=more[0] if strain else None, jacobian=made)


def _kind(single: bool) -> type[np.floating]:
    return np.float32 if single else np.float64


def _after(show: Progress, before: int, total: int, done: int, _: int) -> None:
    show(before + done, total)


def _pieces(frames: Sequence[Configurations], atoms: int) -> Iterator[list[Atoms]]:
    """The configurations in lists of about so many atoms, at least one in each."""
    piece: list[Atoms] = []
    held = 0
    for one in itertools.chain.from_iterable(f.atoms() for f in frames):
        if piece and held + len(one) > atoms:
            yield piece
            piece, held = [], 0
        piece.append(one)
        held += len(one)
    yield piece
