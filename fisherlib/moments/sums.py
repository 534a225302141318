"""The one place where Φ is multiplied: ΦᵀΦ, ΦᵀF and F·F of blocks of rows, added up in place by BLAS."""

import numpy as np
from scipy.linalg.blas import dsyrk

from ..dataset import Array
from .record import MomentRecord

#: float64 numbers in a block of Φ: 4 MB, so that ΦᵀF finds in the cache what ΦᵀΦ has just read.
BLOCK_NUMBERS = 2**19
#: Rows that make one call of BLAS worth its start.
FEWEST_ROWS = 512


def rows_per_block(K: int) -> int:
    """Rows of Φ that are multiplied at once."""
    return max(FEWEST_ROWS, BLOCK_NUMBERS // K)


class Sums:
    """Sums over rows, one block after the other; only a (K, K) matrix is held.

    Blocks added in the same order give the same bits.

    Args:
        K: number of descriptors.
    """

    def __init__(self, K: int) -> None:
        self._lower = np.zeros((K, K), order="F")  # BLAS fills only this half
        self._PhiF = np.zeros(K)
        self._FF = 0.0
        self._rows = 0

    def add(self, Phi: Array, F: Array) -> None:
        """Adds rows of Φ, (n, K) contiguous float64, [D]/Å, and of F, (n,), eV/Å."""
        # Φ row by row is Φᵀ column by column, which is what BLAS takes: nothing is copied.
        self._lower = dsyrk(1.0, Phi.T, beta=1.0, c=self._lower, lower=1, overwrite_c=1)
        self._PhiF += F @ Phi
        self._FF += float(F @ F)
        self._rows += len(F)

    def record(
        self, D: Array, E: Array, N: np.ndarray, *, temperature: float | None, digests: frozenset[str]
    ) -> MomentRecord:
        """The record of these rows and of the configurations they belong to; the sums are handed over with it.

        Args:
            D: (M, K), summed over the atoms of a configuration.
            E: (M,) eV.
            N: (M,) atoms.
            temperature: K, or None.
            digests: of the data.
        """
        z = np.column_stack([D, E, N])
        mean = z.mean(axis=0)
        z -= mean
        PhiPhi = self._lower.T  # row by row; its upper half is filled
        for k in range(1, len(PhiPhi)):
            PhiPhi[k, :k] = PhiPhi[:k, k]
        return MomentRecord(
            configurations=len(z),
            rows=self._rows,
            PhiPhi=PhiPhi,
            PhiF=self._PhiF,
            FF=self._FF,
            mean=mean,
            scatter=z.T @ z,
            temperature=temperature,
            digests=digests,
        )
