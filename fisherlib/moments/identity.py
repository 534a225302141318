"""Whether data are the same: fingerprints of configurations and of trajectories, and their sums."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Trajectory
from .record import MomentRecord
from .sums import rows_per_block

#: Largest relative difference of sums that count as the same. Another order, other blocks or another BLAS change far less;
#: storing Φ as float32 changes at most 6e-8.
SAME_SUMS = 1e-7


def fingerprint(*parts: Trajectory) -> str:
    """BLAKE2b of the numbers of atoms, energies, forces and descriptors of a trajectory, whole or cut into consecutive parts.

    It does not depend on the key.
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in ("n_atoms", "energies", "forces", "descriptors"):
        for part in parts:
            digest.update(np.ascontiguousarray(getattr(part, name)).data)
    return digest.hexdigest()


def fingerprints(t: Trajectory) -> NDArray[np.uint64]:
    """(M,) BLAKE2b of each configuration, 64 bits: of its energy, forces and descriptors."""
    edges = 3 * np.concatenate([[0], np.cumsum(t.n_atoms)])
    found = np.empty(len(t), np.uint64)
    for m in range(len(t)):
        digest = hashlib.blake2b(t.forces[edges[m] : edges[m + 1]].data, digest_size=8)
        digest.update(t.energies[m : m + 1].data)
        digest.update(t.descriptors[m].data)
        found[m] = int.from_bytes(digest.digest(), "little")
    return found


def identity(prints: NDArray[np.uint64]) -> int:
    """The sum of the ``fingerprints`` of configurations modulo 2⁶⁴: one number that stands for all of them.

    Unlike a ``fingerprint`` it adds up: a trajectory has the sum of its blocks or shards, in any order. Φ does not enter.
    """
    return int(prints.sum(dtype=np.uint64))


def _sums(t: Trajectory) -> tuple[Array, Array]:
    """ΦᵀF and the diagonal of ΦᵀΦ, computed anew each time: somebody may have written to the array behind Φ since."""
    step, PhiF, squares = rows_per_block(t.K), np.zeros(t.K), np.zeros(t.K)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(t.forces), step):
            Phi = t.force_descriptors[start : start + step].astype(np.float64, copy=False)
            PhiF += t.forces[start : start + step] @ Phi
            squares += np.einsum("rk,rk->k", Phi, Phi)
    return PhiF, squares


def difference(record: MomentRecord, t: Trajectory, temperature: float | None = None) -> str:
    """In what a trajectory differs from that of a record; empty text if it is the same.

    Energies, forces, descriptors and numbers of atoms are compared by fingerprint, so no digit may differ, or by their
    sums if the record has no fingerprints. Φ is compared by its sums, which its sign, its scale and its columns change.

    Args:
        record: moments of one trajectory.
        t: that the record should be of.
        temperature: K, if it is used in place of both of theirs.
    """
    if (record.configurations, record.rows, record.K) != (len(t), len(t.forces), t.K):
        return "the number of configurations, atoms or descriptors"
    if temperature is None and None not in (record.temperature, t.temperature) and record.temperature != t.temperature:
        return f"the temperature, {record.temperature:g} K for {t.temperature:g} K"
    if record.identity is None:
        same = record.digests == {fingerprint(t)} or (len(record.digests) != 1 and _same_numbers(record, t))
    else:
        same = record.identity == identity(fingerprints(t))
    if not same:
        return "energies, forces or descriptors"
    PhiF, squares = _sums(t)
    size, theirs = np.sqrt(np.maximum(squares, np.diag(record.PhiPhi))), np.sqrt(np.maximum(np.diag(record.PhiPhi), 0))
    near = np.abs(np.sqrt(squares) - theirs) <= SAME_SUMS * size
    near &= np.abs(PhiF - record.PhiF) <= SAME_SUMS * size * np.sqrt(record.FF)
    return "" if near.all() else "force descriptors"


def _same_numbers(record: MomentRecord, t: Trajectory) -> bool:
    """Whether means and spreads of a record without fingerprints equal those of a trajectory."""
    z, record = np.column_stack([t.descriptors, t.energies, t.n_atoms]), record.over(())
    size, mean = np.abs(z).max(axis=0), z.mean(axis=0)
    spread = np.sqrt(((z - mean) ** 2).mean(axis=0))
    theirs = np.sqrt(np.maximum(np.diag(record.scatter), 0) / record.configurations)
    near = (np.abs(record.mean - mean) <= SAME_SUMS * size) & (np.abs(theirs - spread) <= SAME_SUMS * size)
    return bool(near.all() and abs(record.FF - t.forces @ t.forces) <= SAME_SUMS * record.FF)
