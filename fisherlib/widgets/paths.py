"""The paths of files that a page offers: those at hand, and those that were typed or uploaded and proved good."""

from pathlib import Path

from .. import io
from .states import NONE


class Paths:
    """Paths by the name of the trait that they are chosen for, and what they are called."""

    def __init__(self) -> None:
        self.good: dict[str, list[str]] = {"path": io.data_files(), "theta": [NONE, *io.theta_files()]}
        self._uploads: dict[str, str] = {}  # path → what it is called

    def called(self, path: str) -> str:
        """What a path is called: of an upload, the file's own name."""
        return self._uploads.get(path) or io.printable(path)

    def uploaded(self, path: Path) -> str:
        """The path of an upload, from now on called by its own name and told from others of that name."""
        same = sum(called.startswith(f"{path.name} (uploaded") for called in self._uploads.values())
        self._uploads[str(path)] = f"{path.name} (uploaded{f' {same + 1}' if same else ''})"
        return str(path)

    def keep(self, name: str, path: str) -> None:
        """Goes on to offer a path that was typed or uploaded."""
        self.good[name] += [path] if path not in self.good[name] else []

    def offered(self, name: str, chosen: str) -> tuple[str, ...]:
        """Files at hand, those that proved good and have not been removed since, and the one that is chosen."""
        gone = {path for path in self._uploads if not Path(path).exists()}
        return tuple(dict.fromkeys([path for path in [*self.good[name], chosen] if path and path not in gone]))
