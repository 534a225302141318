"""The desktop app's trajectory pickle, ``{key: {'atoms': [ase.Atoms], 'energies': [float]}}``, read without unpickling it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import inert
from .flat import flat
from .frames import Frames

_LAYOUT = "{key: {'atoms': [ase.Atoms], 'energies': [float]}}"


def read_frames(path: Path, *, forces: str | None = None) -> list[Frames]:
    """Trajectories of an ``md.pkl``.

    Args:
        path: the pickle; nothing in it is imported or run.
        forces: name of the forces column; "forces" or "force" without it.

    Raises:
        ValueError: another layout, or arrays that do not fit one another.
    """
    content = inert.load(path)
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"{path.name}: expected {_LAYOUT}, got {type(content).__name__}")
    return [_frames(path, str(key), value, forces) for key, value in content.items()]


def _frames(path: Path, key: str, value: object, forces: str | None) -> Frames:
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
    arrays = {name: _stack(path, key, name, states) for name in _common(states)}
    name = forces or next((n for n in ("forces", "force") if n in arrays), "forces")
    if name not in arrays:
        shapes = ", ".join(f"{n!r} {a.shape}" for n, a in arrays.items())
        raise ValueError(f"forces: no column {name!r} in {path.name}, key {key!r}; it has {shapes}; name it by forces=")
    known = {"numbers", "positions", name}
    return Frames(
        key=key,
        n_atoms=np.array([len(s["arrays"]["numbers"]) for s in states]),
        numbers=arrays["numbers"],
        positions=arrays["positions"],
        energies=energies,
        forces=arrays[name],
        columns={n: a for n, a in arrays.items() if n not in known},
        **_box(states),
    )


def _state(path: Path, key: str, m: int, atoms: object) -> dict[str, Any]:
    state = getattr(atoms, "state", None)
    if not isinstance(state, Mapping) or not {"numbers", "positions"} <= state.get("arrays", {}).keys():
        raise ValueError(
            f"{path.name}, key {key!r}, configuration {m}: expected an ase.Atoms, got {type(atoms).__name__}"
        )
    return dict(state)


def _common(states: list[dict[str, Any]]) -> list[str]:
    first = states[0]["arrays"]
    return [name for name in first if all(name in s["arrays"] for s in states)]


def _stack(path: Path, key: str, name: str, states: list[dict[str, Any]]) -> np.ndarray:
    parts = [np.asarray(s["arrays"][name]) for s in states]
    for m, part in enumerate(parts):
        if part.shape[1:] != parts[0].shape[1:]:
            raise ValueError(
                f"column {name!r} of {key!r} in {path.name}: expected shape (N, {', '.join(map(str, parts[0].shape[1:]))}) as in "
                f"configuration 0, got {part.shape} in configuration {m}; all configurations need the same descriptor"
            )
    return np.concatenate(parts)


def _box(states: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    cells = [s.get("_cellobj", s.get("_cell")) for s in states]
    cells = [getattr(c, "state", c) for c in cells]
    cells = [c.get("array") if isinstance(c, Mapping) else c for c in cells]
    pbc = [np.broadcast_to(np.asarray(s.get("_pbc", False), dtype=bool), (3,)) for s in states]
    if not np.any(pbc) or any(np.shape(c) != (3, 3) for c in cells):
        return {}
    return {"cell": np.array(cells, dtype=np.float64), "pbc": np.array(pbc)}
