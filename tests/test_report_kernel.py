"""The kernel of a report: parameters put in, warnings taken out, nothing left behind."""

import asyncio
import gc
import tempfile
from pathlib import Path

import pytest
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from fisherlib.io.scratch import PREFIX
from fisherlib.report import kernel


def test_values_come_after_the_cell_of_parameters() -> None:
    cells = [new_markdown_cell("# T"), new_code_cell("n = 1", metadata={"tags": ["parameters"]}), new_code_cell("n")]
    made = kernel.parametrised(new_notebook(cells=cells), {"n": 3, "name": "it's a\nb"})
    assert made.cells[2].source == 'n = 3\nname = "it\'s a\\nb"'
    assert [cell.source for cell in made.cells if cell.source != made.cells[2].source] == ["# T", "n = 1", "n"]
    assert len(kernel.parametrised(new_notebook(cells=cells), {}).cells) == 3
    assert kernel.parametrised(new_notebook(cells=[new_code_cell("1")]), {"n": 3}).cells[0].source == "n = 3"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/tmp/ipykernel_12/34.py:3: UserWarning: few data\n  x = read(\n", ["few data"]),
        ("/a/fisherlib/io/x.py:3: UserWarning: few\ndata: 3\n  x = read(\n", ["few data: 3"]),
        ("/a/fisherlib/x.py:3: UserWarning: one\n  x\n/a/fisherlib/x.py:4: UserWarning: two\n  y\n", ["one", "two"]),
        ("/a/fisherlib/x.py:3: UserWarning: one\n/b/fisherlib/x.py:4: UserWarning: one", ["one"]),
        ("/a/fisherlib/x.py:3: DeprecationWarning: old\n  x\n", []),
        ("/a/jupyter_client/session.py:3: UserWarning: of others\n  x\n", []),
        ("some text\n", []),
    ],
)
def test_warnings_are_taken_from_what_the_cells_print(text: str, found: list[str]) -> None:
    told = [new_output("stream", name="stderr", text=text), new_output("stream", name="stdout", text=text * 2)]
    notebook = new_notebook(cells=[new_markdown_cell("x"), new_code_cell("x", outputs=told)])
    assert kernel.warnings_of(notebook) == found


def test_the_folder_of_a_killed_run_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{PREFIX}killed").mkdir()
    (tmp_path / f"{PREFIX}killed" / "kernel.json").touch()
    (tmp_path / "other").mkdir()
    with kernel.runtime() as first, kernel.runtime() as folder:
        assert folder.parent == tmp_path and folder.stat().st_mode & 0o077 == 0
        assert {p.name for p in tmp_path.iterdir()} == {"other", first.name, folder.name}
    assert [p.name for p in tmp_path.iterdir()] == ["other"]


def test_a_task_that_fails_after_an_interrupt_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def waiting() -> None:
        raise DeadKernelError("Kernel died")

    async def interrupted() -> None:
        asyncio.get_running_loop().create_task(waiting())
        await asyncio.sleep(0)

    kernel.unheard()
    run_sync(interrupted)()
    gc.collect()
    assert caplog.text == ""
