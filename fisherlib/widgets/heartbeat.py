"""A line that appears when the kernel no longer answers; on the page it also marks fields that need an answer."""

from pathlib import Path

import anywidget
import traitlets


class Heartbeat(anywidget.AnyWidget):
    """Invisible while the kernel answers. Without it a dead kernel would leave controls that move and a figure that does not.

    The page asks after each action in the panel, and rarely otherwise. A busy kernel answers late, so the first sentence
    says that it may be busy. After four times the patience, or when the connection closes, the second says that it is gone.

    Attributes:
        patience: seconds without an answer before the first sentence.
        pace: seconds between questions while nothing happens.
    """

    _esm = "".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("access.js", "heartbeat.js"))
    patience = traitlets.Float(15.0, min=1.0).tag(sync=True)
    pace = traitlets.Float(20.0, min=1.0).tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.add_class("fisherlib-heartbeat")
        self.on_msg(lambda widget, asked, buffers: self.send(asked))
