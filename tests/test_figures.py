"""Figures are tested as data: what is drawn is what was computed."""

import json

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


def test_energies_of_a_cdf_are_in_the_unit_that_is_said() -> None:
    samples = {"true": [3.0, 1.0], "model": [1.5, 2.5]}
    for unit, said in (({}, "eV/atom"), ({"unit": "kT"}, "kT")):
        figure = figures.cdfs(samples, **unit)
        assert figure.layout.xaxis2.title.text == f"energy, {said}"
        assert all(f"}} {said}<br>" in trace.hovertemplate for trace in figure.data)


def test_surface_and_contour_show_the_same_loss_with_both_models_marked(atlas: fl.Atlas) -> None:
    surface, points = atlas("a", "Fisher divergence")
    figure = figures.landscape(surface, points)
    solid, flat = (next(t for t in figure.data if isinstance(t, kind)) for kind in (go.Surface, go.Contour))
    assert np.array_equal(solid.z, surface.z) and np.array_equal(flat.z, surface.z)
    marks = [t for t in figure.data if t.text is not None]
    assert [t.type for t in marks] == ["scatter3d", "scatter"]
    assert all(list(t.text) == ["a", "b"] and list(t.x) == [0.0, 1.0] for t in marks)
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


def names(figure: go.Figure | go.Frame) -> dict[str, tuple[float, float]]:
    """Where names stand on the surface."""
    return {a.text: (a.x, a.y) for a in figure.layout.scene.annotations if a.visible}


def test_a_point_outside_the_plane_is_not_marked(atlas: fl.Atlas) -> None:
    surface, _ = atlas("a", "Fisher divergence")
    figure = figures.landscape(surface, {"here": (0.0, 0.0), "far": (50.0, 0.0)})
    assert [list(t.text) for t in figure.data if getattr(t, "mode", "") == "markers+text"] == [["here"]]
    assert names(figure) == {"here": (0.0, 0.0)}


def test_names_stand_above_their_points_and_can_be_changed_in_place(atlas: fl.Atlas) -> None:
    surface, points = atlas("a", "Fisher divergence")
    named, bare = figures.landscape(surface, points), figures.landscape(surface)
    assert names(named) == points and names(bare) == {}
    assert len(named.layout.scene.annotations) == len(bare.layout.scene.annotations)
    for shown in named.layout.scene.annotations[: len(points)]:
        assert surface.at(shown.x, shown.y) < shown.z < surface.at(shown.x, shown.y) + 0.1 * np.ptp(surface.z)


def test_names_on_the_contours_go_inwards(atlas: fl.Atlas) -> None:
    surface, _ = atlas("a", "Fisher divergence")
    x, y = surface.x, surface.y
    corners = {"low left": (x[0], y[0]), "high right": (x[-1], y[-1]), "high left": (x[0], y[-1])}
    flat = next(t for t in figures.landscape(surface, corners).data if getattr(t, "mode", "") == "markers+text")
    assert list(flat.textposition) == ["top right", "bottom left", "bottom right"]


def test_a_long_title_of_an_axis_is_broken_on_surfaces_alone() -> None:
    plane = fl.Plane(
        origin=np.zeros(2), directions=np.eye(2), labels=("random direction 1 (seed 0), filter-normalised", "y")
    )
    surface = fl.landscape(fl.Quadratic(np.eye(2), np.zeros(2), 0.0), plane, n=3)
    (frame,) = figures.landscapes({("a",): (surface, {})}, keys=("model",)).frames
    assert frame.layout.scene.xaxis.title.text == " <br>random direction 1 (seed 0),<br>filter-normalised"
    alone = figures.landscape(surface).layout
    assert alone.scene.xaxis.title.text == frame.layout.scene.xaxis.title.text
    assert alone.xaxis.title.text == frame.layout.xaxis.title.text == plane.labels[0]


def test_every_choice_is_a_frame_of_one_landscape_and_the_first_is_shown(atlas: fl.Atlas) -> None:
    surfaces = {(model, loss): atlas(model, loss) for model in atlas.models for loss in atlas.losses}
    figure = figures.landscapes(surfaces, keys=("model", "loss"))
    assert [tuple(json.loads(frame.name).items()) for frame in figure.frames] == [
        (("model", model), ("loss", loss)) for model, loss in surfaces
    ]
    first, *_ = surfaces.values()
    assert np.array_equal(figure.data[0].z, first[0].z)
    kinds = [trace.type for trace in figure.data]
    for frame, (surface, points) in zip(figure.frames, surfaces.values(), strict=True):
        assert [trace.type for trace in frame.data] == kinds
        for drawn in frame.data[:2]:
            np.testing.assert_allclose(drawn.z, surface.z, rtol=1e-6)
            assert surface.unit in drawn.hovertemplate and "%{z" in drawn.hovertemplate
        assert names(frame) == points
        assert frame.layout.scene.xaxis.title.text == frame.layout.xaxis.title.text == surface.plane.labels[0]


def test_the_numbers_of_a_frame_take_half_the_room(atlas: fl.Atlas) -> None:
    frame = figures.landscapes({("a",): atlas("a", "force MAE")}, keys=("model",)).frames[0]
    assert {trace.z.dtype for trace in frame.data if "z" in trace} == {np.dtype("float32")}
    assert frame.data[0].surfacecolor is None and frame.data[0].customdata is None
