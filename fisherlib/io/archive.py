"""Arrays in an ``.npz``: read one by one or all at once; a file is written in full or not at all."""

import contextlib
import errno
import hashlib
import math
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


def write_atomically(path: Path, write: Callable[[BinaryIO], object], *, replace: bool = True) -> None:
    """Calls ``write(open file)`` on a temporary file and moves it to ``path``, so that no half-written file is left.

    Args:
        path: of the file.
        write: called with a file open for writing.
        replace: whether a file of that name is replaced, or stays and ``FileExistsError`` is raised.

    Raises:
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


class Arrays(Mapping[str, NDArray]):
    """The arrays of an ``.npz``, each read on access; ``with Arrays(path) as arrays``.

    Raises:
        ValueError: the file is damaged, truncated, holds objects, or holds an array twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if not zipfile.is_zipfile(path):
            raise ValueError(
                f"{path.name}: expected an intact .npz of plain arrays, got no archive or a truncated one; copy it again "
                "from its source"
            )
        # Opened here, since numpy does not close a file that is no archive.
        self._opened = open(path, "rb")  # noqa: SIM115
        try:
            with self._readable():
                self._file = np.load(self._opened, allow_pickle=False)
                self._members = dict(zip(self._file.files, self._file.zip.infolist(), strict=True))
            self._refuse_twice()
        except BaseException:
            self._opened.close()
            raise

    def _refuse_twice(self) -> None:
        if len(self._members) < len(self._file.files):
            twice = sorted({name for name in self._file.files if self._file.files.count(name) > 1})
            raise ValueError(
                f"{self._path.name}: expected each array once, got {', '.join(map(repr, twice))} twice; write the file anew "
                "with the one that counts"
            )

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        """Turns whatever a damaged archive raises (zlib.error, RuntimeError …) into one ``ValueError``."""
        try:
            yield
        except (MemoryError, PermissionError):
            raise
        except Exception as error:
            raise ValueError(
                f"{self._path.name}: expected an intact .npz of plain arrays, got an unreadable one ({error}); copy it again "
                "from its source"
            ) from error

    def __enter__(self) -> "Arrays":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opened.close()

    def __getitem__(self, name: str) -> NDArray:
        member = self._members[name]
        with self._readable():
            _refuse_bomb(self._file.zip, member)
            return self._file[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read_arrays(path: Path) -> dict[str, NDArray]:
    """All arrays of an ``.npz``.

    Raises:
        ValueError: the file is damaged, truncated, holds objects, or holds an array twice.
    """
    with Arrays(path) as arrays:
        return dict(arrays)


def _refuse_bomb(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Refuses an array that claims more bytes than its member has, or a member that claims more than it can unpack to."""
    if member.file_size > 1100 * max(member.compress_size, 1):  # deflate reaches 1032
        raise ValueError(f"{member.filename} claims {member.file_size} bytes from {member.compress_size}")
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read_head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_head(file)
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise ValueError(f"{member.filename} claims shape {shape} of {dtype} in {member.file_size} bytes")
