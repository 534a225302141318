"""A private folder in the temporary directory: removed with its process, or by the next process if that one was killed."""

import contextlib
import errno
import os
import platform
import shutil
import tempfile
import weakref
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where nothing is swept
    fcntl = None  # type: ignore[assignment]

#: How the names begin. The machine is part of them: where several share the folder, one may not see the locks of another.
PREFIX = f"fisherlib-{platform.node()[:20]}-"
#: What a disk without locks answers.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class Scratch:
    """A folder that is made on first use and removed when it is no longer needed.

    The process holds a lock on its folder. The system releases the lock when the process ends, in whatever way, so a folder
    without a lock has no owner.
    """

    def __init__(self) -> None:
        self._made: tuple[Path, weakref.finalize] | None = None

    @property
    def path(self) -> Path:
        """The folder; an OSError if it cannot be made."""
        if self._made is None:
            path, lock = _folder()
            self._made = path, weakref.finalize(self, _remove, path, lock, os.getpid())
        return self._made[0]

    def leave(self) -> None:
        """Keep the folder for inspection; the next process removes it once this one has ended."""
        if self._made is not None:
            self._made[1].detach()

    def close(self) -> None:
        """Removes the folder, if there is one."""
        if self._made is not None:
            self._made[1]()
            self._made = None


def sweep() -> list[str]:
    """Remove the folders that ended processes of this user have left behind. Returns their names.

    Links are never followed, and the folder of a running process is never touched.
    """
    removed: list[str] = []
    if fcntl is None:
        return removed
    with contextlib.suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in [e for e in entries if e.name.startswith(PREFIX)]:
            with contextlib.suppress(OSError):  # its owner lives, or another process sweeps it now
                if entry.stat(follow_symlinks=False).st_uid == os.getuid():
                    lock = _lock(Path(entry.path))
                    shutil.rmtree(entry.path, ignore_errors=True)
                    os.close(lock)
                    removed.append(entry.name)
    return removed


def _folder() -> tuple[Path, int | None]:
    """A new folder and its lock; the lock is None on a disk without locks, where nothing is swept either."""
    for _ in range(100):
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            return path, None if fcntl is None else _lock(path)
        except (BlockingIOError, FileNotFoundError):  # another process swept it before it was locked
            continue
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            return path, None
    raise OSError(f"{tempfile.gettempdir()}: new folders disappear at once; set TMPDIR to another folder")


def _lock(path: Path) -> int:
    """Locks a folder that is no link; an OSError if it is locked, or there is no such folder any more, or no lock."""
    file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file), os.lstat(path)):
            raise FileNotFoundError(path)
    except BaseException:
        os.close(file)
        raise
    return file


def _remove(path: Path, lock: int | None, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the process does not own its folder
        return
    shutil.rmtree(path, ignore_errors=True)
    if lock is not None:
        os.close(lock)
