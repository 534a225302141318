"""Rows of force descriptors and forces made from a seed, with columns as unequal and as dependent as real ones; databases of them."""

import dataclasses
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from turns import seconds

import fisherlib as fl
from fisherlib.io.database import Database

#: Rows that are made at once.
BLOCK = 8192
#: Share of the forces that no θ explains.
RESIDUAL = 0.2
#: Numbers of Φ in a shard, and trajectories of a database.
SHARD_NUMBERS, TRAJECTORIES = 24_000_000, 4
#: Bytes that are read at once.
READ = 8 << 20


class Rows(NamedTuple):
    """What a fit is given: Φ (3ΣN, K) and F (3ΣN,), cut into M configurations, with their energies and D (M, K)."""

    Phi: NDArray
    F: NDArray
    n_atoms: NDArray
    energies: NDArray
    descriptors: NDArray


def _mixture(rng: np.random.Generator, K: int) -> NDArray:
    """(K, K) that turns white noise into descriptors.

    Scaled to the same norm, K = 55, 204 and 1595 columns of SNAP (147 nickel atoms at 1200 K) have the condition
    numbers 9e1, 1.2e3 and 6e4, which 92 (K/55)^1.9 follows; their own norms differ by three decades.
    """
    condition = 92 * (K / 55) ** 1.9
    orthogonal = np.linalg.qr(rng.normal(size=(K, K)))[0]
    spectrum = np.logspace(0, -np.log10(max(condition, 1.0)), K)
    return spectrum[:, None] * orthogonal * 10.0 ** rng.uniform(-1.5, 1.5, size=K)


def made(rows: int, K: int, *, rows_per_configuration: int = 150, seed: int = 0) -> Rows:
    """``rows`` (rounded down to whole atoms) of K descriptors; nothing larger than a block is held besides them."""
    rng, atoms = np.random.default_rng(seed), rows // 3
    mixture = _mixture(rng, K)
    theta = rng.normal(size=K) / np.linalg.norm(mixture, axis=0)
    Phi, F, noise = np.empty((3 * atoms, K)), np.empty(3 * atoms), np.empty((BLOCK, K))
    for start in range(0, len(F), BLOCK):
        block = Phi[start : start + BLOCK]
        np.matmul(rng.standard_normal(out=noise)[: len(block)], mixture, out=block)
        F[start : start + BLOCK] = block @ theta
    F += RESIDUAL * F.std() * rng.normal(size=len(F))
    M = max(1, min(atoms, rows // rows_per_configuration))
    n_atoms = np.diff(np.linspace(0, atoms, M + 1).astype(int))
    descriptors = rng.normal(size=(M, K)) @ mixture
    return Rows(Phi, F, n_atoms, descriptors @ theta + rng.normal(size=M), descriptors)


def dataset(rows: Rows, *, precision: type = np.float64) -> fl.Dataset:
    """The rows as one trajectory; nothing is copied unless Φ is stored in another precision."""
    trajectory = fl.Trajectory(
        key="made",
        temperature=300.0,
        n_atoms=rows.n_atoms,
        energies=rows.energies,
        descriptors=rows.descriptors,
        forces=rows.F,
        force_descriptors=rows.Phi.astype(precision, copy=False),
    )
    return fl.Dataset([trajectory])


def written(folder: Path, K: int, gigabytes: float, *, shard_numbers: int = SHARD_NUMBERS) -> Database:
    """A database of float32 shards of a few trajectories; the rows of each shard are those of the first, scaled."""
    database = Database.create(folder, descriptor_names=[f"D{k}" for k in range(K)])
    shards = max(1, round(1e9 * gigabytes / (4 * shard_numbers)))
    (t,) = dataset(made(shard_numbers // K, K), precision=np.float32).values()
    t = dataclasses.replace(t, descriptor_names=database.descriptor_names)
    headers = []
    for n in range(shards):
        scale = np.float32(1 + n / 64)
        scaled = {"forces": scale * t.forces, "force_descriptors": scale * t.force_descriptors}
        headers.append(database.append(dataclasses.replace(t, key=f"t{n % TRAJECTORIES}", **scaled)))
    database.seal(headers)
    return database


def checksum_bandwidth() -> float:
    """Bytes a second of the checksum that a reader of shards takes of every byte, on one core."""
    block = np.random.default_rng(0).bytes(READ)
    return len(block) / min(seconds(lambda: zlib.crc32(block)) for _ in range(9))
