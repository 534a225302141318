"""Featurising by the engine: the moments and the database of a file, whoever computes them, however often it is killed."""

import dataclasses
import importlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pair_functions import Pairs
from torture import Hold, Zygote, alive, dask_cluster, descendants, gone, same, zygotes

import fisherlib as fl
from fisherlib import cluster
from fisherlib.cluster.chunks import chunks, cut
from fisherlib.cluster.command import main
from fisherlib.configurations import Configurations
from fisherlib.descriptors import Soap
from fisherlib.io.database import Database
from fisherlib.io.moments import read_moments
from fisherlib.progress import silent

featurising = importlib.import_module("fisherlib.cluster.featurise")
SOAP, SETTINGS = Soap(cutoff=3.5, n_max=2, l_max=1), "cutoff=3.5,n_max=2,l_max=1"
PAIRS = Pairs()


def alloy(key: str, M: int, seed: int, periodic: bool = True, temperature: float | None = 300.0) -> Configurations:
    """Random configurations of different size."""
    rng = np.random.default_rng(seed)
    n_atoms = rng.integers(3, 7, size=M)
    N = int(n_atoms.sum())
    box = {"cell": np.tile(6.0 * np.eye(3), (M, 1, 1)), "pbc": np.ones((M, 3), bool)} if periodic else {}
    return Configurations(
        key=key,
        n_atoms=n_atoms,
        numbers=rng.choice([29, 79], size=N),
        positions=rng.uniform(0, 6, size=(N, 3)),
        energies=rng.normal(size=M),
        forces=rng.normal(size=(N, 3)),
        temperature=temperature,
        **box,
    )


@pytest.fixture(scope="module")
def frames() -> list[Configurations]:
    return [alloy("b/1", 40, 0), alloy("a", 9, 1, periodic=False, temperature=None), alloy("c", 1, 2)]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """About six configurations of ``PAIRS`` (K = 12) in each."""
    monkeypatch.setattr(featurising, "SUMMED", 1000)
    monkeypatch.setattr(featurising, "ENOUGH_ROWS", 1)
    monkeypatch.setattr(featurising, "WRITTEN", 1000)


@pytest.fixture
def right(frames: list[Configurations], small_chunks: None) -> fl.Moments:
    return cluster.featurise(frames, descriptor=PAIRS, progress=silent)


@pytest.fixture
def file(frames: list[Configurations], tmp_path: Path) -> Path:
    """One trajectory of extended xyz."""
    path = tmp_path / "data" / "alloy.xyz"
    path.parent.mkdir()
    f, lines, first = frames[0], [], 0
    for m, n in enumerate(f.n_atoms):
        head = (
            f'Lattice="6 0 0 0 6 0 0 0 6" Properties=species:S:1:pos:R:3:forces:R:3 energy={f.energies[m]} pbc="T T T"'
        )
        lines += [str(n), head]
        for i in range(first, first + n):
            symbol = "Cu" if f.numbers[i] == 29 else "Au"
            lines.append(" ".join(map(str, [symbol, *f.positions[i].tolist(), *f.forces[i].tolist()])))
        first += n
    path.write_text("\n".join(lines) + "\n")
    return path


def in_memory(frames: list[Configurations], descriptor: fl.descriptors.Descriptor) -> fl.Dataset:
    made = []
    for f in frames:
        D, Phi = descriptor(f.atoms(), species=[29, 79])
        made.append(f.with_descriptors(D, Phi, descriptor.names([29, 79])))
    return fl.Dataset(made)


def test_a_trajectory_is_cut_in_the_same_places(frames: list[Configurations]) -> None:
    parts = list(cut(frames[0], 60))
    assert [first for first, _ in parts] == np.cumsum([0] + [len(p.n_atoms) for _, p in parts])[:-1].tolist()
    assert (
        all(3 * len(p.numbers) <= 60 and (p.key, p.temperature) == ("b/1", 300.0) for _, p in parts) and len(parts) > 5
    )
    for name in ("n_atoms", "numbers", "positions", "energies", "forces", "cell", "pbc"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for _, p in parts]), getattr(frames[0], name))
    assert len(list(cut(frames[0], 1))) == 40, "one configuration at least"


def test_the_moments_are_those_in_memory(frames: list[Configurations], right: fl.Moments) -> None:
    want = fl.accumulate(in_memory(frames, PAIRS))
    assert list(right) == list(want) == ["b/1", "a", "c"]
    for key, r in want.items():
        for name in ("configurations", "rows", "temperature", "identity"):
            assert getattr(right[key], name) == getattr(r, name)
        for name in ("PhiPhi", "PhiF", "FF", "mean", "scatter"):
            x = getattr(r, name)
            np.testing.assert_allclose(getattr(right[key], name), x, rtol=1e-12, atol=1e-13 * np.max(np.abs(x)))
    assert right.about["descriptor"] == {**PAIRS.parameters, "K": 12}
    assert tuple(right.about["descriptor_names"]) == PAIRS.names([29, 79])


def test_a_file_gives_what_it_gives_when_it_is_read(file: Path) -> None:
    found = cluster.featurise(file, descriptor=SOAP, temperature=500.0, progress=silent)
    data = fl.io.read(file, descriptor=SOAP, temperature=500.0, check=False)
    want = fl.accumulate(data)
    assert (list(found), found["alloy"].identity, found["alloy"].temperature) == (
        ["alloy"],
        want["alloy"].identity,
        500.0,
    )
    np.testing.assert_allclose(found["alloy"].PhiPhi, want["alloy"].PhiPhi, rtol=1e-12, atol=1e-13)
    found.check_of(data)
    assert found.about["descriptor"] == want.about["descriptor"]
    assert [p.name for p in file.parent.glob(".cache/*") if p.is_dir()] == [], "nothing is kept once it is done"


def test_two_processes_give_the_same_bits(frames: list[Configurations], right: fl.Moments) -> None:
    assert same(cluster.featurise(frames, descriptor=PAIRS, workers=2, progress=silent), right)


def test_dask_gives_the_same_bits(frames: list[Configurations], right: fl.Moments, tmp_path: Path) -> None:
    with dask_cluster(tmp_path) as local, local.get_client() as client:
        client.run(sys.path.insert, 0, str(Path(__file__).parent))
        assert same(cluster.featurise(frames, descriptor=PAIRS, client=client, progress=silent), right)


def test_by_temperature(frames: list[Configurations], right: fl.Moments) -> None:
    found = cluster.featurise(frames, descriptor=PAIRS, by="temperature", progress=silent)
    assert list(found) == ["300 K", "unknown temperature"]
    np.testing.assert_allclose(found["300 K"].PhiPhi, right.select(["b/1", "c"]).total().PhiPhi, rtol=1e-12, atol=1e-12)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The first configurations of the chunks that are computed from now on."""
    real, seen = featurising._record, []

    def record(chunk: object, **given: object) -> object:
        seen.append(chunk.first)
        return real(chunk, **given)

    monkeypatch.setattr(featurising, "_record", record)
    return seen


class Stop(Exception):
    """What ends a run in the middle."""


def stopped_after(number: int) -> Callable[[int, int], None]:
    calls: list[int] = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == number:
            raise Stop

    return stop


def test_an_ended_run_goes_on_where_it_was(
    frames: list[Configurations], right: fl.Moments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, seen, calls = tmp_path / "kept", counted(monkeypatch), []
    with pytest.raises(Stop):
        cluster.featurise(frames, descriptor=PAIRS, keep=keep, progress=stopped_after(3))
    assert len(list(keep.iterdir())) == len(seen) == 3
    found = cluster.featurise(frames, descriptor=PAIRS, keep=keep, progress=lambda *n: calls.append(n))
    assert same(found, right) and len(seen) == len(calls) > 6 and not any(keep.iterdir())
    assert calls[-1] == (sum(len(f.numbers) for f in frames),) * 2 and calls == sorted(calls)


@pytest.mark.parametrize("change", ["temperature", "energies", "descriptor"])
def test_what_was_kept_of_other_data_is_not_taken(
    frames: list[Configurations], change: str, small_chunks: None, tmp_path: Path
) -> None:
    with pytest.raises(Stop):
        cluster.featurise(frames, descriptor=PAIRS, keep=tmp_path / "kept", progress=stopped_after(3))
    others, descriptor = list(frames), PAIRS
    if change == "descriptor":
        descriptor = Pairs(cutoff=3.9)
    else:
        other = 301.0 if change == "temperature" else frames[0].energies + 1e-9
        others[0] = dataclasses.replace(frames[0], **{change: other})
    found = cluster.featurise(others, descriptor=descriptor, keep=tmp_path / "kept", progress=silent)
    assert same(found, cluster.featurise(others, descriptor=descriptor, keep=False, progress=silent))


def test_damaged_records_are_computed_again(frames: list[Configurations], right: fl.Moments, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        cluster.featurise(frames, descriptor=PAIRS, keep=tmp_path, progress=stopped_after(4))
    one, two, three, _ = sorted(tmp_path.iterdir())
    one.write_bytes(one.read_bytes()[:-7])
    two.write_bytes(b"")
    content = bytearray(three.read_bytes())
    content[len(content) // 3] ^= 4
    three.write_bytes(content)
    assert same(cluster.featurise(frames, descriptor=PAIRS, keep=tmp_path, progress=silent), right)


def test_a_killed_worker_does_no_harm(frames: list[Configurations], right: fl.Moments) -> None:
    others, killed = set(descendants(os.getpid())), []

    def kill(done: int, total: int) -> None:
        living = {pid for pid in set(descendants(os.getpid())) - others if alive(pid) and spawned(pid)}
        if len(killed) < 2 and living:
            killed.append(living.pop())
            os.kill(killed[-1], signal.SIGKILL)

    assert same(cluster.featurise(frames, descriptor=PAIRS, workers=2, progress=kill), right)
    assert len(killed) == 2


def spawned(pid: int) -> bool:
    return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()


# Killed by a hook, through the command


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with zygotes() as (one,):
        yield one


@pytest.fixture
def walkers(tmp_path: Path) -> Path:
    """Twenty trajectories, so that there are twenty chunks."""
    path = tmp_path / "data" / "walkers.npz"
    path.parent.mkdir()
    path.write_bytes(Path("data/cu55_1200K.npz").read_bytes())
    return path


#: A record has been kept; another one is written, and has no name yet.
HOLDS = {"after": ("fisherlib.cluster.stores.RecordStore.save", "after"), "while": ("os.replace", "before")}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("moment", HOLDS)
def test_a_killed_run_gives_the_same_bits(
    zygote: Zygote, walkers: Path, tmp_path: Path, moment: str, workers: int
) -> None:
    output, (where, when) = tmp_path / "out", HOLDS[moment]
    command = ["featurise", walkers, "-o", tmp_path / "all.npz", "--descriptor", SETTINGS, "--workers", str(workers)]
    pid = zygote.start("moments", *command, output=output, hold=Hold(where, 2, when))
    zygote.held(output)
    os.kill(pid, signal.SIGSTOP)
    children = descendants(pid)
    os.kill(pid, signal.SIGKILL)
    assert zygote.wait() == -signal.SIGKILL and gone(children)
    (kept,) = (walkers.parent / ".cache").iterdir()
    assert len(list(kept.glob("*.npz"))) == (2 if moment == "after" else 1)
    zygote.start("moments", *command, output=output)
    assert zygote.wait() == 0, output.read_text()
    found = cluster.featurise(walkers, descriptor=SOAP, keep=False, progress=silent)
    assert same(read_moments(tmp_path / "all.npz"), found)


def test_an_interrupted_run_says_how_to_go_on(zygote: Zygote, walkers: Path, tmp_path: Path) -> None:
    output, hold = tmp_path / "out", Hold("fisherlib.cluster.stores.RecordStore.save", 2, "after")
    command = ["featurise", walkers, "-o", tmp_path / "all.npz", "--descriptor", SETTINGS]
    pid = zygote.start("moments", *command, output=output, hold=hold)
    zygote.held(output)
    os.killpg(pid, signal.SIGINT)
    assert zygote.wait() == 130
    assert "interrupted: 2 of 20 " in output.read_text() and "the same call goes on from there" in output.read_text()


# Into a database


def test_a_database_holds_what_is_in_memory(frames: list[Configurations], small_chunks: None, tmp_path: Path) -> None:
    database = cluster.featurise(frames, descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    assert isinstance(database, Database) and database.unsealed() == 0 and database.verify() == []
    found, want = database.read(), in_memory(frames, PAIRS)
    assert len(database.shards("b/1")) > 3 and database.descriptor == {**PAIRS.parameters, "K": 12}
    for key, t in want.items():
        np.testing.assert_array_equal(found[key].force_descriptors, t.force_descriptors.astype(np.float32))
        for name in ("energies", "forces", "descriptors", "positions", "species", "n_atoms"):
            np.testing.assert_array_equal(getattr(found[key], name), getattr(t, name))


def test_a_database_goes_on_where_it_was(frames: list[Configurations], small_chunks: None, tmp_path: Path) -> None:
    with pytest.raises(Stop):
        cluster.featurise(frames, descriptor=PAIRS, into=tmp_path / "db", progress=stopped_after(3))
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "db" / "shards").iterdir()}
    assert len(times) == 3
    database = cluster.featurise(frames, descriptor=PAIRS, into=tmp_path / "db", workers=2, progress=silent)
    assert all(p.stat().st_mtime_ns == t for p, t in times.items()), "what is there is not written again"
    whole = cluster.featurise(frames, descriptor=PAIRS, into=tmp_path / "whole", progress=silent)
    assert same(cluster.accumulate(database, keep=False), cluster.accumulate(whole, keep=False))


def test_a_database_of_something_else_is_refused(
    frames: list[Configurations], small_chunks: None, tmp_path: Path
) -> None:
    cluster.featurise(frames[1:], descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    with pytest.raises(ValueError, match="into: expected a database of .*'cutoff': 3.9.*, got .*; take another folder"):
        cluster.featurise(frames, descriptor=Pairs(cutoff=3.9), into=tmp_path / "db")
    changed = dataclasses.replace(frames[1], energies=frames[1].energies + 1.0)
    with pytest.raises(ValueError, match="into: expected a database that holds these configurations of 'a'"):
        cluster.featurise([changed, frames[2]], descriptor=PAIRS, into=tmp_path / "db", progress=silent)


def test_other_virials_are_something_else(frames: list[Configurations], small_chunks: None, tmp_path: Path) -> None:
    M = len(frames[0].n_atoms)
    W = np.random.default_rng(0).normal(size=(M, 6))
    W[3] = np.nan
    strained = dataclasses.replace(frames[0], virials=W)
    made = cluster.featurise([strained], descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    again = cluster.featurise([strained], descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    assert again.path == made.path
    for other in (2 * W, None):
        with pytest.raises(ValueError, match="into: expected a database that holds these configurations of 'b/1'"):
            changed = dataclasses.replace(strained, virials=other)
            cluster.featurise([changed], descriptor=PAIRS, into=tmp_path / "db", progress=silent)


def test_forces_alone_are_enough(frames: list[Configurations], small_chunks: None, tmp_path: Path) -> None:
    bare = [dataclasses.replace(f, energies=None) for f in frames]
    found, with_energies = (cluster.featurise(f, descriptor=PAIRS, keep=False, progress=silent) for f in (bare, frames))
    assert not found.total().has_energies and with_energies.total().has_energies
    np.testing.assert_array_equal(found.total().PhiF, with_energies.total().PhiF)
    database = cluster.featurise(bare, descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    cluster.featurise(bare, descriptor=PAIRS, into=tmp_path / "db", progress=silent)
    summed = cluster.accumulate(database, keep=False, progress=silent)
    assert not summed.total().has_energies
    np.testing.assert_allclose(summed.total().PhiF, found.total().PhiF, rtol=1e-5)
    half = frames[0].energies.copy()
    half[3] = np.nan
    with pytest.raises(ValueError, match="energies of trajectory 'b/1'"):
        cluster.featurise([dataclasses.replace(frames[0], energies=half)], descriptor=PAIRS, progress=silent)


# What cannot be done


def test_what_cannot_be_featurised_is_refused_before_anything_is_computed(
    frames: list[Configurations], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(featurising, "_record", pytest.fail)
    bad = frames[0].forces.copy()
    bad[3, 1] = np.nan
    for given, how, sentence in (
        ([dataclasses.replace(frames[0], forces=bad)], {}, "forces of trajectory 'b/1'"),
        ([frames[0], frames[0]], {}, "configurations: expected trajectories of different keys"),
        ([], {}, "configurations: expected at least one, got none"),
        (frames, {"by": "colour"}, "by: expected"),
        (frames, {"workers": 0}, "workers: expected"),
        (frames, {"temperature": -1.0}, "temperature"),
        (
            frames[2:],
            {"descriptor": Pairs(degree=10)},
            "pairs with degree=10 has K = 44 .* force components of the conf",
        ),
    ):
        with pytest.raises(ValueError, match=sentence):
            cluster.featurise(given, **{"descriptor": PAIRS} | how)


def test_a_file_that_is_too_large_for_the_memory_is_sent_to_the_cluster(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fisherlib.io.archive.os.sysconf", lambda name: 100)
    with pytest.raises(
        MemoryError, match=r"alloy.xyz: its descriptors, SOAP .*, take .* GB .*; take .*fisherlib.cluster.featurise"
    ):
        fl.io.read(file, descriptor=SOAP)


def test_the_command_writes_moments_or_a_database(file: Path, tmp_path: Path) -> None:
    words = ["featurise", str(file), "--descriptor", SETTINGS, "--temperature", "500", "-o"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.showwarning", None)
        assert main([*words, str(tmp_path / "m.npz")]) == main([*words, str(tmp_path / "db")]) == 0
    want = cluster.featurise(file, descriptor=SOAP, temperature=500.0, progress=silent)
    assert same(read_moments(tmp_path / "m.npz"), want)
    assert Database.open(tmp_path / "db").read()["alloy"].temperature == 500.0


def test_the_command_takes_any_descriptor(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warnings.showwarning", None)
    words = ["featurise", str(file), "--descriptor", "gmp:cutoff=4,n_widths=2,l_max=1", "--temperature", "500"]
    assert main([*words, "-o", str(tmp_path / "m.npz")]) == 0
    gmp = fl.descriptors.Gmp(cutoff=4.0, n_widths=2, l_max=1)
    want = cluster.featurise(file, descriptor=gmp, temperature=500.0, progress=silent)
    assert same(read_moments(tmp_path / "m.npz"), want)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--descriptor", "foo"], "descriptor: expected one of soap, "),
        (["--descriptor", "gmp:n_widths=0"], "descriptor: expected gmp:cutoff="),
        (["--key", "run"], "'run'"),
        (["--shards", "1/2"], "--shards: expected none with featurise"),
        (["more.xyz"], "paths: expected one database, part files, or featurise and one file"),
        (["-o", "x.txt"], "output: expected a name ending in .npz"),
        (["--descriptor", "colour=3"], "descriptor: expected soap:cutoff=4.5,n_max=8, say, of cutoff, n_max"),
        (["--workers", "0", "--descriptor", SETTINGS], "workers: expected"),
    ],
)
def test_the_command_says_what_is_wrong(
    file: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warnings.showwarning", None)
    assert main(["featurise", str(file), *words, *([] if "-o" in words else ["-o", "x.npz"])]) == 1
    assert sentence in capsys.readouterr().err


def test_a_database_of_other_configurations_is_refused_before_anything_is_computed(
    frames: list[Configurations], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Isolated configurations are not the periodic ones at the same positions, and a grown trajectory has other shards."""
    one = dataclasses.replace(frames[0], key="one")
    assert one.cell is not None
    cluster.featurise([one], descriptor=PAIRS, into=tmp_path / "db")
    monkeypatch.setattr(featurising, "_shard", pytest.fail)
    half = one.take("one", range(len(one.n_atoms) // 2))
    for other in (dataclasses.replace(one, cell=None, pbc=None), half):
        with pytest.raises(ValueError, match="into: expected a database that holds these configurations of 'one'"):
            cluster.featurise([other], descriptor=PAIRS, into=tmp_path / "db")


def test_what_a_killed_run_left_half_written_is_swept_and_an_own_folder_stays(
    frames: list[Configurations], tmp_path: Path
) -> None:
    keep = tmp_path / "mine"
    keep.mkdir()
    piece = chunks(frames[:1], 10**9, "")[0]
    name = "left"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(piece), "name", name)
        (keep / f".{name}.npz.123.abcd.partial").touch()
        cluster.featurise(frames[:1], descriptor=PAIRS, keep=keep)
    assert keep.is_dir() and list(keep.iterdir()) == []


def test_forces_alone_and_a_pattern_of_files_are_featurised(tmp_path: Path, frames: list[Configurations]) -> None:
    import ase.io
    from ase.calculators.singlepoint import SinglePointCalculator

    alone = [dataclasses.replace(f, energies=None) for f in frames]
    found, full = (cluster.featurise(f, descriptor=PAIRS, keep=False, progress=silent) for f in (alone, frames))
    np.testing.assert_array_equal(found.total().PhiF, full.total().PhiF)
    for f in frames[:1]:
        atoms = f.atoms()
        ends = np.cumsum(f.n_atoms)
        for a, E, end in zip(atoms, f.energies, ends, strict=True):
            a.calc = SinglePointCalculator(a, energy=E, forces=f.forces[end - len(a) : end])
        for name in ("one", "two"):
            ase.io.write(tmp_path / f"{name}.xyz", atoms)
    moments = cluster.featurise(str(tmp_path / "*.xyz"), descriptor=PAIRS, keep=False, progress=silent)
    assert list(moments) == ["one", "two"]
