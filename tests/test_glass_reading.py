"""Glasses from files: what is in them, and one sentence for each way in which they are damaged."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fisherlib as fl

KA3D = Path(__file__).resolve().parents[2] / "shared" / "data" / "glass_ka3d" / "ka3d_T0.44_tau_alpha.npz"
C, N, L = 3, 20, 5.0


def arrays(d: int = 2, T: int | None = None, **changed: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    size = (C, N) if T is None else (C, T, N)
    made = {
        "positions": rng.uniform(0, L, (C, N, d)).astype("f4"),
        "types": rng.integers(0, 2, (C, N)).astype("i1"),
        "box": np.float64(L),
        "propensity_even": rng.uniform(0, 1, size).astype("f4"),
        "propensity_odd": rng.uniform(0, 1, size).astype("f4"),
    }
    made |= {} if T is None else {"times": np.geomspace(1, 100, T)}
    return {name: value for name, value in (made | changed).items() if value is not None}


def saved(path: Path, **given: Any) -> Path:
    np.savez_compressed(path / "glass.npz", **arrays(**given))
    return path / "glass.npz"


def table(rows: Any = None, head: str = f"{N} {L}", *, extra: int = 3) -> str:
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.uniform(0, L, (N, 2)), rng.integers(1, 4, N), rng.uniform(0, 1, (N, 1 + extra))])
    lines = [" ".join(map(repr, row)) for row in (x if rows is None else rows).tolist()]
    return "\n".join([head, *lines]) + "\n"


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("T", [None, 4])
def test_an_archive_gives_back_what_it_holds(tmp_path: Path, d: int, T: int | None) -> None:
    more = arrays(d)["positions"][:, :, :] + np.float32(0.01)
    own = {"inherent": more, "energies": np.ones((C, N)), "runs": 32, "names": ["a", "b", "c"], "is_test": [0, 0, 1]}
    path = saved(tmp_path, d=d, T=T, box=np.full(d, L), **own)
    held, glass = arrays(d, T), fl.glass.read(path)
    even, odd = (np.reshape(held[f"propensity_{half}"], (C, -1, N)).astype(float) for half in ("even", "odd"))
    assert np.array_equal(glass.positions, held["positions"]) and np.array_equal(glass.types, held["types"])
    assert np.array_equal(glass.halves, [even, odd]) and np.allclose(glass.propensity, (even + odd) / 2, rtol=1e-15)
    assert glass.names == ("a", "b", "c") and glass.runs == 32 and glass.test.tolist() == [False, False, True]
    assert glass.box.tolist() == [L] * d and np.array_equal(glass.energies, np.ones((C, N)))
    assert np.isnan(glass.times).all() if T is None else np.array_equal(glass.times, held["times"])
    assert np.allclose(glass.inherent, more % L)


def test_an_archive_may_hold_the_mean_alone_and_types_of_all(tmp_path: Path) -> None:
    types = np.arange(N) % 2
    path = saved(tmp_path, propensity_even=None, propensity_odd=None, propensity=np.ones((C, N)), types=types)
    glass = fl.glass.read(path)
    assert glass.halves is None and glass.runs == 0 and not glass.test.any() and len(set(glass.names)) == C
    assert np.array_equal(glass.types, np.tile(types, (C, 1)))


def test_the_mean_of_an_odd_number_of_runs_counts_every_run_once(tmp_path: Path) -> None:
    held = arrays()
    glass = fl.glass.read(saved(tmp_path, runs=3))
    wanted = (2 * held["propensity_even"].astype(float) + held["propensity_odd"]) / 3
    assert np.allclose(glass.propensity[:, 0], wanted, rtol=1e-15)
    both = fl.glass.read(saved(tmp_path, runs=3, propensity=wanted.astype("f2")))
    assert both.halves is not None and np.allclose(both.propensity[:, 0], wanted, atol=1e-3)


def test_names_and_suffixes_of_other_systems(tmp_path: Path) -> None:
    names = np.array(["ä".encode(), "ä".encode("latin1"), b"c"])
    path = saved(tmp_path, names=names).rename(tmp_path / "GLASS.NPZ")
    assert fl.glass.read(path).names == ("ä", r"\xe4", "c")
    (tmp_path / "ONE.XY").write_text(table())
    assert fl.glass.read(tmp_path / "ONE.XY").names == ("ONE",)


@pytest.mark.parametrize("how", ["CRLF", "BOM", "savetxt", "tabs and blanks"])
def test_tables_as_other_programs_write_them(tmp_path: Path, how: str) -> None:
    text = {
        "CRLF": table().replace("\n", "\r\n"),
        "BOM": "\ufeff" + table(),
        "savetxt": "# " + table(),
        "tabs and blanks": table().replace(" ", "\t").replace("\n", "  \n\n"),
    }[how]
    (tmp_path / "a.xy").write_text(table())
    (tmp_path / "b.xy").write_bytes(text.encode())
    one, other = (fl.glass.read(tmp_path / name) for name in ("a.xy", "b.xy"))
    assert np.array_equal(one.positions, other.positions) and np.array_equal(one.descriptors, other.descriptors)


def test_positions_outside_the_box_are_put_back(tmp_path: Path) -> None:
    x = arrays()["positions"].astype(float)
    shifted = x + L * np.random.default_rng(2).integers(-3, 4, x.shape)
    shifted[0, 0] = [-1e-18, L]
    glass = fl.glass.read(saved(tmp_path, positions=shifted))
    assert ((glass.positions >= 0) & (glass.positions < L)).all() and glass.positions[0, 0].tolist() == [0.0, 0.0]
    assert np.allclose(glass.positions[0, 1:], x[0, 1:], atol=1e-13)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no types": ({"types": None}, "expected types"),
    "no propensity": ({"propensity_odd": None}, "propensity"),
    "N of types": ({"types": np.zeros((C, N + 1), int)}, "types"),
    "N of propensity": ({"propensity_even": np.ones((C, N - 1))}, "propensity_odd"),
    "N of both": ({"propensity_even": np.ones((C, N - 1)), "propensity_odd": np.ones((C, N - 1))}, "propensity"),
    "types half": ({"types": np.full((C, N), 0.5)}, "types"),
    "types negative": ({"types": np.full((C, N), -1)}, "types"),
    "types NaN": ({"types": np.full((C, N), np.nan)}, "types"),
    "types of words": ({"types": np.full((C, N), "A")}, "types"),
    "types of a scalar": ({"types": 0}, "types"),
    "box 0": ({"box": 0.0}, "box"),
    "box negative": ({"box": [5.0, -5.0]}, "box"),
    "box NaN": ({"box": np.nan}, "box"),
    "box of three": ({"box": [5.0, 5.0, 5.0]}, "box"),
    "names twice": ({"names": ["a", "a", "b"]}, "names"),
    "names few": ({"names": ["a"]}, "names"),
    "names of numbers": ({"names": [1, 2, 3]}, "names"),
    "NaN": ({"positions": np.full((C, N, 2), np.nan)}, "positions"),
    "NaN of propensity": ({"propensity_even": np.full((C, N), np.nan)}, "propensity"),
    "flat positions": ({"positions": np.ones((C, N))}, "positions"),
    "four dimensions": ({"positions": np.ones((C, N, 4)), "box": 5.0}, "positions"),
    "none at all": ({"positions": np.ones((0, N, 2))}, "positions"),
    "inherent of fewer": ({"inherent": np.ones((C, N - 1, 2))}, "inherent"),
    "inherent flat": ({"inherent": np.ones((C, N))}, "inherent"),
    "energies of fewer": ({"energies": np.ones(N)}, "energies"),
    "runs of half": ({"runs": 2.5}, "runs"),
    "runs NaN": ({"runs": np.nan}, "runs"),
    "many runs": ({"runs": [1, 2]}, "runs"),
    "times": ({"times": [1.0, 2.0]}, "propensity"),
    "is_test": ({"is_test": [1, 2, 3]}, "is_test"),
    "complex": ({"positions": np.ones((C, N, 2), complex)}, "positions"),
    "types from 1": (
        {"types": np.ones((C, N), int)},
        "types: expected whole numbers from 0, got none below 1; subtract it",
    ),
    "types beyond all numbers": ({"types": np.full((C, N), 2**63) * (np.arange(N) > 0)}, "types: .* from 0 to 999"),
    "times back": (
        {"propensity_even": np.ones((C, 2, N)), "propensity_odd": np.ones((C, 2, N)), "times": [2.0, 1.0]},
        "times",
    ),
    "times negative": ({"times": -1.0}, "times: expected ascending"),
    "times infinite": ({"times": np.inf}, "times: expected ascending"),
    "no times": ({"propensity_even": np.ones((C, 0, N)), "propensity_odd": np.ones((C, 0, N))}, "times"),
    "another mean": (
        {"propensity": np.full((C, N), 2.0)},
        "propensity: expected numbers between those of the two halves",
    ),
    "far off": ({"positions": np.full((C, N, 2), 1e300)}, "positions: expected less than 1e.09 box lengths"),
    "tiny box": ({"box": 1e-320}, "positions"),
    "dates": ({"times": np.array(["2020-01-01"], "M8[D]")}, "times"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_archive_of_other_content_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    changed, named = WRONG[what]
    with pytest.raises(ValueError, match=rf"^glass\.npz: .*{named}"):
        fl.glass.read(saved(tmp_path, **changed))


def npy(claim: tuple[int, ...], content: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": claim})
    return file.getvalue() + content


def test_damaged_archives_are_refused_in_one_sentence(tmp_path: Path) -> None:
    whole = saved(tmp_path).read_bytes()
    rng, path = np.random.default_rng(3), tmp_path / "bad.npz"
    cases = [whole[:cut] for cut in (0, 1, 100, len(whole) // 2, len(whole) - 1)]
    for _ in range(60):
        bad = bytearray(whole)
        bad[rng.integers(len(bad))] ^= int(rng.integers(1, 256))
        cases.append(bytes(bad))
    read = 0
    for case in cases:
        path.write_bytes(case)
        try:
            fl.glass.read(path)
            read += 1  # a byte that nothing depends on: a date, for instance
        except ValueError as error:
            assert re.match(r"bad\.npz: expected", str(error)) and "\n" not in str(error)
    assert read < len(cases) / 2


def test_claims_objects_and_bombs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "glass.npz"
    np.savez(path, **arrays(types=np.full((C, N), None)))
    with pytest.raises(ValueError, match=r"^glass\.npz: expected an intact"):
        fl.glass.read(path)
    for content in (npy((10**12, 4096, 3)), npy((10**9,) * 3), npy((-1, 5)), b"", b"\x80\x04N."):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("positions.npy", content)
        with pytest.raises(ValueError, match=r"^glass\.npz: expected"):
            fl.glass.read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("positions.npy", npy((300_000_000 // 8,), bytes(300_000_000)))
    with pytest.raises(ValueError, match=r"^glass\.npz: expected"):
        fl.glass.read(path)


def test_a_table_gives_back_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "Cnf1.xy"
    path.write_text(table())
    glass, rows = fl.glass.read(path), np.loadtxt(path, skiprows=1)
    assert glass.names == ("Cnf1",) and glass.box.tolist() == [L, L] and np.isnan(glass.times).all()
    assert np.array_equal(glass.positions[0], rows[:, :2]) and np.array_equal(glass.types[0] + 1, rows[:, 2])
    assert np.array_equal(glass.propensity[0, 0], rows[:, 3]) and np.array_equal(glass.descriptors[0], rows[:, 4:])
    assert glass.descriptor_names == ("D1", "D2", "D3")


def test_tables_are_read_together_by_a_list_or_a_pattern(tmp_path: Path) -> None:
    for k in (10, 2, 1):
        (tmp_path / f"Cnf{k}.xy").write_text(table(extra=0))
    glass = fl.glass.read(f"{tmp_path}/Cnf*.xy")
    assert glass.names == ("Cnf1", "Cnf2", "Cnf10") and glass.descriptors is None
    assert fl.glass.read([tmp_path / "Cnf2.xy", tmp_path / "Cnf1.xy"]).names == ("Cnf2", "Cnf1")
    (tmp_path / "Cnf2.xy").write_text(table())
    with pytest.raises(ValueError, match=r"Cnf2\.xy: expected 20 rows of 4 columns .* one by one"):
        fl.glass.read(f"{tmp_path}/Cnf*.xy")


def rows(**changed: float) -> str:
    x = np.column_stack([np.full((N, 2), 1.0), np.ones(N), np.ones((N, 2))])
    for name, value in changed.items():
        x[3, "x y type p d".split().index(name)] = value
    return table(x)


TABLES = {
    "empty": ("", "first line"),
    "blank": ("\n \n", "first line"),
    "no head": (table().partition("\n")[2], "first line"),
    "more in the head": (table(head=f"{N} {L} {L} {L}"), "first line"),
    "no length": (table(head=f"{N}"), "first line"),
    "length 0": (table(head=f"{N} 0"), "first line"),
    "length NaN": (table(head=f"{N} nan"), "first line"),
    "half a particle": (table(head=f"{N}.5 {L}"), "first line"),
    "many digits": (table(head=f"{'9' * 5000} {L}"), "first line"),
    "no particles": ("0 5.0\n", "rows"),
    "claims": (table(head=f"{10**15} {L}"), f"{10**15} rows"),
    "fewer rows": (table(head=f"{N + 1} {L}"), "rows"),
    "more rows": (table(head=f"{N - 1} {L}"), "rows"),
    "truncated": (table()[:-20], "line 21"),
    "ragged": (table().replace("\n", " 1.0\n", 5), "line"),
    "words": (table().replace("0.", "O.", 3), "line 2"),
    "three columns": (f"2 {L}\n1 1 1\n1 1 1\n", "line 2"),
    "NaN": (rows(x=np.nan), "line 5, column 1"),
    "infinite": (rows(d=np.inf), "line 5, column 5"),
    "type 0": (rows(type=0), "type.* line 5, column 3, got 0"),
    "type half": (rows(type=1.5), "type.* line 5"),
    "type huge": (rows(type=1e300), "type.* line 5"),
    "NUL": (table() + "\0", "rows"),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_damaged_table_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    text, named = TABLES[what]
    (tmp_path / "Cnf.xy").write_text(text)
    with pytest.raises(ValueError, match=rf"^Cnf\.xy: expected .*{named}") as caught:
        fl.glass.read(tmp_path / "Cnf.xy")
    assert len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_large_tables_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Cnf.xy").write_bytes(b"\x80\x04\x95" + bytes(range(256)))
    with pytest.raises(ValueError, match=r"^Cnf\.xy: expected a table in text"):
        fl.glass.read(tmp_path / "Cnf.xy")
    (tmp_path / "Cnf.xy").write_text(table())
    monkeypatch.setattr(fl.glass.reading, "LIMIT", 1000)
    with pytest.raises(ValueError, match=r"^Cnf\.xy: expected at most .* MB"):
        fl.glass.read(tmp_path / "Cnf.xy")


def test_what_is_no_file_of_a_glass_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing.npz"):
        fl.glass.read(tmp_path / "nothing.npz")
    with pytest.raises(FileNotFoundError, match="pattern"):
        fl.glass.read(f"{tmp_path}/*.xy")
    with pytest.raises(ValueError, match="expected one .npz, or tables"):
        fl.glass.read(tmp_path)
    (tmp_path / "md.txt").write_text(table())
    with pytest.raises(ValueError, match=r"^md\.txt: expected one \.npz, or tables"):
        fl.glass.read(tmp_path / "md.txt")
    with pytest.raises(ValueError, match="expected one .npz, or tables"):
        saved(tmp_path)
        fl.glass.read([tmp_path / "glass.npz", tmp_path / "md.txt"])
    for nothing in ([], "", 5, None):
        with pytest.raises((TypeError, ValueError), match="path"):
            fl.glass.read(nothing)  # type: ignore[arg-type]


@pytest.mark.skipif(not KA3D.exists(), reason="no glass_ka3d in ../shared/data beside the checkout")
def test_the_published_glass_is_read() -> None:
    glass = fl.glass.read(KA3D)
    assert repr(glass) == "Ensemble(15 configurations of 4096 particles in 3 dimensions, 1 time)"
    assert glass.test.sum() == 5 and np.bincount(glass.types[0]).tolist() == [3277, 819]
    a, b = glass.halves[:, :, 0][:, glass.types == 0]  # type: ignore[index]
    assert 0.7 < np.corrcoef(a, b)[0, 1] < 0.9
