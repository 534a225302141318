"""The Pareto curve of a mixture as it is drawn, and words where distances of distributions mean nothing."""

import numpy as np
import pytest
from test_mixture import made

import fisherlib as fl
from fisherlib import figures, tables
from fisherlib.comparison import caveat, compare_predictions


def test_the_curve_marks_plain_theta_f_and_the_chosen_weight() -> None:
    choice = made([0.10, 0.105, 0.2], [3.5, 0.1, 0.05], error=0.01)
    curve, plain, chosen = figures.mixtures(choice).data
    np.testing.assert_allclose(curve.x, [3500.0, 100.0, 50.0])
    np.testing.assert_allclose(curve.y, [0.10, 0.105, 0.2])
    assert curve.text == ("κ = 0 1/Å²", "κ = 0.1 1/Å²", "κ = 1 1/Å²") and "%{text}" in curve.hovertemplate
    np.testing.assert_allclose(curve.error_x.array, [10.0] * 3)
    np.testing.assert_allclose(curve.error_y.array, [0.01] * 3)
    assert (list(plain.x), list(plain.y), plain.name) == ([3500.0], [0.10], "θ_f, κ = 0")
    assert (list(chosen.x), list(chosen.y), chosen.name) == ([100.0], [0.105], "θ_f + 0.1 kl, chosen")


def test_the_subtitle_has_the_sentence_and_a_wide_axis_is_logarithmic() -> None:
    wide, narrow = made([0.1, 0.1], [3.5, 0.1]), made([0.1, 0.1], [1.0, 0.99])
    shown = figures.mixtures(wide).layout
    assert wide.sentence in shown.title.subtitle.text.replace("<br>", " ")
    assert shown.xaxis.type == "log" and figures.mixtures(narrow).layout.xaxis.type == "linear"
    assert len(figures.mixtures(narrow).data) == 2  # nothing is chosen


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return fl.systems.harmonic([1.0, 2.0])


def off(data: fl.Dataset, by: np.ndarray, name: str) -> fl.comparison.Comparison:
    return compare_predictions(data.energies + by * data.n_atoms, data.forces, data, name=name)


def test_distances_mean_nothing_where_errors_shift_from_trajectory_to_trajectory(data: fl.Dataset) -> None:
    width = float(np.std(data.energies / data.n_atoms))
    near, far = off(data, 0.5 * width * data.groups, "near"), off(data, 30.0 * width * data.groups, "far")
    assert caveat([near]) == ""
    said = caveat([near, far])
    assert said.startswith("KS and W1 mean nothing here for far: its error shifts by ") and "near" not in said
    assert tables.distances([near, far]).columns.name == said and tables.distances([near]).columns.name is None
    energies = {"true": far.reference, "far": far.energies}
    assert said in figures.cdfs(energies, caveat=said).layout.title.subtitle.text.replace("<br>", " ")


def test_distances_mean_nothing_where_errors_are_far_larger_than_energies_vary(data: fl.Dataset) -> None:
    one = data.select(next(iter(data)))
    width = float(np.std(one.energies / one.n_atoms))
    by = 30.0 * width * (np.arange(len(one.energies)) % 2)  # such as two compositions in turn
    assert "its error scatters by" in caveat([off(one, by, "far")])
    assert caveat([off(one, by / 30.0, "near")]) == "" == caveat([off(one, 0.0 * by + 5.0, "shifted as a whole")])
