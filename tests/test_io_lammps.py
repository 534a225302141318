"""Files of LAMMPS: a real run of two types in a tilted box, dumps made up against ASE's reader, and damaged files."""

import re
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fisherlib as fl
from fisherlib.io.columns.choice import GUESSED
from fisherlib.io.columns.roles import labelled, trajectory
from fisherlib.io.formats.lammps import read_dump, read_snap
from fisherlib.io.formats.lammps.frames import frames

# Written by LAMMPS of 22 July 2025: W and Be by pair_style zbl, with compute sna/atom, snad/atom and snap (twojmax 1, K = 2).
DUMP = """\
ITEM: UNITS
metal
ITEM: TIME
0
ITEM: TIMESTEP
0
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS xy xz yz pp pp ff
-2.9999999999999999e-01 3.5000000000000000e+00 4.0000000000000002e-01
0.0000000000000000e+00 3.5000000000000000e+00 -2.9999999999999999e-01
-1.0000000000000000e+00 4.0000000000000000e+00 5.9999999999999998e-01
ITEM: ATOMS id type element xs ys zs fx fy fz c_peatom c_b[1] c_b[2] c_db[1] c_db[2] c_db[3] c_db[4] c_db[5] c_db[6] c_db[7] c_db[8] c_db[9] c_db[10] c_db[11] c_db[12]
1 1 W 0.122447163515 0.0110344827586 0.28 -6.54820003399 -10.3854782344 -31.2021214487 9.9556071003 42.6417063343 4.91521475295 3.94741352033 -3.14162725657 4.54072553747 -2.47928596102 -54.9517028613 -9.51778144493 0.19306019418 -2.02101731442 1.28754484605 -2.08532873979 -11.2570743128 -2.26753280645
2 2 Be 0.597530589544 0.404137931034 0.38 5.22251891312 5.3792383515 -4.67362171259 5.74863561084 31.8478146926 1.83966241106 0.635908262923 3.38893191444 -2.10549953031 2.64378334176 -3.74051940062 -8.59221399007 0.855787098039 4.12085292898 -2.15165994778 3.09568449377 -8.61574948915 -0.414706297762
3 1 W 0.299510567297 0.173793103448 0.66 1.32568112087 5.00623988289 35.8757431613 8.94754372458 27.0682622288 6.01782358916 -4.58332178325 -0.247304657867 -2.43522600716 -0.164497380736 58.6922222619 18.109995435 -1.04884729222 -2.09983561456 0.864115101735 -1.01035575398 19.872823802 2.68223910421
ITEM: TIME
0.002
ITEM: TIMESTEP
2
ITEM: NUMBER OF ATOMS
3
ITEM: BOX BOUNDS xy xz yz pp pp ff
-2.9999999999999999e-01 3.5000000000000000e+00 4.0000000000000002e-01
0.0000000000000000e+00 3.5000000000000000e+00 -2.9999999999999999e-01
-1.0000000000000000e+00 4.0000000000000000e+00 5.9999999999999998e-01
ITEM: ATOMS id type element xs ys zs fx fy fz c_peatom c_b[1] c_b[2] c_db[1] c_db[2] c_db[3] c_db[4] c_db[5] c_db[6] c_db[7] c_db[8] c_db[9] c_db[10] c_db[11] c_db[12]
1 1 W 0.121775948781 0.0107666137996 0.280102552861 -5.87400771593 -10.711021078 -30.9507630985 9.99332231293 42.9655857337 4.77061943579 3.7965002806 -2.93337320788 4.60283590329 -2.50883503695 -54.3574520816 -9.10534128343 0.0910698280695 -1.65550748402 1.35718678373 -2.16375118452 -10.6492312592 -2.23997120069
2 2 Be 0.605816720968 0.403790720504 0.37477099581 3.95823259216 5.43176010462 -4.06142724273 5.64007447421 31.5724566902 1.73501225214 0.801934813017 3.04141669055 -2.10115261415 2.66689079198 -4.15996422661 -8.81317118135 1.0327882433 3.57543405434 -2.10571662779 3.11337332176 -9.18573466657 -0.301246956476
3 1 W 0.299775590278 0.174077992902 0.660153776452 1.91577512377 5.27926097335 35.0121903413 8.76347501548 26.6140741604 5.84132307919 -4.59843509362 -0.108043482673 -2.50168328913 -0.158055755031 58.5174163082 17.9185124648 -1.12385807137 -1.91992657031 0.748529844059 -0.949622137237 19.8349659258 2.54121815717
"""
SNAP = """\
# Time-averaged data for fix s
# TimeStep Number-of-rows
# Row c_snap[1] c_snap[2] c_snap[3] c_snap[4] c_snap[5]
0 16
1 69.7099685631 10.9330383421 31.8478146926 1.83966241106 24.6517864357
2 3.94741352033 -3.14162725657 0.19306019418 -2.02101731442 -6.54820003399
3 4.54072553747 -2.47928596102 1.28754484605 -2.08532873979 -10.3854782344
4 -54.9517028613 -9.51778144493 -11.2570743128 -2.26753280645 -31.2021214487
5 0.635908262923 3.38893191444 0.855787098039 4.12085292898 5.22251891312
6 -2.10549953031 2.64378334176 -2.15165994778 3.09568449377 5.3792383515
7 -3.74051940062 -8.59221399007 -8.61574948915 -0.414706297762 -4.67362171259
8 -4.58332178325 -0.247304657867 -1.04884729222 -2.09983561456 1.32568112087
9 -2.43522600716 -0.164497380736 0.864115101735 -1.01035575398 5.00623988289
10 58.6922222619 18.109995435 19.872823802 2.68223910421 35.8757431613
11 215.553304329 28.7401327046 88.9013937592 4.176500887 1569230.63368
12 215.591672787 28.3225366536 85.4768165509 -2.72190325869 1590907.40722
13 109.644962597 30.1128843315 33.4504904792 4.88890114912 2346310.00058
14 -5.67967917876 1.00934664748 0.565988719406 -0.37183368568 434903.591444
15 -8.39035725671 1.22458710727 -1.5649163062 -1.92926120318 182853.1991
16 4.06500124656 1.3313644871 -1.54446611917 0.642105522427 141814.150244
2 16
1 69.5796598942 10.611942515 31.5724566902 1.73501225214 24.3968718026
2 3.7965002806 -2.93337320788 0.0910698280695 -1.65550748402 -5.87400771593
3 4.60283590329 -2.50883503695 1.35718678373 -2.16375118452 -10.711021078
4 -54.3574520816 -9.10534128343 -10.6492312592 -2.23997120069 -30.9507630985
5 0.801934813017 3.04141669055 1.0327882433 3.57543405434 3.95823259216
6 -2.10115261415 2.66689079198 -2.10571662779 3.11337332176 5.43176010462
7 -4.15996422661 -8.81317118135 -9.18573466657 -0.301246956476 -4.06142724273
8 -4.59843509362 -0.108043482673 -1.12385807137 -1.91992657031 1.91577512377
9 -2.50168328913 -0.158055755031 0.748529844059 -0.949622137237 5.27926097335
10 58.5174163082 17.9185124648 19.8349659258 2.54121815717 35.0121903413
11 215.802245977 28.4304588782 88.7321684926 4.66005225486 1570150.7282
12 215.215591452 27.2528218143 84.633077727 -2.90449936039 1588811.1773
13 109.228991667 29.87811697 33.3435193588 4.68637244866 2302916.95817
14 -5.74840320727 0.962005578485 0.425673843425 -0.330834252583 449216.405041
15 -8.35861481921 1.23432062331 -1.64675590139 -1.95594833731 196540.612366
16 4.1567650426 1.1640842703 -1.43650151864 0.374237856677 112244.805418
"""
ENERGIES = """\
# Time-averaged data for fix e
# TimeStep c_pe
0 24.6517864357
2 24.3968718026
"""
virial = pytest.mark.filterwarnings("ignore:.*rows of the virial are left aside")


def put(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of the real run."""
    put(tmp_path, "w.dump", DUMP)
    put(tmp_path, "w.snap", SNAP)
    put(tmp_path, "w.energies", ENERGIES)
    return tmp_path


# --- the real run ---


@virial
def test_the_dump_and_the_array_of_one_run_are_the_same_trajectory(run: Path) -> None:
    (stored,) = read_dump(run / "w.dump", energies=run / "w.energies")
    snap = read_snap(run / "w.snap", n_atoms=3, temperature=600.0)
    dump = trajectory(labelled(stored, GUESSED, kind="mlearn", file="w.dump"), GUESSED)
    assert (dump.key, snap.key, dump.K, snap.temperature, len(snap)) == ("w", "w", 4, 600.0, 2)
    # compute snap sums over the atoms of a type, sna/atom and snad/atom do not: two paths through LAMMPS
    for name in ("energies", "forces", "descriptors", "force_descriptors"):
        np.testing.assert_allclose(getattr(dump, name), getattr(snap, name), rtol=1e-10, atol=1e-10)
    assert dump.species.tolist() == [74, 4, 74] * 2
    assert stored.entries["timestep"].tolist() == [0, 2]
    beryllium = dump.site_descriptors[1::3]
    assert not beryllium[:, :2].any() and beryllium[:, 2:].all()


def test_the_box_and_the_positions_are_those_of_the_input(run: Path) -> None:
    (stored,) = read_dump(run / "w.dump", energies="c_peatom")
    box = [[3.1, 0, 0], [0.4, 2.9, 0], [-0.3, 0.6, 5.0]]  # region prism 0 3.1 0 2.9 -1 4 0.4 -0.3 0.6
    np.testing.assert_allclose(stored.cell[0], box, atol=1e-14)
    assert stored.pbc.tolist() == [[True, True, False]] * 2
    placed = [[0.3, 0.2, 0.4], [1.9, 1.4, 0.9], [0.8, 0.9, 2.3]]  # create_atoms
    np.testing.assert_allclose(stored.positions[:3], placed, atol=1e-11)


def test_a_step_of_the_run_changes_the_descriptors_by_their_derivative(run: Path) -> None:
    (stored,) = read_dump(run / "w.dump", energies="c_peatom")
    x = stored.positions.reshape(2, -1)
    D, Phi = stored.columns["c_b"].reshape(2, 3, -1).sum(axis=1), stored.columns["c_db"].reshape(2, 9, -1)
    moved, mean = x[1] - x[0], Phi.mean(axis=0)
    np.testing.assert_allclose(D[1] - D[0], -moved @ mean, rtol=2e-3)  # trapezium: the sign and the order of axes


def test_energies_come_from_a_text_a_column_an_array_or_the_text_beside(run: Path) -> None:
    wanted = [24.6517864357, 24.3968718026]
    for energies in (run / "w.energies", str(run / "w.energies"), "c_peatom", wanted, np.array(wanted)):
        (stored,) = read_dump(run / "w.dump", energies=energies)
        np.testing.assert_allclose(stored.entries["energies"], wanted, rtol=1e-11)
    put(run, "w.dump.energies", "# any\n2 -2.0\n\n0 -1.0\n1 7.0\n")
    with pytest.warns(UserWarning, match="w.dump.energies: numbers have at most 6 digits"):
        (stored,) = read_dump(run / "w.dump")
    assert stored.entries["energies"].tolist() == [-1.0, -2.0]


@pytest.mark.parametrize(
    ("energies", "error", "sentence"),
    [
        ("c_b", ValueError, r"expected a column of one number for each atom, got 'c_b' of shape \(6, 4\)"),
        ("c_none", FileNotFoundError, "no such file or column of w.dump: c_none"),
        ([1.0], ValueError, r"expected one for each of the 2 frames of w.dump, got shape \(1,\)"),
        (["a", "b"], ValueError, "energies: expected numbers, got list of words"),
    ],
)
def test_energies_that_do_not_fit_are_refused(run: Path, energies: object, error: type, sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        read_dump(run / "w.dump", energies=energies)


def test_a_dump_needs_no_energies_but_forces(run: Path) -> None:
    (stored,) = read_dump(run / "w.dump")
    assert "energies" not in stored.entries and "forces" in stored.columns
    for old, new in (("c_", "b_"), ("[", "_"), ("]", ""), (" fx fy fz", " qx qy qz")):
        text = (run / "w.dump").read_text().replace(old, new)
        put(run, "w.dump", text)
    with pytest.raises(
        ValueError, match="w.dump: expected forces, the columns fx fy fz, got only id .* dump them as well"
    ):
        read_dump(run / "w.dump")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("0 -1.0123456\n", "an energy for each of the 2 steps of w.dump, got none for 1, the first step 2"),
        ("0 -1.0123456 3.0\n", "expected 2 columns in line 1, got 3"),
        ("0.5 -1.0123456\n", "expected the step, a whole number, in line 1, got '0.5'"),
        ("0 x\n", "expected a number in column 2 of line 1, got 'x'"),
        ("0 -1.0123456\n0 -1.5\n", "expected one value for step 0, got -1.0123456 and -1.5"),
        ("# nothing\n", "expected lines of two columns, step and value, got none"),
    ],
)
def test_bad_texts_of_energies_end_in_a_sentence(run: Path, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^e.txt: .*{sentence}"):
        read_dump(run / "w.dump", energies=put(run, "e.txt", text))


# --- dumps made up ---

TYPES = ("Ta", "W")


def dumped(
    seed: int, *, scaled: bool, tilted: bool, frames: int = 2, element: bool = True
) -> tuple[str, dict[str, np.ndarray]]:
    """A dump in LAMMPS's layout with the atoms shuffled, and what is in it by id."""
    rng, text = np.random.default_rng(seed), ""
    truth: dict[str, list] = {name: [] for name in ("x", "f", "types", "D", "Phi", "cell", "n")}
    for step in range(frames):
        N, K, T = int(rng.integers(1, 5)), 3, 2
        lengths, low = rng.uniform(3, 9, size=3), rng.normal(size=3)
        xy, xz, yz = rng.uniform(-2, 2, size=3) if tilted else np.zeros(3)
        cell = np.array([[lengths[0], 0, 0], [xy, lengths[1], 0], [xz, yz, lengths[2]]])
        # the corners of the box, rather than LAMMPS's formula
        corners = low + np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) @ cell
        s, f, types = rng.uniform(size=(N, 3)), rng.normal(size=(N, 3)), rng.integers(1, 3, size=N)
        types[0] = 2
        b, db = rng.normal(size=(N, K)), rng.normal(size=(N, T, 3, K))
        D, Phi = np.zeros((N, T * K)), np.zeros((N, 3, T * K))
        for i in range(N):
            D[i, (types[i] - 1) * K : types[i] * K] = b[i]
            for t in range(T):
                Phi[i, :, t * K : (t + 1) * K] = db[i, t]
        x = low + s @ cell
        names = "id element type mass".split() if element else "id type mass".split()
        names += ["xs", "ys", "zs"] if scaled else ["x", "y", "z"]
        names += ["fx", "fy", "fz", *(f"c_b[{k + 1}]" for k in range(K)), *(f"c_db[{k + 1}]" for k in range(T * 3 * K))]
        text += f"ITEM: TIMESTEP\n{10 * step}\nITEM: NUMBER OF ATOMS\n{N}\nITEM: BOX BOUNDS {'xy xz yz ' * tilted}pp pp pp\n"
        for i, tilt in enumerate((xy, xz, yz)):
            text += f"{corners[:, i].min()!r} {corners[:, i].max()!r}{f' {tilt!r}' * tilted}\n".replace(
                "np.float64(", ""
            ).replace(")", "")
        text += f"ITEM: ATOMS {' '.join(names)}\n"
        for i in rng.permutation(N):
            row = [str(5 * i + 3), TYPES[types[i] - 1], str(types[i])] if element else [str(5 * i + 3), str(types[i])]
            numbers = [1.5, *(s if scaled else x)[i], *f[i], *b[i], *db[i].ravel()]
            text += " ".join([*row, *(repr(float(v)) for v in numbers)]) + " \n"
        for name, value in (("x", x), ("f", f), ("types", types), ("D", D), ("Phi", Phi), ("cell", [cell]), ("n", [N])):
            truth[name] += list(value)
    return text, {name: np.array(value) for name, value in truth.items()}


@given(seed=st.integers(0, 2**20), scaled=st.booleans(), tilted=st.booleans(), element=st.booleans())
@settings(deadline=None, max_examples=30)
def test_dumps_come_back_in_the_order_of_ids(
    tmp_path_factory: pytest.TempPathFactory, seed: int, scaled: bool, tilted: bool, element: bool
) -> None:
    text, truth = dumped(seed, scaled=scaled, tilted=tilted, element=element)
    path = put(tmp_path_factory.mktemp("d"), "any.lammpstrj", text)
    (stored,) = read_dump(path, elements=None if element else TYPES, energies=[1.0, 2.0], key="mine")
    assert stored.key == "mine" and stored.n_atoms.tolist() == truth["n"].tolist() and stored.pbc.all()
    assert stored.numbers.tolist() == [(73, 74)[t - 1] for t in truth["types"]]
    assert stored.columns["mass"].tolist() == [1.5] * len(truth["x"])
    np.testing.assert_allclose(stored.positions, truth["x"], atol=1e-12)
    np.testing.assert_allclose(stored.cell, truth["cell"], atol=1e-12)
    for name, there in (("forces", "f"), ("c_b", "D"), ("c_db", "Phi")):
        np.testing.assert_array_equal(stored.of_atoms[name], truth[there])
    for m, atoms in enumerate(ase.io.read(path, index=":", format="lammps-dump-text", specorder=list(TYPES))):
        np.testing.assert_allclose(atoms.cell.array, stored.cell[m], atol=1e-12)
        ours = stored.take("one", [m]).positions
        np.testing.assert_allclose(atoms.positions - atoms.positions[0], ours - ours[0], atol=1e-8)


def test_one_type_needs_no_blocks_and_other_columns_stay(tmp_path: Path) -> None:
    text = (
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS ff ff ff\n0 1\n0 1\n0 1\n"
        "ITEM: ATOMS id type xu yu zu vx vy vz v_a c_p[2] c_q[1] c_q[2] c_v[1] c_v[2] c_v[3] c_v[4] c_v[5] c_v[6]\n"
        "2 1 1 2 3 4 5 6 7.12345678 8 9 10 1 2 3 4 5 6\n1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
    )
    (stored,) = read_dump(put(tmp_path, "dump.one", text), elements=["Ta"], energies=[0.0])
    assert stored.key == "dump.one" and stored.cell is None and stored.pbc is None
    shapes = {name: column.shape[1:] for name, column in stored.of_atoms.items()}
    wanted = {"type": (), "numbers": (), "positions": (3,), "velocities": (3,), "v_a": (), "c_p[2]": (), "c_q": (2,)}
    assert shapes == wanted | {"c_v": (3, 2)}
    assert stored.columns["c_v"][1].tolist() == [[1, 2], [3, 4], [5, 6]]  # K = 2 columns of x first, then of y and of z
    (two,) = read_dump(tmp_path / "dump.one", elements=["Ta", "W"], energies=[0.0])
    assert two.columns["c_v"].shape == (2, 6) and two.columns["c_q"].shape == (2, 2)  # two types would need 12 columns


def test_few_digits_are_warned_of(run: Path) -> None:
    short = re.sub(r"(\d\.\d{4})\d+", r"\1", DUMP)
    with pytest.warns(
        UserWarning, match=r"short.dump: numbers have at most 6 digits.*dump_modify … format float %.16g"
    ):
        read_dump(put(run, "short.dump", short), energies=[0.0, 0.0])


HEAD = "ITEM: ATOMS id type element xs ys zs"
BOX = "ITEM: BOX BOUNDS xy xz yz pp pp ff"
BAD = [
    (HEAD, "ITEM: ATOMS idx type element xs ys zs", "expected the column id, as LAMMPS writes atoms in changing order"),
    (HEAD, "ITEM: ATOMS id type name xs ys zs", "expected a number in column 3 of line 14, got 'W'"),
    (HEAD, "ITEM: ATOMS id kind element xs ys q", "expected positions x y z, xu yu zu or xs ys zs, got"),
    (HEAD, "ITEM: ATOMS id id element xs ys zs", "expected different names of columns in line 13"),
    ("\n1 1 W", "\n1 1 Xx", "expected symbols of elements, got 'Xx'"),
    ("\n1 1 W", "\n2 1 W", "expected a different id of each atom"),
    ("\n1 1 W", "\n1 0 W", "expected whole numbers from 1 on in the column type"),
    ("\n1 1 W", "\n1.5 1 W", "expected whole numbers from 1 on in the column id"),
    ("\n1 1 W", "\n1 1 W 7", "expected 24 columns in line 14, got 25"),
    ("\n1 1 W 0.122447163515", "\n1 1 W x", "expected a number in column 4 of line 14, got 'x'"),
    ("metal", "lj", "expected units metal, real, electron, got 'lj' in line 2"),
    ("ITEM: NUMBER OF ATOMS\n3", "ITEM: NUMBER OF ATOMS\n0", "at least one atom"),
    ("ITEM: NUMBER OF ATOMS\n3", "ITEM: NUMBER OF ATOMS\nx", "the number of atoms, a whole number, in line 8, got 'x'"),
    (
        "ITEM: NUMBER OF ATOMS\n3",
        "ITEM: NUMBER OF ENTRIES\n3",
        "expected a dump of atoms, of LAMMPS's style atom or custom",
    ),
    ("ITEM: TIMESTEP\n0", "ITEM: TIMESTEP\n0.5", "the step, a whole number"),
    ("ITEM: TIMESTEP\n0\n", "", "expected 'ITEM: TIMESTEP' before the atoms in line 11"),
    (BOX, "ITEM: BOX BOUNDS abc origin pp pp pp", "with 'dump_modify triclinic/general no'"),
    ("-1.0000000000000000e+00 4.0", "-1e308 1.7e308 4.0", "expected 3 columns in line 12, got 4"),
    ("-1.0000000000000000e+00 4.0000000000000000e+00", "-1e308 1.7e308", "expected a box of finite size after line 9"),
    ("-1.0000000000000000e+00 4.0000000000000000e+00", "-1.0 nan", "expected a box of finite size after line 9"),
    (BOX, "ITEM: BOX BOUNDS xy xz yz", "three flags such as pp pp pp in line 9"),
    (BOX, "ITEM: BOX BOUNDS pp pp pp", "expected 2 columns in line 10, got 3"),
    ("ITEM: UNITS", "LAMMPS data file", "expected a dump of atoms"),
    (DUMP, "", "expected at least one frame of a LAMMPS dump, got an empty file"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), BAD)
def test_bad_dumps_end_in_a_sentence(run: Path, old: str, new: str, sentence: str) -> None:
    assert old in DUMP
    with pytest.raises(ValueError, match=rf"^bad\.dump.*{sentence}"):
        read_dump(put(run, "bad.dump", DUMP.replace(old, new, 1)), energies=[0.0, 0.0])


@pytest.mark.parametrize("keep", [60, 500, 1200, 1500, 2700])
def test_truncated_dumps_are_refused(run: Path, keep: int) -> None:
    with pytest.raises(ValueError, match=r"^bad\.dump.*(truncated|end of the file|expected 24 columns|expected a)"):
        read_dump(put(run, "bad.dump", DUMP[:keep]), energies=[0.0, 0.0])


def test_frames_with_other_columns_are_refused(run: Path) -> None:
    first, second = DUMP.split("ITEM: TIME\n0.002")
    text = first + "ITEM: TIME\n0.002" + second.replace(" c_peatom", " c_other")
    with pytest.raises(ValueError, match="expected the same columns in all frames, got 'id .* at step 2"):
        read_dump(put(run, "bad.dump", text), energies=[0.0, 0.0])


@pytest.mark.parametrize(
    ("elements", "change", "sentence"),
    [
        (("W",), str, "expected a list of the symbols of all types, .* which has types up to 2"),
        ("W", str, "expected a list of the symbols of all types"),
        (("W", "Xx"), str, "expected symbols of elements, got 'Xx'"),
        (
            None,
            lambda text: text.replace(" element", " mol").replace(" W ", " 1 ").replace(" Be ", " 1 "),
            "give elements=",
        ),
        (
            None,
            lambda text: text.replace(" W ", " C ").replace(" Be ", " C "),
            "got C for all, as LAMMPS writes without",
        ),
        (("W", "Be"), lambda text: text.replace(" type ", " kind "), "which has no column type"),
    ],
)
def test_elements_that_are_not_known_are_refused(
    run: Path, elements: object, change: Callable[[str], str], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_dump(put(run, "bad.dump", change(DUMP)), elements=elements, energies=[0.0, 0.0])


def test_binary_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.dump").write_bytes(b"\xff\xfe\x00\x01")
    for reader in (lambda p: read_dump(p, energies=[0.0]), lambda p: read_snap(p, n_atoms=1)):
        with pytest.raises(ValueError, match="x.dump: expected text in UTF-8, got byte 0xff"):
            reader(tmp_path / "x.dump")


@given(noise=st.text(st.characters(max_codepoint=127), max_size=30), at=st.integers(0, 2500), gap=st.integers(0, 300))
@settings(deadline=None, max_examples=200)
@pytest.mark.filterwarnings("ignore:.*at most 6 digits", "ignore:.*rows of the virial")
def test_mutated_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: str, at: int, gap: int
) -> None:
    folder = tmp_path_factory.mktemp("m")
    for text, reader in (
        (DUMP, lambda p: read_dump(p, energies=[0.0, 0.0])),
        (SNAP, lambda p: read_snap(p, n_atoms=3)),
        (ENERGIES, lambda p: read_dump(put(folder, "good.dump", DUMP), energies=p)),
    ):
        start = at % len(text)
        try:
            reader(put(folder, "m.txt", text[:start] + noise + text[start + gap :]))
        except ValueError as error:
            assert re.match("m.txt|column|energies|n_atoms|[a-z_]+ of trajectory 'm'", str(error)), error


def test_text_is_not_kept_once_it_is_read(tmp_path: Path) -> None:
    text, _ = dumped(0, scaled=False, tilted=True, frames=3)
    steps = [frame.step for frame in frames(put(tmp_path, "a.dump", text))]
    assert steps == [0, 10, 20]


# --- compute snap ---


def array(N: int, K: int, seed: int, *, bik: bool = False) -> tuple[np.ndarray, fl.Trajectory]:
    rng = np.random.default_rng(seed)
    sites, Phi = rng.normal(size=(N, K)), rng.normal(size=(3 * N, K))
    energy, forces = float(rng.normal()), rng.normal(size=3 * N)
    head = sites if bik else sites.sum(axis=0, keepdims=True)
    rows = np.vstack([head, Phi, np.full((6, K), 99.0)])
    last = np.concatenate([[energy], np.zeros(len(head) - 1), forces, np.full(6, 99.0)])
    made = fl.Trajectory(
        key="a",
        n_atoms=[N],
        energies=[energy],
        descriptors=sites.sum(axis=0, keepdims=True),
        forces=forces,
        force_descriptors=Phi,
        site_descriptors=sites if bik else None,
    )
    return np.column_stack([rows, last]), made


def same(read: fl.Trajectory, wanted: fl.Trajectory) -> None:
    for name in ("n_atoms", "energies", "descriptors", "forces", "force_descriptors", "site_descriptors"):
        if getattr(wanted, name) is None:
            assert getattr(read, name) is None
        else:
            np.testing.assert_allclose(getattr(read, name), getattr(wanted, name), rtol=1e-14)


@virial
@pytest.mark.parametrize("bik", [False, True])
@pytest.mark.parametrize("form", ["npy", "text", "steps"])
@pytest.mark.parametrize(("N", "K"), [(2, 1), (5, 4), (3, 31)])
def test_an_array_comes_back(tmp_path: Path, bik: bool, form: str, N: int, K: int) -> None:
    rows, wanted = array(N, K, 1, bik=bik)
    path = tmp_path / ("a.npy" if form == "npy" else "a.snap")
    if form == "npy":
        np.save(path, rows)
    elif form == "text":
        np.savetxt(path, rows, fmt="%.17g", header="any")
    else:
        body = "\n".join(f"{i + 1} " + " ".join(map(repr, row.tolist())) for i, row in enumerate(rows))
        path.write_text(f"# Time-averaged data\n# Row\n500 {len(rows)}\n{body}\n")
    same(read_snap(path, n_atoms=N), wanted)


@virial
def test_several_arrays_of_other_sizes(run: Path) -> None:
    np.save(run / "many.npy", np.array([array(4, 3, seed)[0] for seed in range(3)]))
    assert len(read_snap(run / "many.npy", n_atoms=4)) == 3
    rows, _ = array(2, 4, 0)
    body = "\n".join(f"{i + 1} " + " ".join(map(repr, row.tolist())) for i, row in enumerate(rows))
    put(run, "mixed.snap", SNAP + f"3 {len(rows)}\n{body}\n")
    t = read_snap(run / "mixed.snap", n_atoms=[3, 3, 2], key="mixed")
    assert t.n_atoms.tolist() == [3, 3, 2] and t.key == "mixed"
    same(t.slice(2, 3), array(2, 4, 0)[1])


def test_the_rows_left_aside_and_few_digits_are_warned_of(run: Path) -> None:
    with pytest.warns(UserWarning, match=r"^w.snap: 12 rows of the virial are left aside"):
        read_snap(run / "w.snap", n_atoms=3)
    short = put(run, "short.snap", re.sub(r"(\d\.\d{4})\d+", r"\1", SNAP))
    with (
        pytest.warns(UserWarning, match="rows of the virial"),
        pytest.warns(UserWarning, match="short.snap: numbers have at most 6 digits.*fix ave/time"),
    ):
        read_snap(short, n_atoms=3)


@virial
def test_a_reference_potential_is_subtracted_from_what_is_given(tmp_path: Path) -> None:
    rows, reference = array(3, 2, 0)
    np.save(tmp_path / "a.npy", rows)
    E, F = np.array([5.0]), np.arange(9.0)
    for forces in (F, F.reshape(3, 3)):
        with pytest.warns(UserWarning, match="taken for those of a reference potential and subtracted"):
            t = read_snap(tmp_path / "a.npy", n_atoms=3, energies=E, forces=forces)
        np.testing.assert_allclose(t.energies, E - reference.energies)
        np.testing.assert_allclose(t.forces, F - reference.forces)
    rows[:, -1] = 0.0
    np.save(tmp_path / "zero.npy", rows)
    t = read_snap(tmp_path / "zero.npy", n_atoms=3, energies=E, forces=F)
    np.testing.assert_array_equal(t.forces, F)
    with pytest.raises(ValueError, match="zero.npy: .* got zeros, as of pair_style zero; give energies= and forces="):
        read_snap(tmp_path / "zero.npy", n_atoms=3)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"n_atoms": 4},
            r"w.snap, configuration 0: expected 1 \+ 3N \+ 6 = 19 rows .* \(or 22 .* for N = 4 atoms, got 16 of 5",
        ),
        ({"n_atoms": [3]}, "n_atoms: expected one whole number, or one for each of the 2 configurations of w.snap"),
        ({"n_atoms": 0}, "n_atoms: expected one whole number"),
        ({"n_atoms": 3.0}, "n_atoms: expected one whole number"),
        ({"n_atoms": 3, "energies": [0.0, 0.0]}, "energies and forces: expected both or neither"),
        (
            {"n_atoms": 3, "energies": [0.0], "forces": [0.0] * 18},
            r"energies: expected numbers of shape \(2,\), got shape \(1,\)",
        ),
        (
            {"n_atoms": 3, "energies": [0.0] * 2, "forces": [0.0]},
            r"forces: expected numbers of shape \(18,\) or \(6, 3\), got shape \(1,\)",
        ),
        ({"n_atoms": 3, "energies": "ab", "forces": [0.0]}, "energies: expected numbers, got"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(run: Path, arguments: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_snap(run / "w.snap", **arguments)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (SNAP, "# only\n", "got no numbers; see fix ave/time"),
        ("\n2 16\n", "\n2 99\n", "expected 99 lines of step 2, got 16 before the end of the file"),
        ("\n2 16\n", "\n2\n", "expected a step and a number of rows in line 21, got '2'"),
        ("\n2 16\n", "\n2 15\n", "expected a step and a number of rows in line 37"),
        ("\n5 0.63", "\n6 0.63", "expected rows 1 to 16 of step 0 after line 4"),
        ("0.635908262923", "x", "expected a number in column 1 of line 9, got 'x'"),
        ("0.635908262923", "", "expected 5 columns in line 9, got 4"),
        ("0.635908262923", "nan", "force_descriptors of trajectory 'bad': expected finite numbers"),
    ],
)
@virial
def test_bad_arrays_end_in_a_sentence(run: Path, old: str, new: str, sentence: str) -> None:
    assert old in SNAP
    with pytest.raises(ValueError, match=sentence):
        read_snap(put(run, "bad.snap", SNAP.replace(old, new, 1)), n_atoms=3)


def test_other_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "pickled.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="pickled.npy: expected an intact .npy of numbers"):
        read_snap(tmp_path / "pickled.npy", n_atoms=1)
    np.save(tmp_path / "flat.npy", np.zeros(4))
    with pytest.raises(
        ValueError, match=r"flat.npy: expected one array \(rows, K \+ 1\) or M of them, got shape \(4,\)"
    ):
        read_snap(tmp_path / "flat.npy", n_atoms=1)
    np.save(tmp_path / "pairs.npy", np.ones((3 + 27 + 1, 8)))
    with pytest.raises(ValueError, match="dgradflag is 1: run it with dgradflag 0"):
        read_snap(tmp_path / "pairs.npy", n_atoms=3)
