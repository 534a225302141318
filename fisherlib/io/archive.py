"""Arrays in an ``.npz``: read one by one or all at once; a file is written in full or not at all."""

import contextlib
import errno
import hashlib
import math
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .strict import intact, regular

#: Bytes that the arrays read from a file of n bytes may take: ``TIMES`` n, or ``ALWAYS`` at most.
TIMES, ALWAYS = 200, 2**26
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


def write_atomically(path: Path, write: Callable[[BinaryIO], object], *, replace: bool = True) -> None:
    """Calls ``write(open file)`` on a temporary file and moves it to ``path``, so that no half-written file is left.

    Raises:
        FileExistsError: without ``replace``, a file of that name is there.
        OSError: no space left, for instance; nothing was written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
    try:
        with open(partial, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        (os.replace if replace else _link)(partial, path)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(partial)):  # name the file that the caller knows
            raise OSError(error.errno, f"{error.strerror}; nothing was written", str(path)) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _link(partial: Path, path: Path) -> None:
    """Gives a file a second name, unless that exists; replacing would overwrite what another process has just written."""
    try:
        os.link(partial, path)
    except FileExistsError:
        # Two links: the name is ours. Over a network the first answer may get lost, and the call be repeated.
        if os.stat(partial).st_nlink < 2:
            raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        refused = f"this file system has no hard links ({error.strerror}); take another"
        raise OSError(error.errno, refused, str(path)) from error


def checksum(arrays: Iterable[ArrayLike]) -> str:
    """BLAKE2b of types, shapes and bytes, hexadecimal, 128 bits.

    It reveals accidents, such as a script that writes into the file. It is no protection against forgery.
    """
    digest = hashlib.blake2b(digest_size=16)
    for array in map(np.ascontiguousarray, arrays):
        digest.update(f"{array.dtype.str} {array.shape} ".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def write_arrays(arrays: Iterable[tuple[str, ArrayLike]], path: Path) -> None:
    """Writes named arrays one by one, so that only one of them has to be in memory."""

    def write(file: BinaryIO) -> None:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for name, array in arrays:
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)

    write_atomically(path, write)


def write_sealed(content: Mapping[str, ArrayLike], path: Path, format: str) -> None:
    """Writes named arrays with the name of their format and a checksum of all, in full or not at all."""
    content = {"format": np.array(format), **content}
    write_arrays([*content.items(), ("checksum", np.array(checksum(content.values())))], path)


def read_sealed(path: Path, format: str, what: str) -> dict[str, NDArray]:
    """The named arrays of ``write_sealed``; ``what`` they are, and what writes them, for the error message.

    Raises:
        ValueError: another format, or a content that has changed since it was written.
    """
    with Arrays(path) as arrays:
        content = {name: arrays[name] for name in arrays}
    if str(content.pop("format", "")) != format:
        names = ", ".join(sorted(content)[:9])
        raise ValueError(f"{path.name}: expected {what}, got arrays {names or 'none'}")
    stated = str(content.pop("checksum", ""))
    if stated != checksum([np.array(format), *content.values()]):
        raise ValueError(f"{path.name}: expected what was written, got other bytes; write {what} anew")
    return content


class Arrays(Mapping[str, NDArray], contextlib.AbstractContextManager["Arrays"]):
    """The arrays of an ``.npz``, each read on access; ``with Arrays(path) as arrays``.

    What is read may take ``TIMES`` the bytes of the file, or ``ALWAYS``: zeros pack a thousandfold.

    Raises:
        ValueError: the file is a pipe or a device, is damaged, truncated, holds objects, holds an array twice, or would unpack
            to far more than its own size.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._size = regular(path), path.stat().st_size
        self._left, self._taken = max(TIMES * self._size, ALWAYS), set[str]()
        with contextlib.ExitStack() as closing:
            with self._readable():
                self._zip = closing.enter_context(zipfile.ZipFile(path))
            members = [(m.filename.removesuffix(".npy"), m) for m in self._zip.infolist()]
            self._members = dict(members)
            if len(self._members) < len(members):
                counts = Counter(name for name, _ in members)
                twice = ", ".join(repr(name) for name in sorted(n for n in counts if counts[n] > 1)[:9])
                raise ValueError(
                    f"{path.name}: expected each array once, got {twice} twice; write the file anew with the one that counts"
                )
            closing.pop_all()  # it stays open

    def _readable(self) -> contextlib.AbstractContextManager[None]:
        return intact(self._path.name, ".npz of plain arrays")

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def described(self, name: str) -> tuple[tuple[int, ...], np.dtype]:
        """Shape and type of an array, which is not read."""
        with self._readable(), self._zip.open(self._members[name]) as file:
            return _head(file, self._members[name])

    def __getitem__(self, name: str) -> NDArray:
        member = self._members[name]
        with self._readable():  # deflate reaches 1032
            if member.compress_size > self._size or member.file_size > 1100 * max(member.compress_size, 1):
                raise ValueError(f"{member.filename} claims {member.file_size} bytes from {member.compress_size}")
        if name not in self._taken and member.file_size > self._left:
            raise ValueError(
                f"{self._path.name}: expected arrays of at most {TIMES} times the {self._size} bytes of the file, got more with "
                f"{name!r:.40}; leave it out, or write the file by numpy.savez, without compression"
            )
        if name not in self._taken:
            self._taken.add(name)
            self._left -= member.file_size
        self.described(name)
        with self._readable(), self._zip.open(member) as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read_arrays(path: Path, wanted: Callable[[str], bool] | None = None) -> dict[str, NDArray]:
    """The arrays of an ``.npz`` whose names are ``wanted``, or all; raises as ``Arrays`` does."""
    with Arrays(path) as arrays:
        return {name: arrays[name] for name in arrays if wanted is None or wanted(name)}


def _head(file: IO[bytes], member: zipfile.ZipInfo) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type that an array claims; refused where that is more than its member has."""
    version = np.lib.format.read_magic(file)
    read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_head(file)
    if math.prod(shape) * max(dtype.itemsize, 1) > member.file_size:
        raise ValueError(f"{member.filename} claims shape {shape} of {dtype} in {member.file_size} bytes")
    return shape, dtype
