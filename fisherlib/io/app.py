"""The desktop app's trajectory pickle, ``{key: {'atoms': [ase.Atoms], 'energies': [float]}}``, read without unpickling it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import inert
from .flat import flat
from .stored import ASE_UNITS, Stored, stack_atoms, stack_entries

_LAYOUT = "{key: {'atoms': [ase.Atoms], 'energies': [float]}}"


def read(path: Path) -> list[Stored]:
    """Trajectories of an ``md.pkl``; nothing in it is imported or run.

    Besides its energies, a key may hold further lists of one number for each configuration, or single numbers.

    Raises:
        ValueError: another layout, or arrays that do not fit one another.
    """
    content = inert.load(path)
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"{path.name}: expected {_LAYOUT}, got {type(content).__name__}")
    return [_stored(path, str(key), value) for key, value in content.items()]


def _stored(path: Path, key: str, value: object) -> Stored:
    if not isinstance(value, Mapping) or not {"atoms", "energies"} <= value.keys():
        found = list(value) if isinstance(value, Mapping) else type(value).__name__
        raise ValueError(f"{path.name}, key {key!r}: expected {_LAYOUT}, got {found}")
    if not isinstance(value["atoms"], list | tuple):
        raise ValueError(
            f"atoms of {key!r} in {path.name}: expected a list of ase.Atoms, got {type(value['atoms']).__name__}"
        )
    states = [_state(path, key, m, atoms) for m, atoms in enumerate(value["atoms"])]
    energies = flat(f"energies of {key!r} in {path.name}", value["energies"])
    if not states or len(states) != len(energies):
        raise ValueError(
            f"energies of {key!r}: expected one for each of the {len(states)} configurations, got {len(energies)}"
        )
    atoms, incomplete = stack_atoms(f"{key!r} in {path.name}", [s["arrays"] for s in states])
    entries, _ = stack_entries([_named(s.get("info")) for s in states])
    return Stored(
        key=key,
        place=f"{path.name}, key {key!r}",
        n_atoms=np.array([len(s["arrays"]["numbers"]) for s in states]),
        atoms=atoms,
        configurations={**entries, **_extras(value, len(states)), "energies": energies},
        incomplete=incomplete,
        units=ASE_UNITS,
        **_box(states),
    )


def _state(path: Path, key: str, m: int, atoms: object) -> dict[str, Any]:
    state = getattr(atoms, "state", None)
    # Only arrays of numbers and words: anything else may be nested so deeply that looking at it fills the memory.
    arrays = _named(state.get("arrays")) if isinstance(state, Mapping) else {}
    arrays = {n: a for n, a in arrays.items() if isinstance(a, np.ndarray) and a.ndim and a.dtype.kind in "biufU"}
    if not {"numbers", "positions"} <= arrays.keys():
        raise ValueError(
            f"{path.name}, key {key!r}, configuration {m}: expected an ase.Atoms, got {type(atoms).__name__}"
        )
    return {**state, "arrays": arrays}


def _named(content: object) -> dict[str, Any]:
    return {n: v for n, v in content.items() if isinstance(n, str)} if isinstance(content, Mapping) else {}


def _extras(value: Mapping[Any, object], M: int) -> dict[str, NDArray]:
    """Further numbers beside the energies of a key, (M,); one number stands for all configurations."""
    found = {}
    for name, content in _named(value).items():
        if name in ("atoms", "energies"):
            continue
        try:
            numbers = flat(name, content)
        except ValueError:
            continue  # words, nested lists …: nothing that a column could hold
        if len(numbers) in (1, M):
            found[name] = np.broadcast_to(numbers.astype(np.int64) if _whole(content) else numbers, (M,))
    return found


def _whole(content: object) -> bool:
    if isinstance(content, np.ndarray):
        return content.dtype.kind in "iu"
    items = content if isinstance(content, list | tuple) else [content]
    return all(isinstance(item, int | np.integer) and abs(item) < 2**53 for item in items)


def _box(states: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    cells = [s.get("_cellobj", s.get("_cell")) for s in states]
    cells = [getattr(c, "state", c) for c in cells]
    cells = [c.get("array") if isinstance(c, Mapping) else c for c in cells]
    pbc = [np.broadcast_to(flat("pbc", s.get("_pbc", False)) != 0, (3,)) for s in states]
    if not np.any(pbc) or any(not isinstance(c, np.ndarray) or c.shape != (3, 3) for c in cells):
        return {}
    return {"cell": np.array(cells, dtype=np.float64), "pbc": np.array(pbc)}
