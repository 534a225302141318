"""Runs readers on bad files in a child process of little memory, and watches what they do besides reading."""

# Codecs are modules of the standard library that are imported when a file first needs them.
import encodings.latin_1
import encodings.raw_unicode_escape
import encodings.utf_16_be
import encodings.utf_16_le
import encodings.utf_32_be
import encodings.utf_32_le  # noqa: F401
import faulthandler
import gc
import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fisherlib.configurations import Configurations
from fisherlib.io.columns.description import columns_of

PATIENCE = 20  # times the seconds of the processor: who waits for something, or is one of many, takes so long at most
ROOM = 2**30  # bytes that the child may take beyond what it has after its imports

# Everything else that Python reports to an audit hook while a file is read is a violation: other files, imports, code
# that is run ("exec"; numpy parses the heads of its arrays as literals, which is "compile" alone), processes, sockets.
_HARMLESS = frozenset(
    {
        "compile",
        "mmap.__new__",
        "object.__getattr__",
        "object.__setattr__",
        "sys._getframe",
        "array.__new__",
        "builtins.id",
    }
)


class Hang(BaseException):
    """Raised into a call that takes too long; no reader catches it."""


class Guard:
    """The watch of one child process."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())
        self.events: list[str] = []
        self.watching = False
        faulthandler.enable()
        sys.addaudithook(self._heard)
        for number in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(number, self._too_long)

    def limit_memory(self) -> None:
        """From now on, so that the imports are not counted."""
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM, taken + ROOM))

    def _heard(self, event: str, args: tuple) -> None:
        if not self.watching or event in _HARMLESS:
            return
        if event in (
            "open",
            "os.listdir",
            "os.scandir",
            "glob.glob",
            "pathlib.Path.glob",
        ):  # reads in the folder, and limits
            reads = event != "open" or (isinstance(args[1], str) and not set(args[1]) & set("wax+"))
            reads = reads or (
                event == "open" and args[1] is None and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            )
            if reads and (
                isinstance(args[0], int) or str(os.fspath(args[0] or ".")).startswith((self.folder, "/sys/fs/cgroup/"))
            ):
                return
        self.events.append(f"{event} {args!r:.100}")

    @staticmethod
    def _too_long(number: int, frame: object) -> None:
        raise Hang

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds)
        self.watching = True
        try:
            yield
        finally:
            self.watching = False
            for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
                signal.setitimer(timer, 0)

    def call(
        self,
        read: Callable[[], Any],
        *,
        seconds: float,
        refusal: type[Exception] | tuple[type[Exception], ...],
        file: str | tuple[str, ...],
    ) -> tuple[Any, str]:
        """Reads, within so many seconds of the processor.

        Returns:
            The result and "", or None and the error; what is no result and no refusal that names a ``file`` is an
            AssertionError.
        """
        files = (file,) if isinstance(file, str) else file
        refusals = refusal if isinstance(refusal, tuple) else (refusal,)
        result, said = None, ""
        self.events.clear()
        begin = time.process_time()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            try:
                with self._watched(seconds):
                    result = read()
            except Hang:
                raise AssertionError(f"longer than {seconds} s") from None
            except refusals as error:
                said = str(error)
                ours = type(error) in refusals or type(error).__module__.startswith("fisherlib.")
                assert ours, f"bare {type(error).__name__}: {error!s:.300}"
                assert any(name in said for name in files), (
                    f"no file in the sentence: {type(error).__name__}: {said:.300}"
                )
                assert "MemoryError" not in said and "RecursionError" not in said, f"bomb: {said:.300}"
            except BaseException as error:
                raise AssertionError(f"bare {type(error).__name__}: {error!s:.300}") from error
        assert time.process_time() - begin < seconds, f"longer than {seconds} s"
        assert not self.events, f"did: {self.events[:3]}"
        bad = [w for w in heard if w.category is not UserWarning]  # a reader may say something in plain words
        assert not bad, f"warned: {bad[0].category.__name__}: {bad[0].message!s:.200}"
        return result, said


def child(script: str, *arguments: object, timeout: float) -> dict[str, Any]:
    """The report of ``script``, its last line of output being JSON; a crash or a hang is an AssertionError with what it did last."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=5 * timeout, env=environment)
    lines = done.stdout.splitlines() or [""]
    assert done.returncode == 0, f"exit {done.returncode} after {lines[-1]!r}: {done.stderr[-2000:]}"
    return json.loads(lines[-1])


def settle() -> None:
    """Before a long run: what is there already need not be looked at again and again."""
    gc.collect()
    gc.freeze()


def consistent(trajectories: list[Configurations]) -> None:
    """Trajectories as a reader may give them: every array as long as it must be, and no objects in it."""
    assert type(trajectories) is list and trajectories
    for t in trajectories:
        assert type(t) is Configurations and type(t.key) is str
        assert t.n_atoms.ndim == 1 and t.n_atoms.dtype.kind in "iu" and len(t.n_atoms) and t.n_atoms.min() > 0
        atoms, M = int(t.n_atoms.sum()), len(t.n_atoms)
        for name, a in t.of_atoms.items():
            assert len(a) == atoms and a.dtype.kind not in "OV", f"{name} of {atoms} atoms: {a.shape} {a.dtype}"
        for name, a in t.entries.items():
            assert len(a) == M and a.dtype.kind not in "OV", f"{name} of {M} configurations: {a.shape} {a.dtype}"
        if t.numbers is not None:
            assert t.numbers.shape == (atoms,) and t.numbers.dtype.kind in "iu"
        if t.positions is not None:
            assert t.positions.shape == (atoms, 3) and t.positions.dtype.kind in "iuf"
        assert (t.cell is None) == (t.pbc is None)
        if t.cell is not None:
            assert t.cell.shape == (M, 3, 3) and t.cell.dtype.kind in "iuf" and t.pbc.shape == (M, 3)
        assert t.temperature is None or type(t.temperature) is float
    columns_of(tuple(trajectories))
