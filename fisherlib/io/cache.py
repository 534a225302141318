"""Cache: the folder in which computed descriptors are kept, within a limit; ``python -m fisherlib.io.cache`` lists and cleans it."""

import argparse
import contextlib
import os
import shutil
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from .archive import write_arrays
from .places import printable

#: Most bytes of all files together, and most of them as a share of what is free on the disk.
LIMIT, SHARE = 2 * 10**9, 0.1
#: Ends the name of the folder with the parts of a file that is not complete yet.
PARTS = ".parts"
#: A file of so many bytes is told of when it is written.
TOLD = 10**8


def folder() -> Path:
    """The folder: ``$FISHERLIB_CACHE``, or else ``fisherlib`` in the user's cache folder.

    Raises:
        OSError: the user has no home.
    """
    if given := os.environ.get("FISHERLIB_CACHE"):
        return Path(given)
    try:
        home = Path.home()
    except RuntimeError:
        raise OSError("there is no home folder; name one by FISHERLIB_CACHE") from None
    default = home / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or default) / "fisherlib"


def kept() -> list[tuple[Path, int, float]]:
    """The files with their bytes and the time of their last use, the oldest first.

    Example:
        >>> all(size > 0 for path, size, used in kept())
        True
    """
    found = []
    with contextlib.suppress(OSError):
        some = ("*.npz", f"*{PARTS}/*.npz", ".*.npz.*.partial", f"*{PARTS}/.*.partial")  # the last of killed processes
        for path in (path for pattern in some for path in folder().glob(pattern)):
            with contextlib.suppress(OSError):  # another process has just deleted it
                at = path.stat()
                found.append((path, at.st_size, at.st_mtime))
    return sorted(found, key=lambda file: file[2])


def parts(name: str, size: int) -> Path | None:
    """The folder for the parts of a file that is not complete yet; None where the file would not be kept either.

    Args:
        name: of the file.
        size: bytes that it will have.
    """
    with contextlib.suppress(OSError):
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        if size <= _limit(place, sum(each for _, each, _ in kept())):
            return place / f"{name}{PARTS}"
    return None


def forget_parts(name: str) -> None:
    """Deletes the parts of a file, which is complete."""
    with contextlib.suppress(OSError):
        shutil.rmtree(folder() / f"{name}{PARTS}", ignore_errors=True)


def _limit(place: Path, taken: int) -> int:
    return min(LIMIT, int(SHARE * (shutil.disk_usage(place).free + taken)))


def find(name: str) -> Path | None:
    """The file of that name, which counts as used now; None if there is none."""
    with contextlib.suppress(OSError):
        path = folder() / f"{name}.npz"
        if path.is_file():
            with contextlib.suppress(OSError):
                os.utime(path)
            return path
    return None


def keep(name: str, arrays: Iterable[tuple[str, ArrayLike]]) -> None:
    """Writes arrays into the folder, in place of the oldest files where they would be too many; never raises.

    What does not fit is not written. That, and a large file, is told by a warning and on the standard error stream.

    Args:
        name: of the file.
        arrays: by name.
    """
    made = [(each, np.asanyarray(array)) for each, array in arrays]
    size = sum(array.nbytes for _, array in made)
    again = "they will be computed again next time"
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        others = [file for file in kept() if file[0].name != f"{name}.npz"]
        taken = sum(each for _, each, _ in others)
        limit = _limit(place, taken)
        if size > limit:
            _tell(f"the descriptors ({_words(size)}) are not kept in {place}, which may hold {_words(limit)}; {again}")
            return
        for path, each, _ in others:
            if taken + size <= limit:
                break
            path.unlink(missing_ok=True)
            taken -= each
        write_arrays(made, place / f"{name}.npz")
    except OSError as error:
        where = os.environ.get("FISHERLIB_CACHE") or "the cache folder"
        warnings.warn(f"the descriptors could not be kept in {where} ({error}); {again}", stacklevel=3)
        return
    if size > TOLD:
        _tell(f"{_words(size)} of descriptors are kept in {place}; python -m fisherlib.io.cache clean deletes them")


def clean() -> int:
    """Deletes all files; the bytes that they took."""
    gone = 0
    for path, size, _ in kept():
        path.unlink(missing_ok=True)
        gone += size
    with contextlib.suppress(OSError):
        for emptied in folder().glob(f"*{PARTS}"):
            emptied.rmdir()
    return gone


def _tell(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr)


def _words(size: float) -> str:
    return f"{size / 1e9:.2g} GB" if size >= 1e8 else f"{size / 1e6:.2g} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; 0, or 1 with a sentence."""
    parser = argparse.ArgumentParser(prog="python -m fisherlib.io.cache", description="Descriptors that are kept.")
    parser.add_argument(
        "what", nargs="?", choices=("list", "clean"), default="list", help="list them, or delete them all"
    )
    what = parser.parse_args(arguments).what
    try:
        if what == "clean":
            print(f"{_words(clean())} deleted in {printable(str(folder()))}")
            return 0
        files = kept()
        for path, size, used in files:
            print(f"{_words(size):>8}  {time.strftime('%Y-%m-%d %H:%M', time.localtime(used))}  {printable(path.name)}")
        all_of = _words(sum(size for _, size, _ in files))
        print(f"{len(files)} files, {all_of} of at most {_words(LIMIT)}, in {printable(str(folder()))}")
    except OSError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
