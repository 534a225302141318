"""Long work beside a notebook that stays responsive: a sentence, a bar with an estimate, Cancel, and what went wrong."""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable
from html import escape
from typing import Any

import ipywidgets

from ..io import printable
from ..progress import Progress

#: Seconds between two changes of the bar.
BEAT = 0.1


class Cancelled(Exception):
    """The work was cancelled, or newer work took its place."""


class Work(ipywidgets.HBox):
    """The line above the controls of a panel.

    Long work runs in a thread, so that the kernel hears the Cancel button; its result is shown from the kernel's own
    loop. Without a running loop (plain Python) everything runs at once, in the caller's thread.

    Attributes:
        last_error: the last exception, or None when the last work succeeded.
    """

    def __init__(self) -> None:
        self.status, self.last_error = ipywidgets.HTML(), None
        self.bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "160px"})
        self.button = ipywidgets.Button(description="Cancel", icon="times", layout={"width": "auto"})
        self.button.on_click(lambda _: self.cancel())
        self._number, self._undo, self._outcome = 0, None, None
        self._lock, self._thread = threading.Lock(), None
        super().__init__([self.status, self.bar, self.button], layout={"min_height": "34px", "align_items": "center"})
        self.add_class("fisherlib-status")
        self._busy(False)

    def run(
        self,
        what: str,
        task: Callable[[Progress], Any],
        done: Callable[[Any], None],
        *,
        at_once: bool = False,
        undo: Callable[[], str] | None = None,
    ) -> None:
        """Do ``done(task(progress))``; newer work cancels older.

        Args:
            what: is being done, in words.
            task: the work; it calls ``progress(done, in all)``, which raises when it is to stop.
            done: shows the result.
            at_once: in this thread, for what takes no time.
            undo: called when the person cancels; what it returns is said.
        """
        self._number += 1
        self._undo = undo
        loop = None if at_once else _loop()
        if loop is None:
            self._finish(*_attempt(task, lambda done, total: None), done)
            return
        self._busy(True)
        what = printable(what)
        self.status.value = f"{escape(what)} …"
        self._start(loop, what, task, done)

    def _start(self, loop: asyncio.AbstractEventLoop, what: str, task: Callable, done: Callable) -> None:
        number, started = self._number, time.monotonic()
        context, last = contextvars.copy_context(), [started]

        def progress(count: int, total: int) -> None:
            if number != self._number:
                raise Cancelled
            now = time.monotonic()
            if total and now - last[0] >= BEAT:
                last[0] = now
                left = (now - started) * (total - count) / max(count, 1)
                loop.call_soon_threadsafe(self._show, number, what, count / total, left, context=context)

        def job() -> None:
            with self._lock:  # of older work that has not heard yet that it is cancelled
                if number != self._number:
                    return
                self._outcome = (number, *_attempt(task, progress), done)
            loop.call_soon_threadsafe(self._collect, context=context)

        self._thread = threading.Thread(target=job, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Returns when the work, and what followed from its result, is done and shown; for scripts and tests."""
        waited = None
        while self._thread is not waited:
            waited = self._thread
            waited.join()
            self._collect()

    @property
    def busy(self) -> bool:
        """Whether long work is under way."""
        return self.button.layout.display != "none"

    def stop(self) -> None:
        """Stop the work that is under way, whose result is of no use any more."""
        self._number += 1
        self._busy(False)
        self.status.value = ""

    def cancel(self) -> None:
        """Stop the work that is under way, and say so."""
        self.stop()
        self.status.value = (self._undo and self._undo()) or "Cancelled."

    def say(self, sentence: str) -> None:
        """Show a sentence, as HTML."""
        self.status.value = sentence

    def fail(self, error: Exception) -> None:
        """Put an exception into words and keep it."""
        self.last_error = error
        said = str(error.args[0] if isinstance(error, KeyError) and error.args else error) or type(error).__name__
        self.status.value = f"<b class='fisherlib-error' role='alert'>✗ {escape(printable(said))}</b>"

    def _collect(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None and outcome[0] == self._number:  # no newer work has begun while this was on its way here
            self._finish(*outcome[1:])

    def _finish(self, result: Any, error: Exception | None, done: Callable[[Any], None]) -> None:
        self._busy(False)
        if error is None:
            self.last_error, self.status.value = None, ""
            _, error = _attempt(lambda _: done(result), None)
        if error is not None:
            self.fail(error)

    def _show(self, number: int, what: str, share: float, left: float) -> None:
        if number == self._number and self.busy:
            self.bar.value = share
            self.status.value = f"{escape(what)}: {share:.0%}, about {left:.0f} s left"

    def _busy(self, busy: bool) -> None:
        self.bar.value = 0.0
        for widget in (self.bar, self.button):
            widget.layout.display = "flex" if busy else "none"


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _attempt(task: Callable[[Progress], Any], progress: Progress | None) -> tuple[Any, Exception | None]:
    # An exception in a callback or a thread is invisible to the person at the notebook; it is put into words instead.
    try:
        return task(progress), None
    except Exception as error:  # noqa: BLE001
        return None, error
