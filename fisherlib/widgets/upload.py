"""A file from the reader's computer, in pieces, into a folder that lasts as long as the panel."""

import functools
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import anywidget
import traitlets

from ..io.scratch import Scratch, sweep

MEGABYTE = 1024**2

#: Once in a process, what killed ones have left is removed.
_tidied = functools.cache(sweep)


class Upload(anywidget.AnyWidget):
    """A labelled file field.

    Jupyter's own upload sends a file as one message, and above the server's limit (10 MB as installed) the connection
    breaks without a word. Here pieces of 2 MB are written one after the other, so the limit does not matter.

    Args:
        received: called with the path of a file that has come in whole.
        refused: called with the sentence that says why one has not.
        label: of the field.
        accept: suffixes that the browser offers.
        limit: largest file, bytes.
        room: for all files together, bytes; the oldest are removed beyond it, but not the last two.
        needed: says of a path whether it is still in use, and is not to be removed either.
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
        self._scratch, self._count, self._kept = Scratch(), 0, []
        super().__init__(**traits)
        self.on_msg(self._piece)
        _tidied()

    def close(self) -> None:
        """Takes the field from the page and removes what was uploaded."""
        super().close()
        self._scratch.close()

    def _piece(self, widget: object, message: dict, buffers: list) -> None:
        number, size, offset = (message[name] for name in ("number", "size", "offset"))
        name = PurePosixPath(str(message["name"]).replace("\\", "/")).name
        try:
            end = self._write(name, size, offset, buffers)
        except (ValueError, OSError) as error:
            self._refused(error)
            end = size  # nothing more is asked for
        self.send({"number": number, "next": end})

    def _write(self, name: str, size: int, offset: int, buffers: list) -> int:
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
        """Moves a whole file to its place, which may cost older ones theirs."""
        self._count += 1  # a folder each, so that what is found under a path never changes
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
        """Removes the pieces of a file that was not sent to its end: a field sends one after the other."""
        for path in self._scratch.path.glob(".*.partial"):
            path.unlink()
