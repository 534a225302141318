"""Where files lie, given by a relative path or listed by what they are, and their fingerprints."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..arguments import location
from .strict import regular

#: What an installed package carries: ``data/`` and ``notebooks/`` of the checkout it was built from.
_SHIPPED = Path(__file__).resolve().parents[1] / "shipped"
#: The folder that holds ``data/`` and ``notebooks/``: the checkout, or what was shipped of it.
PROJECT = _SHIPPED if _SHIPPED.is_dir() else _SHIPPED.parents[1]


def saved() -> Path:
    """The one folder for what pages save: ``saved/`` of the checkout, which git ignores, or else of the working folder.

    >>> saved().name
    'saved'
    """
    return Path("saved") if PROJECT == _SHIPPED else PROJECT / "saved"


def find(path: str | os.PathLike, *, folder: bool = False) -> Path:
    """A file by its path: from the working folder, or else from the project's, so that notebooks need no ``../``.

    Raises:
        FileNotFoundError: in neither, or a folder without ``folder=True``; the message lists the data files there are.

    >>> find("data/cu55_1200K.npz").name
    'cu55_1200K.npz'
    """
    location("path", path, "io.find('md.npz')")
    path = Path(os.path.expanduser(path))
    for candidate in (path, PROJECT / path):
        if candidate.is_file() or (folder and candidate.is_dir()):
            return candidate
    if path.is_dir():
        raise FileNotFoundError(f"{path}: no such file, but a folder; name a file in it")
    shipped = sorted(f"data/{p.name}" for kind in ("*.npz", "*.json") for p in (PROJECT / "data").glob(kind))
    there = ", ".join(shipped) or "none"
    raise FileNotFoundError(f"{path}: no such file here or in the project's folder; files there: {there}")


def listed(folders: Sequence[str | os.PathLike], wanted: Callable[[Path], bool]) -> list[str]:
    """The files right in some folders that are wanted, each once, by the shortest path to it; not those unreadable."""
    found: dict[Path, str] = {}
    for folder in map(Path, folders):
        try:
            paths = sorted(Path(os.path.expanduser(folder)).iterdir())
        except OSError:
            continue
        for path in (path for path in paths if not path.name.startswith(".")):
            try:
                if (path.is_file() or path.is_dir()) and wanted(path):  # opening a pipe would block
                    found.setdefault(path.resolve(), _shortest(path))
            except Exception:  # noqa: BLE001, S112  a foreign or damaged file is not one of ours
                continue
    return list(found.values())


def _shortest(path: Path) -> str:
    """``data/…`` for a file of the project, unless the working folder has another one of that name."""
    if not path.is_relative_to(PROJECT):
        return str(path)
    short = path.relative_to(PROJECT)
    return str(short) if not short.is_file() or short.samefile(path) else str(path)


def printable(name: str) -> str:
    """A file name as text: bytes of it that are no UTF-8, which Python holds as lone surrogates, are spelt out.

    >>> printable("run" + chr(0xDCFF))
    'run\\\\udcff'
    """
    return name.encode(errors="backslashreplace").decode()


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder, hexadecimal.

    >>> len(sha256(find("data/theta_energy.json")))
    64
    """
    location("path", path, "io.sha256('md.npz')")
    path = Path(path)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        listed = "".join(f"{p.relative_to(path).as_posix()} {sha256(p)}\n" for p in files)
        return hashlib.sha256(listed.encode()).hexdigest()
    with open(regular(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
