"""Figures of glasses as data: where particles are drawn and in which colour, and that no correlation stands without its ceiling."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

import fisherlib as fl
from fisherlib import figures
from fisherlib.comparison import Correlation
from fisherlib.figures.disks import LEVELS, Colours, disks
from fisherlib.validation import TREATMENTS, Scores, folds, scores

BOX = np.array([6.0, 5.0])


def ensemble(
    *, seed: int = 0, d: int = 2, N: int = 40, times: tuple[float, ...] = (0.1, 1.0, 10.0)
) -> fl.glass.Ensemble:
    rng = np.random.default_rng(seed)
    box = np.r_[BOX, 4.0][:d]
    return fl.glass.Ensemble(
        names=["a", "b"],
        positions=rng.uniform(-1.0, 2.0, (2, N, d)) * box,  # some lie outside: the box is periodic
        types=np.tile(np.arange(N) % 3 == 2, (2, 1)).astype(int),
        box=box,
        times=times,
        propensity=rng.lognormal(size=(2, len(times), N)) * np.array(times)[:, None],
    )


def drawn_at(traces: list[go.Scatter]) -> np.ndarray:
    """Centres (n, 2) and radii (n,) of all disks, from their corners."""
    found = [np.empty((0, 3))]
    for trace in traces:
        if trace.fill == "toself" and len(trace.x):
            corners = np.c_[trace.x, trace.y].astype(float)
            groups = np.split(corners, np.flatnonzero(np.isnan(corners[:, 0])))
            rings = [ring[~np.isnan(ring[:, 0])] for ring in groups if len(ring) > 1]
            for ring in rings:
                np.testing.assert_allclose(ring[0], ring[-1], atol=1e-5)  # closed
                middle = ring[:-1].mean(axis=0)
                found.append(np.r_[middle, np.linalg.norm(ring[0] - middle)][None])
    return np.concatenate(found)


def marks(traces: list[go.Scatter], text: str) -> list[go.Scatter]:
    """Traces that the mouse finds."""
    return [trace for trace in traces if trace.hovertemplate and text in trace.hovertemplate]


# maps ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_disks_have_their_size_and_those_over_an_edge_stand_at_both_sides(seed: int) -> None:
    glass = ensemble(seed=seed)
    figure = figures.propensity_map(glass, "b", diameters=(1.0, 0.5))
    found = drawn_at(list(figure.data))
    inside = glass.positions[1] % BOX
    radii = np.where(glass.types[1] == 1, 0.25, 0.5)
    expected = []
    for shift in np.array([[i, j] for i in (-1, 0, 1) for j in (-1, 0, 1)]) * BOX:
        images = inside + shift
        near = ((images > -radii[:, None]) & (images < BOX + radii[:, None])).all(axis=1)
        expected.append(np.c_[images[near], radii[near]])
    expected = np.concatenate(expected)
    np.testing.assert_allclose(*(each[np.lexsort(each.T.round(3))] for each in (found, expected)), atol=2e-5)
    layout = figure.layout
    assert layout.yaxis.scaleanchor == "x" and layout.xaxis.range == (0, 6) and layout.yaxis.range == (0, 5)
    assert (layout.shapes[0].x1, layout.shapes[0].y1) == (6, 5)


def test_the_slider_has_a_frame_for_each_time_with_colours_of_its_own() -> None:
    glass = ensemble()
    figure = figures.propensity_map(glass)
    slider = figure.layout.sliders[0]
    assert [step.label for step in slider.steps] == [frame.name for frame in figure.frames] == ["0.1", "1", "10"]
    assert slider.active == 2 and slider.currentvalue.prefix == "time "
    assert "of the time that is shown" in figure.layout.title.subtitle.text
    for at, frame in enumerate(figure.frames):
        bar = frame.data[-1].marker
        np.testing.assert_allclose([bar.cmin, bar.cmax], np.percentile(glass.propensity[0, at], [2, 98]))
        assert [trace.name for trace in frame.data] == [figure.data[k].name for k in frame.traces]
        words = {
            n: v for each in marks(frame.data, "particle") for n, v in zip(each.customdata, each.text, strict=True)
        }
        assert words == {n: f"{v:.3g}" for n, v in enumerate(glass.propensity[0, at])}
    for trace, last in zip(figure.frames[-1].data, figure.data, strict=False):
        np.testing.assert_array_equal(np.array(trace.x, float), np.array(last.x, float))
    assert figure.data[-3].marker.colorbar.title.text == "propensity, σ"


def test_the_legend_has_an_entry_for_each_species_which_its_disks_follow() -> None:
    figure = figures.propensity_map(ensemble())
    entries = [trace.name for trace in figure.data if trace.showlegend is not False]
    assert entries == ["A, diameter 1", "B, diameter 0.88"]
    assert {trace.legendgroup for trace in figure.data} - {None} == set(entries)


def test_a_colour_is_that_of_its_value() -> None:
    colours = Colours(0.0, 1.0, "Viridis", "x")
    np.testing.assert_array_equal(
        colours.levels(np.array([-1.0, 0.0, 0.5, 1.0, 9.0])), [0, 0, LEVELS // 2, *[LEVELS - 1] * 2]
    )
    glass = ensemble(times=(1.0,))
    values = np.linspace(0.0, 1.0, 40)
    figure = figures.propensity_map(glass, what=values, label="prediction")
    shades = list(dict.fromkeys(trace.fillcolor for trace in figure.data if trace.fill == "toself"))
    assert len(shades) == LEVELS and not figure.frames and not figure.layout.sliders
    position = glass.positions[0, 20] % BOX
    holder = [t for t in figure.data if t.fill == "toself" and len(t.x) and near(drawn_at([t]), position)]
    low, high = np.percentile(values, [2, 98])
    assert [t.fillcolor for t in holder] == [shades[int(LEVELS * (values[20] - low) / (high - low))]]


def near(found: np.ndarray, position: np.ndarray) -> bool:
    return bool((np.abs(found[:, :2] - position).max(axis=1) < 1e-3).any())


def test_of_three_dimensions_a_slab_is_drawn() -> None:
    glass = ensemble(d=3, N=400)
    z = glass.positions[0, :, 2] % 4.0
    figure = figures.propensity_map(glass, slab=(1.0, 2.0))
    shown = sorted(n for each in marks(figure.data, "particle") for n in each.customdata)
    assert shown == np.flatnonzero((z >= 1.0) & (z < 2.0)).tolist()
    assert f"{len(shown)} of 400 particles, those with z from 1 to 2" in figure.layout.title.subtitle.text
    middle = disks(glass.positions[0], glass.types[0], glass.box, diameters=(1.0, 0.88))
    np.testing.assert_array_equal(middle.kept, np.flatnonzero((z >= 1.5) & (z < 2.5)))
    with pytest.raises(ValueError, match="slab: expected two heights"):
        figures.propensity_map(glass, slab=(7.0, 8.0))


def test_maps_refuse_what_does_not_fit() -> None:
    glass = ensemble()
    with pytest.raises(ValueError, match="name: expected one of 'a', 'b'"):
        figures.propensity_map(glass, "c")
    with pytest.raises(ValueError, match="what: expected finite numbers of shape"):
        figures.propensity_map(glass, what=np.zeros(3))
    with pytest.raises(ValueError, match="diameters: expected one for each of 2 species, got 1"):
        figures.propensity_map(glass, diameters=[1.0])
    with pytest.raises(ValueError, match="labels: expected 40"):
        figures.mobile_clusters(glass, [0, 1])


def rows_of(glass: fl.glass.Ensemble) -> fl.glass.Rows:
    own = [np.flatnonzero(types == 0) for types in glass.types]
    blocks = np.repeat(glass.names, [len(each) for each in own])
    x = np.concatenate([glass.positions[k, each] for k, each in enumerate(own)])
    y = np.concatenate([glass.propensity[k, -1, each] for k, each in enumerate(own)])
    describe = {"names": ["x", "y"], "kinds": ["place"] * 2, "generations": np.zeros(2, int), "reach": np.ones(2)}
    return fl.glass.Rows(X=x, y=y, blocks=blocks, positions=x, particles=np.concatenate(own), box=glass.box, **describe)


def test_measured_predicted_and_their_difference_stand_side_by_side_with_one_zoom() -> None:
    rows = rows_of(ensemble())
    predicted = rows.y + np.linspace(-1.0, 2.0, len(rows))
    figure = figures.propensity_maps(rows, {"measured": rows.y, "predicted": predicted}, "b")
    assert [each.text for each in figure.layout.annotations] == ["measured", "predicted", "predicted − measured"]
    own = rows.blocks == "b"
    panels = {"x": rows.y, "x2": predicted, "x3": predicted - rows.y}
    for axis, values in panels.items():
        (found,) = marks([trace for trace in figure.data if trace.xaxis == axis], "particle")
        assert list(found.customdata) == rows.particles[own].tolist()
        assert list(found.text) == [f"{v:.3g}" for v in values[own]]
    assert figure.layout.xaxis2.matches == figure.layout.xaxis3.matches == "x"
    assert figure.layout.yaxis2.matches == figure.layout.yaxis3.matches == "y"
    same, off = (trace.marker for trace in figure.data[-2:])
    assert off.cmin == -off.cmax < 0 and off.colorbar.title.text == "difference, σ"
    np.testing.assert_allclose([same.cmin, same.cmax], np.percentile(rows.y[own], [2, 98]))
    with pytest.raises(ValueError, match="values: expected two sets"):
        figures.propensity_maps(rows, {"measured": rows.y})
    with pytest.raises(ValueError, match="name: expected one of 'a', 'b'"):
        figures.propensity_maps(rows, {"measured": rows.y, "predicted": predicted}, "c")


def test_clusters_have_colours_from_the_largest_to_the_smallest_and_the_others_are_faint() -> None:
    glass = ensemble(N=40)
    labels = np.full(40, -1)
    labels[:3], labels[5:10], labels[20] = 7, 2, 4
    figure = figures.mobile_clusters(glass, labels)
    names = [trace.name for trace in figure.data if trace.showlegend]
    assert names == ["cluster of 5", "cluster of 3", "smaller ones", "the others"]
    assert figure.data[0].fillcolor == figures.PALETTE[0] and figure.data[3].fillcolor.startswith("rgba")
    for position in glass.positions[0, 5:10] % BOX:
        assert near(drawn_at([figure.data[0]]), position)
    assert figure.data[-1].text[6] == "particle 6, cluster 2" and figure.data[-1].text[12] == "particle 12"
    assert "9 of them mobile, in 3 clusters" in figure.layout.title.subtitle.text
    nobody = figures.mobile_clusters(glass, np.full(40, -1))
    assert [trace.name for trace in nobody.data if trace.showlegend] == ["the others"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"diameters": (1.0, 0.0)}, "diameters: expected finite lengths > 0"),
        ({"diameters": (1.0, np.nan)}, "diameters: expected finite lengths > 0"),
        ({"diameters": 1.0}, "diameters: expected one for each of 2 species"),
        ({"slab": (1.0,)}, "slab: expected two heights"),
        ({"slab": 3.0}, "slab: expected two heights"),
        ({"slab": (3.0, 1.0)}, "slab: expected two heights"),
    ],
)
def test_sizes_and_slabs_that_cannot_be_drawn_are_told(given: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        figures.propensity_map(ensemble(d=3, N=400), **given)


@pytest.mark.parametrize("value", [0.0, 1.0, -1e20, 1e20])
def test_equal_values_have_one_colour(value: float) -> None:
    figure = figures.propensity_map(ensemble(times=(1.0,)), what=np.full(40, value))
    assert len({t.fillcolor for t in figure.data if t.fill == "toself" and len(t.x)}) == 1


def test_particles_that_were_never_held_out_are_faint() -> None:
    rows = rows_of(ensemble())
    predicted = np.where(np.arange(len(rows)) % 3 == 0, np.nan, rows.y + 0.1)
    figure = figures.propensity_maps(rows, {"measured": rows.y, "predicted": predicted}, "a")
    own = rows.blocks == "a"
    lost = own & np.isnan(predicted)
    assert f"predicted of {lost.sum()} not known" in figure.layout.title.subtitle.text
    for axis, number in {"x": 0, "x2": lost.sum(), "x3": lost.sum()}.items():
        faint = [t for t in figure.data if t.xaxis == axis and (t.fillcolor or "").startswith("rgba")]
        found = drawn_at(faint)
        inside = (found[:, :2] >= 0).all(axis=1) & (found[:, :2] < BOX).all(axis=1)
        assert inside.sum() == number
        (words,) = marks([trace for trace in figure.data if trace.xaxis == axis], "particle")
        assert list(words.text).count("not known") == number
    assert figure.data[-1].marker.cmax == pytest.approx(0.1)
    nothing = figures.propensity_maps(rows, {"measured": rows.y, "predicted": np.full(len(rows), np.nan)})
    assert nothing.data[-1].marker.cmax == 1.0
    for wrong in ({"measured": predicted, "predicted": rows.y}, {"measured": rows.y, "predicted": rows.y + np.inf}):
        with pytest.raises(ValueError, match="values: expected finite numbers"):
            figures.propensity_maps(rows, wrong)


def test_thousands_of_small_clusters_are_one_trace() -> None:
    N = 3000
    figure = figures.mobile_clusters(ensemble(N=N), np.arange(N) // 3)
    assert len(figure.data) == 5 + 3
    assert "in 1000 clusters" in figure.layout.title.subtitle.text
    with pytest.raises(ValueError, match="labels: expected 40 numbers"):
        figures.mobile_clusters(ensemble(), np.full(40, np.nan))


def test_a_film_of_a_thousand_particles_is_a_small_page() -> None:
    figure = figures.propensity_map(ensemble(N=1000, times=tuple(np.geomspace(0.1, 1e3, 12))))
    assert len(json.dumps(json.loads(figure.to_json()))) < 3_000_000


# curves ----------------------------------------------------------------------------------------------------------------


def test_risks_stand_over_one_axis_with_what_each_treatment_chooses() -> None:
    rng = np.random.default_rng(0)
    X, blocks = rng.normal(size=(120, 6)), np.arange(120) // 30
    y = X @ [1.0, 0.5, 0, 0, 0, 0] + rng.normal(size=120)
    strengths = np.logspace(-4, 1, 11)
    found = {name: scores(folds(blocks), X, y, TREATMENTS[name], strengths) for name in ("MAP-Ridge", "MAP-Lasso")}
    bayes = fl.regression.evidence(fl.Moments.from_rows(X, y, blocks))
    figure = figures.risks({**found, "Bayes-Ridge": bayes}, at=30.0)
    curves = {trace.legendgroup: trace for trace in figure.data if trace.mode == "lines" and trace.fill is None}
    dots = {trace.legendgroup: trace for trace in figure.data if trace.mode == "markers"}
    for name, score in found.items():
        np.testing.assert_allclose(curves[name].x, score.rows * strengths)
        np.testing.assert_allclose(curves[name].y, 0.5 * np.log(2 * np.pi * np.e * score.risk))
        assert dots[name].x[0] == pytest.approx(score.rows * strengths[np.argmin(score.risk)])
        assert dots[name].y[0] == pytest.approx(curves[name].y.min())
    np.testing.assert_allclose(curves["Bayes-Ridge"].y, -bayes.log_evidence / 120)
    assert dots["Bayes-Ridge"].x[0] == pytest.approx(bayes.strength * 120)
    (around,) = [trace for trace in figure.data if trace.fill == "toself" and trace.name == "MAP-Ridge"]
    ridge = found["MAP-Ridge"]
    np.testing.assert_allclose(around.y[:11], ridge.nll + ridge.nll_error)
    assert figure.layout.xaxis.type == "log" and figure.layout.shapes[0].x0 == 30.0
    low, high = figure.layout.yaxis.range
    assert all(low < dot.y[0] < high for dot in dots.values())
    with pytest.raises(TypeError, match="curves: expected scores or an evidence as 'a'"):
        figures.risks({"a": 1.0})


def known(strengths: np.ndarray, risk: np.ndarray) -> Scores:
    held_out = folds(np.arange(20) // 10)
    same = {"risk": risk, "pearson_pooled": risk, "pearson_each": {"0": risk}}
    return Scores(strengths=strengths, rows=10.0, risk_error=0.1 * risk, folds=held_out, **same)


def test_strengths_in_any_order_and_risks_that_are_not_known() -> None:
    strengths = np.logspace(-4, 1, 11)
    risk = 1.0 + np.log10(strengths / 1e-2) ** 2
    turned = np.random.default_rng(0).permutation(11)
    one, other = (figures.risks({"a": known(strengths[k], risk[k])}) for k in (np.arange(11), turned))
    for a, b in zip(one.data, other.data, strict=True):
        np.testing.assert_allclose(np.array(a.x, float), np.array(b.x, float))
        np.testing.assert_allclose(np.array(a.y, float), np.array(b.y, float))
    holes = known(strengths, np.where(np.arange(11) % 4 == 0, [np.nan], risk))
    assert holes.strength in strengths[[3, 5]]  # as far from the lowest; the lowest of those that are known
    line = next(t for t in figures.risks({"a": holes}).data if t.mode == "lines" and t.fill is None)
    assert len(line.x) == 8 and np.isfinite(line.y).all()
    exact = known(strengths, np.where(np.arange(11) == 0, 0.0, risk))  # a prediction without any error
    assert len(figures.risks({"a": exact}).data[0].x) >= 10
    with pytest.raises(ValueError, match="finite risk at one strength at least, 'a' has none"):
        figures.risks({"a": known(strengths, np.full(11, np.nan))})
    for at in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="at: expected"):
            figures.risks({"a": holes}, at=at)


def test_weights_are_ordered_within_their_kind_and_tell_their_name() -> None:
    w, bars = np.array([0.1, -0.9, 0.5, 0.2, -0.3]), np.array([0.1, 0.2, 0.1, np.nan, 0.1])
    kinds, names = ["bonds", "density", "density", "bonds", "density"], list("abcde")
    figure = figures.feature_weights(w, bars, names, kinds, [0, 1, 0, 2, 0])
    bonds, density = figure.data
    assert (bonds.name, density.name) == ("bonds", "density")
    np.testing.assert_array_equal(bonds.y, [0.2, 0.1])
    np.testing.assert_array_equal(density.y, [-0.9, 0.5, -0.3])
    np.testing.assert_array_equal(np.r_[bonds.x, density.x], [1, 2, 3, 4, 5])
    np.testing.assert_array_equal(density.error_y.array, [0.2, 0.1, 0.1])
    assert density.text[0] == "b<br>−0.9 ± 0.2<br>1 averages" and bonds.text[0] == "d<br>0.2<br>2 averages"
    assert len(set(density.marker.symbol)) == 2
    with pytest.raises(ValueError, match="kinds: expected one for each"):
        figures.feature_weights(w, bars, names, kinds[:2])


def test_ablation_is_ordered_by_what_is_lost() -> None:
    figure = figures.ablation({"bonds": (-0.01, 0.02), "density": (0.2, 0.03), "energy": (0.1, np.nan)})
    bars, words = figure.data
    assert bars.y == words.y == ("density", "energy", "bonds") and bars.orientation == "h"
    assert [each.strip() for each in words.text] == ["0.20 ± 0.03", "0.1", "−0.01 ± 0.02"]
    low, high = figure.layout.xaxis.range
    assert low < -0.03 and high > 0.23
    lost = figures.ablation({"a": (np.nan, np.nan), "b": (0.1, 0.05)})
    assert lost.data[0].y == ("b", "a") and lost.data[1].text[1].strip() == "not known"
    assert np.isfinite(lost.layout.xaxis.range).all()
    with pytest.raises(ValueError, match="drops of 'a': expected numbers"):
        figures.ablation({"a": ("x", "y")})


CORRELATIONS = {
    "random splits": Correlation(pooled=0.7, each={"a": 0.6, "b": 0.7}),
    "whole configurations": Correlation(pooled=0.5, each={"a": 0.4}),
}


def test_protocols_show_both_correlations_the_coverage_and_the_ceiling() -> None:
    ceiling = Correlation(pooled=0.93, each={"a": 0.91, "b": 0.91})
    figure = figures.protocols(CORRELATIONS, ceiling, coverage={"random splits": 1.5})
    pooled, each = figure.data
    assert (pooled.name, each.name) == ("pooled", "per configuration")
    np.testing.assert_allclose(pooled.x, [0.7, 0.5])
    np.testing.assert_allclose(each.x, [0.65, 0.4])
    np.testing.assert_allclose(each.error_x.array, [0.05, np.nan])
    assert figure.layout.yaxis.ticktext == ("random splits<br>k·r = 1.5", "whole configurations")
    band = figure.layout.shapes[0]
    assert (band.x0, band.x1) == pytest.approx((0.91, 0.93))
    assert "noise ceiling 0.91 to 0.93" in figure.layout.title.subtitle.text
    assert figure.layout.xaxis.range[1] > 0.93
    with pytest.raises(ValueError, match="coverage: expected keys among"):
        figures.protocols(CORRELATIONS, 0.9, coverage={"other": 1.0})
    with pytest.raises(TypeError, match="ceiling"):
        figures.protocols(CORRELATIONS)  # type: ignore[call-arg]


def test_models_stand_by_their_number_of_parameters_below_the_ceiling() -> None:
    found = {"linear": [(97, 0.75, 0.01)], "MLP": [(2000, 0.73, 0.02), (200, 0.74, np.nan)]}
    figure = figures.flexibility(found, (0.93, 0.94), published={"CAGE": 0.779, "SE(3)": 0.815})
    ceiling, _, nets, others = figure.data
    assert (min(ceiling.y), max(ceiling.y)) == (0.93, 0.94) and ceiling.name == "noise ceiling 0.93 to 0.94"
    np.testing.assert_array_equal(nets.x, [200, 2000])
    assert list(nets.text) == ["0.74", "0.73 ± 0.02"]
    assert list(others.text) == ["CAGE", "SE(3)"] and others.x[0] > 2000
    assert 10 ** figure.layout.xaxis.range[1] > others.x[0]
    few = figures.sparsity({"best subsets": [(1, 0.5, 0.1), (3, 0.7, 0.1)]}, CORRELATIONS["random splits"])
    assert (min(few.data[0].y), max(few.data[0].y)) == pytest.approx((0.65, 0.7))
    assert few.layout.xaxis.title.text == "number of descriptors"
    for ceiling in ([0.9, 0.9, 0.9], np.nan):
        with pytest.raises(ValueError, match="ceiling: expected one number or two"):
            figures.sparsity({"a": [(1, 0.5, 0.1)]}, ceiling)


def test_correlations_against_time_have_a_ceiling_at_each_time() -> None:
    times = [0.1, 1.0, 10.0]
    found = {"random splits": ([0.5, 0.6, 0.7], [0.1, 0.1, 0.2]), "whole configurations": [0.2, 0.3, 0.4]}
    figure = figures.propensity_times(times, found, [[0.9, 0.8, 0.7], [0.95, 0.9, 0.8]])
    ceiling, both, alone = figure.data
    np.testing.assert_allclose(ceiling.y, [0.95, 0.9, 0.8, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(both.error_y.array, [0.1, 0.1, 0.2])
    np.testing.assert_allclose(alone.y, [0.2, 0.3, 0.4])
    assert figure.layout.xaxis.type == "log"
    with pytest.raises(ValueError, match="ceiling: expected one or two numbers for each of 3 times"):
        figures.propensity_times(times, found, [0.9])
    with pytest.raises(ValueError, match="times: expected positive"):
        figures.propensity_times([0.0, 1.0], found, [0.9, 0.9])


def test_times_in_any_order_and_without_a_ceiling_at_some() -> None:
    figure = figures.propensity_times([10.0, 0.1, 1.0], {"a": ([0.7, 0.5, 0.6], [0.3, 0.1, 0.2])}, [0.8, np.nan, 0.9])
    ceiling, curve = figure.data
    np.testing.assert_allclose(curve.x, [0.1, 1.0, 10.0])
    np.testing.assert_allclose(curve.y, [0.5, 0.6, 0.7])
    np.testing.assert_allclose(curve.error_y.array, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(ceiling.x, [1.0, 10.0, 10.0, 1.0])
    np.testing.assert_allclose(ceiling.y, [0.9, 0.8, 0.8, 0.9])
    for times in ([1.0, 1.0], [1.0, np.inf]):
        with pytest.raises(ValueError, match="times: expected positive numbers, all different"):
            figures.propensity_times(times, {"a": [0.1, 0.2]}, [0.9, 0.9])
    with pytest.raises(ValueError, match="found: expected at least one curve"):
        figures.propensity_times([1.0], {}, [0.9])


def test_protocols_show_all_of_every_bar_and_what_is_not_known() -> None:
    found = {
        "a": Correlation(pooled=np.nan, each={"a": np.nan}),
        "b": Correlation(pooled=-0.5, each={"a": -0.9, "b": 0.1}),
    }
    low, high = figures.protocols(found, 0.1).layout.xaxis.range
    assert low < -0.9 and high > 0.1  # r may lie below zero, or above a ceiling that is badly known
    assert np.isfinite(figures.protocols({"a": found["a"]}, 0.9).layout.xaxis.range).all()
    assert figures.protocols(CORRELATIONS, 0.3).layout.xaxis.range[1] > 0.7
    partly = figures.protocols(CORRELATIONS, Correlation(pooled=0.9, each={"a": np.nan, "b": 0.8}))
    assert "noise ceiling 0.90" in partly.layout.title.subtitle.text
    for unknown in (1.0, found["a"]):
        figure = figures.protocols(CORRELATIONS, unknown)
        assert "noise ceiling not known, 1 at most" in figure.layout.title.subtitle.text


@pytest.mark.parametrize("rows", [[(0, 0.5, 0.1)], [(-3, 0.5, 0.1)], np.zeros((0, 3)), [(np.nan, 0.5, 0.1)]])
def test_numbers_that_have_no_place_on_a_logarithmic_axis_are_told(rows: object) -> None:
    with pytest.raises(ValueError, match="found"):
        figures.flexibility({"a": rows}, 0.9)
    with pytest.raises(TypeError, match="published: expected a dictionary"):
        figures.flexibility({"a": [(1, 0.5, 0.1)]}, 0.9, published=[0.7])
