"""Runs a report notebook with checked parameters and writes its page and its numbers, all or nothing."""

import contextlib
import json
import math
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from . import page
from .parameters import ParameterError, check, defaults


class ReportError(RuntimeError):
    """The notebook ran into an error, so no report was written; `traceback` holds where."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


def build(notebook: str | Path, target: str | Path, parameters: Mapping[str, object]) -> list[Path]:
    """Run `notebook` in the current directory and write `<target>/<stem>.html`, and `.json` if it has numbers.

    Nothing in `target` changes unless the whole notebook succeeds.

    Args:
        notebook: a notebook with a cell tagged `parameters`; if a cell is tagged `report-json`, the object it shows
            with `IPython.display.JSON` becomes the JSON file.
        target: folder of the report, made when missing.
        parameters: values by name, in any case; text is read as on the command line ("1200" fits a number).

    Returns:
        The files written.

    Raises:
        ParameterError: a name or a value that does not fit the notebook; nothing was run.
        ReportError: a cell raised an error, or the numbers are not finite.
    """
    source, target = Path(notebook), Path(target)
    unexecuted = _read(source)
    before = defaults(unexecuted)
    given = check(parameters, before, notebook=source.name)
    executed = _execute(unexecuted, given, source.name)
    folder = os.path.relpath(source.parent, target)
    shown = page.render(executed, name=source.stem, parameters=before | given, folder=folder)
    texts = {target / f"{source.stem}.html": shown}
    numbers = _numbers(executed)
    if numbers is not None:
        texts[target / f"{source.stem}.json"] = json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
    return _write(texts)


def _read(path: Path) -> nbformat.NotebookNode:
    if not path.is_file():
        raise ParameterError(f"there is no notebook {path}")
    notebook = nbformat.read(path, as_version=4)
    # A notebook remembers the kernel of whoever saved it last; the report runs in this very environment.
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return notebook


def _execute(notebook: nbformat.NotebookNode, parameters: Mapping[str, object], name: str) -> nbformat.NotebookNode:
    try:
        with _environment(PLOTLY_RENDERER="plotly_mimetype"):
            return papermill.execute_notebook(
                notebook,
                None,
                parameters=dict(parameters),
                cwd=os.getcwd(),
                progress_bar=sys.stderr.isatty(),
                store_widget_state=False,
                # The kernel logs that its sockets are not encrypted and that it was shut down: no news to a user.
                # What a cell prints or raises does not go through this log.
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
    except PapermillExecutionError as error:
        # The message may span lines and hold colours; the user gets one plain sentence.
        message = " ".join(re.sub(r"\x1b\[[\d;]*m", "", f"{error.ename}: {error.evalue}").split())
        raise ReportError(f"{name} stopped: {message}", str(error)) from error
    except DeadKernelError as error:
        raise ReportError(f"{name} stopped: its Python process died, perhaps for lack of memory", str(error)) from error


@contextlib.contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """The kernel inherits our environment, and papermill offers no other way to set a variable for it."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _numbers(notebook: nbformat.NotebookNode) -> Any:
    """What the cell tagged `report-json` shows, or None without such a cell."""
    tagged = [cell for cell in notebook.cells if "report-json" in cell.metadata.get("tags", [])]
    if not tagged:
        return None
    shown = [output.data for output in tagged[0].get("outputs", []) if "application/json" in output.get("data", {})]
    if not shown:
        raise ReportError("the cell tagged report-json must end in IPython.display.JSON(numbers)")
    numbers = shown[-1]["application/json"]
    for where, value in _leaves(numbers, "numbers"):
        # The kernel's messages cannot hold NaN and infinity: they arrive as the text of these numbers.
        if value in ("nan", "inf", "-inf") or (isinstance(value, float) and not math.isfinite(value)):
            raise ReportError(f"the cell tagged report-json shows {where} = {value}, and JSON has no such number")
    return numbers


def _leaves(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{where}[{index}]")
    else:
        yield where, value


def _write(texts: Mapping[Path, str]) -> list[Path]:
    """All files or none: each is complete under a hidden name before the first takes its place."""
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary[path].write_text(text, encoding="utf-8")
        for path in texts:
            os.replace(temporary[path], path)
    finally:
        for path in temporary.values():
            path.unlink(missing_ok=True)
    return list(texts)
