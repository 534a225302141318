"""What a click on a figure of Compare shows, whose errors it says they are, and how a lasso ends."""

import dataclasses

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.figures.explorer import structure_of
from fisherlib.validation.ranking import FORCES
from fisherlib.widgets import ComparePanel, StructuresPanel, StructureView
from fisherlib.widgets.compare import ERRORS, PARITY
from fisherlib.widgets.live import Picked


@pytest.fixture(scope="module")
def study(few_walkers: fl.Dataset) -> fl.Study:
    return fl.Study(few_walkers)


def click(panel: ComparePanel | StructuresPanel, trace: int, *points: int) -> None:
    drawn = panel.figure.data[trace]
    panel._picked([Picked(trace, k, drawn.x[k], drawn.y[k]) for k in points])


@pytest.mark.parametrize("aligned", [False, True])
def test_a_point_of_the_parity_shows_the_errors_of_its_model(study: fl.Study, aligned: bool) -> None:
    key = list(study.data)[1]
    panel = ComparePanel(study, view=PARITY, trajectory=key, aligned=aligned)
    for trace, name in ((k, t.name) for k, t in enumerate(panel.figure.data) if t.name in panel.state.models):
        click(panel, trace, 7)
        assert panel.view.ranking.model.name == name and panel.view.ranking.place(panel.view.chosen) == (key, 7)
        assert f"errors of {name}" in panel.view.about.value


def test_a_point_of_a_trajectory_shows_its_worst_configuration(study: fl.Study) -> None:
    panel, found = ComparePanel(study, view=ERRORS), study.ranking("θ_f")
    trace = next(k for k, t in enumerate(panel.figure.data) if t.name == "θ_f")
    click(panel, trace, 2)
    key = list(study.data)[2]
    inside = np.flatnonzero(study.data.groups == 2)
    assert panel.view.chosen == inside[np.argmax(found.quantities[FORCES][inside])]
    assert key in panel.view.about.value and f"largest force error in {key}" in panel.work.status.value


def test_a_lasso_ends_by_its_button(study: fl.Study) -> None:
    panel = StructuresPanel(study)
    assert panel._whole.layout.display == "none" and "this list" in panel._save.description
    click(panel, next(k for k, t in enumerate(panel.figure.data) if t.name == "θ_f"), 3, 9)
    assert panel.state.selected == (3, 9) and panel._whole.layout.display == ""
    panel._whole.click()
    assert panel.state.selected == () and "this list" in panel._save.description


def test_a_cell_without_volume_is_no_box(study: fl.Study) -> None:
    one = study.ranking("θ_f").configuration(0)
    for thickness, box in ((0.0, False), (20.0, True)):
        cell = np.diag([20.0, 20.0, thickness])[None]
        atoms = dataclasses.replace(one, cell=cell, pbc=np.array([[True, True, False]]))
        assert ("cell" in structure_of(atoms)) == box


def test_atoms_are_coloured_by_a_descriptor_of_their_own(study: fl.Study) -> None:
    panel, name = StructuresPanel(study), study.data.descriptor_names[17]
    panel.state.colour = f"descriptor {name}"
    for row in (0, 61):
        panel.view.chosen = row
        expected = study.ranking("θ_f").configuration(row).site_descriptors[:, 17]
        np.testing.assert_array_equal(panel.view.scene.scene["values"], expected)
    assert panel.view.scene.scene["low"] == min(expected) and panel.view.scene.scene["label"].endswith(name)
    bare = fl.Dataset([dataclasses.replace(t, site_descriptors=None) for t in study.data.values()])
    assert not any(name.startswith("descriptor") for name in StructureView.colours_of(fl.Study(bare).ranking("θ_f")))
