"""Files in and out: round trips, damage, the app's pickles, θ, extended xyz, the cache, and atomic writing."""

import dataclasses
import importlib.util
import itertools
import json
import os
import pickle
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from numpy.typing import NDArray

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.io.archive import read_arrays, write_atomically

PICKLES = Path(__file__).parent / "pickles"
_spec = importlib.util.spec_from_file_location("pickles_make_for_io", PICKLES / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)

APP_FILES = sorted(p.name for p in PICKLES.glob("md*.pkl"))
SMALL = Soap(cutoff=4.0, n_max=2, l_max=1)


def linear(periodic: bool = False, seed: int = 0) -> fl.Dataset:
    """Two trajectories of ragged size, exactly linear in their site descriptors, with everything a file can hold."""
    rng, theta, made = np.random.default_rng(seed), np.array([2.0, -3.0, 0.75]), []
    for key, temperature in (("cold", 300.0), ("hot", None)):
        n_atoms = rng.integers(2, 5, size=4)
        atoms = int(n_atoms.sum())
        D, Phi = rng.normal(size=(atoms, 3)), rng.normal(size=(3 * atoms, 3))
        total = np.add.reduceat(D, np.cumsum(n_atoms) - n_atoms, axis=0)
        box: dict[str, Any] = {"cell": rng.normal(size=(4, 3, 3)), "pbc": np.tile([True, True, False], (4, 1))}
        made.append(
            fl.Trajectory(
                key=key,
                temperature=temperature,
                n_atoms=n_atoms,
                energies=total @ theta - 1.25 * n_atoms,
                descriptors=total,
                forces=Phi @ theta,
                force_descriptors=Phi,
                site_descriptors=D,
                species=rng.integers(1, 30, size=atoms),
                positions=rng.normal(size=(atoms, 3)),
                descriptor_names=("a", "b", "c"),
                **(box if periodic else {}),
            )
        )
    return fl.Dataset(made)


def assert_same(found: fl.Dataset, expected: fl.Dataset) -> None:
    assert list(found) == list(expected)
    for key, t in expected.items():
        for field in dataclasses.fields(t):
            have, want = getattr(found[key], field.name), getattr(t, field.name)
            if isinstance(want, np.ndarray):
                assert have.dtype == want.dtype, field.name
                np.testing.assert_array_equal(have, want, err_msg=field.name)
            else:
                assert have == want, field.name


def molecules(count: int = 3, seed: int = 0) -> list[Atoms]:
    rng, corners = np.random.default_rng(seed), 2.5 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    return [Atoms("Cu4", positions=corners + 0.2 * rng.normal(size=(4, 3))) for _ in range(count)]


def fitted(data: fl.Dataset) -> fl.LinearPotential:
    moments = fl.accumulate(data)
    return fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments, 300.0)), moments)


# The package's own file


@pytest.mark.parametrize("periodic", [False, True])
def test_what_is_written_is_read_again(tmp_path: Path, periodic: bool) -> None:
    data, path = linear(periodic), tmp_path / "data.npz"
    fl.io.write(data, path)
    found = fl.io.read(path, check=False)
    assert_same(found, data)
    assert found.provenance["file"] == "data.npz" and found.provenance["sha256"] == fl.io.sha256(path)
    assert os.listdir(tmp_path) == ["data.npz"]
    with np.load(path, allow_pickle=False) as file:  # the names of the desktop app
        assert {"milady-descriptors", "milady-descriptors-forces", "forces"} <= set(file.files)
        assert file["milady-descriptors-forces"].shape == (data.n_atoms.sum(), 3, 3)


def test_force_descriptors_in_float32_stay_so(tmp_path: Path) -> None:
    low = [dataclasses.replace(t, force_descriptors=t.force_descriptors.astype(np.float32)) for t in linear().values()]
    fl.io.write(fl.Dataset(low), tmp_path / "a.npz")
    assert_same(fl.io.read(tmp_path / "a.npz", check=False), fl.Dataset(low))


def test_frames_without_descriptors_are_read_again_and_extra_arrays_kept(tmp_path: Path) -> None:
    frames = [
        fl.io.Frames(
            key=key,
            temperature=temperature,
            n_atoms=np.full(3, 4),
            numbers=np.full(12, 29),
            positions=np.concatenate([a.positions for a in molecules(3, seed)]),
            energies=np.arange(3.0),
            forces=np.random.default_rng(seed).normal(size=(12, 3)),
        )
        for seed, (key, temperature) in enumerate([("a", 300.0), ("b", None)])
    ]
    fl.io.write_frames(frames, tmp_path / "frames.npz", note=np.array([1.0, 2.0]))
    found = fl.io.read_frames(tmp_path / "frames.npz")
    for have, want in zip(found, frames, strict=True):
        assert (have.key, have.temperature, have.cell, have.columns) == (want.key, want.temperature, None, {})
        for name in ("n_atoms", "numbers", "positions", "energies", "forces"):
            np.testing.assert_array_equal(getattr(have, name), getattr(want, name))
    assert list(read_arrays(tmp_path / "frames.npz")["note"]) == [1.0, 2.0]


def test_what_lacks_atoms_cannot_be_written(tmp_path: Path) -> None:
    data = fl.Dataset([dataclasses.replace(t, positions=None) for t in linear().values()])
    with pytest.raises(
        ValueError, match="trajectory 'cold': expected species, positions and site_descriptors to write"
    ):
        fl.io.write(data, tmp_path / "a.npz")
    with pytest.raises(
        ValueError, match="path: expected a name ending in .npz, .xyz or .extxyz, or of a folder, got 'a.pkl'"
    ):
        fl.io.write(linear(), tmp_path / "a.pkl")
    assert os.listdir(tmp_path) == []


def test_descriptors_that_are_no_sum_over_sites_survive_or_are_refused(tmp_path: Path) -> None:
    data = fl.Dataset([dataclasses.replace(t, descriptors=2 * t.descriptors) for t in linear().values()])
    try:
        fl.io.write(data, tmp_path / "a.npz")
    except ValueError as error:
        assert "descriptors" in str(error)  # noqa: PT017
        return
    assert_same(fl.io.read(tmp_path / "a.npz", check=False), data)


@pytest.mark.parametrize("name", ["keys", "configurations", "n_atoms", "numbers", "positions", "energies", "forces"])
def test_a_missing_array_is_named_with_those_there_are(tmp_path: Path, name: str) -> None:
    fl.io.write(linear(), tmp_path / "a.npz")
    arrays = read_arrays(tmp_path / "a.npz")
    del arrays[name]
    np.savez(tmp_path / "b.npz", **arrays)
    with pytest.raises(
        ValueError, match=rf"b.npz: expected the arrays .*, got no {name} among .*; write such a file with"
    ):
        fl.io.read(tmp_path / "b.npz")


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    fl.io.write(linear(), tmp_path / "a.npz")
    for name, sentence in (("n_atoms", "expected 8 entries of n_atoms, got 7"), ("energies", "energies of trajectory")):
        arrays = read_arrays(tmp_path / "a.npz")
        arrays[name] = arrays[name][:-1]
        np.savez(tmp_path / "b.npz", **arrays)
        with pytest.raises(ValueError, match=sentence):
            fl.io.read(tmp_path / "b.npz")


def refusals(path: Path, contents: list[bytes]) -> list[str]:
    """What read_arrays says to each content: "" for accepted, or the class of an exception that is no refusal."""
    found = []
    for content in contents:
        path.write_bytes(content)
        try:
            read_arrays(path)
        except ValueError as error:
            found.append(
                "refused" if f"{path.name}: expected an intact .npz of plain arrays" in str(error) else str(error)
            )
        except Exception as error:  # noqa: BLE001
            found.append(type(error).__name__)
        else:
            found.append("")
    return found


def archive(path: Path, *, compressed: bool) -> bytes:
    save = np.savez_compressed if compressed else np.savez
    save(path, a=np.random.default_rng(0).normal(size=(20, 3)), keys=np.array(["x", "y"]))
    return path.read_bytes()


@pytest.mark.parametrize("compressed", [True, False])
def test_a_truncated_file_is_refused_at_every_length(tmp_path: Path, compressed: bool) -> None:
    content = archive(tmp_path / "a.npz", compressed=compressed)
    found = refusals(tmp_path / "a.npz", [content[:n] for n in range(0, len(content), 7)])
    assert set(found) == {"refused"}


@pytest.mark.parametrize("compressed", [True, False])
def test_a_flipped_byte_is_refused_or_harmless(tmp_path: Path, compressed: bool) -> None:
    content = archive(tmp_path / "a.npz", compressed=compressed)
    damaged = []
    for offset, mask in itertools.product(range(len(content)), (0x01, 0xFF)):
        changed = bytearray(content)
        changed[offset] ^= mask
        damaged.append(bytes(changed))
    found = refusals(tmp_path / "a.npz", damaged)
    assert set(found) <= {"refused", ""} and found.count("refused") > len(content)


def test_a_refused_file_is_closed_again(tmp_path: Path) -> None:
    import gc

    (tmp_path / "a.npz").write_bytes(archive(tmp_path / "a.npz", compressed=True)[:-40])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="expected an intact"):
            read_arrays(tmp_path / "a.npz")
        gc.collect()
    assert [str(w.message) for w in caught] == []


def test_what_is_no_archive_of_plain_arrays_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([{"x": 1}], dtype=object))
    objects = path.read_bytes()
    assert refusals(path, [b"", b"hello", pickle.dumps([1]), objects]) == ["refused"] * 4


def test_a_single_array_under_the_name_of_an_archive_is_refused(tmp_path: Path) -> None:
    with open(tmp_path / "b.npz", "wb") as file:
        np.save(file, np.arange(3))
    assert refusals(tmp_path / "b.npz", [(tmp_path / "b.npz").read_bytes()]) == ["refused"]


# The desktop app's pickles


@pytest.mark.parametrize("name", APP_FILES)
def test_pickles_of_every_generation_give_theta_and_energies(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = fl.io.read(PICKLES / name)
    assert list(data) == list(make.KEYS) and data.K == 3
    model = fitted(data)
    np.testing.assert_allclose(model.theta, make.THETA, rtol=1e-8)
    assert model.offset == pytest.approx(make.E0, rel=1e-8)
    expected = [c["E"] for key in make.KEYS for c in make.configurations(key)]
    np.testing.assert_allclose(data.energies, expected, rtol=1e-12)
    np.testing.assert_allclose(model.energies(data), expected, rtol=1e-9)
    positions = np.concatenate([c["x"] for c in make.configurations("300K")])
    np.testing.assert_array_equal(data["300K"].positions, positions)


def test_there_are_pickles_of_four_generations_and_three_protocols() -> None:
    assert len(APP_FILES) == 24


@pytest.fixture
def app_file(tmp_path: Path) -> Callable[..., Path]:
    """A writer of the app's layout, with its columns changed on the way."""

    def write(change: Callable[[Atoms, int], None] = lambda atoms, m: None) -> Path:
        content = make.md(False)
        for entry in content.values():
            for m, atoms in enumerate(entry["atoms"]):
                change(atoms, m)
        path = tmp_path / "md.pkl"
        path.write_bytes(pickle.dumps(content))
        return path

    return write


def column(atoms: Atoms, name: str, values: NDArray) -> None:
    atoms.arrays.pop(name, None)
    atoms.set_array(name, values)


def rename(old: str, new: str) -> Callable[[Atoms, int], None]:
    def change(atoms: Atoms, m: int) -> None:
        atoms.arrays[new] = atoms.arrays.pop(old)

    return change


PHI, D = "milady-descriptors-forces", "milady-descriptors"


def test_a_flipped_sign_is_refused_and_read_with_gradient(app_file: Callable[..., Path]) -> None:
    path = app_file(lambda atoms, m: column(atoms, PHI, -atoms.arrays[PHI]))
    with pytest.raises(ValueError, match=r"md.pkl: sign of the force descriptors: .*read it with gradient=True"):
        fl.io.read(path)
    np.testing.assert_allclose(fitted(fl.io.read(path, gradient=True)).theta, make.THETA, rtol=1e-8)
    np.testing.assert_allclose(fitted(fl.io.read(path, check=False)).theta, -make.THETA, rtol=1e-8)


@pytest.mark.filterwarnings("ignore:md.pkl. units")  # forces made up for these elements are small
def test_a_given_theta_settles_the_sign_where_energies_cannot(tmp_path: Path) -> None:
    content = make.md(False)
    for entry in content.values():
        entry["energies"] = [0.0] * len(entry["energies"])
        for atoms in entry["atoms"]:
            column(atoms, PHI, -atoms.arrays[PHI])
    (tmp_path / "md.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=r"md.pkl: sign of the force descriptors: .*gradient=True"):
        with pytest.warns(UserWarning, match="cannot tell the sign"):
            fl.io.read(tmp_path / "md.pkl", theta=make.THETA)
    with pytest.warns(UserWarning, match="cannot tell the sign"):
        data = fl.io.read(tmp_path / "md.pkl", theta=make.THETA, gradient=True)
    np.testing.assert_allclose(fitted(data).theta, make.THETA, rtol=1e-8)


def test_other_mistakes_are_warned_of_by_file_name(app_file: Callable[..., Path]) -> None:
    path = app_file(lambda atoms, m: column(atoms, "forces", atoms.arrays["forces"] / 51.422))
    with pytest.warns(UserWarning, match=r"md.pkl: units: .*Ha/Bohr"):
        fl.io.read(path)


@pytest.mark.parametrize("layout", ["(N, K, 3)", "(N, 3K)"])
def test_other_layouts_of_force_descriptors_give_the_same_theta(app_file: Callable[..., Path], layout: str) -> None:
    def change(atoms: Atoms, m: int) -> None:
        Phi = np.concatenate([atoms.arrays[PHI], np.zeros((4, 3, 1))], axis=2)  # K = 4, so that axes cannot be mixed up
        Phi[..., 3] = np.random.default_rng(m).normal(size=(4, 3))
        Phi[..., 3] -= Phi[..., 3].mean(axis=0)
        column(atoms, PHI, Phi.swapaxes(1, 2) if layout == "(N, K, 3)" else Phi.reshape(4, 12))
        column(atoms, D, np.column_stack([atoms.arrays[D], np.zeros(4)]))

    data = fl.io.read(app_file(change), force_descriptors=PHI)
    np.testing.assert_allclose(fitted(data).theta, [*make.THETA, 0.0], rtol=1e-7, atol=1e-8)


def test_three_descriptors_stored_the_other_way_are_not_taken_in_silence(app_file: Callable[..., Path]) -> None:
    path = app_file(lambda atoms, m: column(atoms, PHI, np.ascontiguousarray(atoms.arrays[PHI].swapaxes(1, 2))))
    refused = pytest.raises(ValueError, match=r"stored \(N, K, 3\) and read as \(N, 3, K\), .*; store Φ as \(N, 3, K\)")
    with refused, pytest.warns(UserWarning, match="rows of Φ do not belong to these forces"):
        fl.io.read(path)


def test_columns_are_found_by_shape_and_taken_by_name(app_file: Callable[..., Path]) -> None:
    def change(atoms: Atoms, m: int) -> None:
        rename(PHI, "gradients")(atoms, m)
        rename(D, "features")(atoms, m)
        rename("forces", "f_old")(atoms, m)

    path = app_file(change)
    with pytest.raises(
        ValueError, match=r"forces: no column 'forces' in md.pkl, key '300K'; it has .*'f_old'.*name it by forces="
    ):
        fl.io.read(path)
    for names in ({}, {"descriptors": "features"}, {"force_descriptors": "gradients", "descriptors": "features"}):
        data = fl.io.read(path, forces="f_old", **names)
        np.testing.assert_allclose(fitted(data).theta, make.THETA, rtol=1e-8)


@pytest.mark.parametrize("argument", ["descriptors", "force_descriptors", "forces"])
def test_a_misspelt_column_is_answered_with_the_columns_there_are(app_file: Callable[..., Path], argument: str) -> None:
    with pytest.raises(ValueError, match=rf"{argument}: no column 'x'.*'milady-descriptors") as caught:
        fl.io.read(app_file(), **{argument: "x"})
    assert "(12, 3, 3)" in str(caught.value)


def test_two_columns_that_could_be_are_not_guessed_between(app_file: Callable[..., Path]) -> None:
    def change(atoms: Atoms, m: int) -> None:
        rename(PHI, "one")(atoms, m)
        atoms.set_array("two", 2 * atoms.arrays["one"])

    with pytest.raises(ValueError, match=r"found 2 that could be \('one', 'two'\); .*name it by force_descriptors="):
        fl.io.read(app_file(change))


def test_columns_of_different_descriptors_are_refused(app_file: Callable[..., Path]) -> None:
    path = app_file(lambda atoms, m: column(atoms, D, np.zeros((4, 5))))
    with pytest.raises(
        ValueError, match=r"expected column .* of shape \(12, 3, 5\) to go with K = 5 descriptors, got \(12, 3, 3\)"
    ):
        fl.io.read(path, descriptors=D)


def test_a_value_that_is_not_finite_is_located(app_file: Callable[..., Path]) -> None:
    def change(atoms: Atoms, m: int) -> None:
        if m == 2:
            atoms.arrays["forces"][1, 2] = np.nan

    with pytest.raises(ValueError, match="forces of trajectory '300K': .*the first in configuration 2, atom 1; repair"):
        fl.io.read(app_file(change))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([1, 2], r"expected \{key: \{'atoms'"),
        ({}, "expected"),
        ({"a": [1]}, "key 'a': expected"),
        ({"a": {"atoms": [], "energies": []}}, "energies of 'a'"),
        ({"a": {"atoms": [1], "energies": [1.0]}}, "configuration 0: expected an ase.Atoms"),
        (
            {"a": {"atoms": [Atoms("H")], "energies": [1.0, 2.0]}},
            "expected one for each of the 1 configurations, got 2",
        ),
    ],
)
def test_a_pickle_of_another_layout_is_refused(tmp_path: Path, content: object, words: str) -> None:
    (tmp_path / "md.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match=words):
        fl.io.read(tmp_path / "md.pkl")


@pytest.mark.parametrize("energies", [[None], ["x"], [{"E": 1.0}]])
def test_energies_that_are_no_numbers_are_refused_by_name(tmp_path: Path, energies: list) -> None:
    content = {"a": {"atoms": make.md(False)["300K"]["atoms"][:1], "energies": energies}}
    (tmp_path / "md.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match="energies of 'a'|energies of trajectory 'a'"):
        fl.io.read(tmp_path / "md.pkl")


def test_what_is_read_from_a_pickle_can_be_written_safely(tmp_path: Path) -> None:
    data = fl.io.read(PICKLES / APP_FILES[0])
    fl.io.write(data, tmp_path / "md.npz")
    assert_same(fl.io.read(tmp_path / "md.npz"), data)


# θ


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_theta_is_read_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    theta = np.random.default_rng(0).normal(size=7) * 10.0 ** np.arange(-6, 1)
    model = fl.LinearPotential(theta=theta, offset=-1 / 3, name="m", provenance={"temperature": 300.0})
    path = tmp_path / f"theta{suffix}"
    fl.io.write_theta(model, path, provenance={"note": "ü"})
    found = fl.io.read_theta(path, name="again")
    assert found.theta.tobytes() == model.theta.tobytes() and found.offset == model.offset and found.name == "again"
    assert os.listdir(tmp_path) == [path.name]
    if suffix == ".json":
        assert found.provenance["temperature"] == 300.0 and found.provenance["note"] == "ü"
        assert found.provenance["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize("path", sorted(PICKLES.glob("theta-*.pkl")), ids=lambda p: p.stem)
def test_theta_of_the_app_is_read(path: Path) -> None:
    model = fl.io.read_theta(path)
    np.testing.assert_array_equal(model.theta, make.THETA)
    assert model.offset == make.E0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "theta.json: expected JSON, got a file that is none or is truncated"),
        ("[1, 2]", "expected the entries 'coef' and 'intercept', got list"),
        ('{"coef": [1.0]}', r"expected the entries 'coef' and 'intercept', got \['coef'\]"),
        ('{"coef": ["a"], "intercept": 0}', "'coef' of theta.json: expected a flat list of numbers"),
        ('{"coef": [1.0], "intercept": [1, 2]}', "'intercept' of theta.json: expected one number"),
        ('{"coef": [1.0], "intercept": null}', "expected"),
        ('{"coef": [NaN], "intercept": 0}', "expected K finite parameters"),
        ('{"coef": [], "intercept": 0}', "expected K finite parameters"),
        (
            '{"coef": [true, 1.0], "intercept": 0}',
            "'coef' of theta.json: expected a flat list of numbers, got list of bool",
        ),
        ('{"coef": [1.0], "intercept": false}', "'intercept' of theta.json: expected a flat list of numbers"),
    ],
)
def test_a_wrong_theta_file_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "theta.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=words):
        fl.io.read_theta(path)


def test_theta_in_other_suffixes_is_refused(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=np.ones(2))
    with pytest.raises(ValueError, match="path: expected a name ending in .json or .npz, got 'theta.pkl'"):
        fl.io.write_theta(model, tmp_path / "theta.pkl")
    np.savez(tmp_path / "theta.npz", coefficients=np.ones(2))
    with pytest.raises(
        ValueError, match=r"theta.npz: expected the entries 'coef' and 'intercept', got \['coefficients'\]"
    ):
        fl.io.read_theta(tmp_path / "theta.npz")


# Extended xyz


def described(atoms: Atoms) -> tuple[NDArray, NDArray, float]:
    D_, Phi = make.descriptors(atoms.positions)
    return D_, Phi, float(D_.sum(axis=0) @ make.THETA + len(atoms) * make.E0)


def test_extended_xyz_with_a_force_column_and_a_key_for_each_configuration(tmp_path: Path) -> None:
    configurations = molecules(6)
    for m, atoms in enumerate(configurations):
        D_, Phi, E = described(atoms)
        atoms.set_array("force", Phi @ make.THETA)
        atoms.set_array("soap", D_)
        atoms.info |= {"energy": E, "walker": f"w{m % 2}"}
    path = tmp_path / "md.xyz"
    ase.io.write(path, configurations, format="extxyz")
    frames = fl.io.read_frames(path, key="walker")
    assert [f.key for f in frames] == ["w0", "w1"] and [len(f.n_atoms) for f in frames] == [3, 3]
    np.testing.assert_allclose(frames[1].energies, [a.info["energy"] for a in configurations[1::2]], rtol=1e-9)
    np.testing.assert_allclose(frames[1].forces[4:8], configurations[3].arrays["force"], atol=1e-7)
    np.testing.assert_allclose(frames[0].columns["soap"][:4], configurations[0].arrays["soap"], atol=1e-7)
    assert [f.key for f in fl.io.read_frames(path)] == ["md"]


def test_extended_xyz_of_a_calculator_and_of_reference_names(tmp_path: Path) -> None:
    from ase.calculators.singlepoint import SinglePointCalculator

    calculated, reference = molecules(2), molecules(2)
    for a, b in zip(calculated, reference, strict=True):
        _, Phi, E = described(a)
        a.calc = SinglePointCalculator(a, energy=E, forces=Phi @ make.THETA)
        b.info["REF_energy"] = E
        b.set_array("REF_forces", Phi @ make.THETA)
    for name, configurations in (("a.xyz", calculated), ("b.extxyz", reference)):
        ase.io.write(tmp_path / name, configurations, format="extxyz")
        (frames,) = fl.io.read_frames(tmp_path / name)
        np.testing.assert_allclose(frames.energies, [described(a)[2] for a in calculated], rtol=1e-7)
        np.testing.assert_allclose(frames.forces[:4], described(calculated[0])[1] @ make.THETA, atol=1e-7)


def test_extended_xyz_keeps_a_periodic_cell(tmp_path: Path) -> None:
    atoms = molecules(1)[0]
    atoms.cell, atoms.pbc = np.diag([9.0, 10.0, 11.0]), [True, True, False]
    atoms.info["energy"] = 1.0
    atoms.set_array("force", np.zeros((4, 3)))
    ase.io.write(tmp_path / "a.xyz", [atoms], format="extxyz")
    (frames,) = fl.io.read_frames(tmp_path / "a.xyz")
    np.testing.assert_array_equal(frames.cell[0], np.diag([9.0, 10.0, 11.0]))
    np.testing.assert_array_equal(frames.pbc[0], [True, True, False])
    again = frames.atoms()[0]
    np.testing.assert_array_equal(again.cell.array, frames.cell[0])


def test_extended_xyz_without_its_columns_names_what_there_is(tmp_path: Path) -> None:
    atoms = molecules(1)[0]
    atoms.info["E_old"] = 1.0
    atoms.set_array("dft", np.zeros((4, 3)))
    path = tmp_path / "a.xyz"
    ase.io.write(path, [atoms], format="extxyz")
    with pytest.raises(
        ValueError,
        match="energies: no 'energy' or 'REF_energy' in configuration 0 of a.xyz; it has E_old; name it by energies=",
    ):
        fl.io.read_frames(path)
    with pytest.raises(
        ValueError,
        match="forces: no column 'forces' or .* in configuration 0 of a.xyz; it has .*dft.*; name it by forces=",
    ):
        fl.io.read_frames(path, energies="E_old")
    with pytest.raises(ValueError, match="key: no 'walker' in configuration 0 of a.xyz; it has E_old; name it by key="):
        fl.io.read_frames(path, key="walker", energies="E_old", forces="dft")
    assert fl.io.read_frames(path, energies="E_old", forces="dft")[0].energies[0] == 1.0


@pytest.mark.parametrize("content", ["", "hello\n", "4\nx\nCu 0 0\n", "two\n\nCu 0 0 0\n", "2\n\nCu 0 0 0\n"])
def test_text_that_is_no_extended_xyz_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.xyz").write_text(content)
    with pytest.raises(ValueError, match="a.xyz: expected"):
        fl.io.read(tmp_path / "a.xyz")


# Descriptors computed once


@pytest.fixture
def plain_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Forces and energies of a system without descriptors in its file; those are kept in a folder beside it."""
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / ".cache"))
    configurations = molecules(30)
    for atoms in configurations:
        _, Phi, E = described(atoms)
        atoms.set_array("force", Phi @ make.THETA)
        atoms.info["energy"] = E
    ase.io.write(tmp_path / "plain.xyz", configurations, format="extxyz")
    return tmp_path / "plain.xyz"


def read_plain(path: Path, **options: Any) -> fl.Dataset:
    return fl.io.read(
        path, **{"descriptor": SMALL, "temperature": 300.0, "check": False, "progress": silent, **options}
    )


def silent(done: int, total: int) -> None:
    """No bar."""


def test_descriptors_are_computed_once_for_a_file_and_its_settings(plain_file: Path) -> None:
    calls: list[int] = []
    first = read_plain(plain_file, progress=lambda done, total: calls.append(done))
    again = read_plain(plain_file, progress=lambda done, total: calls.append(done))
    assert calls[-1] == 30 and len(calls) == 4
    assert_same(again, first)
    (cache,) = (plain_file.parent / ".cache").iterdir()
    assert cache.suffix == ".npz"
    read_plain(plain_file, descriptor=Soap(cutoff=4.1, n_max=2, l_max=1))
    assert len(list(cache.parent.iterdir())) == 2
    plain_file.write_text(plain_file.read_text().replace("2.5", "2.6"))
    read_plain(plain_file)
    assert len(list(cache.parent.iterdir())) == 3
    assert first.provenance["descriptor"]["n_max"] == 2 and first["plain"].temperature == 300.0


def test_another_order_of_the_same_file_does_not_take_the_descriptors_of_the_first(tmp_path: Path) -> None:
    configurations = molecules(6)
    for number, atoms in enumerate(configurations):
        atoms.set_array("force", np.zeros((len(atoms), 3)))
        atoms.info |= {"energy": float(number), "walker": "ab"[number % 2]}
    ase.io.write(tmp_path / "a.xyz", configurations, format="extxyz")
    together, apart = read_plain(tmp_path / "a.xyz"), read_plain(tmp_path / "a.xyz", key="walker")
    of_energy = {E: D for t in together.values() for E, D in zip(t.energies, t.descriptors, strict=True)}
    for t in apart.values():
        np.testing.assert_allclose(t.descriptors, [of_energy[E] for E in t.energies])


@pytest.mark.parametrize("damage", ["truncated", "empty", "another file", "other shapes", "noise inside"])
def test_a_damaged_cache_is_computed_again(plain_file: Path, damage: str) -> None:
    first = read_plain(plain_file)
    (cache,) = (plain_file.parent / ".cache").iterdir()
    good = cache.read_bytes()
    if damage == "other shapes":
        np.savez(cache, site_descriptors=np.zeros((2, 2)), force_descriptors=np.zeros((6, 2)))
    else:
        middle = len(good) // 2
        cache.write_bytes(
            {
                "truncated": good[:middle],
                "empty": b"",
                "another file": b"hello",
                "noise inside": good[:middle] + b"\x00\xff" * 50 + good[middle + 100 :],
            }[damage]
        )
    assert_same(read_plain(plain_file), first)
    assert_same(read_plain(plain_file, progress=None), first)
    with np.load(cache, allow_pickle=False) as file:
        assert file["site_descriptors"].shape == (120, first.K)


def test_a_cache_that_cannot_be_kept_gives_a_warning(plain_file: Path) -> None:
    (plain_file.parent / ".cache").write_text("a file is in the way of the folder")
    with pytest.warns(
        UserWarning, match=r"the descriptors could not be kept in .*; they will be computed again next time"
    ):
        data = read_plain(plain_file)
    assert len(data["plain"]) == 30
    assert (plain_file.parent / ".cache").read_text().startswith("a file")


def test_a_file_with_descriptors_has_no_cache(tmp_path: Path) -> None:
    shutil.copy(PICKLES / APP_FILES[0], tmp_path / "md.pkl")
    fl.io.read(tmp_path / "md.pkl")
    assert os.listdir(tmp_path) == ["md.pkl"]


# Finding and writing


def test_a_file_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    for call in (fl.io.find, fl.io.read, fl.io.read_theta, fl.io.read_frames):
        with pytest.raises(
            FileNotFoundError, match="no such file here or in the project's folder; .*data/cu55_1200K.npz"
        ):
            call(tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match="no such file"):
        fl.io.find(tmp_path)  # a folder


def test_a_path_is_found_from_the_working_folder_before_the_projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert fl.io.find("data/cu55_1200K.npz") == root / "data" / "cu55_1200K.npz"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cu55_1200K.npz").write_text("mine")
    assert fl.io.find("data/cu55_1200K.npz").read_text() == "mine"


def test_an_unknown_suffix_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2")
    with pytest.raises(
        ValueError,
        match=r"path: expected a file ending in .npz, .pkl, .pickle, .pckl, .xyz, .extxyz, .dump, .*, .json, .json.xz, .traj, .*, got 'a.csv'",
    ):
        fl.io.read(tmp_path / "a.csv")


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_an_impossible_temperature_is_refused_when_reading(temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature: expected a positive number of kelvin"):
        fl.io.read(PICKLES / APP_FILES[0], temperature=temperature)


def test_a_temperature_overrides_what_the_file_says(tmp_path: Path) -> None:
    fl.io.write(linear(), tmp_path / "a.npz")
    data = fl.io.read(tmp_path / "a.npz", temperature=77, check=False)
    assert [t.temperature for t in data.values()] == [77.0, 77.0]


class DiskFull(OSError):
    """What a full disk raises."""


@pytest.mark.parametrize("stage", ["while writing", "while moving"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    path = tmp_path / "a.npz"
    fl.io.write(linear(), path)
    old = path.read_bytes()

    def fail(*args: object, **kwargs: object) -> None:
        if stage == "while writing":
            args[0].write(b"half")
        raise DiskFull("no space left")

    monkeypatch.setattr(*((np, "savez_compressed", fail) if stage == "while writing" else (os, "replace", fail)))
    with pytest.raises(DiskFull):
        fl.io.write(linear(seed=1), path)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["a.npz"]


def test_a_theta_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path, model = tmp_path / "theta.json", fl.LinearPotential(theta=np.ones(2))
    fl.io.write_theta(model, path)
    old = path.read_bytes()
    with pytest.raises((TypeError, ValueError)):
        fl.io.write_theta(model, path, provenance={"x": {1, 2}})
    with pytest.raises(ValueError, match="JSON"):
        fl.io.write_theta(model, path, provenance={"x": float("nan")})
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["theta.json"]


def test_an_interrupted_write_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(file: object) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.npz", interrupted)
    assert os.listdir(tmp_path) == []


def test_a_json_file_of_theta_is_plain_json(tmp_path: Path) -> None:
    fl.io.write_theta(fl.LinearPotential(theta=np.array([1.5, -2.0]), offset=0.25), tmp_path / "theta.json")
    content = json.loads((tmp_path / "theta.json").read_text())
    assert content["coef"] == [1.5, -2.0] and content["intercept"] == 0.25
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", content["provenance"]["versions"]["fisherlib"])


# Choices that a file does not have


@pytest.mark.parametrize("choice", [{"gradient": True}, {"forces": "f"}, {"energies": "e"}, {"key": "k"}])
def test_a_choice_that_would_do_nothing_is_refused(root: Path, choice: dict) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(choice))}: "):
        fl.io.read(root / "data" / "cu55_1200K.npz", **choice)


def test_more_descriptors_than_forces_are_refused_before_they_are_computed(tmp_path: Path) -> None:
    frames = fl.io.Frames(
        key="a", n_atoms=np.array([4]), numbers=np.array([1, 6, 7, 8]), positions=np.eye(4, 3),
        energies=np.zeros(1), forces=np.zeros((4, 3)),
    )  # fmt: skip
    fl.io.write_frames([frames], tmp_path / "a.npz")
    with pytest.raises(ValueError, match="has K = .* for 4 elements, more than the 12 force components"):
        fl.io.read(tmp_path / "a.npz")


@pytest.mark.parametrize("where", ["coef", "energies"])
def test_nested_lists_that_would_fill_the_memory_are_refused_at_once(tmp_path: Path, where: str) -> None:
    bomb: list = [1.0]
    for _ in range(60):  # 2⁶⁰ numbers, if they were counted
        bomb = [bomb, bomb]
    if where == "coef":
        (tmp_path / "theta.pkl").write_bytes(pickle.dumps({"coef": bomb, "intercept": 0.0}))
        with pytest.raises(ValueError, match="'coef' of theta.pkl: expected a flat list of numbers, got list of list"):
            fl.io.read_theta(tmp_path / "theta.pkl")
    else:
        content = {"a": {"atoms": make.md(False)["300K"]["atoms"][:1], "energies": bomb}}
        (tmp_path / "md.pkl").write_bytes(pickle.dumps(content))
        with pytest.raises(ValueError, match="energies of 'a' in md.pkl: expected a flat list of numbers"):
            fl.io.read(tmp_path / "md.pkl")


def test_the_numbers_of_a_report_are_parameters_too(tmp_path: Path) -> None:
    numbers = {"theta_f": {"coef": [1.0, 2.0], "intercept": -3.0}, "rank": 2}
    (tmp_path / "theta_f.json").write_text(json.dumps(numbers))
    model = fl.io.read_theta(tmp_path / "theta_f.json")
    assert list(model.theta) == [1.0, 2.0] and model.offset == -3.0
