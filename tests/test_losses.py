"""Quadratic losses: one contract for all of them, against evaluation over the rows themselves."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import approx_fprime

import fisherlib as fl
from fisherlib.units import BOLTZMANN

Maker = Callable[..., fl.Dataset]
Direct = Callable[[NDArray], float]
quick = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**20)
T0 = 450.0


def beta(temperature: float) -> float:
    return 1.0 / (BOLTZMANN * temperature)


def force_error(data: fl.Dataset, theta: NDArray, temperature: float | None = None) -> float:
    """½ ⟨β²|F − Φθ|²⟩ over configurations, row by row."""
    total = 0.0
    for t in data.values():
        residual = t.forces - t.force_descriptors @ theta
        total += beta(t.temperature if temperature is None else temperature) ** 2 * np.sum(residual**2)
    return 0.5 * total / sum(len(t) for t in data.values())


def stacked(data: fl.Dataset) -> tuple[NDArray, NDArray, NDArray]:
    D = np.concatenate([t.descriptors for t in data.values()])
    return D, data.energies, data.n_atoms.astype(float)


def energy_error(data: fl.Dataset, theta: NDArray) -> float:
    """½ min over e0 of ⟨(E − θ·D − N e0)²⟩, the offset by lstsq."""
    D, E, N = stacked(data)
    left = E - D @ theta
    e0 = np.linalg.lstsq(N[:, None], left, rcond=None)[0]
    return 0.5 * float(np.mean((left - N * e0) ** 2))


def variance(data: fl.Dataset, theta: NDArray, temperature: float) -> float:
    D, E, N = stacked(data)
    # Each N is an ensemble of its own: what a constant and N explain of the residual is no spread.
    explained = np.column_stack([np.ones(len(E)), N])
    residual = E - D @ theta
    residual = residual - explained @ np.linalg.lstsq(explained, residual, rcond=None)[0]
    return 0.5 * beta(temperature) ** 2 * float(np.mean(residual**2))


def penalty(theta: NDArray, strength: float, scale: NDArray, origin: NDArray) -> float:
    return 0.5 * strength * sum(m * (a - b) ** 2 for m, a, b in zip(scale, theta, origin, strict=True))


def losses(data: fl.Dataset, seed: int) -> dict[str, tuple[fl.Quadratic, Direct]]:
    """Every loss of the package with its direct evaluation."""
    moments, rng = fl.accumulate(data), np.random.default_rng(seed)
    scale, origin = rng.uniform(0.1, 2.0, size=data.K), rng.normal(size=data.K)
    found: dict[str, tuple[fl.Quadratic, Direct]] = {
        "fisher": (fl.fisher(moments), lambda v: force_error(data, v)),
        "fisher at one temperature": (fl.fisher(moments, T0), lambda v: force_error(data, v, T0)),
        "fisher of a record": (fl.fisher(moments.total(), T0), lambda v: force_error(data, v, T0)),
        "energy": (fl.energy(moments), lambda v: energy_error(data, v)),
        "energy of a record": (fl.energy(moments.total()), lambda v: energy_error(data, v)),
        "kl": (fl.kl(moments, T0), lambda v: variance(data, v, T0)),
        "ridge": (fl.ridge(0.3, data.K), lambda v: penalty(v, 0.3, np.ones(data.K), np.zeros(data.K))),
        "scaled ridge": (
            fl.ridge(2.0, data.K, scale=scale, origin=origin),
            lambda v: penalty(v, 2.0, scale, origin),
        ),
    }
    mixed = fl.fisher(moments, T0) + 0.25 * fl.kl(moments, T0) + 3.0 * fl.ridge(1.0, data.K, origin=origin)
    found["mixed"] = (
        mixed,
        lambda v: force_error(data, v, T0) + 0.25 * variance(data, v, T0) + 3 * penalty(v, 1, np.ones(data.K), origin),
    )
    return found


NAMES = [
    "fisher", "fisher at one temperature", "fisher of a record", "energy", "energy of a record", "kl", "ridge",
    "scaled ridge", "mixed",
]  # fmt: skip


@pytest.fixture(scope="module", params=NAMES)
def build(request: pytest.FixtureRequest, ragged: Maker) -> Callable[[int], tuple[fl.Quadratic, Direct]]:
    def build(seed: int) -> tuple[fl.Quadratic, Direct]:
        K = 1 + seed % 5
        temperatures = ((300.0, 300.0), (300.0, 900.0), (150.0, 700.0, 1100.0))[seed % 3]
        found = losses(ragged(seed, K=K, temperatures=temperatures, configurations=8), seed)
        assert list(found) == NAMES
        return found[request.param]

    return build


Build = Callable[[int], tuple[fl.Quadratic, Direct]]


@quick
@given(seed=seeds)
def test_a_loss_equals_its_direct_evaluation(build: Build, seed: int) -> None:
    q, direct = build(seed)
    for theta in np.random.default_rng(seed).normal(size=(4, q.K)):
        assert q(theta) == pytest.approx(direct(theta), rel=1e-9, abs=1e-12 * abs(q.s))


@quick
@given(seed=seeds)
def test_a_loss_is_symmetric_convex_and_not_negative(build: Build, seed: int) -> None:
    q, _ = build(seed)
    np.testing.assert_allclose(q.A, q.A.T, rtol=0, atol=1e-12 * np.abs(q.A).max())
    assert np.linalg.eigvalsh(q.A).min() >= -1e-12 * np.abs(q.A).max()
    assert fl.solve(q).value >= -1e-11 * abs(q.s)
    a, b = np.random.default_rng(seed).normal(size=(2, q.K))
    assert q(0.5 * (a + b)) <= 0.5 * (q(a) + q(b)) * (1 + 1e-12)


@quick
@given(seed=seeds)
def test_the_gradient_is_that_of_finite_differences(build: Build, seed: int) -> None:
    q, direct = build(seed)
    theta = np.random.default_rng(seed).normal(size=q.K)
    numerical = np.array(
        [(direct(theta + e) - direct(theta - e)) / 2e-3 for e in 1e-3 * np.eye(q.K)]
    )  # exact for a quadratic form but for rounding
    size = np.abs(q.A @ theta).max() + np.abs(q.b).max()
    np.testing.assert_allclose(q.A @ theta - q.b, numerical, atol=1e-7 * size + 1e-9 * direct(theta))


@quick
@given(seed=seeds, n=st.integers(1, 3))
def test_a_restriction_is_the_loss_in_other_coordinates(build: Build, seed: int, n: int) -> None:
    q, direct = build(seed)
    rng = np.random.default_rng(seed)
    origin, directions = rng.normal(size=q.K), rng.normal(size=(n, q.K))
    restricted = q.restrict(origin, directions)
    assert restricted.K == n
    for u in rng.normal(size=(3, n)):
        assert restricted(u) == pytest.approx(direct(origin + u @ directions), rel=1e-9, abs=1e-12 * abs(q.s))


@quick
@given(seed=seeds, weight=st.floats(1e-8, 1e8))
def test_sums_and_multiples_are_linear(build: Build, seed: int, weight: float) -> None:
    (q, direct), r = build(seed), fl.ridge(0.7, build(seed)[0].K)
    theta = np.random.default_rng(seed).normal(size=q.K)
    assert (weight * q)(theta) == pytest.approx(weight * direct(theta), rel=1e-9, abs=1e-12 * weight * abs(q.s))
    assert (q + r)(theta) == pytest.approx(direct(theta) + 0.35 * theta @ theta, rel=1e-9, abs=1e-12 * abs(q.s))
    np.testing.assert_allclose(fl.solve(weight * q).theta, fl.solve(q).theta, rtol=1e-12)


@quick
@given(seed=seeds)
def test_an_array_of_parameters_gives_an_array_of_values(build: Build, seed: int) -> None:
    q, direct = build(seed)
    theta = np.random.default_rng(seed).normal(size=(2, 3, q.K))
    values = q(theta)
    assert values.shape == (2, 3)
    assert values[1, 2] == pytest.approx(direct(theta[1, 2]), rel=1e-9, abs=1e-12 * abs(q.s))


@quick
@given(seed=seeds)
def test_fisher_has_a_minus_before_its_linear_term(ragged: Maker, seed: int) -> None:
    data = ragged(seed, configurations=20, noise=0.1)
    q = fl.fisher(fl.accumulate(data))
    right = np.linalg.solve(q.A, q.b)
    assert force_error(data, right) < force_error(data, np.zeros(q.K)) < force_error(data, -right)
    assert q(right) == pytest.approx(0.5 * (q.s - q.b @ right), rel=1e-8)
    # With the sign of a well-known misprint the "minimum" −T⁻¹c has the value ½s + 3/2 cᵀT⁻¹c.
    assert q(-right) == pytest.approx(0.5 * q.s + 1.5 * q.b @ right, rel=1e-9)


@quick
@given(seed=seeds, factor=st.floats(0.1, 10.0))
def test_fisher_scales_with_beta_squared_and_its_minimum_does_not_move(ragged: Maker, seed: int, factor: float) -> None:
    moments = fl.accumulate(ragged(seed))
    cold, hot = fl.fisher(moments, 300.0), fl.fisher(moments, 300.0 * factor)
    theta = np.random.default_rng(seed).normal(size=3)
    assert hot(theta) * factor**2 == pytest.approx(float(cold(theta)), rel=1e-12)
    np.testing.assert_array_equal(fl.solve(hot).theta, fl.solve(cold).theta)


@quick
@given(seed=seeds)
def test_pooled_temperatures_weigh_by_beta_squared(ragged: Maker, seed: int) -> None:
    data = ragged(seed, temperatures=(200.0, 200.0, 1000.0))
    rows = np.concatenate([t.force_descriptors * beta(t.temperature) for t in data.values()])
    target = np.concatenate([t.forces * beta(t.temperature) for t in data.values()])
    expected = np.linalg.lstsq(rows, target, rcond=None)[0]
    np.testing.assert_allclose(fl.solve(fl.fisher(fl.accumulate(data))).theta, expected, rtol=1e-8, atol=1e-9)
    unweighted = np.linalg.lstsq(rows / np.linalg.norm(rows, axis=1, keepdims=True), target, rcond=None)[0]
    assert not np.allclose(unweighted, expected, rtol=1e-6)


def test_a_configuration_weighs_by_its_number_of_atoms(ragged: Maker) -> None:
    data = ragged(1, atoms=(1, 9), configurations=30)
    Phi = np.concatenate([t.force_descriptors for t in data.values()])
    expected = np.linalg.lstsq(Phi, data.forces, rcond=None)[0]
    np.testing.assert_allclose(fl.solve(fl.fisher(fl.accumulate(data))).theta, expected, rtol=1e-10)


def test_energy_with_one_size_is_half_the_variance(ragged: Maker) -> None:
    data = ragged(2, atoms=(4, 4), configurations=30)
    q, theta = fl.energy(fl.accumulate(data)), np.array([0.3, -1.0, 2.0])
    D, E, _ = stacked(data)
    assert q(theta) == pytest.approx(0.5 * np.var(E - D @ theta), rel=1e-10)


def test_energy_keeps_its_digits_far_from_zero(ragged: Maker) -> None:
    data = ragged(2, atoms=(55, 55), configurations=40, noise=1e-3)
    D, E, _ = stacked(data)
    expected = np.linalg.lstsq(D - D.mean(axis=0), E - E.mean(), rcond=None)[0]
    np.testing.assert_allclose(fl.solve(fl.energy(fl.accumulate(data))).theta, expected, rtol=1e-9)


@pytest.mark.parametrize("temperatures", [(None, None), (300.0, None)])
def test_fisher_and_kl_ask_for_an_unknown_temperature(ragged: Maker, temperatures: tuple) -> None:
    moments = fl.accumulate(ragged(0, temperatures=temperatures))
    for loss in (fl.fisher, fl.kl):
        with pytest.raises(ValueError, match="temperature: .*give temperature= in kelvin"):
            loss(moments)
        with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin, got -1"):
            loss(moments, -1)


@quick
@given(seed=seeds)
def test_kl_of_several_temperatures_is_the_mean_of_theirs(ragged: Maker, seed: int) -> None:
    data = ragged(seed, temperatures=(300.0, 600.0, 300.0))
    theta = np.random.default_rng(seed).normal(size=3)
    cold, hot = data.select(["t0", "t2"]), data.select(["t1"])
    expected = (2 * variance(cold, theta, 300.0) + variance(hot, theta, 600.0)) / 3
    assert fl.kl(fl.accumulate(data))(theta) == pytest.approx(expected, rel=1e-10)
    assert fl.kl(fl.accumulate(data), 600.0)(theta) == pytest.approx(variance(data, theta, 600.0), rel=1e-10)


def test_the_record_of_mixed_temperatures_asks_for_one(ragged: Maker) -> None:
    total = fl.accumulate(ragged(0, temperatures=(300.0, 600.0))).total()
    for loss in (fl.fisher, fl.kl):
        with pytest.raises(ValueError, match="temperature: .*give temperature= in kelvin"):
            loss(total)


@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf")])
def test_ridge_refuses_an_impossible_strength(strength: float) -> None:
    with pytest.raises(ValueError, match="strength: expected a (finite number|number ≥ 0), got"):
        fl.ridge(strength, 3)


@pytest.mark.parametrize("scale", [np.ones(2), np.array([1.0, -1.0, 1.0])])
def test_ridge_refuses_an_impossible_scale(scale: np.ndarray) -> None:
    with pytest.raises(ValueError, match="scale: expected"):
        fl.ridge(1.0, 3, scale=scale)


def test_what_does_not_fit_together_is_refused() -> None:
    two, three = fl.ridge(1.0, 2), fl.ridge(1.0, 3)
    with pytest.raises(ValueError, match="losses: expected 2 parameters in both, got 3"):
        two + three
    with pytest.raises(ValueError, match=r"theta: expected 2 parameters, got shape \(3,\)"):
        two(np.zeros(3))
    with pytest.raises(ValueError, match=r"A: expected shape \(2, 2\) to go with b, got \(3, 3\)"):
        fl.Quadratic(np.eye(3), np.zeros(2), 0.0)


def test_a_restriction_to_other_parameters_is_refused() -> None:
    with pytest.raises(ValueError, match="directions: expected"):
        fl.ridge(1.0, 3).restrict(np.zeros(3), np.ones((2, 4)))


def test_a_numpy_scalar_is_a_weight() -> None:
    q = np.float64(2.0) * fl.ridge(1.0, 2)
    assert isinstance(q, fl.Quadratic) and q(np.ones(2)) == 2.0


def test_scipy_agrees_on_the_gradient_of_a_known_form() -> None:
    q = fl.Quadratic(np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([1.0, -1.0]), 4.0)
    assert q(np.zeros(2)) == 2.0 and q(np.array([1.0, 1.0])) == 5.5
    np.testing.assert_allclose(approx_fprime(np.array([1.0, 1.0]), q, 1e-7), [2.0, 5.0], rtol=1e-5)


def test_kl_of_two_sizes_in_one_file_does_not_see_the_energy_of_an_atom(ragged: Maker) -> None:
    data = ragged(3, configurations=30)
    moved = [dataclasses.replace(t, energies=t.energies - 50.0 * t.n_atoms) for t in data.values()]
    theta = np.ones(data.K)
    there, here = fl.kl(fl.accumulate(moved))(theta), fl.kl(fl.accumulate(data))(theta)
    assert there == pytest.approx(here, rel=1e-9)


def test_a_restriction_to_long_soft_directions_stays_symmetric() -> None:
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(60, 60)))[0]
    A = (basis * 10.0 ** np.linspace(-14, 2, 60)) @ basis.T
    q = fl.Quadratic(0.5 * (A + A.T), rng.normal(size=60), 1.0)
    soft = 1e8 * basis[:, :2].T + 1e3 * rng.normal(size=(2, 60))
    restricted = q.restrict(np.zeros(60), soft)
    assert np.array_equal(restricted.A, restricted.A.T)
    fl.landscape(q, fl.Plane(origin=np.zeros(60), directions=soft), n=3)
