"""`make report` passes what is given on to the report letter by letter, and obeys nothing of it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Says its version where make asks for it; else writes its arguments and the environment variables of that name, each
#: ended by a zero byte.
PYTHON = """#!/bin/sh
[ "$1" = -c ] && echo 3.11 && exit
printf '%s\\0' "$@" > arguments
env -0 | grep -z '^DATA=' > environment || true
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile that looks installed, and a Python that only notes what it is called with."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".ci").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("pyproject.toml", ".ci/constraints.txt"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".venv" / ".ready").touch()
    (tmp_path / ".venv" / "bin" / "python").write_text(PYTHON)
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    return tmp_path


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # What the suite itself was started with, as by make test PYTHON3=python3.13, is not meant for this one.
    private = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "PYTHON3"))}
    return subprocess.run(
        ["make", "report", *arguments],
        cwd=project,
        env=private | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def noted(project: Path, name: str) -> list[str]:
    return (project / name).read_text().split("\0")[:-1]


@pytest.mark.parametrize(
    "value",
    [
        *("a$b.npz", "a$$b", "$(shell touch x)", "${HOME}", "$(error no)", "$", "$(", "$@", "a b  c", "trailing ", "it's"),
        *("'", '"quoted"', "a;touch x", "`touch x`", "$$(touch x)", "a\\b", "a#b", "a%b,(c", "*", "~", "a&b|c>d", "ü", "a=b"),
        *("-n", "--target=x", "(", ":=x", "a\tb", ""),
    ],
)  # fmt: skip
def test_a_value_reaches_the_report_as_it_is(project: Path, value: str) -> None:
    before = sorted(project.iterdir())
    done = make(project, f"DATA={value}")
    assert (done.returncode, done.stderr) == (0, "")
    assert noted(project, "arguments") == ["-m", "fisherlib.report", f"DATA={value}"]
    assert noted(project, "environment") == []  # where make would have expanded it
    assert {p.name for p in set(project.iterdir()) - set(before)} == {"arguments", "environment"}


#: Every variable that the Makefile sets for itself, but for what a target of it exports.
OWN = re.findall(r"^(?:override )?(?:define )?([\w.]+) *:?=", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", [*OWN, "v", "MAKE", "it's"])
def test_no_variable_of_make_is_obeyed(project: Path, name: str) -> None:
    assert {"READY", "QUIET", "INSTALL", "PARAMETERS", ".SHELLFLAGS"} <= set(OWN)
    assert make(project, f"{name}=1").returncode == 0
    assert noted(project, "arguments")[:2] == ["-m", "fisherlib.report"]
    assert [a.split("=")[0] for a in noted(project, "arguments")[2:]] == [name]  # refused there: no such parameter


def test_a_line_break_ends_in_one_sentence(project: Path) -> None:
    done = make(project, "DATA=a\nb")
    assert done.returncode != 0 and done.stderr.endswith("*** a value cannot hold a line break.  Stop.\n")
    assert not (project / "arguments").exists()


@pytest.mark.parametrize("value", ["md.pkl", "a$b$(shell touch x)", "it's\nx"])
def test_the_environment_reaches_the_report_as_it_is(project: Path, value: str) -> None:
    assert make(project, "n=5", DATA=value).returncode == 0
    assert noted(project, "arguments") == ["-m", "fisherlib.report", "n=5"]
    assert noted(project, "environment") == [f"DATA={value}"]
    assert not (project / "x").exists()


def test_settings_of_make_are_no_parameters(project: Path) -> None:
    assert make(project, "PYTHON3=.venv/bin/python", "OMP_NUM_THREADS=2").returncode == 0
    assert noted(project, "arguments") == ["-m", "fisherlib.report"]
