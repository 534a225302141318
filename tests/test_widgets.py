"""Panels are tested by their state, without a kernel."""

import ipywidgets
import numpy as np
import pytest
import traitlets

import fisherlib as fl
from fisherlib.landscapes import Landscape
from fisherlib.widgets import LandscapePanel, LandscapeState


@pytest.fixture(scope="module")
def atlas() -> fl.Atlas:
    data = fl.systems.harmonic(np.array([1.0, 2.0, 0.5]), trajectories=3, configurations=20)
    moments = fl.accumulate(data)
    models = {"a": fl.LinearPotential(theta=[1.1, 1.9, 0.6]), "b": fl.regression.fisher_fit(moments)}
    return fl.Atlas(data, moments, models, n=9)


@pytest.fixture
def panel(atlas: fl.Atlas) -> LandscapePanel:
    return LandscapePanel(atlas, models=atlas.models, losses=atlas.losses)


def test_every_choice_is_drawn(panel: LandscapePanel, atlas: fl.Atlas) -> None:
    for model in atlas.models:
        for loss in atlas.losses:
            panel.state.model, panel.state.loss = model, loss
            assert panel.last_error is None and panel.status.value == ""
            drawn = next(t for t in panel.figure.data if t.type == "surface")
            assert np.array_equal(drawn.z, atlas(model, loss)[0].z)
            assert panel.figure.layout.scene.xaxis.title.text == atlas(model, loss)[0].plane.labels[0]


def test_selectors_and_state_follow_each_other(panel: LandscapePanel, atlas: fl.Atlas) -> None:
    model, loss = panel.children[0].children
    assert [s.description for s in (model, loss)] == ["Model", "Loss"]
    loss.set_state({"index": 3})  # as the browser does
    assert panel.state.loss == atlas.losses[3]
    panel.state.model = "b"
    assert model.value == "b"


def test_the_turned_camera_survives_another_choice(panel: LandscapePanel) -> None:
    panel.figure.layout.scene.camera.eye.x = -2.5
    panel.state.loss = "energy MAE"
    assert panel.figure.layout.scene.camera.eye.x == -2.5


def test_an_error_is_put_into_words_and_then_cleared(atlas: fl.Atlas) -> None:
    def surface(model: str, loss: str) -> tuple[Landscape, dict[str, tuple[float, float]]]:
        if loss == "broken":
            raise ValueError("no such data")
        return atlas(model, loss)

    panel = LandscapePanel(surface, models=atlas.models, losses=(*atlas.losses, "broken"))
    panel.state.loss = "broken"
    assert isinstance(panel.last_error, ValueError) and "no such data" in panel.status.value
    panel.state.loss = atlas.losses[1]
    assert panel.last_error is None and panel.status.value == ""


def test_an_unknown_choice_is_refused_with_the_known_ones() -> None:
    state = LandscapeState(models=["a"], losses=["x", "y"])
    with pytest.raises(traitlets.TraitError, match="expected one of 'x', 'y', got 'z'"):
        state.loss = "z"


def test_the_figure_keeps_its_state_for_a_reloaded_page(panel: LandscapePanel) -> None:
    panel.state.loss = "energy MAE"
    surface = next(t for t in panel.figure._widget_data if t["type"] == "surface")
    assert "energy MAE" in surface["name"]
    assert isinstance(panel, ipywidgets.VBox) and "fisherlib-landscape" in panel._dom_classes
