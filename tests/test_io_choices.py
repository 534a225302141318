"""Which entries of a file probably tell its trajectories apart, and that nobody is left unaware of them."""

import itertools
import re
import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

import fisherlib as fl
from fisherlib.io.columns import candidates

RNG = np.random.default_rng(0)
FRAMES = 200


@pytest.mark.parametrize(
    ("name", "entry", "values"),
    [
        ("run", np.repeat(np.arange(5), 40), 5),
        ("run", np.tile(np.arange(5), 40), 5),  # in turn
        ("walker", np.repeat(np.arange(20), 10), 20),  # more values than configurations each, by a usual name
        ("config_type", np.repeat(["bulk", "slab"], 100), 2),
        ("phase of it", np.repeat([f"p{k}" for k in range(20)], 10), 20),  # words
        ("basin", np.repeat(np.arange(4), 50), 4),
        ("temperature", np.repeat([300, 600], 100), 2),
        ("run", np.zeros(FRAMES, dtype=int), None),  # one value
        ("run", np.arange(FRAMES), None),  # each its own
        ("run", np.repeat(np.arange(100), 2), 100),  # two configurations each, by a usual name
        ("run", np.r_[np.repeat(np.arange(98), 2), np.arange(98, 102)], None),  # fewer
        ("tag", np.array([f"{k // 2}" for k in range(FRAMES)]), None),  # by another name
        ("step", np.tile(np.arange(40), 5), None),
        ("counter", np.tile(np.arange(40), 5), None),  # starts anew in each run
        ("label", np.array([f"{k // 2}" for k in range(FRAMES)]), None),
        ("n_atoms", np.repeat([31, 32], 100), None),
        ("n_Cu", np.repeat([15, 16], 100), None),
        ("charge", np.repeat([0, 1], 100), None),
        ("run", np.repeat([0.0, 1.0], 100), 2),
        ("run", np.repeat([True, False], 100), 2),
        ("run", np.repeat([0.5, 1.0], 100), None),  # no whole numbers
        ("run", np.repeat([np.nan, 1.0], 100), None),
        ("pressure", np.repeat([0.0, 1.0], 100), None),  # of another name
        ("converged", np.repeat([True, False], 100), None),
        ("run", np.repeat([[0, 1]], FRAMES, axis=0), None),
    ],
)
def test_likely_keys(name: str, entry: np.ndarray, values: int | None) -> None:
    assert candidates.likely_keys({name: entry}) == ({} if values is None else {name: values})


def test_the_likeliest_comes_first() -> None:
    columns = {
        "basin": np.repeat([0, 1], 100),
        "phase": np.repeat(["a", "b"], 100),
        "run": np.repeat(np.arange(5), 40),
        "group": np.repeat(["x", "y"], 100),
    }
    assert (
        list(candidates.likely_keys(columns)) == list(candidates.of_key(columns)) == ["group", "run", "phase", "basin"]
    )


@pytest.mark.parametrize("name", ["momenta", "velocities"])
def test_momenta_are_no_forces(name: str) -> None:
    columns = {name: np.zeros((6, 3)), "forces": np.zeros((6, 3))}
    assert candidates.of_forces(columns) == ["forces"] and candidates.of_forces({name: np.zeros((6, 3))}) == []


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs of four configurations with descriptors in one file."""
    made = []
    for run in range(3):
        for _ in range(4):
            atoms = Atoms("Cu2", positions=RNG.normal(size=(2, 3)), info={"run": run, "energy": 0.0, "T": 300})
            Phi = RNG.normal(size=(1, 3, 2))
            Phi = np.concatenate([Phi, -Phi])
            for name, values in (("D", RNG.normal(size=(2, 2))), ("forces", Phi @ [1.0, -2.0])):
                atoms.set_array(name, values)
            atoms.set_array("Phi", Phi.reshape(2, 6))
            made.append(atoms)
    ase.io.write(tmp_path / "runs.xyz", made, format="extxyz")
    return tmp_path / "runs.xyz"


def read(path: Path, **chosen: object) -> tuple[fl.Dataset, list[str]]:
    """The dataset and what is said of the key."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        data = fl.io.read(path, temperature=300.0, descriptors="D", force_descriptors="Phi", **chosen)
    return data, [str(w.message) for w in heard if "key=" in str(w.message)]


def test_runs_that_are_read_as_one_are_warned_of_once_and_remembered(runs: Path) -> None:
    data, said = read(runs)
    assert said == [
        "runs.xyz: `run` has 3 values: take key='run' if each is a trajectory of its own; now all configurations count as "
        "one trajectory"
    ]
    assert len(data) == 1 and data.provenance["likely_keys"] == {"run": 3}
    data, said = read(runs, key="run")
    assert said == [] and list(data) == ["0", "1", "2"] and "likely_keys" not in data.provenance
    assert read(runs, check=False)[1] == []  # whoever checks for themselves finds it in the provenance


def test_a_key_with_a_value_for_each_configuration_is_warned_of(runs: Path) -> None:
    numbers = itertools.count()
    runs.write_text(re.sub(r"\brun=\d", lambda _: f"frame={next(numbers)}", runs.read_text()))
    assert read(runs, key="frame")[1] == [
        "runs.xyz: `frame` has 12 values for 12 configurations: trajectories so short do not show whether they are "
        "independent; leave key= out if the file is one run"
    ]


def test_a_key_that_some_configurations_lack_is_warned_of(runs: Path) -> None:
    runs.write_text(re.sub(r"\brun=\d ?", "", runs.read_text(), count=1))
    data, said = read(runs)
    assert said == [
        "runs.xyz: `run` is in some configurations and not in configuration 0, so that it cannot tell trajectories apart, and "
        "all count as one; write it into each, and take key='run' if it names trajectories"
    ]
    assert len(data) == 1 and data.provenance["incomplete_keys"] == {"run": 0}


def test_files_that_tell_their_trajectories_apart_have_no_likely_keys(runs: Path, tmp_path: Path) -> None:
    opened = fl.io.open(runs)
    assert opened.likely_keys() == {"run": 3}
    assert opened.stated_temperatures() == {"runs": None} and set(opened.stated_temperatures("run")) == {"0", "1", "2"}
    data = opened.dataset(key="run", temperature=300.0, descriptors="D", force_descriptors="Phi", check=False)
    fl.io.write(data, tmp_path / "db")
    for path in (tmp_path / "db",):
        complete = fl.io.open(path)
        assert complete.likely_keys() == {} and set(complete.stated_temperatures().values()) == {300.0}


def test_a_file_name_that_is_no_text_is_written_as_text(tmp_path: Path) -> None:
    name = b"caf\xe9.xyz".decode(errors="surrogateescape")
    assert fl.io.printable(name) == "caf\\udce9.xyz" and fl.io.printable("café θ.xyz") == "café θ.xyz"
    model = fl.LinearPotential(theta=np.ones(2), provenance={"file": name})
    for suffix in (".json", ".npz"):
        fl.io.write_theta(model, tmp_path / f"theta{suffix}")
        assert fl.io.read_theta(tmp_path / f"theta{suffix}").provenance["file"] == name
