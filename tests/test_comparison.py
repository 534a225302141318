"""Distances between samples against SciPy, and errors against numbers worked out by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import fisherlib as fl
from fisherlib import comparison

quick = settings(deadline=None, max_examples=60)
seeds = st.integers(0, 2**20)
sizes = st.integers(1, 40)


def sample(rng: np.random.Generator, n: int, ties: bool) -> NDArray:
    """n numbers; with ties they come from a handful of values, within a sample and between samples."""
    return rng.integers(0, 5, size=n).astype(float) if ties else rng.normal(size=n)


def ks_of_scipy(a: NDArray, b: NDArray) -> float:
    with np.errstate(divide="ignore"):  # the p-value of one against one, which is not used
        return float(stats.ks_2samp(a, b, method="asymp").statistic)


@quick
@given(seed=seeds, n=sizes, m=sizes, ties=st.booleans(), shift=st.floats(-2.0, 2.0))
def test_ks_is_the_statistic_of_scipy(seed: int, n: int, m: int, ties: bool, shift: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = sample(rng, n, ties), sample(rng, m, ties) + (round(shift) if ties else shift)
    expected = ks_of_scipy(a, b)
    assert comparison.ks(a, b) == pytest.approx(expected, abs=4e-16)
    assert comparison.ks(b, a) == pytest.approx(expected, abs=4e-16)


@quick
@given(seed=seeds, n=sizes, m=sizes, ties=st.booleans(), scale=st.floats(1e-6, 1e6))
def test_wasserstein_1_is_that_of_scipy(seed: int, n: int, m: int, ties: bool, scale: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = scale * sample(rng, n, ties), scale * sample(rng, m, ties)
    expected = stats.wasserstein_distance(a, b)
    assert comparison.wasserstein_1(a, b) == pytest.approx(expected, rel=1e-10, abs=1e-12 * scale)
    assert comparison.wasserstein_1(b, a) == pytest.approx(expected, rel=1e-10, abs=1e-12 * scale)


@quick
@given(seed=seeds, n=sizes, m=sizes, ties=st.booleans())
def test_many_samples_at_once_are_one_after_the_other(seed: int, n: int, m: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    a, b = sample(rng, n, ties), sample(rng, 6 * m, ties).reshape(2, 3, m)
    for distance, oracle in (
        (comparison.ks, ks_of_scipy),
        (comparison.wasserstein_1, stats.wasserstein_distance),
    ):
        found = distance(a, b)
        assert found.shape == (2, 3)
        expected = [[oracle(a, b[i, j]) for j in range(3)] for i in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_distances_of_known_samples() -> None:
    assert comparison.ks([0.0, 1.0], [2.0, 3.0]) == 1.0
    assert comparison.ks([0.0, 1.0], [1.0, 0.0]) == 0.0
    assert comparison.ks([1.0, 1.0, 2.0], [1.0]) == pytest.approx(1 / 3)
    assert comparison.wasserstein_1([0.0, 1.0, 2.0], [5.0, 4.0, 3.0]) == 3.0
    assert comparison.wasserstein_1([0.0], [0.0, 6.0]) == 3.0


@quick
@given(seed=seeds, n=sizes, ties=st.booleans())
def test_ecdf_is_that_of_scipy(seed: int, n: int, ties: bool) -> None:
    values = sample(np.random.default_rng(seed), n, ties)
    x, F = comparison.ecdf(values)
    np.testing.assert_array_equal(x, np.sort(values))
    np.testing.assert_allclose(F[np.searchsorted(x, values, side="right") - 1], stats.ecdf(values).cdf.evaluate(values))
    assert F[-1] == 1.0 and np.all(np.diff(F) > 0)


@pytest.mark.parametrize("distance", [comparison.ks, comparison.wasserstein_1])
@pytest.mark.parametrize("bad", [[], [1.0, np.nan], [np.inf], 3.0])
def test_an_impossible_sample_is_refused_by_name(distance: object, bad: object) -> None:
    with pytest.raises(ValueError, match="a: expected (a sample of shape|finite numbers)"):
        distance(bad, [1.0])
    with pytest.raises(ValueError, match="b: expected (a sample|samples|finite numbers)"):
        distance([1.0], bad)


def test_ecdf_refuses_what_is_no_sample() -> None:
    with pytest.raises(ValueError, match=r"values: expected a sample of shape \(n,\), got shape \(0,\)"):
        comparison.ecdf([])


@pytest.mark.parametrize("distance", [comparison.ks, comparison.wasserstein_1])
def test_a_first_sample_of_two_axes_is_refused(distance: object) -> None:
    with pytest.raises(ValueError, match="a: expected"):
        distance(np.arange(6.0).reshape(3, 2), np.arange(3.0))


def weights(rng: np.random.Generator, n: int) -> NDArray:
    """n weights that do not sum to 1, some of them zero."""
    w = rng.gamma(0.5, size=n) * (rng.random(n) < 0.8)
    w[rng.integers(n)] = 0.3
    return w


def share_below(values: NDArray, w: NDArray, x: float) -> float:
    return float(w[values <= x].sum() / w.sum())


@quick
@given(seed=seeds, n=sizes, m=sizes, ties=st.booleans(), which=st.sampled_from(["a", "b", "both"]))
def test_weighted_distances_are_those_of_scipy_and_of_every_point(
    seed: int, n: int, m: int, ties: bool, which: str
) -> None:
    rng = np.random.default_rng(seed)
    a, b = sample(rng, n, ties), sample(rng, m, ties)
    wa = weights(rng, n) if which != "b" else None
    wb = weights(rng, m) if which != "a" else None
    ones = (np.ones(n) if wa is None else wa, np.ones(m) if wb is None else wb)
    differences = [share_below(b, ones[1], x) - share_below(a, ones[0], x) for x in np.sort(np.r_[a, b])]
    given_weights = {"weights_a": wa, "weights_b": wb}
    assert comparison.ks(a, b, **given_weights) == pytest.approx(np.abs(differences).max(), abs=1e-14)
    assert comparison.wasserstein_1(a, b, **given_weights) == pytest.approx(
        stats.wasserstein_distance(a, b, wa, wb), rel=1e-10, abs=1e-14
    )
    x, difference = comparison.ecdf_difference(a, b, **given_weights)
    np.testing.assert_array_equal(x, np.sort(np.r_[a, b]))
    np.testing.assert_allclose(difference, differences, atol=1e-14)
    x, F = comparison.ecdf(a, wa)
    last = np.searchsorted(x, x, side="right") - 1
    np.testing.assert_allclose(F[last], [share_below(a, ones[0], y) for y in x], atol=1e-14)
    assert F[-1] == 1.0 and np.all(np.diff(F) >= 0)


@quick
@given(seed=seeds, n=sizes, m=sizes, ties=st.booleans(), each=st.booleans())
def test_many_weighted_samples_at_once_are_one_after_the_other(
    seed: int, n: int, m: int, ties: bool, each: bool
) -> None:
    rng = np.random.default_rng(seed)
    a, wa, b = sample(rng, n, ties), weights(rng, n), sample(rng, 6 * m, ties).reshape(2, 3, m)
    wb = np.array([weights(rng, m) for _ in range(6)]).reshape(2, 3, m) if each else weights(rng, m)
    for distance in (comparison.ks, comparison.wasserstein_1):
        found = distance(a, b, weights_a=wa, weights_b=wb)
        rows = np.broadcast_to(wb, b.shape)
        expected = [[distance(a, b[i, j], weights_a=wa, weights_b=rows[i, j]) for j in range(3)] for i in range(2)]
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@quick
@given(seed=seeds, n=sizes, m=sizes, repeats=st.integers(1, 4))
def test_a_weight_stands_for_so_many_copies_and_a_factor_for_nothing(seed: int, n: int, m: int, repeats: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, copies = rng.normal(size=n), rng.normal(size=m), rng.integers(1, repeats + 1, size=m)
    for distance in (comparison.ks, comparison.wasserstein_1):
        expected = distance(a, np.repeat(b, copies))
        for factor in (1.0, 1e-200, 1e200):
            assert distance(a, b, weights_b=factor * copies) == pytest.approx(expected, rel=1e-10, abs=1e-14)
        assert distance(a, b, weights_a=np.full(n, 0.7)) == pytest.approx(distance(a, b), rel=1e-10, abs=1e-14)


@pytest.mark.parametrize("bad", [[1.0], [[1.0, 1.0]], [1.0, -0.5], [0.0, 0.0], [1.0, np.nan], [np.inf, 1.0]])
def test_impossible_weights_are_refused_by_name(bad: object) -> None:
    two, three = [0.0, 1.0], [0.0, 1.0, 2.0]
    with pytest.raises(ValueError, match=r"^weights: expected (shape \(2,\)|finite numbers ≥ 0)"):
        comparison.ecdf(two, bad)
    for distance in (comparison.ks, comparison.wasserstein_1, comparison.ecdf_difference):
        with pytest.raises(ValueError, match=r"^weights_a: expected (shape \(2,\)|finite numbers ≥ 0)"):
            distance(two, three, weights_a=bad)
        with pytest.raises(ValueError, match=r"^weights_b: expected (shape \(2,\)|finite numbers ≥ 0)"):
            distance(three, two, weights_b=bad)


def two_trajectories() -> fl.Dataset:
    """Two configurations of one atom and one of two; K = 1, forces and energies chosen by hand."""
    one = fl.Trajectory(
        key="one", n_atoms=[1, 1], energies=[1.0, 2.0], descriptors=[[1.0], [3.0]],
        forces=[1.0, 0, 0, 0, 2.0, 0], force_descriptors=[[1.0], [0], [0], [0], [1.0], [0]],
    )  # fmt: skip
    two = fl.Trajectory(
        key="two", n_atoms=[2], energies=[4.0], descriptors=[[2.0]],
        forces=[3.0, 0, 0, 0, 0, -3.0], force_descriptors=[[2.0], [0], [0], [0], [0], [-2.0]],
    )  # fmt: skip
    return fl.Dataset([one, two])


def test_errors_of_a_small_dataset_are_those_worked_out_by_hand() -> None:
    # θ = 2: U_θ = 2, 6 | 4, errors per atom 1, 4 | 0; F_θ − F = (1, 0) for "one", (1, −1) for "two".
    found = comparison.compare(fl.LinearPotential(theta=[2.0], name="m"), two_trajectories())
    assert (found.name, found.keys, list(found.configurations)) == ("m", ("one", "two"), [2, 1])
    np.testing.assert_allclose(found.energy_shift, [2.5, 0.0])
    np.testing.assert_allclose(found.energy_spread, [1.5, 0.0])
    np.testing.assert_allclose(found.force_rmse, [np.sqrt(1 / 6), np.sqrt(2 / 6)])
    np.testing.assert_allclose(found.energies, [2.0, 6.0, 2.0])
    np.testing.assert_allclose(found.reference, [1.0, 2.0, 2.0])
    expected = {
        "energy_rmse": np.sqrt(17 / 3),
        "energy_shift": 5 / 3,
        "energy_spread": np.sqrt(4.5 / 3),
        "force_rmse": np.sqrt(3 / 12),
        "force_r2": 1 - 3 / 23,
    }
    assert found.pooled == pytest.approx(expected)


def test_a_perfect_model_has_no_error(few_walkers: fl.Dataset) -> None:
    found = comparison.compare_predictions(few_walkers.energies, few_walkers.forces, few_walkers, name="truth")
    assert found.pooled == {
        "energy_rmse": 0.0, "energy_shift": 0.0, "energy_spread": 0.0, "force_rmse": 0.0, "force_r2": 1.0,
    }  # fmt: skip


def test_the_pooled_error_is_made_of_shifts_and_spreads(few_walkers: fl.Dataset) -> None:
    moments = fl.accumulate(few_walkers)
    found = comparison.compare(fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments), few_walkers)
    share = found.configurations / found.configurations.sum()
    assert found.pooled["energy_rmse"] ** 2 == pytest.approx(
        found.pooled["energy_spread"] ** 2 + share @ found.energy_shift**2
    )
    assert found.pooled["energy_spread"] ** 2 == pytest.approx(share @ found.energy_spread**2)


def test_predictions_of_another_length_are_refused() -> None:
    data = two_trajectories()
    with pytest.raises(
        ValueError, match=r"predictions: expected \(3,\) energies and \(12,\) forces, got \(2,\), \(12,\)"
    ):
        comparison.compare_predictions(np.zeros(2), np.zeros(12), data, name="m")


def test_forces_that_are_all_zero_give_no_warning() -> None:
    t = two_trajectories()["two"]
    still = fl.Trajectory(
        key="still", n_atoms=[2], energies=[4.0], descriptors=[[2.0]], forces=np.zeros(6),
        force_descriptors=t.force_descriptors,
    )  # fmt: skip
    comparison.compare(fl.LinearPotential(theta=[2.0]), fl.Dataset([still]))


def test_the_difference_of_two_distribution_functions_peaks_at_their_ks_distance() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 20, 30).astype(float), rng.integers(5, 25, 41).astype(float)
    x, difference = comparison.ecdf_difference(a, b)
    assert np.abs(difference).max() == comparison.ks(a, b) and difference[-1] == 0.0
    k = 17
    assert difference[k] == pytest.approx((b <= x[k]).mean() - (a <= x[k]).mean())


def test_the_noise_is_the_distance_between_halves_of_the_truth(copper: fl.Dataset) -> None:
    model = fl.LinearPotential(theta=np.zeros(105))
    energies = np.array([t.energies for t in copper.values()]) / 55
    expected = comparison.ks(energies[::2].ravel(), energies[1::2].ravel())
    assert comparison.sampling_noise(comparison.compare(model, copper))[0] == expected > 0.02
    alone = comparison.compare(model, copper.select("walker-00"))
    assert np.isnan(comparison.sampling_noise(alone)).all()


def test_labels_tell_the_trajectory_and_the_number_in_it() -> None:
    found = comparison.compare(fl.LinearPotential(theta=[2.0]), two_trajectories())
    assert found.labels == ["one, configuration 0", "one, configuration 1", "two, configuration 0"]


@quick
@given(seed=seeds, n=sizes, bins=st.integers(1, 30), outlier=st.floats(-1e6, 1e6))
def test_the_force_histogram_is_that_of_numpy_and_loses_nothing(seed: int, n: int, bins: int, outlier: float) -> None:
    rng = np.random.default_rng(seed)
    true = rng.normal(size=n)
    predicted = true + 0.1 * rng.normal(size=n)
    predicted[0] = outlier
    found = comparison.force_histogram(true, predicted, bins=bins)
    counts, x, y = np.histogram2d(true, predicted, bins=[found.edges, found.edges])
    np.testing.assert_array_equal(found.counts, counts)
    assert found.counts.shape == (bins, bins) and found.counts.dtype == np.int64
    assert found.counts.sum() == found.n == n and found.outside == 0
    assert found.edges[0] == min(true.min(), predicted.min()) and found.edges[-1] == max(true.max(), predicted.max())
    np.testing.assert_allclose(np.diff(found.edges), np.ptp(found.edges) / bins, rtol=1e-6)
    np.testing.assert_allclose(found.centres, found.edges[:-1] + np.diff(found.edges) / 2)


@pytest.mark.parametrize("value", [0.0, 3.0, -1e20])
def test_forces_that_are_all_alike_have_a_histogram(value: float) -> None:
    found = comparison.force_histogram([value] * 4, [value] * 4, bins=3)
    assert found.counts.sum() == 4 and found.counts[1, 1] == 4


def test_a_histogram_of_what_does_not_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="predicted: expected 2 components, as many as true ones, got 1"):
        comparison.force_histogram([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="true: expected finite numbers"):
        comparison.force_histogram([np.nan], [1.0])
    with pytest.raises(ValueError, match="bins: expected a whole number of bins along each axis, at least 1, got 0"):
        comparison.force_histogram([1.0], [1.0], bins=0)


def test_an_offset_for_each_trajectory_takes_the_shifts_out_and_leaves_the_spread(
    ragged: Callable[..., fl.Dataset],
) -> None:
    data = ragged(0)
    found = fl.comparison.compare(fl.LinearPotential(theta=np.ones(3)), data)
    aligned = found.aligned()
    error = aligned.energies - aligned.reference
    means = np.bincount(data.groups, error) / np.bincount(data.groups)
    np.testing.assert_allclose(means, 0.0, atol=1e-12)
    assert aligned.pooled["energy_rmse"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert aligned.pooled["energy_shift"] == 0 and (aligned.energy_spread == found.energy_spread).all()
    assert aligned.pooled["force_rmse"] == found.pooled["force_rmse"]


def test_pooled_errors_have_the_jackknife_bars_over_trajectories(ragged: Callable[..., fl.Dataset]) -> None:
    data, model = ragged(0, temperatures=(300.0,) * 5), fl.LinearPotential(theta=np.ones(3))
    found = fl.comparison.compare(model, data)
    without = [fl.comparison.compare(model, data.drop(key)).pooled for key in data]
    for name, bar in found.pooled_error.items():
        values = np.array([each[name] for each in without])
        assert bar == pytest.approx(np.sqrt(4 / 5 * ((values - values.mean()) ** 2).sum()), rel=1e-9)
    alone = fl.comparison.compare(model, data.select("t0"))
    assert all(np.isnan(bar) for bar in alone.pooled_error.values())


def test_standard_errors_are_taken_over_clusters(ragged: Callable[..., fl.Dataset]) -> None:
    whole = ragged(0, temperatures=(300.0,), configurations=12)
    model = fl.LinearPotential(theta=np.ones(3), name="m")
    blocks, found = whole.blocks(4), {}
    for name, clusters in {"blocks": blocks.groups, "none": np.zeros(12, dtype=int), "usual": None}.items():
        found[name] = fl.comparison.compare(model, whole, clusters=clusters)
        assert found[name].pooled == found["blocks"].pooled and found[name].keys == ("t0",)
    cut = fl.comparison.compare(model, blocks)
    for name in ("force_rmse", "force_r2", "energy_rmse", "energy_shift"):
        assert found["blocks"].pooled_error[name] == pytest.approx(cut.pooled_error[name])
        assert np.isnan(found["none"].pooled_error[name]) and np.isnan(found["usual"].pooled_error[name])


@pytest.mark.parametrize("clusters", [[0, 1], np.zeros(5), [-1, 0, 0, 0, 0]])
def test_clusters_of_other_configurations_are_refused(ragged: Callable[..., fl.Dataset], clusters: object) -> None:
    data = ragged(0, temperatures=(300.0,))
    with pytest.raises(ValueError, match="clusters: expected 5 whole numbers ≥ 0, one a configuration, got"):
        fl.comparison.compare(fl.LinearPotential(theta=np.ones(3)), data, clusters=clusters)
