"""Ridge, lasso, debias, evidence and subsets from moments against scikit-learn and numpy on the rows behind them."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import BayesianRidge, Lasso, Ridge

import fisherlib as fl
from fisherlib.regression import Correlations, best_subsets, debias, evidence, gcv, lasso_path, log_evidence, ridge_path

UNITS = 10.0 ** np.array([0, 3, -3, 1, 0, -6, 2, 0])


def drawn(seed: int, n: int = 120, K: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Correlated descriptors of very different units, and a target of which a few of them know something."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, K)) @ (np.eye(K) + 0.5 * rng.normal(size=(K, K)) / np.sqrt(K))
    y = X[:, :3] @ [1.0, -2.0, 0.5] + rng.normal(size=n) + 4.0
    return X * np.resize(UNITS, K) + rng.normal(size=K), y


def without_constant(n: int) -> np.ndarray:
    """(n − 1, n) orthonormal rows, each without a mean."""
    return np.linalg.svd(np.ones((1, n)))[2][1:]


def standard(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (X - X.mean(axis=0)) / X.std(axis=0), (y - y.mean()) / y.std()


@given(st.integers(0, 10_000), st.sampled_from([1e-4, 1e-2, 1.0]))
@settings(max_examples=15, deadline=None)
def test_a_ridge_is_that_of_scikit_learn(seed: int, strength: float) -> None:
    X, y = drawn(seed)
    moments = fl.Moments.from_rows(X, y, np.arange(120) % 3)
    found = Correlations.of(moments).weights(ridge_path(moments, [strength]).thetas[0])
    Z, v = standard(X, y)
    np.testing.assert_allclose(found, Ridge(alpha=120 * strength, solver="svd").fit(Z, v).coef_, atol=1e-8)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_a_lasso_is_that_of_scikit_learn_and_satisfies_its_conditions(seed: int) -> None:
    X, y = drawn(seed)
    path = lasso_path(fl.Moments.from_rows(X, y))
    assert path.violation.max() <= 1e-12 and path.numbers[0] <= 1
    Z, v = standard(X, y)
    for k in (10, 30, 60):
        expected = Lasso(alpha=path.strengths[k], tol=1e-13, max_iter=1_000_000).fit(Z, v).coef_
        np.testing.assert_allclose(path.weights[k], expected, atol=1e-8)
        assert path.support(path.strengths[k]).tolist() == np.flatnonzero(path.weights[k]).tolist()


def test_a_lasso_of_many_correlated_descriptors_satisfies_its_conditions_in_any_order_of_strengths() -> None:
    rng = np.random.default_rng(5)
    hidden = rng.normal(size=(500, 20))
    X = hidden @ rng.normal(size=(20, 150)) + 1e-4 * rng.normal(size=(500, 150))  # of rank 20, nearly
    moments = fl.Moments.from_rows(X, hidden[:, 0] + 0.1 * rng.normal(size=500))
    strengths = np.logspace(-5, 0, 40)
    path = lasso_path(moments, rng.permutation(strengths))
    assert path.violation.max() <= 1e-12
    order = np.argsort(path.strengths)
    np.testing.assert_allclose(path.weights[order], lasso_path(moments, strengths).weights, atol=1e-6)


def test_copies_constants_and_sums_of_descriptors_do_no_harm() -> None:
    X, y = drawn(1)
    more = np.column_stack([X, -3 * X[:, 0] + 2, np.full(120, 0.1), X[:, 0] / UNITS[0] + X[:, 3] / UNITS[3]])
    path = lasso_path(fl.Moments.from_rows(more, y))
    assert path.violation.max() <= 1e-12 and not path.weights[:, [8, 9]].any()
    subsets = best_subsets(fl.Moments.from_rows(more, y), number=165)
    assert np.isfinite(subsets.explained).all() and subsets.explained.max() < 1
    assert np.isfinite(evidence(fl.Moments.from_rows(more, y)).covariance).all()


def test_debias_is_least_squares_on_the_support() -> None:
    X, y = drawn(2)
    moments = fl.Moments.from_rows(X, y)
    support = lasso_path(moments).support(0.1)
    found = debias(moments, support).thetas[0]
    Z, v = standard(X, y)
    expected = np.linalg.lstsq(Z[:, support], v, rcond=None)[0]
    np.testing.assert_allclose(Correlations.of(moments).weights(found)[support], expected, atol=1e-8)
    assert np.count_nonzero(found) == len(support)
    mask = np.isin(np.arange(8), support)
    np.testing.assert_allclose(debias(moments, mask, [1e-10, 1.0]).thetas[0], found, rtol=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_the_evidence_is_highest_where_scikit_learn_finds_it(seed: int) -> None:
    X, y = drawn(seed)
    moments = fl.Moments.from_rows(X, y)
    found = evidence(moments)
    Z, v = standard(X, y)
    none = dict.fromkeys(("alpha_1", "alpha_2", "lambda_1", "lambda_2"), 0.0)
    H = without_constant(120)  # the constant takes a row
    expected = BayesianRidge(max_iter=10_000, tol=1e-13, fit_intercept=False, **none).fit(H @ Z, H @ v)
    # their noise is γ-corrected at the fixed point, which is the maximum of the same evidence
    assert found.strength * 120 == pytest.approx(expected.lambda_ / expected.alpha_, rel=0.01)
    assert found.noise / y.std() == pytest.approx(expected.alpha_**-0.5, rel=1e-3)
    np.testing.assert_allclose(found.weights, expected.coef_, atol=1e-4)
    np.testing.assert_allclose(found.covariance, expected.sigma_, atol=2e-3 * np.abs(expected.sigma_).max())
    near = log_evidence(ridge_path(moments, found.strength * np.array([0.9, 1.0, 1.1])))
    assert near[1] == max(near) >= found.log_evidence.max() - 1e-9


@pytest.mark.parametrize(("n", "K"), [(12, 3), (30, 28), (30, 29), (30, 60), (50, 200)])
def test_the_evidence_is_that_of_the_covariance_of_all_rows_however_few(n: int, K: int) -> None:
    rng = np.random.default_rng(n + K)
    X = rng.normal(size=(n, K))
    y = X[:, :3].sum(axis=1) + 3 * rng.normal(size=n)
    moments = fl.Moments.from_rows(X + 5, y)
    strengths = np.logspace(-8, 2, 11)
    path = ridge_path(moments, strengths)
    H, Z = without_constant(n), standard(X, y)[0]
    for strength, ours, score in zip(strengths, log_evidence(path), gcv(path), strict=True):
        C, v = np.eye(n - 1) + H @ Z @ Z.T @ H.T / (n * strength), H @ y
        noise = v @ np.linalg.solve(C, v) / (n - 1)
        expected = -0.5 * ((n - 1) * (np.log(2 * np.pi * noise) + 1) + np.linalg.slogdet(C)[1])
        assert ours == pytest.approx(expected, rel=1e-6)
        left = np.linalg.solve(C, np.eye(n - 1))  # v less its fit
        assert score == pytest.approx(n * np.sum((left @ v) ** 2) / np.trace(left) ** 2, rel=1e-6)
    found = evidence(moments, strengths)
    if K > n:  # once it grew for ever as the strength falls, so that noise alone was fitted exactly
        assert found.strength > 1e-3 and found.noise > 0.1


def test_a_constant_that_is_no_binary_fraction_does_not_vary() -> None:
    X, _ = drawn(0)
    for blocks in (None, np.arange(120) % 7):
        with pytest.raises(ValueError, match="expected energies that vary"):
            evidence(fl.Moments.from_rows(X, np.full(120, 0.1), blocks))
    steps = np.arange(120) % 2 * 1e-9
    assert lasso_path(fl.Moments.from_rows(X, 0.1 + steps)).numbers.max() > 0


def test_units_as_far_apart_as_floats_go_change_nothing() -> None:
    X, y = drawn(0)
    X = standard(X, y)[0]
    expected = lasso_path(fl.Moments.from_rows(X, y)).weights
    for unit in (1e-152, 1e-120, 1e150):
        np.testing.assert_allclose(lasso_path(fl.Moments.from_rows(X * unit, y)).weights, expected, atol=1e-9)


def test_a_size_is_a_whole_number() -> None:
    moments = fl.Moments.from_rows(*drawn(0))
    for size in (2.0, np.array([1, 2]), "2", True, 4):
        with pytest.raises(ValueError, match="size: expected 1, 2 or 3 of 8 descriptors"):
            best_subsets(moments, size)
    assert best_subsets(moments, np.int64(2)).indices.shape == (10, 2)


def test_a_thousandfold_unit_of_a_descriptor_changes_nothing() -> None:
    X, y = drawn(4)
    units = np.array([1e3, 1, 1e-3, 1, 1e6, 1, 1, 1e3])
    a, b = (fl.Moments.from_rows(each, y, np.arange(120) % 4) for each in (X, X * units))
    for of in (
        lambda m: lasso_path(m).weights,
        lambda m: Correlations.of(m).weights(ridge_path(m, [0.01]).thetas),
        lambda m: evidence(m).weights,
        lambda m: gcv(ridge_path(m, [0.01, 1.0])),
        lambda m: best_subsets(m).explained,
    ):
        np.testing.assert_allclose(of(a), of(b), rtol=1e-6, atol=1e-9)
    assert best_subsets(a).indices.tolist() == best_subsets(b).indices.tolist()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_subset_is_better_than_the_best(size: int) -> None:
    X, y = drawn(6, K=9)
    found = best_subsets(fl.Moments.from_rows(X, y), size=size, number=7)
    Z, v = standard(X, y)
    every = {}
    for subset in itertools.combinations(range(9), size):
        w = np.linalg.lstsq(Z[:, subset], v, rcond=None)[0]
        every[subset] = 1 - np.mean((v - Z[:, subset] @ w) ** 2)
    expected = sorted(every, key=every.get, reverse=True)[:7]
    assert found.indices.tolist() == [list(subset) for subset in expected] and found.tried == len(every)
    np.testing.assert_allclose(found.explained, [every[subset] for subset in expected], atol=1e-10)


def test_forces_are_regressed_as_energies_are(ragged: Callable[..., fl.Dataset]) -> None:
    data = ragged(0, K=4)
    moments = fl.accumulate(data)
    Phi, F = np.concatenate([t.force_descriptors for t in data.values()]).astype(float), data.forces
    scale, unit = np.sqrt(np.mean(Phi**2, axis=0)), np.sqrt(np.mean(F**2))
    path = lasso_path(moments, temperature=300.0)
    expected = Lasso(alpha=path.strengths[40], fit_intercept=False, tol=1e-13, max_iter=1_000_000).fit(
        Phi / scale, F / unit
    )
    np.testing.assert_allclose(path.weights[40], expected.coef_, atol=1e-8)
    energies = lasso_path(moments, target="energies")
    assert energies.correlations.target == "energies" and energies.violation.max() <= 1e-12
    with pytest.raises(ValueError, match="expected energies that vary"):
        lasso_path(fl.Moments.from_rows(np.eye(3), np.ones(3)))
