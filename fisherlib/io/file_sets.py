"""Several files read as one: a list of paths, a pattern, or a folder of structure files; each file is a trajectory."""

import dataclasses
import glob
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from ..arguments import location
from ..configurations import Configurations
from .columns.description import shared
from .formats.fitsnap import natural
from .formats.kinds import SET, files_in, kind_of
from .places import PROJECT, find, printable

_PATTERN = re.compile(r"[*?\[]")
#: The path of one file or folder, a pattern such as "runs/*/OUTCAR", or a list of these.
Location = str | os.PathLike | Sequence[str | os.PathLike]


def located(path: Location) -> Path | list[Path]:
    """The file or folder that a path is of, or the files that a list, a pattern or a folder of structure files means.

    Raises:
        FileNotFoundError: no such file, or none that fits the pattern.
        TypeError, ValueError: no path, or an empty list.
    """
    if isinstance(path, list | tuple):
        found = [each for one in path for each in _several(one)]
        if not found:
            raise ValueError("path: expected the paths of some files, got an empty list")
        return list({os.path.abspath(file): file for file in reversed(found)}.values())[::-1]  # each once
    location("path", path, "io.read('md.npz'), io.read(['a.xyz', 'b.xyz']) or io.read('runs/*/OUTCAR')")
    if _is_pattern(path := Path(cast(str, path))):
        return _several(path)
    one = find(path, folder=True)
    return files_in(one) if one.is_dir() and kind_of(one) == SET else one


def _several(path: str | os.PathLike) -> list[Path]:
    return _matching(os.fspath(path)) if _is_pattern(path) else [find(path)]


def _is_pattern(path: object) -> bool:
    """Whether a path has the marks of a pattern, and is no name of a file."""
    return isinstance(path, str | os.PathLike) and bool(_PATTERN.search(os.fspath(path))) and not os.path.exists(path)


def _matching(pattern: str) -> list[Path]:
    """The regular files that fit a pattern, from the working folder or else from the project's, in natural order."""
    pattern = os.path.expanduser(pattern)
    for base in (Path(), PROJECT):
        found = [Path(p) for p in glob.glob(str(base / pattern), recursive=True) if os.path.isfile(p)]
        if found:
            return sorted(found, key=lambda path: natural(str(path)))
    raise FileNotFoundError(
        f"{pattern}: no file fits this pattern, here or in the project's folder; name one that is there"
    )


def called(files: Sequence[Path]) -> Path:
    """A path that stands for the files: the folder that they share, and the first of them with the number of the others."""
    others = len(files) - 1
    name = f"{files[0].name} and {others} other{'s' if others > 1 else ''}"
    return Path(os.path.commonpath([file.absolute().parent for file in files])) / name


def read_each(files: Sequence[Path], read: Callable[[Path], Sequence[Configurations]]) -> list[Configurations]:
    """The trajectories of all files, each with a key from the name of its file, and errors with its path.

    Files of one configuration whose names differ by numbers only are one trajectory, in the order of these numbers.

    Raises:
        ValueError: a file cannot be read, or belongs to another kind than the others; names it.
    """
    found: dict[str, list[Configurations]] = {}
    keys = keys_of(files)
    for file, key in zip(files, keys, strict=True):
        place = _place(file, files)
        try:
            made = read(file)
        except ValueError as error:
            raise ValueError(
                str(error).replace(file.name, place, 1) if file.name in str(error) else f"{place}: {error}"
            ) from error
        for one in made:
            name = key if len(made) == 1 else f"{key}/{one.key}"
            found[name] = [
                dataclasses.replace(one, key=name, place=place if len(made) == 1 else f"{place}, key {one.key!r}")
            ]
    return [_joined(key, parts) for key, parts in _runs(found).items()]


def keys_of(files: Sequence[Path]) -> list[str]:
    """What tells the files apart: their names without suffix, or as many of the folders above as that takes.

    >>> keys_of([Path("runs/a/OUTCAR"), Path("runs/b/OUTCAR")]), keys_of([Path("x/md.xyz"), Path("x/cold.xyz")])
    (['a', 'b'], ['md', 'cold'])
    """
    same = len({file.name for file in files}) == 1 < len(files)  # a name that all have says nothing
    lasts = [["" for _ in files]] if same else [[_stem(file) for file in files], [file.name for file in files]]
    folders = [file.absolute().parent.parts for file in files]
    for depth in range(max(map(len, folders)) + 1):
        for last in lasts:
            names = ["/".join([*f[len(f) - depth :], n]).strip("/") for f, n in zip(folders, last, strict=True)]
            if len(set(names)) == len(files) and all(names):
                return [printable(name) for name in names]
    raise ValueError(f"path: expected different files, got {files[0].name} twice; name each once")


def _stem(file: Path) -> str:
    return file.name.partition(".")[0] or file.name


def _place(file: Path, files: Sequence[Path]) -> str:
    """The path of a file from the folder that all share."""
    common = os.path.commonpath([one.absolute().parent for one in files])
    return printable(file.absolute().relative_to(common).as_posix())


def _runs(found: dict[str, list[Configurations]]) -> dict[str, list[Configurations]]:
    """Trajectories of one configuration put together where their keys differ by numbers only."""
    if any(len(parts[0].n_atoms) > 1 for parts in found.values()):
        return found
    runs: dict[str, list[Configurations]] = {}
    for key, parts in found.items():
        runs.setdefault(re.sub(r"[\W_]*\d+[\W_]*", " ", key).strip().replace(" ", "_") or "configurations", []).extend(
            parts
        )
    return runs if len(runs) < len(found) else found


def _joined(key: str, parts: Sequence[Configurations]) -> Configurations:
    """Trajectories as one; columns and entries that not all have are left out, and told by ``incomplete``."""
    if len(parts) == 1:
        return dataclasses.replace(parts[0], key=key)
    columns, entries = shared([p.columns for p in parts]), shared([p.entries for p in parts])
    names = {name for p in parts for name in (*p.columns, *p.entries)}
    lacking = {name: _first(parts, name) for name in names - {*columns, *entries}}
    boxes: dict[str, Any] = {}
    if any(p.cell is not None for p in parts):
        boxes = {
            "cell": np.concatenate([np.zeros((len(p.n_atoms), 3, 3)) if p.cell is None else p.cell for p in parts]),
            "pbc": np.concatenate([np.zeros((len(p.n_atoms), 3), bool) if p.pbc is None else p.pbc for p in parts]),
        }
    known: dict[str, Any] = {
        name: np.concatenate([getattr(p, name) for p in parts])
        for name in ("n_atoms", "numbers", "positions")
        if all(getattr(p, name) is not None for p in parts)
    }
    return dataclasses.replace(
        parts[0],
        key=key,
        place=f"{parts[0].place} and {len(parts) - 1} more",
        columns={name: np.concatenate([p.columns[name] for p in parts]) for name in columns},
        entries={name: np.concatenate([p.entries[name] for p in parts]) for name in entries},
        incomplete=lacking,
        **known,
        **boxes,
    )


def _first(parts: Sequence[Configurations], name: str) -> int:
    """The first configuration without a column or entry."""
    return next((m for m, p in enumerate(parts) if name not in p.columns and name not in p.entries), 0)
