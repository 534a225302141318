"""Fits side by side: held-out errors and the front, and one click that shows a fit on all pages."""

import asyncio
import itertools

import numpy as np
import pytest
from test_widgets_panels import sampled

import fisherlib as fl
from fisherlib.regression import energy_fit, fisher_fit
from fisherlib.study.recipes import ALONE, GIVEN, frames_of, saved_fit, scan, weighted_fit, with_descriptor
from fisherlib.validation import SavedFit, front, unbeaten
from fisherlib.widgets import Dashboard, FitsPanel
from fisherlib.widgets.fit_table import HEADINGS, with_bar
from fisherlib.widgets.live import Picked


@pytest.fixture
def study() -> fl.Study:
    return fl.Study(sampled())


def beaten(points: np.ndarray, k: int) -> bool:
    return any((p <= points[k]).all() and (p < points[k]).any() for p in points)


@pytest.mark.parametrize("seed", range(5))
def test_the_front_is_what_nothing_beats(seed: int) -> None:
    points = np.random.default_rng(seed).integers(0, 8, size=(30, 2)).astype(float)
    found = unbeaten(points)
    front_points = {tuple(p) for k, p in enumerate(points) if not beaten(points, k)}
    assert {tuple(points[k]) for k in found} == front_points and len(found) == len(front_points)
    assert [points[k, 0] for k in found] == sorted(points[k, 0] for k in found)
    assert unbeaten(np.vstack([points, [[np.nan, -1.0], [-1.0, np.nan]]])) == found
    with pytest.raises(ValueError, match="points: expected pairs"):
        unbeaten([1.0, 2.0])


def test_each_model_is_held_out_by_the_recipe_that_made_it(study: fl.Study) -> None:
    fit = saved_fit(study, "θ_f")
    assert fit.weights == {} and fit.note == "" and fit.K == study.data.K
    assert fit.errors.pooled == study.held_out(fisher_fit).pooled
    assert saved_fit(study, "Fisher + KL").weights == {"kl": 1.0}
    alone = saved_fit(study, "energy fit")
    assert alone.note == ALONE and alone.errors.pooled == study.held_out(energy_fit).pooled
    own = study.with_model(study.fit(ridge=0.1, energy=2.0, name="mine")[1])
    mine = saved_fit(own, "mine")
    assert mine.weights == {"ridge": 0.1, "energy": 2.0} and mine.note == ""
    held_out = study.held_out(lambda m: weighted_fit(m, {"ridge": 0.1, "energy": 2.0}, None))
    assert mine.errors.pooled == held_out.pooled and mine.value("force_rmse")[1] > 0
    assert mine.value("force_rmse")[0] > own.comparison("mine").pooled["force_rmse"]


def test_a_theta_from_elsewhere_is_not_said_to_be_held_out(study: fl.Study) -> None:
    given = fl.LinearPotential(theta=1.1 * study.models["θ_f"].theta, name="given", provenance={"kl": 1.0})
    fit = saved_fit(study.with_model(given), "given")
    assert fit.note == GIVEN and fit.weights == {}
    assert fit.errors.pooled == study.with_model(given).comparison("given").pooled


def test_a_scan_has_ridges_and_without_energies_no_weights_of_them(study: fl.Study) -> None:
    assert len(scan(study)) == 11 and {"ridge", "kl"} == {name for w in scan(study).values() for name in w}
    t = next(iter(study.data.values()))
    arrays = {name: getattr(t, name) for name in ("n_atoms", "descriptors", "forces", "force_descriptors")}
    forces = fl.Study(fl.Dataset([fl.Trajectory(key=k, temperature=300.0, **arrays) for k in "a"]))
    assert all(set(weights) == {"ridge"} for weights in scan(forces).values())


def test_the_panel_lists_the_models_with_their_errors_and_draws_the_front(study: fl.Study) -> None:
    panel = FitsPanel(study)
    assert list(panel.fits) == list(study.models) and panel.last_error is None
    assert [row[0] for row in panel.table.rows] == list(study.models)
    value, bar = panel.fits["θ_f"].value("force_rmse")
    assert f"{value:.2f}" in panel.table.rows[0][1][6] and bar > 0
    assert {len(row[1]) for row in panel.table.rows} == {len(HEADINGS) - 1} and panel.table.chosen == -1
    assert panel.figure.layout.title.text.startswith("Fits side by side")
    points = {trace.name: (trace.x[0], trace.y[0]) for trace in panel.figure.data if trace.mode == "markers"}
    assert points["θ_f"] == pytest.approx((1e3 * panel.fits["θ_f"].value("energy_spread")[0], value))
    line = next(trace for trace in panel.figure.data if trace.name == "front")
    assert list(line.y) == [fit.value("force_rmse")[0] for fit in front(list(panel.fits.values()))]
    assert list(line.y) == sorted(line.y, reverse=True) and line.line.shape == "hv"


def test_a_scan_adds_a_dozen_and_a_fit_that_is_there_is_not_repeated(study: fl.Study) -> None:
    panel = FitsPanel(study)
    panel.scan.click()
    assert (
        panel.last_error is None and len(panel.fits) == len(study.models) + 10
    )  # Fisher + KL has a weight of the scan
    assert len(panel.table.rows) == len(panel.fits)
    panel.scan.click()
    assert len(panel.fits) == len(study.models) + 10
    colours = {(t.marker.color, t.marker.symbol) for t in panel.figure.data if t.mode == "markers"}
    assert len(colours) == len(panel.fits)


def test_a_click_on_a_point_or_on_a_name_opens_that_fit() -> None:
    opened = []
    study = fl.Study(sampled())
    panel = FitsPanel(study, opened=opened.append)
    number = next(k for k, trace in enumerate(panel.figure.data) if trace.name == "Fisher + KL")
    panel.figure._heard(panel.figure, {"picked": [[number, 0, 1.0, 1.0]]}, [])
    assert [model.name for model in opened] == ["Fisher + KL"] and panel.state.chosen == "Fisher + KL"
    assert "Fisher + KL is shown on all pages" in panel.work.status.value
    ringed = [t.name for t in panel.figure.data if t.mode == "markers" and t.marker.line.width]
    assert ringed == ["Fisher + KL"]
    panel.table._heard(panel.table, {"opened": 0}, [])
    assert [model.name for model in opened][1:] == ["θ_f"] and panel.table.chosen == 0
    panel.table._heard(panel.table, {"opened": 99}, [])  # of a longer table that was shown before
    front_line = Picked(0, 0, 1.0, 1.0)
    panel._picked([front_line])
    panel._picked([front_line, front_line])
    assert len(opened) == 2


def test_the_choice_is_on_all_pages_of_the_dashboard(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    fl.io.write(sampled(), tmp_path / "demo.npz")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fl.io.places, "PROJECT", tmp_path)
    dashboard = Dashboard(str(tmp_path / "demo.npz"))
    dashboard.pages.value = "Fits"
    page = dashboard.panels["Fits"]
    assert page.figure is dashboard.figure and list(page.fits) == list(page._study.models)
    page.scan.click()
    name = next(name for name in page.fits if "ridge" in name)
    page.pick(name)
    assert dashboard.compare.state.models == (name,) and dashboard.landscape.state.model == name
    assert name in dashboard.compare.study.models and f"{name} is shown" in page.work.status.value
    assert dashboard.figure.layout.title.text.startswith("Fits side by side")
    page.pick("θ_f")
    assert dashboard.compare.state.models == ("θ_f",) and dashboard.landscape.state.model == "θ_f"
    for title in ("Compare", "Landscape", "Fit", "Fits"):
        dashboard.pages.value = title
        assert dashboard.page.last_error is None and dashboard.figure.data
    dashboard.pages.value = "Fit"
    dashboard.fit.state.name = "from the page Fit"
    dashboard.fit.state.ridge = 0.01
    dashboard.add(dashboard.fit.model)
    dashboard.pages.value = "Fits"
    assert page.fits["from the page Fit"].weights == {"ridge": 0.01} and len(page.fits) > 4


def test_other_data_begin_a_new_list(study: fl.Study) -> None:
    panel = FitsPanel(study)
    panel.fit_scan()
    panel.use(fl.Study(sampled(seed=1)))
    assert list(panel.fits) == list(study.models)


@pytest.fixture(scope="module")
def copper_study(few_walkers_short: fl.Dataset) -> fl.Study:
    return fl.Study(few_walkers_short)


@pytest.fixture(scope="module")
def few_walkers_short(few_walkers: fl.Dataset) -> fl.Dataset:
    return fl.Dataset([t.slice(0, 6) for t in few_walkers.values()], provenance=few_walkers.provenance)


def test_other_descriptors_are_compared_on_the_same_trajectories(copper_study: fl.Study) -> None:
    frames = frames_of(copper_study.data)
    assert np.array_equal(frames[0].positions, next(iter(copper_study.data.values())).positions)
    soap = fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1)
    theta_f, mixed = with_descriptor(copper_study, soap)
    data = fl.featurise(frames, soap, workers=1)
    other = fl.Study(data, seed=copper_study.seed)
    assert theta_f.errors.pooled == other.held_out(fisher_fit).pooled and theta_f.K == 6
    assert theta_f.name == "θ_f, SOAP cutoff 4.0, n_max 2, l_max 1" and mixed.weights == {"kl": 1.0}
    assert theta_f.cutoff == 4.0 and theta_f.errors.keys == tuple(copper_study.data)
    with pytest.raises(ValueError, match="positions and elements"):
        with_descriptor(fl.Study(fl.systems.harmonic([1.0, 2.0])), soap)


def test_other_descriptors_are_listed_and_politely_not_opened(copper_study: fl.Study) -> None:
    opened = []
    panel = FitsPanel(copper_study, opened=opened.append)
    panel.state.descriptor = "soap:cutoff=4.0,n_max=2,l_max=1"
    assert panel.last_error is None
    name = next(name for name in panel.fits if name.startswith("θ_f, SOAP"))
    assert panel.fits[name].K == 6 and "K = 6" in panel._told(fl.descriptors.Soap(cutoff=4.0, n_max=2, l_max=1))
    panel.pick(name)
    assert (
        opened == []
        and "descriptors of its own (K = 6)" in panel.work.status.value
        and "Load" in panel.work.status.value
    )


def test_a_scan_that_is_cancelled_keeps_what_was_ready(study: fl.Study, monkeypatch: pytest.MonkeyPatch) -> None:
    async def person() -> None:
        panel = FitsPanel(study)
        await asyncio.to_thread(panel.work.wait)
        from fisherlib.widgets import fits as page

        count, real = itertools.count(1), page.saved_fit

        def counted(study: fl.Study, name: str) -> SavedFit:
            found = real(study, name)
            if next(count) == 3:
                panel.work._number += 1  # as Cancel does, from this thread, after the third fit
            return found

        monkeypatch.setattr(page, "saved_fit", counted)
        panel.fit_scan()
        await asyncio.to_thread(panel.work._thread.join)
        panel.work.cancel()
        assert len(panel.fits) == len(study.models) + 3 and len(panel.table.rows) == len(panel.fits)

    asyncio.run(person())


def test_a_number_has_the_digits_that_its_bar_allows() -> None:
    pairs = {(0.09003, 0.00044): "0.0900 ± 0.0004", (2.647, 0.0704): "2.65 ± 0.07", (-0.0004, 0.08): "0.00 ± 0.08"}
    pairs |= {(-12.3, 1.4): "−12.3 ± 1.4", (3.0, np.nan): "3", (np.nan, np.nan): "–", (812.0, 30.0): "812 ± 30"}
    assert {pair: with_bar(np.array(pair)) for pair in pairs} == pairs
