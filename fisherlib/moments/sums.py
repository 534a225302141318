"""The only place where Φ is multiplied by itself: ΦᵀΦ, ΦᵀF and F·F of blocks of rows, added in the order they come."""

import copy

import numpy as np

from ..dataset import Array
from .record import MomentRecord
from .strain import StrainSums

#: float64 numbers in a block of Φ: 4 MB, so that the block is still in the cache for ΦᵀF after ΦᵀΦ.
BLOCK_NUMBERS = 2**19
#: Fewest rows of a block: with so many, adding its (K, K) matrix costs little beside multiplying.
FEWEST_ROWS = 1024


#: Rows of a block are a multiple of this, so that each block begins where the first one does in a line of the cache. On
#: some processors the bits of a product depend on that, and a block would have others alone than among the rest.
LINE = 8


def rows_per_block(K: int) -> int:
    """Rows of Φ that are multiplied at once."""
    return max(FEWEST_ROWS, BLOCK_NUMBERS // K // LINE * LINE)


class Sums:
    """Sums over rows, block by block, in the memory of two (K, K) matrices.

    Blocks added in the same order give the same bits.

    Args:
        K: number of descriptors.
    """

    def __init__(self, K: int) -> None:
        self._PhiPhi, self._of_block, self._PhiF = np.zeros((K, K)), np.empty((K, K)), np.zeros(K)
        self._FF, self._rows = 0.0, 0
        self._strain: StrainSums | None = None

    def copy(self) -> "Sums":
        """The same sums, to which more may be added without changing these."""
        other = copy.copy(self)
        other._PhiPhi, other._PhiF = self._PhiPhi.copy(), self._PhiF.copy()
        return other

    def add(self, Phi: Array, F: Array) -> None:
        """Adds a block of rows.

        Args:
            Phi: (n, K) contiguous float64, [D]/Å.
            F: (n,) eV/Å.

        Raises:
            ValueError: another number of rows or columns.
        """
        if Phi.shape != (len(F), len(self._PhiF)):
            raise ValueError(
                f"Phi: expected {len(F)} × {len(self._PhiF)} numbers, got {' × '.join(map(str, Phi.shape))}"
            )
        with np.errstate(over="ignore", invalid="ignore"):  # overflow is refused after the last block
            self._add(Phi, F)

    def _add(self, Phi: Array, F: Array) -> None:
        # Numpy uses BLAS's syrk for AᵀA, half the work of a product. scipy's dsyrk would add in place, but it holds Python's
        # global lock, so the thread that reads the next block would wait.
        self._PhiPhi += np.matmul(Phi.T, Phi, out=self._of_block)
        self._PhiF += F @ Phi
        self._FF += float(F @ F)
        self._rows += len(F)

    def add_strains(self, Psi: Array, W: Array) -> None:
        """Adds virials of configurations.

        Args:
            Psi: (m, 6, K) strain descriptors, [D].
            W: (m, 6) eV.
        """
        flat, w = Psi.reshape(-1, Psi.shape[2]), W.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            sums = StrainSums(configurations=len(W), PsiPsi=flat.T @ flat, PsiW=w @ flat, WW=float(w @ w))
        self._strain = sums if self._strain is None else self._strain + sums

    def record(
        self,
        D: Array,
        E: Array,
        n: np.ndarray,
        *,
        elements: tuple[int, ...] = (),
        temperature: float | None,
        digests: frozenset[str],
        identity: int | None = None,
    ) -> MomentRecord:
        """The record of these rows and of their configurations. It takes the arrays, so nothing may be added after this.

        Args:
            D: (M, K), summed over the atoms of a configuration.
            E: (M,) eV.
            n: (M, S) atoms of each element, or (M, 1) all atoms.
            elements: S atomic numbers, or none.
            temperature: K, or None.
            digests: of the data.
            identity: of the configurations.
        """
        z = np.column_stack([D, E, n])
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
            elements=elements,
            strain=self._strain,
            temperature=temperature,
            digests=digests,
            identity=identity,
        )
