"""The planar targets: gradients against finite differences, integrals against other rules, boxes that cut."""

import numpy as np
import pytest
from scipy import integrate
from scipy.special import logsumexp

import fisherlib as fl
from fisherlib.systems import MuellerBrown, Target, TiltedDoubleWell, quadrature

TARGETS = {
    "double well": TiltedDoubleWell(),
    "another double well": TiltedDoubleWell(quartic=0.5, quadratic=2.0, tilt=-0.3, spring=4.0, scale=1.7),
    "Müller–Brown": MuellerBrown(),
    "a colder Müller–Brown": MuellerBrown(scale=0.2, divide=0.5),
}


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest) -> TiltedDoubleWell | MuellerBrown:
    return TARGETS[request.param]


def difference(target: TiltedDoubleWell | MuellerBrown, points: int = 400) -> float:
    """F of the marked state less F of the other, kT."""
    x, log_weights = quadrature(target, target.bounds, points=points)
    marked = target.state(x)
    return float(logsumexp(log_weights[~marked]) - logsumexp(log_weights[marked]))


def test_gradients_are_those_of_finite_differences(target: TiltedDoubleWell | MuellerBrown) -> None:
    (a, b), (c, d) = target.bounds
    x = np.random.default_rng(0).uniform([a, c], [b, d], size=(200, 2)) * 0.6
    u, du = target.energy_and_gradient(x)
    h = 1e-5
    steps = [target.energy_and_gradient(x + sign * h * e)[0] for e in np.eye(2) for sign in (1, -1)]
    numerical = np.column_stack([steps[0] - steps[1], steps[2] - steps[3]]) / (2 * h)
    assert u.shape == (200,) and target.dimension == 2
    np.testing.assert_allclose(du, numerical, rtol=1e-6, atol=1e-6 * np.abs(du).max())


def test_the_double_well_has_the_integrals_of_its_marginal() -> None:
    """y is a Gaussian, so one integral over x remains, which scipy does with a rule of its own."""
    well = TARGETS["another double well"]

    def weight(x: float) -> float:
        return float(np.exp(-1.7 * (0.5 * x**4 - 2.0 * x**2 - 0.3 * x)))

    left, right = (integrate.quad(weight, *ends, epsabs=1e-12)[0] for ends in ((-4, 0), (0, 4)))
    x, log_weights = quadrature(well, well.bounds)
    assert logsumexp(log_weights) == pytest.approx(
        np.log(left + right) + 0.5 * np.log(2 * np.pi / (1.7 * 4.0)), abs=1e-9
    )
    assert difference(well) == pytest.approx(np.log(left / right), abs=1e-4)
    assert fl.reweighting.mean(x[:, 1] ** 2, log_weights) == pytest.approx(1 / (1.7 * 4.0), rel=1e-9)


def test_the_double_well_of_the_paper() -> None:
    _, log_weights = quadrature(TiltedDoubleWell(), TiltedDoubleWell().bounds)
    assert logsumexp(log_weights) == pytest.approx(11.020467, abs=1e-6)
    assert difference(TiltedDoubleWell()) == pytest.approx(3.379901, abs=1e-4)


def test_mueller_brown_of_the_paper() -> None:
    _, log_weights = quadrature(MuellerBrown(), MuellerBrown().bounds)
    assert logsumexp(log_weights) == pytest.approx(11.729591, abs=1e-6)
    assert difference(MuellerBrown()) == pytest.approx(3.6346, abs=2e-4)


def test_mueller_brown_has_its_published_minima() -> None:
    """Positions and energies in Müller and Brown's units, from their paper: −146.7, −108.2 and −80.8."""
    minima = np.array([[-0.558224, 1.441726], [0.623499, 0.028038], [-0.050011, 0.466694]])
    u, du = MuellerBrown(scale=1.0).energy_and_gradient(minima)
    np.testing.assert_allclose(u, [-146.69951721, -108.16672412, -80.76781829], atol=1e-5)
    assert np.abs(du).max() < 5e-3
    assert MuellerBrown().state(minima).tolist() == [False, True, True]


def test_far_from_the_valley_the_energy_is_infinite_without_a_warning() -> None:
    u, _ = MuellerBrown().energy_and_gradient([[60.0, 60.0], [0.0, 0.0]])
    assert np.isinf(u[0]) and np.isfinite(u[1])


def test_more_points_change_nothing_where_the_rule_is_exact(target: TiltedDoubleWell | MuellerBrown) -> None:
    few, many = (logsumexp(quadrature(target, target.bounds, points=n)[1]) for n in (250, 500))
    assert few == pytest.approx(many, abs=1e-9)


def test_a_target_that_ends_has_no_weight_outside() -> None:
    class Half:
        dimension = 1

        def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return 0.5 * x[:, 0] ** 2, x

        def inside(self, x: np.ndarray) -> np.ndarray:
            return x[:, 0] > 0

    x, log_weights = quadrature(Half(), [(-8.0, 8.0)], points=1000)
    assert logsumexp(log_weights) == pytest.approx(0.5 * np.log(2 * np.pi) - np.log(2), abs=1e-9)
    assert np.isneginf(log_weights[x[:, 0] < 0]).all()


def test_a_box_that_cuts_through_the_density_is_refused() -> None:
    with pytest.raises(
        ValueError, match="bounds: expected a box that holds the density, got 1.5 as an end of coordinate 0"
    ):
        quadrature(TiltedDoubleWell(), [(-4.0, 1.5), (-8.0, 8.0)])


@pytest.mark.parametrize(
    ("bounds", "points", "words"),
    [
        ([(-1, 1)], 10, "bounds: expected 2 pairs"),
        ([(-1, 1), (1, -1)], 10, "bounds: expected 2 pairs"),
        ([(-1, 1), (-1, np.inf)], 10, "bounds: expected 2 pairs"),
        (((-3, 3), (-7, 7)), 10_000, "points: expected at most"),
        (((-3, 3), (-7, 7)), 1, "points: expected a whole number"),
    ],
)
def test_a_grid_that_is_none_is_refused(bounds: object, points: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        quadrature(TiltedDoubleWell(), bounds, points=points)


def test_what_is_no_target_is_refused() -> None:
    with pytest.raises(TypeError, match="target: expected a target with .dimension and .energy_and_gradient"):
        quadrature(fl.Study, [(-1, 1)])


@pytest.mark.parametrize("name", ["quartic", "quadratic", "spring", "scale"])
def test_a_potential_without_walls_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected a number > 0, got 0"):
        TiltedDoubleWell(**{name: 0})


def test_points_have_two_coordinates(target: Target) -> None:
    for wrong in ([0.0, 1.0], [[1.0, 2.0, 3.0]], 3.0):
        with pytest.raises(ValueError, match=r"x: expected points of shape \(n, 2\), got"):
            target.energy_and_gradient(wrong)


@pytest.mark.parametrize("u", [np.inf, np.nan])
def test_a_box_without_any_density_is_refused_without_a_warning(u: float) -> None:
    class Nowhere:
        dimension = 1

        def energy_and_gradient(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full(len(x), u), x

    with pytest.raises(ValueError, match="bounds: expected a box with some density"):
        quadrature(Nowhere(), [[0, 1]])
