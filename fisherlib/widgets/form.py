"""The controls of the page of files: which file, which θ, and a field for everything that can be chosen of a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets

from ..io.columns.choice import OPTIONS
from ..io.columns.unit_names import OFFERED
from .controls import Choose, buttons, row, text, tick
from .entries import Maybe, Place, Words
from .example import HELP
from .field import Field
from .paths import Paths
from .states import LoadState
from .upload import Upload

#: What can be dropped on the form.
HINT = "drop a file, several files or a folder here, or click to choose"
#: The label of the symbols of types.
ELEMENTS = "Elements of types"


class Form:
    """Controls that follow a state.

    Args:
        state: what is chosen.
        paths: that are offered.
        refused: called with the error when an entry or an upload is refused.
        needed: tells whether an uploaded file is still in use.

    Attributes:
        fields: everything that can be asked for, by its trait.
        flags: what can be ticked.
    """

    def __init__(
        self, state: LoadState, paths: Paths, *, refused: Callable[[Exception], None], needed: Callable[[Path], bool]
    ) -> None:
        self._state, self._paths, self._refused, self._needed = state, paths, refused, needed
        self.fields = {"theta": Field(Choose(state, "theta", "θ to compare with", shown=paths.called))}
        self.fields["elements"] = Field(text(state, "elements", ELEMENTS, placeholder="Cu Au"))
        self.flags = []
        for name, option in OPTIONS.items():
            label, tip = option.metadata["label"], option.metadata["tip"]
            if option.metadata["what"] == "number":
                failed = self._no_number(name)
                self.fields[name] = Field(Maybe(state, name, label, empty="what the file says", tip=tip, failed=failed))
            elif option.metadata["what"] == "units":
                empty = "what the file says, or eV and Å"
                self.fields[name] = Field(Words(state, name, label, offered=OFFERED, empty=empty, tip=tip))
            elif option.metadata["what"] == "column":
                self.fields[name] = Field(Choose(state, name, label, tip=tip))
            else:
                self.flags.append(tick(state, name, label, tip=tip))

    def rows(self, back: ipywidgets.Widget) -> list[ipywidgets.Widget]:
        """The rows of the page; ``back`` stands beside the file."""
        state = self._state
        called: dict[str, Any] = {"shown": self._paths.called}
        common: dict[str, Any] = {"refused": self._refused, "needed": self._needed}
        data = Upload(self._take("path"), **common, label="Upload data", several=True, hint=HINT)
        accept: dict[str, Any] = {
            "accept": ".json,.npz,.pkl,.pot,.snapcoeff",
            "tooltip": "Parameters of your own, to compare the fits with.",
        }
        theta = Upload(self._take("theta"), **common, label="Upload θ", **accept)
        tip = "A file, a folder, or a pattern of several files, anywhere on the kernel's machine."
        where = Place(
            state, "path", "or path of the data", tip=tip, empty="a file, a folder, or runs/*/OUTCAR", **called
        )
        tip = "A file of parameters anywhere on the kernel's machine."
        names = [*(name for name in OPTIONS if name in self.fields), "elements"]
        drops = ipywidgets.HBox([data, theta])
        drops.add_class("fisherlib-drops")
        return [
            drops,
            row(
                Choose(state, "path", "File", **called),
                where,
                self.fields["theta"],
                Place(state, "theta", "or path of θ", tip=tip, empty="a file", **called),
                *(self.fields[name] for name in names),
                *self.flags,
            ),
            buttons(back, ipywidgets.HTML(HELP)),
        ]

    def _take(self, name: str) -> Callable[[Path], None]:
        return lambda path: self._state.set_trait(name, self._paths.uploaded(path))

    def _no_number(self, name: str) -> Callable[[Exception], None]:
        def failed(error: Exception) -> None:
            self.fields[name].ask(str(error))
            self._refused(error)

        return failed
