"""Rows of force descriptors and forces made from a seed, with columns as unequal and as dependent as real ones."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import fisherlib as fl

#: Rows that are made at once.
BLOCK = 8192
#: Share of the forces that no θ explains.
RESIDUAL = 0.2


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
