"""Intervals and independent blocks: quantiles from tables, memory that is known, coverage by many repeats."""

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

import fisherlib as fl
from fisherlib import uncertainty

Maker = Callable[..., fl.Dataset]


def remembering(tau: float, lengths: tuple[int, ...], *, K: int = 3, seed: int = 0) -> fl.Dataset:
    """One atom a frame, Φ a constant random matrix and noise an AR(1) chain, so that scores have the noise's memory."""
    rng = np.random.default_rng(seed)
    phi, made = (2 * tau - 1) / (2 * tau + 1), []  # τ = (1 + φ)/(2(1 − φ))
    directions = rng.normal(size=(3, K))
    for key, M in enumerate(lengths):
        start, steps = rng.normal(size=(1, 3)), np.sqrt(1 - phi**2) * rng.normal(size=(M - 1, 3))
        noise = lfilter([1.0], [1.0, -phi], np.concatenate([start, steps]), axis=0)
        Phi = np.tile(directions, (M, 1))
        made.append(
            fl.Trajectory(
                key=str(key),
                n_atoms=np.ones(M, dtype=int),
                energies=np.zeros(M),
                descriptors=np.zeros((M, K)),
                forces=Phi @ np.arange(1.0, K + 1) + noise.ravel(),
                force_descriptors=Phi,
            )
        )
    return fl.Dataset(made)


@pytest.mark.parametrize(("clusters", "quantile"), [(10, 2.2622), (20, 2.0930), (35, 2.0322)])
def test_quantiles_are_those_of_printed_tables(clusters: int, quantile: float) -> None:
    low, high = uncertainty.interval([1.0, 2.0], [0.5, 0.0], clusters=clusters)
    np.testing.assert_allclose(high, [1 + 0.5 * quantile, 2.0], atol=1e-4)
    np.testing.assert_allclose(low, [1 - 0.5 * quantile, 2.0], atol=1e-4)


def test_a_mean_has_the_interval_that_scipy_gives_it() -> None:
    x = np.random.default_rng(3).normal(size=12)
    expected = stats.ttest_1samp(x, 0.0).confidence_interval(0.8)
    found = uncertainty.interval(x.mean(), x.std(ddof=1) / np.sqrt(12), clusters=12, level=0.8)
    np.testing.assert_allclose(found, expected)


def test_too_few_are_refused_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="clusters: expected at least 2.*got 1.*blocks"):
        uncertainty.interval(0.0, 1.0, clusters=1, independent=100)
    with pytest.raises(ValueError, match="clusters: expected at least 10.*got 9.*independent_blocks"):
        uncertainty.interval(0.0, 1.0, clusters=9)
    for few in (9.9, float("nan")):
        with pytest.raises(ValueError, match="independent: expected at least 10.*run longer"):
            uncertainty.interval(0.0, 1.0, clusters=30, independent=few)
    with pytest.raises(ValueError, match="level.*0.95"):
        uncertainty.interval(0.0, 1.0, clusters=30, level=95)
    half = uncertainty.interval(0.0, 1.0, clusters=5, independent=400)[1]
    assert half == pytest.approx(stats.t(4).ppf(0.975))


@pytest.mark.parametrize(
    ("estimate", "error", "clusters", "message"),
    [
        (1.0, -1.0, 30, "standard_error: expected numbers ≥ 0, got -1"),
        ([1.0, 2.0], [0.1, np.nan], 30, "standard_error: expected numbers ≥ 0, got nan"),
        ([1.0, 2.0], [0.1, 0.1, 0.1], 30, r"standard_error: expected shape \(2,\), .* got \(3,\); .* diagonal"),
        ([1.0, 2.0], np.eye(2), 30, r"standard_error: expected shape \(2,\), .* got \(2, 2\)"),
        (1.0, 1.0, np.nan, "clusters: expected at least 2 .* got nan"),
    ],
)
def test_errors_that_are_none_are_refused(estimate: object, error: object, clusters: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        uncertainty.interval(estimate, error, clusters=clusters, independent=100)


def test_one_estimate_may_have_many_errors() -> None:
    low, high = uncertainty.interval(0.0, [1.0, 2.0], clusters=30)
    np.testing.assert_allclose(high, -low)
    assert high[1] == 2 * high[0]


def test_blocks_are_not_taken_from_other_moments_or_from_parameters_that_are_none(ragged: Maker) -> None:
    data = ragged(0, temperatures=(300.0,) * 3)
    moments, theta = fl.accumulate(data), np.ones(3)
    with pytest.raises(ValueError, match=r"theta: expected K = 3 finite numbers, .* got \[nan"):
        uncertainty.independent_blocks(data, [np.nan] * 3)
    with pytest.raises(ValueError, match=r"moments: .* which differ in 't2'; take accumulate\(data\)"):
        uncertainty.independent_blocks(data, theta, moments=moments.drop("t2"))
    with pytest.raises(ValueError, match="which differ in 't0', 't0/0', 't0/1' …"):
        uncertainty.independent_blocks(data, theta, moments=fl.accumulate(data.blocks(2)))
    longer = fl.accumulate(ragged(0, temperatures=(300.0,) * 3, configurations=6))
    with pytest.raises(ValueError, match="which differ in 't0', 't1', 't2';"):
        uncertainty.independent_blocks(data, theta, moments=longer)
    with pytest.raises(ValueError, match="with K = 3, got K = 4"):
        uncertainty.independent_blocks(data, theta, moments=fl.accumulate(ragged(0, K=4, temperatures=(300.0,) * 3)))
    with pytest.raises(ValueError, match=r"one by one, got a single record; .* not its total\(\)"):
        uncertainty.independent_blocks(data, theta, moments=moments.total())
    other_order = moments.select(["t2", "t0", "t1"])
    assert uncertainty.independent_blocks(data, theta, moments=other_order).tau > 0


def test_scores_are_those_of_each_configuration(ragged: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    data = ragged(7, configurations=11)
    theta = np.array([0.3, -0.2, 1.0])
    expected = []
    for t in data.values():
        for m in range(len(t)):
            one = t.slice(m, m + 1)
            expected.append(one.force_descriptors.T @ (one.forces - one.force_descriptors @ theta))
    np.testing.assert_allclose(uncertainty.scores(data, theta), expected, rtol=1e-12)
    monkeypatch.setattr(
        "fisherlib.uncertainty.independence.rows_per_block", lambda K: 30
    )  # several configurations at a time, not all
    np.testing.assert_allclose(uncertainty.scores(data, theta), expected, rtol=1e-12)
    fit = fl.solve(fl.fisher(fl.accumulate(data)))
    assert np.abs(uncertainty.scores(data, fit.theta).sum(axis=0)).max() < 1e-9
    with pytest.raises(ValueError, match="theta: expected K = 3"):
        uncertainty.scores(data, theta[:2])


@pytest.mark.parametrize("tau", [0.5, 3.0, 12.0])
def test_memory_of_the_scores_is_found(tau: float) -> None:
    data = remembering(tau, (2000,) * 8)
    found = uncertainty.independent_blocks(data, fl.solve(fl.fisher(fl.accumulate(data), 300.0)).theta)
    assert found.tau == pytest.approx(tau, rel=0.2)
    assert found.independent == pytest.approx(8 * 2000 / (2 * found.tau)) and found.independent <= 16000
    assert found.kind == "trajectories" and list(found.moments) == list(data) and found.clusters == 8
    assert str(found).startswith("8 trajectories; by the scores ") and f"time {found.tau:.2f} configurations" in str(
        found
    )


def test_many_parameters_do_not_hide_the_memory() -> None:
    """With half as many parameters as configurations: scores scaled by their own covariance would look independent."""
    rng, M, K = np.random.default_rng(1), 300, 150
    noise = lfilter([1.0], [1.0, -0.8], rng.normal(size=(M, K)), axis=0)  # τ = 4.5
    data = fl.Dataset(
        [
            fl.Trajectory(
                key="long",
                n_atoms=np.full(M, K // 3),
                energies=np.zeros(M),
                descriptors=np.zeros((M, K)),
                forces=noise.ravel(),
                force_descriptors=np.tile(rng.normal(size=(K, K)), (M, 1)),
            )
        ]
    )
    assert uncertainty.independent_blocks(data, np.zeros(K)).tau == pytest.approx(4.5, rel=0.25)
    psi = uncertainty.scores(data, np.zeros(K))
    white = np.linalg.svd(psi - psi.mean(axis=0), full_matrices=False)[0]
    assert fl.diagnostics.autocorrelation_time(white.T) < 3.0


def test_few_trajectories_are_cut_into_blocks_of_ten_tau() -> None:
    data = remembering(6.0, (3000, 1000, 40))
    moments = fl.accumulate(data)
    fit = fl.solve(fl.fisher(moments, 300.0))
    found = uncertainty.independent_blocks(data, fit.theta, moments=moments)
    lengths = [record.configurations for record in found.moments.values()]
    assert found.kind == "blocks" and sum(lengths) == 4040 and 20 <= len(lengths) <= 30
    assert list(found.moments)[-1] == "2/0" and lengths[-1] == 40  # too short to be cut
    assert min(lengths[:-1]) >= 10 * found.tau
    pooled, whole = found.moments.total(), moments.total()
    np.testing.assert_allclose(pooled.PhiPhi, whole.PhiPhi)
    assert "consecutive blocks; by the scores" in str(found)
    errors = np.sqrt(np.diag(uncertainty.sandwich(found.moments, fit, temperature=300.0)))
    assert uncertainty.interval(fit.theta, errors, clusters=found.clusters, independent=found.independent)[0].shape == (
        3,
    )


def test_short_memory_makes_longer_blocks_rather_than_more() -> None:
    data = remembering(0.5, (3000,))
    found = uncertainty.independent_blocks(data, np.arange(1.0, 4.0))
    assert found.clusters == 30 and {r.configurations for r in found.moments.values()} == {100}


def test_little_data_still_give_two_blocks_and_no_refusal_but_that_of_the_interval() -> None:
    data = remembering(5.0, (12,))
    found = uncertainty.independent_blocks(data, np.arange(1.0, 4.0))
    assert found.clusters == 2 and found.independent < 10
    with pytest.raises(ValueError, match="independent"):
        uncertainty.interval(0.0, 1.0, clusters=found.clusters, independent=found.independent)
    with pytest.raises(ValueError, match="at least 2 configurations"):
        uncertainty.independent_blocks(fl.Dataset([data["0"].slice(0, 1)]), np.zeros(3))


def one_a_trajectory(data: fl.Dataset) -> fl.Dataset:
    """Every configuration as a trajectory of its own, as a key with a value for each frame reads them."""
    (run,) = data.values()
    return fl.Dataset(dataclasses.replace(run.slice(m, m + 1), key=str(m)) for m in range(len(run)))


def test_frames_of_one_run_are_not_independent_for_being_called_trajectories() -> None:
    run = remembering(6.0, (200,))
    theta = np.arange(1.0, 4.0)
    whole = uncertainty.independent_blocks(run, theta)
    frames = one_a_trajectory(run)
    found = uncertainty.independent_blocks(frames, theta)
    assert found.one_run and found.short and found.next > 0.7
    assert found.independent == pytest.approx(whole.independent, rel=0.01) and found.tau == pytest.approx(whole.tau)
    shuffled = frames.select([str(m) for m in np.random.default_rng(0).permutation(200)])
    found = uncertainty.independent_blocks(shuffled, theta)
    assert found.short and not found.one_run and found.independent > 150  # nothing in them tells
    assert not whole.short and not whole.one_run


def test_pairs_of_neighbouring_frames_of_many_runs_are_no_single_run() -> None:
    data = remembering(6.0, (2,) * 100)
    found = uncertainty.independent_blocks(data, np.arange(1.0, 4.0))
    assert found.short and not found.one_run


def test_trajectories_that_are_not_cut_are_called_trajectories() -> None:
    found = uncertainty.independent_blocks(remembering(1.0, (1, 1)), np.zeros(3))
    assert found.kind == "trajectories" and str(found).startswith("2 trajectories; ")


def test_forces_without_any_error_have_no_memory() -> None:
    data = fl.systems.harmonic(np.array([1.0, 2.0]), trajectories=5)
    found = uncertainty.independent_blocks(data, np.zeros(2))
    assert 0.5 <= found.tau < 1.0  # independent draws, far from the fit


@pytest.fixture(scope="module")
def toy(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_benchmark", root / "benchmarks" / "intervals.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_true_parameters_of_the_toy_are_those_of_long_data(toy: ModuleType) -> None:
    data, truth = toy.toy(np.random.default_rng(0), 2000, 100)
    moments = fl.accumulate(data)
    fit = fl.solve(fl.fisher(moments))
    errors = np.sqrt(np.diag(uncertainty.sandwich(moments, fit)))
    assert (np.abs(fit.theta - truth) < 4 * errors).all() and errors.max() < 0.02


@pytest.mark.parametrize("clusters", [10, 20, 35])
def test_intervals_hold_what_they_say_on_correlated_trajectories(toy: ModuleType, clusters: int) -> None:
    found = toy.coverage(clusters, repeats=200, frames=120, seed=1, refits=clusters == 10)
    assert found["sandwich over trajectories, t"] >= 0.92
    assert found.get("jackknife over trajectories, t", 1.0) >= 0.92
    assert found["sandwich over trajectories, t"] < 0.99
    assert found["σ²(ΦᵀΦ)⁻¹, normal"] < 0.6 and found["sandwich over frames, normal"] < 0.7
