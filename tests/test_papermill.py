"""papermill by its own command line: what a notebook with a panel leaves behind."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from fisherlib.widgets import live

PANEL = "import fisherlib as fl\n\nfl.widgets.FitPanel(fl.Study(fl.systems.harmonic([1.0, 2.0])))"


@pytest.mark.notebooks
def test_a_notebook_with_a_panel_stays_small_and_ends_without_an_error(tmp_path: Path) -> None:
    kernel = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=[new_code_cell(PANEL)], metadata=kernel), tmp_path / "panel.ipynb")
    command = [sys.executable, "-m", "papermill", "panel.ipynb", "done.ipynb", "--no-progress-bar"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0 and "Traceback" not in run.stderr, run.stderr
    done = json.loads((tmp_path / "done.ipynb").read_text(encoding="utf-8"))
    assert (tmp_path / "done.ipynb").stat().st_size < 300_000  # with plotly.js five million
    states = done["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert any(state["state"].get("_esm") == live.UNSEEN for state in states)
    assert done["cells"][0]["outputs"]


def test_where_somebody_looks_the_figure_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.LiveFigure.of()._esm != live.UNSEEN  # in plain Python
    monkeypatch.setattr(live, "_watched", lambda: False)
    assert live.LiveFigure.of()._esm == live.UNSEEN


@pytest.mark.parametrize(
    ("asks", "voila", "watched"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_who_looks(monkeypatch: pytest.MonkeyPatch, asks: bool, voila: bool, watched: bool) -> None:
    class Shell:
        class kernel:  # noqa: N801
            _allow_stdin = asks

    import IPython

    monkeypatch.setattr(IPython, "get_ipython", Shell)
    for name in [name for name in live.os.environ if name.startswith("VOILA_")]:
        monkeypatch.delenv(name)
    if voila:
        monkeypatch.setenv("VOILA_APP_PORT", "1")
    assert live._watched() is watched
