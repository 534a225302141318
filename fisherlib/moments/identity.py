"""Which data are the same: fingerprints of configurations and trajectories, and what their sums must be."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..dataset import Array, Trajectory
from .record import MomentRecord
from .sums import rows_per_block

#: Sums over the same rows in another order, in other blocks or with another BLAS differ by far less than this part; Φ that
#: was stored as float32 in between by at most 6e-8 of it.
SAME_SUMS = 1e-7


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


def identity(prints: NDArray[np.uint64]) -> int:
    """Configurations as one number, the sum of their ``fingerprints`` modulo 2⁶⁴.

    Unlike a ``fingerprint`` it adds: blocks, shards and trajectories have the sum of theirs, in any order. Φ is not in it.
    """
    return int(prints.sum(dtype=np.uint64))


def _sums(t: Trajectory) -> tuple[Array, Array]:
    """ΦᵀF and the diagonal of ΦᵀΦ, anew each time: the array behind Φ may have been written to since."""
    step, PhiF, squares = rows_per_block(t.K), np.zeros(t.K), np.zeros(t.K)
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, len(t.forces), step):
            Phi = t.force_descriptors[start : start + step].astype(np.float64, copy=False)
            PhiF += t.forces[start : start + step] @ Phi
            squares += np.einsum("rk,rk->k", Phi, Phi)
    return PhiF, squares


def difference(record: MomentRecord, t: Trajectory, temperature: float | None = None) -> str:
    """What tells a trajectory from the one that a record is of; empty where nothing does.

    Energies, forces, descriptors and numbers of atoms are held against the record by their fingerprints, so that no digit
    may differ, or by their sums where the record has none; Φ by its sums, which its sign, its scale and its columns change.

    Args:
        record: moments of one trajectory.
        t: that it should be of.
        temperature: K, taken in place of what both say.
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
    """Whether means and spreads of a record without fingerprints are those of a trajectory."""
    z = np.column_stack([t.descriptors, t.energies, t.n_atoms])
    size, mean = np.abs(z).max(axis=0), z.mean(axis=0)
    spread = np.sqrt(((z - mean) ** 2).mean(axis=0))
    theirs = np.sqrt(np.maximum(np.diag(record.scatter), 0) / record.configurations)
    near = (np.abs(record.mean - mean) <= SAME_SUMS * size) & (np.abs(theirs - spread) <= SAME_SUMS * size)
    return bool(near.all() and abs(record.FF - t.forces @ t.forces) <= SAME_SUMS * record.FF)
