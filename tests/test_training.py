"""Training: real forces learnt, the same network for the same seed, nothing changed but the result."""

import dataclasses

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.comparison import compare
from fisherlib.neural.network import Network
from fisherlib.neural.training import train


@pytest.fixture(scope="module")
def halves(copper: fl.Dataset) -> tuple[fl.Dataset, fl.Dataset]:
    """Walkers to train on, and others to be judged by."""
    keys = list(copper)
    return copper.select(keys[:16]), copper.select(keys[16:])


@pytest.fixture(scope="module", params=[(12,), (12, 8)], ids=str)
def trained(request: pytest.FixtureRequest, halves) -> Network:
    """One network of each depth."""
    return train(halves[0], hidden=request.param, iterations=200)


def test_forces_and_energies_of_walkers_it_has_not_seen(trained: Network, halves) -> None:
    for data in halves:
        scores = compare(trained, data).pooled
        assert scores["force_r2"] > 0.95
        assert scores["energy_rmse"] < 0.2 * np.std(data.energies / data.n_atoms)
    N, error = halves[0].n_atoms, halves[0].energies - trained.energies(halves[0])
    assert abs(error @ N) < 1e-6 * (N @ N), "the best offset is taken"


def test_training_starts_far_from_where_it_ends(trained: Network, halves) -> None:
    assert trained.start is not None and trained.start.shape == trained.theta.shape
    before = compare(trained.with_theta(trained.start), halves[1]).pooled
    assert before["force_r2"] < 0.5
    assert trained.name in ("MLP 12", "MLP 12-8")
    assert trained.provenance["data"]["descriptor"] == halves[0].provenance["descriptor"]
    assert trained.provenance["training"]["seed"] == 0


def test_the_same_seed_gives_the_same_bits_and_the_data_stay(few_walkers) -> None:
    def bits() -> list[bytes]:
        arrays = [(t.energies, t.descriptors, t.forces, t.force_descriptors) for t in few_walkers.values()]
        return [array.tobytes() for group in arrays for array in group]

    before = bits()
    state = np.random.get_state()[1].tobytes()
    a, b = (train(few_walkers, iterations=10, displacements=5, seed=5) for _ in range(2))
    assert a.theta.tobytes() == b.theta.tobytes() and a.offset == b.offset
    assert a.start.tobytes() == b.start.tobytes()
    other = train(few_walkers, iterations=10, displacements=5, seed=6)
    assert not np.array_equal(a.start, other.start) and not np.array_equal(a.theta, other.theta)
    assert bits() == before and np.random.get_state()[1].tobytes() == state


def test_a_linear_truth_is_learnt(ragged) -> None:
    data = ragged(0, noise=0.0, configurations=60, atoms=(3, 3))
    network = train(data, hidden=(6,), displacement=0.5)
    assert compare(network, data).pooled["force_r2"] > 0.99
    assert network.projection.shape == (3, 3)


def test_descriptors_that_are_constant_or_double_are_left_out(ragged) -> None:
    data = ragged(1)
    widened = []
    for t in data.values():
        D = np.column_stack([t.descriptors, t.descriptors[:, 0], np.ones(len(t))])
        Phi = np.column_stack([t.force_descriptors, t.force_descriptors[:, 0], np.zeros(len(t.forces))])
        widened.append(dataclasses.replace(t, descriptors=D, force_descriptors=Phi, descriptor_names=()))
    network = train(fl.Dataset(widened), hidden=(3,), iterations=5)
    assert network.projection.shape == (5, 3) and not network.projection[4].any()


def test_progress_counts_iterations_and_may_cancel(ragged) -> None:
    data, calls = ragged(2, configurations=20), []
    train(data, hidden=(3,), iterations=60, progress=lambda *at: calls.append(at))
    assert calls[0] == (0, 60) and calls[-1] == (60, 60) and calls == sorted(calls)

    def cancel(done: int, total: int) -> None:
        if done > 0:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(data, hidden=(3,), iterations=60, progress=cancel)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"hidden": ()}, "hidden: expected positive numbers of units"),
        ({"hidden": (4, 0)}, "hidden: expected positive numbers of units"),
        ({"iterations": 0}, "iterations: expected a positive integer, got 0"),
        ({"inputs": 2.5}, "inputs: expected a positive integer, got 2.5"),
        ({"displacement": 0.0}, "displacement: expected a positive number of Å"),
        ({"strength": -1.0}, "strength: expected a number ≥ 0"),
    ],
)
def test_errors_teach(arguments: dict, sentence: str, ragged) -> None:
    with pytest.raises(ValueError, match=sentence):
        train(ragged(3), **arguments)


def test_forces_that_say_nothing_are_refused(ragged) -> None:
    t = ragged(4)["t0"]
    flat = dataclasses.replace(t, force_descriptors=np.zeros_like(t.force_descriptors))
    with pytest.raises(ValueError, match="data: expected force descriptors that are not all zero"):
        train(fl.Dataset([flat]))
