"""Structure files of other programs: what they hold comes back, and a damaged one ends in one sentence."""

import bz2
import gzip
import lzma
import os
import re
import time
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
    with pytest.raises(ValueError, match=re.escape(name or path.name.removesuffix(".gz"))) as caught:
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
        connection.execute("CREATE VIEW systems AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT id+1 FROM r) SELECT id FROM r")
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
    with pytest.warns(UserWarning, match="input.data: energies in Ha, lengths in Bohr, as n2p2 has them, are converted"):
        fl.io.read_frames(path)
    damaged(path)


# --- layouts that ASE reads and does not write ------------------------------------------------------------------------

def _row(values: Sequence[float], digits: int = 12) -> str:
    return " ".join(f"{value:.{digits}f}" for value in values)


def vasprun(frames: Sequence[ase.Atoms]) -> str:
    """The parts of a vasprun.xml that say what was calculated, in VASP's layout."""
    first = frames[0]

    def structure(a: ase.Atoms, name: str = "") -> str:
        basis, scaled = ("".join(f"<v> {_row(v)} </v>" for v in rows) for rows in (a.cell.array, a.get_scaled_positions(wrap=False)))
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
    text += [f"   ions per type =             {' '.join(f'{n:4d}' for n in counts)}", f"   number of dos      NEDOS =    301   number of ions     NIONS = {len(first):6d}"]
    text += ["   ISPIN  =      1    spin polarized calculation?", "   LNONCOLLINEAR =      F non collinear calculations", ""]
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
    text += [f"     lattice parameter (alat)  = {alat:11.4f}  a.u.", f"     number of atoms/cell      = {len(first):12d}", "     number of atomic types    =            2", "", f"     celldm(1)= {alat:11.6f}  celldm(2)=   0.000000  celldm(3)=   0.000000", ""]
    for step, a in enumerate(frames):
        cell, x = a.cell.array / BOHR / alat, a.positions / BOHR / alat
        if not step:
            text += ["     crystal axes: (cart. coord. in units of alat)", *(f"               a({i + 1}) = ( {_row(v)} )" for i, v in enumerate(cell)), ""]
            text += ["   Cartesian axes", "", "     site n.     atom                  positions (alat units)"]
            text += [f"         {i + 1}           {s}  tau({i + 1:4d}) = ( {_row(r)}  )" for i, (s, r) in enumerate(zip(a.symbols, x, strict=True))]
        text += ["", f"!    total energy              = {a.get_potential_energy() / Ry:.12f} Ry", ""]
        text += ["     Forces acting on atoms (cartesian axes, Ry/au):", ""]
        text += [f"     atom {i + 1:4d} type  1   force = {_row(F)}" for i, F in enumerate(a.get_forces() * BOHR / Ry)]
        bar = -a.get_stress(voigt=False) / (Ry / BOHR**3)
        text += ["", "          total   stress  (Ry/bohr**3)                   (kbar)     P=        0.00", *(f"{_row(s)}   {_row(s * 147105.0, 2)}" for s in bar), ""]
        if step + 1 < len(frames):
            after = frames[step + 1]
            text += [f"CELL_PARAMETERS (alat= {alat:.8f})", *(_row(v) for v in after.cell.array / BOHR / alat), "", "ATOMIC_POSITIONS (angstrom)"]
            text += [f"{s}  {_row(r)}" for s, r in zip(after.symbols, after.positions, strict=True)]
    return "\n".join([*text, "", "     JOB DONE.", ""])


@pytest.mark.parametrize(("name", "layout", "tolerance"), [("vasprun.xml", vasprun, 1e-6), ("OUTCAR", outcar, 1e-6), ("pw.out", espresso, 2e-6)])
def test_output_of_ab_initio_programs(
    tmp_path: Path, frames: list[ase.Atoms], name: str, layout: Callable[[Sequence[ase.Atoms]], str], tolerance: float
) -> None:
    path = tmp_path / name
    path.write_text(layout(frames))
    same(path, frames, tolerance=tolerance)
    damaged(path)
