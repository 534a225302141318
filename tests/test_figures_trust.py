"""Figures on what a fit is worth, as data: every estimate with its bar, or the reason why it has none."""

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl

Maker = Callable[..., fl.Dataset]
TEMPERATURE = 300.0


@pytest.fixture(scope="module")
def data(ragged: Maker) -> fl.Dataset:
    return ragged(0, K=4, temperatures=(TEMPERATURE,) * 6, configurations=20, atoms=(3, 3))


@pytest.fixture(scope="module")
def study(data: fl.Dataset) -> fl.Study:
    return fl.Study(data)


def named(figure: go.Figure, begins: str) -> go.Scatter:
    (found,) = (trace for trace in figure.data if (trace.name or "").startswith(begins))
    return found


def test_strengths_show_three_criteria_with_their_best(study: fl.Study) -> None:
    choice = fl.validation.choose_strength(study.moments)
    figure = fl.figures.strengths(choice)
    held_out, gcv, evidence = (named(figure, name) for name in ("cross-validation", "GCV", "evidence"))
    np.testing.assert_allclose(held_out.y, choice.cross_validation)
    np.testing.assert_allclose(np.square(gcv.y), choice.gcv)
    assert evidence.y.max() == 0 and evidence.x[np.argmax(evidence.y)] == pytest.approx(choice.best["evidence"], rel=1)
    band, n = named(figure, "±").y, len(choice.strengths)
    np.testing.assert_allclose((band[:n] - band[n:][::-1]) / 2, choice.cross_validation_error)
    assert {shape.x0 for shape in figure.layout.shapes} == set(choice.best.values())
    low, high = figure.layout.yaxis.range
    assert low < choice.cross_validation.min() < high < choice.cross_validation.max()


def test_a_profile_has_a_panel_with_a_band_for_every_quantity(data: fl.Dataset, study: fl.Study) -> None:
    kappas = np.array([0.1, 1.0, 10.0])
    found = fl.profiles.profile(data, study.moments, fl.regression.kl_path(study.moments, kappas))
    figure = fl.figures.profile(kappas, found, title="Along κ", label="κ", log=True, marks={"here": 1.0})
    drawn = {trace.name: list(trace.y) for trace in figure.data if trace.fill is None}
    assert drawn == {name: list(curve.value) for name, curve in found.items()}
    bands = [trace.name for trace in figure.data if trace.fill == "toself"]
    assert bands == [f"± one standard error of {name}" for name in found if name != "Pareto k"]
    assert figure.layout.xaxis.type == "log" and "jackknife over 6" in figure.layout.title.subtitle.text
    assert len(figure.layout.shapes) == len(found)


def test_a_trade_off_has_bars_of_the_rise_and_of_the_gain(data: fl.Dataset, study: fl.Study) -> None:
    found = fl.profiles.profile(data, study.moments, fl.regression.kl_path(study.moments, [0.0, 1.0, 10.0]))
    (trace,) = fl.figures.trade_off({"path": (["a", "b", "c"], found)}).data
    assert trace.x[0] == trace.error_x.array[0] == 0 and (np.diff(trace.x) > 0).all()
    np.testing.assert_allclose(trace.error_x.array, found["J"].relative(0).error)
    np.testing.assert_allclose(trace.error_y.array, found["KL, second order"].error)


def test_weights_add_up_and_say_what_they_are_worth() -> None:
    log_w = np.log([0.7, 0.1, 0.1, 0.1])
    figure = fl.figures.weights({"even": np.zeros(4), "steep": log_w})
    np.testing.assert_allclose(named(figure, "steep").y, [0, 0.7, 0.8, 0.9, 1.0])
    assert named(figure, "even").name == "even: ESS 4.0 of 4, Pareto k unknown"
    assert named(figure, "steep").name == "steep: ESS 1.9 of 4, Pareto k unknown"


def test_weights_show_the_shape_that_says_whether_to_believe_them() -> None:
    x = np.random.default_rng(0).normal(size=400)
    figure = fl.figures.weights({"good": 0.1 * x, "bad": 3.0 * x, "one": 1e5 * x})
    k = fl.reweighting.pareto_k(3.0 * x)
    assert named(figure, "bad").name.endswith(f"of 400, Pareto k {k:.2f}") and k > 0.5
    said = figure.layout.title.subtitle.text
    assert "ESS has no error bar; Pareto k tells whether to believe it" in said
    assert f"bad: error bars too small: Pareto k {k:.2f}; one: error bars too small: Pareto k ∞" in said
    assert "good" not in said
    with pytest.raises(ValueError, match="log_weights: expected"):
        fl.figures.weights({"none": []})


def test_free_energies_stand_between_their_bounds_with_bars(data: fl.Dataset, study: fl.Study) -> None:
    E = data.energies
    found = {
        name: fl.reweighting.free_energy_difference(E, model.energies(data), TEMPERATURE, trajectory=data.groups)
        for name, model in study.models.items()
    }
    figure = fl.figures.free_energies(found, n_atoms=3)
    lower, value, cumulant = figure.data
    assert (np.array(lower.y) <= value.y).all() and (np.array(value.y) <= 0).all()
    (zero,) = figure.layout.shapes
    assert zero.y0 == zero.y1 == 0 and zero.showlegend and zero.name == "⟨U_θ − U⟩ under the truth: upper bound"
    first, kT = next(iter(found.values())), 1 / fl.units.beta(TEMPERATURE)
    assert value.error_y.array[0] == pytest.approx(1e3 * kT * first.kl_error / 3)
    assert lower.error_y.array[0] == pytest.approx(1e3 * first.lower_error_from_upper / 3)
    assert cumulant.error_y.array[0] == pytest.approx(1e3 * first.second_cumulant_error_from_upper / 3)
    assert "from ⟨U_θ − U⟩ under the truth" in figure.layout.yaxis.title.text
    for n_atoms in (0, np.nan, [3, 3]):
        with pytest.raises(ValueError, match="n_atoms: expected one positive number"):
            fl.figures.free_energies(found, n_atoms=n_atoms)
    alone = {"θ_f": fl.reweighting.free_energy_difference(E, E + 0.1, TEMPERATURE)}
    assert "no error bars" in fl.figures.free_energies(alone, n_atoms=3).layout.title.subtitle.text


def test_free_energies_name_the_models_whose_bars_are_too_small() -> None:
    U = 0.5 * np.random.default_rng(0).chisquare(12, size=4000) / fl.units.beta(TEMPERATURE)
    labels = np.arange(4000) // 200
    found = {
        f"{ratio} k": fl.reweighting.free_energy_difference(U, ratio * U, TEMPERATURE, trajectory=labels)
        for ratio in (0.4, 0.9)
    }
    said = fl.figures.free_energies(found, n_atoms=4).layout.title.subtitle.text
    assert said.endswith("<br>0.4 k: error bars too small: Pareto k 0.60")


def test_the_metastability_spectrum_stands_beside_its_natural_rate() -> None:
    data = fl.systems.double_well(8 * fl.units.BOLTZMANN * 300, odd=True)
    found = fl.diagnostics.metastability(fl.accumulate(data))
    figure = fl.figures.metastability(found, names=data.descriptor_names)
    np.testing.assert_allclose(figure.data[0].y, found.values)
    assert set(named(figure, "β").y) == {found.scale}
    tilted = fl.systems.double_well(8 * fl.units.BOLTZMANN * 300, tilt=0.5 * fl.units.BOLTZMANN * 300)
    blind = fl.diagnostics.metastability(fl.accumulate(tilted))
    assert list(named(fl.figures.metastability(blind), "what θ_f leaves out").y) == [blind.residual] * 2
    said = figure.layout.title.subtitle.text
    assert "without force" in said and "slowest: +1.00 x" in said
    assert "no error bars" in figure.layout.xaxis.title.text and figure.layout.xaxis.range[0] > 0  # no direction 0


def test_calibration_counts_errors_in_bars() -> None:
    bars, errors = np.array([1.0, 2.0, 4.0]), np.array([2.0, -4.0, 8.0])
    figure = fl.figures.calibration({"twice": bars}, {"twice": errors}, unit="eV", labels=["a", "b", "c"])
    trace = figure.data[-1]
    assert trace.name == "twice: rms of error / bar 2.00"
    assert list(trace.y) == [2.0, 4.0, 8.0] and trace.text == ("a", "b", "c")


def test_bands_and_weights_of_distributions_are_drawn(data: fl.Dataset, study: fl.Study) -> None:
    values, w = data.energies / data.n_atoms, np.linspace(0, 1, len(data.energies))
    x, low, high = fl.uncertainty.ecdf_band(data, independent=60)
    figure = fl.figures.cdfs(
        {"true": values, "weighted": values}, bands={"true": (x, low, high)}, weights={"weighted": w}
    )
    band = named(figure, "band of true")
    np.testing.assert_allclose(band.y, np.r_[high, low[::-1]])
    steps = next(trace for trace in figure.data if trace.name == "weighted")
    np.testing.assert_allclose(steps.y[1:], fl.comparison.ecdf(values, w)[1])
    assert "95 %" in figure.layout.title.subtitle.text
    for name in ("bands", "weights"):
        with pytest.raises(ValueError, match=f"{name}: expected keys among 'true', got 'other'"):
            fl.figures.cdfs({"true": values}, **{name: {"other": (x, low, high)}})
