"""A button that writes the offline report of what a person sees, and the lines that write it again."""

import contextlib
import dataclasses
import glob
import queue
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ipywidgets

from ..io.columns.choice import FLAGS
from ..io.places import PROJECT
from ..progress import Progress
from .delivery import Delivery
from .load import LoadPanel
from .panel import Panel
from .states import NONE, ONE_RUN, FitState, LandscapeState
from .work import Work

NOTEBOOK = PROJECT / "notebooks" / "reports" / "theta_f.ipynb"
#: What the command line of the report says of its progress.
_STEP = re.compile(r"report: cell (\d+) of (\d+)")
#: Seconds between two looks whether the work was cancelled.
LOOK = 0.2


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a person sees, as parameters of the report.

    Attributes:
        parameters: name → value; what is not among them has its default.
        names: name → the file's own name, of those that were uploaded into a folder that vanishes.
    """

    parameters: Mapping[str, Any]
    names: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The data file as the name of a folder."""
        return (
            re.sub(r"[^\w.-]+", "_", Path(self.names.get("data", str(self.parameters["data"]))).stem).strip("._")
            or "data"
        )

    @property
    def lines(self) -> tuple[str, str]:
        """The command lines of fisherlib-report and of papermill that write this report again."""
        given = {**self.parameters, **self.names}
        own = [shlex.quote(f"{name.upper()}={value}") for name, value in given.items()]
        of_papermill = [
            f"-{'r' if isinstance(v, str) else 'p'} {name} {shlex.quote(str(v))}" for name, v in given.items()
        ]
        notebook = shlex.quote(str(NOTEBOOK))
        return " ".join(["fisherlib-report", *own]), " ".join(
            ["papermill", notebook, f"{self.stem}.ipynb", *of_papermill]
        )

    @property
    def where(self) -> str:
        """Where to put uploaded files before a line is run; empty if there are none."""
        names = " and ".join(self.names.values())
        return (
            f"{names} was uploaded and is not kept: run the line in the folder in which you keep it." if names else ""
        )


def seen(load: LoadPanel, panels: Mapping[str, Panel]) -> Seen:
    """What the pages show: file, columns, units, θ, weights of the fit, and the landscape.

    Args:
        load: the page of files.
        panels: title → page, of those that need data.

    Raises:
        ValueError: no data are loaded.
    """
    state, subject = load.state, load.subject
    if subject.study is None:
        raise ValueError(f"no report yet: {subject.reason}")
    found: dict[str, Any] = {"data": state.path}
    if subject.study.models.keys() & {"θ (given)"} and state.theta != NONE:
        found["theta"] = state.theta
    found |= {name: value for name, value in dataclasses.asdict(state.choice).items() if value not in (None, ONE_RUN)}
    found = {name: value for name, value in found.items() if name not in FLAGS or value}
    found |= {"descriptor": state.descriptor} if state.descriptor and not load.reading.own_descriptors else {}
    weights = {name: getattr(panels["Fit"].state, name) for name in ("ridge", "kl", "energy")}
    found |= {name: weight for name, weight in weights.items() if weight}
    found |= {name: _from_anywhere(str(found[name])) for name in ("data", "theta") if name in found}
    called = {name: load.uploaded(str(found[name])) for name in ("data", "theta") if name in found}
    models = {name: name for name in subject.study.models}
    models |= {panels["Fit"].state.name: FitState().name} if any(weights.values()) else {}
    return Seen(found | _landscape(panels["Landscape"].state, models), {n: c for n, c in called.items() if c})


def _from_anywhere(path: str) -> str:
    """A path that a line can be run with from any folder; those of the project are found from all."""
    here = Path(path).expanduser()
    of_project = (PROJECT / here).exists() and not (here.exists() and not here.samefile(PROJECT / here))
    return path if of_project or not (here.exists() or glob.glob(str(here))) else str(here.absolute())


def _landscape(state: LandscapeState, models: Mapping[str, str]) -> dict[str, Any]:
    """The landscape that is open, if the report has it, with the seed of its random direction and its resolution.

    Args:
        state: what is open.
        models: name → what the report calls it.
    """
    shown = {"show_model": models.get(state.model, ""), "show_plane": state.plane, "show_loss": state.loss}
    shown = shown if state.model in models else {}
    usual = LandscapeState()
    changed = {name: getattr(state, name) for name in ("seed", "n") if getattr(state, name) != getattr(usual, name)}
    return {name: value for name, value in shown.items() if value} | changed


class ReportButton(ipywidgets.VBox):
    """Writes the report of what is seen into a folder that git ignores, while a person goes on; then hands it over.

    Args:
        asked: what is seen when the button is pressed; a ValueError if there is nothing.
        target: folder of the reports, ``reports/`` of the project by default, never that of the notebooks.

    Attributes:
        work: the status line, with progress and Cancel.
        delivery: the page and the lines that write it again.
    """

    def __init__(self, asked: Callable[[], Seen], *, target: Path | None = None) -> None:
        self._asked, self._target = asked, target or _folder()
        self.button = ipywidgets.Button(description="Report of what I see", layout={"width": "auto"})
        self.button.tooltip = (
            "Writes these data and choices as one page that opens offline, and shows the line that repeats it."
        )
        self.work, self.delivery = Work(), Delivery()
        self.button.on_click(lambda _: self.write())
        super().__init__([ipywidgets.HBox([self.button, self.work]), self.delivery])
        self.add_class("fisherlib-report")

    def write(self) -> None:
        """Write the report of what is seen now."""
        try:
            wanted = self._asked()
        except ValueError as error:
            self.work.fail(error)
            return
        self.delivery.clear()
        self.work.run(
            "writing the report",
            lambda progress: _written(wanted, self._target / wanted.stem, progress),
            lambda page: self.delivery.offer(page, [*wanted.lines], wanted.where),
        )


def _folder() -> Path:
    """``reports/`` of the checkout, which git ignores, or of the working folder where the package is installed."""
    return (PROJECT if (PROJECT / "pyproject.toml").is_file() else Path.cwd()) / "reports"


def _told(process: subprocess.Popen[str]) -> Iterator[str]:
    """What a process says, line by line, and an empty line each time that it has said nothing for a while."""
    heard: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        for line in process.stderr or ():
            heard.put(line.strip())
        heard.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        try:
            line = heard.get(timeout=LOOK)
        except queue.Empty:
            line = ""
        if line is None:
            return
        yield line


def ended(process: subprocess.Popen[str], *, patience: float = 40.0) -> None:
    """End a process, which then removes what it has begun; it is asked twice, as Python may swallow what a signal raises."""
    for _ in range(2):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return
    process.kill()


def _written(wanted: Seen, target: Path, progress: Progress) -> Path:
    """The page, written by a process of its own, which ends when ``progress`` raises.

    Raises:
        ValueError: the report says why it could not be written.
    """
    given = [f"{name}={value}" for name, value in wanted.parameters.items()]
    command = [
        sys.executable,
        "-m",
        "fisherlib.report",
        "--progress",
        f"--notebook={NOTEBOOK}",
        f"--target={target}",
        *given,
    ]
    done, total, said = 0, 0, []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in _told(process):
                if step := _STEP.match(line):
                    done, total = int(step[1]), int(step[2])
                elif line:
                    said.append(line)
                progress(done, total)
        except BaseException:
            ended(process)
            raise
    if process.returncode:
        raise ValueError(said[-1].removeprefix("report: ") if said else f"the report ended with {process.returncode}")
    return target / f"{NOTEBOOK.stem}.html"
