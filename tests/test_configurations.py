"""Structures with named columns: taken apart without a number lost, refused where lengths do not fit."""

import dataclasses

import numpy as np
import pytest

from fisherlib.configurations import Configurations

N = np.array([2, 1, 3])


def example() -> Configurations:
    rng = np.random.default_rng(0)
    return Configurations(
        key="all",
        n_atoms=N,
        numbers=np.array([1, 8, 29, 1, 1, 8]),
        positions=rng.normal(size=(6, 3)),
        energies=np.array([1.0, 2.0, 3.0]),
        forces=rng.normal(size=(6, 3)),
        cell=rng.normal(size=(3, 3, 3)),
        pbc=np.array([[True] * 3, [False] * 3, [True] * 3]),
        columns={"D": rng.normal(size=(6, 4))},
        entries={"run": np.array(["b", "a", "b"])},
    )


def test_each_configuration_keeps_its_rows_in_whatever_order_it_is_taken() -> None:
    whole, rows = example(), [2, 0]
    part = whole.take("some", rows)
    atoms = [3, 4, 5, 0, 1]
    assert part.key == "some" and part.n_atoms.tolist() == [3, 2] and part.entries["run"].tolist() == ["b", "b"]
    for name in ("numbers", "positions", "forces"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[atoms])
    for name in ("energies", "cell", "pbc"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])
    np.testing.assert_array_equal(part.columns["D"], whole.columns["D"][atoms])


def test_an_entry_tells_trajectories_apart_in_the_order_in_which_they_begin() -> None:
    b, a = example().by_entry("run")
    assert (b.key, a.key) == ("b", "a") and (b.energies.tolist(), a.energies.tolist()) == ([1.0, 3.0], [2.0])


def test_atoms_of_ase_have_numbers_positions_and_a_cell() -> None:
    whole = example()
    made = whole.atoms()
    assert [len(a) for a in made] == N.tolist() and [a.pbc.all() for a in made] == [True, False, True]
    np.testing.assert_array_equal(np.concatenate([a.positions for a in made]), whole.positions)
    with pytest.raises(ValueError, match="trajectory 'all': expected numbers and positions, got None"):
        dataclasses.replace(whole, numbers=None).atoms()


def test_descriptors_make_a_trajectory_of_sums_once_energies_and_forces_are_chosen() -> None:
    whole, D = example(), np.arange(12.0).reshape(6, 2)
    made = whole.with_descriptors(D, np.ones((18, 2)), ["a", "b"])
    assert made.descriptors.tolist() == [[2, 4], [4, 5], [24, 27]] and made.descriptor_names == ("a", "b")
    with pytest.raises(ValueError, match="'all': expected forces, got None; choose them first"):
        dataclasses.replace(whole, forces=None).with_descriptors(D, np.ones((18, 2)), ["a", "b"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"positions": np.zeros((5, 3))}, r"positions of trajectory 'all': expected shape \(6, 3\), got \(5, 3\)"),
        ({"energies": np.zeros(2)}, r"energies of trajectory 'all': expected shape \(3,\), got \(2,\)"),
        ({"pbc": None}, r"pbc of trajectory 'all': expected shape \(3, 3\), got \(\)"),
        ({"columns": {"D": np.zeros(3)}}, "column 'D' of trajectory 'all': expected 6 atoms, got 3"),
        ({"entries": {"e": np.zeros(6)}}, "entry 'e' of trajectory 'all': expected 3 configurations, got 6"),
        ({"numbers": np.zeros(6, dtype=int), "place": "a.npz"}, "numbers of a.npz: expected atomic numbers"),
    ],
)
def test_lengths_that_do_not_fit_are_refused(change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        dataclasses.replace(example(), **change)
