"""Executes a notebook in its own kernel, which leaves nothing behind."""

import contextlib
import copy
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from tqdm.auto import tqdm

from ..io.scratch import Scratch, sweep

_WARNING = re.compile(
    r"^[^\n]*(?:ipykernel_|fisherlib)[^\n]*:\d+: UserWarning: (.*?)(?=\n  |\n\S[^\n]*:\d+: |\s*\Z)",
    re.MULTILINE | re.DOTALL,
)


def parametrised(notebook: NotebookNode, parameters: Mapping[str, object]) -> NotebookNode:
    """A copy of the notebook with a cell of values after the cell tagged "parameters", or at the beginning."""
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    tagged = [k for k, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    place = tagged[0] + 1 if tagged else 0
    made = copy.deepcopy(notebook)
    if parameters:
        made.cells.insert(place, new_code_cell(source, metadata={"tags": ["injected-parameters"]}))
    return made


def execute(notebook: NotebookNode, *, title: str, told: Callable[[int, int], None] | None = None) -> NotebookNode:
    """Run all cells in the working folder and put their outputs into the notebook.

    Args:
        notebook: the notebook to run; it is changed.
        title: of the progress bar.
        told: called with (number of the cell to run, of all) instead of the bar.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell raised an error.
        nbclient.exceptions.DeadKernelError: the kernel ended.
    """
    with runtime() as folder:
        manager = AsyncKernelManager(kernel_name="python3", connection_file=str(folder / "kernel.json"))
        client = NotebookClient(notebook, km=manager, timeout=None, store_widget_state=False)
        started = client.setup_kernel(
            cleanup_kc=True,
            cwd=os.getcwd(),
            env=os.environ | {"PLOTLY_RENDERER": "plotly_mimetype"},
            # What cells print arrives by messages; these streams carry only lines about sockets and shutdowns.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with started:
            cells = tqdm(
                notebook.cells,
                desc=title,
                unit="cell",
                disable=told is not None or not sys.stderr.isatty(),
                leave=False,
            )
            for number, cell in enumerate(cells):
                if told is not None:
                    told(number + 1, len(notebook.cells))
                client.execute_cell(cell, number)
    return notebook


def warnings_of(notebook: NotebookNode) -> list[str]:
    """The warnings that the cells of an executed notebook raised, each once."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "".join(o.text for o in outputs if o.output_type == "stream" and o.name == "stderr")
    return list(dict.fromkeys(" ".join(message.split()) for message in _WARNING.findall(text)))


def unheard() -> None:
    """Silence tasks that still wait for a kernel when the run is interrupted; for a process without an event loop."""
    ensure_event_loop().set_exception_handler(lambda *_: None)


@contextlib.contextmanager
def runtime() -> Iterator[Path]:
    """A private folder for the kernel's connection file; the folders of killed runs are removed."""
    sweep()
    with contextlib.closing(Scratch()) as folder:
        yield folder.path
