"""The button that writes the report of what is seen: what it asks for, the lines that repeat it, cancelling, errors."""

import asyncio
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import fisherlib as fl
from fisherlib.io.places import PROJECT
from fisherlib.report import comparisons
from fisherlib.report.parameters import check, defaults
from fisherlib.widgets import Dashboard, delivery, seen
from fisherlib.widgets.delivery import Delivery
from fisherlib.widgets.seen import NOTEBOOK, ReportButton, Seen

OWN = "it's a $run; 1.xyz"


@pytest.fixture
def dashboard(few_walkers: fl.Dataset, tmp_path: Path) -> Dashboard:
    fl.io.write(few_walkers, tmp_path / "few.npz")
    return Dashboard(str(tmp_path / "few.npz"), theta="data/theta_energy.json")


def test_the_choices_of_all_pages_are_parameters_that_the_report_has(dashboard: Dashboard) -> None:
    dashboard.load.state.temperature = 1100.0
    dashboard.panels["Fit"].state.ridge = 1e-4
    state = dashboard.panels["Landscape"].state
    state.loss, state.seed = "force MAE", 3
    found = seen.seen(dashboard.load, dashboard.panels)
    path = dashboard.load.state.path
    told = {"data": path, "theta": "data/theta_energy.json", "temperature": 1100.0, "ridge": 1e-4, "seed": 3}
    assert told.items() <= found.parameters.items() and found.parameters["forces"] == "forces"
    assert found.parameters["show_loss"] == "force MAE" and found.parameters["show_model"] == "θ_f"
    assert found.parameters["show_plane"] in dashboard.panels["Landscape"].state.options["plane"]
    assert check(found.parameters, defaults(nbformat.read(NOTEBOOK, as_version=4)), notebook="theta_f.ipynb")
    assert found.where == "" and not found.names
    fit = dashboard.panels["Fit"]
    fit.state.name = "soft"
    state.offer(model=["soft", *state.options["model"]])
    state.model = "soft"
    assert seen.seen(dashboard.load, dashboard.panels).parameters["show_model"] == comparisons.MINE
    fit.state.ridge = 0.0  # the report has no such fit then, and begins with its first landscape
    assert "show_model" not in seen.seen(dashboard.load, dashboard.panels).parameters


def test_without_data_there_is_a_reason_and_no_report(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"PK no archive")
    button = Dashboard(str(tmp_path / "bad.npz")).report
    button.write()
    assert "no report yet" in button.work.status.value and button.delivery.name == ""


def test_the_lines_can_be_pasted_into_a_shell_and_name_an_uploaded_file_as_its_owner_does() -> None:
    given = {"data": f"/tmp/gone/1/{OWN}", "temperature": 800.0, "key": "1e3", "gradient": True}
    wanted = Seen(given, {"data": OWN})
    ours, theirs = map(shlex.split, wanted.lines)
    assert ours == ["fisherlib-report", f"DATA={OWN}", "TEMPERATURE=800.0", "KEY=1e3", "GRADIENT=True"]
    assert theirs[:3] == ["papermill", str(NOTEBOOK), f"{wanted.stem}.ipynb"]
    assert theirs[3:] == ["-r", "data", OWN, "-p", "temperature", "800.0", "-r", "key", "1e3", "-p", "gradient", "True"]
    assert OWN in wanted.where and wanted.stem.replace("_", "").isalnum()


def test_a_path_from_the_working_folder_is_told_so_that_the_line_runs_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / OWN).touch()
    monkeypatch.chdir(tmp_path)
    assert seen._from_anywhere(f"runs/{OWN}") == str(tmp_path / "runs" / OWN)
    assert seen._from_anywhere("runs/*.xyz") == str(tmp_path / "runs" / "*.xyz")
    assert seen._from_anywhere("data/theta_energy.json") == "data/theta_energy.json"  # found from everywhere
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "theta_energy.json").touch()  # but not where another one hides it
    assert seen._from_anywhere("data/theta_energy.json") == str(tmp_path / "data" / "theta_energy.json")


def test_an_uploaded_file_keeps_its_name(dashboard: Dashboard, tmp_path: Path) -> None:
    state = dashboard.load.state
    dashboard.load._paths.uploaded(Path(state.path))
    assert seen.seen(dashboard.load, dashboard.panels).names == {"data": "few.npz"}


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A report notebook that takes no time, or waits for ever, in place of the real one."""
    waiting = (
        "import time\nif temperature == 1.0:\n    time.sleep(600)\nif temperature == 2.0:\n    raise ValueError('hot')"
    )
    cells = [new_code_cell("data = ''\ntemperature = None", metadata={"tags": ["parameters"]}), new_code_cell(waiting)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "theta_f.ipynb")
    monkeypatch.setattr(seen, "NOTEBOOK", tmp_path / "theta_f.ipynb")
    return tmp_path


@pytest.mark.notebooks
def test_the_report_is_written_and_handed_over_in_pieces(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    button = ReportButton(lambda: Seen({"data": "own.npz", "temperature": 300.0}), target=small / "reports")
    button.write()
    button.work.wait()
    assert button.work.last_error is None, button.work.last_error
    page = small / "reports" / "own" / "theta_f.html"
    assert button.delivery.place == str(page) and len(button.delivery.lines) == 2
    monkeypatch.setattr(delivery, "PIECE", 1024**2)
    sent: list[tuple[dict, list[bytes]]] = []
    monkeypatch.setattr(Delivery, "send", lambda self, content, buffers=(): sent.append((content, list(buffers))))
    while sum(len(b) for _, buffers in sent for b in buffers) < page.stat().st_size:
        offset = sum(len(b) for _, buffers in sent for b in buffers)
        button.delivery._send_piece(None, {"number": 1, "offset": offset}, [])
    assert b"".join(b for _, buffers in sent for b in buffers) == page.read_bytes()
    page.unlink()
    button.delivery._send_piece(None, {"number": 2, "offset": 0}, [])
    assert "No such file" in sent[-1][0]["error"]


@pytest.mark.notebooks
def test_what_goes_wrong_in_the_report_is_told_in_its_words(small: Path) -> None:
    button = ReportButton(lambda: Seen({"data": "own.npz", "temperature": 2.0}), target=small / "reports")
    button.write()
    button.work.wait()
    assert "theta_f.ipynb stopped: ValueError: hot" in str(button.work.last_error)
    assert button.delivery.name == "" and not (small / "reports").exists()


@pytest.mark.notebooks
def test_a_report_that_is_cancelled_ends_its_process_and_writes_nothing(small: Path) -> None:
    async def person() -> ReportButton:
        button = ReportButton(lambda: Seen({"data": "own.npz", "temperature": 1.0}), target=small / "reports")
        button.write()
        for _ in range(1200):
            await asyncio.sleep(0.1)
            if "%" in button.work.status.value:
                break
        button.work.cancel()
        await asyncio.to_thread(button.work._thread.join, 120)
        assert not button.work._thread.is_alive()
        return button

    button = asyncio.run(person())
    assert "Cancelled" in button.work.status.value and not (small / "reports").exists()


@pytest.mark.parametrize(("deaf_to", "status"), [(0, 3), (1, 3), (9, -signal.SIGKILL)])
def test_a_process_that_does_not_hear_is_asked_again_and_ended_at_last(deaf_to: int, status: int) -> None:
    code = (
        "import signal, sys, time\nasked = []\n"
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit(3) if len(asked) >= {deaf_to} else asked.append(1))\n"
        "print('ready', flush=True)\nwhile True:\n    time.sleep(0.05)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        seen.ended(process, patience={0: 60.0, 1: 5.0}.get(deaf_to, 1.0))
        assert process.wait(60) == status


def test_reports_lie_where_git_ignores_them() -> None:
    folder = ReportButton(lambda: Seen({}))._target
    assert folder == PROJECT / "reports" and "/reports/" in (PROJECT / ".gitignore").read_text().split()
