"""Conformal bands and their coverage: against their definition, mapie, and distributions that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.uncertainty import LEVELS, Coverage, conformal, coverage


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**20), blocks=st.integers(1, 12), n=st.none() | st.floats(1, 200))
def test_the_half_width_is_the_least_that_holds_enough_weight(seed: int, blocks: int, n: float | None) -> None:
    rng = np.random.default_rng(seed)
    block = np.r_[np.arange(blocks), rng.integers(0, blocks, 30)]
    errors = rng.permutation(len(block)) - 12.0  # no two of the same size, but for pairs of signs
    counts, independent = np.bincount(block), blocks if n is None else n
    weights = independent / (independent + 1) / (blocks * counts[block])
    for level, half in zip(LEVELS, conformal(errors, block, independent=n), strict=True):
        assert np.isinf(half) or weights[np.abs(errors) <= half].sum() >= level - 1e-8
        assert weights[np.abs(errors) < half].sum() <= level + 1e-8


def test_neither_the_order_nor_the_sign_nor_the_names_of_blocks_matter() -> None:
    rng = np.random.default_rng(0)
    errors, block = rng.normal(size=60), np.repeat(np.arange(6), 10)
    order = rng.permutation(60)
    again = conformal(-errors[order], np.array(list("ABCDEF"))[block][order])
    np.testing.assert_array_equal(conformal(errors, block), again)


@pytest.mark.parametrize("M", [22, 43, 157])
def test_single_rows_are_split_conformal_prediction_of_mapie(M: int) -> None:
    regression = pytest.importorskip("mapie.regression")
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(M)
    x = rng.normal(size=(M, 2))
    y = x @ [1.0, 2.0] + rng.standard_t(3, size=M)
    model = linear.LinearRegression().fit(x[:5] + 0.0, y[:5])
    split = regression.SplitConformalRegressor(model, confidence_level=list(LEVELS)).conformalize(x, y)
    _, ends = split.predict_interval(x[:1])
    np.testing.assert_allclose(conformal(y - model.predict(x)), (ends[0, 1] - ends[0, 0]) / 2, rtol=1e-9)


def test_left_out_blocks_with_independent_rows_are_cross_conformal_prediction_of_mapie() -> None:
    regression = pytest.importorskip("mapie.regression")
    linear = pytest.importorskip("sklearn.linear_model")
    selection = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(0)
    x, block = rng.normal(size=(93, 3)), np.repeat(np.arange(3), 31)  # no level falls on a rank exactly
    y, folds = x @ [1.0, 2.0, 0.0] + rng.normal(size=93), selection.LeaveOneGroupOut()
    told = {"confidence_level": list(LEVELS), "cv": folds, "method": "base"}
    cross = regression.CrossConformalRegressor(linear.Ridge(), **told).fit_conformalize(x, y, groups=block)
    _, ends = cross.predict_interval(x[:1])
    left = y - selection.cross_val_predict(linear.Ridge(), x, y, groups=block, cv=folds)
    np.testing.assert_allclose(conformal(left, block, independent=93), (ends[0, 1] - ends[0, 0]) / 2, rtol=1e-9)


def test_blocks_of_copies_keep_the_promise_and_rows_taken_as_independent_do_not() -> None:
    """Of nine blocks of copies the eighth in size holds a tenth block in 8 of 10 cases, the seventh in 7 of 10."""
    rng, repeats, block = np.random.default_rng(0), 2000, np.repeat(np.arange(9), 5)
    kept = {None: 0, 1e9: 0}
    for _ in range(repeats):
        values = rng.standard_t(2, size=10)
        for n in kept:
            kept[n] += abs(values[9]) <= conformal(values[block], block, levels=[0.75], independent=n)[0]
    share = {n: count / repeats for n, count in kept.items()}
    assert abs(share[None] - 0.8) < 0.04 and abs(share[1e9] - 0.7) < 0.04  # four standard deviations
    assert np.isinf(conformal(values[block], block, levels=[0.95])[0])  # nine blocks cannot promise that


def test_blocks_of_different_sizes_whose_errors_go_with_the_size_keep_the_promise() -> None:
    rng, shares = np.random.default_rng(0), []
    for _ in range(1500):
        sizes = rng.integers(1, 30, 10)
        block = np.repeat(np.arange(10), sizes)
        scale = (np.exp(rng.normal(size=10)) * np.where(sizes < 5, 3.0, 1.0))[block]
        errors = scale * (rng.normal(size=10)[block] + 0.3 * rng.standard_t(3, size=len(block)))
        seen = block < 9
        half = conformal(errors[seen], block[seen], levels=[0.5, 0.8])
        shares.append([np.mean(np.abs(errors[~seen]) <= h) for h in half])
    lack = np.mean(shares, axis=0) - [0.5, 0.8]
    assert (lack > -4 * np.std(shares, axis=0) / np.sqrt(len(shares))).all()


def test_refits_that_change_with_every_block_have_no_guarantee_and_an_untouched_model_has() -> None:
    """Ten numbers and ten parameters: the refits are tamer than the model of all, which is nearly singular."""
    rng, hits = np.random.default_rng(0), {"refits": 0, "one model": 0}
    for _ in range(600):
        X, y = rng.normal(size=(21, 10)), rng.normal(size=21)
        theta = np.linalg.lstsq(X[:10], y[:10])[0]
        left = [y[k] - X[k] @ np.linalg.lstsq(np.delete(X[:10], k, 0), np.delete(y[:10], k))[0] for k in range(10)]
        error = abs(y[20] - X[20] @ theta)
        hits["refits"] += error <= conformal(left, levels=[0.8])[0]
        hits["one model"] += error <= conformal(y[10:20] - X[10:20] @ theta, levels=[0.8])[0]
    share = {name: count / 600 for name, count in hits.items()}
    assert share["refits"] < 0.7 and share["one model"] > 0.8 - 4 * 0.0164


def test_coverage_counts_blocks_alike_however_many_values_they_have() -> None:
    found = coverage([0.0, 0.0, 0.0, 9.0], np.ones(4), ["a", "a", "a", "b"], levels=[0.5, 0.9])
    np.testing.assert_array_equal(found.by_block, [[1.0, 0.0], [1.0, 0.0]])
    np.testing.assert_array_equal(found.observed, [0.5, 0.5])
    np.testing.assert_allclose(found.error, [0.5, 0.5])  # standard deviation √½ over √2
    assert found.rms == pytest.approx(4.5)


def test_gaussian_bars_and_their_half_widths_are_the_same_bands() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    errors, bars, block = rng.normal(size=300), rng.uniform(0.5, 2.0, 300), np.repeat(np.arange(10), 30)
    half = np.array([stats.norm.interval(level)[1] for level in LEVELS])[:, None] * bars
    one, other = coverage(errors, bars, block), coverage(errors, half, block)
    np.testing.assert_array_equal(one.inside, other.inside)
    np.testing.assert_allclose(one.z, other.z)
    np.testing.assert_allclose(one.z, errors / bars)


def test_bands_that_are_equally_wide_need_one_number_for_each_level() -> None:
    found = coverage([1.0, -3.0], [[2.0], [np.inf]], ["a", "b"], levels=[0.68, 0.95])
    assert found.inside.tolist() == [[True, False], [True, True]]


def test_a_block_that_is_held_out_twice_is_one_block() -> None:
    one = coverage([0.0, 9.0], np.ones(2), ["a", "b"])
    both = Coverage.joined([one, coverage([0.0, 0.0], np.ones(2), ["b", "c"])])
    np.testing.assert_allclose(both.by_block[0], [1.0, 0.5, 1.0])
    assert both.z.shape == (4,) and both.levels is one.levels


def test_one_block_has_no_error_bar() -> None:
    assert np.isnan(coverage([0.0, 9.0], np.ones(2), ["a", "a"]).error).all()


@pytest.mark.parametrize("parts", [[], [1.0], None])
def test_what_is_no_coverage_is_not_joined(parts: object) -> None:
    with pytest.raises((TypeError, ValueError), match="parts"):
        Coverage.joined(parts)


def test_coverages_at_other_levels_are_not_joined() -> None:
    one, other = (coverage([0.0], [1.0], ["a"], levels=[level]) for level in (0.5, 0.9))
    with pytest.raises(ValueError, match="parts: expected coverages at the same levels"):
        Coverage.joined([one, other])


def test_errors_left_out_make_bands_that_hold_on_trajectories_that_nobody_has_seen() -> None:
    """What the page on uncertainty shows, on a system that is made in a moment, whose model lacks a tilt."""
    data = fl.systems.double_well(0.1, tilt=0.02, trajectories=16, configurations=60, seed=1)
    moments, parts, found = fl.accumulate(data), [], []
    for seed in range(3):
        parts += fl.validation.split(tuple(data), 2, seed=seed)
    for part in parts:
        rest, new, model = data.drop(part), data.select(part), fl.regression.fisher_fit(moments.drop(part))
        left = fl.validation.cross_validate(rest, moments.drop(part), fl.regression.fisher_fit, folds=len(rest))
        errors = left.energies - left.reference
        half = conformal(errors, rest.groups, independent=len(errors))[:, None]
        off = (model.energies(new) - new.energies) / new.n_atoms
        found.append(coverage(off, half, np.array(tuple(new))[new.groups]))
    joined = Coverage.joined(found)
    assert np.abs(joined.observed - LEVELS).max() < 0.1  # 16 blocks whose shares scatter by less than 0.15
