"""The inert reader: benign pickle files of all generations are read, hostile and damaged ones are refused."""

import importlib.util
import pickle
import struct
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import opcodes
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fisherlib.io import inert

FOLDER = Path(__file__).parent / "pickles"
_spec = importlib.util.spec_from_file_location("pickles_make", FOLDER / "make.py")
make = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(make)


def files(kind: str) -> list[Path]:
    found = sorted(FOLDER.glob(f"{kind}-*.pkl"))
    assert len(found) == 12, "four generations, three protocols"
    return found


def close(found: object, expected: object) -> bool:
    """Equal but for the last digits of exp, which differ between generations of numpy."""
    return np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-13, atol=1e-14)


def by_name(path: Path) -> str:
    return path.stem


@pytest.fixture
def loads(tmp_path: Path) -> Callable[[bytes], object]:
    path = tmp_path / "given.pkl"

    def loads(data: bytes) -> object:
        path.write_bytes(data)
        return inert.load(path)

    return loads


def check_plain(value: object, seen: set[int] | None = None) -> None:
    """Only builtins, numpy scalars, plain arrays and records, at every depth."""
    seen = set() if seen is None else seen  # what a file shares is looked at once
    if id(value) in seen:
        return
    if isinstance(value, np.ndarray):
        assert type(value) is np.ndarray and value.dtype.kind in "biufcSUOMm"
        inner = list(value.ravel()) if value.dtype.kind == "O" else []
    elif type(value) is inert.Record:
        assert type(value.name) is str and type(value.args) is tuple
        inner = [value.args, value.state]
    elif type(value) is dict:
        inner = [*value.keys(), *value.values()]
    elif type(value) in (list, tuple, set, frozenset):
        inner = list(value)
    else:
        assert type(value) in (str, bytes, int, float, complex, bool, type(None)) or isinstance(value, np.generic)
        return
    seen.add(id(value))
    for item in inner:
        check_plain(item, seen)


# -- benign files


@pytest.mark.parametrize("path", files("md") + files("mdcalc"), ids=by_name)
def test_atoms_of_all_generations(path: Path) -> None:
    data = inert.load(path)
    check_plain(data)
    assert list(data) == list(make.KEYS)
    for key in make.KEYS:
        expected = make.configurations(key)
        assert close(data[key]["energies"], [c["E"] for c in expected])
        for i, (atoms, c) in enumerate(zip(data[key]["atoms"], expected, strict=True)):
            assert atoms.name == "ase.atoms.Atoms"
            arrays = atoms.state["arrays"]
            assert np.array_equal(arrays["positions"], c["x"])
            assert close(arrays["milady-descriptors"], c["D"])
            assert close(arrays["milady-descriptors-forces"], c["Phi"])
            assert close(arrays["forces"], c["F"])
            assert arrays["numbers"].tolist() == [29] * make.N_ATOMS
            assert not atoms.state["_pbc"].any() and not atoms.state["_cellobj"].state["array"].any()
            if path.name.startswith("mdcalc") and i == 0:
                calculator = atoms.state["_calc"]
                assert calculator.name == "ase.calculators.singlepoint.SinglePointCalculator"
                assert close(calculator.state["results"]["energy"], c["E"])
            else:
                assert atoms.state["_calc"] is None


@pytest.mark.parametrize("path", files("frame"), ids=by_name)
def test_data_frames_of_all_generations(path: Path) -> None:
    columns = inert.load(path)
    check_plain(columns)
    expected = [(key, c) for key in make.KEYS for c in make.configurations(key)]
    assert list(columns) == ["key", "energy", "n_atoms", "descriptors", "force_descriptors", "forces"]
    assert columns["key"].tolist() == [key for key, _ in expected]
    assert close(columns["energy"], [c["E"] for _, c in expected])
    assert columns["n_atoms"].tolist() == [make.N_ATOMS] * len(expected)
    for column, name in (("descriptors", "D"), ("force_descriptors", "Phi"), ("forces", "F")):
        assert all(close(a, c[name]) for a, (_, c) in zip(columns[column], expected, strict=True))


@pytest.mark.parametrize("path", files("theta"), ids=by_name)
def test_theta_of_all_generations(path: Path) -> None:
    theta = inert.load(path)
    assert np.array_equal(theta["coef"], make.THETA) and theta["intercept"] == make.E0


def test_the_files_are_physically_consistent() -> None:
    for c in make.configurations("300K"):
        numeric = np.empty_like(c["Phi"])
        for i, a in np.ndindex(c["x"].shape):
            step = np.zeros_like(c["x"])
            step[i, a] = 1e-5
            plus, minus = make.descriptors(c["x"] + step)[0], make.descriptors(c["x"] - step)[0]
            numeric[i, a] = -(plus - minus).sum(0) / 2e-5
        np.testing.assert_allclose(c["Phi"], numeric, atol=1e-9)


def test_nothing_but_numpy_is_needed() -> None:
    code = (
        "import sys, glob\n"
        "for name in ('pandas', 'ase', 'pyarrow'): sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(Path(inert.__file__).parents[1])!r})\n"  # without its neighbours
        "import inert\n"
        f"paths = glob.glob({str(FOLDER / '*.pkl')!r})\n"
        "for path in paths: inert.load(path)\n"
        "assert not any(name.startswith(('ase.', 'pandas.', 'pyarrow.', 'fisherlib')) for name in sys.modules)\n"
        "print(len(paths))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "48", done.stderr


ARRAYS = {
    "float": np.arange(6.0).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "permuted": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "strided": np.arange(10)[::3],
    "big-endian": np.arange(4, dtype=">f4"),
    "days": np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
    "steps": np.array([5, 6], dtype="m8[25s]"),
    "text": np.array(["a", "βγδ"]),
    "bytes": np.array([b"a", b"xyz"]),
    "truth": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "half": np.array([1.5], dtype=np.float16),
    "empty": np.zeros((0, 3)),
    "point": np.array(3.5),
}


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_kind_and_protocol(loads: Callable[[bytes], object], protocol: int) -> None:
    found = loads(pickle.dumps(ARRAYS, protocol=protocol))
    for name, array in ARRAYS.items():
        assert found[name].shape == array.shape and found[name].dtype == array.dtype.newbyteorder(
            found[name].dtype.byteorder
        )
        np.testing.assert_array_equal(found[name], array)
        assert found[name].flags.aligned and not found[name].flags.writeable


@pytest.mark.parametrize("protocol", range(6))
def test_objects_and_scalars(loads: Callable[[bytes], object], protocol: int) -> None:
    shared = [1.5]
    given = {
        "objects": np.array([[1, "a"], [None, np.arange(3)]], dtype=object),
        "scalars": (np.float32(1.5), np.int64(-4), np.bool_(True), np.str_("é"), np.datetime64("2020-01-01")),
        "numbers": [0, 255, 65535, -1, 10**30, -(3**200), 0.1, float("inf"), 1 + 2j, True, False, None],
        "texts": ["", "é€\n\\\0", "\ud800", b"", b"\xff\0", bytearray(b"abc"), "x" * 300, b"x" * 300],
        "sets": ({1, 2}, frozenset({"a"}), set()),
        "ordered": OrderedDict(a=1, b=2),
        ("a", 1): shared,
        7: shared,
    }
    found = loads(pickle.dumps(given, protocol=protocol))
    check_plain(found)
    assert found.pop("objects")[1, 1].tolist() == [0, 1, 2]
    given.pop("objects")
    assert found == given and found[7] is found["a", 1]
    assert [type(n) for n in found["numbers"]] == [type(n) for n in given["numbers"]]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=plain, protocol=st.integers(0, 5))
def test_plain_values_survive(loads: Callable[[bytes], object], value: object, protocol: int) -> None:
    assert loads(pickle.dumps(value, protocol=protocol)) == value


def test_pandas_columns_of_many_kinds(loads: Callable[[bytes], object]) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0], "s": ["a", None, "c"]})
    frame["i"] = pd.array([1, None, 3], dtype="Int64")
    frame["b"] = pd.array([True, None, False], dtype="boolean")
    frame["c"] = pd.Categorical(["u", "v", None])
    frame["t"] = pd.date_range("2020-01-01", periods=3, tz="UTC")
    found = loads(pickle.dumps(frame.set_index("y")))
    check_plain(found)
    assert found["x"].tolist() == [1.0, 2.0, 3.0] and found["s"][0] == "a" and found["s"][2] == "c"
    assert found["i"][0] == 1.0 and np.isnan(found["i"][1]) and found["b"].tolist() == [True, None, False]
    assert found["c"].tolist() == ["u", "v", None] and found["t"].dtype.kind == "M" and "y" not in found
    assert loads(pickle.dumps(frame["x"])).tolist() == [1.0, 2.0, 3.0]
    assert list(loads(pickle.dumps(pd.DataFrame(np.eye(2))))) == [0, 1]
    wide = pd.DataFrame(np.eye(2), columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")]))
    assert list(loads(pickle.dumps(wide))) == [("a", "x"), ("b", "y")]
    period = pd.DataFrame({"p": pd.interval_range(0, 2)})
    with pytest.raises(inert.UnsafePickle, match="Interval"):
        loads(pickle.dumps(period))


def test_a_class_named_but_not_called_is_a_record(loads: Callable[[bytes], object]) -> None:
    found = loads(opcodes.name("ase.atoms", "Atoms") + b".")
    assert type(found) is inert.Record and found.args == () and found.state is None


def test_small_files_cannot_fill_the_memory(loads: Callable[[bytes], object]) -> None:
    payload = opcodes.body(b"\0" * 100_000) + b"q\xc8"
    views = opcodes.ARRAY + b"(K\x01" + opcodes.body((12_500,)) + opcodes.dtype("f8") + b"\x89h\xc8tb"
    found = loads(b"(" + payload + views * 500 + b"t.")  # 50 MB of arrays, all of them the same 100 kB
    assert len({a.__array_interface__["data"][0] for a in found[1:]}) == 1


def test_text_of_python_2_is_latin_1(loads: Callable[[bytes], object]) -> None:
    assert loads(b"(S'abc'\nU\x02\xff\xfeT\x01\x00\x00\x00xt.") == ("abc", "\xff\xfe", "x")
    assert loads(opcodes.array("f8", (1,), b"U\x08" + struct.pack("<d", 1.5)) + b".").tolist() == [1.5]


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inert.load(tmp_path / "none.pkl")
