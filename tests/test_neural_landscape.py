"""Planes through the weights of a network, its losses on them against direct evaluation, and its place beside linear models."""

import dataclasses
import json

import numpy as np
import pytest
from networks import alloys, network, with_jacobian
from scipy import stats

import fisherlib as fl
from fisherlib import figures, tables
from fisherlib.neural import NeuralModel, NeuralPotential, landscape
from fisherlib.neural.landscape import FIRST_WEIGHTS, PLANES, RANDOM, plane_of, thinned

T = 300.0
J = "Fisher divergence"


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return alloys(2, trajectories=3, frames=4)


@pytest.fixture(scope="module")
def net(data: fl.Dataset) -> NeuralPotential:
    return network(data)


@pytest.fixture
def study(data: fl.Dataset, net: NeuralPotential) -> fl.Study:
    return fl.Study(data, others=[NeuralModel(net, data)])


def value(model: NeuralPotential, data: fl.Dataset, loss: str) -> float:
    """A loss by its definition, from predicted energies and forces."""
    r, e, N = data.forces - model.forces(data), data.energies - model.energies(data), data.n_atoms
    e = fl.moments.without_offsets(e, data.composition)
    half = 0.5 / (fl.units.BOLTZMANN * T) ** 2
    truth, predicted = data.energies / N, (data.energies - e) / N
    return {
        J: lambda: half * np.sum(r**2) / len(e),
        "energy (½ squared error)": lambda: 0.5 * np.mean(e**2),
        "force MAE": lambda: np.mean(np.abs(r)),
        "force Huber": lambda: np.mean(np.where(np.abs(r) < 0.1, 0.5 * r**2, 0.1 * (np.abs(r) - 0.05))),
        "force log-cosh": lambda: np.mean(0.01 * (np.logaddexp(r / 0.1, -r / 0.1) - np.log(2.0))),
        "energy MAE": lambda: np.mean(np.abs(e) / N),
        "KS of energies": lambda: stats.ks_2samp(truth, predicted).statistic,
        "W1 of energies": lambda: stats.wasserstein_distance(truth, predicted),
    }[loss]()


@pytest.mark.parametrize("plane", PLANES)
def test_every_loss_is_that_of_the_network_at_each_point(
    study: fl.Study, net: NeuralPotential, data: fl.Dataset, plane: str
) -> None:
    for loss in study.atlas.losses:
        land, points = study.atlas("net", loss, plane=plane, n=4, seed=3)
        assert np.isfinite(land.z).all() and points["net"] == (0.0, 0.0) and land.name == loss
        if loss == "KL, second order":
            continue  # by its own test, of a network that is linear
        for i, j in ((0, 0), (2, 1), (3, 3)):
            there = net.with_theta(land.plane.theta(land.x[i], land.y[j]))
            assert land.z[j, i] == pytest.approx(value(there, data, loss), rel=1e-4), loss


def test_the_second_loss_on_a_grid_takes_no_pass_through_the_network(
    study: fl.Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.atlas("net", J, n=4)
    monkeypatch.setattr(landscape, "site_slopes", lambda *_: pytest.fail("the forces are known"))
    assert np.isfinite(study.atlas("net", "force MAE", n=4)[0].z).all()


def test_of_a_linear_network_kl_is_that_of_the_linear_potential(data: fl.Dataset, net: NeuralPotential) -> None:
    flat = net.with_theta(np.r_[np.zeros(len(net.theta) - 5), net.skip])
    study = fl.Study(data, others=[NeuralModel(flat, data)])
    middle = study.atlas("net", "KL, second order", plane=FIRST_WEIGHTS, n=5)[0].at(0.0, 0.0)
    linear = fl.LinearPotential(theta=0.7 * net.projection @ net.skip)
    assert middle == pytest.approx(fl.kl(study.moments)(linear.theta), rel=1e-6)


def test_random_directions_are_as_long_as_the_weights_into_each_unit(net: NeuralPotential) -> None:
    plane = plane_of(net, RANDOM, 5)
    for direction in plane.directions:
        step = net.with_theta(direction)
        for W, d in zip((*net.weights, net.skip[:, None]), (*step.weights, step.skip[:, None]), strict=True):
            np.testing.assert_allclose(np.linalg.norm(d, axis=0), np.linalg.norm(W, axis=0))
        assert not any(b.any() for b in step.biases)
    again, other = plane_of(net, RANDOM, 5), plane_of(net, RANDOM, 6)
    assert np.array_equal(again.directions, plane.directions) and not np.array_equal(other.directions, plane.directions)


def test_the_way_to_the_first_weights_is_along_x(net: NeuralPotential, data: fl.Dataset) -> None:
    plane = plane_of(net, FIRST_WEIGHTS, 1)
    np.testing.assert_allclose(plane.theta(1.0, 0.0), net.start)
    np.testing.assert_array_equal(plane.origin, net.theta)
    forgotten = dataclasses.replace(net, start=None)
    assert [choice.kind for choice in NeuralModel(forgotten, data).planes] == [RANDOM]
    with pytest.raises(ValueError, match="start: expected the parameters of 'net' before training, got None"):
        plane_of(forgotten, FIRST_WEIGHTS)


def test_of_many_atoms_evenly_spaced_configurations_are_drawn_and_the_name_says_so(
    data: fl.Dataset, net: NeuralPotential, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = thinned(data, int(data.n_atoms.sum()) // 3)
    assert len(few.energies) == 3 and few.n_atoms.sum() <= data.n_atoms.sum() // 2
    np.testing.assert_array_equal(few.energies, data.energies[::4])
    assert thinned(data, 10**6) is data
    monkeypatch.setattr(landscape, "ATOMS", int(data.n_atoms.sum()) // 3)
    land, _ = fl.Study(data, others=[NeuralModel(net, data)]).atlas("net", "force MAE", n=3)
    assert land.name == "force MAE, 3 of 12 configurations" and land.error == 0.0
    assert land.z[1, 1] == pytest.approx(value(net, few, "force MAE"), rel=1e-5)


def test_data_that_do_not_fit_are_refused(data: fl.Dataset, net: NeuralPotential) -> None:
    with pytest.raises(ValueError, match="jacobian of trajectory 't1': expected one, got none"):
        NeuralModel(net, fl.Dataset([data["t0"], dataclasses.replace(data["t1"], jacobian=None)]))
    with pytest.raises(ValueError, match="data: expected K = 16 descriptors for the potential 'net', got 2"):
        NeuralModel(net, fl.systems.harmonic([1.0, 2.0]))
    with pytest.raises(TypeError, match="potential: expected NeuralPotential, got LinearPotential"):
        NeuralModel(fl.LinearPotential(theta=[1.0]), data)


# Beside linear models


def test_a_study_compares_it_with_linear_potentials(study: fl.Study, net: NeuralPotential, data: fl.Dataset) -> None:
    assert list(study.potentials) == [*study.models, "net"] and "net" not in study.models
    compared = [study.comparison(name) for name in study.potentials]
    assert compared[-1].name == "net"
    np.testing.assert_allclose(compared[-1].energies, net.energies(data) / data.n_atoms)
    assert "net" in tables.errors(compared).index and "net" in tables.distances(compared).index
    assert {trace.name for trace in figures.parity(compared).data} >= {"net", "θ_f"}
    many = data.blocks(4)
    wide = fl.Study(many, others=[NeuralModel(net, many)])
    assert wide.reason or set(wide.bands("θ_f", "net")) == {"true", "θ_f", "net"}


def test_a_model_joins_a_study_and_keeps_its_name(study: fl.Study, data: fl.Dataset, net: NeuralPotential) -> None:
    plain = fl.Study(data)
    assert not plain.others and plain.potentials == plain.models
    more = plain.with_model(NeuralModel(net, data))
    assert list(more.others) == ["net"] and more.atlas.models == (*plain.models, "net") and not plain.others
    again = more.with_model(NeuralModel(net.with_theta(net.theta * 2), data))
    assert again.others["net"].potential.theta[0] == 2 * net.theta[0]
    for other in (fl.LinearPotential(theta=np.ones(data.K), name="net"), NeuralModel(net, data)):
        with pytest.raises(ValueError, match="name: 'net' is the name of another model"):
            study.with_model(other)


def test_surfaces_of_the_network_are_frames_beside_others(study: fl.Study) -> None:
    drawn = {
        (m, plane): study.atlas(m, J, plane=plane, n=5) for m in ("θ_f", "net") for plane in study.atlas.planes(m)[:2]
    }
    figure = figures.landscapes(drawn, keys=("model", "plane"))
    named = [json.loads(frame.name) for frame in figure.frames]
    assert [each["plane"] for each in named if each["model"] == "net"] == list(PLANES)


def test_any_data_with_a_jacobian_will_do(ragged: object) -> None:
    made = with_jacobian(ragged(1, K=4, temperatures=(T,), configurations=3))
    for t in made.values():
        np.testing.assert_allclose(t.jacobian.force_descriptors(int(t.n_atoms.sum())), t.force_descriptors, atol=1e-12)
    assert np.isfinite(network(made).forces(made)).all()
