"""Linear potentials: offset, energies and forces against least squares and plain sums."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)


@quick
@given(seed=st.integers(0, 2**20), K=st.integers(1, 5))
def test_the_offset_is_that_of_least_squares(ragged: Maker, seed: int, K: int) -> None:
    data = ragged(seed, K=K)
    moments = fl.accumulate(data)
    fit = fl.solve(fl.fisher(moments))
    left = data.energies - np.concatenate([t.descriptors for t in data.values()]) @ fit.theta
    sklearn = pytest.importorskip("sklearn.linear_model")
    expected = sklearn.LinearRegression(fit_intercept=False).fit(data.n_atoms[:, None].astype(float), left).coef_[0]
    for source in (moments, moments.total()):
        assert fl.LinearPotential.from_fit(fit, source).offset == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_offset_of_equal_sizes_makes_the_mean_error_zero(few_walkers: fl.Dataset) -> None:
    moments = fl.accumulate(few_walkers)
    model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments)), moments)
    assert np.mean(model.energies(few_walkers) - few_walkers.energies) == pytest.approx(0.0, abs=1e-8)


@quick
@given(seed=st.integers(0, 2**20))
def test_energies_and_forces_are_sums_over_descriptors(ragged: Maker, seed: int) -> None:
    data, rng = ragged(seed), np.random.default_rng(seed)
    model = fl.LinearPotential(theta=rng.normal(size=3), offset=-2.0)
    energies = [
        sum(model.theta[k] * d[k] for k in range(3)) - 2.0 * n
        for t in data.values()
        for d, n in zip(t.descriptors, t.n_atoms, strict=True)
    ]
    forces = [sum(model.theta[k] * row[k] for k in range(3)) for t in data.values() for row in t.force_descriptors]
    np.testing.assert_allclose(model.energies(data), energies, rtol=1e-12)
    np.testing.assert_allclose(model.forces(data), forces, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(model.forces(data["t1"]), model.forces(data)[-len(data["t1"].forces) :])


def test_site_energies_sum_to_the_energy(few_walkers: fl.Dataset) -> None:
    model = fl.LinearPotential(theta=np.linspace(-1, 1, few_walkers.K), offset=0.5)
    t = few_walkers["walker-00"]
    np.testing.assert_allclose(model.site_energies(t).reshape(50, 55).sum(axis=1), model.energies(t), rtol=1e-10)


def test_data_of_another_descriptor_are_refused(ragged: Maker) -> None:
    model = fl.LinearPotential(theta=np.zeros(4), name="mine")
    data = ragged(0)
    for call in (model.energies, model.forces):
        for given_data in (data, data["t0"]):
            with pytest.raises(
                ValueError, match="data: expected K = 4 descriptors for the potential 'mine', got 3; .*same"
            ):
                call(given_data)
    with pytest.raises(ValueError, match="expected K = 4"):
        model.site_energies(data["t0"])
    with pytest.raises(
        ValueError, match="trajectory 't0': expected site_descriptors, got none; its file holds sums only"
    ):
        fl.LinearPotential(theta=np.zeros(3)).site_energies(data["t0"])


@pytest.mark.parametrize(
    ("theta", "offset"),
    [([], 0.0), ([[1.0]], 0.0), (1.0, 0.0), ([np.nan], 0.0), ([np.inf, 1.0], 0.0), ([1.0], np.nan)],
)
def test_impossible_parameters_are_refused(theta: object, offset: float) -> None:
    with pytest.raises(ValueError, match="(theta|offset): expected .*finite"):
        fl.LinearPotential(theta=theta, offset=offset)


def test_parameters_are_a_read_only_copy() -> None:
    theta = np.ones(2)
    model = fl.LinearPotential(theta=theta)
    theta[0] = 7.0
    assert model.theta[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        model.theta[0] = 2.0


def test_a_fit_of_other_moments_is_refused(ragged: Maker) -> None:
    fit = fl.solve(fl.fisher(fl.accumulate(ragged(0, K=2))))
    with pytest.raises(ValueError, match="expected K = 3"):
        fl.LinearPotential.from_fit(fit, fl.accumulate(ragged(0, K=3)))
