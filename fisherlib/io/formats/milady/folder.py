"""Which files of a folder belong to which configuration of a MiLaDy descriptor database."""

import re
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

#: Class, system and number of a configuration: 01_120_000001.
NAME = re.compile(r"(?P<key>[0-9A-Za-z]{2}_[0-9A-Za-z]{3})_[0-9]{6}")

_LAYOUT = "configurations such as 01_120_000001.eml with their .fml beside them and their .poscar there or in the database's folder (DB for descDB)"
_DESCRIPTORS, _FORCE_DESCRIPTORS = (".eml", ".csv", ".npz"), ".fml"


class Files(NamedTuple):
    """The files of one configuration."""

    name: str  # of the configuration
    poscar: Path  # positions, energies and forces
    descriptors: Path  # .eml, .csv or .npz
    force_descriptors: Path | None  # .fml


def key_of(name: str) -> str:
    """Class and system of a configuration: 01_120 of 01_120_000001."""
    return name.rpartition("_")[0]


def holds(path: Path) -> bool:
    """Whether a path is a descriptor database, or a folder with one right below it."""
    return path.is_dir() and bool(_databases(path))


def some(names: Collection[str]) -> str:
    """A number of names, and the first three of them."""
    first = sorted(names)[:3]
    return f"{len(names)} ({', '.join(first)}{', …' if len(names) > len(first) else ''})"


def refuse(path: Path, expected: str, got: str, names: Collection[str], way: str) -> None:
    """Refuses the files of a path, if there are configurations for which something else was got than expected."""
    if names:
        raise ValueError(f"{path.name}: expected {expected}, got {got} for {some(names)}; {way}")


def files(path: Path) -> list[Files]:
    """The files of every configuration that has descriptors, by name.

    Raises:
        ValueError: no database, several, or a configuration lacks a file or has one twice.
    """
    folder = _one_database(path.absolute())
    descriptors = _described(folder)
    force_descriptors = _named(folder, _FORCE_DESCRIPTORS)
    way = "run MiLaDy again with write_desc=.true., or move these .fml away"
    refuse(folder, "descriptors (.eml) beside each .fml", "none", force_descriptors.keys() - descriptors.keys(), way)
    poscars = _poscars(folder)
    wanted, homeless = (
        "a .poscar for each configuration, here or in the database's folder",
        descriptors.keys() - poscars.keys(),
    )
    refuse(folder, wanted, "none", homeless, "copy them into this folder")
    if unused := poscars.keys() - descriptors.keys():
        warnings.warn(
            f"{folder.name}: {some(unused)} of {len(poscars)} configurations have a .poscar but no descriptors and are "
            "left out; MiLaDy writes descriptors only for those that db_model.in asks for",
            stacklevel=3,
        )
    return [Files(n, poscars[n], file, force_descriptors.get(n)) for n, file in sorted(descriptors.items())]


def _databases(path: Path) -> list[Path]:
    """The path itself if it is a descriptor database, or else those right below it, which MiLaDy names desc…"""
    if _is_database(path):
        return [path]
    return [p for p in sorted(path.iterdir()) if p.is_dir() and p.name.startswith("desc") and _is_database(p)]


def _is_database(folder: Path) -> bool:
    return any(p.suffix in (*_DESCRIPTORS, _FORCE_DESCRIPTORS) and NAME.fullmatch(p.stem) for p in folder.iterdir())


def _one_database(path: Path) -> Path:
    found = _databases(path) if path.is_dir() else []
    if len(found) != 1:
        got = f"{len(found)}: {', '.join(p.name for p in found)}; name one of them" if found else "none"
        raise ValueError(f"{path.name}: expected a descriptor database of MiLaDy, {_LAYOUT}, got {got}")
    return found[0]


def _named(folder: Path, suffix: str) -> dict[str, Path]:
    """The files of one suffix by name of the configuration."""
    found = [p for p in folder.iterdir() if p.suffix == suffix]
    strange = [p.name for p in found if not NAME.fullmatch(p.stem)]
    if strange and suffix not in (".csv", ".npz", ".poscar"):  # these may well be something else
        raise ValueError(
            f"{folder.name}: expected names such as 01_120_000001{suffix}, got {some(strange)} of another form; rename them or move them away"
        )
    return {p.stem: p for p in found if NAME.fullmatch(p.stem)}


def _described(folder: Path) -> dict[str, Path]:
    together: dict[str, Path] = {}
    for found in (_named(folder, suffix) for suffix in _DESCRIPTORS):
        twice, way = together.keys() & found.keys(), "keep the .eml, the .csv or the .npz"
        refuse(folder, "one file of descriptors for each configuration", "two", twice, way)
        together |= found
    return together


def _poscars(folder: Path) -> dict[str, Path]:
    """The configurations: in the folder itself, in the one that it describes (DB for descDB), or in the one above."""
    for place in (folder, folder.parent / folder.name.removeprefix("desc"), folder.parent):
        if place.is_dir() and (found := _named(place, ".poscar")):
            return found
    return {}
