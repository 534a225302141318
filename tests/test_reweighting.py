"""Weights and free energies against pymbar, closed forms of harmonic systems, and published molybdenum data."""

import logging
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hidden import hidden
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from scipy.special import logsumexp

import fisherlib as fl
from fisherlib import reweighting

quick = settings(deadline=None, max_examples=50)
seeds = st.integers(0, 2**20)
T = 300.0
b = fl.units.beta(T)
MOLYBDENUM = Path(__file__).resolve().parents[2] / "shared" / "data" / "zuo2020_mo_snap" / "Mo_snap2J6_train.npz"


@pytest.fixture(scope="module")
def other() -> object:
    """pymbar's own estimators, imported as the package does it: without its messages."""
    reweighting.mbar(np.zeros((1, 1)), [1])
    import pymbar.other_estimators

    return pymbar.other_estimators


def springs(ratio: float, *, d: int, M: int = 400, seed: int = 0) -> tuple[NDArray, NDArray]:
    """U = ½|x|² and U_θ = ½ ratio |x|² in d dimensions, eV, of M draws of exp(−βU)."""
    x2 = np.random.default_rng(seed).chisquare(d, size=M) / b
    return 0.5 * x2, 0.5 * ratio * x2


def evenly(ratio: float) -> tuple[NDArray, NDArray]:
    """The same in one dimension, at the middles of 20000 parts of equal probability: a sample without noise."""
    x = stats.norm.ppf((np.arange(20000) + 0.5) / 20000) / np.sqrt(b)
    return 0.5 * x**2, 0.5 * ratio * x**2


# weights -------------------------------------------------------------------------------------------------------------


@quick
@given(seed=seeds, M=st.integers(1, 60), spread=st.floats(0.0, 3.0), shift=st.floats(-1e4, 1e4))
def test_weights_are_the_normalised_ratio_and_offsets_drop_out(seed: int, M: int, spread: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    U, U_theta = rng.normal(size=M), spread * rng.normal(size=M)
    ratio = np.exp(-fl.units.beta(3000.0) * U_theta) / np.exp(-fl.units.beta(2000.0) * U)
    found = reweighting.log_weights(U, U_theta, 3000.0, sampled_temperature=2000.0)
    np.testing.assert_allclose(np.exp(found), ratio / ratio.sum(), rtol=1e-10)
    moved = reweighting.log_weights(U - shift, U_theta + shift, 3000.0, sampled_temperature=np.full(M, 2000.0))
    np.testing.assert_allclose(moved, found, atol=1e-7)


def test_a_perfect_model_leaves_all_weights_equal() -> None:
    U = np.random.default_rng(0).normal(size=30)
    log_w = reweighting.log_weights(U, U + 7.0, T)
    np.testing.assert_allclose(log_w, -np.log(30), atol=1e-11)
    assert reweighting.effective_sample_size(log_w) == pytest.approx(30)


@pytest.mark.parametrize("ratio", [0.75, 1.0, 1.5, 3.0])
def test_the_effective_sample_size_of_gaussians_is_the_closed_form(ratio: float) -> None:
    # ⟨w⟩² / ⟨w²⟩ = √(k(2k' − k)) / k' in each dimension, for k' > k/2.
    found = reweighting.effective_sample_size(reweighting.log_weights(*evenly(ratio), T)) / 20000
    assert found == pytest.approx(np.sqrt(2 * ratio - 1) / ratio, rel=0.02)


def test_the_effective_sample_size_goes_from_one_to_all_and_needs_no_normalisation() -> None:
    ess = reweighting.effective_sample_size
    assert ess(np.zeros(9)) == ess(np.full(9, -5e4)) == pytest.approx(9)
    assert ess([0.0, -1e5, -np.inf]) == 1.0
    assert ess(np.log([1.0, 2.0, 3.0])) == pytest.approx(36 / 14) == pytest.approx(ess(900 + np.log([1.0, 2.0, 3.0])))


def test_weighted_means_are_those_of_numpy_and_of_the_model() -> None:
    U, U_theta = evenly(2.0)
    log_w = reweighting.log_weights(U, U_theta, T)
    both = np.column_stack([U, U_theta])
    np.testing.assert_allclose(
        reweighting.mean(both, log_w + 3.0), np.average(both, axis=0, weights=np.exp(log_w)), rtol=1e-12
    )
    assert reweighting.mean(U_theta, log_w) == pytest.approx(0.5 / b, rel=1e-3)  # equipartition


@quick
@given(seed=seeds)
def test_reweighted_distribution_functions_are_those_of_the_model(seed: int) -> None:
    U, U_theta = springs(1.5, d=3, M=3000, seed=seed)
    w = np.exp(reweighting.log_weights(U, U_theta, T))
    x, F = fl.comparison.ecdf(U_theta, w)
    off = np.abs(F - stats.gamma.cdf(x, 1.5, scale=1 / b)).max()
    assert off < 2.5 / np.sqrt(reweighting.effective_sample_size(np.log(w)))  # Kolmogorov: not in 10⁵ draws
    unweighted = np.abs(fl.comparison.ecdf(U_theta)[1] - stats.gamma.cdf(x, 1.5, scale=1 / b)).max()
    assert unweighted > 2 * off


# temperatures --------------------------------------------------------------------------------------------------------


def test_pooled_temperatures_follow_their_mixture() -> None:
    rng = np.random.default_rng(0)
    temperatures = np.repeat([300.0, 400.0, 500.0], [200, 300, 100])
    U = 0.5 * rng.chisquare(6, size=600) / fl.units.beta(1.0) * temperatures
    b_k, N_k, target = 1 / (fl.units.BOLTZMANN * np.array([300.0, 400.0, 500.0])), [200, 300, 100], 350.0
    found = reweighting.log_weights(U - 800.0, U, target, sampled_temperature=temperatures)
    # the free energies of the mixture are known: f_k = (6/2) ln β_k
    mixture = logsumexp(3 * np.log(b_k)[:, None] - np.outer(b_k, U) + np.log(N_k)[:, None], axis=0)
    exact = -fl.units.beta(target) * U - mixture
    exact -= logsumexp(exact)
    assert np.abs(found - exact).max() < 0.3  # f_k carry an error of a tenth of kT
    assert reweighting.mean(U, found) == pytest.approx(3 / fl.units.beta(target), rel=0.05)
    fewer = reweighting.log_weights(U[:200], U[:200], target, sampled_temperature=300.0)
    assert reweighting.effective_sample_size(found) > 2 * reweighting.effective_sample_size(fewer)


@pytest.mark.parametrize("seed", range(6))
def test_pooled_temperatures_have_their_weights_whatever_the_offset(seed: int) -> None:
    drawn_at = np.repeat([300.0, 600.0], 180)
    parts = [
        fl.systems.harmonic(np.array([1.0, 2.0, 3.0]), temperature=T, trajectories=3, configurations=60, seed=seed)
        for T in (300.0, 600.0)
    ]
    E = np.concatenate([part.energies for part in parts])
    found = [
        reweighting.log_weights(E + offset, E + offset, 450.0, sampled_temperature=drawn_at)
        for offset in (0.0, 4.0, -500.0, -1e4, -1e6)
    ]
    np.testing.assert_allclose(found, np.broadcast_to(found[0], (5, 360)), atol=1e-7)
    assert reweighting.mean(E + 4.0, found[0]) == pytest.approx(6 / fl.units.beta(450.0), rel=0.1)


def test_temperatures_that_do_not_overlap_are_refused() -> None:
    T_k = np.repeat([300.0, 3000.0], 100)
    U = np.random.default_rng(0).gamma(82.0, size=200) * T_k * fl.units.BOLTZMANN
    with pytest.raises(
        RuntimeError, match=r"sampled_temperature: expected temperatures whose energies overlap, got \["
    ):
        reweighting.log_weights(U, U, 3000.0, sampled_temperature=T_k)


@pytest.mark.skipif(not MOLYBDENUM.exists(), reason=f"no {MOLYBDENUM.name} in ../shared/data beside the checkout")
def test_pooled_molybdenum_is_worth_few_configurations() -> None:
    with np.load(MOLYBDENUM, allow_pickle=False) as file:
        bulk = file["group"] == "AIMD-NVT"
        E, drawn_at = file["energy"][bulk], file["temperature_label_K"][bulk]
        assert set(file["natoms"][bulk]) == {54} and len(E) == 108

    def ess(E: NDArray, target: float, sampled: float) -> float:
        return reweighting.effective_sample_size(reweighting.log_weights(E, E, target, sampled_temperature=sampled))

    # w ∝ exp(−βE) over the whole pool, as if it were spread evenly
    for target, expected in ((300.0, 2.0), (3000.0, 11.5), (6000.0, 22.3)):
        assert ess(E, target, np.inf) == pytest.approx(expected, abs=0.1)
    # w ∝ exp(−(β − β_s)E) over one trajectory
    for target, expected in ((2500.0, 13.4), (6000.0, 1.0)):
        assert ess(E[drawn_at == 3000], target, 3000.0) == pytest.approx(expected, abs=0.1)


# the tail of the weights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [-0.4, 0.1, 0.5, 0.9, 2.0, 8.0, 25.0])
def test_the_shape_of_pareto_weights_is_found(k: float) -> None:
    rng = np.random.default_rng(0)
    w = 1e-30 + stats.genpareto.rvs(k, size=(20, 5000), random_state=rng)
    found = np.array([reweighting.pareto_k(np.log(row) - 700.0) for row in w])
    # a tail of 213 values scatters by (1 + k)/√213; the prior is worth ten
    assert found.mean() == pytest.approx((213 * k + 5) / 223, abs=3 * (1 + abs(k)) / np.sqrt(20 * 213))
    assert found.std() < 2 * (1 + abs(k)) / np.sqrt(213)


@pytest.mark.parametrize(("M", "n"), [(21, 5), (40, 8), (225, 45), (1000, 95)])
def test_the_tail_is_as_long_as_the_paper_has_it_and_lies_above_the_next_weight(M: int, n: int) -> None:
    w = np.sort(np.random.default_rng(4).pareto(0.7, size=M))
    k = stats.genpareto.fit(w[-n:] - w[-n - 1], floc=0.0)[0]
    assert reweighting.pareto_k(np.log(w)) == pytest.approx((n * k + 5) / (n + 10), abs=1e-3)


def zhang_stephens(x: NDArray) -> float:
    """Their estimator of the Pareto shape of exceedances, as the paper on smoothed importance sampling uses it."""
    x, n = np.sort(x), len(x)
    m = 30 + int(np.sqrt(n))
    theta = 1 / x[-1] + (1 - np.sqrt(m / (np.arange(1, m + 1) - 0.5))) / (3 * x[int(n / 4 + 0.5) - 1])
    k = np.log1p(-theta[:, None] * x).mean(axis=1)
    profile = n * (np.log(-theta / k) - k - 1)
    return float(np.log1p(-np.exp(profile - logsumexp(profile)) @ theta * x).mean())


@quick
@given(seed=seeds, M=st.integers(400, 3000), spread=st.floats(0.1, 4.0))
def test_the_shape_agrees_with_the_estimator_of_the_paper(seed: int, M: int, spread: float) -> None:
    log_w = spread * np.random.default_rng(seed).normal(size=M)
    w, n = np.sort(np.exp(log_w - log_w.max())), int(np.ceil(min(M / 5, 3 * np.sqrt(M))))
    k = zhang_stephens(w[-n:] - w[-n - 1])
    assert reweighting.pareto_k(log_w) == pytest.approx((n * k + 5) / (n + 10), abs=0.15 + 0.1 * abs(k))


def test_a_tail_that_cannot_be_fitted_is_not_a_number_and_one_that_vanishes_infinite() -> None:
    k, rng = reweighting.pareto_k, np.random.default_rng(0)
    assert np.isnan(k(rng.normal(size=20))) and np.isfinite(k(rng.normal(size=21)))
    assert np.isnan(k(np.zeros(100))) and np.isnan(k(np.r_[np.full(50, -np.inf), np.zeros(50)]))
    assert k(1e5 * rng.normal(size=100)) == k(np.r_[0.0, np.full(99, -np.inf)]) == np.inf


@quick
@given(seed=seeds, M=st.integers(21, 300), spread=st.floats(-9.0, 5.0))
def test_any_weights_have_a_shape_without_a_warning(seed: int, M: int, spread: float) -> None:
    assert reweighting.pareto_k(10**spread * np.random.default_rng(seed).normal(size=M)) > -10


def test_the_shape_is_that_of_gaussian_tails_and_says_when_to_stop() -> None:
    # U_θ = r U: the weights exceed w with probability ~ w^(−1/k), k = 1 − r; for r > 1 they are bounded
    def shapes(r: float) -> NDArray:
        samples = [springs(r, d=2, M=2000, seed=seed) for seed in range(30)]
        return np.array([reweighting.pareto_k(reweighting.log_weights(*sample, T)) for sample in samples])

    for r in (0.1, 0.6):
        assert shapes(r).mean() == pytest.approx(1 - r, abs=0.1)
    assert shapes(1.2).max() < 0.0


# free energies -------------------------------------------------------------------------------------------------------


@quick
@given(seed=seeds, M=st.integers(2, 300), ratio=st.floats(0.3, 5.0), temperature=st.floats(50.0, 5000.0))
def test_the_value_is_the_exponential_average_of_pymbar(
    seed: int, M: int, ratio: float, temperature: float, other: object
) -> None:
    U, U_theta = springs(ratio, d=6, M=M, seed=seed)
    work = fl.units.beta(temperature) * (U_theta - U)
    found = reweighting.free_energy_difference(U, U_theta, temperature)
    kT = 1 / fl.units.beta(temperature)
    assert found.value == pytest.approx(kT * other.exp(work)["Delta_f"], abs=1e-10)
    assert found.second_cumulant == pytest.approx(kT * other.exp_gauss(work)["Delta_f"], abs=1e-10)


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.5, 4.0])
def test_harmonic_systems_have_their_exact_free_energies(ratio: float) -> None:
    found = reweighting.free_energy_difference(*evenly(ratio), T)
    F = 0.5 / b * np.log(ratio)
    expected = {"value": F, "upper": 0.5 / b * (ratio - 1), "lower": 0.5 / b * (1 - 1 / ratio)}
    expected |= {"kl": 0.5 * (ratio - 1 - np.log(ratio))}
    expected |= {"second_cumulant": 0.5 / b * (ratio - 1 - 0.5 * (ratio - 1) ** 2)}
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, rel=0.01, abs=1e-6)
    assert expected["lower"] <= F <= expected["upper"]


@quick
@given(seed=seeds, M=st.integers(1, 200), spread=st.floats(0.0, 30.0))
def test_the_bounds_hold_in_every_sample(seed: int, M: int, spread: float) -> None:
    dU = spread / b * np.random.default_rng(seed).normal(size=M)
    found = reweighting.free_energy_difference(np.zeros(M), dU, T)
    slack = 1e-12 * (1 + spread)
    assert found.lower - slack <= found.value <= found.upper + slack and found.kl >= -1e-10
    assert found.kl == pytest.approx(b * (found.upper - found.value), abs=1e-9)
    assert 1 - 1e-9 <= found.effective_sample_size <= M + 1e-9


@quick
@given(seed=seeds, ratio=st.floats(0.8, 1.6))
def test_the_true_difference_lies_between_the_bounds_within_their_errors(seed: int, ratio: float) -> None:
    assume(abs(ratio - 1) > 0.01)
    U, U_theta = springs(ratio, d=12, M=2000, seed=seed)
    found = reweighting.free_energy_difference(U, U_theta, T, trajectory=np.repeat(np.arange(20), 100))
    F = 6 / b * np.log(ratio)
    assert found.lower - 5 * found.lower_error < F < found.upper + 5 * found.upper_error
    assert abs(found.value - F) < 6 * found.error  # Student's t of 19 degrees of freedom: once in 10⁵


def test_differences_from_the_upper_bound_have_errors_of_their_own() -> None:
    U, U_theta = springs(1.3, d=9, M=100, seed=3)
    labels = np.arange(100) // 20
    found = reweighting.free_energy_difference(U, U_theta, T, trajectory=labels)
    parts = [reweighting.free_energy_difference(U[labels != k], U_theta[labels != k], T) for k in range(5)]
    for name, error in (("value", "error"), ("lower", "lower_error"), ("second_cumulant", "second_cumulant_error")):
        left_out = np.array([getattr(part, name) - part.upper for part in parts])
        expected = np.sqrt(4 * left_out.var())
        assert getattr(found, f"{error}_from_upper") == pytest.approx(expected, rel=1e-9), name
    assert found.error_from_upper == pytest.approx(found.kl_error / b, rel=1e-12)
    assert found.error_from_upper < 0.7 * np.hypot(found.error, found.upper_error)
    assert np.isnan(parts[0].error_from_upper)


@quick
@given(seed=seeds, shift=st.floats(-1e5, 1e5))
def test_an_offset_of_the_model_shifts_the_energies_and_nothing_else(seed: int, shift: float) -> None:
    U, U_theta = springs(1.4, d=9, M=300, seed=seed)
    labels = np.arange(300) % 7
    one = vars(reweighting.free_energy_difference(U, U_theta, T, trajectory=labels))
    two = vars(reweighting.free_energy_difference(U, U_theta + shift, T, trajectory=labels))
    for name, value in one.items():
        moved = shift if name in ("value", "upper", "lower", "second_cumulant") else 0.0
        near = {"abs": 0.01} if name == "pareto_k" else {"rel": 1e-6, "abs": 1e-9}  # a search for the shape stops early
        assert two[name] == pytest.approx(value + moved, **near), name


def test_errors_are_those_of_leaving_out_one_trajectory_whatever_its_length() -> None:
    U, U_theta = springs(1.3, d=9, M=100, seed=3)
    labels = np.array(["a"] * 20 + ["b"] * 50 + ["c"] * 30)
    found = reweighting.free_energy_difference(U, U_theta, T, trajectory=labels)
    parts = [reweighting.free_energy_difference(U[labels != key], U_theta[labels != key], T) for key in ("a", "b", "c")]
    for name, error in (("value", "error"), ("upper", "upper_error"), ("lower", "lower_error"), ("kl", "kl_error")):
        left_out = np.array([getattr(part, name) for part in parts])
        expected = np.sqrt(2 / 3 * ((left_out - left_out.mean()) ** 2).sum())
        assert getattr(found, error) == pytest.approx(expected, rel=1e-9), name
    values = np.array([-logsumexp(-b * (U_theta - U)[labels != key], b=1 / (labels != key).sum()) / b for key in "abc"])
    assert found.error == pytest.approx(np.sqrt(2 / 3 * ((values - values.mean()) ** 2).sum()), rel=1e-9)
    assert np.isnan([parts[0].error, parts[0].upper_error, parts[0].lower_error, parts[0].second_cumulant_error]).all()


def test_errors_have_the_size_of_the_errors_they_stand_for() -> None:
    off = []
    for seed in range(150):
        found = reweighting.free_energy_difference(
            *springs(1.3, d=6, M=400, seed=seed), T, trajectory=np.arange(400) // 20
        )
        off.append(((found.value - 3 / b * np.log(1.3)) / found.error, (found.upper - 0.9 / b) / found.upper_error))
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(off), axis=0)), 1.0, atol=0.25)


def test_a_fitted_potential_has_its_free_energy() -> None:
    # U_θ of other springs in the same descriptors: ΔF = kT/2 ln(det ΣS_kθ'_k / det ΣS_kθ_k), from the forces' rows
    truth, other = np.array([1.0, 2.0]), np.array([1.1, 1.9])
    data = fl.systems.harmonic(truth, trajectories=10, configurations=400)
    model = fl.LinearPotential(theta=other, offset=-1.5)
    labels = np.repeat(np.arange(10), 400)
    found = reweighting.free_energy_difference(data.energies, model.energies(data), T, trajectory=labels, n_atoms=4)
    G = np.random.default_rng(0).normal(size=(2, 12, 12))  # what the system draws first
    S = G @ G.transpose(0, 2, 1) / 12 + 0.1 * np.eye(12)
    exact = np.subtract(*(np.linalg.slogdet(np.tensordot(theta, S, axes=1))[1] for theta in (other, truth)))
    assert found.value == pytest.approx(0.5 / b * exact + 4 * (-1.5 + 1.0), abs=5 * found.error)
    assert found.error < 2e-3 and found.pareto_k < 0.7


# several states ------------------------------------------------------------------------------------------------------


def oscillators(seed: int = 0, counts: tuple[int, ...] = (400, 300, 0, 500)) -> tuple[NDArray, NDArray]:
    """Reduced energies of harmonic oscillators in three dimensions, and ½·3 ln(k_i/k_0), their free energies."""
    k, rng = np.array([1.0, 1.6, 2.0, 2.5]), np.random.default_rng(seed)
    x2 = np.concatenate([rng.chisquare(3, size=n) / k_i for n, k_i in zip(counts, k, strict=True)])
    return 0.5 * np.outer(k, x2), 1.5 * np.log(k / k[0])


def test_mbar_finds_the_free_energies_of_oscillators_within_its_errors() -> None:
    off = []
    for seed in range(20):
        u, f = oscillators(seed)
        found = reweighting.mbar(u, [400, 300, 0, 500])
        off.append((found.free_energies - f)[1:] / found.errors[1:])
        assert found.free_energies[0] == found.errors[0] == 0.0
    off = np.array(off)
    assert np.abs(off).max() < 4.5 and 0.6 < np.sqrt(np.mean(off**2)) < 1.4


def test_mbar_satisfies_its_equations_and_its_effective_sample_sizes_are_those_of_pymbar(other: object) -> None:
    import pymbar

    u, _ = oscillators()
    counts = np.array([400, 300, 0, 500])
    found = reweighting.mbar(u, counts)
    mixture = logsumexp(found.free_energies[:, None] - u, axis=0, b=counts[:, None])
    np.testing.assert_allclose(
        found.free_energies, -logsumexp(-u - mixture, axis=1) + logsumexp(-u - mixture, axis=1)[0]
    )
    np.testing.assert_allclose(logsumexp(found.log_weights, axis=1), 0.0, atol=1e-8)
    np.testing.assert_allclose(found.overlap.sum(axis=1), 1.0, atol=1e-8)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unknown solver options")
        theirs = pymbar.MBAR(u, counts, rseed=0)
    np.testing.assert_allclose(found.effective_sample_sizes, theirs.compute_effective_sample_number(), rtol=1e-8)
    np.testing.assert_allclose(found.overlap, theirs.compute_overlap()["matrix"], rtol=1e-8)
    order = np.random.default_rng(1).permutation(u.shape[1])
    shuffled = reweighting.mbar(u[:, order], counts)
    np.testing.assert_allclose(shuffled.free_energies, found.free_energies, atol=1e-8)
    assert not found.log_weights.flags.writeable


@quick
@given(seed=seeds, M=st.integers(5, 200), ratio=st.floats(0.5, 3.0))
def test_mbar_of_one_sampled_state_is_exponential_averaging(seed: int, M: int, ratio: float) -> None:
    U, U_theta = springs(ratio, d=4, M=M, seed=seed)
    found = reweighting.mbar(b * np.stack([U, U_theta, 1.1 * U_theta]), [M, 0, 0])
    for state, energies in ((1, U_theta), (2, 1.1 * U_theta)):
        alone = reweighting.free_energy_difference(U, energies, T)
        assert found.free_energies[state] / b == pytest.approx(alone.value, abs=1e-8)
        assert found.effective_sample_sizes[state] == pytest.approx(alone.effective_sample_size, rel=1e-8)
        np.testing.assert_allclose(found.log_weights[state], reweighting.log_weights(U, energies, T), atol=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_mbar_finds_free_energies_of_thousands_of_kT(seed: int) -> None:
    counts = [400, 300, 0, 500]
    u, f = oscillators(seed)
    steps = np.array([0.0, 900.0, -4e3, 2e5])
    plain, found = reweighting.mbar(u, counts), reweighting.mbar(u + steps[:, None], counts)
    np.testing.assert_allclose(found.free_energies, plain.free_energies + steps, atol=1e-7)
    np.testing.assert_allclose(found.log_weights, plain.log_weights, atol=1e-7)
    np.testing.assert_allclose(found.errors, plain.errors, atol=1e-7)


def chain(gap: float, S: int, seed: int = 0) -> NDArray:
    """Reduced energies of S Gaussians of unit width, 100 draws each, whose neighbours are ``gap`` apart."""
    centres = gap * np.arange(S)
    x = np.repeat(centres, 100) + np.random.default_rng(seed).normal(size=100 * S)
    return 0.5 * (x - centres[:, None]) ** 2


def test_mbar_solves_a_long_chain_of_states_that_overlap() -> None:
    for seed in range(10):
        found = reweighting.mbar(chain(3.5, 10, seed), [100] * 10)
        assert (np.abs(found.free_energies) < 5 * found.errors + 1e-9).all()


@pytest.mark.parametrize(
    "u", [chain(20.0, 2), chain(12.0, 2), chain(10.0, 6), 1e6 * np.kron(np.eye(2), np.ones(100)), 500 * chain(9.0, 3)]
)
def test_states_that_share_nothing_are_refused_in_silence(u: NDArray, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(
        RuntimeError, match="mbar: expected .*overlap.*add samples of states between them, or leave out"
    ):
        reweighting.mbar(u, [100] * len(u))
    assert capfd.readouterr() == ("", "")


def test_mbar_leaves_the_global_state_of_numpy_and_of_logging_alone(capsys: pytest.CaptureFixture[str]) -> None:
    loaded = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "pymbar"}
    np.random.seed(5)
    before, level = np.random.get_state()[1].copy(), logging.getLogger("pymbar").level
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    for name in loaded:
        del sys.modules[name]
    logging.getLogger().addHandler(handler)
    try:
        u, _ = oscillators()
        reweighting.mbar(u, [400, 300, 0, 500])
    finally:
        logging.getLogger().removeHandler(handler)
        sys.modules.update(loaded)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    assert logging.getLogger("pymbar").level == level
    assert not lines
    assert capsys.readouterr() == ("", "")


def test_without_pymbar_the_way_to_it_is_named() -> None:
    with hidden("pymbar"):
        with pytest.raises(ImportError, match=r"needs pymbar, .* pip install \"fisherlib\[reweighting\]\""):
            reweighting.mbar(np.zeros((1, 3)), [3])
        # what needs one sampled state only needs no pymbar
        assert reweighting.free_energy_difference(np.zeros(3), np.ones(3), T).value == pytest.approx(1.0)


# refusals ------------------------------------------------------------------------------------------------------------


def test_energies_that_do_not_fit_are_refused_by_name() -> None:
    for estimate in (reweighting.log_weights, reweighting.free_energy_difference):
        with pytest.raises(ValueError, match=r"energies: expected total energies of shape \(M,\).* got \(0,\)"):
            estimate([], [], T)
        with pytest.raises(ValueError, match=r"model_energies: expected total energies of shape \(3,\).* got \(2,\)"):
            estimate(np.zeros(3), np.zeros(2), T)
        with pytest.raises(ValueError, match="model_energies: expected finite numbers, got 1 NaN"):
            estimate(np.zeros(2), [0.0, np.nan], T)
        with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin, got 0"):
            estimate(np.zeros(2), np.zeros(2), 0)


@pytest.mark.parametrize("sampled", [-3.0, 0.0, np.nan, [300.0, 300.0], [300.0, 0.0, 300.0]])
def test_a_sampled_temperature_that_cannot_be_is_refused(sampled: object) -> None:
    with pytest.raises(ValueError, match="sampled_temperature: expected positive numbers of kelvin, one or"):
        reweighting.log_weights(np.zeros(3), np.zeros(3), T, sampled_temperature=sampled)


@pytest.mark.parametrize("bad", [[], [[0.0]], [0.0, np.nan], [np.inf, 0.0], [-np.inf, -np.inf]])
def test_what_are_no_weights_is_refused(bad: object) -> None:
    for estimate in (reweighting.effective_sample_size, reweighting.pareto_k, lambda w: reweighting.mean([1.0], w)):
        with pytest.raises(ValueError, match="log_weights: expected"):
            estimate(bad)


def test_other_misfits_are_refused_with_a_way_out() -> None:
    with pytest.raises(ValueError, match="values: expected 3 along the first axis.*transpose"):
        reweighting.mean(np.zeros((2, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="trajectory: expected 3 labels"):
        reweighting.free_energy_difference(np.zeros(3), np.zeros(3), T, trajectory=[0, 1])
    with pytest.raises(ValueError, match=r"n_atoms: expected configurations of one size, got N = 4, 5; take each N"):
        reweighting.free_energy_difference(np.zeros(3), np.zeros(3), T, n_atoms=[4, 5, 4])
    with pytest.raises(ValueError, match=r"reduced_energies: expected finite numbers of shape \(S, M\)"):
        reweighting.mbar(np.zeros(3), [3])
    with pytest.raises(ValueError, match=r"reduced_energies: expected finite.* got shape \(1, 0\)"):
        reweighting.mbar(np.zeros((1, 0)), [0])
    with pytest.raises(ValueError, match=r"reduced_energies: expected finite.* got shape \(1, 2\) with 1 NaN"):
        reweighting.mbar([[0.0, np.nan]], [2])
    for counts in ([3], [1, 1], [4, -1], [1.5, 1.5]):
        with pytest.raises(ValueError, match="counts: expected 2 integers, one for each state, that sum to the 3"):
            reweighting.mbar(np.zeros((2, 3)), counts)


@pytest.mark.parametrize("bad", [[], [4, 4], [4.0, np.nan, 4.0], np.nan, 0, [[4, 4, 4]]])
def test_numbers_of_atoms_that_cannot_be_are_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="n_atoms: expected positive numbers of atoms, one for each of the 3"):
        reweighting.free_energy_difference(np.zeros(3), np.zeros(3), T, n_atoms=bad)


def test_labels_may_be_of_any_kind_but_not_missing() -> None:
    U, U_theta = springs(1.3, d=9, M=60, seed=3)
    names = np.repeat(["a", "b", "c"], 20)
    found = reweighting.free_energy_difference(U, U_theta, T, trajectory=names)
    mixed = [*[0] * 20, *["b"] * 20, *[2.5] * 20]
    kinds = np.array(mixed, dtype=object)
    assert reweighting.free_energy_difference(U, U_theta, T, trajectory=kinds).error == pytest.approx(found.error)
    with pytest.raises(ValueError, match="trajectory: expected a label for each configuration, got NaN or None"):
        reweighting.free_energy_difference(U, U_theta, T, trajectory=np.r_[np.zeros(59), np.nan])
    with pytest.raises(ValueError, match="trajectory: expected a label for each configuration, got NaN or None"):
        reweighting.free_energy_difference(U, U_theta, T, trajectory=[*names[:59], None])


def test_what_are_no_numbers_is_refused_by_name() -> None:
    ragged, text = [[0.0, 1.0], [2.0]], ["a", "b"]
    for bad in (ragged, text):
        with pytest.raises(ValueError, match="energies: expected an array of numbers, got"):
            reweighting.log_weights(bad, np.zeros(2), T)
        with pytest.raises(ValueError, match="model_energies: expected an array of numbers, got"):
            reweighting.free_energy_difference(np.zeros(2), bad, T)
        with pytest.raises(ValueError, match="sampled_temperature: expected an array of numbers, got"):
            reweighting.log_weights(np.zeros(2), np.zeros(2), T, sampled_temperature=bad)
        with pytest.raises(ValueError, match="reduced_energies: expected an array of numbers, got"):
            reweighting.mbar(bad, [2])
        with pytest.raises(ValueError, match="log_weights: expected an array of numbers, got"):
            reweighting.pareto_k(bad)
        with pytest.raises(ValueError, match="n_atoms: expected an array of numbers, got"):
            reweighting.free_energy_difference(np.zeros(2), np.zeros(2), T, n_atoms=bad)
    with pytest.raises(ValueError, match="values: expected finite numbers, got 1 NaN"):
        reweighting.mean([0.0, np.nan], np.zeros(2))


def test_jax_computes_in_the_same_precision_after_pymbar() -> None:
    jax = pytest.importorskip("jax")
    for double in (False, True):
        with jax.enable_x64(double):
            fl.reweighting.mbar([[0.0, 0.5, 1.0], [0.3, 0.1, 1.4]], [2, 1])
            assert jax.numpy.zeros(1, dtype=float).dtype == ("float64" if double else "float32")
    assert jax.numpy.zeros(1).dtype == "float32"


@pytest.mark.parametrize("call", ["mbar([[0.0, 0.5], [0.3, 0.1]], [1, 1])", "bar([0.1, 0.2], [0.3, 0.2])"])
def test_the_first_estimate_of_a_process_changes_nothing_of_numpy_and_jax(call: str) -> None:
    """It imports pymbar, and JAX with it, which was not there to be asked for its precision."""
    pytest.importorskip("jax")
    script = f"""
import numpy as np
from fisherlib import reweighting
np.random.seed(3)
before = np.random.get_state()[1:3], np.geterr()
reweighting.{call}
after = np.random.get_state()[1:3], np.geterr()
import jax
print(str(before) == str(after), before[0][1] == after[0][1], jax.numpy.zeros(1).dtype)
"""
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True", "float32"]
