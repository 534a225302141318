"""The tests of the heart, run where numpy and scipy are all there is."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hidden import HEAVY

#: Rooms that need no other library, by the names of their tests.
ROOMS = """
    units dataset losses moments solvers refinement potential ridge systems
    comparison validation landscapes no_inverse
    diagnostics diagnostics_ensemble diagnostics_identifiability diagnostics_metastability
    uncertainty uncertainty_distributions uncertainty_energies uncertainty_intervals uncertainty_jackknife
    uncertainty_model_form
""".split()


def alone(*arguments: str | Path, root: Path) -> subprocess.CompletedProcess[str]:
    """A run of tests in which nothing else can be imported, and no plugin of pytest asks for it."""
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "heart", *map(str, arguments)]
    path = os.pathsep.join(map(str, (root, root / "tests")))
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": path, "PYTHONSAFEPATH": "1"}
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=600)


def test_the_heart_needs_numpy_and_scipy_only(root: Path) -> None:
    done = alone(*(root / "tests" / f"test_{name}.py" for name in ROOMS), root=root)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 400, done.stdout[-500:]


@pytest.mark.parametrize("line", ["import pandas", "import fisherlib.figures", "import fisherlib as fl; fl.io"])
def test_where_a_test_needs_more_the_run_fails(line: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "test_more.py").write_text(f"def test_more():\n    {line}\n")
    done = alone(tmp_path, "--rootdir", tmp_path, "-c", os.devnull, root=root)
    assert done.returncode == 1 and "ModuleNotFoundError" in done.stdout, done.stdout + done.stderr


def test_everything_installed_beyond_numpy_and_scipy_is_hidden(root: Path) -> None:
    script = """
import hidden, importlib.util
hidden.hide(hidden.HEAVY)
print([name for name in hidden.HEAVY if importlib.util.find_spec(name)])
"""
    shown = subprocess.run([sys.executable, "-c", script], cwd=root / "tests", capture_output=True, text=True)
    assert shown.stdout.strip() == "[]" and {"ase", "plotly", "sklearn"} <= HEAVY, shown.stderr
