"""The comment line of extended xyz: what is in it twice, or of another type than it is called, is not read."""

from pathlib import Path

import pytest
from ase.io.extxyz import key_val_str_to_dict

import fisherlib as fl
from fisherlib.io.formats.comment_line import columns_of

HEAD = 'Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 run=1 pbc="T T T"'
ATOM = "Cu 0 0 0 0.1 0.2 0.3"


def read(path: Path, comment: str, atom: str = ATOM) -> fl.io.Frames:
    path.write_text(f"1\n{HEAD}\n{ATOM}\n1\n{comment}\n{atom}\n")
    return fl.io.read_frames(path)[0]


@pytest.mark.parametrize(
    "again",
    [
        "energy=-2.5",
        "energy = -2.5",
        '"energy"=1',
        "Lattice='5 0 0 0 5 0 0 0 5'",
        "run={7}",
        "pbc=[F F F]",
        "Properties=pos:R:3",
    ],
)
def test_an_entry_twice_is_refused(tmp_path: Path, again: str) -> None:
    name = again.split("=")[0].strip(' "')
    with pytest.raises(
        ValueError, match=f"a.xyz: .*line 5: the entry '{name}' is given twice; keep the one that counts"
    ):
        read(tmp_path / "a.xyz", f"{HEAD} note=x {again}")
    with pytest.raises(ValueError, match=f"the entry '{name}' is given twice"):
        columns_of(f"{again} {HEAD}")


@pytest.mark.parametrize("twice", ["forces:R:3:forces:R:3", "forces:R:3:positions:R:3", "Z:I:1:numbers:I:1"])
def test_a_column_twice_is_refused(twice: str) -> None:
    with pytest.raises(ValueError, match="the column '(forces|positions|numbers)' is given twice"):
        columns_of(f"Properties=species:S:1:pos:R:3:{twice}")


@pytest.mark.parametrize(("letter", "atom"), [("L", "Cu 0 0 0 T T F"), ("S", ATOM)])
def test_words_and_booleans_do_not_become_forces(tmp_path: Path, letter: str, atom: str) -> None:
    wrong = HEAD.replace("forces:R:3", f"forces:{letter}:3")
    with pytest.raises(ValueError, match=f"line 5: the column 'forces' is to hold numbers, .* the type '{letter}'"):
        read(tmp_path / "a.xyz", wrong, atom)


@pytest.mark.parametrize(
    "comment",
    [
        HEAD,
        f"{HEAD} note='energy=1 run=2' uid=3 Energy=2",
        HEAD.replace("energy=-1.5", r"energy=-1.5 q=\" runs=3"),
        "step 1 of 1",
        "a=b=c a2= b2=3",
        "",
        "= =",
        "x='not closed",
    ],
)
def test_entries_are_told_apart_as_ase_does(comment: str) -> None:
    told = columns_of(comment)
    found = None if told is None else sum(column.width for column in told)
    told = key_val_str_to_dict(comment).get("Properties") if "Properties" in comment else None
    assert found == (None if told is None else 7)


def test_what_stands_once_is_read(tmp_path: Path) -> None:
    frames = read(tmp_path / "a.xyz", f"{HEAD} note='run=2, energy = 3' step step")
    assert len(frames.n_atoms) == 2 and frames.energies.tolist() == [-1.5, -1.5]
