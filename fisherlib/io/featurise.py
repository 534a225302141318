"""Descriptors for frames that have none, computed once and kept."""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..configurations import Configurations
from ..dataset import Trajectory
from ..descriptors import Descriptor
from ..descriptors.forecast import forecast, precision, refuse_unfit, species_of
from ..descriptors.pieces import in_pieces
from ..progress import Progress
from . import cache
from .archive import checksum, read_arrays

#: What the cache holds, in this order; the last only where there are virials.
_KEPT = ("site_descriptors", "force_descriptors", "strain_descriptors")


def featurise(
    frames: Sequence[Configurations], *, descriptor: Descriptor, path: Path, progress: Progress | None = None
) -> list[Trajectory]:
    """Trajectories with descriptors, in memory, from the cache if it was made of these configurations with these settings.

    The cache holds the recipe and a checksum of the arrays that were made by it; where either is another one, descriptors are
    computed anew. Site and force descriptors take 32 ΣN K bytes; where Φ takes more than 1 GB it is held in single
    precision, and both take 20 ΣN K bytes. Where configurations have virials, strain descriptors are computed and kept too.

    Args:
        frames: that ``forecast.chosen`` has accepted.
        descriptor: that it has chosen.
        path: of their file.
        progress: called with (configurations done, in all); a progress bar is shown without it.

    Raises:
        TypeError: there are virials, and the descriptor knows nothing of strain.
        MemoryError: that is more than half the memory of this machine; ``fisherlib.cluster.featurise`` needs little.
    """
    atoms, M, species = (
        sum(int(f.n_atoms.sum()) for f in frames),
        sum(len(f.n_atoms) for f in frames),
        species_of(frames),
    )
    names = descriptor.names(species)
    K = len(names)
    refuse_unfit(frames, descriptor=descriptor, K=K, path=path)
    kind = precision(K, atoms)
    strain = any(f.virials is not None for f in frames)
    about = {"data": _fingerprint(frames), "species": species, "precision": kind.__name__, **descriptor.parameters}
    recipe = json.dumps({**about, **({"strain": True} if strain else {})}, sort_keys=True)
    name = f"{path.stem}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    shapes = [(atoms, K), (3 * atoms, K), (M, 6, K)][: 3 if strain else 2]
    found = _from_cache(cache.find(name), recipe, shapes)
    if found is None:
        if progress is None and (expected := forecast(frames, descriptor)).long:
            print(f"{path.name}: {expected}", file=sys.stderr)
        with tqdm(total=M, desc="descriptors", delay=1, disable=progress is not None) as bar:
            show = progress or (lambda done, total: bar.update(done - bar.n))
            found = in_pieces(frames, descriptor=descriptor, species=species, shapes=shapes, progress=show)
        cache.keep(name, [*zip(_KEPT, found, strict=False), ("checksum", _stamp(recipe, found))])
    ends = np.cumsum([f.n_atoms.sum() for f in frames])[:-1]
    D, Phi = np.split(found[0], ends), np.split(found[1], 3 * ends)
    Psi = np.split(found[2], np.cumsum([len(f.n_atoms) for f in frames])[:-1]) if strain else [None] * len(frames)
    return [
        f.with_descriptors(d, phi, names, Psi=None if f.virials is None else psi)
        for f, d, phi, psi in zip(frames, D, Phi, Psi, strict=True)
    ]


def _fingerprint(frames: Sequence[Configurations]) -> str:
    """SHA-256 of the configurations in their order: one file can give them in several, such as by a key."""
    digest = hashlib.sha256()
    for f in frames:
        for array in (f.n_atoms, f.numbers, f.positions, *(() if f.cell is None else (f.cell, f.pbc))):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_cache(kept: Path | None, recipe: str, shapes: Sequence[tuple[int, ...]]) -> tuple[np.ndarray, ...] | None:
    if kept is None:
        return None
    try:
        arrays = read_arrays(kept)
        found, stamp = tuple(arrays[name] for name in _KEPT[: len(shapes)]), str(arrays["checksum"])
    except (ValueError, KeyError, OSError):
        return None  # damaged (its checksums say so), or just deleted: computed again and replaced
    # Neither of another recipe nor written into by others.
    intact = stamp == _stamp(recipe, found) and [a.shape for a in found] == list(shapes)
    return found if intact and len(arrays) == 1 + len(shapes) else None


def _stamp(recipe: str, arrays: Sequence[np.ndarray]) -> str:
    """Checksum of the arrays and of what they were made of."""
    return checksum([np.array(recipe), *arrays])
