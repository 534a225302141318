"""A neural potential: its energies and forces by finite differences of the atoms, and its file."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import pytest
from networks import alloys, cluster, network, trajectory

import fisherlib as fl
from fisherlib import comparison
from fisherlib.io.archive import Arrays, checksum, write_arrays
from fisherlib.neural import NeuralPotential, read, write


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return alloys(trajectories=2, frames=3)


@pytest.fixture(scope="module")
def net(data: fl.Dataset) -> NeuralPotential:
    return dataclasses.replace(network(data), offsets={"Cu": -3.5, "Au": -3.25})


@pytest.mark.parametrize("seed", range(3))
def test_forces_are_minus_the_slope_of_energies_through_the_descriptors(net: NeuralPotential, seed: int) -> None:
    atoms = cluster(np.random.default_rng(seed), 6)
    here = trajectory("here", [atoms])
    F, h = net.forces(here), 1e-4
    numeric = []
    for axis in range(18):
        moved = [atoms.copy(), atoms.copy()]
        for sign, one in zip((1, -1), moved, strict=True):
            one.positions.ravel()[axis] += sign * h
        plus, minus = net.energies(trajectory("moved", moved))
        numeric.append((minus - plus) / (2 * h))
    np.testing.assert_allclose(F, numeric, atol=1e-7 * np.abs(F).max())
    assert np.abs(F.reshape(-1, 3).sum(axis=0)).max() < 1e-12 * np.abs(F).max() + 1e-12


def test_energies_are_sums_over_atoms_with_an_offset_for_each_element(net: NeuralPotential, data: fl.Dataset) -> None:
    plain = dataclasses.replace(net, offsets={})
    for t in data.values():
        starts = np.cumsum(t.n_atoms) - t.n_atoms
        np.testing.assert_allclose(net.energies(t), np.add.reduceat(net.site_energies(t), starts))
        gold = np.add.reduceat((t.species == 79).astype(float), starts)
        expected = plain.energies(t) - 3.5 * (t.n_atoms - gold) - 3.25 * gold
        np.testing.assert_allclose(net.energies(t), expected)
    np.testing.assert_array_equal(net.energies(data), np.concatenate([net.energies(t) for t in data.values()]))
    shifted = dataclasses.replace(plain, offset=2.0)
    np.testing.assert_allclose(shifted.energies(data), plain.energies(data) + 2.0 * data.n_atoms)


def test_without_a_hidden_part_it_is_a_linear_potential(net: NeuralPotential, data: fl.Dataset) -> None:
    flat = net.with_theta(np.r_[np.zeros(len(net.theta) - 5), net.skip])
    linear = fl.LinearPotential(theta=0.7 * net.projection @ net.skip)
    np.testing.assert_allclose(flat.forces(data), linear.forces(data), atol=1e-12)
    shift = (
        flat.energies(data)
        - linear.energies(data)
        - net.energies(data)
        + dataclasses.replace(net, offsets={}).energies(data)
    )
    np.testing.assert_allclose(
        shift / data.n_atoms, shift[0] / data.n_atoms[0]
    )  # the mean, which is a constant per atom


def test_parameters_come_back_in_their_order(net: NeuralPotential) -> None:
    assert net.with_theta(net.theta).theta.tobytes() == net.theta.tobytes() and net.hidden == (4, 3)
    again = net.with_theta(np.arange(len(net.theta), dtype=float))
    assert again.weights[0][0].tolist() == [0, 1, 2, 3] and again.skip.tolist() == list(
        range(len(net.theta) - 5, len(net.theta))
    )
    with pytest.raises(ValueError, match=r"theta: expected 48 parameters, got shape \(3,\)"):
        net.with_theta(np.ones(3))
    with pytest.raises(ValueError, match="read-only"):
        net.weights[0][0, 0] = 1.0


def test_it_is_compared_like_a_linear_potential(net: NeuralPotential, data: fl.Dataset) -> None:
    found = comparison.compare(net, data)
    assert found.name == "net"
    assert found.pooled["force_rmse"] == pytest.approx(np.sqrt(np.mean((net.forces(data) - data.forces) ** 2)))


def test_what_is_missing_is_told_with_the_call_that_gives_it(net: NeuralPotential, data: fl.Dataset) -> None:
    t = data["t0"]
    for lacking, asked in (("jacobian", net.forces), ("site_descriptors", net.energies)):
        less = dataclasses.replace(t, jacobian=None, **({} if lacking == "jacobian" else {lacking: None}))
        with pytest.raises(ValueError, match=f"{lacking} of trajectory 't0': expected .*, got none; .*jacobian=True"):
            asked(less)
    other = fl.systems.harmonic([1.0, 2.0])
    with pytest.raises(ValueError, match="data: expected K = 16 descriptors for the potential 'net', got 2"):
        net.energies(other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weights": (np.ones((5, 1)),), "biases": (np.ones(1),)}, "weights: expected one or more hidden layers"),
        ({"skip": np.ones(4)}, r"projection: expected \(K, q\) to go with mean \(K,\) and skip \(q,\)"),
        ({"mean": np.full(16, np.nan)}, "mean: expected finite numbers"),
        ({"start": np.ones(3)}, r"start: expected 48 parameters, got shape \(3,\)"),
        ({"scale": "a"}, "scale: expected numbers"),
        ({"weights": (np.ones((5, 4)), np.ones((4, 3)), np.ones((2, 1)))}, r"weights\[2\]: expected shape \(3, n_out\)"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(net: NeuralPotential, change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(net, **change)


def test_what_holds_no_arrays_is_refused(net: NeuralPotential) -> None:
    for name in ("weights", "biases", "history", "offsets", "provenance"):
        with pytest.raises(TypeError, match=f"{name}: expected"):
            dataclasses.replace(net, **{name: 5})


# Files


def test_a_file_gives_the_same_potential_bit_by_bit(net: NeuralPotential, data: fl.Dataset, tmp_path: Path) -> None:
    kept = dataclasses.replace(net, history={"loss": np.array([2.0, 1.0])}, provenance={"sha256": "0"})
    write(kept, tmp_path / "net.npz")
    again = read(tmp_path / "net.npz")
    assert again.forces(data).tobytes() == net.forces(data).tobytes()
    assert again.energies(data).tobytes() == net.energies(data).tobytes()
    assert again.start.tobytes() == net.start.tobytes() and again.history["loss"].tolist() == [2.0, 1.0]
    assert again.name == "net" and again.offsets == net.offsets and again.provenance["sha256"] == "0"
    assert again.provenance["versions"]["numpy"] == np.__version__
    assert [path.name for path in tmp_path.iterdir()] == ["net.npz"]


def changed(path: Path, **change: object) -> Path:
    """The file with other arrays, under a checksum that holds for them."""
    with Arrays(path) as arrays:
        content = {name: arrays[name] for name in arrays if name != "checksum"}
    content = {name: value for name, value in {**content, **change}.items() if value is not None}
    write_arrays([*content.items(), ("checksum", np.array(checksum(content.values())))], path)
    return path


HOSTILE = {
    "no weights": ({"weights 0": None}, "expected a neural potential, got no 'weights 0'"),
    "another shape": ({"mean": np.ones(3)}, "expected a neural potential, got projection: expected"),
    "infinite": ({"skip": np.full(5, np.inf)}, "expected a neural potential, got skip: expected finite numbers"),
    "words": ({"skip": np.array(["a"] * 5)}, "expected a neural potential, got skip: expected numbers"),
    "another format": ({"format": np.array("x")}, "expected a neural potential from neural.write, got arrays about"),
    "no text": ({"about": np.array("[")}, "expected"),
    "a list": ({"about": np.array("[1]")}, "expected a neural potential, got about: expected"),
    "a name of another kind": ({"about": np.array(json.dumps({"name": 3}))}, "expected a neural potential, got"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_in_one_sentence(net: NeuralPotential, tmp_path: Path, case: str) -> None:
    change, sentence = HOSTILE[case]
    write(net, tmp_path / "net.npz")
    with pytest.raises(ValueError, match=f"net.npz.*{sentence}") as told:
        read(changed(tmp_path / "net.npz", **change))
    assert "\n" not in str(told.value)


def test_other_bytes_and_other_files_are_refused(net: NeuralPotential, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    write(net, path)
    with Arrays(path) as arrays:
        content = {name: arrays[name] for name in arrays}
    write_arrays([(name, value + 1.0 if name == "skip" else value) for name, value in content.items()], path)
    with pytest.raises(ValueError, match="net.npz: expected what was written, got other bytes"):
        read(path)
    path.write_bytes(b"PK\3\4 cut off")
    with pytest.raises(ValueError, match="net.npz"):
        read(path)
    np.savez(path, objects=np.array([{}], dtype=object), format=np.array("x"))
    with pytest.raises(ValueError, match="net.npz"):
        read(path)
    with pytest.raises(FileNotFoundError, match=re.escape("none.npz")):
        read(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="npz"):
        write(net, tmp_path / "net.json")
