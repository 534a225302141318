"""Descriptors for frames that have none, computed once and kept."""

import hashlib
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from ase import Atoms
from tqdm.auto import tqdm

from ..configurations import Configurations
from ..dataset import Trajectory
from ..descriptors import Descriptor
from ..progress import Progress
from . import cache
from .archive import checksum, read_arrays
from .forecast import forecast, precision, refuse_unfit, species_of

#: Numbers of Φ that are computed at once, in double precision: 64 MB.
PIECE = 2**23


def featurise(
    frames: Sequence[Configurations], *, descriptor: Descriptor, path: Path, progress: Progress | None = None
) -> list[Trajectory]:
    """Trajectories with descriptors, in memory, from the cache if it was made of these configurations with these settings.

    The cache holds the recipe and a checksum of the arrays that were made by it; where either is another one, descriptors are
    computed anew. Site and force descriptors take 32 ΣN K bytes; where Φ takes more than 1 GB it is held in single
    precision, and both take 20 ΣN K bytes.

    Args:
        frames: that ``forecast.chosen`` has accepted.
        descriptor: that it has chosen.
        path: of their file.
        progress: called with (configurations done, in all); a progress bar is shown without it.

    Raises:
        MemoryError: that is more than half the memory of this machine; ``fisherlib.cluster.featurise`` needs little.
    """
    atoms, species = sum(int(f.n_atoms.sum()) for f in frames), species_of(frames)
    names = descriptor.names(species)
    K = len(names)
    refuse_unfit(frames, descriptor=descriptor, K=K, path=path)
    kind = precision(K, atoms)
    recipe = json.dumps(
        {"data": _fingerprint(frames), "species": species, "precision": kind.__name__, **descriptor.parameters},
        sort_keys=True,
    )
    name = f"{path.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    found = _from_cache(cache.find(name), recipe, atoms, K)
    if found is None:
        if progress is None and (expected := forecast(frames, descriptor)).long:
            print(f"{path.name}: {expected}", file=sys.stderr)
        found = _computed(frames, descriptor, species, progress, K)
        D, Phi = found
        stamp = _stamp(recipe, D, Phi)
        cache.keep(name, [("site_descriptors", D), ("force_descriptors", Phi), ("checksum", stamp)])
    ends = np.cumsum([f.n_atoms.sum() for f in frames])[:-1]
    parts = zip(frames, np.split(found[0], ends), np.split(found[1], 3 * ends), strict=True)
    return [f.with_descriptors(D, Phi, names) for f, D, Phi in parts]


def _computed(
    frames: Sequence[Configurations], descriptor: Descriptor, species: list[int], progress: Progress | None, K: int
) -> tuple[np.ndarray, np.ndarray]:
    """Descriptors of all configurations, piece by piece, so that no more than a piece is there twice."""
    total = sum(len(f.n_atoms) for f in frames)
    atoms = sum(int(f.n_atoms.sum()) for f in frames)
    D, Phi = np.empty((atoms, K)), np.empty((3 * atoms, K), precision(K, atoms))
    before = start = 0
    with tqdm(total=total, desc="descriptors", delay=1, disable=progress is not None) as bar:
        show = progress or (lambda done, total: bar.update(done - bar.n))
        for piece in _pieces(frames, PIECE // (3 * K)):
            found = descriptor(piece, species=species, progress=partial(_after, show, before, total))
            stop = start + len(found[0])
            D[start:stop], Phi[3 * start : 3 * stop] = found
            before, start = before + len(piece), stop
    return D, Phi


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


def with_descriptors(frames: Configurations, *, descriptor: Descriptor, species: Sequence[int]) -> Trajectory:
    """The configurations with their descriptors, computed now and kept nowhere."""
    return frames.with_descriptors(*descriptor(frames.atoms(), species=species), descriptor.names(species))


def _fingerprint(frames: Sequence[Configurations]) -> str:
    """SHA-256 of the configurations in their order: one file can give them in several, such as by a key."""
    digest = hashlib.sha256()
    for f in frames:
        for array in (f.n_atoms, f.numbers, f.positions, *(() if f.cell is None else (f.cell, f.pbc))):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_cache(kept: Path | None, recipe: str, atoms: int, K: int) -> tuple[np.ndarray, np.ndarray] | None:
    if kept is None:
        return None
    try:
        arrays = read_arrays(kept)
        D, Phi, stamp = arrays["site_descriptors"], arrays["force_descriptors"], str(arrays["checksum"])
    except (ValueError, KeyError, OSError):
        return None  # damaged (its checksums say so), or just deleted: computed again and replaced
    # Neither of another recipe nor written into by others.
    intact = stamp == _stamp(recipe, D, Phi) and (D.shape, Phi.shape) == ((atoms, K), (3 * atoms, K))
    return (D, Phi) if intact and len(arrays) == 3 else None


def _stamp(recipe: str, D: np.ndarray, Phi: np.ndarray) -> str:
    """Checksum of the arrays and of what they were made of."""
    return checksum([np.array(recipe), Phi, D])
