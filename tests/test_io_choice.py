"""What is chosen of a data file is one value, of which no reader, page or report forgets a part."""

import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.io.columns.choice import OPTIONS, Choice
from fisherlib.report.parameters import defaults
from fisherlib.report.request import Request, asked
from fisherlib.widgets import LoadPanel, load

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "reports" / "theta_f.ipynb"
VALUES: dict[str, Any] = {"column": "a name", "number": 700.0, "flag": True, "units": "cp2k"}
CHOSEN = {name: VALUES[option.metadata["what"]] for name, option in OPTIONS.items()}


class Taken(Exception):
    """The choice that arrived."""


def take(choice: Choice) -> NoReturn:
    raise Taken(choice)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    one = fl.io.Frames(
        key="a",
        n_atoms=np.array([1, 1]),
        numbers=np.array([29, 29]),
        positions=np.zeros((2, 3)),
        energies=np.zeros(2),
        forces=np.zeros((2, 3)),
    )
    fl.io.formats.npz.write_frames([one], tmp_path / "a.npz")
    return tmp_path / "a.npz"


@pytest.mark.parametrize("name", OPTIONS)
def test_readers_take_all_of_it_whole_or_by_keyword(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(fl.io.Opened, "dataset", lambda opened, choice, **rest: take(choice))
    monkeypatch.setattr(fl.io.Opened, "_chosen", lambda opened, choice: take(choice))
    one, opened = {name: CHOSEN[name]}, fl.io.open(path)
    for call in (
        lambda: fl.io.read(path, **one),
        lambda: fl.io.read(path, Choice(**one)),
        lambda: fl.io.read_frames(path, **one),
        lambda: opened.frames(Choice(**one)),
    ):
        with pytest.raises(Taken) as taken:
            call()
        assert taken.value.args == (Choice(**one),)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_opened_file_takes_all_of_it(path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("fisherlib.io.data_file.of_columns", lambda found, choice, **rest: take(choice))
    monkeypatch.setattr(fl.io.Opened, "_chosen", lambda opened, choice: ())
    for call in (fl.io.open(path).dataset, lambda **one: fl.io.open(path).dataset(Choice(**one))):
        with pytest.raises(Taken) as taken:
            call(**{name: CHOSEN[name]})
        assert taken.value.args == (Choice(**{name: CHOSEN[name]}),)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_page_of_files_has_a_control_for_each_part_and_passes_all(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen: list[Choice] = []
    monkeypatch.setattr(load, "reading_of", lambda path, previous, theta, choice, *rest, **more: seen.append(choice))
    panel = LoadPanel(str(path), **{name: CHOSEN[name]})
    assert seen[-1] == Choice(**{name: CHOSEN[name]})
    labels = {field.control.description for field in panel.fields.values()} | {f.description for f in panel._flags}
    assert OPTIONS[name].metadata["label"] in labels and OPTIONS[name].metadata["tip"]


@pytest.mark.parametrize("name", OPTIONS)
def test_the_report_has_a_parameter_for_each_part_and_passes_all(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    seen: list[Choice] = []
    monkeypatch.setattr(Request, "check", lambda request: seen.append(request.choice))
    before, given = asked(NOTEBOOK, {"DATA": str(path), name.upper(): str(CHOSEN[name])})
    assert seen == [Choice(**{name: CHOSEN[name]})] and given[name] == CHOSEN[name]
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert defaults(content).keys() >= OPTIONS.keys()
    lines = [line for cell in content["cells"] for line in "".join(cell["source"]).splitlines()]
    names: dict[str, Any] = {"fl": fl, **before, **given}
    exec(next(line for line in lines if line.startswith("choice = ")), names)
    assert names["choice"] == seen[0] and any("fl.io.read(data, choice, " in line for line in lines)


def test_a_keyword_that_is_none_is_answered_with_those_there_are(path: Path) -> None:
    opened = fl.io.open(path)
    for call in (lambda **wrong: fl.io.read(path, **wrong), opened.dataset):
        with pytest.raises(
            TypeError, match=r"no argument 'temprature' \(did you mean 'temperature'\?\); expected some"
        ):
            call(temprature=300.0)
        with pytest.raises(
            TypeError, match=r"no argument 'chek' \(did you mean 'check'\?\); .* key, gradient, .*on_bad"
        ):
            call(chek=False)
    with pytest.raises(TypeError, match=r"^read_frames: no argument 'force' \(did you mean 'forces'"):
        fl.io.read_frames(path, force="f")
    with pytest.raises(TypeError, match=r"choice: expected Choice, got float; write io.read\(…, temperature=300.0"):
        fl.io.read(path, 300.0)  # type: ignore[arg-type]


def test_the_numbers_of_a_dump_are_no_column_of_another_file(path: Path) -> None:
    with pytest.raises(
        ValueError, match="energies: expected a name of what a.npz holds, got ndarray; only a LAMMPS dump"
    ):
        fl.io.read(path, energies=np.zeros(2))
