"""Moments in files: every bit comes back, foreign and damaged files are refused, and data are retracted exactly."""

import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torture import same, same_record

import fisherlib as fl
from fisherlib.io.moments import FORMAT, Records, read_moments, write_moments, write_records
from fisherlib.moments import Fold, MomentRecord

Maker = Callable[..., fl.Dataset]
ABOUT = {"descriptor": {"name": "random", "cutoff": 5.0}, "units": {"forces": "eV/Å"}}


@pytest.fixture
def moments(ragged: Maker) -> fl.Moments:
    data = ragged(0, K=4, temperatures=(300.0, None, 400.0))
    return fl.Moments(dict(fl.accumulate(data)), about=ABOUT)


@given(seed=st.integers(0, 2**20), K=st.integers(1, 5), number=st.integers(1, 3), decades=st.integers(-100, 100))
@settings(deadline=None, max_examples=30)
def test_every_bit_comes_back(
    tmp_path_factory: pytest.TempPathFactory, ragged: Maker, seed: int, K: int, number: int, decades: int
) -> None:
    path = tmp_path_factory.mktemp("records") / "moments.npz"
    data = ragged(seed, K=K, temperatures=(300.0, None, 2 / 3)[:number], scale=10.0**decades)
    found = fl.accumulate(data)
    write_moments(found, path)
    back = read_moments(path)
    assert same(back, found)
    assert [type(r.temperature) for r in back.values()] == [type(r.temperature) for r in found.values()]
    assert all(type(r.configurations) is int and type(r.FF) is float for r in back.values())


@pytest.mark.parametrize(
    "key", ["", "run/300 K", "水", "k" * 500, "0/PhiPhi", "../../x", "a\nb", " a ", "names", "café", "cafe\u0301"]
)
def test_any_key_comes_back(moments: fl.Moments, tmp_path: Path, key: str) -> None:
    named = fl.Moments({key: moments["t0"], "other": moments["t1"]}, about=ABOUT)
    write_moments(named, tmp_path / "m.npz")
    assert same(read_moments(tmp_path / "m.npz"), named)
    assert [p.name for p in tmp_path.iterdir()] == ["m.npz"]


def test_numbers_at_the_edges_come_back(moments: fl.Moments, tmp_path: Path) -> None:
    values = np.array([[5e-324, -0.0, 1.7e308, 1 / 3]] * 4)
    odd = dataclasses.replace(moments["t0"], PhiPhi=values, FF=5e-324, configurations=2**62, digests=frozenset())
    write_moments(fl.Moments({"a": odd}), tmp_path / "m.npz")
    back = read_moments(tmp_path / "m.npz")["a"]
    assert same_record(back, odd)
    assert np.signbit(back.PhiPhi[0, 1])


def test_digests_and_what_they_belong_to_come_back(moments: fl.Moments, tmp_path: Path) -> None:
    write_moments(moments, tmp_path / "m.npz")
    back = read_moments(tmp_path / "m.npz")
    assert back.about == ABOUT
    assert {key: r.digests for key, r in back.items()} == {key: r.digests for key, r in moments.items()}
    assert all(len(r.digests) == 1 for r in back.values())
    with pytest.raises(ValueError, match="got those of 't0' again as 'x'"):
        back + fl.Moments({"x": moments["t0"]})
    with pytest.raises(ValueError, match="configurations that were added before"):
        back.total() + moments["t1"]


@pytest.mark.parametrize("name", ["PhiPhi", "PhiF", "mean", "scatter", "FF"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_neither_written_nor_read(
    moments: fl.Moments, tmp_path: Path, name: str, value: float
) -> None:
    path = tmp_path / "m.npz"
    write_moments(moments, path)
    before = path.read_bytes()
    bad = value if name == "FF" else np.array(getattr(moments["t1"], name))
    if name != "FF":
        bad[(1,) * bad.ndim] = value
    spoilt = dataclasses.replace(moments["t1"], **{name: bad})
    place = "1 1" if name in ("PhiPhi", "scatter") else "1" if name != "FF" else ""
    message = rf"m.npz, 't1': expected finite moments, got 1 NaN or infinite in {name} \(first: {place}\)"
    with pytest.raises(ValueError, match=message):
        write_moments(fl.Moments({"t0": moments["t0"], "t1": spoilt}), path)
    assert path.read_bytes() == before, "what was there stays"
    with np.load(path) as file:
        arrays = dict(file)
    number = list(moments).index("t1")
    if name == "FF":
        arrays[f"{number}/FF, T"][0] = value
    else:
        arrays[f"{number}/{name}"] = bad
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        read_moments(path)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "fisherlib-1"},
        {"format": None},
        {"names": None},
        {"names": np.array(["a", "a", "a"])},
        {"names": np.array(["a", "b", "c", "d"])},
        {"about": None},
        {"about": "{"},
        {"about": "[]"},
        {"about": "null"},
        {"about": "[" * 5000},
        {"0/PhiPhi": None},
        {"0/PhiPhi": np.eye(3)},
        {"0/PhiF": np.zeros((4, 1))},
        {"0/PhiF": np.array(3.0)},
        {"0/mean": np.zeros(5)},
        {"0/scatter": np.zeros((6, 5))},
        {"0/FF, T": np.zeros(3)},
        {"0/FF, T": None},
        {"0/numbers": np.zeros(1, dtype=int)},
        {"0/digests": None},
        {"0/PhiPhi": np.full((4, 4), "1")},
    ],
    ids=str,
)
def test_files_that_are_no_moments_are_refused(moments: fl.Moments, tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "m.npz"
    write_moments(moments, path)
    with np.load(path) as file:
        arrays = dict(file) | change
    np.savez(path, **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(ValueError, match=r"m\.npz: expected moments written by this package, got"):
        read_moments(path)


def test_foreign_files_are_refused(moments: fl.Moments, tmp_path: Path, root: Path) -> None:
    path = tmp_path / "m.npz"
    for content in (
        b"",
        b"text",
        json.dumps({"format": FORMAT}).encode(),
        (root / "data" / "cu55_1200K.npz").read_bytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"m\.npz: expected "):
            read_moments(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("format.npy", b"no array")
    with pytest.raises(ValueError, match=r"m\.npz: expected an intact \.npz of plain arrays"):
        read_moments(path)
    np.savez(path, format=np.array([FORMAT], dtype=object))
    with pytest.raises(ValueError, match=r"m\.npz"):
        read_moments(path)
    write_records(moments.items(), path, ABOUT | {"part": "1/2", "leaves": []})
    with pytest.raises(ValueError, match=r"m\.npz: expected moments, got part 1/2 of them; merge all parts"):
        read_moments(path)
    for missing, error in ((tmp_path / "none.npz", FileNotFoundError), (tmp_path, ValueError)):
        with pytest.raises(error):
            read_moments(missing)
    with pytest.raises(ValueError, match="expected a name ending in .npz, got 'm.json'"):
        write_moments(moments, tmp_path / "m.json")
    with pytest.raises(OSError, match="nowhere"):
        write_moments(moments, tmp_path / "nowhere" / "m.npz")


def test_no_records_at_all_come_back(tmp_path: Path) -> None:
    write_records([], tmp_path / "part.npz", {"part": "3/3"})
    with Records(tmp_path / "part.npz") as records:
        assert (dict(records), records.about) == ({}, {"part": "3/3"})


@given(seed=st.integers(0, 2**20), number=st.integers(2, 5), K=st.integers(1, 4))
@settings(deadline=None, max_examples=25)
def test_a_trajectory_is_retracted_as_if_it_had_never_been_there(
    tmp_path_factory: pytest.TempPathFactory, ragged: Maker, seed: int, number: int, K: int
) -> None:
    data = ragged(seed, K=K, temperatures=(300.0,) * number)
    path = tmp_path_factory.mktemp("records") / "m.npz"
    write_moments(fl.accumulate(data), path)
    moments = read_moments(path)
    for key in data:
        left, never = moments.drop(key), fl.accumulate(data.drop(key))
        assert same(left, never), "not to the last bit"
        assert same_record(left.total(), never.total())
        subtracted = moments.total() - moments[key]
        for name in ("PhiPhi", "PhiF", "FF", "mean", "scatter"):
            want, scale = getattr(never.total(), name), np.max(np.abs(getattr(moments.total(), name)))
            np.testing.assert_allclose(getattr(subtracted, name), want, rtol=0, atol=1e-13 * scale, err_msg=name)
        assert subtracted.digests == never.total().digests
        assert (subtracted.rows, subtracted.configurations) == (never.total().rows, never.total().configurations)


def test_only_what_is_there_is_retracted(moments: fl.Moments, ragged: Maker) -> None:
    with pytest.raises(KeyError, match="no moments of 'x'"):
        moments.drop("x")
    with pytest.raises(ValueError, match="at least one trajectory"):
        moments.drop(list(moments))
    two = moments.select(["t0", "t1"]).total()
    with pytest.raises(ValueError, match="expected data that were added before, got others"):
        two - moments["t2"]
    with pytest.raises(ValueError, match="expected fewer than 10 configurations to take out, got 10"):
        two - two
    with pytest.raises(ValueError, match="expected K = 4 descriptors, got 3"):
        two - fl.accumulate(ragged(0))["t0"]
    back = (two + moments["t2"]) - moments["t2"]
    assert back.digests == two.digests
    with pytest.raises(ValueError, match="configurations that were added before"):
        (back + moments["t2"]) + moments["t2"]


@given(
    seed=st.integers(0, 2**20), cuts=st.lists(st.integers(1, 9), max_size=4), order=st.randoms(use_true_random=False)
)
@settings(deadline=None, max_examples=25)
def test_the_same_records_in_the_same_order_give_the_same_bits(
    ragged: Maker, seed: int, cuts: list[int], order: object
) -> None:
    t = ragged(seed, temperatures=(300.0,), configurations=10)["t0"]
    edges = sorted({0, 10, *cuts})
    pieces = [t.slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
    records = [fl.accumulate([piece])["t0"] for piece in pieces]
    before = [{f.name: np.array(getattr(r, f.name)) for f in dataclasses.fields(r)} for r in records]

    def fold(parts: list[MomentRecord]) -> MomentRecord:
        total = Fold(parts[0])
        for part in parts[1:]:
            total.add(part)
        return total.record()

    total = fold(records)
    assert same_record(total, fold(records))
    for r, old in zip(records, before, strict=True):
        assert all((np.asarray(getattr(r, name)) == a).all() for name, a in old.items()), "a fold changed what it added"
    order.shuffle(records)
    whole, shuffled = fl.accumulate([t])["t0"], fold(records)
    for name in ("PhiPhi", "PhiF", "FF", "mean", "scatter"):
        want = getattr(whole, name)
        for found in (total, shuffled):
            np.testing.assert_allclose(getattr(found, name), want, rtol=1e-12, atol=1e-12 * np.max(np.abs(want)))
