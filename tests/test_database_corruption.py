"""Files of a database that were damaged, cut, moved or never finished: what is read is right to the last bit, or refused.

FISHERLIB_CASES=n: n writers killed at random moments, 100 n damaged bytes.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from torture import Hold, cases, delay, random_moments, same, same_data, same_trajectory, trajectory, written, zygotes

import fisherlib as fl
from fisherlib import cluster
from fisherlib.io.database import Damaged, Database, Shard, sweep
from fisherlib.io.database.__main__ import main
from fisherlib.io.moments import read_moments, write_moments

pytestmark = pytest.mark.filterwarnings("ignore:.*in no seal:UserWarning")

FLIPS = 100 * cases(12)


@dataclass
class Court:
    """A database with everything that is made of it, what is right, and how often which outcome was met."""

    database: Database
    folder: Path
    data: fl.Dataset
    moments: fl.Moments
    met: Counter[str]

    @property
    def parts(self) -> list[Path]:
        return [self.folder / f"part-{number}.npz" for number in (1, 2)]

    def uses(self, path: Path) -> dict[str, Callable[[], bool]]:
        """What is done with a file of each kind; each says whether the result is right."""
        whole = self.folder / "moments.npz"
        kept = {"kept records": lambda: same(cluster.accumulate(self.database.path), self.moments)}
        if path.parent.name == "moments":
            return kept
        if path in self.parts:
            return {"merge": lambda: same(cluster.merge(self.parts), self.moments)}
        if path == whole:
            return {"moments": lambda: same(read_moments(whole), self.moments)}
        return {
            "read": lambda: same_data(Database.open(self.database.path).read(), self.data),
            "accumulate": lambda: same(cluster.accumulate(self.database.path, keep=False), self.moments),
            **kept,
        }

    def judge(self, path: Path, what: str, *, name: str | None = None) -> list[str]:
        """Uses everything; the outcomes: right, or refused in a sentence that names the file."""
        found = []
        for use, act in self.uses(path).items():
            try:
                found.append("right" if act() else "SILENT")
            except (Damaged, ValueError, OSError) as error:
                named = (name or path.name) in str(error) and len(str(error)) > 40
                found.append("refused" if named else f"NAMELESS {error!r}")
            except Exception as error:
                found.append(f"BARE {error!r}")
            self.met[found[-1].split()[0]] += 1
            assert found[-1] in ("right", "refused"), f"{path}, {what}, {use}: {found[-1]}"
        return found

    def spoil(self, path: Path, content: bytes, what: str) -> list[str]:
        """Judges a file with another content, and restores it."""
        before = path.read_bytes()
        path.write_bytes(content)
        try:
            return self.judge(path, what)
        finally:
            path.write_bytes(before)


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Court]:
    folder = tmp_path_factory.mktemp("court")
    made = [trajectory(0, key="a", M=2, K=2, precision="float32", optional=["species"])]
    made.append(trajectory(1, key="a", M=1, K=2, precision="float32", optional=["species"]))
    made.append(trajectory(2, key="b", M=2, K=2, precision="float32", optional=["cell", "pbc"]))
    database = written(folder / "db", made, precision="float32")
    moments = cluster.accumulate(database)
    found = Court(database, folder, database.read(), moments, Counter())
    for number, path in enumerate(found.parts, 1):
        cluster.write_part(database, number, 2, path)
    write_moments(moments, folder / "moments.npz")
    yield found
    print(f"\n{dict(found.met)}")


def files(court: Court) -> list[Path]:
    """All files: shards, what the database is about, seals, kept records, parts and the whole."""
    every = [p for p in sorted(court.folder.rglob("*")) if p.is_file()]
    assert {p.suffix for p in every} == {".npz", ".json"}
    assert len(every) == 3 + 1 + 1 + 2 + 2 + 1
    return every


def of_database(path: Path) -> bool:
    """Whether it is a shard, a seal or what the database is about, which are checked in every byte."""
    return path.parent.name in ("shards", "seals", "db")


def places(path: Path, rng: np.random.Generator, number: int) -> np.ndarray:
    """Offsets in a file: the first and last bytes of every section, and others at random; all, if there are not more."""
    size = path.stat().st_size
    if number >= size:
        return np.arange(size)
    edges = [0, size]
    if path.parent.name == "shards":
        with zipfile.ZipFile(path) as archive:
            edges += [4, 14, 18, 30, 41, 45, 61, 67, 128, archive.start_dir]  # of the header, as the format lists them
            edges += [member.header_offset for member in archive.infolist()]
        with Shard(path) as shard:
            for array in shard.header.arrays.values():
                edges += [array.offset, array.offset + array.size]
    wanted = np.array([edge + step for edge in edges for step in (-1, 0)])
    wanted = wanted[(wanted >= 0) & (wanted < size)]
    return np.unique(np.concatenate([wanted, rng.integers(size, size=number)]))


def test_one_damaged_byte_is_never_silent(court: Court) -> None:
    rng = np.random.default_rng(0)
    every = files(court)
    total = sum(p.stat().st_size for p in every)
    met: dict[str, Counter[str]] = {}
    for path in every:
        content = path.read_bytes()
        kind = {"moments": "kept", "shards": "shard"}.get(path.parent.name, path.suffix)
        for offset in places(path, rng, -(-FLIPS * len(content) // total)):
            changed = bytearray(content)
            changed[offset] ^= 1 << rng.integers(8) if rng.random() < 0.5 else int(rng.integers(1, 256))
            found = court.spoil(path, bytes(changed), f"byte {offset}")
            met.setdefault(kind, Counter()).update(found)
            if kind == "kept":
                assert found == ["right"], "the shards are there still"
            elif of_database(path):  # the sums, which need not all that is there, may be right
                assert found[0] == "refused", f"{path} is checked in every byte, but not in {offset}"
    print({kind: dict(counts) for kind, counts in met.items()})
    assert sum(sum(counts.values()) for counts in met.values()) > FLIPS


def test_a_file_that_was_cut_or_grew_is_refused(court: Court) -> None:
    rng = np.random.default_rng(1)
    for path in files(court):
        content = path.read_bytes()
        lengths = {0, 1, 7, 8, 39, 40, 63, 64, 4095, 4096, len(content) - 1, len(content) - 4096}
        lengths |= set(rng.integers(len(content), size=cases(12)).tolist())
        for length in sorted(n for n in lengths if 0 <= n < len(content)):
            found = court.spoil(path, content[:length], f"cut to {length}")
            assert set(found) == ({"right"} if path.parent.name == "moments" else {"refused"})
        for more in (b"\0", b"\n", content[:100], content, b"\0" * 4096):
            found = court.spoil(path, content + more, f"with {len(more)} bytes more")
            if of_database(path):
                assert set(found) == {"refused"}
        for start in (1, 512, len(content) // 2):
            court.spoil(path, content[start:], f"without its first {start} bytes")
            court.spoil(path, content[:start].ljust(len(content), b"\0"), f"zeros from {start} on")


def test_a_file_that_is_another_is_refused(court: Court, tmp_path: Path) -> None:
    for number, text in enumerate(("", "{}", "[]", '{"arrays": [], "units": {}}', "[" * 10000)):
        with zipfile.ZipFile(tmp_path / f"header-{number}.npz", "w") as archive:
            archive.writestr("header.json", text)
    np.savez(tmp_path / "rows.npz", force_descriptors=np.zeros((9, 2)))
    np.savez(tmp_path / "other.npz", PhiPhi=np.eye(2))
    np.savez(tmp_path / "format.npz", format="fisherlib-moments-1", names=np.array(["a"]), about="{}")
    np.savez(tmp_path / "about.npz", format="fisherlib-moments-1", names=np.array([], dtype=str), about="[]")
    np.save(tmp_path / "other.npy", np.eye(2))
    foreign = [p.read_bytes() for p in tmp_path.iterdir()]
    foreign += [b"", b"not a shard\n", b"{}", b"FISHERL1", b"FISHERL1" + b"\xff" * 5000, b"PK\x05\x06" + bytes(18)]
    foreign += [
        b"\x89HDF\r\n\x1a\n" + bytes(500),
        b"PK\x03\x04",
        b"PK\x03\x04" + bytes(26) + b"header.json" + b"\xff" * 500,
    ]
    every = files(court)
    foreign += [p.read_bytes() for p in every]
    records = [p.read_bytes() for p in files_of(court.database.path / "moments")]  # moments they are, as they say
    for path in every:
        for number, content in enumerate(foreign):
            if content != path.read_bytes() and not (path.name == "moments.npz" and content in records):
                found = court.spoil(path, content, f"foreign file {number}")
                assert set(found) == ({"right"} if path.parent.name == "moments" else {"refused"})


def test_something_else_of_that_name_is_refused(court: Court, tmp_path: Path) -> None:
    def symbolic(path: Path, to: Path) -> Path:
        path.symlink_to(to)
        return path

    for path in files(court):
        if path.parent.name not in ("shards", "seals", "db"):
            continue
        kept = path.rename(tmp_path / path.name)
        other = next(p for p in files_of(court.database.path / "shards") if p != path)
        for make in (path.mkdir, lambda: symbolic(path, tmp_path), lambda: symbolic(path, other)):  # noqa: B023
            make()
            assert set(court.judge(path, "another thing")) == {"refused"}
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        if path.parent.name == "shards":
            os.mkfifo(path)
            assert set(court.judge(path, "a pipe")) == {"refused"}
            path.unlink()
            symbolic(path, tmp_path / "nowhere")
            assert set(court.judge(path, "a link to nowhere")) == {"refused"}
            path.unlink()
            symbolic(path, kept)
            assert set(court.judge(path, "a link to the shard")) == {"right"}
            path.unlink()
        kept.rename(path)
    assert set(court.judge(files_of(court.database.path / "shards")[0], "nothing")) == {"right"}


def files_of(folder: Path) -> list[Path]:
    """Its files, by name."""
    return sorted(p for p in folder.iterdir() if p.is_file())


def test_shards_that_were_removed_renamed_or_swapped_are_refused(court: Court, tmp_path: Path) -> None:
    shards = files_of(court.database.path / "shards")
    first, second, third = shards
    for path in shards:
        kept = path.rename(tmp_path / path.name)
        assert set(court.judge(path, "removed")) == {"refused"}
        other = kept.rename(path.with_name("c-000000000.npz"))
        assert set(court.judge(path, "renamed", name=other.name)) == {"refused"}
        other.rename(path)
        shutil.copy(path, other)
        assert set(court.judge(other, "copied")) == {"refused"}
        other.unlink()
    for one, other in ((first, second), (second, third)):
        a, b = one.read_bytes(), other.read_bytes()
        one.write_bytes(b), other.write_bytes(a)
        assert set(court.judge(one, "swapped")) == {"refused"}
        one.write_bytes(a), other.write_bytes(b)
    assert set(court.judge(first, "nothing")) == {"right"}


def test_without_a_seal_only_the_end_of_a_trajectory_can_go_unnoticed(tmp_path: Path) -> None:
    pieces = [trajectory(n, M=2) for n in range(4)]
    database = written(tmp_path / "db", pieces, seal=False)
    shards = files_of(tmp_path / "db" / "shards")
    for path, following in zip(shards, shards[1:], strict=False):
        kept = path.rename(tmp_path / "kept")
        with pytest.raises(Damaged, match=f"'t': .* in {following.name}: configurations . to . are missing"):
            cluster.accumulate(database)
        kept.rename(path)
    shards[-1].unlink()
    with pytest.warns(UserWarning, match="3 of 3 shards are in no seal, so that nobody would notice"):
        found = cluster.accumulate(database)
    assert found["t"].configurations == 6


def test_a_damaged_shard_may_be_written_again_as_its_sentence_says(tmp_path: Path) -> None:
    pieces = [trajectory(n, M=2) for n in range(3)]
    database = written(tmp_path / "db", pieces)
    right = cluster.accumulate(database, keep=False)
    path = files_of(tmp_path / "db" / "shards")[1]
    path.write_bytes(path.read_bytes()[:-1] + b"\xaa")
    with pytest.raises(Damaged, match="or write these configurations again"):
        database.shards()
    path.unlink()
    database.append(pieces[1], first=2)
    assert same(cluster.accumulate(database), right), (
        "the same data make the same shard, byte for byte, as it was sealed"
    )


def is_right(database: Database, size: int, seed: int = 0) -> None:
    """Every shard holds what was to be written, and there is no damage."""
    for h in database.shards():
        with Shard(database.path / "shards" / h.name) as shard:
            found = shard.trajectory(database.descriptor_names)
        assert same_trajectory(found, trajectory(seed + h.first, key="t", M=size))
    assert database.verify() == []


@pytest.mark.parametrize(
    ("hold", "whole"),
    [
        (Hold("fisherlib.io.database.shard_writer._write", 3, "before"), 2),  # an empty file
        (Hold("fisherlib.io.database.shard_writer._bytes", 2 * 12 + 6 + 4, "before"), 2),  # three of its six arrays
        (Hold("fisherlib.io.database.shard_writer._write", 3, "after"), 2),  # all of the data, which are not flushed
        (Hold("os.link", 3, "before"), 2),  # a whole file, which has no name yet
        (Hold("os.link", 3, "after"), 3),  # it has its name, and the other one still
    ],
)
def test_a_killed_writer_leaves_whole_shards_only(hold: Hold, whole: int, tmp_path: Path) -> None:
    database = Database.create(tmp_path / "db", descriptor_names=["D0", "D1", "D2"], precision="float64")
    size, output = 30, tmp_path / "out"
    with zygotes() as (zygote,):
        pid = zygote.start("write", database.path, "t", size, 0, 5 * size, output=output, hold=hold)
        zygote.held(output)
        os.kill(pid, signal.SIGKILL)
        assert zygote.wait() == -signal.SIGKILL
        assert output.read_text().splitlines() == ["wrote 0", f"wrote {size}", "held"]
        left = [path.name for path in files_of(database.path / "shards") if path.name.endswith(".partial")]
        assert len(left) == 1 and [h.first for h in database.shards()] == [size * n for n in range(whole)]
        is_right(database, size)
        assert sweep(database, older=-1) == left and len(files_of(database.path / "shards")) == whole
        zygote.start("write", database.path, "t", size, 0, 5 * size, output=output)
        assert zygote.wait() == 0, output.read_text()
    is_right(database, size)
    assert len(database.read()["t"]) == 5 * size


def test_of_two_writers_of_the_same_configurations_one_is_told(tmp_path: Path) -> None:
    database = Database.create(tmp_path / "db", descriptor_names=["D0", "D1", "D2"], precision="float64")
    size, slow, fast = 30, tmp_path / "slow", tmp_path / "fast"
    with zygotes(2) as (one, other):
        pid = one.start("write", database.path, "t", size, 10**6, 2 * size, output=slow, hold=Hold("os.link"))
        one.held(slow)  # its shard is written, and has no name yet
        other.start("write", database.path, "t", size, 0, size, output=fast)
        assert other.wait() == 0 and fast.read_text() == "wrote 0\n"
        os.kill(pid, signal.SIGUSR1)
        assert one.wait() == 0, slow.read_text()
    assert slow.read_text().splitlines() == ["held", "refused 0 True", f"wrote {size}"]
    first, second = database.shards()
    found = database.read()["t"]
    assert same_trajectory(found.slice(0, size), trajectory(0, key="t", M=size))
    assert same_trajectory(found.slice(size, 2 * size), trajectory(10**6 + size, key="t", M=size))
    assert (first.first, second.first, database.verify()) == (0, size, [])


@random_moments
def test_writers_killed_at_random_moments_leave_whole_shards_only(tmp_path: Path) -> None:
    rng, size, cycles = np.random.default_rng(2), 300, cases(25)
    database = Database.create(tmp_path / "db", descriptor_names=["D0", "D1", "D2"], precision="float64")
    whole, half, known = 0, 0, set()
    with zygotes() as (zygote,):
        for cycle in range(cycles):
            pid = zygote.start(
                "write", database.path, f"t{cycle % 3}", size, cycle % 3 * 10**6, 10**9, output=tmp_path / "out"
            )
            time.sleep(delay(rng, 0.25))
            os.kill(pid, signal.SIGKILL)
            assert zygote.wait() == -signal.SIGKILL
            said = {int(line.split()[1]) for line in (tmp_path / "out").read_text().splitlines() if line.count(" ")}
            names = os.listdir(database.path / "shards")
            left = {name for name in names if name.endswith(".partial")}
            half += len(left)
            assert len(left) <= 1
            assert set(sweep(database, older=-1)) == left
            for h in database.shards():
                if (h.name, h.digest) not in known:
                    known.add((h.name, h.digest))
                    with Shard(database.path / "shards" / h.name) as shard:
                        t = shard.trajectory(database.descriptor_names)
                    seed = int(h.key[1]) * 10**6 + h.first
                    assert same_trajectory(t, trajectory(seed, key=h.key, M=size))
            assert len(os.listdir(database.path / "shards")) == len(known)
            assert {(h.key, h.first) for h in database.shards()} >= {(f"t{cycle % 3}", first) for first in said}
            whole = len(known)
    print(f"{cycles} writers killed: {whole} shards, all right; {half} half-written files, none visible")
    assert database.verify() == []
    assert sum(len(t) for t in database.read().values()) == whole * size


@random_moments
def test_of_two_writers_at_once_one_is_told(tmp_path: Path) -> None:
    size, shards = 50, max(40, cases(40))
    database = Database.create(tmp_path / "db", descriptor_names=["D0", "D1", "D2"], precision="float64")
    with zygotes(2) as both:
        outputs = [tmp_path / "0", tmp_path / "1"]
        for number, zygote in enumerate(both):
            zygote.start("write", database.path, "t", size, number * 10**6, shards * size, output=outputs[number])
        assert [zygote.wait() for zygote in both] == [0, 0]
    said = [[line.split() for line in output.read_text().splitlines()] for output in outputs]
    wrote = [{int(line[1]) for line in lines if line[0] == "wrote"} for lines in said]
    refused = [line for lines in said for line in lines if line[0] == "refused"]
    assert not wrote[0] & wrote[1]
    assert wrote[0] | wrote[1] == set(range(0, shards * size, size))
    assert all(line[2] == "True" for line in refused)
    for h in database.shards():
        with Shard(database.path / "shards" / h.name) as shard:
            found = shard.trajectory(database.descriptor_names)
        seed = h.first + (0 if h.first in wrote[0] else 10**6)
        assert same_trajectory(found, trajectory(seed, key="t", M=size)), "not all of one writer"
    assert database.verify() == []
    print(f"{shards} shards of two writers: {len(wrote[0])} and {len(wrote[1])}, {len(refused)} times told")


_FULL = """
import json, resource, shutil, signal, sys
from torture import same_trajectory, trajectory
from fisherlib.io.database import Database
path, how, *sizes = sys.argv[1:]
database = Database.open(path)
if how == "disk":  # the check before is for humans; the disk may fill up while the shard is written
    shutil.disk_usage = lambda path: type("", (), {"free": 10**12})
for number, size in enumerate(map(int, sizes)):
    if how == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        t = trajectory(99, key="t", M=300)
    else:
        t = trajectory(number, key="t", M=size)
    try:
        database.append(t)
        found = "written"
    except BaseException as error:
        found = [isinstance(error, OSError), getattr(error, "errno", 0), str(error)]
    print(json.dumps(found))
"""


def filled(database: Database, how: str, sizes: list[int]) -> list[str | list]:
    """What became of shards that had no space."""
    environment = os.environ | {"PYTHONPATH": os.path.dirname(__file__)}
    command = [sys.executable, "-c", _FULL, str(database.path), how, *map(str, sizes)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_shard_that_may_not_grow_is_not_there(tmp_path: Path) -> None:
    before = trajectory(0, M=3)
    database = written(tmp_path / "db", [before])
    size = written(tmp_path / "other", [trajectory(99, M=300)]).shards()[0].size
    limits = [0, 1, 100, 4095, 4096, 4097, 6000, *range(8192, size, size // max(8, cases(8))), size - 1, size - 8]
    found = filled(database, "limit", [*limits, size])
    for limit, outcome in zip(limits, found, strict=False):
        assert outcome[:2] == [True, errno.EFBIG], (limit, outcome)
        assert "t-000000003.npz" in outcome[2], (limit, outcome)
    assert found[-1] == "written", "now it fits"
    assert [p.name for p in files_of(database.path / "shards")] == ["t-000000000.npz", "t-000000003.npz"]
    assert database.verify() == []
    assert len(database.read()["t"]) == 303


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    path = tmp_path / "disk"
    path.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", path], capture_output=True, text=True
    )
    if not done or done.returncode:
        reason = done.stderr.strip() if done else "no mount"
        pytest.skip(f"NO SMALL DISK COULD BE MADE, SO THAT A FULL ONE WENT UNTESTED: {reason}")
    yield path
    subprocess.run(["umount", path], check=True)


@pytest.mark.parametrize("how", ["disk", "looked first"])
def test_a_full_disk_leaves_what_was_there_and_nothing_else(disk: Path, how: str) -> None:
    database = Database.create(disk / "db", descriptor_names=["D0", "D1", "D2"], precision="float64")
    (disk / "filler").write_bytes(bytes(200_000))
    sizes = [300] * 60 + [100] * 5 + [20] * 5 + [1] * 5  # 300: 70 kB
    found = filled(database, how, sizes)
    there = [number for number, outcome in enumerate(found) if outcome == "written"]
    refused = [outcome for outcome in found if outcome != "written"]
    assert 10 < len(there) < 40
    assert all(outcome[:2] == [True, errno.ENOSPC] for outcome in refused), refused
    assert all(".npz" in outcome[2] for outcome in refused), refused
    assert len(os.listdir(database.path / "shards")) == len(there)
    for number, h in zip(there, database.shards(), strict=True):
        with Shard(database.path / "shards" / h.name) as shard:
            t = shard.trajectory(database.descriptor_names)
        assert same_trajectory(t, trajectory(number, key="t", M=sizes[number]))
    with contextlib.suppress(OSError), open(disk / "rest", "wb", buffering=0) as file:
        while file.write(bytes(4096)):  # to the last page
            continue
    with pytest.raises(OSError, match=r"[Nn]o space left"):
        database.seal()
    with pytest.warns(UserWarning, match=r"moments: cannot be written to \([Nn]o space left.*nothing more is kept"):
        full = cluster.accumulate(database)  # the sum goes on
    (disk / "filler").unlink()
    (disk / "rest").unlink()
    assert database.verify() == []
    assert database.seal() == len(there)
    right = cluster.accumulate(database)
    assert same(right, cluster.accumulate(database, keep=False)) and same(right, full)


def test_a_disk_without_hard_links_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = written(tmp_path / "db", [trajectory(0)])

    def link(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(OSError, match=r"no hard links \(Operation not permitted\); take another.*t-000000006\.npz"):
        database.append(trajectory(1))
    with pytest.raises(OSError, match=r"no hard links.*meta\.json"):
        Database.create(tmp_path / "new", descriptor_names=["a"])
    assert os.listdir(database.path / "shards") == ["t-000000000.npz"]


def test_verify_lists_all_that_is_damaged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = written(tmp_path / "db", [trajectory(n, key=f"t{n}") for n in range(5)])
    shards = files_of(database.path / "shards")
    shards[0].write_bytes(b"")
    content = bytearray(shards[1].read_bytes())
    with Shard(shards[1]) as shard:
        content[shard.header.arrays["energies"].offset] ^= 1
    shards[1].write_bytes(content)
    shards[2].unlink()
    shards[2].mkdir()
    found = database.verify()
    assert len(found) == 3
    assert all(path.name in sentence for path, sentence in zip(shards, found, strict=False))
    assert "block 0 of energies" in found[1]
    shards[2].rmdir()
    for path in shards[:2]:
        path.unlink()
    assert main(["verify", str(database.path)]) == 1
    assert "t0-000000000.npz and 2 more must be there and is not" in capsys.readouterr().out
