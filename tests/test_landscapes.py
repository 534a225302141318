"""Planes, landscapes, projections and the atlas, against loops over grid points straight from the data."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import fisherlib as fl
from fisherlib.landscapes import projections
from fisherlib.landscapes.projections import Projection
from fisherlib.units import BOLTZMANN

Maker = Callable[..., fl.Dataset]
quick = settings(deadline=None, max_examples=25)
seeds = st.integers(0, 2**20)
T = 1200.0


def residuals(data: fl.Dataset, theta: NDArray) -> tuple[NDArray, NDArray]:
    """F − F_θ, and (U − U_θ)/N with the least-squares offset per atom, from the rows."""
    forces = np.concatenate([t.forces - t.force_descriptors @ theta for t in data.values()])
    left = np.concatenate([t.energies - t.descriptors @ theta for t in data.values()])
    e0 = np.linalg.lstsq(data.n_atoms[:, None].astype(float), left, rcond=None)[0]
    return forces, left / data.n_atoms - e0


def huber(r: NDArray, delta: float = 0.1) -> float:
    return float(np.mean(np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta))))


def direct(data: fl.Dataset, name: str, theta: NDArray) -> float:
    """Every loss of the atlas at one θ, from its definition."""
    b = 1.0 / (BOLTZMANN * T)
    forces, energies = residuals(data, theta)
    truth = data.energies / data.n_atoms
    D = np.concatenate([t.descriptors for t in data.values()])
    return {
        "Fisher divergence": lambda: 0.5 * b**2 * np.sum(forces**2) / len(data.energies),
        "energy (½ squared error)": lambda: 0.5 * np.mean((energies * data.n_atoms) ** 2),
        "KL, second order": lambda: 0.5 * b**2 * np.var(data.energies - D @ theta),
        "force MAE": lambda: np.mean(np.abs(forces)),
        "force Huber": lambda: huber(forces),
        "force log-cosh": lambda: np.mean(0.1**2 * np.logaddexp(forces / 0.1, -forces / 0.1) - 0.1**2 * np.log(2)),
        "energy MAE": lambda: np.mean(np.abs(energies)),
        "KS of energies": lambda: stats.ks_2samp(truth, truth - energies, method="asymp").statistic,
        "W1 of energies": lambda: stats.wasserstein_distance(truth, truth - energies),
    }[name]()


LOSSES = [
    "Fisher divergence", "energy (½ squared error)", "KL, second order", "force MAE", "force Huber", "force log-cosh",
    "energy MAE", "KS of energies", "W1 of energies",
]  # fmt: skip


# Planes


@quick
@given(seed=seeds, K=st.integers(2, 8))
def test_a_plane_through_points_has_them_at_its_corners(seed: int, K: int) -> None:
    a, b, c = np.random.default_rng(seed).normal(size=(3, K))
    plane = fl.Plane.through(a, b, c, names=("p", "q", "r"))
    for point, (x, y) in ((a, (0, 0)), (b, (1, 0)), (c, (0, 1))):
        np.testing.assert_allclose(plane.theta(x, y), point, atol=1e-12)
        assert plane.coordinates(point) == pytest.approx((x, y), abs=1e-9)
    assert plane.labels == ("p → q", "p → r")


@quick
@given(seed=seeds, K=st.integers(2, 8), decades=st.floats(0, 4))
def test_the_random_direction_is_perpendicular_and_as_long_in_the_metric(seed: int, K: int, decades: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, K)) * 10.0 ** rng.uniform(-decades, decades, size=K)
    metric = fl.Quadratic(rows.T @ rows, np.zeros(K), 0.0)
    a, b = rng.normal(size=(2, K)) / np.sqrt(np.diag(metric.A))
    plane = fl.Plane.through(a, b, seed=seed, metric=metric)
    u, v = plane.directions
    length = np.linalg.norm(rows @ u)
    assert np.linalg.norm(rows @ v) == pytest.approx(length, rel=1e-8)
    assert (rows @ u) @ (rows @ v) == pytest.approx(0.0, abs=1e-8 * length**2)
    # Without a metric each entry is measured in units of b − a.
    u, v = fl.Plane.through(a, b, seed=seed).directions / np.abs(b - a)
    assert np.linalg.norm(v) == pytest.approx(np.sqrt(K), rel=1e-8) and u @ v == pytest.approx(0.0, abs=1e-8 * K)


def test_a_seed_settles_a_random_plane() -> None:
    a, b, loss = np.zeros(4), np.ones(4), fl.ridge(1.0, 4, origin=np.ones(4))
    for make in (lambda s: fl.Plane.through(a, b, seed=s), lambda s: fl.Plane.random(a, loss, seed=s)):
        np.testing.assert_array_equal(make(3).directions, make(3).directions)
        assert not np.allclose(make(3).directions, make(4).directions)
        assert "seed 3" in make(3).labels[1]


@quick
@given(seed=seeds, K=st.integers(2, 6))
def test_one_unit_of_a_scaled_plane_doubles_the_loss_at_its_minimum(ragged: Maker, seed: int, K: int) -> None:
    loss = fl.fisher(fl.accumulate(ragged(seed, K=K, configurations=20)))
    fit = fl.solve(loss)
    planes = [
        fl.Plane.eigen(fit.theta, loss),
        fl.Plane.random(fit.theta, loss, seed=seed),
        fl.Plane.coefficients(fit.theta, loss, 0, K - 1),
    ]
    for plane in planes:
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            assert float(loss(plane.theta(x, y))) == pytest.approx(2 * fit.value, rel=1e-6)


def test_eigenvectors_are_the_softest_and_the_stiffest_of_correlations() -> None:
    A = np.array([[4.0, 1.6, 0.0], [1.6, 1.0, 0.0], [0.0, 0.0, 9.0]])  # correlations 0.8: eigenvalues 0.2, 1, 1.8
    plane = fl.Plane.eigen(np.zeros(3), fl.Quadratic(A, np.zeros(3), 2.0))
    soft, stiff = plane.directions * np.sqrt(np.diag(A))
    np.testing.assert_allclose(np.abs(soft / np.linalg.norm(soft)), [0.5**0.5, 0.5**0.5, 0], atol=1e-12)
    assert soft[0] * soft[1] < 0 < stiff[0] * stiff[1]
    assert plane.labels == ("softest direction", "stiffest direction")


def test_the_rank_leaves_undetermined_eigenvectors_out() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3))
    rows = np.column_stack([rows, rows[:, 0]])
    loss = fl.Quadratic(rows.T @ rows, rows.T @ np.ones(30), 40.0)
    fit = fl.solve(loss, tolerance=1e-12)
    plane = fl.Plane.eigen(fit.theta, loss, rank=fit.rank)
    lengths = np.linalg.norm(plane.directions, axis=1)
    assert fit.rank == 3 and lengths.max() < 10 and lengths.min() > 0.1


def test_single_coefficients_move_alone_and_are_named() -> None:
    plane = fl.Plane.coefficients(np.arange(3.0), fl.ridge(1.0, 3), 2, 0, names=("a", "b", "c"))
    assert plane.labels == ("c", "a")
    assert [list(np.flatnonzero(d)) for d in plane.directions] == [[2], [0]]
    assert fl.Plane.coefficients(np.arange(3.0), fl.ridge(1.0, 3), 2, 0).labels == ("θ[2]", "θ[0]")


def test_planes_that_are_none_are_refused() -> None:
    a, b = np.zeros(3), np.ones(3)
    flat = fl.Quadratic(np.diag([1.0, 0.0, 0.0]), np.zeros(3), 1.0)
    for call, sentence in [
        (lambda: fl.Plane(origin=a, directions=np.eye(3)), r"directions: expected shape \(2, 3\), got \(3, 3\)"),
        (
            lambda: fl.Plane(origin=a, directions=np.array([b, 2 * b])),
            "two independent ones, got parallel or zero ones",
        ),
        (lambda: fl.Plane(origin=a, directions=np.array([b, a])), "two independent ones, got parallel or zero ones"),
        (lambda: fl.Plane.through(a, b, 3 * b), "two independent ones, got parallel or zero ones"),
        (lambda: fl.Plane.through(b, b, seed=0, metric=fl.ridge(1.0, 3)), "expected two different points"),
        (lambda: fl.Plane.through(a, np.array([0, 1.0, 0]), seed=0, metric=flat), "flat between them"),
        (lambda: fl.Plane.coefficients(a, flat, 0, 1), r"got none in \('θ\[0\]', 'θ\[1\]'\); it is flat there"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            call()


def test_a_plane_goes_through_points_that_share_a_coefficient() -> None:
    plane = fl.Plane.through(np.array([1.0, 0.0, 2.0, 3.0]), np.array([2.0, 0.0, 5.0, 1.0]), seed=0)
    assert plane.directions[1][1] == 0.0 and np.isfinite(plane.directions).all()


@pytest.mark.parametrize("kind", ["random", "through"])
def test_a_descriptor_without_forces_does_not_blow_up_a_random_direction(kind: str) -> None:
    rows = np.random.default_rng(0).normal(size=(30, 4)) * [1, 2, 3, 0]
    loss = fl.Quadratic(rows.T @ rows, rows.T @ np.ones(30), 40.0)
    if kind == "random":
        plane = fl.Plane.random(np.zeros(4), loss, seed=0)
    else:
        plane = fl.Plane.through(np.zeros(4), np.ones(4), seed=0, metric=loss)
    assert np.abs(plane.directions).max() < 1e3


@pytest.mark.parametrize("K", [1, 3])
def test_points_that_differ_in_one_coefficient_only_are_refused_in_a_sentence(K: int) -> None:
    # Without a metric the second direction is as large as b − a in every entry: there is none.
    with pytest.raises(ValueError, match="plane: expected"):
        fl.Plane.through(np.zeros(K), np.eye(K)[0], seed=0)


def test_points_and_numbers_that_do_not_fit_are_refused_by_name() -> None:
    loss = fl.ridge(1.0, 2)
    for call in (
        lambda: fl.Plane.through([0.0, 0.0], [1.0, 1.0, 1.0], seed=0),
        lambda: fl.Plane.coefficients(np.zeros(2), loss, 0, 5),
        lambda: fl.Plane.eigen(np.zeros(2), loss, which=(0, 7)),
    ):
        with pytest.raises(ValueError, match="expected"):
            call()


# Landscapes of quadratic losses


@quick
@given(seed=seeds, K=st.integers(2, 6), n=st.integers(2, 7))
def test_a_quadratic_landscape_is_the_loss_at_every_grid_point(ragged: Maker, seed: int, K: int, n: int) -> None:
    data, rng = ragged(seed, K=K), np.random.default_rng(seed)
    loss = fl.fisher(fl.accumulate(data), T)
    plane = fl.Plane.through(*rng.normal(size=(3, K)))
    land = fl.landscape(loss, plane, n=n, name="J", unit="1/Å²")
    assert (land.z.shape, land.name, land.unit, land.plane) == ((n, n), "J", "1/Å²", plane)
    assert (land.x[0], land.x[-1]) == plane.x_range and (land.y[0], land.y[-1]) == plane.y_range
    for j, y in enumerate(land.y):
        for i, x in enumerate(land.x):
            theta = plane.origin + x * plane.directions[0] + y * plane.directions[1]
            assert land.z[j, i] == pytest.approx(direct(data, "Fisher divergence", theta), rel=1e-9)


def test_between_grid_points_a_landscape_is_bilinear_and_outside_not_a_number() -> None:
    loss = fl.Quadratic(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, -2.0]), 6.0)  # xy − x + 2y + 3 is bilinear
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2), x_range=(-1, 3), y_range=(0, 2))
    land = fl.landscape(loss, plane, n=3)
    found = land.at(np.array([0.3, 0.0, 4.0, 0.5]), np.array([1.7, 1.0, 1.0, 2.5]))
    np.testing.assert_allclose(found[:2], [0.3 * 1.7 - 0.3 + 3.4 + 3, 5.0])
    assert np.isnan(found[2:]).all()


def test_one_point_of_a_landscape_is_one_number() -> None:
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
    land = fl.landscape(fl.Quadratic(np.eye(2), np.zeros(2), 6.0), plane, n=3)
    assert np.shape(land.at(0.0, 0.0)) == () and float(land.at(0.0, 0.0)) == 3.0


def test_a_grid_of_one_point_is_refused() -> None:
    plane = fl.Plane.coefficients(np.zeros(2), fl.ridge(1.0, 2), 0, 1)
    with pytest.raises(ValueError, match="n: expected a whole number of points along an axis, at least 2, got 1"):
        fl.landscape(fl.ridge(1.0, 2), plane, n=1)


# Losses that are evaluated


def on_a_plane(data: fl.Dataset, seed: int) -> tuple[fl.Plane, Projection]:
    fit = fl.solve(fl.fisher(fl.accumulate(data), T))
    rng = np.random.default_rng(seed)
    other = fit.theta + rng.normal(size=data.K) * (0.2 * np.abs(fit.theta).max())
    plane = fl.Plane.through(fit.theta, other, fit.theta + rng.normal(size=data.K))
    return plane, fl.project(data, plane)


@quick
@given(seed=seeds, K=st.integers(2, 5), n=st.integers(2, 9), delta=st.floats(1e-3, 3.0))
def test_absolute_and_huber_errors_are_exact(ragged: Maker, seed: int, K: int, n: int, delta: float) -> None:
    data = ragged(seed, K=K)
    plane, projection = on_a_plane(data, seed)
    x, y = np.linspace(-1.5, 1.5, n), np.linspace(-0.7, 2.0, n + 1)
    mae, loss = projection.force_mae(x, y), projection.force_huber(x, y, delta=delta)
    energy = projection.energy_mae(x, y)
    assert mae.shape == loss.shape == energy.shape == (n + 1, n)
    for j, i in np.ndindex(mae.shape):
        forces, energies = residuals(data, plane.theta(x[i], y[j]))
        assert mae[j, i] == pytest.approx(np.mean(np.abs(forces)), rel=1e-12, abs=1e-12)
        assert loss[j, i] == pytest.approx(huber(forces, delta), rel=1e-12, abs=1e-12)
        assert energy[j, i] == pytest.approx(np.mean(np.abs(energies)), rel=1e-12, abs=1e-12)


def test_residuals_that_do_not_change_along_y_are_counted() -> None:
    t = fl.Trajectory(
        key="a", n_atoms=[2], energies=[0.0], descriptors=[[1.0, 1.0]], forces=[1.0, 0, -2.0, 0.5, 0, 0],
        force_descriptors=[[1.0, 0], [0, 0], [0, 1.0], [0, 0], [1.0, 1.0], [0, -1.0]],
    )  # fmt: skip
    data = fl.Dataset([t])
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
    x = y = np.linspace(-1, 1, 5)  # some residuals cross zero exactly on the grid
    found = fl.project(data, plane)
    for j, i in np.ndindex(5, 5):
        forces = t.forces - t.force_descriptors @ [x[i], y[j]]
        assert found.force_mae(x, y)[j, i] == pytest.approx(np.mean(np.abs(forces)), abs=1e-14)
        assert found.force_huber(x, y)[j, i] == pytest.approx(huber(forces), abs=1e-14)


#: What residuals r + x a + y b may look like, by name: scales of r, a and b, and how they are made special.
HAZARDS: dict[str, tuple[tuple[float, float, float], Callable[[NDArray], None] | None]] = {
    "ordinary": ((0.1, 0.1, 0.1), None),
    "none depends on y": ((0.1, 0.1, 0.0), None),
    "none depends on x": ((0.1, 0.0, 0.1), None),
    "all fall along y": ((0.1, 0.1, 0.1), lambda v: np.negative(np.abs(v[2]), out=v[2])),
    "some fall, some stay": ((0.1, 0.1, 0.1), lambda v: v[2].__setitem__(slice(None, None, 3), 0.0)),
    "knots on grid points": ((1.0, 1.0, 1.0), lambda v: np.divide(np.round(20 * v), 20, out=v)),
    "knots of Huber on grid points": ((0.1, 0.0, 0.1), lambda v: v.__setitem__((slice(None)), np.round(10 * v) / 10)),
    "barely along y": ((0.1, 0.1, 1e-12), None),
    "less than barely": ((0.1, 0.1, 1e-310), None),
    "a plane that is far too wide": ((0.05, 30.0, 1e4), None),
    "far from zero": ((1e6, 0.1, 0.1), None),
    "huge": ((1e90, 1e90, 1e90), None),
    "tiny": ((1e-90, 1e-90, 1e-90), None),
    "of all sizes": ((1.0, 1.0, 1.0), lambda v: np.multiply(v, 10.0 ** np.linspace(-8, 4, v.shape[1]), out=v)),
}


def bare(vectors: NDArray) -> Projection:
    """A projection of residuals of forces that no data have."""
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
    return Projection(forces=vectors, energies=np.zeros((3, 1)), reference=np.zeros(1), plane=plane)


def extended(vectors: NDArray, x: float, y: float) -> tuple[float, float]:
    """Mean absolute error and mean Huber loss at a point, in extended precision."""
    r, a, b = vectors.astype(np.longdouble)
    size = np.abs(r + np.longdouble(x) * a + np.longdouble(y) * b)
    delta = np.longdouble(0.1)
    return float(size.mean()), float(np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta)).mean())


@pytest.mark.parametrize("hazard", HAZARDS)
def test_absolute_and_huber_errors_are_exact_whatever_the_residuals(hazard: str) -> None:
    scales, change = HAZARDS[hazard]
    vectors = np.random.default_rng(len(hazard)).normal(size=(3, 700)) * np.array(scales)[:, None]
    if change:
        change(vectors)
    projection = bare(vectors)
    for x, y in ((np.linspace(-1, 1, 5), np.linspace(-1, 1, 21)), (np.linspace(0, 3, 2), np.linspace(-0.5, 40, 9))):
        expected = np.array([[extended(vectors, u, v) for u in x] for v in y])
        for found, true in zip((projection.force_mae(x, y), projection.force_huber(x, y)), expected.T, strict=True):
            # The second term is half a unit in the last place of the largest residuals, which those at 0 differ by.
            np.testing.assert_allclose(found, true.T, rtol=1e-12, atol=1e-16 * true.max())


@pytest.mark.parametrize("half_width", [0.01, 1.0, 100.0])
def test_a_hundred_thousand_real_residuals_are_exact(
    copper: fl.Dataset, copper_moments: fl.Moments, root: Any, half_width: float
) -> None:
    loss, other = fl.fisher(copper_moments), fl.io.read_theta(root / "data" / "theta_energy.json").theta
    plane = fl.Plane.through(fl.solve(loss).theta, other, metric=loss).widened(half_width)
    vectors = np.ascontiguousarray(fl.project(copper, plane).forces[:, :100_000])
    x, y = plane.axes(101)
    mae, loss = bare(vectors).force_mae(x[::10], y), bare(vectors).force_huber(x[::10], y)
    lowest = np.unravel_index(np.argmin(mae), mae.shape)  # where rounding is largest, relatively
    for j, i in [lowest, (0, 0), (100, 10), *np.random.default_rng(0).integers(0, (101, 11), size=(9, 2))]:
        assert (mae[j, i], loss[j, i]) == pytest.approx(extended(vectors, x[10 * i], y[j]), rel=1e-12)


def test_rows_are_taken_in_blocks_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    projection, (x, y) = bare(np.random.default_rng(0).normal(size=(3, 1000))), (np.linspace(-1, 1, 4),) * 2
    whole, counts = projection.force_huber(x, y), []
    monkeypatch.setattr(projections, "BLOCK", 77)
    blocks = projection.force_huber(x, y, progress=lambda *count: counts.append(count))
    np.testing.assert_allclose(blocks, whole, rtol=1e-14)
    assert counts == [(k + 1, 52) for k in range(52)]


@pytest.mark.parametrize(
    "y", [[0.0, 1e-10, 3e-10], [0.0, 1.0, 2.0 + 1e-9], [1.0, 0.0], [0.0, 0.0], [0.0], [0.0, np.nan]]
)
def test_an_axis_that_is_nearly_even_is_refused_too(y: list[float]) -> None:
    with pytest.raises(ValueError, match="y: expected an evenly spaced, ascending axis, as from numpy.linspace"):
        bare(np.ones((3, 2))).force_mae(np.array([0.0, 1.0]), np.array(y))


@pytest.mark.parametrize("y", [np.linspace(1e6, 1e6 + 1, 101), np.arange(-1, 1.05, 0.1), np.linspace(-1e-9, 2e-9, 77)])
def test_every_axis_of_numpy_is_even(y: NDArray) -> None:
    vectors = np.array([[1.0, -1.0, 0.2], [0.0, 0.5, 0.1], [1e-6, -1.0, 1e6]])
    expected = [[extended(vectors, u, v)[0] for u in (0.0, 1.0)] for v in y]
    found = bare(vectors).force_mae(np.array([0.0, 1.0]), y)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-16 * np.max(expected))


def test_an_axis_that_is_not_even_is_refused_or_right(ragged: Maker) -> None:
    data = ragged(0)
    plane, projection = on_a_plane(data, 0)
    x, y = np.linspace(-1, 1, 3), np.array([-1.0, -0.9, 0.0, 2.0])
    try:
        found = projection.force_mae(x, y)
    except ValueError as error:
        assert str(error).startswith("y: expected")  # noqa: PT017
        return
    expected = [[np.mean(np.abs(residuals(data, plane.theta(u, v))[0])) for u in x] for v in y]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_log_cosh_is_right_to_a_millionth_on_real_forces(few_walkers: fl.Dataset, root: Any) -> None:
    data = few_walkers.select(["walker-00"])
    fit = fl.solve(fl.fisher(fl.accumulate(few_walkers)))
    other = fl.io.read_theta(root / "data" / "theta_energy.json").theta
    plane = fl.Plane.through(fit.theta, other, seed=0, metric=fl.fisher(fl.accumulate(few_walkers)))
    land = fl.landscape(fl.project(data, plane).force_log_cosh, plane, n=41)
    rng = np.random.default_rng(0)
    for j, i in [(0, 0), (0, 40), (40, 0), (40, 40), (20, 10), *rng.integers(0, 41, size=(15, 2))]:
        exact = direct(data, "force log-cosh", plane.theta(land.x[i], land.y[j]))
        assert land.z[j, i] == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("kind", ["eigen", "from zero", "without metric"])
def test_log_cosh_is_right_to_a_millionth_on_every_plane_of_the_package(
    few_walkers: fl.Dataset, root: Any, kind: str
) -> None:
    data, loss = few_walkers.select(["walker-00"]), fl.fisher(fl.accumulate(few_walkers))
    theta, other = fl.solve(loss).theta, fl.io.read_theta(root / "data" / "theta_energy.json").theta
    plane = {
        "eigen": lambda: fl.Plane.eigen(theta, loss),
        "from zero": lambda: fl.Plane.through(np.zeros(data.K), theta, seed=0, metric=loss),
        "without metric": lambda: fl.Plane.through(theta, other, seed=0),
    }[kind]()
    land = fl.landscape(fl.project(data, plane).force_log_cosh, plane, n=9)
    exact = [[direct(data, "force log-cosh", plane.theta(x, y)) for x in land.x] for y in land.y]
    np.testing.assert_allclose(land.z, exact, rtol=1e-6)


def test_data_of_another_descriptor_are_refused(ragged: Maker) -> None:
    with pytest.raises(ValueError, match="plane: expected K = 3 parameters as in the data, got 2"):
        fl.project(ragged(0), fl.Plane.coefficients(np.zeros(2), fl.ridge(1.0, 2), 0, 1))


# The atlas: one contract for every loss


@pytest.fixture(scope="module")
def models(few_walkers: fl.Dataset, root: Any) -> dict[str, fl.LinearPotential]:
    moments = fl.accumulate(few_walkers)
    fit = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments, T)), moments)
    return {"θ": fl.io.read_theta(root / "data" / "theta_energy.json"), "θ_f": fit}


@pytest.fixture(scope="module")
def atlas(few_walkers: fl.Dataset, models: dict[str, fl.LinearPotential]) -> fl.Atlas:
    return fl.Atlas(few_walkers, fl.accumulate(few_walkers), models, n=21, seed=1)


def test_the_atlas_has_the_losses_of_this_contract(atlas: fl.Atlas) -> None:
    assert list(atlas.losses) == LOSSES and atlas.models == ("θ", "θ_f")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", ["θ", "θ_f"])
def test_every_loss_is_finite_and_equals_its_definition(
    few_walkers: fl.Dataset, models: dict[str, fl.LinearPotential], atlas: fl.Atlas, model: str, loss: str
) -> None:
    before = {name: m.theta.tobytes() for name, m in models.items()}
    land, points = atlas(model, loss)
    partner = next(name for name in models if name != model)
    assert land.z.shape == (21, 21) and np.isfinite(land.z).all() and land.z.min() >= 0
    assert land.name == loss and points == {model: (0.0, 0.0), partner: (1.0, 0.0)}
    rng = np.random.default_rng(LOSSES.index(loss))
    for j, i in rng.integers(0, 21, size=(4, 2)):
        theta = land.plane.theta(land.x[i], land.y[j])
        rel, steps = (1e-6, 0) if "cosh" in loss else (1e-8, 1 / len(few_walkers.energies) if "KS" in loss else 0)
        # A step of the distribution functions may fall on either side of a tie that rounding breaks.
        assert land.z[j, i] == pytest.approx(direct(few_walkers, loss, theta), rel=rel, abs=1.01 * steps)
    assert {name: m.theta.tobytes() for name, m in models.items()} == before
    np.testing.assert_allclose(land.plane.theta(*points[partner]), models[partner].theta, rtol=1e-9, atol=1e-9)


def test_the_fisher_minimum_is_lowest_on_its_plane(atlas: fl.Atlas) -> None:
    land, _ = atlas("θ_f", "Fisher divergence")
    assert land.z.min() >= land.at([0.0], [0.0])[0] * (1 - 1e-9)


def test_a_landscape_is_drawn_once(atlas: fl.Atlas) -> None:
    assert atlas("θ", "force MAE")[0] is atlas("θ", "force MAE")[0]


def test_unknown_names_are_answered_with_the_known_ones(atlas: fl.Atlas) -> None:
    with pytest.raises(ValueError, match="model: expected one of 'θ', 'θ_f', got 'x'"):
        atlas("x", "force MAE")
    with pytest.raises(ValueError, match="model: expected one of 'θ', 'θ_f', got 'x'"):
        atlas.planes("x")
    with pytest.raises(ValueError, match="loss: expected one of 'Fisher divergence', .* got 'mae'"):
        atlas("θ", "mae")


def test_one_model_is_no_atlas(ragged: Maker) -> None:
    data = ragged(0)
    with pytest.raises(ValueError, match=r"models: expected at least two to put a plane through, got \['a'\]"):
        fl.Atlas(data, fl.accumulate(data), {"a": fl.LinearPotential(theta=np.ones(3))})


def test_a_model_may_have_an_arrow_in_its_name(ragged: Maker) -> None:
    data = ragged(0)
    models = {n: fl.LinearPotential(theta=v) for n, v in (("300 → 600 K", np.ones(3)), ("b", np.arange(3.0) + 0.5))}
    assert set(fl.Atlas(data, fl.accumulate(data), models, n=3)("b", "force MAE")[1]) == set(models)


def test_a_model_given_twice_is_drawn_against_another_one(ragged: Maker) -> None:
    data = ragged(0)
    one, two = fl.LinearPotential(theta=np.ones(3)), fl.LinearPotential(theta=np.arange(3.0) + 0.5)
    atlas = fl.Atlas(data, fl.accumulate(data), {"θ_f": one, "the same": one, "b": two}, n=3)
    assert set(atlas("θ_f", "force MAE")[1]) == {"θ_f", "b"} and set(atlas("b", "force MAE")[1]) == {"θ_f", "b"}
    with pytest.raises(ValueError, match="models: expected two with different parameters"):
        fl.Atlas(data, fl.accumulate(data), {"a": one, "b": one}, n=3)
