"""Figures of models against truth: which configuration a mark is, shifts, distances in words, forces as density."""

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import comparison, figures


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return fl.systems.harmonic(np.array([1.0, 2.0, 0.5]), trajectories=3, configurations=20)


@pytest.fixture(scope="module")
def comparisons(data: fl.Dataset) -> list[comparison.Comparison]:
    models = [fl.LinearPotential(theta=[1.1, 1.9, 0.6], offset=k - 1.0, name=f"model {k}") for k in range(2)]
    return [comparison.compare(model, data) for model in models]


def test_residuals_are_errors_in_milli_electronvolts_with_the_mean_as_a_line(comparisons: list) -> None:
    zero, *traces = figures.residuals(comparisons).data
    assert set(zero.y) == {0}
    for c, dots, mean in zip(comparisons, traces[::2], traces[1::2], strict=True):
        assert dots.x == pytest.approx(c.reference) and dots.y == pytest.approx(1e3 * (c.energies - c.reference))
        assert list(dots.text) == c.labels and "%{text}" in dots.hovertemplate
        assert list(mean.y) == pytest.approx([1e3 * c.pooled["energy_shift"]] * 2) and mean.line.width == 1
        spread, bar = (1e3 * c.pooled["energy_spread"], 1e3 * c.pooled_error["energy_spread"])
        assert f"{spread:.2f} ± {bar:.2f} meV/atom" in dots.name
        assert dots.legendgroup == mean.legendgroup and not mean.showlegend
    layout = figures.residuals(comparisons).layout
    assert "eV/atom" in layout.xaxis.title.text and "meV/atom" in layout.yaxis.title.text


def test_a_shift_that_rounds_to_zero_has_no_sign(data: fl.Dataset) -> None:
    found = comparison.compare_predictions(data.energies - 1e-7, data.forces, data, name="m")
    assert "shift +0.00" in figures.residuals([found]).data[1].name


@pytest.mark.parametrize("draw", [figures.parity, figures.residuals, figures.errors_by_trajectory])
def test_as_many_models_give_the_same_kinds_of_traces(draw: object, comparisons: list, data: fl.Dataset) -> None:
    perfect = comparison.compare_predictions(data.energies, data.forces, data.select(list(data)), name="truth")
    one, other = draw(comparisons), draw([perfect, comparisons[1]])
    assert [(t.type, t.mode, t.xaxis) for t in one.data] == [(t.type, t.mode, t.xaxis) for t in other.data]
    assert len(one.layout.annotations) == len(other.layout.annotations)


def test_force_parity_shows_every_component_on_a_logarithmic_scale() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=5000)
    predicted = true + 0.05 * rng.normal(size=5000)
    predicted[0] = 40.0
    histogram = comparison.force_histogram(true, predicted, bins=50)
    figure = figures.force_parity(histogram, name="θ_f", force_rmse=0.05678)
    density, diagonal = figure.data
    z, counts = np.asarray(density.z), np.asarray(density.customdata)
    assert counts.sum() == 5000 and np.array_equal(np.isnan(z), counts == 0)
    assert np.nansum(10**z) == pytest.approx(5000)
    assert counts[-1].sum() == 1  # the wild prediction is in the topmost row: y is the model
    assert list(diagonal.x) == list(diagonal.y) == list(histogram.edges[[0, -1]])
    assert figure.layout.yaxis.scaleanchor == "x" and not density.hoverongaps
    assert density.colorbar.ticktext[:2] == ("1", "10") and density.zmin == 0
    said = figure.layout.title.subtitle.text
    assert "5\N{NO-BREAK SPACE}000 components" in said and "0.05678 eV/Å" in said
    assert all("eV/Å" in axis.title.text for axis in (figure.layout.xaxis, figure.layout.yaxis))


def test_distances_and_noise_are_said_in_words() -> None:
    samples = {"true": [3.0, 1.0, 2.0], "θ_f": [1.5, 2.5, 3.5]}
    figure = figures.cdfs(samples, distances={"θ_f": (0.016, 0.00044)}, noise=(0.054, 0.00198))
    true, model, difference = figure.data
    assert (true.name, model.name) == ("true", "θ_f: KS 0.016, W1 0.44 meV/atom")
    assert figure.layout.title.subtitle.text == "two halves of the true data: KS 0.054, W1 1.98 meV/atom"
    assert difference.legendgroup == model.legendgroup and not difference.showlegend
    assert "eV/atom" in figure.layout.xaxis2.title.text and figure.layout.yaxis2.title.text
    bare = figures.cdfs(samples)
    assert [t.type for t in bare.data] == [t.type for t in figure.data] and bare.data[1].name == "θ_f"
    assert [set(t.to_plotly_json()) for t in bare.data] == [set(t.to_plotly_json()) for t in figure.data]


def test_hovering_a_step_tells_which_configuration_it_is() -> None:
    samples = {"true": [3.0, 1.0, 2.0], "model": [0.0, 5.0]}
    true, model, _ = figures.cdfs(samples, labels={"true": ["three", "one", "two"]}).data
    assert list(true.x) == [1.0, 1.0, 2.0, 3.0] and list(true.text) == ["one", "one", "two", "three"]
    assert true.hovertemplate.startswith("%{text}") and "fraction %{y" in true.hovertemplate
    assert "%{text}" not in model.hovertemplate


def test_labels_of_another_number_and_distances_of_strangers_are_refused() -> None:
    samples = {"true": [3.0, 1.0, 2.0], "model": [0.0, 5.0]}
    with pytest.raises(ValueError, match="labels of 'true': expected 3, one per value, got 2"):
        figures.cdfs(samples, labels={"true": ["a", "b"]})
    with pytest.raises(ValueError, match="distances: expected keys among 'true', 'model', got 'other'"):
        figures.cdfs(samples, distances={"other": (0.1, 0.1)})
    with pytest.raises(ValueError, match="labels: expected keys among"):
        figures.cdfs(samples, labels={"other": []})


def test_site_energies_have_a_difference_and_are_called_no_observable() -> None:
    a, b = [1.0, 2.0, 3.0], [1.5, 2.5, 3.5]
    figure = figures.site_energy_cdfs({"a": a, "b": b}, title="Site energies", distances={"b": (1 / 3, 0.5)})
    _, model, difference = figure.data
    assert model.name == "b: KS 0.333, W1 500.00 meV"
    assert np.abs(difference.y).max() == pytest.approx(comparison.ks(a, b))
    assert "not observable" in figure.layout.title.subtitle.text
    assert figure.layout.xaxis2.title.text == "site energy, eV"
    assert len(figures.site_energy_cdfs({"a": a}, title="Site energies").data) == 1


def test_the_selected_trajectory_is_thick_and_the_others_are_faint(data: fl.Dataset) -> None:
    key = list(data)[1]
    plain, figure = figures.energies(data), figures.energies(data, selected=key)
    widths = {trace.name: trace.line.width for trace in figure.data}
    assert all(widths[key] > 2 * width for name, width in widths.items() if name != key)
    assert len({trace.line.color for trace in figure.data if trace.name != key}) == 1
    assert max(figure.data, key=lambda trace: trace.zorder).name == key
    assert [t.type for t in plain.data] == [t.type for t in figure.data]
    assert all("configuration %{customdata}" in trace.hovertemplate for trace in figure.data)
    with pytest.raises(KeyError, match="no trajectory 'nobody'"):
        figures.energies(data, selected="nobody")
