"""Configurations as people write them: marks of byte order, other spellings, missing numbers, isolated atoms, slabs."""

import dataclasses
import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.io.formats.comment_line import as_ase_reads
from fisherlib.io.isolated_atoms import without_isolated

HEAD = 'Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 pbc="T T T"'
ATOM = "Cu 0 0 0 0.1 0.2 0.3"


def written(path: Path, *comments: str, atom: str = ATOM, encoding: str = "utf-8") -> Path:
    """One atom under each comment."""
    path.write_bytes("".join(f"1\n{comment}\n{atom}\n" for comment in comments).encode(encoding))
    return path


def same(found: fl.io.Frames, expected: fl.io.Frames) -> None:
    for name in ("n_atoms", "numbers", "positions", "energies", "forces", "cell", "pbc"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))


# Extended xyz


@pytest.mark.parametrize(
    "comment",
    [
        HEAD.replace("Lattice", "lattice").replace(' pbc="T T T"', ""),
        HEAD.replace("Lattice", "LATTICE").replace("pbc", "PBC").replace("Properties", "properties"),
        HEAD.replace('"T T T"', "[T, T, T]").replace("pbc", "Pbc"),
        HEAD + ' stress="high"',
        HEAD + " stress=1",
        HEAD + ' virial="1 2 3"',
        HEAD + ' dipole="none of it"',
        HEAD + ' note="_JSON [[["',
        HEAD + ' note="_JSON ' + "[" * 10**5 + '"',
        HEAD + " empty= ",
        HEAD + ' stress="1 2 3 4 5 6" virial="1 2 3 4 5 6 7 8 9"',
    ],
)
def test_another_spelling_or_an_entry_that_nobody_asked_for_changes_nothing(tmp_path: Path, comment: str) -> None:
    (found,) = fl.io.read_frames(written(tmp_path / "a.xyz", comment, comment))
    same(found, fl.io.read_frames(written(tmp_path / "b.xyz", HEAD, HEAD))[0])


@pytest.mark.parametrize(("pbc", "periodic"), [("0 0 0", False), ("F F F", False), ("1 1 1", True), ("T T T", True)])
def test_periodicity_is_read_in_any_case(tmp_path: Path, pbc: str, periodic: bool) -> None:
    comment = HEAD.replace('pbc="T T T"', f'PBC="{pbc}"')
    (found,) = fl.io.read_frames(written(tmp_path / "a.xyz", comment))
    assert (found.pbc is not None and found.pbc.all()) == periodic


def test_six_numbers_of_a_stress_are_those_of_ase(tmp_path: Path) -> None:
    six, nine = 'stress="1 2 3 4 5 6"', 'stress="1 6 5 6 2 4 5 4 3"'
    for words in (six, nine):
        opened = fl.io.open(written(tmp_path / "a.xyz", f"{HEAD} {words}"))
        assert opened.stored[0].entries["stress"].tolist() == [[1, 2, 3, 4, 5, 6]]
        assert {c.name: c.unit for c in opened.columns}["stress"] == "eV/Å³? xx yy zz yz xz xy"


@pytest.mark.parametrize(
    ("encoding", "comment"),
    [("utf-8-sig", HEAD), ("latin-1", f"{HEAD} author=Müller"), ("utf-8", f"{HEAD} author=Müller")],
)
def test_marks_of_byte_order_and_latin_letters_are_read(tmp_path: Path, encoding: str, comment: str) -> None:
    (found,) = fl.io.read_frames(written(tmp_path / "a.xyz", comment, encoding=encoding))
    same(found, fl.io.read_frames(written(tmp_path / "b.xyz", HEAD))[0])


def test_ends_of_lines_of_other_systems_are_read(tmp_path: Path) -> None:
    text = written(tmp_path / "b.xyz", HEAD, HEAD).read_text()
    for end in ("\r\n", "\r"):
        (tmp_path / "a.xyz").write_bytes(text.replace("\n", end).encode())
        same(fl.io.read_frames(tmp_path / "a.xyz")[0], fl.io.read_frames(tmp_path / "b.xyz")[0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            f"# a remark\n1\n{HEAD}\n{ATOM}\n",
            r"line 1: expected the number of atoms.*got '# a remark' \(frame 0, counted",
        ),
        (f"1\n{HEAD}\n{ATOM}\n{HEAD}\n{ATOM}\n", r"line 4: expected the number of atoms.*got 'Lattice.*\(frame 1"),
        (f"1\n{HEAD}\n{ATOM}\n2\n{HEAD}\n{ATOM}", r"line 4: 2 atoms, and the file ends after 1 \(frame 1"),
        (f"1\n{HEAD}\n{ATOM}\n1\n{HEAD}\n{ATOM} 7\n", r"line 6: 8 values where Properties has 7 columns \(frame 1"),
        (f"1\n{HEAD}\n{ATOM}\n1\n{HEAD}\nQq 0 0 0 1 1 1\n", r"line 4: .*Qq.*\(frame 1, counted from 0\)"),
        ("١\n\nCu 0 0 0\n", "line 1: expected the number of atoms"),
    ],
)
def test_a_damaged_frame_is_named_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.xyz").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"a.xyz: expected an extended xyz file.*{sentence}"):
        fl.io.open(tmp_path / "a.xyz")


def test_what_ase_reads_is_left_as_it_is() -> None:
    comment = f"{HEAD} note='energy=1 run=2' uid=3 flag k=\"a b\""
    assert as_ase_reads(comment) == comment


# Missing numbers


@pytest.mark.parametrize("lacking", ["", "energy=None", "energy=nan", "energy=****", "energy= ", "energy"])
def test_a_missing_energy_is_named_by_its_configuration_or_left_out(tmp_path: Path, lacking: str) -> None:
    path = written(
        tmp_path / "a.xyz",
        *[HEAD] * 2,
        HEAD.replace("energy=-1.5", lacking),
        *[HEAD] * 2,
        atom=f"{ATOM}\nCu 1.9 0.1 0.2 1 0 0",
    )
    path.write_text(path.read_text().replace("1\nL", "2\nL"))
    chosen = {"temperature": 300.0, "check": False, "descriptor": fl.descriptors.Soap(cutoff=2.5, n_max=1, l_max=0)}
    with pytest.raises(ValueError, match=r"^energies.* configuration 2.*on_bad='drop'"):
        fl.io.read(path, **chosen)
    with pytest.warns(UserWarning, match="1 of 5 configurations have .* or lack some.*configuration 2 of 'a'"):
        data = fl.io.read(path, on_bad="drop", **chosen)
    assert data.provenance["dropped"] == {"a": [2]} and data.energies.tolist() == [-1.5] * 4


def test_forces_that_most_configurations_lack_are_none(tmp_path: Path) -> None:
    bare = HEAD.replace(":forces:R:3", "")
    path = tmp_path / "a.xyz"
    path.write_text(f"1\n{HEAD}\n{ATOM}\n" + f"1\n{bare}\nCu 0 0 0\n" * 3)
    with pytest.raises(ValueError, match="forces: no column 'forces' .* in configuration 1 of a.xyz"):
        fl.io.read_frames(path)


# Isolated atoms

CRYSTAL = fl.io.Frames(
    key="a",
    place="a.xyz",
    n_atoms=np.array([2, 1, 1, 1, 2]),
    numbers=np.array([29, 79, 29, 79, 29, 29, 29]),
    positions=np.zeros((7, 3)),
    energies=np.array([-7.0, -3.0, -4.0, -3.5, -6.0]),
    forces=np.array([[1.0, 0, 0], [-1, 0, 0], *[[0.0, 0, 0]] * 3, [2, 0, 0], [-2, 0, 0]]),
    provenance={"taken": {"notes": [], "other": None}},
)
BOX = {"cell": np.eye(3) * np.array([3.0, 12.0, 3.0, 12.0, 3.0])[:, None, None], "pbc": np.ones((5, 3), bool)}


def test_isolated_atoms_are_those_without_a_neighbour() -> None:
    (all_alone,) = without_isolated([CRYSTAL])
    assert all_alone.n_atoms.tolist() == [2, 2]
    assert all_alone.provenance["taken"]["isolated_atoms"] == {"Cu": -3.5, "Au": -4.0}
    (note,) = all_alone.provenance["taken"]["notes"]
    assert (
        note.startswith("3 isolated atoms (configurations 1, 2, 3, counted from 0)") and "Cu −3.5 eV, Au −4 eV" in note
    )
    (periodic,) = without_isolated([dataclasses.replace(CRYSTAL, **BOX)])
    assert periodic.n_atoms.tolist() == [2, 1, 2]  # a primitive cell is a crystal
    with_forces = dataclasses.replace(CRYSTAL, forces=np.ones((7, 3)))
    assert without_isolated([with_forces])[0].n_atoms.tolist() == [2, 1, 1, 1, 2]
    only = CRYSTAL.take("only", [1, 2])
    assert without_isolated([only])[0] is only


def test_of_several_atoms_of_an_element_the_lowest_energy_counts_and_is_subtracted() -> None:
    (found,) = without_isolated([CRYSTAL], subtract=True)
    lowest = {"Cu": -3.5, "Au": -4.0}
    expected = CRYSTAL.energies[[0, 4]] - [lowest["Cu"] + lowest["Au"], 2 * lowest["Cu"]]
    np.testing.assert_allclose(found.energies, expected)


def test_a_lacking_reference_energy_is_named() -> None:
    rows = CRYSTAL.take("a", [0, 2])
    with pytest.raises(
        ValueError, match="subtract_isolated: no isolated atom of Cu with an energy in a.xyz; leave it out"
    ):
        without_isolated([rows], subtract=True)
    with pytest.raises(ValueError, match="subtract_isolated: expected isolated atoms, got none in a.xyz; leave it out"):
        without_isolated([CRYSTAL.take("a", [0, 4])], subtract=True)


# Labels of simulations


def test_notes_of_a_simulation_tell_temperatures_and_volumes_apart(tmp_path: Path) -> None:
    def entry(label: str, a: float, x: float) -> dict:
        sites = [{"species": [{"element": "Mo", "occu": 1}], "xyz": [x, 0.0, 0.0]}]
        structure = {"lattice": {"matrix": (np.eye(3) * a).tolist()}, "sites": sites}
        outputs = {"energy": x, "forces": [[0.0, 0.0, 1.0]], "stress": [1.0] * 6}
        return {"structure": structure, "group": "Mo", "tags": ["Md"], "notes": {"Md": label}, "outputs": outputs}

    listed = [("300-2", 3.1, 2.0), ("2000-8", 3.1, 8.0), ("300-1", 3.1, 1.0), ("300-1", 3.3, 9.0), ("cell", 3.1, 7.0)]
    (tmp_path / "a.json").write_text(json.dumps([entry(*one) for one in listed]))
    found = {f.key: f for f in fl.io.read_frames(tmp_path / "a.json")}
    assert list(found) == [
        "Mo, molecular dynamics, 29.79 Å³ an atom, at 300 K",
        "Mo, molecular dynamics, 29.79 Å³ an atom, at 2000 K",
        "Mo, molecular dynamics, 35.94 Å³ an atom, at 300 K",
        "Mo",
    ]
    assert [f.temperature for f in found.values()] == [300.0, 2000.0, 300.0, None]
    assert [f.energies.tolist() for f in found.values()] == [[1.0, 2.0], [8.0], [9.0], [7.0]]  # in the order of time


def test_notes_and_warnings_are_told_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xyz", HEAD + " energy-unit=Ha force-unit=Ha/Bohr")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fl.io.read_frames(path)
    assert len(caught) == 1
