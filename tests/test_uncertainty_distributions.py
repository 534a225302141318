"""Bands of distribution functions against explicit jackknives and against the binomial law of independent draws."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import t as student

import fisherlib as fl

Maker = Callable[..., fl.Dataset]


def test_the_band_is_that_of_refits_without_each_trajectory(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 5, configurations=12)
    study = fl.Study(data)
    model = study.models["θ_f"]
    x, low, high = fl.uncertainty.ecdf_band(data, model, study.refits, independent=60, level=0.9, points=25)
    without = []
    for number, key in enumerate(data):
        kept = data.drop(key)
        values = study.refits[number].energies(kept) / kept.n_atoms
        without.append([(values <= at).mean() for at in x])
    spread = np.sqrt(4 / 5 * ((without - np.mean(without, axis=0)) ** 2).sum(axis=0))
    F = [(model.energies(data) / data.n_atoms <= at).mean() for at in x]
    half = student.ppf(0.95, 4) * spread
    np.testing.assert_allclose(low, np.clip(F - half, 0, 1), atol=1e-12)
    np.testing.assert_allclose(high, np.clip(F + half, 0, 1), atol=1e-12)
    for refit, key in zip(study.refits, data, strict=True):
        expected = fl.regression.fisher_fit(study.moments.drop(key))
        np.testing.assert_allclose(refit.theta, expected.theta)


def test_independent_draws_give_the_binomial_band() -> None:
    data = fl.systems.harmonic(np.array([1.0, 2.0]), trajectories=200, configurations=20)
    x, low, high = fl.uncertainty.ecdf_band(data, points=21)
    F = np.array([(data.energies / data.n_atoms <= at).mean() for at in x])
    inside = (F > 0.1) & (F < 0.9)
    expected = 1.96 * np.sqrt(F * (1 - F) / 4000)
    np.testing.assert_allclose(((high - low) / 2)[inside], expected[inside], rtol=0.2)


def test_even_weights_change_nothing_and_uneven_ones_widen_the_band() -> None:
    data = fl.systems.harmonic(np.array([1.0, 2.0]), trajectories=40, configurations=50)
    plain = fl.uncertainty.ecdf_band(data)
    np.testing.assert_allclose(fl.uncertainty.ecdf_band(data, log_weights=np.full(2000, 3.0)), plain, atol=1e-12)
    rough = fl.uncertainty.ecdf_band(data, log_weights=2.0 * np.random.default_rng(0).normal(size=2000))
    assert np.mean(rough[2] - rough[1]) > 2 * np.mean(plain[2] - plain[1])


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_a_band_needs_ten_independent_blocks_like_every_interval(ragged: Maker, n: int) -> None:
    data = ragged(0, temperatures=(300.0,) * n, configurations=12)
    with pytest.raises(ValueError, match=f"data: expected at least 10 trajectories .* got {n}; .*independent_blocks"):
        fl.uncertainty.ecdf_band(data)
    for few in (9.9, np.nan):
        with pytest.raises(ValueError, match="independent: expected at least 10"):
            fl.uncertainty.ecdf_band(data, independent=few)
    x, low, high = fl.uncertainty.ecdf_band(data, independent=12.0 * n)
    assert (low <= high).all() and (high - low).max() > 0.1


@pytest.mark.parametrize("level", [2, 0, 1, np.nan])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    data = fl.systems.harmonic(np.array([1.0, 2.0]), trajectories=10)
    with pytest.raises(ValueError, match="level: expected a number between 0 and 1"):
        fl.uncertainty.ecdf_band(data, level=level)


def test_weights_that_one_trajectory_has_all_of_and_others_that_cannot_be_meant_are_refused() -> None:
    data = fl.systems.harmonic(np.array([1.0, 2.0]), trajectories=10, configurations=5)
    alone = np.where(data.groups == 3, 0.0, -np.inf)
    with pytest.raises(ValueError, match="log_weights: .* got all of it on 'harmonic-3'; without that one no weight"):
        fl.uncertainty.ecdf_band(data, log_weights=alone)
    with pytest.raises(ValueError, match="got all of it on 'harmonic-3'"):
        fl.uncertainty.ecdf_band(data, log_weights=np.where(data.groups == 3, 0.0, -1000.0))
    for wrong in (np.zeros(7), np.zeros(51), np.zeros((50, 1)), 0.0):
        with pytest.raises(ValueError, match="log_weights: expected 50, one a configuration, got shape"):
            fl.uncertainty.ecdf_band(data, log_weights=wrong)
    for worthless in (np.full(50, -np.inf), np.full(50, np.nan), np.append(np.zeros(49), np.inf)):
        with pytest.raises(ValueError, match="log_weights: expected numbers, −∞ for a weight of zero but not for all"):
            fl.uncertainty.ecdf_band(data, log_weights=worthless)


def test_one_trajectory_and_another_number_of_refits_are_refused(ragged: Maker) -> None:
    data = ragged(0)
    model = fl.regression.fisher_fit(fl.accumulate(data))
    with pytest.raises(ValueError, match="at least 2 trajectories"):
        fl.uncertainty.ecdf_band(data.select("t0"))
    with pytest.raises(ValueError, match="refits: expected 2, .* got 1"):
        fl.uncertainty.ecdf_band(data, model, [model], independent=10.0)
