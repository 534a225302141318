"""Uploads files in pieces into a folder that is removed with the panel."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import traitlets

from ..io.scratch import Scratch, sweep
from .patient import Patient, script

MEGABYTE = 1024**2
#: The folder of what is still on its way.
PARTIAL = ".partial"

#: Removes the folders that killed processes have left; once in each process.
_tidied = functools.cache(sweep)


class Upload(Patient):
    """A place to drop files on, which also opens the browser's list of files.

    Jupyter's own upload sends a file as one message, and above the server's limit (10 MB by default) the connection breaks
    without an error. Here a file comes in pieces of 2 MB, so the limit does not matter.

    Args:
        received: called with the path of a complete file; of several files, or of a folder, with that of their folder.
        refused: called with the error when a file is refused.
        label: of the field.
        hint: what can be dropped, behind the label.
        tooltip: a sentence of help.
        accept: suffixes that the browser offers.
        several: whether several files can be chosen, which are one upload.
        limit: size of the largest upload, bytes.
        room: for all files together, bytes; beyond it the oldest are removed, except the last two.
        needed: tells whether the file at a path is still in use; such files are kept.
    """

    _esm = script("upload.js")
    label = traitlets.Unicode("Upload").tag(sync=True)
    hint = traitlets.Unicode("drop a file here, or click to choose").tag(sync=True)
    tooltip = traitlets.Unicode("Files of your own machine; they stay here only as long as this page.").tag(sync=True)
    description = traitlets.Unicode("").tag(sync=True)  # without one, the page cannot show the tooltip
    several = traitlets.Bool(False).tag(sync=True)
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
        self._scratch, self._count, self._coming = Scratch(), 0, False
        self._kept: list[Path] = []
        super().__init__(**traits)
        self.on_msg(self._piece)
        _tidied()

    def close(self) -> None:
        """Remove the field from the page, and the uploaded files."""
        super().close()
        self._scratch.close()

    def _piece(self, widget: object, message: dict[str, Any], buffers: list[bytes]) -> None:
        end, stop = message["size"], {}
        try:
            end = self._write(message, buffers)
        except (ValueError, OSError) as error:
            self._refused(error)
            if self._coming:
                self._forget()
            stop = {"stop": True}  # so that the page sends no more
        self.send({"number": message["number"], "next": end, **stop})

    def _write(self, message: dict[str, Any], buffers: list[bytes]) -> int:
        size, offset, files = message["size"], message["offset"], message.get("files", 1)
        name, total = _last(str(message["name"])), message.get("total", message["size"])
        if name in ("", ".", ".."):
            raise ValueError("upload: expected a file with a name, got none")
        if not 0 <= size <= total <= self.limit or not buffers:
            what = name if files == 1 else f"{files} files"
            raise ValueError(
                f"upload: expected at most {self.limit // MEGABYTE} MB, got {what} with {total / MEGABYTE:.0f} MB; put it "
                "where the notebook runs and give its path"
            )
        if not offset and not message.get("file", 0):
            self._forget()
        place = self._scratch.path / PARTIAL / _below(message.get("folder", ""))
        partial = place / name
        end = offset + len(buffers[0])
        if offset != (partial.stat().st_size if offset and partial.exists() else 0) or end > size:
            raise ValueError(f"upload: expected the pieces of {name} one after the other; choose the file again")
        self._coming = True
        place.mkdir(parents=True, exist_ok=True)
        with open(partial, "ab" if offset else "wb") as file:
            file.write(buffers[0])
        if end == size and message.get("file", 0) + 1 == files:
            self._received(self._keep())
        return end

    def _keep(self) -> Path:
        """Move complete files to their place; this may remove older ones."""
        self._coming = False
        self._count += 1  # one folder for each upload, so that the file at a path never changes
        folder = (self._scratch.path / PARTIAL).rename(self._scratch.path / str(self._count))
        target = folder
        while len(inside := list(target.iterdir())) == 1:  # the file, or the folder that was dropped
            target = inside[0]
            if target.is_file():
                break
        self._kept.append(target)
        self._make_room()
        return target

    def _make_room(self) -> None:
        folders = {path: self._scratch.path / path.relative_to(self._scratch.path).parts[0] for path in self._kept}
        sizes = {path: sum(p.stat().st_size for p in folder.rglob("*")) for path, folder in folders.items()}
        total = sum(sizes.values())
        for path in [path for path in self._kept[:-2] if not self._needed(path)]:
            if total > self.room:
                total -= sizes[path]
                shutil.rmtree(folders[path])
                self._kept.remove(path)

    def _forget(self) -> None:
        """Remove the pieces of files that never came whole: a field sends one upload at a time."""
        self._coming = False
        if (left := self._scratch.path / PARTIAL).exists():
            shutil.rmtree(left)


def _last(name: str) -> str:
    """The last part of a path, of whatever system."""
    return PurePosixPath(name.replace("\\", "/")).name


def _below(folder: str) -> PurePosixPath:
    """A place below a folder that was dropped, which never leads out of it."""
    parts = [part for part in folder.replace("\\", "/").split("/") if part]
    if ".." in parts or any("\0" in part for part in parts):
        raise ValueError(f"upload: expected a folder below what was dropped, got {folder!r:.40}")
    return PurePosixPath(*parts)
