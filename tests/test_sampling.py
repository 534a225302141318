"""Chains sample their target exactly: detailed balance on a Gaussian, averages against quadrature, nothing outside."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

import fisherlib as fl
from fisherlib import sampling


@dataclasses.dataclass(frozen=True)
class Gaussian:
    """Independent coordinates of given widths, of which a part may be cut off."""

    widths: tuple[float, ...] = (0.5, 2.0)
    least: float = -np.inf

    @property
    def dimension(self) -> int:
        return len(self.widths)

    def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scaled = x / np.square(self.widths)
        return 0.5 * (x * scaled).sum(axis=1), scaled

    def inside(self, x: np.ndarray) -> np.ndarray:
        return x[:, 0] > self.least


def exact(target: Gaussian, walkers: int, seed: int) -> np.ndarray:
    """Independent configurations of a Gaussian that is not cut."""
    return np.random.default_rng(seed).normal(size=(walkers, target.dimension)) * target.widths


@pytest.mark.parametrize("step", [0.2, 0.7, 1.5])
def test_a_gaussian_stays_as_it_is(step: float) -> None:
    """Walkers that start in equilibrium are in equilibrium after any number of steps, of any length."""
    target = Gaussian()
    last = sampling.mala(target, exact(target, 6000, 1), steps=12, step=step, every=12, seed=2).x[-1]
    for k, width in enumerate(target.widths):
        assert stats.kstest(last[:, k] / width, "norm").statistic < 1.95 / np.sqrt(6000)  # p of 0.001


def test_flows_between_two_regions_balance() -> None:
    """In equilibrium as many walkers go from A to B as from B to A, whatever lies on the way."""
    target = Gaussian((0.5, 1.0))
    start = exact(target, 40_000, 3)
    end = sampling.mala(target, start, steps=1, step=0.6, seed=4).x[0]
    for a, b in ((lambda x: x[:, 0] > 0.3, lambda x: x[:, 0] < 0.0), (lambda x: x[:, 1] > 1, lambda x: x[:, 1] < 0.9)):
        there, back = np.sum(a(start) & b(end)), np.sum(b(start) & a(end))
        assert there > 100 and abs(there - back) < 4.5 * np.sqrt(there + back)


def test_averages_in_a_well_are_those_of_quadrature() -> None:
    well = fl.systems.TiltedDoubleWell(scale=3.0)
    chains = sampling.mala(well, np.tile([1.7, 0.0], (300, 1)), steps=300, step=0.2, every=10, seed=5)
    found = chains.x[10:]  # of 30; the first have not forgotten the start
    assert (found[..., 0] > 0).all() and 0.4 < chains.acceptance < 0.95  # a barrier of 21 kT holds
    x, log_weights = fl.systems.quadrature(well, well.bounds)
    log_weights = np.where(well.state(x), log_weights, -np.inf)
    for value in (lambda x: x[..., 0], lambda x: x[..., 0] ** 2, lambda x: x[..., 1] ** 2):
        of_walkers = value(found).mean(axis=0)
        error = of_walkers.std(ddof=1) / np.sqrt(len(of_walkers))
        assert abs(of_walkers.mean() - fl.reweighting.mean(value(x), log_weights)) < 4.5 * error


def test_nothing_is_kept_outside_and_the_rest_is_as_it_was() -> None:
    target = Gaussian((1.0, 1.0), least=0.5)
    chains = sampling.mala(target, np.full((4000, 2), 1.0), steps=60, step=1.0, every=60, seed=6)
    x = chains.x[-1]
    assert (x[:, 0] > 0.5).all()
    assert stats.kstest(x[:, 0], stats.truncnorm(0.5, np.inf).cdf).statistic < 1.95 / np.sqrt(4000)


def test_a_walker_that_starts_outside_finds_its_way_in() -> None:
    target = Gaussian((1.0, 1.0), least=0.0)
    chains = sampling.mala(target, np.full((50, 2), -2.0), steps=200, step=0.7, seed=7)
    within = chains.x[:, :, 0] > 0
    assert within[-1].all() and (np.diff(within.astype(int), axis=0) >= 0).all()


def test_what_is_kept_belongs_together_and_is_the_same_for_a_seed() -> None:
    target, told = Gaussian(), []
    how = {"steps": 10, "step": 0.5, "every": 4, "seed": 8}
    chains = sampling.mala(target, np.zeros((3, 2)), progress=lambda done, total: told.append((done, total)), **how)
    assert chains.x.shape == (2, 3, 2) and told == [(k, 10) for k in range(1, 11)]
    u = target.energy_and_gradient(chains.x.reshape(-1, 2))[0].reshape(2, 3)
    np.testing.assert_array_equal(chains.reduced_energies, u)
    np.testing.assert_array_equal(chains.x, sampling.mala(target, np.zeros((3, 2)), **how).x)
    assert not np.array_equal(chains.x, sampling.mala(target, np.zeros((3, 2)), **how | {"seed": 9}).x)
    assert not chains.x.flags.writeable


def test_proposals_without_an_energy_are_refused_without_a_warning() -> None:
    """Müller–Brown's energy overflows far away, where its forces fling a walker after one long step."""
    valley = fl.systems.MuellerBrown()
    chains = sampling.mala(valley, np.tile([-0.558, 1.442], (200, 1)), steps=20, step=20.0, seed=10)
    assert np.isfinite(chains.reduced_energies).all() and chains.acceptance < 0.1


@pytest.mark.parametrize("step", [1e3, 1e100, 1e200])
def test_steps_beyond_every_number_are_refused_without_a_warning(step: float) -> None:
    for target in (fl.systems.TiltedDoubleWell(), fl.systems.MuellerBrown(), fl.systems.Dimer(cell=False)):
        start = np.full((2, 2), 0.5) if target.dimension == 2 else target.starts(2, distance=1.0)
        for chains in (
            sampling.mala(target, start, steps=4, step=step),
            sampling.hmc(target, start, steps=4, step=step),
        ):
            assert chains.acceptance == 0 and np.isfinite(chains.reduced_energies).all()


class Misshapen:
    """Energies and forces of shapes that numpy would broadcast."""

    dimension = 2

    def __init__(self, u: object, du: object, inside: object) -> None:
        self.made = u, du, inside

    def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.made[0](x), self.made[1](x)

    def inside(self, x: np.ndarray) -> np.ndarray:
        return self.made[2](x)


@pytest.mark.parametrize("slip", [{"u": lambda x: (x**2).sum()}, {"u": lambda x: x[:, :1]}, {"du": lambda x: x.T},
                                  {"du": lambda x: x[0]}, {"inside": lambda x: x > 0}, {"inside": lambda x: True}])  # fmt: skip
def test_a_target_of_other_shapes_is_refused(slip: dict[str, object]) -> None:
    right = {"u": lambda x: (x**2).sum(axis=1), "du": lambda x: 2 * x, "inside": lambda x: x[:, 0] > 0}
    sampling.mala(Misshapen(**right), np.ones((3, 2)), steps=2, step=0.1)
    with pytest.raises(ValueError, match=r"target: expected energies \(3,\), gradients \(3, 2\)"):
        sampling.mala(Misshapen(**right | slip), np.ones((3, 2)), steps=2, step=0.1)


@pytest.mark.parametrize("hole", [-np.inf, np.nan])
def test_a_walker_does_not_fall_into_a_hole_of_the_energies(hole: float) -> None:
    class Holed(fl.systems.TiltedDoubleWell):
        def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            u, du = super().energy_and_gradient(x)
            return np.where(x[:, 1] > 0.5, hole, u), du

    chains = sampling.mala(Holed(), np.tile([-1.7, 0.0], (50, 1)), steps=20, step=0.5, seed=3)
    assert np.isfinite(chains.reduced_energies).all() and chains.x[:, :, 1].max() <= 0.5


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ({"x": [0.0, 0.0]}, r"x: expected starts of shape \(walkers, 2\), got \(2,\)"),
        ({"x": np.zeros((0, 2))}, r"x: expected starts of shape \(walkers, 2\), got \(0, 2\)"),
        ({"x": [[0.0, 0.0], [np.nan, 0.0]]}, "x: expected starts of finite energy and forces, got walker 1"),
        ({"steps": 0}, "steps: expected a whole number of steps"),
        ({"every": 11}, "every: expected at most the number of steps, 10, got 11"),
        ({"step": 0.0}, "step: expected a number > 0, got 0.0"),
        ({"seed": -1}, "seed: expected a whole number"),
    ],
)
def test_slips_are_answered(slip: dict[str, object], words: str) -> None:
    right = {"x": [[0.0, 0.0]], "steps": 10, "step": 0.1, "every": 1, "seed": 0}
    with pytest.raises(ValueError, match=words):
        sampling.mala(Gaussian(), **right | slip)
