"""A file from the reader's computer, in pieces, into a folder that lasts as long as the panel."""

import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import anywidget
import traitlets

MEGABYTE = 1024**2


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
    """

    _esm = Path(__file__).with_name("upload.js")
    label = traitlets.Unicode("Upload").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    limit = traitlets.Int(200 * MEGABYTE).tag(sync=True)

    def __init__(
        self, received: Callable[[Path], None], refused: Callable[[Exception], None], **traits: object
    ) -> None:
        super().__init__(**traits)
        self._received, self._refused = received, refused
        self._folder, self._count = tempfile.TemporaryDirectory(prefix="fisherlib-"), 0
        self.on_msg(self._piece)

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
        partial = Path(self._folder.name, f".{name}.partial")
        end = offset + len(buffers[0])
        if offset != (partial.stat().st_size if offset and partial.exists() else 0) or end > size:
            raise ValueError(f"upload: expected the pieces of {name} one after the other; choose the file again")
        with open(partial, "ab" if offset else "wb") as file:
            file.write(buffers[0])
        if end == size:
            self._count += 1  # a folder each, so that what is found under a path never changes
            target = Path(self._folder.name, str(self._count), name)
            target.parent.mkdir()
            partial.replace(target)
            self._received(target)
        return end
