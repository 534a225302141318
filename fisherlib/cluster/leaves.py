"""What a database is cut into to be summed: leaves, which do not depend on who sums them."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from ..dataset import element_counts, elements_of
from ..io.database import Header, Shard, blocks
from ..io.database.layout import SHARDS, fingerprint, slug
from ..moments import MomentRecord, Sums, identity

#: Rows of Φ in a leaf, in units of K, from which on its record is small beside it: (K, K) against (64 K, K).
ENOUGH_ROWS = 64
#: How leaves are summed; another number forgets all records that were kept.
SUMMED = "3"


class _OneThread:
    """One BLAS thread while any leaf is summed: several would add in another order, and slower on a shared machine.

    Leaves may be summed in several threads of a process, so the first one sets it and the last one sets it back.
    """

    def __init__(self) -> None:
        self._lock, self._inside, self._blas = threading.Lock(), 0, ThreadpoolController()

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limit = self._blas.limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


ONE_THREAD = _OneThread()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leaf:
    """Consecutive shards of one trajectory, summed in one go.

    Attributes:
        key: of the trajectory.
        first: number of the first configuration.
        temperature: K, or None.
        shards: name and digest of each, in order.
        contents: digests of the data.
        rows: of Φ.
        size: of the files, bytes.
    """

    key: str
    first: int
    temperature: float | None
    shards: tuple[tuple[str, str], ...]
    contents: frozenset[str]
    rows: int
    size: int

    @property
    def name(self) -> str:
        """One that only these shards with this content have."""
        digest = fingerprint(" ".join([SUMMED, *(digest for _, digest in self.shards)]).encode())
        return f"{slug(self.key)}-{self.first:09d}-{digest}"


def leaves(shards: Iterable[Header], K: int) -> list[Leaf]:
    """The leaves of shards that are in the order of ``Database.shards``; the same shards give the same leaves."""
    groups: list[list[Header]] = []
    for h in shards:
        full = not groups or sum(g.rows for g in groups[-1]) >= ENOUGH_ROWS * K
        if full or (groups[-1][0].key, groups[-1][0].temperature) != (h.key, h.temperature):
            groups.append([])
        groups[-1].append(h)
    return [
        Leaf(
            key=group[0].key,
            first=group[0].first,
            temperature=group[0].temperature,
            shards=tuple((h.name, h.digest) for h in group),
            contents=frozenset(h.content for h in group),
            rows=sum(h.rows for h in group),
            size=sum(h.size for h in group),
        )
        for group in groups
    ]


def record(path: Path, leaf: Leaf, K: int) -> MomentRecord:
    """The moments of a leaf: a pure function of its shards, the same to the last bit wherever it runs.

    Memory is three (K, K) matrices and three blocks of at least 4 MB.

    Args:
        path: of the database.
        leaf: of its shards.
        K: number of descriptors.

    Raises:
        Damaged: a shard is missing or not what was written.
    """
    sums, arrays = Sums(K), ("descriptors", "energies", "n_atoms", "fingerprints")
    found: dict[str, list[np.ndarray]] = {name: [] for name in (*arrays, "species")}

    def opened() -> Iterable[Shard]:
        for file, digest in leaf.shards:
            with contextlib.ExitStack() as closed:  # unless all is well: then its blocks are read, and close it
                shard = closed.enter_context(Shard(path / SHARDS / file, digest))
                for name in found:
                    if name in shard.header.arrays:
                        found[name].append(shard.array(name))
                if "strain_descriptors" in shard.header.arrays:
                    Psi, W = shard.array("strain_descriptors"), shard.array("virials")
                    known = np.isfinite(W[:, 0])
                    if known.any():
                        sums.add_strains(Psi[known].astype(np.float64), W[known])
                closed.pop_all()
            yield shard

    with ONE_THREAD:
        for Phi, F in blocks(opened(), K):
            sums.add(Phi, F)
        D, E, N, prints = (np.concatenate(found[name]) for name in arrays)
        T, digests = leaf.temperature, leaf.contents
        species = np.concatenate(found["species"]) if len(found["species"]) == len(found["n_atoms"]) else None
        elements = elements_of(species)
        n = element_counts(N, species, elements)
        made = sums.record(D, E, n, elements=elements, temperature=T, digests=digests, identity=identity(prints))
    made.refuse_overflow(f"trajectory {leaf.key!r}, from configuration {leaf.first}")
    return made
