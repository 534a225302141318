"""What is where in a descriptor database, what it is about, and files that are there in full or not at all.

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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from ..archive import write_atomically
from ..compression import opened
from ..strict import parse_json

META, SHARDS, SEALS, MOMENTS = "meta.json", "shards", "seals", "moments"
#: Suffixes of shards, of unfinished files, and of shards that were taken out.
SUFFIX, PARTIAL, RETRACTED = ".npz", ".partial", ".retracted"

#: Units of the numbers in a database; other units are converted before they are written. They are part of the fingerprint
#: that every shard carries, so that an entry more would make strangers of all databases that were written before.
UNITS = {"energies": "eV", "forces": "eV/Å", "positions": "Å", "cell": "Å", "temperature": "K", "Φ": "−∂D/∂x, [D]/Å"}
#: The same of what only some shards have.
UNITS_OF_STRAINS = {"virials": "eV", "Ψ": "−∂D/∂ε, [D]"}
#: Of the shards. Before the first release, 1 stood for shards in HDF5.
FORMAT = 2


class Damaged(ValueError):
    """A file of a database is not what was written."""


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

    Where ``size``, the bytes that it will take, is more than is free, nothing is written.

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


def plain(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """A description as it will be when it is read back.

    Raises:
        ValueError: something that JSON cannot hold.
    """
    try:
        return json.loads(canonical(dict(descriptor)))
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"descriptor: expected names with numbers, words or lists of them, got others ({error})"
        ) from None


def write_meta(path: Path, about: Mapping[str, Any]) -> None:
    """Makes the folders of a database and says what it is about.

    Raises:
        FileExistsError: there is a database already, or something else.
    """
    if (path / META).exists():
        raise FileExistsError(f"{path}: there is a database already; take Database.open to add to it")
    if path.exists() and (not path.is_dir() or {p.name for p in path.iterdir()} - {SHARDS, SEALS, MOMENTS}):
        raise FileExistsError(f"{path}: expected a new or an empty folder, got other files or a file; take another")
    for folder in (SHARDS, SEALS, MOMENTS):
        (path / folder).mkdir(parents=True, exist_ok=True)
    content = canonical({"about": dict(about), "fingerprint": fingerprint(canonical(about))})
    publish(path / META, lambda file: file.write(content))


def read_meta(path: Path) -> dict[str, Any]:
    """What ``write_meta`` was given.

    Raises:
        FileNotFoundError: no database there.
        Damaged: it was changed since, or has another format.
    """
    try:
        with opened(path / META, 2**26) as file:
            content = file.read()
        known = parse_json(content, META, "what a database is about")
        about = known["about"]
        if fingerprint(canonical(about)) != known["fingerprint"] or canonical(known) != content:
            raise ValueError("fingerprint")
        if about["units"] != UNITS or not about["descriptor_names"]:
            raise ValueError("units or names")
        form = about["format"]
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{path}: expected a descriptor database, a folder with {META}, got none") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(
            f"{path / META}: expected what Database.create wrote, got something else ({error}); restore it from a copy"
        ) from None
    if form != FORMAT:
        raise Damaged(
            f"{path / META}: expected a database of format {FORMAT}, got format {form!r:.20}, which another version of fisherlib "
            "wrote (1: shards in HDF5, before the first release); write the data into a new database"
        )
    return about
