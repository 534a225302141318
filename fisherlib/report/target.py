"""The folder that a report is written to: tried before the run, and changed all at once after it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from .parameters import ParameterError

#: Bytes that must be free: a page of the report takes six million.
ROOM = 16 * 1024**2


def tried(folder: Path) -> None:
    """Writes as much as a report into a file without a name, in the folder, or in that which it is to be made in.

    Raises:
        ParameterError: that fails; nothing is left of the trial in either case.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryFile(dir=there) as trial:
            trial.write(bytes(ROOM))
    except OSError as error:
        raise ParameterError(f"--target: cannot write to the folder {folder} ({reason(error)})") from error


def reason(error: OSError) -> str:
    """Why a file could not be written, without an error number."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "it is a file, or lies under one"
    return error.strerror or str(error)


def write(texts: Mapping[Path, str], *, stale: Path | None = None) -> list[Path]:
    """Writes all files or none: each is complete under a hidden name before the first takes its place.

    The files of two reports that end at once do not mix: each run replaces all of its own in turn.

    Args:
        texts: files of one folder and what they shall hold.
        stale: a file of an earlier report that this one does not have; it is removed.

    Raises:
        OSError: one of them cannot be written; the earlier ones stay.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_text(text, encoding="utf-8")
        with _alone(next(iter(texts)).parent):
            for path in texts:
                os.replace(temporary[path], path)
            if stale is not None:
                stale.unlink(missing_ok=True)
    finally:
        for path in temporary.values():
            with contextlib.suppress(OSError):  # a trouble of the clean-up must not hide the first one
                path.unlink(missing_ok=True)
    return list(texts)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the folder's lock, where the file system has locks: two replacements cannot interleave."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
