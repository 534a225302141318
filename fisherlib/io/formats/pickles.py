"""Pickles of trajectories, read without unpickling: the desktop app's, databases of ``ase.Atoms``, and data frames."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...configurations import Configurations
from .. import inert
from . import ase_records
from .tables import CONVERSION, dataframes
from .values import flat, shaped

_LAYOUT = "{key: {'atoms': [ase.Atoms], 'energies': [float]}}"
_NUMBERED = re.compile(r"(?P<key>.*\S)_(?P<number>\d{1,18})(\.\w{1,8})?", re.DOTALL)


def read(path: Path) -> list[Configurations]:
    """Trajectories of a pickle file; nothing in it is imported or run. Its content shows which layout it has:

    - ``{key: {'atoms': [ase.Atoms], 'energies': [float]}}``, the desktop app's ``md.pkl``. Besides its energies, a key
      may hold further lists of one number for each configuration, or single numbers.
    - ``{name: {'atoms': ase.Atoms, 'energy', 'forces', 'stress'}}``, a database of configurations. Those whose names
      differ by a last number only ("00_bcc_000012.poscar") are one trajectory, in the order of that number.
    - a pandas DataFrame; see ``dataframes.read``.

    Raises:
        ValueError: another layout, or arrays that do not fit one another.
    """
    content = inert.load(path)
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"{path.name}: expected {_LAYOUT} or a pandas DataFrame, got {type(content).__name__}")
    if all(isinstance(value, np.ndarray) for value in content.values()):
        try:
            return dataframes.read(path, content)
        except ValueError as error:
            raise ValueError(f"{error}; or convert the frame where it was made: {CONVERSION}") from error
    if all(isinstance(value, Mapping) and ase_records.is_atoms(value.get("atoms")) for value in content.values()):
        return _database(path, content)
    return [_trajectory(path, str(key), value) for key, value in content.items()]


def _trajectory(path: Path, key: str, value: object) -> Configurations:
    if not isinstance(value, Mapping) or not {"atoms", "energies"} <= value.keys():
        found = list(value)[:9] if isinstance(value, Mapping) else type(value).__name__
        raise ValueError(f"{path.name}, key {key!r}: expected {_LAYOUT}, got {found}")
    atoms, place = value["atoms"], f"{path.name}, key {key!r}"
    if not isinstance(atoms, list | tuple):
        raise ValueError(f"atoms of {key!r} in {path.name}: expected a list of ase.Atoms, got {type(atoms).__name__}")
    states = [ase_records.state_of(f"{place}, configuration {m}", one) for m, one in enumerate(atoms)]
    energies = flat(f"energies of {key!r} in {path.name}", value["energies"])
    if not states or len(states) != len(energies):
        raise ValueError(
            f"energies of {key!r} in {path.name}: expected one for each of the {len(states)} configurations, got {len(energies)}"
        )
    made = ase_records.stack(path, key, place, states)
    return dataclasses.replace(made, entries={**made.entries, **_extras(value, len(states)), "energies": energies})


def _extras(value: Mapping[Any, object], M: int) -> dict[str, NDArray]:
    """Further numbers beside the energies of a key, (M,); one number stands for all configurations."""
    found = {}
    for name, content in ase_records.named(value).items():
        if name in ("atoms", "energies"):
            continue
        try:
            numbers = flat(name, content, booleans=True)
        except ValueError:
            continue  # words, nested lists …: nothing that a column could hold
        if len(numbers) in (1, M):
            found[name] = np.broadcast_to(numbers.astype(np.int64) if _whole(content) else numbers, (M,))
    return found


def _whole(content: object) -> bool:
    if isinstance(content, np.ndarray):
        return content.dtype.kind in "iu"
    items: Sequence[Any] = content if isinstance(content, list | tuple) else [content]
    return all(isinstance(item, int | np.integer) and abs(int(item)) < 2**53 for item in items)


def _database(path: Path, content: Mapping[Any, Mapping[Any, object]]) -> list[Configurations]:
    keys: dict[str, list[tuple[int, Any]]] = {}
    for m, name in enumerate(content):
        numbered = _NUMBERED.fullmatch(str(name))
        key, number = (numbered["key"], int(numbered["number"])) if numbered else (path.stem, m)
        keys.setdefault(key, []).append((number, name))
    made = []
    for key, members in keys.items():
        names = [name for _, name in sorted(members, key=lambda member: member[0])]
        states = [_labelled(f"{path.name}, {str(name)!r:.60}", content[name]) for name in names]
        made.append(ase_records.stack(path, key, f"{path.name}, key {key!r}", states))
    return made


def _labelled(place: str, entry: Mapping[Any, object]) -> dict[str, Any]:
    """The state of the atoms, with the forces among their arrays, and energy and stress among what they are labelled with."""
    state = ase_records.state_of(place, entry["atoms"])
    info, arrays = dict(ase_records.named(state.get("info"))), dict(state["arrays"])
    shapes = {"energy": ((), (1,)), "stress": ((6,), (3, 3)), "forces": (arrays["positions"].shape,)}
    for name, allowed in shapes.items():
        if entry.get(name) is None:  # not computed
            continue
        array = shaped(f"{name} of {place}", entry[name], *allowed, lists=False)
        if name == "forces":
            arrays["forces"] = array
        else:
            info |= {"energies": array.reshape(())} if name == "energy" else {name: array}
    return {**state, "info": info, "arrays": arrays}
