"""Error bars against refits without a trajectory, against the truth, and their invariances."""

from collections.abc import Callable

import numpy as np
import pytest

import fisherlib as fl

Maker = Callable[..., fl.Dataset]


def fitted(data: fl.Dataset) -> tuple[fl.Moments, fl.Solution]:
    moments = fl.accumulate(data)
    return moments, fl.solve(fl.fisher(moments))


def test_the_formula_with_explicit_inverses(ragged: Maker) -> None:
    moments, fit = fitted(ragged(3, temperatures=(300.0, 300.0, 600.0, 600.0), configurations=8))
    b = {key: fl.units.beta(record.temperature) ** 2 for key, record in moments.items()}
    A = sum(b[key] * r.PhiPhi for key, r in moments.items())
    g = np.array([b[key] * (r.PhiF - r.PhiPhi @ fit.theta) for key, r in moments.items()])
    expected = 4 / 3 * np.linalg.solve(A, np.linalg.solve(A, g.T @ g).T)
    assert fl.uncertainty.sandwich(moments, fit) == pytest.approx(expected, rel=1e-9)


def test_it_is_close_to_what_refits_without_one_trajectory_scatter(copper_moments: fl.Moments) -> None:
    fit = fl.solve(fl.fisher(copper_moments))
    thetas = np.array([fl.solve(fl.fisher(copper_moments.drop(key))).theta for key in copper_moments])
    n = len(thetas)
    jackknife = np.sqrt((n - 1) / n * ((thetas - thetas.mean(axis=0)) ** 2).sum(axis=0))
    errors = np.sqrt(np.diag(fl.uncertainty.sandwich(copper_moments, fit)))
    assert np.median(errors / jackknife) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    "weights",
    [{"kl": 3.0}, {"energy": 1.0}, {"ridge": 1e-3}, {"kl": 1.0, "energy": 0.1, "ridge": 1e-4}],
    ids=lambda weights: "+".join(weights),
)
def test_bars_of_added_terms_are_what_refits_scatter(copper_moments: fl.Moments, weights: dict[str, float]) -> None:
    def fitted(moments: fl.Moments) -> fl.Solution:
        return fl.solve(fl.regression.Terms.of(moments).weighted(**weights))

    replicates = fl.uncertainty.jackknife(copper_moments, lambda m: fitted(m).theta)
    bars = np.sqrt(np.diag(fl.uncertainty.sandwich(copper_moments, fitted(copper_moments), **weights)))
    ratios = bars / fl.uncertainty.standard_error(replicates)
    assert np.median(ratios) == pytest.approx(1.0, abs=0.15) and 0.6 < ratios.min() and ratios.max() < 1.6


def test_bars_of_added_terms_hold_for_several_temperatures_and_sizes(ragged: Maker) -> None:
    weights = {"kl": 0.5, "energy": 0.2}
    moments = fl.accumulate(ragged(0, temperatures=(300.0, 600.0) * 12, configurations=20))

    def fitted(moments: fl.Moments) -> fl.Solution:
        return fl.solve(fl.regression.Terms.of(moments).weighted(**weights))

    replicates = fl.uncertainty.jackknife(moments, lambda m: fitted(m).theta)
    covariance = fl.uncertainty.sandwich(moments, fitted(moments), **weights)
    expected = fl.uncertainty.standard_error(replicates)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(expected, rel=0.1)


def test_bars_have_the_size_of_the_errors_they_stand_for(ragged: Maker) -> None:
    ratios = []
    for seed in range(60):
        moments, fit = fitted(ragged(seed, temperatures=(300.0,) * 12, configurations=3))
        truth = np.random.default_rng(seed).normal(size=3)  # what the maker draws first
        ratios.append((fit.theta - truth) / np.sqrt(np.diag(fl.uncertainty.sandwich(moments, fit))))
    assert 0.8 < np.sqrt(np.mean(np.square(ratios))) < 1.4


def test_temperature_cancels_and_one_trajectory_is_refused(ragged: Maker) -> None:
    moments, fit = fitted(ragged(1, temperatures=(300.0,) * 4))
    assert fl.uncertainty.sandwich(moments, fit, temperature=900.0) == pytest.approx(
        fl.uncertainty.sandwich(moments, fit), rel=1e-12
    )
    with pytest.raises(ValueError, match="at least 2 trajectories"):
        fl.uncertainty.sandwich(moments.select("t0"), fit)


def test_a_fit_of_other_parameters_is_refused(ragged: Maker) -> None:
    fit = fitted(ragged(1))[1]
    with pytest.raises(ValueError, match=r"fit.theta: expected K = 4 finite numbers, .* got shape \(3,\)"):
        fl.uncertainty.sandwich(fl.accumulate(ragged(1, K=4)), fit)
