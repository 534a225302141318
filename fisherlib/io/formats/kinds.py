"""Which reader a path wants: by its suffix, and where that serves several layouts, or is a folder's, by what is inside."""

from collections.abc import Callable
from pathlib import Path

from ...configurations import Configurations
from ..database.layout import META
from . import extxyz, fitsnap, fitsnap_rows, milady, mlearn, npz, pickles
from .lammps import read_dump

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
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".xyz": "extxyz",
    ".extxyz": "extxyz",
    ".dump": "LAMMPS dump",
    ".lammpstrj": "LAMMPS dump",
    ".lammpsdump": "LAMMPS dump",
    ".dat": "design matrix",
    ".df": "FitSNAP rows",
}
#: JSON has one suffix for all layouts, and may be compressed.
_JSON = (".json", ".json.xz")


def kind_of(path: Path) -> str:
    """The kind of a file or folder.

    Raises:
        ValueError: a suffix that no reader knows, or a folder that holds nothing known.
    """
    if path.is_dir():
        return _of_folder(path)
    if path.name.lower().endswith(_JSON):
        return "FitSNAP" if fitsnap.holds(path) else "mlearn"
    kind = _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        known = ", ".join((*_SUFFIXES, *_JSON))
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
