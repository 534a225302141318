"""The one place where Φ is multiplied: ΦᵀΦ, ΦᵀF and F·F of blocks of rows, added up in place by BLAS."""

import ctypes
from collections.abc import Callable

import numpy as np
from scipy import LowLevelCallable
from scipy.linalg import blas, cython_blas

from ..dataset import Array
from .record import MomentRecord

#: float64 numbers in a block of Φ: 4 MB, so that ΦᵀF finds in the cache what ΦᵀΦ has just read.
BLOCK_NUMBERS = 2**19
#: Rows that make one call of BLAS worth its start.
FEWEST_ROWS = 512

#: Positions of the whole numbers among the arguments of dsyrk.
_WHOLE = (2, 3, 6, 9)


def _rank_update() -> Callable[[Array, Array], None]:
    """Adds ΦᵀΦ of Φ (n, K) to the lower half of a (K, K) matrix in Fortran order.

    ``scipy.linalg.blas.dsyrk`` holds Python's global lock while it multiplies, so that the thread that reads the next
    block waits for it again and again, and reading takes its time on top. Called through ``ctypes``, the same function
    of the same library does not. It takes pointers, so its signature is looked at first.
    """
    found = LowLevelCallable.from_cython(cython_blas, "dsyrk")
    result, _, arguments = found.signature.rstrip(")").partition(" (")
    kinds = arguments.split(", ")
    whole = tuple(k for k, kind in enumerate(kinds) if kind == "int *")
    if result != "void" or len(kinds) != 10 or whole != _WHOLE:  # BLAS with 64-bit whole numbers
        return lambda Phi, lower: blas.dsyrk(1.0, Phi.T, beta=1.0, c=lower, lower=1, overwrite_c=1)
    text, number, real = ctypes.c_char_p, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_double)
    matrix = ctypes.c_void_p
    address = ctypes.PYFUNCTYPE(matrix, ctypes.py_object, text)(("PyCapsule_GetPointer", ctypes.pythonapi))
    prototype = ctypes.CFUNCTYPE(None, text, text, number, number, real, matrix, number, real, matrix, number)
    dsyrk, one = prototype(address(found.function, found.signature.encode())), ctypes.c_double(1.0)

    def update(Phi: Array, lower: Array) -> None:
        n, K = map(ctypes.c_int, Phi.shape)
        # Φ row by row is Φᵀ column by column, which is what BLAS takes: nothing is copied.
        dsyrk(b"L", b"N", K, n, one, Phi.ctypes.data, K, one, lower.ctypes.data, K)

    return update


_add_rank = _rank_update()


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
        """Adds rows of Φ, (n, K) contiguous float64, [D]/Å, and of F, (n,), eV/Å.

        Raises:
            ValueError: another number of rows or columns.
        """
        if Phi.shape != (len(F), len(self._lower)):
            raise ValueError(
                f"Phi: expected {len(F)} × {len(self._lower)} numbers, got {' × '.join(map(str, Phi.shape))}"
            )
        Phi = np.require(Phi, np.float64, ("C", "A"))  # a view of it, where it is that already
        _add_rank(Phi, self._lower)
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
