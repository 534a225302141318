"""The rows of a database, for what needs the data once more: a refinement of θ."""

import os
from collections.abc import Iterator, Sequence

from ..io.database import Database, Shard, blocks
from ..io.database.layout import SHARDS
from ..solvers import Part


class Rows:
    """Φ and F of a database, shard by shard, read anew and checked each time they are gone through.

    ``fl.refine(fit, loss, fl.fisher_residual(fl.cluster.Rows(database)))`` is one pass, of the price of reading.

    Args:
        database: or its path.
        keys: of the trajectories wanted; all without it.
    """

    def __init__(self, database: Database | str | os.PathLike, keys: str | Sequence[str] | None = None) -> None:
        self.database, self.keys = Database.open(database), keys

    def __iter__(self) -> Iterator[Part]:
        K, folder = self.database.K, self.database.path / SHARDS
        for header in self.database.shards(self.keys):
            opened = (Shard(folder / name, digest) for name, digest in [(header.name, header.digest)])
            yield Part(header.temperature, header.configurations, blocks(opened, K))
