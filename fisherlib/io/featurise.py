"""Descriptors for frames that have none, computed once and kept beside the data."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from ..configurations import Configurations
from ..dataset import Trajectory, refuse_non_finite
from ..descriptors import Soap
from ..progress import Progress
from ..units import counted
from .archive import checksum, read_arrays, write_atomically


def featurise(
    frames: Sequence[Configurations], *, descriptor: Soap, path: Path, progress: Progress | None = None
) -> list[Trajectory]:
    """Trajectories with descriptors, from the cache if it was made of these configurations with these settings.

    The cache holds the recipe and a checksum of the arrays that were made by it; where either is another one, descriptors are
    computed anew.
    """
    refuse_hopeless(frames, descriptor=descriptor, path=path)
    species = sorted({int(z) for f in frames for z in np.unique(f.numbers)})
    recipe = json.dumps({"data": _fingerprint(frames), "species": species, **descriptor.parameters}, sort_keys=True)
    digest = hashlib.sha256(recipe.encode()).hexdigest()[:16]
    cache = path.parent / ".cache" / f"{path.stem}-{digest}.npz"
    atoms, K = sum(len(f.numbers) for f in frames), len(descriptor.names(species))
    arrays = _from_cache(cache, recipe, atoms, K)
    if arrays is None:
        configurations = [a for f in frames for a in f.atoms()]
        with tqdm(total=len(configurations), desc="descriptors", delay=1, disable=progress is not None) as bar:
            show = progress or (lambda done, total: bar.update(done - bar.n))
            D, Phi = descriptor(configurations, species=species, progress=show)
        arrays = {"site_descriptors": D, "force_descriptors": Phi}
        _keep(cache, recipe, arrays)
    made, first = [], 0
    for f in frames:
        last = first + len(f.numbers)
        D, Phi = arrays["site_descriptors"][first:last], arrays["force_descriptors"][3 * first : 3 * last]
        made.append(f.with_descriptors(D, Phi, descriptor.names(species)))
        first = last
    return made


def number(descriptor: Soap, frames: Sequence[Configurations], path: Path) -> int:
    """K of the descriptors of frames that have positions.

    Raises:
        ValueError: more than there are force components.
    """
    species = sorted({int(z) for f in frames for z in np.unique(f.numbers)})
    components, K = 3 * sum(len(f.numbers) for f in frames), len(descriptor.names(species))
    if K > components:
        raise ValueError(
            f"descriptor: SOAP with n_max={descriptor.n_max}, l_max={descriptor.l_max} has K = {K} descriptors for "
            f"{counted(len(species), 'element')}, more than the {components} force components of {path.name}; take smaller "
            "n_max= and l_max="
        )
    return K


def refuse_hopeless(frames: Sequence[Configurations], *, descriptor: Soap, path: Path) -> None:
    """Refuses configurations that cannot be described, or are too few, before anything is computed.

    Raises:
        ValueError: no elements or positions, some periodic directions only, more descriptors than force components.
    """
    for f in frames:
        if f.numbers is None or f.positions is None:
            lacking = "numbers" if f.numbers is None else "positions"
            raise ValueError(
                f"{lacking} of trajectory {f.key!r} in {path.name}: expected them where descriptors are to be computed, got "
                "none; if the file has descriptors, name them by descriptors= and force_descriptors="
            )
        refuse_non_finite("positions", f.key, f.positions, f.n_atoms, rows_per_atom=1)
        mixed = () if f.pbc is None else np.flatnonzero(f.pbc.any(axis=1) & ~f.pbc.all(axis=1))
        if len(mixed):
            raise ValueError(
                f"pbc of configuration {mixed[0]} of trajectory {f.key!r} in {path.name}: expected all directions periodic or "
                f"none, got {f.pbc[mixed[0]].tolist()}; make a slab or a wire periodic in all, with a cell that leaves vacuum"
            )
    number(descriptor, frames, path)


def _fingerprint(frames: Sequence[Configurations]) -> str:
    """SHA-256 of the configurations in their order: one file can give them in several, such as by a key."""
    digest = hashlib.sha256()
    for f in frames:
        for array in (f.n_atoms, f.numbers, f.positions, *(() if f.cell is None else (f.cell, f.pbc))):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_cache(cache: Path, recipe: str, atoms: int, K: int) -> dict[str, np.ndarray] | None:
    if not cache.exists():
        return None
    try:
        arrays = read_arrays(cache)
    except ValueError:
        return None  # damaged (its checksums say so): computed again and replaced
    stamp = str(arrays.pop("checksum", ""))
    if stamp != _stamp(recipe, arrays):
        return None  # of another recipe, written into by others, or of a version that had no checksums
    shapes = {name: a.shape for name, a in arrays.items()}
    return arrays if shapes == {"site_descriptors": (atoms, K), "force_descriptors": (3 * atoms, K)} else None


def _stamp(recipe: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Checksum of the arrays and of what they were made of."""
    return checksum([np.array(recipe), *(arrays[name] for name in sorted(arrays))])


def _keep(cache: Path, recipe: str, arrays: dict[str, np.ndarray]) -> None:
    try:
        cache.parent.mkdir(exist_ok=True)
        write_atomically(cache, lambda file: np.savez(file, **arrays, checksum=_stamp(recipe, arrays)))
    except OSError as error:
        lost = f"the descriptors could not be kept in {cache.parent} ({error}); they will be computed again next time"
        warnings.warn(lost, stacklevel=2)
