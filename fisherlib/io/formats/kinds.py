"""Which reader a path needs: by its suffix, or by what is inside where a suffix serves several layouts and for folders."""

import codecs
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ...arguments import location
from ...configurations import Configurations
from .. import places
from ..compression import beginning, plain_name
from ..database.layout import META
from . import (
    ase_files,
    ase_json,
    deepmd,
    extxyz,
    fitsnap,
    fitsnap_rows,
    md17,
    milady,
    mlearn,
    mtp,
    npz,
    pickles,
    structures,
)
from .lammps.dump import DUMPS, read_dump
from .npz import names_of as names_of

#: Kind → the reader of its columns.
READERS: dict[str, Callable[..., list[Configurations]]] = {
    "npz": npz.read,
    "MD17": md17.read,
    "pickle": pickles.read,
    "extxyz": extxyz.read,
    "ASE": ase_files.read,
    "mlearn": mlearn.read,
    "FitSNAP": fitsnap.read,
    "MiLaDy": milady.read,
    "DeePMD": deepmd.read,
    "MTP": mtp.read,
    "LAMMPS dump": read_dump,
}
#: Kinds of files that may have types in place of elements; their readers take the symbols.
TYPED = frozenset({"LAMMPS dump", "MTP", "DeePMD"})
#: The kind of a folder of files of one kind.
SET = "files"

_SUFFIXES = {
    ".npz": "npz",
    **dict.fromkeys((".pkl", ".pickle", ".pckl"), "pickle"),
    **dict.fromkeys((".xyz", ".extxyz"), "extxyz"),
    **dict.fromkeys(DUMPS, "LAMMPS dump"),
    ".cfg": "MTP",
    ".dat": "design matrix",
    ".df": "FitSNAP rows",
}
_KNOWN = (*_SUFFIXES, *fitsnap.SUFFIXES, ".traj", ".db", "vasprun.xml, OUTCAR or other output of ab initio programs")


def kind_of(path: Path) -> str:
    """The kind of a file, compressed or not, or of a folder.

    Raises:
        ValueError: a file that no reader knows, or a folder that holds nothing known; says why, where it is known.
    """
    if path.is_dir():
        return _of_folder(path)
    if (kind := _of_file(path)) is not None:
        return kind
    if (why := structures.why_refused(path)) is not None:
        raise ValueError(f"path: {path.name} holds {why}")
    raise ValueError(f"path: expected a file ending in {', '.join(_KNOWN)}, got {path.name!r}")


def _of_file(path: Path) -> str | None:
    suffix = Path(plain_name(path)).suffix.lower()
    if suffix == ".json":
        start = beginning(path, 1 << 14)
        return "FitSNAP" if fitsnap.begins(start) else "ASE" if re.match(ase_json.BEGINS, start) else "mlearn"
    kind = _SUFFIXES.get(suffix)
    if kind == "npz":
        return _of_npz(path)
    if kind == "MTP":
        return kind if re.match(mtp.BEGINS, beginning(path, 64)) else None
    return kind or ("ASE" if ase_files.layout_of(path) else None)


def _of_npz(path: Path) -> str:
    if fitsnap_rows.holds(path):
        return "FitSNAP rows"
    try:
        names = names_of(path)
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):  # damaged: the reader says so
        names = set()
    return "MD17" if not names & {"keys", "n_atoms"} and md17.names_in(names) else "npz"


def _of_folder(path: Path) -> str:
    if (path / META).is_file():
        return "database"
    for kind, holds in (
        ("FitSNAP rows", fitsnap_rows.holds),
        ("MiLaDy", milady.holds),
        ("FitSNAP", fitsnap.holds),
        ("DeePMD", deepmd.holds),
        (SET, lambda folder: bool(files_in(folder))),
    ):
        if holds(path):
            return kind
    raise ValueError(
        f"path: expected a file, or the folder of a descriptor database ({META}), of MiLaDy (.eml, .fml), of FitSNAP (.json, "
        f"FitSNAP.df), of DeePMD (type.raw) or of structure files, got the folder {path.name!r} with nothing of these; name a file in it"
    )


def files_in(folder: Path) -> list[Path]:
    """The structure files right in a folder, in natural order; pipes, devices, folders and other files are passed over.

    Raises:
        ValueError: they are of several layouts, which may hold the same configurations.
    """
    regular = (p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    layouts = {p: layout for p in regular if (layout := _layout(p)) is not None}
    if len(counted := Counter(layouts.values())) > 1:
        found = ", ".join(f"{number} of {layout}" for layout, number in counted.items())
        way = f"name those of one, such as '{folder.name}/*{next(iter(layouts)).suffix}'"
        raise ValueError(f"path: expected files of one layout in the folder {folder.name!r}, got {found}; {way}")
    return sorted(layouts, key=lambda path: fitsnap.natural(path.name))


def _layout(path: Path) -> str | None:
    """The layout of a structure file; None for one that is none, or cannot be looked into."""
    try:
        kind = _of_file(path)
        return (
            ase_files.layout_of(path) if kind == "ASE" else kind if kind in ("extxyz", "MTP", "LAMMPS dump") else None
        )
    except (OSError, ValueError):
        return None


def data_files(folder: str | os.PathLike | None = None) -> list[str]:
    """The files that look like datasets, as paths for ``open`` and ``read``.

    Args:
        folder: looked through instead of the project's ``data/`` and the working folder.

    Returns:
        ``.npz`` with the arrays of a dataset, ``.xyz`` that begin with a number of atoms, ``.json`` that begin as a list with
        structures or as FitSNAP's or ASE's do, ``.pkl`` whose names do not begin with "theta", output of ab initio programs,
        and the folders of descriptor databases, compressed or not. Nothing is read beyond that; a file may still be refused.

    >>> data_files("data")
    ['data/cu55_1200K.npz']
    """
    location("folder", "." if folder is None else folder, "io.data_files('data')")
    return places.listed([places.PROJECT / "data", "."] if folder is None else [folder], _is_data)


def _is_data(path: Path) -> bool:
    if path.is_dir():
        return (path / META).is_file() or deepmd.holds(path)
    suffix = Path(plain_name(path)).suffix.lower()
    if suffix == ".npz":
        names = names_of(path)
        return set(npz.REQUIRED) <= names or fitsnap_rows.holds(path) or md17.names_in(names) is not None
    if suffix in (".pkl", ".pickle", ".pckl"):
        return not path.name.lower().startswith("theta") and path.stat().st_size > 0
    if suffix in (".xyz", ".extxyz"):
        return beginning(path, 64).removeprefix(codecs.BOM_UTF8).partition(b"\n")[0].strip().isdigit()
    if suffix == ".json":
        start = beginning(path, 1 << 14).lstrip()
        listed = start.startswith(b"[") and b'"structure"' in start[:256]
        return listed or fitsnap.begins(start) or re.match(ase_json.BEGINS, start) is not None
    return _layout(path) is not None
