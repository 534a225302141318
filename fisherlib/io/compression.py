"""Files opened for reading, unpacked where their suffix says that they are compressed, within limits of memory."""

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from .scratch import Scratch
from .strict import regular

#: Bytes that a compressed file may unpack to, at most; one of n bytes to ``TIMES`` n or ``ALWAYS`` at most.
LIMIT, TIMES, ALWAYS = 2**30, 200, 2**24
_OPENERS: dict[str, Callable[[Any], Any]] = {".gz": gzip.open, ".gzip": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
#: Suffixes of compressed files.
SUFFIXES = tuple(_OPENERS)
_DAMAGED = (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError, MemoryError)


def plain_name(path: Path) -> str:
    """The name of a file without the suffix of its compression.

    >>> plain_name(Path("runs/md.xyz.GZ"))
    'md.xyz'
    """
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def opened(path: Path, limit: int = LIMIT) -> BinaryIO:
    """A file opened for reading bytes, with ``seek``; a compressed one is unpacked into memory, and so is known to be intact.

    Args:
        path: of the file; ``.gz``, ``.gzip``, ``.bz2`` and ``.xz`` are compressed, others are opened as they are.
        limit: bytes that it may hold, compressed or not.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a folder, pipe or device; damaged, or more content than ``limit`` or than ``TIMES`` its size.

    >>> from fisherlib.io import find
    >>> with opened(find("data/theta_energy.json")) as file:
    ...     file.read(1)
    b'{'
    """
    size = regular(path).stat().st_size
    if path.suffix.lower() not in SUFFIXES:
        if size > limit:
            raise _too_large(path, limit)
        return open(path, "rb")
    most = min(limit, max(TIMES * size, ALWAYS))
    content = _read(path, most + 1)
    if len(content) > most:
        raise _too_large(path, most)
    return io.BytesIO(content)


def read_bytes(path: Path, limit: int = LIMIT) -> bytes:
    """All bytes of a file, unpacked if its name says that it is compressed. Raises as ``opened`` does.

    >>> from fisherlib.io import find
    >>> read_bytes(find("data/theta_energy.json"))[:1]
    b'{'
    """
    with opened(path, limit) as file:
        return file.read()


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The path of a file whose content is not compressed: its own, or that of a copy that is removed afterwards.

    So every reader takes compressed files. Raises as ``opened`` does.

    >>> from fisherlib.io import find
    >>> with unpacked(find("data/theta_energy.json")) as path:
    ...     path.name
    'theta_energy.json'
    """
    if path.is_dir() or path.suffix.lower() not in SUFFIXES:
        yield path
        return
    scratch = Scratch()
    try:
        with opened(path) as packed, open(scratch.path / plain_name(path), "wb") as plain:
            shutil.copyfileobj(packed, plain)
        yield scratch.path / plain_name(path)
    finally:
        scratch.close()


def beginning(path: Path, size: int) -> bytes:
    """The first bytes of the content of a file; no more of it is unpacked. Raises as ``opened`` does.

    >>> from fisherlib.io import find
    >>> beginning(find("data/theta_energy.json"), 1)
    b'{'
    """
    return _read(regular(path), size)


def _read(path: Path, size: int) -> bytes:
    opener = _OPENERS.get(path.suffix.lower())
    if opener is None:
        with open(path, "rb") as plain:
            return plain.read(size)
    with open(path, "rb") as packed:  # what cannot be opened is not called damaged
        try:
            with cast(IO[bytes], opener(packed)) as file:
                return file.read(size)
        except _DAMAGED as error:
            why = str(error) or "it asks for more memory than there is"
            raise ValueError(
                f"{path.name}: expected an intact {path.suffix}, got a damaged or truncated one ({why:.120}); copy it again "
                "from its source"
            ) from error


def _too_large(path: Path, most: int) -> ValueError:
    unpack = "unpack it first and " if path.suffix.lower() in SUFFIXES else ""
    way = f"{unpack}split it, or write it as .npz"
    return ValueError(f"{path.name}: expected at most {most / 2**20:.3g} MB of content, got more; {way}")
