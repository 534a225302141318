"""A process's own folder: made when needed, gone with the process, swept after a kill, and never that of a living one."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fisherlib.io import scratch
from fisherlib.io.scratch import PREFIX, Scratch, sweep

fcntl = pytest.importorskip("fcntl", reason="NO LOCKS ON THIS SYSTEM, SO THEY WENT UNTESTED")

#: Makes a folder, says so, and stays until it is told to end.
_OWNER = """
import sys
from fisherlib.io.scratch import Scratch
scratch = Scratch()
(scratch.path / "data").write_text("mine")
print(scratch.path, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of this test alone."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def owner() -> tuple[subprocess.Popen, Path]:
    """Another process and its folder."""
    process = subprocess.Popen([sys.executable, "-c", _OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


def test_nothing_is_made_before_it_is_needed(temporary: Path) -> None:
    one = Scratch()
    one.close()
    assert list(temporary.iterdir()) == []
    assert one.path == one.path and one.path.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in temporary.iterdir()] == [one.path.name] and one.path.name.startswith(PREFIX)
    one.close()
    assert list(temporary.iterdir()) == []


def test_it_goes_with_what_holds_it(temporary: Path) -> None:
    one = Scratch()
    (one.path / "deep").mkdir()
    del one
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_a_folder_is_kept_while_its_process_lives_and_not_longer(how: str, temporary: Path) -> None:
    process, folder = owner()
    with process:
        assert sweep() == [] and (folder / "data").read_text() == "mine"
        if how == "killed":
            process.send_signal(signal.SIGKILL)
            process.wait(60)
            assert folder.exists() and sweep() == [folder.name]
    assert list(temporary.iterdir()) == []


def test_a_fork_that_ends_takes_nothing_with_it() -> None:
    script = (
        "import os, sys; from fisherlib.io.scratch import Scratch; s = Scratch(); s.path; pid = os.fork()\n"
        "if pid: os.waitpid(pid, 0); sys.exit(not s.path.is_dir())"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=120).returncode == 0


def test_links_files_and_foreign_names_are_left_alone(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("other", f"{PREFIX}of-nobody"):
        (temporary / name).mkdir()
        (temporary / name / "data").write_text("")
    (temporary / f"{PREFIX}link").symlink_to(temporary / "other")
    (temporary / f"{PREFIX}file").write_text("")
    os.mkfifo(temporary / f"{PREFIX}pipe")
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: os.geteuid() + 1)
        assert sweep() == [], "those of another user"
    assert sweep() == [f"{PREFIX}of-nobody"]
    assert (temporary / "other" / "data").exists()
    assert {p.name for p in temporary.iterdir()} == {"other", *(f"{PREFIX}{kind}" for kind in ("link", "file", "pipe"))}


@pytest.mark.parametrize("moment", ["before its lock", "while it is swept"])
def test_who_is_swept_before_it_has_its_lock_makes_another_folder(
    moment: str, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = tempfile.mkdtemp, []

    def swept_once(prefix: str) -> str:
        made.append(path := make(prefix=prefix))
        if len(made) == 1:
            if moment == "before its lock":
                assert sweep() == [Path(path).name]
            else:
                scratch._lock(Path(path))
        return path

    monkeypatch.setattr(tempfile, "mkdtemp", swept_once)
    one = Scratch()
    assert one.path == Path(made[1]) and one.path.is_dir() and sweep() == []


def test_a_disk_without_locks_is_no_hindrance_and_nothing_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    one = Scratch()
    assert one.path.is_dir() and sweep() == [] and one.path.is_dir()


def test_a_temporary_directory_that_cannot_be_listed_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "nowhere")
    assert sweep() == []
