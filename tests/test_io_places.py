"""Lists of the files at hand: ours are found, foreign and broken ones do no harm."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.io import theta


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few_walkers: fl.Dataset) -> Path:
    """A working folder with one file of each kind."""
    monkeypatch.chdir(tmp_path)
    fl.io.write(few_walkers.select(list(few_walkers)[:1]), "mine.npz")
    Path("md.pkl").write_bytes(pickle.dumps({"a": 1}))
    Path("md.xyz").write_text("2\ncomment\nH 0 0 0\nH 0 0 1\n")
    model = fl.LinearPotential(theta=np.ones(3), offset=1.0)
    for name in ("fit.json", "fit.npz"):
        fl.io.write_theta(model, name)
    Path("theta_old.pkl").write_bytes(pickle.dumps({"coef": [1.0], "intercept": 0.0}))
    Path("report.json").write_text(json.dumps({"rank": 1, "theta_f": {"coef": [1.0], "intercept": 0.0}}))
    return tmp_path


def test_data_and_theta_are_told_apart(folder: Path) -> None:
    data, theta = fl.io.data_files(), fl.io.theta_files()
    assert [p for p in data if not p.startswith("data/")] == ["md.pkl", "md.xyz", "mine.npz"]
    assert "data/cu55_1200K.npz" in data
    here = [p for p in theta if "/" not in p]
    assert here == ["fit.json", "fit.npz", "report.json", "theta_old.pkl"] and "data/theta_energy.json" in theta
    for path in here:
        assert fl.io.read_theta(path).K >= 1
    for path in ("mine.npz", "data/cu55_1200K.npz"):
        assert fl.io.open(path).configurations >= 50


def test_a_folder_can_be_named(folder: Path) -> None:
    assert fl.io.data_files(folder) == [str(folder / n) for n in ("md.pkl", "md.xyz", "mine.npz")]
    assert str(folder / "fit.npz") in fl.io.theta_files(str(folder))
    assert fl.io.data_files(folder / "nothing") == fl.io.theta_files(folder / "fit.json") == []


def test_foreign_and_broken_files_are_passed_over(folder: Path) -> None:
    before = fl.io.data_files(), fl.io.theta_files()
    good = (folder / "mine.npz").read_bytes()
    (folder / "broken.npz").write_bytes(good[: len(good) // 2])
    (folder / "noise.npz").write_bytes(os.urandom(3000))
    np.savez(folder / "foreign.npz", x=np.ones(3))
    np.savez(folder / "half.npz", coef=np.ones(3))
    for name, text in {
        "empty": "", "list": "[1, 2]", "broken": "{", "number": "3", "deep": "[" * 100_000, "other": '{"theta_f": [1]}',
        "half": '{"coef": [1]}',
    }.items():  # fmt: skip
        (folder / f"{name}.json").write_text(text)
    (folder / "latin.json").write_bytes(b"\xff\xfe{")
    (folder / "large.json").write_text('{"coef": [' + "1," * theta.JSON_LIMIT + '1], "intercept": 0}')
    (folder / "words.xyz").write_text("hello\n")
    (folder / "bytes.xyz").write_bytes(os.urandom(500).replace(b"\n", b"x"))
    (folder / "empty.pkl").touch()
    (folder / "folder.npz").mkdir()
    (folder / "gone.npz").symlink_to(folder / "nowhere.npz")
    (folder / "loop.pkl").symlink_to(folder / "loop.pkl")
    (folder / ".hidden.npz").write_bytes(good)
    os.mkfifo(folder / "pipe.npz")
    assert (fl.io.data_files(), fl.io.theta_files()) == before


def test_a_file_is_listed_once_and_found_where_the_list_was_made(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    for folder in (root, root / "data", root / "notebooks"):
        monkeypatch.chdir(folder)
        files = fl.io.data_files() + fl.io.theta_files()
        assert len({fl.io.find(p).resolve() for p in files}) == len(files)
        assert files.count("data/cu55_1200K.npz") == 1 and files.count("data/theta_energy.json") == 1


def test_a_file_of_the_same_name_does_not_hide_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cu55_1200K.npz").write_text("another")
    assert str(root / "data" / "cu55_1200K.npz") in fl.io.data_files()


def test_a_working_folder_that_is_gone_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert len(fl.io.data_files()) >= 1 and len(fl.io.theta_files()) >= 1


def test_the_lists_take_a_look_at_the_beginnings_alone(tmp_path: Path) -> None:
    beginnings = {
        "a.json": b'[{"structure"',
        "a.pkl": b"\x80",
        "a.xyz": b"2\ncomment\n",
        "theta.json": b'{"coef": [1.0',
    }
    for name, beginning in beginnings.items():
        (tmp_path / name).write_bytes(beginning)
        os.truncate(tmp_path / name, 2**40)  # more than any memory, and no disk space
    assert [Path(path).name for path in fl.io.data_files(tmp_path)] == ["a.json", "a.pkl", "a.xyz"]
    assert fl.io.theta_files(tmp_path) == []
