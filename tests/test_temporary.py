"""A run of tests that leaves something in the temporary directory fails and says what; a good one leaves nothing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LITTER = """
import os, tempfile
def test_a_file_of_its_own(tmp_path):
    (tmp_path / "data").write_text("")
def test_litter():
    assert os.environ["TMPDIR"] == tempfile.gettempdir()
    tempfile.mkdtemp(prefix="litter-")
"""


@pytest.mark.parametrize(("chosen", "status"), [("file", 0), ("litter", 1)])
def test_a_run_that_leaves_something_fails(chosen: str, status: int, root: Path, tmp_path: Path) -> None:
    folder, temporary = tmp_path / "tests", tmp_path / "tmp"
    folder.mkdir(), temporary.mkdir()
    shutil.copy(root / "tests" / "temporary.py", folder / "conftest.py")
    (folder / "test_it.py").write_text(LITTER)
    command = [sys.executable, "-m", "pytest", "-q", "-k", chosen, "-c", os.devnull, "--rootdir", folder, folder]
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(root),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    assert ("left in the temporary directory" in done.stdout) == ("litter-" in done.stdout) == bool(status)
    assert len(list(temporary.iterdir())) == status  # what failed may be looked at, until the next run
