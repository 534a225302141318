"""A file that is opened: its columns, what can be chosen among them, and that it is read only once."""

import pickle
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms

import fisherlib as fl
from fisherlib.descriptors import Soap
from fisherlib.descriptors import spectrum as spectra
from fisherlib.io.formats import npz, pickles

THETA = np.array([2.0, -3.0, 0.75, 1.5])
K = len(THETA)
D, PHI = "milady-descriptors", "milady-descriptors-forces"
ROLES = ("descriptors", "force_descriptors", "forces", "energies", "key")
KINDS = ("npz", "pickle", "extxyz")


def configurations(seed: int = 0) -> dict[str, list[Atoms]]:
    """Two trajectories of ragged size, linear in random descriptors; energies stand in ``info``."""
    rng, made = np.random.default_rng(seed), {}
    for key in ("cold", "hot"):
        made[key] = []
        for n in rng.integers(2, 6, size=4):
            atoms = Atoms(f"Cu{n}", positions=rng.normal(size=(n, 3)))
            sites, Phi = rng.normal(size=(n, K)), rng.normal(size=(n, 3, K))
            for name, values in ((D, sites), (PHI, Phi), ("forces", Phi @ THETA)):
                atoms.set_array(name, values)
            atoms.info |= {"energy": float(sites.sum(axis=0) @ THETA), "walker": key}
            made[key].append(atoms)
    return made


def write(folder: Path, kind: str, content: dict[str, list[Atoms]], **more: Any) -> Path:
    """The configurations in a file of a format; ``more`` are per-configuration numbers, all keys one after the other."""
    everything = [a for members in content.values() for a in members]
    if kind == "extxyz":
        for m, atoms in enumerate(everything):
            atoms.info |= {name: values[m] for name, values in more.items()}
        for atoms in everything:  # extended xyz has no arrays of three axes
            for name in [n for n, a in atoms.arrays.items() if a.ndim == 3]:
                atoms.arrays[name] = atoms.arrays[name].reshape(len(atoms), -1)
        ase.io.write(folder / "md.xyz", everything, format="extxyz")
        return folder / "md.xyz"
    first, entries = 0, {}
    for key, members in content.items():
        cut = {name: list(values[first : first + len(members)]) for name, values in more.items()}
        entries[key] = {"atoms": members, "energies": [a.info["energy"] for a in members], **cut}
        first += len(members)
    if kind == "pickle":
        (folder / "md.pkl").write_bytes(pickle.dumps(entries))
        return folder / "md.pkl"
    arrays = {n: np.concatenate([a.arrays[n] for a in everything]) for n in everything[0].arrays}
    energies = np.array([a.info["energy"] for a in everything])
    counts = {"configurations": [len(m) for m in content.values()], "n_atoms": [len(a) for a in everything]}
    np.savez(folder / "md.npz", keys=list(content), energies=energies, **counts, **arrays, **more)
    return folder / "md.npz"


def changed(change: Callable[[Atoms], None]) -> dict[str, list[Atoms]]:
    content = configurations()
    for members in content.values():
        for atoms in members:
            change(atoms)
    return content


def rename(**names: str) -> Callable[[Atoms], None]:
    """A change of column names; D and Φ are spelt ``D`` and ``PHI``."""
    old = {"D": D, "PHI": PHI}

    def change(atoms: Atoms) -> None:
        for name, new in names.items():
            atoms.arrays[new] = atoms.arrays.pop(old.get(name, name))

    return change


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the calls that read a file."""
    calls: list[str] = []
    for module, name in ((npz, "Arrays"), (pickles.inert, "load"), (ase.io, "read"), (fl.io.reading, "sha256")):
        real = getattr(module, name)

        def call(*args: Any, real: Callable = real, name: str = name, **kwargs: Any) -> object:
            calls.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, call)
    return calls


def assert_same(found: fl.Dataset, expected: fl.Dataset) -> None:
    assert list(found) == list(expected) and found.provenance == expected.provenance
    for key, t in expected.items():
        for name in ("n_atoms", "energies", "descriptors", "forces", "force_descriptors", "species", "positions"):
            np.testing.assert_array_equal(getattr(found[key], name), getattr(t, name))
        assert found[key].temperature == t.temperature


# Columns


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_tells_its_columns_with_shape_unit_and_first_values(tmp_path: Path, kind: str) -> None:
    content = configurations()
    N = sum(len(a) for members in content.values() for a in members)
    opened = fl.io.open(write(tmp_path, kind, content, temperature_K=np.linspace(300.0, 370.0, 8)))
    assert (opened.kind, opened.configurations, opened.atoms) == (kind, 8, N)
    assert opened.trajectories == (1 if kind == "extxyz" else 2)
    sizes = [len(a) for members in content.values() for a in members]
    assert list(opened.n_atoms) == sizes
    columns = {c.name: c for c in opened.columns}
    Phi = columns[PHI]
    assert Phi.shape == ((N, 3 * K) if kind == "extxyz" else (N, 3, K))
    assert (Phi.per, Phi.unit, Phi.dtype) == ("atom", "[D]/Å", "float64")
    assert columns[D].shape == (N, K) and columns[D].unit == "[D]"
    assert columns["forces"].shape == columns["positions"].shape == (N, 3) and columns["numbers"].shape == (N,)
    assert columns["forces"].unit == "eV/Å?" and columns["numbers"].unit == ""
    assert columns["numbers"].preview == "29, 29, 29, …"
    energy = columns["energy" if kind == "extxyz" else "energies"]
    assert (energy.per, energy.shape, energy.unit) == ("configuration", (8,), "eV?")
    assert columns["temperature_K"].preview == "300, 310, 320, …" and columns["temperature_K"].unit == "K?"
    if kind != "npz":
        assert columns["positions"].unit == "Å"
        assert columns["walker"].preview == "cold, cold, cold, …" and columns["walker"].unit == ""


def test_a_file_of_this_package_states_its_units(root: Path) -> None:
    opened = fl.io.open("data/cu55_1200K.npz")
    assert {c.name: (c.shape, c.unit) for c in opened.columns} == {
        "numbers": ((55000,), ""),
        "positions": ((55000, 3), "Å"),
        "forces": ((55000, 3), "eV/Å"),
        "energies": ((1000,), "eV"),
        "temperature": ((1000,), "K"),
    }
    assert opened.temperatures == (1200.0,) and not opened.has_descriptors and set(opened.n_atoms) == {55}
    assert opened.sha256 == fl.io.sha256(root / "data" / "cu55_1200K.npz") and len(repr(opened)) < 250


def test_first_values_have_a_proper_minus_sign() -> None:
    assert fl.io.columns.description._preview(np.array([0.123, -0.45])) == "0.123, −0.45"
    assert fl.io.columns.description._preview(np.array([[-1e-12, 2.0], [3.0, 4.0]])) == "−1e−12, 2, 3, …"


def test_a_cell_is_a_column_of_its_configurations(tmp_path: Path) -> None:
    atoms = Atoms("Cu2", positions=np.eye(2, 3), cell=np.eye(3) * 9, pbc=True)
    atoms.set_array("forces", np.zeros((2, 3)))
    atoms.info["energy"] = 1.0
    for kind in ("pickle", "extxyz"):
        (cell,) = [c for c in fl.io.open(write(tmp_path, kind, {"a": [atoms, atoms]})).columns if c.name == "cell"]
        assert (cell.shape, cell.unit, cell.per) == ((2, 3, 3), "Å", "configuration")


def test_a_column_that_only_some_have_is_not_offered(tmp_path: Path) -> None:
    content = configurations()
    for atoms in content["hot"]:
        atoms.set_array("extra", np.zeros((len(atoms), 3)))
    for kind in ("pickle", "extxyz"):
        opened = fl.io.open(write(tmp_path, kind, content))
        assert "extra" not in [c.name for c in opened.columns] and opened.choices("forces") == ("forces",)


# Choices


@pytest.mark.parametrize("kind", KINDS)
def test_only_columns_that_fit_are_offered(tmp_path: Path, kind: str) -> None:
    def more(atoms: Atoms) -> None:
        n = len(atoms)
        atoms.set_array("other_D", np.ones((n, 6)))
        atoms.set_array("other_Phi", np.ones((n, 3, 6)))
        atoms.set_array("widowed_Phi", np.ones((n, 3, 7)))
        atoms.set_array("charges", np.ones(n))
        atoms.set_array("tags3", np.ones((n, 3), dtype=int))
        atoms.set_array("f_old", np.ones((n, 3)))

    content = changed(more)
    more_entries = {"e_old": np.arange(8.0) + 0.5, "step": np.arange(8), "temperature_K": np.ones(8)}
    opened = fl.io.open(write(tmp_path, kind, content, **more_entries))
    assert opened.choices("force_descriptors") == (PHI, "other_Phi")
    assert opened.choices("descriptors", force_descriptors="other_Phi") == ("other_D",)
    assert opened.choices("descriptors", force_descriptors=PHI) == (D,)
    assert opened.choices("descriptors") == (D, "other_D")
    assert opened.choices("descriptors", force_descriptors="nothing") == ()
    assert opened.choices("forces") == ("forces", "f_old")
    usual = "energy" if kind == "extxyz" else "energies"
    assert opened.choices("energies")[0] == usual and "e_old" in opened.choices("energies")
    assert not {"step", "temperature_K"} & set(opened.choices("energies"))
    assert opened.choices("key") == (("walker",) if kind == "extxyz" else ())
    for Phi in opened.choices("force_descriptors"):
        for sites in opened.choices("descriptors", force_descriptors=Phi):
            width = {c.name: c.shape[-1] for c in opened.columns}[sites]
            data = opened.dataset(descriptors=sites, force_descriptors=Phi, check=False)
            assert data.K == width


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_guessed_is_what_is_taken(tmp_path: Path, kind: str) -> None:
    opened = fl.io.open(write(tmp_path, kind, configurations()))
    guessed = {what: opened.guess(what) for what in ROLES}
    usual = "energy" if kind == "extxyz" else "energies"
    assert guessed == dict(zip(ROLES, (D, PHI, "forces", usual, None), strict=True))
    named = {what: name for what, name in guessed.items() if name is not None}
    assert_same(opened.dataset(check=False, **named), opened.dataset(check=False))


def test_what_cannot_be_told_is_not_guessed(tmp_path: Path) -> None:
    def two(atoms: Atoms) -> None:
        rename(PHI="one")(atoms)
        atoms.set_array("two", 2 * atoms.arrays["one"])

    opened = fl.io.open(write(tmp_path, "pickle", changed(two)))
    assert opened.choices("force_descriptors") == ("one", "two") and opened.has_descriptors
    assert opened.guess("force_descriptors") is opened.guess("descriptors") is None
    assert opened.guess("descriptors", force_descriptors="two") == D
    with pytest.raises(ValueError, match=r"found 2 that could be \('one', 'two'\)"):
        opened.dataset()
    assert opened.dataset(force_descriptors="two", check=False).K == K


def test_columns_of_three_numbers_are_forces_or_descriptors_by_name(tmp_path: Path) -> None:
    def three(atoms: Atoms) -> None:
        for name in (D, PHI):
            atoms.arrays[name] = np.ascontiguousarray(atoms.arrays[name][..., :3])

    opened = fl.io.open(write(tmp_path, "pickle", changed(three)))
    assert opened.choices("forces") == ("forces",) and opened.choices("descriptors") == (D,)
    plain = fl.io.open(write(tmp_path, "pickle", changed(lambda a: (three(a), rename(D="d", forces="f")(a)))))
    assert set(plain.choices("forces")) == {"d", "f"} == set(plain.choices("descriptors"))
    assert plain.choices("descriptors", forces="f") == ("d",) and plain.guess("descriptors", forces="f") == "d"


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    opened = fl.io.open(write(tmp_path, "npz", configurations()))
    for call in (opened.choices, opened.guess):
        with pytest.raises(ValueError, match="what: expected 'descriptors', .* or 'key', got 'colour'"):
            call("colour")


def test_only_words_and_numbers_that_repeat_can_be_a_key(tmp_path: Path) -> None:
    more = {"run": np.array([0, 0, 1, 1, 2, 2, 3, 3]), "step": np.arange(8), "same": np.ones(8, dtype=int)}
    opened = fl.io.open(write(tmp_path, "extxyz", configurations(), **more))
    assert opened.choices("key") == ("walker", "run")
    assert list(opened.dataset(key="run", check=False)) == ["0", "1", "2", "3"]
    assert list(opened.dataset(key="walker", check=False)) == ["cold", "hot"]
    mixed = configurations()
    mixed["cold"], mixed["hot"] = mixed["cold"][:2] + mixed["hot"][:2], mixed["cold"][2:] + mixed["hot"][2:]
    one, two = (o.dataset(key="walker", check=False) for o in (opened, fl.io.open(write(tmp_path, "extxyz", mixed))))
    for a, b in zip(one.values(), two.values(), strict=True):  # the keys alternate in the second file
        np.testing.assert_array_equal(a.n_atoms, b.n_atoms)
        np.testing.assert_array_equal(a.energies, b.energies)
        np.testing.assert_array_equal(a.force_descriptors, b.force_descriptors)


# Files whose names are unknown


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("npz", "md.npz: expected the arrays .*, got no forces among .*f_old.*"),
        ("pickle", "forces: no column 'forces' in md.pkl, key 'cold'; it has .*'f_old'.*; name it by forces="),
        ("extxyz", "forces: no column 'forces' or 'force' or 'REF_forces' in configuration 0 of md.xyz; .*'f_old'"),
    ],
)
def test_forces_of_an_unknown_name_can_be_chosen(tmp_path: Path, kind: str, sentence: str) -> None:
    opened = fl.io.open(write(tmp_path, kind, changed(rename(forces="f_old"))))
    assert opened.choices("forces") == ("f_old",) and opened.guess("forces") is None
    with pytest.raises(ValueError, match=sentence):
        opened.dataset()
    found = opened.dataset(forces="f_old", check=False)
    for t in found.values():
        np.testing.assert_allclose(t.energies, t.descriptors @ THETA, atol=1e-6)
        np.testing.assert_allclose(t.forces, t.force_descriptors @ THETA, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_another_energy_can_be_chosen_where_there_is_one(tmp_path: Path, kind: str) -> None:
    opened = fl.io.open(write(tmp_path, kind, configurations(), e_dft=np.arange(8.0)))
    np.testing.assert_array_equal(opened.dataset(energies="e_dft", check=False).energies, np.arange(8.0))
    with pytest.raises(ValueError, match="energies: no 'x' in .*; it has .*e_dft.*; name it by energies="):
        opened.dataset(energies="x")


@pytest.mark.parametrize("kind", ["npz", "pickle"])
def test_where_there_is_no_other_energy_none_can_be_named(tmp_path: Path, kind: str) -> None:
    content = changed(lambda atoms: atoms.info.update(energy=float(len(atoms))))
    path = write(tmp_path, kind, content)
    if kind == "pickle":  # its info holds an energy as well; without it nothing is left to choose
        entries = {key: {"atoms": [a.copy() for a in members]} for key, members in content.items()}
        for entry in entries.values():
            entry["energies"] = [float(len(a)) for a in entry["atoms"]]
            for atoms in entry["atoms"]:
                atoms.info.clear()
        path.write_bytes(pickle.dumps(entries))
    opened = fl.io.open(path)
    assert opened.choices("energies") == ("energies",)
    assert len(opened.dataset(energies="energies", check=False)) == 2
    with pytest.raises(ValueError, match="energies: expected none for md.*, whose format has no such choice, got 'e'"):
        opened.dataset(energies="e")
    with pytest.raises(ValueError, match="key: expected none for md.*, whose format has no such choice, got 'k'"):
        opened.dataset(key="k")


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_that_is_no_energy_and_no_force_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    opened = fl.io.open(write(tmp_path, kind, configurations(), e2=np.ones(8), vector=np.ones((8, 3))))
    named = {"forces": D, "energies": "walker" if kind == "extxyz" else "vector"}
    for what, name in named.items():
        if kind == "pickle" and what == "energies":
            continue  # lists of vectors are no column
        with pytest.raises(ValueError, match=rf"{what}: expected a column of (one number|three numbers) .*{name!r}"):
            opened.dataset(**{what: name})


def test_an_entry_that_a_configuration_lacks_is_told_with_the_first_that_does(tmp_path: Path) -> None:
    content = configurations()
    del content["hot"][1].info["walker"], content["hot"][2].arrays["forces"]
    opened = fl.io.open(write(tmp_path, "extxyz", content))
    with pytest.raises(ValueError, match="key: no 'walker' in configuration 5 of md.xyz"):
        opened.dataset(key="walker")
    with pytest.raises(
        ValueError, match=r"forces: configuration 6 \(counted from 0\) of md.xyz has no number in 'forces'; add it"
    ):
        opened.dataset()


def test_descriptors_of_varying_size_are_refused_when_opened(tmp_path: Path) -> None:
    content = configurations()
    content["cold"][2].arrays[D] = np.zeros((len(content["cold"][2]), 9))
    for kind in ("pickle", "extxyz"):
        with pytest.raises(ValueError, match=r"milady-descriptors' of .* got \(\d, 9\) in configuration 2; all config"):
            fl.io.open(write(tmp_path, kind, content))


def test_a_column_without_a_row_for_each_atom_is_refused(tmp_path: Path) -> None:
    content = configurations()
    content["cold"][1].arrays["forces"] = np.zeros((20, 3))
    with pytest.raises(
        ValueError,
        match=r"'forces' of md.pkl, key 'cold': expected shape \(., 3\), a row for each atom .* got \(20, 3\) in conf",
    ):
        fl.io.open(write(tmp_path, "pickle", content))


def test_nested_lists_in_the_place_of_arrays_and_entries_are_not_looked_into(tmp_path: Path) -> None:
    bomb: list = [1.0]
    for _ in range(60):
        bomb = [bomb, bomb]
    content = configurations()
    for atoms in content["cold"]:
        atoms.info["bomb"] = bomb
        atoms.arrays["bomb"] = bomb
        odd = np.empty(len(atoms), dtype=object)
        odd[:] = [bomb] * len(atoms)
        atoms.arrays["objects"] = odd
    entries = {k: {"atoms": v, "energies": [1.0] * len(v), "bomb": bomb} for k, v in content.items()}
    (tmp_path / "md.pkl").write_bytes(pickle.dumps(entries))
    opened = fl.io.open(tmp_path / "md.pkl")
    assert not {"bomb", "objects"} & {c.name for c in opened.columns}
    assert opened.dataset(check=False).K == K


# Read once


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_read_once_whatever_is_then_chosen(tmp_path: Path, kind: str, counted: list[str]) -> None:
    path = write(tmp_path, kind, changed(lambda a: a.set_array("f2", np.ones((len(a), 3)))))
    opened = fl.io.open(path)
    assert sorted(counted) == sorted(["sha256", {"npz": "Arrays", "pickle": "load", "extxyz": "read"}[kind]])
    path.unlink()
    first = opened.dataset(check=False)
    other = opened.dataset(check=False, forces="f2", temperature=300.0, gradient=True)
    assert [opened.choices(what) for what in ROLES] and len(counted) == 2
    for key, t in other.items():
        np.testing.assert_array_equal(t.force_descriptors, -first[key].force_descriptors)
        assert set(t.forces) == {1.0} and (t.temperature, first[key].temperature) == (300.0, None)


@pytest.mark.parametrize("kind", KINDS)
def test_reading_is_opening_and_choosing(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, kind, configurations())
    assert_same(fl.io.read(path, check=False), fl.io.open(path).dataset(check=False))
    for a, b in zip(fl.io.read_frames(path), fl.io.open(path).frames(), strict=True):
        np.testing.assert_array_equal(a.forces, b.forces)


def test_a_file_that_is_replaced_does_not_lend_its_fingerprint(tmp_path: Path) -> None:
    path = write(tmp_path, "npz", configurations())
    before, opened = fl.io.sha256(path), fl.io.open(path)
    write(tmp_path, "npz", configurations(seed=1))
    assert opened.dataset(check=False).provenance["sha256"] == opened.sha256 == before != fl.io.sha256(path)


def test_warnings_point_at_the_line_that_reads(tmp_path: Path) -> None:
    path = write(tmp_path, "pickle", changed(lambda a: a.arrays.update(forces=a.arrays["forces"] / 51.422)))
    for call in (lambda: fl.io.read(path), lambda: fl.io.open(path).dataset()):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        assert caught and {w.filename for w in caught} == {__file__}


# Calling off


class Stop(Exception):
    """What a button raises."""


def test_descriptors_can_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spectra, "BATCH", 1)
    atoms = [Atoms("Cu20", positions=3.0 * np.random.default_rng(m).normal(size=(20, 3))) for m in range(1000)]
    threads, stopped, begun, raised = threading.active_count(), threading.Event(), [], []
    alone = spectra._without_box

    def begin(given: Atoms) -> Atoms:  # of a batch: the first three, and those that wait for the stop
        begun.append(None)
        assert any(given is one for one in atoms[:3]) or stopped.wait(60)
        return alone(given)

    def stop(done: int, total: int) -> None:
        if done >= 3:
            raised.append(done)
            stopped.set()
            raise Stop

    monkeypatch.setattr(spectra, "_without_box", begin)
    with pytest.raises(Stop):
        Soap()(atoms, species=[29], progress=stop)
    assert len(raised) == 1 and len(begun) < 500, "those that had not begun are dropped"
    assert threading.active_count() == threads


def test_a_reading_that_is_called_off_leaves_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FISHERLIB_CACHE", str(tmp_path / "kept"))  # not what an earlier run has kept
    rng = np.random.default_rng(0)
    atoms = [Atoms("Cu4", positions=2.5 * np.eye(4, 3) + 0.2 * rng.normal(size=(4, 3))) for _ in range(40)]
    for a in atoms:
        a.set_array("forces", rng.normal(size=(4, 3)))
        a.info["energy"] = 1.0
    opened = fl.io.open(write(tmp_path, "pickle", {"a": atoms}))
    small = Soap(cutoff=4.0, n_max=2, l_max=1)

    def stop(done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        opened.dataset(descriptor=small, progress=stop)
    assert [p.name for p in tmp_path.iterdir()] == ["md.pkl"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]
    assert opened.dataset(descriptor=small, check=False, progress=lambda done, total: None).K == 6


def test_batches_hold_few_configurations_and_few_atoms() -> None:
    def sizes(*numbers: int) -> list[int]:
        starts, stops = spectra._batches([Atoms("H" * n) for n in numbers])
        assert starts == [0, *stops[:-1]][: len(starts)]
        return [b - a for a, b in zip(starts, stops, strict=False)]

    assert sizes(*[1] * 20) == [8, 8, 4]
    assert sizes(40, 40, 600, 30, 30) == [1, 1, 1, 2]
    assert sizes() == []
