"""FitSNAP in and out: JSON by group, dense rows as trajectories, and coefficients, each against the published numbers."""

import copy
import json
import lzma
import os
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unpack import unpack

import fisherlib as fl
from fisherlib.io.columns.choice import GUESSED
from fisherlib.io.columns.roles import labelled
from fisherlib.io.formats import fitsnap, fitsnap_rows
from fisherlib.io.formats.snapcoeff import read_snapcoeff, write_snapcoeff

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
TANTALUM, BERYLLIUM = FOLDER / "fitsnap_ta", FOLDER / "fitsnap_be_md"
ZUO, MOLYBDENUM = FOLDER / "zuo2020", FOLDER / "zuo2020_mo_snap"
ROWS = TANTALUM / "Ta_snap2J6_fitsnap_rows.npz"
STYLES = {"EnergyStyle": "electronvolt", "ForcesStyle": "electronvoltperangstrom", "PositionsStyle": "angstrom"}


def needs(path: Path) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not path.exists(), reason=f"no {path.name} in ../shared/data beside the checkout")


def entry(N: int, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {
        "NumAtoms": N,
        "Lattice": (5 * np.eye(3) + rng.normal(size=(3, 3))).tolist(),
        "Energy": float(rng.normal()),
        "Stress": rng.normal(size=(3, 3)).tolist(),
        "AtomTypes": ["In", "P"] * (N // 2) + ["In"] * (N % 2),
        "Positions": rng.normal(size=(N, 3)).tolist(),
        "Forces": rng.normal(size=(N, 3)).tolist(),
        "Charges": rng.normal(size=N).tolist(),
    }


def document(*entries: dict[str, Any], **styles: str) -> dict[str, Any]:
    return {"Dataset": {"Label": "made", "StressStyle": "bar", **STYLES, **styles, "Data": list(entries)}}


def write(path: Path, content: object, *, comment: str = "# made for a test\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = (comment + json.dumps(content)).encode()
    path.write_bytes(lzma.compress(text) if path.suffix == ".xz" else text)
    return path


@pytest.mark.parametrize("comment", ["# one\n", "", "# one\n#two\n", "\n  # one\n"])
@pytest.mark.parametrize("name", ["a.json", "a.json.xz", "A.JSON"])
def test_a_file_comes_back_as_it_was_written(tmp_path: Path, name: str, comment: str) -> None:
    written = [entry(3, 1), entry(2, 2)]
    path = write(tmp_path / name, document(*written), comment=comment)
    assert fitsnap.holds(path)
    (stored,) = fitsnap.read(path) if name != "A.JSON" else fitsnap.read(tmp_path)
    assert stored.key == ("a" if name != "A.JSON" else tmp_path.name) and stored.n_atoms.tolist() == [3, 2]
    assert stored.numbers.tolist() == [49, 15, 49, 49, 15] and stored.temperature is None
    for column, there in (("positions", "Positions"), ("forces", "Forces"), ("Charges", "Charges")):
        assert stored.of_atoms[column].tolist() == [row for e in written for row in e[there]]
    assert stored.entries["energies"].tolist() == [e["Energy"] for e in written]
    assert stored.entries["Stress"].tolist() == [e["Stress"] for e in written] and stored.units["Stress"] == "bar"
    assert stored.cell.tolist() == [e["Lattice"] for e in written] and stored.pbc.all()


def test_folders_are_groups_and_files_in_natural_order(tmp_path: Path) -> None:
    for number, name in enumerate(("b/c_10", "b/c_9", "b/c_1", "a10/x", "a2/x", "a2/deep/x", ".hidden/x")):
        write(tmp_path / f"{name}.json", document(entry(1 + number % 3, number)))
    groups = {s.key: s for s in fitsnap.read(tmp_path)}
    assert list(groups) == ["a2", "a2/deep", "a10", "b"]
    assert groups["b"].entries["file"].tolist() == ["c_1.json", "c_9.json", "c_10.json"]
    assert groups["b"].entries["energies"].tolist() == [entry(1, n)["Energy"] for n in (2, 1, 0)]
    write(tmp_path / "x.json", document(entry(2)))
    name = tmp_path.name
    assert [s.key for s in fitsnap.read(tmp_path)] == [name, *(f"{name}/{k}" for k in ("a2", "a2/deep", "a10", "b"))]


def test_other_files_of_a_group_are_named_in_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.json", document(entry(2)))
    (tmp_path / "a" / "notes.txt").write_text("x")
    (tmp_path / "a" / ".DS_Store").write_text("x")
    with pytest.warns(UserWarning, match=r"^1 files in the folders .* such as a/notes\.txt$"):
        fitsnap.read(tmp_path)


@pytest.mark.parametrize(
    ("style", "name", "column", "factor"),
    [
        ("EnergyStyle", "hartree", "energies", 27.211386245988),
        ("EnergyStyle", "Rydberg", "energies", 27.211386245988 / 2),
        ("EnergyStyle", "kcal/mol", "energies", 0.0433641042),
        ("ForcesStyle", "hartreePerBohr", "forces", 51.42206747),
        ("ForcesStyle", "eV/Angstrom", "forces", 1.0),
        ("ForcesStyle", "metal", "forces", 1.0),
        ("PositionsStyle", "bohr", "positions", 0.529177210903),
        ("PositionsStyle", "angstroms", "positions", 1.0),
        ("LatticeStyle", "nanometer", "cell", 10.0),
    ],
)
def test_units_are_converted(tmp_path: Path, style: str, name: str, column: str, factor: float) -> None:
    (ours,) = fitsnap.read(write(tmp_path / "a.json", document(entry(4))))
    (theirs,) = fitsnap.read(write(tmp_path / "b.json", document(entry(4), **{style: name})))

    def columns(stored: Any) -> dict[str, np.ndarray]:
        return {**stored.of_atoms, "energies": stored.entries["energies"], "cell": stored.cell}

    for other, value in columns(ours).items():
        np.testing.assert_allclose(columns(theirs)[other], value * (factor if other == column else 1), rtol=1e-8)


def test_missing_forces_are_said_by_the_next_step(tmp_path: Path) -> None:
    lacking = entry(2)
    del lacking["Forces"]
    (stored,) = fitsnap.read(write(tmp_path / "a.json", document(entry(2), lacking)))
    assert stored.incomplete == {"forces": 1}
    with pytest.raises(ValueError, match="forces: no column 'forces'"):
        labelled(stored, GUESSED, kind="mlearn", file="a.json")


def change(*path: Any, to: Any) -> Callable[[dict], object]:
    def apply(content: dict) -> object:
        place = content
        for step in path[:-1]:
            place = place[step]
        if to is ...:
            del place[path[-1]]
        else:
            place[path[-1]] = to
        return content

    return apply


DATA = ("Dataset", "Data")
BAD = [
    (lambda _: [], r"layout of FitSNAP.*got an empty list"),
    (lambda _: {}, r"got a dict of nothing"),
    (lambda _: {"theta_f": 1}, r"got a dict of 'theta_f'"),
    (change(*DATA, to=[]), r"layout of FitSNAP"),
    (change(*DATA, to=[3]), r"layout of FitSNAP"),
    (change(*DATA, 0, "Positions", to=...), r"expected an entry 'Positions', got only 'NumAtoms'"),
    (
        change(*DATA, 0, "Positions", to=[[0.0] * 3]),
        r"'Positions': expected numbers of shape \(2, 3\), got shape \(1, 3\)",
    ),
    (change(*DATA, 0, "Positions", to=[[0.0], [0.0] * 3]), r"'Positions': expected numbers"),
    (change(*DATA, 0, "Forces", to=[["x"] * 3] * 2), r"'Forces': expected numbers"),
    (change(*DATA, 0, "Forces", to=[[True] * 3] * 2), r"'Forces': expected numbers"),
    (change(*DATA, 0, "Energy", to=None), r"'Energy': expected numbers of shape \(\)"),
    (change(*DATA, 0, "Energy", to=10**400), r"'Energy': expected numbers"),
    (change(*DATA, 0, "Lattice", to=5.0), r"'Lattice': expected numbers of shape \(3, 3\)"),
    (change(*DATA, 0, "NumAtoms", to=7), r"expected 'AtomTypes' of the 7 atoms in 'NumAtoms', got 2"),
    (change(*DATA, 0, "AtomTypes", to=[]), r"'AtomTypes' to be a list of element symbols"),
    (change(*DATA, 0, "AtomTypes", to=["In", 15]), r"'AtomTypes': expected symbols of elements, got 15 for atom 1"),
    (
        change("Dataset", "EnergyStyle", to="furlong"),
        r"expected 'EnergyStyle' to be a unit of energy such as electronvolt, got 'furlong'",
    ),
    (
        change("Dataset", "ForcesStyle", to="electronvolt"),
        r"expected 'ForcesStyle' to be a unit of force such as .*got 'electronvolt'",
    ),
]


@pytest.mark.parametrize(("broken", "sentence"), BAD)
def test_bad_content_ends_in_a_sentence(tmp_path: Path, broken: Callable[[dict], object], sentence: str) -> None:
    content = broken(copy.deepcopy(document(entry(2))))
    with pytest.raises(ValueError, match=f"^bad.json.*{sentence}"):
        fitsnap.read(write(tmp_path / "bad.json", content))


@pytest.mark.parametrize(
    "text", [b"", b"{", b"\xff\xfe", b"#", b'{"Dataset": ' + b"[" * 99999, b'{"a": 1' + b"1" * 5000 + b"}"]
)
def test_damaged_files_end_in_a_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "bad.json").write_bytes(text)
    with pytest.raises(ValueError, match="^bad.json: expected"):
        fitsnap.read(tmp_path / "bad.json")


def test_a_folder_without_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected folders of .json files"):
        fitsnap.read(tmp_path)
    assert not fitsnap.holds(tmp_path) and not fitsnap.holds(tmp_path / "none.json")


def test_a_cell_of_no_size_is_left_to_be_refused_with_its_place(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", document(entry(4) | {"Lattice": np.full((3, 3), np.inf).tolist()}))
    (stored,) = fitsnap.read(path)
    assert not np.isfinite(stored.entries["virial"]).all()
    with pytest.raises(ValueError, match="cell of .*a.json: expected"):
        fl.io.read(path, descriptor=fl.descriptors.Soap(n_max=1, l_max=0), check=False)


@given(noise=st.binary(max_size=60), at=st.integers(0, 900), cut=st.booleans())
@settings(deadline=None, max_examples=200)
def test_mutated_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("f") / "m.json"
    text = json.dumps(document(entry(2))).encode()
    path.write_bytes(text[:at] + noise + (b"" if cut else text[at + len(noise) :]))
    assert fitsnap.holds(path) in (True, False)
    try:
        fitsnap.read(path)
    except ValueError as error:
        assert str(error).startswith("m.json")


def test_sniffing_reads_no_more_than_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with open(path, "wb") as file:
        file.write(b'# comment\n{ "Dataset" : {"Data": [')
        file.truncate(2**33)  # a hole: reading all of it would fill the memory
    assert fitsnap.holds(path)
    for name, text in (("a.json", "[]"), ("b.json", '{"structure": 1}'), ("c.txt", '{"Dataset": {}}')):
        (tmp_path / name).write_text(text)
        assert not fitsnap.holds(tmp_path / name)
    (tmp_path / "d.json.xz").write_bytes(b"no xz")
    assert not fitsnap.holds(tmp_path / "d.json.xz")


def extracted(archive: Path, to: Path) -> Path:
    with tarfile.open(archive) as file:
        unpack(file, to)
    return to


@needs(TANTALUM)
def test_published_tantalum_configurations(tmp_path: Path) -> None:
    folder = extracted(TANTALUM / "Ta_JSON.tar.xz", tmp_path) / "JSON"
    assert fitsnap.holds(folder)
    stored = fitsnap.read(folder)
    n_atoms, energies = (
        np.concatenate(parts) for parts in zip(*((s.n_atoms, s.entries["energies"]) for s in stored), strict=True)
    )
    assert (len(stored), len(n_atoms), n_atoms.sum()) == (12, 363, 4224)
    per_atom = energies / n_atoms
    np.testing.assert_allclose(
        [per_atom.min(), np.median(per_atom), per_atom.max()], [-11.848, -11.610, 28.131], atol=5e-4
    )
    assert max(np.abs(s.columns["forces"]).max() for s in stored) == pytest.approx(8.25, abs=5e-3)
    assert all(set(s.numbers) == {73} for s in stored)


@needs(BERYLLIUM)
def test_published_beryllium_simulations_are_in_the_order_of_time(tmp_path: Path) -> None:
    stored = fitsnap.read(extracted(next(BERYLLIUM.glob("*.xz")), tmp_path))
    cold, hot = sorted(stored, key=lambda s: len(s.n_atoms))
    assert (cold.key, hot.key) == ("DFTMD_300K", "DFTMD_1000K")
    assert (len(cold.n_atoms), len(hot.n_atoms)) == (404, 505) and set(cold.n_atoms) == {48}
    for s, step in ((cold, 0.0018), (hot, 0.0033)):  # rms displacement from file to file, Å, of the data's own note
        moved = np.diff(s.positions.reshape(len(s.n_atoms), -1), axis=0)
        assert np.median(np.sqrt(3 * np.mean(moved**2, axis=1))) == pytest.approx(step, rel=0.3)


# --- rows ---


def rows(
    seed: int = 0, *, constant: bool = True, stress: bool = True
) -> tuple[dict[str, np.ndarray], list[fl.Trajectory]]:
    """Rows as FitSNAP has them, configurations in random order, and the trajectories that they are made of."""
    rng, K = np.random.default_rng(seed), 3
    made, blocks = [], []
    for key, sizes in (("g1", [2, 1, 3]), ("g2", [4, 2])):
        n = np.array(sizes)
        t = fl.Trajectory(
            key=key,
            n_atoms=n,
            energies=rng.normal(size=len(n)),
            descriptors=rng.normal(size=(len(n), K)),
            forces=rng.normal(size=3 * n.sum()),
            force_descriptors=rng.normal(size=(3 * n.sum(), K)),
        )
        made.append(t)
        for m, N in enumerate(n):
            part = t.slice(m, m + 1)
            head = [1.0] if constant else []
            A = [[*head, *part.descriptors[0] / N]]
            A += [[0.0] * len(head) + list(row) for row in part.force_descriptors]
            A += [[0.0] * len(head) + [9.0] * K] * (6 * stress)
            b = [part.energies[0] / N, *part.forces, *([7.0] * 6 * stress)]
            kind = ["Energy"] + ["Force"] * 3 * N + ["Stress"] * 6 * stress
            atom = [0, *np.repeat(np.arange(N), 3), *([0] * 6 * stress)]
            blocks.append((f"{key}/c_{9 + m}.json", A, b, kind, atom))
    order = rng.permutation(len(blocks))
    index = np.repeat(order, [len(blocks[i][1]) for i in order])
    arrays = {
        "A": np.concatenate([blocks[i][1] for i in order]),
        "b": np.concatenate([blocks[i][2] for i in order]),
        "row_type": np.concatenate([blocks[i][3] for i in order]),
        "atom_index": np.concatenate([blocks[i][4] for i in order]),
        "config_index": index,
        "config_names": np.array([block[0] for block in blocks]),
    }
    return arrays, made


def table(arrays: dict[str, np.ndarray], testing: tuple[int, ...] = ()) -> pd.DataFrame:
    """The table that FitSNAP dumps, made as its calculator makes it."""
    frame = pd.DataFrame(arrays["A"])
    frame["truths"] = arrays["b"].tolist()
    frame["weights"] = [1.0] * len(frame)
    names = arrays["config_names"][arrays["config_index"]]
    frame["Groups"], frame["Configs"] = ([str(n).split("/")[i] for n in names] for i in (0, 1))
    frame["Row_Type"] = [str(kind) for kind in arrays["row_type"]]
    frame["Atom_I"] = [int(i) for i in arrays["atom_index"]]
    frame["Testing"] = [bool(i in testing) for i in arrays["config_index"]]
    return frame


def saved(folder: Path, arrays: dict[str, np.ndarray], form: str) -> Path:
    if form == "npz":
        np.savez(folder / "rows.npz", **arrays)
        return folder / "rows.npz"
    table(arrays).to_pickle(folder / "FitSNAP.df")
    if form == "folder with arrays":
        np.save(folder / "Descriptors.npy", arrays["A"])
        np.save(folder / "Truth-Ref.npy", arrays["b"])
    return folder / "FitSNAP.df" if form == "table" else folder


def same(read: list[fl.Trajectory], wanted: list[fl.Trajectory]) -> None:
    assert [t.key for t in read] == [t.key for t in wanted]
    for t, w in zip(read, wanted, strict=True):
        assert t.n_atoms.tolist() == w.n_atoms.tolist()
        for name in ("energies", "descriptors", "forces", "force_descriptors"):
            np.testing.assert_allclose(getattr(t, name), getattr(w, name), rtol=1e-14)


@pytest.mark.parametrize("form", ["npz", "table", "folder", "folder with arrays"])
@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("stress", [True, False])
def test_rows_give_back_the_trajectories_they_are_made_of(
    tmp_path: Path, form: str, constant: bool, stress: bool
) -> None:
    arrays, wanted = rows(constant=constant, stress=stress)
    path = saved(tmp_path, arrays, form)
    assert fitsnap_rows.holds(path)
    left = f"{30 * stress} of {len(arrays['b'])} rows \\({'Stress' if stress else 'none'}\\) and all weights are left aside"
    with pytest.warns(UserWarning, match=f"DFT values minus those of the reference potential; {left}"):
        read = fitsnap_rows.read_rows(path, temperature=300.0)
    same(read, wanted)
    assert {t.temperature for t in read} == {300.0}


def test_configurations_for_testing_are_apart(tmp_path: Path) -> None:
    arrays, _ = rows()
    table(arrays, testing=(0, 4)).to_pickle(tmp_path / "FitSNAP.df")
    with pytest.warns(UserWarning, match="left aside"):
        read = fitsnap_rows.read_rows(tmp_path)
    assert {t.key: t.n_atoms.tolist() for t in read} == {
        "g1": [1, 3],
        "g1 (testing)": [2],
        "g2": [4],
        "g2 (testing)": [2],
    }


@pytest.mark.filterwarnings("ignore:.*left aside")
def test_numbers_of_atoms_of_each_element_are_named(tmp_path: Path) -> None:
    arrays, _ = rows(constant=False)
    share = np.where(arrays["row_type"] == "Energy", 0.25, 0.0)
    arrays["A"] = np.column_stack([share, arrays["A"], 3 * share])
    with pytest.warns(UserWarning, match="descriptors D0, D4 are zero in all force rows"):
        read = fitsnap_rows.read_rows(saved(tmp_path, arrays, "npz"))
    assert read[0].K == 5
    np.testing.assert_allclose(read[0].descriptors[:, 4], 0.75 * read[0].n_atoms)


@pytest.mark.filterwarnings("ignore:.*left aside")
def test_two_configurations_of_one_name_are_both_read(tmp_path: Path) -> None:
    arrays, wanted = rows()
    arrays["config_names"][:] = "g/one.json"
    (read,) = fitsnap_rows.read_rows(saved(tmp_path, arrays, "npz"))
    assert len(read) == 5 and sorted(read.energies) == pytest.approx(sorted(e for t in wanted for e in t.energies))


def without(row: int) -> Callable[[dict], None]:
    def apply(arrays: dict) -> None:
        for name in ("A", "b", "row_type", "atom_index", "config_index"):
            arrays[name] = np.delete(arrays[name], row, axis=0)

    return apply


BAD_ROWS = [
    (without(0), "expected one energy row and three force rows for each atom, got 0 and"),
    (without(1), r"expected one energy row and three force rows for each atom, got 1 and \d+; run FitSNAP with"),
    (lambda a: a.update(b=a["b"][:-1]), "expected as many targets, kinds and configurations as rows"),
    (lambda a: a.update(A=a["A"][:, 0]), "expected as many targets"),
    (lambda a: a.update(A=a["A"].astype(str) + "x"), "expected rows and targets of numbers"),
    (lambda a: a.update(A=a["A"][:, :1]), "at least one descriptor beside the constant column"),
    (lambda a: a.update(atom_index=a["atom_index"][::-1]), "expected force rows atom by atom"),
    (
        lambda a: a.update(config_index=a["config_index"] + 9),
        "config_index of rows.npz: expected whole numbers below the 5",
    ),
    (lambda a: a.pop("row_type"), "got no row_type among"),
]


@pytest.mark.parametrize(("broken", "sentence"), BAD_ROWS)
def test_bad_rows_end_in_a_sentence(tmp_path: Path, broken: Callable[[dict], object], sentence: str) -> None:
    arrays, _ = rows()
    broken(arrays)
    with pytest.raises(ValueError, match=sentence):
        fitsnap_rows.read_rows(saved(tmp_path, arrays, "npz"))


def test_folders_that_do_not_agree_or_lack_the_table_are_refused(tmp_path: Path) -> None:
    arrays, _ = rows()
    np.save(tmp_path / "Descriptors.npy", arrays["A"])
    with pytest.raises(FileNotFoundError, match="expected FitSNAP.df, .* 'dump_dataframe = 1'"):
        fitsnap_rows.read_rows(tmp_path)
    saved(tmp_path, arrays, "folder with arrays")
    np.save(tmp_path / "Truth-Ref.npy", arrays["b"] + 1)
    with pytest.raises(ValueError, match="Truth-Ref.npy: expected the values of FitSNAP.df beside it"):
        fitsnap_rows.read_rows(tmp_path)
    np.save(tmp_path / "Truth-Ref.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="Truth-Ref.npy: expected an intact .npy of numbers"):
        fitsnap_rows.read_rows(tmp_path)
    table(arrays).drop(columns="Row_Type").to_pickle(tmp_path / "FitSNAP.df")
    with pytest.raises(ValueError, match="expected a table with columns 0, 1, … and truths"):
        fitsnap_rows.read_rows(tmp_path)


def test_a_hostile_table_is_not_run(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple:
            return os.mkdir, (str(tmp_path / "made"),)

    (tmp_path / "FitSNAP.df").write_bytes(pickle.dumps({0: Hostile(), "truths": 1}))
    with pytest.raises(ValueError, match="nothing was run|expected a table"):
        fitsnap_rows.read_rows(tmp_path)
    uneven = {name: [1.0] for name in (0, "truths", "Groups", "Configs", "Row_Type")} | {"Atom_I": 3}
    (tmp_path / "FitSNAP.df").write_bytes(pickle.dumps(uneven))
    with pytest.raises(ValueError, match="expected columns of 1 rows, got another length of 'Atom_I'"):
        fitsnap_rows.read_rows(tmp_path)
    assert not (tmp_path / "made").exists()


@needs(ROWS)
@pytest.mark.filterwarnings("ignore:.*left aside")
def test_published_tantalum_coefficients_and_rows_give_the_published_errors() -> None:
    data = fl.Dataset(fitsnap_rows.read_rows(ROWS))
    model = read_snapcoeff(TANTALUM / "Ta_pot.snapcoeff")
    assert (len(data), len(data.energies), data.n_atoms.sum(), data.K) == (12, 363, 4224, 30)
    per_atom = (model.energies(data) - data.energies) / data.n_atoms
    assert round(float(np.sqrt(np.mean(per_atom**2))), 6) == 0.379769  # eV/atom
    assert round(float(np.sqrt(np.mean((model.forces(data) - data.forces) ** 2))), 6) == 0.160973  # eV/Å


@needs(ROWS)
@pytest.mark.filterwarnings("ignore:.*left aside")
def test_published_rows_and_configurations_are_of_the_same_atoms(tmp_path: Path) -> None:
    stored = fitsnap.read(extracted(TANTALUM / "Ta_JSON.tar.xz", tmp_path) / "JSON")
    read = fitsnap_rows.read_rows(ROWS)
    assert [(t.key, t.n_atoms.tolist()) for t in read] == [(s.key, s.n_atoms.tolist()) for s in stored]
    for t, s in zip(read, stored, strict=True):
        # The reference potential is repulsive, so that what it leaves to be fitted lies below the energy.
        assert (s.entries["energies"] - t.energies > 0).all()


# --- coefficients ---


def coefficients(K: int, T: int, seed: int) -> fl.LinearPotential:
    rng = np.random.default_rng(seed)
    return fl.LinearPotential(
        theta=rng.normal(size=K * T) * 10.0 ** rng.integers(-300, 300, size=K * T), offset=rng.normal()
    )


@given(K=st.integers(1, 40), T=st.integers(1, 3), seed=st.integers(0, 2**20))
@settings(deadline=None, max_examples=40)
def test_coefficients_come_back_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, K: int, T: int, seed: int
) -> None:
    path, model = tmp_path_factory.mktemp("c") / "x.snapcoeff", coefficients(K, T, seed)
    elements = ["Ta", "W", "Be"][:T]
    write_snapcoeff(model, path, element=elements, radius=[0.5, 0.1 + 0.2, 1.0][:T], weight=[1.0, 0.0, -2.0][:T])
    read = read_snapcoeff(path, name="mine")
    assert read.theta.tobytes() == model.theta.tobytes() and read.offset == model.offset and read.name == "mine"
    assert [e["element"] for e in read.provenance["elements"]] == elements
    assert [e["radius"] for e in read.provenance["elements"]] == [0.5, 0.1 + 0.2, 1.0][:T]
    assert not list(path.parent.glob("*.partial"))


def test_the_file_is_laid_out_as_lammps_reads_it(tmp_path: Path) -> None:
    model = fl.LinearPotential(theta=np.array([1.5, -2.25]), offset=-3.0)
    write_snapcoeff(model, tmp_path / "x.snapcoeff", element="Ta", radius=0.5, weight=1)
    comment, empty, *lines = (tmp_path / "x.snapcoeff").read_text().split("\n")
    assert comment.startswith("#") and comment.isascii() and empty == ""
    assert lines == ["1 3", "Ta 0.5 1.0", "-3.0", "1.5", "-2.25", ""]  # no comment after the first number


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"path": "x.txt"}, "path: expected a name ending in .snapcoeff"),
        ({"element": "Xx"}, "element: expected different symbols"),
        ({"element": ["Ta", "Ta"]}, "element: expected different symbols"),
        ({"element": []}, "element: expected different symbols"),
        ({"element": ["Ta", "W"]}, "as many parameters for each of 2 elements, got K = 3"),
        ({"radius": [0.5, 0.5]}, "radius: expected 1 finite numbers"),
        ({"radius": -1}, "radius: expected positive numbers"),
        ({"weight": float("nan")}, "weight: expected 1 finite numbers"),
        ({"weight": "heavy"}, "weight: expected numbers, got str of words"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, change: dict, sentence: str) -> None:
    arguments = {"path": "x.snapcoeff", "element": "Ta", "radius": 0.5, "weight": 1.0} | change
    path = tmp_path / arguments.pop("path")
    with pytest.raises(ValueError, match=sentence):
        write_snapcoeff(coefficients(3, 1, 0), path, **arguments)
    assert not list(tmp_path.iterdir())


GOOD = "# c\n\n2 2\nW 0.5 1.0 # w\n-1.0\n 2.0 # B[0]\nBe 0.4 0.9\n-1.0\n3.0\n\n# End of potential"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("2 2\n", "2\n", "the numbers of elements and of coefficients in line 3, got '2'"),
        ("2 2\n", "2 9\n", "2 elements of a line and 9 coefficients each, 20 lines after line 3, got 6"),
        ("2 2\n", "0 2\n", "0 elements"),
        ("W 0.5 1.0", "W 0.5", "element, radius and weight in line 4, got 'W 0.5'"),
        ("2.0", "2.0 3.0", "one coefficient in line 6, got '2.0 3.0'"),
        ("2.0", "two", "a finite number in line 6, got 'two'"),
        ("2.0", "inf", "a finite number in line 6, got 'inf'"),
        (GOOD, "# only\n", "got nothing but comments"),
        (GOOD, "\x00", "the numbers of elements"),
    ],
)
def test_bad_coefficient_files_end_in_a_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert read_snapcoeff(put(tmp_path / "good.snapcoeff", GOOD)).theta.tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match=f"^bad.snapcoeff: .*{sentence}"):
        read_snapcoeff(put(tmp_path / "bad.snapcoeff", GOOD.replace(old, new)))


def put(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_other_bytes_are_no_coefficients(tmp_path: Path) -> None:
    (tmp_path / "x.snapcoeff").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="x.snapcoeff: expected text in UTF-8, got byte"):
        read_snapcoeff(tmp_path / "x.snapcoeff")
    with pytest.raises(FileNotFoundError, match="none.snapcoeff"):
        read_snapcoeff(tmp_path / "none.snapcoeff")


@needs(TANTALUM)
def test_published_tantalum_coefficients_are_the_decimals_in_the_file() -> None:
    model = read_snapcoeff(TANTALUM / "Ta_pot.snapcoeff")
    lines = (TANTALUM / "Ta_pot.snapcoeff").read_text().splitlines()
    numbers = [float(line.split("#")[0]) for line in lines if "#  B[" in line]
    assert [model.offset, *model.theta.tolist()] == numbers and len(numbers) == 31
    assert model.provenance["elements"] == [{"element": "Ta", "radius": 0.5, "weight": 1.0}]


@needs(ZUO)
@needs(MOLYBDENUM)
@pytest.mark.parametrize(("part", "energy", "force"), [("train", 8.531, 0.37284), ("test", 9.252, 0.37596)])
def test_published_molybdenum_coefficients_have_the_errors_measured_with_lammps(
    tmp_path: Path, part: str, energy: float, force: float
) -> None:
    folder = extracted(ZUO / "published_snap_qsnap_coefficients.tar.xz", tmp_path)
    model = read_snapcoeff(folder / "Mo" / "snap" / "SNAPotential.snapcoeff")
    with np.load(MOLYBDENUM / f"Mo_snap2J6_{part}.npz", allow_pickle=False) as file:
        t = fl.Trajectory(
            key=part,
            n_atoms=file["natoms"].astype(int),
            energies=file["energy"],
            descriptors=file["D"],
            forces=file["forces"].ravel(),
            force_descriptors=file["minus_dDdx"],
        )
    per_atom = 1000 * (model.energies(t) - t.energies) / t.n_atoms
    assert np.sqrt(np.mean(per_atom**2)) == pytest.approx(energy, abs=1e-3)  # meV/atom
    assert np.sqrt(np.mean((model.forces(t) - t.forces) ** 2)) == pytest.approx(force, abs=1e-5)  # eV/Å


@needs(ZUO)
def test_all_published_coefficients_are_read(tmp_path: Path) -> None:
    folder = extracted(ZUO / "published_snap_qsnap_coefficients.tar.xz", tmp_path)
    sizes = {p.parent.parent.name + p.parent.name: read_snapcoeff(p).K for p in folder.rglob("*.snapcoeff")}
    assert len(sizes) == 12 and {sizes[f"{el}snap"] for el in ("Ni", "Cu", "Li", "Si", "Ge")} == {55}
    assert (sizes["Mosnap"], sizes["Moqsnap"], sizes["Siqsnap"]) == (30, 495, 1595)
