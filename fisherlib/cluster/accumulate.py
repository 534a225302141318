"""The moments of a database, whoever sums them, however often they are interrupted."""

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tqdm.auto import tqdm

from .. import diagnostics
from ..io.database import Database
from ..io.database.layout import MOMENTS
from ..moments import Fold, MomentRecord, Moments
from ..progress import Progress
from .engines import Engine, dask, processes, serial
from .kept import Kept
from .leaves import Leaf, leaves

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
    died, as long as all of them have the same kind of processor and the same BLAS: leaves are pure functions of immutable shards, and they are added in one order. What is done is kept, so that
    the same call after a crash goes on where it was, and after more configurations came sums only those.

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
    """
    database = Database.open(database)
    refuse_by(by)
    wanted = leaves_of(database, keys)
    engine, close = engine_for(database, workers, client)
    kept = Kept(folder_for(database, keep), database.about)
    try:
        with resumable(wanted, kept):
            records = summed(wanted, engine, kept, progress)
            found = folded(((leaf.key, leaf.temperature, record) for leaf, record in records), by, database.about)
    finally:
        close()
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
    for key, T, record in records:
        name = key if by == "trajectory" else "unknown temperature" if T is None else f"{T:.12g} K"
        if name in folds:
            folds[name].add(record)
        else:
            folds[name] = Fold(record)
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
        what = (
            "keys: expected at least one, got none"
            if keys is not None
            else f"{database.path}: expected at least one shard, got none"
        )
        raise ValueError(f"{what}; Database.append and fl.io.write write some")
    unsealed = database.unsealed(shards)
    if unsealed:
        warnings.warn(
            f"{database.path}: {unsealed} of {len(shards)} shards are in no seal, so that nobody would notice if one were "
            "missing; call seal() once everything is there",
            stacklevel=3,
        )
    return leaves(shards, database.K)


def summed(
    wanted: Sequence[Leaf], engine: Engine, kept: Kept, progress: Progress | None
) -> Iterator[tuple[Leaf, MomentRecord]]:
    """Each leaf with its record, in order, from what is kept or else from the engine; what is new is kept."""
    missing = [leaf for leaf in wanted if leaf not in kept]
    names, new = {leaf.name for leaf in missing}, engine(missing)
    total, done = sum(leaf.size for leaf in wanted), 0
    with tqdm(total=total, desc="moments", unit="B", unit_scale=True, delay=1, disable=progress is not None) as bar:
        show = progress or (lambda done, _: bar.update(done - bar.n))
        for leaf in wanted:
            found = next(new) if leaf.name in names else kept.load(leaf)
            if found is None:  # what was kept is damaged, but the shards are there
                found = next(engine([leaf]))
                names.add(leaf.name)
            if leaf.name in names:
                kept.save(leaf, found)
            done += leaf.size
            show(done, total)
            yield leaf, found


def interrupted(error: BaseException | None, before: BaseException | None = None) -> bool:
    """Whether it is Ctrl-C, or what came of it: a file or a lock that is left half way may raise something else.

    Args:
        error: that was raised.
        before: what the caller was handling already, which does not count.
    """
    while error not in (None, before) and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error not in (None, before)


@contextlib.contextmanager
def resumable(wanted: Sequence[Leaf], kept: Kept) -> Iterator[None]:
    """Says, where Ctrl-C ends the block, what is done and how to go on.

    Raises:
        KeyboardInterrupt: with a sentence.
    """
    before = sys.exc_info()[1]
    try:
        yield
    except BaseException as error:
        if not interrupted(error, before):
            raise
        done = [leaf in kept for leaf in wanted]
        where = (
            f"are kept in {kept.folder}; the same call goes on from there" if kept.folder else "kept, by your choice"
        )
        raise KeyboardInterrupt(f"interrupted: {sum(done)} of {len(done)} leaves {where}") from None


def engine_for(database: Database, workers: int, client: "Client | str | None") -> tuple[Engine, Callable[[], None]]:
    """The engine, and what is to be done when it is no longer needed."""
    if not isinstance(workers, int) or workers < 1:
        raise ValueError(f"workers: expected a whole number of processes, at least 1, got {workers!r}")
    if client is None:
        path, K = database.path, database.K
        return (serial(path, K) if workers == 1 else processes(path, K, workers)), lambda: None
    if not isinstance(client, str):
        if not hasattr(client, "submit"):
            raise ValueError(f"client: expected a Dask client or the address of a scheduler, got {client!r:.60}")
        return dask(database.path, database.K, client), lambda: None
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError("client: Dask is not installed; pip install 'fisherlib[cluster]'") from error
    ours = Client(client)
    return dask(database.path, database.K, ours), ours.close


def folder_for(database: Database, keep: str | os.PathLike | bool) -> Path | None:
    """Where records are kept: in the database, in another folder, or nowhere."""
    if keep is False:
        return None
    return database.path / MOMENTS if keep is True else Path(keep)
