"""Descriptors for frames that have none, computed once and kept beside the data."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..configurations import Configurations
from ..dataset import Trajectory, refuse_non_finite
from ..descriptors import Descriptor, in_words, size_parameters
from ..progress import Progress
from ..units import counted
from .archive import checksum, read_arrays, refuse_large, write_arrays


def featurise(
    frames: Sequence[Configurations], *, descriptor: Descriptor, path: Path, progress: Progress | None = None
) -> list[Trajectory]:
    """Trajectories with descriptors, in memory, from the cache if it was made of these configurations with these settings.

    The cache holds the recipe and a checksum of the arrays that were made by it; where either is another one, descriptors are
    computed anew. Site and force descriptors take 32 ΣN K bytes.

    Raises:
        MemoryError: that is more than half the memory of this machine; ``fisherlib.cluster.featurise`` needs little.
    """
    K = refuse_hopeless(frames, descriptor=descriptor, path=path)
    atoms, species = sum(int(f.n_atoms.sum()) for f in frames), species_of(frames)
    way = "take fisherlib.cluster.featurise, which holds none of them in memory, or fewer descriptors"
    refuse_large(f"{path.name}: its descriptors", 32 * atoms * K, way)
    recipe = json.dumps({"data": _fingerprint(frames), "species": species, **descriptor.parameters}, sort_keys=True)
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    cache = path.parent / ".cache" / f"{path.stem}-{digest}.npz"
    found = _from_cache(cache, recipe, atoms, K)
    if found is None:
        configurations = [a for f in frames for a in f.atoms()]
        with tqdm(total=len(configurations), desc="descriptors", delay=1, disable=progress is not None) as bar:
            show = progress or (lambda done, total: bar.update(done - bar.n))
            found = descriptor(configurations, species=species, progress=show)
        _keep(cache, recipe, *found)
    ends, names = np.cumsum([f.n_atoms.sum() for f in frames])[:-1], descriptor.names(species)
    parts = zip(frames, np.split(found[0], ends), np.split(found[1], 3 * ends), strict=True)
    return [f.with_descriptors(D, Phi, names) for f, D, Phi in parts]


def with_descriptors(frames: Configurations, *, descriptor: Descriptor, species: Sequence[int]) -> Trajectory:
    """The configurations with their descriptors, computed now and kept nowhere."""
    return frames.with_descriptors(*descriptor(frames.atoms(), species=species), descriptor.names(species))


def species_of(frames: Sequence[Configurations]) -> list[int]:
    """The atomic numbers that occur, ascending."""
    return sorted({int(z) for f in frames if f.numbers is not None for z in np.unique(f.numbers)})


def number(descriptor: Descriptor, frames: Sequence[Configurations], path: Path) -> int:
    """K of the descriptors of frames that have positions.

    Raises:
        ValueError: more than there are force components.
    """
    species = species_of(frames)
    components, K = 3 * sum(int(f.n_atoms.sum()) for f in frames), len(descriptor.names(species))
    if K > components:
        raise ValueError(
            f"descriptor: {in_words(descriptor)} has K = {K} descriptors for {counted(len(species), 'element')}, more than "
            f"the {components} force components of {path.name}; take smaller {' and '.join(f'{p}=' for p in size_parameters(descriptor))}"
        )
    return K


def refuse_hopeless(frames: Sequence[Configurations], *, descriptor: Descriptor, path: Path) -> int:
    """Refuses configurations that cannot be described, or are too few, before anything is computed; K of their descriptors.

    Raises:
        ValueError: no elements or positions, more descriptors than force components.
    """
    for f in frames:
        if f.numbers is None or f.positions is None:
            lacking = "numbers" if f.numbers is None else "positions"
            raise ValueError(
                f"{lacking} of trajectory {f.key!r} in {path.name}: expected them where descriptors are to be computed, got "
                "none; if the file has descriptors, name them by descriptors= and force_descriptors="
            )
        refuse_non_finite("positions", f.key, f.positions, f.n_atoms, rows_per_atom=1)
    return number(descriptor, frames, path)


def _fingerprint(frames: Sequence[Configurations]) -> str:
    """SHA-256 of the configurations in their order: one file can give them in several, such as by a key."""
    digest = hashlib.sha256()
    for f in frames:
        for array in (f.n_atoms, f.numbers, f.positions, *(() if f.cell is None else (f.cell, f.pbc))):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_cache(cache: Path, recipe: str, atoms: int, K: int) -> tuple[np.ndarray, np.ndarray] | None:
    if not cache.exists():
        return None
    try:
        arrays = read_arrays(cache)
        D, Phi, stamp = arrays["site_descriptors"], arrays["force_descriptors"], str(arrays["checksum"])
    except (ValueError, KeyError):
        return None  # damaged (its checksums say so), or of a version that had none: computed again and replaced
    # Neither of another recipe nor written into by others.
    intact = stamp == _stamp(recipe, D, Phi) and (D.shape, Phi.shape) == ((atoms, K), (3 * atoms, K))
    return (D, Phi) if intact and len(arrays) == 3 else None


def _stamp(recipe: str, D: np.ndarray, Phi: np.ndarray) -> str:
    """Checksum of the arrays and of what they were made of."""
    return checksum([np.array(recipe), Phi, D])


def _keep(cache: Path, recipe: str, D: np.ndarray, Phi: np.ndarray) -> None:
    arrays: list[tuple[str, Any]] = [
        ("site_descriptors", D),
        ("force_descriptors", Phi),
        ("checksum", _stamp(recipe, D, Phi)),
    ]
    try:
        cache.parent.mkdir(exist_ok=True)
        write_arrays(arrays, cache)
    except OSError as error:
        lost = f"the descriptors could not be kept in {cache.parent} ({error}); they will be computed again next time"
        warnings.warn(lost, stacklevel=2)
