"""Reads foreign pickle files as plain data, importing and running nothing that the file names."""

import os
from pathlib import Path

from ._machine import Machine
from ._opcodes import run
from ._parts import Allowance, Record, Refused, UnsafePickle
from ._plain import Plain

__all__ = ["Record", "UnsafePickle", "load"]

_WAY_OUT = "nothing was run; ask its author for the same data as .npz or extended xyz"


def load(path: str | os.PathLike[str]) -> object:
    """Read a pickle file as plain data.

    Whatever the file says, the answer holds only dict, list, tuple, set, frozenset, str, bytes, int, float, complex,
    bool, None, numpy scalars, `numpy.ndarray` (read-only; object arrays hold such values) and `Record`.
    An `ase.Atoms` is a `Record` whose `state["arrays"]` is a dict of arrays; a pandas DataFrame is a dict of columns
    (its row index is dropped) and a Series is one array. Neither ase, pandas nor pyarrow is needed.

    Args:
        path: The file; not compressed, one pickled object, protocols 0 to 5.

    Raises:
        UnsafePickle: The file is hostile, damaged, truncated, or holds something that is not data.
        OSError: The file cannot be opened.
    """
    path = Path(path)
    with path.open("rb", buffering=1 << 16) as handle:
        size = os.fstat(handle.fileno()).st_size
        allowance = Allowance(size)
        try:
            value = run(Machine(handle, size, allowance))
            if handle.read(1):
                raise Refused(f"holds a second object after byte {handle.tell() - 1}; write one object to a file")
            return Plain(allowance)(value)
        except Refused as refused:
            raise UnsafePickle(f"{path} {refused}; {_WAY_OUT}.") from None
        except MemoryError:
            where = f"asks for more memory than there is, near byte {handle.tell()} of {size}"
            raise UnsafePickle(f"{path} {where}; {_WAY_OUT}.") from None
        except Exception as error:  # whatever a damaged file provokes in the standard library or in numpy
            damage = f"is not a readable pickle file, or is damaged or truncated near byte {handle.tell()} of {size}"
            found = f"{type(error).__name__}: {str(error)[:120]}".rstrip(": ")
            raise UnsafePickle(f"{path} {damage} ({found}); {_WAY_OUT}.") from None
