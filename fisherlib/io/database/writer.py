"""Configurations collected into shards of a good size as they come."""

import contextlib
import dataclasses
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from ...dataset import Dataset, Trajectory
from ...potential import settings_of
from .database import Database
from .header import Header
from .join import Precision, arrays_of, join, refuse_descriptors, refuse_precision, refuse_repeats, refuse_unlike
from .layout import META, plain

#: Bytes of Φ in a shard: few files, and little is lost when a writer dies before one is full.
SHARD_BYTES = 128 * 2**20


class Writer(contextlib.AbstractContextManager["Writer"]):
    """Appends to one trajectory while its simulation runs; ``with Writer(database) as writer: writer.add(t)``.

    Configurations are kept in memory until they fill a shard, ``shard_bytes`` of Φ. Leaving the block, for whatever reason,
    writes the rest and, with ``seal``, seals it.
    """

    def __init__(
        self, database: Database | str | os.PathLike, *, shard_bytes: int = SHARD_BYTES, seal: bool = True
    ) -> None:
        self.database, self.shard_bytes, self.seal = Database.open(database), shard_bytes, seal
        self.written: list[Header] = []
        self._waiting: list[Trajectory] = []
        self._first, self._inside = 0, False

    def __enter__(self) -> "Writer":
        self._inside = True
        return self

    def __exit__(self, *_: object) -> None:
        self._inside = False
        try:
            self.flush()
        finally:
            if self.seal:
                self.database.seal(self.written)

    def add(self, t: Trajectory) -> None:
        """Adds configurations of one trajectory; another key begins a new shard.

        Arrays are copied, so the caller may reuse them for the next configurations.

        Raises:
            ValueError: other descriptors than those of the database, numbers that its precision cannot hold, or another
                temperature or other arrays than those before them; nothing is added.
            RuntimeError: outside of ``with``: nothing would write what is still waiting.
            OSError: no space left; what was written before stays.
        """
        if not self._inside:
            raise RuntimeError("writer: expected `with Writer(database) as writer:`, which writes the rest at its end")
        if self._waiting and self._waiting[0].key == t.key:
            refuse_unlike(t, self._waiting[0].temperature, arrays_of(self._waiting[0]))
        else:
            self.flush()
        # Now, so that one bad trajectory cannot spoil a later flush.
        refuse_descriptors(t, self.database.descriptor_names, self.database.path.name)
        refuse_precision(t, self.database.precision)
        itemsize = np.dtype(self.database.precision).itemsize
        per = max(1, int(self.shard_bytes // (3 * t.n_atoms.max() * t.K * itemsize)))
        for start in range(0, len(t), per):
            if not self._waiting:
                self._first = self.database.check(t)
            piece = t.slice(start, min(start + per, len(t)))
            copies: dict[str, Any] = {name: a.copy() for name, a in arrays_of(piece).items()}
            self._waiting.append(dataclasses.replace(piece, **copies))
            if sum(len(p.forces) for p in self._waiting) * t.K * itemsize >= 0.75 * self.shard_bytes:
                self.flush()

    def flush(self) -> None:
        """Writes what has been collected. After an interruption it may be called again."""
        if self._waiting:
            self.written.append(self.database.append(join(self._waiting), first=self._first))
            self._waiting = []  # only now, so that it can be tried again after a full disk


def write_dataset(
    data: Dataset, path: str | os.PathLike, *, precision: Precision | None = None, shard_bytes: int = SHARD_BYTES
) -> Database:
    """Writes a dataset into a new database, or into one that has none of its trajectories yet, and seals it at the end.

    Args:
        data: to write.
        path: of the folder.
        precision: of Φ on the disk; by default that of the database, and "float32" for a new one.
        shard_bytes: of Φ in a shard.

    Raises:
        ValueError: a trajectory is in the database already, whole or in part, or holds configurations twice; or the
            database has other descriptors or another precision.
        OSError: no space left; what was written before stays.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> import fisherlib as fl
        >>> rng = np.random.default_rng(0)
        >>> md = fl.Trajectory(
        ...     key="1200 K", temperature=1200.0, n_atoms=np.full(8, 5), energies=rng.normal(size=8),
        ...     descriptors=rng.normal(size=(8, 3)), forces=rng.normal(size=120), force_descriptors=rng.normal(size=(120, 3)),
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     database = write_dataset(fl.Dataset([md]), folder + "/db")
        ...     [(h.key, h.configurations) for h in database.shards()], database.unsealed()
        ([('1200 K', 8)], 0)
    """
    if (Path(path) / META).exists():
        database = Database.open(path)
        if precision not in (None, database.precision):
            raise ValueError(f"precision: expected {database.precision!r}, in which {path} is, got {precision!r}")
        _refuse_known(data, database)
    else:
        descriptor, names = settings_of(data) or None, data.descriptor_names
        precision = precision or "float32"
        database = Database.create(path, descriptor_names=names, descriptor=descriptor, precision=precision)
    for t in data.values():
        refuse_repeats(np.empty(0, np.uint64), t)
        refuse_precision(t, database.precision)
    with Writer(database, shard_bytes=shard_bytes, seal=False) as writer:
        for t in data.values():
            writer.add(t)
    database.seal(writer.written)
    return database


def _refuse_known(data: Dataset, database: Database) -> None:
    other = settings_of(data) or database.descriptor
    if plain(other) != dict(database.descriptor):
        raise ValueError(
            f"{database.path}: expected data of its descriptor {dict(database.descriptor)}, got those of {dict(other)}; "
            "write them into a database of their own"
        )
    there: Counter[str] = Counter()
    for h in database.shards():
        there[h.key] += h.configurations
    twice = [f"{t.key!r} again ({there[t.key]} configurations, now {len(t)})" for t in data.values() if t.key in there]
    if twice:
        raise ValueError(
            f"{database.path}: expected trajectories that are not in it yet, got {', '.join(twice)}; leave out with "
            "data.drop what is there whole, and append the rest of what is there in part"
        )
