"""Decompositions: eigenvalues and eigenvectors of symmetric matrices, each computed once where several ask for them."""

import contextlib
import contextvars
import hashlib
from collections.abc import Callable, Iterator

import numpy as np
from scipy.linalg import eigh, eigvalsh

from ..dataset import Array

_KNOWN: contextvars.ContextVar[dict[str, tuple[Array, ...]] | None] = contextvars.ContextVar("known", default=None)


@contextlib.contextmanager
def decomposed_once() -> Iterator[None]:
    """Within it no matrix is decomposed twice; what is known is forgotten at the end.

    Example:
        >>> with decomposed_once():
        ...     first, again = decomposed(np.eye(2)), decomposed(np.eye(2))
        >>> first[1] is again[1]
        True
    """
    if _KNOWN.get() is not None:
        yield
        return
    token = _KNOWN.set({})
    try:
        yield
    finally:
        _KNOWN.reset(token)


def decomposed(A: Array) -> tuple[Array, Array]:
    """Eigenvalues (K,), ascending, and eigenvectors (K, K), columns, of a symmetric matrix; read-only.

    Example:
        >>> decomposed(np.diag([2.0, 1.0]))[0]
        array([1., 2.])
    """
    values, vectors = _known("vectors", A, eigh)
    return values, vectors


def eigenvalues(A: Array) -> Array:
    """Eigenvalues (K,), ascending, of a symmetric matrix, in a third of the time; read-only.

    Example:
        >>> eigenvalues(np.diag([2.0, 1.0]))
        array([1., 2.])
    """
    return _known("values", A, lambda A: (eigvalsh(A),))[0]


def _known(what: str, A: Array, compute: Callable[[Array], tuple[Array, ...]]) -> tuple[Array, ...]:
    known = _KNOWN.get()
    digest = "" if known is None else what + hashlib.blake2b(np.ascontiguousarray(A).data, digest_size=16).hexdigest()
    if known is not None and digest in known:
        return known[digest]
    found = compute(A)
    for array in found:
        array.flags.writeable = False
    if known is not None:
        known[digest] = found
    return found
