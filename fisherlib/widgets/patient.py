"""Widgets with scripts of their own, which hear the kernel however long the script takes to load."""

import uuid
from pathlib import Path
from typing import Any

import anywidget
import traitlets

#: Traits with scripts and style sheets: a page has them from the first, and plotly.js has five megabytes.
SCRIPTS = {"_esm", "_css"}


def script(*names: str) -> str:
    """The script of a widget, whose parts lie beside this file; the last ends with ``export default patient({ render })``."""
    return "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("patient.js", *names))


class Patient(anywidget.AnyWidget):
    """Sends its state again when its script asks for it, since messages before that may be lost (``patient.js``)."""

    _name = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        name = uuid.uuid4().hex
        super().__init__(model_id=name, _name=name, **traits)

    def again(self) -> None:
        """Send the state again, but for the scripts."""
        self.send_state(set(self.keys) - SCRIPTS)

    def _handle_custom_msg(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        if content.get("again"):
            self.again()
        else:
            super()._handle_custom_msg(content, buffers)
