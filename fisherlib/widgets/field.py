"""A control with what is missing or wrong of it, in a sentence under it."""

from html import escape

import ipywidgets

from ..io import printable

#: Of a field that is asked for; the style sheet makes it red, and ``heartbeat.js`` marks its control as invalid.
ASKED = "fisherlib-asked"


class Field(ipywidgets.VBox):
    """A control over a sentence about it.

    Args:
        control: what a person sets.

    Attributes:
        asked: what is missing or wrong; empty where nothing is.
        noted: what else is said of the control.
    """

    def __init__(self, control: ipywidgets.Widget) -> None:
        self.control, self._sentence, self.asked, self.noted = control, ipywidgets.HTML(), "", ""
        super().__init__([control, self._sentence], layout={"max_width": "100%", "overflow": "visible"})
        self.add_class("fisherlib-field")
        self.ask()

    def ask(self, sentence: str = "") -> None:
        """Marks the control and says what is missing or wrong; without a sentence, nothing is."""
        self.asked, self.noted = sentence, ""
        self._say(f"<span class='fisherlib-error'>{escape(printable(sentence))}</span>" if sentence else "")

    def note(self, sentence: str) -> None:
        """Says something of the control that is no fault of it."""
        self.asked, self.noted = "", sentence
        self._say(escape(printable(sentence)))

    def _say(self, html: str) -> None:
        self._sentence.value = html
        self._sentence.layout.display = "flex" if html else "none"
        (self.add_class if self.asked else self.remove_class)(ASKED)
