"""Names in a descriptor database, and files that are either there complete or not at all.

db/
  meta.json     descriptor, K, names, units and sign, which every shard repeats the fingerprint of
  shards/       <trajectory>-<first configuration>.h5, immutable
  seals/        lists of shards that must be there; their union counts
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

META, SHARDS, SEALS, MOMENTS = "meta.json", "shards", "seals", "moments"
#: What shards end in, unfinished files, and shards that were taken out.
SUFFIX, PARTIAL, RETRACTED = ".h5", ".partial", ".retracted"

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)

#: What the numbers of a database are in; other units are converted before they are written.
UNITS = {"energies": "eV", "forces": "eV/Å", "positions": "Å", "cell": "Å", "temperature": "K", "Φ": "−∂D/∂x, [D]/Å"}


def fingerprint(content: bytes) -> str:
    """BLAKE2b, 128 bits, hexadecimal."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def slug(key: str) -> str:
    """A key as a part of a file name: percent-encoded, and shortened by its fingerprint where it is long."""
    quoted = quote(key, safe="+=,@ ")
    return quoted if len(quoted) <= 120 else f"{quoted[:80]}~{fingerprint(key.encode())[:12]}"


def shard_name(key: str, first: int) -> str:
    """File name of the shard that begins with a configuration of a trajectory."""
    return f"{slug(key)}-{first:09d}{SUFFIX}"


def said(content: Any) -> bytes:
    """JSON that is the same for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=1).encode()


def publish(path: Path, write: Callable[[BinaryIO], object], *, room: int = 0) -> None:
    """Makes a file that is there complete or not at all, and never in place of another.

    It is written under a temporary name, flushed to the disk, and linked to its name, which fails if that exists.

    Args:
        path: of the file.
        write: called with a file open for writing and reading.
        room: bytes that it will take, which are looked for first.

    Raises:
        FileExistsError: the name is taken.
        OSError: no space left on the disk, or a file system without hard links; nothing is left behind.
    """
    free = shutil.disk_usage(path.parent).free
    if free < room:
        raise OSError(errno.ENOSPC, f"no space left: {room} bytes wanted, {free} free; nothing was written", str(path))
    partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}{PARTIAL}")
    try:
        with open(partial, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)
        except FileExistsError:
            if (
                os.stat(partial).st_nlink < 2
            ):  # else it is ours: over a network the answer may get lost, and link be repeated
                raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            raise OSError(
                error.errno, f"this file system has no hard links ({error.strerror}); take another", str(path)
            ) from error
    except OSError as error:
        if error.filename is None:  # no space left, for instance, while something was written
            raise OSError(error.errno, f"{error.strerror}; nothing was written", str(path)) from error
        raise
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, is on the disk now
    finally:
        os.close(folder)
