"""Pickles of data frames and databases of atoms: the same numbers in every layout, and sentences for what does not fit."""

import importlib.util
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pandas as pd
import pytest

import fisherlib as fl
from fisherlib.configurations import Configurations
from fisherlib.io.formats import pickles

PICKLES = Path(__file__).parent / "pickles"
_spec = importlib.util.spec_from_file_location("pickles_make_for_dataframes", PICKLES / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)

N, K = make.N_ATOMS, len(make.THETA)
ROWS = [(key, c) for key in make.KEYS for c in make.configurations(key)]
D = "milady-descriptors"
PHI = "milady-descriptors-forces"


def cells() -> dict[str, list]:
    """A row for each configuration."""
    return {
        "key": [key for key, _ in ROWS],
        "temperature": [float(key[:-1]) for key, _ in ROWS],
        "energies": [c["E"] for _, c in ROWS],
        "numbers": [np.full(N, 29) for _ in ROWS],
        "positions": [c["x"] for _, c in ROWS],
        "forces": [c["F"] for _, c in ROWS],
        D: [c["D"] for _, c in ROWS],
        PHI: [c["Phi"] for _, c in ROWS],
    }


def atom_rows() -> dict[str, Any]:
    """A row for each atom; the numbers of configurations begin again in each trajectory."""
    x, F, d = (np.concatenate([c[name] for _, c in ROWS]) for name in ("x", "F", "D"))
    Phi = np.concatenate([c["Phi"] for _, c in ROWS])
    each = np.repeat(np.arange(len(ROWS)), N)
    return {
        "key": np.array([key for key, _ in ROWS])[each],
        "frame": each % make.N_CONFIGURATIONS,
        "temperature": np.array([float(key[:-1]) for key, _ in ROWS])[each],
        "energies": np.array([c["E"] for _, c in ROWS])[each],
        "element": ["Cu"] * len(each),
        **{a: x[:, i] for i, a in enumerate("xyz")},
        **{f"f{a}": F[:, i] for i, a in enumerate("xyz")},
        **{f"D_{k}": d[:, k] for k in range(K)},
        **{f"Phi_{a}_{k}": Phi[:, i, k] for i, a in enumerate("xyz") for k in range(K)},
    }


def component_rows() -> dict[str, Any]:
    """A row for each component of a force: x is a vector there, D is the same three times."""
    of_atoms = atom_rows()
    once = {n: np.repeat(of_atoms[n], 3) for n in ("key", "frame", "temperature", "energies", "element")}
    Phi = np.concatenate([c["Phi"] for _, c in ROWS]).reshape(-1, K)
    return {
        **once,
        "axis": ["x", "y", "z"] * (len(ROWS) * N),
        "position": np.concatenate([c["x"] for _, c in ROWS]).ravel(),
        "force": np.concatenate([c["F"] for _, c in ROWS]).ravel(),
        **{f"D[{k}]": np.repeat(of_atoms[f"D_{k}"], 3) for k in range(K)},
        **{f"Phi[{k}]": Phi[:, k] for k in range(K)},
    }


def with_atoms() -> dict[str, list]:
    """The atoms as ASE has them, the rest beside them."""
    rest = {name: column for name, column in cells().items() if name not in ("numbers", "positions")}
    return {"ase_atoms": [ase.Atoms("Cu4", positions=c["x"], cell=[9, 9, 9], pbc=True) for _, c in ROWS], **rest}


def changed(**columns: Any) -> Callable[[], dict[str, Any]]:
    def changed() -> dict[str, Any]:
        made = cells() | {name: made() if callable(made) else made for name, made in columns.items()}
        return {name: column for name, column in made.items() if column is not None}

    return changed


LAYOUTS: dict[str, Callable[[], dict[str, Any]]] = {
    "arrays": cells,
    "rows of atoms": atom_rows,
    "rows of components": component_rows,
    "atoms": with_atoms,
    "lists": changed(
        numbers=[[29] * N] * len(ROWS),
        positions=[c["x"].tolist() for _, c in ROWS],
        forces=[c["F"].tolist() for _, c in ROWS],
    ),
    "species": changed(numbers=None, species=[["Cu"] * N] * len(ROWS)),
    "Φ as (N, K, 3)": changed(**{PHI: [np.swapaxes(c["Phi"], 1, 2) for _, c in ROWS]}),
    "Φ as (3N, K)": changed(**{PHI: [c["Phi"].reshape(-1, K) for _, c in ROWS]}),
    "F as (3N,)": changed(forces=[c["F"].ravel() for _, c in ROWS]),
    "float32": changed(**{PHI: [c["Phi"].astype(np.float32) for _, c in ROWS]}),
    "a stress and a remark": changed(
        stress=[np.zeros(6)] * len(ROWS), remark=["x"] * len(ROWS), gap=[None] * len(ROWS)
    ),
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Any], list[Configurations]]:
    def read(value: Any) -> list[Configurations]:
        (tmp_path / "frame.pkl").write_bytes(pickle.dumps(value))
        return pickles.read(tmp_path / "frame.pkl")

    return read


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_dataset(tmp_path: Path, layout: str) -> None:
    pd.DataFrame(LAYOUTS[layout]()).to_pickle(tmp_path / "frame.pkl")
    columns = {"descriptors": "D", "force_descriptors": "Phi"} if "rows" in layout else {}
    data = fl.io.read(tmp_path / "frame.pkl", check=False, **columns)
    assert list(data) == list(make.KEYS)
    for key, t in data.items():
        expected = make.configurations(key)
        np.testing.assert_allclose(t.energies, [c["E"] for c in expected], rtol=1e-12)
        np.testing.assert_allclose(t.forces, np.concatenate([c["F"].ravel() for c in expected]), rtol=1e-12)
        np.testing.assert_allclose(t.site_descriptors, np.concatenate([c["D"] for c in expected]), rtol=1e-12)
        np.testing.assert_array_equal(t.positions, np.concatenate([c["x"] for c in expected]))
        assert t.n_atoms.tolist() == [N] * len(expected) and set(t.species) == {29} and t.temperature == float(key[:-1])
        Phi = np.concatenate([c["Phi"].reshape(-1, K) for c in expected])
        if layout != "Φ as (N, K, 3)":  # K = 3 here, so that the order of the axes cannot be told by shape
            np.testing.assert_allclose(t.force_descriptors, Phi, rtol=1e-6 if layout == "float32" else 1e-12)
            np.testing.assert_allclose(t.forces, t.force_descriptors @ make.THETA, atol=1e-5)
        assert (t.cell is not None) == (layout == "atoms")


def test_configurations_of_several_sizes_and_force_descriptors_in_both_orders(read: Callable) -> None:
    sizes, rng = (2, 5, 3), np.random.default_rng(0)
    for shape in ((3, 4), (4, 3)):
        given = {
            "forces": [rng.normal(size=(n, 3)) for n in sizes],
            "Phi": [rng.normal(size=(n, *shape)) for n in sizes],
        }
        given |= {"Z": [np.arange(1, n + 1) for n in sizes], "coords": [rng.normal(size=(n, 3)) for n in sizes]}
        (stored,) = read(pd.DataFrame({**given, "E": [1, 2, 3], "cell": [np.eye(3) * 9] * 3, "n": sizes}))
        assert stored.n_atoms.tolist() == list(sizes) and stored.key == "frame"
        assert stored.columns["Phi"].shape == (10, *shape) and stored.entries["E"].tolist() == [1, 2, 3]
        np.testing.assert_array_equal(stored.positions, np.concatenate(given["coords"]))
        assert stored.numbers.tolist() == [1, 2, 1, 2, 3, 4, 5, 1, 2, 3]
        assert stored.cell.shape == (3, 3, 3) and stored.pbc.all()


@pytest.mark.parametrize("path", sorted(PICKLES.glob("frame-*.pkl")), ids=lambda p: p.stem)
def test_data_frames_of_every_generation(path: Path) -> None:
    stored = pickles.read(path)
    assert [s.key for s in stored] == list(make.KEYS)
    for s in stored:
        expected = make.configurations(s.key)
        np.testing.assert_allclose(s.entries["energy"], [c["E"] for c in expected], rtol=1e-12)
        np.testing.assert_allclose(
            s.columns["force_descriptors"], np.concatenate([c["Phi"] for c in expected]), rtol=1e-12
        )
        np.testing.assert_allclose(s.columns["descriptors"], np.concatenate([c["D"] for c in expected]), rtol=1e-12)
        assert s.n_atoms.tolist() == [N] * 3 and s.place.endswith(f"key {s.key!r}")


def test_flat_forces_alone_do_not_pass_for_three_times_the_atoms(read: Callable) -> None:
    given = {"forces": [c["F"].ravel() for _, c in ROWS], "D": [c["D"] for _, c in ROWS], "key": list("abcdef")}
    (stored,) = read(pd.DataFrame(given))  # and a name for each row tells no trajectories apart
    assert stored.n_atoms.tolist() == [N] * len(ROWS) and stored.columns["forces"].shape == (N * len(ROWS), 3)


def test_what_some_rows_lack_is_no_column_but_is_told(read: Callable) -> None:
    stored = read(pd.DataFrame(changed(charge=[np.zeros(N), None, *[np.zeros(N)] * 4])()))
    assert all("charge" not in s.columns and s.incomplete == {"charge": 1} for s in stored)


def bomb() -> list:
    made: list = [1.0] * 100
    for _ in range(60):
        made = [made, made]
    return made


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "another trailing shape": (
        changed(**{D: [c["D"] if m != 3 else c["D"][:, :2] for m, (_, c) in enumerate(ROWS)]}),
        rf"column '{D}' of frame.pkl: expected an array \(n, 3\) .* as in row 0, got \(n, 2\) .* in row 3",
    ),
    "a dict in a cell": (
        changed(forces=[ROWS[0][1]["F"], {"x": 1.0}, *[ROWS[0][1]["F"]] * 4]),
        "column 'forces' of frame.pkl: expected numbers, words or an array of them in every cell, got dict in row 1",
    ),
    "objects in an array": (
        changed(forces=[np.array([{}, []], dtype=object)] * 6),
        "column 'forces' of frame.pkl: .* got an array of shape .2,. and type object in row 0",
    ),
    "ragged lists": (
        changed(positions=[[[0.0, 0.0, 0.0], [1.0]]] * 6),
        "'positions' of frame.pkl: .* got an empty or ragged list in row 0",
    ),
    "lists without end": (
        changed(positions=[bomb()] * 6),
        "'positions' of frame.pkl: .* got an empty or ragged list in row 0",
    ),
    "words among arrays": (
        changed(forces=[*[np.zeros((N, 3))] * 5, "none"]),
        "'forces' of frame.pkl: .* got str in row 5",
    ),
    "words among numbers": (
        changed(energies=[1.0, 2.0, "x", 4.0, 5.0, 6.0]),
        "'energies' of frame.pkl: .* got float in row 0",
    ),
    "a row too many": (
        changed(forces=[*[np.zeros((N, 3))] * 4, np.zeros((N + 1, 3)), np.zeros((N, 3))]),
        "column 'forces' of frame.pkl: expected 4 rows, one for each atom, in row 4, got 5",
    ),
    "an unknown element": (
        changed(numbers=None, species=[["Cu", "Cu", "Qq", "Cu"]] * 6),
        "'species' of frame.pkl: .* got 'Qq' at atom 2",
    ),
    "half an element": (changed(numbers=[[29, 29, 29.5, 29]] * 6), "'numbers' of frame.pkl: .* got 29.5 at atom 2"),
    "positions in a plane": (
        changed(positions=[np.zeros((N, 2))] * 6),
        r"'positions' of frame.pkl: expected arrays of numbers \(N, 3\)",
    ),
    "no atoms": (
        changed(numbers=[np.zeros(0, dtype=int)] * 6),
        "expected at least one atom in each row, got none in row 0",
    ),
    "no rows": (lambda: {"energies": [], "forces": []}, "expected a data frame with at least one row"),
    "no arrays": (
        lambda: {"energies": [1.0], "force": [2.0]},
        "expected arrays in the cells, or a column 'configuration' .*reset_index",
    ),
    "no forces": (
        lambda: {"frame": [0, 0], "x": [1.0, 2.0], "y": [1.0, 2.0], "z": [1.0, 2.0]},
        "frame.pkl: expected forces, three numbers",
    ),
    "complex": (changed(energies=[1j] * 6), "column 'energies' of frame.pkl: .* got complex in row 0"),
    "shuffled": (
        lambda: {name: np.asarray(c)[np.random.default_rng(1).permutation(24)] for name, c in atom_rows().items()},
        "column 'frame' of frame.pkl: expected the rows of a configuration one after the other, got . again in row .*; sort",
    ),
    "components out of order": (
        lambda: component_rows() | {"axis": ["x", "z", "y"] * 24},
        "column 'axis' of frame.pkl: expected x, y, z .* for each atom in turn, got .'x', 'z', 'y'.; sort",
    ),
    "a number of 400 digits": (
        changed(energies=[10**400] * 6),
        "'energies' of frame.pkl: expected numbers that fit into float64",
    ),
    "two columns of one name": (
        lambda: pd.DataFrame([[1.0, 2.0]], columns=[1, "1"]),
        "frame.pkl: expected columns of different names",
    ),
    "a gap in rows of atoms": (
        lambda: pd.DataFrame(atom_rows()).astype({"element": object}).assign(note=[None] * 24),
        "column 'note' of frame.pkl: expected a value in every row, got none in row 0",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_by_row_and_column(read: Callable, case: str) -> None:
    given, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        read(pd.DataFrame(given()))


# Databases {name: {'atoms', 'energy', 'forces', 'stress'}}


def database(**entry: Any) -> dict[str, dict[str, Any]]:
    """Named as the files it was made of, which a folder lists in any order."""
    made = {}
    for m, (key, c) in reversed(list(enumerate(ROWS))):
        atoms = ase.Atoms("Cu4", positions=c["x"], cell=[9, 9, 9], pbc=True)
        atoms.set_array(D, c["D"])
        atoms.set_array(PHI, c["Phi"])
        made[f"01_{key}_{m:06d}.poscar"] = {"atoms": atoms, "energy": c["E"], "forces": c["F"], "stress": None} | entry
    return made


def test_a_database_of_atoms_is_read_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "db.pkl").write_bytes(pickle.dumps(database()))
    data = fl.io.read(tmp_path / "db.pkl", check=False)
    assert sorted(data) == ["01_300K", "01_600K"]
    for key in make.KEYS:
        t, expected = data[f"01_{key}"], make.configurations(key)
        np.testing.assert_allclose(t.energies, [c["E"] for c in expected], rtol=1e-12)
        np.testing.assert_allclose(t.forces, np.concatenate([c["F"].ravel() for c in expected]), rtol=1e-12)
        np.testing.assert_allclose(t.forces, t.force_descriptors @ make.THETA, atol=1e-10)
        assert t.cell.shape == (3, 3, 3)


def test_names_without_numbers_are_one_trajectory_and_energies_may_be_missing(read: Callable) -> None:
    given = dict(zip("abcdef", database(energy=None).values(), strict=True))
    (stored,) = read(given)
    assert stored.key == "frame" and len(stored.n_atoms) == 6 and "energies" not in stored.entries


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"energy": "low"}, "energy of frame.pkl, '01_600K_000003.poscar': expected numbers of shape .* got str"),
        (
            {"forces": np.zeros((3, 3))},
            r"forces of frame.pkl, .*: expected numbers of shape \(4, 3\), got shape \(3, 3\)",
        ),
        ({"stress": np.zeros(5)}, r"stress of frame.pkl, .*: expected .* got shape \(5,\)"),
    ],
)
def test_what_a_database_may_not_hold(read: Callable, entry: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(database(**entry))


def test_the_same_arrays_named_ten_thousand_times_are_not_copied(read: Callable) -> None:
    atoms = ase.Atoms(numbers=np.full(10_000, 29), positions=np.zeros((10_000, 3)))
    content = {"a": {"atoms": [atoms] * 10_000, "energies": [0.0] * 10_000}}
    with pytest.raises(ValueError, match="frame.pkl, key 'a': expected at most .* bytes of arrays .* repeats the same"):
        read(content)


def test_a_frame_of_another_layout_is_converted_by_the_line_that_its_refusal_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    arrays = [(np.full(n, 29), rng.normal(size=(n, 3)), rng.normal(size=(n, 3))) for n in (2, 3)]
    frame = pd.DataFrame(arrays, columns=["numbers", "positions", "forces"]).assign(energy=[-1.0, -2.5])
    frame.assign(odd=[{"a": 1}, 2.0]).to_pickle(tmp_path / "odd.pkl")
    with pytest.raises(
        ValueError, match=r"column 'odd' .*; or convert the frame where it was made: np.savez"
    ) as refusal:
        fl.io.open(tmp_path / "odd.pkl")
    monkeypatch.chdir(tmp_path)
    exec(str(refusal.value).partition("where it was made: ")[2], {"np": np, "frame": frame})
    (found,) = fl.io.read_frames(tmp_path / "frame.npz")
    np.testing.assert_array_equal(found.forces, np.concatenate(frame["forces"]))
    np.testing.assert_array_equal(found.positions, np.concatenate(frame["positions"]))
    assert found.energies.tolist() == [-1.0, -2.5] and found.n_atoms.tolist() == [2, 3]
