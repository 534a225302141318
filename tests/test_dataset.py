"""Trajectories and datasets: what is refused and how it is said, what is read-only, and how they are cut."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl

N_ATOMS = np.array([2, 1, 3])
K = 2


def arguments(seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    atoms = int(N_ATOMS.sum())
    return {
        "key": "water",
        "n_atoms": N_ATOMS,
        "energies": rng.normal(size=3),
        "descriptors": rng.normal(size=(3, K)),
        "forces": rng.normal(size=3 * atoms),
        "force_descriptors": rng.normal(size=(3 * atoms, K)),
        "site_descriptors": rng.normal(size=(atoms, K)),
        "species": np.arange(1, atoms + 1),
        "positions": rng.normal(size=(atoms, 3)),
        "cell": rng.normal(size=(3, 3, 3)),
        "pbc": np.ones((3, 3), dtype=bool),
        "descriptor_names": ("a", "b"),
    }


def trajectory(**changes: Any) -> fl.Trajectory:
    return fl.Trajectory(**{**arguments(), **changes})


SHAPES = [
    ("energies", np.zeros(4), "(3,)", "(4,)"),
    ("energies", np.zeros((3, 1)), "(3,)", "(3, 1)"),
    ("descriptors", np.zeros((2, K)), "(3, K)", "(2, 2)"),
    ("descriptors", np.zeros(3), "(3, K)", "(3,)"),
    ("forces", np.zeros(17), "(18,)", "(17,)"),
    ("forces", np.zeros((6, 3)), "(18,)", "(6, 3)"),
    ("force_descriptors", np.zeros((18, K + 1)), "(18, 2)", "(18, 3)"),
    ("force_descriptors", np.zeros((6, 3, K)), "(18, 2)", "(6, 3, 2)"),
    ("site_descriptors", np.zeros((6, K + 1)), "(6, 2)", "(6, 3)"),
    ("species", np.ones(5), "(6,)", "(5,)"),
    ("positions", np.zeros((6, 2)), "(6, 3)", "(6, 2)"),
    ("cell", np.zeros((2, 3, 3)), "(3, 3, 3)", "(2, 3, 3)"),
]


@pytest.mark.parametrize(("name", "value", "expected", "found"), SHAPES)
def test_a_wrong_shape_names_argument_trajectory_expectation_and_finding(
    name: str, value: np.ndarray, expected: str, found: str
) -> None:
    sentence = f"{name} of trajectory 'water': expected shape {expected}, got {found}"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        trajectory(**{name: value})


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("name", "where", "row", "place"),
    [
        ("energies", (1,), 1, "configuration 1"),
        ("descriptors", (2, 1), 2, "configuration 2, descriptor 'b'"),
        # atoms 0, 1 | 2 | 3, 4, 5: row 10 is the y of atom 3, the first of the last configuration
        ("forces", (10,), 10, "configuration 2, atom 0"),
        ("force_descriptors", (5, 0), 5, "configuration 0, atom 1, descriptor 'a'"),
        ("site_descriptors", (2, 1), 2, "configuration 1, atom 0, descriptor 'b'"),
    ],
)
def test_a_value_that_is_not_finite_is_located_and_the_way_out_given(
    name: str, where: tuple[int, ...], row: int, place: str, bad: float
) -> None:
    values = arguments()[name].copy()
    values[where] = bad
    with pytest.raises(ValueError, match=f"{name} of trajectory 'water'") as caught:
        trajectory(**{name: values})
    assert "expected finite numbers, got 1 NaN or infinite" in str(caught.value)
    assert f"the first in {place}; repair or leave out those configurations" in str(caught.value)


def test_infinities_of_both_signs_are_counted_in_one_sentence() -> None:
    forces = arguments()["forces"].copy()
    forces[[4, 7]] = np.inf, -np.inf
    with pytest.raises(ValueError, match="got 2 NaN or infinite, the first in configuration 0, atom 1"):
        trajectory(forces=forces)


def test_large_finite_values_are_accepted_in_silence() -> None:
    assert trajectory(forces=np.full(18, 1e308)).forces[0] == 1e308


def test_a_position_that_is_not_finite_is_refused() -> None:
    positions = arguments()["positions"].copy()
    positions[3, 0] = np.nan
    with pytest.raises(ValueError, match="positions of trajectory 'water'"):
        trajectory(positions=positions)


def test_a_wrong_pbc_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="pbc of trajectory 'water'"):
        trajectory(pbc=np.ones((2, 3), dtype=bool))


def test_atomic_numbers_that_are_no_integers_are_refused() -> None:
    with pytest.raises(ValueError, match="species of trajectory 'water'"):
        trajectory(species=np.full(6, 29.7))


@pytest.mark.parametrize("n_atoms", [[], [2, 0, 4], [2, -1, 5], [2.0, 1.0, 3.0], [[2, 1, 3]], 6])
def test_impossible_numbers_of_atoms_are_refused(n_atoms: object) -> None:
    with pytest.raises(ValueError, match="n_atoms of trajectory 'water': expected at least one positive integer, got"):
        trajectory(n_atoms=n_atoms)


@pytest.mark.parametrize("energies", [["a", "b", "c"], [[1.0], [2.0, 3.0], [4.0]], [None, "x", 2.0]])
def test_what_is_not_a_number_is_refused_by_name(energies: object) -> None:
    with pytest.raises(ValueError, match="energies of trajectory 'water': expected numbers, got list"):
        trajectory(energies=energies)


def test_a_wrong_number_of_names_is_refused() -> None:
    with pytest.raises(ValueError, match="descriptor_names of trajectory 'water': expected 2, got 3"):
        trajectory(descriptor_names=("a", "b", "c"))


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("temperature of trajectory 'water'", {"temperature": -300.0}),
        (
            "descriptors of trajectory 'water'",
            {
                "descriptors": np.zeros((3, 0)),
                "force_descriptors": np.zeros((18, 0)),
                "site_descriptors": None,
                "descriptor_names": (),
            },
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(words: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=words):
        trajectory(**changes)


def test_names_are_made_where_there_are_none() -> None:
    assert trajectory(descriptor_names=()).descriptor_names == ("D0", "D1")


def test_every_array_of_a_trajectory_is_read_only() -> None:
    t = trajectory()
    arrays = {f.name: getattr(t, f.name) for f in dataclasses.fields(t)}
    arrays = {name: a for name, a in arrays.items() if isinstance(a, np.ndarray)}
    assert len(arrays) == 10
    for name, array in arrays.items():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
        assert array.flags.c_contiguous, name
    with pytest.raises(dataclasses.FrozenInstanceError):
        t.energies = np.zeros(3)


def test_the_callers_own_arrays_stay_writeable() -> None:
    given_arrays = arguments()
    fl.Trajectory(**given_arrays)
    given_arrays["forces"][0] = 1.0
    assert given_arrays["forces"].flags.writeable


def test_only_force_and_site_descriptors_may_stay_float32() -> None:
    names = ("energies", "descriptors", "forces", "force_descriptors", "site_descriptors")
    t = trajectory(**{name: arguments()[name].astype(np.float32) for name in names})
    assert t.force_descriptors.dtype == t.site_descriptors.dtype == np.float32
    assert t.energies.dtype == t.descriptors.dtype == t.forces.dtype == np.float64
    half = arguments()["force_descriptors"].astype(np.float16)
    assert trajectory(force_descriptors=half).force_descriptors.dtype == np.float64


@given(start=st.integers(0, 2), length=st.integers(1, 3))
def test_a_slice_holds_the_rows_of_its_configurations(start: int, length: int) -> None:
    t, stop = trajectory(), min(start + length, 3)
    atom_of_row = np.repeat(np.arange(3), N_ATOMS)
    wanted = (atom_of_row >= start) & (atom_of_row < stop)
    part = t.slice(start, stop)
    assert part.key == t.key and len(part) == stop - start
    np.testing.assert_array_equal(part.energies, t.energies[start:stop])
    np.testing.assert_array_equal(part.cell, t.cell[start:stop])
    np.testing.assert_array_equal(part.positions, t.positions[wanted])
    np.testing.assert_array_equal(part.species, t.species[wanted])
    np.testing.assert_array_equal(part.site_descriptors, t.site_descriptors[wanted])
    np.testing.assert_array_equal(part.forces, t.forces[np.repeat(wanted, 3)])
    np.testing.assert_array_equal(part.force_descriptors, t.force_descriptors[np.repeat(wanted, 3)])


def test_a_slice_copies_no_array() -> None:
    t = trajectory()
    assert np.shares_memory(t.slice(1, 3).force_descriptors, t.force_descriptors)


def test_a_slice_beyond_the_end_is_refused_in_a_sentence() -> None:
    with pytest.raises((ValueError, IndexError), match="stop: expected"):
        trajectory().slice(0, 4)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**16), number=st.integers(1, 5))
def test_blocks_put_together_are_the_dataset(ragged: Callable[..., fl.Dataset], seed: int, number: int) -> None:
    data = ragged(seed)
    blocks = data.blocks(number)
    assert list(blocks) == [f"{key}/{k}" for key in data for k in range(number)]
    for name in ("energies", "n_atoms", "forces"):
        np.testing.assert_array_equal(getattr(blocks, name), getattr(data, name))
    lengths = [len(b) for b in blocks.values()]
    assert max(lengths) - min(lengths) <= 1
    assert blocks["t0/0"].temperature == data["t0"].temperature


@pytest.mark.parametrize("number", [0, -1, 6])
def test_an_impossible_number_of_blocks_is_refused(ragged: Callable[..., fl.Dataset], number: int) -> None:
    with pytest.raises(ValueError, match=f"number: expected 1 to 5 blocks, as 't0' has 5 configurations, got {number}"):
        ragged(0).blocks(number)


def test_select_gives_the_order_asked_for_and_drop_keeps_the_order_there_is(ragged: Callable[..., fl.Dataset]) -> None:
    data = ragged(0, temperatures=(1.0, 2.0, 3.0, 4.0))
    assert list(data.select(["t2", "t0"])) == ["t2", "t0"]
    assert list(data.drop(["t2", "t0"])) == ["t1", "t3"]
    assert data.drop(["t1"])["t2"] is data["t2"]
    np.testing.assert_array_equal(np.bincount(data.groups), [5, 5, 5, 5])


def test_select_and_drop_keep_the_provenance(ragged: Callable[..., fl.Dataset]) -> None:
    data = fl.Dataset(ragged(0).values(), provenance={"file": "x"})
    for part in (data.select(["t0"]), data.drop(["t0"]), data.blocks(2)):
        assert part.provenance == {"file": "x"} and part.provenance is not data.provenance


@pytest.mark.parametrize("method", ["select", "drop", "__getitem__"])
def test_an_unknown_key_lists_the_known_ones(ragged: Callable[..., fl.Dataset], method: str) -> None:
    data = ragged(0)
    with pytest.raises(KeyError, match="no trajectory 't7'; there are 't0', 't1'"):
        getattr(data, method)("t7" if method == "__getitem__" else ["t7"])


def test_dropping_everything_is_refused(ragged: Callable[..., fl.Dataset]) -> None:
    with pytest.raises(ValueError, match="trajectories: expected at least one, got none"):
        ragged(0).drop(["t0", "t1"])


def test_one_key_as_a_string_is_understood(ragged: Callable[..., fl.Dataset]) -> None:
    assert list(ragged(0).drop("t0")) == ["t1"]


def test_datasets_refuse_no_trajectory_a_key_twice_and_other_descriptors() -> None:
    with pytest.raises(ValueError, match="trajectories: expected at least one, got none"):
        fl.Dataset([])
    with pytest.raises(ValueError, match="trajectories: expected different keys, got 'water' twice"):
        fl.Dataset([trajectory(), trajectory()])
    other = trajectory(
        key="ice", descriptors=np.zeros((3, 3)), force_descriptors=np.zeros((18, 3)), site_descriptors=None,
        descriptor_names=(),
    )  # fmt: skip
    with pytest.raises(
        ValueError, match="expected the same descriptors everywhere, got K = 2 in 'water' and K = 3 in 'ice'"
    ):
        fl.Dataset([trajectory(), other])
    with pytest.raises(ValueError, match="or other names"):
        fl.Dataset([trajectory(), trajectory(key="ice", descriptor_names=("b", "a"))])


def test_the_repr_says_how_much_there_is() -> None:
    t = trajectory(temperature=300.0)
    assert repr(t) == "Trajectory('water': 3 configurations, 6 atoms, K = 2, 300 K)"
    assert "unknown temperature" in repr(trajectory())
    assert repr(fl.Dataset([t])) == "Dataset(1 trajectory, 3 configurations, K = 2)"


def test_the_summary_names_numbers_temperatures_and_provenance(ragged: Callable[..., fl.Dataset]) -> None:
    made = ragged(0, temperatures=(600.0, 300.0, None, 600.0))
    data = fl.Dataset(made.values(), provenance={"file": "x.npz", "descriptor": {"name": "SOAP", "n_max": 6}})
    assert data.temperatures == [300.0, 600.0]
    summary = data.summary()
    assert summary["file"] == "x.npz" and summary["descriptor"] == "name SOAP, n_max 6"
    assert (summary["trajectories"], summary["configurations"], summary["descriptors K"]) == (4, 20, 3)
    assert summary["temperature, K"] == "300, 600"
    assert summary["atoms in a configuration"] == f"{data.n_atoms.min()} to {data.n_atoms.max()}"
    one = ragged(0, temperatures=(None,), atoms=(4, 4)).summary()
    assert (one["temperature, K"], one["atoms in a configuration"]) == ("not known", "4")
