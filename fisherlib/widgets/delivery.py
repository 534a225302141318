"""Hands a file over to the browser in pieces, beside lines of commands to copy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import traitlets

from .patient import Patient, script

#: Bytes in a message, which no server refuses.
PIECE = 2 * 1024**2


class Delivery(Patient):
    """A file to open or to save, also where the server hands out no files, and command lines to copy.

    Attributes:
        name: of the file; empty while there is none.
        place: where it lies.
        lines: of commands.
        note: a sentence below them.
    """

    _esm = script("delivery.js")
    name = traitlets.Unicode().tag(sync=True)
    place = traitlets.Unicode().tag(sync=True)
    lines = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self) -> None:
        self._path: Path | None = None
        super().__init__()
        self.on_msg(self._send_piece)

    def offer(self, path: Path, lines: Sequence[str], note: str = "") -> None:
        """Offers a file, with the lines that make it again."""
        self._path = path
        with self.hold_sync():
            self.name, self.place, self.lines, self.note = path.name, str(path), list(lines), note

    def clear(self) -> None:
        """Offers nothing."""
        self._path = None
        with self.hold_sync():
            self.name, self.place, self.lines, self.note = "", "", [], ""

    def _send_piece(self, widget: object, asked: dict[str, Any], buffers: object) -> None:
        try:
            if self._path is None:
                raise FileNotFoundError("the report is gone; press the button again")
            with open(self._path, "rb") as file:
                file.seek(int(asked["offset"]))
                piece = file.read(PIECE)
            self.send({"number": asked["number"], "size": self._path.stat().st_size}, [piece])
        except OSError as error:
            self.send({"number": asked["number"], "error": error.strerror or str(error)})
