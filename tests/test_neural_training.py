"""Training: what it fits, what it holds out, when it stops, and how it is called off."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from networks import alloys, network
from tqdm import tqdm

import fisherlib as fl
from fisherlib.neural import NeuralPotential, fit_of, train
from fisherlib.neural.batches import PAIRS
from fisherlib.neural.descent import Network, errors
from fisherlib.neural.inputs import Inputs, best_offsets, composition
from fisherlib.neural.training import fitted_and_held

FEW = {"hidden": (4,), "epochs": 3, "batch": 2}


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return alloys(1, trajectories=5, frames=4)


def rmse(model: NeuralPotential | fl.LinearPotential, data: fl.Dataset) -> float:
    return float(np.sqrt(np.mean((model.forces(data) - data.forces) ** 2)))


def test_a_bar_shows_how_far_training_is(
    data: fl.Dataset, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fisherlib.neural.training.tqdm", lambda **given: tqdm(**given | {"delay": 0}))
    train(data, **FEW)
    shown = capsys.readouterr().err
    assert "training: 100%" in shown and "24/24" in shown
    train(data, **FEW, progress=lambda done, total: None)
    assert capsys.readouterr().err == ""


def test_a_step_sees_the_errors_that_the_potential_has(data: fl.Dataset) -> None:
    """The loss of JAX is that of numpy: the same network, once through padded batches and once through the data."""
    net, seen = network(data), Inputs.of(data, 5)
    net = dataclasses.replace(net, mean=seen.mean, projection=seen.projection, scale=seen.scale, offset=-1.5)
    layers = Network([W.astype("f4") for W in net.weights], [b.astype("f4") for b in net.biases], net.skip.astype("f4"))
    configurations = seen.configurations(data, -1.5 * data.n_atoms)
    assert len(configurations) == 20 and configurations.jacobian.shape[1:] == (PAIRS, 3, 5)
    batches = configurations.batches(np.random.default_rng(0).permutation(20), 3)
    forces, components, energies, count = np.sum([np.array(errors(layers, of), float) for of in batches], axis=0)
    assert components == len(data.forces) and count == 20
    np.testing.assert_allclose(seen.scale**2 * forces, np.sum((net.forces(data) - data.forces) ** 2), rtol=1e-4)
    expected = np.sum(((net.energies(data) - data.energies) / data.n_atoms) ** 2)
    np.testing.assert_allclose(seen.scale**2 * energies, expected, rtol=1e-4)


def test_it_becomes_better_than_the_linear_potential_of_the_same_descriptors(data: fl.Dataset) -> None:
    linear = fl.regression.fisher_fit(fl.accumulate(data))
    net = train(data, hidden=(16,), epochs=60, batch=4, validation=0, learning_rate=0.02)
    assert rmse(net, data) < 0.5 * rmse(linear, data)
    wrong = net.energies(data) - data.energies
    n = composition(data, data)
    np.testing.assert_allclose(n.T @ wrong, 0.0, atol=1e-8 * np.abs(n.T @ data.energies).max())  # the best offsets
    assert set(net.offsets) == {"Cu", "Au"} and net.name == "network 16" and len(net.history["loss"]) == 60


def test_inputs_have_gradients_of_equal_size_and_a_linear_part_that_is_theta_f(data: fl.Dataset) -> None:
    seen = Inputs.of(data)
    J = np.concatenate([t.jacobian.values.reshape(-1, data.K) for t in data.values()]) @ seen.projection
    gram = J.T @ J
    np.testing.assert_allclose(gram / gram[0, 0], np.eye(len(gram)), atol=1e-6)
    z = np.concatenate([(t.site_descriptors - seen.mean) @ seen.projection for t in data.values()])
    assert np.abs(z.mean(axis=0)).max() < 1e-10 and z.std() == pytest.approx(1.0)
    linear = fl.LinearPotential(theta=seen.scale * seen.projection @ seen.skip)
    theta_f = fl.regression.fisher_fit(fl.accumulate(data))
    assert rmse(linear, data) == pytest.approx(rmse(theta_f, data), rel=1e-3)  # but for directions that are left out


def test_columns_that_never_change_are_left_out(data: fl.Dataset) -> None:
    def still(t: fl.Trajectory) -> fl.Trajectory:
        sites, values = t.site_descriptors.copy(), t.jacobian.values.copy()
        sites[:, 3], values[..., 3] = 2.0, 0.0
        jacobian = dataclasses.replace(t.jacobian, values=values)
        starts, Phi = np.cumsum(t.n_atoms) - t.n_atoms, t.force_descriptors.copy()
        Phi[:, 3] = 0.0
        D = np.add.reduceat(sites, starts)
        return dataclasses.replace(t, site_descriptors=sites, jacobian=jacobian, descriptors=D, force_descriptors=Phi)

    net = train(fl.Dataset(map(still, data.values())), **FEW)
    assert not net.projection[3].any() and np.isfinite(net.theta).all()
    nothing = [
        dataclasses.replace(t, jacobian=dataclasses.replace(t.jacobian, values=0 * t.jacobian.values))
        for t in data.values()
    ]
    with pytest.raises(
        ValueError, match="data: expected descriptors that change when atoms move, got a Jacobian of zeros"
    ):
        train(fl.Dataset(nothing), **FEW)


def test_the_seed_settles_the_network(data: fl.Dataset) -> None:
    one, two, other = (train(data, seed=seed, **FEW) for seed in (1, 1, 2))
    assert one.theta.tobytes() == two.theta.tobytes() and one.offsets == two.offsets
    assert one.start.tobytes() == two.start.tobytes() and not np.array_equal(one.start, other.start)


def test_whole_trajectories_are_held_out(data: fl.Dataset) -> None:
    def held(validation: object, of: fl.Dataset = data) -> list[str]:
        fitted, out = fitted_and_held(of, validation, np.random.default_rng(0))
        assert out is None or not set(fitted) & set(out)
        return [] if out is None else list(out)

    assert len(held(0.1)) == 1 and len(held(0.5)) == 3 and held(0) == []
    assert held(["t1", "t4"]) == ["t1", "t4"] and held("t2") == ["t2"]
    (one,) = held(0.1, data.select("t0"))
    assert one.startswith("t0/") and held(0.1, fl.Dataset([data["t0"].slice(0, 1)])) == []
    with pytest.raises(ValueError, match="validation: expected trajectories to be left for the fit, got all 5 keys"):
        held(list(data))


def test_the_weights_of_the_best_epoch_are_kept_and_training_ends_when_it_is_over(data: fl.Dataset) -> None:
    """The forces of what is held out point the other way, so that each step makes them worse and the first epoch is the best."""
    wrong = dataclasses.replace(data["t0"], forces=-data["t0"].forces, energies=None)
    hostile = fl.Dataset([wrong, *data.drop("t0").values()])
    given = {"validation": "t0", "hidden": (8,), "batch": 16, "learning_rate": 0.05}
    net = train(hostile, epochs=50, patience=4, **given)
    losses = net.history["validation loss"]
    best = int(losses.argmin())
    assert len(losses) == best + 5 < 50 and (losses[best + 1 :] > losses[best]).all()
    shown = net.history["validation force RMSE, eV/Å"][best]
    assert rmse(net, hostile.select("t0")) == pytest.approx(shown, rel=1e-4)  # not those of the last epoch
    assert "validation energy RMSE, eV/atom" not in net.history


def test_forces_alone_are_fitted_where_there_are_no_energies(data: fl.Dataset) -> None:
    alone = fl.Dataset([dataclasses.replace(t, energies=None) for t in data.values()])
    net = train(alone, **FEW)
    assert net.offset == 0.0 and not net.offsets and np.isfinite(net.forces(alone)).all()


def test_each_step_is_told_and_an_exception_ends_the_work(data: fl.Dataset) -> None:
    told = []
    train(data, validation="t0", progress=lambda done, total: told.append((done, total)), **FEW)
    assert told == [*((k, 24) for k in range(1, 25)), (24, 24)]

    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        train(data, progress=stop, **FEW)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hidden": ()}, "hidden: expected positive numbers of units"),
        ({"hidden": (4, 0)}, "hidden: expected positive numbers of units"),
        ({"epochs": 0}, "epochs: expected a whole number of epochs, at least 1"),
        ({"inputs": -1}, "inputs: expected a whole number of inputs, at least 1"),
        ({"inputs": 0}, "inputs: expected a whole number of inputs, at least 1"),
        ({"learning_rate": 0.0}, "learning_rate: expected a number > 0, got 0.0"),
        ({"strength": float("nan")}, "strength: expected a number ≥ 0, got nan"),
        ({"energy_weight": 0, "force_weight": 0}, "force_weight: expected energies or forces to be fitted"),
        ({"validation": 1.0}, "validation: expected a share from 0 to 1"),
        ({"validation": np.float32(1.0)}, "validation: expected a share from 0 to 1"),
    ],
)
def test_settings_without_a_sense_are_refused(data: fl.Dataset, given: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        train(data, **given)


def test_energies_that_nobody_knows_cannot_be_all_that_is_fitted(data: fl.Dataset) -> None:
    unknown = fl.Dataset([dataclasses.replace(t, energies=np.full(len(t), np.nan)) for t in data.values()])
    with pytest.raises(ValueError, match="force_weight: expected a weight > 0, as no energies"):
        train(unknown, **FEW, force_weight=0)


def test_data_without_a_jacobian_are_told_how_to_get_one(data: fl.Dataset) -> None:
    bare = fl.Dataset([dataclasses.replace(t, jacobian=None) for t in data.values()])
    with pytest.raises(ValueError, match="jacobian of trajectory 't0': expected one, got none; .*jacobian=True"):
        train(bare)
    with pytest.raises(ValueError, match="site_descriptors of trajectory 'harmonic-0': expected them"):
        train(fl.systems.harmonic([1.0, 2.0]))


def test_offsets_are_as_near_to_a_common_one_as_the_compositions_leave_free() -> None:
    assert best_offsets(np.array([-6.0, -6.0]), np.array([[1.0, 2.0], [1.0, 2.0]])).tolist() == pytest.approx(
        [-2.0, -2.0]
    )
    assert best_offsets(np.array([-4.0, -5.0]), np.array([[2.0, 1.0], [1.0, 2.0]])).tolist() == pytest.approx(
        [-1.0, -2.0]
    )
    assert best_offsets(np.full(2, np.nan), np.ones((2, 1))).tolist() == [0.0]


def test_the_package_loads_jax_only_for_training() -> None:
    script = "import fisherlib as fl, sys; fl.neural.NeuralPotential; fl.neural.read; print('jax' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


def test_a_study_holds_out_what_the_networks_have_not_seen(data: fl.Dataset) -> None:
    study, seen = fl.Study(data), []

    def fit(moments: fl.Moments) -> NeuralPotential:
        seen.append(tuple(moments))
        return fit_of(study.parts, **FEW)(moments)

    found = study.held_out(fit, folds=2)
    assert found.name == "network 4, held out" and set(seen[0]) | set(seen[1]) == set(data) and len(seen) == 2
    model = fit_of(data, **FEW)(study.moments.select(seen[0]))
    key = next(key for key in data if key not in seen[0])
    force_rmse = dict(zip(found.keys, found.force_rmse, strict=True))[key]
    assert force_rmse == pytest.approx(rmse(model, data.select(key)))


def test_a_loss_that_grows_without_limit_is_said_or_ends_the_training(data: fl.Dataset) -> None:
    with pytest.raises(ValueError, match="learning_rate: expected one with which the loss stays finite"):
        train(data, **FEW, learning_rate=1e30)
    net = train(
        data, hidden=(4,), epochs=12, batch=32, validation=0, learning_rate=1e8
    )  # the first step has a rate of zero
    assert np.isfinite(net.theta).all() and np.isfinite(net.history["loss"]).all()


def test_configurations_that_are_all_the_same_have_no_energies_to_scatter(data: fl.Dataset) -> None:
    one = data["t0"].slice(0, 1)
    net = train(
        fl.Dataset([dataclasses.replace(one, key=f"copy {k}", energies=one.energies - 1e5) for k in range(4)]), **FEW
    )
    assert max(net.history["loss"]) < 10.0


def test_more_configurations_in_a_step_than_there_are_take_no_memory(data: fl.Dataset) -> None:
    every, more = (train(data, **FEW | {"batch": batch}) for batch in (len(data.energies), 10**12))
    assert np.array_equal(every.theta, more.theta)


def test_what_is_held_out_leaves_nothing_in_the_network(data: fl.Dataset) -> None:
    t = data["t0"]
    other = dataclasses.replace(t, forces=1.0 + 7.0 * t.forces, energies=3.0 * t.energies - 50.0)
    changed = fl.Dataset([other if key == "t0" else data[key] for key in data])
    a, b = (train(each, validation="t0", **FEW) for each in (data, changed))
    for name in ("start", "mean", "projection", "scale"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
    assert np.array_equal(a.history["loss"], b.history["loss"])
