"""Units of data files: their words, their factors, and that everything that has one is converted."""

from pathlib import Path
from typing import Any

import ase.units
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl
from fisherlib.io.columns.unit_names import OFFERED, PRESETS, Units, factor, units_of

HA, BOHR = ase.units.Hartree, ase.units.Bohr
KCAL, KJ = ase.units.kcal / ase.units.mol, ase.units.kJ / ase.units.mol


@pytest.mark.parametrize(
    ("told", "factors"),
    [
        ("eV", (1, 1, 1)),
        ("metal", (1, 1, 1)),
        ("atomic", (HA, HA / BOHR, BOHR)),
        ("a.u.", (HA, HA / BOHR, BOHR)),
        ("CP2K", (HA, HA / BOHR, 1)),
        ("Ha", (HA, HA / BOHR, 1)),
        ("Ry", (HA / 2, HA / 2 / BOHR, 1)),
        ("real", (KCAL, KCAL, 1)),
        ("kcal/mol", (KCAL, KCAL, 1)),
        ("kJ/mol", (KJ, KJ, 1)),
        ("gromacs", (KJ, KJ / 10, 10)),
        ("hartree, hartree/bohr, angstrom", (HA, HA / BOHR, 1)),
        ("Hartree/Bohr; Hartree; Bohr", (HA, HA / BOHR, BOHR)),
        ("eV, Ha/Bohr", (1, HA / BOHR, 1)),
        ("Ha, eV/Å", (HA, 1, 1)),
        ("kcal/mol, kcal/mol/Angstrom", (KCAL, KCAL, 1)),
        ("kcal / mol", (KCAL, KCAL, 1)),
        ("meV, meV/Å, nm", (1e-3, 1e-3, 10)),
        ({"energy": "Ha", "forces": "Ha/Bohr", "positions": "Bohr"}, (HA, HA / BOHR, BOHR)),
        ({"length": "Bohr"}, (1, 1, BOHR)),
        (Units(energy="Ry"), (HA / 2, 1, 1)),
    ],
)
def test_words_for_units_are_those_of_the_field(told: object, factors: tuple[float, float, float]) -> None:
    assert units_of(told).factors == pytest.approx(factors, rel=1e-7)  # ASE's constants are those of CODATA 2014


@pytest.mark.parametrize(
    "told", ["nonsense", "Ha, eV", "eV/foo", 3, {"energy": "Ha/Bohr"}, {"mass": "u"}, ["Ha"], "energy", {"energy": 1.0}]
)
def test_other_words_are_refused_with_the_list_of_those_there_are(told: object) -> None:
    with pytest.raises(ValueError, match=r"^units: expected "):
        units_of(told)


def test_every_word_that_is_offered_is_known_and_every_factor_has_its_word() -> None:
    assert all(units_of(word) and units_of(word.upper()) for word in (*OFFERED, *PRESETS))
    known = {"Ha": HA, "Ha/Bohr": HA / BOHR, "Ry": HA / 2, "kcal/mol": KCAL, "kJ/mol": KJ, "Bohr": BOHR, "nm": 10.0}
    assert {word: factor(word) for word in known} == pytest.approx(known, rel=1e-7)
    with pytest.raises(ValueError, match="unit: expected one of"):
        factor("parsec")


def crystals(count: int = 6) -> list[Atoms]:
    """Copper by ASE's EMT."""
    rng, made = np.random.default_rng(1), []
    for _ in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.rattle(0.1, rng=rng)
        atoms.calc = EMT()
        results = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces()}
        atoms.calc = SinglePointCalculator(atoms, **results)
        made.append(atoms)
    return made


def in_units(path: Path, units: Units, *, words: str = "") -> Path:
    """The crystals as a file in other units."""
    e, f, x = units.factors
    frames = []
    for atoms in crystals():
        lattice = " ".join(f"{v:.12f}" for v in (np.array(atoms.cell) / x).ravel())
        rows = np.hstack([atoms.positions / x, atoms.get_forces() / f])
        lines = "\n".join("Cu " + " ".join(f"{v:.12f}" for v in row) for row in rows)
        energy = f"energy={atoms.get_potential_energy() / e:.14f}"
        frames.append(f'4\nLattice="{lattice}" Properties=species:S:1:pos:R:3:forces:R:3 {energy} {words}\n{lines}\n')
    path.write_text("".join(frames), encoding="utf-8")
    return path


def assert_right(found: fl.io.Frames) -> None:
    atoms = crystals()
    np.testing.assert_allclose(found.energies, [a.get_potential_energy() for a in atoms], atol=1e-9)
    np.testing.assert_allclose(found.forces, np.concatenate([a.get_forces() for a in atoms]), atol=1e-8)
    np.testing.assert_allclose(found.positions, np.concatenate([a.positions for a in atoms]), atol=1e-9)
    np.testing.assert_allclose(found.cell, [np.array(a.cell) for a in atoms], atol=1e-9)


@pytest.mark.parametrize("told", ["atomic", "cp2k", "real", "kJ/mol", "Ry", "gromacs", "eV, Ha/Bohr"])
def test_energies_forces_positions_and_cells_are_converted(tmp_path: Path, told: str) -> None:
    path = in_units(tmp_path / "a.xyz", units_of(told))
    with pytest.warns(UserWarning, match=r"a.xyz: energies in .*, as units= says, are converted to eV and Å"):
        (frames,) = fl.io.read_frames(path, units=told)
    assert_right(frames)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("energy-unit=hartree force-unit=hartree/bohr", "Ha"),
        ("energy_unit=Hartree force_unit=Hartree/Bohr length-unit=Bohr", "atomic"),
        ("Energy-Unit=kcal/mol Force-Unit=kcal/mol/Angstrom", "kcal/mol"),
        ('energy-unit="Ry" force-unit="Ry/bohr"', "Ry"),
        ("units=atomic", "atomic"),
        ("units=real", "real"),
    ],
)
def test_units_that_the_file_states_are_converted_in_words(tmp_path: Path, words: str, told: str) -> None:
    path = in_units(tmp_path / "a.xyz", units_of(told), words=words)
    with pytest.warns(UserWarning, match="as the file states, are converted"):
        (frames,) = fl.io.read_frames(path)
    assert_right(frames)


@pytest.mark.parametrize("words", ["energy-unit=eV force-unit=eV/Angstrom length-unit=Angstrom", "units=metal"])
def test_ours_are_read_without_a_word(tmp_path: Path, words: str) -> None:
    (frames,) = fl.io.read_frames(in_units(tmp_path / "a.xyz", Units(), words=words))
    assert_right(frames)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("energy-unit=nonsense", r"expected one of 'eV', 'atomic', .*; got 'nonsense'"),
        ("units=furlong", r"'units' of a.xyz: expected one of .*; got 'furlong'"),
        ("energy-unit=hartree", r"a.xyz states .*energy in hartree and no unit of force; give all"),
        ("length-unit=bohr", r"a.xyz states length in bohr and no unit of energy and force; give all"),
    ],
)
def test_units_that_leave_it_open_are_asked_for_and_can_be_told(tmp_path: Path, words: str, sentence: str) -> None:
    path = in_units(tmp_path / "a.xyz", units_of("Ha"), words=words)
    with pytest.raises(ValueError, match=sentence):
        fl.io.read_frames(path)
    with pytest.warns(UserWarning, match="as units= says"):
        (frames,) = fl.io.read_frames(path, units="Ha")
    assert_right(frames)


def test_configurations_that_state_several_units_are_refused(tmp_path: Path) -> None:
    text = in_units(tmp_path / "a.xyz", Units(), words="energy-unit=eV force-unit=eV/Å").read_text(encoding="utf-8")
    for other in (text.replace("energy-unit=eV", "energy-unit=Ha", 1), text.replace("energy-unit=eV", "", 1)):
        (tmp_path / "b.xyz").write_text(other, encoding="utf-8")
        with pytest.raises(
            ValueError, match="units: expected one 'energy-unit' for all, got .*; say what holds by units="
        ):
            fl.io.read_frames(tmp_path / "b.xyz")


def test_a_file_of_this_package_states_its_units(tmp_path: Path) -> None:
    frames = fl.io.read_frames("data/cu55_1200K.npz")[:1]
    fl.io.write_frames(frames, tmp_path / "a.npz")
    with pytest.raises(
        ValueError,
        match=r"units: expected none for a.npz.*, whose units are those of its format, read as energies in eV.*leave units",
    ):
        fl.io.read_frames(tmp_path / "a.npz", units="atomic")
    assert len(fl.io.read_frames(tmp_path / "a.npz", units="eV")) == 1


def test_rows_of_descriptors_have_no_units_to_choose(tmp_path: Path) -> None:
    data = fl.systems.harmonic([1.0, 2.0])
    fl.io.write(data, tmp_path / "db")
    for chosen in ({"units": "atomic"}, {"subtract_isolated": True}):
        with pytest.raises(
            ValueError, match=r"(units|subtract_isolated): expected none for db, whose format has no such"
        ):
            fl.io.read(tmp_path / "db", **chosen)


def test_lengths_in_another_unit_are_refused_beside_descriptors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = "\n".join("Cu " + " ".join(f"{x:.4f}" for x in rng.normal(size=6 + 2 + 6)) for _ in range(3))
    columns = "species:S:1:pos:R:3:forces:R:3:milady-descriptors:R:2:milady-descriptors-forces:R:6"
    (tmp_path / "a.xyz").write_text("".join(f"3\nProperties={columns} energy={m}.5\n{rows}\n" for m in range(3)))
    chosen: dict[str, Any] = {"check": False, "temperature": 300.0}
    with pytest.raises(ValueError, match="units: expected lengths in Å in a.xyz, which has descriptors"):
        fl.io.read(tmp_path / "a.xyz", units="atomic", **chosen)
    with pytest.warns(UserWarning, match="converted"):
        data = fl.io.read(tmp_path / "a.xyz", units="cp2k", **chosen)
    assert data.energies[0] == pytest.approx(0.5 * HA)


DUMP = """ITEM: UNITS
{0}
ITEM: TIMESTEP
{1}
ITEM: NUMBER OF ATOMS
1
ITEM: BOX BOUNDS pp pp pp
0 4
0 4
0 4
ITEM: ATOMS id element x y z fx fy fz c_pe
1 Cu 1 2 3 1 2 3 5
"""


@pytest.mark.parametrize(("stated", "told"), [("real", "kcal/mol"), ("electron", "atomic")])
def test_a_dump_that_states_units_of_lammps_is_converted(tmp_path: Path, stated: str, told: str) -> None:
    e, f, x = units_of(told).factors
    text = "".join(DUMP.format(stated, step) for step in range(2))
    (tmp_path / "a.dump").write_text(text)
    opened = fl.io.open(tmp_path / "a.dump", energies="c_pe")
    with pytest.warns(UserWarning, match="as the file states, are converted"):
        (frames,) = opened.frames()
    assert frames.energies.tolist() == pytest.approx([5 * e] * 2) and frames.forces[0, 2] == pytest.approx(3 * f)
    assert frames.positions[0].tolist() == pytest.approx([x, 2 * x, 3 * x]) and frames.cell[0, 0, 0] == pytest.approx(
        4 * x
    )
    (tmp_path / "b.dump").write_text(text.replace(f"ITEM: UNITS\n{stated}\n", ""))  # most dumps state none
    with pytest.warns(UserWarning, match="as units= says"):
        (also,) = fl.io.open(tmp_path / "b.dump", energies="c_pe").frames(units=stated)
    np.testing.assert_array_equal(also.forces, frames.forces)
    with pytest.raises(
        ValueError, match="units: expected none for a.dump, whose units are those of its format, .*leave units= out"
    ):
        opened.frames(units="eV")


def test_a_temperature_is_asked_for_before_many_descriptors_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fisherlib.io.assembly.LONG", 20)
    monkeypatch.setattr("fisherlib.io.assembly.featurise", lambda *args, **more: pytest.fail("it was not asked before"))
    opened, small = fl.io.open(in_units(tmp_path / "a.xyz", Units())), fl.descriptors.Soap(cutoff=2.7, n_max=1, l_max=0)
    with pytest.raises(UserWarning, match="a.xyz states no temperature for all: .*; give temperature= now"):
        opened.dataset(descriptor=small)
    monkeypatch.setattr("fisherlib.io.assembly.LONG", 24)
    with pytest.raises(pytest.fail.Exception, match="not asked before"):
        opened.dataset(descriptor=small)


def test_what_an_earlier_reading_said_is_not_said_of_the_file_that_was_written(tmp_path: Path) -> None:
    path = in_units(tmp_path / "a.xyz", units_of("Ha"))
    small = fl.descriptors.Soap(cutoff=2.7, n_max=1, l_max=0)
    with pytest.warns(UserWarning, match="converted"):
        data = fl.io.read(path, units="Ha", temperature=300.0, check=False, descriptor=small)
    assert data.provenance["units"].startswith("energies in Ha") and len(data.provenance["notes"]) == 1
    fl.io.write(data, tmp_path / "b.npz")
    again = fl.io.read(tmp_path / "b.npz", check=False)
    assert not {"notes", "units", "taken"} & again.provenance.keys()
    np.testing.assert_array_equal(again.energies, data.energies)
