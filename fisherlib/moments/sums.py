"""The one place where Φ is multiplied: ΦᵀΦ, ΦᵀF and F·F of blocks of rows, added up in the order they come."""

import numpy as np

from ..dataset import Array
from .record import MomentRecord

#: float64 numbers in a block of Φ: 4 MB, so that ΦᵀF finds in the cache what ΦᵀΦ has just read.
BLOCK_NUMBERS = 2**19
#: Rows beside which adding up (K, K) matrices costs little.
FEWEST_ROWS = 1024


def rows_per_block(K: int) -> int:
    """Rows of Φ that are multiplied at once."""
    return max(FEWEST_ROWS, BLOCK_NUMBERS // K)


class Sums:
    """Sums over rows, one block after the other; two (K, K) matrices are held.

    Blocks added in the same order give the same bits.

    Args:
        K: number of descriptors.
    """

    def __init__(self, K: int) -> None:
        self._PhiPhi, self._of_block, self._PhiF = np.zeros((K, K)), np.empty((K, K)), np.zeros(K)
        self._FF = 0.0
        self._rows = 0

    def add(self, Phi: Array, F: Array) -> None:
        """Adds rows of Φ, (n, K) contiguous float64, [D]/Å, and of F, (n,), eV/Å.

        Raises:
            ValueError: another number of rows or columns.
        """
        if Phi.shape != (len(F), len(self._PhiF)):
            raise ValueError(
                f"Phi: expected {len(F)} × {len(self._PhiF)} numbers, got {' × '.join(map(str, Phi.shape))}"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # an overflow is refused when all is summed
            self._add(Phi, F)

    def _add(self, Phi: Array, F: Array) -> None:
        # Numpy takes BLAS's syrk for AᵀA, half the work of a product. scipy's dsyrk would add in place, but hold Python's
        # global lock, so that the thread which reads the next block would wait.
        self._PhiPhi += np.matmul(Phi.T, Phi, out=self._of_block)
        self._PhiF += F @ Phi
        self._FF += float(F @ F)
        self._rows += len(F)

    def record(
        self,
        D: Array,
        E: Array,
        N: np.ndarray,
        *,
        temperature: float | None,
        digests: frozenset[str],
        identity: int | None = None,
    ) -> MomentRecord:
        """The record of these rows and of the configurations they belong to; the sums are handed over with it.

        Args:
            D: (M, K), summed over the atoms of a configuration.
            E: (M,) eV.
            N: (M,) atoms.
            temperature: K, or None.
            digests: of the data.
            identity: of the configurations.
        """
        z = np.column_stack([D, E, N])
        with np.errstate(over="ignore", invalid="ignore"):
            mean = z.mean(axis=0)
            z -= mean
            scatter = z.T @ z
        return MomentRecord(
            configurations=len(z),
            rows=self._rows,
            PhiPhi=self._PhiPhi,
            PhiF=self._PhiF,
            FF=self._FF,
            mean=mean,
            scatter=scatter,
            temperature=temperature,
            digests=digests,
            identity=identity,
        )
