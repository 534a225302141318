"""Hostile and damaged pickles: nothing in them is run or imported, nothing fills the memory, and all are refused alike."""

import copyreg
import json
import os
import pickle
import pickletools
import random
import struct
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import ase
import numpy as np
import pandas as pd
import pytest
from guard import Guard, child, consistent, settle
from hypothesis import HealthCheck, settings
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from opcodes import ARRAY, ATOMS, RECONSTRUCT, array, body, call, dtype, name, text
from test_io_inert import FOLDER, check_plain, make

from fisherlib.io import inert, read_theta
from fisherlib.io.formats import pickles

CASES = int(os.environ.get("FISHERLIB_CASES", "150"))
SECONDS = 2.0

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
    # what the warm caches of the child make of registered codes
    "EXT1, registered": b"\x80\x02\x82\xc8" + body((SHELL,)) + b"R",
    "EXT2, registered": b"\x80\x02\x83\xe8\x03" + body((SHELL,)) + b"R",
    "EXT4, registered": b"\x80\x02\x84\xa0\x86\x01\x00" + body((SHELL,)) + b"R",
    "getattr chain to subclasses": name("builtins", "getattr")
    + b"("
    + (name("builtins", "getattr") + b"(" + name("builtins", "object") + text("__class__") + b"tR")
    + text("__subclasses__")
    + b"tR)R",
    "getattr of a getattr": name("builtins", "getattr")
    + b"("
    + (name("builtins", "getattr") + b"(" + ATOMS + text("a") + b"tR")
    + text("__globals__")
    + b"tR",
    "nested read in a list": b"](" + call("pandas", "read_pickle", "nested.pkl") + b"e",
    "nested load in a state": ATOMS + b"}" + text("arrays") + call("numpy", "load", "nested.pkl", None, True) + b"sb",
    "numpy.fromfile": call("numpy", "fromfile", "nested.pkl"),
    "numpy.lib.npyio": call("numpy.lib.npyio", "load", "nested.pkl"),
    "numpy.frombuffer": call("numpy", "frombuffer", b"A" * 8),
    "joblib": call("joblib.numpy_pickle", "load", "nested.pkl"),
    "torch": call("torch.storage", "_load_from_bytes", NESTED),
    "platform": call("platform", "popen", SHELL),
    "pty": call("pty", "spawn", "/bin/sh"),
    "webbrowser": call("webbrowser", "open", "canary"),
    "shutil": call("shutil", "rmtree", "."),
    "BUILD on an array": ARRAY + body({"value": 1}) + b"b",
    "BUILD on the opener of arrays": RECONSTRUCT + body({"call": 1}) + b"b",
    "BUILD on a set": b"\x8f" + body({"add": 1}) + b"b",
    "BUILD on a shared record by two": ATOMS + b"q\x20" + body((1,)) + b"bh\x20" + body((2,)) + b"b",
    "dtype of another size": ARRAY
    + b"(K\x01"
    + body((1,))
    + call("numpy", "dtype", "U1", False, True)
    + body((3, "<", None, None, None, 2**40, 4, 8))
    + b"b\x89"
    + body(b"A" * 4)
    + b"tb",
    "dtype with metadata": ARRAY
    + b"(K\x01"
    + body((1,))
    + call("numpy", "dtype", "M8", False, True)
    + body((4, "<", None, None, None, -1, -1, 0, ({}, (b"fortnights", 1, 1, 1))))
    + b"b\x89"
    + body(b"A" * 8)
    + b"tb",
    "dtype of a subarray": ARRAY
    + b"(K\x01"
    + body((1,))
    + call("numpy", "dtype", "f8", False, True)
    + body((3, "<", ("f8", (2**40,)), None, None, -1, -1, 0))
    + b"b\x89"
    + body(b"A" * 8)
    + b"tb",
    "dtype of a class": ARRAY
    + b"(K\x01"
    + body((1,))
    + name("numpy", "dtype")
    + name("ase.atoms", "Atoms")
    + b"\x85R\x89)tb",
    "array of 128 GB": array("f8", (2**34,), body(b"A" * 8)),
    "array of 33 axes": array("f8", (1,) * 33, body(b"A" * 8)),
    "array filled twice": ARRAY[:-1] + b"R" + array("f8", (1,), body(b"A" * 8))[len(ARRAY) :] * 2,
    "objects of 2^40": array("O", (2**40,), b"]"),
    "bytearray of 32 GB": b"\x96" + struct.pack("<Q", 32 * 10**9),
    "text of 4 GB": b"X" + struct.pack("<I", 2**32 - 1),
    "memo index 2^31": b"Nr" + struct.pack("<I", 2**31),
    "memo index 2^32": b"Nj" + struct.pack("<I", 2**32 - 1),
    "integer of negative length": b"\x8b" + struct.pack("<i", -1),
    "integer of 10^6 digits": b"I" + b"9" * 10**6 + b"\n",
    "float without end": b"F" + b"1" * 10**6,
    "line without end": b"c" + b"a" * 10**6,
    "range of 10^30": name("pandas", "DataFrame")
    + b")\x81}"
    + text("_mgr")
    + name("pandas.core.internals.managers", "BlockManager")
    + b"(("
    + name("pandas._libs.internals", "_unpickle_block")
    + b"("
    + array("f8", (1, 1), body(b"A" * 8))
    + call("builtins", "slice", 0, 10**30, 1)
    + b"K\x02tRt]tRsb",
    "STACK_GLOBAL with numbers": body(1) + body(2) + b"\x93",
    "STACK_GLOBAL with bytes": body(b"os") + body(b"system") + b"\x93",
    "STACK_GLOBAL with an empty stack": b"\x93",
    "GLOBAL with dots": b"cos.path\nos.system\n",
    "GLOBAL that is not UTF-8": b"c\xff\xfe\nAtoms\n",
    "GLOBAL with a NUL": b"cos\x00\nsystem\n",
    "name in look-alike letters": call("\u043es", "system", SHELL),
    "NEWOBJ_EX of a function": name("os", "system") + body((SHELL,)) + b"}\x92",
    "NEWOBJ_EX with a list": name("ase.atoms", "Atoms") + b"]}\x92",
    "OBJ without a class": b"(o",
    "INST of a known class": b"(iase.atoms\nAtoms\n",
    "PERSID of code": b"Pos.system\n.",
    "READONLY_BUFFER of nothing": b"\x98\x97",
    "frame longer than the file": b"\x80\x04\x95" + struct.pack("<Q", 10**6) + b"N",
    "frame of no bytes": b"\x80\x04\x95\x00\x00",
    "tuple in itself": b"(]q\x00tq\x010h\x00h\x01a0h\x01",
    "set of itself by a record": b"\x8f(" + ATOMS + b"\x90",
    "reduce to itself": name("builtins", "list") + b"q\x10h\x10\x85R",
    "many marks": b"(" * 300_000,
    "deep dict": b"}K\x01" * 100_000 + b"}" + b"s" * 100_000,
    "deep set of tuples": b"\x8f(" + b"(" * 50_000 + b"t" * 50_000 + b"\x90",
    "categories out of range": name("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked")
    + b"("
    + name("pandas", "Categorical")
    + b"K\x01("
    + name("pandas", "CategoricalDtype")
    + b")\x81}"
    + text("categories")
    + array("f8", (1,), body(b"A" * 8))
    + b"sb"
    + array("i8", (1,), body(struct.pack("<q", 2**40)))
    + b"ttR",
}
assert len(HOSTILE) > 170

# Plain data, tiny as a file and endless when they are counted: read by the machine, and refused by what asks for numbers.
LAUGHS = {
    "tuples by DUP": b")" + b"2\x86" * 90,
    "lists by memo": b"]q\x00"
    + b"".join(b"](h" + bytes([i]) + b"h" + bytes([i]) + b"eq" + bytes([i + 1]) for i in range(90)),
    "records by memo": ATOMS
    + b"q\x00"
    + b"".join(
        name("ase.atoms", "Atoms") + b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x81q" + bytes([i + 1])
        for i in range(90)
    ),
}


# -- in the child process


def loads(folder: Path, data: bytes) -> object:
    (folder / "given.pkl").write_bytes(data)
    return inert.load(folder / "given.pkl")


def trap(folder: Path) -> None:
    """Makes the folder one where a file that runs anything leaves a canary, and warms the cache of registered names."""
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    (folder / "hostile_module.py").write_text(PYTHON + "\nclass Thing: pass\n")
    (folder / "nested.pkl").write_bytes(b"cos\nsystem\n(V" + SHELL.encode() + b"\ntR.")
    registered = (("os", "system", 200), ("os", "popen", 1000), ("builtins", "eval", 100_000))
    for (module, function, code), opcodes in zip(
        registered, (b"\x82\xc8", b"\x83\xe8\x03", b"\x84\xa0\x86\x01\x00"), strict=True
    ):
        copyreg.add_extension(module, function, code)
        pickle.loads(b"\x80\x02" + opcodes + b".")  # the cache now holds the function itself
    for data in benign():
        try:
            (folder / "given.pkl").write_bytes(data)
            pickles.read(folder / "given.pkl")  # whatever a first call imports is imported now
        except ValueError:
            pass


def battery(folder: Path) -> dict[str, str]:
    """Kind → what was wrong, or "" if the file was refused as it should be."""
    guard = Guard(folder)
    trap(folder)
    guard.limit_memory()
    return {kind: _judged(guard, folder, kind, data) for kind, data in (HOSTILE | LAUGHS).items()}


def _judged(guard: Guard, folder: Path, kind: str, data: bytes) -> str:
    path = folder / "given.pkl"
    path.write_bytes(data + b".")
    try:
        for read, refusal in ((inert.load, inert.UnsafePickle), (pickles.read, ValueError), (read_theta, ValueError)):
            _, said = guard.call(lambda read=read: read(path), seconds=SECONDS, refusal=refusal, file=path.name)
            assert said or (kind in LAUGHS and read is inert.load), f"{read.__module__} took it for data"
            assert len(said) < 600 and "\n" not in said, f"a long sentence: {said:.300}"
        assert not (folder / "canary").exists(), "it ran something"
    except AssertionError as error:
        return str(error)
    return ""


def benign() -> list[bytes]:
    """Files of the generations, and fresh ones of every layout that is read, in every protocol."""
    found = [path.read_bytes() for path in sorted(FOLDER.glob("*.pkl"))]
    found += [pickle.dumps(value, protocol=protocol) for value in layouts().values() for protocol in range(6)]
    return found


def layouts() -> dict[str, Any]:
    """What the readers of pickles take, small."""
    rows = [(key, c) for key in make.KEYS for c in make.configurations(key)[:2]]
    cells = {
        "key": [key for key, _ in rows],
        "energy": [c["E"] for _, c in rows],
        "numbers": [[29] * make.N_ATOMS for _ in rows],
        "positions": [c["x"].tolist() for _, c in rows],
        "forces": [c["F"] for _, c in rows],
        "milady-descriptors": [c["D"] for _, c in rows],
        "milady-descriptors-forces": [c["Phi"] for _, c in rows],
    }
    flat = {
        "frame": np.repeat(np.arange(len(rows)), make.N_ATOMS),
        "energy": np.repeat([c["E"] for _, c in rows], make.N_ATOMS),
        "species": ["Cu"] * (len(rows) * make.N_ATOMS),
        **{a: np.concatenate([c["x"] for _, c in rows])[:, i] for i, a in enumerate("xyz")},
        **{f"f{a}": np.concatenate([c["F"] for _, c in rows])[:, i] for i, a in enumerate("xyz")},
    }
    atoms = [ase.Atoms("Cu4", positions=c["x"], cell=[9.0] * 3, pbc=True) for _, c in rows]
    return {
        "app": {"a": {"atoms": atoms[:2], "energies": [c["E"] for _, c in rows[:2]]}},
        "database": {
            f"00_bcc_{m:06d}": {"atoms": a, "energy": c["E"], "forces": c["F"], "stress": None}
            for m, (a, (_, c)) in enumerate(zip(atoms, rows, strict=True))
        },
        "frame": pd.DataFrame(cells),
        "flat frame": pd.DataFrame(flat),
        "theta": {"coef": make.THETA, "intercept": make.E0},
    }


BITS = [
    b"(",
    b"R",
    b"b",
    b"\x81",
    b"u",
    b"e",
    b"t",
    b"h\x01",
    b"\x93",
    b"0",
    b"2",
    b"\x85",
    b"\x86",
    b"a",
    b"s",
    b"\x94",
    b".",
]
SIZES = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1]


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Damage of one kind or of several: bytes, opcodes, sizes, and pieces of this or another file."""
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 8))):
        place = rng.randrange(len(damaged) or 1)
        match rng.randrange(9):
            case 0 if damaged:
                damaged[place] = rng.randrange(256)
            case 1 if damaged:
                damaged[place] ^= 1 << rng.randrange(8)
            case 2:
                del damaged[place : place + rng.choice((1, 2, 8, 64))]
            case 3:
                damaged[place:place] = rng.choice(BITS)
            case 4:
                damaged[place:place] = damaged[place : place + rng.randrange(1, 200)]
            case 5:
                first = rng.randrange(len(other))
                damaged[place : place + rng.randrange(100)] = other[first : first + rng.randrange(1, 200)]
            case 6:
                code, size = rng.choice(("<I", "<Q", "<H", "<B")), rng.choice(SIZES)
                damaged[place : place + struct.calcsize(code)] = struct.pack(code, size % 256 ** struct.calcsize(code))
            case 7:
                del damaged[place:]
            case 8:
                damaged[place:place] = HOSTILE[
                    rng.choice(("os.system", "eval", "numpy.load", "BINPERSID", "EXT1, registered"))
                ]
    return bytes(damaged)


def mutations(folder: Path, cases: int) -> dict[str, Any]:
    """What became of so many damaged files."""
    guard = Guard(folder)
    trap(folder)
    files, path = benign(), folder / "given.pkl"
    guard.limit_memory()
    settle()
    begin, found, failures = time.monotonic(), {"read": 0, "refused": 0}, []
    for case in range(cases):
        rng = random.Random(case)
        path.write_bytes(mutated(rng.choice(files), rng.choice(files), rng))
        for read in (pickles.read, inert.load) if case % 4 == 0 else (pickles.read,):
            try:
                result, said = guard.call(
                    lambda read=read: read(path), seconds=SECONDS, refusal=ValueError, file="given.pkl"
                )
                found["refused" if said else "read"] += 1
                if not said and read is inert.load:
                    check_plain(result)
                elif not said:
                    consistent(result)
            except AssertionError as error:
                failures.append(f"case {case}: {error}")
        if (folder / "canary").exists():
            failures.append(f"case {case}: it ran something")
            (folder / "canary").unlink()
    return {**found, "failures": failures[:20], "failed": len(failures), "seconds": time.monotonic() - begin}


CARELESS = {
    "runs": call("os", "system", SHELL),
    "writes": call("builtins", "open", "canary", "w"),
    "imports": call("hostile_module", "Thing"),
    "fills the memory": call("builtins", "bytearray", 32 * 10**9),
    "takes long": call("time", "sleep", 60),
    "is taken for data": body({"coef": [1.0], "intercept": 0.0}),
}


def careless(folder: Path) -> dict[str, str]:
    """What the watch says of a reader that unpickles."""
    guard = Guard(folder)
    trap(folder)
    guard.limit_memory()

    def unpickle() -> object:
        return pickle.loads((folder / "given.pkl").read_bytes())

    found = {}
    for kind, data in CARELESS.items():
        (folder / "given.pkl").write_bytes(data + b".")
        try:
            _, said = guard.call(unpickle, seconds=0.2, refusal=ValueError, file="given.pkl")
            found[kind] = said
        except AssertionError as error:
            found[kind] = str(error)
    return found


# -- the tests


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return child(__file__, "battery", tmp_path_factory.mktemp("battery"), timeout=300)


@pytest.mark.parametrize("kind", HOSTILE | LAUGHS)
def test_hostile_and_damaged_files_are_refused(verdicts: dict[str, str], kind: str) -> None:
    assert verdicts[kind] == ""


def test_the_watch_sees_what_it_looks_for(tmp_path: Path) -> None:
    found = child(__file__, "careless", tmp_path, timeout=120)
    for kind, event in (("runs", "os.system"), ("writes", "open ('canary'"), ("imports", "import ('hostile_module'")):
        assert found[kind].startswith("did: ") and event in found[kind], found[kind]
    assert (tmp_path / "canary").exists()
    assert "bare MemoryError" in found["fills the memory"] and "longer than 0.2 s" in found["takes long"]
    assert found["is taken for data"] == ""


def test_mutations(tmp_path: Path) -> None:
    outcome = child(__file__, "mutations", tmp_path, CASES, timeout=60 + CASES / 50)
    print(outcome)
    assert outcome["failed"] == 0, outcome["failures"]
    assert outcome["read"] > CASES // 100 and outcome["refused"] > CASES // 4


@pytest.fixture
def given(tmp_path: Path) -> Path:
    return tmp_path / "given.pkl"


def test_the_sentence_of_a_refusal(given: Path) -> None:
    for kind in ("os.system", "array of 16 TB", "text that is not UTF-8", "empty"):
        given.write_bytes(HOSTILE[kind] + b".")
        with pytest.raises(inert.UnsafePickle) as refused:
            inert.load(given)
        message = str(refused.value)
        assert message.startswith(str(given)) and message.endswith("extended xyz.")
        assert refused.value.__cause__ is None


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(inert.UnsafePickle, match=r"names os\.system, which is not part of a data file; noth"):
        loads(tmp_path, HOSTILE["os.system"] + b".")


def test_a_setstate_of_the_file_is_only_data(tmp_path: Path) -> None:
    state = {"__setstate__": 1, "__class__": 2, "__dict__": {"name": 3}, "name": "x", "_build": 4}
    found = loads(tmp_path, ATOMS + body(state) + b"b.")
    assert type(found) is inert.Record and found.name == "ase.atoms.Atoms" and found.state == state
    assert loads(tmp_path, ATOMS + b"N\x86.")[0].state is None, "nothing of one file is left for the next"


@pytest.mark.parametrize("pattern", ["theta-numpy1.23-p2", "theta-numpy2.4-p4", "theta-numpy2.4-p5"])
def test_truncated_at_every_byte(tmp_path: Path, pattern: str) -> None:
    data = (FOLDER / f"{pattern}.pkl").read_bytes()
    for end in range(len(data)):
        with pytest.raises(inert.UnsafePickle):
            loads(tmp_path, data[:end])


@pytest.mark.parametrize("layout", layouts())
@pytest.mark.parametrize("protocol", range(6))
def test_truncated_at_every_opcode(tmp_path: Path, layout: str, protocol: int) -> None:
    data = pickle.dumps(layouts()[layout], protocol=protocol)
    for _, _, place in pickletools.genops(data):
        with pytest.raises(inert.UnsafePickle):
            loads(tmp_path, data[:place])


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@hypothesis_given(data=st.binary(max_size=60))
def test_noise_gives_data_or_a_refusal(tmp_path: Path, data: bytes) -> None:
    try:
        check_plain(loads(tmp_path, data + b"."))
    except inert.UnsafePickle:
        pass


if __name__ == "__main__":
    task, folder, *rest = sys.argv[1:]
    print(
        json.dumps(
            {"battery": battery, "careless": careless, "mutations": mutations}[task](Path(folder), *map(int, rest))
        )
    )
