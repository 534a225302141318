"""The files of a report: all or none, of one run, and a sentence where the disk fails."""

import errno
import threading
from pathlib import Path

import pytest

from fisherlib.report import ParameterError, target


def test_nothing_is_left_of_a_trial(tmp_path: Path) -> None:
    target.tried(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []  # the folder itself is made when there is something to put into it
    target.tried(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(
        ParameterError, match=r"--target: cannot write to the folder .*new \(No space left on device\)$"
    ):
        target.tried(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["write_text", "mkdir"])
def test_a_late_failure_leaves_the_earlier_files_and_no_half_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    html, numbers = tmp_path / "x.html", tmp_path / "x.json"
    target.write({html: "old", numbers: "{}"})

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, fails, full)
    with pytest.raises(OSError, match="Read-only") as failed:
        target.write({html: "new", numbers: "[]"})
    assert target.reason(failed.value) == "Read-only file system"
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"x.html": b"old", "x.json": b"{}"}


def test_a_trouble_of_the_clean_up_does_not_hide_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OSError, match="Input/output error"):
        target.write({tmp_path / "x.html": "new"})


def test_a_report_without_numbers_leaves_none_of_an_earlier_one(tmp_path: Path) -> None:
    html, numbers = tmp_path / "x.html", tmp_path / "x.json"
    target.write({html: "1", numbers: "1"})
    target.write({html: "2"}, stale=[numbers])
    assert [p.name for p in tmp_path.iterdir()] == ["x.html"]


def test_the_files_of_two_reports_do_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is held between its two files; the second must wait for it."""
    files = [tmp_path / "x.html", tmp_path / "x.json"]
    halfway, go_on, replace = threading.Event(), threading.Event(), target.os.replace

    def held(source: Path, path: Path) -> None:
        replace(source, path)
        if path == files[0] and path.read_text() == "first":
            halfway.set()
            assert go_on.wait(60)

    monkeypatch.setattr(target.os, "replace", held)
    monkeypatch.setattr(target.os, "getpid", threading.get_ident)
    first, second = (
        threading.Thread(target=target.write, args=(dict.fromkeys(files, text),)) for text in ("first", "second")
    )
    first.start()
    assert halfway.wait(60)
    second.start()
    second.join(0.5)
    assert second.is_alive() and files[0].read_text() == "first"
    go_on.set()
    first.join(60)
    second.join(60)
    assert [path.read_text() for path in files] == ["second", "second"]
