"""Every reader on damaged files: a valid result or one sentence that names the file; no traceback, no hang, no warning."""

import copy
import io
import json
import lzma
import os
import pickle
import random
import re
import shutil
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import ase
import ase.io
import numpy as np
import pandas as pd
import pytest
import test_io_fitsnap as in_fitsnap
import test_io_lammps as in_lammps
import test_io_milady as in_milady
from guard import Guard, child, consistent, settle
from test_io_hostile import layouts, mutated
from test_io_inert import make

import fisherlib as fl
from fisherlib.io.formats import fitsnap, fitsnap_rows, lammps, milady
from fisherlib.io.formats.snapcoeff import read_snapcoeff, write_snapcoeff
from fisherlib.io.moments import read_moments, write_moments

CASES = int(os.environ.get("FISHERLIB_CASES", "30"))
SECONDS = 5.0

Files = dict[str, bytes]  # of a small folder, by name


class Reader(NamedTuple):
    """One line of the table below.

    Attributes:
        sample: makes the files of a valid sample.
        read: takes their folder, and fails where its result is not valid.
        inner: the content of the sample before it was packed, and how to pack it; None where the bytes are the content.
    """

    sample: Callable[[], Files]
    read: Callable[[Path], object]
    inner: tuple[Callable[[], Any], Callable[[Any], Files]] | None = None


# -- damage


NUMBERS = (
    b"nan",
    b"inf",
    b"-inf",
    b"1e400",
    b"-",
    b"***",
    b"1e-400",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"1d0",
    b"1_0",
    b"0x1p3",
    b"",
)
COUNTS = (b"1000000000", b"2147483648", b"9223372036854775807", b"18446744073709551616", b"-5", b"0", b"3.5")
BYTES = (
    b"\x00",
    b"\xff",
    b"\xc3\x28",
    "é".encode("latin-1"),
    "é".encode(),
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\n\n",
    b'"',
    b"'",
    b"{",
    b"[",
    b"]",
    b"\\",
    b"\t",
    b"=",
    b",",
    b"#",
)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, cut, moved or put in; numbers, words and lines replaced."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        match rng.randrange(12):
            case 0 | 1:
                data = mutated(data or b" ", data or b" ", rng)
            case 2 | 3 | 4:
                data = _token(data, rng)
            case 5 | 6:
                data = _lines(data, rng)
            case 7:
                place = rng.randrange(len(data) + 1)
                data = data[:place] + rng.choice(BYTES) + data[place:]
            case 8:
                data = data[: rng.randrange(len(data) + 1)]
            case 9:
                data = rng.choice((b"", b"\n", b" ", b"\x00" * 64, data * 2, data[::-1], data.replace(b"\n", b"\r")))
            case 10:
                data = _encoded(data, rng)
            case 11:
                data = _token(data, rng, rng.choice(COUNTS))
    return data


def _token(data: bytes, rng: random.Random, other: bytes | None = None) -> bytes:
    """Another word for one between spaces or punctuation: numbers above all."""
    found = list(re.finditer(rb"[-+.\w]+", data[:20_000]))
    if not found:
        return data
    numeric = [m for m in found if m[0][-1:].isdigit()] or found
    chosen = rng.choice(numeric if rng.random() < 0.8 else found)
    word = other if other is not None else rng.choice((*NUMBERS, rng.choice(found)[0]))
    return data[: chosen.start()] + word + data[chosen.end() :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines:
        return data
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            del lines[i]
        case 1:
            lines.insert(i, lines[j])
        case 2:
            lines[i], lines[j] = lines[j], lines[i]
        case 3:
            lines[i] = lines[i][: rng.randrange(len(lines[i]) + 1)]
        case 4:
            lines[i] = b" ".join(rng.sample(lines[i].split(), len(lines[i].split()))) + b"\n"
    return b"".join(lines)


def _encoded(data: bytes, rng: random.Random) -> bytes:
    text = data.decode("utf-8", "replace")
    return text.encode(rng.choice(("utf-16", "utf-32", "utf-8-sig", "latin-1", "cp037")), "replace")


VALUES = (None, True, -1, 0, 3, 2**31, 2**63, 10**400, -0.0, float("nan"), float("inf"), 1e308, 1j, "", "x", "nan", "é\x00", b"x", [], {}, (), [[]], [1, 2, 3], ["a"])  # fmt: skip
ARRAYS = (
    lambda a, rng: a.astype(rng.choice(["f4", "f2", "i8", "u1", "?", "c16", "U8", "O", ">f8"])),
    lambda a, rng: a[: rng.randrange(len(a) + 1)] if a.ndim else a,
    lambda a, rng: a.reshape(-1),
    lambda a, rng: a[None],
    lambda a, rng: a.T,
    lambda a, rng: np.zeros((0, *a.shape[1:]), a.dtype),
    lambda a, rng: a[..., :0] if a.ndim else a,
    lambda a, rng: np.concatenate([a, a]) if a.ndim else a,
    lambda a, rng: a[:, :1] if a.ndim > 1 else a,
    lambda a, rng: np.zeros(a.shape, "M8[s]"),
    lambda a, rng: _with(a, rng, [np.nan, np.inf, -1, 0, 1e300, 2**40, 0.5]),
)


def _with(a: np.ndarray, rng: random.Random, values: list) -> np.ndarray:
    a = a.copy()
    if a.size and a.dtype.kind in "iuf":
        value = rng.choice(values)
        a.flat[rng.randrange(a.size)] = value if a.dtype.kind == "f" else int(min(np.nan_to_num(value), 2**31 - 1))
    return a


def changed(value: Any, rng: random.Random) -> Any:
    """Content with something else somewhere in it: another kind of value, another shape, an entry less or more."""
    if rng.random() < 0.15:
        return rng.choice(VALUES)
    if isinstance(value, np.ndarray):
        try:
            return rng.choice(ARRAYS)(value, rng)
        except (ValueError, TypeError, RuntimeError):  # words are no numbers, dates no short words
            return rng.choice(VALUES)
    if isinstance(value, dict) and value:
        name = rng.choice(list(value))
        match rng.randrange(10):
            case 0:
                return {n: v for n, v in value.items() if n != name}
            case 1:
                return {
                    **value,
                    rng.choice(("key", "energy", "forces", "stress", "pbc", "n_atoms", "temperature", "")): value[name],
                }
            case 2:
                return {**value, name: copy.deepcopy(rng.choice(VALUES))}
            case _:
                return {**value, name: changed(value[name], rng)}
    if isinstance(value, list) and value:
        i = rng.randrange(len(value))
        match rng.randrange(8):
            case 0:
                return value[:i] + value[i + 1 :]
            case 1:
                return [*value, value[i]]
            case 2:
                return [*value[:i], copy.deepcopy(rng.choice(VALUES)), *value[i + 1 :]]
            case _:
                return [*value[:i], changed(value[i], rng), *value[i + 1 :]]
    if isinstance(value, ase.Atoms):
        made = copy.copy(value)
        made.arrays = dict(value.arrays)
        store = made.arrays if rng.random() < 0.8 and made.arrays else made.__dict__
        name = rng.choice(list(store))
        store[name] = changed(store[name], rng)
        return made
    return rng.choice(VALUES)


# -- valid samples


CONFIGURATIONS = make.configurations("300K")


def app_content() -> dict[str, Any]:
    return layouts()["app"] | {"b": {**layouts()["app"]["a"], "temperature": 300.0, "steps": [1, 2]}}


def frame_content() -> dict[str, Any]:
    frame = layouts()["frame"]
    return {name: frame[name].tolist() for name in frame} | {
        "cell": [np.eye(3)] * len(frame),
        "stress": [np.zeros(6)] * len(frame),
    }


def rows_content() -> dict[str, Any]:
    frame = layouts()["flat frame"]
    return {name: frame[name].to_numpy() for name in frame}


def theta_content() -> dict[str, Any]:
    return {"coef": [1.0, 2.0, 3.0], "intercept": -1.25, "name": "θ", "provenance": {"descriptor": {"K": 3}}}


def npz_content() -> dict[str, np.ndarray]:
    frames = [
        fl.io.Frames(
            key=key, temperature=300.0, n_atoms=np.full(2, make.N_ATOMS), numbers=np.full(2 * make.N_ATOMS, 29),
            positions=np.concatenate([c["x"] for c in CONFIGURATIONS[:2]]), energies=np.array([c["E"] for c in CONFIGURATIONS[:2]]),
            forces=np.concatenate([c["F"] for c in CONFIGURATIONS[:2]]), cell=np.tile(np.eye(3) * 9, (2, 1, 1)),
            pbc=np.ones((2, 3), dtype=bool), columns={"D": np.concatenate([c["D"] for c in CONFIGURATIONS[:2]])},
        )
        for key in "ab"
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        fl.io.write_frames(frames, Path(folder, "sample.npz"))
        with np.load(Path(folder, "sample.npz")) as file:
            return dict(file)


def mlearn_content() -> list[dict[str, Any]]:
    def entry(m: int, c: dict[str, np.ndarray], about: dict[str, str]) -> dict[str, Any]:
        sites = [{"species": [{"element": "Cu", "occu": 1}], "xyz": x, "label": "Cu"} for x in c["x"].tolist()]
        structure = {
            "lattice": {"matrix": (np.eye(3) * 9).tolist(), "a": 9.0, "pbc": [True] * 3},
            "sites": sites,
            "charge": None,
        }
        outputs = {"energy": c["E"], "forces": c["F"].tolist(), "virial_stress": [0.0] * 6}
        return {"structure": structure, "outputs": outputs, "num_atoms": 4, "tag": "train", **about}

    told = [{"description": f"Snapshot {m} of 2 of AIMD NVT simulation at 300 K", "group": "AIMD"} for m in (2, 1)]
    return [
        entry(m, c, about)
        for m, (c, about) in enumerate(zip(CONFIGURATIONS, [*told, {"group": "Surface"}], strict=True))
    ]


def extxyz_files() -> Files:
    made = []
    for m, c in enumerate(CONFIGURATIONS):
        atoms = ase.Atoms("Cu4", positions=c["x"], cell=[9, 9, 9], pbc=[True, True, False])
        atoms.set_array("force", c["F"])
        atoms.set_array("D", c["D"])
        atoms.set_array("Phi", c["Phi"].reshape(make.N_ATOMS, -1))
        atoms.info |= {"energy": c["E"], "walker": f"w{m % 2}", "virial": np.eye(3), "step": m, "note": "a b = c"}
        made.append(atoms)
    text = io.StringIO()
    ase.io.write(text, made, format="extxyz")
    return {"a.xyz": text.getvalue().encode()}


def packed_json(name: str) -> Callable[[Any], Files]:
    def pack(content: Any) -> Files:
        text = json.dumps(content, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v)).encode()
        return {name: lzma.compress(text, preset=0) if name.endswith(".xz") else text}

    return pack


def packed_pickle(content: Any) -> Files:
    try:
        return {"a.pkl": pickle.dumps(content)}
    except Exception:  # atoms that ASE cannot pickle any more
        return {"a.pkl": b""}


def packed_frame(content: Any) -> Files:
    """As a data frame where its columns allow for one."""
    try:
        return packed_pickle(pd.DataFrame(content))
    except (ValueError, TypeError, OverflowError, AttributeError):
        return packed_pickle(content)


def packed_npz(content: Any) -> Files:
    buffer = io.BytesIO()
    try:
        arrays = content if isinstance(content, dict) else {"a": content}
        np.savez(buffer, **{str(n): np.asarray(v) for n, v in arrays.items() if n not in ("", "file")})
    except ValueError:  # ragged
        return {"a.npz": b""}
    return {"a.npz": buffer.getvalue()}


# -- what is asked of a result


def dataset(folder: Path) -> object:
    """The one file of a folder as trajectories, with the columns that would be guessed."""
    (path,) = folder.iterdir()
    opened = fl.io.open(path)
    consistent(list(opened.stored))
    for what in ("descriptors", "force_descriptors", "forces", "energies"):
        opened.choices(what)
        opened.guess(what)
    if all(s.numbers is not None and s.positions is not None for s in opened.stored):
        try:
            opened.frames()
        except ValueError as error:
            assert type(error) is ValueError and ("expected" in str(error) or ": no " in str(error)), f"bare {error}"
    return opened


def theta(folder: Path) -> object:
    """The one file of a folder as parameters."""
    (path,) = folder.iterdir()
    model = fl.io.read_theta(path)
    assert model.theta.ndim == 1 and np.isfinite(model.theta).all() and np.isfinite(model.offset)
    return model


def of_content(content: Callable[[], Any], pack: Callable[[Any], Files], read: Callable[[Path], object]) -> Reader:
    return Reader(lambda: pack(content()), read, (content, pack))


def built(build: Callable[[Path], object]) -> Callable[[], Files]:
    """The files that ``build`` writes into a folder."""

    def files() -> Files:
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            build(Path(folder))
            found = sorted(path for path in Path(folder).rglob("*") if path.is_file())
            return {str(path.relative_to(folder)): path.read_bytes() for path in found}

    return files


def trajectories(read: Callable[[Path], object]) -> Callable[[Path], object]:
    """What ``read`` makes of a folder, checked: trajectories as they are stored, or made."""

    def checked(folder: Path) -> object:
        made = read(folder)
        if isinstance(made, list) and made and not isinstance(made[0], fl.Trajectory):
            consistent(made)
        return made

    return checked


def potential(read: Callable[[Path], fl.LinearPotential]) -> Callable[[Path], object]:
    def checked(folder: Path) -> object:
        model = read(folder)
        assert model.theta.ndim == 1 and np.isfinite(model.theta).all() and np.isfinite(model.offset)
        return model

    return checked


MODEL = fl.LinearPotential(theta=np.array([1.5, -2.25, 3e-7]), offset=-3.0)
POT = {"elements": ["Fe"], "descriptor": 9, "details": (1, 4.0, 0), "cutoff": 4.7}
COEFF = {"element": "Ta", "radius": 0.5, "weight": 1.0}


def small() -> fl.Dataset:
    """Two trajectories."""
    return fl.Dataset(in_fitsnap.rows()[1])


def run_files() -> Files:
    return {"w.dump": in_lammps.DUMP.encode(), "w.energies": in_lammps.ENERGIES.encode()}


READERS: dict[str, Reader] = {
    "npz": of_content(npz_content, packed_npz, dataset),
    "extxyz": Reader(extxyz_files, dataset),
    "mlearn": of_content(mlearn_content, packed_json("a.json"), dataset),
    "mlearn.xz": of_content(mlearn_content, packed_json("a.json.xz"), dataset),
    "app pickle": of_content(app_content, packed_pickle, dataset),
    "database pickle": of_content(lambda: layouts()["database"], packed_pickle, dataset),
    "frame pickle": of_content(frame_content, packed_frame, dataset),
    "rows pickle": of_content(rows_content, packed_frame, dataset),
    "theta.json": of_content(theta_content, packed_json("a.json"), theta),
    "theta.npz": of_content(lambda: {"coef": np.arange(3.0), "intercept": np.float64(-1.0)}, packed_npz, theta),
    "theta.pkl": of_content(lambda: layouts()["theta"], packed_pickle, theta),
    "MiLaDy folder": Reader(
        built(lambda f: in_milady.database(f, in_milady.frames())), trajectories(lambda f: milady.read(f / "descDB"))
    ),
    "MiLaDy design matrix": Reader(
        built(lambda f: in_milady.design(f, in_milady.frames(3))),
        trajectories(lambda f: milady.read_rows(f / "design_matrix.dat")),
    ),
    "MiLaDy .pot": Reader(
        built(lambda f: milady.write_pot(MODEL, f / "a.pot", **POT)), potential(lambda f: milady.read_pot(f / "a.pot"))
    ),
    "FitSNAP JSON": of_content(
        lambda: in_fitsnap.document(in_fitsnap.entry(3), in_fitsnap.entry(2, 1)),
        packed_json("a.json"),
        trajectories(lambda f: fitsnap.read(f / "a.json")),
    ),
    "FitSNAP rows": of_content(
        lambda: in_fitsnap.rows()[0], packed_npz, trajectories(lambda f: fitsnap_rows.read_rows(f / "a.npz"))
    ),
    "FitSNAP table": Reader(
        built(lambda f: in_fitsnap.saved(f, in_fitsnap.rows()[0], "folder with arrays")),
        trajectories(fitsnap_rows.read_rows),
    ),
    "LAMMPS dump": Reader(run_files, trajectories(lambda f: lammps.read_dump(f / "w.dump", energies=f / "w.energies"))),
    "LAMMPS snap": Reader(
        lambda: {"w.snap": in_lammps.SNAP.encode()}, trajectories(lambda f: lammps.read_snap(f / "w.snap", n_atoms=3))
    ),
    ".snapcoeff": Reader(
        built(lambda f: write_snapcoeff(MODEL, f / "a.snapcoeff", **COEFF)),
        potential(lambda f: read_snapcoeff(f / "a.snapcoeff")),
    ),
    "moments": Reader(
        built(lambda f: write_moments(fl.accumulate(small()), f / "a.npz")), lambda f: read_moments(f / "a.npz")
    ),
    "database": Reader(
        built(lambda f: fl.io.database.write_dataset(small(), f / "db").seal()),
        lambda f: fl.io.database.Database.open(f / "db").read(),
    ),
}


def case(reader: Reader, files: Files, content: Any, number: int) -> Files:
    """The files of one case: content changed and packed anew, or bytes damaged, or a file gone."""
    rng = random.Random(number)
    if reader.inner is not None and rng.random() < 0.6:
        for _ in range(rng.choice((1, 1, 2, 3))):
            content = changed(content, rng)
        made = reader.inner[1](content)
        if rng.random() < 0.8:
            return made
    else:
        made = files
    name = rng.choice(list(made))
    if len(made) > 1 and rng.random() < 0.1:
        return {n: data for n, data in made.items() if n != name}
    if name.endswith(".xz") and rng.random() < 0.8:
        return made | {name: lzma.compress(damaged(lzma.decompress(made[name]), rng), preset=0)}
    return made | {name: damaged(made[name], rng)}


def fuzz(folder: Path, name: str, cases: int, first: int = 0) -> dict[str, Any]:
    """What a reader made of so many damaged samples; run in a child process."""
    reader, place = READERS[name], folder / "sample"
    files = reader.sample()
    content = reader.inner[0]() if reader.inner else None
    place.mkdir(exist_ok=True)
    guard = Guard(folder)
    _write(place, files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reader.read(place)  # valid as it is; what a first call imports is imported now
    for warm in range(20):
        _write(place, case(reader, files, content, -warm))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                reader.read(place)
            except Exception:
                pass
    guard.limit_memory()
    settle()
    refusal = (ValueError, FileNotFoundError) if len(files) > 1 else ValueError
    begin, found, failures = time.monotonic(), {"read": 0, "refused": 0}, []
    for number in range(first, first + cases):
        made = case(reader, files, content, number)
        _write(place, made)
        try:
            _, said = guard.call(lambda: reader.read(place), seconds=SECONDS, refusal=refusal, file=_spoken(files))
            found["refused" if said else "read"] += 1
        except AssertionError as error:
            failures.append(f"{number}: {error}")
    return {
        **found,
        "failures": failures[:: max(1, len(failures) // 30)],
        "failed": len(failures),
        "seconds": time.monotonic() - begin,
    }


def _spoken(files: Files) -> tuple[str, ...]:
    """What a sentence must name, one of these: a file, or where there are several their stem or folder."""
    folders = {part for name in files for part in Path(name).parts[:-1]}
    stems = {Path(name).stem for name in files} | {"sample"} if len(files) > 1 else set()
    # By its key where the numbers of a whole trajectory are judged.
    return (*files, *stems, *folders, "of trajectory '")


def _write(place: Path, files: Files) -> None:
    for old in place.iterdir():
        if old.name not in files:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_give_data_or_a_sentence(tmp_path: Path, name: str) -> None:
    outcome = child(__file__, tmp_path, name, CASES, timeout=60 + CASES / 20)
    print(name, outcome)
    assert outcome["failed"] == 0, "\n".join(outcome["failures"])
    assert outcome["refused"] > CASES // 4, "damage that is not refused is none"
    assert outcome["read"] > CASES // 100 or name == "database", "what is refused at once tests nothing behind it"


ATOM = b"Cu 0 0 0\n"
HEAD = b"1\nProperties=species:S:1:pos:R:3\n"

# What damage has brought to light, by hand.
FOUND: dict[str, tuple[str, bytes, str]] = {
    "atoms without end": ("a.xyz", b"1000000000\n\n" + ATOM, "line 1: 1000000000 atoms in a file of 21 bytes"),
    "columns without end": ("a.xyz", b"1\nProperties=species:S:1:pos:R:1000000000\n" + ATOM, "4 values where Properties has 1000000001"),
    "a column too many": ("a.xyz", HEAD + b"Cu 0 0 0 1\n", "line 3: 5 values where Properties has 4 columns"),
    "a blank line between": ("a.xyz", HEAD + ATOM + b"\n" + HEAD + ATOM, "line 4 is blank, and configurations follow it"),
    "no atoms": ("a.xyz", b"0\n\n" + HEAD + ATOM, "line 1: 0 atoms"),
    "a truncated provenance": ("a.npz", packed_npz(npz_content() | {"provenance": np.array('{"a": ')})["a.npz"], "provenance of a.npz: expected JSON"),
    "atoms in words": ("a.npz", packed_npz(npz_content() | {"n_atoms": np.array(["4"] * 4)})["a.npz"], "n_atoms of a.npz: expected positive integers"),
    "a cell without pbc": ("a.npz", packed_npz({n: a for n, a in npz_content().items() if n != "pbc"})["a.npz"], "cell and pbc of a.npz: expected both or neither"),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_stays_mended(tmp_path: Path, case: str) -> None:
    name, data, words = FOUND[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=words) as refused:
        fl.io.open(tmp_path / name)
    assert name in str(refused.value)


def test_an_array_that_claims_more_than_its_file_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**40,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("n_atoms.npy", head.getvalue())
    with pytest.raises(ValueError, match=r"a.npz: expected an intact .npz .* claims shape \(1099511627776,\)"):
        fl.io.open(tmp_path / "a.npz")


if __name__ == "__main__":
    print(json.dumps(fuzz(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))))
