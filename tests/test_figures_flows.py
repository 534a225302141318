"""Figures of generators as data: what is drawn where, and that the older figures serve weighted draws unchanged."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
from scipy import stats

import fisherlib as fl
from fisherlib import figures
from fisherlib.comparison import ks

WELL = fl.systems.TiltedDoubleWell()


@pytest.fixture(scope="module")
def surface() -> tuple:
    return fl.systems.quadrature(WELL, WELL.bounds, points=60)


def lines(shift: float) -> fl.flows.Grid:
    bent = np.arange(24.0).reshape(2, 6, 2) + shift
    return fl.flows.Grid(bent=bent, seen=-bent, z=[-1.0, 0.0, 1.0], energies=np.eye(3) * shift)


# the older figures -----------------------------------------------------------------------------------------------------


def test_distributions_take_weights_of_draws_and_those_outside_count_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(scale=1.5, size=3000)
    log_w = np.where(x < 2.0, stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=1.5), -np.inf)
    u, w = 0.5 * x**2, np.exp(log_w - log_w.max())
    true = 0.5 * (y := rng.normal(size=6000))[y < 2.0] ** 2
    drawn = figures.cdfs({"reference": true, "draws": u}, weights={"draws": w}, unit="kT")
    staircase = drawn.data[1]
    kept = np.isfinite(log_w)
    alone = figures.cdfs({"reference": true, "draws": u[kept]}, weights={"draws": w[kept]}, unit="kT").data[1]
    at = np.linspace(0.0, 2.0, 9)  # the same function with and without what is outside
    np.testing.assert_allclose(
        *[each.y[np.searchsorted(each.x, at, side="right") - 1] for each in (staircase, alone)], atol=1e-12
    )
    assert np.abs(drawn.data[2].y).max() == pytest.approx(float(ks(true, u, weights_b=w)), abs=1e-12)
    assert ks(true, u, weights_b=w) < 0.05 < ks(true, u)


def test_distributions_have_the_unit_that_is_given_and_the_old_one_by_default() -> None:
    samples, far = {"a": [1.0, 2.0], "b": [1.0, 3.0]}, {"b": (0.5, 0.5)}
    old, new = figures.cdfs(samples, distances=far), figures.cdfs(samples, distances=far, unit="kT", noise=(0.1, 0.02))
    assert old.layout.xaxis2.title.text == "energy, eV/atom" and old.data[1].name == "b: KS 0.500, W1 500.00 meV/atom"
    assert "eV/atom" in old.data[0].hovertemplate
    assert new.layout.xaxis2.title.text == "energy, kT" and new.data[1].name == "b: KS 0.500, W1 0.5 kT"
    assert "eV" not in new.to_json() and "W1 0.02 kT" in new.layout.title.subtitle.text
    assert figures.cdfs(samples, distances=far, unit="eV/atom").to_json() == old.to_json()


def test_weights_of_draws_outside_the_target_are_drawn() -> None:
    figure = figures.weights({"flow": np.r_[np.zeros(30), np.full(10, -np.inf)]})
    assert figure.data[1].name.startswith("flow: ESS 30.0 of 40")
    assert figure.data[1].y[30] == pytest.approx(1.0) and figure.data[1].y[15] == pytest.approx(0.5)


# profiles --------------------------------------------------------------------------------------------------------------


def test_a_profile_is_drawn_from_the_lowest_point_of_the_reference() -> None:
    edges = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    s = np.repeat([0.5, 1.5, 3.5], [60, 30, 10])
    found = fl.reweighting.free_energy_profile(s, edges=edges)
    exact = ([0.5, 1.5, 3.5], [0.4, 1.2, 2.5])
    figure = figures.free_energy_profiles({"draws": found}, reference=exact, coordinate="d, σ")
    reference, *bands, curve = figure.data
    np.testing.assert_allclose(reference.y, [0.0, 0.8, 2.1])
    np.testing.assert_allclose(curve.y, found.values - 0.4)  # the same constant for both
    assert [band.fill for band in bands] == ["toself", "toself"] and figure.layout.xaxis.title.text == "d, σ"
    np.testing.assert_allclose(bands[0].x, [0.5, 1.5, 1.5, 0.5])  # the gap is not bridged
    np.testing.assert_allclose(bands[0].y[:2], (found.values + 2 * found.errors - 0.4)[:2])
    alone = figures.free_energy_profiles({"draws": found, "same": found})
    assert np.nanmin(alone.data[-1].y) == 0.0 and "beyond" not in alone.layout.title.subtitle.text
    same = figures.free_energy_profiles({"draws": found}, reference=found)
    np.testing.assert_allclose(same.data[0].y, same.data[-1].y)


def test_a_profile_tells_what_lies_beyond_and_keeps_wide_bands_out_of_its_range() -> None:
    found = fl.reweighting.free_energy_profile(
        [0.2, 0.3, 0.4, 0.7, 5.0], [0.0, 0.0, 0.0, -6.0, 0.0], edges=[0.0, 0.5, 1.0]
    )
    figure = figures.free_energy_profiles({"draws": found})
    assert "draws: 25.0% of the weight lies beyond" in figure.layout.title.subtitle.text
    assert figure.layout.yaxis.range[1] < 9.0 and len(figure.data) == 2  # one configuration has no band
    with pytest.raises(ValueError, match="reference: expected s and F"):
        figures.free_energy_profiles({"draws": found}, reference=([0.0, 1.0], [0.0]))


def test_a_single_draw_far_up_leaves_a_profile_readable() -> None:
    s, log_w = np.r_[np.repeat([0.5, 1.5], 200), 2.5, 9.0], np.r_[np.zeros(400), -300.0, -20.0]
    found = fl.reweighting.free_energy_profile(s, log_w, edges=[0.0, 1.0, 2.0, 3.0])
    figure = figures.free_energy_profiles({"draws": found})
    assert np.nanmax(figure.data[-1].y) > 290.0 and figure.layout.yaxis.range[1] < 5.0
    assert "beyond" not in figure.layout.title.subtitle.text  # 0.0 % would say nothing
    alone = figures.free_energy_profiles(
        {"one each": fl.reweighting.free_energy_profile([0.5, 1.5], [0.0, -9.0], edges=[0, 1, 2])}
    )
    assert alone.layout.yaxis.range[1] > 9.0  # nothing is known well, so all is shown


def test_labels_of_a_film_have_room_on_a_narrow_page(surface: tuple) -> None:
    figure = figures.latent_grid({"0": lines(0.0), "1,700 on own draws": lines(1.0)}, surface)
    slider, menu = figure.layout.sliders[0], figure.layout.updatemenus[0]
    assert slider.pad.l > 90 and slider.pad.r >= 50 and (slider.x, menu.x) == (0, 0)  # px beside the buttons
    assert max(map(len, figure.layout.title.subtitle.text.split("<br>"))) < 86
    assert max(len(each.text) for each in figure.layout.annotations) < 20  # titles of panels, 200 px wide


# latent space ----------------------------------------------------------------------------------------------------------


def test_the_slider_has_a_frame_for_each_step_and_begins_with_the_last(surface: tuple) -> None:
    figure = figures.latent_grid({"0": lines(0.0), "50": lines(1.0), "100": lines(2.0)}, surface)
    slider = figure.layout.sliders[0]
    assert [step.label for step in slider.steps] == ["0", "50", "100"] == [frame.name for frame in figure.frames]
    assert slider.active == 2 and [list(step.args[0]) for step in slider.steps] == [["0"], ["50"], ["100"]]
    moved = list(figure.frames[2].traces)
    for trace, other in zip(figure.frames[2].data, (figure.data[k] for k in moved), strict=True):
        assert trace.type == other.type and trace.name == other.name
        np.testing.assert_array_equal(trace.x, other.x)
    still = set(range(len(figure.data))) - set(moved)
    assert {figure.data[k].name for k in still} == {"u", "|z| = 1, 2, 3"}
    assert all(step.args[1]["frame"]["redraw"] for step in slider.steps)  # contours need it


def test_each_direction_stands_in_its_panel(surface: tuple) -> None:
    figure = figures.latent_grid({"0": lines(3.0)}, surface)
    u, inner, *families, _ = figure.data
    assert (u.type, u.xaxis, inner.type, inner.xaxis) == ("contour", "x", "contour", "x2")
    assert [trace.xaxis for trace in families] == ["x", "x", "x2", "x2"]
    np.testing.assert_array_equal(families[1].y, lines(3.0).bent[1, :, 1])
    np.testing.assert_array_equal(families[2].x, lines(3.0).seen[0, :, 0])
    assert not figure.layout.sliders and not figure.layout.updatemenus
    with pytest.raises(ValueError, match="grids: expected a grid"):
        figures.latent_grid({}, surface)


def test_a_film_of_ten_frames_is_a_small_page(surface: tuple) -> None:
    rng = np.random.default_rng(0)  # of the sizes that flows.grid makes, with digits that do not repeat
    bent, seen = rng.normal(size=(2, 2, 11 * 81, 2))
    one = fl.flows.Grid(bent=bent, seen=seen, z=np.linspace(-3.5, 3.5, 41), energies=rng.random((41, 41)))
    figure = figures.latent_grid({str(k): one for k in range(10)}, surface)
    assert len(json.dumps(json.loads(figure.to_json()))) < 900_000


# densities and paths ---------------------------------------------------------------------------------------------------


def test_contours_are_those_of_u(surface: tuple) -> None:
    contour = figures.density(surface).data[0]
    lowest = WELL.energy_and_gradient(surface[0])[0].min()
    for i, j in ((10, 30), (31, 29), (45, 33)):
        u = WELL.energy_and_gradient([[contour.x[i], contour.y[j]]])[0][0] - lowest
        assert contour.z[j, i] == pytest.approx(min(u, 28.0), abs=1e-4)


def test_the_range_is_where_the_density_is(surface: tuple) -> None:
    layout = figures.density(surface).layout
    assert -3.0 < layout.xaxis.range[0] < -2.2 and 2.0 < layout.xaxis.range[1] < 3.0
    assert WELL.bounds[1][1] > layout.yaxis.range[1] > 4.0


def test_draws_are_cut_and_the_subtitle_says_so(surface: tuple) -> None:
    figure = figures.density(surface, {"few": np.zeros((5, 2)), "many": np.zeros((2500, 2))})
    assert [len(trace.x) for trace in figure.data[1:]] == [5, 2000]
    assert "the first 2000 draws" in figure.layout.title.subtitle.text
    assert "first" not in figures.density(surface, {"few": np.zeros((5, 2))}).layout.title.subtitle.text
    with pytest.raises(ValueError, match=r"draws of 'a': expected points of shape \(n, 2\)"):
        figures.density(surface, {"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match="surface: expected a square grid"):
        figures.density((surface[0][:-1], surface[1][:-1]))


def test_a_path_and_its_energies(surface: tuple) -> None:
    x, u = np.linspace([-1.0, 0.0], [1.0, 0.5], 5), np.array([1.0, 3.0, 9.0, 3.0, 2.0])
    figure = figures.interpolation({"latent": (x, u)}, surface)
    over, along = figure.data[1:]
    assert (over.xaxis, along.xaxis) == ("x", "x2")
    np.testing.assert_array_equal(over.y, x[:, 1])
    np.testing.assert_array_equal(along.y, u)
    many = figures.interpolation({"latent": (np.zeros((3, 76)), [1.0, 2.0, 3.0])})  # without a plane, in any dimension
    assert len(many.data) == 1
    with pytest.raises(ValueError, match="path 'latent': expected as many points as energies"):
        figures.interpolation({"latent": (x, u[1:])})


# training, samplers, particles -----------------------------------------------------------------------------------------


def test_training_shows_each_loss_in_a_panel_of_its_own_and_what_is_kept() -> None:
    nan = np.nan
    history = {
        "step": [0.0, 100.0, 200.0],
        "example loss": [nan, 5.0, 4.0],
        "validation loss": [6.0, 5.5, 4.5],
        "energy loss": [nan, nan, -9.0],
        "effective sample size": [0.1, 0.5, 0.4],
        "kept": [100.0],
    }
    figure = figures.flow_training(history)
    assert {trace.name: (trace.xaxis, len(trace.x)) for trace in figure.data} == {
        "trained on": ("x", 2),
        "held out": ("x", 3),
        "by energy": ("x2", 1),
        "ESS / n": ("x3", 3),
    }
    assert {shape.x0 for shape in figure.layout.shapes} == {100.0} and len(figure.layout.shapes) == 3
    assert "of step 100" in figure.layout.title.subtitle.text and list(figure.layout.yaxis3.range) == [0, 1.03]
    alone = figures.flow_training({name: history[name] for name in ("step", "effective sample size")})
    assert len(alone.data) == 1 and not alone.layout.shapes
    with pytest.raises(ValueError, match="history: expected steps and as many losses"):
        figures.flow_training(history | {"energy loss": [1.0]})


def test_the_history_of_a_training_is_drawn_as_it_is() -> None:
    stage = [fl.flows.Stage(10, energy=1.0)]
    flow = fl.flows.train(
        fl.flows.real_nvp(2, layers=2, width=4), WELL, schedule=stage, every=5, progress=lambda *_: None
    )
    assert {trace.name for trace in figures.flow_training(flow.history).data} == {"by energy", "ESS / n"}


def test_samplers_stand_side_by_side_and_no_answer_is_told() -> None:
    found = {
        "flow": {"ΔF, kT": (3.4, 0.02), "u, kT": (1.0, 0.1)},
        "MALA": {"ΔF, kT": (np.nan, np.nan), "u, kT": (2.0, 0.1)},
        "MD": {"u, kT": (1.5, 0.2)},
    }
    figure = figures.samplers(found, seconds={"flow": 20.0, "MALA": 20.5}, exact={"ΔF, kT": 3.38})
    first, second = figure.data
    assert (first.xaxis, second.xaxis) == ("x", "x2") and first.y == ("flow, 20 s", "MALA, 20.5 s", "MD")
    assert [text.strip() for text in first.text] == ["3.40 ± 0.02", "no answer", "no answer"]
    assert second.text == ("1.00 ± 0.10", "2.00 ± 0.10", "1.5 ± 0.2")
    assert first.marker.size.tolist() == [9, 0, 0] and np.isnan(first.error_x.array).tolist() == [False, True, True]
    np.testing.assert_array_equal(second.x, [1.0, 2.0, 1.5])
    assert [shape.x0 for shape in figure.layout.shapes] == [3.38]
    low, high = figure.layout.xaxis2.range
    assert low < 0.9 and high > 2.1
    with pytest.raises(ValueError, match="seconds: expected keys among"):
        figures.samplers(found, seconds={"nobody": 1.0})
    with pytest.raises(ValueError, match="found: expected a quantity"):
        figures.samplers({"a": {}})


def test_particles_are_circles_to_scale_with_the_bond_marked() -> None:
    x = np.array([0.0, 0.0, 1.5, 0.0, 0.0, 2.0])
    figure = figures.particles({"closed": x, "open": x.reshape(3, 2)}, diameter=1.2, box=3.0)
    circles = [shape for shape in figure.layout.shapes if shape.type == "circle"]
    assert len(circles) == 6 and len(figure.layout.shapes) == 8
    assert all(shape.x1 - shape.x0 == pytest.approx(1.2) for shape in circles)
    assert [shape.line.color == figures.MARK for shape in circles[:3]] == [True, True, False]
    bonds = [trace for trace in figure.data if trace.name == "bond"]
    assert [list(trace.x) for trace in bonds] == [[0.0, 1.5]] * 2
    assert figure.layout.yaxis2.scaleanchor == "x2" and figure.layout.yaxis.scaleanchor == "x"
    with pytest.raises(ValueError, match="bonded: expected two of the 3 particles"):
        figures.particles({"a": x}, bonded=(0, 3))
    with pytest.raises(ValueError, match="configurations: expected at least one"):
        figures.particles({})
    with pytest.raises(ValueError, match="diameter: expected"):
        figures.particles({"a": x}, diameter=0.0)


def test_figures_are_pages_that_work_offline(surface: tuple) -> None:
    figure = figures.latent_grid({"0": lines(0.0), "1": lines(1.0)}, surface)
    page = go.Figure(figure).to_html(include_plotlyjs=False)
    assert '"sliders"' in page and "addFrames" in page
