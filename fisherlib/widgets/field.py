"""A control with what is missing or wrong of it, in a sentence under it."""

from pathlib import Path

import anywidget
import ipywidgets
import traitlets


class Question(anywidget.AnyWidget):
    """A sentence about the control that it stands under; a wrong one is red, and marks the control as invalid."""

    _esm = Path(__file__).with_name("field.js")
    sentence = traitlets.Unicode("").tag(sync=True)
    wrong = traitlets.Bool(False).tag(sync=True)


class Field(ipywidgets.VBox):
    """A control over its question.

    Args:
        control: what a person sets.
    """

    def __init__(self, control: ipywidgets.Widget) -> None:
        self.control, self.question = control, Question(layout={"display": "none"})
        super().__init__([control, self.question], layout={"max_width": "100%", "overflow": "visible"})
        self.add_class("fisherlib-field")

    @property
    def asked(self) -> str:
        """What is missing or wrong; empty where nothing is."""
        return self.question.sentence if self.question.wrong else ""

    def ask(self, sentence: str = "") -> None:
        """Marks the control and says what is missing or wrong; without a sentence, nothing is."""
        self._say(sentence, wrong=bool(sentence))

    def note(self, sentence: str) -> None:
        """Says something of the control that is no fault of it."""
        self._say(sentence, wrong=False)

    def _say(self, sentence: str, *, wrong: bool) -> None:
        self.question.set_trait("wrong", wrong)
        self.question.set_trait("sentence", sentence)
        self.question.layout.display = "flex" if sentence else "none"
