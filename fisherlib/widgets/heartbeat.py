"""A line that appears when the kernel behind a panel no longer answers; in the page, it marks fields that are asked for."""

from pathlib import Path

import anywidget
import traitlets


class Heartbeat(anywidget.AnyWidget):
    """Nothing to see while the kernel answers; without it controls move and the figure stays, and nobody says why.

    The page asks after an action in the panel, and otherwise rarely. A busy kernel answers late, so the first sentence says
    that it may be busy; the second, after four times the patience or when the connection is closed, that it is gone.

    Attributes:
        patience: seconds without an answer before a word is said.
        pace: seconds between two questions while nothing is done.
    """

    _esm = Path(__file__).with_name("heartbeat.js")
    patience = traitlets.Float(15.0, min=1.0).tag(sync=True)
    pace = traitlets.Float(20.0, min=1.0).tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self.add_class("fisherlib-heartbeat")
        self.on_msg(lambda widget, asked, buffers: self.send(asked))
