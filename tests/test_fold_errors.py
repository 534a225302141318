"""Errors fold by fold from moments against those of predictions, and learning curves against explicit refits."""

from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.validation import FoldErrors, fold_errors, learning_curve, over_folds, split

Maker = Callable[..., fl.Dataset]
fit = fl.regression.fisher_fit


@pytest.fixture
def data(ragged: Maker) -> fl.Dataset:
    """Six trajectories of a few configurations, of which K descriptors explain the forces in part."""
    return ragged(3, temperatures=(300.0,) * 6, atoms=(3, 3))


def test_they_equal_those_of_predictions_for_each_fold(data: fl.Dataset) -> None:
    moments, parts = fl.accumulate(data), split(tuple(data), 3)
    found = fold_errors(moments, fit, parts)
    compared = [fl.comparison.compare(fit(moments.drop(part)), data.select(part)) for part in parts]
    predicted = FoldErrors.of(compared, name="predicted")
    assert (found.name, predicted.name) == ("θ_f", "predicted")
    np.testing.assert_allclose(found.force_rmse, predicted.force_rmse, rtol=1e-9)
    np.testing.assert_allclose(found.energy_spread, predicted.energy_spread, rtol=1e-9)


def test_an_offset_of_energies_is_no_spread(data: fl.Dataset) -> None:
    parts, springs = split(tuple(data), 2), fl.systems.harmonic([1.0, 2.0], offset=-3.0)
    exact = fold_errors(fl.accumulate(springs), fit, split(tuple(springs), 2), name="exact")
    assert exact.name == "exact" and exact.energy_spread.max() < 1e-7
    assert fold_errors(fl.accumulate(data), fit, parts).energy_spread.min() > 0


def test_a_learning_curve_ends_at_the_error_of_the_fold(data: fl.Dataset) -> None:
    moments, parts = fl.accumulate(data), split(tuple(data), 3)
    curve = learning_curve(moments, fit, parts, [1, 2, 4])
    assert curve.shape == (3, 3)
    np.testing.assert_allclose(curve[-1], fold_errors(moments, fit, parts).force_rmse, rtol=1e-9)
    np.testing.assert_array_equal(curve, learning_curve(moments, fit, parts, [1, 2, 4]))


def test_blocks_of_a_trajectory_stay_in_its_fold(data: fl.Dataset) -> None:
    blocks, parts = fl.accumulate(data.blocks(2)), split(tuple(data), 3)
    cut = [[f"{key}/{k}" for key in part for k in range(2)] for part in parts]
    curve = learning_curve(blocks, fit, cut, [8])
    np.testing.assert_allclose(curve[0], fold_errors(fl.accumulate(data), fit, parts).force_rmse, rtol=1e-7)


def test_a_difference_in_pairs_is_known_better_than_either() -> None:
    hard = np.array([1.0, 2.0, 3.0, 4.0])
    value, error = over_folds(hard)
    assert value == 2.5 and error == pytest.approx(hard.std(ddof=1) / 2)
    assert over_folds(hard + 0.1 - hard).error < 1e-12
    assert over_folds(np.stack([hard, hard + 1])).value.tolist() == [2.5, 3.5]


@pytest.mark.parametrize("parts", [[["a"]], [["a"], []], [["a"], ["a", "b"]]])
def test_folds_that_are_none_are_refused(data: fl.Dataset, parts: list[list[str]]) -> None:
    for judge in (fold_errors, lambda *given: learning_curve(*given, [1])):
        with pytest.raises(ValueError, match="parts: expected two folds or more"):
            judge(fl.accumulate(data), fit, parts)
    with pytest.raises(ValueError, match="numbers: expected 1 to 3"):
        learning_curve(fl.accumulate(data), fit, split(tuple(data), 2), [4])
    with pytest.raises(ValueError, match="at least 2 folds"):
        over_folds([1.0])
