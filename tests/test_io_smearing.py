"""Of two energies, that is taken whose slope the forces are; forces that cannot tell leave it as it is, in words."""

import dataclasses

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.io.smearing import energies_of_forces, undecided

DATA = fl.systems.harmonic([1.0, 2.0], trajectories=3, configurations=40, seed=0)
MADE = list(DATA.values())
NAMES = ("energy", "free_energy")


def others(size: float, seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [t.energies + size * rng.normal(size=len(t)) for t in MADE]


def energies(made: list[fl.Trajectory]) -> np.ndarray:
    return np.concatenate([t.energies for t in made])


def test_the_energies_whose_slope_the_forces_are_come_first_or_last() -> None:
    wrong, right = others(0.1), [t.energies for t in MADE]
    made, name, note = energies_of_forces(MADE, wrong, NAMES)
    assert name == "energy" and note.startswith("takes 'energy', to which the forces belong: its energies scatter")
    np.testing.assert_array_equal(energies(made), np.concatenate(right))

    swapped = [dataclasses.replace(t, energies=E) for t, E in zip(MADE, wrong, strict=True)]
    made, name, note = energies_of_forces(swapped, right, NAMES)
    assert name == "free_energy" and "takes 'free_energy', to which the forces belong" in note
    np.testing.assert_array_equal(energies(made), np.concatenate(right))
    made, name, note = energies_of_forces(swapped, right, NAMES, named=True)
    assert name == "energy" and note.startswith("the forces belong to 'free_energy'") and "name it by energies=" in note
    np.testing.assert_array_equal(energies(made), np.concatenate(wrong))


@pytest.mark.parametrize("shift", [0.0, 1e-9, 7.5])
def test_a_constant_for_each_atom_is_no_difference(shift: float) -> None:
    assert energies_of_forces(MADE, [t.energies + shift * t.n_atoms for t in MADE], NAMES)[1:] == ("energy", "")


def test_energies_that_some_configurations_lack_are_not_taken() -> None:
    lacking = others(0.1)
    lacking[1][3] = np.nan
    assert energies_of_forces(MADE, lacking, NAMES)[1:] == ("energy", "")


def test_where_forces_cannot_tell_it_is_said() -> None:

    rough = [dataclasses.replace(t, energies=E) for t, E in zip(MADE, others(0.1), strict=True)]
    name, note = energies_of_forces(rough, others(0.1, seed=2), NAMES)[1:]
    assert name == "energy" and "as the forces do not tell to which they belong" in note


def test_before_there_are_descriptors_a_difference_is_only_told() -> None:
    def stored(E: np.ndarray) -> fl.io.Frames:
        about = {"taken": {"other": "free_energy"}, "columns": {"energies": "energy"}}
        entries = {"free_energy": E}
        return fl.io.Frames(
            key="a", n_atoms=np.array([1, 2, 2]), energies=np.zeros(3), entries=entries, provenance=about
        )

    assert undecided([stored(np.array([1.0, 2.0, 2.0]))]) == [] == undecided([stored(np.full(3, np.nan))])
    assert "'energy' and 'free_energy' differ" in undecided([stored(np.array([1.0, 2.0, 2.5]))])[0]
