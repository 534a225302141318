"""Networks of descriptors: forces, filter-normalised planes, and landscapes against a network built at every point."""

import dataclasses

import numpy as np
import pytest

import fisherlib as fl
from fisherlib import comparison
from fisherlib.neural.network import Network
from fisherlib.neural.projections import NetworkProjection, project_network
from fisherlib.units import beta

X, Y = np.linspace(-0.7, 0.9, 5), np.array([-0.8, 0.1, 0.15, 1.2])
ENERGY_LOSSES = ["energy_mae", "energy_ks", "energy_wasserstein_1", "energy", "kl"]
FORCE_LOSSES = ["force_mae", "force_huber", "force_log_cosh"]


def network(seed: int, *, K: int = 3, hidden: tuple[int, ...] = (4,), **fields: object) -> Network:
    """Random weights and biases of size one over K descriptors that enter as K − 1 inputs."""
    rng = np.random.default_rng(seed)
    sizes = (K - 1, *hidden, 1)
    weights = tuple(rng.normal(size=shape) for shape in zip(sizes[:-1], sizes[1:], strict=True))
    made = Network(
        weights=weights,
        biases=tuple(rng.normal(size=n) for n in sizes[1:]),
        mean=rng.normal(size=K),
        projection=0.2 * rng.normal(size=(K, K - 1)),  # small enough that no unit is saturated
        scale=2.5,
        offset=-3.0,
    )
    return dataclasses.replace(made, start=made.theta + rng.normal(size=made.theta.shape), **fields)


def rigid(u: np.ndarray, gradient: np.ndarray, D0: np.ndarray) -> fl.Trajectory:
    """A configuration whose descriptors D0 + gradient · u are linear in its coordinates, so that Φ is exact."""
    return fl.Trajectory(
        key="toy",
        n_atoms=np.array([len(u) // 3]),
        energies=np.zeros(1),
        descriptors=(D0 + gradient @ u)[None],
        forces=np.zeros(len(u)),
        force_descriptors=-gradient.T,
    )


@pytest.mark.parametrize("hidden", [(4,), (4, 3), (3, 5, 2)])
def test_forces_are_minus_the_slope_of_the_energy(hidden: tuple[int, ...]) -> None:
    model, rng, h = network(0, hidden=hidden), np.random.default_rng(1), 1e-5
    u, gradient, D0 = rng.normal(size=6), 0.3 * rng.normal(size=(3, 6)), rng.normal(size=3)

    def energy(v: np.ndarray) -> float:
        return float(model.energies(rigid(v, gradient, D0))[0])

    slope = [(energy(u + h * e) - energy(u - h * e)) / (2 * h) for e in np.eye(6)]
    np.testing.assert_allclose(model.forces(rigid(u, gradient, D0)), -np.array(slope), rtol=1e-7, atol=1e-8)


def test_energies_and_forces_keep_the_contract_of_a_linear_potential(ragged) -> None:
    data, model = ragged(2), network(3)
    assert model.energies(data).shape == data.energies.shape
    assert model.forces(data).shape == data.forces.shape
    np.testing.assert_array_equal(model.forces(data)[: len(data["t0"].forces)], model.forces(data["t0"]))
    np.testing.assert_array_equal(model.energies(data)[: len(data["t0"])], model.energies(data["t0"]))
    compared = comparison.compare(model, data)
    assert compared.name == "network" and compared.pooled["force_rmse"] > 0
    with pytest.raises(ValueError) as ours:
        model.energies(ragged(2, K=5))
    with pytest.raises(ValueError) as linear:
        fl.LinearPotential(theta=np.ones(3), name="network").energies(ragged(2, K=5))
    assert str(ours.value) == str(linear.value)


def test_a_network_with_tiny_weights_is_a_linear_potential(ragged) -> None:
    data, model, small = ragged(4), network(5), 1e-6
    W = (small * model.weights[0], model.weights[1])
    model = dataclasses.replace(model, weights=W, biases=(np.zeros(4), np.zeros(1)))
    linear = fl.LinearPotential(theta=model.scale * (model.projection @ W[0] @ W[1])[:, 0])
    np.testing.assert_allclose(model.forces(data), linear.forces(data), rtol=1e-6, atol=1e-14)


def test_theta_is_flat_and_with_theta_its_inverse(ragged) -> None:
    model, data = network(6, hidden=(4, 3)), ragged(6)
    assert model.hidden == (4, 3) and model.theta.shape == (2 * 4 + 4 + 4 * 3 + 3 + 3 + 1,)
    again = model.with_theta(model.theta)
    np.testing.assert_array_equal(again.theta, model.theta)
    np.testing.assert_array_equal(again.forces(data), model.forces(data))
    np.testing.assert_array_equal(again.start, model.start)
    moved = model.with_theta(model.theta + 0.1)
    np.testing.assert_array_equal(moved.biases[1], model.biases[1] + 0.1)
    with pytest.raises(ValueError, match="theta: expected 31 parameters"):
        model.with_theta(np.ones(30))


def test_arrays_are_owned_and_read_only() -> None:
    W = np.ones((2, 4))
    model = dataclasses.replace(network(0), weights=(W, np.ones((4, 1))))
    W[:] = 0.0
    assert (model.weights[0] == 1.0).all()
    for array in (*model.weights, *model.biases, model.mean, model.projection, model.theta, model.start):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"weights": (np.ones((2, 1)),), "biases": (np.ones(1),)}, "weights: expected one or more hidden layers"),
        ({"biases": (np.ones(4),)}, "with a bias for each, got 2 weights and 1 biases"),
        ({"weights": (np.ones((3, 4)), np.ones((4, 1)))}, r"weights\[0\]: expected shape \(2, n_out\)"),
        ({"biases": (np.ones(3), np.ones(1))}, r"weights\[0\]: .* got \(2, 4\) and \(3,\)"),
        (
            {"weights": (np.ones((2, 4)), np.ones((4, 2))), "biases": (np.ones(4), np.ones(2))},
            r"weights\[1\]: expected one output, the energy, got 2",
        ),
        ({"projection": np.ones((4, 2))}, r"projection: expected \(K, q\)"),
        ({"mean": [np.nan, 0.0, 0.0]}, "mean: expected finite numbers"),
        ({"mean": ["a", "b", "c"]}, "mean: expected numbers"),
        ({"scale": 0.0}, "scale: expected a positive number"),
        ({"start": np.ones(3)}, r"start: expected 17 parameters, got shape \(3,\)"),
    ],
)
def test_errors_teach(fields: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(network(0), **fields)


def test_random_directions_are_filter_normalised() -> None:
    model = network(7, hidden=(4, 3))
    plane = model.plane(seed=3)
    np.testing.assert_array_equal(plane.origin, model.theta)
    for direction in plane.directions:
        drawn = model.with_theta(direction)
        for d, W in zip(drawn.weights, model.weights, strict=True):
            np.testing.assert_allclose(np.linalg.norm(d, axis=0), np.linalg.norm(W, axis=0), rtol=1e-14)
        assert not any(b.any() for b in drawn.biases)
    assert plane.labels == tuple(f"random direction {k} (seed 3), filter-normalised" for k in (1, 2))
    np.testing.assert_array_equal(model.plane(seed=3).directions, plane.directions)
    assert not np.array_equal(model.plane(seed=4).directions, plane.directions)


def test_the_path_plane_holds_the_start_at_one() -> None:
    model = network(8)
    plane = model.path_plane(seed=1)
    np.testing.assert_allclose(plane.theta(1.0, 0.0), model.start, rtol=1e-14)
    np.testing.assert_array_equal(plane.theta(0.0, 0.0), model.theta)
    assert plane.x_range == (-0.5, 1.5) and "before training" in plane.labels[0]
    assert not any(b.any() for b in model.with_theta(plane.directions[1]).biases)
    with pytest.raises(ValueError, match="start: expected the parameters of 'network' before training"):
        dataclasses.replace(model, start=None).path_plane()


def brute_force(name: str, model: Network, data: fl.Dataset, temperature: float | None) -> float:
    """The loss of one network from its energies and forces, and for the quadratic ones from the package's own forms."""
    r, N, T = data.forces - model.forces(data), data.n_atoms, temperature
    e = data.energies - model.energies(data)
    shifted = model.energies(data) + N * (e @ N) / (N @ N)
    if name == "fisher":
        betas = np.concatenate([np.full(len(t.forces), beta(T or t.temperature)) for t in data.values()])
        return 0.5 * np.sum(betas**2 * r**2) / len(N)
    if name in ("energy", "kl"):
        # The network as a linear potential with one descriptor, its own energy, and the parameter one.
        own = []
        for t in data.values():
            D, Phi = model.energies(t)[:, None], model.forces(t)[:, None]
            names = {"site_descriptors": None, "descriptor_names": ("U",)}
            own.append(dataclasses.replace(t, descriptors=D, force_descriptors=Phi, **names))
        moments = fl.accumulate(fl.Dataset(own))
        return float((fl.energy(moments) if name == "energy" else fl.kl(moments, T))(np.ones(1)))
    size, delta = np.abs(r), 0.1
    return {
        "force_mae": lambda: size.mean(),
        "force_huber": lambda: np.where(size < delta, 0.5 * r**2, delta * (size - 0.5 * delta)).mean(),
        "force_log_cosh": lambda: delta**2 * np.mean(np.logaddexp(r / delta, -r / delta) - np.log(2.0)),
        "energy_mae": lambda: np.mean(np.abs(data.energies - shifted) / N),
        "energy_ks": lambda: float(comparison.ks(data.energies / N, shifted / N)),
        "energy_wasserstein_1": lambda: float(comparison.wasserstein_1(data.energies / N, shifted / N)),
    }[name]()


def on_grid(name: str, model: Network, data: fl.Dataset, plane: fl.Plane, temperature: float | None) -> np.ndarray:
    return np.array([[brute_force(name, model.with_theta(plane.theta(x, y)), data, temperature) for x in X] for y in Y])


@pytest.mark.parametrize("name", ["fisher", *ENERGY_LOSSES, *FORCE_LOSSES])
@pytest.mark.parametrize("hidden", [(4,), (4, 3)])
@pytest.mark.parametrize("temperature", [None, 500.0])
def test_a_projection_equals_a_network_at_every_point(name, hidden, temperature, ragged) -> None:
    data, model = ragged(9, temperatures=(300.0, 600.0, 300.0), configurations=7), network(10, hidden=hidden)
    for plane in (model.plane(seed=1), model.path_plane(seed=1)):
        got = getattr(project_network(model, data, plane, temperature=temperature), name)(X, Y)
        # Rows of forces are kept in float32 for the losses that need every one of them.
        rtol = 1e-5 if name in FORCE_LOSSES else 1e-9
        np.testing.assert_allclose(got, on_grid(name, model, data, plane, temperature), rtol=rtol)


@pytest.mark.parametrize("name", ["fisher", "kl", "energy"])
def test_configurations_of_one_size(name, ragged) -> None:
    data, model = ragged(11, atoms=(3, 3), temperatures=(400.0,)), network(12)
    plane = model.plane()
    got = getattr(project_network(model, data, plane), name)(X, Y)
    np.testing.assert_allclose(got, on_grid(name, model, data, plane, None), rtol=1e-9)


def test_single_precision_forces_are_good_to_a_relative_1e5_on_real_data(few_walkers) -> None:
    model = wide(few_walkers)
    plane, x = model.plane(), np.array([-0.5, 0.0, 1.0])
    projection = project_network(model, few_walkers, plane)
    for name in FORCE_LOSSES:
        expected = [brute_force(name, model.with_theta(plane.theta(u, 0.3)), few_walkers, None) for u in x]
        np.testing.assert_allclose(getattr(projection, name)(x, np.array([0.3]))[0], expected, rtol=1e-5)


def wide(data: fl.Dataset) -> Network:
    """Random weights over the first principal components of the shipped descriptors."""
    D = np.concatenate([t.descriptors for t in data.values()])
    _, s, V = np.linalg.svd(D - D.mean(axis=0), full_matrices=False)
    rng, q = np.random.default_rng(0), 20
    weights = (rng.normal(size=(q, 12)) / np.sqrt(q), rng.normal(size=(12, 1)) / np.sqrt(12))
    projection = V[:q].T / (s[:q] / np.sqrt(len(D)))
    return Network(weights=weights, biases=(np.zeros(12), np.zeros(1)), mean=D.mean(axis=0), projection=projection)


def test_blocks_of_grid_points_and_configurations_fit_together(few_walkers, monkeypatch) -> None:
    model = wide(few_walkers)
    projection, x = project_network(model, few_walkers, model.plane()), np.linspace(-1, 1, 5)
    names = ["fisher", "energy_ks", "force_mae"]
    before = [getattr(projection, name)(x, x) for name in names]
    monkeypatch.setattr("fisherlib.landscapes.pointwise.PAIRS", 600)
    monkeypatch.setattr("fisherlib.neural.projections.BLOCK", 7)
    for name, z in zip(names, before, strict=True):
        np.testing.assert_allclose(getattr(projection, name)(x, x), z, rtol=1e-6)


def test_a_landscape_is_drawn_from_the_weights_and_leaves_them_alone(ragged) -> None:
    data, model = ragged(13), network(14)
    theta = model.theta.tobytes()
    drawn = fl.landscape(project_network(model, data, model.plane()).fisher, model.plane(), n=9, name="Fisher")
    assert drawn.z.shape == (9, 9) and model.theta.tobytes() == theta
    centre = brute_force("fisher", model, data, None)
    np.testing.assert_allclose(drawn.z[4, 4], centre, rtol=1e-12)
    other = model.with_theta(1.1 * model.theta)
    z = fl.landscape(project_network(other, data, other.plane()).fisher, other.plane(), n=9).z
    assert not np.allclose(z, drawn.z, rtol=1e-3)


@pytest.mark.parametrize("name", ["fisher", *ENERGY_LOSSES, *FORCE_LOSSES])
def test_progress_counts_to_the_end_and_may_cancel(name, ragged, monkeypatch) -> None:
    monkeypatch.setattr("fisherlib.landscapes.pointwise.PAIRS", 30)
    data, model, calls = ragged(15), network(16), []
    projection = project_network(model, data, model.plane(), progress=lambda *at: calls.append(at))
    assert calls[-1] == (10, 10)
    calls.clear()
    getattr(projection, name)(X, Y, progress=lambda *at: calls.append(at))
    assert calls == sorted(calls) and len(calls) == 7 and calls[-1] == (20, 20)

    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        getattr(projection, name)(X, Y, progress=cancel)
    with pytest.raises(InterruptedError):
        project_network(model, data, model.plane(), progress=cancel)


def test_a_projection_refuses_what_does_not_fit(ragged) -> None:
    model, data = network(17), ragged(17, temperatures=(None, 300.0))
    with pytest.raises(ValueError, match="plane: expected 17 parameters as in 'network', got 3"):
        project_network(model, data, fl.Plane(origin=np.zeros(3), directions=np.eye(3)[:2]))
    with pytest.raises(ValueError, match="data: expected K = 3 descriptors"):
        project_network(model, ragged(17, K=4), model.plane())
    with pytest.raises(ValueError, match="temperature: expected a positive number"):
        project_network(model, data, model.plane(), temperature=-1.0)
    projection = project_network(model, data, model.plane())
    assert isinstance(projection, NetworkProjection) and (projection.energy_mae(X, Y) > 0).all()
    for name in ("fisher", "kl"):
        with pytest.raises(ValueError, match="temperature: a trajectory has none of its own"):
            getattr(projection, name)(X, Y)
