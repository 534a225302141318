"""Free energies along a coordinate and between states against exact densities and counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fisherlib import reweighting

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**20)
EDGES = np.linspace(-2.0, 2.0, 9)


@quick
@given(seed=seeds, M=st.integers(4, 60))
def test_a_difference_is_the_ratio_of_weights_with_its_jackknife(seed: int, M: int) -> None:
    rng = np.random.default_rng(seed)
    state, log_w = np.r_[0, 0, 1, 1, rng.integers(0, 3, size=M - 4)], rng.normal(size=M)
    w = np.exp(log_w)

    def difference(kept: np.ndarray) -> float:
        return -np.log(w[kept & (state == 1)].sum() / w[kept & (state == 0)].sum())

    without = np.array([difference(np.arange(M) != k) for k in range(M)])
    value, error = reweighting.state_difference(state == 0, state == 1, log_w)
    assert value == pytest.approx(difference(np.ones(M, bool)), abs=1e-10)
    assert error == pytest.approx(np.sqrt((M - 1) * without.var()), rel=1e-6)
    back, same = reweighting.state_difference(state == 1, state == 0, log_w + 700.0)
    assert back == pytest.approx(-value, abs=1e-10) and same == pytest.approx(error, rel=1e-6)


def test_the_lower_state_has_more_weight() -> None:
    x = np.random.default_rng(1).normal(size=20000)
    value, error = reweighting.state_difference(x < 0, x >= 0, x)  # weights move the mean to 1
    exact = -np.log(stats.norm.cdf(1.0) / stats.norm.cdf(-1.0))
    assert abs(value - exact) < 5 * error < 0.2


def test_errors_over_trajectories() -> None:
    state = np.random.default_rng(0).random(200) < 0.4
    alone = reweighting.state_difference(state, ~state)
    labels = np.repeat(np.arange(200), 5)
    copies = reweighting.state_difference(np.repeat(state, 5), np.repeat(~state, 5), trajectory=labels)
    assert copies == pytest.approx(alone)
    assert np.isnan(reweighting.state_difference(state, ~state, trajectory=np.zeros(200))[1])


def test_states_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="in_b: expected .*1 configurations in both"):
        reweighting.state_difference([True, False], [True, True])
    with pytest.raises(ValueError, match="in_a and in_b: expected two states"):
        reweighting.state_difference([True, False], [True])
    with pytest.raises(ValueError, match="in_a: expected some weight"):
        reweighting.state_difference([False, False], [True, True])
    with pytest.raises(ValueError, match="in_b: expected some weight"):
        reweighting.state_difference([True, False], [False, True], [0.0, -np.inf])
    with pytest.raises(ValueError, match="in_a: expected True and False"):
        reweighting.state_difference([0.5, 1.0], [0, 1])


def test_a_profile_is_minus_the_logarithm_of_the_density() -> None:
    x = np.random.default_rng(2).normal(scale=1.5, size=40000)
    log_w = stats.norm.logpdf(x) - stats.norm.logpdf(x, scale=1.5)
    found = reweighting.free_energy_profile(x, log_w + 300.0, edges=EDGES)
    exact = -np.log(np.diff(stats.norm.cdf(EDGES)) / np.diff(EDGES))
    assert (np.abs(found.values - exact) < 5 * found.errors).all() and (found.errors < 0.1).all()
    assert found.outside == np.sum(np.abs(x) > 2.0) and found.counts.sum() + found.outside == 40000
    assert found.outside_share == pytest.approx(2 * stats.norm.cdf(-2.0), abs=0.01)
    np.testing.assert_allclose(found.centers, np.arange(-1.75, 2.0, 0.5))


def test_its_errors_are_as_wide_as_the_scatter() -> None:
    profiles = [
        reweighting.free_energy_profile(np.random.default_rng(k).normal(size=400), edges=EDGES) for k in range(300)
    ]
    exact = -np.log(np.diff(stats.norm.cdf(EDGES)) / np.diff(EDGES))
    off = np.array([(each.values - exact) / each.errors for each in profiles])
    assert (np.abs(off.std(axis=0) - 1.0) < 0.2).all()


def test_the_points_of_a_quadrature_give_the_exact_profile() -> None:
    x = np.linspace(-8.0, 8.0, 160001)
    found = reweighting.free_energy_profile(x, stats.norm.logpdf(x), edges=EDGES)
    exact = -np.log(np.diff(stats.norm.cdf(EDGES)) / np.diff(EDGES))
    np.testing.assert_allclose(found.values, exact, atol=1e-3)


@quick
@given(seed=seeds)
def test_it_is_numpys_histogram(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, log_w = np.r_[EDGES, rng.normal(size=60)], rng.normal(size=69)
    found = reweighting.free_energy_profile(x, log_w, edges=EDGES)
    w = np.exp(log_w)
    share = np.histogram(x, EDGES, weights=w)[0] / w.sum()
    np.testing.assert_allclose(found.values, -np.log(share / np.diff(EDGES)), rtol=1e-9)
    np.testing.assert_array_equal(found.counts, np.histogram(x, EDGES)[0])
    assert found.outside_share == pytest.approx(1 - share.sum(), abs=1e-12)


def test_empty_bins_are_not_numbers_and_single_configurations_have_no_error() -> None:
    log_w = [0.0, 0.0, -np.inf, 0.0, -np.inf]
    found = reweighting.free_energy_profile([0.1, 0.2, 1.5, 2.5, 99.0], log_w, edges=[0.0, 1.0, 2.0, 3.0])
    assert np.isnan(found.values).tolist() == [False, True, False] and found.counts.tolist() == [2, 0, 1]
    assert np.isnan(found.errors[1]) and found.errors[2] == np.inf and np.isfinite(found.errors[0])
    assert found.outside == 0 and found.outside_share == 0.0


def test_errors_of_a_profile_over_trajectories() -> None:
    x = np.random.default_rng(4).normal(size=300)
    alone = reweighting.free_energy_profile(x, edges=EDGES)
    copies = reweighting.free_energy_profile(np.repeat(x, 4), edges=EDGES, trajectory=np.repeat(np.arange(300), 4))
    np.testing.assert_allclose(copies.values, alone.values)
    np.testing.assert_allclose(copies.errors, alone.errors)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"coordinate": [np.nan, 1.0]}, "coordinate"),
        ({"coordinate": [[1.0, 2.0]]}, "coordinate"),
        ({"edges": [1.0]}, "edges"),
        ({"edges": [0.0, 2.0, 1.0]}, "edges"),
        ({"edges": [5.0, 6.0]}, "edges"),
        ({"log_weights": [0.0]}, "log_weights"),
        ({"trajectory": ["a"]}, "trajectory"),
    ],
)
def test_arguments_of_a_profile_are_checked(change: dict, name: str) -> None:
    given = {"coordinate": [0.5, 1.0], "edges": [0.0, 1.0]} | change
    with pytest.raises(ValueError, match=f"{name}: expected .*got "):
        reweighting.free_energy_profile(given.pop("coordinate"), given.pop("log_weights", None), **given)
