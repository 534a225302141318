"""Records of items that were summed already: what an interrupted run goes on from."""

import contextlib
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..io.moments import Records, write_records
from ..moments import MomentRecord
from .engines import Item

#: Of the file of an item.
_NAME = re.compile(r"-\d{9}-[0-9a-f]{32}\.npz$")


class Kept:
    """A folder of records, one file for each item, named after its content: what is there is never out of date.

    A record whose numbers were changed since, as its checksum tells, or that has none, is summed again.

    Args:
        folder: to keep them in; None keeps nothing. Where it cannot be written to, what is there is read all the same.
        about: what the records belong to.
    """

    def __init__(self, folder: Path | None, about: Mapping[str, Any]) -> None:
        self.folder, self.about, self._full = folder, about, False

    def __contains__(self, item: Item) -> bool:
        return self.folder is not None and self._path(item).exists()

    def _path(self, item: Item) -> Path:
        return (self.folder or Path()) / f"{item.name}.npz"

    def load(self, item: Item) -> MomentRecord | None:
        """The record of an item; None where there is none, or one that was damaged, so that it is summed again."""
        if item not in self:
            return None
        try:
            with Records(self._path(item)) as records:
                if not records.checked:
                    return None  # nothing tells whether its numbers are those that were written
                found, about = records[item.name], records.about
        except (ValueError, KeyError, OSError):
            return None  # the shards are there still, and they are what counts
        contents = getattr(item, "contents", found.digests)  # known beforehand of a leaf, not of a chunk
        return found if found.digests == contents and about == self.about else None

    def save(self, item: Item, record: MomentRecord) -> None:
        """Keeps a record; where that is not possible the sum goes on, and a warning says once that nothing is kept."""
        if self.folder is None or self._full:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_records([(item.name, record)], self._path(item), self.about)
        except OSError as error:
            self._full = True
            warnings.warn(
                f"{self.folder}: cannot be written to ({error.strerror}), so nothing more is kept; keep= names another folder",
                stacklevel=2,
            )

    def forget_others(self, items: Iterable[Item]) -> None:
        """Removes records of items that are none any more, since shards came after them or were retracted."""
        if self.folder is None or not self.folder.is_dir():
            return
        wanted = {self._path(item).name for item in items}
        try:
            for file in self.folder.iterdir():
                if _NAME.search(file.name) and file.name not in wanted:
                    file.unlink(missing_ok=True)
        except OSError:
            return  # they are in nobody's way

    def forget(self, items: Iterable[Item]) -> None:
        """Removes the records of items that nobody needs any more, and the folder when nothing else is in it."""
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            for item in items:
                self._path(item).unlink(missing_ok=True)
            self.folder.rmdir()
