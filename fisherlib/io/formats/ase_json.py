"""Configurations in ASE's own records, as its JSON files and databases hold them: plain named entries with arrays."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from ..compression import read_bytes
from ..strict import parse_json
from . import stacking
from .mlearn import LIMIT
from .stacking import Parsed, stack
from .values import flat, periodic, shaped

UNITS = {**stacking.UNITS, "energy": "eV", "free_energy": "eV", "stress": "eV/Å³"}
#: How ASE's JSON begins: rows numbered from 1.
BEGINS = rb'\s*\{\s*"\d+"\s*:\s*\{'
_LAYOUT = "{'1': {'numbers', 'positions', 'cell', 'pbc', 'energy', 'forces', …}, …, 'ids': [1, …]}"
#: Results with a row for each atom, and of the whole configuration, with their shapes; others are left out.
_OF_ATOMS = {"forces": (3,), "magmoms": (), "charges": (), "momenta": (3,)}
_OF_ALL = {"energy": ((),), "free_energy": ((),), "stress": ((6,), (3, 3)), "virial": ((3, 3), (6,))}


def read(path: Path) -> list[Configurations]:
    """The rows of an ASE database in JSON as one trajectory, in the order of their numbers.

    ASE's own reader is not used: it makes the objects that the file names, and arrays as long as it claims. Here they stay
    lists of numbers that are there. Key-value pairs of a row become entries; its data and constraints are left out.

    Raises:
        ValueError: another layout, damaged, or no row with energy or forces.
    """
    content = parse_json(read_bytes(path, LIMIT), path.name, _LAYOUT)
    ids = content.get("ids") if isinstance(content, Mapping) else None
    rows = [str(i) for i in ids] if isinstance(ids, list) else [n for n in content if str(n).isdigit()]
    if not rows or not all(isinstance(content.get(row), Mapping) for row in rows):
        raise ValueError(f"{path.name}: expected JSON in ASE's layout, {_LAYOUT}, got other entries or a row missing")
    parsed = [parsed_row(f"{path.name}, row {row}", content[row]) for row in rows]
    return stacked(path, path.name.partition(".")[0], parsed)


def parsed_row(place: str, row: Mapping[str, Any]) -> Parsed:
    """A row of a database, whose arrays may be told by shape and type."""
    plain = {name: _plain(place, value) for name, value in row.items() if name not in ("data", "constraints")}
    pairs = plain.pop("key_value_pairs", None)
    pairs = pairs if isinstance(pairs, Mapping) else {}
    words = {name: value for name, value in pairs.items() if isinstance(value, bool | int | float | str)}
    return parsed(place, plain, words)


def parsed(place: str, record: Mapping[str, Any], words: Mapping[str, Any] | None = None) -> Parsed:
    """One configuration from its entries: numbers, positions, cell, pbc and what was calculated.

    Raises:
        ValueError: no numbers or positions, or arrays of other shapes.
    """
    for name in ("numbers", "positions"):
        if record.get(name) is None:
            raise ValueError(f"{place}: expected {name}, got only {', '.join(map(str, record))[:120]}; it is damaged")
    numbers = flat(f"numbers of {place}", record["numbers"])
    N = len(numbers)
    atoms: dict[str, NDArray] = {"numbers": numbers.astype(np.int64)}
    for name, row in {"positions": (3,), **_OF_ATOMS}.items():
        if record.get(name) is not None:
            atoms[name] = shaped(f"{name} of {place}", record[name], (N, *row))
    entries: dict[str, Any] = dict(words or {})
    for name, shapes in _OF_ALL.items():
        if record.get(name) is not None:
            entries[name] = shaped(f"{name} of {place}", record[name], *shapes)
    info = record.get("info")
    if isinstance(info, Mapping):
        entries |= {n: v for n, v in info.items() if isinstance(v, bool | int | float | str)}
    cell = np.zeros((3, 3)) if record.get("cell") is None else shaped(f"cell of {place}", record["cell"], (3, 3), (3,))
    pbc = periodic(place, record.get("pbc", False))
    return Parsed(atoms, entries, np.diag(cell) if cell.ndim == 1 else cell, pbc.tolist())


def stacked(path: Path, key: str, parsed: Sequence[Parsed]) -> list[Configurations]:
    """The configurations of a file as one trajectory; structures of which none has energies or forces are refused."""
    has = dict.fromkeys(name for p in parsed for name in (*p.atoms, *p.entries))
    if not {"energy", "free_energy", "forces"} & has.keys():
        found = ", ".join(has) or "no configuration"
        way = "attach the calculator's results before writing it"
        raise ValueError(f"{path.name}: expected energies or forces, got only {found}; {way}")
    return [stack(key, path.name, parsed, units=UNITS)]


def _plain(place: str, value: object) -> Any:
    """A value with ASE's marks of arrays and cells taken away."""
    if isinstance(value, Mapping) and "__ndarray__" in value:
        return _array(place, value["__ndarray__"])
    if isinstance(value, Mapping) and value.get("__ase_objtype__") == "cell":
        return _plain(place, value.get("array"))
    return value


def _array(place: str, told: object) -> NDArray:
    shape, dtype, numbers = told if isinstance(told, list) and len(told) == 3 else (None, None, None)
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or not isinstance(numbers, list) or math.prod(shape or ()) != len(numbers):
        raise ValueError(f"{place}: expected an array of as many numbers as its shape has, got {shape!r:.40}")
    return flat(f"{dtype} of {place}", numbers, booleans=True).reshape(shape or ())
