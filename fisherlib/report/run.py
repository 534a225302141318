"""Runs a report notebook with checked parameters and writes its page and its numbers: both or neither."""

import json
import math
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from . import page
from .beside import ENDING
from .beside import page_of as beside_of
from .kernel import execute, parametrised, warnings_of
from .parameters import ReportError, spoken
from .request import asked
from .target import reason, tried, write


def build(notebook: str | Path, target: str | Path, parameters: Mapping[str, object]) -> list[Path]:
    """Run a notebook in the current folder and write ``<target>/<stem>.html``, and ``.json`` if it has numbers.

    Nothing in the target changes unless the whole notebook succeeds.

    Args:
        notebook: has a cell tagged "parameters". If a cell is tagged "report-json", the object that it shows with
            ``IPython.display.JSON`` becomes the JSON file.
        target: folder of the report; made if missing.
        parameters: values by name, in any case; text is read as on the command line ("1200" fits a number).

    Returns:
        The files written.

    Raises:
        ParameterError: a name or a value that does not fit the notebook; nothing was run.
        ReportError: a cell raised an error, or the numbers are not finite.
    """
    before, given = asked(Path(notebook), parameters)
    tried(Path(target))
    return made(Path(notebook), Path(target), before, given)


def made(
    source: Path,
    target: Path,
    before: Mapping[str, object],
    given: Mapping[str, object],
    *,
    told: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Run the notebook and write its report; parameters and target are checked already.

    Args:
        source: the notebook.
        target: folder of the report.
        before: the notebook's parameters with their defaults.
        given: the parameters to change.
        told: as ``kernel.execute`` calls it.
    """
    executed = _executed(source, before, given, told)
    for message in warnings_of(executed):
        warnings.warn(spoken(message, before), stacklevel=3)
    try:
        return _reported(executed, source, target, {**before, **given})
    except ReportError:
        raise
    except OSError as error:
        raise ReportError(f"the report could not be written to {target} ({reason(error)})") from error
    except Exception as error:
        message = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ReportError(
            f"{source.name} ran, but its page could not be made: {message}", traceback.format_exc()
        ) from error


def _reported(executed: NotebookNode, source: Path, target: Path, parameters: Mapping[str, object]) -> list[Path]:
    numbers = _numbers(executed)
    about, stem = _subject(parameters, numbers), source.stem
    text = "" if numbers is None else json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
    beside = "".join(beside_of(output) for cell in executed.cells for output in cell.get("outputs", []))
    shown = page.render(executed, name=stem, parameters=parameters, numbers=text, subject=about)
    texts = {target / f"{stem}.html": shown}
    more = {target / f"{stem}.json": text, target / f"{stem}{ENDING}": beside}
    return write(texts | {path: each for path, each in more.items() if each}, stale=tuple(more))


def _executed(
    source: Path,
    before: Mapping[str, object],
    given: Mapping[str, object],
    told: Callable[[int, int], None] | None,
) -> NotebookNode:
    notebook = nbformat.read(source, as_version=4)
    # A notebook stores the kernel of whoever saved it last; the report runs in this environment.
    notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    try:
        return execute(parametrised(notebook, given), title=source.stem, told=told)
    except CellExecutionError as error:
        # The message may span lines and contain colour codes; the user gets one plain sentence.
        words = " ".join(re.sub(r"\x1b\[[\d;]*m", "", error.evalue).split())
        message = f"{error.ename}: {spoken(words, before)}"
        raise ReportError(f"{source.name} stopped: {message}", error.traceback) from error
    except DeadKernelError as error:
        died = f"{source.name} stopped: its Python process died, perhaps for lack of memory"
        raise ReportError(died, str(error)) from error


def _subject(parameters: Mapping[str, object], numbers: Any) -> str:
    """The line under the title: the data file and the temperature."""
    stated = numbers.get("temperature") if isinstance(numbers, Mapping) else None
    temperature = parameters.get("temperature") or stated
    several = temperature if isinstance(temperature, list) else [temperature]
    kelvin = ", ".join(f"{T:g} K" for T in several if isinstance(T, int | float))
    file = Path(str(parameters["data"])).name if parameters.get("data") else ""
    return " · ".join(filter(None, (file, kelvin)))


def _numbers(notebook: nbformat.NotebookNode) -> Any:
    """The object that the cell tagged "report-json" shows; None without such a cell."""
    tagged = [cell for cell in notebook.cells if "report-json" in cell.metadata.get("tags", [])]
    if not tagged:
        return None
    shown = [output.data for output in tagged[0].get("outputs", []) if "application/json" in output.get("data", {})]
    if not shown:
        raise ReportError("the cell tagged report-json must end in IPython.display.JSON(numbers)")
    numbers = shown[-1]["application/json"]
    for where, value in _leaves(numbers, "numbers"):
        # Messages of a kernel cannot carry NaN and infinity: they arrive as text.
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
