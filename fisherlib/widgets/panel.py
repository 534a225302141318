"""What all panels share: a status line, controls and a live figure, driven by a state."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import ipywidgets
import plotly.graph_objects as go
import traitlets

from ..progress import Progress
from .heartbeat import Heartbeat
from .live import LiveFigure
from .patient import SCRIPTS
from .states import State
from .work import Work

Result = TypeVar("Result")

#: The style sheet of all panels.
STYLE = f"<style>{Path(__file__).with_name('panel.css').read_text(encoding='utf-8')}</style>"


#: Shown when there is nothing to draw.
EMPTY = go.Figure(
    layout={"xaxis": {"visible": False}, "yaxis": {"visible": False}, "plot_bgcolor": "white", "height": 40}
)


class Panel(ipywidgets.VBox):
    """Controls over a figure.

    Args:
        name: names the panel in the style sheet.
        state: what is chosen; setting its traits drives the panel.
        controls: rows of widgets.
        screen: a figure shared with other panels; by default the panel has its own.

    Attributes:
        figure: the live figure.
        work: the status line.
        seen: whether it has drawn something of its data; a trait to observe.
    """

    seen = traitlets.Bool(False)

    def __init__(
        self, name: str, state: State, controls: Sequence[ipywidgets.Widget], *, screen: LiveFigure | None = None
    ) -> None:
        self.state: Any = state
        self.work = Work()
        self.figure = screen if screen is not None else LiveFigure.of()
        self.active = screen is None  # of panels that share a figure, only the open one draws
        # Panels on a shared screen use the style sheet and the heartbeat of the page.
        top, own = ([ipywidgets.HTML(STYLE), Heartbeat(self._renew)], [self.figure]) if screen is None else ([], [])
        head = ipywidgets.VBox([*top, self.work])
        head.add_class("fisherlib-head")
        super().__init__([head, *controls, *own])
        for each in ("fisherlib", f"fisherlib-{name}"):
            self.add_class(each)
        self._drawn: dict[str, object] = {}
        self._shown: go.Figure | None = None
        self._settling = False
        state.observe(self._changed)

    @property
    def last_error(self) -> Exception | None:
        """The last exception, or None when the last redraw succeeded."""
        return self.work.last_error

    def settle(self) -> None:
        """Update what depends on a choice before drawing, such as the options of other choices."""

    def redraw(self) -> None:
        """Draw what is chosen."""
        raise NotImplementedError

    def draw(
        self, what: str, task: Callable[[Progress], Result], build: Callable[[Result], go.Figure], *, at_once: bool
    ) -> None:
        """Show ``build(task(progress))``; if the person cancels, the state goes back to what the figure shows."""
        if self.active:
            self.work.run(what, task, lambda result: self.show(build(result)), at_once=at_once, undo=self._back)

    def show(self, figure: go.Figure) -> None:
        """Show the figure of the current choice."""
        if self.active:  # another page may be open by now
            self.figure.become(figure)
        self._shown, self._drawn = figure, self.state.trait_values()
        self.seen = True

    def wake(self) -> None:
        """Take over the shared figure: show the last figure of this panel, and redraw if the choice has changed since."""
        self.active = True
        self._show_again()
        if not self.work.busy and self._drawn != self.state.trait_values():
            self.redraw()

    def forget(self) -> None:
        """Drop the figure and the work under way: they belong to other data."""
        self.work.stop()
        self._shown, self._drawn, self.seen = None, {}, False
        self._show_again()

    def _show_again(self) -> None:
        """Show what this panel drew last, so that no other panel's figure stands under its controls."""
        if self.active:
            self.figure.become(EMPTY if self._shown is None else self._shown)

    def begin(self, chosen: Mapping[str, object]) -> None:
        """Set choices before anything is drawn, in the order of the traits: the options of one depend on those above it."""
        declared = list(vars(type(self.state)))
        self._settling = True
        try:
            for name in sorted(chosen, key=lambda name: declared.index(name) if name in declared else -1):
                self.settle()
                self.state.set_trait(name, chosen[name])
        finally:
            self._settling = False

    def _renew(self) -> None:
        send_again(self)

    def _back(self) -> str:
        """Restore the choice that was drawn last. Returns a sentence on what the figure shows."""
        self._settling = True
        try:
            with self.state.hold_trait_notifications():
                for name in sorted(self._drawn, key=lambda name: name != "options"):  # options before choices
                    self.state.set_trait(name, self._drawn[name])
            self.settle()
        finally:
            self._settling = False
        self._show_again()
        if self._shown is None or not self._shown.data:
            return "Cancelled; nothing is drawn yet: choose again."
        return "Cancelled; the figure shows what it did before."

    def _changed(self, change: object = None) -> None:
        if self._settling:
            return
        self._settling = True
        try:
            self.settle()
        except Exception as error:  # noqa: BLE001  nobody sees an exception in a callback, so show its message
            self.work.stop()  # of an earlier choice; its result would hide the message
            self.work.fail(error)
            return
        finally:
            self._settling = False
        self.redraw()


def send_again(*widgets: ipywidgets.Widget) -> None:
    """Send the states of widgets, and of those in them, to a page that may have missed some; scripts do not change."""
    for widget in widgets:
        for part in (widget, getattr(widget, "layout", None), getattr(widget, "style", None)):
            if isinstance(part, ipywidgets.Widget):
                part.send_state(set(part.keys) - SCRIPTS)
        if isinstance(widget, ipywidgets.Box):
            send_again(*widget.children)
