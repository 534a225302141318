"""The dimer in its fluid: forces, the bond alone, labels, reflections, and configurations to start from."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from fisherlib.systems import Dimer

DIMER = Dimer()


def configurations(n: int, seed: int) -> np.ndarray:
    """Dense configurations, some of them beyond the walls, with labels as they come."""
    rng = np.random.default_rng(seed)
    x = DIMER.starts(n, distance=rng.uniform(0.7, 2.4, size=n), seed=seed).reshape(n, 38, 2)
    x = x * 1.05 + 0.05 * rng.normal(size=x.shape)
    solvent = 2 + rng.permuted(np.tile(np.arange(36), (n, 1)), axis=1)
    ends = rng.permuted(np.tile([0, 1], (n, 1)), axis=1)
    return np.take_along_axis(x, np.concatenate([ends, solvent], axis=1)[:, :, None], axis=1).reshape(n, 76)


def by_loops(x: np.ndarray) -> float:
    """u of one configuration, term by term as the formula has them."""
    r = x.reshape(38, 2)
    pairs = [(i, j) for i in range(38) for j in range(i + 1, 38) if (i, j) != (0, 1)]
    u = sum((1.1 / np.hypot(*(r[i] - r[j]))) ** 12 for i, j in pairs)
    s = 2 * (np.hypot(*(r[0] - r[1])) - 1.5)
    u += 2 * s - 25 * s**2 + 10 * s**4
    u += 20 * ((r[0, 0] + r[1, 0]) ** 2 + r[0, 1] ** 2 + r[1, 1] ** 2)
    return u + sum(200 * (abs(c) - 3) ** 2 for c in r.ravel() if abs(c) > 3)


def test_energies_are_those_of_the_formula() -> None:
    x = configurations(6, seed=1)
    np.testing.assert_allclose(DIMER.energy_and_gradient(x)[0], [by_loops(one) for one in x], rtol=1e-12)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**20), n=st.sampled_from([1, 3, 257]))
def test_gradients_are_those_of_the_energies(seed: int, n: int) -> None:
    x, h = configurations(n, seed), 1e-5
    along = np.random.default_rng(seed).normal(size=x.shape)
    for of in (DIMER.energy_and_gradient, DIMER.distance_and_gradient, DIMER.without_bond().energy_and_gradient):
        slope = (of(x + h * along)[0] - of(x - h * along)[0]) / (2 * h)
        size = np.abs(of(x)[1] * along).sum(axis=1)
        assert (np.abs((of(x)[1] * along).sum(axis=1) - slope) <= 1e-6 * size).all()


def test_every_coordinate_has_its_gradient() -> None:
    x, h = configurations(1, seed=5), 1e-5
    moved = np.repeat(x, 76, axis=0)
    up, down = (DIMER.energy_and_gradient(moved + sign * h * np.eye(76))[0] for sign in (1, -1))
    np.testing.assert_allclose(DIMER.energy_and_gradient(x)[1][0], (up - down) / (2 * h), rtol=1e-5, atol=1e-4)


def test_the_bond_alone_prefers_the_closed_state_by_the_published_amount() -> None:
    def populations(low: float, high: float) -> float:
        return integrate.quad(lambda d: np.exp(-float(DIMER.bond(d)) - 20), low, high, limit=200, epsabs=0)[0]

    assert -np.log(populations(0.3, 1.5) / populations(1.5, 2.8)) == pytest.approx(-4.413904, abs=1e-5)


def test_without_bond_only_the_bond_is_gone() -> None:
    x = configurations(5, seed=2)
    bond = DIMER.bond(DIMER.distance(x))
    less = DIMER.without_bond().energy_and_gradient(x)[0]
    np.testing.assert_allclose(DIMER.energy_and_gradient(x)[0] - less, bond, atol=1e-9)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_new_labels_keep_the_energy_land_in_the_cell_and_stay(seed: int) -> None:
    x = configurations(5, seed)
    once = DIMER.relabel(x)
    assert not DIMER.inside(x).any()  # one labelling in 36!·2 is in the cell
    assert DIMER.inside(once).all() and (once[:, 0] <= once[:, 2]).all()
    np.testing.assert_array_equal(DIMER.relabel(once), once)
    np.testing.assert_allclose(*(DIMER.energy_and_gradient(some)[0] for some in (x, once)), rtol=1e-12)
    for a, b in zip(x.reshape(-1, 38, 2), once.reshape(-1, 38, 2), strict=True):
        assert {*map(tuple, a[:2])} == {*map(tuple, b[:2])} and {*map(tuple, a[2:])} == {*map(tuple, b[2:])}


def test_the_labels_of_the_cell_are_closest_to_the_sites() -> None:
    r = DIMER.relabel(configurations(3, seed=8)).reshape(3, 38, 2)[:, 2:]
    rng = np.random.default_rng(0)
    apart = ((r - DIMER.sites) ** 2).sum(axis=(1, 2))
    for i, j in rng.integers(36, size=(200, 2)):
        other = r.copy()
        other[:, [i, j]] = other[:, [j, i]]
        assert (((other - DIMER.sites) ** 2).sum(axis=(1, 2)) >= apart - 1e-9).all()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**20))
def test_reflections_keep_the_energy_the_distance_and_the_cell(seed: int) -> None:
    x = DIMER.relabel(configurations(4, seed))
    all_four = DIMER.reflections(x)
    np.testing.assert_array_equal(all_four[:4], x)
    assert DIMER.inside(all_four).all()
    np.testing.assert_allclose(
        DIMER.energy_and_gradient(all_four)[0], np.tile(DIMER.energy_and_gradient(x)[0], 4), rtol=1e-12
    )
    np.testing.assert_allclose(DIMER.distance(all_four), np.tile(DIMER.distance(x), 4), rtol=1e-12)
    np.testing.assert_array_equal(DIMER.reflections(all_four[4:8])[4:8], x)  # twice is not at all
    np.testing.assert_allclose(np.sort(all_four[4:8, 4::2]), np.sort(-x[:, 4::2]))


def test_states_and_the_distances_inside() -> None:
    x = DIMER.starts(4, distance=[0.9, 1.4, 1.6, 2.2], seed=3)
    np.testing.assert_allclose(DIMER.distance(x), [0.9, 1.4, 1.6, 2.2])
    np.testing.assert_array_equal(DIMER.state(x), [0, 0, 1, 1])
    for cell in (True, False):
        closed = Dimer(between=(0.0, 1.5), cell=cell)
        np.testing.assert_array_equal(closed.inside(x), [True, True, False, False])
    swapped = x.reshape(4, 38, 2)[:, [0, 1, 3, 2, *range(4, 38)]].reshape(4, 76)
    assert not DIMER.inside(swapped).any() and dataclasses.replace(DIMER, cell=False).inside(swapped).all()
    assert not DIMER.inside(np.full((2, 76), np.nan)).any()


def test_starts_are_calm_and_differ() -> None:
    x = DIMER.starts(20, distance=np.linspace(0.75, 2.25, 20), seed=4)
    assert DIMER.inside(x).all()
    assert DIMER.without_bond().energy_and_gradient(x)[0].max() < 60  # about the mean of the fluid at kT = 1
    assert np.abs(x - DIMER.starts(20, distance=np.linspace(0.75, 2.25, 20), seed=5)).max() > 0.01
    np.testing.assert_array_equal(x, DIMER.starts(20, distance=np.linspace(0.75, 2.25, 20), seed=4))


def test_particles_at_one_place_have_no_finite_energy() -> None:
    x = DIMER.starts(1, distance=1.0)
    x[0, 4:6] = x[0, 6:8]
    assert DIMER.energy_and_gradient(x)[0][0] == np.inf


def test_masks_split_the_coordinates_in_halves_by_turns() -> None:
    masks = DIMER.masks(12)
    assert masks.shape == (12, 76) and masks.dtype == bool
    assert (masks.sum(axis=1) == 38).all()
    np.testing.assert_array_equal(masks[1::2], ~masks[::2])
    assert len({tuple(mask) for mask in masks[:8]}) == 8


@pytest.mark.parametrize("far", [1e80, 1e200, np.inf, np.nan])
@pytest.mark.parametrize("coordinate", [0, 4])
def test_far_and_missing_particles_are_never_inside_and_never_warned_of(far: float, coordinate: int) -> None:
    x = Dimer().starts(1, distance=1.0)
    x[0, coordinate] = far
    assert not Dimer().energy_and_gradient(x)[0][0] < 1e100
    if not np.isfinite(far):
        assert not Dimer().inside(x) and not Dimer(cell=False).inside(x)
        with pytest.raises(ValueError, match="x: expected finite coordinates"):
            Dimer().relabel(x)


def test_no_configurations_are_as_good_as_some() -> None:
    none = np.zeros((0, 76))
    for same in (Dimer().relabel, Dimer().reflections, lambda x: Dimer().energy_and_gradient(x)[1]):
        assert same(none).shape == (0, 76)
    assert Dimer().inside(none).shape == (0,)
