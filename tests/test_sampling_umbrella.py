"""Hamiltonian Monte Carlo and windows with exchange against exact averages and quadrature."""

import numpy as np
import pytest
from scipy import integrate

import fisherlib as fl
from fisherlib.sampling import hmc, umbrella
from fisherlib.systems import Dimer


class Gaussian:
    """u = ½ Σ a_i (x_i − 1)²."""

    a = np.array([1.0, 4.0, 25.0])
    dimension = 3

    def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 0.5 * (self.a * (x - 1) ** 2).sum(axis=1), self.a * (x - 1)


class Half(Gaussian):
    """The same where the first coordinate is above 1."""

    def inside(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0] > 1


class Well:
    """A double well in one dimension, u = 4 (x² − 1)² + x: 4 kT from one state to the other."""

    dimension = 1

    def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return 4 * (x[:, 0] ** 2 - 1) ** 2 + x[:, 0], 16 * x * (x**2 - 1) + 1


def position(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x[:, 0], np.ones_like(x)


def windows(ladders: int, steps: int, *, every: int = 8, seed: int = 0) -> fl.sampling.Umbrella:
    centres = np.linspace(-1.6, 1.6, 9)
    x = np.tile(centres[:, None], (ladders, 1, 1))
    how = {"coordinate": position, "centres": centres, "stiffness": 12.0, "step": 0.1, "leapfrog": 5}
    return umbrella(Well(), x, steps=steps, every=every, seed=seed, **how)


def test_a_gaussian_has_its_moments() -> None:
    start = np.ones((400, 3))
    chains = hmc(Gaussian(), start, steps=120, step=0.15, leapfrog=8, every=5, seed=1)
    assert 0.6 < chains.acceptance < 1.0 and chains.x.shape == (24, 400, 3)
    x = chains.x[8:]
    for found, exact in ((x, 1.0), (((x - 1) ** 2) * Gaussian.a, 1.0)):
        each = found.mean(axis=0)  # of each walker, independent of the others
        assert (np.abs(each.mean(axis=0) - exact) < 5 * each.std(axis=0, ddof=1) / 20).all()
    np.testing.assert_allclose(chains.reduced_energies[-1], Gaussian().energy_and_gradient(chains.x[-1])[0])


def test_long_steps_are_as_exact_as_short_ones() -> None:
    chains = hmc(Gaussian(), np.ones((800, 3)), steps=300, step=0.36, leapfrog=4, every=10, seed=2)
    assert chains.acceptance < 0.9
    stiff = ((chains.x[5:, :, 2] - 1) ** 2 * 25).mean(axis=0)
    assert abs(stiff.mean() - 1.0) < 5 * stiff.std(ddof=1) / np.sqrt(800)


def test_chains_stay_inside_and_sample_what_is_there() -> None:
    chains = hmc(Half(), np.full((400, 3), 1.1), steps=150, step=0.15, leapfrog=8, every=5, seed=3)
    assert (chains.x[:, :, 0] > 1).all()
    each = chains.x[10:, :, 0].mean(axis=0) - 1
    assert abs(each.mean() - np.sqrt(2 / np.pi)) < 5 * each.std(ddof=1) / 20


def test_the_same_seed_gives_the_same_chains() -> None:
    first, again, other = (hmc(Gaussian(), np.ones((4, 3)), steps=5, step=0.1, seed=seed).x for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(windows(2, 16).x, windows(2, 16).x)


def test_windows_and_mbar_give_the_difference_of_quadrature() -> None:
    def population(low: float, high: float) -> float:
        return integrate.quad(lambda x: np.exp(-4 * (x * x - 1) ** 2 - x), low, high)[0]

    exact = np.log(population(-4, 0) / population(0, 4))
    run = windows(16, 400, seed=4).after(5)
    assert (run.exchanges > 0.03).all() and 0.5 < run.acceptance <= 1.0
    each = []
    for k in range(0, 16, 2):
        part = run.ladders(slice(k, k + 2))
        w = np.exp(part.log_weights())
        assert w.sum() == pytest.approx(1.0, abs=1e-5)
        each.append(np.log(w[part.coordinate < 0].sum() / w[part.coordinate >= 0].sum()))
    assert abs(np.mean(each) - exact) < 5 * np.std(each, ddof=1) / np.sqrt(8)
    assert np.std(each, ddof=1) < 0.9  # the error bar says something


def test_an_energy_on_top_changes_the_target_of_the_weights() -> None:
    run = windows(8, 200, seed=5).after(3)
    w = np.exp(run.log_weights(-run.coordinate))  # takes the tilt away, so that both wells are equal
    w_tilted = np.exp(run.log_weights())
    left, tilted = (float(some[run.coordinate < 0].sum()) for some in (w, w_tilted))
    assert abs(left - 0.5) < 0.25 and tilted > 0.7 and tilted > left


def test_windows_keep_their_walkers_and_exchanges_move_them() -> None:
    run = windows(4, 60, every=1, seed=6)
    np.testing.assert_array_equal(run.coordinate, run.x[..., 0])
    assert (np.diff(run.coordinate[10:].mean(axis=(0, 1))[::4]) > 0.3).all()
    assert run.exchanges.mean() > 0.1 and (run.exchanges <= 1).all()


def test_a_window_that_nobody_shares_is_refused_by_the_weights() -> None:
    run = umbrella(
        Well(), [[[-1.0], [1.0]]], coordinate=position, centres=[-1.0, 1.0], stiffness=2000.0, steps=20, step=0.02
    )
    with pytest.raises(RuntimeError, match="overlap"):
        run.log_weights()


def test_a_dimer_is_held_at_its_distance() -> None:
    dimer, centres = Dimer(cell=False), np.array([1.0, 1.5, 2.0])
    run = umbrella(
        dimer.without_bond(), [dimer.starts(3, distance=centres)], coordinate=dimer.distance_and_gradient,
        centres=centres, stiffness=200.0, steps=60, step=0.02,
    )  # fmt: skip
    np.testing.assert_allclose(run.coordinate, dimer.distance(run.x.reshape(-1, 76)).reshape(run.coordinate.shape))
    assert (np.abs(run.coordinate[10:].mean(axis=(0, 1)) - centres) < 0.2).all()


def test_a_coordinate_of_another_shape_is_refused() -> None:
    """In one dimension a gradient (n,) would broadcast to (n, n)."""
    with pytest.raises(ValueError, match=r"target: expected energies \(2,\), gradients \(2, 1\)"):
        umbrella(
            Well(), [[[-1.0], [1.0]]], coordinate=lambda x: (x[:, 0], np.ones(len(x))), centres=[-1.0, 1.0],
            stiffness=10.0, steps=2, step=0.1,
        )  # fmt: skip


def test_parts_of_a_run_are_slices_and_whole_numbers() -> None:
    run = windows(2, 16)
    with pytest.raises(TypeError, match="chosen: expected slice, got int"):
        run.ladders(0)
    with pytest.raises(ValueError, match="kept: expected a whole number of configurations, at least 0, got -1"):
        run.after(-1)
