"""Structure files of other programs: what they hold comes back, and a damaged one ends in one sentence."""

import bz2
import dataclasses
import gzip
import lzma
import os
import re
import sys
import time
import types
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ase.build
import ase.io
import ase.units
import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms

import fisherlib as fl
from fisherlib.io.formats import structures
from fisherlib.units import BOHR, HARTREE


@pytest.fixture(scope="module")
def frames() -> list[ase.Atoms]:
    """Copper with some gold, three configurations with energies, forces and stress of ASE's EMT."""
    made = []
    for seed in range(3):
        atoms = ase.build.bulk("Cu", cubic=True) * (1, 1, 2)
        atoms.symbols[5] = "Au"
        atoms.set_cell(atoms.cell @ np.array([[1.0, 0.02, 0], [0, 1.01, 0.01], [0, 0, 0.99]]), scale_atoms=True)
        atoms = atoms[np.argsort(atoms.numbers, kind="stable")]
        atoms.rattle(0.08, seed=seed)
        atoms.calc = EMT()
        E = atoms.get_potential_energy()
        results = {"energy": E, "free_energy": E, "forces": atoms.get_forces(), "stress": atoms.get_stress()}
        atoms.calc = SinglePointCalculator(atoms, **results)
        made.append(atoms)
    return made


def same(path: Any, frames: Sequence[ase.Atoms], *, tolerance: float = 1e-6, stress: bool = True, **named: Any) -> None:
    """Energies, forces, positions, cells and stress of a file are those of the frames."""
    opened = fl.io.open(path, **named)
    assert opened.configurations == len(frames)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # units that are converted are told
        found = fl.io.read_frames(path) if not named else opened.frames()
    for name, wanted in (
        ("energies", [a.get_potential_energy() for a in frames]),
        ("forces", np.concatenate([a.get_forces(apply_constraint=False) for a in frames])),
        ("positions", np.concatenate([a.positions for a in frames])),
        ("numbers", np.concatenate([a.numbers for a in frames])),
        ("cell", [a.cell.array for a in frames]),
        ("pbc", [a.pbc for a in frames]),
    ):
        got = np.concatenate([getattr(f, name) for f in found])
        np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance, err_msg=name)
    if stress:
        (stored,) = opened.stored
        np.testing.assert_allclose(stored.entries["stress"], [a.get_stress() for a in frames], rtol=0, atol=tolerance)


def refused(path: Path, *, name: str | None = None, **named: Any) -> str:
    """The one sentence that a file is refused by, within a few seconds and without a traceback of a library's own."""
    with pytest.raises(ValueError, match=re.escape(name or path.name)) as caught:
        fl.io.open(path, **named).frames()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def damaged(path: Path, **named: Any) -> None:
    """A file cut in its middle and one with letters for a number are refused, or read without a false number."""
    whole = path.read_bytes()
    for share in (0.3, 0.62, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        _read_or_refused(path, named)
    numbers = list(re.finditer(rb"-?\d+\.\d{3,}", whole))
    assert numbers
    middle = numbers[len(numbers) // 2]
    path.write_bytes(whole[: middle.start()] + b"x" * len(middle[0]) + whole[middle.end() :])
    refused(path, **named)
    path.write_bytes(b"")
    _read_or_refused(path, named)
    path.write_bytes(whole)


def _read_or_refused(path: Path, named: dict[str, Any]) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for f in fl.io.open(path, **named).frames():
                assert np.isfinite(f.forces).all()
    except ValueError as error:
        assert path.name in str(error)
        assert "\n" not in str(error)


# --- what ASE writes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.traj", "a.db", "a.json"])
def test_ase_reads_back_what_it_wrote(tmp_path: Path, frames: list[ase.Atoms], name: str) -> None:
    ase.io.write(tmp_path / name, frames)
    same(tmp_path / name, frames, tolerance=1e-12)
    fixed = [frame.copy() for frame in frames]
    for a, frame in zip(fixed, frames, strict=True):
        a.calc = SinglePointCalculator(a, **frame.calc.results)
        a.set_constraint(FixAtoms([0, 1]))
    ase.io.write(tmp_path / f"fixed{name}", fixed)
    same(tmp_path / f"fixed{name}", frames, tolerance=1e-12)  # forces on fixed atoms are what was calculated


@pytest.mark.parametrize("name", ["a.traj", "a.db", "a.json"])
def test_a_damaged_file_of_ase_ends_in_a_sentence(tmp_path: Path, frames: list[ase.Atoms], name: str) -> None:
    path = tmp_path / name
    ase.io.write(path, frames)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for cut in (20, 60, len(whole) // 3, len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:cut])
        _read_or_refused(path, {})
    for _ in range(40):
        at, what = rng.integers(len(whole)), rng.integers(256, size=8, dtype=np.uint8)
        path.write_bytes(whole[:at] + what.tobytes() + whole[at + 8 :])
        try:
            fl.io.open(path)
        except ValueError as error:
            assert "\n" not in str(error)


def test_a_trajectory_names_no_object_and_claims_no_array(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "a.traj"
    ase.io.write(path, frames)
    whole = path.read_bytes()
    start = time.monotonic()
    path.write_bytes(whole.replace(b'"ndarray": [[8, 3], "float64"', b'"ndarray": [[8, 3], "object0"'))
    assert "object0" in refused(path)
    path.write_bytes(whole.replace(b'"ndarray": [[8, 3]', b'"ndarray": [[9**9'))
    refused(path)
    path.write_bytes(whole[:32] + (10**15).to_bytes(8, "little") + whole[40:])
    assert "claims 1000000000000000 configurations" in refused(path)
    assert time.monotonic() - start < 30


def test_a_database_is_not_written_to_and_its_views_are_not_run(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    import sqlite3

    path = tmp_path / "a.db"
    ase.io.write(path, frames)
    before = path.read_bytes()
    fl.io.open(path)
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.db"]
    endless = tmp_path / "b.db"
    with sqlite3.connect(endless) as connection:
        connection.execute(
            "CREATE VIEW systems AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id+1 FROM r) SELECT id FROM r"
        )
    connection.close()
    assert "it has no table 'systems'" in refused(endless)


def test_rows_keep_their_key_value_pairs_as_keys(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    import ase.db

    with ase.db.connect(tmp_path / "a.db") as db:
        for k, frame in enumerate([*frames, *frames]):
            db.write(frame, walker=f"w{k % 2}")
    opened = fl.io.open(tmp_path / "a.db")
    assert opened.choices("key") == ("walker",)
    assert [f.key for f in opened.frames(key="walker")] == ["w0", "w1"]


@pytest.mark.parametrize("name", ["md.md", "relax.geom"])
def test_castep(tmp_path: Path, frames: list[ase.Atoms], name: str) -> None:
    path = tmp_path / name
    ase.io.write(path, frames, format=f"castep-{path.suffix[1:]}")
    same(path, frames, tolerance=1e-6)
    damaged(path)


def test_n2p2(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "input.data"
    text = []
    for a in frames:
        text += ["begin", "comment made by a test", *(f"lattice {_row(v / BOHR)}" for v in a.cell.array)]
        rows = zip(a.positions / BOHR, a.symbols, a.get_forces() * BOHR / HARTREE, strict=True)
        text += [f"atom {_row(x)} {symbol} 0.0 0.0 {_row(F)}" for x, symbol, F in rows]
        text += [f"energy {a.get_potential_energy() / HARTREE:.12f}", "charge 0.0", "end"]
    path.write_text("\n".join(text) + "\n")
    same(path, frames, stress=False)
    with pytest.warns(
        UserWarning, match="input.data: energies in Ha, lengths in Bohr, as n2p2 has them, are converted"
    ):
        fl.io.read_frames(path)
    damaged(path)


# --- layouts that ASE reads and does not write ------------------------------------------------------------------------


def _row(values: Sequence[float], digits: int = 12) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)


def vasprun(frames: Sequence[ase.Atoms]) -> str:
    """The parts of a vasprun.xml that say what was calculated, in VASP's layout."""
    first = frames[0]

    def structure(a: ase.Atoms, name: str = "") -> str:
        basis, scaled = (
            "".join(f"<v> {_row(v)} </v>" for v in rows) for rows in (a.cell.array, a.get_scaled_positions(wrap=False))
        )
        named = f' name="{name}"' if name else ""
        return f'<structure{named}><crystal><varray name="basis">{basis}</varray></crystal><varray name="positions">{scaled}</varray></structure>'

    atoms = "".join(f"<rc><c>{symbol} </c><c> 1</c></rc>" for symbol in first.symbols)
    text = [
        '<?xml version="1.0" encoding="ISO-8859-1"?>',
        "<modeling>",
        '<kpoints><varray name="kpointlist" ><v> 0.0 0.0 0.0 </v></varray><varray name="weights" ><v> 1.0 </v></varray></kpoints>',
        f'<atominfo><atoms> {len(first)} </atoms><array name="atoms" ><set>{atoms}</set></array></atominfo>',
        structure(first, "initialpos"),
    ]
    for a in frames:
        E = f"{a.get_potential_energy():.12f}"
        energy = f'<energy><i name="e_fr_energy"> {E} </i><i name="e_wo_entrp"> {E} </i><i name="e_0_energy"> {E} </i></energy>'
        forces = "".join(f"<v> {_row(F)} </v>" for F in a.get_forces())
        kbar = -a.get_stress(voigt=False) / ase.units.GPa * 10
        text += [
            f"<calculation>\n<scstep>{energy}</scstep>",
            structure(a),
            f'<varray name="forces" >{forces}</varray>',
            f'<varray name="stress" >{"".join(f"<v> {_row(s)} </v>" for s in kbar)}</varray>',
            f"{energy}</calculation>",
        ]
    return "\n".join([*text, "</modeling>", ""])


def outcar(frames: Sequence[ase.Atoms]) -> str:
    """The parts of an OUTCAR that say what was calculated, in VASP's layout."""
    first = frames[0]
    kinds = list(dict.fromkeys(first.symbols))
    counts = [list(first.symbols).count(kind) for kind in kinds]
    text = [" vasp.6.3.0 18Jan22 (build) complex", ""]
    text += [f" POTCAR:    PAW_PBE {kind} 01Jan2000" for kind in (*kinds, *kinds)]
    text += [f"   VRHFIN ={kind}: x" for kind in kinds]
    text += [
        f"   ions per type =             {' '.join(f'{n:4d}' for n in counts)}",
        f"   number of dos      NEDOS =    301   number of ions     NIONS = {len(first):6d}",
    ]
    text += [
        "   ISPIN  =      1    spin polarized calculation?",
        "   LNONCOLLINEAR =      F non collinear calculations",
        "",
    ]
    for step, a in enumerate(frames, 1):
        E = a.get_potential_energy()
        xx, yy, zz, yz, xz, xy = -a.get_stress() / ase.units.GPa * 10
        cell = [f"  {_row(v, 9)}    0.0 0.0 0.0" for v in a.cell.array]
        rows = [f" {_row(x, 9)}   {_row(F, 9)}" for x, F in zip(a.positions, a.get_forces(), strict=True)]
        text += [
            f"--------------------------------------- Iteration      {step}(   1)  ---------------------------------------",
            "",
            f"  in kB  {_row((xx, yy, zz, xy, yz, xz), 9)}",
            "",
            " VOLUME and BASIS-vectors are now :",
            " -----------------------------------------------------------------------------",
            "  energy-cutoff  :      300.00",
            f"  volume of cell :      {a.get_volume():.2f}",
            "      direct lattice vectors                 reciprocal lattice vectors",
            *cell,
            "",
            " POSITION                                       TOTAL-FORCE (eV/Angst)",
            " -----------------------------------------------------------------------------------",
            *rows,
            " -----------------------------------------------------------------------------------",
            "",
            "  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)",
            "  ---------------------------------------------------",
            f"  free  energy   TOTEN  =       {E:.9f} eV",
            "",
            f"  energy  without entropy=      {E:.9f}  energy(sigma->0) =      {E:.9f}",
            "",
        ]
    return "\n".join(text) + "\n"


def espresso(frames: Sequence[ase.Atoms]) -> str:
    """The parts of pw.x's output that say what was calculated, in Rydberg and Bohr."""
    first, alat = frames[0], 10.0  # Bohr
    Ry = HARTREE / 2
    text = ["     Program PWSCF v.7.2 starts on  1Jan2024 at  0: 0: 0", ""]
    text += [
        f"     lattice parameter (alat)  = {alat:11.4f}  a.u.",
        f"     number of atoms/cell      = {len(first):12d}",
        "     number of atomic types    =            2",
        "",
        f"     celldm(1)= {alat:11.6f}  celldm(2)=   0.000000  celldm(3)=   0.000000",
        "",
    ]
    for step, a in enumerate(frames):
        cell, x = a.cell.array / BOHR / alat, a.positions / BOHR / alat
        if not step:
            text += [
                "     crystal axes: (cart. coord. in units of alat)",
                *(f"               a({i + 1}) = ( {_row(v)} )" for i, v in enumerate(cell)),
                "",
            ]
            text += ["   Cartesian axes", "", "     site n.     atom                  positions (alat units)"]
            text += [
                f"         {i + 1}           {s}  tau({i + 1:4d}) = ( {_row(r)}  )"
                for i, (s, r) in enumerate(zip(a.symbols, x, strict=True))
            ]
        text += ["", f"!    total energy              = {a.get_potential_energy() / Ry:.12f} Ry", ""]
        text += ["     Forces acting on atoms (cartesian axes, Ry/au):", ""]
        text += [f"     atom {i + 1:4d} type  1   force = {_row(F)}" for i, F in enumerate(a.get_forces() * BOHR / Ry)]
        bar = -a.get_stress(voigt=False) / (Ry / BOHR**3)
        text += [
            "",
            "          total   stress  (Ry/bohr**3)                   (kbar)     P=        0.00",
            *(f"{_row(s)}   {_row(s * 147105.0, 2)}" for s in bar),
            "",
        ]
        if step + 1 < len(frames):
            after = frames[step + 1]
            text += [
                f"CELL_PARAMETERS (alat= {alat:.8f})",
                *(_row(v) for v in after.cell.array / BOHR / alat),
                "",
                "ATOMIC_POSITIONS (angstrom)",
            ]
            text += [f"{s}  {_row(r)}" for s, r in zip(after.symbols, after.positions, strict=True)]
    return "\n".join([*text, "", "     JOB DONE.", ""])


@pytest.mark.parametrize(
    ("name", "layout", "tolerance"),
    [("vasprun.xml", vasprun, 1e-6), ("OUTCAR", outcar, 1e-6), ("pw.out", espresso, 2e-6)],
)
def test_output_of_ab_initio_programs(
    tmp_path: Path, frames: list[ase.Atoms], name: str, layout: Callable[[Sequence[ase.Atoms]], str], tolerance: float
) -> None:
    path = tmp_path / name
    path.write_text(layout(frames))
    same(path, frames, tolerance=tolerance)
    damaged(path)


def test_of_a_run_that_was_stopped_the_complete_configurations_are_read(
    tmp_path: Path, frames: list[ase.Atoms]
) -> None:
    path = tmp_path / "vasprun.xml"
    text = vasprun(frames)
    path.write_text(text[: text.rindex("</scstep>")])
    with pytest.warns(UserWarning, match="vasprun.xml: .* it is truncated, and 2 configurations are read"):
        (stored,) = fl.io.open(path).stored
    assert len(stored.n_atoms) == 2


def test_a_vasprun_unpacks_nothing(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "vasprun.xml"
    laugh = (
        '<!DOCTYPE x [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {b} "{10 * f"&{a};"}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
        + "]>"
    )
    path.write_text(vasprun(frames).replace("<modeling>", f"{laugh}<modeling>&i;"))
    assert "entities" in refused(path)


def test_rows_that_a_vasprun_lacks_are_no_zeros(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "vasprun.xml"
    for F in (frames[1].get_forces()[3], frames[2].get_scaled_positions(wrap=False)[-1]):
        path.write_text(vasprun(frames).replace(f"<v> {_row(F)} </v>", ""))
        assert "arrays of different numbers of rows" in refused(path)


def test_a_shortened_vasprun_without_its_list_of_k_points_is_read(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    text = vasprun(frames)
    assert "<kpoints>" in text
    path = tmp_path / "vasprun.xml"
    path.write_text(re.sub(r"(?s) *<kpoints>.*</kpoints>\n?", "", text))
    assert "kpoints" not in path.read_text()
    same(path, frames)


@pytest.mark.parametrize("write", [vasprun, outcar, espresso])
def test_a_damaged_output_is_described_in_words(
    tmp_path: Path, frames: list[ase.Atoms], write: Callable[..., str]
) -> None:
    path = tmp_path / {"vasprun": "vasprun.xml", "outcar": "OUTCAR", "espresso": "pw.out"}[write.__name__]
    lines = write(frames).splitlines(keepends=True)
    seen = set()
    for row in range(1, len(lines) - 1, 3):
        path.write_text("".join([*lines[:row], *lines[row + 1 :]]))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fl.io.open(path)
        except ValueError as error:
            seen.add(str(error))
    assert seen
    for told in seen:
        assert not re.search(r"Error|out of range|NoneType|object|attribute|subscript|unpack", told), told


def test_what_lies_beside_an_outcar_is_not_opened(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    (tmp_path / "OUTCAR").write_text(outcar(frames))
    os.mkfifo(tmp_path / "POSCAR")
    (tmp_path / "CONTCAR").write_text("no structure")
    same(tmp_path / "OUTCAR", frames)


def test_dl_poly_forces_are_in_its_own_unit(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    """Da Å/ps² in the documented layout, which ASE gives in Ha/Bohr."""
    a = frames[0]
    unit = 1.66053906892e-27 * 1e-10 / 1e-24 / (1.602176634e-19 / 1e-10)  # eV/Å in 1 Da Å/ps²
    rows = [
        line
        for i, (symbol, x, F) in enumerate(zip(a.symbols, a.positions, a.get_forces() / unit, strict=True))
        for line in (f"{symbol:8s}{i + 1:10d}", _row(x), _row(np.zeros(3)), _row(F, 6))
    ]
    path = tmp_path / "REVCON"
    path.write_text(
        "\n".join(["copper with gold", f"{2:10d}{3:10d}{len(a):10d}", *(_row(v) for v in a.cell.array), *rows, ""])
    )
    (stored,) = fl.io.open(path).stored
    np.testing.assert_allclose(stored.columns["forces"], a.get_forces(), atol=1e-6)
    with pytest.warns(UserWarning, match="REVCON: it holds no energies: fits run on forces alone"):
        (found,) = fl.io.read_frames(path)
    assert found.energies is None


# --- programs for potentials -------------------------------------------------------------------------------------------


def mtp(frames: Sequence[ase.Atoms]) -> str:
    """MLIP's layout; PlusStress is −∂U/∂ε."""
    kinds, text = list(dict.fromkeys(frames[0].symbols)), []
    for a in frames:
        rows = zip(a.symbols, a.positions, a.get_forces(), strict=True)
        atoms = [f"  {i} {kinds.index(s)} {_row(x)} {_row(F)}" for i, (s, x, F) in enumerate(rows, 1)]
        virial = -a.get_volume() * a.get_stress()
        text += ["BEGIN_CFG", " Size", f"    {len(a)}", " Supercell", *(f"   {_row(v)}" for v in a.cell.array)]
        text += [
            " AtomData:  id type       cartes_x      cartes_y      cartes_z           fx          fy          fz",
            *atoms,
        ]
        text += [
            " Energy",
            f"   {a.get_potential_energy():.12f}",
            " PlusStress:  xx          yy          zz          yz          xz          xy",
        ]
        text += [f"   {_row(virial)}", " Feature   EFS_by       EMT", "END_CFG", ""]
    return "\n".join(text)


def test_clusters_and_crystals_in_one_file_of_mtp(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "train.cfg"
    whole = mtp(frames)
    start, end = whole.index(" Supercell"), whole.index(" AtomData")
    path.write_text(whole[:start] + whole[end:])
    (found,) = fl.io.open(path, elements=["Cu", "Au"]).stored
    np.testing.assert_array_equal(found.pbc, [[m > 0] * 3 for m in range(len(frames))])
    np.testing.assert_allclose(found.cell[1:], [a.cell.array for a in frames[1:]], atol=1e-6)


def test_mtp(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    path = tmp_path / "train.cfg"
    path.write_text(mtp(frames))
    same(path, frames, stress=False, elements=["Cu", "Au"])
    (stored,) = fl.io.open(path, elements=["Cu", "Au"]).stored
    np.testing.assert_allclose(stored.entries["virial"], [-a.get_volume() * a.get_stress() for a in frames], atol=1e-9)
    damaged(path, elements=["Cu", "Au"])
    assert "give elements=('Ta', …), one for each type from 0 on" in refused(path)
    assert "got 1 and a type 1" in refused(path, elements=["Cu"])
    for old, new, sentence in (
        ("END_CFG", "", "expected a part of a configuration"),
        (" Size\n    8", " Size\n    80", "expected 9 columns|truncated|columns in line"),
        (" Size\n    8\n", "", "expected the number of atoms"),
        ("cartes_x", "direct_x", "expected columns type cartes_x"),
    ):
        path.write_text(mtp(frames).replace(old, new, 1))
        assert re.search(sentence, refused(path, elements=["Cu", "Au"]))


def deepmd(folder: Path, frames: Sequence[ase.Atoms]) -> Path:
    """DeePMD-kit's layout: two sets."""
    folder.mkdir()
    kinds = list(dict.fromkeys(frames[0].symbols))
    (folder / "type.raw").write_text("\n".join(str(kinds.index(s)) for s in frames[0].symbols))
    (folder / "type_map.raw").write_text("\n".join(kinds))
    for k, part in enumerate((frames[:2], frames[2:])):
        (folder / f"set.00{k}").mkdir()
        for name, rows in (
            ("coord", [a.positions.ravel() for a in part]),
            ("box", [a.cell.array.ravel() for a in part]),
            ("energy", [a.get_potential_energy() for a in part]),
            ("force", [a.get_forces().ravel() for a in part]),
            ("virial", [-a.get_volume() * a.get_stress(voigt=False).ravel() for a in part]),
        ):
            np.save(folder / f"set.00{k}" / f"{name}.npy", np.array(rows))
    return folder


def test_deepmd(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    folder = deepmd(tmp_path / "one", frames)
    same(folder, frames, tolerance=1e-12, stress=False)
    (stored,) = fl.io.open(folder).stored
    assert stored.key == "one"
    np.testing.assert_allclose(stored.entries["virial"], [-a.get_volume() * a.get_stress(voigt=False) for a in frames])
    deepmd(tmp_path / "two", frames)
    assert [f.key for f in fl.io.open(tmp_path).stored] == ["one", "two"]
    (folder / "nopbc").touch()
    assert fl.io.open(folder).stored[0].cell is None
    (folder / "type_map.raw").unlink()
    assert "has no type_map.raw" in refused(folder)
    np.testing.assert_array_equal(fl.io.open(folder, elements=["Cu", "Au"]).stored[0].numbers, stored.numbers)


def _instead(file: Path, target: str) -> None:
    """A link in place of a file."""
    file.unlink()
    file.symlink_to(target)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "set.001" / "force.npy").unlink(), "expected force.npy in set.001 as in the other sets"),
        (lambda f: np.save(f / "set.001" / "force.npy", np.zeros((1, 23))), r"force.npy: expected numbers \(m, 24\)"),
        (
            lambda f: np.save(f / "set.001" / "force.npy", np.zeros((2, 24))),
            "expected arrays of the same configurations",
        ),
        (
            lambda f: np.save(f / "set.000" / "energy.npy", np.array([{}, 1], dtype=object), allow_pickle=True),
            "energy.npy",
        ),
        (lambda f: (f / "set.000" / "coord.npy").write_bytes(b"\x93NUMPY"), "coord.npy"),
        (lambda f: (f / "type.raw").write_text("0 1 0 1 0 1 0 2"), "expected one for each type in type.raw"),
        (lambda f: [(f / f"set.00{k}" / "coord.npy").unlink() for k in (0, 1)], "expected coord.npy"),
        (lambda f: _instead(f / "set.000" / "energy.npy", "energy.npy"), "energy.npy: .* got a link to nothing; move"),
        (
            lambda f: [(f / f"set.00{k}" / "box.npy").unlink() for k in (0, 1)],
            "expected box.npy .* an empty file nopbc",
        ),
        (lambda f: os.mkfifo(f / "nopbc"), "nopbc: expected a file, got a pipe or a device; move"),
        (lambda f: _instead(f / "type_map.raw", "type_map.raw"), "type_map.raw: .* got a link to nothing; move"),
    ],
)
def test_a_damaged_folder_of_deepmd(
    tmp_path: Path, frames: list[ase.Atoms], spoil: Callable[[Path], object], sentence: str
) -> None:
    folder = deepmd(tmp_path / "one", frames)
    spoil(folder)
    with pytest.raises(ValueError, match=sentence):
        fl.io.open(folder)


KCAL = 4184 / (6.02214076e23 * 1.602176634e-19)


@pytest.mark.parametrize("names", [("z", "R", "E", "F"), ("nuclear_charges", "coords", "energies", "forces")])
def test_md17(tmp_path: Path, frames: list[ase.Atoms], names: tuple[str, ...]) -> None:
    a, path = frames[0], tmp_path / "molecule.npz"
    E = np.array([f.get_potential_energy() for f in frames])
    arrays = (
        a.numbers,
        np.array([f.positions for f in frames]),
        E[:, None] / KCAL,
        np.array([f.get_forces() for f in frames]) / KCAL,
    )
    given = dict(zip(names, arrays, strict=True))
    np.savez(path, **given)
    with pytest.warns(UserWarning, match="kcal/mol, .* are converted to eV"):
        (found,) = fl.io.read_frames(path)
    np.testing.assert_allclose(found.energies, E, atol=1e-9)
    np.testing.assert_allclose(found.forces, np.concatenate([f.get_forces() for f in frames]), atol=1e-9)
    assert found.cell is None
    np.savez(path, **given, e_unit=np.array(b"Hartree"), r_unit=np.array("Ang"))
    with pytest.warns(UserWarning, match="converted"):
        np.testing.assert_allclose(fl.io.read_frames(path)[0].energies, E / KCAL * HARTREE, rtol=1e-12)
    np.savez(path, **given, r_unit=np.array("Bohr"))
    with pytest.warns(UserWarning, match="lengths in Bohr, .* converted"):
        (found,) = fl.io.read_frames(path)
    np.testing.assert_allclose(found.positions, np.concatenate(arrays[1]) * BOHR, rtol=1e-12)
    np.testing.assert_allclose(found.forces, np.concatenate(arrays[3]) * KCAL / BOHR, rtol=1e-12)
    for change in (
        {names[3]: arrays[3][:2]},
        {names[0]: np.array([200])},
        {names[1]: arrays[1][:, :, :2]},
        {"e_unit": np.array("fox")},
    ):
        np.savez(path, **(given | change))
        refused(path)
    path.write_bytes(path.read_bytes()[:200])
    refused(path)


# --- how files come ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
@pytest.mark.parametrize("name", ["a.xyz", "a.traj", "a.json", "OUTCAR"])
def test_any_file_may_be_compressed(tmp_path: Path, frames: list[ase.Atoms], name: str, suffix: str) -> None:
    plain, path = tmp_path / name, tmp_path / f"{name}{suffix}"
    if name == "OUTCAR":
        plain.write_text(outcar(frames))
    else:
        ase.io.write(plain, frames)
    content = plain.read_bytes()
    plain.unlink()
    path.write_bytes({".gz": gzip, ".xz": lzma, ".bz2": bz2}[suffix].compress(content))
    same(path, frames, tolerance=1e-5)
    assert path.name in fl.io.data_files(tmp_path)[0]
    path.write_bytes(path.read_bytes()[:-20])
    assert "damaged or truncated" in refused(path, name=path.name)


def test_a_small_file_does_not_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "a.xyz.xz").write_bytes(lzma.compress(bytes(2**26), preset=0))
    assert "expected at most" in refused(tmp_path / "a.xyz.xz", name="a.xyz.xz")


def test_several_files_are_a_trajectory_each(
    tmp_path: Path, frames: list[ase.Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        ase.io.write(tmp_path / f"{name}.xyz", frames)
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "OUTCAR").write_text(outcar(frames))
    os.mkfifo(tmp_path / "runs" / "OUTCAR")
    monkeypatch.chdir(tmp_path)
    for several in (
        ["a.xyz", Path("b.xyz")],
        ["a.xyz", tmp_path / "a.xyz", "./b.xyz", "runs/../b.xyz"],  # each once
        "*.xyz",
        "[ab].xyz",
        "runs/*/OUTCAR",
        str(tmp_path / "runs" / "**" / "OUTCAR"),
    ):
        same(several, [*frames, *frames], stress=False)
        opened = fl.io.open(several)
        assert [f.key for f in opened.frames()] == ["a", "b"]
        assert opened.sha256 == fl.io.open(several).sha256 != fl.io.open("a.xyz").sha256
    assert fl.io.open("a.*").path.name == "a.xyz"
    with pytest.raises(FileNotFoundError, match=re.escape("none/*.xyz: no file fits this pattern")):
        fl.io.open("none/*.xyz")
    with pytest.raises(FileNotFoundError, match=re.escape("c.xyz: no such file")):
        fl.io.open(["a.xyz", "c.xyz"])
    with pytest.raises(ValueError, match="an empty list"):
        fl.io.open([])
    (tmp_path / "runs" / "b" / "OUTCAR").write_text(outcar(frames).replace("TOTEN  =       ", "TOTEN  =       x"))
    with pytest.raises(ValueError, match="b/OUTCAR"):
        fl.io.open("runs/*/OUTCAR")
    ase.io.write(tmp_path / "c.traj", frames)
    with pytest.raises(ValueError, match="c.traj: expected a file of the kind extxyz as the first one, got ASE"):
        fl.io.open(["a.xyz", "c.traj"])


def test_isolated_atoms_may_have_a_file_of_their_own_without_forces(
    tmp_path: Path, frames: list[ase.Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ase.io.write("train.xyz", frames)
    (tmp_path / "atoms.xyz").write_text(
        "".join(
            f'1\nProperties=species:S:1:pos:R:3 energy={E} pbc="F F F"\n{s} 0 0 0\n' for s, E in (("Cu", 1), ("Au", 2))
        )
    )
    atoms = np.array([sum({"Cu": 1, "Au": 2}[s] for s in a.symbols) for a in frames])
    for several in (["atoms.xyz", "train.xyz"], ["train.xyz", "atoms.xyz"], "*.xyz"):
        with pytest.warns(UserWarning, match="2 isolated atoms .* are subtracted"):
            (found,) = fl.io.read_frames(several, subtract_isolated=True)
        np.testing.assert_allclose(found.energies, [a.get_potential_energy() for a in frames] - atoms, atol=1e-9)
    with pytest.raises(ValueError, match="forces: no column"):
        fl.io.read_frames("atoms.xyz")


def test_a_file_without_the_free_energies_of_the_others_is_read_with_them(
    tmp_path: Path, frames: list[ase.Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = fl.descriptors.Soap(cutoff=3.0, n_max=1, l_max=1)
    ase.io.write("a.traj", frames)
    for name in ("a.traj", "b.traj"):
        made = []
        for atoms in frames:
            results = {n: v for n, v in atoms.calc.results.items() if n in ("energy", "forces")}
            results |= {"free_energy": results["energy"] - 0.3 * len(made)} if name == "a.traj" else {}
            made.append(atoms.copy())
            made[-1].calc = SinglePointCalculator(made[-1], **results)
        ase.io.write(name, made)
    for several in (["a.traj", "b.traj"], ["b.traj", "a.traj"]):
        data = fl.io.read(several, check=False, descriptor=small)
        for t in data.values():
            np.testing.assert_allclose(t.energies, [a.get_potential_energy() for a in frames], atol=1e-9)


def test_frames_take_elements_virials_and_forces_alone(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    (tmp_path / "t.cfg").write_text(mtp(frames))
    (found,) = fl.io.read_frames(tmp_path / "t.cfg", elements=["Cu", "Au"], stress=True)
    assert found.numbers[:8].tolist() == frames[0].numbers.tolist()
    fl.io.write_frames([found], tmp_path / "t.npz")
    (again,) = fl.io.read_frames(tmp_path / "t.npz", stress=True)
    np.testing.assert_array_equal(again.virials, found.virials)
    fl.io.write_frames([dataclasses.replace(found, energies=None)], tmp_path / "f.npz")
    (alone,) = fl.io.read_frames(tmp_path / "f.npz")
    assert np.isnan(alone.energies).all()
    np.testing.assert_array_equal(alone.forces, found.forces)


def test_files_of_different_columns_are_not_mixed(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    ase.io.write(tmp_path / "a.xyz", frames)
    text = (tmp_path / "a.xyz").read_text()
    (tmp_path / "b.xyz").write_text(text.replace(" energy=", " REF_energy=").replace("forces:R:3", "REF_forces:R:3"))
    opened = fl.io.open(tmp_path)
    with pytest.raises(
        ValueError, match="expected the same columns in all files, got 'energy' with 'forces' in a.xyz; 'REF_energy'"
    ):
        opened.frames()


def test_a_folder_of_structure_files(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    folder = tmp_path / "XYZ"
    folder.mkdir()
    for name in ("Surface", "Liquid"):
        ase.io.write(folder / f"{name}.xyz", frames)
    (folder / "notes.txt").write_text("of no interest")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.xyz")
    opened = fl.io.open(folder)
    assert (opened.kind, [f.key for f in opened.frames()]) == ("extxyz", ["Liquid", "Surface"])
    ase.io.write(folder / "c.traj", frames)
    with pytest.raises(
        ValueError,
        match="expected files of one layout in the folder 'XYZ', got 2 of extxyz, 1 of ulm|1 of ulm, 2 of extxyz",
    ):
        fl.io.open(folder)


def test_files_of_one_configuration_are_a_trajectory_together(tmp_path: Path, frames: list[ase.Atoms]) -> None:
    for number in (2, 10, 1):
        (tmp_path / f"vasprun-{number}.xml").write_text(vasprun([frames[number % 3]]))
    (found,) = fl.io.open(tmp_path).frames()
    assert found.key == "vasprun"
    wanted = [frames[number % 3].get_potential_energy() for number in (1, 2, 10)]
    np.testing.assert_allclose(found.energies, wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.py", "import os", "a Python script, which would have to be run"),
        ("XDATCAR", "Cu\n", "XDATCAR, which has no energies and forces; take vasprun.xml or OUTCAR"),
        ("POSCAR", "Cu\n", "structures without energies and forces"),
        ("a.cif", "data_", "structures without energies and forces"),
        ("a.nc", "CDF\x01", "NetCDF or HDF5"),
        ("cp2k.out", " CP2K| version string: CP2K 2023", "CP2K's log, which ASE does not read"),
        ("a.cfg", "Number of particles = 4", "expected a file ending in"),
        ("a.unknown", "x", "expected a file ending in"),
    ],
)
def test_what_is_not_read_says_why(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=re.escape(sentence)):
        fl.io.open(tmp_path / name)


@pytest.mark.parametrize("name", sorted(structures.FORMATS))
def test_a_parser_that_goes_on_after_the_end_is_stopped(tmp_path: Path, name: str) -> None:
    """Beginnings of all formats, with nothing behind them or the same line for ever."""
    begin = {
        "vasp-xml": "<modeling>", "vasp-out": " vasp.6.3.0", "espresso-out": "Program PWSCF v.7", "gpaw-out": "  ___ ___ ___ _ _ _  ",
        "castep-md": " BEGIN header\n\n END header\n 0.0\n 1.0 2.0 3.0 <-- E\n 1.0 <-- T\n", "orca-output": "* O   R   C   A *",
        "castep-geom": " BEGIN header\n\n END header\n 0.0\n 1.0 2.0 <-- c\n", "gaussian-out": " Entering Gaussian System",
        "nwchem-out": "Northwest Computational Chemistry Package", "onetep-out": "Linear-Scaling Ab Initio Total Energy Program",
        "abinit-out": ".Version 9 of ABINIT", "aims-output": "Invoking FHI-aims ...", "qbox": "<fpmd:simulation xmlns:fpmd>",
        "turbomole-gradient": "$grad", "runnerdata": "begin\n",
    }.get(name, "title\n 2 3 8\n")  # fmt: skip
    called = {"dlp4": "CONFIG", "dlp-history": "HISTORY", "castep-castep": "a.castep"}.get(name, "a.out")
    for rest in ("", "\n", "atom 1 2 3 x\n" * 50):
        (tmp_path / called).write_text(begin + rest)
        if rest:
            assert structures.format_of(tmp_path / called) == name
        start = time.monotonic()
        refused(tmp_path / called)
        assert time.monotonic() - start < 30


# --- inputs that once failed ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases() -> Path:
    """The folder of small inputs that once failed."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"no folder of cases: {folder}")
    return folder


@pytest.mark.parametrize(
    ("name", "named", "chosen"),
    [
        ("28_n2p2_input.data", {}, {}),
        ("29_mtp_train.cfg", {"elements": ["Cu"]}, {}),
        ("31_md17_keys.npz", {}, {}),
        ("32_pacemaker.pckl.gzip", {}, {"energies": "energy"}),
        ("32c_pacemaker_subclass.pkl", {}, {"energies": "energy"}),
    ],
)
def test_cases_of_other_programs_hold_what_the_control_holds(
    cases: Path, name: str, named: dict[str, Any], chosen: dict[str, str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (found,) = fl.io.open(cases / name, **named).frames(**chosen)
        (control,) = fl.io.open(cases / "20_control.xyz").frames()
    np.testing.assert_allclose(found.energies, control.energies, atol=1e-5)
    np.testing.assert_allclose(found.forces, control.forces, atol=1e-5)
    np.testing.assert_allclose(found.positions, control.positions, atol=1e-5)


def test_the_energies_of_pacemaker_are_asked_for(cases: Path) -> None:
    opened = fl.io.open(cases / "32_pacemaker.pckl.gzip")
    assert set(opened.choices("energies")) == {"energy", "energy_corrected"}
    with pytest.raises(ValueError, match="'energy' with 'forces'; 'energy_corrected'; name those that belong together"):
        opened.frames()


class ACEAtomicEnvironment:
    """Stands for a foreign object: running it would be noticed."""

    def __setstate__(self, state: object) -> None:
        raise AssertionError("an object of the file was made")


ACEAtomicEnvironment.__module__ = "pyace.catomicenvironment"


def test_neighbour_lists_of_pacemaker_are_left_out_unread(
    tmp_path: Path, frames: list[ase.Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subclass of pandas' data frame, with a column of objects of pacemaker's own and one of dictionaries."""
    import pandas

    names = ("pyace", "pyace.catomicenvironment", "pyace.preparedata")
    for name in names:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    frame = type("DataFrameWithMetadata", (pandas.DataFrame,), {"__module__": "pyace.preparedata"})
    sys.modules["pyace.preparedata"].DataFrameWithMetadata = frame
    sys.modules["pyace.catomicenvironment"].ACEAtomicEnvironment = ACEAtomicEnvironment
    ACEAtomicEnvironment.__getstate__ = lambda self: ((1, 2), [3.0])
    columns = {
        "ase_atoms": [ase.Atoms(a.symbols, a.positions, cell=a.cell, pbc=True) for a in frames],
        "energy_corrected": [a.get_potential_energy() for a in frames],
        "forces": [a.get_forces() for a in frames],
        "atomic_env": [ACEAtomicEnvironment() for _ in frames],
        "tp_atoms": [{"ind": np.arange(3)} for _ in frames],
    }
    frame(columns).to_pickle(tmp_path / "df.pckl.gzip", compression="gzip", protocol=4)
    for name in names:
        monkeypatch.delitem(sys.modules, name)
    opened = fl.io.open(tmp_path / "df.pckl.gzip")
    (found,), (stored,) = opened.frames(energies="energy_corrected", forces="forces"), opened.stored
    np.testing.assert_allclose(found.energies, [a.get_potential_energy() for a in frames], rtol=1e-12)
    np.testing.assert_allclose(found.forces, np.concatenate([a.get_forces() for a in frames]), rtol=1e-12)
    assert {"atomic_env", "tp_atoms"}.isdisjoint({*stored.entries, *stored.columns})


@pytest.mark.parametrize("name", ["a.xyz", "a.traj"])
def test_elements_are_refused_where_a_file_names_its_own(tmp_path: Path, name: str) -> None:
    atoms = ase.build.bulk("Cu", cubic=True)
    atoms.calc = SinglePointCalculator(atoms, energy=1.0, forces=np.ones((4, 3)))
    ase.io.write(tmp_path / name, atoms)
    assert fl.io.open(tmp_path / name).atoms == 4
    with pytest.raises(
        ValueError, match=rf"elements: expected none for {name}, which names its own, got Cu; leave it out"
    ):
        fl.io.open(tmp_path / name, elements="Cu")
