"""The moments of a database, whoever sums them, however often they are interrupted."""

import functools
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import diagnostics
from ..io.database import Database
from ..io.database.layout import MOMENTS
from ..moments import Fold, MomentRecord, Moments
from ..progress import Progress
from .leaves import Leaf, leaves, record
from .results import resumed
from .stores import RecordStore

if TYPE_CHECKING:
    from distributed import Client

#: Whether trajectories stay apart, or are added up by temperature.
By = Literal["trajectory", "temperature"]


def accumulate(
    database: Database | str | os.PathLike,
    *,
    keys: str | Sequence[str] | None = None,
    workers: int = 1,
    client: "Client | str | None" = None,
    by: By = "trajectory",
    keep: str | os.PathLike | bool = True,
    progress: Progress | None = None,
) -> Moments:
    """Moments of a descriptor database, in one pass over Φ that never holds more than a few blocks of it.

    The result is the same to the last bit with any number of workers, after any interruption, and after any worker has
    died, as long as all of them have the same kind of processor and the same BLAS. What is done is kept, so that the same
    call goes on after a crash where it was, and sums only what is new after more configurations came.

    Memory: a record, 16 K² bytes, for each trajectory (or temperature), and for each worker 24 K² bytes, the descriptors of
    a leaf's configurations, and three blocks of Φ, of 4 MB or 1024 rows.

    Args:
        database: or its path.
        keys: of the trajectories wanted; all without it.
        workers: processes on this machine, each with one BLAS thread.
        client: of Dask, or the address of its scheduler; its workers must see the same folder.
        by: "temperature" adds up all trajectories of one temperature, for K so large that their records are not small.
        keep: whether records of leaves are kept in the database, or another folder for them.
        progress: called with (bytes done, in all); a progress bar with rate and estimate is shown without it.

    Returns:
        One record for each trajectory, or for each temperature ("300 K").

    Raises:
        Damaged: a shard is missing or not what was written; no sum is made of what is left.
        ValueError: an argument that is none of these, or an empty database.
        RuntimeError: workers die again and again over the same leaf.
        KeyboardInterrupt: with a sentence that says how much is done and kept.

    Examples:
        >>> import tempfile
        >>> import fisherlib as fl
        >>> from fisherlib.progress import silent
        >>> folder = tempfile.TemporaryDirectory()
        >>> data = fl.systems.harmonic([1.0, 2.0], seed=0)
        >>> fl.io.write(data, f"{folder.name}/db")
        >>> fl.cluster.accumulate(f"{folder.name}/db", progress=silent)
        Moments(4 trajectories, 200 configurations, K = 2)
        >>> folder.cleanup()
    """
    database = Database.open(database)
    refuse_by(by)
    wanted, kept = leaves_of(database, keys), RecordStore(folder_for(database, keep), database.about)
    with summed(database, wanted, kept, workers=workers, client=client, progress=progress) as records:
        found = folded(((leaf.key, leaf.temperature, record) for leaf, record in records), by, database.about)
    if keys is None and keep is True:
        kept.forget_others(wanted)
    return found


def folded(records: Iterable[tuple[str, float | None, MomentRecord]], by: By, about: Mapping[str, Any]) -> Moments:
    """Records of leaves added up in the order they come; warns where they speak against the sign of Φ.

    Args:
        records: with the key and the temperature of their trajectory.
        by: as for ``accumulate``.
        about: what the moments belong to.
    """
    folds: dict[str, Fold] = {}
    for key, T, found in records:
        name = key if by == "trajectory" else "unknown temperature" if T is None else f"{T:.12g} K"
        if name in folds:
            folds[name].add(found)
        else:
            folds[name] = Fold(found)
    moments = Moments({name: fold.record() for name, fold in folds.items()}, about=about)
    for verdict in diagnostics.signs_of_moments(moments):
        warnings.warn(verdict.message, stacklevel=3)
    return moments


def refuse_by(by: str) -> None:
    """Refuses everything that sums cannot be taken by.

    Raises:
        ValueError: neither trajectory nor temperature.
    """
    if by not in ("trajectory", "temperature"):
        raise ValueError(f"by: expected 'trajectory' or 'temperature', got {by!r}")


def leaves_of(database: Database, keys: str | Sequence[str] | None = None) -> list[Leaf]:
    """The leaves of a database, in the order in which they are added; warns where no seal says what must be there.

    Raises:
        ValueError: the database is empty.
        Damaged: something is missing or not what was written.
    """
    shards = database.shards(keys)
    if not shards:
        what = f"{database.path}: expected at least one shard" if keys is None else "keys: expected at least one"
        raise ValueError(f"{what}, got none; Database.append and fl.io.write write some")
    if unsealed := database.unsealed(shards):
        warnings.warn(
            f"{database.path}: {unsealed} of {len(shards)} shards are in no seal, so that nobody would notice if one were "
            "missing; call seal() once everything is there",
            stacklevel=3,
        )
    return leaves(shards, database.K)


def summed(
    database: Database, wanted: Sequence[Leaf], store: RecordStore, **how: Any
) -> AbstractContextManager[Iterator[tuple[Leaf, MomentRecord]]]:
    """Each leaf with its record, in order, from what is kept or else from the engine."""
    task = functools.partial(record, database.path, K=database.K)
    return resumed(task, wanted, store=store, title="moments", unit="B", **how)


def folder_for(database: Database, keep: str | os.PathLike | bool) -> Path | None:
    """Where records are kept: in the database, in another folder, or nowhere."""
    return (database.path / MOMENTS if keep else None) if isinstance(keep, bool) else Path(keep)
