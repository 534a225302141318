"""Help and names: every control of every panel says in a sentence what it does, and is called something."""

from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import numpy as np
import pytest

import fisherlib as fl
from fisherlib.widgets import Dashboard, Upload
from fisherlib.widgets.checks import ChooseModels
from fisherlib.widgets.dashboard import PAGES, TITLES
from fisherlib.widgets.example import HEADER
from fisherlib.widgets.states import NONE, CompareState, FitState, LandscapeState, TreatmentsState
from fisherlib.widgets.steps import Steps

#: Widgets that nobody operates.
STILL = (ipywidgets.Box, ipywidgets.HTML, ipywidgets.HTMLMath, ipywidgets.Label, ipywidgets.FloatProgress)


def controls(widget: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    """Every control in a panel, hidden ones too."""
    if isinstance(widget, ipywidgets.Box):
        for child in widget.children:
            yield from controls(child)
    elif not isinstance(widget, STILL) and hasattr(widget, "tooltip"):
        yield widget


def called(control: ipywidgets.Widget) -> str:
    return control.label if isinstance(control, Upload) else control.description


def silent(panel: ipywidgets.Widget) -> list[str]:
    """Controls without a sentence, or without a name; those of plotly, chemiscope and the like have none to give."""
    found = []
    for control in controls(panel):
        if isinstance(control, Steps) or not hasattr(control, "description") and not isinstance(control, Upload):
            continue
        tip, name = control.tooltip or "", called(control)
        hidden = isinstance(control, ipywidgets.Button) and control.layout.display == "none"  # it gets its name later
        if not tip.rstrip().endswith((".", "?")) or len(tip.split()) < 3 or tip == name or not (name or hidden):
            found.append(f"{type(control).__name__} {name!r}: {tip!r}")
    return found


@pytest.fixture
def dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dashboard]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    fl.io.write(fl.systems.harmonic(np.array([1.0, 2.0]), configurations=12, trajectories=4), tmp_path / "own")
    yield Dashboard("own", theta=NONE, temperature=300.0)
    ipywidgets.Widget.close_all()


@pytest.mark.parametrize("title", TITLES)
def test_every_control_of_a_page_says_in_a_sentence_what_it_does(dashboard: Dashboard, title: str) -> None:
    dashboard.pages.value = title
    assert dashboard.page is not dashboard.nothing and len(list(controls(dashboard.page))) >= 2
    assert silent(dashboard.page) == []


def test_the_settings_of_every_featuriser_say_what_they_are(dashboard: Dashboard) -> None:
    featuriser = dashboard.load.featuriser
    for _, kind in featuriser.kind.options:
        featuriser.kind.value = kind
        assert silent(featuriser) == [], kind


@pytest.mark.parametrize("state", [FitState, CompareState, LandscapeState, TreatmentsState])
def test_every_choice_of_a_state_is_explained(state: type) -> None:
    own = {name: trait for name, trait in state.class_traits().items() if name != "options"}
    assert own and [name for name, trait in own.items() if not trait.help.endswith(".")] == []


def test_models_are_ticked_with_the_colour_and_symbol_of_the_study(dashboard: Dashboard) -> None:
    dashboard.pages.value = "Compare"
    (models,) = [control for control in controls(dashboard.page) if isinstance(control, ChooseModels)]
    marks = fl.figures.style.marks_of(models.options, dashboard.compare.study.marks)
    assert [color for color, _ in models.signs] == [marks[name].color for name in models.options]
    assert len({(color, letter) for color, letter in models.signs}) == len(models.options) >= 2
    models.set_state({"value": []})  # at least one stays chosen
    assert dashboard.compare.state.models and models.value == dashboard.compare.state.models


def test_steps_say_what_is_done_what_is_open_and_what_stands_in_the_way(dashboard: Dashboard, tmp_path: Path) -> None:
    steps = dashboard.pages.steps
    assert steps["Load"][0] == "done" and {steps[title][0] for title in PAGES} == {"open"}
    dashboard.pages.value = "Fit"
    assert dashboard.pages.steps["Fit"][0] == "done" and dashboard.pages.steps["Compare"][0] == "open"
    (tmp_path / "bad.xyz").write_text("no file of configurations")
    dashboard.load.state.path = "bad.xyz"
    assert {dashboard.pages.steps[title][0] for title in PAGES} == {"blocked"}
    state, why = dashboard.pages.steps["Load"]
    assert state == "open" and why.startswith("bad.xyz: ") and why.endswith(".")
    assert dashboard.pages.steps["Fit"][1] == "No data yet: choose a file on page Load."
    with pytest.raises(Exception, match="value: expected one of Load, Fit, .*got 'Nowhere'"):
        dashboard.pages.value = "Nowhere"


def test_a_file_like_the_example_on_the_page_is_read_without_a_question(tmp_path: Path) -> None:
    atoms, entries, first = HEADER.splitlines()
    rng, text = np.random.default_rng(0), ""
    for run in range(2):
        for _ in range(6):
            rows = [
                f"{first.split()[0]} {' '.join(f'{v:.3f}' for v in rng.uniform(0, 7.8, 6))}" for _ in range(int(atoms))
            ]
            text += "\n".join([atoms, entries.replace("run=0", f"run={run}"), *rows]) + "\n"
    path = tmp_path / "own.xyz"
    path.write_text(text)
    opened = fl.io.open(path)
    assert opened.temperatures == (800.0,) and "run" in opened.likely_keys() and opened.configurations == 12
    assert opened.guess("forces") == "forces" and opened.guess("energies") == "energy"
