"""Refits without a trajectory: against fits to data that never had it, and against formulas for means."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib import uncertainty

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)


def theta(moments: fl.Moments) -> NDArray:
    return fl.solve(fl.fisher(moments)).theta


def rows(data: fl.Dataset) -> tuple[NDArray, NDArray]:
    """Φ and F of all trajectories, weighted by β."""
    beta = [fl.units.beta(t.temperature) for t in data.values()]
    Phi = [b * t.force_descriptors for b, t in zip(beta, data.values(), strict=True)]
    return np.concatenate(Phi), np.concatenate([b * t.forces for b, t in zip(beta, data.values(), strict=True)])


@quick
@given(seed=st.integers(0, 2**20), n=st.integers(2, 6), mixed=st.booleans())
def test_replicates_are_fits_to_the_other_trajectories(ragged: Maker, seed: int, n: int, mixed: bool) -> None:
    data = ragged(seed, temperatures=[300.0 if k % 2 or not mixed else 700.0 for k in range(n)])
    expected = [np.linalg.lstsq(*rows(data.drop(key)), rcond=None)[0] for key in data]
    np.testing.assert_allclose(uncertainty.jackknife(fl.accumulate(data), theta), expected, rtol=1e-8, atol=1e-10)


def test_any_fit_from_moments_is_refitted(ragged: Maker) -> None:
    data = ragged(4, temperatures=(300.0,) * 5, configurations=9)

    def both(moments: fl.Moments) -> NDArray:
        assert len(moments) == 4  # a fit may cross-validate: it is given the trajectories, not their sum
        loss = fl.fisher(moments) + 0.5 * fl.kl(moments)
        penalty = fl.ridge(0.1, loss.K, scale=np.diag(loss.A))
        model = fl.LinearPotential.from_fit(fl.solve(loss + penalty), moments)
        return np.append(model.theta, model.offset)

    seen = []
    found = uncertainty.jackknife(fl.accumulate(data), both, progress=lambda *done: seen.append(done))
    np.testing.assert_allclose(found, [both(fl.accumulate(data.drop(key))) for key in data], rtol=1e-9)
    assert found.shape == (5, 4) and seen == [(k, 5) for k in range(1, 6)]


@quick
@given(seed=st.integers(0, 2**20), n=st.integers(2, 40), scale=st.floats(1e-6, 1e6))
def test_of_a_mean_it_is_the_standard_error_of_the_mean(seed: int, n: int, scale: float) -> None:
    values = scale * np.random.default_rng(seed).normal(size=(n, 2, 3))
    without = (values.sum(axis=0) - values) / (n - 1)
    expected = values.std(axis=0, ddof=1) / np.sqrt(n)
    np.testing.assert_allclose(uncertainty.standard_error(without), expected, rtol=1e-7)
    flat = values.reshape(n, 6)
    without = (flat.sum(axis=0) - flat) / (n - 1)
    np.testing.assert_allclose(uncertainty.covariance(without), np.cov(flat.T) / n, rtol=1e-6, atol=1e-9 * scale**2)


def test_a_function_of_a_dataset_is_computed_without_each_trajectory(ragged: Maker) -> None:
    data = ragged(2, temperatures=(300.0,) * 7, configurations=6)
    found = uncertainty.leave_one_out(data, lambda d: [d.energies.mean(), len(d)])
    means = np.array([t.energies.mean() for t in data.values()])
    np.testing.assert_allclose(found[:, 0], (means.sum() - means) / 6)
    assert (found[:, 1] == 6).all()
    assert uncertainty.standard_error(found)[0] == pytest.approx(means.std(ddof=1) / np.sqrt(7))


def test_sandwich_and_jackknife_agree_when_trajectories_are_many(ragged: Maker) -> None:
    moments = fl.accumulate(ragged(5, temperatures=(300.0,) * 60, configurations=8))
    found = uncertainty.sandwich(moments, fl.solve(fl.fisher(moments)))
    expected = uncertainty.covariance(uncertainty.jackknife(moments, theta))
    np.testing.assert_allclose(np.sqrt(np.diag(found)), np.sqrt(np.diag(expected)), rtol=0.05)
    assert np.abs(found - expected).max() < 0.1 * np.abs(expected).max()


def test_one_trajectory_and_no_vectors_are_refused(ragged: Maker) -> None:
    data = ragged(1, temperatures=(300.0,))
    with pytest.raises(ValueError, match="moments: expected at least 2 trajectories.*blocks"):
        uncertainty.jackknife(fl.accumulate(data), theta)
    with pytest.raises(ValueError, match="data: expected at least 2"):
        uncertainty.leave_one_out(data, lambda d: 0.0)
    for few in ([1.0], 3.0, np.ones((1, 4))):
        with pytest.raises(ValueError, match="replicates: expected at least 2"):
            uncertainty.standard_error(few)
    with pytest.raises(ValueError, match="one vector a row"):
        uncertainty.covariance([1.0, 2.0])
