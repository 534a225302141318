"""Results that outlive the process that computed them, from which an interrupted run goes on."""

import contextlib
import glob
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..io.archive import checksum, read_arrays, write_arrays
from ..io.database import Damaged, Database, Shard
from ..io.database.layout import SHARDS, shard_name
from ..io.moments import Records, write_records
from ..moments import MomentRecord
from .chunks import Chunk

#: Of the file of a record.
_NAME = re.compile(r"-\d{9}-[0-9a-f]{32}\.npz$")


class Named(Protocol):
    """Data that were summed."""

    @property
    def name(self) -> str:
        """A name that only these data have."""


class RecordStore:
    """A folder of records, one file for each name, which tells the content: what is there is never out of date.

    A record whose numbers were changed since, as its checksum tells, or that has none, is computed again.

    Args:
        folder: to keep them in; None keeps nothing. Where it cannot be written to, what is there is read all the same.
        about: what the records belong to.
    """

    def __init__(self, folder: Path | None, about: Mapping[str, Any]) -> None:
        self.folder, self.about, self._full = folder, about, False

    def __contains__(self, item: Named) -> bool:
        return self.folder is not None and self._path(item).exists()

    def _path(self, item: Named) -> Path:
        return (self.folder or Path()) / f"{item.name}.npz"

    def load(self, item: Named) -> MomentRecord | None:
        """The record of an item; None where there is none, or one that was damaged, so that it is summed again."""
        if item not in self:
            return None
        try:
            with Records(self._path(item)) as records:
                if not records.checked:
                    return None  # nothing tells whether its numbers are those that were written
                found, about = records[item.name], records.about
        except (ValueError, KeyError, OSError):
            return None  # the data are there still, and they are what counts
        contents = getattr(item, "contents", found.digests)  # of shards they are known beforehand
        return found if found.digests == contents and about == self.about else None

    def save(self, item: Named, record: MomentRecord) -> None:
        """Keeps a record; where that is not possible the sum goes on, and a warning says once that nothing is kept."""
        if self.folder is None or self._full:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_records([(item.name, record)], self._path(item), self.about)
        except OSError as error:
            self._full = True
            warnings.warn(
                f"{self.folder}: cannot be written to ({error.strerror}), so nothing more is kept; keep= names another folder",
                stacklevel=2,
            )

    def forget(self, items: Iterable[Named]) -> None:
        """Removes the records of items, and what a run that was killed left half-written of them."""
        if self.folder is not None and self.folder.is_dir():
            with contextlib.suppress(OSError):  # what is left is in nobody's way
                for item in items:
                    for file in (self._path(item), *self.folder.glob(f".{glob.escape(item.name)}.npz.*.partial")):
                        file.unlink(missing_ok=True)

    def forget_others(self, items: Iterable[Named]) -> None:
        """Removes records of what is no item any more, since shards came after them or were retracted."""
        if self.folder is not None and self.folder.is_dir():
            wanted = {self._path(item).name for item in items}
            with contextlib.suppress(OSError):  # what is left is in nobody's way
                for file in self.folder.iterdir():
                    if _NAME.search(file.name) and file.name not in wanted:
                        file.unlink(missing_ok=True)


class ArrayStore:
    """A folder of the descriptors of chunks, one file for each, until all of them are there.

    Args:
        folder: to keep them in; None keeps nothing, and so does one that cannot be written to.
        arrays: names of the arrays of a chunk, in order.
    """

    def __init__(self, folder: Path | None, arrays: Sequence[str]) -> None:
        self.folder, self.arrays = folder, arrays

    def _path(self, item: Named) -> Path:
        return (self.folder or Path()) / f"{item.name}.npz"

    def __contains__(self, item: Named) -> bool:
        return self.folder is not None and self._path(item).exists()

    def load(self, item: Named) -> tuple[NDArray, ...] | None:
        """The arrays of a chunk; None where they were damaged or deleted."""
        with contextlib.suppress(ValueError, KeyError, OSError):
            found = read_arrays(self._path(item))
            made = tuple(found[name] for name in self.arrays)
            if str(found["checksum"]) == checksum([np.array(item.name), *made]):
                return made
        return None

    def save(self, item: Named, arrays: Sequence[NDArray]) -> None:
        """Keeps the arrays of a chunk; where that is not possible, the computation goes on."""
        if self.folder is None:
            return
        stamp = checksum([np.array(item.name), *arrays])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_arrays([*zip(self.arrays, arrays, strict=True), ("checksum", stamp)], self._path(item))
        except OSError as error:
            warnings.warn(
                f"{self.folder}: cannot be written to ({error.strerror}), so an interrupted call begins anew",
                stacklevel=2,
            )
            self.folder = None


class ShardStore:
    """The chunks that are in a database already, as shards that hold the same configurations.

    Args:
        database: into which whoever computes a chunk writes it.
    """

    def __init__(self, database: Database) -> None:
        self.folder = database.path / SHARDS

    def _path(self, chunk: Chunk) -> Path:
        return self.folder / shard_name(chunk.configurations.key, chunk.first)

    def __contains__(self, chunk: Chunk) -> bool:
        return self._path(chunk).exists()

    def load(self, chunk: Chunk) -> str | None:
        """The name of a shard; None where it holds something else, which ``Database.append`` refuses to replace."""
        c = chunk.configurations
        E = np.full(len(c.n_atoms), np.nan) if c.energies is None else c.energies
        wanted: dict[str, NDArray | None] = {"n_atoms": c.n_atoms, "energies": E, "species": c.numbers}
        wanted |= {"forces": None if c.forces is None else c.forces.ravel()}
        wanted |= {"positions": c.positions, "cell": c.cell, "pbc": c.pbc, "virials": c.virials}
        with contextlib.suppress(Damaged), Shard(self._path(chunk)) as shard:
            there = shard.header.arrays
            known = all((name in there) == (a is not None) for name, a in wanted.items())
            same = known and all(_equal(shard.array(name), a) for name, a in wanted.items() if a is not None)
            return shard.path.name if same and shard.header.temperature == c.temperature else None
        return None

    def refuse_others(self, chunks: Iterable[Chunk]) -> None:
        """Refuses a database that holds something else where chunks belong, before anything is computed.

        Raises:
            ValueError: other configurations, or a damaged shard.
        """
        for chunk in chunks:
            if chunk in self and self.load(chunk) is None:
                raise ValueError(
                    f"into: expected a database that holds these configurations of {chunk.configurations.key!r} or none of them, "
                    f"got other ones, or damaged ones, in {self._path(chunk).name}; take a new folder or another key"
                )

    def save(self, chunk: Chunk, name: str) -> None:
        """Nothing: it is written already."""


def _equal(a: NDArray, b: NDArray) -> bool:
    """Whether arrays are equal, NaN in place of what is not known included."""
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f" and b.dtype.kind == "f")
