"""The moments of a database by every engine: the same bits from all, equal to those in memory to rounding."""

import dataclasses
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torture import dask_cluster, same, same_record, trajectory, written

import fisherlib as fl
from fisherlib import cluster
from fisherlib.cluster.accumulate import leaves_of
from fisherlib.cluster.command import main
from fisherlib.cluster.leaves import record
from fisherlib.io.database import Damaged, Database
from fisherlib.io.moments import Records, read_moments, write_moments, write_records
from fisherlib.moments import Sums

K = 3


def pieces(
    number: int, key: str, *, seed: int = 0, temperature: float | None = 300.0, M: int = 8
) -> list[fl.Trajectory]:
    """Consecutive parts of a trajectory, about 70 rows each, so that three of them make a leaf."""
    return [trajectory(seed + n, key=key, M=M, K=K, temperature=temperature) for n in range(number)]


def made(folder: Path, *, precision: str = "float32", seed: int = 0) -> Database:
    """A sealed database of four trajectories, two temperatures and one that is not known."""
    every = pieces(9, "b/1", seed=seed) + pieces(1, "a", seed=seed + 100, temperature=400.0)
    every += pieces(5, "c", seed=seed + 200, temperature=None) + pieces(4, "d", seed=seed + 300)
    return written(folder, every, precision=precision)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return made(tmp_path_factory.mktemp("cluster") / "db")


@pytest.fixture(scope="module")
def serial(database: Database) -> fl.Moments:
    return cluster.accumulate(database, keep=False)


@pytest.fixture
def copy(database: Database, tmp_path: Path) -> Database:
    """A copy that may be spoilt, with no records kept."""
    nothing_kept = lambda folder, names: names if Path(folder).name == "moments" else []  # noqa: E731
    made = shutil.copytree(database.path, tmp_path / "db", ignore=nothing_kept)
    return Database.open(made)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Two processes of Dask."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as local, local.get_client() as client:
        yield client


def spoil(database: Database, number: int = 1) -> Path:
    """Changes one byte of Φ in one of the shards, which is then found to be damaged only when it is summed."""
    h = database.shards()[number]
    path = database.path / "shards" / h.name
    with open(path, "r+b") as file:
        file.seek(h.arrays["force_descriptors"].offset + 17)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 4]))
    return path


def test_the_moments_are_those_in_memory(database: Database, serial: fl.Moments) -> None:
    data = database.read()
    want = fl.accumulate(data)
    assert list(serial) == list(want) == ["a", "b/1", "c", "d"]
    for key, r in want.items():
        assert (serial[key].configurations, serial[key].rows) == (r.configurations, r.rows)
        assert serial[key].temperature == data[key].temperature
        for name in ("PhiPhi", "PhiF", "FF", "mean", "scatter"):
            x = getattr(r, name)
            np.testing.assert_allclose(getattr(serial[key], name), x, rtol=1e-12, atol=1e-13 * np.max(np.abs(x)))
    assert serial.about["descriptor"] == {"name": "random"}
    np.testing.assert_allclose(
        fl.solve(fl.fisher(serial, 300.0)).theta, fl.solve(fl.fisher(want, 300.0)).theta, rtol=1e-9
    )


def test_digests_are_those_of_the_shards(database: Database, serial: fl.Moments) -> None:
    for key, r in serial.items():
        assert r.digests == {h.content for h in database.shards(key)}
        assert (
            r.digests
            == fl.accumulate([dataclasses.replace(t, key=str(n)) for n, t in enumerate(parts_of(database, key))])
            .total()
            .digests
        )


def parts_of(database: Database, key: str) -> list[fl.Trajectory]:
    """What was written into each shard of a trajectory."""
    whole, cuts = database.read(key)[key], [(h.first, h.last + 1) for h in database.shards(key)]
    return [whole.slice(*cut) for cut in cuts]


def test_a_pool_gives_the_same_bits(database: Database, serial: fl.Moments) -> None:
    assert same(cluster.accumulate(database, workers=2, keep=False), serial)


def test_dask_gives_the_same_bits(database: Database, serial: fl.Moments, client: object) -> None:
    assert same(cluster.accumulate(database, client=client, keep=False), serial)
    address = client.scheduler.address
    assert same(cluster.accumulate(str(database.path), client=address, keep=False), serial)


def test_parts_give_the_same_bits(database: Database, serial: fl.Moments, tmp_path: Path) -> None:
    parts = [tmp_path / f"part-{i}.npz" for i in (1, 2, 3)]
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "fisherlib.cluster", database.path, "--shards", f"{i}/3", "-o", part],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for i, part in enumerate(parts, 1)
    ]
    for i, process in enumerate(running, 1):
        output, _ = process.communicate(timeout=120)
        assert (process.returncode, output) == (0, f"{tmp_path}/part-{i}.npz written\n")
    assert sorted(tmp_path.iterdir()) == parts, "nothing is left beside the parts"
    assert same(cluster.merge(parts), serial)
    assert same(cluster.merge(parts[::-1]), serial)
    assert main([*map(str, parts), "-o", str(tmp_path / "all.npz")]) == 0
    assert same(read_moments(tmp_path / "all.npz"), serial)


def test_more_parts_than_leaves_are_merged(database: Database, serial: fl.Moments, tmp_path: Path) -> None:
    of = len(leaves_of(database)) + 2
    parts = [tmp_path / f"{i}.npz" for i in range(1, of + 1)]
    for i, part in enumerate(parts, 1):
        cluster.write_part(database, i, of, part)
    assert same(cluster.merge(parts), serial)
    for number in (0, of + 1):
        with pytest.raises(ValueError, match=f"number: expected 1 to {of}, got {number}"):
            cluster.write_part(database, number, of, tmp_path / "x.npz")


def test_parts_and_the_whole_go_on_from_one_another(copy: Database, serial: fl.Moments, tmp_path: Path) -> None:
    cluster.write_part(copy, 1, 2, tmp_path / "p1.npz")
    done: list[int] = []
    spoil(copy)  # whoever reads Φ of the first leaf finds it
    cluster.write_part(copy, 1, 2, tmp_path / "again.npz", progress=lambda n, _: done.append(n))
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "p1.npz").read_bytes()
    assert len(list((copy.path / "moments").iterdir())) == (len(leaves_of(copy)) + 1) // 2


def test_records_of_leaves_that_are_none_any_more_are_removed(copy: Database) -> None:
    cluster.accumulate(copy)
    (copy.path / "moments" / "mine.npz").write_bytes(b"precious")
    before = {p.name for p in (copy.path / "moments").iterdir()}
    for t in pieces(1, "d", seed=400):
        copy.append(t)
    copy.seal()
    cluster.accumulate(copy)
    after = {p.name for p in (copy.path / "moments").iterdir()}
    assert after == {"mine.npz", *(f"{leaf.name}.npz" for leaf in leaves_of(copy))} and before - after


def test_a_folder_that_cannot_be_written_is_warned_of_and_read(
    copy: Database, serial: fl.Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("fisherlib.cluster.stores.write_records", refuse)
        with pytest.warns(
            UserWarning, match="moments: cannot be written to .*nothing more is kept; keep= names"
        ) as said:
            assert same(cluster.accumulate(copy), serial)
        assert len(said) == 1
    cluster.accumulate(copy)
    monkeypatch.setattr("fisherlib.cluster.leaves.Sums", refuse)
    assert same(cluster.accumulate(copy), serial), "what is there is read"


def test_a_wrong_sign_is_warned_of(tmp_path: Path, few_walkers: fl.Dataset) -> None:
    turned = [dataclasses.replace(t, force_descriptors=-t.force_descriptors) for t in few_walkers.values()]
    fl.io.database.write_dataset(fl.Dataset(turned, provenance=few_walkers.provenance), tmp_path / "db")
    with pytest.warns(UserWarning, match="sign of the force descriptors: energies fall where"):
        cluster.accumulate(tmp_path / "db")
    fl.io.database.write_dataset(few_walkers, tmp_path / "right")
    cluster.accumulate(tmp_path / "right")  # a warning would be an error


@pytest.mark.parametrize("how", ["serial", "pool", "dask", "merge"])
def test_by_temperature(
    database: Database, serial: fl.Moments, how: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    want = cluster.accumulate(database, by="temperature", keep=False)
    assert list(want) == ["400 K", "300 K", "unknown temperature"]
    assert same_record(want["400 K"], serial["a"])
    assert same_record(want["unknown temperature"], serial["c"])
    np.testing.assert_allclose(want["300 K"].PhiPhi, serial.select(["b/1", "d"]).total().PhiPhi, rtol=1e-13)
    assert want["300 K"].temperature == 300.0
    if how == "merge":
        cluster.write_part(database, 1, 1, tmp_path / "all.npz")
        found = cluster.merge([tmp_path / "all.npz"], by="temperature")
    else:
        engine = {"pool": {"workers": 2}, "serial": {}}.get(how)
        engine = {"client": request.getfixturevalue("client")} if engine is None else engine
        found = cluster.accumulate(database, by="temperature", keep=False, **engine)
    assert same(found, want)


def test_some_trajectories(database: Database, serial: fl.Moments) -> None:
    assert same(cluster.accumulate(database, keys=["d", "a"], keep=False), serial.select(["a", "d"]))
    assert same(cluster.accumulate(database, keys="c", keep=False), serial.select("c"))
    with pytest.raises(KeyError, match="no trajectory 'x'"):
        cluster.accumulate(database, keys="x")


@pytest.mark.parametrize("arguments", [{"workers": 0}, {"by": "colour"}, {"workers": -1}])
def test_what_cannot_be_done_is_refused(database: Database, arguments: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        cluster.accumulate(database, **arguments)
    with pytest.raises(ValueError, match="by"):
        cluster.merge([tmp_path / "x.npz"], by="colour")


def test_what_was_kept_is_not_summed_again(copy: Database, serial: fl.Moments, tmp_path: Path) -> None:
    assert same(cluster.accumulate(copy), serial)
    kept = sorted((copy.path / "moments").iterdir())
    assert len(kept) == len(leaves_of(copy))
    times = [p.stat().st_mtime_ns for p in kept]
    path = spoil(copy)  # found only by whoever reads Φ
    assert same(cluster.accumulate(copy), serial)
    assert [p.stat().st_mtime_ns for p in kept] == times
    with pytest.raises(Damaged, match=path.name):
        cluster.accumulate(copy, keep=False)
    with pytest.raises(Damaged, match=path.name):
        cluster.accumulate(copy, keep=tmp_path / "elsewhere")


def test_nothing_or_elsewhere_is_kept_as_told(copy: Database, serial: fl.Moments, tmp_path: Path) -> None:
    cluster.accumulate(copy, keep=False)
    assert list((copy.path / "moments").iterdir()) == []
    assert same(cluster.accumulate(copy, keep=tmp_path / "new" / "folder"), serial)
    assert len(list((tmp_path / "new" / "folder").iterdir())) == len(leaves_of(copy))
    assert list((copy.path / "moments").iterdir()) == []
    spoil(copy)
    assert same(cluster.accumulate(copy, keep=tmp_path / "new" / "folder"), serial)


@pytest.mark.parametrize(("content", "workers"), [(b"", 1), (b"damaged", 1), (None, 1), (None, 2)])
def test_damaged_kept_records_are_summed_again(
    copy: Database, serial: fl.Moments, content: bytes | None, workers: int
) -> None:
    cluster.accumulate(copy)
    kept = sorted((copy.path / "moments").iterdir())
    for number, path in enumerate(kept):
        if number % 2:
            path.write_bytes(path.read_bytes()[:-7] if content is None else content)
    assert same(cluster.accumulate(copy, workers=workers), serial)
    for path in kept:
        with Records(path) as records:
            assert len(dict(records)) == 1
    # Of another leaf, or with another number in it: the name alone is not believed.
    with Records(kept[0]) as records:
        one, about = dict(records), records.about
    other = kept[1].read_bytes()
    kept[1].write_bytes(kept[0].read_bytes())
    write_records([(next(iter(one)), dataclasses.replace(one.popitem()[1], digests=frozenset()))], kept[0], about)
    assert same(cluster.accumulate(copy), serial)
    assert kept[1].read_bytes() == other


def test_appended_shards_are_all_that_is_summed(copy: Database, serial: fl.Moments) -> None:
    cluster.accumulate(copy)
    old = {p.name for p in (copy.path / "moments").iterdir()}
    for t in pieces(4, "d", seed=400) + pieces(2, "e", seed=500):
        copy.append(t)
    copy.seal()
    done: list[tuple[int, int]] = []
    found = cluster.accumulate(copy, progress=lambda *state: done.append(state))
    assert same(found, cluster.accumulate(copy, keep=False))
    assert same(found.select(["a", "b/1", "c"]), serial.select(["a", "b/1", "c"]))
    assert found["d"].configurations == serial["d"].configurations + 32
    new = {p.name for p in (copy.path / "moments").iterdir()} - old
    assert new
    assert all(name.startswith(("d-", "e-")) for name in new)
    assert done[-1] == (sum(h.size for h in copy.shards()),) * 2


@pytest.mark.parametrize("how", [{}, {"workers": 2}, {"client": True}])
def test_progress_counts_bytes_up_to_all(database: Database, how: dict, request: pytest.FixtureRequest) -> None:
    if "client" in how:
        how = {"client": request.getfixturevalue("client")}
    calls: list[tuple[int, int]] = []
    cluster.accumulate(database, keep=False, progress=lambda *state: calls.append(state), **how)
    total = sum((database.path / "shards" / h.name).stat().st_size for h in database.shards())
    assert {of for _, of in calls} == {total}
    assert len(calls) == len(leaves_of(database))
    assert [done for done, _ in calls] == np.cumsum([leaf.size for leaf in leaves_of(database)]).tolist()
    assert calls[-1] == (total, total)


@pytest.mark.parametrize(
    ("how", "number"),
    [("serial", 0), ("serial", 8), ("serial", 18), ("pool", 8), ("dask", 0), ("dask", 8), ("dask", 18)],
)
def test_a_damaged_shard_stops_every_engine(
    tmp_path: Path, how: str, number: int, request: pytest.FixtureRequest
) -> None:
    database = made(tmp_path / "db", seed=1000 * (number + 1))
    engine = {"serial": {}, "pool": {"workers": 2}}.get(how)
    engine = {"client": request.getfixturevalue("client")} if engine is None else engine
    path = database.path / "shards" / database.shards()[number].name
    before = path.read_bytes()
    spoil(database, number)
    with pytest.raises(Damaged, match=rf"{path.name}, block 0 of force_descriptors") as caught:
        cluster.accumulate(database, **engine)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 – as a pool and Dask send it
    assert type(again) is Damaged
    assert str(again) == str(caught.value)
    path.write_bytes(before)
    found = cluster.accumulate(database, **engine)
    assert same(found, cluster.accumulate(database, keep=False)), "once it is restored, all is as it was"


def test_a_damaged_shard_is_no_interruption(copy: Database) -> None:
    path = spoil(copy)
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:  # somebody goes on after Ctrl-C, at once
        with pytest.raises(Damaged, match=path.name):
            cluster.accumulate(copy)


def test_what_comes_of_an_interruption_is_one(copy: Database, serial: fl.Moments) -> None:
    def stop(done: int, total: int) -> None:
        if done > total / 2:
            try:
                raise KeyboardInterrupt
            finally:
                raise ValueError("a file was left half way")

    with pytest.raises(KeyboardInterrupt, match=r"interrupted: \d of 8 parts are kept in .*; the same call goes on"):
        cluster.accumulate(copy, progress=stop)
    with pytest.raises(KeyboardInterrupt, match="parts kept: there was no folder"):
        cluster.accumulate(copy, progress=stop, keep=False)
    assert same(cluster.accumulate(copy), serial)


def test_a_shard_that_vanishes_or_changes_while_it_is_summed_is_noticed(copy: Database) -> None:
    leaf = leaves_of(copy)[0]
    path = copy.path / "shards" / leaf.shards[0][0]
    kept = path.rename(path.with_suffix(".gone"))
    with pytest.raises(Damaged, match=f"{path.name}: expected a shard, got no such file"):
        record(copy.path, leaf, K)
    path.write_bytes(kept.read_bytes())
    other = dataclasses.replace(leaf, shards=((leaf.shards[0][0], "0" * 32), *leaf.shards[1:]))
    with pytest.raises(Damaged, match="expected the shard that was listed, got another one of that name"):
        record(copy.path, other, K)


def parted(database: Database, folder: Path, of: int = 2) -> list[Path]:
    """All parts of a database."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"p{i}.npz" for i in range(1, of + 1)]
    for i, path in enumerate(paths, 1):
        cluster.write_part(database, i, of, path)
    return paths


def test_what_would_not_make_a_whole_is_not_merged(copy: Database, serial: fl.Moments, tmp_path: Path) -> None:
    one, two = parted(copy, tmp_path / "parts")
    thirds = parted(copy, tmp_path / "thirds", 3)
    write_moments(serial, tmp_path / "whole.npz")
    write_moments(serial, tmp_path / "again.npz")
    copy.append(pieces(1, "e", seed=900)[0])
    copy.seal()
    newer = parted(copy, tmp_path / "newer")
    other = parted(made(tmp_path / "other", precision="float64"), tmp_path / "others")
    for files, message in (
        ([one], r"parts: . of .* leaves are missing .*; there are parts 1/2"),
        ([one, one, two], "paths: expected different files, at least one, got .*p1.npz, .*p1.npz"),
        ([one, thirds[1]], "holds what|leaves are missing"),
        ([one, newer[1]], "p2.npz: expected a part of the same state of one database as p1.npz"),
        ([one, other[1]], "p2.npz: expected a part of the same state of one database as p1.npz"),
        ([one, two, tmp_path / "whole.npz"], r"whole moments only, got both \(whole.npz are whole\)"),
        (
            [tmp_path / "whole.npz", tmp_path / "again.npz"],
            "expected different trajectories, got 'a', 'b/1', 'c', 'd' twice",
        ),
        ([], "paths: expected different files, at least one, got none"),
    ):
        with pytest.raises(ValueError, match=message):
            cluster.merge(files)
    assert same(cluster.merge([two, one]), serial)
    with pytest.raises(ValueError, match=r"p1.npz: expected moments, got part 1/2 of them"):
        read_moments(one)


def test_whole_moments_of_others_are_not_merged(serial: fl.Moments, tmp_path: Path) -> None:
    def file(name: str, moments: fl.Moments) -> Path:
        write_moments(moments, tmp_path / f"{name}.npz")
        return tmp_path / f"{name}.npz"

    first = file("first", serial.select(["a", "b/1"]))
    rest = serial.select(["c", "d"])
    assert same(cluster.merge([first, file("rest", rest)]), serial)
    records = dict(rest)
    for name, other, message in (
        ("descriptor", fl.Moments(records, about=rest.about | {"descriptor": {"name": "SOAP"}}), "the same descriptor"),
        ("units", fl.Moments(records, about=rest.about | {"units": {"forces": "Ha/bohr"}}), "the same units"),
        ("renamed", fl.Moments({"x": serial["b/1"]}, about=rest.about), "got those of 'b/1' again as 'x'"),
    ):
        with pytest.raises(ValueError, match=message):
            cluster.merge([first, file(name, other)])
    with pytest.raises(ValueError, match="by"):
        cluster.merge([first, tmp_path / "rest.npz"], by="temperature")


def test_the_command_says_what_is_wrong(
    copy: Database,
    serial: fl.Moments,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("warnings.showwarning", None)  # which the command replaces
    out, path = str(tmp_path / "out.npz"), str(copy.path)
    for arguments, message in (
        ([str(tmp_path), "-o", out], "expected a descriptor database"),
        (
            [path, path, "-o", out],
            "expected one database, part files, or featurise and one file, got 2 with the folder",
        ),
        ([path, "-o", str(tmp_path / "out.txt")], "expected a name ending in .npz"),
        ([path, "-o", out, "--shards", "4/3"], "expected 1 to 3, got 4"),
        ([path, "-o", out, "--workers", "0"], "workers: expected a whole number of processes, at least 1"),
        ([str(tmp_path / "none.npz"), "-o", out], "no such file"),
    ):
        assert main(arguments) == 1
        said = capsys.readouterr().err
        assert message in said
        assert "Traceback" not in said
        assert not Path(out).exists()
    with pytest.raises(SystemExit):
        main([path, "-o", out, "--shards", "one"])
    assert "expected i/N, such as 3/100, got 'one'" in capsys.readouterr().err
    assert main([path, "-o", out, "--by", "temperature"]) == 0
    assert same(read_moments(out), cluster.accumulate(copy, by="temperature", keep=False))
    spoilt = spoil(copy)
    shutil.rmtree(copy.path / "moments")
    Path(out).unlink()
    assert main([path, "-o", out]) == 1
    assert spoilt.name in capsys.readouterr().err
    assert not Path(out).exists()


@given(shift=st.integers(1, 15), rows=st.integers(1, 3000), columns=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_bits_do_not_depend_on_where_in_memory_a_block_lies(shift: int, rows: int, columns: int, seed: int) -> None:
    """Worker processes have their blocks at other addresses than this one."""
    rng = np.random.default_rng(seed)
    Phi, F = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    z = rng.normal(size=(5, columns + 2))
    found = []
    for step in (0, shift):
        a, b = np.empty(Phi.size + step)[step:], np.empty(rows + 2 * step)[step : step + rows]
        a[:], b[:] = Phi.ravel(), F
        sums = Sums(columns)
        sums.add(a.reshape(rows, columns), b)
        found.append(sums.record(z[:, :-2], z[:, -2], z[:, -1], temperature=None, digests=frozenset()))
    assert same_record(*found)


def test_threads_of_blas_change_no_bit(database: Database, serial: fl.Moments, tmp_path: Path) -> None:
    """OMP_NUM_THREADS of whoever calls does not matter: a leaf is summed by one thread."""
    for threads in ("1", "7"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        arguments = [sys.executable, "-m", "fisherlib.cluster", database.path, "-o", tmp_path / "m.npz"]
        shutil.rmtree(database.path / "moments", ignore_errors=True)
        subprocess.run(arguments, env=environment, check=True, capture_output=True, timeout=120)
        assert same(read_moments(tmp_path / "m.npz"), serial)


_PEAK = """
import re, resource, sys
from fisherlib import cluster
from fisherlib.io.database import Database

def status(name):
    return int(re.search(name + r":\\s+(\\d+) kB", open("/proc/self/status").read())[1]) * 1024

small, large, limit = sys.argv[1], Database.open(sys.argv[2]), int(sys.argv[3])
cluster.accumulate(small, keep=False, progress=lambda *_: None)  # everything is imported now
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + limit,) * 2)
found = cluster.accumulate(large, keep=False, progress=lambda *_: None)
print(status("VmHWM") - before, found["t"].rows)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """400 MB in shards of 8 MB, K = 200."""
    folder = tmp_path_factory.mktemp("large")
    t = trajectory(0, M=100, K=200, atoms=(35, 35), precision="float32")
    database = Database.create(folder / "db", descriptor_names=t.descriptor_names)
    for n in range(48):
        database.append(dataclasses.replace(t, energies=t.energies + n))
    database.seal()
    yield database
    shutil.rmtree(folder)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="NO /proc, SO MEMORY WENT UNMEASURED")
def test_memory_does_not_grow_with_the_database(large: Database, database: Database) -> None:
    shard, total = large.shards()[0].size, sum(h.size for h in large.shards())
    limit = total // 5
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _PEAK, database.path, large.path, str(limit)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    taken, rows = map(int, done.stdout.split())
    assert rows == sum(h.rows for h in large.shards())
    allowed = 2 * (large.K + 1) ** 2 * 8 + 3 * shard
    print(f"{total / 1e6:.0f} MB in {taken / 1e6:.1f} MB of memory; {allowed / 1e6:.1f} MB are allowed")
    assert 1e6 < taken < allowed
