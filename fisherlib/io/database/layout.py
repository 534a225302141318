"""Names in a descriptor database, and files that are there in full or not at all.

db/
  meta.json     descriptor, K, names, units and sign; every shard repeats its fingerprint
  shards/       <trajectory>-<first configuration>.npz, never changed
  seals/        lists of shards that must stay; their union counts
  moments/      records of shards that were summed already
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from ..archive import write_atomically

META, SHARDS, SEALS, MOMENTS = "meta.json", "shards", "seals", "moments"
#: Suffixes of shards, of unfinished files, and of shards that were taken out.
SUFFIX, PARTIAL, RETRACTED = ".npz", ".partial", ".retracted"

#: Units of the numbers in a database; other units are converted before they are written.
UNITS = {"energies": "eV", "forces": "eV/Å", "positions": "Å", "cell": "Å", "temperature": "K", "Φ": "−∂D/∂x, [D]/Å"}


def fingerprint(content: bytes) -> str:
    """BLAKE2b, 128 bits, hexadecimal."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def slug(key: str) -> str:
    """A key as part of a file name: percent-encoded; a long one is cut and ends in its fingerprint."""
    quoted = quote(key, safe="+=,@ ")
    return quoted if len(quoted) <= 120 else f"{quoted[:80]}~{fingerprint(key.encode())[:12]}"


def shard_name(key: str, first: int) -> str:
    """File name of a shard, from the key of its trajectory and the number of its first configuration."""
    return f"{slug(key)}-{first:09d}{SUFFIX}"


def canonical(content: Any) -> bytes:
    """Canonical JSON: the same content always gives the same bytes."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=1).encode()


def publish(path: Path, write: Callable[[BinaryIO], object], *, size: int = 0) -> None:
    """Makes a file that is there in full or not at all, never replaces another one, and stays after a power failure.

    Args:
        path: of the file.
        write: called with a file open for writing and reading.
        size: bytes that it will take; the free space is checked before anything is written.

    Raises:
        FileExistsError: the name is taken.
        OSError: no space left on the disk, or a file system without hard links; nothing is left behind.
    """
    free = shutil.disk_usage(path.parent).free
    if free < size:
        raise OSError(errno.ENOSPC, f"no space left: {size} bytes wanted, {free} free; nothing was written", str(path))
    write_atomically(path, write, replace=False)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, is on the disk now
    finally:
        os.close(folder)
