"""Uploads a file in pieces into a folder that is removed with the panel."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import anywidget
import traitlets

from ..io.scratch import Scratch, sweep

MEGABYTE = 1024**2

#: Removes the folders that killed processes have left; once in each process.
_tidied = functools.cache(sweep)


class Upload(anywidget.AnyWidget):
    """A labelled file field.

    Jupyter's own upload sends a file as one message, and above the server's limit (10 MB by default) the connection breaks
    without an error. Here a file comes in pieces of 2 MB, so the limit does not matter.

    Args:
        received: called with the path of a complete file.
        refused: called with the error when a file is refused.
        label: of the field.
        accept: suffixes that the browser offers.
        limit: size of the largest file, bytes.
        room: for all files together, bytes; beyond it the oldest are removed, except the last two.
        needed: tells whether the file at a path is still in use; such files are kept.
    """

    _esm = Path(__file__).with_name("upload.js")
    label = traitlets.Unicode("Upload").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    limit = traitlets.Int(200 * MEGABYTE).tag(sync=True)
    room = traitlets.Int(600 * MEGABYTE)

    def __init__(
        self,
        received: Callable[[Path], None],
        refused: Callable[[Exception], None],
        *,
        needed: Callable[[Path], bool] = lambda path: False,
        **traits: object,
    ) -> None:
        self._received, self._refused, self._needed = received, refused, needed
        self._scratch, self._count = Scratch(), 0
        self._kept: list[Path] = []
        super().__init__(**traits)
        self.on_msg(self._piece)
        _tidied()

    def close(self) -> None:
        """Remove the field from the page, and the uploaded files."""
        super().close()
        self._scratch.close()

    def _piece(self, widget: object, message: dict[str, Any], buffers: list[bytes]) -> None:
        number, size, offset = (message[name] for name in ("number", "size", "offset"))
        name = PurePosixPath(str(message["name"]).replace("\\", "/")).name
        try:
            end = self._write(name, size, offset, buffers)
        except (ValueError, OSError) as error:
            self._refused(error)
            end = size  # so that the page sends no more
        self.send({"number": number, "next": end})

    def _write(self, name: str, size: int, offset: int, buffers: list[bytes]) -> int:
        if name in ("", ".", ".."):
            raise ValueError("upload: expected a file with a name, got none")
        if not 0 <= size <= self.limit or not buffers:
            raise ValueError(
                f"upload: expected at most {self.limit // MEGABYTE} MB, got {name} with {size / MEGABYTE:.0f} MB; put it "
                "where the notebook runs and give its path"
            )
        partial = self._scratch.path / f".{name}.partial"
        end = offset + len(buffers[0])
        if offset != (partial.stat().st_size if offset and partial.exists() else 0) or end > size:
            raise ValueError(f"upload: expected the pieces of {name} one after the other; choose the file again")
        if not offset:
            self._forget()
        with open(partial, "ab" if offset else "wb") as file:
            file.write(buffers[0])
        if end == size:
            self._received(self._keep(partial, name))
        return end

    def _keep(self, partial: Path, name: str) -> Path:
        """Move a complete file to its place; this may remove older ones."""
        self._count += 1  # one folder for each file, so that the file at a path never changes
        target = self._scratch.path / str(self._count) / name
        target.parent.mkdir()
        self._kept.append(partial.replace(target))
        self._make_room()
        return target

    def _make_room(self) -> None:
        total = sum(path.stat().st_size for path in self._kept)
        for path in [path for path in self._kept[:-2] if not self._needed(path)]:
            if total > self.room:
                total -= path.stat().st_size
                shutil.rmtree(path.parent)
                self._kept.remove(path)

    def _forget(self) -> None:
        """Remove the pieces of an incomplete file: a field sends one file at a time."""
        for path in self._scratch.path.glob(".*.partial"):
            path.unlink()
