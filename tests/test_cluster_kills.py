"""Sums that are killed, interrupted and robbed of their workers: they go on where they were, to the same bits.

FISHERLIB_CASES=n: n kills of each engine at random moments, and as many interruptions.
"""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from torture import (
    Hold,
    Zygote,
    alive,
    cases,
    dask_cluster,
    delay,
    descendants,
    dies_at_once,
    gone,
    killed_until_done,
    random_moments,
    same,
    trajectory,
    written,
    zygotes,
)

import fisherlib as fl
from fisherlib import cluster
from fisherlib.cluster import engines
from fisherlib.cluster.accumulate import leaves_of
from fisherlib.io.database import Database
from fisherlib.io.moments import read_moments


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    with zygotes() as (one,):
        yield one


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """60 leaves of 860 rows, K = 12."""
    made = [
        trajectory(n, key=f"t{n // 20}", M=12, K=12, atoms=(20, 28), temperature=300.0 + n // 20, precision="float32")
        for n in range(60)
    ]
    found = written(tmp_path_factory.mktemp("kills") / "db", made, precision="float32")
    assert len(leaves_of(found)) == 60
    return found


@pytest.fixture(scope="module")
def right(database: Database) -> fl.Moments:
    return cluster.accumulate(database, keep=False)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the scheduler of two processes of Dask, which live on when those that ask them are killed."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as local:
        yield local.scheduler_address


def forget(database: Database, folder: Path) -> None:
    """Removes everything that was kept."""
    for path in (database.path / "moments").iterdir():
        path.unlink()
    for path in folder.glob("*.npz"):
        path.unlink()


def runs(how: str, database: Database, folder: Path, request: pytest.FixtureRequest) -> list[list[object]]:
    """The commands that an engine takes, the last of which writes ``all.npz``."""
    end = [database.path, "-o", folder / "all.npz"]
    if how == "parts":
        parts = [folder / f"part-{i}.npz" for i in (1, 2, 3)]
        return [[database.path, "--shards", f"{i}/3", "-o", part] for i, part in enumerate(parts, 1)]
    return [
        end
        + {
            "serial": [],
            "pool": ["--workers", "2"],
            "dask": ["--scheduler", request.getfixturevalue("address")] if how == "dask" else [],
        }[how]
    ]


def timed(zygote: Zygote, command: list[object], database: Database, output: Path) -> float:
    """Seconds until a command that is not disturbed has written its file; everything was imported before."""
    path = command[command.index("-o") + 1]
    for _ in range(2):
        forget(database, path.parent)
        start = time.monotonic()
        zygote.start("moments", *command, output=output)
        while not path.exists() and time.monotonic() < start + 60:
            time.sleep(0.005)
        seconds = time.monotonic() - start
        assert zygote.wait() == 0, output.read_text()
    return seconds


def outcome(how: str, folder: Path) -> fl.Moments:
    """What the commands wrote."""
    return cluster.merge(sorted(folder.glob("part-*.npz"))) if how == "parts" else read_moments(folder / "all.npz")


ENGINES = ["serial", "parts", "pool", "dask"]
#: A record of a leaf has been kept; another one is written, and has no name yet.
MOMENTS = {"after": ("fisherlib.cluster.stores.RecordStore.save", "after"), "while": ("os.replace", "before")}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("how", ENGINES)
def test_a_run_that_is_killed_gives_the_same_bits(
    how: str,
    moment: str,
    zygote: Zygote,
    database: Database,
    right: fl.Moments,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    output, (where, when) = tmp_path / "out", MOMENTS[moment]
    commands = runs(how, database, tmp_path, request)
    forget(database, tmp_path)
    for command in commands:
        for call in (1, 3):
            pid = zygote.start("moments", *command, output=output, hold=Hold(where, call, when))
            zygote.held(output)
            os.kill(pid, signal.SIGSTOP)  # it makes no more children
            children = descendants(pid)
            os.kill(pid, signal.SIGKILL)
            assert zygote.wait() == -signal.SIGKILL
            assert gone(children), "a worker outlived the process it worked for"
        zygote.start("moments", *command, output=output)
        assert zygote.wait() == 0, output.read_text()
    assert same(outcome(how, tmp_path), right), "another sum after a kill"


@pytest.mark.parametrize("how", ENGINES)
def test_a_run_that_is_interrupted_says_how_to_go_on(
    how: str, zygote: Zygote, database: Database, right: fl.Moments, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    output, commands = tmp_path / "out", runs(how, database, tmp_path, request)
    forget(database, tmp_path)
    for command in commands:
        for done in (2, 7):
            hold = Hold("fisherlib.cluster.stores.RecordStore.save", done if done == 2 else done - 2, "after")
            pid = zygote.start("moments", *command, output=output, hold=hold)
            zygote.held(output)
            children = descendants(pid)
            os.killpg(pid, signal.SIGINT)  # as the terminal does: the workers get it, too
            status, said = zygote.wait(), output.read_text()
            assert status == 130 and gone(children), said
            sentence = [line for line in said.splitlines() if line.startswith("interrupted")]
            expected = f"interrupted: {done} of {60 // len(commands)} parts are kept in {database.path / 'moments'}; "
            assert sentence == [expected + "the same call goes on from there"], said
            speaks_of_itself(how, said)
        zygote.start("moments", *command, output=output)
        assert zygote.wait() == 0, output.read_text()
    assert same(outcome(how, tmp_path), right), "another sum after Ctrl-C"


def speaks_of_itself(how: str, said: str) -> None:
    """Python itself speaks of what it could not tidy and of workers that were just starting, and Dask of its work."""
    tidied = said.count("Exception ignored") + said.count("in spawn_main")
    assert how == "dask" or said.count("Traceback") == tidied, said


@random_moments
@pytest.mark.parametrize("how", ENGINES)
def test_a_run_that_is_killed_again_and_again_gives_the_same_bits(
    how: str, zygote: Zygote, database: Database, right: fl.Moments, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rng, cycles, output = np.random.default_rng(3), cases(3), tmp_path / "out"
    commands = runs(how, database, tmp_path, request)
    seconds = [timed(zygote, command, database, output) for command in commands]
    killed = rounds = 0
    while killed < cycles:
        assert rounds < 20 * cycles, f"killed {killed} times in {rounds} runs: they end before they can be killed"
        forget(database, tmp_path)
        for command, time_of_one in zip(commands, seconds, strict=True):
            most = min(3, cycles - killed)  # few in a run, so that the later ones are killed near the beginning, too
            killed += killed_until_done(zygote, command, time_of_one, rng, output, most)
        assert same(outcome(how, tmp_path), right), "another sum after a kill"
        rounds += 1
    left = {p.name for p in tmp_path.iterdir()} - {"out", "all.npz", "part-1.npz", "part-2.npz", "part-3.npz"}
    assert all(name.endswith(".partial") for name in left)
    print(
        f"{how}: killed {killed} times in {rounds} runs of {sum(seconds):.2f} s, all the same bits; {len(left)} leftovers"
    )


@random_moments
@pytest.mark.parametrize("how", ENGINES)
def test_an_interrupted_run_says_how_to_go_on(
    how: str, zygote: Zygote, database: Database, right: fl.Moments, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    rng, output = np.random.default_rng(4), tmp_path / "out"
    commands = runs(how, database, tmp_path, request)
    met: Counter[str] = Counter()
    seconds = timed(zygote, commands[0], database, output)
    while met["interrupted"] < cases(1):
        assert met.total() < 100 + 20 * cases(1), f"hardly ever interrupted, only {dict(met)}"
        forget(database, tmp_path)
        for command in commands:
            for _ in range(2):
                pid = zygote.start("moments", *command, output=output)
                time.sleep(delay(rng, seconds))
                children = descendants(pid)
                os.killpg(pid, signal.SIGINT)  # as the terminal does: the workers get it, too
                status, said = zygote.wait(), output.read_text()
                ended = status == -signal.SIGINT and "written" in said  # it came while Python itself ended
                assert status in (0, 130) or ended, said
                assert gone(children), "a worker went on after Ctrl-C"
                if status == 130:
                    met["interrupted"] += 1
                    sentence = [line for line in said.splitlines() if line.startswith("interrupted")]
                    assert len(sentence) == 1, said
                    kept = "parts are kept in" in sentence[0] and "the same call goes on from there" in sentence[0]
                    met["while it summed" if kept else "before or after"] += 1
                    assert kept or sentence[0] == "interrupted; the same command goes on from what is kept"
                    speaks_of_itself(how, said)
                else:
                    met["done before"] += 1
            assert killed_until_done(zygote, command, 0.0, rng, output, 0) == 0
        assert same(outcome(how, tmp_path), right), "another sum after Ctrl-C"
    print(f"{how}: {dict(met)}")


def workers() -> list[int]:
    """Processes of a pool that this process has started."""
    found = []
    for pid in descendants(os.getpid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            if alive(pid) and b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def test_a_killed_worker_of_a_pool_is_replaced(database: Database, right: fl.Moments) -> None:
    others = workers()
    for cycle in range(cycles := max(1, cases(1) // 4)):
        killed: list[int] = []

        def kill(done: int, total: int) -> None:
            living = set(workers()) - set(others)  # none for a moment, where the pool has just broken
            if done > total * (0.3 * len(killed) + 0.3 * cycle / cycles) and len(killed) < 2 and living:  # noqa: B023
                killed.append(living.pop())  # noqa: B023
                os.kill(killed[-1], signal.SIGKILL)  # noqa: B023

        found = cluster.accumulate(database, workers=2, keep=False, progress=kill)
        assert same(found, right)
        assert len(killed) == 2
        assert gone([pid for pid in [*killed, *workers()] if pid not in others]), "the workers end with the sum"
    print(f"pool: {2 * cycles} workers killed")


def test_workers_that_always_die_are_not_replaced_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_begin", dies_at_once)
    with pytest.raises(RuntimeError, match="workers died 3 times over 't0-000000000-.*Take fewer workers"):
        cluster.accumulate(database, workers=2, keep=False)


def test_a_killed_worker_of_dask_is_replaced(database: Database, right: fl.Moments, tmp_path: Path) -> None:
    cycles = max(1, cases(1) // 10)
    with (
        dask_cluster(tmp_path) as local,
        local.get_client() as client,
    ):
        for cycle in range(cycles):
            killed: list[int] = []

            def kill(done: int, total: int) -> None:
                if done > total * (0.1 + 0.8 * cycle / cycles) and not killed:  # noqa: B023
                    killed.append(next(iter(client.run(os.getpid).values())))  # noqa: B023
                    os.kill(killed[0], signal.SIGKILL)  # noqa: B023

            assert same(cluster.accumulate(database, client=client, keep=False, progress=kill), right)
            assert killed
        print(f"dask: {cycles} workers killed")
        local.scheduler.allowed_failures = 0
        victims: list[int] = []

        def kill_all(done: int, total: int) -> None:
            if not victims:
                victims.extend(client.run(os.getpid).values())
                for pid in victims:
                    os.kill(pid, signal.SIGSTOP)  # with a task that is not done
                for pid in victims:
                    os.kill(pid, signal.SIGKILL)

        try:
            found = cluster.accumulate(database, client=client, keep=False, progress=kill_all)
        except RuntimeError as error:
            assert "workers died again and again over" in str(error)
            print("dask: KilledWorker became a RuntimeError")
        else:
            assert same(found, right), "nobody was working just then"
