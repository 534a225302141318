"""Which reader a path needs: by its suffix, or by what is inside where a suffix serves several layouts and for folders."""

import os
from collections.abc import Callable
from pathlib import Path

from ...arguments import location
from ...configurations import Configurations
from .. import places
from ..compression import beginning
from ..database.layout import META
from . import extxyz, fitsnap, fitsnap_rows, milady, mlearn, npz, pickles
from .lammps.dump import DUMPS, read_dump
from .npz import names_of as names_of

#: Kind → the reader of its columns.
READERS: dict[str, Callable[..., list[Configurations]]] = {
    "npz": npz.read,
    "pickle": pickles.read,
    "extxyz": extxyz.read,
    "mlearn": mlearn.read,
    "FitSNAP": fitsnap.read,
    "MiLaDy": milady.read,
    "LAMMPS dump": read_dump,
}

_SUFFIXES = {
    ".npz": "npz",
    **dict.fromkeys((".pkl", ".pickle"), "pickle"),
    **dict.fromkeys((".xyz", ".extxyz"), "extxyz"),
    **dict.fromkeys(DUMPS, "LAMMPS dump"),
    ".dat": "design matrix",
    ".df": "FitSNAP rows",
}


def kind_of(path: Path) -> str:
    """The kind of a file or folder.

    Raises:
        ValueError: a suffix that no reader knows, or a folder that holds nothing known.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.name.lower().endswith(fitsnap.SUFFIXES):
        return "FitSNAP" if fitsnap.holds(path) else "mlearn"
    if (kind := _SUFFIXES.get(path.suffix.lower())) is None:
        known = ", ".join((*_SUFFIXES, *fitsnap.SUFFIXES))
        raise ValueError(f"path: expected a file ending in {known}, got {path.name!r}")
    return "FitSNAP rows" if kind == "npz" and fitsnap_rows.holds(path) else kind


def _of_folder(path: Path) -> str:
    if (path / META).is_file():
        return "database"
    for kind, holds in (("FitSNAP rows", fitsnap_rows.holds), ("MiLaDy", milady.holds), ("FitSNAP", fitsnap.holds)):
        if holds(path):
            return kind
    raise ValueError(
        f"path: expected a file, or the folder of a descriptor database ({META}), of MiLaDy (.eml, .fml) or of FitSNAP "
        f"(.json, FitSNAP.df), got the folder {path.name!r} with nothing of these; name a file in it"
    )


def data_files(folder: str | os.PathLike | None = None) -> list[str]:
    """The files that look like datasets, as paths for ``open`` and ``read``.

    Args:
        folder: looked through instead of the project's ``data/`` and the working folder.

    Returns:
        ``.npz`` with the arrays of a dataset, ``.xyz`` that begin with a number of atoms, ``.json`` that begin as a list with
        structures or as FitSNAP's do, ``.pkl`` whose names do not begin with "theta", and the folders of descriptor databases.
        Nothing is read beyond that; a file may still be refused.

    >>> data_files("data")
    ['data/cu55_1200K.npz']
    """
    location("folder", "." if folder is None else folder, "io.data_files('data')")
    return places.listed([places.PROJECT / "data", "."] if folder is None else [folder], _is_data)


def _is_data(path: Path) -> bool:
    suffix = path.suffix.lower()
    if path.is_dir():
        return (path / META).is_file()
    if suffix == ".npz":
        return set(npz.REQUIRED) <= names_of(path) or fitsnap_rows.holds(path)
    if suffix in (".pkl", ".pickle"):
        return not path.name.lower().startswith("theta") and path.stat().st_size > 0
    if suffix in (".xyz", ".extxyz"):
        with open(path, "rb") as file:
            return file.readline(64).strip().isdigit()
    if path.name.lower().endswith(fitsnap.SUFFIXES):
        start = beginning(path, 256).lstrip()
        return start.startswith(b"[") and b'"structure"' in start or fitsnap.holds(path)
    return False
