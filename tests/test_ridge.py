"""The path of a ridge against explicit solves, hat matrices, the density of the data, and scikit-learn."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import fisherlib as fl
from fisherlib import regression
from fisherlib.regression import RidgePath, gcv, log_evidence, ridge_path

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)
STRENGTHS = np.logspace(-6, 2, 9)


def weighted(data: fl.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Rows √w Φ and √w F, with the weights β² over their mean over all rows."""
    counts = [len(t.forces) for t in data.values()]
    b = np.repeat([fl.units.beta(t.temperature) ** 2 for t in data.values()], counts)
    root = np.sqrt(b / b.mean())
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    return root[:, None] * Phi, root * data.forces


@quick
@given(
    seed=st.integers(0, 2**20),
    K=st.integers(1, 6),
    temperatures=st.sampled_from([(300.0, 300.0), (300.0, 900.0, 600.0)]),
    decades=st.floats(0, 4),
    near=st.booleans(),
)
def test_every_strength_is_an_explicit_solve(
    ragged: Maker, seed: int, K: int, temperatures: tuple[float, ...], decades: float, near: bool
) -> None:
    scale = 10.0 ** np.linspace(-decades, decades, K)
    moments = fl.accumulate(ragged(seed, K=K, temperatures=temperatures, scale=scale))
    origin = np.random.default_rng(seed).normal(size=K) / scale if near else None
    loss = fl.fisher(moments)
    path = ridge_path(moments, STRENGTHS[::-1], origin=origin)
    for strength, theta in zip(STRENGTHS[::-1], path.thetas, strict=True):
        expected = fl.solve(loss + fl.ridge(strength, K, scale=np.diag(loss.A), origin=origin)).theta
        size = np.abs(expected * scale).max()
        np.testing.assert_allclose(theta * scale, expected * scale, rtol=1e-10, atol=1e-10 * size)
        np.testing.assert_allclose(path.theta(strength), theta, rtol=1e-13, atol=1e-15 * np.abs(theta).max())


@quick
@given(seed=st.integers(0, 2**20), K=st.integers(1, 6), own=st.booleans(), near=st.booleans())
def test_what_the_path_says_of_itself_is_that_of_hat_matrices_and_residuals(
    ragged: Maker, seed: int, K: int, own: bool, near: bool
) -> None:
    data, rng = ragged(seed, K=K, temperatures=(300.0, 900.0)), np.random.default_rng(seed)
    X, y = weighted(data)
    m = rng.uniform(0.1, 10.0, size=K) if own else (X**2).sum(axis=0)
    origin = rng.normal(size=K) if near else np.zeros(K)
    path = ridge_path(fl.accumulate(data), STRENGTHS, scale=m if own else None, origin=origin)
    n = len(y)
    assert path.rows == n
    for k, strength in enumerate(STRENGTHS):
        G = np.linalg.solve(X.T @ X + strength * np.diag(m), X.T)
        hat, theta = X @ G, origin + G @ (y - X @ origin)
        rss = float(((y - X @ theta) ** 2).sum())
        np.testing.assert_allclose(path.theta(strength), theta, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(path.residual_sum[k], rss, rtol=1e-9)
        np.testing.assert_allclose(path.penalty[k], m @ (theta - origin) ** 2, rtol=1e-9)
        np.testing.assert_allclose(path.effective_parameters[k], np.trace(hat), rtol=1e-9)
        np.testing.assert_allclose(gcv(path)[k], n * rss / (n - np.trace(hat)) ** 2, rtol=1e-9)


@quick
@given(seed=st.integers(0, 2**20), K=st.integers(1, 5), near=st.booleans())
def test_the_evidence_is_the_density_of_the_forces_at_the_best_noise(
    ragged: Maker, seed: int, K: int, near: bool
) -> None:
    data, rng = ragged(seed, K=K, temperatures=(300.0, 900.0), configurations=4), np.random.default_rng(seed)
    X, y = weighted(data)
    m, origin = (X**2).sum(axis=0), rng.normal(size=K) if near else np.zeros(K)
    path = ridge_path(fl.accumulate(data), STRENGTHS, origin=origin)
    for strength, found in zip(STRENGTHS, log_evidence(path), strict=True):
        C, r = np.eye(len(y)) + X / (strength * m) @ X.T, y - X @ origin
        variance = r @ np.linalg.solve(C, r) / len(y)
        expected = multivariate_normal(mean=X @ origin, cov=variance * C).logpdf(y)
        assert found == pytest.approx(expected, rel=1e-7)
        other = [multivariate_normal(mean=X @ origin, cov=f * variance * C).logpdf(y) for f in (0.8, 1.25)]
        assert max(other) < found  # no other noise does better


@pytest.mark.parametrize("seed", range(4))
def test_the_strength_of_largest_evidence_is_that_of_scikit_learn(ragged: Maker, seed: int) -> None:
    data = ragged(seed, K=6, temperatures=(300.0,) * 3, noise=3.0)
    X, y = weighted(data)
    options = dict(alpha_1=0.0, alpha_2=0.0, lambda_1=0.0, lambda_2=0.0, tol=1e-12, max_iter=100_000)
    sklearn = pytest.importorskip("sklearn.linear_model")
    known = sklearn.BayesianRidge(fit_intercept=False, **options).fit(X / np.linalg.norm(X, axis=0), y)
    expected = known.lambda_ / known.alpha_
    choice = fl.validation.choose_strength(fl.accumulate(data))
    assert 1e-3 < expected < 10.0
    assert choice.best["evidence"] == pytest.approx(expected, rel=0.01)
    # and the two agree on the parameters
    theta = choice.path.theta(expected)
    np.testing.assert_allclose(theta, known.coef_ / np.linalg.norm(X, axis=0), rtol=1e-5, atol=1e-7)


def test_temperatures_cancel_where_there_is_one_and_weigh_where_there_are_several(ragged: Maker) -> None:
    one, two = (fl.accumulate(ragged(5, temperatures=T)) for T in ((300.0, 300.0), (300.0, 600.0)))
    assert (regression.row_weights(one) == 1.0).all()
    for T in (50.0, 5000.0):
        np.testing.assert_array_equal(
            ridge_path(one, STRENGTHS, temperature=T).thetas, ridge_path(one, STRENGTHS).thetas
        )
    w = regression.row_weights(two)
    assert w[0] / w[1] == pytest.approx(4.0) and w @ [r.rows for r in two.values()] == pytest.approx(two.total().rows)
    assert (regression.row_weights(two, temperature=400.0) == 1.0).all()
    assert np.abs(ridge_path(two, [1e-3]).thetas / ridge_path(one, [1e-3]).thetas - 1).max() > 1e-3
    np.testing.assert_array_equal(
        ridge_path(one.total(), STRENGTHS).residual_sum, ridge_path(one, STRENGTHS).residual_sum
    )


def test_descriptors_that_never_change_or_repeat_another_stay_at_the_origin_or_share(ragged: Maker) -> None:
    record = fl.accumulate(ragged(2, temperatures=(300.0,)))["t0"]
    pick = np.array(
        [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0, 0, 1, 0, 0]], dtype=float
    )  # the fourth is zero, the fifth the first
    copied = fl.Quadratic(pick.T @ record.PhiPhi @ pick, pick.T @ record.PhiF, record.FF)
    origin = np.array([0.3, 0.0, -1.0, 7.0, 0.1])
    path = RidgePath.of(copied, np.logspace(-14, 2, 1000), rows=record.rows, origin=origin)
    assert len(path.eigenvalues) == 3 and path.thetas.shape == (1000, 5)
    assert (path.thetas[:, 3] == 7.0).all() and path.effective_parameters.max() < 3 + 1e-9
    steps = path.thetas - origin
    np.testing.assert_allclose(steps[:, 0], steps[:, 4], atol=1e-12)
    scaled = RidgePath.of(copied, [0.1], rows=record.rows, origin=origin, scale=np.ones(5))
    assert scaled.thetas[0, 3] == 7.0
    bare = RidgePath.of(copied, [0.1], rows=record.rows, origin=origin, scale=[1, 1, 1, 0, 1])
    np.testing.assert_allclose(bare.thetas, scaled.thetas, rtol=1e-12)


def test_forces_that_fit_exactly_and_more_parameters_than_rows_give_finite_curves(ragged: Maker) -> None:
    exact = fl.accumulate(fl.systems.harmonic(np.array([1.0, 2.0, 0.5])))
    few = fl.accumulate(ragged(0, K=9, temperatures=(300.0,), configurations=1, atoms=(2, 2)))
    assert few.total().rows < few.K
    for moments in (exact, few):
        path = ridge_path(moments, np.logspace(-14, 4, 200))
        assert (path.residual_sum >= 0).all() and (np.diff(path.residual_sum) > -1e-12 * path.residual_sum[-1]).all()
        assert np.isfinite(log_evidence(path)).all() and np.isfinite(gcv(path)).all() and (gcv(path) >= 0).all()
    X, y = weighted(ragged(0, K=9, temperatures=(300.0,), configurations=1, atoms=(2, 2)))
    G = X / (X**2).sum(axis=0) @ X.T
    for strength in (1e-14, 1e-9, 1e-4):  # λ(G + λ)⁻¹ is the hat matrix taken from one
        left = np.linalg.solve(G + strength * np.eye(len(y)), np.eye(len(y)))
        expected = len(y) * ((left @ y) ** 2).sum() / np.trace(left) ** 2
        assert gcv(ridge_path(few, [strength]))[0] == pytest.approx(expected, rel=1e-4)
    truth = ridge_path(exact, STRENGTHS, origin=[1.0, 2.0, 0.5])
    np.testing.assert_allclose(truth.thetas, np.tile([1.0, 2.0, 0.5], (9, 1)), rtol=1e-12)
    assert "rank = 3, 9 strengths, 1e-06 to 1e+02" in repr(truth)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strengths": [0.1, 0.0]}, r"strengths: expected finite numbers > 0, got 0; .* solve\(fisher\(moments\)\)"),
        ({"strengths": [np.inf]}, "strengths: expected finite numbers > 0, got inf"),
        ({"strengths": [-1.0]}, "got -1"),
        ({"strengths": []}, r"strengths: expected a list of numbers > 0, got shape \(0,\)"),
        ({"strengths": 0.1}, r"strengths: expected a list .* got shape \(\)"),
        ({"origin": [1.0]}, r"origin: expected K = 3 finite numbers, one per descriptor, got shape \(1,\)"),
        ({"scale": [1.0, np.nan, 1.0]}, r"scale: expected K = 3 finite numbers, .* got \[ ?1. nan"),
        ({"scale": [1.0, 0.0, 1.0]}, "scale: expected numbers > 0, got 0 for descriptor 1"),
        ({"scale": [1.0, 1.0, -2.0]}, "scale: expected numbers > 0, got -2 for descriptor 2"),
        ({"temperature": -3.0}, "temperature: expected a positive number of kelvin"),
    ],
)
def test_what_cannot_be_meant_is_refused(ragged: Maker, options: dict[str, object], message: str) -> None:
    moments = fl.accumulate(ragged(0))
    with pytest.raises(ValueError, match=message):
        ridge_path(moments, **({"strengths": STRENGTHS} | options))


def test_temperatures_of_some_and_nothing_to_fit_are_refused_and_a_strength_of_zero_too(ragged: Maker) -> None:
    some, unknown = (fl.accumulate(ragged(0, temperatures=(T, None))) for T in (300.0, None))
    with pytest.raises(ValueError, match="temperature: .*none of its own"):
        ridge_path(some, STRENGTHS)
    np.testing.assert_array_equal(  # all rows count alike where no trajectory states a temperature
        ridge_path(unknown, STRENGTHS).thetas, ridge_path(some, STRENGTHS, temperature=300.0).thetas
    )
    with pytest.raises(ValueError, match="expected something to fit, got force descriptors that are all zero"):
        RidgePath.of(fl.Quadratic(np.zeros((2, 2)), np.zeros(2), 1.0), STRENGTHS, rows=6)
    with pytest.raises(ValueError, match="expected finite numbers > 0, got 0"):
        ridge_path(unknown, STRENGTHS).theta(0.0)


@pytest.mark.parametrize(
    ("weights", "got"),
    [([-1.0], "-1"), ([1.0, np.nan], "nan"), (np.inf, "inf"), (np.ones((2, 2)), "shape"), ([], "shape")],
)
def test_weights_of_a_path_are_numbers_from_zero_on(ragged: Maker, weights: object, got: str) -> None:
    with pytest.raises(ValueError, match=f"weights: expected .* numbers ≥ 0, got {got}"):
        fl.regression.kl_path(fl.accumulate(ragged(0)), weights)


def test_errors_of_trajectories_are_those_of_their_rows_and_need_all_parameters(ragged: Maker) -> None:
    data, theta = ragged(3), np.array([0.1, -0.4, 2.0])
    moments = fl.accumulate(data)
    expected = [np.sqrt(np.mean((t.forces - t.force_descriptors @ theta) ** 2)) for t in data.values()]
    np.testing.assert_allclose(fl.regression.force_rmse(moments, theta), expected)
    for wrong in (theta[:2], theta[None], [1.0, np.nan, 0.0]):
        with pytest.raises(ValueError, match="theta: expected K = 3 finite numbers, one per descriptor, got"):
            fl.regression.force_rmse(moments, wrong)
