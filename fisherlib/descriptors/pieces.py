"""Descriptors of many configurations, computed piece by piece, so that no more than a piece is there twice."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from ase import Atoms

from ..configurations import Configurations
from ..dataset import Array, Trajectory
from ..progress import Progress
from .contract import Descriptor, JacobianDescriptor, StrainDescriptor
from .forecast import precision

#: Numbers of Φ that are computed at once, in double precision: 64 MB.
PIECE = 2**23


def in_pieces(
    frames: Sequence[Configurations],
    *,
    descriptor: Descriptor,
    species: Sequence[int],
    shapes: Sequence[tuple[int, ...]],
    progress: Progress,
) -> tuple[Array, ...]:
    """Site descriptors, Φ and, where there are virials, strain descriptors of all configurations, of these shapes.

    Raises:
        TypeError: there are virials, and the descriptor knows nothing of strain.
    """
    compute, total, (atoms, K) = _computing(descriptor, frames), sum(len(f.n_atoms) for f in frames), shapes[0]
    made = [np.empty(shape, precision(K, atoms) if k == 1 else float) for k, shape in enumerate(shapes)]
    before, ends = 0, [0] * len(made)
    for piece in _pieces(frames, PIECE // (3 * K)):
        found = compute(piece, species=species, progress=partial(_after, progress, before, total))
        for k, array in enumerate(found):
            made[k][ends[k] : ends[k] + len(array)] = array
            ends[k] += len(array)
        before += len(piece)
    return tuple(made)


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
    names = descriptor.names(species)
    if jacobian:
        if not isinstance(descriptor, JacobianDescriptor):
            name = type(descriptor).__name__
            raise TypeError(f"jacobian: expected a descriptor that gives its Jacobian, such as Soap or Gmp, got {name}")
        D, J = descriptor.with_jacobian(frames.atoms(), species=species)
        return frames.with_descriptors(D, J.force_descriptors(len(D)), names, jacobian=J)
    D, Phi, *Psi = _computing(descriptor, [frames])(frames.atoms(), species=species)
    return frames.with_descriptors(D, Phi, names, Psi=Psi[0] if Psi else None)


def _computing(descriptor: Descriptor, frames: Sequence[Configurations]) -> Callable[..., tuple[Array, ...]]:
    """What computes the descriptors, with those of the strain where there are virials."""
    if all(f.virials is None for f in frames):
        return descriptor
    if not isinstance(descriptor, StrainDescriptor):
        name = type(descriptor).__name__
        raise TypeError(f"stress: expected a descriptor that knows of strain, got {name}; read the file without stress")
    return descriptor.with_strain


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
