"""FitSNAP's input file: weights, reference potential, and what is refused."""

from pathlib import Path

import pytest
import tantalum

import fisherlib as fl
from fisherlib.descriptors import Zbl
from fisherlib.io import read_fitsnap_input
from fisherlib.regression import GroupWeights

#: Two elements, with the older columns.
ALLOY = """\
# a comment
[BISPECTRUM]
numTypes = 2
twojmax = 6 6
type = In P   # in the order of LAMMPS's types

[REFERENCE]
pair_style = hybrid/overlay zero 10.0 zbl 4.0 4.2
pair_coeff1 = * * zero
pair_coeff2 = 1 1 zbl 49 49
pair_coeff3 = 1 2 zbl 49 15
pair_coeff4 = 2 2 zbl 15 15
"""
GROUPS = """
[GROUPS]
aa = \t18 5319411.5\t12160.3 1.0e-12
s_aIn = 0 592960.9 410.4 1.0e-12
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "fit.in"


def test_the_tantalum_example(written: Path) -> None:
    written.write_text(tantalum.INPUT)
    found = read_fitsnap_input(written)
    assert list(found.weights) == [line.split()[0] for line in tantalum.INPUT.splitlines()[-12:]]
    assert found.weights["Liquid"] == GroupWeights(forces=1.0, energies=467.0)
    assert found.weights["Elastic_FCC"] == GroupWeights(forces=1e-9, energies=1e-9)
    assert found.reference == Zbl(4.0, 4.8) and found.sections["BISPECTRUM"]["twojmax"] == "6"


def test_a_weight_of_pressures_becomes_one_of_virials_per_atom(written: Path) -> None:
    written.write_text(tantalum.INPUT)
    found = read_fitsnap_input(written, volume_per_atom=18.0)
    # 1 bar is 1e5 J/m³, so that a virial of 1 eV in 18 Å³ is a pressure of 1.602e-19/18e-30 Pa.
    bar = 1.602176634e-19 / 18e-30 / 1e5
    assert found.weights["Elastic_BCC"].stress == pytest.approx(1e-4 * bar, rel=1e-12)
    found = read_fitsnap_input(written, volume_per_atom={"Elastic_BCC": 36.0, "*": 9.0})
    assert found.weights["Elastic_BCC"].stress == pytest.approx(1e-4 * bar / 2, rel=1e-12)
    assert found.weights["Liquid"].stress == pytest.approx(1e-8 * bar * 2, rel=1e-12)
    found = read_fitsnap_input(written, volume_per_atom={"Elastic_BCC": 36.0})
    assert found.weights["Liquid"].stress == 0.0


def test_an_alloy_with_the_older_columns(written: Path) -> None:
    written.write_text(ALLOY + GROUPS)
    found = read_fitsnap_input(written)
    assert found.weights == {
        "aa": GroupWeights(forces=12160.3, energies=5319411.5),
        "s_aIn": GroupWeights(forces=0.0),  # nothing is trained on
    }
    assert found.reference == Zbl(4.0, 4.2)


def test_groups_may_stand_in_a_file_of_their_own(written: Path) -> None:
    written.write_text(ALLOY + "[PATH]\ngroupFile = ./grouplist.in\n")
    (written.parent / "grouplist.in").write_text(
        "# name size eweight fweight vweight\naa 20 2.5\t3 1e-12\n#b 1 1 1 1\n\n"
    )
    assert read_fitsnap_input(written).weights == {"aa": GroupWeights(forces=3.0, energies=2.5)}


def test_without_a_reference_there_is_none(written: Path) -> None:
    written.write_text("[REFERENCE]\npair_style = zero 10.0\npair_coeff = * *\n" + GROUPS)
    assert read_fitsnap_input(written).reference is None
    written.write_text(GROUPS)
    assert read_fitsnap_input(written).reference is None


def test_other_parts_of_a_reference_are_said(written: Path) -> None:
    style = "pair_style = hybrid/overlay zero 10.0 zbl 4.0 4.8 spin/exchange/biquadratic 5.0\n"
    written.write_text("[REFERENCE]\n" + style + GROUPS)
    with pytest.warns(UserWarning, match="only zbl can be computed here, not spin/exchange/biquadratic"):
        assert read_fitsnap_input(written).reference == Zbl(4.0, 4.8)
    written.write_text(GROUPS.replace("[GROUPS]", "[GROUPS]\nBOLTZ = 300"))
    with pytest.warns(UserWarning, match="BOLTZ is not used"):
        assert len(read_fitsnap_input(written).weights) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected groups with weights"),
        ("Ta = 1\n", "expected sections such as"),
        ("[GROUPS]\nthis is no line\n", "expected sections such as"),
        ("[GROUPS]\na = 1 1 1 1\na = 1 1 1 1\n", "expected sections such as"),
        ("[GROUPS]\na = 1.0 0.0 1 1 1\n", r"group 'a': expected 4 values \(size eweight fweight vweight\), got 5"),
        ("[GROUPS]\na = 1 x 1 1\n", "group 'a': expected numbers"),
        ("[GROUPS]\na = 1 -1 1 1\n", "group 'a': expected finite weights"),
        ("[GROUPS]\na = 1 nan 1 1\n", "group 'a': expected finite weights"),
        ("[GROUPS]\nsmartweights = 1\na = 1 1 1 1\n", "got smartweights = 1"),
        ("[GROUPS]\ngroup_sections = name size eweight\na = 1 1\n", "expected group_sections"),
        ("[GROUPS]\ngroup_sections =\na = 1 1\n", "expected group_sections"),
        ("[REFERENCE]\npair_style = zbl 4.0\n" + GROUPS, "expected 'zbl inner outer'"),
        ("[REFERENCE]\npair_style = zbl a b\n" + GROUPS, "expected 'zbl inner outer'"),
        ("[REFERENCE]\npair_style = zbl 4.8 4.0\n" + GROUPS, "expected 0 < inner < outer"),
        (ALLOY.replace("49 15", "49 16") + GROUPS, r"expected the nuclear charges \[15.0, 49.0\] of In P"),
        (ALLOY.replace("49 15", "49 x") + GROUPS, "expected 'I J zbl Z_I Z_J'"),
    ],
)
def test_another_layout_is_refused_in_words(text: str, words: str, written: Path) -> None:
    written.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_fitsnap_input(written)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_fitsnap_input(tmp_path / "nowhere.in")
    with pytest.raises(FileNotFoundError, match="a folder"):
        read_fitsnap_input(tmp_path)
    (tmp_path / "binary.in").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"binary\.in: expected text"):
        read_fitsnap_input(tmp_path / "binary.in")
    with open(tmp_path / "huge.in", "wb") as file:
        file.truncate(1_100_000)
    with pytest.raises(ValueError, match=r"huge\.in: expected an input file"):
        read_fitsnap_input(tmp_path / "huge.in")
    (tmp_path / "lost.in").write_text("[GROUPS]\n[PATH]\ngroupFile = lost/elsewhere.in\n")
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        read_fitsnap_input(tmp_path / "lost.in")
    with pytest.raises(ValueError, match="volume_per_atom: expected"):
        read_fitsnap_input(tmp_path / "lost.in", volume_per_atom=0.0)


def test_the_table_and_the_reference_fit_what_io_reads(tmp_path: Path) -> None:
    tantalum.beside()
    (tmp_path / "Ta.in").write_text(tantalum.INPUT)
    found, frames = read_fitsnap_input(tmp_path / "Ta.in"), fl.io.read_frames(tantalum.unpacked(tmp_path))
    assert {f.key for f in frames} == found.weights.keys()
