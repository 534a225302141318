"""What the reader is made of: its error, its records, and the stand-ins for the names found in a file."""

from collections.abc import Callable
from typing import Any

import numpy as np

#: Python hashes numbers modulo this one; so many others may have the hash of a key, as (−1, 0) and (−2, 0) do.
_PRIME, _MOST_ALIKE = 2**61 - 1, 64
_HASHABLE = (str, bytes, int, float, complex, np.generic, type(None))


class UnsafePickle(ValueError):
    """A pickle file that cannot be read as plain data: hostile, damaged, truncated, or naming what is not data."""


class Refused(Exception):
    """Why the file being read is refused; `load` turns it into an `UnsafePickle` that names the file."""


class Record:
    """An object of a foreign class, kept as data.

    Attributes:
        name: The class, such as `"ase.atoms.Atoms"`.
        args: What it was made from, a tuple.
        state: What it holds, a dict for most classes (attributes, and the items of a dict-like object), or None.
    """

    __slots__ = ("args", "name", "state")

    def __init__(self, name: str, args: tuple[Any, ...] = (), state: Any = None) -> None:
        self.name, self.args, self.state = name, args, state

    def __repr__(self) -> str:
        holds = ", ".join(map(str, self.state)) if isinstance(self.state, dict) else type(self.state).__name__
        return f"Record({self.name!r}: {holds})"

    def _build(self, state: object) -> None:
        if self.state is None:
            self.state = state
        elif type(self.state) is dict and type(state) is dict:
            self.state = {**self.state, **state}
        else:
            raise Refused(f"gives the state of one {self.name} twice")


class Name:
    """Stand-in for a global named in the file: its text, and the function of ours that answers a call of it."""

    __slots__ = ("call", "is_class", "text")

    def __init__(self, text: str, call: Callable[..., Any], *, is_class: bool = False) -> None:
        self.text, self.call, self.is_class = text, call, is_class


class Allowance:
    """Limits what is made from a file to a small multiple of its size, in memory and in time, so that a small file takes little."""

    def __init__(self, size: int) -> None:
        self.left = 16 * size + (1 << 16)
        self._of_hash: dict[int, object] = {}  # the first key of each hash
        self._alike: dict[int, list] = {}  # the others

    def spend(self, amount: int) -> None:
        """Account for `amount` new bytes; a new reference counts as eight."""
        self.left -= amount
        if self.left < 0:
            raise Refused("would unpack to far more than its own size")

    def hashed(self, keys: Any) -> Any:
        """`keys`, refused where one is not quick and safe to hash as a key or as a member of a set, or where many hash alike."""
        check_keys(keys)
        for key in keys:
            kind = type(key)
            if kind is str or kind is bytes or (kind is int and -_PRIME < key < _PRIME):
                continue  # hashed with a secret, or each by itself
            first = self._of_hash.setdefault(hash(key), key)
            if first is not key and first != key and key not in (alike := self._alike.setdefault(hash(key), [])):
                alike.append(key)
                if len(alike) > _MOST_ALIKE:
                    raise Refused("has many different keys of one hash, which no data have by chance")
        return keys


def check_keys(keys: Any) -> None:
    """Refuse what is not quick and safe to hash."""
    # Hashing a tuple is recursive C without a depth limit, and exponential for tuples that share parts.
    for key in (key for key in keys if type(key) is not str):
        flat = key if type(key) is tuple else (key,)
        if len(flat) > 64 or not all(isinstance(part, _HASHABLE) for part in flat):
            kind = type(key).__name__
            raise Refused(f"has a {kind} that is not made of plain scalars as a key or as a member of a set")
        if any(isinstance(part, int) and part.bit_length() > 64 for part in flat):
            raise Refused("has an integer of more than 64 bits as a key")
