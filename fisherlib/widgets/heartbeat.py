"""A line that appears when the kernel no longer answers; on the page it also marks fields that need an answer."""

from collections.abc import Callable
from typing import Any

import traitlets

from .patient import Patient, script


class Heartbeat(Patient):
    """Invisible while the kernel answers. Without it a dead kernel would leave controls that move and a figure that does not.

    The page asks after each action in the panel, and rarely otherwise. A busy kernel answers late, so the first sentence
    says that it may be busy. After four times the patience, or when the connection closes, the second says that it is gone.

    Args:
        renew: called when the page may show old states, and wants all of them again.

    Attributes:
        patience: seconds without an answer before the first sentence.
        pace: seconds between questions while nothing happens.
    """

    _esm = script("access.js", "heartbeat.js")
    patience = traitlets.Float(15.0, min=1.0).tag(sync=True)
    pace = traitlets.Float(20.0, min=1.0).tag(sync=True)

    def __init__(self, renew: Callable[[], None], **traits: object) -> None:
        self._renew = renew
        super().__init__(**traits)
        self.add_class("fisherlib-heartbeat")
        self.on_msg(self._heard)

    def _heard(self, widget: object, asked: dict[str, Any], buffers: list[bytes]) -> None:
        if "renew" in asked:
            self._renew()
        else:
            self.send(asked)
