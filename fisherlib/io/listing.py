"""The data files and files of parameters θ that lie at hand, told by a look at their beginnings."""

import json
import lzma
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..arguments import location
from .database.layout import META
from .formats import fitsnap, fitsnap_rows
from .places import PROJECT

#: Larger JSON files are not looked into: θ of ten thousand parameters takes a fifth of it.
JSON_LIMIT = 1_000_000
_DATASET = {"keys", "configurations", "n_atoms", "numbers", "positions"}
_THETA = {"coef", "intercept"}


def data_files(folder: str | os.PathLike | None = None) -> list[str]:
    """The files that look like datasets, as paths for ``open`` and ``read``.

    Args:
        folder: looked through instead of the project's ``data/`` and the working folder.

    Returns:
        ``.npz`` files with the arrays of a dataset, ``.xyz`` and ``.extxyz`` files that begin with a number of atoms,
        ``.json`` and ``.json.xz`` files that begin as a list with structures or as FitSNAP's do, ``.pkl`` files whose names
        do not begin with "theta", and the folders of descriptor databases. Nothing is read beyond that; a file may still be refused.
    """
    location("folder", "." if folder is None else folder, "io.data_files('data')")
    return _listed([folder] if folder is not None else [PROJECT / "data", "."], _is_data)


def theta_files(folder: str | os.PathLike | None = None) -> list[str]:
    """The files that look like parameters θ, as paths for ``read_theta``.

    Args:
        folder: looked through instead of the project's ``data/`` and ``reports/`` and the working folder.

    Returns:
        ``.json`` and ``.npz`` files with 'coef' and 'intercept', the numbers of reports, and pickles by the name theta*.pkl.
    """
    location("folder", "." if folder is None else folder, "io.theta_files('data')")
    return _listed([folder] if folder is not None else [PROJECT / "data", PROJECT / "reports", "."], _is_theta)


def _listed(folders: list[str | os.PathLike], wanted: Callable[[Path], bool]) -> list[str]:
    found: dict[Path, str] = {}
    for folder in folders:
        for path in _files(Path(folder)):
            try:
                if (path.is_file() or (path / META).is_file()) and wanted(path):
                    found.setdefault(path.resolve(), _shortest(path))
            except Exception:  # noqa: BLE001, S112  whatever a foreign or damaged file provokes, it is not one of ours
                continue
    return list(found.values())


def _files(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(folder.expanduser().iterdir())
    except OSError:
        return
    yield from (path for path in paths if not path.name.startswith("."))


def _shortest(path: Path) -> str:
    """``data/…`` for a file of the project, unless the working folder has another one of that name."""
    if not path.is_relative_to(PROJECT):
        return str(path)
    short = path.relative_to(PROJECT)
    return str(short) if not short.is_file() or short.samefile(path) else str(path)


def _is_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    if path.is_dir():
        return True  # of a database
    if suffix == ".npz":
        return _DATASET <= _names(path) or fitsnap_rows.holds(path)
    if suffix in (".pkl", ".pickle"):
        return not _named_theta(path) and path.stat().st_size > 0
    if suffix in (".xyz", ".extxyz"):
        with open(path, "rb") as file:
            return file.readline(64).strip().isdigit()
    if path.name.lower().endswith((".json", ".json.xz")):
        with lzma.open(path) if suffix == ".xz" else open(path, "rb") as file:
            beginning = file.read(256).lstrip()
        return beginning.startswith(b"[") and b'"structure"' in beginning or fitsnap.holds(path)
    return False


def _is_theta(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _THETA <= _names(path)
    if suffix == ".json" and path.stat().st_size <= JSON_LIMIT:
        content = json.loads(path.read_text(encoding="utf-8"))
        content = content.get("theta_f", content) if isinstance(content, Mapping) else {}
        return isinstance(content, Mapping) and _THETA <= content.keys()
    return suffix in (".pkl", ".pickle") and _named_theta(path)


def _named_theta(path: Path) -> bool:
    return path.name.lower().startswith("theta")


def _names(path: Path) -> set[str]:
    """Names of the arrays of an ``.npz``, from the directory at its end."""
    with zipfile.ZipFile(path) as archive:
        return {name.removesuffix(".npy") for name in archive.namelist()}
