"""Moments in parts, as the tasks of a SLURM array make them, and the sum of all parts."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from numbers import Integral
from pathlib import Path

from ..arguments import kind, location
from ..io.database import Database
from ..io.moments import Records, write_records
from ..moments import MomentRecord, Moments
from ..progress import Progress
from .accumulate import By, folded, folder_for, leaves_of, refuse_by, summed
from .stores import RecordStore


def write_part(
    database: Database | str | os.PathLike,
    number: int,
    of: int,
    path: str | os.PathLike,
    *,
    workers: int = 1,
    keep: str | os.PathLike | bool = True,
    progress: Progress | None = None,
) -> None:
    """Sums every ``of``-th leaf, beginning with the ``number``-th, into a file; ``merge`` adds all of them up.

    A part that is written again replaces itself. Leaves that are done are kept, so that a task that is killed and requeued
    goes on where it was. Only one record is in memory for each worker.

    Args:
        database: or its path.
        number: 1 to ``of``.
        of: number of parts.
        path: of the ``.npz``.
        workers: processes.
        keep: as for ``accumulate``.
        progress: called with (bytes done, in all).

    Raises:
        ValueError: no such part.
        Damaged: a shard is missing or not what was written.

    Examples:
        >>> import tempfile
        >>> import fisherlib as fl
        >>> from fisherlib.progress import silent
        >>> folder = tempfile.TemporaryDirectory()
        >>> data = fl.systems.harmonic([1.0, 2.0], seed=0)
        >>> fl.io.write(data, f"{folder.name}/db")
        >>> parts = [f"{folder.name}/1.npz", f"{folder.name}/2.npz"]
        >>> for number, path in enumerate(parts, 1):
        ...     fl.cluster.write_part(f"{folder.name}/db", number, 2, path, progress=silent)
        >>> fl.cluster.merge(parts)
        Moments(4 trajectories, 200 configurations, K = 2)
        >>> folder.cleanup()
    """
    for name, value in (("number", number), ("of", of)):
        kind(name, value, Integral, "write_part(database, 1, 4, 'part-1.npz')")
    if not 1 <= number <= of:
        raise ValueError(f"number: expected 1 to {of}, got {number}")
    database = Database.open(database)
    every = leaves_of(database)
    ours, kept = every[number - 1 :: of], RecordStore(folder_for(database, keep), database.about)
    listed = [[leaf.name, leaf.key, leaf.temperature] for leaf in every]
    about = database.about | {"part": f"{number}/{of}", "leaves": listed}
    with summed(database, ours, kept, workers=workers, client=None, progress=progress) as records:
        write_records(((leaf.name, record) for leaf, record in records), Path(path), about)


def merge(paths: Sequence[str | os.PathLike] | str | os.PathLike, *, by: By = "trajectory") -> Moments:
    """The moments of all parts, bitwise those that ``accumulate`` gives; or of several files of whole moments.

    Records of parts are read one by one, so memory is that of the result and of one of them.

    Args:
        paths: of the files, in any order.
        by: as for ``accumulate``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a part is missing, there twice, or of another state of the database; trajectories or data that are in
            two files; another descriptor, or other units.

    Examples:
        >>> import tempfile
        >>> import fisherlib as fl
        >>> moments = fl.accumulate(fl.systems.harmonic([1.0, 2.0], seed=0))
        >>> first, *others = moments
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     files = [f"{folder}/first.npz", f"{folder}/others.npz"]
        ...     fl.io.write_moments(moments.select(first), files[0])
        ...     fl.io.write_moments(moments.select(others), files[1])
        ...     fl.cluster.merge(files)
        Moments(4 trajectories, 200 configurations, K = 2)
    """
    kind("paths", paths, (Sequence, str, os.PathLike), "merge(['part-1.npz', 'part-2.npz'])")
    refuse_by(by)
    files = [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    for path in files:
        location("paths", path, "merge(['part-1.npz', 'part-2.npz'])")
    if not files or len(set(files)) < len(files):
        raise ValueError(f"paths: expected different files, at least one, got {', '.join(map(str, files)) or 'none'}")
    with contextlib.ExitStack() as stack:
        read = [stack.enter_context(Records(file)) for file in files]
        whole = [records for records in read if "part" not in records.about]
        if len(whole) not in (0, len(read)):
            names = ", ".join(records.path.name for records in whole)
            raise ValueError(f"paths: expected parts only, or whole moments only, got both ({names} are whole)")
        if not whole:
            about = {name: value for name, value in read[0].about.items() if name not in ("part", "leaves")}
            return folded(_in_order(read), by, about)
        if by == "temperature":
            raise ValueError(
                "by: expected 'trajectory' for whole moments, got 'temperature', which parts alone can be merged by"
            )
        merged = Moments(read[0], about=read[0].about)
        for records in read[1:]:
            merged = merged + Moments(records, about=records.about)
        return merged


def _in_order(read: Sequence[Records]) -> Iterator[tuple[str, float | None, MomentRecord]]:
    """Key, temperature and record of each leaf of a database, in order, from the parts; all of them must be there, once."""
    state = {name: value for name, value in read[0].about.items() if name != "part"}
    owner: dict[str, Records] = {}
    for records in read:
        if {name: value for name, value in records.about.items() if name != "part"} != state:
            raise ValueError(
                f"{records.path.name}: expected a part of the same state of one database as {read[0].path.name}; something "
                "was appended in between: run all parts again, which sums only what is new"
            )
        for name in records:
            if name in owner:
                raise ValueError(
                    f"{records.path.name}: holds what {owner[name].path.name} holds too; it would count twice, so leave one out"
                )
            owner[name] = records
    missing = [name for name, _, _ in state["leaves"] if name not in owner]
    if missing:
        have = ", ".join(records.about["part"] for records in read)
        raise ValueError(
            f"parts: {len(missing)} of {len(state['leaves'])} leaves are missing (the first: {missing[0]}); there are parts {have}"
        )
    for name, key, temperature in state["leaves"]:
        yield key, temperature, owner[name][name]
