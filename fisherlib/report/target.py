"""The folder of a report: tested before the run, and changed in one step after it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .parameters import ParameterError

#: Bytes that must be free; a page of the report takes six million.
ROOM = 16 * 1024**2


def tried(folder: Path) -> None:
    """Test that a report fits into the folder, by writing an unnamed file into it or into its nearest parent.

    Raises:
        ParameterError: writing fails. The test leaves nothing behind.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    try:
        with tempfile.TemporaryFile(dir=there) as trial:
            trial.write(bytes(ROOM))
    except OSError as error:
        raise ParameterError(f"--target: cannot write to the folder {folder} ({reason(error)})") from error


def reason(error: OSError) -> str:
    """Why a file could not be written, in words."""
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "it is a file, or lies under one"
    return error.strerror or str(error)


def write(texts: Mapping[Path, str], *, stale: Sequence[Path] = ()) -> list[Path]:
    """Write all files or none: each is complete under a hidden name before the first one is put in place.

    A lock keeps the files of two reports apart that end at the same time.

    Args:
        texts: content by path; all paths are in one folder.
        stale: files of an earlier report to remove, those among ``texts`` excepted.

    Raises:
        OSError: a file cannot be written; the earlier files stay.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_text(text, encoding="utf-8")
        with _alone(next(iter(texts)).parent):
            for path in texts:
                os.replace(temporary[path], path)
            for path in set(stale) - texts.keys():
                path.unlink(missing_ok=True)
    finally:
        for path in temporary.values():
            with contextlib.suppress(OSError):  # an error during clean-up must not hide the first one
                path.unlink(missing_ok=True)
    return list(texts)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder, if the file system has locks, so that two replacements cannot interleave."""
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
