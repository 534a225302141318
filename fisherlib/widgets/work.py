"""Long work in the background: status, progress bar with an estimate, Cancel button, error message."""

import asyncio
import contextlib
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
    """The work was cancelled, or newer work replaced it."""


class Work(ipywidgets.HBox):
    """The status line above the controls of a panel.

    Long work runs in a thread, so that the kernel can react to the Cancel button. Its result is shown from the kernel's
    event loop. Without a running loop (plain Python) everything runs in the caller's thread.

    Attributes:
        last_error: the last exception; None if the last work succeeded.
    """

    def __init__(self) -> None:
        self.status = ipywidgets.HTML()
        self.last_error: Exception | None = None
        self.bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "160px"})
        tip = "Stops the work, and goes back to what was shown before."
        self.button = ipywidgets.Button(description="Cancel", icon="times", layout={"width": "auto"}, tooltip=tip)
        self.button.on_click(lambda _: self.cancel())
        self._number = 0  # of the work under way; older work with another number is obsolete
        self._undo: Callable[[], str] | None = None
        self._outcome: tuple[int, Any, Exception | None, Callable[[Any], None]] | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        super().__init__([self.status, self.bar, self.button], layout={"min_height": "28px", "align_items": "center"})
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
        """Run ``done(task(progress))``; newer work cancels older work.

        Args:
            what: the work in words, for the status line.
            task: the work; it calls ``progress(done, total)``, which raises ``Cancelled`` when it should stop.
            done: shows the result.
            at_once: run in this thread, for work that takes no time.
            undo: called when the person cancels; returns the sentence to show.
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

    def _start(
        self, loop: asyncio.AbstractEventLoop, what: str, task: Callable[[Progress], Any], done: Callable[[Any], None]
    ) -> None:
        number, started = self._number, time.monotonic()
        context, last = contextvars.copy_context(), [started]

        def progress(count: int, total: int) -> None:
            if number != self._number:
                raise Cancelled
            now = time.monotonic()
            if total and now - last[0] >= BEAT:
                last[0] = now
                left = (now - started) * (total - count) / max(count, 1)
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._show, number, what, count / total, left, context=context)

        def job() -> None:
            with self._lock:  # cancelled work may still be running; wait for it
                if number != self._number:
                    return
                self._outcome = (number, *_attempt(task, progress), done)
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(self._collect, context=context)

        self._thread = thread = threading.Thread(target=job, daemon=True)
        thread.start()

    def wait(self) -> None:
        """Wait until the work, and any work that its result starts, is done and shown; for scripts and tests."""
        waited = None
        while self._thread is not None and self._thread is not waited:
            waited = self._thread
            waited.join()
            self._collect()

    @property
    def busy(self) -> bool:
        """Whether work is running in the background."""
        return self.button.layout.display != "none"

    def stop(self) -> None:
        """Stop the work under way; its result is no longer needed."""
        self._number += 1
        self._busy(False)
        self.status.value = ""

    def cancel(self) -> None:
        """Stop the work under way, and say so."""
        self.stop()
        self.status.value = (self._undo and self._undo()) or "Cancelled."

    def say(self, sentence: str) -> None:
        """Show a sentence, as HTML."""
        self.status.value = sentence

    def fail(self, error: Exception) -> None:
        """Show the message of an exception and keep it."""
        self.last_error = error
        message = str(error.args[0] if isinstance(error, KeyError) and error.args else error) or type(error).__name__
        self.status.value = f"<b class='fisherlib-error' role='alert'>✗ {escape(printable(message))}</b>"

    def _collect(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None and outcome[0] == self._number:  # otherwise newer work has begun meanwhile
            self._finish(*outcome[1:])

    def _finish(self, result: Any, error: Exception | None, done: Callable[[Any], None]) -> None:
        self._busy(False)
        if error is None:
            self.last_error, self.status.value = None, ""
            _, error = _attempt(lambda _: done(result), lambda done, total: None)
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


def _attempt(task: Callable[[Progress], Any], progress: Progress) -> tuple[Any, Exception | None]:
    # Nobody at the notebook sees an exception in a callback or a thread, so its message is shown instead.
    try:
        return task(progress), None
    except Exception as error:  # noqa: BLE001
        return None, error
