"""A descriptor database: what it is about, what is in it, and what must stay in it."""

import contextlib
import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from ...arguments import choice, kind, location
from ...dataset import Dataset, Trajectory, stated
from ...descriptors.memory import refuse_large
from ...moments import fingerprint as fingerprint_of_data
from ...progress import Progress
from ..places import printable
from .header import Header
from .inventory import findings, header_of, listed, of_key, refuse_incomplete, sealed, write_seal
from .join import Precision, join, known_fingerprints, refuse_copies, refuse_descriptors, refuse_repeats, refuse_unlike
from .layout import FORMAT, SHARDS, UNITS, canonical, fingerprint, plain, read_meta, shard_name, write_meta
from .shard import Shard
from .shard_writer import same_rows, write_shard


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Database:
    """A folder of shards, each some configurations of one trajectory; ``Database.open`` and ``Database.create`` make it.

    Attributes:
        path: of the folder.
        descriptor_names: K names.
        descriptor: what the descriptors are, with their parameters; "reference" names a potential that was taken off.
        precision: of Φ on the disk.
    """

    path: Path
    descriptor_names: tuple[str, ...]
    descriptor: Mapping[str, Any]
    precision: Precision

    @property
    def K(self) -> int:
        """Number of descriptors."""
        return len(self.descriptor_names)

    @property
    def meta(self) -> str:
        """Fingerprint of what the database is about; every shard carries it."""
        return fingerprint(canonical(self._meta()))

    @property
    def about(self) -> dict[str, Any]:
        """Descriptor, its names and units, to be kept with every result computed from it."""
        names, descriptor = stated(self.descriptor_names), dict(self.descriptor)
        reference = {"reference": descriptor.pop("reference")} if "reference" in descriptor else {}
        return {"descriptor": descriptor, "units": UNITS} | ({"descriptor_names": names} if names else {}) | reference

    def _meta(self) -> dict[str, Any]:
        names = list(self.descriptor_names)
        return {**self.about, "descriptor_names": names, "precision": self.precision, "format": FORMAT}

    @classmethod
    def create(
        cls,
        path: str | os.PathLike,
        *,
        descriptor_names: Sequence[str],
        descriptor: Mapping[str, Any] | None = None,
        precision: Precision = "float32",
    ) -> "Database":
        """A new, empty database in a new or empty folder.

        Args:
            path: of the folder.
            descriptor_names: K different names.
            descriptor: name and parameters, for whoever reads it.
            precision: of Φ on the disk. Sums are float64 in either case; float32 halves the bytes and changes
                predicted forces by less than 1e-6 of their size on published data (``benchmarks/database.py``).

        Raises:
            ValueError: nothing to describe, or another precision.
            FileExistsError: there is one already (take ``Database.open``), or something else.
        """
        choice("precision", precision, get_args(Precision))
        names = () if isinstance(descriptor_names, str) else tuple(map(str, descriptor_names))
        if not names or len(set(names)) < len(names):
            raise ValueError(f"descriptor_names: expected different names, at least one, got {descriptor_names!r:.60}")
        about = plain(descriptor or {"name": "not stated", "K": len(names)})
        made = cls(path=Path(path).absolute(), descriptor_names=names, descriptor=about, precision=precision)
        write_meta(made.path, made._meta())
        return made

    @classmethod
    def open(cls, path: "str | os.PathLike | Database") -> "Database":
        """An existing database.

        Args:
            path: of the folder; an open database is returned as it is.

        Raises:
            FileNotFoundError: no database there.
            Damaged: what it is about was changed, or another version of fisherlib wrote it.

        Example:
            >>> import tempfile
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     made = Database.create(folder + "/db", descriptor_names=["radial", "angular"])
            ...     found = Database.open(folder + "/db")
            >>> found.K, found.precision, found.meta == made.meta
            (2, 'float32', True)
        """
        kind("database", path, (Database, str, os.PathLike), "Database.open('database')")
        if isinstance(path, Database):
            return path
        location("database", path, "Database.open('database')")
        path = Path(path).absolute()
        about = read_meta(path)
        names = tuple(about["descriptor_names"])
        descriptor = {**about["descriptor"], **{name: about[name] for name in ("reference",) if name in about}}
        return cls(path=path, descriptor_names=names, descriptor=descriptor, precision=about["precision"])

    def headers(self) -> list[Header]:
        """Headers of all shards at one moment, by trajectory and configuration; gaps are not refused."""
        names, before = listed(self.path), None
        while names != before:  # a listing takes time: it may have a shard and lack another one, written before it
            names, before = listed(self.path), names
        return sorted((header_of(self.path / SHARDS / n) for n in names), key=lambda h: (h.key, h.first))

    def shards(self, keys: str | Sequence[str] | None = None) -> tuple[Header, ...]:
        """Headers of the shards of these trajectories, all by default, by trajectory and configuration.

        Raises:
            Damaged: a shard that should be there is not, or one is not what was written, foreign or a copy.
            KeyError: no such trajectory.
        """
        wanted = [keys] if isinstance(keys, str) else keys
        must = sealed(self.path)  # first: a shard that is written and sealed meanwhile is not missing
        found = self.headers()
        refuse_incomplete(found, self.meta, must, self.path, wanted)
        if wanted is not None:
            there = dict.fromkeys(h.key for h in found)
            for key in wanted:
                if key not in there:
                    raise KeyError(f"no trajectory {key!r} in {self.path}; there are {', '.join(map(repr, there))}")
            found = [h for h in found if h.key in set(wanted)]
        refuse_copies(self.path, found)
        return tuple(found)

    def append(self, t: Trajectory, *, first: int | None = None) -> Header:
        """Writes configurations as one shard, after those that their trajectory has already.

        Many processes may write at once. If two write different configurations under the same number, the second one is
        refused. Writing the same configurations again changes nothing.

        Args:
            t: becomes one shard; 20 to 200 MB are a good size, and ``Writer`` collects as many configurations.
            first: number of the first configuration, where several write parts of one trajectory.

        Raises:
            ValueError: other descriptors than those of the database, another temperature or other arrays than the shards of
                this key, or configurations that they hold already.
            FileExistsError: another writer was faster.
            OSError: no space left; nothing is left behind.
        """
        following = self.check(t)
        first = following if first is None else first
        path = self.path / SHARDS / shard_name(t.key, first)
        if not path.exists():
            refuse_repeats(known_fingerprints(self.path, of_key(self.path, t.key)), t)
            with contextlib.suppress(FileExistsError):
                return write_shard(path, t, first=first, meta=self.meta, precision=self.precision)
        there = header_of(path)
        if (there.key, there.content) != (t.key, fingerprint_of_data(t)):
            raise FileExistsError(
                f"{path}: another writer has written configuration {first} of {t.key!r} already, and it stays; one writer for "
                "each trajectory, or give first="
            )
        if not same_rows(there, t, self.precision):
            raise ValueError(
                f"force_descriptors of trajectory {t.key!r}: expected those that {path.name} holds for these configurations, "
                "got others; the sign or the descriptor is another one: take another database"
            )
        return there

    def check(self, t: Trajectory) -> int:
        """Refuses what ``append`` refuses, but for copies. Returns the number that the first configuration will have."""
        refuse_descriptors(t, self.descriptor_names, self.path.name)
        there = of_key(self.path, t.key)
        if not there:
            return 0
        refuse_unlike(t, there[-1].temperature, there[-1].arrays)
        return there[-1].last + 1

    def seal(self, shards: Sequence[Header] | None = None) -> int:
        """Records that shards, all by default, must stay. Returns their number."""
        must = {h.name: h.digest for h in (self.shards() if shards is None else shards)}
        if must:
            write_seal(self.path, {"meta": self.meta, "shards": must})
        return len(must)

    def unsealed(self, shards: Sequence[Header] | None = None) -> int:
        """Number of shards that no seal lists; their loss would go unnoticed."""
        known = sealed(self.path)
        return sum(h.name not in known for h in (self.shards() if shards is None else shards))

    def read(self, keys: str | Sequence[str] | None = None) -> Dataset:
        """Reads these trajectories, all by default, into memory and checks every number.

        Raises:
            MemoryError: they take more than half the memory of this machine.
            Damaged: something is missing or not what was written.
        """
        found = self.shards(keys)
        size = sum(math.prod(a.shape) * 8 for h in found for a in h.arrays.values())
        way = "name some by keys=, or take fisherlib.cluster.accumulate, which needs none of them in memory"
        refuse_large(f"{self.path}: its trajectories", size, way)
        parts: dict[str, list[Trajectory]] = {}
        for header in found:
            with Shard(self.path / SHARDS / header.name, header.digest) as shard:
                parts.setdefault(header.key, []).append(shard.trajectory(self.descriptor_names))
        if not parts:
            raise ValueError(f"{self.path}: expected at least one shard, got none; write some with Database.append")
        known = {name: about for name, about in self.about.items() if name in ("descriptor", "reference")}
        provenance = {"file": printable(self.path.name), **known}
        return Dataset([join(t) for t in parts.values()], provenance=provenance)

    def verify(self, *, progress: Progress | None = None) -> list[str]:
        """Reads every byte. Returns a sentence for everything that is missing, damaged or foreign.

        ``progress`` is called with (shards done, in all).
        """
        return findings(self.path, self.shards, progress)
