"""The descriptor database: what comes back is what was written, and what does not belong together is refused."""

import dataclasses
import io
import json
import os
import threading
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torture import OPTIONAL, same, same_data, same_trajectory, trajectory, written

import fisherlib as fl
from fisherlib.io.database import Damaged, Database, Shard, Writer, blocks, sweep, write_dataset
from fisherlib.io.database.__main__ import main
from fisherlib.io.database.header import Member, npy_header, pieces
from fisherlib.io.database.join import ARRAYS
from fisherlib.io.database.layout import canonical, fingerprint

pytestmark = pytest.mark.filterwarnings("ignore:.*in no seal:UserWarning")

KEYS = ("run/300 K", "Füße ∑ 水.é", "k" * 200, "水" * 100, "a-000000000", "a", "..", "~", "", "a b%2Fc\\\n\t'\"*?")


def shard(database: Database, number: int = 0) -> Path:
    """The path of one of the shards, in the order of the listing."""
    return database.path / "shards" / database.shards()[number].name


@pytest.mark.parametrize("optional", [(), OPTIONAL, ("species", "positions"), ("site_descriptors",)])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_dataset_comes_back_bit_for_bit(tmp_path: Path, optional: tuple[str, ...], precision: str) -> None:
    data = fl.Dataset(
        [
            trajectory(1, key="a", M=9, precision=precision, optional=optional),
            trajectory(2, key="b", M=1, atoms=(1, 1), temperature=None, precision=precision, optional=optional),
        ],
        provenance={"descriptor": {"name": "random", "cutoff": 5.0, "exponents": [1, 2]}},
    )
    database = write_dataset(data, tmp_path / "db", precision=precision, shard_bytes=200)
    assert len(database.shards()) > 3, "the shards are to be small enough that some are joined again"
    back = Database.open(tmp_path / "db").read()
    assert same_data(back, data)
    assert back.provenance["descriptor"] == data.provenance["descriptor"]
    assert database.verify() == []
    assert database.unsealed() == 0


def test_float32_on_the_disk_is_what_numpy_rounds_to(tmp_path: Path) -> None:
    t = trajectory(1, M=7)
    t = dataclasses.replace(t, force_descriptors=np.random.default_rng(0).normal(size=t.force_descriptors.shape))
    back = written(tmp_path / "db", [t], precision="float32").read()["t"]
    assert back.force_descriptors.dtype == np.float32
    np.testing.assert_array_equal(back.force_descriptors, t.force_descriptors.astype(np.float32))
    assert same_trajectory(dataclasses.replace(back, force_descriptors=t.force_descriptors), t), "all else is float64"


def test_any_key_is_a_file_name_of_its_own(tmp_path: Path) -> None:
    made = [trajectory(n, key=key) for n, key in enumerate(KEYS)]
    database = written(tmp_path / "db", made)
    assert same_data(database.read(), fl.Dataset(made))
    names = [p.name for p in (tmp_path / "db" / "shards").iterdir()]
    assert len(names) == len(KEYS)
    assert all(len(name) < 200 and name.isascii() and "\n" not in name for name in names)
    for t in made:
        database.append(dataclasses.replace(t, energies=t.energies + 1))
        assert len(database.read(t.key)[t.key]) == 2 * len(t), "another key was taken for this one"


@pytest.mark.filterwarnings("ignore:(sign of the force|units|energies)")
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=8),
    order=st.randoms(use_true_random=False),
    K=st.integers(1, 4),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_shards_of_any_size_in_any_order_hold_the_same(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], order: object, K: int
) -> None:
    folder = tmp_path_factory.mktemp("db")
    t = trajectory(len(sizes), M=sum(sizes), K=K)
    database = Database.create(folder / "db", descriptor_names=t.descriptor_names, precision="float64")
    ends = np.cumsum(sizes)
    pieces = [(int(end - n), int(end)) for n, end in zip(sizes, ends, strict=True)]
    order.shuffle(pieces)
    for first, end in pieces:
        database.append(t.slice(first, end), first=first)
    assert same_trajectory(database.read()["t"], t)
    moments, whole = fl.cluster.accumulate(database, keep=False), fl.accumulate([t])
    for name in ("PhiPhi", "PhiF", "FF", "mean", "scatter"):
        want = getattr(whole["t"], name)
        np.testing.assert_allclose(getattr(moments["t"], name), want, rtol=1e-12, atol=1e-12 * np.max(np.abs(want)))
    assert same(moments, fl.cluster.accumulate(database, keep=False))
    if len(t.forces) > 3 * K:
        theta = fl.solve(fl.fisher(moments)).theta
        np.testing.assert_allclose(theta, fl.solve(fl.fisher(whole)).theta, rtol=1e-8)


def test_blocks_are_the_rows_in_order(tmp_path: Path) -> None:
    made = [trajectory(n, key=k, M=400, K=2, atoms=(3, 3)) for n, k in enumerate("abc")]  # 3600 rows: several blocks
    for precision in ("float32", "float64"):
        database = written(tmp_path / precision, made, precision=precision)
        found = [
            (Phi.copy(), F.copy())
            for Phi, F in blocks((Shard(database.path / "shards" / h.name) for h in database.shards()), 2)
        ]
        Phi, F = (np.concatenate(parts) for parts in zip(*found, strict=True))
        np.testing.assert_array_equal(F, np.concatenate([t.forces for t in made]))
        want = np.concatenate([t.force_descriptors for t in made])
        np.testing.assert_array_equal(Phi, want.astype(precision).astype(float))


def test_a_writer_collects_shards_of_the_size_asked_for(tmp_path: Path) -> None:
    t = trajectory(0, M=300, K=4, atoms=(5, 5))
    database = Database.create(tmp_path / "db", descriptor_names=t.descriptor_names, precision="float64")
    with Writer(database, shard_bytes=40 * 15 * 4 * 8) as writer:  # 40 configurations
        for n in range(300):
            writer.add(t.slice(n, n + 1))
            assert len(database.shards()) == (n + 1) // 30, "three quarters of a shard is the least"
    assert [h.configurations for h in database.shards()] == [30] * 10
    assert same_trajectory(database.read()["t"], t)
    with Writer(database, shard_bytes=40 * 15 * 4 * 8) as writer:
        writer.add(dataclasses.replace(t, key="all at once"))
    assert max(h.configurations for h in database.shards("all at once")) <= 40


def test_a_writer_writes_the_rest_when_the_simulation_fails(tmp_path: Path) -> None:
    a, b = trajectory(0, key="a"), trajectory(1, key="b")
    database = Database.create(tmp_path / "db", descriptor_names=a.descriptor_names, precision="float64")
    with pytest.raises(ZeroDivisionError), Writer(database) as writer:
        writer.add(a)
        writer.add(b.slice(0, 2))
        assert [h.key for h in database.shards()] == ["a"], "another key goes into a shard of its own"
        raise ZeroDivisionError
    assert same_data(database.read(), fl.Dataset([a, b.slice(0, 2)]))
    assert database.unsealed() == 0
    with Writer(database) as writer:
        writer.add(b.slice(2, 6))
    assert same_data(database.read(), fl.Dataset([a, b])), "the next writer goes on where the first one was"


def test_a_writer_refuses_what_does_not_fit_and_keeps_what_did(tmp_path: Path) -> None:
    t = trajectory(0)
    database = Database.create(tmp_path / "db", descriptor_names=t.descriptor_names, precision="float64")
    with Writer(database) as writer:
        writer.add(t)
        with pytest.raises(ValueError, match="expected the K = 3 descriptors"):
            writer.add(trajectory(1, K=4))
        with pytest.raises(ValueError, match="temperature"):
            writer.add(trajectory(1, temperature=400.0))
        with pytest.raises(ValueError, match="species"):
            writer.add(trajectory(1, optional=["species"]))
    assert same_trajectory(database.read()["t"], t)


def test_the_shards_of_a_trajectory_must_be_alike(tmp_path: Path) -> None:
    t = trajectory(0)
    database = written(tmp_path / "db", [t])
    with pytest.raises(ValueError, match="temperature"):
        database.append(trajectory(1, temperature=400.0))
    with pytest.raises(ValueError, match="positions"):
        database.append(trajectory(1, optional=["positions"]))
    assert same_trajectory(database.read()["t"], t)


def test_a_gap_an_overlap_and_the_same_data_twice_are_refused(tmp_path: Path) -> None:
    t = trajectory(0, M=9)
    for name, firsts, message in (
        (
            "gap",
            (0, 6),
            r"trajectory 't': expected configuration 3 next, got 6 in t-000000006.npz: .* 3 to 5 are missing",
        ),
        ("start", (3, 6), r"expected configuration 0 next, got 3"),
    ):
        database = Database.create(tmp_path / name, descriptor_names=t.descriptor_names)
        for first in firsts:
            database.append(t.slice(first, first + 3), first=first)
        with pytest.raises(Damaged, match=message):
            database.shards()
        with pytest.raises(Damaged, match=message):
            fl.cluster.accumulate(database)
        assert main(["verify", str(database.path)]) == 1
    database = written(tmp_path / "overlap", [t])
    database.append(trajectory(1), first=6)
    with pytest.raises(Damaged, match="overlap"):
        database.read()
    database = written(tmp_path / "twice", [t, dataclasses.replace(t, key="u")], seal=False)
    with pytest.raises(Damaged, match="9 configurations of 'u' .* are those of 't' .* again and would count twice"):
        database.read()


def test_a_whole_trajectory_can_be_read_beside_one_with_a_gap(tmp_path: Path) -> None:
    t = trajectory(0, M=9)
    database = written(tmp_path / "db", [t.slice(0, 3), trajectory(1, key="u")])
    database.append(t.slice(6, 9), first=6)
    with pytest.raises(Damaged, match="leave the trajectory out by keys="):
        database.read()
    assert same_trajectory(database.read("u")["u"], trajectory(1, key="u")), "what the sentence says must help"


def test_other_descriptors_are_refused(tmp_path: Path) -> None:
    t = trajectory(0)
    database = written(tmp_path / "db", [t])
    with pytest.raises(ValueError, match=r"trajectory 't': expected the K = 3 descriptors of db, got K = 4"):
        database.append(trajectory(0, K=4))
    with pytest.raises(ValueError, match="the first that differs is 'D1', here 'x'"):
        database.append(dataclasses.replace(t, descriptor_names=("D0", "x", "D2")))
    other = fl.Dataset([trajectory(1, key="u")], provenance={"descriptor": {"name": "random", "cutoff": 6.0}})
    with pytest.raises(ValueError, match="descriptor"):
        write_dataset(other, database.path)
    with pytest.raises(ValueError, match="'t' again"):
        write_dataset(fl.Dataset([t]), database.path)
    write_dataset(fl.Dataset([trajectory(1, key="u")], provenance={"descriptor": {"name": "random"}}), database.path)
    assert len(database.read()) == 2


def test_shards_of_two_databases_do_not_mix(tmp_path: Path) -> None:
    a = written(tmp_path / "a", [trajectory(0, key="a")])
    for name, other in (("b", {"descriptor": {"name": "other"}}), ("c", {"precision": "float32"})):
        made = {"descriptor": {"name": "random"}, "precision": "float64"} | other
        b = Database.create(tmp_path / name, descriptor_names=a.descriptor_names, **made)
        b.append(trajectory(1, key="b"))
        os.link(shard(b), a.path / "shards" / "b-000000000.npz")
        with pytest.raises(Damaged, match=r"b-000000000.npz: a shard of another database"):
            a.read()
        (a.path / "shards" / "b-000000000.npz").unlink()
    assert len(a.read()) == 1


def test_what_the_database_is_about_cannot_be_changed(tmp_path: Path) -> None:
    database = written(tmp_path / "db", [trajectory(0)])
    with pytest.raises(FileExistsError, match="there is a database already"):
        Database.create(database.path, descriptor_names=["other"])
    path = database.path / "meta.json"
    content = path.read_bytes()
    for changed in (
        content.replace(b"random", b"Random"),
        content.replace(b'"D1"', b'"D2"'),
        content + b" ",
        content[:-1],
        b"",
        b"[]",
        b"null",
        b"{" * 10000,
        b"\xff\xfe",
        json.dumps(json.loads(content)).encode(),
    ):
        assert changed != content
        path.write_bytes(changed)
        with pytest.raises(Damaged, match="meta.json: expected what Database.create wrote"):
            Database.open(database.path)
    path.unlink()
    for folder in (database.path, tmp_path / "none", path.parent / "shards" / "t-000000000.npz"):
        with pytest.raises(FileNotFoundError, match="expected a descriptor database"):
            Database.open(folder)


def test_a_database_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="descriptor_names: expected different names, at least one"):
        Database.create(tmp_path / "db", descriptor_names=[])
    with pytest.raises(ValueError, match="precision: expected one of 'float32', 'float64', got 'float16'"):
        Database.create(tmp_path / "db", descriptor_names=["a"], precision="float16")
    database = Database.create(tmp_path / "db", descriptor_names=["a"])
    for use in (database.read, lambda: fl.cluster.accumulate(database)):
        with pytest.raises(ValueError, match=r"db: expected at least one shard, got none"):
            use()
    assert database.shards() == ()
    assert database.seal() == 0
    assert database.verify() == []
    with pytest.raises(KeyError, match="no trajectory 'x'"):
        database.read("x")


def test_all_seals_together_say_what_must_be_there(tmp_path: Path) -> None:
    database = written(tmp_path / "db", [trajectory(0, key="a")], seal=False)
    assert database.unsealed() == 1
    with pytest.warns(UserWarning, match="1 of 1 shards are in no seal"):
        fl.cluster.accumulate(database, keep=False)
    b = database.append(trajectory(1, key="b"))
    assert (database.seal([b]), database.unsealed()) == (1, 1)
    assert (database.seal(), database.unsealed(), database.seal()) == (2, 0, 2)
    assert len(list((database.path / "seals").iterdir())) == 2, "the same seal is not written twice"
    for name in ("a-000000000.npz", "b-000000000.npz"):
        kept = (database.path / "shards" / name).rename(tmp_path / name)
        with pytest.raises(Damaged, match=f"db: {name} must be there and is not"):
            database.shards()
        kept.rename(database.path / "shards" / name)
    database.shards()


def test_a_sealed_shard_cannot_be_replaced(tmp_path: Path) -> None:
    a, b = written(tmp_path / "a", [trajectory(0)]), written(tmp_path / "b", [trajectory(1)])
    os.replace(shard(b), shard(a))
    with pytest.raises(Damaged, match=r"t-000000000.npz: not the shard that was sealed under this name"):
        a.read()


def test_only_what_dead_writers_left_is_swept(tmp_path: Path) -> None:
    database = written(tmp_path / "db", [trajectory(0)])
    old, new = (database.path / "shards" / f"x.npz.{n}.partial" for n in (1, 2))
    for path in (old, new, database.path / "meta.json.1.partial", database.path / "seals" / "s.json.1.partial"):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 4000,) * 2)
    before = sorted(p for p in database.path.rglob("*") if p != old)
    assert len(database.read()) == 1, "leftovers are no shards and no seals"
    assert sweep(database) == [old.name]
    assert sorted(database.path.rglob("*")) == before
    assert len(sweep(database, older=-1)) == 3
    assert database.verify() == []


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = written(tmp_path / "db", [trajectory(0, key="a"), trajectory(1, key="b")], seal=False)
    folder = str(database.path)
    assert main(["info", folder]) == 0
    assert "2 trajectories, 12 configurations" in (out := capsys.readouterr().out)
    assert "2 of them not sealed" in out
    assert "K = 3, Φ in float64, descriptor {'name': 'random'}" in out
    assert main(["seal", folder]) == 0
    assert "2 shards are sealed" in capsys.readouterr().out
    assert main(["verify", folder]) == 0
    assert "all is well" in capsys.readouterr().out
    for path in [shard(database, number) for number in (0, 1)]:
        with open(path, "r+b") as file:
            file.seek(-3, os.SEEK_END)
            file.write(b"\xaa\xbb\xcc")
    (database.path / "shards" / "new.partial").touch()  # somebody may be writing it
    left = database.path / "shards" / "left.partial"
    left.touch()
    os.utime(left, (time.time() - 4000,) * 2)
    assert main(["verify", folder]) == 1
    out = capsys.readouterr().out
    assert all(name in out for name in ("a-000000000.npz", "b-000000000.npz", "left.partial")), "all of it is listed"
    assert "new.partial" not in out
    assert main(["sweep", folder, "--older", "-1"]) == 0
    assert "left.partial" in capsys.readouterr().out
    assert main(["sweep", folder]) == 0
    assert "nothing to sweep" in capsys.readouterr().out
    assert main(["info", folder]) == 1
    assert "structure of the archive: the checksum is not that of what was written" in capsys.readouterr().err
    assert main(["info", str(tmp_path)]) == 1
    assert "expected a descriptor database" in capsys.readouterr().err


def test_what_does_not_fit_into_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = written(tmp_path / "db", [trajectory(0, key="a", M=50), trajectory(1, key="b", M=2)])
    real = os.sysconf
    monkeypatch.setattr(os, "sysconf", lambda name: 4 if name == "SC_PHYS_PAGES" else real(name))
    with pytest.raises(MemoryError, match=r"db: .* do not fit into .*keys=.*fisherlib\.cluster\.accumulate"):
        database.read()
    assert len(database.read("b")) == 1
    assert len(fl.cluster.accumulate(database, keep=False)) == 2


def test_another_program_reads_the_same_arrays(tmp_path: Path) -> None:
    t = trajectory(0, precision="float32", optional=OPTIONAL)
    database = written(tmp_path / "db", [t], precision="float32")
    with np.load(shard(database), allow_pickle=False) as file:
        own = {"n_atoms", "energies", "descriptors", "forces", "force_descriptors", *OPTIONAL}
        assert set(file) == own | {"fingerprints", "header.json"}
        for name in own:
            want = getattr(t, name)
            assert file[name].dtype == want.dtype
            assert file[name].tobytes() == want.tobytes()
        about = json.loads(file["header.json"])
        assert file.zip.testzip() is None, "the checksums of the archive are right, too"
        assert {member.compress_type for member in file.zip.infolist()} == {zipfile.ZIP_STORED}
    assert [about[name] for name in ("key", "first", "temperature")] == ["t", 0, 300.0]
    assert [about["units"][name] for name in ("energies", "forces", "Φ")] == ["eV", "eV/Å", "−∂D/∂x, [D]/Å"]
    with Shard(shard(database)) as opened:
        for name, array in opened.header.arrays.items():
            assert array.offset % 64 == 0
            mapped = np.memmap(shard(database), array.dtype, "r", array.offset, array.shape)
            assert name == "fingerprints" or mapped.tobytes() == getattr(t, name).tobytes()


def test_an_archive_may_be_larger_than_4_gb(tmp_path: Path) -> None:
    """The numbers of the large array are zeros, which a sparse file holds in no space."""
    shape, last = (3, 2**29), np.arange(5.0)
    head, crc = npy_header("<f4", shape), zlib.crc32(npy_header("<f8", last.shape) + last.tobytes())
    members = [Member("large.npy", head, 3 * 2**31, 0), Member("last.npy", npy_header("<f8", last.shape), 40, crc)]
    (_, first), (at, second), (end, directory) = found = pieces([*members])
    assert found[1][0] == len(first) + 3 * 2**31
    path = tmp_path / "large.npz"
    with open(path, "wb") as file:
        for offset, piece in ((0, first), (at, second + last.tobytes()), (end, directory)):
            file.seek(offset)
            file.write(piece)
    with np.load(path) as file:
        np.testing.assert_array_equal(file["last"], last)
        large = file.zip.getinfo("large.npy")
        assert (large.file_size, large.compress_size) == (len(head) + 3 * 2**31,) * 2
        with file.zip.open("large.npy") as member:
            assert np.lib.format.read_magic(member) == (1, 0)
            assert np.lib.format.read_array_header_1_0(member) == (shape, False, np.dtype("<f4"))


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 0, 2), (10**12,), (1,) * 32])
@pytest.mark.parametrize("dtype", ["<f4", "<f8", "<i8", "<u8", "|b1"])
def test_numpy_reads_the_headers_of_arrays(shape: tuple[int, ...], dtype: str) -> None:
    file = io.BytesIO(npy_header(dtype, shape))
    assert np.lib.format.read_magic(file) == (1, 0)
    assert np.lib.format.read_array_header_1_0(file) == (shape, False, np.dtype(dtype))
    assert file.read() == b"" and file.tell() % 64 == 0


def test_a_database_of_before_the_first_release_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "db", [trajectory(0)]).path / "meta.json"
    about = json.loads(path.read_bytes())["about"] | {"format": 1}
    path.write_bytes(canonical({"about": about, "fingerprint": fingerprint(canonical(about))}))
    with pytest.raises(Damaged, match=r"expected a database of format 2, got format 1.*HDF5.*into a new database"):
        Database.open(tmp_path / "db")


@pytest.mark.parametrize("name", ["force_descriptors", "site_descriptors"])
@pytest.mark.parametrize("scale", [1e39, 1e-39, 1e300, 1e-300])
def test_numbers_that_float32_cannot_hold_are_refused(tmp_path: Path, name: str, scale: float) -> None:
    t = trajectory(0, optional=["site_descriptors"])
    values = getattr(t, name).copy()
    values[:, 1] *= scale
    t = dataclasses.replace(t, **{name: values})
    database = Database.create(tmp_path / "db", descriptor_names=t.descriptor_names)
    with pytest.raises(ValueError, match=rf"{name} of trajectory 't': .* in descriptor 'D1'; take precision='float64'"):
        database.append(t)
    assert list((database.path / "shards").iterdir()) == []
    assert same_trajectory(written(tmp_path / "wide", [t]).read()["t"], t)
    values[:, 1] = 0.0  # a descriptor that is zero everywhere is no underflow
    database.append(dataclasses.replace(t, **{name: values}))


def test_reading_while_others_append_and_seal_finds_a_whole(tmp_path: Path) -> None:
    pieces = [trajectory(n, M=1, atoms=(1, 1)) for n in range(80)]
    database = written(tmp_path / "db", pieces[:1])
    failed: list[BaseException] = []

    def write() -> None:
        try:
            for piece in pieces[1:]:
                database.seal([database.append(piece)])
        except BaseException as error:
            failed.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    seen, end = [], time.monotonic() + 300
    while writer.is_alive():
        assert time.monotonic() < end, "the writer hangs"
        t = database.read()["t"]
        seen.append(len(t))
        assert same_trajectory(t, dataclasses.replace(fl.io.database.join.join(pieces[: len(t)]), key="t"))
    writer.join()
    assert not failed
    assert seen == sorted(seen)
    assert len(database.read()["t"]) == 80


def test_who_reads_just_before_and_after_a_file_gets_its_name_finds_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = [trajectory(n, M=1, atoms=(1, 1)) for n in range(4)]
    database, seen, link = written(tmp_path / "db", pieces[:1]), [], os.link

    def read() -> None:
        seen.append(len(t := database.read()["t"]))
        assert same_trajectory(t, dataclasses.replace(fl.io.database.join.join(pieces[: len(t)]), key="t"))

    def watched(*names: object) -> None:
        read()
        link(*names)
        read()

    monkeypatch.setattr(os, "link", watched)
    for piece in pieces[1:]:
        database.seal([database.append(piece)])
    assert seen == [1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4]  # a shard, its seal, and so on


def frames(M: int, *, seed: int = 3, key: str = "md") -> list[fl.Trajectory]:
    t = trajectory(seed, M=M, key=key)
    return [t.slice(m, m + 1) for m in range(M)]


def test_buffers_that_are_filled_anew_are_written_as_they_were(tmp_path: Path) -> None:
    wanted = trajectory(0, M=7, atoms=(2, 2), key="md", precision="float64")
    database = Database.create(tmp_path / "db", descriptor_names=wanted.descriptor_names, precision="float64")
    buffers = {name: np.empty_like(getattr(wanted.slice(0, 1), name)) for name in ARRAYS}
    with Writer(database) as writer:
        for m in range(7):
            for name, buffer in buffers.items():
                buffer[...] = getattr(wanted.slice(m, m + 1), name)
            writer.add(fl.Trajectory(key="md", temperature=wanted.temperature, **buffers))
    found = database.read()["md"]
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_a_script_that_begins_again_is_refused(tmp_path: Path) -> None:
    all_of_it = trajectory(3, M=12, key="md")
    database = written(tmp_path / "db", [all_of_it.slice(0, 7)])
    for again in (all_of_it, all_of_it.slice(2, 6), all_of_it.slice(3, 4)):
        with pytest.raises(
            ValueError, match="trajectory 'md': expected configurations that are not in it yet, got .* again"
        ):
            database.append(again)
        with pytest.raises(ValueError, match="they would count twice"), Writer(database) as writer:
            writer.add(again)
    database.append(all_of_it.slice(7, 12))
    assert len(database.read()["md"]) == 12


def test_other_cuts_under_another_key_are_refused_when_read_and_one_can_be_retracted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    t = trajectory(3, M=12, key="a")
    database = written(
        tmp_path / "db",
        [t.slice(0, 5), t.slice(5, 12), *(dataclasses.replace(t, key="b").slice(m, m + 3) for m in (0, 3, 6, 9))],
        seal=False,
    )
    for call in (database.read, lambda: fl.cluster.accumulate(database)):
        with pytest.raises(Damaged, match="12 configurations of 'b' .* are those of 'a' .* again.*retract"):
            call()
    assert main(["verify", str(database.path)]) == 1
    assert len(database.read("a")["a"]) == 12, "what the sentence says must help"
    assert main(["retract", str(database.path), "--key", "b"]) == 0
    assert main(["verify", str(database.path)]) == 0
    assert list(database.read()) == ["a"]
    assert main(["retract", str(database.path), "--key", "b"]) == 1
    assert "no trajectory 'b'" in capsys.readouterr().err


def test_walkers_that_begin_alike_and_steps_that_are_refused_are_no_copies(tmp_path: Path) -> None:
    a, b = frames(4), frames(4, seed=4, key="w")
    start = dataclasses.replace(a[0], key="w")
    database = written(tmp_path / "db", [a[0], a[1], a[1], a[1], a[2], a[3], start, *b])
    assert {key: len(t) for key, t in database.read().items()} == {"md": 6, "w": 5}


def test_the_same_once_more_changes_nothing(tmp_path: Path) -> None:
    t = trajectory(3, M=6)
    database = written(tmp_path / "db", [t])
    before = database.shards()
    assert database.append(t, first=0) == before[0] and database.shards() == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_error_behind_the_link_writes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    t = trajectory(3, M=6)
    database = Database.create(tmp_path / "db", descriptor_names=t.descriptor_names)
    real, calls = os.fsync, []

    def fsync(file: int) -> None:
        calls.append(file)
        if len(calls) == 2:  # that of the folder
            raise error("late")
        real(file)

    with pytest.raises(error), Writer(database) as writer:
        writer.add(t)
        monkeypatch.setattr(os, "fsync", fsync)
        writer.flush()
    assert len(calls) > 2 and len(database.shards()) == 1 and database.unsealed() == 0


def test_a_link_whose_answer_is_lost_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(*paths: object) -> None:
        real(*paths)
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "link", link)
    database = written(tmp_path / "db", [trajectory(0)])
    assert database.verify() == []


def test_an_interrupted_write_is_not_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = fl.Dataset([trajectory(n, key=f"t{n}") for n in range(4)])
    real = Writer.add

    def add(self: Writer, t: fl.Trajectory) -> None:
        if t.key == "t2":
            raise KeyboardInterrupt
        real(self, t)

    monkeypatch.setattr(Writer, "add", add)
    with pytest.raises(KeyboardInterrupt):
        write_dataset(data, tmp_path / "db")
    database = Database.open(tmp_path / "db")
    assert (len(database.shards()), database.unsealed()) == (2, 2)
    with pytest.warns(UserWarning, match="2 of 2 shards are in no seal"):
        fl.cluster.accumulate(database)


def test_numbers_too_large_are_refused_when_they_are_added_and_nothing_else_is_lost(tmp_path: Path) -> None:
    good = trajectory(3, M=6)
    bad = dataclasses.replace(good, force_descriptors=good.force_descriptors * 1e200)
    database = Database.create(tmp_path / "db", descriptor_names=good.descriptor_names)
    with pytest.raises(ValueError, match="float32 holds"), Writer(database) as writer:
        writer.add(good)
        writer.add(bad)
    assert len(database.read()["t"]) == 6


def test_a_writer_without_with_is_refused(tmp_path: Path) -> None:
    t = trajectory(0)
    Database.create(tmp_path / "db", descriptor_names=t.descriptor_names)
    with pytest.raises(RuntimeError, match="writer: expected `with Writer"):
        Writer(tmp_path / "db").add(t)


def test_a_database_is_not_put_among_other_files(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for path in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(FileExistsError, match="expected a new or an empty folder"):
            Database.create(path, descriptor_names=("D0",))
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_another_precision_is_refused(tmp_path: Path) -> None:
    write_dataset(fl.Dataset([trajectory(0, key="a")]), tmp_path / "db")
    with pytest.raises(ValueError, match="precision: expected 'float32', in which .* is, got 'float64'"):
        write_dataset(fl.Dataset([trajectory(1, key="b")]), tmp_path / "db", precision="float64")


@pytest.mark.parametrize("descriptor", [{"x": np.ones(3)}, {"x": float("nan")}, {"x": object()}])
def test_a_descriptor_that_cannot_be_written_is_refused(tmp_path: Path, descriptor: dict) -> None:
    with pytest.raises(ValueError, match="descriptor: expected names with numbers, words"):
        Database.create(tmp_path / "db", descriptor_names=("D0",), descriptor=descriptor)


def test_databases_that_were_written_before_there_were_virials_are_the_same(tmp_path: Path) -> None:
    """Every shard carries the fingerprint: were it another one now, they all would be of a strange database."""
    made = Database.create(tmp_path / "db", descriptor_names=["D0", "D1"])
    assert made.meta == "557347804d6a9b051f45f7e952056afa"
