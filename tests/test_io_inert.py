"""The inert reader: benign pickle files of all generations are read, hostile and damaged ones are refused."""

import copyreg
import importlib.util
import os
import pickle
import random
import struct
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
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


def check_plain(value: object) -> None:
    """Only builtins, numpy scalars, plain arrays and records, at every depth."""
    if isinstance(value, np.ndarray):
        assert type(value) is np.ndarray and value.dtype.kind in "biufcSUOMm"
        if value.dtype.kind == "O":
            for item in value.ravel():
                check_plain(item)
    elif type(value) is inert.Record:
        assert type(value.name) is str and type(value.args) is tuple
        check_plain(value.args)
        check_plain(value.state)
    elif type(value) is dict:
        for key, item in value.items():
            check_plain(key)
            check_plain(item)
    elif type(value) in (list, tuple, set, frozenset):
        for item in value:
            check_plain(item)
    else:
        assert type(value) in (str, bytes, int, float, complex, bool, type(None)) or isinstance(value, np.generic)


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


# -- hostile files


def text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def name(module: str, attribute: str) -> bytes:
    return text(module) + text(attribute) + b"\x93"


def body(value: object) -> bytes:
    """The opcodes of a plain value, without protocol and STOP; they use the first numbers of the memo."""
    return pickle.dumps(value, protocol=3)[2:-1]


def call(module: str, attribute: str, *args: object) -> bytes:
    return name(module, attribute) + body(args) + b"R"


RECONSTRUCT = name("numpy._core.multiarray", "_reconstruct")
ARRAY = RECONSTRUCT + b"(" + name("numpy", "ndarray") + body((0,)) + body(b"b") + b"tR"
ATOMS = name("ase.atoms", "Atoms") + b")\x81"


def dtype(code: str, order: str = "<", flags: int = 0, fields: object = None) -> bytes:
    names = tuple(fields) if fields else None
    size = int(code[1:] or 0) * {"S": 1, "U": 4}[code[0]] if code[0] in "SU" else -1
    state = (3, order, None, names, fields, size, -1, flags)
    return call("numpy", "dtype", code, False, True) + body(state) + b"b"


def array(code: str, shape: object, data: bytes, *, flags: int = 0) -> bytes:
    return ARRAY + b"(K\x01" + body(shape) + dtype(code, flags=flags) + b"\x89" + data + b"tb"


RECORD_DTYPE = dtype("V8", "|", 0, {"a": 1})
FIELDS_DTYPE = dtype("f8", "<", 0, {"a": 1})
SHELL = "echo run > canary"
PYTHON = "open('canary', 'w').write('run')"
NESTED = pickle.dumps(OrderedDict(a=1))

HOSTILE: dict[str, bytes] = {
    "os.system": call("os", "system", SHELL),
    "posix.system": call("posix", "system", SHELL),
    "nt.system": call("nt", "system", SHELL),
    "os.system by protocol 0": b"cos\nsystem\n(V" + SHELL.encode() + b"\ntR.",
    "INST": b"(V" + SHELL.encode() + b"\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nV" + SHELL.encode() + b"\no.",
    "eval": call("builtins", "eval", PYTHON),
    "exec": call("builtins", "exec", PYTHON),
    "__builtin__.eval": call("__builtin__", "eval", PYTHON),
    "compile": call("builtins", "compile", PYTHON, "x", "exec"),
    "open": call("builtins", "open", "canary", "w"),
    "__import__": call("builtins", "__import__", "hostile_module"),
    "getattr of a name": name("builtins", "getattr") + b"(" + name("numpy", "ndarray") + text("tofile") + b"tR",
    "getattr of a module": name("builtins", "getattr") + b"(" + name("os", "path") + text("os") + b"tR",
    "getattr of Atoms dunder": name("builtins", "getattr") + b"(" + ATOMS + text("__class__") + b"tR",
    "getattr called": name("builtins", "getattr") + b"(" + ATOMS + text("write") + b"tR" + body(("canary",)) + b"R",
    "getattr of a list": name("builtins", "getattr") + b"(]" + text("append") + b"tR",
    "Popen": call("subprocess", "Popen", SHELL),
    "check_output": call("subprocess", "check_output", SHELL),
    "numpy.load": call("numpy", "load", "nested.pkl", None, True),
    "numpy.memmap": call("numpy", "memmap", "canary", "float64", "w+", 0, (1,)),
    "numpy.savetxt": call("numpy", "savetxt", "canary", [1.0]),
    "numpy.testing runstring": call("numpy.testing._private.utils", "runstring", PYTHON, {}),
    "numpy.f2py": call("numpy.f2py.crackfortran", "myeval", PYTHON),
    "pandas.read_pickle": call("pandas", "read_pickle", "nested.pkl"),
    "pandas.io": call("pandas.io.pickle", "read_pickle", "nested.pkl"),
    "pandas eval": call("pandas.core.computation.eval", "eval", "@os.system('x')"),
    "ase.io.write": call("ase.io", "write", "canary", None),
    "ase.io.read": call("ase.io.formats", "read", "nested.pkl"),
    "import_module": call("importlib", "import_module", "hostile_module"),
    "hostile module": call("hostile_module", "Thing"),
    "runpy": call("runpy", "run_path", "nested.pkl"),
    "pickle.loads": call("pickle", "loads", NESTED),
    "_pickle.loads": call("_pickle", "loads", NESTED),
    "dotted name": name("ase.atoms", "Atoms.write") + body(("canary",)) + b"R",
    "dotted name to os": name("ase.atoms", "os.system") + body((SHELL,)) + b"R",
    "ase function": call("ase.atoms", "os"),
    "dunder of a known module": call("builtins", "__build_class__"),
    "lookalike module": call("asex.atoms", "Atoms"),
    "name with newline": call("ase.atoms\nos", "System"),
    "functools.partial": call("functools", "partial", 1),
    "operator.attrgetter": call("operator", "attrgetter", "system"),
    "types.CodeType": call("types", "CodeType", 0),
    "ctypes": call("ctypes", "CDLL", "libc.so.6"),
    "BUILD on a name": name("ase.atoms", "Atoms") + body({"__setstate__": 1}) + b"b",
    "BUILD on our dtype": name("numpy", "dtype") + body({"value": 1}) + b"b",
    "BUILD on a list": b"]" + body({"append": 1}) + b"b",
    "BUILD on a dict": b"}" + body({"__class__": 1}) + b"b",
    "BUILD on a scalar": call("numpy._core.multiarray", "scalar")[:-1] + b"b",
    "BUILD twice": ATOMS + body((1,)) + b"b" + body({}) + b"b",
    "NEWOBJ of a function": name("builtins", "getattr") + b")\x81",
    "NEWOBJ of ndarray": name("numpy", "ndarray") + body((10**12,)) + b"\x81",
    "NEWOBJ of a list": b"])\x81",
    "NEWOBJ_EX with keywords": name("ase.atoms", "Atoms") + b")" + body({"a": 1}) + b"\x92",
    "REDUCE of a record": ATOMS + b")R",
    "REDUCE with a list": name("builtins", "set") + b"]R",
    "APPEND to a record": ATOMS + body(1) + b"a",
    "SETITEM on a list": b"]" + body(0) + body(1) + b"s",
    "SETITEM on a name": name("ase.atoms", "Atoms") + text("a") + body(1) + b"s",
    "EXT1": b"\x82\x07",
    "EXT2": b"\x83\x07\x01",
    "EXT4": b"\x84\x07\x01\x00\x00",
    "PERSID": b"Pcanary\n",
    "BINPERSID": body("canary") + b"Q",
    "NEXT_BUFFER": b"\x97",
    "object array from bytes": array("O", (1,), body(b"\x41" * 8)),
    "object array, flags cleared": array("O8", (1,), body(b"\x41" * 8), flags=0),
    "object bytes by _frombuffer": name("numpy._core.numeric", "_frombuffer")
    + b"("
    + body(b"A" * 8)
    + dtype("O8", "|", 0)
    + body((1,))
    + text("C")
    + b"tR",
    "object scalar": name("numpy._core.multiarray", "scalar") + b"(" + dtype("O8", "|", 63) + body(b"A" * 8) + b"tR",
    "object array with a call": array("O", (1,), b"](" + call("os", "system", SHELL) + b"e"),
    "list with a call deep inside": b"](](](" + call("os", "system", SHELL) + b"eee",
    "structured dtype": ARRAY
    + b"(K\x01"
    + body((1,))
    + dtype("V8", "|", 0, {"a": 1})
    + b"\x89"
    + body(b"A" * 8)
    + b"tb",
    "fields on a number": ARRAY + b"(K\x01" + body((1,)) + FIELDS_DTYPE + b"\x89" + body(b"A" * 8) + b"tb",
    "void dtype": array("V8", (1,), body(b"A" * 8)),
    "dtype from text": call("numpy", "dtype", "f8,O"),
    "dtype with a shape": call("numpy", "dtype", "(9999999,9999999)f8"),
    "StringDType": array("T", (1,), body(b"A" * 16)),
    "array too short": array("f8", (2,), body(b"A" * 8)),
    "array too long": array("f8", (2,), body(b"A" * 24)),
    "array of negative shape": array("f8", (-1, -1), body(b"A" * 8)),
    "array of true shape": array("f8", (True,), body(b"A" * 8)),
    "array of 16 TB": array("f8", (2**41,), body(b"A" * 8)),
    "array of overflowing shape": array("f8", (2**32, 2**32), body(b"")),
    "array of huge empty items": array("U999999999", (2**40,), body(b"")),
    "array of no items of nothing": array("S0", (2**40,), body(b"")),
    "array of false truth": array("b1", (1,), body(b"\x07")),
    "array of false text": array("U1", (1,), body(b"\xff" * 4)),
    "array without data": ARRAY,
    "array subclass": RECONSTRUCT + b"(" + name("numpy", "memmap") + b")tR",
    "array of a record class": RECONSTRUCT + b"(" + name("ase.atoms", "Atoms") + b")tR",
    "bytearray bomb": call("builtins", "bytearray", 32 * 10**9),
    "bytes bomb": call("builtins", "bytes", 32 * 10**9),
    "set bomb": b"(" + body(list(range(2000))) + b"q\x01" + (name("builtins", "set") + b"h\x01\x85R") * 900 + b"t",
    "memo index": b"Nr\xff\xff\xff\x7f",
    "memo index in text": b"Np99999999999\n",
    "memo index below zero": b"Np-1\n",
    "memo never set": b"h\x05",
    "bytes of 2^60": b"\x8e" + struct.pack("<Q", 2**60),
    "text of 2^63": b"\x8d" + struct.pack("<Q", 2**63),
    "bytearray of 2^40": b"\x96" + struct.pack("<Q", 2**40),
    "bytes of negative length": b"T" + struct.pack("<i", -1),
    "integer of 2 GB": b"\x8b" + struct.pack("<i", 2**31 - 1),
    "integer of many digits": b"L" + b"9" * 10_000 + b"L\n",
    "frame of 2^60": b"\x95" + struct.pack("<Q", 2**60) + b"N",
    "protocol 77": b"\x80\x4dN",
    "list in itself": b"]q\x00h\x00a",
    "dict in itself": b"}q\x00" + text("a") + b"h\x00s",
    "record in itself": ATOMS + b"q\x00h\x00b",
    "array in itself": ARRAY + b"q\x40(K\x01" + body((1,)) + dtype("O8", "|", 63) + b"\x89](h\x40etb",
    "deep tuple": b")" + b"\x85" * 200_000,
    "deep list": b"]" * 200_000 + b"a" * 199_999,
    "deep records": name("ase.atoms", "Atoms") + b"q\x00)\x81" + b"h\x00)\x81" * 100_000 + b"b" * 100_000,
    "deep tuple as a key": b"})" + b"\x85" * 200_000 + b"Ns",
    "key that doubles": b"})" + b"2\x86" * 60 + b"Ns",
    "member of a set that doubles": b"\x8f()" + b"2\x86" * 60 + b"\x90",
    "list as a key": b"}]Ns",
    "number of 10^5 bits as a key": b"}" + body(1 << 100_000) + b"Ns",
    "codec": call("_codecs", "encode", "x", "rot13"),
    "decompressor": call("_codecs", "decode", b"x", "zlib"),
    "text that is not UTF-8": b"X\x02\x00\x00\x00\xff\xfe",
    "quoted text without end": b"S'abc\n",
    "escape in text": b"S'\\x4'\n",
    "broken number": b"Fabc\n",
    "pop of nothing": b"0",
    "mark left open": b"(N",
    "two values": b"NN",
    "odd number of items": b"}(NNNu",
    "no opcode": b"\xffN",
    "empty": b"",
    "two objects": b"N.N",
    "table of nothing": name("pandas", "DataFrame") + b")\x81",
    "table of scalars": name("pandas", "DataFrame") + b")\x81" + body({"_mgr": 1}) + b"b",
    "table of endless columns": name("pandas", "DataFrame")
    + b")\x81}"
    + text("_mgr")
    + name("pandas.core.internals.managers", "BlockManager")
    + b"(("
    + name("pandas._libs.internals", "_unpickle_block")
    + b"("
    + array("f8", (10**12, 0), body(b""))
    + call("builtins", "slice", 0, 10**12, 1)
    + b"K\x02tRt]tRsb",
    "arrow text of wrong offsets": name("pyarrow.lib", "_restore_array")
    + b"(("
    + call("pyarrow.lib", "type_for_alias", "large_string")
    + body(1)
    + body(0)
    + body(0)
    + body([None, struct.pack("<qq", 5, 10**15), b"abc"])
    + b"]NttR",
    "arrow number": name("pyarrow.lib", "_restore_array")
    + b"(("
    + call("pyarrow.lib", "type_for_alias", "int64")
    + body(1)
    + body(0)
    + body(0)
    + b"]]NttR",
}
assert len(HOSTILE) > 100


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where a file that runs anything would leave a canary, and a module whose import leaves one too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "hostile_module.py").write_text(PYTHON + "\nclass Thing: pass\n")
    (tmp_path / "nested.pkl").write_bytes(b"cos\nsystem\n(V" + SHELL.encode() + b"\ntR.")
    before = set(sys.modules)
    yield tmp_path
    assert not (tmp_path / "canary").exists(), "the file ran something"
    assert set(sys.modules) <= before, "the file imported something"


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_damaged_files_are_refused(guarded: Path, kind: str) -> None:
    path = guarded / "given.pkl"
    path.write_bytes(HOSTILE[kind] + b".")
    with pytest.raises(inert.UnsafePickle) as refused:
        inert.load(path)
    message = str(refused.value)
    assert message.startswith(str(path)) and message.endswith("extended xyz.")
    assert "\n" not in message and len(message) < 600
    assert refused.value.__cause__ is None


def test_an_unknown_name_is_told(loads: Callable[[bytes], object]) -> None:
    with pytest.raises(inert.UnsafePickle, match=r"names os\.system, which is not part of a data file; noth"):
        loads(HOSTILE["os.system"] + b".")


def test_a_registered_extension_is_not_used(guarded: Path) -> None:
    copyreg.add_extension("os", "system", 200)
    try:
        path = guarded / "given.pkl"
        warm = pickle.loads(b"\x80\x02\x82\xc8.")  # the cache now holds the function itself
        assert warm is os.system
        path.write_bytes(b"\x80\x02\x82\xc8" + body((SHELL,)) + b"R.")
        with pytest.raises(inert.UnsafePickle, match="EXT1"):
            inert.load(path)
    finally:
        copyreg.remove_extension("os", "system", 200)
        copyreg.clear_extension_cache()


def test_a_setstate_of_the_file_is_only_data(loads: Callable[[bytes], object]) -> None:
    state = {"__setstate__": 1, "__class__": 2, "__dict__": {"name": 3}, "name": "x", "_build": 4}
    found = loads(ATOMS + body(state) + b"b.")
    assert type(found) is inert.Record and found.name == "ase.atoms.Atoms" and found.state == state
    assert loads(ATOMS + b"N\x86.")[0].state is None, "nothing of one file is left for the next"


def test_a_class_named_but_not_called_is_a_record(loads: Callable[[bytes], object]) -> None:
    found = loads(name("ase.atoms", "Atoms") + b".")
    assert type(found) is inert.Record and found.args == () and found.state is None


def test_small_files_cannot_fill_the_memory(loads: Callable[[bytes], object]) -> None:
    payload = body(b"\0" * 100_000) + b"q\xc8"
    views = ARRAY + b"(K\x01" + body((12_500,)) + dtype("f8") + b"\x89h\xc8tb"
    found = loads(b"(" + payload + views * 500 + b"t.")  # 50 MB of arrays, all of them the same 100 kB
    assert len({a.__array_interface__["data"][0] for a in found[1:]}) == 1


def test_text_of_python_2_is_latin_1(loads: Callable[[bytes], object]) -> None:
    assert loads(b"(S'abc'\nU\x02\xff\xfeT\x01\x00\x00\x00xt.") == ("abc", "\xff\xfe", "x")
    assert loads(array("f8", (1,), b"U\x08" + struct.pack("<d", 1.5)) + b".").tolist() == [1.5]


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        inert.load(tmp_path / "none.pkl")


@pytest.mark.parametrize("pattern", ["theta-numpy1.23-p2", "theta-numpy2.4-p4", "theta-numpy2.4-p5"])
def test_truncated_at_every_byte(loads: Callable[[bytes], object], pattern: str) -> None:
    data = (FOLDER / f"{pattern}.pkl").read_bytes()
    for end in range(len(data)):
        with pytest.raises(inert.UnsafePickle):
            loads(data[:end])


@pytest.mark.parametrize(
    "pattern",
    ["theta-numpy1.23-p2", "theta-numpy2.4-p5", "frame-numpy2.4-pandas3.1-p4", "mdcalc-numpy1.23-ase3.22-p4"],
)
def test_random_damage_gives_data_or_a_refusal(guarded: Path, pattern: str) -> None:
    data, path = (FOLDER / f"{pattern}.pkl").read_bytes(), guarded / "given.pkl"
    rng = random.Random(pattern)
    for _ in range(1000):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 8))):
            place = rng.randrange(len(damaged))
            match rng.randrange(3):
                case 0:
                    damaged[place] = rng.randrange(256)
                case 1:
                    del damaged[place : place + rng.randrange(1, 9)]
                case 2:
                    damaged[place:place] = rng.choice([b"(", b"R", b"b", b"\x81", b"u", b"e", b"t", b"h\x01", b"\x93"])
        path.write_bytes(damaged)
        try:
            check_plain(inert.load(path))
        except inert.UnsafePickle:
            pass


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60))
def test_noise_gives_data_or_a_refusal(loads: Callable[[bytes], object], data: bytes) -> None:
    try:
        check_plain(loads(data + b"."))
    except inert.UnsafePickle:
        pass
