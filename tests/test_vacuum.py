"""Slabs and wires: their descriptors are those of the same atoms in a crystal whose images are far apart."""

import shutil
import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.descriptors.vacuum import with_vacuum

SOAP = Soap(cutoff=3.5, n_max=3, l_max=2)


def described(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    return SOAP([atoms], species=[29])


def slab(seed: int = 0) -> Atoms:
    """A slab of copper with atoms off their places, between vacuums of 12 Å by hand."""
    atoms = fcc111("Cu", (2, 2, 3), vacuum=12.0, periodic=True)
    atoms.rattle(0.1, seed=seed)
    return atoms


def wire() -> Atoms:
    atoms = bulk("Cu", cubic=True) * (1, 1, 2)
    atoms.rattle(0.1, seed=1)
    atoms.center(vacuum=12.0, axis=(0, 1))
    return atoms


@pytest.mark.parametrize("third", ["as it is", "nothing", "too short", "oblique", "in the plane"])
def test_a_slab_is_described_as_between_vacuums(third: str) -> None:
    expected, free = described(slab()), slab()
    free.pbc = (True, True, False)
    cell = np.array(free.cell)
    cell[2] = {
        "as it is": cell[2],
        "nothing": 0.0,
        "too short": [0, 0, 1.0],
        "oblique": [9, 4, 30.0],
        "in the plane": cell[0],
    }[third]
    free.set_cell(cell)
    for found, right in zip(described(free), expected, strict=True):
        np.testing.assert_allclose(found, right, atol=1e-10)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_direction_may_be_the_one_that_is_not_periodic(axis: int) -> None:
    order = np.roll([0, 1, 2], axis)
    turned = slab()
    turned.set_cell(np.array(turned.cell)[order])
    turned.pbc = np.array([True, True, False])[order]
    for found, right in zip(described(turned), described(slab()), strict=True):
        np.testing.assert_allclose(found, right, atol=1e-10)


def test_a_wire_is_described_as_in_a_vacuum() -> None:
    free = wire()
    free.pbc = (False, False, True)
    free.set_cell(np.diag([0.0, 0.0, free.cell[2, 2]]))
    for found, right in zip(described(free), described(wire()), strict=True):
        np.testing.assert_allclose(found, right, atol=1e-10)


def test_moving_a_slab_or_an_atom_by_a_period_changes_nothing() -> None:
    free = slab()
    free.pbc = (True, True, False)
    moved = free.copy()
    moved.positions += [0.3, -2.0, 50.0]
    moved.positions[3] += free.cell[0] - 2 * free.cell[1]
    for found, right in zip(described(moved), described(free), strict=True):
        np.testing.assert_allclose(found, right, atol=1e-9)


def test_images_are_further_apart_than_twice_the_cutoff_and_crystals_stay() -> None:
    free = slab()
    free.pbc = (True, True, False)
    made = with_vacuum(free, 3.5)
    height = made.cell.volume / np.linalg.norm(np.cross(*made.cell[:2]))
    assert made.pbc.all() and height == pytest.approx(np.ptp(free.positions[:, 2]) + 7.0)
    assert with_vacuum(slab(), 3.5).cell.tolist() == slab().cell.tolist()
    cluster = Atoms("Cu2", positions=[[0, 0, 0], [2.5, 0, 0]])
    assert with_vacuum(cluster, 3.5) is cluster


@pytest.mark.parametrize(
    "cell",
    [[[np.nan, 0, 0], [0, 3, 0], [0, 0, 0]], [[0, 0, 0], [0, 3, 0], [0, 0, 9]], [[1, 1, 0], [2, 2, 0], [0, 0, 9]]],
)
def test_periodic_vectors_that_span_no_plane_are_refused(cell: list) -> None:
    with pytest.raises(ValueError, match="cell of configuration 0: expected three independent, finite vectors in Å"):
        described(Atoms("Cu", cell=cell, pbc=(True, True, False)))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_positions_that_are_no_numbers_are_refused_in_a_slab_too(value: float) -> None:
    slab = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, value]], cell=[3, 3, 9], pbc=(True, True, False))
    with pytest.raises(ValueError, match="(positions|cell) of configuration 0: expected .*(finite|Å, 1e.08 at most)"):
        described(slab)


def test_a_slab_in_a_file_equals_the_same_slab_between_vacuums(tmp_path: Path) -> None:
    source = Path(__file__).resolve().parents[2] / "shared" / "cases" / "06f_slab_TTF.xyz"
    if not source.exists():
        pytest.skip(f"no {source.name} beside the project")
    frames = ase.io.read(source, index=":")
    for atoms in frames:
        forces, energy = atoms.get_forces(), atoms.get_potential_energy()
        atoms.pbc = True
        atoms.cell[2] = [0, 0, np.ptp(atoms.positions[:, 2]) + 12.0]
        atoms.calc = SinglePointCalculator(atoms, forces=forces, energy=energy)
    ase.io.write(tmp_path / "wide.xyz", frames)
    shutil.copy(source, tmp_path / "slab.xyz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        slab, wide = (
            fl.io.read(tmp_path / f"{name}.xyz", temperature=300.0, descriptor=SOAP) for name in ("slab", "wide")
        )
    found, right = (np.concatenate([t.force_descriptors for t in data.values()]) for data in (slab, wide))
    np.testing.assert_allclose(found, right, atol=1e-10)
