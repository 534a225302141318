"""Configurations as they come, collected into shards of a good size."""

import json
import os
from pathlib import Path
from types import TracebackType

from ...dataset import Dataset, Trajectory
from .database import Database
from .header import Header
from .join import join, refuse_others, refuse_unlike
from .layout import META, said
from .write_shard import Precision

#: Bytes of Φ in a shard: few files, and no great loss when a writer dies before it is full.
SHARD_BYTES = 128 * 2**20


class Writer:
    """Appends to one trajectory while its simulation runs; ``with Writer(database) as writer: writer.add(t)``.

    What was added is kept in memory until it fills a shard. Leaving the block, for whatever reason, writes and seals
    the rest.

    Args:
        database: to add to.
        shard_bytes: of Φ in a shard.
    """

    def __init__(self, database: Database, *, shard_bytes: int = SHARD_BYTES) -> None:
        self.database, self.shard_bytes = database, shard_bytes
        self.written: list[Header] = []
        self._waiting: list[Trajectory] = []

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.flush()
        finally:
            self.database.seal(self.written)

    def add(self, t: Trajectory) -> None:
        """Configurations of one trajectory, those of another key going into shards of their own.

        Raises:
            ValueError: other descriptors than those of the database, or not like what is there of the trajectory; nothing
                of it is added.
            OSError: no space left; what was written before stays.
        """
        if self._waiting and self._waiting[0].key == t.key:
            before = self._waiting[0]
            refuse_unlike(t, before.temperature, [name for name, a in vars(before).items() if a is not None])
        else:
            self.flush()
        refuse_others(t, self.database.descriptor_names, self.database.path.name)
        if not self._waiting:
            self.database.check(t)  # now, since a flush that fails has good configurations to write as well
        itemsize = 4 if self.database.precision == "float32" else 8
        per = max(1, int(self.shard_bytes // (3 * t.n_atoms.max() * t.K * itemsize)))
        for start in range(0, len(t), per):
            self._waiting.append(t.slice(start, min(start + per, len(t))))
            if sum(len(p.forces) for p in self._waiting) * t.K * itemsize >= 0.75 * self.shard_bytes:
                self.flush()

    def flush(self) -> None:
        """Writes what has been collected."""
        if self._waiting:
            self.written.append(self.database.append(join(self._waiting)))
            self._waiting = []  # only now: where there was no space it can be tried again


def write_dataset(
    data: Dataset, path: str | os.PathLike, *, precision: Precision = "float32", shard_bytes: int = SHARD_BYTES
) -> Database:
    """Writes a dataset into a database, a new one or one that has none of its trajectories yet.

    Raises:
        ValueError: a trajectory is in the database already, whole or in part, or its descriptors are others.
        OSError: no space left; what was written before stays.
    """
    if (Path(path) / META).exists():
        database = Database.open(path)
        _refuse_known(data, database)
    else:
        descriptor = data.provenance.get("descriptor")
        names = data.descriptor_names
        database = Database.create(path, descriptor_names=names, descriptor=descriptor, precision=precision)
    with Writer(database, shard_bytes=shard_bytes) as writer:
        for t in data.values():
            writer.add(t)
    return database


def _refuse_known(data: Dataset, database: Database) -> None:
    other = data.provenance.get("descriptor") or database.descriptor
    if json.loads(said(dict(other))) != dict(database.descriptor):
        raise ValueError(
            f"{database.path}: expected data of its descriptor {dict(database.descriptor)}, got those of {dict(other)}; "
            "write them into a database of their own"
        )
    there: dict[str, int] = {}
    for h in database.shards():
        there[h.key] = there.get(h.key, 0) + h.configurations
    twice = [
        f"{key!r} again (it has {there[key]} configurations of it, the data {len(t)})"
        for key, t in data.items()
        if key in there
    ]
    if twice:
        raise ValueError(
            f"{database.path}: expected trajectories that are not in it yet, got {', '.join(twice)}; leave out with "
            "data.drop what is there whole, and append the rest of what is there in part"
        )
