"""Moments in parts, as the tasks of a SLURM array make them, and the sum of all parts."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from ..io.database import Database
from ..io.find import find
from ..io.records import read_records, write_records
from ..moments import Fold, MomentRecord, Moments
from .accumulate import Progress, engine_for, leaves_of, refuse_other, resumable, summed, temperature_of
from .kept import Kept


def write_part(
    database: Database | str | os.PathLike,
    number: int,
    of: int,
    path: str | os.PathLike,
    *,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Sums every ``of``-th leaf, beginning with the ``number``-th, into a file; ``merge`` adds all of them up.

    A part that is written again replaces itself. While it is in the making its leaves are kept beside it, so that a task
    that is killed and requeued goes on where it was.

    Args:
        database: or its path.
        number: 1 to ``of``.
        of: number of parts.
        path: of the ``.npz``.
        workers: processes.
        progress: called with (bytes done, in all).

    Raises:
        ValueError: no such part.
        Damaged: a shard is missing or not what was written.
    """
    if not 1 <= number <= of:
        raise ValueError(f"number: expected 1 to {of}, got {number}")
    database, path = database if isinstance(database, Database) else Database.open(database), Path(path)
    every = leaves_of(database)
    ours, engine = every[number - 1 :: of], engine_for(database, workers, None)[0]
    kept = Kept(path.with_name(f"{path.stem}.leaves"), database.about)
    with resumable(ours, kept):
        records = {leaf.name: record for leaf, record in summed(ours, engine, kept, progress)}
    listed = [[leaf.name, leaf.key, temperature_of(leaf)] for leaf in every]
    write_records(records, path, database.about | {"part": f"{number}/{of}", "leaves": listed})
    kept.clear()


def merge(paths: Sequence[str | os.PathLike], *, by: Literal["trajectory", "temperature"] = "trajectory") -> Moments:
    """The moments of all parts, bitwise those that ``accumulate`` gives; or of several files of whole moments.

    Raises:
        ValueError: a part is missing, there twice, or of another state of the database; trajectories or data that are in
            two files; another descriptor, or other units.
    """
    refuse_other(by)
    files = [find(path) for path in paths]
    if not files:
        raise ValueError("paths: expected at least one file, got none")
    read = [(file, *read_records(file)) for file in files]
    whole = [Moments(records, about=about) for _, records, about in read if "part" not in about]
    if len(whole) not in (0, len(read)):
        names = ", ".join(file.name for file, _, about in read if "part" not in about)
        raise ValueError(f"paths: expected parts only, or whole moments only, got both ({names} are whole)")
    if whole:
        if by == "temperature":
            raise ValueError(
                "by: expected 'trajectory' for whole moments, got 'temperature', which parts alone can be merged by"
            )
        merged = whole[0]
        for moments in whole[1:]:
            merged = merged + moments
        return merged
    return _folded(read, by)


def _folded(read: list[tuple[Path, dict[str, MomentRecord], dict[str, Any]]], by: str) -> Moments:
    about = {name: value for name, value in read[0][2].items() if name != "part"}
    owner: dict[str, str] = {}
    for file, records, other in read:
        if {name: value for name, value in other.items() if name != "part"} != about:
            raise ValueError(f"{file.name}: expected a part of the same state of one database as {read[0][0].name}")
        for name in records:
            if name in owner:
                raise ValueError(
                    f"{file.name}: holds what {owner[name]} holds too; it would count twice, so leave one out"
                )
            owner[name] = file.name
    listed = about.pop("leaves")
    missing = [name for name, _, _ in listed if name not in owner]
    if missing:
        have = ", ".join(other["part"] for _, _, other in read)
        raise ValueError(
            f"parts: {len(missing)} of {len(listed)} leaves are missing (the first: {missing[0]}); there are parts {have}"
        )
    every = {name: record for _, records, _ in read for name, record in records.items()}
    folds: dict[str, Fold] = {}
    for name, key, temperature in listed:
        label = key if by == "trajectory" else temperature
        if label in folds:
            folds[label].add(every[name])
        else:
            folds[label] = Fold(every[name])
    return Moments({label: fold.record() for label, fold in folds.items()}, about=about)
