"""What the torture courts of the descriptor database share: data to tell apart, and processes that may be killed.

Run as a program it is a zygote: it has imported everything, and forks one child for every line it reads, so that a
hundred processes can be killed without waiting for a hundred imports.
"""

import itertools
import json
import os
import pkgutil
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest

import fisherlib as fl
from fisherlib.cluster import command
from fisherlib.io.database import Database
from fisherlib.moments import MomentRecord

_STATISTICS = ("configurations", "rows", "PhiPhi", "PhiF", "FF", "mean", "scatter", "temperature", "digests")
_ARRAYS = ("n_atoms", "energies", "descriptors", "forces", "force_descriptors")
OPTIONAL = ("site_descriptors", "species", "positions", "cell", "pbc")


def cases(few: int) -> int:
    """How often something random is done: ``few`` times in the normal suite, FISHERLIB_CASES times in the long run."""
    return int(os.environ.get("FISHERLIB_CASES") or few)


#: Of a test whose moments are random, so that some runs meet what others do not.
random_moments = pytest.mark.skipif(
    not os.environ.get("FISHERLIB_CASES"), reason="random moments are for the long run: make torture"
)


def trajectory(
    seed: int,
    *,
    key: str = "t",
    M: int = 6,
    K: int = 3,
    atoms: tuple[int, int] = (1, 5),
    temperature: float | None = 300.0,
    precision: str = "float64",
    optional: Sequence[str] = (),
) -> fl.Trajectory:
    """Random configurations of different size N; the same seed gives the same numbers in every process."""
    rng = np.random.default_rng(seed)
    n_atoms = rng.integers(atoms[0], atoms[1] + 1, size=M)
    N = n_atoms.sum()
    Phi = rng.standard_normal((3 * N, K), dtype=np.float32).astype(precision)
    arrays = {
        "site_descriptors": rng.standard_normal((N, K), dtype=np.float32).astype(precision),
        "species": rng.integers(1, 90, size=N),
        "positions": rng.normal(size=(N, 3)),
        "cell": rng.normal(size=(M, 3, 3)),
        "pbc": rng.random((M, 3)) < 0.5,
    }
    return fl.Trajectory(
        key=key,
        temperature=temperature,
        n_atoms=n_atoms,
        energies=rng.normal(size=M) - 3.0 * n_atoms,
        descriptors=rng.normal(size=(M, K)) + n_atoms[:, None],
        forces=Phi @ rng.normal(size=K) + 0.3 * rng.normal(size=3 * N),
        force_descriptors=Phi,
        **{name: arrays[name] for name in optional},
    )


def written(path: Path, trajectories: Sequence[fl.Trajectory], *, precision: str = "float64", seal: bool = True) -> Any:
    """A new database with one shard for each of the trajectories, which may have the same key."""
    names = trajectories[0].descriptor_names
    database = Database.create(path, descriptor_names=names, descriptor={"name": "random"}, precision=precision)
    for t in trajectories:
        database.append(t)
    if seal:
        database.seal()
    return database


@contextmanager
def dask_cluster(folder: Path) -> Iterator[Any]:
    """Two processes of Dask, which keep what they write in a folder of the test."""
    distributed = pytest.importorskip("distributed", reason="NO DASK, SO IT WENT UNTESTED")
    import dask

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "memory_limit": 0}
    with (
        dask.config.set({"temporary-directory": str(folder)}),
        distributed.LocalCluster(**options, silence_logs=50) as local,
    ):
        yield local


def same_record(a: MomentRecord, b: MomentRecord) -> bool:
    """Every number of two records is the same, to the last bit."""
    pairs = [(np.asarray(getattr(a, name)), np.asarray(getattr(b, name))) for name in _STATISTICS]
    return all(x.dtype == y.dtype and x.shape == y.shape and bool((x == y).all()) for x, y in pairs)


def same(a: fl.Moments, b: fl.Moments) -> bool:
    """The same trajectories in the same order, what they belong to, and every number, to the last bit."""
    return list(a) == list(b) and a.about == b.about and all(same_record(a[key], b[key]) for key in a)


def same_trajectory(a: fl.Trajectory, b: fl.Trajectory) -> bool:
    """Every array of two trajectories is the same, to the last bit."""

    def equal(name: str) -> bool:
        x, y = getattr(a, name), getattr(b, name)
        if x is None or y is None:
            return x is y
        return x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes()

    about = all(getattr(a, name) == getattr(b, name) for name in ("key", "temperature", "descriptor_names"))
    return about and all(map(equal, (*_ARRAYS, *OPTIONAL)))


def same_data(a: fl.Dataset, b: fl.Dataset) -> bool:
    """The same trajectories, whatever their order, to the last bit."""
    return set(a) == set(b) and all(same_trajectory(a[key], b[key]) for key in a)


def alive(pid: int) -> bool:
    """Whether a process still runs; one that is dead and not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descendants(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, new = [], [pid]
    while new:
        new = [child for child, parent in parents.items() if parent in new]
        found += new
    return found


def write(path: str, key: str, size: int, seed: int, until: int) -> int:
    """A writer of shards of ``size`` configurations, which says what it has written and what others have.

    The shard that begins with configuration n holds the numbers of ``seed`` + n.
    """
    database = Database.open(path)
    while (first := size * len(list((database.path / "shards").glob(f"{key}-*.npz")))) < until:
        t = trajectory(seed + first, key=key, M=size, K=database.K)
        try:
            database.append(t, first=first)
            print("wrote", first, flush=True)
        except FileExistsError as error:
            print("refused", first, "another writer" in str(error), flush=True)
    return 0


def gone(processes: Sequence[int], seconds: float = 60.0) -> bool:
    """Whether processes end by themselves in that time, most of which a busy machine alone needs."""
    end = time.monotonic() + seconds
    while any(map(alive, processes)) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(map(alive, processes))


class Hold(NamedTuple):
    """Where a process stops, so that it can be killed, interrupted or overtaken just there and needs no luck.

    Attributes:
        where: dotted name of a function of a module or class.
        call: the number of the call, from 1.
        when: whether it stops before or after the function does its work.
    """

    where: str
    call: int = 1
    when: Literal["before", "after"] = "before"

    def set(self) -> None:
        """From now on, in this process."""
        place, _, name = self.where.rpartition(".")
        owner, calls = pkgutil.resolve_name(place), itertools.count(1)
        real = getattr(owner, name)

        def held(*given: object, **named: object) -> object:
            here = next(calls) == self.call
            if here and self.when == "before":
                _stop()
            found = real(*given, **named)
            if here and self.when == "after":
                _stop()
            return found

        setattr(owner, name, held)


def _stop() -> None:
    """Says that the process is held, and waits for SIGUSR1."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    print("held", flush=True)
    if signal.sigtimedwait({signal.SIGUSR1}, 300) is None:
        sys.exit("held for 300 s, and nobody came")


def dies_at_once(parent: int) -> None:
    """What a worker of a pool does that is short of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def _interruptible(arguments: list[str]) -> int:
    """The moments command, to which Ctrl-C comes while it works, and not while Python itself begins or ends."""
    work = command._run

    def run(given: object) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        try:
            work(given)
        finally:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])

    command._run = run
    return command.main(arguments)


class Zygote:
    """A process that forks children; only the child that runs now can be asked about."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )

    def start(self, what: str, *arguments: object, output: Path, hold: Hold | None = None) -> int:
        """Begins ``what``; the number of the process, whose output goes into a file."""
        output.write_bytes(b"")  # nothing of an earlier process is taken for this one's
        line = json.dumps([what, str(output), hold, *[a if isinstance(a, int) else str(a) for a in arguments]])
        return self._ask(line, 300.0)  # its imports may take minutes on a busy machine

    def held(self, output: Path, seconds: float = 120.0) -> None:
        """Waits until the process that was started last is where it is to be held."""
        end = time.monotonic() + seconds
        while "held\n" not in output.read_text():
            assert time.monotonic() < end, f"not held within {seconds} s: {output.read_text()[-2000:]}"
            time.sleep(0.01)

    def wait(self, seconds: float = 300.0) -> int:
        """Waits for the end of the child; its exit status, or minus the signal that ended it."""
        return self._ask("", seconds)

    def _ask(self, line: str, seconds: float) -> int:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answered, _, _ = select.select([self._process.stdout], [], [], seconds)
        assert answered, f"a process hangs: no answer for {seconds} s"
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """Ends the zygote, and a child that still runs."""
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in [*descendants(self._process.pid), self._process.pid]:
                os.kill(pid, signal.SIGKILL)
            self._process.wait(60)
        self._process.stdout.close()


@contextmanager
def zygotes(number: int = 1) -> Iterator[list[Zygote]]:
    """Zygotes that are gone afterwards."""
    made = [Zygote() for _ in range(number)]
    try:
        yield made
    finally:
        for zygote in made:
            zygote.close()


def delay(rng: np.random.Generator, seconds: float) -> float:
    """A random moment of something that takes so many seconds; very early and very late ones are frequent."""
    kind = rng.integers(5)
    return 0.01 * rng.random() if kind == 0 else seconds * (0.85 + 0.3 * rng.random() if kind == 1 else rng.random())


def killed_until_done(
    zygote: Zygote, arguments: Sequence[object], seconds: float, rng: np.random.Generator, output: Path, most: int
) -> int:
    """Starts the moments command again and again, killing it at random moments until it is faster, or ``most`` times.

    The processes that it started end after it was killed.

    Returns:
        How often it was killed.
    """
    killed = 0
    while True:
        pid = zygote.start("moments", *arguments, output=output)
        children = []
        if killed < most:
            time.sleep(delay(rng, seconds))
            os.kill(pid, signal.SIGSTOP)  # it makes no more children
            children = descendants(pid)
            os.kill(pid, signal.SIGKILL)  # of a child that has ended already, and is not yet reaped, at worst
        status = zygote.wait()
        if status == -signal.SIGKILL:
            killed += 1
            # A worker that was just started ends as soon as it has imported what it needs.
            assert gone(children), f"{len(children)} workers outlived the process they worked for"
            continue
        assert status == 0, (status, output.read_text())
        return killed


def _zygote() -> Any:
    """Reads lines and forks; what a child is to do is returned in the child, so that it ends as any program does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins with Ctrl-C ignored
    for line in iter(sys.stdin.readline, ""):
        what, output, hold, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.setpgid(0, 0)
            if hold:
                Hold(*hold).set()
            return partial(_interruptible, arguments) if what == "moments" else partial(write, *arguments)
        os.setpgid(pid, pid)  # as a shell does, so that Ctrl-C is for all its processes
        print(pid, flush=True)
        sys.stdin.readline()  # until somebody asks for its end it is not reaped, so that no other process has its number
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    return lambda: 0


if __name__ == "__main__":
    sys.exit(_zygote()())
