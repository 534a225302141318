"""Tables with a row for each atom, or for each component of the force on it, as arrays of configurations."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...columns.names import COMPONENTS, CONFIGURATIONS, KEYS, NUMBERS, SPECIES, first

_INDEXED = re.compile(r"(?P<stem>.*?)[\s_,\[('\"-]*(?P<index>\d{1,6})[\])]*", re.DOTALL)
_AXIS = re.compile(r"(?P<stem>.*?)[\s_.,\[('\"-]*(?P<axis>[xyz])['\"\])]*", re.DOTALL)
_STEMS = {**dict.fromkeys(("", "r", "pos", "position"), "positions"), **dict.fromkeys(("f", "force"), "forces")}
_XYZ = (("x", "y", "z"), (0, 1, 2), (1, 2, 3))


def read(path: Path, columns: Mapping[str, NDArray]) -> dict[str, Any]:
    """n_atoms, atoms, entries and incomplete of a trajectory, from columns of numbers and words.

    A column "configuration", "frame", "step" … tells the configurations apart, whose rows follow one another. Columns
    "x", "y", "z" are positions, "fx", "fy", "fz" forces, "D0", "D1" … descriptors "D". Where a column "component" runs
    through x, y, z, a row is a component: what differs between the three is a vector of its atom. What is one number in all
    rows of a configuration belongs to it.

    Raises:
        ValueError: no such column, rows out of order, or no forces.
    """
    frame, found = first(CONFIGURATIONS, columns), ", ".join(map(repr, list(columns)[:12])) + " …" * (len(columns) > 12)
    if frame is None:
        raise ValueError(
            f"{path.name}: expected arrays in the cells, or a column {' or '.join(map(repr, CONFIGURATIONS))} that tells "
            f"which configuration a row belongs to, got {found}; if it is the index, use reset_index() first"
        )
    starts = _starts(path, columns, frame)
    axis = first(COMPONENTS, columns)
    stacked = _stacked({name: c for name, c in columns.items() if name != axis})
    if axis is not None:
        stacked = _of_atoms(path, axis, columns[axis], starts, stacked)
        starts = starts // 3
    n_atoms = np.diff(np.append(starts, len(stacked[frame])))
    entries = {name: c[starts] for name, c in stacked.items() if _belongs(name, c, starts, n_atoms)}
    atoms = {name: c for name, c in stacked.items() if name not in entries}
    if not any(c.shape[1:] == (3,) and c.dtype.kind == "f" and name != "positions" for name, c in atoms.items()):
        wanted = "three numbers for each atom (columns 'fx', 'fy', 'fz', or 'force' beside a column 'component')"
        raise ValueError(f"{path.name}: expected forces, {wanted}, got {found}")
    return {"n_atoms": n_atoms, "atoms": atoms, "entries": entries, "incomplete": {}}


def _starts(path: Path, columns: Mapping[str, NDArray], frame: str) -> NDArray[np.int64]:
    """The first row of each configuration."""
    told = [columns[name] for name in (*KEYS, frame) if name in columns]
    changes = np.any([column[1:] != column[:-1] for column in told], axis=0)
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])
    seen: set[str] = set()  # as text, since numbers can be made to hash alike
    for row in starts:
        if (one := repr([column[row].item() for column in told])) in seen:
            wanted = "the rows of a configuration one after the other"
            found = f"{columns[frame][row].item()!r:.40} again in row {row}; sort the table by it"
            raise ValueError(f"column {frame!r} of {path.name}: expected {wanted}, got {found}")
        seen.add(one)
    return starts


def _stacked(columns: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Columns that are numbered, and then those that are named by axes, as one array each."""
    made = dict(columns)
    for pattern, what in ((_INDEXED, "index"), (_AXIS, "axis")):
        groups: dict[str, dict[str, str]] = {}
        for name, column in made.items():
            if column.dtype.kind in "iuf" and (match := pattern.fullmatch(name)):
                groups.setdefault(match["stem"].strip("('\""), {}).setdefault(match[what].lstrip("0") or "0", name)
        for stem, members in groups.items():
            # x, y, z, or 0, 1, 2 … or 1, 2, 3 …, as many as there are
            order = "xyz" if what == "axis" else [str(i + ("0" not in members)) for i in range(len(members))]
            name = _STEMS.get(stem.lower(), stem) if what == "axis" else stem or "descriptors"
            parts = [made[members[i]] for i in order] if set(members) == set(order) and len(order) > 1 else []
            taken = made.keys() - members.values()
            if parts and name not in taken and len({p.shape for p in parts}) == 1:
                for member in members.values():
                    del made[member]
                made[name] = np.stack(parts, axis=1)
    return made


def _of_atoms(
    path: Path, axis: str, values: NDArray, starts: NDArray, columns: Mapping[str, NDArray]
) -> dict[str, NDArray]:
    """Per-atom arrays from rows of components: (ΣN, …) where the three rows of an atom are the same, else (ΣN, 3, …)."""
    found = tuple(str(v).lower() if values.dtype.kind == "U" else v.item() for v in values[:3])
    runs = len(values) % 3 == 0 and found in _XYZ and not (starts % 3).any()
    if not runs or (values.reshape(-1, 3) != values[:3]).any():
        wanted, way = (
            "x, y, z (or 0, 1, 2) for each atom in turn",
            "sort the table by configuration, atom and component",
        )
        raise ValueError(f"column {axis!r} of {path.name}: expected {wanted}, got {found}; {way}")
    made = {}
    for name, column in columns.items():
        triples = column.reshape(-1, 3, *column.shape[1:])
        same = (triples == triples[:, :1]).all()
        made[name if same else _STEMS.get(name.lower(), name)] = triples[:, 0] if same else triples
    return made


def _belongs(name: str, column: NDArray, starts: NDArray, n_atoms: NDArray) -> bool:
    """Whether a column says one thing of all atoms of a configuration."""
    whole = column.ndim == 1 and name not in (*NUMBERS, *SPECIES)
    return whole and bool((column == np.repeat(column[starts], n_atoms)).all())
