"""Descriptors for frames that have none, computed once and kept."""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from ..configurations import Configurations
from ..dataset import Jacobian, Trajectory
from ..descriptors import Descriptor
from ..descriptors.forecast import forecast, pairs, precision, refuse_unfit, single_jacobian, species_of
from ..descriptors.pieces import Computing, Recipe, assembled, in_pieces
from ..progress import Progress
from . import cache
from .archive import checksum, read_arrays


def featurise(
    frames: Sequence[Configurations],
    *,
    descriptor: Descriptor,
    path: Path,
    progress: Progress | None = None,
    jacobian: bool = False,
    computing: Computing = in_pieces,
) -> list[Trajectory]:
    """Trajectories with descriptors, in memory, from the cache if it was made of these configurations with these settings.

    The cache holds the recipe and a checksum of the arrays that were made by it; where either is another one, descriptors are
    computed anew. Site and force descriptors take 32 ΣN K bytes; where Φ takes more than 1 GB it is held in single
    precision, and both take 20 ΣN K bytes. Where configurations have virials, strain descriptors are computed and kept too.

    Args:
        frames: that ``forecast.chosen`` has accepted.
        descriptor: that it has chosen.
        path: of their file.
        progress: called with (done, in all); a progress bar is shown without it.
        jacobian: whether trajectories get the Jacobian of their site descriptors, 24 PK bytes for P pairs, or 12 PK in single
            precision where that is more than 1 GB.
        computing: who computes what is not in the cache; all give the same bits.

    Raises:
        TypeError: there are virials, and the descriptor knows nothing of strain, or it has no Jacobian.
        MemoryError: that is more than half the memory of this machine; ``fisherlib.cluster.featurise`` needs little.
    """
    atoms, species = sum(int(f.n_atoms.sum()) for f in frames), species_of(frames)
    names, P = descriptor.names(species), pairs(frames, descriptor) if jacobian else 0
    K = len(names)
    refuse_unfit(frames, descriptor=descriptor, K=K, path=path, pairs=P)
    recipe = Recipe(
        descriptor=descriptor,
        species=tuple(species),
        strain=any(f.virials is not None for f in frames),
        jacobian=jacobian,
        single=precision(K, atoms) == np.float32,
        single_jacobian=single_jacobian(K, P),
    )
    found = _found(frames, recipe, path, progress, computing)
    ends = np.cumsum([0] + [f.n_atoms.sum() for f in frames])
    rows = np.cumsum([0] + [len(f.n_atoms) for f in frames])
    made, whole = [], Jacobian(found["centres"], found["atoms"], found["values"]) if jacobian else None
    for f, a, b, m, n in zip(frames, ends, ends[1:], rows, rows[1:], strict=False):
        D, Phi = found["site_descriptors"][a:b], found["force_descriptors"][3 * a : 3 * b]
        Psi = None if f.virials is None else found["strain_descriptors"][m:n]
        of_these = None if whole is None else whole.slice(int(a), int(b))
        made.append(f.with_descriptors(D, Phi, names, Psi=Psi, jacobian=of_these))
    return made


def _found(
    frames: Sequence[Configurations], recipe: Recipe, path: Path, progress: Progress | None, computing: Computing
) -> dict[str, NDArray]:
    """The arrays by name, from the cache or else computed and kept."""
    M, atoms = sum(len(f.n_atoms) for f in frames), sum(int(f.n_atoms.sum()) for f in frames)
    K = len(recipe.descriptor.names(recipe.species))
    kind = np.float32 if recipe.single else np.float64
    about: dict[str, object] = {
        "data": _fingerprint(frames),
        "species": list(recipe.species),
        "precision": kind.__name__,
    }
    about |= {**recipe.descriptor.parameters, **({"strain": True} if recipe.strain else {})}
    about |= {"jacobian": "float32" if recipe.single_jacobian else "float64"} if recipe.jacobian else {}
    written = json.dumps(about, sort_keys=True)
    name = f"{path.stem}-{hashlib.sha256(written.encode()).hexdigest()[:16]}"
    shapes: list[tuple[int | None, ...]] = [(atoms, K), (3 * atoms, K), *([(M, 6, K)] if recipe.strain else [])]
    shapes += [(None, 3, K), (None,), (None,)] if recipe.jacobian else []
    arrays = _from_cache(cache.find(name), written, recipe.arrays, shapes)
    if arrays is None:
        if progress is None and (expected := forecast(frames, recipe.descriptor, jacobian=recipe.jacobian)).long:
            print(f"{path.name}: {expected}", file=sys.stderr)
        title = f"{type(recipe.descriptor).__name__} descriptors"  # several may be computed one after the other
        with tqdm(total=M, desc=title, unit=" configurations", delay=1, disable=progress is not None) as bar:
            pieces = computing(frames, recipe, name=name, progress=progress or _shown(bar))
            arrays = assembled(pieces, recipe, atoms=atoms, M=M, K=K)
        cache.keep(name, [*zip(recipe.arrays, arrays, strict=True), ("checksum", _stamp(written, arrays))])
        cache.forget_parts(name)
    return dict(zip(recipe.arrays, arrays, strict=True))


def _shown(bar: tqdm) -> Progress:
    def show(done: int, total: int) -> None:
        if total != bar.total:  # an engine counts atoms
            bar.total, bar.unit = total, " atoms"
        bar.update(done - bar.n)

    return show


def _fingerprint(frames: Sequence[Configurations]) -> str:
    """SHA-256 of the configurations in their order: one file can give them in several, such as by a key."""
    digest = hashlib.sha256()
    for f in frames:
        for array in (f.n_atoms, f.numbers, f.positions, *(() if f.cell is None else (f.cell, f.pbc))):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _from_cache(
    kept: Path | None, recipe: str, names: Sequence[str], shapes: Sequence[tuple[int | None, ...]]
) -> tuple[NDArray, ...] | None:
    if kept is None:
        return None
    try:
        arrays = read_arrays(kept)
        found, stamp = tuple(arrays[name] for name in names), str(arrays["checksum"])
    except (ValueError, KeyError, OSError):
        return None  # damaged (its checksums say so), or just deleted: computed again and replaced
    # Neither of another recipe nor written into by others.
    fits = all(
        len(a.shape) == len(shape) and all(n in (None, m) for n, m in zip(shape, a.shape, strict=True))
        for a, shape in zip(found, shapes, strict=True)
    )
    return found if fits and stamp == _stamp(recipe, found) and len(arrays) == 1 + len(names) else None


def _stamp(recipe: str, arrays: Sequence[np.ndarray]) -> str:
    """Checksum of the arrays and of what they were made of."""
    return checksum([np.array(recipe), *arrays])
