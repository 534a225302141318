"""Datasets and databases of computed descriptors, on all cores of this machine."""

import dataclasses
import functools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..arguments import whole
from ..configurations import Configurations
from ..dataset import Dataset
from ..descriptors import Descriptor, Reference, or_default, without_reference
from ..descriptors.contract import recorded
from ..descriptors.forecast import LONG, bytes_of, chosen, forecast, jacobian_bytes, pairs, species_of
from ..descriptors.pieces import PAIRS, Recipe
from ..io import cache
from ..io.acceptance import OnBad
from ..io.atoms import CALLED, Given
from ..io.columns.choice import GUESSED, Choice, completed
from ..io.database import Database
from ..io.featurise import featurise as in_memory
from ..io.file_sets import Location
from ..io.reading import open as opened
from ..io.reading import read_frames
from ..progress import Progress
from .chunks import Chunk, chunks, trajectories
from .featurise import BAR
from .featurise import featurise as into_database
from .leaves import ONE_THREAD
from .results import resumed
from .stores import ArrayStore

if TYPE_CHECKING:
    from distributed import Client

#: Numbers of Φ in a chunk, 8 MB, and most of its rows where a descriptor has one thread: so much is lost by a crash.
NUMBERS, ROWS = 2**20, 6000


def featurise(
    configurations: Location | Given | Sequence[Configurations],
    descriptor: Descriptor | None = None,
    *,
    into: str | os.PathLike | Database | None = None,
    jacobian: bool = False,
    workers: int | None = None,
    client: "Client | str | None" = None,
    choice: Choice = GUESSED,
    reference: Reference | None = None,
    elements: Sequence[str] | str | None = None,
    on_bad: OnBad = "refuse",
    check: bool = True,
    progress: Progress | None = None,
    **named: Any,
) -> Dataset | Database:
    """Descriptors of configurations, whatever they come in, by any featuriser, on all cores.

    In memory it gives to the last bit what ``io.read(path, descriptor=…)`` gives, which computes in one process, and shares
    its cache; with ``into=`` it writes a database in bounded memory, as ``cluster.featurise(into=…)`` does, whose other way
    are moments without any descriptors. An interrupted or killed call goes on where it was when it is repeated: parts are
    kept in the folder that ``python -m fisherlib.io.cache`` lists, shards in the database. Columns of descriptors that a file
    has itself are passed over.

    Args:
        configurations: whatever ``io.read`` reads – a file, a folder, a pattern, a list of files – or ``ase.Atoms`` with
            energies and forces from their calculators, info or arrays (one, a list, which is one trajectory, or a mapping of
            key to list), or what ``io.read_frames`` gives.
        descriptor: any of ``descriptors.KINDS``; ``descriptors.default_for`` the elements without it.
        into: folder of a database, a new one or one of the same descriptors, which is returned in place of a dataset.
        jacobian: trajectories with the Jacobian of their site descriptors, for neural potentials; a database holds none.
        workers: processes on this machine, each with one thread; as many as there are cores without it, where the work is
            long and the descriptor does not use all of them by itself, as SOAP by featomic does.
        client: of Dask, or the address of its scheduler, in place of workers.
        choice, reference, elements, on_bad, check: as for ``io.read``; a database is checked when it is read.
        progress: called with (done, in all); a progress bar with remaining time is shown without it.
        named: the fields of a ``Choice`` by keyword: temperature (K), key, units, stress, forces, energies …

    Raises:
        TypeError: what is neither of these, or a descriptor that has no Jacobian or knows nothing of strain.
        ValueError: configurations that cannot be described, or an option that goes with others only.
        MemoryError: a dataset would take more than half the memory of this machine; take ``into=``.
        KeyboardInterrupt: with a sentence that says how much is done and kept.

    Examples:
        >>> import fisherlib as fl
        >>> walkers = fl.io.read_frames("data/cu55_1200K.npz")[:1]
        >>> fl.featurise(walkers, fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1))
        Dataset(1 trajectory, 50 configurations, K = 6)
    """
    choice = completed(choice, named, featurise)
    if descriptor is not None:
        or_default(descriptor)  # refuses what is none
    if workers is not None:
        whole("workers", workers, 1, "processes")
    how: dict[str, Any] = {"client": client, "progress": progress}
    frames = _frames(configurations, choice, elements=elements, on_bad=on_bad)
    if into is not None:
        if jacobian or on_bad != "refuse":
            name, value = ("jacobian", True) if jacobian else ("on_bad", on_bad)
            raise ValueError(
                f"{name}: expected none with into=, as a database holds no Jacobian and all configurations, got {value!r}"
            )
        if frames is None:
            frames = read_frames(configurations, choice, elements=elements)  # type: ignore[arg-type]
        many = _workers(workers, frames, descriptor)
        frames = without_reference(frames, reference)
        return into_database(frames, descriptor=descriptor, into=into, workers=many, **how)  # type: ignore[return-value]
    engine: dict[str, Any] = {"jacobian": jacobian, "computing": OnEngine(workers, client), "progress": progress}
    if frames is None:
        file = opened(configurations, elements=elements, energies=choice.energies)  # type: ignore[arg-type]
        if file.fixed is not None:
            raise ValueError(
                f"configurations: expected positions, got {file.path.name}, which holds rows of descriptors; io.read takes it"
            )
        choice = dataclasses.replace(choice, energies=None) if file.kind == "LAMMPS dump" else choice
        engine |= {"reference": reference, "on_bad": on_bad, "check": check}
        return file.dataset(choice, descriptor=descriptor, **engine)
    taken, K = chosen(frames, descriptor, Path(CALLED))
    made = in_memory(without_reference(frames, reference), descriptor=taken, path=Path(CALLED), **engine)
    return Dataset(made, provenance={"descriptor": {**recorded(taken), "K": K}})


def _frames(given: Any, choice: Choice, **others: Any) -> list[Configurations] | None:
    """Configurations that are given as such, for which there is nothing to choose but a temperature; None for all else."""
    several = [given] if isinstance(given, Configurations) else given
    if not (isinstance(several, Sequence) and any(isinstance(f, Configurations) for f in several)):
        return None
    chosen = {n: v for n, v in vars(choice).items() if n != "temperature"} | others
    for name, value in chosen.items():
        if value not in (None, False, "refuse"):
            raise ValueError(f"{name}: expected none with Configurations, got {value!r}; io.read_frames takes it")
    return trajectories(several, choice.temperature)[0]


class OnEngine:
    """Computes on an engine of ``cluster``, and keeps parts until all is there; see ``descriptors.pieces.Computing``.

    Args:
        workers, client: as for ``featurise``.
    """

    def __init__(self, workers: int | None = None, client: "Client | str | None" = None) -> None:
        self.workers, self.client = workers, client

    def __call__(
        self, frames: Sequence[Configurations], recipe: Recipe, *, name: str, progress: Progress
    ) -> Iterator[tuple[NDArray, ...]]:
        """The arrays of each chunk, in order."""
        K, atoms = len(recipe.descriptor.names(recipe.species)), sum(int(f.n_atoms.sum()) for f in frames)
        size = bytes_of(K, atoms)
        rows = NUMBERS // K if threaded(recipe.descriptor) else min(NUMBERS // K, ROWS)
        if recipe.jacobian:
            size += jacobian_bytes(K, pairs(frames, recipe.descriptor))
            rows = min(rows, 8 * NUMBERS // (K * PAIRS))
        pieces = chunks(frames, rows, name)
        folder = cache.parts(name, size) if len(pieces) > 1 else None
        workers = _workers(self.workers, frames, recipe.descriptor)
        how: dict[str, Any] = {"workers": min(workers, len(pieces)), "client": self.client, "progress": progress, **BAR}
        with resumed(
            functools.partial(_computed, recipe=recipe), pieces, store=ArrayStore(folder, recipe.arrays), **how
        ) as done:
            for _, arrays in done:
                yield arrays


def _computed(chunk: Chunk, *, recipe: Recipe) -> tuple[NDArray, ...]:
    with ONE_THREAD:
        return recipe(chunk.configurations.atoms())


def threaded(descriptor: Descriptor) -> bool:
    """Whether one call of a descriptor uses all cores by itself."""
    return bool(getattr(descriptor, "threaded", False))


def _workers(workers: int | None, frames: Sequence[Configurations], descriptor: Descriptor | None) -> int:
    """Those that are given, or else one where it is not worth more."""
    if workers is not None:
        return workers
    taken = or_default(descriptor, species_of(frames))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 1 if cores == 1 or threaded(taken) or forecast(frames, taken).seconds < LONG else cores
