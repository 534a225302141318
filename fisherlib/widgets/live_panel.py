"""A fit beside the simulation that makes its data: Stop and Go on, until the error bar is as small as asked."""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Callable, Iterable

import ipywidgets
import traitlets

from .. import figures
from ..arguments import kind, positive, whole
from ..dataset import Trajectory
from ..progress import Progress
from ..units import counted
from ..validation import LiveFit
from .controls import number, row
from .live import LiveFigure
from .panel import Panel
from .states import State
from .work import Work

#: Seconds between two figures at least, and how many times as long as the latest took; updates of the fit are more frequent.
BEAT, RARER = 0.5, 6.0


class LiveState(State):
    """The error bar that is wanted."""

    target = traitlets.Float(5.0, min=1e-9, max=1e9)  # meV/Å


class LivePanel(Panel):
    """θ_f with its error bars, J and the landscape, while configurations are added one by one.

    Configurations are made and added in a thread, so that the page stays alive. Nothing depends on when it is stopped: the
    fit equals that of all configurations at once, to the last bit.

    Args:
        frames: what comes, each with the key of its trajectory, such as ``properties.walkers(…)``; it may never end.
        target: the error bar of forces that is wanted, eV/Å.
        temperature: K; that of the frames by default.
        screen: as for ``Panel``.

    Attributes:
        live: the fit so far.
        running: the status line of adding, with the button *Stop*.
        rate: configurations a second, as of late.
    """

    state: LiveState

    def __init__(
        self,
        frames: Iterable[Trajectory],
        *,
        target: float,
        temperature: float | None = None,
        screen: LiveFigure | None = None,
    ) -> None:
        kind("frames", frames, Iterable, "LivePanel(properties.walkers(starts, EMT), target=0.005)")
        self.live, self._frames = LiveFit(temperature=temperature), iter(frames)
        self.running, self.rate, self.numbers = Work(), 0.0, ipywidgets.HTML()
        self.running.button.description, self.running.button.icon = "Stop", "stop"
        self.running.button.tooltip = "Stop after the configuration that is being made; nothing is lost"
        self.button = ipywidgets.Button(description="Go on", icon="play", layout={"width": "auto"})
        self.button.tooltip = "Make and add configurations until the error bar is as small as asked"
        self.button.on_click(lambda _: self.go_on())
        self._next, self._pending = 0.0, False
        state = LiveState(target=1e3 * positive("target", target))
        wanted = number(state, "target", "Error bar wanted, meV/Å")
        wanted.layout.max_width = "300px"
        wanted.tooltip = "Of the forces of θ_f, for which configurations are added"
        super().__init__("live", state, [row(self.button, wanted), self.running, self.numbers], screen=screen)

    @property
    def reached(self) -> bool:
        """Whether there is an error bar to trust that is as small as asked."""
        last = self.live.steps[-1] if self.live.steps else None
        return last is not None and not last.reason and 1e3 * last.force_error <= self.state.target

    def go_on(self) -> None:
        """Add configurations in the background until the error bar is as small as asked, or somebody stops it."""
        if not self.running.busy:
            self._run(None)

    def run(self, frames: int) -> None:
        """Add so many configurations at once, and draw meanwhile; for notebooks that run without anybody."""
        whole("frames", frames, 1, "configurations")
        self.stop()
        self._run(frames)

    def stop(self) -> None:
        """Stop after the configuration under way, and wait for it."""
        if self.running.busy:
            self.running.cancel()
        self.running.wait()

    def _run(self, frames: int | None) -> None:
        draw = self._drawing(at_once=frames is not None)

        def task(progress: Progress) -> str:
            try:
                return self._add(frames, progress, draw)
            finally:
                draw(True)

        done = self.running.say
        self.running.run("adding configurations", task, done, at_once=frames is not None, undo=self._stopped)

    def _add(self, frames: int | None, progress: Progress, draw: Callable[[bool], None]) -> str:
        began, added = time.monotonic(), 0
        while added != frames and (frames is not None or not self.reached):
            frame = next(self._frames, None)
            if frame is None:
                return f"No more configurations come: {self._stopped()}"
            step = self.live.add(frame)
            added += 1
            self.rate = added / (time.monotonic() - began)
            draw(False)
            wanted = step.configurations * (1e3 * step.force_error / self.state.target) ** 2
            progress(step.configurations, 0 if step.reason else max(round(wanted), step.configurations))
        return self._stopped()

    def _stopped(self) -> str:
        n = counted(sum(step.configurations for step in self.live.steps[-1:]), "configuration")
        return (
            f"{n}: the error bar is as small as asked."
            if self.reached
            else f"Stopped after {n}; <i>Go on</i> adds more."
        )

    def _drawing(self, *, at_once: bool) -> Callable[[bool], None]:
        """What draws from a thread: in the kernel's event loop, not more often than can be seen."""
        loop = None
        if not at_once:
            with contextlib.suppress(RuntimeError):
                loop = asyncio.get_running_loop()
        context = contextvars.copy_context()

        def draw(last: bool) -> None:
            if not last and (self._pending or time.monotonic() < self._next):
                return
            if loop is None:
                self.redraw()
                return
            self._pending = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody looks
                loop.call_soon_threadsafe(self.redraw, context=context)

        return draw

    def redraw(self) -> None:
        """Draw the fit so far."""
        began, self._pending = time.monotonic(), False
        if self.live.steps:
            self.show(figures.live_fit(self.live, target=1e-3 * self.state.target))
            self.numbers.value = f"{self.rate:.1f} updates a second" if self.rate else ""
        ended = time.monotonic()  # on a busy machine figures are rarer, so that they do not keep the fit waiting
        self._next = ended + max(BEAT, RARER * (ended - began))
