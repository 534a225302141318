"""Free energies of targets from weighted draws against exact integrals of Gaussians."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import fisherlib as fl
from fisherlib import reweighting
from fisherlib.reweighting.exponential import minus_log_ratio

quick = settings(deadline=None, max_examples=30)
seeds = st.integers(0, 2**20)


def wide(d: int, M: int, seed: int, scale: float = 1.2) -> NDArray:
    """ln w of draws of a Gaussian of width ``scale`` to exp(−½|x|²), not normalised, in d dimensions."""
    x = np.random.default_rng(seed).normal(scale=scale, size=(M, d))
    return -0.5 * (x**2).sum(axis=1) - stats.norm.logpdf(x, scale=scale).sum(axis=1)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_a_gaussian_has_its_exact_free_energy(d: int) -> None:
    found = reweighting.free_energy(wide(d, 20000, seed=d))
    assert abs(found.value + 0.5 * d * np.log(2 * np.pi)) < 5 * found.error < 0.05
    assert found.caveat == ""


def test_without_noise_it_is_exact() -> None:
    x = 1.5 * stats.norm.ppf((np.arange(200000) + 0.5) / 200000)  # middles of parts of equal probability
    found = reweighting.free_energy(-0.5 * x**2 - stats.norm.logpdf(x, scale=1.5))
    assert found.value == pytest.approx(-0.5 * np.log(2 * np.pi), abs=1e-5)


def test_the_error_bar_is_as_wide_as_the_scatter() -> None:
    found = [minus_log_ratio(np.exp(wide(2, 500, seed=k)), np.ones(500), None) for k in range(400)]
    off = [(value + np.log(2 * np.pi)) / error for value, error in found]
    assert 0.85 < np.std(off) < 1.15 and abs(np.mean(off)) < 0.25


@quick
@given(seed=seeds, M=st.integers(2, 60))
def test_the_error_is_the_jackknife_of_scipy(seed: int, M: int) -> None:
    rng = np.random.default_rng(seed)
    log_w = rng.normal(size=M)
    without = np.array([-np.log(np.mean(np.exp(np.delete(log_w, k)))) for k in range(M)])
    expected = np.sqrt((M - 1) / M * ((without - without.mean()) ** 2).sum())
    found = reweighting.free_energy(log_w)
    assert found.error == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert found.value == pytest.approx(-np.log(np.mean(np.exp(log_w))), abs=1e-12)
    # far from heavy tails it is the delta method
    even = 1e-3 * log_w
    delta = np.std(np.exp(even), ddof=1) / np.mean(np.exp(even)) / np.sqrt(M)
    assert reweighting.free_energy(even).error == pytest.approx(delta, rel=0.02)


@quick
@given(seed=seeds, shift=st.floats(-1e4, 1e4))
def test_a_constant_of_the_energy_shifts_it_and_nothing_else(seed: int, shift: float) -> None:
    log_w = np.random.default_rng(seed).normal(size=50)
    one, other = reweighting.free_energy(log_w), reweighting.free_energy(log_w - shift)
    assert other.value - one.value == pytest.approx(shift, abs=1e-8)
    assert other.error == pytest.approx(one.error, rel=1e-6)
    assert other.effective_sample_size == pytest.approx(one.effective_sample_size, rel=1e-6)


def test_the_sign_lower_energies_lower_the_free_energy_and_pull_the_mean() -> None:
    x = np.random.default_rng(3).normal(size=4000)
    found = reweighting.free_energy(x)  # p = q exp(x): a Gaussian around 1, Z = exp(½)
    assert abs(found.value + 0.5) < 5 * found.error < 0.2
    assert abs(reweighting.mean(x, x) - 1.0) < 0.2


@quick
@given(seed=seeds, lost=st.integers(1, 40))
def test_draws_outside_the_support_count_as_zeros(seed: int, lost: int) -> None:
    log_w = np.random.default_rng(seed).normal(size=60)
    log_w[:lost] = -np.inf
    found = reweighting.free_energy(log_w)
    assert found.value == pytest.approx(-np.log(np.exp(log_w).sum() / 60), abs=1e-12)
    assert np.isfinite(found.error) and found.effective_sample_size <= 60 - lost + 1e-9


def test_half_of_space_has_ln_two() -> None:
    inside = np.where(np.arange(1000) % 2, 0.0, -np.inf)
    found = reweighting.free_energy(inside)
    assert found.value == pytest.approx(np.log(2.0)) and found.error == pytest.approx(1000**-0.5, rel=1e-2)


def test_trajectories_are_the_independent_parts() -> None:
    log_w = wide(1, 200, seed=5)
    alone = reweighting.free_energy(log_w)
    copies = reweighting.free_energy(np.repeat(log_w, 9), trajectory=np.repeat(np.arange(200), 9))
    assert copies.value == pytest.approx(alone.value) and copies.error == pytest.approx(alone.error)
    assert reweighting.free_energy(np.repeat(log_w, 9)).error < 0.5 * alone.error  # what it would claim otherwise
    assert np.isnan(reweighting.free_energy(log_w, trajectory=np.zeros(200)).error)


def test_few_effective_draws_and_heavy_tails_are_told() -> None:
    few = reweighting.free_energy(wide(40, 300, seed=1, scale=1.5))
    assert few.effective_sample_size < 50 and "effective draws are fewer than 50" in few.caveat
    heavy = reweighting.free_energy(np.linspace(0.0, 30.0, 200))
    assert heavy.pareto_k > fl.reweighting.UNUSABLE and "Pareto k" in heavy.caveat
    alone = reweighting.free_energy([0.0, -np.inf, -np.inf])
    assert alone.error == np.inf and alone.value == pytest.approx(np.log(3.0))


@pytest.mark.parametrize("wrong", [[], [np.nan, 0.0], [-np.inf, -np.inf], [np.inf, 0.0], [[0.0]], "a"])
def test_what_is_no_weight_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"log_weights: .*expected .*got "):
        reweighting.free_energy(wrong)


def test_labels_must_fit() -> None:
    with pytest.raises(ValueError, match="trajectory: expected 2 labels"):
        reweighting.free_energy([0.0, 1.0], trajectory=["a"])
