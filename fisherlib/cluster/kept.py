"""Records of leaves that were summed already: what an interrupted run goes on from."""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..io.records import read_records, write_records
from ..moments import MomentRecord
from .leaves import Leaf

#: Of the file of a leaf, or of what a dead process left of one.
_NAME = re.compile(r"-\d{9}-[0-9a-f]{32}\.npz(\.\d+\.partial)?$")


class Kept:
    """A folder of records, one file for each leaf, named after its content: what is there is never out of date.

    Args:
        folder: to keep them in; None keeps nothing.
        about: what the records belong to.
    """

    def __init__(self, folder: Path | None, about: Mapping[str, Any]) -> None:
        self.folder, self.about = folder, about
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def __contains__(self, leaf: Leaf) -> bool:
        return self.folder is not None and self._path(leaf).exists()

    def _path(self, leaf: Leaf) -> Path:
        return self.folder / f"{leaf.name}.npz"

    def load(self, leaf: Leaf) -> MomentRecord | None:
        """The record of a leaf; None where there is none, or one that was damaged, so that it is summed again."""
        if leaf not in self:
            return None
        try:
            records, about = read_records(self._path(leaf))
            found = records[leaf.name]
        except (ValueError, KeyError, OSError):
            return None  # the shards are there still, and they are what counts
        return found if found.digests == leaf.contents and about == self.about else None

    def clear(self) -> None:
        """Removes all records, and the folder where nothing else is in it."""
        if self.folder is not None:
            for file in self.folder.iterdir():
                if _NAME.search(file.name):
                    file.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self.folder.rmdir()

    def save(self, leaf: Leaf, record: MomentRecord) -> None:
        """Keeps a record."""
        if self.folder is not None:
            write_records({leaf.name: record}, self._path(leaf), self.about)
