"""Which Python ``make`` builds .venv with, and when it builds it anew; nothing is installed here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="NO MAKE, SO THE MAKEFILE WENT UNTESTED")


def python(path: Path, version: str) -> Path:
    """A program that takes itself for a Python of that version, and one before 3.11 for too old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\ncase "$2" in *print*) echo {version};; *) exit {int(version < "3.11")};; esac\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def checkout(root: Path, tmp_path: Path) -> Path:
    """A Makefile, a .venv of Python 3.11 that is up to date, and another two Pythons."""
    (tmp_path / ".ci").mkdir()
    for name in ("Makefile", "pyproject.toml", ".ci/constraints.txt"):
        shutil.copy(root / name, tmp_path / name)
    python(tmp_path / ".venv" / "bin" / "python", "3.11")
    (tmp_path / ".venv" / ".ready").touch()
    for name in ("3.10", "3.13"):
        python(tmp_path / f"python{name}", name)
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--silent", ".venv/.ready", *arguments]
    # What the suite itself was started with, as by make test PYTHON3=python3.13, is not meant for this one.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON3"))
    }
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, timeout=60)


def test_a_venv_that_is_up_to_date_is_left_alone(checkout: Path) -> None:
    for arguments in ((), (f"PYTHON3={checkout}/.venv/bin/python",)):
        done = make(checkout, "--dry-run", *arguments)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_new_versions_are_installed_into_the_python_that_is_there(checkout: Path) -> None:
    (checkout / ".venv" / ".ready").unlink()
    said = make(checkout, "--dry-run").stdout
    assert "--clear" not in said and "install" in said and "-c .ci/constraints.txt" in said


@pytest.mark.parametrize("why", ["another is asked for", "its Python is gone", "there is none"])
def test_it_is_made_anew(why: str, checkout: Path) -> None:
    arguments = ["PYTHON3=./python3.13"]
    if why == "its Python is gone":
        (checkout / ".venv" / "bin" / "python").unlink()
        arguments = []
    if why == "there is none":
        shutil.rmtree(checkout / ".venv")
    said = make(checkout, "--dry-run", *arguments).stdout
    assert "--clear" in said and ("./python3.13" in said) == bool(arguments)


@pytest.mark.parametrize("name", ["./python3.10", "./nowhere"])
def test_a_python_that_will_not_do_is_refused_and_the_venv_stays(name: str, checkout: Path) -> None:
    done = make(checkout, f"PYTHON3={name}")
    assert done.returncode and f"PYTHON3: expected Python 3.11 or newer, got {name}; make PYTHON3=" in done.stdout
    assert (checkout / ".venv" / ".ready").exists()
