"""Configurations in the JSON of mlearn: pymatgen structures with energies, forces and the group that they belong to."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from ase.data import atomic_numbers

from ...configurations import Configurations
from ..compression import read_bytes
from ..strict import parse_json
from .stacking import UNITS, Parsed, stack
from .values import shaped

#: Bytes of JSON: reading takes some ten times as much memory, and a small .xz can hold any amount.
LIMIT = 2**28

_LAYOUT = "[{'structure', 'group', 'description', 'outputs': {'energy', 'forces'}}, …]"
_SNAPSHOT = re.compile(r"(?:Snapshot )?(?P<number>\d{1,18}) of \d+ of (?P<ensemble>.*\S)\s*", re.DOTALL)
#: A label of molecular dynamics among the notes: the temperature and the number of the snapshot, such as "2000-8".
_NOTE = re.compile(r"(?P<kelvin>[1-9]\d{0,5})(?: ?K)?-(?P<number>\d{1,18})")
_TEMPERATURE = re.compile(r"\bat (?P<kelvin>\d{1,9}(\.\d{1,9})?) K$")
#: Compared with the virials of fits, published files have yz before xz in some groups, and after it in others.
_UNITS = {
    **UNITS,
    "virial_stress": "kbar, positive under compression, xx yy zz xy, then yz xz in some groups and xz yz in others?",
}
_WORDS: dict[type, str] = {str: "text", list: "a list", dict: "named entries"}


def read(path: Path) -> list[Configurations]:
    """Trajectories of an mlearn file, in the order they begin in it.

    A simulation is one trajectory: "Snapshot 3 of 40 of AIMD NVT simulation at 300 K" belongs to "AIMD NVT simulation at
    300 K", at that temperature; so do the notes {"Md": "300-3"} of a group, one trajectory for each volume. Its
    configurations are in the order of time, by the number of their snapshot (entry "snapshot"), not in that of the file. Other configurations belong to their group ("Elastic", "Surface", …), have
    no temperature and keep the order of the file, after any snapshots of that name. Labels are taken as they are: those
    of some published vacancy simulations are known to be exchanged.

    Raises:
        ValueError: no such layout, something missing, or the file is damaged.

    Source: layout of the data of Zuo et al., J. Phys. Chem. A 124, 731 (2020), in the repository mlearn.
    """
    parts: dict[str, list[Parsed]] = {}
    for m, entry in enumerate(_entries(path)):
        key, part = _configuration(f"{path.name}, configuration {m}", entry)
        parts.setdefault(key, []).append(part)
    return [_trajectory(path, key, members) for key, members in parts.items()]


def _entries(path: Path) -> list[Any]:
    found = parse_json(read_bytes(path, LIMIT), path.name, _LAYOUT, _no_number)
    if isinstance(found, Mapping) and ({"coef", "intercept"} <= found.keys() or "theta_f" in found):
        raise ValueError(
            f"{path.name}: expected configurations, got parameters θ; read them with fisherlib.io.read_theta"
        )
    if not isinstance(found, list) or not found:
        raise other_layout(path, f"mlearn, {_LAYOUT}", found)
    return found


def other_layout(path: Path, layout: str, content: object) -> ValueError:
    """The error of JSON that is laid out otherwise."""
    found = f"a dict of {listed(content)}" if isinstance(content, Mapping) else type(content).__name__
    found = "an empty list" if content == [] else found
    return ValueError(
        f"{path.name}: expected JSON in the layout of {layout}, got {found}; other data are read from .npz or extended xyz"
    )


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"got {name}")


def _configuration(place: str, entry: Mapping[str, Any]) -> tuple[str, Parsed]:
    """The trajectory that a configuration belongs to, and its arrays."""
    structure, outputs = (named(place, entry, name, dict) for name in ("structure", "outputs"))
    sites = named(f"{place}, 'structure'", structure, "sites", list)
    if not sites:
        raise ValueError(f"{place}: expected at least one site, got none")
    lattice = named(f"{place}, 'structure'", structure, "lattice", dict)
    cell = shaped(f"{place}, 'matrix' of the lattice", lattice.get("matrix"), (3, 3))
    N = len(sites)
    words = {name: entry[name] for name in ("group", "description", "tag") if isinstance(entry.get(name), str)}
    atoms = {
        "numbers": np.array([_element(f"{place}, site {i}", site) for i, site in enumerate(sites)]),
        "positions": shaped(f"{place}, 'xyz' of the sites", [site.get("xyz") for site in sites], (N, 3)),
        "forces": shaped(f"{place}, 'forces'", outputs.get("forces"), (N, 3)),
    }
    numbers: dict[str, Any] = {"energies": float(shaped(f"{place}, 'energy'", outputs.get("energy"), ()))}
    if "virial_stress" in outputs:
        numbers["virial_stress"] = shaped(f"{place}, 'virial_stress'", outputs["virial_stress"], (6,))
    pbc = lattice.get("pbc", [True] * 3)
    if not isinstance(pbc, list) or len(pbc) != 3 or not all(isinstance(periodic, bool) for periodic in pbc):
        raise ValueError(f"{place}, 'pbc' of the lattice: expected three of true and false, got {pbc!r:.60}")
    if snapshot := _SNAPSHOT.fullmatch(words.get("description", "")):
        return snapshot["ensemble"], Parsed(atoms, {**numbers, "snapshot": int(snapshot["number"]), **words}, cell, pbc)
    group = named(place, entry, "group", str)
    if noted := _noted(entry.get("notes")):
        volume = f"{abs(np.linalg.det(cell)) / N:.2f} Å³ an atom"
        key = f"{group}, molecular dynamics, {volume}, at {noted['kelvin']} K"
        return key, Parsed(atoms, {**numbers, "snapshot": int(noted["number"]), **words}, cell, pbc)
    return group, Parsed(atoms, numbers | words, cell, pbc)


def _noted(notes: object) -> re.Match[str] | None:
    """The temperature and the number of a snapshot, as notes such as {"Md": "2000-8"} label it."""
    labels = notes.items() if isinstance(notes, Mapping) else ()
    found = (v for k, v in labels if isinstance(k, str) and isinstance(v, str) and k.lower() in ("md", "aimd"))
    return next((match for label in found if (match := _NOTE.fullmatch(label.strip()))), None)


def listed(content: Mapping[Any, object]) -> str:
    """The first names of named entries."""
    return ", ".join(map(repr, list(content)[:9])) or "nothing"


def named(place: str, content: object, name: str, kind: type, layout: str = _LAYOUT) -> Any:
    """Entry ``name`` of what should be named entries; errors say what is there instead."""
    if not isinstance(content, dict) or name not in content:
        found = f"only {listed(content)}" if isinstance(content, dict) else type(content).__name__
        raise ValueError(f"{place}: expected an entry {name!r}, got {found}; the layout is {layout}")
    if not isinstance(content[name], kind):
        raise ValueError(f"{place}: expected {name!r} to be {_WORDS[kind]}, got {type(content[name]).__name__}")
    return content[name]


def _element(place: str, site: object) -> int:
    species = named(place, site, "species", list)
    symbol = named(f"{place}, 'species'", species[0] if len(species) == 1 else None, "element", str)
    if symbol not in atomic_numbers or species[0].get("occu", 1) != 1:
        raise ValueError(
            f"{place}: expected one element with occupancy 1, got {symbol!r:.20}, {species[0].get('occu', 1)!r:.20}"
        )
    return atomic_numbers[symbol]


def _trajectory(path: Path, key: str, parts: list[Parsed]) -> Configurations:
    # Published files mix the frames of a simulation; autocorrelation and drift mean nothing out of the order of time.
    parts = sorted(parts, key=lambda part: part.entries.get("snapshot", np.inf))
    stated = _TEMPERATURE.search(key)
    temperature = float(stated["kelvin"]) if stated else None
    return stack(key, f"{path.name}, key {key!r}", parts, temperature=temperature, units=_UNITS)
