"""Every format through the one reader: the same fit as from the arrays, and the columns that were taken."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
import test_io_fitsnap
import test_io_lammps
import test_io_milady
from unpack import unpack

import fisherlib as fl
from fisherlib.io.formats.kinds import kind_of

ROOT = Path(__file__).resolve().parents[1]
TA = ROOT.parent / "shared" / "data" / "fitsnap_ta"
COLUMNS = ("energies", "forces", "descriptors", "force_descriptors")


def same(found: fl.Dataset, wanted: fl.Dataset, rtol: float = 1e-12) -> None:
    assert list(found) == list(wanted)
    for key, t in wanted.items():
        for name in COLUMNS:
            np.testing.assert_allclose(getattr(found[key], name), getattr(t, name), rtol=rtol, atol=1e-12, err_msg=name)


def test_a_database_is_read_as_any_file(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    fl.io.write(few_walkers, tmp_path / "db")
    found = fl.io.read(tmp_path / "db")
    same(found, few_walkers, rtol=1e-5)  # Φ is kept in single precision
    assert found.provenance["descriptor"] == few_walkers.provenance["descriptor"]
    opened = fl.io.open(tmp_path / "db")
    assert (opened.kind, opened.trajectories, opened.configurations) == ("database", 4, len(few_walkers.energies))
    assert (set(opened.n_atoms), opened.atoms) == ({55}, int(few_walkers.n_atoms.sum()))
    assert opened.sha256 == fl.io.open(tmp_path / "db").sha256 and opened.choices("forces") == ()
    assert opened.dataset(temperature=900.0).temperatures == [900.0]
    negated = opened.dataset(gradient=True, check=False)
    assert (next(iter(negated.values())).force_descriptors == -next(iter(found.values())).force_descriptors).all()
    with pytest.raises(ValueError, match="forces: expected none for db, whose format has no such choice, got 'f'"):
        opened.dataset(forces="f")
    with pytest.raises(ValueError, match="db: expected configurations, got rows of descriptors"):
        opened.frames()
    assert str(tmp_path / "db") in fl.io.data_files(tmp_path)


def test_a_database_that_has_a_trajectory_already_is_left_as_it_is(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    first, *others = list(few_walkers)
    fl.io.write(few_walkers.select(first), tmp_path / "db")
    with pytest.raises(ValueError, match="expected trajectories that are not in it yet, got 'walker-00' again"):
        fl.io.write(few_walkers, tmp_path / "db")
    fl.io.write(few_walkers.select(others), tmp_path / "db")
    assert list(fl.io.read(tmp_path / "db")) == list(few_walkers)


def test_extended_xyz_keeps_everything_and_says_what_was_taken(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    fl.io.write(few_walkers, tmp_path / "a.xyz")
    found = fl.io.read(tmp_path / "a.xyz", key="trajectory")
    same(found, few_walkers)
    assert found.temperatures == [1200.0]  # as the comment lines state
    assert found.provenance["columns"] == {
        "energies": "energy",
        "forces": "forces",
        "descriptors": "milady-descriptors",
        "force_descriptors": "milady-descriptors-forces",
    }


@pytest.mark.parametrize("name", ["DFT_force", "GPAW_forces", "f_force_ref"])
def test_any_force_key_is_taken_if_it_is_the_only_one(few_walkers: fl.Dataset, tmp_path: Path, name: str) -> None:
    fl.io.write(few_walkers, tmp_path / "a.xyz")
    text = (tmp_path / "a.xyz").read_text().replace(":forces:R:3", f":{name}:R:3").replace(" energy=", " dft_energy=")
    (tmp_path / "b.xyz").write_text(text)
    found = fl.io.read(tmp_path / "b.xyz", key="trajectory")
    same(found, few_walkers)
    assert found.provenance["columns"]["forces"] == name and found.provenance["columns"]["energies"] == "dft_energy"


def test_two_force_keys_are_not_guessed_between(few_walkers: fl.Dataset, tmp_path: Path) -> None:
    fl.io.write(few_walkers.select("walker-00"), tmp_path / "a.xyz")
    text = (tmp_path / "a.xyz").read_text().replace(":forces:R:3", ":a_force:R:3:b_force:R:3")
    lines = [f"{line} 0.0 0.0 0.0" if line.startswith("Cu ") else line for line in text.splitlines()]
    (tmp_path / "b.xyz").write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="forces: no column 'forces' .*'a_force' .*'b_force' .*name it by forces="):
        fl.io.read(tmp_path / "b.xyz")
    assert fl.io.read(tmp_path / "b.xyz", forces="a_force").provenance["columns"]["forces"] == "a_force"


def test_milady_folders_and_design_matrices(tmp_path: Path) -> None:
    content = test_io_milady.frames()
    folder = test_io_milady.database(tmp_path, content)
    found = fl.io.read(folder, temperature=300.0, check=False)
    assert kind_of(folder) == "MiLaDy" and list(found) == list(test_io_milady.KEYS)
    assert found.provenance["columns"]["energies"] == "energies"
    theta = fl.solve(fl.fisher(fl.accumulate(found))).theta
    np.testing.assert_allclose(theta, test_io_milady.least_squares(content), rtol=1e-10)


@pytest.mark.filterwarnings("ignore:.*minus those of the reference potential")
@pytest.mark.parametrize("form", ["npz", "table", "folder"])
def test_rows_of_fitsnap(tmp_path: Path, form: str) -> None:
    arrays, made = test_io_fitsnap.rows()
    path = test_io_fitsnap.saved(tmp_path, arrays, form)
    same(fl.io.read(path, check=False), fl.Dataset(made))
    assert kind_of(path) == "FitSNAP rows"


@pytest.mark.skipif(not TA.exists(), reason="the published tantalum set is not there")
def test_published_configurations_of_fitsnap_get_descriptors(tmp_path: Path) -> None:
    with tarfile.open(TA / "Ta_JSON.tar.xz") as archive:
        unpack(archive, tmp_path)
    (folder,) = (p for p in tmp_path.rglob("Displaced_FCC") if p.is_dir())
    found = fl.io.read(folder, temperature=300.0, check=False)
    assert fl.io.open(folder).kind == "FitSNAP" and found.provenance["descriptor"]["name"] == "SOAP"
    assert np.isfinite(fl.solve(fl.fisher(fl.accumulate(found))).theta).all()


@pytest.mark.filterwarnings("ignore:.*digits")
def test_lammps_dumps(tmp_path: Path) -> None:
    test_io_lammps.put(tmp_path, "w.dump", test_io_lammps.DUMP)
    beside = test_io_lammps.put(tmp_path, "w.dump.energies", test_io_lammps.ENERGIES)
    found = fl.io.read(tmp_path / "w.dump", temperature=600.0, check=False)
    assert found.K == 4 and found.temperatures == [600.0] and kind_of(tmp_path / "w.dump") == "LAMMPS dump"
    energies = found.energies
    beside.unlink()
    with pytest.warns(UserWarning, match="w.dump: it holds no energies: fits run on forces alone"):
        (alone,) = fl.io.read_frames(tmp_path / "w.dump")
    assert alone.energies is None and alone.forces is not None
    with pytest.warns(UserWarning, match="forces alone"):
        data = fl.io.read(tmp_path / "w.dump", temperature=600.0, check=False)
    assert np.isnan(data.energies).all()
    np.testing.assert_array_equal(data.forces, found.forces)
    again = fl.io.read(tmp_path / "w.dump", temperature=600.0, check=False, energies=energies)
    np.testing.assert_array_equal(again.energies, energies)


def test_parameters_of_other_programs(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=np.array([0.1, -2.5e-3, 3.0]), offset=-4.25, name="θ")
    fl.io.write_snapcoeff(model, tmp_path / "a.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    fl.io.milady.write_pot(model, tmp_path / "a.pot", elements=("Ta",), descriptor=9, details=(1, 4.0, 0), cutoff=4.7)
    for name in ("a.snapcoeff", "a.pot"):
        found = fl.io.read_theta(tmp_path / name)
        assert (found.theta == model.theta).all() and found.offset == model.offset


def test_a_folder_of_nothing_known_is_answered_with_what_is(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        ValueError, match="path: expected a file, or the folder of a descriptor database .* 'empty' with nothing"
    ):
        fl.io.read(tmp_path / "empty")
