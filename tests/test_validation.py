"""Cross-validation from moments against explicit refits of the data that were left."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

import fisherlib as fl
from fisherlib import validation

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)


@quick
@given(seed=st.integers(0, 2**20), n=st.integers(2, 6), strength=st.floats(1e-3, 10.0))
def test_cross_validation_equals_refits_without_the_fold(ragged: Maker, seed: int, n: int, strength: float) -> None:
    data = ragged(seed, temperatures=(300.0,) * 6, atoms=(2, 2))

    def fit(m: fl.Moments) -> fl.LinearPotential:
        q = fl.fisher(m)
        M = m.total().configurations
        return fl.LinearPotential.from_fit(
            fl.solve(q + fl.ridge(strength * fl.units.beta(300.0) ** 2 / M, m.K)), m, name="f"
        )

    found = validation.cross_validate(data, fl.accumulate(data), fit, folds=n, seed=seed)
    energies = {}
    for part in validation.split(tuple(data), n, seed=seed):
        left = data.drop(part)
        Phi = np.concatenate([t.force_descriptors for t in left.values()])
        theta = Ridge(alpha=strength, fit_intercept=False, solver="svd").fit(Phi, left.forces).coef_
        D = np.concatenate([t.descriptors for t in left.values()])
        e0 = np.mean(left.energies - D @ theta) / 2
        for key in part:
            energies[key] = data[key].descriptors @ theta / 2 + e0
            rmse = np.sqrt(np.mean((data[key].force_descriptors @ theta - data[key].forces) ** 2))
            assert found.force_rmse[list(data).index(key)] == pytest.approx(rmse, rel=1e-8)
    np.testing.assert_allclose(found.energies, np.concatenate([energies[k] for k in data]), rtol=1e-8, atol=1e-8)
    assert found.name == "f, held out" and found.keys == tuple(data)


@quick
@given(count=st.integers(2, 30), data=st.data(), seed=st.integers(0, 100))
def test_folds_are_disjoint_complete_and_even(count: int, data: st.DataObject, seed: int) -> None:
    n, keys = data.draw(st.integers(2, count)), [f"k{i}" for i in range(count)]
    parts = validation.split(keys, n, seed=seed)
    assert len(parts) == n and sorted(k for p in parts for k in p) == sorted(keys)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts == validation.split(keys, n, seed=seed)


def test_another_seed_gives_other_folds() -> None:
    keys = [f"k{i}" for i in range(20)]
    assert validation.split(keys, 4, seed=0) != validation.split(keys, 4, seed=1)


def test_no_configuration_of_a_trajectory_is_seen_by_the_fit_that_predicts_it(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 5)
    moments, seen = fl.accumulate(data), []

    def fit(m: fl.Moments) -> fl.LinearPotential:
        seen.append(set(m))
        return fl.LinearPotential(theta=np.full(3, float(len(seen))))

    found = validation.cross_validate(data, moments, fit, folds=5)
    assert sorted(len(s) for s in seen) == [4] * 5
    first = 0
    for key, t in data.items():
        number = found.energies[first] * t.n_atoms[0] / t.descriptors[0].sum()  # which fit predicted this trajectory
        assert key not in seen[round(number) - 1]
        first += len(t)


def test_the_held_out_error_of_shipped_data_is_above_the_error_of_the_fit(few_walkers: fl.Dataset) -> None:
    moments = fl.accumulate(few_walkers)

    def fit(m: fl.Moments) -> fl.LinearPotential:
        return fl.LinearPotential.from_fit(fl.solve(fl.fisher(m)), m)

    held_out = validation.cross_validate(few_walkers, moments, fit, folds=4).pooled
    assert held_out["force_rmse"] > fl.comparison.compare(fit(moments), few_walkers).pooled["force_rmse"]


@pytest.mark.parametrize("n", [0, 1, 4])
def test_an_impossible_number_of_folds_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=rf"folds: expected 2 to 3, for as many trajectories, got {n}"):
        validation.split(["a", "b", "c"], n)


def test_moments_of_other_data_are_refused(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 4)
    with pytest.raises(KeyError, match="no moments of"):
        validation.cross_validate(data, fl.accumulate(data.blocks(2)), lambda m: None, folds=2)


def test_a_single_trajectory_cannot_be_held_out_and_the_way_out_is_told() -> None:
    with pytest.raises(ValueError, match=r"at least 2 trajectories, .* got 1; cut a long one by data.blocks\(number\)"):
        validation.split(["a"], 2)
