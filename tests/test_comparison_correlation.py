"""Correlations against numpy and SciPy, and the noise ceiling against ensembles whose truth and noise are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fisherlib import comparison, validation

quick = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 2**20)


@quick
@given(seed=seeds, n=st.integers(4, 60), blocks=st.integers(1, 4), scale=st.sampled_from([1e-6, 1.0, 1e6]))
def test_it_is_the_correlation_of_numpy_in_each_block_and_over_all(
    seed: int, n: int, blocks: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    of = np.repeat([f"b{k}" for k in range(blocks)], n)
    x, y = rng.normal(size=(2, n * blocks))
    found = comparison.pearson(scale * (x + 3), y + 5, of)
    assert found.pooled == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-9)
    expected = [stats.pearsonr(x[of == name], y[of == name]).statistic for name in dict.fromkeys(of)]
    assert list(found.each.values()) == pytest.approx(expected, abs=1e-9)
    assert list(found.each) == list(dict.fromkeys(of))
    assert found.mean == pytest.approx(np.mean(expected), abs=1e-9)
    if blocks > 1:
        assert found.error == pytest.approx(stats.sem(expected), rel=1e-6, abs=1e-9)


def test_pooled_and_mean_differ_where_the_means_of_the_blocks_do() -> None:
    rng = np.random.default_rng(0)
    of, shift = np.repeat(["a", "b"], 500), np.repeat([0.0, 10.0], 500)
    x = rng.normal(size=1000)
    found = comparison.pearson(x + shift, rng.normal(size=1000) + shift, of)
    assert found.pooled > 0.9 and abs(found.mean) < 0.2
    assert "within 2 blocks" in found.words()


def test_one_block_has_no_error_bar_and_says_so() -> None:
    found = comparison.pearson([1.0, 2.0, 4.0], [1.0, 2.0, 3.0])
    assert list(found.each) == ["all"] and found.mean == pytest.approx(found.pooled)
    assert np.isnan(found.error) and "without an error bar" in found.words()


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_the_ceiling_is_the_correlation_of_the_truth_with_the_measured_mean(noise: float) -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=40_000)
    runs = truth + noise * rng.normal(size=(8, len(truth)))
    even, odd = runs[::2].mean(0), runs[1::2].mean(0)
    ceiling = comparison.noise_ceiling(even, odd).pooled
    assert ceiling == pytest.approx(np.corrcoef(truth, runs.mean(0))[0, 1], abs=0.02)
    assert ceiling == pytest.approx(1 / np.sqrt(1 + noise**2 / 8), abs=0.02)  # known in closed form
    for number in (2, 4, 32):  # of runs, out of halves of 4
        expected = 1 / np.sqrt(1 + noise**2 / number)
        assert comparison.noise_ceiling(even, odd, factor=number / 4).pooled == pytest.approx(expected, abs=0.03)


@quick
@given(r=st.floats(0.0, 1.0), f=st.floats(0.5, 8.0), g=st.floats(0.5, 8.0))
def test_spearman_and_brown_lengthen_twice_as_they_do_at_once(r: float, f: float, g: float) -> None:
    n = 64
    first = np.sin(2 * np.pi * np.arange(n) / n)
    second = r * first + np.sqrt(1 - r**2) * np.cos(2 * np.pi * np.arange(n) / n)  # correlation r exactly
    once = comparison.noise_ceiling(first, second, factor=f).pooled ** 2
    assert once == pytest.approx(f * r / (1 + (f - 1) * r), abs=1e-6)
    twice = g * once / (1 + (g - 1) * once)
    assert comparison.noise_ceiling(first, second, factor=f * g).pooled ** 2 == pytest.approx(twice, abs=1e-6)


def test_halves_that_contradict_each_other_have_no_ceiling_and_the_words_say_what_helps() -> None:
    first, second = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 3.0, 2.0, 1.0]
    found = comparison.noise_ceiling(first, second, ["a"] * 3 + ["b"] * 3)
    assert found.each["a"] == pytest.approx(1.0) and np.isnan(found.each["b"]) and np.isnan(found.mean)
    assert "in b" in found.words() and "more runs" in found.words()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (([1.0, 2.0], [1.0, 2.0]), "predicted: expected at least 3 rows for a correlation, got 2"),
        (([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), "predicted: expected values that differ, got a constant"),
        (([1.0, 2.0, 3.0], [0.1 + 0.2, 0.3, 0.3]), "actual: expected values that differ, got a constant"),
        (([1.0, np.nan, 3.0], [1.0, 2.0, 3.0]), "predicted: expected finite numbers, got 1 NaN"),
        (([1.0, 2.0, 3.0], [1.0, 2.0]), "actual: expected 3 values, as many as predicted, got 2"),
        (([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], ["a", "b"]), "blocks: expected 3 names"),
        (([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0], ["a", "a", "a", "b"]), "got 1 in block b"),
        (([1.0, 2.0, 3.0, 4.0, 4.0, 4.0], [1.0, 2.0, 3.0] * 2, ["a"] * 3 + ["b"] * 3), "a constant in block b"),
    ],
)
def test_what_has_no_correlation_is_refused_in_one_sentence(given: tuple, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        comparison.pearson(*given)


def test_a_factor_counts_runs() -> None:
    with pytest.raises(ValueError, match="factor: expected a number > 0, got 0"):
        comparison.noise_ceiling([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], factor=0)


def test_scores_of_held_out_rows_give_the_correlation_of_their_predictions() -> None:
    rng = np.random.default_rng(3)
    x, blocks = rng.normal(size=(90, 3)), np.repeat(["a", "b", "c"], 30)
    y = x @ [1.0, 2.0, 0.0] + rng.normal(size=90)
    folds, ridge = validation.folds(blocks), validation.TREATMENTS["MAP-Ridge"]
    found = validation.scores(folds, x, y, ridge, [10.0, 1e-2]).correlation(1)
    expected = comparison.pearson(validation.held_out_rows(folds, x, y, ridge, 1e-2), y, blocks)
    assert found.pooled == pytest.approx(expected.pooled, abs=1e-9) and found.mean == pytest.approx(
        expected.mean, abs=1e-9
    )
    assert dict(found.each) == pytest.approx(dict(expected.each), abs=1e-9)
