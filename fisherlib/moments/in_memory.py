"""Moments of trajectories that are in memory."""

import hashlib
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ..dataset import Dataset, Trajectory
from .collection import Moments
from .record import MomentRecord
from .sums import Sums, rows_per_block


def fingerprint(t: Trajectory) -> str:
    """BLAKE2b of the numbers of atoms, energies, forces and descriptors: the same data under another key have the same."""
    digest = hashlib.blake2b(digest_size=16)
    for array in (t.n_atoms, t.energies, t.forces, t.descriptors):
        digest.update(array)
    return digest.hexdigest()


def fingerprints(t: Trajectory) -> NDArray[np.uint64]:
    """(M,) BLAKE2b of each configuration, 64 bits: of its energy, forces and descriptors."""
    edges = 3 * np.concatenate([[0], np.cumsum(t.n_atoms)])
    found = np.empty(len(t), np.uint64)
    for m in range(len(t)):
        digest = hashlib.blake2b(t.forces[edges[m] : edges[m + 1]], digest_size=8)
        digest.update(t.energies[m : m + 1])
        digest.update(t.descriptors[m])
        found[m] = int.from_bytes(digest.digest(), "little")
    return found


def _record(t: Trajectory, block_rows: int) -> MomentRecord:
    Phi, F, sums = t.force_descriptors, t.forces, Sums(t.K)
    stored = np.empty((min(block_rows, len(F)), t.K)) if Phi.dtype != np.float64 else None
    for start in range(0, len(F), block_rows):
        block = Phi[start : start + block_rows]
        if stored is not None:  # stored as float32, summed as float64
            np.copyto(stored[: len(block)], block)
            block = stored[: len(block)]
        sums.add(block, F[start : start + block_rows])
    digests = frozenset([fingerprint(t)])
    return sums.record(t.descriptors, t.energies, t.n_atoms, temperature=t.temperature, digests=digests)


def accumulate(
    data: Dataset | Iterable[Trajectory],
    *,
    block_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Moments:
    """Moments of every trajectory, in one pass over Φ.

    Memory beyond the data is a few K × K matrices and one block. Configurations of different size N are summed as
    they are: every force component has the same weight, so a configuration weighs by its number of atoms. For data
    that do not fit into memory, or that several processes share, there is ``fisherlib.cluster.accumulate``.

    Args:
        data: a dataset, or any iterable of trajectories (which may be read one after the other).
        block_rows: rows of Φ per block; about 4 MB without it.
        progress: called with (trajectories done, trajectories in all) after each.

    Raises:
        ValueError: no trajectory, a key twice, or no rows in a block.
        TypeError: a descriptor database.
    """
    if block_rows is not None and block_rows < 1:
        raise ValueError(f"block_rows: expected at least 1, got {block_rows}")
    if not isinstance(data, Iterable) or isinstance(data, str):
        raise TypeError(
            f"data: expected a dataset or trajectories, got {type(data).__name__}; a file is read by fisherlib.io.read, "
            "and a descriptor database summed by fisherlib.cluster.accumulate"
        )
    trajectories = data.values() if isinstance(data, Dataset) else data
    total = len(data) if hasattr(data, "__len__") else 0
    records: dict[str, MomentRecord] = {}
    for t in trajectories:
        if t.key in records:
            raise ValueError(f"data: expected different keys, got {t.key!r} twice")
        records[t.key] = _record(t, block_rows or rows_per_block(t.K))
        if progress is not None:
            progress(len(records), total)
    about = {"descriptor": data.provenance["descriptor"]} if "descriptor" in getattr(data, "provenance", {}) else {}
    return Moments(records, about=about)
