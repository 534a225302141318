"""Which energies and forces are taken, by their names: those of one source, or none without a question."""

from pathlib import Path

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.io.columns.choice import Choice
from fisherlib.io.columns.sources import Taken, taken

NUMBERS = np.arange(3.0)
VECTORS = np.arange(18.0).reshape(6, 3)


def found(energies: str, forces: str, /, **chosen: str) -> Taken:
    """What is taken among energies and forces of these names, each with values of its own."""
    entries = {name: NUMBERS + k for k, name in enumerate(energies.split())}
    atoms = {name: VECTORS + k for k, name in enumerate(forces.split())}
    return taken(entries, atoms, kind="extxyz", choice=Choice(**chosen))


@pytest.mark.parametrize(
    ("energies", "forces", "pair"),
    [
        ("energy", "forces", ("energy", "forces")),
        ("ENERGY", "FORCES", ("ENERGY", "FORCES")),
        ("Energy", "force", ("Energy", "force")),
        ("TotEnergy", "forces", ("TotEnergy", "forces")),
        ("TOTEN", "forces", ("TOTEN", "forces")),
        ("E0", "F", ("E0", "F")),
        ("etot", "f", ("etot", "f")),
        ("potential_energy", "Forces", ("potential_energy", "Forces")),
        ("free_energy", "forces", ("free_energy", "forces")),
        ("PotEng", "forces", ("PotEng", "forces")),
        ("total_energy", "forces", ("total_energy", "forces")),
        ("kinetic_energy energy", "forces", ("energy", "forces")),
        ("formation_energy energy energy_per_atom energy_std", "forces forces_std", ("energy", "forces")),
        ("REF_energy", "REF_forces", ("REF_energy", "REF_forces")),
        ("dft_energy", "DFT_force", ("dft_energy", "DFT_force")),
        ("energy_dft", "forces_dft", ("energy_dft", "forces_dft")),
        ("E_dft", "F_dft", ("E_dft", "F_dft")),
        ("dftEnergy", "dftForces", ("dftEnergy", "dftForces")),
        ("energy REF_energy", "forces REF_forces", ("REF_energy", "REF_forces")),
        ("MACE_energy dft_energy", "MACE_forces dft_forces", ("dft_energy", "dft_forces")),
        ("MACE_energy energy", "MACE_forces forces", ("energy", "forces")),
        ("energy mace_energy", "forces", ("energy", "forces")),
        ("xtb_energy", "xtb_forces", ("xtb_energy", "xtb_forces")),
        ("dft_energy", "GPAW_forces", ("dft_energy", "GPAW_forces")),
        ("energy", "my_force", ("energy", "my_force")),
    ],
)
def test_both_are_of_one_source_and_a_reference_comes_first(energies: str, forces: str, pair: tuple[str, str]) -> None:
    chosen = found(energies, forces)
    assert (chosen.energies, chosen.forces, chosen.question) == (*pair, "")
    preferred = pair in (("REF_energy", "REF_forces"), ("dft_energy", "dft_forces")) and energies != pair[0]
    assert bool(chosen.note) == preferred


@pytest.mark.parametrize(
    ("energies", "forces"),
    [
        ("energy", "REF_forces"),
        ("REF_energy", "forces"),
        ("energy REF_energy", "forces"),
        ("energy", "forces REF_forces"),
        ("dft_energy REF_energy", "dft_forces REF_forces"),
        ("energy xtb_energy", "forces xtb_forces"),
        ("dft_energy", "MACE_forces"),
        ("energy energy_corrected", "forces"),
    ],
)
def test_names_that_leave_it_open_are_asked_about_by_all_of_them(energies: str, forces: str) -> None:
    chosen = found(energies, forces)
    assert (chosen.energies, chosen.forces) == (None, None)
    assert all(f"'{name}'" in chosen.question for name in f"{energies} {forces}".split())
    assert chosen.question.endswith("by energies= and forces=")


def test_what_is_named_is_taken_with_what_goes_by_its_name() -> None:
    two = "energy REF_energy", "forces REF_forces"
    assert found(*two, energies="energy").forces == "forces"
    assert found(*two, forces="REF_forces").energies == "REF_energy"
    both = found(*two, energies="energy", forces="REF_forces")
    assert (both.energies, both.forces, both.question) == ("energy", "REF_forces", "")
    assert found("energy", "REF_forces", energies="energy").forces == "REF_forces"
    assert "name them by forces= too" in found("energy dft_energy", "forces REF_forces", energies="dft_energy").question
    assert found("e_old energy", "forces", energies="e_old").forces == "forces"


def test_free_energies_stay_beside_those_of_the_same_source() -> None:
    assert found("energy free_energy", "forces").other == "free_energy"
    assert found("free_energy", "forces").other is None
    assert found("TOTEN E0", "forces").other in ("E0", "TOTEN")
    assert found("dft_energy dft_free_energy free_energy", "dft_forces").other == "dft_free_energy"


def test_columns_of_words_or_of_another_shape_are_neither() -> None:
    entries = {"energy": np.array(["a", "b", "c"]), "REF_energy": NUMBERS}
    atoms = {"forces": np.zeros((6, 2)), "REF_forces": VECTORS}
    chosen = taken(entries, atoms, kind="extxyz", choice=Choice())
    assert (chosen.energies, chosen.forces) == ("REF_energy", "REF_forces")


def test_equal_values_need_no_sentence() -> None:
    entries, atoms = dict.fromkeys(("energy", "REF_energy"), NUMBERS), dict.fromkeys(("forces", "REF_forces"), VECTORS)
    assert taken(entries, atoms, kind="extxyz", choice=Choice()).note == ""


LINES = "Properties=species:S:1:pos:R:3:{0}:R:3 {1}"


def written(path: Path, forces: str, energies: str) -> Path:
    rng = np.random.default_rng(0)
    frames = []
    for _ in range(4):
        atoms = "\n".join("Cu " + " ".join(f"{x:.6f}" for x in rng.normal(size=6)) for _ in range(3))
        frames.append(f"3\n{LINES.format(forces, energies)}\n{atoms}\n")
    path.write_text("".join(frames))
    return path


def test_mixed_sources_of_a_file_are_refused_and_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.xyz", "REF_forces", "energy=1.5")
    with pytest.raises(
        ValueError, match=r"energies and forces of a.xyz: several sources .*'energy'; 'REF_forces'; name"
    ):
        fl.io.read_frames(path)
    assert fl.io.open(path).guess("energies") is None
    (frames,) = fl.io.read_frames(path, energies="energy", forces="REF_forces")
    assert frames.energies.tolist() == [1.5] * 4


@pytest.mark.parametrize("energies", ["energy=1.0", "energy=1.0 free_energy=1.0"])
def test_the_page_offers_what_is_taken(tmp_path: Path, energies: str) -> None:
    opened = fl.io.open(written(tmp_path / "a.xyz", "forces", energies))
    assert opened.guess("energies") == "energy" and opened.guess("forces") == "forces"
