"""Configurations in the JSON of FitSNAP: a file, or folders of files of which each is a group."""

import itertools
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from ...units import BAR
from ..columns.stress import six
from ..columns.unit_names import Units, units_of
from ..compression import beginning, read_bytes
from ..strict import parse_json
from .mlearn import LIMIT, named, other_layout
from .stacking import UNITS, Parsed, stack
from .values import of_symbols, shaped

_LAYOUT = "{'Dataset': {'Data': [{'Positions', 'AtomTypes', 'Lattice', 'Energy', 'Forces', …}, …], 'EnergyStyle', …}}"
#: JSON has one suffix for all layouts, and may be compressed.
SUFFIXES = (".json", ".json.xz")
_BEGINNING = re.compile(rb'(\s*#[^\n]*\n)*\s*\{\s*"Dataset"\s*:')
_OWN = ("Positions", "Forces", "AtomTypes", "Lattice", "Energy", "NumAtoms")

#: What FitSNAP's own examples are in, in its words.
FITSNAP = Units(energy="electronvolt", force="electronvoltperangstrom", length="angstrom")
#: Bar for each unit of stress; "metal" is LAMMPS's name for all units of FitSNAP.
PRESSURES = {"bar": 1.0, "metal": 1.0, **dict.fromkeys(("kbar", "kb", "kilobar"), 1e3), "evperangstrom3": BAR}
PRESSURES |= {**dict.fromkeys(("gpa", "gigapascal"), 1e4), **dict.fromkeys(("pa", "pascal"), 1e-5), "atm": 1.01325}


def holds(path: Path) -> bool:
    """Whether a file, or the first ``.json`` below a folder, begins as FitSNAP's JSON does; no more of it is read."""
    try:
        file = next(filter(Path.is_file, _files(path)), None) if path.is_dir() else path
        if file is None or not file.is_file() or not file.name.lower().endswith(SUFFIXES):
            return False
        return begins(beginning(file, 1 << 14))
    except (OSError, ValueError):
        return False


def begins(start: bytes) -> bool:
    """Whether that is how FitSNAP's JSON begins."""
    return _BEGINNING.match(start) is not None


def read(path: Path) -> list[Configurations]:
    """Configurations of a file, or of all ``.json`` files below a folder: each folder that holds some is a trajectory.

    Its key is the folder's name (with those above it, up to ``path``); its files are in natural order, 2 before 10.
    Lengths, energies and forces are converted to Å, eV and eV/Å. "Stress" is positive under compression; the entry
    "virial" is what it makes in eV. Other entries stay as they are.
    The layout does not say what is periodic: all directions are, as in FitSNAP. Groups have no temperature.

    Raises:
        FileNotFoundError: no ``.json`` file there.
        ValueError: another layout, something missing, a unit that is not known, or the file is damaged.

    Source: FitSNAP, examples/Ta_Linear_JCP2014/JSON.
    """
    if not path.is_dir():
        return [_trajectory(path.name.removesuffix(".xz").removesuffix(".json"), path.name, [path])]
    groups = {folder: list(files) for folder, files in itertools.groupby(_files(path), lambda file: file.parent)}
    if not groups:
        raise FileNotFoundError(
            f"{path}: expected folders of .json files, one for each group, got none; name another folder"
        )
    _warn_of_others(groups)
    top = path.resolve()
    base = top.parent if path in groups else top  # so that no folder below has the name of this one
    keys = {folder: (top / folder.relative_to(path)).relative_to(base).as_posix() for folder in groups}
    return [_trajectory(key, f"{path.name}, group {key!r}", groups[folder]) for folder, key in keys.items()]


def _files(folder: Path) -> Iterator[Path]:
    """The ``.json`` files below a folder, folder by folder, in natural order; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=natural)
        found = (name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith("."))
        yield from (Path(place) / name for name in sorted(found, key=natural))


def natural(name: str) -> list[tuple[int, str]]:
    """Sorting key of names, by which 2 comes before 10."""
    parts = re.split(r"(\d+)", name, flags=re.ASCII)
    return [(int(part) if i % 2 else 0, part) for i, part in enumerate(parts)]


def _warn_of_others(groups: Mapping[Path, list[Path]]) -> None:
    others = [
        f"{folder.name}/{entry.name}"
        for folder, files in groups.items()
        for entry in os.scandir(folder)
        if entry.is_file() and not entry.name.startswith(".") and folder / entry.name not in files
    ]
    if others:
        warnings.warn(
            f"{len(others)} files in the folders of the groups are no .json and are left out, such as {min(others)}",
            stacklevel=3,
        )


def _trajectory(key: str, place: str, files: list[Path]) -> Configurations:
    parts, styles = zip(*(found for file in files for found in _configurations(file)), strict=True)
    stress = styles[0] if len(set(styles)) == 1 else ""
    return stack(key, place, parts, units={**UNITS, "Stress": stress, "virial": "eV"})


def _configurations(file: Path) -> Iterator[tuple[Parsed, str]]:
    """Each configuration of a file, and the unit of its stress."""
    text = read_bytes(file, LIMIT)
    while text.lstrip().startswith(b"#"):
        text = text.partition(b"\n")[2]
    content = parse_json(text, file.name, _LAYOUT)
    found = content.get("Dataset") if isinstance(content, Mapping) else None
    dataset = found if isinstance(found, Mapping) else {}
    data = dataset.get("Data")
    if not isinstance(data, list) or not data or not all(isinstance(entry, Mapping) for entry in data):
        raise other_layout(file, f"FitSNAP, {_LAYOUT}", content)
    for m, entry in enumerate(data):
        place = file.name if len(data) == 1 else f"{file.name}, configuration {m}"
        yield _configuration(place, entry, dataset, file.name), str(dataset.get("StressStyle", ""))


def _configuration(place: str, entry: Mapping[str, Any], dataset: Mapping[str, Any], file: str) -> Parsed:
    _, _, types = (named(place, entry, name, object, _LAYOUT) for name in ("Positions", "Lattice", "AtomTypes"))
    if not isinstance(types, list) or not types:
        raise ValueError(f"{place}: expected 'AtomTypes' to be a list of element symbols, got {types!r:.40}")
    numbers = of_symbols(f"{place}, 'AtomTypes'", types, "name elements there")
    N = len(numbers)
    if "NumAtoms" in entry and entry["NumAtoms"] != N:
        raise ValueError(
            f"{place}: expected 'AtomTypes' of the {entry['NumAtoms']!r:.20} atoms in 'NumAtoms', got {N}; the file is inconsistent"
        )

    def converted(name: str, shape: tuple[int, ...], of: str) -> NDArray[np.float64]:
        return shaped(f"{place}, {name!r}", entry[name], shape) * _factor(place, f"{name}Style", dataset, of)

    atoms = {"numbers": numbers, "positions": converted("Positions", (N, 3), "length")}
    atoms |= {"forces": converted("Forces", (N, 3), "force")} if "Forces" in entry else {}
    entries: dict[str, Any] = {"energies": float(converted("Energy", (), "energy"))} if "Energy" in entry else {}
    for name, value in entry.items():
        array = _plain(value) if name not in _OWN else None
        if array is not None and name != "Stress" and array.shape[:1] == (N,):
            atoms[name] = array
        elif array is not None:
            entries[name] = array
    cell = converted("Lattice", (3, 3), "length")
    entries |= _virial(entries.get("Stress"), str(dataset.get("StressStyle", "metal")), cell)
    return Parsed(atoms, {**entries, "file": file}, cell, (True, True, True))


def _virial(stress: NDArray | None, style: str, cell: NDArray) -> dict[str, NDArray]:
    """The virial of a stress, eV; none where its unit is not known."""
    unit = PRESSURES.get(_plain_style(style))
    if unit is None or stress is None or stress.shape != (3, 3):
        return {}
    with np.errstate(all="ignore"):  # of a cell that is not finite, which is refused with its place
        return {"virial": six("'Stress'", stress[None])[0] * (unit / BAR * abs(np.linalg.det(cell)))}


def _factor(place: str, style: str, dataset: Mapping[str, Any], of: str) -> float:
    """The factor from the unit of energy, force or length that a style names to ours; without a style it is 1."""
    name = str(dataset.get(style, "metal"))
    if (plain := _plain_style(name)) == "metal":
        return 1.0
    try:
        units = units_of({of: plain.replace("per", "/")})
    except ValueError as error:
        raise ValueError(
            f"{place}: expected {style!r} to be a unit of {of} such as {getattr(FITSNAP, of)}, got {name!r:.40}; convert the file"
        ) from error
    return dict(zip(("energy", "force", "length"), units.factors, strict=True))[of]


def _plain_style(name: str) -> str:
    return re.sub(r"[\s_^-]|(?<=angstrom)s$", "", name.lower()).replace("/", "per").replace("mole", "mol")


def _plain(value: object) -> NDArray | None:
    """Numbers as an array; words and lists of several lengths are no column."""
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" and array.size else None
