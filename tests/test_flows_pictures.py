"""What pictures of flows are made of, with maps that are known."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

import fisherlib as fl

BOX = ((-2.0, 2.0), (-3.0, 1.0))


@dataclasses.dataclass(frozen=True)
class Gaussian:
    """A Gaussian of width 2 around (1, −1): what a flow of one linear map can draw exactly."""

    dimension: int = 2

    def energy_and_gradient(self, x: NDArray) -> tuple[NDArray, NDArray]:
        d = np.asarray(x) - [1.0, -1.0]
        return 0.125 * (d**2).sum(axis=1), 0.25 * d


@pytest.fixture(scope="module")
def flow() -> fl.flows.Flow:
    """x = (1, −1) + 2z: the layers of a fresh flow with its last parameters at zero are the identity."""
    made = fl.flows.real_nvp(2, layers=2, width=4)
    still = tuple(np.zeros_like(each) for each in made.parameters)
    return dataclasses.replace(made, parameters=still, mean=np.array([1.0, -1.0]), factor=2.0 * np.eye(2))


def test_straight_lines_stay_straight_under_a_linear_map(flow: fl.flows.Flow) -> None:
    x, log_det = flow.configurations([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert x.round(9).tolist() == [[1.0, -1.0], [3.0, -1.0], [1.0, 1.0]] and np.allclose(log_det, np.log(4.0))
    found = fl.flows.grid(flow, Gaussian(), BOX, lines=5, points=11)
    first, second = found.bent
    for k, at in enumerate(np.linspace(-3.5, 3.5, 5)):
        rows = slice(12 * k, 12 * k + 11)
        np.testing.assert_allclose(first[rows, 0], 1.0 + 2.0 * at, atol=1e-9)  # z₁ is constant on the first family
        np.testing.assert_allclose(second[rows, 1], -1.0 + 2.0 * at, atol=1e-9)
    assert np.isnan(first[11::12]).all() and np.isfinite(first[:11]).all()
    np.testing.assert_allclose(found.seen[0, :11, 0], -1.5, atol=1e-9)  # x₁ = −2
    np.testing.assert_allclose(found.seen[1, :11, 1], -1.0, atol=1e-9)  # x₂ = −3


def test_a_perfect_flow_has_circles_in_latent_space(flow: fl.flows.Flow) -> None:
    found = fl.flows.grid(flow, Gaussian(), BOX, lines=2, points=2)
    np.testing.assert_allclose(found.energies, 0.5 * (found.z**2 + found.z[:, None] ** 2), atol=1e-9)


def test_energies_stand_at_their_latent_points(flow: fl.flows.Flow) -> None:
    tilted = dataclasses.make_dataclass("Tilted", [("dimension", int)])(2)
    tilted.energy_and_gradient = lambda x: (x[:, 0], np.tile([1.0, 0.0], (len(x), 1)))
    found = fl.flows.grid(flow, tilted, BOX, lines=2, points=2)
    np.testing.assert_allclose(found.energies, np.tile(2.0 * (found.z - found.z[0]), (len(found.z), 1)), atol=1e-9)


def test_what_lies_far_out_in_latent_space_is_not_drawn(flow: fl.flows.Flow) -> None:
    found = fl.flows.grid(flow, Gaussian(), ((-100.0, 100.0), (-100.0, 100.0)), lines=3, points=201)
    assert np.nanmax(np.abs(found.seen)) <= 7.0 and np.isnan(found.seen[0, 0]).all()


def test_a_path_is_straight_in_latent_space_and_ends_where_it_should(flow: fl.flows.Flow) -> None:
    x, u = fl.flows.path(flow, Gaussian(), [1.0, -1.0], [3.0, 1.0], points=5)
    np.testing.assert_allclose(x, np.linspace([1.0, -1.0], [3.0, 1.0], 5), atol=1e-9)
    np.testing.assert_allclose(u, np.linspace(0.0, 1.0, 5) ** 2, atol=1e-9)
    rng = np.random.default_rng(0)
    bent = dataclasses.replace(flow, parameters=tuple(0.5 * rng.normal(size=p.shape) for p in flow.parameters))
    x, _ = fl.flows.path(bent, Gaussian(), [0.5, -1.0], [-1.0, 1.0], points=7)
    z = bent.latent(x)[0]
    np.testing.assert_allclose(np.diff(z, axis=0), np.tile((z[-1] - z[0]) / 6, (6, 1)), atol=1e-8)
    np.testing.assert_allclose(x[[0, -1]], [[0.5, -1.0], [-1.0, 1.0]], atol=1e-8)
    assert np.abs(np.diff(x, 2, axis=0)).max() > 1e-3  # and bent among configurations


@pytest.mark.parametrize(
    ("slip", "name"),
    [
        (lambda flow: fl.flows.grid(None, Gaussian(), BOX), "flow"),
        (lambda flow: fl.flows.grid(flow, None, BOX), "target"),
        (lambda flow: fl.flows.grid(flow, Gaussian(), (0.0, 1.0)), "bounds"),
        (lambda flow: fl.flows.grid(flow, Gaussian(), BOX, lines=1), "lines"),
        (lambda flow: fl.flows.grid(flow, Gaussian(), BOX, points=1.5), "points"),
        (lambda flow: fl.flows.grid(fl.flows.real_nvp(3), Gaussian(3), BOX), "bounds"),
        (lambda flow: fl.flows.path(flow, Gaussian(), [0.0], [1.0, 1.0]), "a"),
        (lambda flow: fl.flows.path(flow, Gaussian(), [0.0, 0.0], 1.0), "b"),
        (lambda flow: fl.flows.path(flow, Gaussian(), [0.0, 0.0], [1.0, 1.0], points=1), "points"),
    ],
)
def test_slips_are_answered_in_our_words(flow: fl.flows.Flow, slip: object, name: str) -> None:
    with pytest.raises((TypeError, ValueError), match=rf"{name}: .*expected .*got "):
        slip(flow)
