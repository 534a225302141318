"""The Jacobian of site descriptors: its sums, its cuts, and what is refused. Its values are in the contract."""

import dataclasses

import numpy as np
import pytest
from ase.build import molecule

import fisherlib as fl
from fisherlib.dataset import Jacobian, Trajectory
from fisherlib.descriptors import Soap


@pytest.fixture(scope="module")
def water() -> Trajectory:
    many = []
    for seed in range(3):
        many.append(molecule("H2O"))
        many[-1].rattle(0.1, seed=seed)
    D, jacobian = Soap(cutoff=4.0, n_max=2, l_max=1).with_jacobian(many)
    Phi = jacobian.force_descriptors(9)
    sums = np.add.reduceat(D, [0, 3, 6])
    return Trajectory(
        key="water",
        n_atoms=[3, 3, 3],
        descriptors=sums,
        site_descriptors=D,
        forces=np.zeros(27),
        force_descriptors=Phi,
        jacobian=jacobian,
    )


def test_equal_slopes_of_all_atoms_give_the_forces_of_a_linear_potential(water: Trajectory) -> None:
    theta = np.random.default_rng(0).normal(size=water.K)
    forces = water.jacobian.forces(np.tile(theta, (9, 1)))
    np.testing.assert_allclose(forces, water.force_descriptors @ theta, rtol=0, atol=1e-12 * np.abs(forces).max())


def test_a_slice_of_a_trajectory_has_its_part(water: Trajectory) -> None:
    part, rng = water.slice(1, 3), np.random.default_rng(1)
    slopes = rng.normal(size=(9, water.K))
    np.testing.assert_allclose(part.jacobian.forces(slopes[3:]), water.jacobian.forces(slopes)[9:], rtol=1e-12)
    assert np.shares_memory(part.jacobian.values, water.jacobian.values)
    joined = Jacobian.joined([(3, water.slice(0, 1).jacobian), (6, part.jacobian)])
    assert joined.values.tobytes() == water.jacobian.values.tobytes()
    assert joined.atoms.tolist() == water.jacobian.atoms.tolist()


def test_single_precision_stays(water: Trajectory) -> None:
    j = water.jacobian
    assert Jacobian(j.centres, j.atoms, j.values.astype(np.float32)).values.dtype == np.float32


def test_blocks_of_a_dataset_have_theirs(water: Trajectory) -> None:
    blocks = fl.Dataset([water]).blocks(3)
    assert [t.jacobian.centres.max() for t in blocks.values()] == [2, 2, 2]


@pytest.mark.parametrize(
    ("centres", "atoms", "values", "sentence"),
    [
        ([0], [0], np.zeros((1, 2, 1)), r"values: expected shape \(P, 3, K\)"),
        ([0], [0], np.full((1, 3, 1), np.nan), "values: expected finite"),
        ([0, 1], [0], np.zeros((1, 3, 1)), r"centres: expected \(1,\) rows"),
        ([0], [-1], np.zeros((1, 3, 1)), r"atoms: expected \(1,\) rows"),
        ([0], [0.5], np.zeros((1, 3, 1)), r"atoms: expected \(1,\) rows"),
        ([1, 0], [0, 0], np.zeros((2, 3, 1)), "centres: expected rows in ascending order"),
    ],
)
def test_what_is_no_jacobian_is_refused(centres: list, atoms: list, values: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        Jacobian(np.array(centres), np.array(atoms), values)


def test_a_foreign_jacobian_is_refused(water: Trajectory) -> None:
    j = water.jacobian
    for other in (
        Jacobian(j.centres, j.atoms, j.values[:, :, :-1]),
        Jacobian(j.centres, j.atoms[::-1], j.values),
        Jacobian(j.centres + 1, j.atoms + 1, j.values),
    ):
        with pytest.raises(ValueError, match="^jacobian of trajectory 'water': expected pairs"):
            dataclasses.replace(water, jacobian=other)
    with pytest.raises(ValueError, match="^site_descriptors of trajectory 'water': expected them beside"):
        dataclasses.replace(water, site_descriptors=None)
    with pytest.raises(TypeError, match="^jacobian of trajectory 'water': expected Jacobian"):
        dataclasses.replace(water, jacobian=j.values)
    with pytest.raises(ValueError, match="^slopes: expected"):
        j.forces(np.zeros((2, 3)))
