"""Previews of losses on planes: what they say of their own error, against exact surfaces."""

import dataclasses
from typing import Any

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.dataset import Array
from fisherlib.landscapes import Loss, previews
from fisherlib.landscapes.catalogue import EVALUATED
from fisherlib.landscapes.previews import Preview, worthwhile
from fisherlib.landscapes.projections import Projection

LOSSES, NAMES = EVALUATED, [loss.name for loss in EVALUATED]
FORCES, DISTANCES = LOSSES[:3], LOSSES[4:]
LOG_COSH, ENERGY_MAE, KS, W1 = LOSSES[2:]
N = 15  # points along an axis at which surfaces are compared; the nodes are none of them but the corners and the middle


@pytest.fixture(scope="module")
def planes(copper: fl.Dataset, copper_moments: fl.Moments, root: Any) -> list[fl.Plane]:
    """Planes of every kind, narrow and wide."""
    J = fl.fisher(copper_moments)
    theta, other = fl.solve(J).theta, fl.io.read_theta(root / "data" / "theta_energy.json").theta
    of_every_kind = [
        fl.Plane.through(theta, other, metric=J),
        fl.Plane.eigen(theta, J),
        fl.Plane.random(other, J, seed=1),
        fl.Plane.coefficients(other, J, 0, 5),
    ]
    return [plane.widened(factor) for plane in of_every_kind for factor in (0.3, 1.0, 10.0)]


@pytest.fixture(scope="module")
def projections(copper: fl.Dataset, planes: list[fl.Plane]) -> list[tuple[Projection, fl.Plane]]:
    return [(fl.project(copper, plane), plane) for plane in planes]


def preview(
    projection: Projection, loss: Loss, x: Array, y: Array, *, seed: int = 0, most: int | None = None
) -> Preview:
    """A preview, from at most so many residuals."""
    recipe = loss.linear if most is None else dataclasses.replace(loss.linear, most=most)
    return previews.preview(projection, recipe, x, y, seed=seed)


def exactly(projection: Projection, loss: Loss, x: Array, y: Array) -> Array:
    return loss.linear.exact(projection, x, y)


def random_energies(M: int, *, seed: int = 0) -> tuple[Projection, fl.Plane]:
    """Energies alone, drifting along the run, so that neighbours are alike."""
    rng = np.random.default_rng(seed)
    U = 0.02 * np.sin(np.linspace(0, 20, M)) + 0.01 * rng.normal(size=M)
    vectors = np.array([0.004 * rng.normal(size=M), 0.5 * U, 0.006 * rng.normal(size=M) + 0.1 * U])
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
    return Projection(forces=np.zeros((3, 1)), energies=vectors, reference=U, plane=plane), plane


@pytest.mark.parametrize("loss", LOSSES, ids=NAMES)
def test_the_error_covers_the_deviation_from_the_exact_surface_of_real_data(
    projections: list[tuple[Projection, fl.Plane]], loss: Loss
) -> None:
    few = 5000 if loss in FORCES else 200
    covered, tight = [], []
    for projection, plane in projections:
        x, y = plane.axes(N)
        if loss is LOG_COSH:  # whose exact surface takes seconds on all of them
            projection = dataclasses.replace(projection, forces=np.ascontiguousarray(projection.forces[:, ::5]))
        exact = exactly(projection, loss, x, y)
        seen = [preview(projection, loss, x, y)]
        seen += [preview(projection, loss, x, y, seed=seed, most=few) for seed in range(3)]
        deviations = np.array([np.abs(each.z - exact).max() for each in seen])
        errors = np.array([each.error for each in seen])
        covered += list(deviations <= errors)
        tight += list(errors / deviations)
    assert np.mean(covered) >= 0.95, f"{np.sum(~np.array(covered))} of {len(covered)} are further off than they say"
    assert np.median(tight) < 12  # an error that is always far too large covers everything and says nothing


@pytest.mark.parametrize("loss", LOSSES, ids=NAMES)
def test_a_preview_resembles_the_surface(projections: list[tuple[Projection, fl.Plane]], loss: Loss) -> None:
    projection, plane = projections[1]
    x, y = plane.axes(N)
    exact, seen = exactly(projection, loss, x, y), preview(projection, loss, x, y)
    share = 0.2 if loss is KS else 0.02
    assert seen.z.shape == (N, N) and np.abs(seen.z - exact).max() < share * np.ptp(exact)
    assert seen.error == seen.method_error + seen.sampling_error > 0


def test_x_and_y_are_not_exchanged() -> None:
    projection, _ = random_energies(400)
    x, y = np.linspace(-1.0, 0.5, 7), np.linspace(0.0, 3.0, 9)
    seen = preview(projection, ENERGY_MAE, x, y)
    assert seen.z.shape == (9, 7)
    assert np.abs(seen.z - projection.energy_mae(x, y)).max() <= seen.error < 0.05 * np.ptp(seen.z)


@pytest.mark.parametrize("loss", LOSSES, ids=NAMES)
def test_without_sampling_there_is_no_error_of_sampling(
    projections: list[tuple[Projection, fl.Plane]], loss: Loss
) -> None:
    projection, plane = projections[0]
    projection = dataclasses.replace(projection, forces=projection.forces[:, :20_001])
    seen = preview(projection, loss, *plane.axes(5))
    total = 20_001 if loss in FORCES else 1000
    assert (seen.used, seen.total, seen.sampling_error) == (total, total, 0.0)
    # At nodes alone (x and y in the corners) nothing is interpolated.
    corners = (np.array(plane.x_range), np.array(plane.y_range))
    exact = exactly(projection, loss, *corners)
    np.testing.assert_allclose(preview(projection, loss, *corners).z, exact, rtol=1e-5)


def test_half_as_many_residuals_are_further_off_and_say_so(projections: list[tuple[Projection, fl.Plane]]) -> None:
    projection, plane = projections[1]
    x, y = plane.axes(5)
    errors = []
    for most in (2000, 8000, 32_000):
        each = [preview(projection, LOSSES[0], x, y, seed=seed, most=most) for seed in range(8)]
        assert {seen.used for seen in each} == {165_000 // -(-165_000 // most)}
        errors.append(np.mean([seen.sampling_error for seen in each]))
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.3) and errors[1] / errors[2] == pytest.approx(2.2, rel=0.3)


def test_a_sample_is_settled_by_its_seed_and_right_on_average() -> None:
    projection, plane = random_energies(1003)
    x, y = plane.axes(3)  # whose points are nodes
    exact, each = projection.energy_mae(x, y), []
    for seed in range(200):
        each.append(preview(projection, ENERGY_MAE, x, y, seed=seed, most=120).z)
    again = preview(projection, ENERGY_MAE, x, y, seed=3, most=120).z
    assert np.array_equal(again, each[3]) and not np.array_equal(each[3], each[4])
    standard_error = np.std(each, axis=0) / np.sqrt(len(each))
    assert np.all(np.abs(np.mean(each, axis=0) - exact) < 4 * standard_error + 1e-6 * exact)


@pytest.mark.parametrize("total", [1, 2, 31, 999, 1000, 1001, 1999, 2001, 12_345])
def test_every_stretch_has_its_share_of_a_sample(total: int) -> None:
    chosen = previews._sample(total, 1000, seed=total)
    stride = -(-total // 1000)
    assert len(chosen) == total // stride == len(set(chosen)) <= 1000 and 0 <= chosen.min() <= chosen.max() < total
    assert len(chosen) == total if total <= 1000 else len(chosen) > 0.49 * min(total, 1000)
    counts = np.bincount(chosen // (10 * stride))[:-1]  # of stretches of ten strides each; one may be cut by the start
    assert np.all(np.abs(counts - 10) <= 2)


@pytest.mark.parametrize("loss", DISTANCES, ids=NAMES[4:])
def test_distances_of_many_configurations_are_covered_though_they_are_biased_in_samples(loss: Loss) -> None:
    covered = []
    for seed in range(6):
        projection, plane = random_energies(15_000, seed=seed)
        x, y = plane.axes(5)
        seen = preview(projection, loss, x, y, seed=seed)
        assert seen.used < seen.total and seen.sampling_error > 0
        deviation = np.abs(seen.z - exactly(projection, loss, x, y)).max()
        covered.append(deviation <= seen.error)
        assert seen.error < 40 * deviation
    assert all(covered)


def test_small_data_and_few_residuals_are_no_trouble() -> None:
    for M in (1, 2, 3, 33):
        projection, plane = random_energies(M)
        for loss in (ENERGY_MAE, *DISTANCES):
            x, y = plane.axes(4)
            seen = preview(projection, loss, x, y)
            assert np.abs(seen.z - exactly(projection, loss, x, y)).max() <= seen.error


def test_only_what_takes_longer_than_a_moment_is_worth_a_preview(
    projections: list[tuple[Projection, fl.Plane]],
) -> None:
    projection, _ = projections[0]
    assert [loss for loss in LOSSES if worthwhile(projection, loss.linear, 101)] == [*FORCES, KS]
    small = dataclasses.replace(projection, forces=projection.forces[:, :3000], energies=projection.energies[:, :50])
    assert not any(worthwhile(small, loss.linear, 61) for loss in LOSSES)
    assert worthwhile(random_energies(100_000)[0], W1.linear, 61)


@pytest.mark.parametrize(
    ("error", "unit", "words"),
    [
        (0.0, "eV/Å", "lines: cuts along x (solid) and y (dashed)"),
        (0.00031, "eV/Å", "Preview, ± 0.31 meV/Å, until the exact surface is there"),
        (0.25, "eV/atom", "Preview, ± 0.25 eV/atom, until the exact surface is there"),
        (4e-5, "eV²/Å²", "Preview, ± 4e-05 eV²/Å², until the exact surface is there"),
        (0.02, "", "Preview, ± 0.02, until the exact surface is there"),
    ],
)
def test_a_figure_says_in_words_how_far_a_preview_may_be_off(error: float, unit: str, words: str) -> None:
    x = np.linspace(-1, 1, 3)
    plane = fl.Plane(origin=np.zeros(2), directions=np.eye(2))
    drawn = fl.figures.landscape(fl.Landscape(x=x, y=x, z=np.add.outer(x, x), plane=plane, unit=unit, error=error))
    assert drawn.layout.title.subtitle.text == words
