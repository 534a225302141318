"""Figures are tested as data: what is drawn is what was computed."""

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl
from fisherlib import figures


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return fl.systems.harmonic(np.array([1.0, 2.0, 0.5]), trajectories=3, configurations=20)


@pytest.fixture(scope="module")
def atlas(data: fl.Dataset) -> fl.Atlas:
    moments = fl.accumulate(data)
    models = {"a": fl.LinearPotential(theta=[1.1, 1.9, 0.6]), "b": fl.regression.fisher_fit(moments)}
    return fl.Atlas(data, moments, models, n=9)


def test_every_configuration_is_drawn_once_in_the_energies(data: fl.Dataset) -> None:
    figure = figures.energies(data)
    assert [trace.name for trace in figure.data] == list(data)
    assert np.concatenate([trace.y for trace in figure.data]) == pytest.approx(data.energies / data.n_atoms)
    assert list(np.concatenate([trace.x for trace in figure.data])) == list(range(60))


def test_the_spectrum_splits_at_the_rank() -> None:
    figure = figures.spectrum([1e-18, 0.5, 2.0], rank=2)
    determined, left_out = figure.data
    assert list(determined.y) == [2.0, 0.5] and list(left_out.x) == [3]


def test_coefficients_are_scaled_when_asked() -> None:
    figure = figures.coefficients({"θ": [1.0, 2.0]}, names=["p", "q"], scale=[10.0, 0.5])
    assert list(figure.data[0].x) == ["p", "q"] and list(figure.data[0].y) == [10.0, 1.0]
    assert "eV/Å" in figure.layout.yaxis.title.text


def test_parity_and_errors_show_the_numbers_of_the_comparison(data: fl.Dataset) -> None:
    comparison = fl.comparison.compare(fl.LinearPotential(theta=[1.1, 1.9, 0.6], offset=-1.0), data)
    parity = figures.parity([comparison]).data[0]
    assert parity.x == pytest.approx(comparison.reference) and parity.y == pytest.approx(comparison.energies)
    assert [parity.text[k] for k in (0, 20, 59)] == [
        f"{key}, configuration {n}" for key, n in zip(data, (0, 0, 19), strict=True)
    ]
    assert "%{text}" in parity.hovertemplate
    shift, force = figures.errors_by_trajectory([comparison]).data
    assert shift.y == pytest.approx(1e3 * comparison.energy_shift)
    assert shift.error_y.array == pytest.approx(1e3 * comparison.energy_spread)
    assert force.y == pytest.approx(comparison.force_rmse)


def test_a_cdf_is_a_staircase_from_zero_to_one() -> None:
    trace, _, difference = figures.cdfs({"true": [3.0, 1.0, 2.0], "model": [1.5, 2.5, 3.5]}).data
    assert np.abs(difference.y).max() == pytest.approx(fl.comparison.ks([3.0, 1.0, 2.0], [1.5, 2.5, 3.5]))
    assert list(trace.x) == [1.0, 1.0, 2.0, 3.0]
    assert trace.y == pytest.approx([0, 1 / 3, 2 / 3, 1]) and trace.line.shape == "hv"


def test_surface_and_contour_show_the_same_loss_with_both_models_marked(atlas: fl.Atlas) -> None:
    surface, points = atlas("a", "Fisher divergence")
    figure = figures.landscape(surface, points)
    solid, flat = (next(t for t in figure.data if isinstance(t, kind)) for kind in (go.Surface, go.Contour))
    assert np.array_equal(solid.z, surface.z) and np.array_equal(flat.z, surface.z)
    marks = [t for t in figure.data if t.type == "scatter3d" and t.text is not None]
    assert list(marks[0].text) == ["a", "b"] and list(marks[0].x) == [0.0, 1.0]
    path = next(t for t in figure.data if t.type == "scatter3d" and t.mode == "lines")
    assert (path.x[0], path.x[-1]) == (0.0, 1.0)
    assert all(z >= surface.z.min() for z in path.z)


def test_every_axis_has_a_title(atlas: fl.Atlas, data: fl.Dataset) -> None:
    drawn = [
        figures.energies(data),
        figures.spectrum([1.0, 2.0], rank=2),
    ]
    for figure in drawn:
        assert figure.layout.xaxis.title.text and figure.layout.yaxis.title.text
    scene = figures.landscape(*atlas("a", "force MAE")).layout.scene
    assert all(axis.title.text for axis in (scene.xaxis, scene.yaxis, scene.zaxis))


def test_a_point_outside_the_plane_is_not_marked(atlas: fl.Atlas) -> None:
    surface, _ = atlas("a", "Fisher divergence")
    figure = figures.landscape(surface, {"here": (0.0, 0.0), "far": (50.0, 0.0)})
    assert [list(t.text) for t in figure.data if t.type == "scatter3d" and t.mode == "markers+text"] == [["here"]]


def test_all_choices_are_in_one_figure_and_only_the_first_is_visible(atlas: fl.Atlas) -> None:
    surfaces = {(model, loss): atlas(model, loss) for model in atlas.models for loss in atlas.losses}
    figure = figures.landscapes(surfaces, keys=("model", "loss"))
    shown = {(t.meta["model"], t.meta["loss"]) for t in figure.data if t.visible}
    assert shown == {("a", "Fisher divergence")}
    assert {(t.meta["model"], t.meta["loss"]) for t in figure.data} == set(surfaces)
    for (model, loss), (surface, _) in surfaces.items():
        drawn = next(t for t in figure.data if t.type == "surface" and t.meta == {"model": model, "loss": loss})
        assert np.array_equal(drawn.z, surface.z)
    assert figure.layout.meta["relayout"]["model"]["b"]["scene.xaxis.title.text"] == "b → a"
