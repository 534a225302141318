"""The paths of files that a page offers: those at hand, and those that were typed or uploaded and proved good."""

from pathlib import Path

from .. import io
from ..io.formats.kinds import kind_of
from .states import NONE


class Paths:
    """Paths by the name of the trait that they are chosen for, and what they are called."""

    def __init__(self) -> None:
        self.good: dict[str, list[str]] = {"path": io.data_files(), "theta": [NONE, *io.theta_files()]}
        self._uploads: dict[str, tuple[str, Path]] = {}  # path → what it is called, and where it lies

    def called(self, path: str) -> str:
        """What a path is called: of an upload, the file's own name."""
        return self._uploads[path][0] if path in self._uploads else io.printable(path)

    def uploaded(self, path: Path) -> str:
        """The path of an upload, from now on called by its own name and told from others of that name."""
        name = _name(path)
        same = sum(called.startswith(f"{name} (uploaded") for called, _ in self._uploads.values())
        where = str(path / "**" / "*" if path.is_dir() and not _readable(path) else path)
        self._uploads[where] = f"{name} (uploaded{f' {same + 1}' if same else ''})", path
        return where

    def keep(self, name: str, path: str) -> None:
        """Goes on to offer a path that was typed or uploaded."""
        self.good[name] += [path] if path not in self.good[name] else []

    def offered(self, name: str, chosen: str) -> tuple[str, ...]:
        """Files at hand, those that proved good and have not been removed since, and the one that is chosen."""
        gone = {path for path, (_, place) in self._uploads.items() if not place.exists()}
        return tuple(dict.fromkeys([path for path in [*self.good[name], chosen] if path and path not in gone]))


def _name(path: Path) -> str:
    """The name of a file or folder; of files that came without a folder, the first with the number of the others."""
    if path.is_file() or not path.name.isdecimal():
        return io.printable(path.name)
    first, *others = sorted(p.name for p in path.iterdir())
    return io.printable(f"{first} and {len(others)} more")


def _readable(folder: Path) -> bool:
    """Whether a folder is data as it stands; else the files below it may be."""
    try:
        return bool(kind_of(folder))
    except ValueError:
        return any(p.is_file() for p in folder.iterdir())  # refused in words
