"""The folder of computed descriptors: what is kept, what goes, and what is said."""

import os
from pathlib import Path

import numpy as np
import pytest

from fisherlib.io import cache
from fisherlib.io.archive import read_arrays

ONE = [("a", np.zeros(1000))]  # 8 kB


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def names() -> list[str]:
    return [path.name for path, _, _ in cache.kept()]


def aged(place: Path, name: str, seconds: int) -> None:
    os.utime(place / f"{name}.npz", (seconds, seconds))


def test_what_is_kept_is_found(place: Path) -> None:
    assert cache.find("x") is None and cache.kept() == [] and not place.exists()
    cache.keep("x", [("a", np.arange(3)), ("b", np.eye(2))])
    found = cache.find("x")
    assert found is not None
    assert read_arrays(found)["a"].tolist() == [0, 1, 2]
    assert names() == ["x.npz"] and cache.kept()[0][1] == found.stat().st_size


def test_the_oldest_go_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 28_000)
    for number, name in enumerate("abc"):
        cache.keep(name, ONE)
        aged(place, name, 1000 + number)
    assert cache.find("a") is not None  # used now, so that b is the oldest
    cache.keep("d", ONE)
    assert set(names()) == {"a.npz", "c.npz", "d.npz"}
    assert sum(size for _, size, _ in cache.kept()) <= 28_000


def test_the_same_file_again_takes_no_other_ones_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT", 17_000)
    for name in "aba":
        cache.keep(name, ONE)
    assert set(names()) == {"a.npz", "b.npz"}


def test_what_does_not_fit_is_not_written_and_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.keep("a", ONE)
    monkeypatch.setattr(cache, "LIMIT", 10_000)
    cache.keep("large", [("a", np.zeros(10_000))])
    assert names() == ["a.npz"], "nothing has to go for what is not kept"
    assert "not kept" in capsys.readouterr().err


def test_no_more_than_a_share_of_what_is_free_is_taken(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 50_000})())
    cache.keep("a", ONE)  # 8 kB of 5 kB
    assert names() == []
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 100_000})())
    cache.keep("a", ONE)
    assert names() == ["a.npz"]


def test_a_large_file_is_told_of(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.keep("a", ONE)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(cache, "TOLD", 5_000)
    cache.keep("b", ONE)
    assert f"are kept in {place}" in capsys.readouterr().err


def test_the_command_lists_and_cleans(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.keep("a", ONE)
    (place / ".a.npz.1.00.partial").write_bytes(bytes(100))  # of a process that was killed
    (place / "mine.txt").write_text("not ours")
    assert cache.main([]) == 0
    said = capsys.readouterr().out
    assert "a.npz" in said and "2 files" in said and str(place) in said
    assert cache.main(["clean"]) == 0
    assert "deleted" in capsys.readouterr().out
    assert os.listdir(place) == ["mine.txt"] and cache.find("a") is None


def test_a_folder_that_cannot_be_made_is_a_warning(place: Path) -> None:
    place.write_text("in the way")
    with pytest.warns(UserWarning, match="could not be kept in .*; they will be computed again next time"):
        cache.keep("a", ONE)
    assert cache.find("a") is None and cache.kept() == [] and cache.clean() == 0


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FISHERLIB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "fisherlib"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache.folder().name == "fisherlib" and tmp_path in cache.folder().parents
