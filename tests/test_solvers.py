"""Solving: every path against numpy's and scikit-learn's least squares, and what singular systems give."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib.solvers import spectrum

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**20)


def of_rows(Phi: NDArray, F: NDArray) -> fl.Quadratic:
    return fl.Quadratic(Phi.T @ Phi, Phi.T @ F, float(F @ F))


def rows(seed: int, K: int, n: int = 60) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, K)), rng.normal(size=n)


@quick
@given(seed=seeds, K=st.integers(1, 8))
def test_a_well_posed_problem_gives_least_squares(seed: int, K: int) -> None:
    Phi, F = rows(seed, K)
    fit = fl.solve(of_rows(Phi, F))
    expected, residual, rank, singular = np.linalg.lstsq(Phi, F, rcond=None)
    np.testing.assert_allclose(fit.theta, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    sklearn = pytest.importorskip("sklearn.linear_model")
    known = sklearn.LinearRegression(fit_intercept=False).fit(Phi, F)
    np.testing.assert_allclose(fit.theta, known.coef_, rtol=1e-9, atol=1e-11)
    assert (fit.rank, fit.method) == (rank, "cholesky")
    assert fit.value == pytest.approx(0.5 * residual[0], rel=1e-9)
    unit = Phi / np.linalg.norm(Phi, axis=0)
    assert fit.condition == pytest.approx(np.linalg.cond(unit) ** 2, rel=1e-8)


@quick
@given(seed=seeds, K=st.integers(1, 8), strength=st.floats(1e-6, 1e4))
def test_a_ridge_is_that_of_scikit_learn(seed: int, K: int, strength: float) -> None:
    Phi, F = rows(seed, K)
    fit = fl.solve(of_rows(Phi, F) + fl.ridge(strength, K))
    sklearn = pytest.importorskip("sklearn.linear_model")
    expected = sklearn.Ridge(alpha=strength, fit_intercept=False, solver="svd").fit(Phi, F).coef_
    np.testing.assert_allclose(fit.theta, expected, rtol=1e-8, atol=1e-10)


@quick
@given(seed=seeds, K=st.integers(2, 8), decades=st.floats(0.0, 6.0))
def test_units_of_columns_over_twelve_orders_of_magnitude_do_not_matter(seed: int, K: int, decades: float) -> None:
    Phi, F = rows(seed, K)
    unit = 10.0 ** np.linspace(-decades, decades, K)
    plain, scaled = fl.solve(of_rows(Phi, F)), fl.solve(of_rows(Phi * unit, F))
    np.testing.assert_allclose(scaled.theta * unit, plain.theta, rtol=1e-9, atol=1e-11)
    assert (scaled.rank, scaled.method) == (K, "cholesky")
    assert scaled.condition == pytest.approx(plain.condition, rel=1e-6)


@quick
@given(seed=seeds, K=st.integers(1, 6), decades=st.floats(0.0, 3.0))
def test_duplicate_and_zero_columns_give_the_rank_and_the_least_norm_of_scaled_parameters(
    seed: int, K: int, decades: float
) -> None:
    Phi, F = rows(seed, K)
    Phi = np.column_stack([Phi, Phi[:, :1] * 10.0**decades, np.zeros(len(F))])
    fit = fl.solve(of_rows(Phi, F), tolerance=1e-12)
    size = np.linalg.norm(Phi, axis=0)
    size[-1] = 1.0
    least = np.linalg.lstsq(Phi / size, F, rcond=1e-10)[0]  # numpy's answer has the least norm
    assert (fit.rank, fit.method) == (K, "truncated")
    np.testing.assert_allclose(fit.theta, least / size, rtol=1e-8, atol=1e-10 * np.abs(least / size).max())
    assert fit.theta[-1] == 0.0
    assert np.isfinite(fit.condition)


@quick
@given(seed=seeds)
def test_the_default_tolerance_finds_an_exact_duplicate(seed: int) -> None:
    Phi, F = rows(seed, 5)
    Phi = np.column_stack([Phi, Phi[:, 2]])
    fit = fl.solve(of_rows(Phi, F))
    assert fit.rank == 5
    np.testing.assert_allclose(Phi @ fit.theta, Phi @ np.linalg.lstsq(Phi, F, rcond=None)[0], atol=1e-6)


@quick
@given(seed=seeds, rows_=st.integers(1, 5))
def test_fewer_rows_than_parameters_are_fitted_exactly(seed: int, rows_: int) -> None:
    Phi, F = rows(seed, 8, rows_)
    fit = fl.solve(of_rows(Phi, F), tolerance=1e-12)
    assert fit.rank == rows_
    np.testing.assert_allclose(Phi @ fit.theta, F, atol=1e-5)


def test_a_larger_tolerance_leaves_more_directions_out() -> None:
    Phi, F = rows(0, 6)
    Phi[:, 5] = Phi[:, 0] + 1e-4 * Phi[:, 5]
    q = of_rows(Phi, F)
    assert [fl.solve(q, tolerance=t).rank for t in (1e-12, 1e-6, 0.9)] == [6, 5, 1]


@quick
@given(seed=seeds, hot=st.floats(1.0, 1e5))
def test_theta_does_not_depend_on_the_temperature(ragged: Maker, seed: int, hot: float) -> None:
    moments = fl.accumulate(ragged(seed))
    a, b = (fl.solve(fl.fisher(moments, T)).theta for T in (300.0, hot))
    np.testing.assert_allclose(a, b, rtol=1e-12)


def test_theta_of_the_shipped_data_does_not_depend_on_the_temperature(copper_moments: fl.Moments) -> None:
    a, b = (fl.solve(fl.fisher(copper_moments, T)) for T in (300.0, 1100.0))
    np.testing.assert_allclose(a.theta, b.theta, rtol=1e-12)
    assert (a.rank, a.condition, a.method) == (b.rank, b.condition, b.method) == (105, a.condition, "cholesky")
    assert a.value / b.value == pytest.approx((1100 / 300) ** 2, rel=1e-6)


def test_theta_of_the_shipped_data_is_least_squares(few_walkers: fl.Dataset) -> None:
    fit = fl.solve(fl.fisher(fl.accumulate(few_walkers)))
    Phi = np.concatenate([t.force_descriptors for t in few_walkers.values()])
    size = np.linalg.norm(Phi, axis=0)
    expected = np.linalg.lstsq(Phi / size, few_walkers.forces, rcond=None)[0]
    # A condition of 1e7 leaves about nine digits to the normal equations.
    np.testing.assert_allclose(fit.theta * size, expected, atol=1e-8 * np.abs(expected).max())
    np.testing.assert_allclose(Phi @ fit.theta, (Phi / size) @ expected, atol=1e-9)


@quick
@given(seed=seeds, K=st.integers(1, 6))
def test_the_gradient_is_zero_at_the_minimum(ragged: Maker, seed: int, K: int) -> None:
    moments = fl.accumulate(ragged(seed, K=K, configurations=12))
    for q in (fl.fisher(moments), fl.energy(moments), fl.kl(moments), fl.fisher(moments) + 0.1 * fl.kl(moments)):
        fit = fl.solve(q)
        np.testing.assert_allclose(q.A @ fit.theta, q.b, atol=1e-10 * (np.abs(q.A) @ np.abs(fit.theta)).max())
        assert fit.value == pytest.approx(float(q(fit.theta)))


def test_the_spectrum_is_that_of_the_matrix_of_correlations() -> None:
    Phi, F = rows(3, 4)
    values, vectors = spectrum(of_rows(Phi * [1, 1e3, 1e-3, 1], F))
    unit = Phi / np.linalg.norm(Phi, axis=0)
    singular = np.linalg.svd(unit, compute_uv=False)
    np.testing.assert_allclose(values, singular[::-1] ** 2, rtol=1e-9)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(4), atol=1e-12)


@pytest.mark.parametrize(
    ("A", "b", "sentence"),
    [
        (np.zeros((2, 2)), np.zeros(2), "nothing to fit, every diagonal entry of A is zero"),
        (np.array([[np.nan, 0], [0, 1]]), np.zeros(2), "expected finite A and b"),
        (np.eye(2), np.array([np.inf, 0]), "expected finite A and b"),
        (-np.eye(2), np.zeros(2), "a negative diagonal; it has no minimum"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), np.zeros(2), "positive semi-definite A, got the scaled eigenvalue"),
    ],
)  # fmt: skip
def test_what_has_no_minimum_is_refused(A: NDArray, b: NDArray, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"quadratic: .*{sentence}"):
        fl.solve(fl.Quadratic(A, b, 1.0))


@pytest.mark.parametrize(("A", "b"), [([[1.0, 1.0], [1.0, 0.0]], [1.0, 0.0]), ([[1.0, 0.0], [0.0, 0.0]], [1.0, 1.0])])
def test_a_loss_without_a_lower_bound_is_refused(A: list, b: list) -> None:
    with pytest.raises(ValueError, match="quadratic: "):
        fl.solve(fl.Quadratic(np.array(A), np.array(b), 1.0))


@quick
@given(seed=seeds, size=st.floats(1e-3, 1e3))
def test_a_descriptor_that_is_constant_per_atom_leaves_the_energy_fit_as_it_was(
    ragged: Maker, seed: int, size: float
) -> None:
    # D = cN is the offset itself: its row of A is rounding noise, which must not be scaled up to a direction.
    data = ragged(seed, configurations=12)
    moments = fl.accumulate(with_column(data, lambda t: size * t.n_atoms))
    fit, plain = fl.solve(fl.energy(moments)), fl.solve(fl.energy(fl.accumulate(data)))
    assert fit.rank == plain.rank == 3
    np.testing.assert_allclose(fit.theta[:3], plain.theta, rtol=1e-6)


@quick
@given(seed=seeds, size=st.floats(1e-3, 1e3))
def test_a_constant_descriptor_leaves_the_fit_of_fluctuations_as_it_was(ragged: Maker, seed: int, size: float) -> None:
    data = ragged(seed, configurations=12)
    moments = fl.accumulate(with_column(data, lambda t: np.full(len(t), size)))
    fit, plain = fl.solve(fl.kl(moments)), fl.solve(fl.kl(fl.accumulate(data)))
    assert fit.rank == plain.rank == 3
    np.testing.assert_allclose(fit.theta[:3], plain.theta, rtol=1e-6)


def with_column(data: fl.Dataset, column: Callable[[fl.Trajectory], NDArray]) -> fl.Dataset:
    """The data with one more descriptor, which exerts no force."""
    made = [
        fl.Trajectory(
            key=t.key,
            temperature=t.temperature,
            n_atoms=t.n_atoms,
            energies=t.energies,
            descriptors=np.column_stack([t.descriptors, column(t)]),
            forces=t.forces,
            force_descriptors=np.column_stack([t.force_descriptors, np.zeros(len(t.forces))]),
        )
        for t in data.values()
    ]
    return fl.Dataset(made)


def test_a_tolerance_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="tolerance: expected"):
        fl.solve(fl.ridge(1.0, 2), tolerance=5.0)


def test_the_repr_says_what_the_solution_is_worth() -> None:
    fit = fl.solve(fl.ridge(2.0, 3, origin=np.ones(3)))
    assert repr(fit) == "Solution(K = 3, rank = 3, condition = 1, value = 0, cholesky)"
