"""Which reader a path wants: by its suffix, and where one suffix serves several layouts by what is inside."""

from collections.abc import Callable
from pathlib import Path

from . import app, extxyz, mlearn, npz
from .stored import Stored

#: Kind → the reader of its files.
READERS: dict[str, Callable[[Path], list[Stored]]] = {
    "npz": npz.read,
    "pickle": app.read,
    "extxyz": extxyz.read,
    "mlearn": mlearn.read,
}

_SUFFIXES = {".npz": "npz", ".pkl": "pickle", ".pickle": "pickle", ".xyz": "extxyz", ".extxyz": "extxyz"}
#: JSON has one suffix for all layouts, and may be compressed.
_JSON = (".json", ".json.xz")


def kind_of(path: Path) -> str:
    """The kind of a file.

    Raises:
        ValueError: a suffix that no reader knows.
    """
    kind = "mlearn" if path.name.lower().endswith(_JSON) else _SUFFIXES.get(path.suffix.lower())
    if kind is None:
        known = ", ".join((*_SUFFIXES, *_JSON))
        raise ValueError(f"path: expected a file ending in {known}, got {path.name!r}")
    return kind
