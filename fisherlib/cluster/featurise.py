"""Descriptors of configurations that would not fit into memory: summed to moments, or written into a database."""

import contextlib
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import location
from ..configurations import Configurations
from ..descriptors import Descriptor
from ..descriptors.contract import recorded
from ..descriptors.forecast import chosen, species_of
from ..descriptors.memory import refuse_large
from ..descriptors.pieces import with_descriptors
from ..io.atoms import Given
from ..io.database import Database
from ..io.database.layout import META, UNITS, canonical, fingerprint
from ..io.file_sets import Location
from ..moments import Fold, MomentRecord, Moments, accumulate, rows_per_block
from ..progress import Progress
from ..units import counted
from .accumulate import By, folded, refuse_by
from .chunks import Chunk, chunks, cut, trajectories
from .leaves import ONE_THREAD
from .results import resumed
from .stores import RecordStore, ShardStore

if TYPE_CHECKING:
    from distributed import Client

#: Numbers of Φ in a chunk that is summed, and its rows in units of K: enough that its record is small beside it.
SUMMED, ENOUGH_ROWS = 2**20, 16
#: Numbers of Φ in a chunk that becomes a shard: 16 MB.
WRITTEN = 2**22
#: Of the progress.
BAR = {"title": "descriptors", "unit": " atoms"}


def featurise(
    configurations: Location | Given | Sequence[Configurations],
    *,
    descriptor: Descriptor | None = None,
    temperature: float | None = None,
    into: str | os.PathLike | Database | None = None,
    workers: int = 1,
    client: "Client | str | None" = None,
    by: By = "trajectory",
    keep: str | os.PathLike | bool = True,
    progress: Progress | None = None,
    **named: Any,
) -> Moments | Database:
    """Moments of configurations that have no descriptors yet, or a database of their descriptors, in bounded memory.

    ``fl.featurise`` gives a dataset in place of moments, where the descriptors fit into memory. The moments are the same to the last bit with any number of workers and after any interruption, and those of
    ``accumulate(io.read(path))`` but for rounding: chunks of configurations are featurised on their own and added in one
    order. What is done is kept until all is, so that the same call after a crash goes on where it was.

    Memory: the configurations, 16 K² bytes for each trajectory (or temperature), and for each worker 40 K² bytes, a block
    of Φ (4 MB or 1024 rows) and what the descriptor needs; with ``into`` about 100 MB for each worker.

    Args:
        configurations: file with positions and forces, and energies if there are any, a pattern or list of several,
            ``ase.Atoms``, or what ``io.read_frames`` gives.
        descriptor: any of ``descriptors.KINDS``; ``descriptors.default_for`` the elements without it.
        temperature: K, for files that do not say; overrides what they say.
        into: folder of a database, a new one or one of the same descriptors, which is returned in place of moments.
        workers: processes on this machine, each with one thread.
        client: of Dask, or the address of its scheduler.
        by: "temperature" adds up all trajectories of one temperature.
        keep: where sums of chunks are kept until all are there: in ``.cache`` beside the file, in a folder of yours, or
            False for nowhere. A folder of yours stays, empty. With ``into`` the shards are what is kept.
        progress: called with (atoms done, in all); a progress bar with rate and remaining time is shown without it.
        named: of ``io.read_frames``, for files: key, units, stress, elements, forces, energies …

    Raises:
        ValueError: an argument that is none of these, or configurations that cannot be described.
        MemoryError: the moments of all trajectories would take more than half the memory of this machine.
        RuntimeError: workers die again and again over the same chunk.
        KeyboardInterrupt: with a sentence that says how much is done and kept.

    Examples:
        >>> import fisherlib as fl
        >>> from fisherlib.progress import silent
        >>> walkers = fl.io.read_frames("data/cu55_1200K.npz")[:1]
        >>> soap = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)
        >>> fl.cluster.featurise(walkers, descriptor=soap, progress=silent)
        Moments(1 trajectory, 50 configurations, K = 6)
    """
    refuse_by(by)
    found, path = trajectories(configurations, temperature, **named)
    descriptor, K = chosen(found, descriptor, path)
    species = tuple(species_of(found))
    about: dict[str, Any] = {
        "descriptor": {**recorded(descriptor), "K": K},
        "descriptor_names": list(descriptor.names(species)),
    }
    about |= {"units": UNITS} | ({"reference": gone} if (gone := found[0].provenance.get("reference")) else {})
    digest = fingerprint(canonical(about))
    recipe: dict[str, Any] = {"descriptor": descriptor, "species": species}
    how: dict[str, Any] = {"workers": workers, "client": client, "progress": progress, **BAR}
    if into is not None:
        database = _database(into, about)
        pieces, task = chunks(found, WRITTEN // K, digest), partial(_shard, path=database.path, **recipe)
        shards = ShardStore(database)
        shards.refuse_others(pieces)
        with resumed(task, pieces, store=shards, **how) as done:
            for _ in done:
                pass
        database.seal()
        return database
    sums = len(found) if by == "trajectory" else len({f.temperature for f in found})
    way = "take fewer descriptors, or by='temperature'" if by == "trajectory" else "take fewer descriptors"
    refuse_large(f"{path.name}: {counted(sums, 'sum')} of K = {K} descriptors", 16 * K**2 * sums + 40 * K**2, way)
    pieces = chunks(found, max(SUMMED // K, ENOUGH_ROWS * K), digest)
    beside = path.parent / ".cache" / f"{path.stem}-{digest[:16]}" if path.exists() else None
    kept = RecordStore((beside if keep else None) if isinstance(keep, bool) else Path(keep), about)
    with resumed(partial(_record, **recipe), pieces, store=kept, **how) as done:
        moments = folded(((c.configurations.key, c.configurations.temperature, r) for c, r in done), by, about)
    kept.forget(pieces)
    if keep is True and kept.folder is not None:
        with contextlib.suppress(OSError):  # another run may keep its parts there
            kept.folder.rmdir()
    return moments


def _record(chunk: Chunk, *, descriptor: Descriptor, species: Sequence[int]) -> MomentRecord:
    """The moments of a chunk; no more than a block of its descriptors is in memory."""
    fold, rows = None, rows_per_block(len(descriptor.names(species)))
    for _, some in cut(chunk.configurations, rows):
        with ONE_THREAD:
            t = with_descriptors(some, descriptor=descriptor, species=species)
            record = accumulate([t])[t.key]
            if fold is None:
                fold = Fold(record)
            else:
                fold.add(record)
    assert fold is not None
    return fold.record()


def _shard(chunk: Chunk, *, path: Path, descriptor: Descriptor, species: Sequence[int]) -> str:
    """Writes a chunk into a database as one shard; its name."""
    with ONE_THREAD:
        t = with_descriptors(chunk.configurations, descriptor=descriptor, species=species)
    return Database.open(path).append(t, first=chunk.first).name


def _database(into: str | os.PathLike | Database, about: dict[str, Any]) -> Database:
    """A new database, or the one that is there, if it is of the same descriptors."""
    names, descriptor = tuple(about["descriptor_names"]), dict(about["descriptor"])
    descriptor |= {"reference": about["reference"]} if "reference" in about else {}
    if not isinstance(into, Database):
        location("into", into, "cluster.featurise(path, into='md-database')")
    if not isinstance(into, Database) and not (Path(into) / META).exists():
        return Database.create(into, descriptor_names=names, descriptor=descriptor)
    database = Database.open(into)
    if (database.descriptor_names, dict(database.descriptor)) != (names, descriptor):
        raise ValueError(
            f"into: expected a database of {descriptor}, got {database.path}, which is of {dict(database.descriptor)}; take "
            "another folder"
        )
    return database
