"""Graph potentials: symmetries, forces by finite differences, a smooth cutoff, training, and the file."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from networks import alloys, cluster, trajectory
from scipy.spatial.transform import Rotation

import fisherlib as fl
from fisherlib.neural import GraphPotential, read_graph, train_graph, write_graph
from fisherlib.neural.graph_potential import shapes
from fisherlib.neural.graphs import Graphs
from fisherlib.neural.messages import first_arrays

OFFSETS = {"Cu": -3.5, "Au": -3.25}


@pytest.fixture(scope="module")
def data() -> fl.Dataset:
    return alloys(1, trajectories=4, frames=3)


@pytest.fixture(scope="module")
def net() -> GraphPotential:
    """Random weights of a size at which nothing of the network is nearly linear."""
    arrays = first_arrays(shapes(2, 5, 2, 6), np.random.default_rng(0))
    arrays["energy"] = 10.0 * arrays["energy"]
    return GraphPotential(arrays=arrays, elements=(29, 79), rounds=2, cutoff=4.0, degree=2.0, offsets=OFFSETS)


def moved(t: fl.Trajectory, positions: np.ndarray, species: np.ndarray | None = None) -> fl.Trajectory:
    return dataclasses.replace(t, positions=positions, species=t.species if species is None else species)


def test_energies_do_not_change_when_it_is_turned_moved_or_renumbered(net: GraphPotential, data: fl.Dataset) -> None:
    t = next(iter(data.values()))
    U, F = net.energies(t), net.forces(t).reshape(-1, 3)
    assert np.ptp(U - [sum(OFFSETS["Cu" if s == 29 else "Au"] for s in part) for part in _parts(t)]) > 1e-3
    R = Rotation.random(random_state=3).as_matrix()
    turned = moved(t, t.positions @ R.T + [1.0, -2.0, 3.0])
    np.testing.assert_allclose(net.energies(turned), U, atol=1e-10)
    np.testing.assert_allclose(net.forces(turned).reshape(-1, 3), F @ R.T, atol=1e-10)
    order = np.concatenate([a + np.random.default_rng(1).permutation(n) for a, n in zip(np.cumsum(t.n_atoms) - t.n_atoms, t.n_atoms, strict=True)])  # fmt: skip
    other = moved(t, t.positions[order], t.species[order])
    np.testing.assert_allclose(net.energies(other), U, atol=1e-10)
    np.testing.assert_allclose(net.forces(other).reshape(-1, 3), F[order], atol=1e-10)
    assert np.abs(np.add.reduceat(F, np.cumsum(t.n_atoms) - t.n_atoms)).max() < 1e-10


def _parts(t: fl.Trajectory) -> list[np.ndarray]:
    return np.split(t.species, np.cumsum(t.n_atoms)[:-1])


def test_forces_are_minus_the_slope_of_energies(net: GraphPotential) -> None:
    atoms, h, numeric = cluster(np.random.default_rng(0), 6), 1e-4, []
    here = trajectory("here", [atoms])
    for axis in range(18):
        plus, minus = here.positions.copy(), here.positions.copy()
        plus.ravel()[axis] += h
        minus.ravel()[axis] -= h
        numeric.append((net.energies(moved(here, minus)) - net.energies(moved(here, plus)))[0] / (2 * h))
    F = net.forces(here)
    np.testing.assert_allclose(F, numeric, atol=1e-6 * np.abs(F).max())


def test_an_atom_comes_into_reach_without_a_kink(net: GraphPotential) -> None:
    t = next(iter(data_of_two(np.linspace(net.cutoff - 1e-3, net.cutoff + 1e-3, 21)).values()))
    U, F = net.energies(t), net.forces(t).reshape(-1, 2, 3)[:, 1, 0]
    assert np.ptp(U) < 1e-6 and np.abs(F).max() < 1e-4
    assert (F[11:] == 0).all() and np.abs(np.diff(F)).max() < 2e-5


def data_of_two(distances: np.ndarray) -> fl.Dataset:
    one = trajectory("two", [cluster(np.random.default_rng(0), 2) for _ in distances])
    x = np.zeros((len(distances), 2, 3))
    x[:, 1, 0] = distances
    return fl.Dataset([dataclasses.replace(one, positions=x.reshape(-1, 3), species=np.full(2 * len(distances), 29))])


def test_clusters_far_apart_are_the_sum_of_each_alone(net: GraphPotential) -> None:
    one, two = (trajectory("part", [cluster(np.random.default_rng(k), n)]) for k, n in ((0, 5), (1, 3)))
    x = np.concatenate([one.positions, two.positions + [50.0, 0.0, 0.0]])
    species = np.full(8, 29)
    frame = dataclasses.replace(
        trajectory("both", [cluster(np.random.default_rng(0), 8)]), positions=x, species=species
    )
    parts = [moved(t, t.positions, np.full(len(t.positions), 29)) for t in (one, two)]
    np.testing.assert_allclose(net.energies(frame), sum(net.energies(t) for t in parts), atol=1e-10)
    np.testing.assert_allclose(net.forces(frame), np.concatenate([net.forces(t) for t in parts]), atol=1e-10)


def test_atoms_without_neighbours_have_their_own_energy_and_no_force(net: GraphPotential) -> None:
    t = next(iter(data_of_two(np.array([net.cutoff + 1.0, 50.0])).values()))
    U = net.energies(t)
    assert U[0] == pytest.approx(U[1], abs=1e-10) and not net.forces(t).any()


def test_edges_are_those_of_all_pairs_within_the_cutoff(data: fl.Dataset) -> None:
    graphs = Graphs.of(data, [29, 79], 3.1, energies=data.energies)
    for m in range(len(graphs)):
        x = graphs.positions[graphs.atoms[m] : graphs.atoms[m + 1]]
        near = np.linalg.norm(x[:, None] - x, axis=-1) < 3.1
        rows = slice(graphs.rows[m], graphs.rows[m + 1])
        i, j = np.repeat(graphs.centres[rows], 8), graphs.others[rows].ravel()
        found = np.zeros_like(near)
        found[i[j >= 0], j[j >= 0]] = True
        np.testing.assert_array_equal(found, near & ~np.eye(len(x), dtype=bool))


def test_training_lowers_the_errors_and_the_same_seed_gives_the_same(data: fl.Dataset) -> None:
    calls: list[tuple[int, int]] = []
    given = {"features": 6, "radial": 6, "batch": 3, "learning_rate": 0.02, "seed": 2}
    net = train_graph(data, epochs=30, **given, progress=lambda done, total: calls.append((done, total)))
    assert net.history["validation loss"].min() < 0.7 * net.history["validation loss"][0]
    assert calls[-1][0] == calls[-1][1] and net.provenance["training"]["held out"]
    again = train_graph(data, epochs=30, **given)
    np.testing.assert_array_equal(again.energies(data), net.energies(data))
    alone = train_graph(data, epochs=2, **given, force_weight=0.0, energy_weight=1.0)
    assert "validation force RMSE, eV/Å" not in alone.history


def test_a_file_gives_the_same_potential_and_other_files_are_refused(
    net: GraphPotential, data: fl.Dataset, tmp_path: Path
) -> None:
    write_graph(dataclasses.replace(net, history={"loss": np.array([2.0, 1.0])}), tmp_path / "net.npz")
    again = read_graph(tmp_path / "net.npz")
    assert again.energies(data).tobytes() == net.energies(data).tobytes() and again.history["loss"].tolist() == [2, 1]
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    with pytest.raises(ValueError, match="expected a graph potential from neural.write_graph, got arrays a"):
        read_graph(tmp_path / "other.npz")


def test_nonsense_is_refused(net: GraphPotential, data: fl.Dataset) -> None:
    t = next(iter(data.values()))
    with pytest.raises(ValueError, match="arrays: expected finite ones of the shapes"):
        dataclasses.replace(net, arrays={**net.arrays, "read": np.ones((5, 4))})
    with pytest.raises(ValueError, match="cutoff: expected a number > 0"):
        dataclasses.replace(net, cutoff=0.0)
    with pytest.raises(ValueError, match="species of trajectory 't0': expected Cu, got Au"):
        train_graph_of_copper = dataclasses.replace(
            net, elements=(29,), arrays={**net.arrays, "embedding": np.ones((1, 5))}
        )
        train_graph_of_copper.energies(t)
    with pytest.raises(ValueError, match="positions of trajectory 't0': expected them"):
        net.energies(dataclasses.replace(t, positions=None))
    with pytest.raises(ValueError, match="positions: expected atoms in different places"):
        net.energies(moved(t, np.zeros_like(t.positions)))
    with pytest.raises(ValueError, match="learning_rate: expected a number > 0"):
        train_graph(data, learning_rate=0.0)
    with pytest.raises(ValueError, match="force_weight: expected energies or forces"):
        train_graph(data, force_weight=0.0, energy_weight=0.0)
